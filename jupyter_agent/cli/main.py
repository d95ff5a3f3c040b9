"""`jupyter agent …`: ask and chat about a notebook file from a terminal, and look after conversations and models."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 when all is well, 1 after an error, 2 for wrong usage, 130 after Ctrl-C.
    """
    from jupyter_agent.cli.arguments import parser
    from jupyter_agent.cli.run import run
    from jupyter_agent.config.installation import installation_problem

    if problem := installation_problem():
        print(problem, file=sys.stderr)
    top = parser()
    arguments, rest = top.parse_known_args(argv)
    if rest and arguments.command != "lab":
        top.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest  # of `lab`: handed on
    return run(arguments)
