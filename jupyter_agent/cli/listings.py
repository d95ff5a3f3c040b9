"""`jupyter agent sessions` and `jupyter agent models`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jupyter_agent.assistant import Assistant
from jupyter_agent.cli.desk import assistant, notebook_id
from jupyter_agent.cli.run import ERROR, OK
from jupyter_agent.conversation import LOCAL
from jupyter_agent.errors import AgentError
from jupyter_agent.session import Session


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
    """Show providers and whether they answer; 1 if the one that is configured does not."""
    async with assistant() as made:
        found = [await _reached(made, one) for one in made.models()]
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for one in found:
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
