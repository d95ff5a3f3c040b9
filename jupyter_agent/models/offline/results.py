"""Displayed results read back: one value, a table, or text as it came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from jupyter_agent.models.offline.markdown import fence, figure, name, table
from jupyter_agent.models.offline.words import parts, without_prompt

_NUMBER = re.compile(r"(?:np\.\w+\()?(-?(?:\d[\d_]*(?:\.\d*)?(?:e[+-]?\d+)?|nan|inf))\)?", re.IGNORECASE)
_TAIL = re.compile(r"^(?:Name: .*|Length: \d+.*|dtype: .*|Freq: .*|\[\d+ rows x \d+ columns\])$")
_EMPTY = ("…", "NaN", "null", "None", "")
_LONGEST = 30

#: Columns of whole numbers that nobody adds up are shown as they are.
_NO_AMOUNTS = frozenset({"year", "id"})


@dataclass(frozen=True, slots=True)
class Result:
    """A displayed result.

    Attributes:
        text: As it came.
        number: Its value, where it is one number.
        rows: Its cells, where it is a table.
        header: Names of the table's columns.
        complete: Whether the display left nothing out.
    """

    text: str
    number: float | int | None = None
    rows: tuple[tuple[str, ...], ...] = ()
    header: tuple[str, ...] = ()
    complete: bool = True

    @property
    def empty(self) -> bool:
        """Whether it is a table without rows."""
        return re.match(r"Series\(\[\]|Empty DataFrame|shape: \(0,", self.text) is not None

    def blocks(self) -> Sequence[str]:
        """The result in Markdown."""
        if self.number is not None:
            return [f"**{figure(self.number)}**"]
        if not self.rows:
            return [fence(self.text)]
        shown = self.rows[:_LONGEST]
        numeric = [
            place
            for place in range(len(self.header))
            if all(_NUMBER.fullmatch(row[place]) or row[place] in _EMPTY for row in shown)
        ]
        plain = [bool(parts(title) & _NO_AMOUNTS) for title in self.header]
        body = [
            [cell if is_plain and cell.isdecimal() else _cell(cell) for cell, is_plain in zip(row, plain, strict=True)]
            for row in shown
        ]
        left = "" if self.complete and len(shown) == len(self.rows) else "Not all rows are shown."
        return [table([name(title) if title else " " for title in self.header], body, numeric), left]


def _cell(text: str) -> str:
    value = _number(text)
    if value is not None and not re.match(r"0\d", text):
        return figure(value)
    return text if text in _EMPTY else name(text)


def _number(text: str) -> float | int | None:
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    digits = match[1].replace("_", "")
    return int(digits) if re.fullmatch(r"-?\d+", digits) else float(digits)


def result(text: str, known: Sequence[str] = ()) -> Result:
    """Read what an expression displayed; `known` are names that columns may have."""
    clean = without_prompt(text).strip("\n")
    number = _number(clean)
    if number is not None:
        return Result(clean, number=number)
    lines = clean.split("\n")
    if lines and "┌" in clean:
        return _boxed(clean, lines)
    if any(_TAIL.match(line) for line in lines):
        return _series(clean, lines)
    return _aligned(clean, lines, known)


def _boxed(text: str, lines: Sequence[str]) -> Result:
    """polars: cells between bars; a header of name, rule and type."""
    cells = [[part.strip() for part in re.split("[│┆]", line.strip("│ "))] for line in lines if line.startswith("│")]
    ruled = next((place for place, line in enumerate(lines) if line.startswith("╞")), 0)
    above = sum(line.startswith("│") for line in lines[:ruled])
    body = cells[above:]
    if not body or any(len(cell) != len(cells[0]) for cell in cells):
        return Result(text)
    cut = any(all(cell == "…" for cell in row) for row in body)
    return Result(text, rows=tuple(map(tuple, body)), header=tuple(cells[0]), complete=not cut)


def _series(text: str, lines: Sequence[str]) -> Result:
    """A pandas Series with one index: label and value on each line."""
    body = [line for line in lines if line.strip() and not _TAIL.match(line)]
    named = re.search(r"^(?:Freq: \S+, )?Name: (.*?), (?:Length: \d+, )?dtype", text, re.MULTILINE)
    pairs = [re.split(r"\s{2,}", line.strip()) for line in body]
    head = pairs[0][0] if pairs and len(pairs[0]) == 1 else ""
    rows = [tuple(row) for row in (pairs[1:] if head else pairs)]
    cut = any(set("".join(row)) <= {".", " "} for row in rows)
    rows = [row for row in rows if not set("".join(row)) <= {".", " "}]
    if not rows or any(len(row) != 2 for row in rows):
        return Result(text)
    return Result(text, rows=tuple(rows), header=(head, named[1] if named else "rows"), complete=not cut)


def _aligned(text: str, lines: Sequence[str], known: Sequence[str]) -> Result:
    """A pandas DataFrame with one index: columns that end where their names end."""
    body = [line for line in lines if line.strip() and not _TAIL.match(line)]
    if len(body) < 2 or not lines[0].startswith(" ") or lines[0].rstrip().endswith("\\"):
        return Result(text)
    index, rows = "", body[1:]
    top = rows[0].rstrip()
    if len(rows) > 1 and top and not re.search(r"\S\s{2,}\S", top) and len(top) < len(rows[1]) // 2:
        index, rows = rows[0].strip(), rows[1:]
    ends = [_index_width(rows), *_name_ends(body[0], known)]
    if any(len(line) > ends[-1] or any(line[end : end + 1] not in ("", " ") for end in ends) for line in rows):
        return Result(text)
    return _cut_at(text, body[0], rows, ends, index)


def _name_ends(top: str, known: Sequence[str]) -> Sequence[int]:
    """Where each column's name ends in the first line: known names as they are, other names up to a space."""
    ends, place = [], 0
    while top[place:].strip():
        place += len(top[place:]) - len(top[place:].lstrip())
        fitting = [label for label in known if f"{top[place:]} ".startswith(f"{label} ")]
        place += len(max(fitting, key=len)) if fitting else len(top[place:].split(" ", 1)[0])
        ends.append(place)
    return ends


def _index_width(rows: Sequence[str]) -> int:
    """Where the row labels end: numbers at the first space, other labels where two spaces follow."""
    labels = [line.split(maxsplit=1)[0] for line in rows]
    if not all(label.isdigit() for label in labels):
        labels = [re.split(r"\s{2,}", line, maxsplit=1)[0] for line in rows]
    return max(map(len, labels))


def _cut_at(text: str, top: str, rows: Sequence[str], ends: Sequence[int], index: str) -> Result:
    spans = list(pairwise(ends))
    header = [top[start:end].strip() for start, end in spans]
    cells = [[line[start:end].strip() for start, end in spans] for line in rows]
    if any(not title for title in header) or any(not cell for row in cells for cell in row):
        return Result(text)
    labels = [line[: ends[0]].strip() for line in rows]
    if index or not all(label.isdigit() for label in labels):
        header, cells = [index, *header], [[label, *row] for label, row in zip(labels, cells, strict=True)]
    return Result(text, rows=tuple(map(tuple, cells)), header=tuple(header))


def members(text: str) -> list[str]:
    """The members of a displayed tuple of numbers or texts, as they are written."""
    return [part.strip() for part in re.findall(r"(?:[^,(]|\([^()]*\))+", text.strip()[1:-1])]


def strength(value: float) -> str:
    """A correlation in words."""
    if value != value:  # noqa: PLR0124 - not a number
        return "not defined: one of them does not vary"
    size = abs(value)
    word = "none to speak of" if size < 0.1 else "weak" if size < 0.3 else "moderate" if size < 0.6 else "strong"
    return word if size < 0.1 else f"{word}, {'rising together' if value > 0 else 'one falls as the other rises'}"
