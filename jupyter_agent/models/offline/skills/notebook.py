"""The notebook itself: a summary, and what one cell does."""

from __future__ import annotations

import re

from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.models.offline.explaining import defined, imported, steps
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import NUMBERS
from jupyter_agent.models.offline.markdown import fence, many, name, names, python
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue

_NONE = "I cannot read the notebook's cells here: this conversation belongs to no notebook that I can reach."
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1}


def _summarised(_query: Query, facts: Facts) -> Answer:
    cells = facts.cells()
    if cells is None:
        return [_NONE]
    code = [cell for cell in cells if cell.kind == "code" and cell.source.strip()]
    if not code and not cells:
        return ["This notebook has no cells yet."]
    ran = sum(cell.execution_count is not None for cell in code)
    failed = [cell for cell in code if cell.error]
    blocks = [f"**{many(len(cells), 'cell')}**, {len(code)} of them code ({ran} run)."]
    modules = list(dict.fromkeys(module.split(".")[0] for cell in code for module in imported(cell.source)))
    blocks += [f"It imports {names(modules, 20)}."] if modules else []
    if failed:
        listed = "; ".join(f"{_called(cell, cells)}: {name(cell.error, 120)}" for cell in failed[:5])
        blocks.append(f"{many(len(failed), 'cell')} failed: {listed}")
    return [" ".join(blocks[:2]), *blocks[2:], *_outline(cells)]


def _outline(cells: tuple[Cell, ...]) -> Answer:
    """Headings as they stand, and below each what its cells do."""
    lines = []
    for cell in cells:
        if cell.kind == "markdown":
            lines += [
                f"- **{name(match[2].strip(), 100)}**"
                for match in re.finditer(r"^(#{1,4})\s+(.+)$", cell.source, re.MULTILINE)
            ]
        elif cell.kind == "code" and cell.source.strip():
            lines.append(f"  - {_called(cell, cells)}: {_gist(cell)}")
    return ["\n".join(lines[:60]) + ("\n- …" if len(lines) > 60 else "")] if lines else []


def _gist(cell: Cell) -> str:
    bound = defined(cell.source)
    details = [f"defines {names(bound, 6)}" if bound else ""]
    actions = [step for step in steps(cell.source) if not step.startswith(("sets", "imports", "defines"))]
    modules = imported(cell.source)
    details += [f"imports {names(modules, 6)}" if modules else "", actions[0] if actions else ""]
    phrases = [detail for detail in details if detail]
    return "; ".join(phrases) if phrases else "does nothing yet"


def _called(cell: Cell, cells: tuple[Cell, ...]) -> str:
    return (
        f"`In [{cell.execution_count}]`"
        if cell.execution_count is not None
        else f"cell {cells.index(cell) + 1} (not run)"
    )


def _cell_explained(query: Query, facts: Facts) -> Answer:
    cells = facts.cells()
    if cells is None:
        return [_NONE]
    cell, title = _cell_asked_about(query, cells)
    if cell is None:
        ran = ", ".join([f"`In [{cell.execution_count}]`" for cell in cells if cell.execution_count is not None][:30])
        return [f"There is no such cell. {f'Cells that ran: {ran}.' if ran else 'No cell has run yet.'}"]
    if cell.kind != "code":
        return [f"{title} is text:", fence(cell.source[:2000], "markdown")]
    listed = "\n".join(f"{place}. {step[:1].upper()}{step[1:]}." for place, step in enumerate(steps(cell.source), 1))
    outcome = (
        f"It failed: {name(cell.error, 300)}"
        if cell.error
        else f"Its output begins: {name(cell.output.strip(), 200)}"
        if cell.output.strip()
        else ""
    )
    return [f"{title}:", python(cell.source[:3000]), listed or "It is empty.", outcome]


def _cell_asked_about(query: Query, cells: tuple[Cell, ...]) -> tuple[Cell | None, str]:
    """The cell by its execution count, which is what people see; else by its place from the top."""
    code = [cell for cell in cells if cell.kind == "code"]
    number = _number(query)
    if number is not None:
        found = next((cell for cell in reversed(cells) if cell.execution_count == number), None)
        if found is not None:
            return found, f"`In [{number}]`"
        suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        placed = cells[number - 1] if 0 < number <= len(cells) else None
        return placed, f"No cell has the number `In [{number}]`; the {number}{suffix} cell from the top"
    word = next((ordinal for ordinal in _ORDINALS if re.search(rf"\b{ordinal}\b", query.text)), "last")
    ran = sorted(
        (cell for cell in code if cell.execution_count is not None), key=lambda cell: cell.execution_count or 0
    )
    chosen = ran if word == "last" and ran else code
    place = _ORDINALS[word]
    return (chosen[place], f"The {word} cell") if chosen and -len(chosen) <= place < len(chosen) else (None, "")


def _number(query: Query) -> int | None:
    match = re.search(rf"\bcell (?:number |no )?(?:NUM(\d+)|({'|'.join(NUMBERS)})\b)", query.text)
    if match is None:
        return None
    if match[2]:
        return NUMBERS[match[2]]
    value = query.mentions[int(match[1])].number
    return value if isinstance(value, int) else None


def _counted(_query: Query, facts: Facts) -> Answer:
    cells = facts.cells()
    if cells is None:
        return [_NONE]
    code = [cell for cell in cells if cell.kind == "code"]
    ran = [cell for cell in code if cell.execution_count is not None]
    return [
        f"This notebook has **{many(len(cells), 'cell')}**: {len(code)} code ({len(ran)} run), {len(cells) - len(code)} text."
    ]


SKILLS = (
    Skill("how many cells", cue(r"(?:how many|number of|count)(?: \w+){0,2} cells"), _counted, weight=86),
    Skill(
        "cell",
        cue(
            r"cell (?:number |no )?(?:NUM\d+|one|two|three|four|five|six|seven|eight|nine|ten)",
            r"(?:explain|what does|what is|describe|tell me about|understand|summari[sz]e|show)\b[^?]*(?:this|the|that|first|second|third|last|previous|above) (?:code )?cell",
            r"(?:this|the last|last|first|previous) cell",
        ),
        _cell_explained,
        lambda query: (
            query.target is None and not re.search(r"\b(?:fail\w*|errors?|crash\w*|wrong|raised?)\b", query.text)
        ),
        weight=85,
    ),
    Skill(
        "notebook",
        cue(
            r"(?:summari[sz]e|summary|overview|outline|explain|describe|what does|what is|what's|walk me through|structure|about|toc|table of contents|headings?|sections?|content)\b[^?]*(?:notebook|file|analysis|document)",
            r"(?:which|what|list|show)(?: me)?(?: all)?(?: the)? cells(?: are there| do i have| exist)?|(?:this|the) notebook|what (?:is|does) this(?: all)?(?: about| do)?\s*\??$",
            r"(?:headings|sections|table of contents|outline)|walk me through (?:it|this)",
        ),
        _summarised,
        lambda query: query.target is None and not query.columns,
        weight=84,
    ),
)
