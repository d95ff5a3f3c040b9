"""A Jupyter server that is killed at one named point of a turn: only where a test puts this folder on the path."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

LEASE_SECONDS = 1.0


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str, point: str) -> None:
    """Die before the coroutine function runs, or after it."""
    original = getattr(owner, name)

    async def patched(*args: Any, **kwargs: Any) -> Any:
        if point.startswith("before"):
            die()
        result = await original(*args, **kwargs)
        die()
        return result

    setattr(owner, name, patched)


def on_event(kind: str) -> None:
    """Die when the first event of a kind has been told to the readers."""
    from jupyter_agent.server.turns.running_turn import RunningTurn

    original: Callable[[Any, Any], None] = RunningTurn.emit

    def emit(self: Any, event: Any) -> None:
        original(self, event)
        if event.event == kind:
            die()

    RunningTurn.emit = emit  # type: ignore[method-assign]


def install(point: str) -> None:
    from jupyter_agent.kernels.remote import RemoteKernel
    from jupyter_agent.notebooks.contents import ContentsNotebook
    from jupyter_agent.sessions.lease import Lease
    from jupyter_agent.sessions.manager import SessionManager
    from jupyter_agent.sessions.tree import SessionTree
    from jupyter_agent.sessions.turns import SessionLog

    defaults = vars(SessionManager)["__init__"].__kwdefaults__
    defaults["lease_seconds"] = LEASE_SECONDS
    coroutines = {
        "begin": (SessionLog, "begin"),
        "record": (Lease, "record"),
        "execute": (RemoteKernel, "execute"),
        "finish": (SessionLog, "finish"),
        "begin_undo": (SessionTree, "begin_undo"),
        "restore": (ContentsNotebook, "apply_changes"),
        "end_undo": (SessionTree, "end_undo"),
    }
    when, _, what = point.partition("-")
    if what in coroutines:
        around(*coroutines[what], point)
    elif when == "event":
        on_event(what)


if any("jupyter_server" in argument for argument in sys.orig_argv) and "TEST_FAILPOINT" in os.environ:
    install(os.environ["TEST_FAILPOINT"])
