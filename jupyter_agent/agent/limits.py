"""Where a turn ends even if the model would go on: time, steps, calls, tokens, cost."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jupyter_agent.core.messages import Action, Effect, FinishReason, Message, ToolCall, Usage
from jupyter_agent.core.text import estimate_tokens

if TYPE_CHECKING:
    from jupyter_agent.config.options import JupyterAgent
    from jupyter_agent.core.question import Question

_LIMITS: Mapping[FinishReason, str] = {
    "deadline": "the time for this answer is used up",
    "max_steps": "the model was asked as often as one answer may ask it",
    "max_tool_calls": "this answer has used all its tool calls",
    "max_write_calls": "this answer has used all its runs and edits",
    "max_tokens": "this answer has used all its tokens",
    "max_cost": "this answer has used all its money",
    "repeated_call": "the model asked for the same thing again and again",
}
#: What a server may say of one answer and be believed.
_MOST_TOKENS = 100_000_000
#: Calls in a row that cannot be understood.
_MOST_INVALID = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a turn ends; what is allowed unasked.

    Attributes:
        deadline: On `time.monotonic()`.
        max_tokens: Sent and received, in all requests of the turn; 0 sets no limit.
        max_cost: In US dollars, where the model's server tells it; 0 sets no limit.
        approval: ``read-only``, ``ask``, ``auto-edit`` or ``auto``; from the user, never from the model.
        effects: What the user may do at all; tools of other effects are not offered.
    """

    deadline: float
    max_steps: int = 10
    max_tool_calls: int = 25
    max_write_calls: int = 15
    max_repeated_calls: int = 2
    max_tokens: int = 0
    max_cost: float = 0.0
    approval: str = "ask"
    effects: frozenset[str] = frozenset({"read", "execute", "write"})

    @classmethod
    def of(cls, question: Question, options: JupyterAgent, *, approval: str, began: float) -> Limits:
        """What holds for one turn: the question may ask for less than the options allow.

        Args:
            question: With its own limits.
            options: Those of the server.
            approval: The mode that holds.
            began: When the turn did, on `time.monotonic()`.
        """
        return cls(
            deadline=began + (question.deadline_seconds or options.deadline_seconds),
            max_steps=min(options.max_steps, question.max_steps or options.max_steps),
            max_tool_calls=min(options.max_tool_calls, question.max_tool_calls or options.max_tool_calls),
            max_write_calls=min(options.max_write_calls, question.max_write_calls or options.max_write_calls),
            max_repeated_calls=options.max_repeated_calls,
            max_tokens=options.max_tokens,
            max_cost=options.max_cost,
            approval=approval,
            effects=question.effects,
        )

    @property
    def remaining(self) -> float:
        """Seconds for what is begun now, never none at all."""
        return max(0.1, self.deadline - time.monotonic())


@dataclass(slots=True)
class Budget:
    """What a turn has used of its limits."""

    limits: Limits
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    _invalid: int = 0

    def before_step(self, usage: Usage) -> FinishReason | None:
        """Why the model is not asked again."""
        limits = self.limits
        if time.monotonic() >= limits.deadline:
            return "deadline"
        if 0 < limits.max_tokens <= usage.input_tokens + usage.output_tokens:
            return "max_tokens"
        return "max_cost" if 0 < limits.max_cost <= usage.cost else None

    def before_call(self, call: ToolCall, effect: Effect, actions: Sequence[Action]) -> FinishReason | None:
        """Why a call is not made."""
        limits = self.limits
        if time.monotonic() >= limits.deadline:
            return "deadline"
        if len(actions) >= limits.max_tool_calls:
            return "max_tool_calls"
        if effect != "read" and sum(one.effect != "read" for one in actions) >= limits.max_write_calls:
            return "max_write_calls"
        self._seen[same_call(call)] += 1
        if self._invalid >= _MOST_INVALID or self._seen[same_call(call)] > limits.max_repeated_calls:
            return "repeated_call"
        return None

    def understood(self, whether: bool) -> None:
        """Count calls in a row that could not be understood."""
        self._invalid = 0 if whether else self._invalid + 1


def why(reason: FinishReason | None) -> str:
    """A limit in words; empty where none was reached."""
    return _LIMITS.get(reason or "stop", "")


def same_call(call: ToolCall) -> tuple[str, str]:
    """Equal for calls that ask for the same, however the arguments are written."""
    try:
        return call.name, json.dumps(json.loads(call.arguments or "{}"), sort_keys=True)
    except (ValueError, RecursionError):
        return call.name, call.arguments


def believed(usage: Usage, sent: Sequence[Message], said: Message) -> Usage:
    """What a model's server says it used; estimated where it says nothing, or what cannot be."""
    tokens = (usage.input_tokens, usage.output_tokens)
    if any(tokens) and all(0 <= one <= _MOST_TOKENS for one in tokens):
        return usage if 0 <= usage.cost < _MOST_TOKENS else Usage(*tokens)
    calls = "".join(one.name + one.arguments for one in said.tool_calls)
    return Usage(sum(estimate_tokens(one.content) for one in sent), estimate_tokens(said.content + calls))
