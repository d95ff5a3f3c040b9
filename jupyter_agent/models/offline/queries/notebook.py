"""The notebook: a summary, what one cell does, how many there are, what is stale, and running the code of the answer before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.models.offline.explaining import defined, imported, steps
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import NUMBERS
from jupyter_agent.models.offline.markdown import fence, many, name, names, python
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery
from jupyter_agent.models.offline.results import result
from jupyter_agent.models.offline.spans import Lexicon, Meaning, spans

_NONE = "I cannot read the notebook's cells here: this conversation belongs to no notebook that I can reach."
_UNCHECKED = "I cannot check the notebook here: this conversation belongs to no notebook that I can reach."
_ORDINALS = {0: "first", 1: "second", 2: "third", 3: "fourth", 4: "fifth", -1: "last"}
_RUN = re.compile(
    r"(?:(?:please|ok|okay|yes|now|and|can you|could you|then) )*(?:(?:run|execute|do|try|apply) (?:it|this|that|the code|the cell|this code|that code|them)(?: now| please| for me)?|run|execute)[ .!?]*",
    re.IGNORECASE,
)
_LEXICON = Lexicon(
    what={
        "summary": "summarise, summarize, summary, overview, outline, explain, describe, structure, about, toc, table of contents, headings, heading, sections, section, content, contents, walk me through, do, understand, tell me about",
        "count": "how many, number of, count, count of",
        "check": "stale, out of date, outdated, up to date, out of order, orphaned, hidden state, reproducible, reproduce, reproduces, reproducibility, restart and run all, restart run all, run all, run all cells, restart, restarted",
        "rerun": "rerun, run, execute, run again, re run",
    },
    notebook={True: "notebook, file, analysis, document"},
    cell={True: "cell, code cell, this code cell"},
    cells={True: "cells, code cells"},
    position={place: word for place, word in _ORDINALS.items() if place >= 0} | {-1: "last, previous, above, this cell"},
    number_word={value: word for word, value in NUMBERS.items() if value},
    verb={True: "anything, something, still, if, all, and, again, have, any, exist, are there, look, same, results, result, kernel, work, works, must, again, long, number, no, need to, me through, also, everything, fresh, be"},
)  # fmt: skip
Kind = Literal["summary", "cell", "count", "check", "run"]


@dataclass(frozen=True, slots=True)
class NotebookQuery(ObjectQuery):
    """What is asked of the notebook.

    Attributes:
        kind: Which thing.
        number: A cell's execution count.
        place: Its place where it has no number; -1 is the one that ran last.
        variable: Of what is stale, one name.
    """

    kind: Kind
    number: int | None = None
    place: int = -1
    variable: str = ""

    def answer(self, facts: Facts) -> Sequence[str]:
        """From the cells, and from what the analysis of the notebook tells."""
        match self.kind:
            case "summary":
                return _summarised(facts)
            case "cell":
                return _cell_explained(self.number, self.place, facts)
            case "count":
                return _counted(facts)
            case "check":
                return _checked(self.variable, facts)
        return _run(facts)


def _summarised(facts: Facts) -> Sequence[str]:
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


def _outline(cells: tuple[Cell, ...]) -> Sequence[str]:
    """Headings as they stand, and below each what its cells do."""
    lines = []
    for cell in cells:
        if cell.kind == "markdown":
            headings = re.findall(r"^#{1,4}\s+(.+)$", cell.source, re.MULTILINE)
            lines += [f"- **{name(heading.strip(), 100)}**" for heading in headings]
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
    if cell.execution_count is not None:
        return f"`In [{cell.execution_count}]`"
    return f"cell {cells.index(cell) + 1} (not run)"


def _cell_explained(number: int | None, place: int, facts: Facts) -> Sequence[str]:
    cells = facts.cells()
    if cells is None:
        return [_NONE]
    cell, title = _cell_asked_about(number, place, cells)
    if cell is None:
        ran = ", ".join([f"`In [{cell.execution_count}]`" for cell in cells if cell.execution_count is not None][:30])
        return [f"There is no such cell. {f'Cells that ran: {ran}.' if ran else 'No cell has run yet.'}"]
    if cell.kind != "code":
        return [f"{title} is text:", fence(cell.source[:2000], "markdown")]
    listed = "\n".join(f"{place}. {step[:1].upper()}{step[1:]}." for place, step in enumerate(steps(cell.source), 1))
    outcome = f"Its output begins: {name(cell.output.strip(), 200)}" if cell.output.strip() else ""
    outcome = f"It failed: {name(cell.error, 300)}" if cell.error else outcome
    return [f"{title}:", python(cell.source[:3000]), listed or "It is empty.", outcome]


def _cell_asked_about(number: int | None, place: int, cells: tuple[Cell, ...]) -> tuple[Cell | None, str]:
    """The cell by its execution count, which is what people see; else by its place from the top."""
    code = [cell for cell in cells if cell.kind == "code"]
    if number is not None:
        found = next((cell for cell in reversed(cells) if cell.execution_count == number), None)
        if found is not None:
            return found, f"`In [{number}]`"
        suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        placed = cells[number - 1] if 0 < number <= len(cells) else None
        return placed, f"No cell has the number `In [{number}]`; the {number}{suffix} cell from the top"
    counted = [cell for cell in code if cell.execution_count is not None]
    ran = sorted(counted, key=lambda cell: cell.execution_count or 0)
    chosen = ran if place == -1 and ran else code
    word = _ORDINALS[place]
    return (chosen[place], f"The {word} cell") if chosen and -len(chosen) <= place < len(chosen) else (None, "")


def _counted(facts: Facts) -> Sequence[str]:
    cells = facts.cells()
    if cells is None:
        return [_NONE]
    code = [cell for cell in cells if cell.kind == "code"]
    ran = [cell for cell in code if cell.execution_count is not None]
    kinds = f"{len(code)} code ({len(ran)} run), {len(cells) - len(code)} text"
    return [f"This notebook has **{many(len(cells), 'cell')}**: {kinds}."]


def _checked(variable: str, facts: Facts) -> Sequence[str]:
    """What is stale, what to run, and whether Restart & Run All would work."""
    checked = facts.checked()
    report = checked.get("report") if checked is not None else None
    if checked is None or not isinstance(report, str):
        return [_UNCHECKED]
    stale = checked.get("stale")
    if variable and isinstance(stale, dict):
        why = f"stale. {stale[variable]}" if variable in stale else "not stale."
        return [f"{name(variable)} is {why}", report]
    return report.split("\n\n")


def _run(facts: Facts) -> Sequence[str]:
    """The code of the answer before, run in the kernel."""
    code = facts.conversation.code
    if not code:
        return ["There is no code in my last answer to run. Ask for something first."]
    ran = facts.run(code)
    match ran.status:
        case "ok":
            return ["Done:", *result(ran.text).blocks()] if ran.text.strip() else ["Done; it displayed nothing."]
        case "failed":
            return ["It failed:", fence("\n".join(ran.text.strip().splitlines()[-8:]))]
        case "refused":
            refused = "It was not run, because that was not approved. Insert it into a cell to run it yourself:"
            return [refused, python(code)]
    return ["It cannot be run from here. Insert it into a cell to run it yourself:", python(code)]


# Reading ------------------------------------------------------------------------------------------


def read(question: str, context: ObjectContext) -> NotebookQuery | None:
    """What is asked of the notebook; None if nothing is, or not every word plays a part."""
    if _RUN.fullmatch(question.strip()):
        return NotebookQuery("run")
    variables = context.namespace.variables

    def meaning(text: str) -> Meaning | None:
        return ("variable", text) if text in variables else None

    written = re.sub(r"\bIn ?\[(\d+)\]", r"cell \1", question).replace("+", "and").replace("&", "and")
    found = spans(written, _LEXICON, meaning, variables.__contains__)
    if found.unknown or found.slots & {"text", "operator"} or len(found.all("variable")) > 1:
        return None
    whats, slots = set(found.all("what")), found.slots
    numbers = [*found.all("number"), *found.all("number_word")]
    if "check" in whats or ("rerun" in whats and "cells" in slots):
        variable = next(iter(found.all("variable")), "")
        return NotebookQuery("check", variable=variable) if not numbers and not slots & {"position"} else None
    if "variable" in slots or "rerun" in whats or len(numbers) > 1:
        return None
    if "cell" in slots and "cells" not in slots and whats <= {"summary"}:
        number = numbers[0] if numbers and isinstance(numbers[0], int) else None
        is_this = re.search(r"\bthis\b", question, re.IGNORECASE) is not None
        is_clear = number is not None or "position" in slots or is_this
        place = found.one("position")
        return NotebookQuery("cell", number, place if place is not None else -1) if is_clear else None
    if numbers or "position" in slots:
        return None
    if "cells" in slots:
        return NotebookQuery("count" if "count" in whats else "summary") if whats <= {"count", "summary"} else None
    return NotebookQuery("summary") if "notebook" in slots and whats <= {"summary"} else None
