from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.notebook_session import NotebookSession, slice_of

NAMES = ("a", "b", "c", "d")
SLOW = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

name = st.sampled_from(NAMES)
number = st.integers(0, 9)
statement = st.one_of(
    st.builds("{} = [{}]".format, name, number),
    st.builds("{} = {} + [{}]".format, name, name, number),
    st.builds("{} = {}".format, name, name),
    st.builds("{}.append({})".format, name, number),
    st.builds("{}[0] = {}".format, name, number),
    st.builds("{} += [len({})]".format, name, name),
    st.builds("{} = [one + {} for one in {}]".format, name, number, name),
    st.builds("{} = sorted({}) + {}[:2]".format, name, name, name),
    st.builds("if len({}) > {}:\n    {} = {} + [0]".format, name, number, name, name),
    st.builds("for one in {}[:3]:\n    {}.append(one) if len({}) < 9 else None".format, name, name, name),
    st.builds("def f(x):\n    x.append(len({}))\n    return x".format, name),
    st.builds("{} = list(f({}))".format, name, name),
    st.builds("f({})".format, name),
    st.builds("def f(x):\n    global {}\n    {} = x + [1]\n    return [1]".format, name, name),
    st.builds("({} := {} + [7])".format, name, name),
    st.builds("{}, {} = {}[:1], {}[1:]".format, name, name, name, name),
    st.builds("pair = [{}, len({})]\n{} = pair[0]".format, name, name, name),
    st.builds("del {}\n{} = [{}]".format, name, name, number),
    st.builds("try:\n    {} = [{}[{}]]\nexcept IndexError:\n    pass".format, name, name, number),
)
cell = st.lists(statement, min_size=1, max_size=3).map("\n".join)
held = st.one_of(
    st.builds("{} = [{}, {}]".format, name, name, name),
    st.builds("{} = {}[0]".format, name, name),
    st.builds("{} = {{0: [{}], 1: {}}}".format, name, name, name),
    st.builds("{}, {} = {}, {}".format, name, name, name, name),
    st.builds("{}, *{} = {}".format, name, name, name),
    st.builds("{}, ({}, {}) = {}, {}".format, name, name, name, name, name),
    st.builds("{}.append({})".format, name, name),
    st.builds("{}[0] = {}".format, name, name),
    st.builds("{}[0].append({})".format, name, number),
    st.builds("{} = list({})".format, name, name),
    st.builds("{} = [one for one in {}]".format, name, name),
    st.builds("if len({}) > {}:\n    {} = {}".format, name, number, name, name),
    st.builds("for {} in [{}, {}]:\n    pass".format, name, name, name),
    st.builds("for one in {}:\n    one.append({})".format, name, number),
    st.builds("{} = {} or {}".format, name, name, name),
    statement,
)
cell_with_held = st.lists(held, min_size=1, max_size=3).map("\n".join)
PREFIX = ("a = [1]\nb = [2]\nc = [3]\nd = [4]", "def f(x): return x")


HANDED_ON = [
    ["b = [a, a]", "b, a = b, a", "a.append(0)"],
    ["b = [a, a]\nb, a = b, a", "a.append(0)"],
    ["b = [a, a]", "b, a = a, b", "b.append(0)"],
    ["b = [a]", "c = [b, a]\na, b, c = c, b, a", "b.append(0)", "c.append(3)"],
    ["d = [a, b]", "a, b, c = b, c, a", "c.append(0)", "a.append(1)"],
]


def ran(*sources: str) -> dict[str, object]:
    namespace: dict[str, object] = {}
    for source in sources:
        exec(source, namespace)
    return namespace


def runs(sources: tuple[str, ...]) -> bool:
    """Whether they run, and no list holds itself, which slices do not follow."""
    try:
        namespace = ran(*sources)
    except (AttributeError, IndexError, TypeError, ValueError, KeyError, NameError):
        return False
    return "[...]" not in repr([namespace.get(name) for name in NAMES])


def hold(cells: list[str]) -> None:
    """The slice of every variable, run in a fresh namespace, gives an equal value."""
    sources = list(PREFIX)
    for source in cells:
        if runs((*sources, source)):
            sources.append(source)
    notebook = NotebookSession(*sources).run()
    end, flow = ran(*sources), notebook.flow
    for name in NAMES:
        if name not in end:
            continue
        part = slice_of(flow, name)
        assert part is not None
        assert repr(ran(*part.sources).get(name)) == repr(end[name]), (name, part.sources)


@QUICK
@given(st.lists(cell, min_size=1, max_size=12))
def test_the_slice_of_a_variable_makes_it_anew(cells: list[str]) -> None:
    hold(cells)


@pytest.mark.slow
@SLOW
@given(st.lists(cell, min_size=1, max_size=25))
def test_the_slice_of_a_variable_makes_it_anew_in_many_notebooks(cells: list[str]) -> None:
    hold(cells)


@pytest.mark.parametrize("cells", HANDED_ON)
def test_objects_that_names_hand_on_side_by_side_are_followed(cells: list[str]) -> None:
    hold(cells)


@QUICK
@given(st.lists(cell_with_held, min_size=1, max_size=8))
def test_the_slice_of_what_holds_other_objects_makes_it_anew(cells: list[str]) -> None:
    hold(cells)


@pytest.mark.slow
@SLOW
@given(st.lists(cell_with_held, min_size=1, max_size=16))
def test_the_slice_of_what_holds_other_objects_makes_it_anew_in_many_notebooks(cells: list[str]) -> None:
    hold(cells)


def refresh(cells: list[str], data: st.DataObject) -> None:
    """Whatever was run and edited: when the cells that are said to be needed have run, everything is fresh."""
    notebook = NotebookSession(*PREFIX, *cells).run()
    for _ in range(3):
        at = data.draw(st.integers(2, len(notebook.cells) - 1))
        if data.draw(st.booleans()):
            notebook.edit(notebook.cells[at].id, data.draw(cell))
        else:
            notebook.run(notebook.cells[at].id)
    wanted = notebook.to_refresh
    if wanted:
        notebook.run(*wanted)
    report = notebook.report
    assert not {finding.kind for finding in report.findings} & {"edited", "never_run"}
    if report.prediction.verdict != "fails":  # a cell that fails from the top can never be fresh
        assert report.run == ()
        assert report.prediction.differences == ()


@QUICK
@given(st.lists(cell, min_size=1, max_size=8), st.data())
def test_running_what_is_said_makes_everything_fresh(cells: list[str], data: st.DataObject) -> None:
    refresh(cells, data)


@pytest.mark.slow
@settings(SLOW, max_examples=10_000)
@given(st.lists(cell, min_size=1, max_size=8), st.data())
def test_running_what_is_said_makes_everything_fresh_in_many_notebooks(cells: list[str], data: st.DataObject) -> None:
    refresh(cells, data)


def test_what_is_to_be_gone_is_deleted_again() -> None:
    sources = (
        "b = [2]",
        "a = b[:1]\nb.append(1)",
        "del b",
        "a = [0]\ntry:\n    b = [a[0]]\nexcept IndexError:\n    pass",
    )
    notebook = NotebookSession(*sources).run().run("d", "b")
    assert "c" in notebook.to_refresh


def test_another_name_for_what_may_have_changed_is_made_where_it_was_given() -> None:
    notebook = NotebookSession("b = [2]", "a = [0]", "a = b\nb += [len(a)]", "b = [0]").run().run("b")
    assert notebook.to_refresh == ("a", "c", "d")


def test_what_is_to_be_the_same_object_is_made_so_again() -> None:
    notebook = NotebookSession("a = [1]", "b = a", "a = [0]", "a.append(0)").run().edit("a", "a = [0]")
    assert notebook.to_refresh == ("a", "b", "c", "d")


LINES = (
    "%time",
    "!ls {x}",
    "%%bash",
    "x = %who",
    "df?",
    "x = (",
    "y = x",
    "'''",
    "def f(): return x",
    "@f",
    "    z = 1",
    "if x:",
    "else:",
    "del x",
    "_ + 1",
    "x.y.z[0] = 1",
    "import x",
    "from x import *",
    "x: int",
    ")",
    "%reset -f",
    "x = 1; y = 2;",
)
source = st.one_of(st.lists(st.sampled_from(LINES), max_size=5).map("\n".join), st.text(max_size=40))


@QUICK
@given(st.lists(source, min_size=1, max_size=8))
def test_whatever_stands_in_cells_there_is_a_report(sources: list[str]) -> None:
    report = NotebookSession(*sources).run().report
    assert report.to_json()["unknown"] == []
    assert report.to_markdown()


SITUATIONS = [
    # A variable, its cells, and why.
    (("x = 1", "y = 2", "z = x + 1"), "z", "ac"),
    (("df = load()", "df['a'] = 1", "print(df)", "df['b'] = df['a']"), "df", "abd"),
    (("x = [1]", "y = x", "y.append(2)"), "x", "abc"),
    (("x = [1]", "y = x[:]", "y.append(2)"), "x", "abc"),
    (("k = 2", "def f(x): return x * k", "k = 3", "y = f(1)"), "y", "bcd"),
    (("def g(): return n", "def f(): return g()", "n = 1", "y = f()"), "y", "abcd"),
    (("import numpy as np", "np.random.seed(0)", "a = np.random.rand()", "b = np.random.rand()"), "b", "abcd"),
    (("import numpy as np", "r = np.random.default_rng(0)", "a = r.normal()", "b = r.normal()"), "b", "abcd"),
    (("rows = iter([1, 2])", "a = next(rows)", "b = next(rows)"), "b", "abc"),
    (("t = 'x'", "open('out.txt', 'w').write(t)", "u = open('out.txt').read()"), "u", "abc"),
    (("class Box:\n    def fill(self): self.n = size", "size = 3", "box = Box()", "box.fill()"), "box", "abcd"),
    (("x = 1", "if x: y = 2", "z = y"), "z", "abc"),
    (("m = Model()", "m.fit(X)", "p = m.predict(X)"), "p", "abc"),
    (("x = 1", "x = 2", "y = x"), "y", "bc"),
    (("total = 0", "def add(n):\n    global total\n    total += n", "add(3)"), "total", "abc"),
    (("1 + 1", "y = _ + 1"), "y", "ab"),
    (("a, b = [1], [2]", "for one in [a, b]:\n    one.append(3)"), "b", "ab"),
    (("import sys", "sys.path.append('..')", "import mine", "x = mine.f()"), "x", "abcd"),
    (("!wget https://example.org/a.csv", "x = open('a.csv').read()"), "x", "ab"),
    (("pattern = 'a*'", "names = !ls {pattern}"), "names", "ab"),
]


@pytest.mark.parametrize(
    ("sources", "name", "cells"), SITUATIONS, ids=[" ⏎ ".join(case[0])[:60] for case in SITUATIONS]
)
def test_the_slice_of_a_variable_is_these_cells(sources: tuple[str, ...], name: str, cells: str) -> None:
    assert NotebookSession(*sources).run().cells_of(name) == cells


#: Cells after which `b` is, shows or holds the object of `a`, though it was not simply given its name.
SHARING = [
    ("pair = [a, 1]\nc = pair[0]\nb = c", "c = 1"),
    ("c = a", "b = c", "c = 1"),
    ("b = c = a", "c = 1"),
    ("b: list = a",),
    ("b = a if t else d",),
    ("b = a or d",),
    ("c = [(b := a), 1]",),
    ("b = (1, [a])",),
    ("b = {1: {2: a}}",),
    ("p = {1: a}", "b = p[1]", "p = 0"),
    ("p = [[a]]", "b = [p[0], 1]", "p = 0"),
    ("b = [a, d][0]",),
    ("p = [a, 1]", "b = [*p, 2]", "p = 0"),
    ("p = {1: a}", "b = {**p, 2: 3}", "p = 0"),
    ("c, b = d, a",),
    ("c, (b, e) = 1, (a, 2)",),
    ("p = [d, (1, a)]", "c, (e, b) = p", "p = 0"),
    ("p = [1, d, a]", "c, *b = p", "p = 0"),
    ("b = a\nb, c = [b], 1",),
    ("if t:\n    b = a",),
    ("try:\n    b = [a]\nfinally:\n    c = 1",),
    ("for b in [d, a]:\n    pass",),
    ("p = {1: a}", "for i, b in p.items():\n    pass", "p = 0"),
    ("p = [a]", "for i, b in enumerate(p):\n    pass", "p = 0"),
    ("match [1, a]:\n    case [c, b]:\n        pass",),
    ("b = [a for i in range(2)]",),
    ("p = [[a]]", "b = [one for inner in p for one in inner]", "p = 0"),
    ("p = [a]", "b = p + [1]", "p = 0"),
    ("p = [a]", "b = list(p)", "p = 0"),
    ("p = [a]", "b = p.copy()", "p = 0"),
    ("b = dict(k=a)",),
    ("p = {1: a}", "b = p.get(1)", "p = 0"),
    ("p = [a]", "b = p.pop()"),
    ("b = []\nb.append([a])",),
    ("b = []\nc = [b]", "b.extend([a])", "b = c", "c = 0"),
    ("b = []\nb += [a]",),
    ("b = [1]\nb[0] = a",),
    ("b = {}\nb.update(k=a)",),
    ("def f(x): return x", "b = [f([a])]"),
    ("b = a", "a, d = d, a", "a = d"),
    ("b = a\na = [a, 1]\na = a[0]",),
    ("a = [a, a]", "b = [a, a]", "a = a + [7]\na[0].append(5)"),
]


@pytest.mark.parametrize("sources", SHARING, ids=[" ⏎ ".join(case)[:60] for case in SHARING])
def test_what_is_or_holds_an_object_changes_with_it(sources: tuple[str, ...]) -> None:
    sources = ("t = True\na = [1]\nd = [4]", *sources, "a.append(0)")
    part = slice_of(NotebookSession(*sources).run().flow, "b")
    assert part is not None
    assert ran(*part.sources)["b"] == ran(*sources)["b"]


@pytest.mark.parametrize(
    ("sources", "name", "cells"),
    [
        (("x = [1]", "both = [x, 2]", "both.append(3)"), "x", "a"),
        (("x = [1]", "both = [x, 2]", "both[0].append(3)"), "x", "abc"),
        (("x = [1]", "both = [x, 2]", "for one in both[:1]:\n    one.append(3)"), "x", "abc"),
        (("x = [[1]]", "y = x + [2]", "y.append(3)"), "x", "a"),
        (("x = [1]", "y = x", "y = [2]", "y.append(3)"), "x", "a"),
        (("x = [1]", "z = [2]", "y, w = x, z", "w.append(3)"), "y", "abc"),
        (("x = [1]", "y = [x]", "x = [2]", "x.append(3)"), "y", "ab"),
    ],
)
def test_what_shares_nothing_with_a_changed_object_stays(sources: tuple[str, ...], name: str, cells: str) -> None:
    assert NotebookSession(*sources).run().cells_of(name) == cells


def test_a_slice_tells_the_source_that_ran_not_the_one_that_stands() -> None:
    notebook = NotebookSession("x = 1", "y = x").run().edit("a", "x = 5").delete("b")
    part = slice_of(notebook.flow, "y")
    assert part is not None
    assert (part.sources, part.cells) == (("x = 1", "y = x"), ("a", "b"))


def test_a_name_that_was_never_executed_is_sliced_by_the_cells_as_they_stand() -> None:
    assert NotebookSession("x = 1", "q = 2", "y = x").cells_of("y") == "ac"
    assert slice_of(NotebookSession("x = 1").flow, "nothing") is None


def test_a_cell_that_reads_what_was_overwritten_below_needs_its_maker_to_run_too() -> None:
    notebook = NotebookSession("x = 1", "y = x", "x = 2").run().edit("b", "y = x + 1")
    assert notebook.to_refresh == ("a", "b", "c")


def test_a_name_that_was_given_anothers_value_is_given_it_again() -> None:
    """The list was made above: the cell that makes `b` another name of it is needed, too."""
    sources = (
        "a = [1]\nb = [2]\nc = [3]",
        "pair = [a]\nc = pair[0]",
        "b = a\na += [len(a)]",
        "pair = [c]\na = pair[0]",
    )
    notebook = NotebookSession(*sources).run().run("b", "b")
    notebook.run(*notebook.to_refresh)
    assert notebook.report.run == ()
    assert notebook.report.prediction.differences == ()
