"""What runs in the user's kernel: tracker, inspectors, `%agent`, and the client of the Jupyter server.

Standard library only, no import of ours; its source travels into kernels that do not have the package.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .control import ControlHandler
from .tracker.tracker import Tracker

if TYPE_CHECKING:
    from .introspection import Introspector

#: Set by whoever sends the source: identifies the release that runs here.
SOURCE_HASH = ""


class InstalledShell:
    """A shell in which kernelside is installed: its tracker, its control handler, and the last sandbox run's result."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.tracker = Tracker(shell)
        self.options: dict[str, Any] | None = None
        self.sandbox_result: dict[str, Any] = {}
        self.control: ControlHandler | None = None
        kernel = getattr(shell, "kernel", None)
        self.tracker.register()
        if hasattr(kernel, "control_handlers"):
            self.control = ControlHandler(kernel, self.answer_immediately, self.answer, self.tracker.refresh_when_idle)

    @cached_property
    def introspection(self) -> Introspector:
        """Reads the shell; the inspectors are loaded for the first question, not when the user's kernel starts."""
        from .introspection import Introspector

        return Introspector(self.tracker)

    def answer_immediately(self, content: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question that takes no time; empty for others."""
        operation = content.get("op")
        if operation == "hello":
            return {"epoch": self.tracker.epoch, "source_hash": SOURCE_HASH}
        if operation == "state":
            return self.introspection.unchanged(str(content.get("epoch")), int(content.get("since") or 0)) or {}
        return {}

    def answer(self, content: dict[str, Any]) -> dict[str, Any]:
        """The answer to any question of the wire, as JSON data."""
        operation = content.get("op")
        if operation == "state":
            return self.introspection.state(str(content.get("epoch") or ""), int(content.get("since") or 0))
        if operation == "inspect":
            column = content.get("column")
            values = content.get("values")
            return self.introspection.inspect(
                str(content.get("name")),
                None if column is None else str(column),
                values if type(values) is list else (),
            )
        return {"error": f"unknown operation {operation!r}"}


_installed: InstalledShell | None = None


def install(ip: Any, options: dict[str, Any]) -> None:
    """Tracks an IPython shell from now on; called again, it only takes the new options.

    Args:
        ip: The shell. With a kernel around it, questions are answered on the control channel, too.
        options: Passed on to the magic, where there is one. Of ``writable``, a list of folders, nothing outside may be changed
            any more.
    """
    global _installed  # noqa: PLW0603 - one shell a process
    if "writable" in options:
        from . import write_guard

        write_guard.install(options["writable"])
        ip.history_manager.enabled = (
            False  # its file lies outside, and SQLite needs no function of Python's to write it
        )
    if _installed is None or _installed.shell is not ip:
        uninstall()
        _installed = InstalledShell(ip)
    if _installed.options != options:
        _installed.options = dict(options)
        from .magic import magics

        magics.load(ip, options)


def uninstall() -> None:
    """Undoes `install`."""
    global _installed  # noqa: PLW0603 - see above
    if _installed is not None:
        _installed.tracker.unregister()
        if _installed.control is not None:
            _installed.control.unregister()
        _installed = None


def state(ip: Any, epoch: str, since: int) -> dict[str, Any]:
    """What changed in the shell since a version of an epoch; everything for another epoch. See `wire`."""
    return _installed_in(ip).introspection.state(epoch, since)


def inspect(ip: Any, name: str, column: str | None = None, values: Iterable[str] = ()) -> dict[str, Any]:
    """One variable, or one column of a frame, in full: ``{"variable": …}`` or ``{"gone": True}``."""
    return _installed_in(ip).introspection.inspect(name, column, values)


def _installed_in(ip: Any) -> InstalledShell:
    if _installed is None or _installed.shell is not ip:
        install(ip, {})
    assert _installed is not None
    return _installed


def run_in_sandbox(code: str, *, restore: bool | None = None) -> None:
    """Runs code on a copy of the user's namespace, see `SandboxRun`; `sandbox_result` has the result."""
    from .sandbox_run import SandboxRun

    assert _installed is not None
    _installed.sandbox_result = {}
    run = SandboxRun(_installed.shell, restore=restore).run(code, may_await=False)
    try:
        run.send(None)  # it ends at once: without an event loop, it may not await
    except StopIteration as end:
        _installed.sandbox_result = end.value


async def run_in_sandbox_async(code: str) -> None:
    """`run_in_sandbox` for code with ``await`` outside of functions."""
    from .sandbox_run import SandboxRun

    assert _installed is not None
    _installed.sandbox_result = {}
    _installed.sandbox_result = await SandboxRun(_installed.shell, restore=False).run(code, may_await=True)


def sandbox_result() -> str:
    """The result of the last sandbox run, as JSON: ``status`` (ok, error, awaits), ``name``, ``message``, ``changed``."""
    assert _installed is not None
    return json.dumps(_installed.sandbox_result)
