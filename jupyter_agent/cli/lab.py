"""`jupyter agent lab`: JupyterLab with the assistant in it."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys

from jupyter_agent.cli.arguments import ERROR
from jupyter_agent.config.options import environment_names

MISSING = "JupyterLab is not installed here. Install it:  pip install 'jupyter-notebook-agent[lab]'"


async def lab(arguments: argparse.Namespace) -> int:
    """Replace this process by ``jupyter lab``; returns an exit code only if it is not installed."""
    if importlib.util.find_spec("jupyterlab") is None:
        print(f"jupyter agent: {MISSING}", file=sys.stderr)
        return ERROR
    if arguments.model:
        os.environ[environment_names("model")[0]] = arguments.model
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *arguments.rest])  # noqa: S606 - our own interpreter
    return ERROR
