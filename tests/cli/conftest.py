"""A terminal's user: a home of their own, a notebook, and `jupyter agent`."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import pytest

from jupyter_agent.cli.main import main
from tests.support import notebook_json

CELLS = ["import pandas as pd\ndf = pd.DataFrame({'price': [1, 2], 'region': ['a', 'b']})", "total = 1 / 0", "x = 1"]


WAIT = 60


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A home that nobody has used; commands in this process and in others see it."""
    ours = {
        "HOME": str(tmp_path),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "JUPYTER_AGENT_MODEL": "offline",
    }
    for name in [name for name in os.environ if name.startswith(("JUPYTER", "JPY", "OPENAI"))]:
        monkeypatch.delenv(name)
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return {**os.environ, **ours}


@pytest.fixture
def notebook(tmp_path: Path, environment: dict[str, str]) -> Path:
    """A notebook whose second cell fails when it is run; it has not been run."""
    path = tmp_path / "sales.ipynb"
    cells = (notebook_json.code(f"c{number}", source) for number, source in enumerate(CELLS))
    path.write_text(notebook_json.text_of(notebook_json.notebook(*cells)), encoding="utf-8")
    return path


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Callable[..., None]:
    """Let a model answer that plays these steps."""

    def play(*steps: dict[str, Any]) -> None:
        path = tmp_path / "script.json"
        path.write_text(json.dumps(steps), encoding="utf-8")
        environment["JUPYTER_AGENT_MODEL"] = f"scripted:{path}"
        monkeypatch.setenv("JUPYTER_AGENT_MODEL", f"scripted:{path}")

    return play


@pytest.fixture
def command(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run `jupyter agent` with these arguments; `stdin` is what a pipe brings."""

    def run(*arguments: str, stdin: str = "") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as error:  # argparse ends this way
            code = int(error.code or 0)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return run


@pytest.fixture
def terminal(environment: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """Start `jupyter agent` in a pseudo-terminal."""
    started: list[Any] = []

    def start(*arguments: str) -> Any:
        child = pexpect.spawn(
            sys.executable,
            ["-m", "jupyter_agent.cli", *arguments],
            env={**environment, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            encoding="utf-8",
            timeout=WAIT,
            dimensions=(40, 120),
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)
