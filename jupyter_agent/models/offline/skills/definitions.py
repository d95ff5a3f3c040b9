"""Where a name comes from and where it is used."""

from __future__ import annotations

import re

from jupyter_agent.core.kernel_state import Cell, Variable
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.queries.code import definition_of
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue


def _defined(query: Query, facts: Facts) -> Answer:
    return definition_of(_variable(query), facts)


def _variable(query: Query) -> Variable:
    """The variable named, or the frame of the column named."""
    if query.target is not None:
        return query.target
    return query.the_frame().variable


def _used(query: Query, facts: Facts) -> Answer:
    variable = _variable(query)
    cells = facts.cells()
    if cells is None:
        return ["I cannot read the notebook's cells here."]
    word = re.compile(rf"\b{re.escape(variable.name)}\b")
    using = [(place, cell) for place, cell in enumerate(cells, 1) if cell.kind == "code" and word.search(cell.source)]
    if not using:
        return [f"No cell of this notebook mentions {name(variable.name)}."]
    lines = []
    for place, cell in using[:20]:
        line = next((line.strip() for line in cell.source.splitlines() if word.search(line)), "")
        lines.append(f"- {_called(place, cell)}: {name(line, 120)}")
    return [
        f"{name(variable.name)} is mentioned in {len(using)} cells:"
        if len(using) > 1
        else f"{name(variable.name)} is mentioned in one cell:",
        "\n".join(lines),
    ]


def _called(place: int, cell: Cell) -> str:
    return (
        f"`In [{cell.execution_count}]`" if cell.execution_count is not None else f"cell {place} from the top (not run)"
    )


SKILLS = (
    Skill(
        "definition",
        cue(
            r"where (?:is|was|were|are|did|do|does|has)\b[^?]*(?:defined?|created?|assigned|made|come|from|set|declared|initiali[sz]ed|loaded|get|appear)",
            r"(?:which|what) cell\b[^?]*(?:defin\w+|creat\w+|assign\w*|makes?|made|sets?|changed|loads?|loaded)",
            r"origin|who (?:defined|created|set)",
            r"how (?:was|is) (?:VAR\d+|it) (?:defined|created|made|computed|calculated)",
            r"(?:definition|source) of|come from|defined",
            r"when (?:was|did)\b[^?]*(?:defin|creat|assign|set|chang|load|made|run|ran)\w*",
        ),
        _defined,
        lambda query: query.target is not None or bool(query.columns),
        weight=82,
    ),
    Skill(
        "uses",
        cue(
            r"where (?:is|was|do|are|have)\b[^?]*(?:used|use|referenced|mentioned|needed)",
            r"(?:which|what) cells?\b[^?]*(?:uses?|used|using|mentions?|reads?|references?|depends?)|usages?",
        ),
        _used,
        lambda query: query.target is not None,
        weight=83,
    ),
)
