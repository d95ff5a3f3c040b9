"""The contract of a notebook, wherever it lives: `NotebookSuite`.

A notebook lists its cells, edits one cell at a time by compare-and-swap on the hash of its source, and restores what edits
have changed. An edit says what it changed (`CellChange`, with the cell before and after), which is all that undo needs;
a cell that somebody else has changed is never overwritten, neither by an edit (`CellChanged`) nor by `apply_changes`, which
returns the ids of such cells instead.

Subclass `NotebookSuite` and say how a notebook is opened that holds the nbformat JSON of `content`; pass what has to be
closed to `opened`. `change_source` changes a cell as a user or another program would; where it is not overridden, an edit
through a second `open_notebook` of the same place is used. A notebook that cannot be removed leaves `remove` as it is.

Outputs, trust, read-only files, links and damaged files are for tests of your own: they differ by where a notebook lives.

Example::

    import pytest
    from jupyter_agent.notebooks.file import FileNotebook
    from jupyter_agent.testing.notebook import NotebookSuite


    class TestMyNotebook(NotebookSuite):
        @pytest.fixture(autouse=True)
        def file(self, tmp_path):
            self.path = tmp_path / "a.ipynb"
            self.path.write_text(self.content, encoding="utf-8")

        async def open_notebook(self):
            return FileNotebook(self.path)

        async def remove(self):
            self.path.unlink()
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_agent.core.errors import CellChanged, NotFound
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.core.protocols import Notebook
from jupyter_agent.kernelside.wire import source_hash
from jupyter_agent.testing.runner import Suite, asynchronous

SOURCES = {"a": "x = 1\ny = 2", "b": "x + y", "c": "print('ü')"}


def code_cell(cell_id: str, source: str) -> dict[str, Any]:
    """A code cell as nbformat's JSON data, which was never run."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": {},
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }


class NotebookSuite(Suite):
    """What every notebook does."""

    content = (
        json.dumps(
            {
                "cells": [code_cell(cell_id, source) for cell_id, source in SOURCES.items()],
                "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
                "nbformat": 4,
                "nbformat_minor": 5,
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
    )

    async def open_notebook(self) -> Notebook:
        """A notebook with `content`; to be overridden. A second call in one test opens the same place."""
        raise NotImplementedError

    async def change_source(self, cell_id: str, source: str) -> None:
        """Change a cell as somebody else would."""
        other: Notebook = self.opened(await self.open_notebook())
        before = next(cell for cell in await other.cells() if cell.id == cell_id)
        await other.edit(CellEdit("replace", cell_id, before.source_hash, source), timeout=5)

    async def remove(self) -> None:
        """Delete the notebook as somebody else would."""
        pytest.skip("cannot be removed")

    async def opened_notebook(self) -> Notebook:
        """The notebook, which is closed when the test ends."""
        notebook: Notebook = self.opened(await self.open_notebook())
        return notebook

    async def cells(self) -> tuple[Cell, ...]:
        """The cells as another reader sees them."""
        return await (await self.opened_notebook()).cells()

    async def sources(self) -> dict[str, str]:
        """Sources by cell id, in the order of the cells."""
        return {cell.id: cell.source for cell in await self.cells()}

    async def edit_everything(self, notebook: Notebook) -> list[CellChange]:
        """Make one edit of every kind that changes a source or a place."""
        edits = (
            CellEdit("insert", "new", source="import os", below="a"),
            CellEdit("insert", "top", source="# Title", cell_type="markdown"),
            CellEdit("replace", "b", source_hash(SOURCES["b"]), "x * y"),
            CellEdit("move", "c", source_hash(SOURCES["c"]), below="a"),
            CellEdit("delete", "a", source_hash(SOURCES["a"])),
        )
        return [await notebook.edit(edit, timeout=5) for edit in edits]

    @asynchronous
    async def test_cells_are_listed_in_order_with_ids_and_whole_sources(self) -> None:
        notebook = await self.opened_notebook()
        cells = await notebook.cells()
        assert [(cell.id, cell.kind, cell.source) for cell in cells] == [
            (cell_id, "code", source) for cell_id, source in SOURCES.items()
        ]
        assert [cell.source_hash for cell in cells] == [source_hash(source) for source in SOURCES.values()]
        assert notebook.path

    @asynchronous
    async def test_edits_of_every_kind_are_made_and_described(self) -> None:
        changes = await self.edit_everything(await self.opened_notebook())
        expected = {"top": "# Title", "c": SOURCES["c"], "new": "import os", "b": "x * y"}
        assert list((await self.sources()).items()) == list(expected.items())
        assert [change.cell_id for change in changes] == ["new", "top", "b", "c", "a"]
        assert [change.before is None for change in changes] == [True, True, False, False, False]
        assert [change.after is None for change in changes] == [False, False, False, False, True]
        json.dumps([[change.before, change.after] for change in changes], default=dict)

    @asynchronous
    async def test_changes_lead_to_the_same_cells_again_and_forward(self) -> None:
        before = await self.cells()
        notebook = await self.opened_notebook()
        changes = await self.edit_everything(notebook)
        after = await self.cells()
        inverse = [change.inverted() for change in reversed(changes)]
        assert await notebook.apply_changes(inverse) == ()
        assert await self.cells() == before
        assert await notebook.apply_changes(changes) == ()
        assert await self.cells() == after

    @asynchronous
    async def test_K18_an_edit_of_a_cell_that_is_another_now_changes_nothing(self) -> None:
        notebook = await self.opened_notebook()
        await notebook.cells()
        await self.change_source("b", "x - y")
        for edit in (
            CellEdit("replace", "b", source_hash(SOURCES["b"]), "mine"),
            CellEdit("delete", "b", source_hash(SOURCES["b"])),
            CellEdit("move", "b", source_hash(SOURCES["b"])),
        ):
            with pytest.raises(CellChanged):
                await notebook.edit(edit, timeout=5)
        assert await self.sources() == {**SOURCES, "b": "x - y"}

    @asynchronous
    async def test_an_edit_of_a_cell_that_is_not_there_changes_nothing(self) -> None:
        notebook = await self.opened_notebook()
        with pytest.raises(NotFound):
            await notebook.edit(CellEdit("replace", "none", source_hash(""), "mine"), timeout=5)
        assert await self.sources() == SOURCES

    @asynchronous
    async def test_an_insertion_that_is_repeated_is_made_once(self) -> None:
        notebook = await self.opened_notebook()
        edit = CellEdit("insert", "new", source="import os", below="a")
        await notebook.edit(edit, timeout=5)
        await notebook.edit(edit, timeout=5)
        assert list(await self.sources()) == ["a", "new", "b", "c"]

    @asynchronous
    async def test_K18_restoring_leaves_a_cell_that_somebody_has_changed_since_and_names_it(self) -> None:
        notebook = await self.opened_notebook()
        changes = [
            await notebook.edit(
                CellEdit("replace", cell_id, source_hash(SOURCES[cell_id]), f"{cell_id} = 0"), timeout=5
            )
            for cell_id in ("a", "b")
        ]
        await self.change_source("a", "theirs")
        assert await notebook.apply_changes([change.inverted() for change in reversed(changes)]) == ("a",)
        assert await self.sources() == {**SOURCES, "a": "theirs"}

    @asynchronous
    async def test_a_change_that_was_restored_is_not_restored_twice(self) -> None:
        notebook = await self.opened_notebook()
        change = await notebook.edit(CellEdit("replace", "b", source_hash(SOURCES["b"]), "x * y"), timeout=5)
        assert await notebook.apply_changes([change.inverted()]) == ()
        assert await notebook.apply_changes([change.inverted()]) == ()
        assert await self.sources() == SOURCES

    @asynchronous
    async def test_S16_a_notebook_that_was_removed_is_not_found_and_not_made_anew(self) -> None:
        notebook = await self.opened_notebook()
        change = await notebook.edit(CellEdit("replace", "b", source_hash(SOURCES["b"]), "x * y"), timeout=5)
        await self.remove()
        with pytest.raises(NotFound):
            await notebook.edit(CellEdit("insert", "new", source="1"), timeout=5)
        with pytest.raises(NotFound):
            await notebook.apply_changes([change.inverted()])
