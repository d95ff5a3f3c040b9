"""Functions and classes: how they are called and what they say of themselves."""

from __future__ import annotations

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import fence, name, names, python
from jupyter_agent.models.offline.namespace import in_code, texts
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue
from jupyter_agent.models.offline.skills.values import called, full


def _described(query: Query, facts: Facts) -> Answer:
    function = full(query, facts)
    signature = called(function)
    parameters = [text for text in texts(function.facts.get("parameters")) if text.isidentifier()]
    blocks = [f"{name(function.name)} is called like this:", fence(signature)]
    doc = function.facts.get("doc")
    blocks.append(f"It says: {name(doc, 300)}" if doc else "It has no docstring.")
    if parameters and in_code(function.name) == function.name:
        blocks.append(
            f"By name: {name(function.name + '(' + ', '.join(f'{parameter}=…' for parameter in parameters) + ')', 300)}"
        )
    if function.kind == "class" and function.facts.get("methods"):
        blocks.append(f"Methods: {names(texts(function.facts.get('methods')), 30)}")
    return [*blocks, *_source(query, facts)]


def _source(query: Query, facts: Facts) -> Answer:
    """The cell that defines it, where the notebook can be read."""
    target = query.target
    if target is None or target.cell_id is None or "read_cells" not in facts.conversation.offered:
        return []
    cell = next((cell for cell in facts.cells() or () if cell.id == target.cell_id), None)
    return (
        [f"Defined in `In [{cell.execution_count}]`:", python(cell.source)]
        if cell is not None and len(cell.source) < 3000
        else []
    )


SKILLS = (
    Skill(
        "function",
        cue(
            r"signature|arguments?|args|parameters?|params",
            r"how (?:do|can|should|to)[^?]*(?:call|use|invoke|run)|call|usage",
            r"(?:what|which) (?:does|is|do|inputs?)|explain|describe|docstring|docs?|documentation|help|source",
            r"return|^@?VAR\d+(?: \?)?$|tell me about|show|about|takes?|accepts?|inputs?",
        ),
        _described,
        lambda query: query.target is not None and query.target.kind in ("function", "class") and query.chart is None,
        weight=47,
    ),
)
