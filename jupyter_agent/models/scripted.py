"""A model that reads its lines from a script: for tests, demonstrations and replays; sends nothing anywhere."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from jupyter_agent.core import errors
from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta, ThinkingDelta
from jupyter_agent.core.messages import Message, ToolCall, Usage
from jupyter_agent.core.text import without_context

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from jupyter_agent.config.options import JupyterAgent
    from jupyter_agent.core.protocols import ToolSpec

_FINISHES = ("stop", "length", "tool_calls", "refused")


@dataclass(frozen=True, slots=True)
class Request:
    """What the model was asked, kept for tests to look at."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]


class ScriptedModel:
    """Answers from a list of steps; the same messages always get the same answer.

    A step is a mapping, all keys optional: ``thinking`` (thought first), ``text`` (said then), ``chunks`` (pieces it comes in, 1), ``delay`` (seconds
    before each piece), ``calls`` (list of ``{"name", "arguments", "extra"}``; arguments as an object, or as text to be sent as it
    is), ``finish`` (why it ends), ``extra`` (wanted back within the turn), ``usage`` (``{"input_tokens", "output_tokens"}``), ``error`` (code of an upstream error
    raised after the text), ``message`` (its words), ``match`` (regular expression looked for in the last question, then in what is known with it).

    Where steps match the last user message only those are played, else those without ``match``. The first is played right
    after the user's message, the second after the first has been answered by tool results, and so on; the last is repeated.

    Args:
        replies: The steps; a plain string is a step with that text. None: the user's words are said back.
        path: A JSON file with the list of steps, read when first needed.
    """

    name = "scripted"

    def __init__(self, replies: Sequence[Mapping[str, Any] | str] | None = None, *, path: str = "") -> None:
        self.requests: list[Request] = []
        self._path = path
        self._steps = None if replies is None else [_step(reply) for reply in replies]

    @classmethod
    def from_config(cls, config: JupyterAgent, model: str) -> Self:  # noqa: ARG003 - every provider is built this way
        """Build for ``scripted:<path of a JSON file>``; ``scripted`` alone says the user's words back."""
        return cls(path=model)

    @staticmethod
    def check_model(model: str) -> None:
        """Refuse what is no script.

        Raises:
            UnknownModel: it cannot be read.
        """
        if model:
            _read(model)

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        """Play one step.

        Raises:
            UpstreamError: the step says so, or the deadline has passed.
            UnknownModel: the script cannot be read.
        """
        self.requests.append(Request(tuple(messages), tuple(tools)))
        step = await self._next(messages)
        text, delay = str(step.get("text", "")), float(step.get("delay", 0))
        if thinking := step.get("thinking"):
            yield ThinkingDelta(str(thinking))
        size = max(1, -(-len(text) // max(1, int(step.get("chunks", 1)))))
        for start in range(0, len(text), size):
            left = deadline - time.monotonic()
            if delay:
                await asyncio.sleep(max(0.0, min(delay, left)))
            if delay > left:
                raise errors.UpstreamTimeout("The model did not answer in time. Ask again, or give it more time.")
            yield TextDelta(text[start : start + size])
        if "error" in step:
            kinds = {kind.code: kind for kind in errors.UpstreamError.__subclasses__()}
            kind = kinds.get(str(step["error"]), errors.UpstreamError)
            raise kind(str(step.get("message", "The script says so.")))
        calls = _calls(step, messages)
        for call in calls:
            yield call
        reason, usage = step.get("finish", "tool_calls" if calls else "stop"), Usage(**step.get("usage", {}))
        yield ModelFinished(reason, usage, step.get("extra", {}))

    async def models(self) -> tuple[str, ...]:
        """A script has one voice."""
        return ("scripted",)

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def _next(self, messages: Sequence[Message]) -> Mapping[str, Any]:
        message = next((message.content for message in reversed(messages) if message.role == "user"), "")
        asked = without_context(message)
        if self._steps is None and self._path:
            self._steps = await asyncio.to_thread(_read, self._path)
        if self._steps is None:
            return {"text": f"You said: {asked}"}
        conditional = [step for step in self._steps if "match" in step]
        matching = [step for step in conditional if re.search(step["match"], asked)]
        matching = matching or [step for step in conditional if re.search(step["match"], message)]
        playable = matching or [step for step in self._steps if "match" not in step]
        if not playable:
            raise errors.UpstreamProtocol("The script has no step for this question. Add one without 'match'.")
        answered = 0
        for earlier in reversed(messages):
            if earlier.role == "user":
                break
            answered += earlier.role == "assistant"
        return playable[min(answered, len(playable) - 1)]


def _read(path: str) -> list[Mapping[str, Any]]:
    try:
        return [_step(step) for step in json.loads(Path(path).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise errors.UnknownModel(
            "The script of the model 'scripted' cannot be read. Give it as scripted:<path of a JSON list of steps>."
        ) from error


def _step(reply: Mapping[str, Any] | str) -> Mapping[str, Any]:
    step = {"text": reply} if isinstance(reply, str) else reply
    if step.get("finish", "stop") not in _FINISHES:
        raise errors.UnknownModel(f"A step's 'finish' must be one of {', '.join(_FINISHES)}.")
    return step


def _calls(step: Mapping[str, Any], messages: Sequence[Message]) -> list[ToolCall]:
    """The step's calls, with ids that no earlier call of the conversation has."""
    used = {call.id for message in messages for call in message.tool_calls}
    calls: list[ToolCall] = []
    number = len(used)
    for call in step.get("calls", ()):
        number += 1
        while f"call_{number}" in used:
            number += 1
        arguments = call.get("arguments", {})
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        calls.append(ToolCall(f"call_{number}", str(call["name"]), text, call.get("extra", {})))
    return calls
