"""`jupyter agent sessions` and `jupyter agent models`: what there is, as lines or as JSON."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.agent.commands import summary
from jupyter_agent.agent.replay import last_event
from jupyter_agent.cli.arguments import ERROR, OK
from jupyter_agent.cli.context import notebook_id, open_assistant, print_json, print_note, print_text
from jupyter_agent.core.errors import AgentError, NotFound
from jupyter_agent.core.events import Done
from jupyter_agent.core.question import Question
from jupyter_agent.core.text import spelled_out
from jupyter_agent.kernelside.wire import count
from jupyter_agent.sessions.claim import CLAIM, claim, unclaimed

CLAIM_LATER = "Not claimed, because they are damaged or being answered"
TEST = "This is a test of the connection. Answer with the word: ready."


async def sessions(arguments: argparse.Namespace) -> int:
    """List conversations, or claim those from before there were owners; the exit code."""
    async with open_assistant(needs_store=True) as assistant:
        owner = assistant.owner
        if arguments.claim:
            claimed = await claim(assistant.sessions, owner)
            print(f"Claimed: {count(claimed.moved, 'conversation')}.")
            if claimed.deleted:
                print(f"Claimed of those deleted, which can still be restored: {claimed.deleted}.")
            if claimed.left:
                print(f"{CLAIM_LATER}: {claimed.left}. Try again later.", file=sys.stderr)
            return OK
        notebook = notebook_id(arguments.notebook) or None
        page = await assistant.sessions.find(owner, notebook_id=notebook, text=arguments.text, limit=arguments.limit)
        if waiting := await unclaimed(assistant.sessions.store, owner):
            print_note(CLAIM.format(count(waiting, "conversation")))
    if arguments.json:
        entries = [{**summary(session), "last_activity": session.last_activity} for session in page.sessions]
        print_json(entries)
        return OK
    for session in page.sessions:
        active = datetime.fromtimestamp(session.last_activity).astimezone().strftime("%Y-%m-%d %H:%M")
        questions = f"{session.depth:>4} {'question ' if session.depth == 1 else 'questions'}"
        title = " ".join(session.title.split())
        print_text(
            f"{session.id}  {active}  {questions}  {spelled_out(session.notebook_id) or '-'}  {spelled_out(title)}"
        )
    if not page.sessions:
        print_text("There are no conversations.", error=True)
    return OK


async def models(arguments: argparse.Namespace) -> int:
    """List providers and whether they answer; 1 if the configured one, or the one tested, does not."""
    async with open_assistant() as assistant:
        if arguments.test is not None:
            return await _test_model(assistant, arguments.test or assistant.default_model)
        models = await asyncio.to_thread(assistant.models_json)
        providers = await asyncio.gather(*(_provider_status(assistant, model) for model in models))
    if arguments.json:
        print_json(providers)
    else:
        without_key = [each for each in providers if "missing_key" in each and not each["default"]]
        others = [each for each in providers if each not in without_key]
        for provider in sorted(others, key=lambda provider: not (provider["default"] or provider["reachable"])):
            state = "answers" if provider["reachable"] else f"does not answer: {provider['why']}"
            print_text(f"{provider['id']}{' (default)' if provider['default'] else ''}: {state}")
            for name in provider["models"]:
                if name != provider["id"]:
                    print_text(f"    -m {provider['id'].partition(':')[0]}:{name}")
        if without_key:
            names = ", ".join(f"{provider['id']} ({provider['missing_key']})" for provider in without_key)
            print_text(f"For these set a key, in the environment or in the panel's settings: {names}")
    return OK if providers[0]["reachable"] else ERROR


async def _provider_status(assistant: Assistant, model: Mapping[str, Any]) -> dict[str, Any]:
    """A provider with the models that it offers, or with why it does not answer, as JSON data."""
    status: dict[str, Any] = {**model, "reachable": True, "models": []}
    try:
        list_models = getattr(assistant.model(model["id"]), "models", None)  # optional for a third party's provider
        status["models"] = list(await list_models()) if list_models is not None else []
    except AgentError as error:
        status |= {"reachable": False, "why": error.message}
    return status


async def _test_model(assistant: Assistant, name: str) -> int:
    """Ask a model a question, which costs a few tokens, in a conversation that is removed again."""
    begin = time.monotonic()
    question = Question(
        owner=assistant.owner, query=TEST, session_id=f"test-{uuid4().hex}", model=name, effects=frozenset()
    )
    try:
        last = await last_event(assistant, question)
    finally:
        with suppress(NotFound):
            await assistant.sessions.clear(assistant.owner, str(question.session_id), "")
    if not isinstance(last, Done):
        print_text(f"{name}: does not answer: {getattr(last, 'message', 'the turn was stopped')}")
        return ERROR
    cached = f" ({last.usage.cached_tokens} from the cache)" if last.usage.cached_tokens else ""
    tokens = f"{last.usage.input_tokens}{cached} + {last.usage.output_tokens} tokens"
    reply = " ".join(last.reply.split())[:60]
    print_text(f"{name}: answers in {time.monotonic() - begin:.1f} s, {tokens}: {reply}")
    return OK
