"""Notebooks that cannot or must not be edited: refused with the reason, and left as they are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.contents.filemanager import FileContentsManager

from jupyter_agent.core.errors import AgentError, CellChanged, Forbidden, NotFound
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import CellEdit
from jupyter_agent.notebooks import document
from jupyter_agent.notebooks.contents import ContentsNotebook
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.notebooks.posted import PostedNotebook
from tests.notebooks.conftest import Open
from tests.support.notebook_json import code, notebook, text_of

EDIT = CellEdit("insert", "new", source="1", below="")

BROKEN: dict[str, tuple[bytes, type[AgentError]]] = {
    "no JSON": (b"{", NotFound),
    "empty": (b"", NotFound),
    "a list": (b"[]", NotFound),
    "no format": (b'{"cells": []}', NotFound),
    "no UTF-8": (b'{"cells": [], "nbformat": 4, "x": "\xff\xfe"}', NotFound),
    "deep": (b"[" * 100_000, NotFound),
    "cells that are none": (b'{"cells": ["x"], "nbformat": 4, "nbformat_minor": 5}', NotFound),
    "cells that are no list": (b'{"cells": {"a": 1}, "nbformat": 4, "nbformat_minor": 5}', NotFound),
    "format 3": (b'{"worksheets": [{"cells": []}], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}', Forbidden),
    "format 5": (b'{"cells": [], "metadata": {}, "nbformat": 5, "nbformat_minor": 0}', Forbidden),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_K19_what_is_no_notebook_of_this_format_is_refused_and_left(
    open_notebook: Open, path: Path, kind: str
) -> None:
    data, error = BROKEN[kind]
    path.write_bytes(data)
    with pytest.raises((error, NotFound)):
        await open_notebook(path).edit(EDIT, timeout=5)
    assert path.read_bytes() == data


async def test_K19_a_notebook_of_an_old_format_can_be_read_all_the_same(open_notebook: Open, path: Path) -> None:
    old = {
        "cell_type": "code",
        "collapsed": False,
        "input": "x = 1",
        "language": "python",
        "metadata": {},
        "outputs": [],
    }
    data = {
        "metadata": {"name": ""},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": [old], "metadata": {}}],
    }
    path.write_text(json.dumps(data), encoding="utf-8")
    book = open_notebook(path)
    if not isinstance(book, PostedNotebook):
        assert [cell.source for cell in await book.cells()] == ["x = 1"]


async def test_K19_a_notebook_that_is_too_large_is_refused_unread(
    open_notebook: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_agent.notebooks import contents, file

    monkeypatch.setattr(contents, "MAX_BYTES", 100)
    monkeypatch.setattr(file, "MAX_BYTES", 100)
    before = path.read_bytes()
    with pytest.raises(AgentError, match="too large"):
        await open_notebook(path).edit(EDIT, timeout=5)
    assert path.read_bytes() == before
    assert document.MAX_BYTES == 200 * 1024 * 1024


async def test_K18_a_read_only_notebook_stays_as_it_is(open_notebook: Open, path: Path) -> None:
    path.chmod(0o444)
    before = path.read_bytes()
    with pytest.raises(Forbidden, match="read-only"):
        await open_notebook(path).edit(EDIT, timeout=5)
    assert path.read_bytes() == before


async def test_S16_a_notebook_that_was_moved_is_told_and_not_made_anew(open_notebook: Open, path: Path) -> None:
    book = open_notebook(path)
    path.rename(path.with_name("elsewhere.ipynb"))
    with pytest.raises(NotFound):
        await book.edit(EDIT, timeout=5)
    with pytest.raises(NotFound):
        await book.apply_changes([])
    assert not path.exists()


async def test_K19_a_pipe_keeps_nobody_waiting(open_notebook: Open, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(AgentError):
        await open_notebook(path).edit(EDIT, timeout=5)


@pytest.mark.parametrize("name", ["../outside.ipynb", "/etc/passwd", "..", "a/../../outside.ipynb", "nul\0.ipynb"])
async def test_K19_a_path_out_of_the_root_is_no_notebook(path: Path, name: str) -> None:
    outside = path.parent.parent / "outside.ipynb"
    outside.write_bytes(path.read_bytes())
    book = ContentsNotebook(FileContentsManager(root_dir=str(path.parent)), name)
    with pytest.raises(AgentError):
        await book.edit(EDIT, timeout=5)
    assert outside.read_bytes() == path.read_bytes()


async def test_K19_a_link_out_of_the_root_is_not_written_through(path: Path) -> None:
    outside = path.parent.parent / "outside.ipynb"
    path.rename(outside)
    path.symlink_to(outside)
    before = outside.read_bytes()
    with pytest.raises(Forbidden, match="link"):
        await ContentsNotebook(FileContentsManager(root_dir=str(path.parent)), path.name).edit(EDIT, timeout=5)
    assert outside.read_bytes() == before


async def test_a_file_that_is_a_link_stays_one(path: Path) -> None:
    place = path.with_name("real.ipynb")
    path.rename(place)
    path.symlink_to(place)
    place.chmod(0o640)
    await FileNotebook(path).edit(EDIT, timeout=5)
    assert path.is_symlink()
    assert place.stat().st_mode & 0o777 == 0o640
    assert len(json.loads(place.read_text(encoding="utf-8"))["cells"]) == 4


async def test_a_disk_that_is_full_leaves_the_notebook_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Forbidden, match="No space left"):
        await FileNotebook(path).edit(EDIT, timeout=5)
    assert path.read_bytes() == before
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name]


async def test_K18_another_program_that_writes_at_the_same_moment_wins(
    open_notebook: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our reading and our writing."""
    from jupyter_agent.notebooks import editing

    theirs = text_of(notebook(code("mine", "precious")))
    original = editing.apply_edit

    def and_then_they_save(*given: Any, **more: Any) -> Any:
        path.write_text(theirs, encoding="utf-8")
        os.utime(path, (2e9, 2e9))
        return original(*given, **more)

    monkeypatch.setattr(editing, "apply_edit", and_then_they_save)
    with pytest.raises(CellChanged):
        await open_notebook(path).edit(EDIT, timeout=5)
    assert path.read_text(encoding="utf-8") == theirs


async def test_K18_trust_is_kept_by_code_and_never_raised_by_what_is_shown(path: Path) -> None:
    contents: Any = FileContentsManager(root_dir=str(path.parent))
    contents.notary.db_file = ":memory:"
    contents.trust_notebook(path.name)
    book = ContentsNotebook(contents, path.name)

    def trusted() -> bool:
        model = contents.get(path.name)
        return all(cell["metadata"].get("trusted") for cell in model["content"]["cells"] if cell["cell_type"] == "code")

    assert trusted()
    await book.edit(CellEdit("insert", "n", source="import os", below=""), timeout=5)
    assert trusted()
    shown = CellEdit("insert", "m", source="<script>1</script>", cell_type="markdown", below="")
    await book.edit(shown, timeout=5)
    assert not trusted()


async def test_K18_an_untrusted_notebook_stays_untrusted(path: Path) -> None:
    contents: Any = FileContentsManager(root_dir=str(path.parent))
    contents.notary.db_file = ":memory:"
    data = notebook(
        code("a", "1", outputs=[{"output_type": "display_data", "metadata": {}, "data": {"text/html": ["<b>"]}}])
    )
    path.write_text(text_of(data), encoding="utf-8")
    await ContentsNotebook(contents, path.name).edit(EDIT, timeout=5)
    cells = contents.get(path.name)["content"]["cells"]
    assert not any(cell["metadata"].get("trusted") for cell in cells if cell.get("outputs"))


async def test_posted_cells_with_unsaved_changes_are_not_overwritten_in_the_store(path: Path) -> None:
    before = path.read_bytes()
    posted = PostedNotebook("a.ipynb", (Cell("b", "code", "x + y  # unsaved"),), FileNotebook(path))
    (cell,) = await posted.cells()
    with pytest.raises(CellChanged):
        await posted.edit(CellEdit("replace", "b", cell.source_hash, "1"), timeout=5)
    assert path.read_bytes() == before


async def test_posted_cells_that_are_stored_nowhere_cannot_be_edited() -> None:
    with pytest.raises(Forbidden, match="not stored"):
        await PostedNotebook("", (Cell("b", "code", "x"),)).edit(EDIT, timeout=5)
