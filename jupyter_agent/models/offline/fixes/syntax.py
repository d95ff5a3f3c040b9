"""SyntaxError and IndentationError: what Python could not read, and often the missing sign."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from jupyter_agent.models.offline.explaining import parsed
from jupyter_agent.models.offline.failure import ErrorContext, Explanation, Fix, by_message
from jupyter_agent.models.offline.markdown import name

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_HINTS: tuple[tuple[str, str], ...] = (
    (r"was never closed|unexpected EOF|EOF while", "A bracket or quotation mark is opened and never closed."),
    (r"unterminated (?:string|triple|f-string)", "A text has no closing quotation mark."),
    (r"expected ':'", "A line that begins a block (`if`, `for`, `def`, …) ends with a colon."),
    (r"Missing parentheses in call to 'print'", "`print` is a function: `print(…)`."),
    (r"cannot assign to|Maybe you meant '=='", "`=` assigns; to compare, write `==`."),
    (r"Perhaps you forgot a comma", "A comma is missing between two items."),
    (r"expected an indented block", "The line after a colon has to be indented."),
    (
        r"unexpected indent|unindent does not match|inconsistent use of tabs",
        "The indentation does not fit the lines around it; use four spaces and no tabs.",
    ),
    (r"unmatched '(.)'|does not match opening", "A closing bracket has no opening one, or is of another kind."),
    (r"'return' outside function", "`return` stands only inside a function."),
    (r"'await' outside|'yield' outside", "This stands only inside a function."),
    (r"leading zeros", "A number does not begin with zeros; write `0o…` for octal, or a text."),
    (
        r"invalid character",
        "There is a character that Python does not know, often a typographic quotation mark or dash from another program.",
    ),
    (
        r"keyword argument repeated|positional argument follows keyword",
        "Arguments by place come before arguments by name, and each name once.",
    ),
)


def _unread(context: ErrorContext) -> Explanation | None:
    message, source = context.failure.message, context.failure.source
    hint = by_message(_HINTS, message) or "Python could not read this line."
    attempts = _attempts(source) if len(source) < 20_000 and source.strip() else ()
    fixed = next((attempt for attempt in attempts if attempt != source and parsed(attempt) is not None), None)
    pairs = zip(source.splitlines(), fixed.splitlines(), strict=False) if fixed else ()
    changed = [f"{name(old.strip(), 120)} becomes {name(new.strip(), 120)}." for old, new in pairs if old != new]
    return Explanation([hint, *changed[:1]], fixed)


def _attempts(source: str) -> Iterator[str]:
    """The source with one likely repair each."""
    lines = source.splitlines()
    yield source.translate(str.maketrans("“”‘’–—\u00a0", "\"\"''-- "))
    yield "\n".join(_with_colon(line) for line in lines)
    yield "\n".join(_closed(line) for line in lines)
    yield source + _open_brackets(source)
    yield "\n".join(_closed(_with_colon(line)) for line in lines)
    yield "\n".join(re.sub(r"^(\s*)print\s+(?!\()(.+)$", r"\1print(\2)", line) for line in lines)
    yield "\n".join(re.sub(r"^(\s*(?:if|elif|while)\b[^=]*[^=!<>])=([^=].*)$", r"\1==\2", line) for line in lines)
    yield source.expandtabs(4)
    yield "\n".join(line.lstrip() for line in lines)
    yield from _indented(lines)
    yield "\n".join(_quoted(line) for line in lines)


def _with_colon(line: str) -> str:
    begins = re.match(r"\s*(?:if|elif|else|for|while|def|class|with|try|except|finally|async def|async for)\b", line)
    is_whole = not line.rstrip().endswith((":", ",", "(", "\\")) and not re.search(r":\s*\S", line)
    return f"{line.rstrip()}:" if begins and is_whole else line


def _open_brackets(text: str) -> str:
    """The closing brackets that a text lacks, quotations left out of account."""
    waiting: list[str] = []
    for letter in re.sub(r"'[^'\n]*'|\"[^\"\n]*\"|#[^\n]*", "", text):
        if letter in _CLOSING:
            waiting.append(_CLOSING[letter])
        elif waiting and letter == waiting[-1]:
            waiting.pop()
    return "".join(reversed(waiting))


def _closed(line: str) -> str:
    missing = _open_brackets(line)
    if not missing:
        return line
    colon = ":" if line.rstrip().endswith(":") else ""
    return line.rstrip().removesuffix(":") + missing + colon


def _quoted(line: str) -> str:
    for mark in ("'", '"'):
        if line.count(mark) % 2:
            ending = re.search(r"[)\]}:,\s]*$", line)
            place = ending.start() if ending else len(line)
            return _closed(line[:place] + mark + line[place:])
    return line


def _indented(lines: list[str]) -> Iterator[str]:
    for place, line in enumerate(lines[:-1]):
        following = lines[place + 1]
        if line.rstrip().endswith(":") and len(following) - len(following.lstrip()) <= len(line) - len(line.lstrip()):
            width = len(line) - len(line.lstrip()) + 4
            yield "\n".join([*lines[: place + 1], " " * width + following.lstrip(), *lines[place + 2 :]])


FIXES: Mapping[str, Fix] = {"SyntaxError": _unread, "IndentationError": _unread, "TabError": _unread}
