"""Runs code on a copy of the user's namespace: what it displays is shown, and nothing is bound, counted or kept."""

from __future__ import annotations

import ast
import contextlib
import inspect
import linecache
import os
from typing import Any

from .inspectors.reading import class_name, loaded
from .tracker.fingerprints import fingerprint
from .tracker.idle import has_user_threads
from .tracker.namespace import user_items
from .wire import MAX_BOUND, MAX_NAME, MAX_TEXT_INSPECTED, clip

_FILE = "<sandbox>"
_MISSING = object()
_PYTHON_ONLY = "Only Python can be tried: no magics and no shell commands."
#: What IPython turns magics and shell lines into: methods of the shell.
_SHELL_CALLS = frozenset(
    ["run_line_magic", "run_cell_magic", "system", "getoutput", "magic", "run_cell", "set_next_input"]
)


class SandboxRun:
    """One run of code on a copy of the user's namespace. Not to be used twice.

    Args:
        shell: The user's.
        restore: Whether names of the user's that are rebound meanwhile are bound as before. None: unless threads of the
            user's run, which may have rebound them themselves.
    """

    def __init__(self, shell: Any, *, restore: bool | None = None) -> None:
        self._shell = shell
        self._restore = not has_user_threads() if restore is None else restore
        self._before: dict[str, Any] = dict(shell.user_ns)
        self._names = {name: value for name, value in self._before.items() if name != "__warningregistry__"}
        self._marks = [(name, value, fingerprint(value)) for name, value in user_items(shell)]
        self._process_state = _ProcessState()

    async def run(self, code: str, *, may_await: bool) -> dict[str, Any]:
        """Runs code; that with ``await`` outside of functions only if it may: else its status is ``awaits``."""
        error: BaseException | None = None
        try:
            steps = self._steps(code)
            if not may_await and any(awaits for _, awaits, _ in steps):
                return {"status": "awaits"}
            for step, awaits, is_shown in steps:
                value = eval(step, self._names)  # noqa: S307 - that is what was asked for
                if awaits:
                    value = await value
                if is_shown:
                    self._show(value)
        except BaseException as raised:
            error = raised
        return self._result(error)

    def _steps(self, code: str) -> list[tuple[Any, bool, bool]]:
        """The code compiled: all of it, and apart from that its last expression; whether it awaits, and is shown."""
        source = self._shell.transform_cell(code)
        linecache.cache[_FILE] = (len(source), None, source.splitlines(keepends=True), _FILE)
        tree = ast.parse(source, _FILE)
        for node in ast.walk(tree):
            # ``get_ipython().run_line_magic(…)`` and the like
            called = node.value if isinstance(node, ast.Attribute) and node.attr in _SHELL_CALLS else None
            if isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == "get_ipython":
                raise SyntaxError(_PYTHON_ONLY)
        last = tree.body[-1] if tree.body and not source.rstrip().endswith(";") else None
        flags = self._shell.compile.flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        steps = []
        if isinstance(last, ast.Expr):
            tree.body.pop()
            steps.append((compile(ast.Expression(last.value), _FILE, "eval", flags, True), True))
        steps.insert(0, (compile(tree, _FILE, "exec", flags, True), False))
        return [(step, bool(step.co_flags & inspect.CO_COROUTINE), is_shown) for step, is_shown in steps]

    def _show(self, value: Any) -> None:
        if value is None:
            return
        data, metadata = self._shell.display_formatter.format(value)
        if data:
            self._shell.display_pub.publish(data=data, metadata=metadata)

    def _result(self, error: BaseException | None) -> dict[str, Any]:
        """Shows the error and the figures, restores what can be restored, and names what changed."""
        try:
            if error is not None:
                self._show_error(error)
            self._process_state.show_figures(self._show)
        except BaseException as another:
            error = another if error is None else error
        finally:
            self._process_state.restore()
            linecache.cache.pop(_FILE, None)
        result: dict[str, Any] = {"status": "ok" if error is None else "error", "changed": self._changed()[:MAX_BOUND]}
        if error is not None:
            result.update(name=class_name(type(error)), message=_message(error))
        return result

    def _show_error(self, error: BaseException) -> None:
        """The traceback as IPython shows it, from the code's own first line on; the user's last one is kept."""
        try:
            begin: Any = error.__traceback__
            while begin is not None and begin.tb_frame.f_code.co_filename != _FILE:
                begin = begin.tb_next
            is_syntax = begin is None and isinstance(error, SyntaxError)
            formatter = self._shell.SyntaxTB if is_syntax else self._shell.InteractiveTB
            lines = formatter.structured_traceback(type(error), error, [] if is_syntax else begin)
        except BaseException:  # the error's own class does not let itself be shown
            lines = [f"{class_name(type(error))}: {_message(error)}"]
        self._shell._showtraceback(type(error), _message(error), lines)

    def _changed(self) -> list[str]:
        """Names whose values were changed in place, and names that were rebound and cannot be bound as before."""
        changed = [name for name, value, mark in self._marks if fingerprint(value) != mark]
        before, now = self._before, dict(self._shell.user_ns)
        rebound = [name for name in {**before, **now} if now.get(name, _MISSING) is not before.get(name, _MISSING)]
        if not self._restore:
            return sorted({*changed, *rebound})
        for name in rebound:
            if name in before:
                self._shell.user_ns[name] = before[name]
            else:
                self._shell.user_ns.pop(name, None)
        return changed


class _ProcessState:
    """What code changes besides names, as far as it can be restored: random numbers, working directory, open figures."""

    def __init__(self) -> None:
        self._folder = _folder()
        self._generators = []
        for module, names in (("random", ("getstate", "setstate")), ("numpy.random", ("get_state", "set_state"))):
            getter, setter = (loaded(module, name) for name in names)
            if callable(getter) and callable(setter):
                self._generators.append((setter, getter()))
        self._figures = set(_open_figures())

    def show_figures(self, show: Any) -> None:
        """Shows the figures that the code opened, and closes them: they would come up in the user's next cell."""
        for number, manager in list(_open_figures().items()):
            if number not in self._figures:
                show(manager.canvas.figure)
                loaded("matplotlib._pylab_helpers", "Gcf").destroy(number)

    def restore(self) -> None:
        """Sets them as they were."""
        for setter, state in self._generators:
            setter(state)
        if self._folder and _folder() != self._folder:
            with contextlib.suppress(OSError):  # the code removed it
                os.chdir(self._folder)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _open_figures() -> dict[int, Any]:
    return dict(getattr(loaded("matplotlib._pylab_helpers", "Gcf"), "figs", {}))


def _message(error: BaseException) -> str:
    try:
        return clip(str(error), MAX_TEXT_INSPECTED)
    except BaseException:
        return clip(f"<{class_name(type(error))}>", MAX_NAME)
