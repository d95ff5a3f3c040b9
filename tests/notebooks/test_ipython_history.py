"""IPython's history: the session of a notebook is found, and what ran in it, edits and deleted cells among it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.notebooks.ipython_history import recorded_state
from tests.support.notebook_session import report_on


def written(folder: Path, *sessions: tuple[str, ...]) -> Path:
    """A history of these sessions, each with the sources that ran in it, in IPython's own tables."""
    file = folder / "history.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.execute("create table history (session integer, line integer, source text, source_raw text)")
        for session, sources in enumerate(sessions, 1):
            rows = [(session, line, source, source) for line, source in enumerate(sources, 1)]
            database.executemany("insert into history values (?, ?, ?, ?)", rows)
        database.commit()
    return file


def cells(*sources: tuple[str, int | None]) -> list[Cell]:
    return [Cell(f"c{at}", "code", source, count) for at, (source, count) in enumerate(sources)]


OTHER = ("import numpy", "y = 2", "print(y)")


def test_an_edit_after_the_run_is_known_without_a_kernel(tmp_path: Path) -> None:
    file = written(tmp_path, OTHER, ("rate = 1", "fee = rate * 2", "print(fee)"), OTHER)
    notebook = cells(("rate = 5", 1), ("fee = rate * 2", 2), ("print(fee)", 3))
    report = report_on(notebook, recorded_state(notebook, file))
    assert [(finding.kind, finding.cells[0]) for finding in report.findings] == [("edited", "c0")]
    assert report.prediction.verdict == "differs"


def test_what_ran_twice_and_what_was_deleted_is_known(tmp_path: Path) -> None:
    file = written(tmp_path, ("xs = []", "n = 1", "xs.append(n)", "xs.append(n)", "print(xs)"))
    notebook = cells(("xs = []", 1), ("xs.append(n)", 4), ("print(xs)", 5))
    state = recorded_state(notebook, file)
    assert state is not None
    assert [execution.cell_id for execution in state.executions] == ["c0", "In [2]", "c1", "c1", "c2"]
    report = report_on(notebook, state)
    assert "It uses n, which was defined by In [2], which was deleted." in report.to_markdown()


def test_a_session_after_a_restart_is_the_last_one(tmp_path: Path) -> None:
    whole = ("a = 1", "b = a + 1", "c = b + 1", "print(c)")
    file = written(tmp_path, whole, ("import unrelated", "z = 3"), ("a = 1", "b = a + 1"))
    notebook = cells(("a = 1", 1), ("b = a + 1", 2), ("c = b + 1", 3), ("print(c)", 4))
    state = recorded_state(notebook, file)
    assert state is not None
    assert len(state.executions) == 4  # both sessions have the first two; the first has all
    again = cells(("import os", 1), ("a = 1", 2), ("b = a + 1", 3), ("print(b)", 3))
    file.unlink()
    file = written(tmp_path, ("import os", "a = 0", "b = a + 1", "print(b)"), ("import os", "a = 1", "b = a + 1"))
    state = recorded_state(again, file)
    assert state is not None
    assert [execution.source for execution in state.executions] == ["import os", "a = 1", "b = a + 1"]


def test_another_notebooks_session_is_not_taken_for_it(tmp_path: Path) -> None:
    file = written(tmp_path, ("import pandas as pd", "df = pd.DataFrame()", "df.head()"))
    notebook = cells(("import pandas as pd", 1), ("x = 1", 2), ("y = x", 3))
    assert recorded_state(notebook, file) is None
    assert recorded_state(notebook, tmp_path / "none.sqlite") is None
    (tmp_path / "broken.sqlite").write_text("no database", encoding="utf-8")
    assert recorded_state(notebook, tmp_path / "broken.sqlite") is None
    assert recorded_state(cells(("x = 1", None)), file) is None


def test_a_kernel_of_jupyter_writes_what_is_read(tmp_path: Path) -> None:
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    manager, client = start_new_kernel(kernel_name="python3", env=environment, startup_timeout=120)
    for source in ("n = 1", "n += 1\n", "print(n)"):
        client.execute_interactive(source, timeout=60, output_hook=lambda _: None)
    client.stop_channels()
    manager.shutdown_kernel()
    notebook = cells(("n = 1", 1), ("n += 5\n", 2), ("print(n)", 3))
    state = recorded_state(notebook, tmp_path / "profile_default" / "history.sqlite")
    assert state is not None
    assert [(execution.count, execution.cell_id, execution.source) for execution in state.executions] == [
        (1, "c0", "n = 1"),
        (2, "c1", "n += 1"),
        (3, "c2", "print(n)"),
    ]
