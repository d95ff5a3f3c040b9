"""A turn's events without secrets, even where one comes in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.messages import Event, TextDelta, ToolCalled
from jupyter_agent.redaction.redactor import Redactor


async def redact_events(events: AsyncGenerator[Event, None], redactor: Redactor) -> AsyncGenerator[Event, None]:
    """The same events, each text held back until it is sure that no secret begins at its end."""
    stream = redactor.stream()
    failure: AgentError | None = None
    async with aclosing(events):
        try:
            async for event in events:
                text = stream.feed(event.text) if isinstance(event, TextDelta) else stream.flush()
                if text:
                    yield TextDelta(text)
                if isinstance(event, ToolCalled):
                    yield replace(event, arguments=redactor.mapping(event.arguments))
                elif not isinstance(event, TextDelta):
                    yield event
        except AgentError as error:
            failure = error
    if text := stream.flush():
        yield TextDelta(text)
    if failure is not None:
        raise failure
