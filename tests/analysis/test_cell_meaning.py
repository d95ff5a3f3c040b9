"""Two sources of one digest do the same: names of local variables, docstrings and annotations do not count, all else does."""

from __future__ import annotations

import pytest

from jupyter_agent.analysis.cells.names import names_of


@pytest.mark.parametrize(
    ("source", "other"),
    [
        (
            "def f(x):\n    y = x + 1\n    return y",
            'def f(x: int) -> int:\n    """Adds one."""\n    z = x + 1\n    return z',
        ),
        ("f = lambda a, b: a - b", "f = lambda x, y: x - y"),
        ("s = [x * 2 for x in xs if x]", "s = [n * 2 for n in xs if n]"),
        ("d = {k: v for k, v in e.items()}", "d = {a: b for a, b in e.items()}"),
        (
            "class A:\n    def f(self):\n        t = 1\n        return t",
            "class A:\n    '''A.'''\n    def f(self):\n        u = 1\n        return u",
        ),
        ("n: int = 3", "n = 3"),
        ("x = 1", "x = 1;  # one"),
    ],
)
def test_what_does_the_same_has_the_same_digest(source: str, other: str) -> None:
    assert names_of(source).digest == names_of(other).digest


@pytest.mark.parametrize(
    ("source", "other"),
    [
        ("def f(x):\n    y = x\n    return y", "def f(x):\n    y = x\n    return x"),
        ("def f(x):\n    a = 1\n    b = 2\n    return a - b", "def f(x):\n    a = 1\n    b = 2\n    return b - a"),
        ("def f(x):\n    return x", "def f(y):\n    return y"),  # it may be called with f(x=1)
        ("def f():\n    t = 1\n    return locals()", "def f():\n    u = 1\n    return locals()"),
        ("def f():\n    n = 1\n    return [x + n for x in ys]", "def f():\n    n = 1\n    return [n + n for n in ys]"),
        ("f = lambda a, b: a - b", "f = lambda a, b: b - a"),
        ("f = lambda a: a + n", "f = lambda n: n + n"),
        ("s = [x for x in x]", "s = [y for y in x]"),
        ("s = [x for x in xs]", "s = [y for x in xs]"),
        ("@dispatch\ndef f(x: int): return x", "@dispatch\ndef f(x: str): return x"),
        ("class A:\n    n: int = 1", "class A:\n    n = 1"),  # a dataclass has the one as its field
        ("def f():\n    global n\n    n = 1", "def f():\n    global m\n    m = 1"),
        (
            "def f():\n    x = 1\n    def g(): return x\n    return g",
            "def f():\n    y = 1\n    def g(): return x\n    return g",
        ),
        ("x", "x;"),
    ],
)
def test_what_may_do_something_else_has_another_digest(source: str, other: str) -> None:
    assert names_of(source).digest != names_of(other).digest
