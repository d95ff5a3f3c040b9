"""Every built-in notebook keeps the contract that `jupyter_agent.testing` checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_agent.core.protocols import Notebook
from jupyter_agent.testing.notebook import NotebookSuite
from tests.notebooks.conftest import OPENERS, Open


class TestBuiltInNotebooks(NotebookSuite):
    @pytest.fixture(autouse=True, params=OPENERS, ids=list(OPENERS))
    def stored(self, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        self.opener: Open = OPENERS[request.param]
        folder = tmp_path / "root"
        folder.mkdir()
        self.path = folder / "a.ipynb"
        self.path.write_text(self.content, encoding="utf-8")

    async def open_notebook(self) -> Notebook:
        return self.opener(self.path)

    async def remove(self) -> None:
        self.path.unlink()
