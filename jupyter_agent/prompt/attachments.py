"""What a question mentions, in full: ``@name``, ``@name.column``, ``@cell:3``, ``@file:path``, ``@error``; and data files."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

from jupyter_agent.core.errors import AgentError, KernelUnavailable, NoFile, NotFound
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import Picture
from jupyter_agent.core.pictures import FILE_NAME as PICTURE_FILE
from jupyter_agent.core.protocols import Notebook
from jupyter_agent.core.text import FENCED_CODE, counted_head, head, without_last_word
from jupyter_agent.prompt import descriptions
from jupyter_agent.prompt.snapshot import TurnContext

Count = Callable[[str], int]
Kind = Literal["variable", "cell", "file", "error"]
#: How many mentions of one question are looked up.
MAX_MENTIONS = 12
#: Characters of a file that are read, and of a cell's source and output.
FILE_CHARACTERS = 12_000
_CELL_CHARACTERS = 6_000
_MAX_FILES = 30

# In code @ is a decorator or an operator.
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_DECORATOR = re.compile(r"^[ \t]*@[\w.]+(?:\(.*\))?[ \t]*\n(?=[ \t]*(?:@|def |class |async def ))", re.MULTILINE)
# Not after what may stand in an address, a path or another mention; not before what makes it somebody's handle.
_MENTION = re.compile(
    r"(?<![A-Za-z0-9._%+\-@/<\\])@(?:"
    r"cell:(?P<cell>[A-Za-z0-9_#-]+)"
    r"|file:(?:\"(?P<quoted>[^\"\n]+)\"|'(?P<single>[^'\n]+)'|(?P<file>[^\s\"'`<>|]+))"
    r"|(?P<name>[^\W\d]\w*+)(?:\.(?P<column>[^\W\d]\w*+)|\[(?P<quote>[\"'])(?P<label>[^\"'\n]+)(?P=quote)\])?+(?![@/]|-\w)"
    r")"
)
_DATA_FILE = re.compile(
    r".+\.(?:csv|tsv|txt|dat|jsonl?|ndjson|parquet|feather|arrow|orc|avro|xlsx?|ods|xml|ya?ml|sqlite3?|db|duckdb|h5|hdf5"
    r"|nc|npy|npz|pkl|pickle|mat|sav|dta|sas7bdat|geojson|shp|zip|gz)\Z",
    re.IGNORECASE,
)
_ABOUT_FILES = re.compile(
    r"\b(?:read(?:_\w+)?|load(?:ed|ing)?|import|open|files?|folder|director(?:y|ies)|datasets?|csv|tsv|excel|xlsx?|json"
    r"|parquet|pickle|sqlite|feather|hdf5?)\b",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(r"\w\.[A-Za-z]\w{1,6}\b")
#: Questions that may be about what the active cell shows.
_ABOUT_OUTPUT = re.compile(
    r"\b(?:(?:sub)?plots?|figures?|charts?|diagrams?|graphs?|pictures?|images?|photos?|maps?|heatmaps?|histograms?|axis|axes|legends?|ticks?"
    r"|curves?|bars?|peaks?|outliers?|trends?|colou?rs?|outputs?|results?|looks?|explain|describe|interpret|do(?:es)? (?:this|that|it) \w+"
    r"|(?:this|that|the active|the current) cell|what(?:'s| is) (?:this|that|it|wrong))\b",
    re.IGNORECASE,
)
#: Pictures of one cell that go with a question, the newest.
_CELL_PICTURES = 2
_TOO_LARGE = "Its output has a picture that is too large to be sent, or that no model takes."


@dataclass(frozen=True, slots=True)
class Mention:
    """What a question points at.

    Attributes:
        text: As it was written.
        kind: Of what it points at.
        name: The variable's name, the cell's count or id, the file's path; empty for the error.
        column: A column of the variable; empty for all of it.
    """

    text: str
    kind: Kind
    name: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is known of one thing that was mentioned.

    Attributes:
        title: What it is, for the model.
        lines: What is known of it.
        pictures: What it shows.
    """

    title: str
    lines: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()


def mentions(question: str) -> tuple[Mention, ...]:
    """All mentions in their order, each once, at most `MAX_MENTIONS`.

    Addresses, decorators, code in backquotes and handles such as ``@octo-cat`` or ``@ann@example.org`` are none.
    """
    prose = _DECORATOR.sub("\n", _INLINE_CODE.sub(" ", FENCED_CODE.sub(" ", question)))
    return tuple(dict.fromkeys(map(_mention, _MENTION.finditer(prose))))[:MAX_MENTIONS]


def _mention(match: re.Match[str]) -> Mention:
    if match["cell"]:
        return Mention(match[0], "cell", match["cell"])
    if quoted := match["quoted"] or match["single"]:
        return Mention(match[0], "file", quoted)
    if match["file"]:
        path = match["file"].rstrip(".,;:!?)]}")
        return Mention(f"@file:{path}", "file", path)
    if match[0] == "@error":
        return Mention(match[0], "error")
    return Mention(match[0], "variable", match["name"], match["column"] or match["label"] or "")


async def attachments(question: str, context: TurnContext, active_cell_id: str | None = None) -> tuple[Attachment, ...]:
    """Look up what a question mentions; for what is unknown, similar names are suggested.

    Args:
        question: As the user wrote it.
        context: Where to look.
        active_cell_id: Where the user is: the pictures that it shows are attached to a question that may be about them.
    """
    found: list[Attachment] = []
    # Where no cell has failed, ``@error`` is the variable of that name, if there is one.
    no_error = context.state is None or context.state.last_error is None
    for mention in mentions(question):
        if mention.kind == "variable" or (mention.kind == "error" and no_error and "error" in context.variables):
            found.append(await _variable(mention, context))
        elif mention.kind == "cell":
            found.append(await _cell(mention, context))
        elif mention.kind == "file":
            found.append(await _file(mention, context.notebook))
        else:
            found.append(_error(mention, context))
    active = next((cell for cell in context.cells if cell.id == active_cell_id), None)
    if active is not None and _ABOUT_OUTPUT.search(question):
        pictures, unseen = await _pictures(active, context)
        if (pictures or unseen) and not any(set(pictures) & set(attachment.pictures) for attachment in found):
            found.append(Attachment(f"The active cell, id={active.id}, shows a picture.", unseen, pictures))
    return (*found, *await _data_files(question, context.notebook))


def fit(found: Sequence[Attachment], budget_tokens: int, count: Count) -> str:
    """Attachments as text: each has its title, and as many of its lines as its share of the budget allows.

    The title alone stays where nothing else fits, and nothing where not even that does.
    """
    texts: list[str] = []
    for number, attachment in enumerate(found):
        share = budget_tokens // (len(found) - number)
        lines = [f"  {line}" for line in attachment.lines]
        text = "\n".join([attachment.title, *lines])
        if count(text) > share:
            note = "  … {} more lines left out"
            room = share - count(attachment.title) - count(note.format(len(lines))) - 2
            fitting = bisect_right(list(accumulate(count(line) + 1 for line in lines)), room)
            text = "\n".join([attachment.title, *lines[:fitting], note.format(len(lines) - fitting)])
        if count(text) <= share:
            texts.append(text)
            budget_tokens -= count(text) + 1
    return "\n".join(texts)


async def _variable(mention: Mention, context: TurnContext) -> Attachment:
    """A variable or a column as the kernel describes it now, else as it was last known."""
    name = mention.name or "error"
    known, state = context.variables.get(name), context.state
    title = f"{mention.text}, which the question mentions:"
    if context.kernel is not None and state is not None and state.source == "kernel" and not state.stale:
        try:
            live = await context.kernel.inspect(name, mention.column or None)
            return Attachment(title, tuple(descriptions.full_lines(live)))
        except NotFound:
            pass
        except KernelUnavailable as error:
            if known is None:
                return Attachment(f"{mention.text}: {error.message}")
    if known is None:
        return Attachment(f"{mention.text}: there is no variable of that name.{_similar(name, context.variables)}")
    columns = descriptions.describe(known).members
    if mention.column and mention.column not in columns:
        title = f"{mention.text}: {name} has no column of that name.{_similar(mention.column, columns)}"
    return Attachment(title, tuple(descriptions.full_lines(known)))


async def _cell(mention: Mention, context: TurnContext) -> Attachment:
    """By execution count, as users say it, else by id."""
    cells, counts = context.cells, [str(cell.execution_count or "") for cell in context.cells]
    by_count = (cell for cell, count in zip(cells, counts, strict=True) if count == mention.name)
    cell = next(by_count, None) or next((cell for cell in cells if cell.id == mention.name), None)
    if cell is not None:
        lines = list(_lines(cell.source))
        lines += [f"> {line}" for line in _lines(cell.output)]
        lines += [f"error: {cell.error}"] if cell.error else []
        title = f"{mention.text}, which the question mentions, id={cell.id}:"
        pictures, unseen = await _pictures(cell, context)
        return Attachment(title, (*lines, *unseen), pictures)
    for execution in reversed(context.state.executions if context.state is not None else ()):
        if str(execution.count) == mention.name:
            title = f"{mention.text}, as it ran; the notebook's cells have changed or were run again since:"
            return Attachment(title, _lines(execution.source))
    names = [name for cell, count in zip(cells, counts, strict=True) for name in (count, cell.id) if name]
    return Attachment(f"{mention.text}: there is no such cell.{_similar(mention.name, names)}")


async def _pictures(cell: Cell, context: TurnContext) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """The last pictures of a cell's output, newest first; and a line where there are others that no model gets."""
    if context.notebook is None or cell.kind != "code":
        return (), ()
    try:
        shown = await context.notebook.output(cell.id)
    except AgentError:
        return (), ()
    unseen = (_TOO_LARGE,) if shown.images and not shown.pictures else ()
    place = f"output of In [{cell.execution_count}]" if cell.execution_count else f"output of the cell {cell.id}"
    pictures = (
        replace(picture, is_users=True, name=f"{place}: {picture.name}" if picture.name else place)
        for picture in shown.pictures[: -_CELL_PICTURES - 1 : -1]
    )
    return tuple(pictures), unseen


async def _file(mention: Mention, notebook: Notebook | None) -> Attachment:
    if notebook is None:
        return Attachment(f"{mention.text}: there is no notebook, and so no folder to look in.")
    try:
        if PICTURE_FILE.match(mention.name):
            picture = await notebook.read_picture(mention.name)
            return Attachment(f"{mention.text}, which the question mentions, is a picture.", (), (picture,))
        text = await notebook.read_file(mention.name, FILE_CHARACTERS)
    except AgentError as error:
        similar = _similar(mention.name, await notebook.files()) if isinstance(error, NoFile) else ""
        return Attachment(f"{mention.text}: {error.message}{similar}")
    note = ""
    if len(text) >= FILE_CHARACTERS:
        text, note = without_last_word(text), f"; its first {FILE_CHARACTERS} characters"
    return Attachment(f"{mention.text}, which the question mentions{note}:", tuple(text.splitlines()) or ("(empty)",))


def _error(mention: Mention, context: TurnContext) -> Attachment:
    failed = context.state.last_error if context.state is not None else None
    if failed is not None and failed.error is not None:
        title = f"{mention.text}, In [{failed.count}]: {failed.error.name}: {head(failed.error.message, 2000)}"
        lines = list(_lines(failed.source))
        for frame in failed.error.frames:
            lines.append(f"in {frame.function}, line {frame.line}:")
            lines += [f"  {line}" for line in frame.source.splitlines()]
            lines += [f"  {name} = {value}" for name, value in frame.variables.items()]
        return Attachment(title, tuple(lines))
    failed_cells = [cell for cell in context.cells if cell.error]
    cell = max(failed_cells, key=lambda cell: cell.execution_count or 0, default=None)
    if cell is None:
        return Attachment(f"{mention.text}: no cell has failed.")
    title = f"{mention.text}, In [{cell.execution_count or ' '}]: {head(cell.error, 2000)}"
    return Attachment(title, _lines(cell.source))


async def _data_files(question: str, notebook: Notebook | None) -> tuple[Attachment, ...]:
    """Data files of the folder, where the question is about files or names one."""
    is_about_files = _ABOUT_FILES.search(question)
    if notebook is None or not (is_about_files or _FILE_NAME.search(question)):
        return ()
    names = [name for name in await notebook.files() if _DATA_FILE.match(name)]
    named = [name for name in names if name.casefold() in question.casefold()]
    if not names or not (named or is_about_files):
        return ()
    shown = [*named, *(name for name in names if name not in named)][:_MAX_FILES]
    rest = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return (Attachment("Data files in the notebook's folder:", (", ".join(shown) + rest,)),)


def _similar(name: str, names: Iterable[str]) -> str:
    similar = difflib.get_close_matches(name, list(names), n=3, cutoff=0.5)
    return f" Names like it: {', '.join(similar)}." if similar else ""


def _lines(text: str) -> tuple[str, ...]:
    return tuple(counted_head(text, _CELL_CHARACTERS).splitlines())
