from __future__ import annotations

import sys
import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_agent.analysis.cells.names import names_of
from jupyter_agent.core.kernel_state import Cell
from tests.support.notebook_session import report_on


def sorted_text(names: Iterable[str]) -> str:
    return " ".join(sorted(names))


#: source, defines, reads, mutates, deletes
FORMS = [
    ("x = 1", "x", "", "", ""),
    ("x = y = z", "x y", "z", "", ""),
    ("(a, [b, *c]) = d", "a b c", "d", "", ""),
    ("x: int = y", "x", "y", "", ""),
    ("x: Frame", "", "Frame", "", ""),
    ("x += 1", "x", "x", "", ""),
    ("d['k'] = v", "", "d v", "d", ""),
    ("d[i][j] = v", "", "d i j v", "d", ""),
    ("o.a.b = v", "", "o v", "o", ""),
    ("a[i] += n", "", "a i n", "a", ""),
    ("df.loc[m, 'c'] = 0", "", "df m", "df", ""),
    ("del x", "", "x", "", "x"),
    ("del d['k']", "", "d", "d", ""),
    ("x = 1\ndel x", "", "", "", "x"),
    ("import numpy as np, os.path", "np os", "", "", ""),
    ("from a.b import c as d", "d", "", "", ""),
    ("from m import *\ny = f(x)", "y", "f x", "", ""),
    ("[a + b for a in rows if a > c]", "", "b c rows", "", ""),
    ("{k: v for k, v in d.items()}", "", "d", "", ""),
    ("{x for y in z for x in y}", "", "z", "", ""),
    ("any((last := one) for one in many)", "last", "many", "", ""),
    ("g = (a for a in b)", "g", "b", "", ""),
    ("if (n := len(a)) > 3:\n    y = n\nelse:\n    y = 0", "n y", "a", "", ""),
    ("def f(a, b=c):\n    return a + d", "f", "c", "", ""),
    ("def f() -> T: pass", "f", "T", "", ""),
    ("f = lambda a, b=c: a + d", "f", "c d", "", ""),
    ("@dec(k)\nclass A(Base, metaclass=M):\n    n = q\n    def go(self): return w", "A", "Base M dec k q", "", ""),
    ("async def f(): await g()", "f", "", "", ""),
    ("x = await g(y)", "x", "g y", "", ""),
    ("async for a in b:\n    c = a", "a c", "b", "", ""),
    ("async with a as b: c = b", "b c", "a", "", ""),
    ("with open(p) as f, g() as (h, i):\n    t = f.read()", "f h i t", "g p", "", ""),
    ("for i in r:\n    t = i\n    u = t + q", "i t u", "q r", "", ""),
    ("for i in r:\n    s = s + i", "i s", "r s", "", ""),
    ("while p:\n    p = step(p)", "p", "p step", "", ""),
    ("try:\n    import fast as m\nexcept ImportError as e:\n    m = None; note = e", "m note", "", "", ""),
    ("try:\n    x = f()\nfinally:\n    y = 1", "x y", "f", "", ""),
    (
        "match v:\n    case {'a': 1, **rest}: p = rest\n    case P(x=q) if q > lim: p = q\n    case [*many]: p = many",
        "many p q rest",
        "P lim v",
        "",
        "",
    ),
    ("items.append(x)", "", "items x", "items", ""),
    ("df.dropna(inplace=True)", "", "df", "df", ""),
    ("df.dropna()", "", "df", "", ""),
    ("model.fit(X, y)", "", "X model y", "model", ""),
    ("import random\nrandom.shuffle(deck)", "random", "deck", "deck", ""),
    ("np.add(a, b, out=c)", "", "a b c np", "c", ""),
    ("print(f'{x!r:>{w}} {y.z}')", "", "w x y", "", ""),
    ("global g\ng = 1", "g", "", "", ""),
    ("exec('a = b')", "a", "b", "", ""),
    ("globals()['made'] = v", "made", "v", "", ""),
    ("%matplotlib inline", "", "", "", ""),
    ("%time x = f(y)", "x", "f y", "", ""),
    ("%timeit f(y)", "", "f y", "", ""),
    ("%%timeit s = y\nf(s)", "", "f y", "", ""),
    ("%%time\nx = f(y)", "x", "f y", "", ""),
    ("%%capture out\nx = 1", "out x", "", "", ""),
    ("files = !ls {folder} $pattern", "files", "folder pattern", "", ""),
    ("!echo {a[k]}", "", "a k", "", ""),
    ("%%bash\nx=1; echo $HOME", "", "HOME", "", ""),
    ("%%html\n<b>{x}</b>", "", "", "", ""),
    ("if ok:\n    !ls\n    x = 1", "x", "ok", "", ""),
    ("df.head?", "", "", "", ""),
    ("text = '''\n%not a magic\n'''\n%pwd", "text", "", "", ""),
    ("x = (1 +\n  y)\n%pwd\nz = x", "x z", "y", "", ""),
    ("_ + Out[3] + In[1]", "", "In _ _3", "", ""),
    ("a[lo:hi, ::step]", "", "a hi lo step", "", ""),
    ("x = y if t else z", "x", "t y z", "", ""),
    ("(yield_ := q)", "yield_", "q", "", ""),
    ("assert x, msg", "", "msg x", "", ""),
    ("raise Failure(x) from y", "", "Failure x y", "", ""),
]


@pytest.mark.parametrize(
    ("source", "defines", "reads", "mutates", "deletes"), FORMS, ids=[form[0][:40] for form in FORMS]
)
def test_each_form_of_syntax_tells_what_it_defines_reads_mutates_and_deletes(
    source: str, defines: str, reads: str, mutates: str, deletes: str
) -> None:
    names = names_of(source)
    found = tuple(map(sorted_text, (names.defines, names.reads, names.mutates, names.deletes)))
    assert found == (defines, reads, mutates, deletes)


def test_type_aliases_and_type_parameters_are_read_where_python_reads_them() -> None:
    names = names_of("type Pair[T] = tuple[T, Other]\ndef f[T](x: T) -> T: return x")
    if sys.version_info < (3, 12):
        assert names.problem
    else:
        assert (sorted_text(names.defines), sorted_text(names.reads)) == ("Pair f", "Other")


FUNCTIONS = [
    ("def f(a):\n    b = a\n    return b + c", "c", "", ""),
    ("def f():\n    global n\n    n = n + 1", "n", "n", ""),
    ("def f(x):\n    def g(): return x + y\n    return g()", "y", "", ""),
    ("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += k\n    g()", "k", "", ""),
    ("def f(rows):\n    rows.append(seen)", "seen", "", "rows"),
    ("def f():\n    seen.append(1)", "seen", "", ""),
    ("def f(x):\n    x = [x]\n    return [x for x in x]", "", "", ""),
    ("def f():\n    try: g()\n    except Oops as e: print(e)", "Oops g", "", ""),
    ("def f():\n    import json\n    return json.dumps(data)", "data", "", ""),
    ("class C:\n    n = 1\n    def go(self): return self.n + rate", "rate", "", ""),
]


@pytest.mark.parametrize(
    ("source", "reads", "binds", "parameters"), FUNCTIONS, ids=[function[0][:40] for function in FUNCTIONS]
)
def test_what_a_function_takes_from_outside_and_changes(source: str, reads: str, binds: str, parameters: str) -> None:
    summary = names_of(source).statements[-1].functions[0]
    assert sorted_text({read.name for read in summary.reads} - {"print"}) == reads
    assert sorted_text(summary.binds) == binds
    assert sorted_text(mutation.name for mutation in summary.parameter_mutations) == parameters


def test_layout_and_comments_make_no_other_cell() -> None:
    assert names_of("x = f( 1 )  # why\n\n").digest == names_of("x = f(1)").digest
    assert names_of("x = f(1)").digest != names_of("x = f(2)").digest
    assert names_of("x").digest != names_of("x;").digest
    assert names_of("!ls a").digest != names_of("!ls b").digest


@pytest.mark.parametrize(
    "source", ["def f(:", "x = = 1", "\x00", "(" * 500, "x = " + "+".join("1" * 5000), "if x:\n  %pwd\n y"]
)
def test_what_python_cannot_read_has_a_problem_and_raises_nothing(source: str) -> None:
    names = names_of(source)
    assert names.problem
    assert not names.empty


def test_a_cell_of_comments_is_empty() -> None:
    assert names_of("# nothing\n").empty
    assert names_of("").empty


def test_methods_that_nobody_knows_may_change_their_object() -> None:
    assert sorted_text(names_of("thing.advance_somehow(3)").may_mutate) == "thing"
    assert sorted_text(names_of("model.to('cpu')").may_mutate) == "model"
    assert names_of("df.groupby('a').mean()").may_mutate == frozenset()
    assert names_of("df.drop_nulls()\nfilled = df.fill_null(0)").may_mutate == frozenset()


HOSTILE = {
    "a megabyte of statements": "x = 1\n" * 170_000,
    "a megabyte of text": "x = '" + "a" * 1_000_000 + "'",
    "ten thousand brackets": "(" * 10_000 + ")" * 10_000,
    "ten thousand attributes": "x" + ".a" * 10_000,
    "ten thousand negations": "not " * 10_000 + "x",
    "deep indentation": "\n".join(" " * level + "if x:" for level in range(200)),
    "null bytes": "x = 1\0\0",
    "halves of characters": "x = '\ud800'\ny = \udfff",
    "spaces and a question mark": "a" + " " * 40_000 + "?",
    "open braces": "!" + "{" * 50_000,
    "names before a shell line": "a, " * 10_000 + "= !ls",
}


@pytest.mark.parametrize(
    "source", ["__magic__(3)", "__magic__()", "__magic__(x)", "%pwd\n__magic__(-1)", "exec('__magic__(1)')"]
)
def test_a_call_that_looks_like_a_magic_is_analysed_as_a_call(source: str) -> None:
    assert names_of(source).problem == ""


@pytest.mark.parametrize("source", ["x = 0x" + "f" * 5000, "y[0x" + "f" * 5000 + "] = 1", "f(n=0x" + "f" * 5000 + ")"])
def test_a_number_of_more_digits_than_python_writes_out_may_bind_anything(source: str) -> None:
    names = names_of(source)
    assert names.problem == ""
    assert names.statements[0].wildcard


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_in_a_cell_it_is_read_within_bounds(source: str) -> None:
    began = time.thread_time()
    assert report_on([Cell("a", "code", source, 1), Cell("b", "code", "y = x", 2)]).to_markdown()
    assert time.thread_time() - began < 3


def test_a_cell_that_is_too_long_to_be_read_may_bind_anything() -> None:
    cells = [Cell("a", "code", "x = [" + "1, " * 30_000 + "]", 1), Cell("b", "code", "y = x", 2)]
    assert report_on(cells).prediction.verdict == "reproduces"
    assert report_on([cells[0], Cell("b", "code", "y = x + 1", 2)]).findings == ()


@given(st.text(alphabet=st.characters(), max_size=300))
@settings(deadline=None)
def test_no_text_is_too_odd_to_be_read(source: str) -> None:
    assert names_of(source).digest == names_of(source).digest
    assert report_on([Cell("a", "code", source, 1)]).to_json()


STATEMENTS = (
    "x = 1",
    "x = [\n    1,\n]",
    "# a comment\ny = x  # and another",
    "@cached\ndef f(a): return a",
    "text = '''\n%time\n'''",
    "if x:\n    y = 1\nelse:\n    y = 2",
    "f(x);",
    "x",
    "",
)
ODD = ("x = 2", "x = 1; y = 2", "x = 1 \\\n", "x = '\f'", "y = 1\r", "'text'")


@given(st.lists(st.sampled_from(STATEMENTS), min_size=20, max_size=40), st.integers(0, 39), st.sampled_from(ODD))
def test_a_long_cell_of_which_one_line_changed_is_read_as_if_it_were_new(lines: list[str], at: int, odd: str) -> None:
    names_of("\n".join(lines))
    lines[at % len(lines)] = odd
    statements = names_of("\n".join([*lines, "0"])).statements[:-1]
    assert statements == tuple(statement for line in lines for statement in names_of(f"{line}\n0").statements[:-1])
