"""How a cell failed: name, message, and the frames in the user's cells with their locals in one line each."""

from __future__ import annotations

import linecache
import re
import types
from typing import Any

from ..import_guard import no_imports
from ..inspectors import builtin_types  # noqa: F401 - values of any kind may be among the locals
from ..inspectors.objects import exception_message
from ..inspectors.reading import class_name
from ..inspectors.registry import named_line, register_loaded
from ..secrets import without_secrets
from ..wire import ANSI_ESCAPE, MAX_FRAMES, MAX_LINE, MAX_LOCALS, MAX_NAME, clip, line

_TRACEBACK = BaseException.__dict__["__traceback__"].__get__
_WORD = re.compile(r"[^\W\d]\w*")
#: Lines of source around the failing one.
_AROUND = 3


def describe_failure(shell: Any, error: BaseException) -> dict[str, Any]:
    """A failed run's error as JSON data; runs none of the user's code."""
    register_loaded()
    with no_imports():
        return {
            "name": class_name(type(error)),
            "message": exception_message(error) or _shown_message(shell, error),
            "frames": _syntax_frames(error) or _frames(shell, error),
        }


def _shown_message(shell: Any, error: BaseException) -> str:
    """The message as IPython has just shown it: that is text by now."""
    shown = getattr(shell, "_last_traceback", None)
    if type(shown) is not list or not shown or type(shown[-1]) is not str:
        return ""
    text = ANSI_ESCAPE.sub("", shown[-1]).strip()
    name, _, message = text.partition(": ")
    return clip(without_secrets(message[:8000]), 2000) if name.endswith(class_name(type(error))) else ""


def _syntax_frames(error: BaseException) -> list[dict[str, Any]]:
    """The line that Python could not read."""
    if not issubclass(type(error), SyntaxError):
        return []
    number = SyntaxError.__dict__["lineno"].__get__(error)
    text = SyntaxError.__dict__["text"].__get__(error)
    if type(number) is not int or type(text) is not str:
        return []
    return [{"function": "<module>", "line": number, "source": clip(text, 400), "cell_id": None, "variables": {}}]


def _frames(shell: Any, error: BaseException) -> list[dict[str, Any]]:
    """The frames of the user's code, outermost first."""
    found: list[tuple[types.FrameType, int]] = []
    step = _TRACEBACK(error)
    while step is not None and len(found) < 1000:
        if step.tb_frame.f_globals is shell.user_ns or step.tb_frame.f_globals is shell.user_module.__dict__:
            found.append((step.tb_frame, step.tb_lineno))
        step = step.tb_next
    counts = getattr(shell.compile, "_filename_map", {})
    frames = []
    for frame, number in found[-MAX_FRAMES:]:
        code = frame.f_code
        # The source that IPython keeps for a cell; the file system is not asked.
        entry = linecache.cache.get(code.co_filename)
        lines = list(entry[2]) if entry is not None and len(entry) == 4 else []
        count = counts.get(code.co_filename)
        frames.append(
            {
                "function": line(code.co_name, MAX_NAME),
                "line": number,
                "source": clip("".join(lines[max(0, number - 1 - _AROUND) : number + _AROUND]), 2000),
                "execution_count": count if type(count) is int else None,
                "variables": _variables(frame, lines[number - 1 : number]),
            }
        )
    return frames


def _variables(frame: types.FrameType, lines: list[str]) -> dict[str, str]:
    """A function's locals; of a cell only the names in the failing line, for its locals are the whole namespace."""
    held = dict(frame.f_locals)
    if frame.f_code.co_name == "<module>" or frame.f_locals is frame.f_globals:
        words = dict.fromkeys(_WORD.findall(lines[0])) if lines else {}
        held = {name: held[name] for name in words if name in held and name[:1] != "_"}
    names = [name for name in held if type(name) is str][:MAX_LOCALS]
    return {line(name, 60): named_line(name, held[name], MAX_LINE) for name in names}
