"""Texts within a limit, and the patterns of fenced code."""

from __future__ import annotations

import hashlib
import json
import re
import string
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from jupyter_agent.kernelside import hidden_characters
from jupyter_agent.kernelside.fences import FENCE_RUN
from jupyter_agent.kernelside.head_tail import LEFT_OUT
from jupyter_agent.kernelside.wire import ANSI_ESCAPE, clip

#: For whoever reads a text before saying yes to it; it is needed in kernels too.
spelled_out = hidden_characters.spelled_out
#: Languages of fenced code blocks that are Python.
PYTHON = frozenset({"python", "py", "python3", "ipython"})
#: A fenced code block of a Markdown text; ``close`` is empty where the text ends within it.
FENCED_CODE = re.compile(
    rf"^(?P<fence>(?>{FENCE_RUN}))(?P<language>[^\n`]*+)\n(?P<source>.*?)(?P<close>^(?P=fence)(?!\S)|\Z)",
    re.MULTILINE | re.DOTALL,
)
#: The line that opens or closes a fenced block: models indent it, and write on behind the language.
FENCE = re.compile(rf" {{0,3}}(?P<fence>{FENCE_RUN})[ \t]*(?P<language>[\w+-]*)")
#: What may still become such a line, as it comes.
FENCE_BEGINNING = re.compile(r" {0,3}(?:`{0,2}|`{3,}[^`\n]*|~{0,2}|~{3,}[^\n]*)")
#: A text that is one fenced block and nothing else: as models write data, whose end may have no line of its own.
FENCED = re.compile(rf"\s*(?P<fence>(?>{FENCE_RUN}))[\w+-]*\s*\n(?P<source>.*?)\n?\s*(?P=fence)\s*", re.DOTALL)
_OMITTED = re.compile(
    r"\A\(\d+ earlier questions and their answers are not shown(?:\.|; earlier questions:\n(?P<listed>.*?)\n)\)\s*",
    re.DOTALL,
)
_TERMINAL_CONTROLS = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f]")
#: Blocks of what is known, in a message of the user's.
_CONTEXT = re.compile(r"<(?P<mark>[\w-]+)>\n")

#: Control, format, surrogate and private characters: they show nothing, or change how others are shown.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
#: White space, and the joiners that emoji and some scripts are written with.
_KEPT_CONTROLS = "\n\t\u200c\u200d"
#: Longest text, longest list inside of a list, longest other list: tried in order until the whole fits.
_LEVELS = (
    (4000, 400, 1_000_000),
    (1500, 100, 1_000_000),
    (600, 50, 1_000_000),
    (300, 20, 1_000_000),
    (150, 10, 1_000_000),
    (80, 5, 1_000_000),
    (60, 3, 1_000_000),
    (50, 1, 1_000_000),
    (40, 0, 1_000_000),
    (40, 0, 150),
    (40, 0, 50),
    (40, 0, 20),
    (40, 0, 5),
    (20, 0, 1),
    (20, 0, 0),
)
#: Characters of a note that says how long a text was.
_COUNT = 40
#: Longest JSON that is parsed, in characters.
_MAX_JSON = 16 * 1024 * 1024
#: Characters of secrets: a cut within a run of them could leave half a secret, which no pattern recognises.
_UNBROKEN = f"{string.ascii_letters}{string.digits}_-.+/=:@%~!$&*?#^"
#: Characters that are dropped at a cut, at most; longer words are no secrets.
_LONGEST = 2048


def format_bytes(count: float) -> str:
    """A size in the unit that fits, as JupyterLab's file browser counts: 1 KB is 1024 bytes."""
    unit = "bytes"
    for larger in ("KB", "MB", "GB"):
        if abs(count) < 1024:
            break
        count, unit = count / 1024, larger
    return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"


def without_context(text: str) -> str:
    """What the user wrote of a message that holds blocks of context, too."""
    return without_blocks(text, _CONTEXT).strip()


def without_blocks(text: str, opening: re.Pattern[str], most: int = 0) -> str:
    """A text without its blocks ``<mark>`` … ``</mark>``, whose tags have a line each.

    Args:
        text: With blocks.
        opening: Of a block; its group ``mark``.
        most: How many are taken out; 0 for all.
    """
    kept: list[str] = []
    position, unclosed = 0, set[str]()
    for match in opening.finditer(text):
        if match.start() < position or match["mark"] in unclosed or len(kept) == (most or -1):
            continue
        close = f"\n</{match['mark']}>"
        end = text.find(close, match.end())
        if end < 0:
            unclosed.add(match["mark"])
            continue
        kept.append(text[position : match.start()])
        position = end + len(close)
    return "".join([*kept, text[position:]])


def truncate(text: str, limit: int, *, is_redacted: bool = False) -> str:
    """The text within a limit: JSON stays valid JSON of the same shape, other text keeps its head and its tail.

    Args:
        text: JSON or plain.
        limit: Characters.
        is_redacted: Secrets are withheld already, so that a word may be cut in two.
    """
    if len(text) <= limit:
        return text
    if text[:1] in ("{", "[") and len(text) <= _MAX_JSON:
        with suppress(ValueError, RecursionError):
            value = json.loads(text)
            for level in _LEVELS:
                shorter = json.dumps(_cut(value, level, inside=False), ensure_ascii=False)
                if len(shorter) <= limit:
                    return shorter
    return head_and_tail(text, limit, is_redacted=is_redacted)


def head(text: str, limit: int) -> str:
    """The beginning of a text, at most `limit` characters; what is cut is cut between words."""
    if len(text) <= limit or text[limit] not in _UNBROKEN:
        return text[:limit]
    return without_last_word(text[:limit])


def without_last_word(beginning: str) -> str:
    """The beginning of a text without its last word, which may go on where the text was cut."""
    return beginning[: max(len(beginning.rstrip(_UNBROKEN)), len(beginning) - _LONGEST)]


def tail(text: str, limit: int) -> str:
    """The end of a text, at most `limit` characters; what is cut is cut between words."""
    if len(text) <= limit or text[-limit - 1] not in _UNBROKEN:
        return text[-limit:]
    return without_first_word(text[-limit:])


def without_first_word(end: str) -> str:
    """The end of a text without its first word, which may have begun before the cut."""
    return end[min(len(end) - len(end.lstrip(_UNBROKEN)), _LONGEST) :]


def head_and_tail(text: str, limit: int, *, is_redacted: bool = False) -> str:
    """Head and tail of a long text with a note of what is missing, cut between words; anywhere, if secrets are withheld already."""
    if len(text) <= limit:
        return text
    half = max(1, (limit - 50) // 2)
    first, last = (text[:half], text[-half:]) if is_redacted else (head(text, half), tail(text, half))
    return f"{first}\n{LEFT_OUT.format(len(text) - len(first) - len(last))}\n{last}"


def counted_head(text: str, limit: int) -> str:
    """The beginning of a text, cut between words, with the number of characters there are in all, where that is shorter."""
    return text if len(text) <= limit + _COUNT else f"{head(text, limit)}… ({len(text)} characters in all)"


def cleaned(text: str) -> str:
    """The text as a terminal shows it: without escape sequences, progress bars in their last state."""
    text = ANSI_ESCAPE.sub("", text.encode("utf-8", "replace").decode("utf-8")).replace("\r\n", "\n")
    if "\b" in text:
        kept: list[str] = []
        for character in text:
            if character != "\b":
                kept.append(character)
            elif kept and kept[-1] != "\n":
                kept.pop()
        text = "".join(kept)
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]
    return _TERMINAL_CONTROLS.sub("", "\n".join(lines))


def sha256_hex(text: str) -> str:
    """SHA-256 (hex) of any text, also of one that UTF-8 cannot encode."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def refuse_constant(name: str) -> NoReturn:
    """What `json.loads` calls for NaN and infinities, which are no JSON.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{name} is not JSON")


def well_formed(text: str) -> str:
    """The text with halves of surrogate pairs joined, and those that have no other half replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def visible_text(text: str, limit: int) -> str:
    """The beginning of a foreign text without invisible characters; what is cut ends with an ellipsis."""
    visible = "".join(
        character
        for character in text[: 2 * limit]
        if character in _KEPT_CONTROLS
        or (character.isascii() and character.isprintable())
        or unicodedata.category(character) not in _INVISIBLE
    )
    return clip(visible + "…" * (len(text) > 2 * limit), limit)


def _cut(value: Any, level: tuple[int, int, int], *, inside: bool) -> Any:
    """JSON data at one of `_LEVELS`; what is left out of objects and of their lists is counted in keys of its own."""
    longest, inner, outer = level
    entries = inner if inside else outer
    if isinstance(value, str):
        return head_and_tail(value, longest) if len(value) > longest + 50 else value
    if isinstance(value, list):
        return [_cut(entry, level, inside=True) for entry in value[:entries]]
    if not isinstance(value, Mapping):
        return value
    entries = max(20, entries)
    cut: dict[str, Any] = {}
    for name, entry in list(value.items())[:entries]:
        cut[name] = _cut(entry, level, inside=inside)
        if isinstance(entry, list) and len(entry) > len(cut[name]):
            cut[f"{name}_left_out"] = len(entry) - len(cut[name])
    if len(value) > entries:
        cut["left_out"] = len(value) - entries
    return cut


def note_of_omitted(number: int, questions: Sequence[str]) -> str:
    """What stands for earlier turns that a model is not sent: how many, and the newest of their questions; `omitted_questions` reads it."""
    text = f"({number} earlier questions and their answers are not shown"
    lines = [f"- {question}" for question in questions]
    return "\n".join([f"{text}; earlier questions:", *lines, ")"]) if lines else f"{text}.)"


def omitted_questions(text: str) -> tuple[list[str], str]:
    """The questions in a note of omitted turns at the beginning of a text, and what stands behind it."""
    note = _OMITTED.match(text)
    if note is None:
        return [], text
    return [line.removeprefix("- ") for line in (note["listed"] or "").splitlines()], text[note.end() :]
