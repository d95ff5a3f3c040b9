"""`jupyter agent ask`."""

from __future__ import annotations

import argparse
import sys

from jupyter_agent.cli.arguments import OK, USAGE
from jupyter_agent.cli.context import open_context, print_json, print_note, print_text
from jupyter_agent.cli.turn import ask_question, notes_of
from jupyter_agent.core.messages import to_json
from jupyter_agent.kernelside.fences import fenced


async def ask(arguments: argparse.Namespace) -> int:
    """Ask one question; the exit code."""
    query = _query(arguments.question)
    if not query:
        print_text('jupyter agent ask: there is no question. Try: jupyter agent ask "…" --notebook FILE', error=True)
        return USAGE
    async with open_context(arguments) as context:
        done = await ask_question(context, query, show_text=not arguments.json)
    if arguments.json:
        print_json(to_json(done))
    elif not done.reply.endswith("\n"):
        print_text("")
    for warning in notes_of(done):
        print_note(warning)
    return OK


def _query(typed: str | None) -> str:
    """The question as it was typed, with piped input fenced below it; without one, the piped input is the question."""
    if typed is None and sys.stdin.isatty():
        return ""
    piped = "" if sys.stdin.isatty() else sys.stdin.read().strip()
    if typed in (None, "-"):
        return piped
    question = str(typed).strip()
    if not (question and piped):
        return question
    return f"{question}\n\n{fenced(piped)}"
