"""`jupyter agent …`: ask and chat about a notebook file from a terminal, and manage conversations and models."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from jupyter_agent.core.errors import AgentError
from jupyter_agent.kernelside.hidden_characters import for_terminal

#: Command → module, where it is not named like the command.
_MODULES = {"sessions": "tables", "models": "tables", "export": "transfer", "import": "transfer"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; only what it needs is imported.

    Returns:
        0 on success, 1 after an error, 2 for wrong usage, 130 after Ctrl-C.
    """
    from jupyter_agent.cli.arguments import ERROR, INTERRUPTED, parser
    from jupyter_agent.config.installation import installation_problem

    if problem := installation_problem():
        print(problem, file=sys.stderr)
    top = parser()
    arguments, rest = top.parse_known_args(argv)
    if rest and arguments.command != "lab":
        top.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest  # passed to `jupyter lab`
    name = arguments.command
    try:
        module = import_module(f"jupyter_agent.cli.{_MODULES.get(name, name)}")
        code: int = asyncio.run(getattr(module, "import_" if name == "import" else name)(arguments))
    except AgentError as error:
        print(for_terminal(f"jupyter agent: {error.message}"), file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has read enough; nothing may be flushed at the end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    return code
