"""A model and a tool that fill the context, and what their requests cost."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from jupyter_agent.core.errors import ContextTooLong
from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta
from jupyter_agent.core.messages import Effect, Message, Picture, ToolCall
from jupyter_agent.core.pictures import PICTURE_TOKENS
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.tokens import estimate_tokens
from jupyter_agent.prompt.request import tool_tokens

SCHEMA = {
    "type": "object",
    "properties": {"size": {"type": "integer"}, "pictures": {"type": "integer"}, "source": {"type": "string"}},
}


WORDS = "a line of text that a cell has printed, with 12 numbers and a name_of_something\n"


class Reader:
    """Returns as much as it is asked for."""

    spec = ToolSpec("read", "Reads.", SCHEMA)
    effect: Effect = "read"

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        size = arguments["size"]
        text = (WORDS * (size // len(WORDS) + 1))[:size]
        content = json.dumps({"text": text}) if size % 2 else text
        return ToolOutput(content, pictures=(Picture("image/png", "aGk="),) * arguments["pictures"])


class Player:
    """Makes the calls of a list, one message after the other, and keeps what it was sent; its server may take less than the budget."""

    name = "player"

    def __init__(self, steps: Sequence[Sequence[Mapping[str, Any]]], window: int = 10**9, tool: str = "read") -> None:
        self.requests: list[list[Message]] = []
        self.costs: list[int] = []
        self._steps = iter(steps)
        self._window = window
        self._tool = tool

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        cost = cost_of(messages, tools)
        if cost > self._window:
            raise ContextTooLong("The context is too long.")
        self.requests.append(list(messages))
        self.costs.append(cost)
        calls = next(self._steps, None)
        if calls is None:
            yield TextDelta("Done.")
        for number, arguments in enumerate(calls or ()):
            yield ToolCall(f"c{len(self.requests)}_{number}", self._tool, json.dumps(arguments))
        yield ModelFinished("stop" if calls is None else "tool_calls")

    async def close(self) -> None:
        """Nothing to let go of."""


def cost_of(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> int:
    cost = tool_tokens(tools, estimate_tokens)
    for message in messages:
        cost += 4 + estimate_tokens(message.content) + PICTURE_TOKENS * len(message.pictures)
        cost += sum(
            4 + estimate_tokens(call.id + call.name) + estimate_tokens(call.arguments) for call in message.tool_calls
        )
    return cost
