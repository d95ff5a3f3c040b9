"""From parsed arguments to an exit code."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

from jupyter_agent.core.errors import AgentError

OK, ERROR, USAGE, INTERRUPTED = 0, 1, 2, 130
#: Command → module and coroutine, where these are not called as the command.
_COMMANDS = {
    "sessions": ("tables", "sessions"),
    "models": ("tables", "models"),
    "export": ("transfer", "export"),
    "import": ("transfer", "take_in"),
}


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen command to its end."""
    try:
        return asyncio.run(_command(arguments.command)(arguments))
    except AgentError as error:
        print(f"jupyter agent: {error.message}", file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough; nothing may be flushed at the end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR


def _command(name: str) -> Callable[[argparse.Namespace], Coroutine[Any, Any, int]]:
    """The coroutine of a command; only what it needs is imported."""
    module, coroutine = _COMMANDS.get(name, (name, name))
    command: Callable[[argparse.Namespace], Coroutine[Any, Any, int]] = getattr(
        import_module(f"jupyter_agent.cli.{module}"), coroutine
    )
    return command
