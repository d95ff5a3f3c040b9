"""Markdown in which names and values from data stay inert; numbers and sizes as people read them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

_LONGEST = 80


def visible(text: str, longest: int = _LONGEST) -> str:
    """One line in which control and direction characters are spelled out."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text[: longest + 1]
    )
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def name(text: object, longest: int = _LONGEST) -> str:
    """A name or value from data as inline code that nothing inside can end."""
    shown = visible(str(text), longest)
    if not shown.strip():
        return f"`{shown!r}`"
    ticks = "`" * (_longest_run(shown) + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def names(texts: Iterable[object], limit: int = 12) -> str:
    """Several names with commas; beyond the limit only how many more."""
    every = list(texts)
    shown = ", ".join(name(item) for item in every[:limit])
    return shown if len(every) <= limit else f"{shown} and {len(every) - limit} more"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def fence(text: str, language: str = "text") -> str:
    """A fenced block that its content cannot end."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def python(code: str) -> str:
    """A block of code to insert."""
    return fence(code, "python")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """A table of Markdown texts; `numeric` are the columns that stand to the right."""
    rule = ["--:" if place in numeric else "---" for place in range(len(header))]
    lines = [header, rule, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def figure(value: object) -> str:
    """A number as people read it: thousands apart, about four significant digits after the point."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return name(value) if value is not None else "–"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e15):
        return f"{int(value):,}" if abs(value) < 10**18 else f"{value:.6g}"
    if abs(value) >= 1e15 or abs(value) < 1e-4:
        return f"{value:.4g}"
    places = max(2, 3 - math.floor(math.log10(abs(value)))) if abs(value) < 1000 else 2
    return f"{value:,.{places}f}".rstrip("0").rstrip(".")


def share(part: float, whole: float) -> str:
    """A percentage of a whole."""
    if not whole:
        return "0 %"
    percent = 100 * part / whole
    return "< 0.1 %" if 0 < percent < 0.1 else f"{percent:.1f}".removesuffix(".0") + " %"


def many(count: int, noun: str, plural: str = "") -> str:
    """``1 row``, ``2 rows``."""
    return f"{figure(count)} {noun if count == 1 else plural or noun + 's'}"
