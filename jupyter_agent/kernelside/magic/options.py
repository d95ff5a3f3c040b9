"""The options of `%agent`, which stand only before the question, so that a question may hold dashes."""

from __future__ import annotations

import re
from typing import NamedTuple

FORMATS = ("markdown", "code", "json")
APPROVALS = ("read-only", "ask", "auto-edit", "auto")


class Options(NamedTuple):
    """What stood before the question."""

    model: str = ""  # name of the one that shall answer; empty for the chosen one
    session: str = ""  # id of the conversation; empty for the notebook's newest
    format: str = "markdown"  # or ``code`` or ``json``
    cell: bool = False  # whether the code goes into the next cell
    run: bool = False  # whether the answer's code is run
    approval: str = ""  # what may be done unasked; empty for the configured mode


class BadOption(ValueError):
    """An option without its value, or with one that does not exist; the message has the valid ones."""


FIELDS = {
    "-m": "model",
    "--model": "model",
    "-s": "session",
    "--session": "session",
    "-f": "format",
    "--format": "format",
    "--approve": "approval",
    "--cell": "cell",
    "--run": "run",
}
_SWITCHES = ("cell", "run")
#: What may stand before a question, in its readable form.
FLAGS = tuple(name for name in FIELDS if name.startswith("--"))
CHOICES = {"format": FORMATS, "approval": APPROVALS}
_WORD = re.compile(r"\s*(?P<word>\S+)")
_VALUE = re.compile(r"""\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<plain>\S+))(?=\s|\Z)""")


def parse(line: str) -> tuple[Options, str]:
    """Split the text after `%agent` into its options and the question, which is not touched.

    The first word that is no option begins the question; ``--`` ends the options, too.

    Raises:
        BadOption: an option lacks its value, or the value is none of its choices.
    """
    given: dict[str, object] = {}
    position = 0
    while match := _WORD.match(line, position):
        name, joined, value = match["word"].partition("=")
        if match["word"] == "--":
            position = match.end()
            break
        field = FIELDS.get(name)
        if field is None or (joined and (field in _SWITCHES or not name.startswith("--"))):
            break
        position = match.end()
        if field in _SWITCHES:
            given[field] = True
            continue
        if not joined and (following := _VALUE.match(line, position)):
            value, position = following[following.lastindex or 0], following.end()
        if not value:
            raise BadOption(f"{name} needs a value.")
        allowed = CHOICES.get(field, (value,))
        if value not in allowed:
            raise BadOption(f"{name} is one of {', '.join(allowed)}; {value[:40]!r} is not.")
        given[field] = value
    return Options(**given), line[position:].strip()  # type: ignore[arg-type]
