"""Our values as JSON text: responses and the frames of an event stream."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jupyter_agent.messages import Event

KEEP_ALIVE = b": keep-alive\n\n"


def plain(value: Any) -> Any:
    """Dataclasses, mappings and tuples as plain JSON data; what JSON has no number for becomes null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    return str(value)


def json_text(value: Any) -> str:
    """JSON on one line, in ASCII: neither a line break nor a lone surrogate can leave this way."""
    return json.dumps(plain(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def frame(number: int, event: Event) -> bytes:
    """One event of a stream; its data is one line, so that no text can forge another event."""
    return f"id: {number}\nevent: {event.event}\ndata: {json_text(event)}\n\n".encode("ascii")


def timestamp(seconds: float) -> str:
    """A stored stamp as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
