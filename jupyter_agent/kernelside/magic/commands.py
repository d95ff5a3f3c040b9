"""The slash commands, once: the same table serves `%agent`, `jupyter agent chat` and the sidebar."""

from __future__ import annotations

import re
from typing import NamedTuple


class Command(NamedTuple):
    """One slash command."""

    name: str  # what is typed after the slash
    arguments: str  # how they are shown in the help; empty when it takes none
    summary: str  # one line for a reader
    asks: str = ""  # the question that it stands for, if it asks one
    asks_about: str = ""  # what stands before its arguments in that question, where it is given some


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
    Command("clear", "", "start a new conversation; this one is kept"),
    Command("delete", "", "delete this conversation, after asking; for 30 days /restore brings it back"),
    Command("restore", "[ID]", "bring back a deleted conversation; without ID, the one that was deleted here last"),
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
    Command(
        "instructions",
        "[use N|ignore N]",
        "show what instructs the assistant here (AGENTS.md, skills), and accept what a project brings along, or not",
    ),
    Command("model", "[NAME]", "show the models, or choose the one that answers from now on"),
)
EXIT = Command("exit", "", "end")  # understood everywhere, listed where there is something to end
_TYPED = {command.name: command for command in (*COMMANDS, EXIT)}
_SHAPE = re.compile(r"/(?P<name>[A-Za-z]+)(?:\s+(?P<rest>.*))?\Z", re.DOTALL)


class UnknownCommand(ValueError):
    """A slash command that does not exist but looks like one that does; the message names it."""


def parse(text: str) -> tuple[str, str] | None:
    """Split a slash command into its name and the rest; None for a question.

    A path or anything else that merely begins with a slash is a question.

    Raises:
        UnknownCommand: a word that is nearly the name of a command.
    """
    match = _SHAPE.match(text.strip())
    if match is None:
        return None
    name = match["name"].lower()
    if name in _TYPED:
        return name, (match["rest"] or "").strip()
    import difflib

    for near in difflib.get_close_matches(name, _TYPED, n=1, cutoff=0.7):
        raise UnknownCommand(f"There is no command /{name}. Did you mean /{near}? /help shows them all.")
    return None


def question(name: str, rest: str) -> str:
    """The question that a command stands for; empty for those that ask none."""
    command = _TYPED[name]
    return f"{command.asks_about} {rest}" if rest and command.asks_about else command.asks


def to_json() -> list[dict[str, str]]:
    """The table as JSON data, for clients that are not written in Python."""
    rows = [command._asdict() for command in COMMANDS]
    return [{"help": row.pop("summary"), **row} for row in rows]


def complete(text: str) -> tuple[str, ...]:
    """The commands that a beginning such as ``/h`` may become."""
    return tuple(f"/{name}" for name in _TYPED if f"/{name}".startswith(text)) if text.startswith("/") else ()


def table(*more: Command) -> str:
    """The commands, and those that only this front end has, as aligned lines of text."""
    rows = [(f"/{command.name} {command.arguments}".rstrip(), command.summary) for command in (*COMMANDS, *more)]
    width = max(len(usage) for usage, _ in rows)
    return "\n".join(f"{usage:<{width}}  {summary}" for usage, summary in rows)
