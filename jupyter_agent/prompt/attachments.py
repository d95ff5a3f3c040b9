"""What a question brings along: what it mentions, told in full, and the names of data files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.core.kernel_state import Cell, Execution, KernelState, Variable
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.core.text import head, without_last_word
from jupyter_agent.prompt import descriptions
from jupyter_agent.prompt.mentions import Mention, mentions

Count = Callable[[str], int]
#: Characters of a file that are read, and of a cell's source and output.
FILE_CHARACTERS = 12_000
_CELL_CHARACTERS = 6_000
_MOST_FILES = 30
_DATA = re.compile(
    r".+\.(?:csv|tsv|txt|dat|jsonl?|ndjson|parquet|feather|arrow|orc|avro|xlsx?|ods|xml|ya?ml|sqlite3?|db|duckdb|h5|hdf5"
    r"|nc|npy|npz|pkl|pickle|mat|sav|dta|sas7bdat|geojson|shp|zip|gz)\Z",
    re.IGNORECASE,
)
_SPEAKS_OF_FILES = re.compile(
    r"\b(?:read(?:_\w+)?|load(?:ed|ing)?|import|open|files?|folder|director(?:y|ies)|datasets?|csv|tsv|excel|xlsx?|json"
    r"|parquet|pickle|sqlite|feather|hdf5?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One thing that was mentioned.

    Attributes:
        title: What it is, for the model.
        lines: What is known of it.
    """

    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where mentions are looked up."""

    state: KernelState | None = None
    cells: Sequence[Cell] = field(default_factory=tuple)
    kernel: Kernel | None = None
    notebook: Notebook | None = None

    @property
    def variables(self) -> Mapping[str, Variable]:
        """By name; none where there is no kernel."""
        return self.state.variables if self.state is not None else {}


async def attachments(question: str, around: Surroundings) -> tuple[Attachment, ...]:
    """Look up what a question mentions; what is unknown is said to be unknown, with names like it.

    Args:
        question: As the user wrote it.
        around: Where to look.
    """
    found = [await _looked_up(one, around) for one in mentions(question)]
    files = await _data_files(question, around.notebook)
    return (*found, *files)


def fitted(found: Sequence[Attachment], budget_tokens: int, count: Count) -> str:
    """Attachments as text: each has its title, and as many of its lines as its share of the budget allows."""
    texts: list[str] = []
    for number, one in enumerate(found):
        share = budget_tokens // (len(found) - number)
        text = _cut(one, share, count)
        budget_tokens -= count(text) + 1 if text else 0
        texts.append(text)
    return "\n".join(text for text in texts if text)


def _cut(one: Attachment, budget: int, count: Count) -> str:
    """Title and lines; the title alone stays where nothing else fits, and nothing where not even that does."""
    whole = "\n".join([one.title, *(f"  {line}" for line in one.lines)])
    if count(whole) <= budget:
        return whole
    lines = [one.title]
    left = budget - count(one.title) - count(_left_out(len(one.lines))) - 2
    for line in one.lines:
        left -= count(f"  {line}") + 1
        if left < 0:
            break
        lines.append(f"  {line}")
    told = "\n".join([*lines, _left_out(len(one.lines) + 1 - len(lines))])
    return told if count(told) <= budget else ""


def _left_out(lines: int) -> str:
    return f"  … {lines} more lines left out"


async def _looked_up(mention: Mention, around: Surroundings) -> Attachment:
    match mention.kind:
        case "variable":
            return await _variable(mention, around)
        case "cell":
            return _cell(mention, around)
        case "file":
            return await _file(mention, around.notebook)
        case "error":
            failed = around.state.last_error if around.state is not None else None
            if failed is None and "error" in around.variables:
                return await _variable(Mention(mention.text, "variable", "error"), around)
            return _error(mention, failed, around.cells)


async def _variable(mention: Mention, around: Surroundings) -> Attachment:
    """A variable or a column as the kernel tells it now, else as it was last known."""
    known = around.variables.get(mention.name)
    state = around.state
    live = around.kernel if state is not None and state.source == "kernel" and not state.stale else None
    try:
        if live is not None:
            asked = await live.inspect(mention.name, mention.column or None)
            return Attachment(f"{mention.text}, which the question mentions:", tuple(descriptions.in_full(asked)))
    except (NotFound, KernelUnavailable) as error:
        if known is None and isinstance(error, KernelUnavailable):
            return Attachment(f"{mention.text}: {error.message}")
    if known is None:
        return Attachment(f"{mention.text}: there is no variable of that name.{_near(mention.name, around.variables)}")
    told = tuple(descriptions.in_full(known))
    inside = descriptions.members(known)
    if not mention.column or mention.column in inside:
        return Attachment(f"{mention.text}, which the question mentions:", told)
    return Attachment(
        f"{mention.text}: {mention.name} has no column of that name.{_near(mention.column, inside)}", told
    )


def _cell(mention: Mention, around: Surroundings) -> Attachment:
    """By execution count, as users say it, else by id."""
    cells = around.cells
    found = next((one for one in cells if str(one.execution_count) == mention.name), None)
    found = found or next((one for one in cells if one.id == mention.name), None)
    if found is not None:
        return Attachment(f"{mention.text}, which the question mentions, id={found.id}:", _cell_lines(found))
    ran = around.state.executions if around.state is not None else ()
    earlier = next((one for one in reversed(ran) if str(one.count) == mention.name), None)
    if earlier is not None:
        title = f"{mention.text}, as it ran; the notebook's cells have changed or were run again since:"
        return Attachment(title, _shortened(earlier.source))
    names = [name for one in cells for name in (str(one.execution_count or ""), one.id) if name]
    return Attachment(f"{mention.text}: there is no such cell.{_near(mention.name, names)}")


def _cell_lines(cell: Cell) -> tuple[str, ...]:
    output = [f"> {line}" for line in _shortened(cell.output)] if cell.output else []
    return (*_shortened(cell.source), *output, *([f"error: {cell.error}"] if cell.error else []))


async def _file(mention: Mention, notebook: Notebook | None) -> Attachment:
    if notebook is None:
        return Attachment(f"{mention.text}: there is no notebook, and so no folder to look in.")
    try:
        text = await notebook.read_file(mention.name, FILE_CHARACTERS)
    except NotFound as error:
        near = _near(mention.name, await notebook.files()) if error.message.startswith("There is no such") else ""
        return Attachment(f"{mention.text}: {error.message}{near}")
    cut = ""
    if len(text) >= FILE_CHARACTERS:
        text, cut = without_last_word(text), f"; its first {FILE_CHARACTERS} characters"
    return Attachment(f"{mention.text}, which the question mentions{cut}:", tuple(text.splitlines()) or ("(empty)",))


def _error(mention: Mention, failed: Execution | None, cells: Sequence[Cell]) -> Attachment:
    if failed is not None and failed.error is not None:
        title = f"{mention.text}, In [{failed.count}]: {failed.error.name}: {head(failed.error.message, 2000)}"
        return Attachment(title, tuple(_frames(failed)))
    broken = max((one for one in cells if one.error), key=lambda one: one.execution_count or 0, default=None)
    if broken is None:
        return Attachment(f"{mention.text}: no cell has failed.")
    title = f"{mention.text}, In [{broken.execution_count or ' '}]: {head(broken.error, 2000)}"
    return Attachment(title, _shortened(broken.source))


def _frames(failed: Execution) -> Iterable[str]:
    yield from _shortened(failed.source)
    for frame in failed.error.frames if failed.error is not None else ():
        yield f"in {frame.function}, line {frame.line}:"
        yield from (f"  {line}" for line in frame.source.splitlines())
        yield from (f"  {name} = {value}" for name, value in frame.variables.items())


async def _data_files(question: str, notebook: Notebook | None) -> tuple[Attachment, ...]:
    """Data files of the folder, where the question speaks of files or names one."""
    if notebook is None or not (_SPEAKS_OF_FILES.search(question) or re.search(r"\w\.[A-Za-z]\w{1,6}\b", question)):
        return ()
    names = [one for one in await notebook.files() if _DATA.match(one)]
    named = [one for one in names if one.casefold() in question.casefold()]
    if not named and not _SPEAKS_OF_FILES.search(question):
        return ()
    shown = [*named, *(one for one in names if one not in named)][:_MOST_FILES]
    rest = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return (Attachment("Data files beside the notebook:", (", ".join(shown) + rest,)),) if shown else ()


def _near(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=3, cutoff=0.5)
    return f" Names like it: {', '.join(near)}." if near else ""


def _shortened(text: str) -> tuple[str, ...]:
    shown = head(text, _CELL_CHARACTERS)
    cut = len(text) - len(shown)
    return tuple((f"{shown}… ({cut} more characters)" if cut else text).splitlines())
