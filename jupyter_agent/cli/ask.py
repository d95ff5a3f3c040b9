"""`jupyter agent ask`."""

from __future__ import annotations

import argparse
import json
import sys

from jupyter_agent.cli.context import desk, say
from jupyter_agent.cli.run import OK, USAGE
from jupyter_agent.cli.turn import take_turn
from jupyter_agent.core.messages import to_json


async def ask(arguments: argparse.Namespace) -> int:
    """Ask one question; the exit code."""
    query = _query(arguments.question)
    if not query:
        print('jupyter agent ask: there is no question. Try: jupyter agent ask "…" --notebook FILE', file=sys.stderr)
        return USAGE
    async with desk(arguments) as laid:
        done = await take_turn(laid, query, _nothing if arguments.json else _show)
    if arguments.json:
        print(json.dumps(to_json(done), ensure_ascii=False, indent=2))
    elif not done.reply.endswith("\n"):
        print()
    for warning in done.warnings:
        say(warning)
    return OK


def _query(given: str | None) -> str:
    """The question as it was typed, with what a pipe brings below it; a pipe alone brings the question."""
    if given is None and sys.stdin.isatty():
        return ""
    piped = "" if sys.stdin.isatty() else sys.stdin.read().strip()
    if given in (None, "-"):
        return piped
    question = str(given).strip()
    return f"{question}\n\n{_fenced(piped)}" if question and piped else question


def _fenced(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"


def _show(text: str) -> None:
    print(text, end="", flush=True)


def _nothing(_text: str) -> None:
    """Only the whole turn is wanted."""
