"""What may stand at the cursor in a question: commands and their arguments, options, `@name` and `@name.column`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import commands, options

ELSEWHERE = ("@error", "@cell:", "@file:")
_COMMAND = re.compile(r"/[A-Za-z]*\Z")
_ARGUMENT = re.compile(r"/(?P<name>[A-Za-z]+)\s+(?P<word>[^\s@]*)\Z")
_NAME = re.compile(r"(?<![A-Za-z0-9._%+\-@/<\\])@(?P<name>\w*)\Z")
_COLUMN = re.compile(r"@(?P<name>[^\W\d]\w*)(?:\.(?P<column>\w*)|\[(?P<quote>[\"'])(?P<label>[^\"'\n]*))\Z")
_LAST = re.compile(r"\S*\Z")
_CALL = re.compile(r"\s*%agent[ \t]+(?P<line>.*)\Z")
_CELL = re.compile(r"\s*%%agent(?:[ \t]+(?P<line>[^\n]*))?(?P<body>\n.*)?\Z", re.DOTALL)
#: Commands whose argument is one of these, or the name of a variable.
_CHOICES = {"share": ("copy", "off")}
_OF_NAMES = ("vars", "explain")


class CompletionNames(NamedTuple):
    """What can be named: all variables, and the columns, keys or fields of one."""

    names: Callable[[], Sequence[str]]
    columns: Callable[[str], Sequence[str]]


class Completions(NamedTuple):
    """What may take the place of the last characters before the cursor."""

    fragment: str = ""
    texts: Sequence[str] = ()


def question(text: str, known: CompletionNames) -> Completions:
    """Completions of a question or a command, of which `text` stands before the cursor."""
    text = text.lstrip()
    if _COMMAND.match(text):
        return Completions(text, commands.complete(text))
    if argument := _ARGUMENT.match(text):
        choices = known.names() if argument["name"] in _OF_NAMES else _CHOICES.get(argument["name"], ())
        return _beginning(argument["word"], choices)
    if column := _COLUMN.search(text):
        is_attribute = column["quote"] is None
        typed = column["column"] if is_attribute else column["label"]
        quote = column["quote"] or '"'
        return Completions(
            column[0],
            [
                f"@{column['name']}"
                + (f".{name}" if is_attribute and name.isidentifier() else f"[{quote}{name}{quote}]")
                for name in known.columns(column["name"])
                if name.startswith(typed)
            ],
        )
    name = _NAME.search(text)
    return _beginning(name[0], [*(f"@{name}" for name in known.names()), *ELSEWHERE]) if name else Completions()


def after_magic(text: str, known: CompletionNames) -> Completions:
    """Completions of what stands after `%agent`: its options, then a question."""
    word = _LAST.search(text)[0]  # type: ignore[index]  # it matches everywhere
    before = text[: len(text) - len(word)]
    try:
        _, typed = options.parse(before)
    except options.BadOption:
        field = options.FIELDS.get(before.split()[-1], "")
        return _beginning(word, options.CHOICES.get(field, ()))
    if typed or not word.startswith("-"):
        return question(f"{typed} {word}" if typed else word, known)
    return _beginning(word, options.FLAGS)


def in_cell(text: str, known: CompletionNames) -> Completions | None:
    """Completions in a cell up to the cursor; None where the cursor is in no question."""
    cell = _CELL.match(text)
    if cell is not None and cell["body"] is not None:
        return question(cell["body"], known)
    call = cell or _CALL.match(text.rpartition("\n")[2])
    return after_magic(call["line"] or "", known) if call is not None else None


def _beginning(word: str, texts: Sequence[str]) -> Completions:
    return Completions(word, [name for name in texts if name.startswith(word)])


def of_shell(ip: Any) -> CompletionNames:
    """What can be named in an IPython shell; none of the user's code is run."""
    from ..import_guard import no_imports
    from ..inspectors import builtin_types  # noqa: F401 - a value of any kind
    from ..inspectors.registry import TimeBudget, describe, register_loaded
    from ..secrets import is_secret_name
    from ..tracker.namespace import user_items, user_value

    def columns(name: str) -> list[str]:
        register_loaded()
        try:
            value = user_value(ip, name)
        except KeyError:
            return []
        with no_imports():
            return [] if is_secret_name(name) else members(describe(value, TimeBudget()).facts)

    return CompletionNames(lambda: sorted(name for name, _ in user_items(ip)), columns)


def members(facts: Any) -> list[str]:
    """Names of the columns, keys or fields in a description's facts."""
    columns = [str(name.get("name")) for name in facts.get("columns") or () if isinstance(name, dict)]
    if columns:
        return [*columns, *map(str, facts.get("more_columns") or ())]
    return [str(name) for name in facts.get("keys") or facts.get("fields") or ()]
