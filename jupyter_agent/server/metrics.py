"""Figures on Jupyter's own `/metrics`; no label has a user's text, and each has a bounded number of values."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from prometheus_client import Counter, Gauge, Histogram

from jupyter_agent.core.errors import AgentError

if TYPE_CHECKING:
    from jupyter_agent.core.messages import Usage
    from jupyter_agent.core.protocols import SessionStore

_SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
_STORE_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
TURNS = Counter("jupyter_agent_turns", "Turns by how they ended.", ["status"])
TURN_SECONDS = Histogram("jupyter_agent_turn_seconds", "How long turns took.", buckets=_SECONDS)
FIRST_TOKEN_SECONDS = Histogram("jupyter_agent_first_token_seconds", "Until an answer's first word.", buckets=_SECONDS)
TOKENS = Counter(
    "jupyter_agent_tokens", "Tokens by model and direction; those cached are input, too.", ["model", "direction"]
)
TOOL_CALLS = Counter("jupyter_agent_tool_calls", "Calls of tools by how they ended.", ["tool", "status"])
APPROVALS = Counter("jupyter_agent_approvals", "Approvals by decision.", ["decision"])
STORE_SECONDS = Histogram(
    "jupyter_agent_store_seconds", "How long the store took.", ["operation"], buckets=_STORE_SECONDS
)
STORE_ERRORS = Counter("jupyter_agent_store_errors", "Failures of the store.", ["operation", "code"])
KERNELS = Gauge("jupyter_agent_kernels_watched", "Kernels whose variables are known.")
OTHER = "other"
_OPERATIONS = frozenset({"create", "read", "commit", "turn", "path", "find", "count", "owners", "delete"})


class BoundedLabel:
    """Values of one label: the first ones as they are, then `other`.

    Args:
        most: How many different ones there may be.
    """

    def __init__(self, most: int = 50) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        if value not in self._known:
            if len(self._known) >= self._most or len(value) > 100 or not value.isprintable():
                return OTHER
            self._known.add(value)
        return value


MODEL_LABEL = BoundedLabel()
TOOL_LABEL = BoundedLabel(100)


def count_tokens(model: str, usage: Usage) -> None:
    """Tokens of one request to a model."""
    label = MODEL_LABEL(model)
    TOKENS.labels(label, "input").inc(max(0, usage.input_tokens))
    TOKENS.labels(label, "output").inc(max(0, usage.output_tokens))
    TOKENS.labels(label, "cached").inc(max(0, usage.cached_tokens))


class _MeasuredStore:
    """Counts the seconds and the failures of a store's operations."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._store, name)
        if name in _OPERATIONS:
            attribute = _measured(name, attribute)
            setattr(self, name, attribute)
        return attribute


def measured(store: SessionStore) -> SessionStore:
    """The same store, measured."""
    return cast("SessionStore", _MeasuredStore(store))


def _measured(operation: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    seconds = STORE_SECONDS.labels(operation)

    @wraps(method)
    async def call(*args: Any, **kwargs: Any) -> Any:
        began = time.monotonic()
        try:
            return await method(*args, **kwargs)
        except AgentError as error:
            if error.status >= 500:
                STORE_ERRORS.labels(operation, error.code).inc()
            raise
        except Exception:  # whatever a store of others raises is counted and goes on its way
            STORE_ERRORS.labels(operation, "internal").inc()
            raise
        finally:
            seconds.observe(time.monotonic() - began)

    return call
