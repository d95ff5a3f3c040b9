"""``@name``, ``@name.column``, ``@cell:3``, ``@file:path`` and ``@error`` in a question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["variable", "cell", "file", "error"]
#: How many mentions of one question are looked up.
MOST = 12

# Code is quoted, not spoken: its @ is a decorator or an operator.
_CODE = re.compile(r"^(?P<fence>```+|~~~+).*?(?:^(?P=fence)|\Z)|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_DECORATOR = re.compile(r"^[ \t]*@[\w.]+(?:\(.*\))?[ \t]*\n(?=[ \t]*(?:@|def |class |async def ))", re.MULTILINE)
# Not after what may stand in an address, a path or another mention; not before what makes it somebody's handle.
_MENTION = re.compile(
    r"(?<![A-Za-z0-9._%+\-@/<\\])@(?:"
    r"cell:(?P<cell>[A-Za-z0-9_#-]+)"
    r"|file:(?:\"(?P<quoted>[^\"\n]+)\"|'(?P<single>[^'\n]+)'|(?P<file>[^\s\"'`<>|]+))"
    r"|(?P<name>[^\W\d]\w*+)(?:\.(?P<column>[^\W\d]\w*+)|\[(?P<quote>[\"'])(?P<label>[^\"'\n]+)(?P=quote)\])?+(?![@/]|-\w)"
    r")"
)


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


def mentions(question: str) -> tuple[Mention, ...]:
    """All mentions in their order, each once, at most `MOST`.

    Addresses, decorators, code in backquotes and handles such as ``@octo-cat`` or ``@ann@example.org`` are none.
    """
    spoken = _DECORATOR.sub("\n", _CODE.sub(" ", question))
    found = dict.fromkeys(_mention(match) for match in _MENTION.finditer(spoken))
    return tuple(found)[:MOST]


def _mention(match: re.Match[str]) -> Mention:
    if match["cell"]:
        return Mention(match[0], "cell", match["cell"])
    quoted = match["quoted"] or match["single"]
    if quoted:
        return Mention(match[0], "file", quoted)
    if match["file"]:
        path = match["file"].rstrip(".,;:!?)]}")
        return Mention(f"@file:{path}", "file", path)
    if match[0] == "@error":
        return Mention(match[0], "error")
    return Mention(match[0], "variable", match["name"], match["column"] or match["label"] or "")
