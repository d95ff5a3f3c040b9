"""Somebody at a terminal sees why no answer comes yet; a program that reads the answer does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.terminal_screen import terminal_screen

STAND_IN = Path(__file__).parent.parent / "models" / "engine_stand_in"


def test_a_local_model_that_is_being_loaded_is_said_at_a_terminal_only(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "m.gguf").write_text("GGUF")
    environment = {**environment, "PYTHONPATH": str(STAND_IN)}
    command = [sys.executable, "-P", "-m", "jupyter_agent.cli", "ask", "-m", f"local:{tmp_path / 'm.gguf'}", "hi"]
    with terminal_screen(tmp_path, environment, command) as terminal:
        terminal.wait_for("Loading the model")
        terminal.wait_for("n_ctx")
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert "Loading" not in done.stdout + done.stderr
    assert "n_ctx" in done.stdout
