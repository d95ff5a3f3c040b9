"""What IPython's history on this machine knows of a notebook's runs, after its kernel is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from jupyter_agent.core.kernel_state import Cell, Execution, KernelState
from jupyter_agent.kernelside.wire import source_hash

#: The newest sessions that are looked through, and executions of one that are read.
MAX_SESSIONS = 2_000
MAX_EXECUTIONS = 5_000
_COUNTED = (
    "select session, line, source_raw from history where session > ? and line in (select value from json_each(?))"
)
_WHOLE = "select line, source_raw from history where session = ? order by line limit ?"


def history_file() -> Path:
    """Where IPython keeps the history of the default profile, which Jupyter's kernels write, too."""
    from IPython.paths import get_ipython_dir

    return Path(get_ipython_dir()) / "profile_default" / "history.sqlite"


def recorded_state(cells: Sequence[Cell], file: Path) -> KernelState | None:
    """The executions of the session in which a notebook's cells ran last, as a state without variables.

    A session is the notebook's where at least half of the cells that have a count have their source under it. Cells
    that ran again in a later session, after a restart, make that one the last.

    Args:
        cells: The notebook's cells.
        file: The history; it is only read.

    Returns:
        None where no session fits, or the history cannot be read.
    """
    counted = [cell for cell in cells if cell.kind == "code" and cell.execution_count]
    if not counted or not file.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1.0)) as database:
            newest = database.execute("select max(session) from history").fetchone()[0] or 0
            lines = str([cell.execution_count for cell in counted])
            known: dict[int, dict[int, str]] = {}
            for session, line, source in database.execute(_COUNTED, (newest - MAX_SESSIONS, lines)):
                known.setdefault(session, {})[line] = str(source).rstrip()
            session = _last_session(counted, known)
            if session is None:
                return None
            rows = database.execute(_WHOLE, (session, MAX_EXECUTIONS)).fetchall()
    except sqlite3.Error:
        return None
    executions = _executions({int(line): str(source).rstrip() for line, source in rows}, counted)
    return KernelState("", epoch="history", executions=executions, source="history")


def _last_session(cells: Sequence[Cell], known: Mapping[int, Mapping[int, str]]) -> int | None:
    """The session in which cells of a notebook ran last."""
    # The cells whose source each session has under their counts.
    fitting = {
        session: {cell.id for cell in cells if lines.get(cell.execution_count or 0) == cell.source.rstrip()}
        for session, lines in known.items()
    }
    best = max(fitting, key=lambda session: (len(fitting[session]), session), default=None)
    if best is None or 2 * len(fitting[best]) < len(cells):
        return None
    after = [
        session
        for session, ids in fitting.items()
        if session > best and ids - fitting[best] and 2 * len(ids) >= len(known[session])
    ]
    return max([best, *after])


def _executions(lines: Mapping[int, str], cells: Sequence[Cell]) -> tuple[Execution, ...]:
    """A session's executions, each with its cell: by its count; else by what the cell has, or had when it ran last."""
    of_count = {cell.execution_count or 0: cell for cell in cells}
    of_source = {cell.source.rstrip(): cell for cell in cells}
    of_source |= {lines[count]: cell for count, cell in of_count.items() if count in lines}
    executions = []
    for line, source in lines.items():
        cell = of_count.get(line) or of_source.get(source)
        failed = cell is not None and cell.execution_count == line and bool(cell.error)
        cell_id = cell.id if cell is not None else f"In [{line}]"
        executions.append(Execution(line, cell_id, source_hash(source), source, "error" if failed else "ok", 0.0))
    return tuple(executions)
