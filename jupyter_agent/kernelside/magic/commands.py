"""The slash commands, once: the same table serves `%agent`, `jupyter agent chat` and the sidebar."""

from __future__ import annotations

import re
from typing import NamedTuple


class Command(NamedTuple):
    """One slash command.

    Attributes:
        name: What is typed after the slash.
        arguments: How its arguments are shown in the help; empty when it takes none.
        summary: One line for a reader.
        asks: The question that it stands for, if it asks one.
        asks_about: What stands before its arguments in that question, where it is given some.
    """

    name: str
    arguments: str
    summary: str
    asks: str = ""
    asks_about: str = ""


FIX = "What went wrong in @error, and how is it fixed? Show the corrected code."
COMMANDS = (
    Command("fix", "[HINT]", "explain the last error and show the corrected code", FIX, FIX),
    Command(
        "explain",
        "[WHAT]",
        "explain a variable, a cell such as @cell:3, or anything else; without WHAT, the last cell that ran",
        "Explain what the last cell does.",
        "Explain",
    ),
    Command("help", "", "show what can be typed"),
    Command("history", "[N]", "show the last N questions and answers of this conversation (10)"),
    Command("clear", "", "clear this conversation and start a new one"),
    Command("undo", "", "undo the last question and its answer"),
    Command("redo", "", "redo what /undo undid"),
    Command("branch", "", "continue in a copy of this conversation; the old one stays as it is"),
    Command("replay", "[MODEL]", "ask the questions of this conversation again, in a new one, and compare the answers"),
    Command("sessions", "[TEXT]", "list this notebook's conversations, or those that contain a text"),
    Command("use", "[ID]", "continue another conversation; without ID, the newest"),
    Command("export", "[FILE]", "show this conversation as Markdown, or write it to a .md, .ipynb or .json file"),
    Command("share", "[copy|off]", "let others read this conversation, or also copy it, or no longer"),
    Command("vars", "[NAME]", "show what the assistant knows of your variables, or of one"),
    Command("doctor", "", "show what is stale, and whether Restart & Run All would reproduce the notebook"),
    Command("context", "[QUESTION]", "show exactly what a question would send to the model, and what it costs"),
    Command("model", "[NAME]", "show the models, or choose the one that answers from now on"),
)
EXIT = Command("exit", "", "end")  # where there is something to end
Commands = tuple[Command, ...]

_SHAPE = re.compile(r"/(?P<name>[A-Za-z]+)(?:\s+(?P<rest>.*))?\Z", re.DOTALL)


class UnknownCommand(ValueError):
    """A slash command that does not exist but looks like one that does; the message names it."""


def parse(text: str, more: Commands = ()) -> tuple[str, str] | None:
    """Split a slash command into its name and the rest; None for a question.

    A path or anything else that merely begins with a slash is a question.

    Args:
        text: What was typed.
        more: Commands that only this front end has.

    Raises:
        UnknownCommand: a word that is nearly the name of a command.
    """
    match = _SHAPE.match(text.strip())
    if match is None:
        return None
    name = match["name"].lower()
    names = _names(more)
    if name in names:
        return name, (match["rest"] or "").strip()
    near = _near(name, names)
    if near:
        raise UnknownCommand(f"There is no command /{name}. Did you mean /{near}? /help shows them all.")
    return None


def question(name: str, rest: str, more: Commands = ()) -> str:
    """The question that a command stands for; empty for those that ask none."""
    command = next(command for command in (*COMMANDS, *more) if command.name == name)
    return f"{command.asks_about} {rest}" if rest and command.asks_about else command.asks


def to_json() -> list[dict[str, str]]:
    """The table as JSON data, for clients that are not written in Python."""
    rows = [command._asdict() for command in COMMANDS]
    return [{"help": row.pop("summary"), **row} for row in rows]


def complete(text: str, more: Commands = ()) -> tuple[str, ...]:
    """The commands that a beginning such as ``/h`` may become."""
    return tuple(f"/{name}" for name in _names(more) if f"/{name}".startswith(text)) if text.startswith("/") else ()


def table(more: Commands = ()) -> str:
    """The commands as aligned lines of text."""
    rows = [(f"/{command.name} {command.arguments}".rstrip(), command.summary) for command in (*COMMANDS, *more)]
    width = max(len(usage) for usage, _ in rows)
    return "\n".join(f"{usage:<{width}}  {summary}" for usage, summary in rows)


def _names(more: Commands) -> tuple[str, ...]:
    return tuple(command.name for command in (*COMMANDS, *more))


def _near(name: str, names: tuple[str, ...]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.7)), "")
