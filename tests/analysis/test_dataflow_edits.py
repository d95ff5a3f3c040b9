"""An analysis that is brought up to date gives what a new one gives, whatever was edited, run or cancelled."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_agent.analysis.dataflow import Dataflow
from jupyter_agent.analysis.trace import AnalysisCancelled, CellInterpreter
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.doctor.report import report_of
from tests.support.notebook_session import NotebookSession

SLOW = settings(max_examples=1200, deadline=None, suppress_health_check=list(HealthCheck))
QUICK = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
#: Statements of every sort that bears on others; the cells are not executed, so they need not make sense.
SHAPES = (
    "{a} = [{n}]",
    "{a} = {b}",
    "{a} = {b} = {c}",
    "{a} = {b} + [{n}]",
    "{a} += [len({b})]",
    "{a}[0] = {b}",
    "{a}.append({n})",
    "{a}, {b} = {b}, {a}",
    "if {a}:\n    {b} = {c}",
    "for {a} in {b}:\n    {c} = {a}",
    "for one in [{a}, {b}]:\n    one.append({n})",
    "try:\n    {a} = {b}[{n}]\nexcept IndexError:\n    {c} = 1",
    "({a} := {b})",
    "{a} = [one + {b} for one in {c}]",
    "{a} = (one for one in {b})",
    "{a} = next({b})",
    "{a} = sorted({a})",
    "def f(x):\n    x.append({a})\n    return x",
    "def f(x):\n    global {a}\n    {a} = x\n    return {b}",
    "{a} = f({b})",
    "f({a})",
    "{a} = lambda: {b}",
    "class Box:\n    def fill(self):\n        self.n = {a}\n        {b}.append(self)",
    "{a} = Box()",
    "{a}.fill()",
    "{a}.n = {b}",
    "{a}['k'] = {a}['k'] * {n}",
    "{a} = {b}[['k', 'm']]",
    "{a} = {b}.dropna()",
    "{a}.fillna(0, inplace=True)",
    "{a}.unknown({b})",
    "del {a}",
    "del {a}[0]",
    "import sys",
    "sys.path.append({a})",
    "import mine as {a}",
    "from mine import *",
    "import numpy as np",
    "np.random.seed({n})",
    "{a} = np.random.rand({n})",
    "import matplotlib.pyplot as plt",
    "plt.style.use({a})",
    "plt.plot({a})",
    "{a} = open('{n}.txt').read()",
    "open('{n}.txt', 'w').write({a})",
    "{a}",
    "{a} = _",
    "{a} = Out[{n}]",
    "exec({a})",
    "%reset -f",
    "x = (",
)
name = st.sampled_from("abcd")
statement = st.builds(
    lambda shape, a, b, c, n: shape.format(a=a, b=b, c=c, n=n),
    st.sampled_from(SHAPES),
    name,
    name,
    name,
    st.integers(0, 3),
)
cell = st.lists(statement, min_size=1, max_size=3).map("\n".join)
PREFIX = ("a = [1]\nb = [2]\nc = [3]\nd = [4]", "def f(x): return x")


class CancelledAfter(threading.Event):
    """An event that is set after it was asked so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._left = times

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


@dataclass(frozen=True)
class Change:
    """What a user does to a notebook; the analysis after it may be cancelled after so many cells."""

    kind: str
    at: int
    to: int
    source: str
    cancelled: int


change = st.builds(
    Change,
    st.sampled_from(["edit", "edit", "edit", "move", "delete", "insert", "run", "restart", "save"]),
    st.integers(0, 30),
    st.integers(0, 30),
    cell,
    st.integers(0, 60),
)


def make(notebook: NotebookSession, change: Change, number: int) -> None:
    """Change a notebook."""
    at, to = change.at % len(notebook.cells), change.to % len(notebook.cells)
    cell_id = notebook.cells[at].id
    match change.kind:
        case "edit":
            notebook.edit(cell_id, change.source)
        case "run":
            notebook.run(cell_id)
        case "insert":
            notebook.cells.insert(to, Cell(f"n{number}", "code", change.source))
        case "move":
            notebook.cells.insert(to, notebook.cells.pop(at))
        case "restart":
            notebook.executions.clear()
        case "save":  # the first executions are known by their counts only
            del notebook.executions[: to + 1]
        case _:
            notebook.delete(cell_id)


def hold(cells: list[str], changes: list[Change]) -> None:
    """After each of the changes the analysis that was brought up to date is the one that is made from nothing."""
    notebook = NotebookSession(*PREFIX, *cells).run()
    interpreter = CellInterpreter()
    Dataflow.of(notebook.cells, notebook.state, interpreter)
    for number, made in enumerate(changes):
        if len(notebook.cells) < 2:
            return
        make(notebook, made, number)
        cancelled = CellInterpreter(interpreter, CancelledAfter(made.cancelled))
        with suppress(AnalysisCancelled):
            report_of(Dataflow.of(notebook.cells, notebook.state, cancelled))
        interpreter = CellInterpreter(cancelled)
        flow, anew = Dataflow.of(notebook.cells, notebook.state, interpreter), notebook.flow
        assert flow == anew
        assert report_of(flow) == report_of(anew)
        interpreter.finish()


@QUICK
@given(st.lists(cell, min_size=1, max_size=10), st.lists(change, min_size=1, max_size=4))
def test_after_changes_the_analysis_is_that_of_a_notebook_never_seen_before(
    cells: list[str], changes: list[Change]
) -> None:
    hold(cells, changes)


@pytest.mark.slow
@SLOW
@given(st.lists(cell, min_size=1, max_size=20), st.lists(change, min_size=1, max_size=8))
def test_after_many_changes_the_analysis_is_that_of_a_notebook_never_seen_before(
    cells: list[str], changes: list[Change]
) -> None:
    hold(cells, changes)


FOUND = [
    # Cells, the place of one, and what it becomes.
    (("d = [4]", "d = [6]", "a = [1]", "b = a", "b += [len(d)]"), 2, "c = a\na[0] = 2"),
    (("c = [0]", "%reset -f", "d = d"), 2, "d = 1"),
    (("c = [0]", "a = c\n%reset -f", "d = 1"), 2, "d = a"),
    (("d = [4]", "%reset -f\nb = [d]", "c = b"), 2, "d = b"),
    (("a = 'm'", "import sys\nsys.path.append(a)", "b = 1", "sys.path.append(a)", "import mine"), 2, "a = 'n'"),
    (("a = [2]", "a = sorted(a)", "b = a", "a = sorted(a)", "a.append(1)", "b"), 0, "a = [1]\nb = a"),
]


@pytest.mark.parametrize(("sources", "at", "source"), FOUND, ids=[found[2] for found in FOUND])
def test_after_an_edit_the_analysis_is_that_of_a_notebook_never_seen_before(
    sources: tuple[str, ...], at: int, source: str
) -> None:
    hold(list(sources), [Change("edit", at + len(PREFIX), 0, source, 5)])


def test_a_name_that_is_bound_to_a_sorted_copy_is_another_object_however_often_it_was_sorted() -> None:
    notebook = NotebookSession("a = [2]", "a = sorted(a)", "b = a", "a = sorted(a)", "a.append(1)", "c = b").run()
    assert notebook.cells_of("b") == "abc"


def test_nothing_goes_through_an_emptied_namespace_but_what_is_outside_it() -> None:
    flow = NotebookSession("x = 1", "import numpy as np\nnp.random.seed(x)", "y = x\n%reset -f", "x = y").run().flow
    assert flow.top_down.nodes["d"].missing == ("y",)
    again = NotebookSession(
        "import numpy as np\nnp.random.seed(3)", "%reset -f", "import numpy as np", "z = np.random.rand()"
    )
    assert again.run().cells_of("z") == "acd"


def test_outputs_by_number_follow_their_cells_when_one_is_put_above_them() -> None:
    notebook = NotebookSession("x = 1", "x + 1", "y = Out[2]")
    assert notebook.cells_of("y") == "abc"
    interpreter = CellInterpreter()
    Dataflow.of(notebook.cells, None, interpreter)
    cells = [Cell("n", "code", "z = 1"), *notebook.cells]
    above = Dataflow.of(cells, None, CellInterpreter(interpreter))
    assert above == Dataflow.of(cells)
    assert above.top_down.nodes["b"].writes.keys() >= {"_3"}
    assert "_2" not in above.top_down.values  # Out[2] is now what the cell above it shows, and that is nothing


def counted(notebook: NotebookSession, earlier: CellInterpreter | None = None) -> CellInterpreter:
    """What an analysis and its report interpreted."""
    interpreter = CellInterpreter(earlier)
    report_of(Dataflow.of(notebook.cells, notebook.state, interpreter))
    interpreter.finish()
    return interpreter


def test_a_changed_cell_costs_only_what_depends_on_it() -> None:
    notebook = NotebookSession("import math", *(f"v{at} = math.sqrt({at})" for at in range(300)), "w = v7").run()
    first = counted(notebook)
    assert first.interpreted == 2 * 302
    again = counted(notebook, first)
    assert again.interpreted == 0
    seven = notebook.cells[8].id
    notebook.edit(seven, "v7 = 0")
    edited = counted(notebook, again)
    assert edited.interpreted == 2 + 2  # as the notebook stands, and as they will be when they have run again
    assert counted(notebook.run(seven), edited).interpreted == 1 + 1
    notebook.cells.insert(0, Cell("new", "code", "z = 1"))
    assert counted(notebook, counted(notebook)).interpreted == 0


def test_a_cell_put_above_all_others_lets_none_of_them_be_interpreted_again() -> None:
    notebook = NotebookSession("x = 1", "x + 1", "y = x").run()
    first = counted(notebook)
    notebook.cells.insert(0, Cell("new", "code", "z = 1"))
    assert counted(notebook, first).interpreted == 2  # the new one, as it stands and as it will have run


def test_cells_may_be_moved_added_and_deleted() -> None:
    notebook = NotebookSession("x = 1", "y = x").run()
    a, b = notebook.cells
    assert Dataflow.of([b, a], notebook.state).top_down.nodes["b"].missing == ("x",)
    assert Dataflow.of([b], notebook.state).top_down.nodes["b"].missing == ("x",)
    assert NotebookSession("x = 1", "y = x", "z = y").cells_of("z") == "abc"


def test_an_execution_count_of_billions_costs_nothing() -> None:
    flow = Dataflow.of([Cell("a", "code", "x = 1", 2_000_000_000), Cell("b", "code", "y = x", 1_999_999_998)])
    assert "In [3, 4, 5, 6, 7, 8, 9, 10 …]" in flow.unknown[0]


def test_a_cancelled_analysis_ends_at_its_next_cell_and_goes_on_from_there() -> None:
    notebook = NotebookSession(*(f"v{at} = {at}" for at in range(50))).run()
    cancelled = CellInterpreter(cancelled=CancelledAfter(30))
    with pytest.raises(AnalysisCancelled):
        Dataflow.of(notebook.cells, notebook.state, cancelled)
    assert cancelled.interpreted == 30
    assert counted(notebook, cancelled).interpreted == 70


def test_names_that_may_share_data_are_followed_up_to_a_bound() -> None:
    flow = NotebookSession("x = []", *(f"x += [{at}]\ny{at} = x" for at in range(120))).run().flow
    assert 40 <= max(len(value.shares) for value in flow.top_down.values.values() if value is not None) <= 50
