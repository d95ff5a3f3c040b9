"""Calls that a model makes again although nothing has changed since: the model is told so once, then the turn ends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from jupyter_agent.agent.limits import call_key
from jupyter_agent.core.messages import ActionStatus, ToolCall
from jupyter_agent.core.protocols import ToolOutput
from jupyter_agent.core.text import sha256_hex

NOTE = "You have this already: you made the same call, and nothing has changed since. Use it, or do something else."
_NOT_MADE = "the same call was made before with the same result, so it was not made again."
_REFUSED = ("denied", "needs_approval")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a call ended: in which version of kernel and notebook, with what, and how often in a row."""

    version: int
    digest: str
    status: ActionStatus
    output: ToolOutput
    count: int = 1
    warned_in_step: int | None = None


@dataclass(slots=True)
class RepeatedCalls:
    """Compares each call of a turn with the same call before.

    Nothing is taken for unchanged that was not looked at: what reads is read again and compared, and what has an effect is
    made a second time unless it was refused.

    Attributes:
        highest: How often the same call may have the same result before the model is told.
        version: Counts changes of kernel and notebook, by the model or by the user, as far as they are known.
        step: Counts the model's messages.
        has_gone_on: Whether the model makes a call again after it was told that it has the result.
    """

    highest: int
    version: int = 0
    step: int = 0
    has_gone_on: bool = False
    _outcomes: dict[tuple[str, str], _Outcome] = field(default_factory=dict)

    def refusal(self, call: ToolCall) -> tuple[ActionStatus, ToolOutput] | None:
        """Why a call with an effect is not made again; None where it is made."""
        known = self._outcomes.get(call_key(call))
        if known is None or known.version != self.version:
            return None
        if known.status in _REFUSED:
            return known.status, known.output
        if known.count < max(2, self.highest):
            return None
        return "failed", ToolOutput.failure("repeated_call", _NOT_MADE)

    def add(self, call: ToolCall, status: ActionStatus, output: ToolOutput, *, version: int) -> str:
        """Take in how a call ended; what the model is to know of it, which is nothing where the call is no repetition.

        Args:
            call: The call.
            status: How it ended.
            output: Its result.
            version: Of kernel and notebook before it.
        """
        key = call_key(call)
        known = self._outcomes.get(key)
        digest = sha256_hex(f"{output.content}\n{output.pictures}\n{output.left_behind}")
        is_repeated = output.code == "repeated_call"
        if known is None or known.version != version or (known.digest != digest and not is_repeated):
            if known is not None and known.digest != digest:
                self.version += 1  # whoever changed it
            self._outcomes[key] = _Outcome(self.version, digest, status, output)
            return ""
        count, warned = known.count + 1, known.warned_in_step
        is_warned = count >= self.highest
        self.has_gone_on |= is_warned and warned is not None and warned < self.step
        step = self.step if is_warned and warned is None else warned
        self._outcomes[key] = _Outcome(self.version, known.digest, known.status, known.output, count, step)
        return NOTE if is_warned else ""

    def forget(self, calls: Collection[ToolCall]) -> None:
        """The model does not have the results of these calls any more."""
        for call in calls:
            self._outcomes.pop(call_key(call), None)
