"""When a reply answers a question: by the values that it shows, or by patterns of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

Verdict: TypeAlias = Literal["right", "partly", "declined", "wrong"]
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^(?:```|\|)", re.MULTILINE)
_PYTHON = ("python", "py", "python3", "ipython")
_DECLINES = re.compile(
    r"cannot (answer|tell|say|know)|\bcan(no|')t\b|not underst(an|oo)d|n[o']t know|which (table|column|one|of)\b[^.]*\?"
    r"|^I am the offline assistant|^[^.\n]{0,120}\?(\s|$)|^[^\n]*so it has no |^\S+ has no length"
    r"|^(There (is|are)|I (find|see|know)) no (?!missing|duplicate|repeated|null|error)[^.:;\n]*\.(?!\*)|not in (the|your) (data|notebook|kernel)"
    r"|verstehe? |kann ich (nicht|das nicht)|comprends pas|je ne|no (puedo|entiendo)",
    re.IGNORECASE,
)
_EXAMPLES = re.compile(r"(for example|values:|items of).*")
_NUMBER = re.compile(
    r"(?<![\w.])[-−]?(?:\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?!\d)|\d+)(?:\.\d*)?(?:e[-+]?\d+)?", re.IGNORECASE
)
_NO_VALUE = re.compile(r"\b\d{4}-\d{2}(-\d{2})?\b|\b\d?\d:\d{2}(:\d{2})?\b|\bIn ?\[\d+\]|\[\d+\.\d s\]")
_DECORATION = re.compile(
    r"^[\s│|]*$|^shape:|^[┌└╞├│|\s:─═┴┬┐┘┤╡╪┼┆-]+$|^(Name|Length|dtype):|^\[\d+\.\d s\]$"
    r"|^[│┆\s]*((str|cat|bool|date|[iuf]\d+|datetime\S*)[│┆\s]*)+$|^[│┆\s]*(---[│┆\s]*)+$"
)
_NOTHING = re.compile(r"\b(no|none|zero|nobody|nothing)\b", re.IGNORECASE)
_MISSING = re.compile(r"\b(nan|nat|none|null|missing)\b|<NA>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """One question, or a short conversation of which the last reply counts.

    Attributes:
        id: Within both halves.
        kernel: The file in `kernels/`, without its ending.
        kind: What is asked for.
        ask: What is typed, turn by turn.
        expected: Python that gives the right value in the kernel; empty where patterns decide.
        must: Patterns that a right reply holds, case ignored; the first is what was asked for.
        never: Patterns that no right reply holds.
        code_is_enough: Code that shows the value when it is run is as good as the value.
        may_decline: There is no honest answer, so that none is right.
        after: Python that is true in the kernel once the first block of code has run on copies.
    """

    id: str
    kernel: str
    kind: str
    ask: Sequence[str]
    expected: str = ""
    must: Sequence[str] = ()
    never: Sequence[str] = ()
    code_is_enough: bool = False
    may_decline: bool = False
    after: str = ""


def code_of(reply: str) -> list[str]:
    """The Python that a reply offers."""
    return [source for language, source in _FENCE.findall(reply) if language.lower() in _PYTHON]


def judge(
    question: Question,
    value: Any,
    reply: str,
    *,
    declined: bool = False,
    trial: str = "",
    raises: bool = False,
    holds: bool = True,
) -> Verdict:
    """Whether a reply is right.

    Args:
        question: What was asked.
        value: What `expected` gave, encoded.
        reply: The answer.
        declined: Whether the reply itself says that it does not answer.
        trial: What the offered code shows when it is run.
        raises: Whether the offered code raises.
        holds: Whether `after` is true.
    """
    declined = declined or _DECLINES.search(_TABLE.split(reply[:300], 1)[0]) is not None
    must = [re.search(pattern, reply, re.IGNORECASE) is not None for pattern in question.must]
    if must and all(must) and (question.kind in ("overview", "error") or question.may_decline or not declined):
        declined = False
    elif declined:
        return "right" if question.may_decline else "declined"
    elif question.may_decline:
        return "wrong"
    if any(re.search(pattern, reply, re.IGNORECASE) for pattern in question.never):
        return "wrong"
    if must and not all(must):
        return "partly" if must[0] and 2 * sum(must) >= len(must) else "wrong"
    if raises and (must or question.code_is_enough or question.after):
        return "wrong"
    if question.after and not holds:
        return "wrong"
    if not question.expected:
        return "right"
    is_share = question.kind in ("share", "follow-up")
    found = _shown(value, reply, is_share=is_share)
    if found != "right" and trial and _shown(value, f"```text\n{trial}\n```", is_share=is_share) == "right":
        return "right" if question.code_is_enough else "partly"
    return found


def _shown(value: Any, reply: str, *, is_share: bool) -> Verdict:
    """Whether a text shows a value, code left out."""
    prose, tables = _parts(reply)
    sort, held = value if isinstance(value, list) else ("", value)
    if sort == "either":
        verdicts = [_shown(part, reply, is_share=is_share) for part in held]
        return min(verdicts, key=("right", "partly", "wrong").index)
    lines = [line for table in tables for line in table]
    text = "\n".join([*prose, *lines])
    if sort in ("", "date", "seconds"):
        plain = [_EXAMPLES.sub("", line) for line in prose[:6]]
        lead = "\n".join([*plain, *(line for table in tables for line in table[:2])])
        if _end(value, lead, is_share=is_share) > 0 or (value == 0 and _NOTHING.search(lead)):
            return "right"
        return "partly" if _end(value, text, is_share=is_share) > 0 else "wrong"
    cells = [cell for part in held for cell in (part[1] if _is_nested(part) else part if sort == "rows" else [part])]
    hits = sum(_end(cell, text, is_share=is_share) > 0 for cell in cells)
    if hits < len(cells) or not cells:
        return "partly" if cells and 2 * hits >= len(cells) else "wrong"
    if sort == "rows":
        segments = [*lines, *(part for line in prose for part in re.split(r"[;,] (?=\D)|\band\b", line))]
        is_whole = all(_has_row(row, segments, is_share=is_share) for row in held)
    else:
        places = ["\n".join(part) for part in (prose, *tables)]
        is_whole = sort == "set" or any(_in_order(cells, place, is_share=is_share) for place in places)
    is_dump = sort != "list" and len(lines) > 3 * len(held) + 5
    return "right" if is_whole and not is_dump else "partly"


def _is_nested(part: Any) -> bool:
    return isinstance(part, list) and len(part) == 2 and part[0] == "list"


def _parts(reply: str) -> tuple[list[str], list[list[str]]]:
    """The lines of the prose, and those of each table or output that is shown, without decoration."""
    tables = [body.splitlines() for language, body in _FENCE.findall(reply) if language.lower() not in _PYTHON]
    prose: list[str] = []
    rows: list[str] = []
    for line in re.sub(r"\*\*|`", "", _FENCE.sub("", reply)).splitlines():
        (rows if line.startswith("|") else prose).append(line)
    kept = [[line for line in table if not _DECORATION.search(line.strip())] for table in (*tables, rows)]
    return [line for line in prose if line.strip()], kept


def _has_row(row: Sequence[Any], lines: Sequence[str], *, is_share: bool) -> bool:
    """Whether a line has the row's cells in order; outer labels may stand in a line above, as pandas shows them."""
    for outer in range(max(1, len(row) - 1)):
        for number, line in enumerate(lines):
            if _in_order(row[outer:], line, is_share=is_share):
                above = "\n".join(lines[: number + 1])
                if all(_end(cell, above, is_share=is_share) > 0 for cell in row[:outer]):
                    return True
    return False


def _in_order(cells: Sequence[Any], text: str, *, is_share: bool) -> bool:
    start = 0
    for cell in cells:
        start = _end(cell, text, start, is_share=is_share)
        if start < 0:
            return False
    return True


def _end(cell: Any, text: str, start: int = 0, *, is_share: bool) -> int:
    """Where a value that a text shows ends there; -1 where it does not show it."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return next(
            (end for number, digits, end in _numbers(text, start, is_share) if _is_near(number, digits, cell)), -1
        )
    match = _pattern(cell).search(text, start)
    return match.end() if match else -1


def _pattern(cell: Any) -> re.Pattern[str]:
    if cell is None:
        return _MISSING
    if isinstance(cell, bool):
        return re.compile(r"\b(yes|true)\b" if cell else r"\b(no|not|false)\b", re.IGNORECASE)
    if isinstance(cell, str):
        words = r"\s+".join(map(re.escape, cell.split()))
        return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
    sort, held = cell
    return _date(datetime.fromisoformat(held)) if sort == "date" else _duration(held)


def _date(moment: datetime) -> re.Pattern[str]:
    month, day = f"{moment:%b}\\w*", f"0?{moment.day}"
    forms = (f"{moment:%Y-%m-%d}", rf"{day}\.? {month} {moment.year}", rf"{month} {day},? {moment.year}")
    clock = rf"\D{{0,6}}{moment:%H:%M}" if moment.hour or moment.minute else ""
    return re.compile(rf"({'|'.join(forms)}){clock}", re.IGNORECASE)


def _duration(seconds: float) -> re.Pattern[str]:
    length = timedelta(seconds=seconds)
    hours, minutes = int(seconds // 3600), int(seconds % 3600 // 60)
    clock = f"{hours % 24:02}:{minutes:02}:{int(seconds % 60):02}"
    forms = [
        rf"\b{length.days} days?,? (and )?{clock}",
        rf"(?<!days )(?<!day, )\b0?{hours}:{minutes:02}\b",
        rf"\b{hours} ?h(ours?)?,? (and )?{minutes} ?m",
        rf"\b{re.escape(f'{seconds / 3600:g}'[:5])}\d* ?h",
        rf"\b{seconds / 60:g}(\.0+)? ?min",
        rf"\b{seconds:g}(\.0+)? ?s|seconds={seconds:g}\b",
        *([rf"\b{hours} ?h(ours?)?\b"] if not minutes else []),
        *([rf"\b{length.days} days?$"] if not length.seconds else []),
    ]
    return re.compile("|".join(forms), re.IGNORECASE | re.MULTILINE)


def _numbers(text: str, start: int, is_share: bool) -> Iterator[tuple[float, int, int]]:
    """Each number of a text with its decimals and where it ends; a percentage as its fraction too."""
    text = _NO_VALUE.sub(lambda match: " " * len(match[0]), text)
    for match in _NUMBER.finditer(text, start):
        mantissa, _, power = match[0].lower().partition("e")
        digits = len(mantissa.partition(".")[2]) - int(power or 0)
        number = float(re.sub(r"[,\u00a0\u202f]", "", match[0]).replace("−", "-"))
        yield number, digits, match.end()
        if is_share or re.match(r"\s?(%|percent)", text[match.end() :]):
            yield number / 100, digits + 2, match.end()


def _is_near(number: float, digits: int, wanted: float) -> bool:
    """Whether a number is the wanted one, rounded to its digits; too coarse a rounding is none."""
    distance = abs(number - wanted)
    return distance <= max(0.501 * 10.0**-digits, 1e-6 * abs(wanted)) and distance <= 0.02 * abs(wanted)
