"""Values as JSON text: responses, and the frames of an event stream."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from jupyter_agent.core.messages import to_json

KEEP_ALIVE = b": keep-alive\n\n"
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


class StreamEvent(Protocol):
    """What can be sent in a stream: a value with the event's name."""

    event: ClassVar[str]


def json_text(value: Any) -> str:
    """JSON on one line, in ASCII: no line break and no lone surrogate is in it."""
    return plain_json_text(to_json(value))


def plain_json_text(value: Any) -> str:
    """The same, of JSON data."""
    return _ENCODER.encode(value)


def frame(number: int, event: StreamEvent) -> bytes:
    """One event of a stream; its data is one line, so that no text can forge another event."""
    return f"id: {number}\nevent: {event.event}\ndata: {json_text(event)}\n\n".encode("ascii")


async def numbered(events: AsyncGenerator[tuple[int, Any], None]) -> AsyncGenerator[bytes, None]:
    """The frames of numbered events."""
    async with aclosing(events):
        async for number, event in events:
            yield frame(number, event)


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC; what no calendar has, as in an imported conversation, is the epoch."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
