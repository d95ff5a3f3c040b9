"""Reading values loads no module into the user's process, whatever their libraries would load when first used."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.kernelside.import_guard import imports_allowed, no_imports
from jupyter_agent.kernelside.inspectors import registry

if TYPE_CHECKING:
    from .conftest import Shell

#: Runs cells in a shell of a process of its own, and prints which modules a state or an inspection has loaded.
PROGRAM = """
import json, sys
import ipykernel.ipkernel
from IPython.core.interactiveshell import InteractiveShell
from jupyter_agent import kernelside
shell = InteractiveShell()
shell.history_manager.enabled = False
kernelside.install(shell, {})
shell.run_cell("first = 1")
kernelside.state(shell, "", 0)
kernelside.inspect(shell, "first")
loaded, described = {}, 0
for title, code in json.load(sys.stdin).items():
    if not shell.run_cell(code).success:
        continue  # the library is not installed
    before = set(sys.modules)
    for variable in kernelside.state(shell, "", 0)["changed"]:
        described += 1
        found = kernelside.inspect(shell, variable["name"])["variable"]
        columns = found["facts"].get("columns")
        for column in columns if isinstance(columns, list) else ():
            kernelside.inspect(shell, variable["name"], column["name"])
    new = sorted(name for name in set(sys.modules) - before if not name.startswith("jupyter_agent."))
    if new:
        loaded[title] = new
    shell.reset(new_session=False)
print("RESULT" + json.dumps([described, loaded]))
"""
CELLS = {
    "python": """
import array, collections, dataclasses, datetime, decimal, enum, fractions, io, logging, pathlib, re, sqlite3, uuid
now = datetime.datetime.now(); day = now.date(); number = decimal.Decimal("1"); part = fractions.Fraction(1, 2)
ident = uuid.uuid4(); path = pathlib.Path("."); text = io.StringIO(); pattern = re.compile("a"); log = logging.getLogger()
figures = array.array("i", [1]); counter = collections.Counter("abc"); line = collections.deque([1])
connection = sqlite3.connect(":memory:"); Color = enum.Enum("Color", "RED"); red = Color.RED
Data = dataclasses.make_dataclass("Data", ["x"]); data = Data(1); nested = {"a": [now, {"b": number}]}
""",
    "time zones": """
import datetime, zoneinfo
zone = zoneinfo.ZoneInfo("Europe/Berlin"); now = datetime.datetime.now(zone)
""",
    "numpy": """
import numpy as np
zeros = np.zeros(5); texts = np.array(["x", "yy"]); moments = np.array([1, 2], dtype="datetime64[ns]")
records = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]); masked = np.ma.masked_array([1, 2], mask=[0, 1])
complexes = np.array([1 + 2j]); small = np.float16(1); moment = np.datetime64("2020"); span = np.timedelta64(1, "s")
random = np.random.default_rng(1); objects = np.array([None, 1], dtype=object); matrix = np.matrix([[1]])
polynomial = np.poly1d([1, 2]); strings = np.array(["a"], dtype=np.dtypes.StringDType()); dtype = np.dtype("f8")
""",
    "pandas": """
import pandas as pd
frame = pd.DataFrame({
    "text": ["a", "b", None], "category": pd.Categorical(["x", "y", "x"]), "moment": pd.date_range("2020", periods=3),
    "zoned": pd.date_range("2020", periods=3, tz="Europe/Berlin"), "delta": pd.to_timedelta([1, 2, 3], unit="h"),
    "period": pd.period_range("2020", periods=3, freq="M"), "interval": pd.interval_range(0, 3),
    "integer": pd.array([1, 2, None], dtype="Int64"), "truth": pd.array([True, None, False], dtype="boolean"),
    "float": pd.array([1.0, None, 2], dtype="Float64"), "string": pd.array(["a", None, "b"], dtype="string"),
    "sparse": pd.arrays.SparseArray([0, 0, 1]), "object": [object(), {}, []], "complex": [1j, 2j, 3j],
})
series = {name: frame[name] for name in frame}
globals().update(series)
stamp = pd.Timestamp("2020", tz="Europe/Berlin"); month = pd.Period("2020", "M"); na = pd.NA; nat = pd.NaT
levels = pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([(1, "a")])); groups = frame.groupby("text")
index = pd.CategoricalIndex(["a"]); times = pd.date_range("2020", periods=2); windows = pd.Series([1, 2]).rolling(2)
offset = pd.offsets.BusinessDay(2); whole = pd.interval_range(0, 3)
""",
    "pandas with pyarrow": """
import pandas as pd, pyarrow as pa
frame = pd.DataFrame({
    "integer": pd.array([1, 2, None], dtype="int64[pyarrow]"), "text": pd.array(["a", None, "b"], dtype="string[pyarrow]"),
    "moment": pd.array([None] * 3, dtype="timestamp[ns][pyarrow]"), "truth": pd.array([True, None, False], dtype="bool[pyarrow]"),
    "list": pd.array([[1], [2], None], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    "code": pd.array(["a", "b", "a"], dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
    "day": pd.array([None] * 3, dtype="date32[day][pyarrow]"), "span": pd.array([1, 2, None], dtype="duration[s][pyarrow]"),
})
text = frame["text"]; labels = pd.Index(text)
""",
    "pyarrow": """
import pyarrow as pa
table = pa.table({"a": [1, 2], "moment": pa.array([1, 2], pa.timestamp("ns", tz="Europe/Berlin"))})
batch = table.to_batches()[0]; column = table["moment"]; days = pa.array([1], pa.date32()); scalar = pa.scalar(1)
""",
    "polars": """
import polars as pl
frame = pl.DataFrame({"a": [1, 2], "text": ["x", None], "list": [[1], [2]], "struct": [{"a": 1}, {"a": 2}]})
zoned = pl.Series([1, 2]).cast(pl.Datetime("us", "Europe/Berlin")); category = pl.Series(["a"], dtype=pl.Categorical)
decimals = pl.Series(["1.5"]).cast(pl.Decimal(5, 2)); span = pl.Series([1]).cast(pl.Duration); time = pl.Series([1]).cast(pl.Time)
day = pl.Series([1]).cast(pl.Date); members = pl.Series(["a"], dtype=pl.Enum(["a"])); raw = pl.Series([b"x"])
objects = pl.Series([object()], dtype=pl.Object); lazy = frame.lazy(); expression = pl.col("a"); groups = frame.group_by("a")
""",
    "pictures": """
import io
from PIL import Image
image = Image.new("RGB", (3, 3)); file = io.BytesIO(); image.save(file, "PNG"); opened = Image.open(file)
""",
    "figures": """
from matplotlib.figure import Figure
figure = Figure(); axes = figure.subplots(); lines = axes.plot([1, 2]); shown = axes.imshow([[1, 2]])
bar = figure.colorbar(shown); polar = Figure().add_subplot(projection="polar")
""",
    "scipy": """
from scipy import sparse, stats
rows = sparse.csr_matrix([[1, 0]]); triples = sparse.coo_array([[1]]); normal = stats.norm(0, 1); test = stats.ttest_ind([1, 2], [2, 3])
import scipy
""",
    "sklearn": """
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
model = LinearRegression().fit(pd.DataFrame({"a": [1, 2]}), [1, 2]); steps = make_pipeline(StandardScaler(), LinearRegression())
""",
    "sqlalchemy": """
import sqlalchemy
engine = sqlalchemy.create_engine("sqlite://"); table = sqlalchemy.Table("t", sqlalchemy.MetaData(), sqlalchemy.Column("a"))
""",
}


def test_no_module_is_loaded_by_reading_values_of_many_libraries() -> None:
    program = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(
        program, input=json.dumps(CELLS), capture_output=True, encoding="utf-8", check=True, timeout=240
    )
    described, loaded = json.loads(ended.stdout.rpartition("RESULT")[2])
    assert loaded == {}
    assert described > 60


def test_a_library_that_would_load_a_part_of_itself_is_told_without_it(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_part.py").write_text("sizes = {'x': 3}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_pending", list(registry._pending))

    class DataArray:
        shape, dtype, dims, coords = (3,), None, ("x",), ()

        @property
        def sizes(self) -> Any:
            return importlib.import_module("late_part").sizes

    library = ModuleType("xarray")
    vars(library)["DataArray"] = DataArray
    monkeypatch.setitem(sys.modules, "xarray", library)
    shell.shell.user_ns["array"] = DataArray()
    assert shell.variables()["array"]["facts"] == {"unevaluated": "builtins.ModuleNotFoundError"}
    assert shell.inspect("array")["facts"] == {"unevaluated": "builtins.ModuleNotFoundError"}
    assert "late_part" not in sys.modules


def test_only_the_reading_thread_loads_nothing_and_the_users_import_path_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("late_first", "late_second", "late_third"):
        (tmp_path / f"{name}.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    finders, own = list(sys.meta_path), sys.meta_path
    with no_imports(), no_imports():
        with pytest.raises(ModuleNotFoundError, match="late_first is not loaded"):
            importlib.import_module("late_first")
        thread = threading.Thread(target=importlib.import_module, args=("late_second",))
        thread.start()
        thread.join()
        with imports_allowed():
            importlib.import_module("late_third")
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("late_first")
    assert sys.meta_path == finders
    assert sys.meta_path is own
    assert {"late_second", "late_third"} <= set(sys.modules)
    importlib.import_module("late_first")


def test_an_import_of_the_users_that_is_under_way_when_the_reading_ends_passes_over_no_finder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_fourth.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    guarded, finished = threading.Event(), threading.Event()

    def read() -> None:
        with no_imports():
            guarded.set()
            finished.wait(10)

    reading = threading.Thread(target=read)

    class EndsTheReading:
        """A finder that is asked just before the one that knows the module."""

        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            finished.set()
            reading.join()

    place = sys.meta_path.index(PathFinder)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path[:place], EndsTheReading(), PathFinder])
    reading.start()
    assert guarded.wait(10)
    assert importlib.import_module("late_fourth")


def test_finders_of_the_users_are_compared_with_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refuses:
        """A finder that cannot be compared."""

        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            """Finds nothing."""

        def __eq__(self, other: object) -> bool:
            raise RuntimeError

        __hash__ = None  # type: ignore[assignment]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Refuses()])
    shell.run("number = 7")
    assert shell.variables()["number"]["summary"] == "7"
    with no_imports(), pytest.raises(ModuleNotFoundError, match="reading values loads nothing"):
        importlib.import_module("late_fifth")
