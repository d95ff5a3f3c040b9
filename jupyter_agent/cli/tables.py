"""`jupyter agent sessions` and `jupyter agent models`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.agent.commands import LOCAL
from jupyter_agent.agent.replay import last_event
from jupyter_agent.cli.context import assistant, notebook_id
from jupyter_agent.cli.run import ERROR, OK
from jupyter_agent.core.errors import AgentError, NotFound
from jupyter_agent.core.messages import Done
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session

TEST = "This tries out whether you can be reached. Answer with the word: ready."


async def sessions(arguments: argparse.Namespace) -> int:
    """List conversations; the exit code."""
    async with assistant() as made:
        about = notebook_id(arguments.notebook) if arguments.notebook is not None else None
        page = await made.sessions.find(LOCAL, notebook_id=about, text=arguments.text, limit=arguments.limit)
    if arguments.json:
        print(json.dumps([_facts(one) for one in page.sessions], ensure_ascii=False, indent=2))
        return OK
    for one in page.sessions:
        print(
            f"{one.id}  {_when(one.last_activity)}  {one.turn_count:>4} entries  {one.notebook_id or '-'}  {one.title}"
        )
    if not page.sessions:
        print("There are no conversations yet.", file=sys.stderr)
    return OK


async def models(arguments: argparse.Namespace) -> int:
    """Show providers and whether they answer; 1 if the one that is configured, or that was tried, does not."""
    async with assistant() as made:
        if arguments.test is not None:
            return await _tried(made, arguments.test or made.default_model)
        found = await asyncio.gather(*(_reached(made, one) for one in made.models()))
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for one in sorted(found, key=lambda one: not (one["default"] or one["reachable"])):
            _print_model(one)
    return OK if found[0]["reachable"] else ERROR


async def _reached(made: Assistant, name: str) -> dict[str, Any]:
    """A provider with the models that it offers, or with what keeps it from answering."""
    facts: dict[str, Any] = {"id": name, "default": name == made.default_model, "reachable": True, "models": []}
    try:
        offers = getattr(made.model(name), "models", None)  # a provider of somebody else's may not know
        facts["models"] = list(await offers()) if offers is not None else []
    except AgentError as error:
        facts |= {"reachable": False, "why": error.message}
    return facts


async def _tried(made: Assistant, name: str) -> int:
    """Ask a model a question, which costs a few tokens, and forget it again."""
    begin = time.monotonic()
    question = Question(owner=LOCAL, query=TEST, session_id=f"test-{uuid4().hex}", model=name, effects=frozenset())
    try:
        last = await last_event(made, question)
    finally:
        with suppress(NotFound):
            await made.sessions.clear(LOCAL, str(question.session_id), "")
    if not isinstance(last, Done):
        print(f"{name}: does not answer: {getattr(last, 'message', 'the turn was stopped')}")
        return ERROR
    tokens = f"{last.usage.input_tokens} + {last.usage.output_tokens} tokens"
    said = " ".join(last.reply.split())[:60]
    print(f"{name}: answers in {time.monotonic() - begin:.1f} s, {tokens}: {said}")
    return OK


def _print_model(model: Mapping[str, Any]) -> None:
    state = "answers" if model["reachable"] else f"does not answer: {model['why']}"
    print(f"{model['id']}{' (default)' if model['default'] else ''}: {state}")
    for name in model["models"]:
        if name != model["id"]:
            print(f"    -m {model['id'].partition(':')[0]}:{name}")


def _facts(session: Session) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "notebook_id": session.notebook_id,
        "title": session.title,
        "turn_count": session.turn_count,
        "last_activity": session.last_activity,
    }


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
