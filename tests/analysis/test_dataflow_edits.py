from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_agent.analysis.cells.names import readable_names
from jupyter_agent.analysis.dataflow import Affected, Dataflow, is_variable
from jupyter_agent.analysis.provenance import DISPLAY_STATE, AbstractValue, Node
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


@dataclass(frozen=True)
class Change:
    """What a user does to a notebook, and what is asked after it."""

    kind: str
    at: int
    to: int
    source: str
    reached: bool
    values: bool


change = st.builds(
    Change,
    st.sampled_from(["edit", "edit", "edit", "move", "delete", "insert", "run"]),
    st.integers(0, 30),
    st.integers(0, 30),
    cell,
    st.booleans(),
    st.booleans(),
)


def affected(flow: Dataflow, cell_id: str) -> Affected:
    """What a change makes stale, read off what every cell finds when all are run."""
    reached: set[object] = {cell_id}
    for node in flow.order.nodes.values():
        found = [one for name, one in node.inputs.items() if one is not None and name not in DISPLAY_STATE]
        if any(one.node in reached for one in found):
            reached.add(node.key)
    names = [name for name, one in flow.order.values.items() if one is not None and one.writer in reached]
    cells = [one.id for one in flow.cells if one.id in reached and one.id != cell_id]
    return Affected(tuple(cells), tuple(sorted(filter(is_variable, names))))


def changed(flow: Dataflow, notebook: NotebookSession, made: Change, number: int) -> Dataflow:
    """Change a notebook, and the dataflow that is kept up with it."""
    at, to = made.at % len(notebook.cells), made.to % len(notebook.cells)
    one = notebook.cells[at]
    match made.kind:
        case "edit":
            notebook.edit(one.id, made.source)
            return flow.after(notebook.cells[at])
        case "run":
            notebook.run(one.id)
            return flow.after(notebook.executions[-1]).with_cells(notebook.cells)
        case "insert":
            notebook.cells.insert(to, Cell(f"n{number}", "code", made.source))
        case "move":
            notebook.cells.insert(to, notebook.cells.pop(at))
        case _:
            notebook.cells.remove(one)
    return flow.with_cells(notebook.cells)


def told_by(flow: Dataflow) -> tuple[list[Node], Mapping[str, AbstractValue | None]]:
    """All nodes and values; outputs by number only where a cell reads by these."""
    if any(readable_names(one.source).reads_history for one in flow.cells):
        return list(flow.order.nodes.values()), flow.order.values
    nodes = [replace(one, writes=_without_numbers(one.writes)) for one in flow.order.nodes.values()]
    return nodes, _without_numbers(flow.order.values)


def _without_numbers(values: Mapping[str, AbstractValue | None]) -> Mapping[str, AbstractValue | None]:
    return {name: one for name, one in values.items() if not (name[0] == "_" and name[1:].isdigit())}


def hold(cells: list[str], changes: list[Change]) -> None:
    """Whatever is asked after each of the changes, the answer is the one of a dataflow that is built afresh."""
    notebook = NotebookSession(*PREFIX, *cells).run()
    flow = notebook.flow
    for number, made in enumerate(changes):
        if len(notebook.cells) < 2:
            return
        flow = changed(flow, notebook, made, number)
        afresh = Dataflow.of(notebook.cells, notebook.state)
        ids = [one.id for one in notebook.cells]
        if made.reached:
            assert [flow.affected_by(one) for one in ids] == [affected(afresh, one) for one in ids]
        if made.values:
            assert told_by(flow) == told_by(afresh)
        assert flow.trace == afresh.trace
    assert report_of(flow) == report_of(Dataflow.of(notebook.cells, notebook.state))


@QUICK
@given(st.lists(cell, min_size=1, max_size=10), st.lists(change, min_size=1, max_size=4))
def test_after_changes_everything_is_told_as_if_built_afresh(cells: list[str], changes: list[Change]) -> None:
    hold(cells, changes)


@pytest.mark.slow
@SLOW
@given(st.lists(cell, min_size=1, max_size=20), st.lists(change, min_size=1, max_size=8))
def test_after_many_changes_everything_is_told_as_if_built_afresh(cells: list[str], changes: list[Change]) -> None:
    hold(cells, changes)


FOUND = [
    # Cells, the place of one, what it becomes, and the cell whose reach was told wrong after that.
    (("d = [4]", "d = [6]", "a = [1]", "b = a", "b += [len(d)]"), 2, "c = a\na[0] = 2", 3),
    (("c = [0]", "%reset -f", "d = d"), 2, "d = 1", 0),
    (("c = [0]", "a = c\n%reset -f", "d = 1"), 2, "d = a", 0),
    (("d = [4]", "%reset -f\nb = [d]", "c = b"), 2, "d = b", 0),
    (("a = 'm'", "import sys\nsys.path.append(a)", "b = 1", "sys.path.append(a)", "import mine"), 2, "a = 'n'", 2),
    (("a = [2]", "a = sorted(a)", "b = a", "a = sorted(a)", "a.append(1)", "b"), 0, "a = [1]\nb = a", 2),
]


@pytest.mark.parametrize(("sources", "at", "source", "of"), FOUND, ids=[one[2] for one in FOUND])
def test_what_a_change_reaches_is_told_as_if_built_afresh(
    sources: tuple[str, ...], at: int, source: str, of: int
) -> None:
    prefix = ("a = [1]\nb = [2]\nc = [3]\nd = [4]",)
    notebook = NotebookSession(*prefix, *sources).run()
    flow = notebook.flow
    one = notebook.edit(notebook.cells[at + 1].id, source).cells[at + 1]
    asked = notebook.cells[of + 1].id
    assert flow.after(one).affected_by(asked) == affected(Dataflow.of(notebook.cells, notebook.state), asked)


def test_what_was_changed_under_another_name_is_made_by_who_made_that() -> None:
    told = NotebookSession("a = [1]", "b = a", "b += [2]", "c = a").flow.affected_by("b")
    assert (told.cells, told.variables) == (("c", "d"), ("a", "b", "c"))


def test_a_name_that_is_bound_to_a_sorted_copy_is_another_object_however_often_it_was_sorted() -> None:
    notebook = NotebookSession("a = [2]", "a = sorted(a)", "b = a", "a = sorted(a)", "a.append(1)", "c = b").run()
    assert notebook.cells_of("b") == "abc"


def test_nothing_goes_through_an_emptied_namespace_but_what_is_outside_it() -> None:
    flow = NotebookSession("x = 1", "import numpy as np\nnp.random.seed(x)", "y = x\n%reset -f", "x = y").run().flow
    assert flow.order.nodes["d"].missing == ("y",)
    again = NotebookSession(
        "import numpy as np\nnp.random.seed(3)", "%reset -f", "import numpy as np", "z = np.random.rand()"
    )
    assert again.run().cells_of("z") == "acd"


def test_outputs_by_number_follow_their_cells_when_one_is_put_above_them() -> None:
    flow = NotebookSession("x = 1", "x + 1", "y = Out[2]").flow
    assert flow.affected_by("b").cells == ("c",)
    above = flow.with_cells([Cell("n", "code", "z = 1"), *flow.cells])
    assert above.order.nodes["c"].missing == ()
    assert above.affected_by("b").cells == ()  # Out[2] is now what the cell above it shows, and that is nothing


def test_a_cell_that_comes_to_read_outputs_by_number_reads_by_the_numbers_that_they_have_now() -> None:
    flow = NotebookSession("x = 1", "x + 1", "y = 2").flow
    assert flow.order.nodes["b"].writes.keys() >= {"_2"}
    above = flow.with_cells([Cell("n", "code", "z = 1"), *flow.cells])
    assert above.order.nodes["b"].key == "b"
    reading = above.after(Cell("c", "code", "y = Out[3]"))
    assert reading.affected_by("b").cells == ("c",)
