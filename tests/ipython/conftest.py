"""A home that nobody has used, for kernels and terminals that a test starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Processes started from here on keep their files there and meet no Jupyter server."""
    for name in [name for name in os.environ if name.startswith(("JUPYTER", "JPY", "OPENAI", "IPYTHON"))]:
        monkeypatch.delenv(name)
    ours = {
        "HOME": str(tmp_path),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "JUPYTER_AGENT_MODEL": "offline",
    }
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    return tmp_path
