"""What is seen of one turn from outside: its audit events, its figures and its spans."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.events import (
    ApprovalAsked,
    Done,
    Event,
    Failed,
    TextDelta,
    ThinkingDelta,
    ToolCalled,
    ToolReturned,
    TurnStarted,
    UsageReported,
)
from jupyter_agent.core.messages import Usage, to_json
from jupyter_agent.core.text import sha256_hex
from jupyter_agent.server import metrics
from jupyter_agent.server.audit import Audit
from jupyter_agent.server.tracing import TurnSpans


@dataclass(slots=True)
class TurnObservation:
    """Takes in the events of a turn in their order.

    Attributes:
        audit: Where its events go.
        owner: Whose turn it is.
        notebook_id: Of its notebook; empty without one.
        query: The question, redacted; empty for a single call of another agent.
        session_id: Of its conversation, once it has begun.
        turn_id: Its own.
        model: Who answers.
        by: The signed-in user.
    """

    audit: Audit
    owner: str
    notebook_id: str = ""
    query: str = ""
    session_id: str = ""
    turn_id: str = ""
    model: str = ""
    by: str | None = None
    _began: float = field(default_factory=time.monotonic)
    _first_token: float | None = None
    _usage: Usage = Usage()
    _calls: dict[str, tuple[ToolCalled, float]] = field(default_factory=dict)
    _asked: dict[str, tuple[ApprovalAsked, float]] = field(default_factory=dict)
    _count: int = 0
    _reply: list[str] = field(default_factory=list)
    _message: int = 0  # where the newest message begins in the reply
    _spans: TurnSpans = field(default_factory=TurnSpans)

    def on_event(self, event: Event) -> None:
        """One event that is not the last."""
        match event:
            case TextDelta():
                self._reply.append(event.text)
                if self._first_token is None:
                    self._first_token = time.monotonic() - self._began
                    metrics.FIRST_TOKEN_SECONDS.observe(self._first_token)
            case ThinkingDelta() if event.replaces_text:
                del self._reply[self._message :]
            case TurnStarted():
                self.session_id, self.turn_id, self.model = event.session_id, event.turn_id, event.model
                self._spans.begin(event.model, event.session_id)
                asked = {"question_sha256": sha256_hex(self.query), "question_characters": len(self.query)}
                self._emit("turn", {"question": self.query}, action="begun", model=event.model, **asked)
            case UsageReported():
                metrics.count_tokens(self.model, event.usage - self._usage)
                self._usage, self._message = event.usage, len(self._reply)
                self._spans.answered(event.input_tokens, event.output_tokens)
            case ToolCalled():
                self._calls[event.call_id] = (event, time.monotonic())
                self._count += 1
                self._spans.tool_began(event.call_id, event.tool)
            case ApprovalAsked():
                self._asked[event.call_id] = (event, time.monotonic())
                call: dict[str, Any] = {
                    "call_id": event.call_id,
                    "tool": event.tool,
                    "effect": event.effect,
                    "digest": event.digest,
                }
                reasons = [reason.code for reason in event.reasons]
                self._emit("approval", {"preview": event.preview}, action="asked", reasons=reasons, **call)
            case ToolReturned():
                self._tool_returned(event)

    def answered(self, call_id: str, decision: str, by: str) -> None:
        """Somebody has answered an approval."""
        if (asked := self._asked.pop(call_id, None)) is None:
            return
        metrics.APPROVALS.labels(decision).inc()
        event, began = asked
        call: dict[str, Any] = {"call_id": call_id, "tool": event.tool, "effect": event.effect, "digest": event.digest}
        seconds = round(time.monotonic() - began, 3)
        self._emit("approval", action="answered", decision=decision, by=by, seconds=seconds, **call)

    def end(self, end: Event | BaseException) -> None:
        """How it ended; an exception where it never began."""
        status = "refused" if isinstance(end, BaseException) else end.event
        seconds = time.monotonic() - self._began
        metrics.TURNS.labels(status).inc()
        metrics.TURN_SECONDS.observe(seconds)
        code = end.code if isinstance(end, (Failed, AgentError)) else "internal" if status == "refused" else None
        self._spans.end("" if isinstance(end, Done) else code or status)
        for call_id in tuple(self._asked):
            self.answered(call_id, "unanswered", "")
        reply = end.reply if isinstance(end, Done) else "".join(self._reply)
        self._emit(
            "turn",
            {"question": self.query, "reply": reply},
            action="ended",
            status=status,
            code=code,
            finish_reason=end.finish_reason if isinstance(end, Done) else None,
            model=self.model,
            seconds=round(seconds, 3),
            first_token_seconds=None if self._first_token is None else round(self._first_token, 3),
            input_tokens=self._usage.input_tokens,
            output_tokens=self._usage.output_tokens,
            tool_calls=self._count,
            reply_characters=len(reply),
        )

    def _tool_returned(self, event: ToolReturned) -> None:
        called, began = self._calls.pop(event.call_id, (None, self._began))
        tool = metrics.OTHER if event.code == "unknown_tool" else metrics.TOOL_LABEL(event.tool)
        metrics.TOOL_CALLS.labels(tool, event.status).inc()
        self._spans.tool_ended(event.call_id, "" if event.status == "done" else event.code or event.status)
        arguments: Any = to_json(called.arguments) if called is not None else {}
        text = json.dumps(arguments, sort_keys=True)
        call: dict[str, Any] = {"call_id": event.call_id, "tool": event.tool}
        self._emit(
            "tool",
            {"arguments": arguments, "result": event.content},
            effect=called.effect if called is not None else "read",
            status=event.status,
            code=event.code or None,
            seconds=round(time.monotonic() - began, 3),
            arguments_sha256=sha256_hex(text),
            arguments_characters=len(text),
            result_characters=len(event.content),
            **call,
        )
        # A cell that was written and run is written, however the run ended.
        is_done = event.status == "done" or event.code in ("exception", "interrupted", "timeout")
        if called is not None and "write" in (called.effect, *called.effects) and is_done:
            source, cell_id = arguments.get("source"), arguments.get("cell_id")
            written = {"source": source} if isinstance(source, str) else {}
            sizes = {"source_sha256": sha256_hex(source), "source_characters": len(source)} if written else {}
            self._emit("edit", written, cell_id=cell_id if isinstance(cell_id, str) else None, **call, **sizes)

    def _emit(self, kind: Any, content: dict[str, Any] | None = None, **fields: Any) -> None:
        ids = {"session_id": self.session_id or None, "turn_id": self.turn_id or None, "by": self.by}
        self.audit.emit(kind, content, **{**ids, "owner": self.owner, "notebook_id": self.notebook_id, **fields})
