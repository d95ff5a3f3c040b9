"""A turn's events without secrets, even where one comes in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.events import Event, TextDelta, ThinkingDelta, ToolCalled
from jupyter_agent.redaction.redactor import Redactor


async def redact_events(events: AsyncGenerator[Event, None], redactor: Redactor) -> AsyncGenerator[Event, None]:
    """The same events, each text held back until it is sure that no secret begins at its end."""
    stream, thinking = redactor.stream(), redactor.stream()
    failure: AgentError | None = None
    async with aclosing(events):
        try:
            async for event in events:
                if isinstance(event, ThinkingDelta):
                    if event.replaces_text:
                        for text in filter(None, [stream.flush()]):
                            yield TextDelta(text)
                        yield ThinkingDelta(thinking.feed(event.text) + thinking.flush(), replaces_text=True)
                    elif text := thinking.feed(event.text):
                        yield ThinkingDelta(text)
                    continue  # a secret of the answer may go on after it
                if text := thinking.flush():
                    yield ThinkingDelta(text)
                text = stream.feed(event.text) if isinstance(event, TextDelta) else stream.flush()
                if text:
                    yield TextDelta(text)
                if isinstance(event, ToolCalled):
                    yield replace(event, arguments=redactor.mapping(event.arguments))
                elif not isinstance(event, TextDelta):
                    yield event
        except AgentError as error:
            failure = error
    if text := thinking.flush():
        yield ThinkingDelta(text)
    if text := stream.flush():
        yield TextDelta(text)
    if failure is not None:
        raise failure
