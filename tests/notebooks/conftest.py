"""Notebooks to edit: as a file, and through Jupyter's own contents managers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.contents.filemanager import AsyncFileContentsManager, FileContentsManager
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.protocols import Notebook
from jupyter_agent.notebooks.cells import parse_cells
from jupyter_agent.notebooks.contents import ContentsNotebook
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.notebooks.posted import PostedNotebook
from tests.support.notebook_json import code, notebook, text_of

Open = Callable[[Path], Notebook]


def _contents(manager: type[Any]) -> Open:
    def open_notebook(path: Path) -> Notebook:
        return ContentsNotebook(manager(root_dir=str(path.parent)), path.name)

    return open_notebook


def _posted(path: Path) -> Notebook:
    """As a page posts it that cannot edit it itself."""
    try:
        cells = parse_cells(path.read_text(encoding="utf-8"), path.name) if path.is_file() else ()
    except (AgentError, ValueError):
        cells = ()
    return PostedNotebook(path.name, cells, FileNotebook(path))


OPENERS: dict[str, Open] = {
    "file": FileNotebook,
    "synchronous contents": _contents(FileContentsManager),
    "asynchronous contents": _contents(AsyncFileContentsManager),
    "large contents": _contents(AsyncLargeFileManager),
    "posted": _posted,
}


@pytest.fixture(params=OPENERS, ids=list(OPENERS))
def open_notebook(request: pytest.FixtureRequest) -> Open:
    return OPENERS[request.param]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    place = folder / "analysis.ipynb"
    place.write_text(
        text_of(notebook(code("a", "x = 1\ny = 2"), code("b", "x + y", execution_count=3), code("c", "print('ü')"))),
        encoding="utf-8",
    )
    return place
