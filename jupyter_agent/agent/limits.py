"""Where a turn ends even if the model would go on: time, steps, calls, tokens, cost."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jupyter_agent.core.messages import Action, Effect, FinishReason, Message, ToolCall, Usage
from jupyter_agent.core.tokens import estimate_tokens

if TYPE_CHECKING:
    from jupyter_agent.config.options import JupyterAgent
    from jupyter_agent.core.protocols import ToolOutput
    from jupyter_agent.core.question import Question

#: Each limit in words.
EXPLANATIONS: Mapping[FinishReason, str] = {
    "deadline": "the time for this answer is used up",
    "max_steps": "the model was asked as often as one answer may ask it",
    "max_tool_calls": "this answer has used all its tool calls",
    "max_write_calls": "this answer has used all its runs and edits",
    "max_tokens": "this answer has used all its tokens",
    "max_cost": "this answer has used all its money",
    "repeated_call": "the model asked for the same thing again and again",
    "failed_runs": "the model's code failed again and again",
}
#: The most tokens, or dollars, that a server may report for one answer.
_MAX_REPORTED = 100_000_000
#: Seconds that no run takes; timers take no infinity on every system.
_UNLIMITED = 365 * 86_400.0
#: What holds where an option is not set: when the answer is streamed, and else.
_USUAL: Mapping[str, tuple[int, int]] = {"max_steps": (50, 10), "max_tool_calls": (100, 25)}
#: Limits that a request may lower.
_CAPPED = ("deadline_seconds", "max_steps", "max_tool_calls", "max_write_calls")
#: Calls in a row whose arguments cannot be parsed.
_MAX_INVALID_CALLS = 3
#: Runs in a row that fail: with the same error, and with any.
_MAX_SAME_FAILURES = 4
_MAX_FAILURES = 8
_VARIABLE_PART = re.compile(r"\d+|0x[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a turn ends, and what it may do without asking.

    Attributes:
        deadline: On `time.monotonic()`.
        max_steps: How often the model is asked.
        max_tool_calls: Calls of any tool; 0 allows none.
        max_write_calls: Calls that run code or edit; 0 allows none.
        max_repeated_calls: How often the same call may have the same result before the model is told; then the turn ends.
        max_tokens: Sent and received, in all requests of the turn; 0 sets no limit.
        max_cost: In US dollars, where the model's server reports it; 0 sets no limit.
        run_timeout: Seconds that one run of code may take; 0 sets no limit.
        is_run_counted: Whether running code is the turn's time.
        approval_seconds: How long an approval may wait, which is not the turn's time.
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
    run_timeout: float = 0.0
    is_run_counted: bool = True
    approval_seconds: float = 24 * 3600.0
    approval: str = "ask"
    effects: frozenset[str] = frozenset({"read", "execute", "write"})

    @classmethod
    def for_question(cls, question: Question, options: JupyterAgent, *, started: float) -> Limits:
        """The options' limits, lowered to those of the question.

        Args:
            question: With its own limits, and the approval mode that holds.
            options: Upper bounds.
            started: When the turn began, on `time.monotonic()`.
        """

        def lower(name: str, asked: int | None) -> int:
            highest = highest_of(options, name, is_streamed=question.is_streamed)
            return highest if asked is None else min(highest, asked)

        return cls(
            deadline=started + min(options.deadline_seconds, question.deadline_seconds or options.deadline_seconds),
            max_steps=lower("max_steps", question.max_steps),
            max_tool_calls=lower("max_tool_calls", question.max_tool_calls),
            max_write_calls=lower("max_write_calls", question.max_write_calls),
            max_repeated_calls=options.max_repeated_calls,
            max_tokens=options.max_tokens,
            max_cost=options.max_cost,
            run_timeout=options.run_timeout,
            is_run_counted=question.deadline_seconds is not None,
            approval=question.approval or options.approval,
            effects=question.effects,
        )

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, at least a tenth."""
        return max(0.1, self.deadline - time.monotonic())

    @property
    def run_seconds(self) -> float:
        """Seconds that a run of code which begins now may take."""
        return min(self.run_timeout or _UNLIMITED, self.remaining if self.is_run_counted else _UNLIMITED)


def highest_of(options: JupyterAgent, name: str, *, is_streamed: bool) -> int:
    """The value of an option; of some, the usual one where none is set, which is higher where the answer is streamed."""
    value: int | None = getattr(options, name)
    return _USUAL[name][not is_streamed] if value is None else value


def within_ceilings(question: Question, options: JupyterAgent) -> tuple[Question, tuple[str, ...]]:
    """The question with nothing that goes beyond what the administrator has fixed or capped, and what was lowered, in sentences."""
    warnings: list[str] = []
    approval = options.allowed("approval", question.approval or options.approval)
    if question.approval not in (None, approval):
        warnings.append(f"Approval '{question.approval}' is not allowed on this server; '{approval}' holds.")
    model, fixed = question.model, options.lock("model")
    if model and model != options.model and fixed:
        warnings.append(f"The model is {fixed}: '{options.model}' answers, not '{model[:80]}'.")
        model = None
    for name in _CAPPED:
        asked, highest = getattr(question, name), highest_of(options, name, is_streamed=question.is_streamed)
        if asked is not None and asked > highest:
            warnings.append(f"{name} is at most {highest:g} on this server; {asked:g} was asked for.")
    return replace(question, approval=approval, model=model), tuple(warnings)


@dataclass(slots=True)
class LimitTracker:
    """Counts what a turn has used of its limits.

    Attributes:
        limits: They.
        invalid_calls: Calls in a row whose arguments were not valid.
    """

    limits: Limits
    invalid_calls: int = 0
    _failures: list[str] = field(default_factory=list)

    def check_step(self, usage: Usage) -> FinishReason | None:
        """The limit that keeps the model from being asked again; None where there is none."""
        limits = self.limits
        if time.monotonic() >= limits.deadline:
            return "deadline"
        if 0 < limits.max_tokens <= usage.input_tokens + usage.output_tokens:
            return "max_tokens"
        return "max_cost" if 0 < limits.max_cost <= usage.cost else None

    def check_call(self, effect: Effect, actions: Sequence[Action]) -> FinishReason | None:
        """The limit that keeps a call from being made; None where there is none."""
        limits = self.limits
        if time.monotonic() >= limits.deadline:
            return "deadline"
        if len(actions) >= limits.max_tool_calls:
            return "max_tool_calls"
        if effect != "read" and sum(action.effect != "read" for action in actions) >= limits.max_write_calls:
            return "max_write_calls"
        if effect != "read" and self.has_failed_too_often:
            return "failed_runs"
        return "repeated_call" if self.invalid_calls >= _MAX_INVALID_CALLS else None

    def count_run(self, output: ToolOutput) -> None:
        """Count the runs in a row that fail: one that does not has gained something."""
        lines = output.content.strip().splitlines() or [""]
        self._failures = [] if output.ok else [*self._failures, _VARIABLE_PART.sub("", lines[-1])]

    @property
    def has_failed_too_often(self) -> bool:
        """Whether the model has gained nothing by its last runs."""
        last = self._failures[-_MAX_SAME_FAILURES:]
        return len(self._failures) >= _MAX_FAILURES or (len(last) == _MAX_SAME_FAILURES and len({*last}) == 1)


def call_key(call: ToolCall) -> tuple[str, str]:
    """Equal for calls that ask for the same, however their arguments are written."""
    try:
        return call.name, json.dumps(json.loads(call.arguments or "{}"), sort_keys=True)
    except (ValueError, RecursionError):
        return call.name, call.arguments


def checked_usage(usage: Usage, sent_tokens: int, answer: Message) -> Usage:
    """What a model's server reports; the estimate where it reports nothing, or what cannot be."""
    tokens = (usage.input_tokens, usage.output_tokens)
    if any(tokens) and all(0 <= count <= _MAX_REPORTED for count in tokens):
        cost = usage.cost if 0 <= usage.cost < _MAX_REPORTED else 0.0
        return Usage(*tokens, cost, min(max(0, usage.cached_tokens), usage.input_tokens))
    calls = "".join(call.name + call.arguments for call in answer.tool_calls)
    return Usage(sent_tokens, estimate_tokens(answer.content + calls))
