"""The agent's loop played with a script for a model, and tools that record what they are given."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from jupyter_agent.agent.limits import Limits
from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.core.events import Event
from jupyter_agent.core.messages import Effect, Message
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.models.scripted import ScriptedModel

SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}


class Recorder:
    """A third party's tool: says what it was given, and counts."""

    def __init__(self, name: str, effect: Effect, does: Callable[[str], Awaitable[str]] | None = None) -> None:
        self.spec = ToolSpec(name, "Says it back.", SCHEMA)
        self.effect = effect
        self.given: list[str] = []
        self._does = does

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        self.given.append(arguments["text"])
        return ToolOutput(await self._does(arguments["text"]) if self._does else f"got {arguments['text']}")


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def limits(**changes: Any) -> Limits:
    return Limits(**{"deadline": time.monotonic() + 20, **changes})


async def play(
    script: list[Any], tools: list[Recorder], how: Limits | None = None, **agent: Any
) -> tuple[Transcript, list[Event], ScriptedModel]:
    model = ScriptedModel(script)
    transcript = Transcript([Message("system", "s"), Message("user", "q")])
    loop = Agent(model, {tool.spec.name: tool for tool in tools}, how or limits(), **agent)
    async with aclosing(loop.run(transcript, ToolContext(None, None, None))) as events:
        emitted = [event async for event in events]
    return transcript, emitted, model


async def drain(loop: Agent, transcript: Transcript) -> None:
    async with aclosing(loop.run(transcript, ToolContext(None, None, None))) as events:
        async for _ in events:
            pass


def results(transcript: Transcript) -> list[str]:
    return [message.content for message in transcript.messages if message.role == "tool"]
