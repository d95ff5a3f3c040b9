"""OpenTelemetry spans of turns by the GenAI conventions, where its SDK is installed; what was asked and answered is not in them."""

from __future__ import annotations

import time
from functools import cache
from importlib.util import find_spec
from typing import Any


@cache
def tracer() -> Any:
    """The process's tracer; None without the SDK."""
    try:
        is_installed = find_spec("opentelemetry.sdk") is not None
    except ImportError:
        is_installed = False
    if not is_installed:
        return None
    from opentelemetry import trace

    return trace.get_tracer("jupyter_agent")


class TurnSpans:
    """The spans of one turn: `invoke_agent`, below it `chat` for each request to the model and `execute_tool` for each call."""

    def __init__(self) -> None:
        self._tracer = tracer()
        self._turn: Any = None
        self._parent: Any = None
        self._tools: dict[str, Any] = {}
        self._provider = self._model = ""
        self._request_began = 0
        self._tokens = (0, 0)

    def begin(self, model: str, session_id: str) -> None:
        """The turn has begun."""
        if self._tracer is None:
            return
        from opentelemetry import trace

        self._provider, _, name = model.partition(":")
        self._model = name or model
        fields: dict[str, Any] = {"gen_ai.conversation.id": session_id, "gen_ai.agent.name": "jupyter-agent"}
        self._turn = self._start("invoke_agent", "jupyter-agent", **fields)
        self._parent = trace.set_span_in_context(self._turn)
        self._request_began = time.time_ns()

    def answered(self, input_tokens: int, output_tokens: int) -> None:
        """A request to the model has ended; the tokens are those of the turn so far."""
        if self._turn is not None:
            span = self._start("chat", self._model, start_time=self._request_began)
            span.set_attribute("gen_ai.usage.input_tokens", input_tokens - self._tokens[0])
            span.set_attribute("gen_ai.usage.output_tokens", output_tokens - self._tokens[1])
            self._tokens = (input_tokens, output_tokens)
            span.end()

    def tool_began(self, call_id: str, tool: str) -> None:
        """A tool is about to run."""
        if self._turn is not None:
            fields: dict[str, Any] = {"gen_ai.tool.name": tool, "gen_ai.tool.call.id": call_id}
            self._tools[call_id] = self._start("execute_tool", tool, **fields)

    def tool_ended(self, call_id: str, error: str) -> None:
        """A tool has run, or was refused; empty where it did not fail."""
        if (span := self._tools.pop(call_id, None)) is not None:
            _end(span, error)
            self._request_began = time.time_ns()

    def end(self, error: str) -> None:
        """The turn has ended; empty where it did not fail."""
        for span in self._tools.values():
            _end(span, "interrupted")
        self._tools.clear()
        if self._turn is not None:
            if error.startswith("upstream_"):  # the request to the model that failed
                _end(self._start("chat", self._model, start_time=self._request_began), error)
            for name, count in zip(("input", "output"), self._tokens, strict=True):
                self._turn.set_attribute(f"gen_ai.usage.{name}_tokens", count)
            _end(self._turn, error)
            self._turn = None

    def _start(self, operation: str, name: str, *, start_time: int | None = None, **fields: str) -> Any:
        from opentelemetry.trace import SpanKind

        attributes = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": self._provider,
            "gen_ai.request.model": self._model,
            **fields,
        }
        kind = SpanKind.CLIENT if operation == "chat" else SpanKind.INTERNAL
        return self._tracer.start_span(
            f"{operation} {name}", context=self._parent, kind=kind, attributes=attributes, start_time=start_time
        )


def _end(span: Any, error: str) -> None:
    if error:
        from opentelemetry.trace import Status, StatusCode

        span.set_attribute("error.type", error)
        span.set_status(Status(StatusCode.ERROR))
    span.end()
