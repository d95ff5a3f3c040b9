"""What is known to only compute is free, and all else of the same libraries is asked about."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import types
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from jupyter_agent.analysis import computing, risk
from jupyter_agent.analysis.risk_tables import VERDICTS

#: Libraries that the tests always have, and those that the slow tests have, too.
INSTALLED = (
    "IPython",
    "PIL",
    "json",
    "matplotlib",
    "matplotlib_inline",
    "numpy",
    "packaging",
    "pandas",
    "polars",
    "traitlets",
    "xml",
)
SLOW = ("dask", "scipy", "sklearn", "xarray")
#: A body that calls one of these reaches out, as far as its text shows.
REACHING = re.compile(
    r"subprocess\.\w+|os\.(?:system|popen|mkdir|makedirs|remove|unlink|rename|replace|rmdir|symlink|chmod|putenv)|shutil\.(?:rmtree|copy\w*|move)|tempfile\.\w+"
    r"|TemporaryDirectory|NamedTemporaryFile|urllib\.request\.\w+|urlopen|socket\.\w+|webbrowser\.\w+|pickle\.loads?|importlib\.import_module|import_module|ctypes\.\w+"
    r"|.*\.(?:write_text|write_bytes|mkdir|urlopen|savefig|print_figure|tofile)|save_to_buffer|open_file_cm"
)
#: What stands in a line that has such a call.
CANDIDATE = re.compile(
    r"open\(|subprocess|os\.|shutil|tempfile|Temporary|urllib|urlopen|socket|webbrowser|pickle|import_module|ctypes|write_|mkdir|save|print_figure|tofile"
)
#: Functions that do so for themselves: they load their own backend, or use a temporary file.
HARMLESS = frozenset(
    [
        "IPython.reload",
        "matplotlib.to_html5_video",
        "matplotlib.to_jshtml",
        "matplotlib.figure",
        "numpy.load",
        "pandas.__init__",
        "scipy.readsav",
        "scipy.__init__",
        "sklearn.all_estimators",
    ]
)


@cache
def reaching_lines(file: str) -> frozenset[int]:
    """First lines of the functions in a file of which the source calls what writes, starts a program, loads a module or uses the network."""
    text = Path(file).read_text(encoding="utf-8")
    candidates = {number for number, line in enumerate(text.splitlines(), 1) if CANDIDATE.search(line)}
    lines = set()
    for function in ast.walk(ast.parse(text)) if candidates else ():
        for call in ast.walk(function) if isinstance(function, ast.FunctionDef) else ():
            if not (isinstance(call, ast.Call) and call.lineno in candidates):
                continue
            called = ast.unparse(call.func)
            given = [*call.args, *(word.value for word in call.keywords)]
            modes = (
                [str(part.value) for part in given if isinstance(part, ast.Constant)] if called.endswith("open") else []
            )
            if REACHING.fullmatch(called) or any(re.fullmatch(r"[rbt]*[wax][bt+]*|r\+b?", mode) for mode in modes):
                lines.add(min(function.lineno, *(part.lineno for part in function.decorator_list), function.lineno))  # type: ignore[attr-defined]
    return frozenset(lines)


def reaches_out(value: object) -> bool:
    if not isinstance(value, types.FunctionType):
        return False
    code = value.__code__
    return Path(code.co_filename).is_file() and code.co_firstlineno in reaching_lines(code.co_filename)


def calls_that_reach_out(library: str) -> Iterator[tuple[str, str]]:
    """Names of functions and methods of a library's free modules that reach out, each with code that calls it."""
    for module in sorted(name for name in computing.MODULES if name.partition(".")[0] == library):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that will be removed
            try:
                loaded = importlib.import_module(module)
            except ImportError:  # a module of another version
                continue
            values = {name: getattr(loaded, name, None) for name in dir(loaded) if not name.startswith("_")}
        for name, value in values.items():
            if not str(getattr(value, "__module__", "")).startswith(library):
                continue
            if reaches_out(value):
                yield name, f"import {module}\n{module}.{name}('a.bin')"
            for other in dir(value) if isinstance(value, type) else ():
                is_called = not other.startswith("_") or other in ("__init__", "__call__", "__enter__")
                if is_called and reaches_out(inspect.getattr_static(value, other)):
                    called = {"__init__": "", "__call__": "()"}.get(other, f".{other}('a.bin')")
                    yield other, f"import {module}\n{module}.{name}('a.bin'){called}"


@pytest.mark.parametrize("library", [*INSTALLED, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_N6_what_reaches_out_by_its_own_source_is_asked_about(library: str) -> None:
    pytest.importorskip(library)
    calls = [code for name, code in calls_that_reach_out(library) if f"{library}.{name}" not in HARMLESS]
    assert [code for code in calls if not risk.reasons(code)] == []


@pytest.mark.parametrize("library", ["IPython", "matplotlib", "numpy", "pandas"])
def test_the_sources_of_libraries_show_what_reaches_out(library: str) -> None:
    assert any(True for _ in calls_that_reach_out(library))


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("numpy.linalg.svd", True),
        ("numpy.add.reduce", True),
        ("numpy.c_.T.sum", True),
        ("pandas.read_csv().groupby().mean", True),
        ("pandas.DataFrame.from_records", True),
        ("datetime.datetime.strptime", True),
        ("sklearn.linear_model._base.LinearRegression().fit", True),
        ("torch.distributions.categorical.Categorical", True),
        ("unheard_of.Model().fit", True),
        ("unheard_of.plot_all", True),
        ("pandas.io.common.get_handle", False),
        ("pandas.DataFrame().unheard_of", False),
        ("numpy.unheard_of.unheard_of", False),
        ("asyncio.new_event_loop().subprocess_shell", False),
        ("asyncio.unheard_of", False),
        ("cv2.writeTextGraph", False),
        ("unheard_of.act", False),
        ("unheard_of.artifacts.FileSystemStore", False),
    ],
)
def test_N6_a_name_is_free_where_a_table_has_it(origin: str, *, expected: bool) -> None:
    assert computing.is_computing(origin) is expected


def test_no_module_of_which_some_names_are_free_is_unknown() -> None:
    assert [module for module in computing.NAMES if VERDICTS.get(module.partition(".")[0]) != ""] == []
