"""An assistant whose model is a script."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from jupyter_agent.agent.assistant import Assistant, Resources
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.events import Done, Event
from jupyter_agent.core.protocols import Model, SessionStore, Tool
from jupyter_agent.core.question import Question
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores.memory import MemoryStore


def assistant_with(
    model: Model, tools: Mapping[str, Tool] | None = None, *, store: SessionStore | None = None, **options: Any
) -> Assistant:
    """An assistant that asks one model, and withholds one password."""
    redactor = Redactor(["hunter2hunter2"])
    resources = Resources(JupyterAgent(model="scripted", **options), dict(tools or {}), redactor)
    resources.models["scripted"] = model
    return Assistant(resources, SessionManager(store or MemoryStore(), redactor=redactor))


async def events_of(assistant: Assistant, question: Question) -> list[Event]:
    """All events of one turn."""
    async with aclosing(assistant.ask(question)) as events:
        return [event async for event in events]


async def done(assistant: Assistant, question: Question) -> Done:
    """How a turn ends that does not fail."""
    last = (await events_of(assistant, question))[-1]
    assert isinstance(last, Done), last
    return last


class ScriptedAssistant:
    """An assistant whose model is a script."""

    def __init__(self, script: list[Any], **options: Any) -> None:
        self.model = ScriptedModel(script)
        self.store = MemoryStore()
        self.assistant = assistant_with(self.model, store=self.store, **options)

    async def ask(self, query: str, **more: Any) -> list[Event]:
        return await events_of(self.assistant, Question("local", query, **more))

    async def done(self, query: str, **more: Any) -> Done:
        return await done(self.assistant, Question("local", query, **more))
