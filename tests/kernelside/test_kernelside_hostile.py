"""Objects that do harm when they are touched: none of their code may run."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from jupyter_agent import kernelside
from tests.support import hostile_objects

if TYPE_CHECKING:
    from .conftest import Shell

HOOKS = """
    __repr__ __str__ __len__ __bool__ __eq__ __ne__ __lt__ __hash__ __iter__ __next__ __format__ __sizeof__ __dir__
    __getattr__ __getattribute__ __getitem__ __contains__ __call__ __index__ __int__ __float__ __bytes__ __reduce__
    __copy__ __instancecheck__ __array__ _repr_html_ _repr_mimebundle_ __fspath__ __length_hint__ __enter__
""".split()  # noqa: SIM905 - a list of thirty is not read by eye
COUNTING = f"""
called = []
def _hook(name):
    def hook(self, *args, **kwargs):
        called.append(name)
        print('noise')
        raise SystemExit(name)
    return hook
_hooks = {{name: _hook(name) for name in {HOOKS!r}}}
"""


def objects(shell: Shell, code: str) -> dict[str, dict[str, object]]:
    """Runs code that makes hostile objects, looks at all, and checks that no hook was called."""
    shell.run(COUNTING)
    shell.run(code)
    namespace = {name: id(value) for name, value in shell.shell.user_ns.items() if not name.startswith("_")}
    started = time.thread_time()
    described = shell.variables()
    for name in described:
        shell.inspect(name)
    seconds = time.thread_time() - started
    json.dumps(described, allow_nan=False)
    assert shell.shell.user_ns["called"] == []
    assert {name: id(value) for name, value in shell.shell.user_ns.items() if not name.startswith("_")} == namespace
    assert seconds < 0.1 * 2 * len(described)
    return described


def test_V1_hooks_of_an_object_are_not_called(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    described = objects(
        shell, "Hostile = type('Hostile', (), _hooks)\nh = object.__new__(Hostile)\nbox = [h]\nmap_ = {1: h}"
    )
    assert (described["h"]["type"], described["h"]["summary"]) == ("__main__.Hostile", "<__main__.Hostile>")
    assert described["box"]["facts"]["items"] == ["<__main__.Hostile>"]  # type: ignore[index]
    assert capsys.readouterr().out == ""


def test_V3_a_hostile_metaclass_is_not_asked(shell: Shell) -> None:
    described = objects(
        shell,
        "Meta = type('Meta', (type,), {k: v for k, v in _hooks.items() if k != '__call__'})\n"
        "Hostile = type.__new__(Meta, 'Hostile', (), {'__class__': property(_hook('class')), '__doc__': property(_hook('doc'))})\n"
        "h = object.__new__(Hostile)\nboth = [h, Hostile]",
    )
    assert (described["h"]["kind"], described["Hostile"]["kind"]) == ("object", "class")


def test_V3_an_imposter_of_pandas_is_opaque(shell: Shell) -> None:
    described = objects(
        shell,
        "import pandas\nFake = type('DataFrame', (), {**_hooks, '__module__': 'pandas', 'shape': property(_hook('shape'))})\n"
        "fake = object.__new__(Fake)",
    )
    assert (described["fake"]["type"], described["fake"]["kind"]) == ("pandas.DataFrame", "object")


@pytest.mark.parametrize(
    "base", ["str", "int", "float", "bytes", "list", "tuple", "dict", "set", "frozenset", "Exception"]
)
def test_V4_derived_builtins_are_read_by_their_base(shell: Shell, base: str) -> None:
    described = objects(
        shell, f"Derived = type('Derived', ({base},), dict(_hooks))\nd = {base}.__new__(Derived)\nin_ = [d]"
    )
    assert described["d"]["kind"] in ("text", "number", "bytes", "sequence", "mapping", "set", "exception")


def test_V4_a_derived_frame_runs_none_of_its_overrides(shell: Shell) -> None:
    objects(
        shell,
        "import pandas as pd\nFrame = type('Frame', (pd.DataFrame,), {**{k: v for k, v in _hooks.items() if 'getattr' not in k "
        "and k != '__del__'}, 'shape': property(_hook('shape'))})\nd = Frame({'a': [1]})\ncalled.clear()",
    )


def test_V5_cycles_and_deep_nesting_end(shell: Shell) -> None:
    described = objects(
        shell,
        "cycle = []; cycle.append(cycle)\nround_ = {}; round_['me'] = round_\ndeep = []\n"
        "for _ in range(100_000): deep = [deep]",
    )
    assert described["cycle"]["facts"]["length"] == 1  # type: ignore[index]


def test_V6_huge_values_are_cut(shell: Shell) -> None:
    described = objects(shell, "many = list(range(10**6))\ntext = 'x' * (50 * 10**6)\nnumber = 10**5000")
    assert described["many"]["facts"]["length"] == 10**6  # type: ignore[index]
    assert len(json.dumps(described)) < 10_000


def test_V7_hostile_cells_labels_and_missing_values_of_frames(shell: Shell) -> None:
    described = objects(
        shell,
        "import pandas as pd\nHostile = type('Hostile', (), {k: v for k, v in _hooks.items() if k != '__hash__'})\n"
        "df = pd.DataFrame({'o': pd.Series([None, None, None], dtype=object), 'n': [1, 2, 3]})\n"
        "df['o'].array[0:1]\nvalues = df['o'].to_numpy().copy()\nvalues[1] = object.__new__(Hostile)\n"
        "df = pd.DataFrame({'o': pd.Series(values, dtype=object, copy=False), 'n': [1, 2, 3]})\n"
        "df.columns = ['n', 'n']\ncalled.clear()",
    )
    columns = described["df"]["facts"]["columns"]  # type: ignore[index]
    assert [(column["name"], column["missing"]) for column in columns] == [("n", 2), ("n", 0)]
    assert columns[0]["samples"] == ["None", "<__main__.Hostile>", "None"]


def test_V9_iterators_are_not_advanced(shell: Shell) -> None:
    objects(
        shell, "g = (called.append(n) for n in range(3))\ni = iter([1])\nz = zip([1], [2])\nm = map(called.append, [1])"
    )
    shell.run("rest = (list(i), list(z))")
    assert shell.shell.user_ns["rest"] == ([1], [(1, 2)])


@pytest.mark.parametrize("act", sorted(set(hostile_objects.ACTS) - {"exception", "wrong_type", "negative"}))
def test_V2_what_an_object_would_do_is_not_done(shell: Shell, act: str, capsys: pytest.CaptureFixture[str]) -> None:
    spy = hostile_objects.Spy()
    animal = hostile_objects.plain(spy, hostile_objects.ACTS[act])
    shell.shell.user_ns.update(animal=animal, held=[animal], key={"k": animal})
    spy.awake = True
    described = shell.variables()
    started = time.thread_time()
    shell.inspect("animal")
    seconds = time.thread_time() - started
    spy.awake = False
    assert (spy.calls, capsys.readouterr().out, seconds < 0.1) == ([], "", True)
    assert described["held"]["facts"]["items"] == [f"<{described['animal']['type']}>"]


LAZY = """
import sqlite3, polars as pl, numpy as np, sqlalchemy
ran = []
database = sqlite3.connect(':memory:')
database.execute('create table t (n)')
database.set_trace_callback(ran.append)
cursor = database.cursor()
lazy = pl.LazyFrame({'a': [1]}).map_batches(lambda frame: ran.append(frame) or frame)
engine = sqlalchemy.create_engine('sqlite://')
sqlalchemy.event.listen(engine, 'connect', lambda *_: ran.append('connect'))
query = sqlalchemy.select(sqlalchemy.literal(1))
rows = (ran.append(n) for n in range(3))
"""


def test_V8_no_query_is_sent_and_no_job_is_run(shell: Shell) -> None:
    shell.run(LAZY)
    for described in (shell.variables(), {name: shell.inspect(name) for name in shell.variables()}):
        kinds = {name: described[name]["kind"] for name in ("database", "cursor", "engine", "query", "lazy", "rows")}
        assert list(kinds.values()) == ["connection"] * 4 + ["object", "iterator"]
    assert shell.shell.user_ns["ran"] == []


def test_V10_shadowed_builtins_do_not_matter_and_stay(shell: Shell) -> None:
    names = "print len type repr str Exception open sys json get_ipython dict list isinstance"
    shell.run(f"for _name in {names.split()!r}: globals()[_name] = 'mine'")
    described = shell.variables()
    assert {described[name]["facts"]["value"] for name in names.split()} == {"mine"}
    assert {shell.shell.user_ns[name] for name in names.split()} == {"mine"}


def test_V12_what_is_gone_between_the_list_and_the_look_is_said_to_be(shell: Shell) -> None:
    shell.run("a = b = 1")
    assert {"a", "b"} <= set(shell.variables())
    shell.run("del a\nb = 'another'")
    assert kernelside.inspect(shell.shell, "a") == {"gone": True}
    assert shell.inspect("b")["facts"]["value"] == "another"
