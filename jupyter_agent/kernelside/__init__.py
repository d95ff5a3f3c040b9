"""What runs in the user's kernel: tracker, inspectors, `%agent`, and the client of the Jupyter server.

Standard library only, no import of ours; its source travels into kernels that do not have the package.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .control import Desk
from .tracker.tracker import Tracker

if TYPE_CHECKING:
    from .answers import Answers

#: Set by whoever sends the source: identifies the release that runs here.
SOURCE_HASH = ""


class Installation:
    """What `install` made for one shell."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.tracker = Tracker(shell)
        self.options: dict[str, Any] | None = None
        self.told: dict[str, Any] = {}
        kernel = getattr(shell, "kernel", None)
        self.desk: Desk | None = None
        if hasattr(kernel, "control_handlers"):
            self.desk = Desk(kernel, self.at_once, self.answer, self.tracker.settle)

    @cached_property
    def answers(self) -> Answers:
        """Reads the shell; the inspectors are loaded for the first question, not when the user's kernel begins."""
        from .answers import Answers

        return Answers(self.tracker)

    def begin(self) -> None:
        """Starts tracking, and answering where there is a control channel."""
        self.tracker.register()
        if self.desk is not None:
            self.desk.register()

    def end(self) -> None:
        """Takes everything back."""
        self.tracker.unregister()
        if self.desk is not None:
            self.desk.unregister()

    def at_once(self, content: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question that takes no time; empty for others."""
        operation = content.get("op")
        if operation == "hello":
            return {"epoch": self.tracker.epoch, "source_hash": SOURCE_HASH}
        if operation == "state":
            return self.answers.unchanged(str(content.get("epoch")), int(content.get("since") or 0)) or {}
        return {}

    def answer(self, content: dict[str, Any]) -> dict[str, Any]:
        """One question of the wire; the answer as JSON data."""
        operation = content.get("op")
        if operation == "state":
            return self.answers.state(str(content.get("epoch") or ""), int(content.get("since") or 0))
        if operation == "inspect":
            column = content.get("column")
            return self.answers.inspect(str(content.get("name")), None if column is None else str(column))
        return {"error": f"unknown operation {operation!r}"}


_installation: Installation | None = None


def install(ip: Any, options: dict[str, Any]) -> None:
    """Tracks an IPython shell from now on; called again, it only takes the new options.

    Args:
        ip: The shell. With a kernel around it, questions are answered on the control channel, too.
        options: Passed on to the magic, where there is one.
    """
    global _installation  # noqa: PLW0603 - one shell a process
    if _installation is not None and _installation.shell is not ip:
        _installation.end()
        _installation = None
    if _installation is None:
        _installation = Installation(ip)
        _installation.begin()
    if _installation.options != options:
        _installation.options = dict(options)
        _load_magic(ip, options)


def uninstall() -> None:
    """Undoes `install`."""
    global _installation  # noqa: PLW0603 - see above
    if _installation is not None:
        _installation.end()
        _installation = None


def _load_magic(ip: Any, options: dict[str, Any]) -> None:
    try:
        from .magic import magics  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        return
    magics.load(ip, options)


def state(ip: Any, epoch: str, since: int) -> dict[str, Any]:
    """What changed in the shell since a version of an epoch; everything for another epoch. See `wire`."""
    return _of(ip).answers.state(epoch, since)


def inspect(ip: Any, name: str, column: str | None = None) -> dict[str, Any]:
    """One variable, or one column of a frame, in full: ``{"variable": …}`` or ``{"gone": True}``."""
    return _of(ip).answers.inspect(name, column)


def _of(ip: Any) -> Installation:
    if _installation is None or _installation.shell is not ip:
        install(ip, {})
    assert _installation is not None
    return _installation


def try_code(code: str, *, put_back: bool | None = None) -> None:
    """Runs code on a copy of the user's namespace, see `trial`; `tried` tells what came of it."""
    from .sandbox_run import Trial

    assert _installation is not None
    _installation.told = {}
    _installation.told = Trial(_installation.shell, put_back=put_back).run(code)


async def try_awaiting(code: str) -> None:
    """`try_code` for code with ``await`` outside of functions."""
    from .sandbox_run import Trial

    assert _installation is not None
    _installation.told = {}
    _installation.told = await Trial(_installation.shell, put_back=False).run_awaiting(code)


def tried() -> str:
    """What came of the last trial, as JSON: ``status`` (ok, error, awaits), ``name``, ``message``, ``changed``."""
    assert _installation is not None
    return json.dumps(_installation.told)
