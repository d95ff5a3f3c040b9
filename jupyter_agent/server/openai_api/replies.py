"""A turn as a response of the OpenAI API: one reply, or chunks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from jupyter_agent.core.events import (
    Cancelled,
    Done,
    Event,
    Failed,
    Interrupted,
    TextDelta,
    ThinkingDelta,
    TurnStarted,
    UsageReported,
)
from jupyter_agent.core.messages import ToolCall, Usage, to_json
from jupyter_agent.server.encoding import plain_json_text
from jupyter_agent.server.openai_api.errors import error_body, status_of
from jupyter_agent.server.turns.event_log import HandedOver
from jupyter_agent.server.turns.running_turn import RunningTurn, TurnFailed

_DONE = b"data: [DONE]\n\n"
#: Stands for the text in a chunk that is made once for all texts of a response.
_TEXT = "<text>"
_REASONS = {"stop": "stop", "refused": "content_filter"}
#: So long an answer is waited for before the response begins, whose status could not say that there is none.
_HEAD_SECONDS = 10.0
_SILENT = ("turn", "waiting", "thinking", "usage")


@dataclass(slots=True)
class ChatReply:
    """One response: from the end of the last one to the answer's end, or to calls for the client's tools.

    Attributes:
        turn: Whose events it is made from.
        in_session: Whether the response names the conversation, which the server keeps.
        with_usage: Whether the chunks end with the tokens used.
        after: Number of the event after which it begins.
    """

    turn: RunningTurn
    in_session: bool
    with_usage: bool = False
    after: int = 0
    _created: int = field(default_factory=lambda: int(time.time()))
    _usage: Usage = Usage()
    _calls: tuple[ToolCall, ...] = ()
    _done: Done | None = None

    @property
    def handed_over(self) -> bool:
        """Whether it ended with calls for the client's tools."""
        return bool(self._calls)

    async def whole(self) -> dict[str, Any]:
        """The response in one piece.

        Raises:
            AgentError: the turn could not begin.
            TurnFailed: it ended without an answer.
        """
        async with aclosing(self._events()) as events:
            texts: list[str] = []
            async for event in events:
                if isinstance(event, TextDelta):
                    texts.append(event.text)
                elif isinstance(event, ThinkingDelta) and event.replaces_text:
                    texts.clear()
        text = "".join(texts)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if self._calls:
            message |= {"content": text or None, "tool_calls": [self._call_to_json(call) for call in self._calls]}
        choice = {"index": 0, "message": message, "finish_reason": self._reason(), "logprobs": None}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._used(), **self._session()}

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The response in pieces.

        Raises:
            AgentError: the turn could not begin.
            TurnFailed: it ended before there was anything of an answer.
        """
        is_text_there = False
        with suppress(TimeoutError):
            async with asyncio.timeout(_HEAD_SECONDS):
                is_text_there = await self._answer_begun()
        before = after = b""
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    if isinstance(event, TextDelta) and before:
                        yield before + plain_json_text(event.text).encode() + after
                    elif isinstance(event, TextDelta) or (isinstance(event, TurnStarted) and not is_text_there):
                        # In one piece with the first text, where that is there: a client takes its time for each.
                        yield self._chunk({"role": "assistant", "content": getattr(event, "text", "")})
                        before, _, after = self._chunk({"content": _TEXT}).rpartition(f'"{_TEXT}"'.encode())
        except TurnFailed as end:
            yield _data(error_body(status_of(end), end.message, end.code, retryable=end.retryable))
            return
        if not before:
            yield self._chunk({"role": "assistant", "content": ""})
        for index, call in enumerate(self._calls):
            yield self._chunk({"tool_calls": [{"index": index, **self._call_to_json(call)}]})
        last = self._chunk({}, self._reason(), **self._session())
        if self.with_usage:
            last += _data({**self._head("chat.completion.chunk"), "choices": [], "usage": self._used()})
        yield last + _DONE  # in one write

    async def _answer_begun(self) -> bool:
        """Wait for something of an answer, or for the end; whether that is a text."""
        async with aclosing(self.turn.log.read(self.after)) as numbered:
            async for _, event in numbered:
                if isinstance(event, (Failed, Cancelled, Interrupted)):
                    raise TurnFailed(event)
                if event.event not in _SILENT:
                    return isinstance(event, TextDelta)
        return False

    async def _events(self) -> AsyncGenerator[Event, None]:
        """The events of this response; afterwards it is known how it ends."""
        turn = self.turn
        if self.after and turn.started is not None:
            yield turn.started
        async with aclosing(turn.log.read(self.after)) as numbered:
            async for number, event in numbered:
                if isinstance(event, UsageReported):
                    self._usage = event.usage
                elif isinstance(event, HandedOver):
                    self._calls, turn.handed_over_at = event.calls, max(number, turn.handed_over_at)
                    return
                elif isinstance(event, Done):
                    self._done, self._usage = event, event.usage
                elif isinstance(event, (Failed, Cancelled, Interrupted)):
                    raise TurnFailed(event)
                else:
                    yield event

    def _head(self, kind: str) -> dict[str, Any]:
        started = self.turn.started
        assert started is not None
        return {
            "id": f"chatcmpl-{started.turn_id}",
            "object": kind,
            "created": self._created,
            "model": started.model,
            "system_fingerprint": None,
        }

    def _chunk(self, delta: Mapping[str, Any], reason: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return _data({**self._head("chat.completion.chunk"), "choices": [choice], **more})

    def _call_to_json(self, call: ToolCall) -> dict[str, Any]:
        assert self.turn.started is not None
        call_id = f"{self.turn.started.turn_id}.{call.id}"
        return {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}

    def _reason(self) -> str:
        if self._calls:
            return "tool_calls"
        return _REASONS.get(self._done.finish_reason if self._done is not None else "stop", "length")

    def _used(self) -> dict[str, Any]:
        """Tokens of this response, without those that earlier ones of the same turn have reported."""
        used = self._usage - self.turn.reported_usage
        if self._calls:
            self.turn.reported_usage = self._usage
        return {
            "prompt_tokens": used.input_tokens,
            "completion_tokens": used.output_tokens,
            "total_tokens": used.input_tokens + used.output_tokens,
            "prompt_tokens_details": {"cached_tokens": used.cached_tokens},
        }

    def _session(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if warnings := self._done.warnings if self._done is not None else self.turn.warnings:
            fields["warnings"] = list(warnings)
        if self._done is not None and self._done.grounding.missing:
            fields["grounding"] = to_json(self._done.grounding)
        if not self.in_session or self.turn.started is None:
            return fields
        session_id = self.turn.started.session_id
        fields |= {"sessionId": session_id, "session_id": session_id}
        if self._done is not None:
            fields |= {"messages": to_json(self._done.messages), "reply": self._done.reply}
        return fields


def _data(value: dict[str, Any]) -> bytes:
    return f"data: {plain_json_text(value)}\n\n".encode("ascii")
