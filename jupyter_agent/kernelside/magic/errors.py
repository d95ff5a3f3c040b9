"""Errors of `%agent`, shown in one line; the user's own last error stays the last one for `%debug` and `%tb`."""

from __future__ import annotations

import sys
from typing import Any

_LAST = ("last_exc", "last_type", "last_value", "last_traceback")


class _ShortError(BaseException):
    """Shown by IPython as its text alone; `%debug` and `%tb` afterwards still mean the user's own error."""

    label = ""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._users_error: dict[str, Any] = {name: getattr(sys, name) for name in _LAST if hasattr(sys, name)}

    def _render_traceback_(self) -> list[str]:
        from ..hidden_characters import for_terminal  # here: nothing is loaded with the magic that it does not need yet

        for name, value in self._users_error.items():
            setattr(sys, name, value)
        return [f"{self.label}{for_terminal(str(self))}"]


class AgentFailed(_ShortError, Exception):
    """There is no answer; the message has the reason and what to do."""

    label = "%agent: "


class Stopped(_ShortError, KeyboardInterrupt):
    """The user stopped the answer; the rest of the cell does not run either, as after any interrupt."""


#: Endings of ours; the user who asks about the last error means their own.
OWN_ERRORS = (AgentFailed, Stopped)
