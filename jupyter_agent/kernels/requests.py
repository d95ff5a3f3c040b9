"""The requests on the shell channel that run code, for good or on trial, and what their replies tell."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jupyter_agent.core.kernel_state import ExecutionError, ExecutionResult
from jupyter_agent.core.text import ANSI_ESCAPE, head
from jupyter_agent.kernels.install import BUILTINS, EXPRESSION, PACKAGE

# Our package in the kernel, by a way that no name of the user can cross.
_PACKAGE = (
    f"{BUILTINS}['__import__']('sys').modules['IPython.core.getipython'].__dict__['get_ipython']()"
    f".__dict__[{PACKAGE!r}]"
)
#: Characters of an object's signature and documentation.
_MAX_SIGNATURE = 8_000
#: How a trial fails that never began, because the kernel has lost what runs it.
_LOST = ("KeyError", "AttributeError", "NameError")


def run_request(code: str) -> dict[str, Any]:
    """Code as a cell of the user's."""
    return {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": False,
    }


def trial_request(code: str, *, awaits: bool) -> dict[str, Any]:
    """Code on a copy of the namespace, without history and execution count.

    Args:
        code: The user's Python.
        awaits: Whether it is known to have ``await`` outside of functions. A cell that awaits cannot be interrupted
            while it computes, so others are not run as one.
    """
    call = f"await {_PACKAGE}.run_in_sandbox_async({code!r})" if awaits else f"{_PACKAGE}.run_in_sandbox({code!r})"
    told = {EXPRESSION: f"{_PACKAGE}.sandbox_result()"}
    return {**run_request(call), "silent": True, "store_history": False, "user_expressions": told}


def told_by(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the kernel tells of the trial it ran; empty where it never began."""
    expression = (reply.get("user_expressions") or {}).get(EXPRESSION) or {}
    try:
        told = json.loads(ast.literal_eval(expression["data"]["text/plain"]))
    except (KeyError, TypeError, ValueError, SyntaxError):
        return {}
    return told if isinstance(told, dict) else {}


def is_lost(result: ExecutionResult, told: Mapping[str, Any]) -> bool:
    """Whether the trial never began because the kernel was restarted, or reset, unnoticed."""
    return not told and result.status == "error" and result.error is not None and result.error.name in _LOST


def trial_result(result: ExecutionResult, told: Mapping[str, Any]) -> ExecutionResult:
    """The result of a trial, from what its run displayed and what the kernel tells of it."""
    changed = told.get("changed")
    names = tuple(str(one) for one in changed) if isinstance(changed, list) else ()
    result = replace(result, changed=names, execution_count=None)
    if told.get("status") == "error" and result.status == "ok":
        error = ExecutionError(str(told.get("name", ""))[:200], head(str(told.get("message", "")), 2000))
        return replace(result, status="error", error=result.error or error)
    return result


def signature_text(reply: Mapping[str, Any]) -> str:
    """The text of an ``inspect_reply``; empty where the kernel found nothing."""
    data = reply.get("data")
    text = data.get("text/plain") if isinstance(data, Mapping) and reply.get("found") else None
    return ANSI_ESCAPE.sub("", text)[:_MAX_SIGNATURE].strip() if isinstance(text, str) else ""
