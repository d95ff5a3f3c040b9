"""Values of the libraries that people use, each with the facts that a question about it needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Shell


def variables(shell: Shell, code: str, name: str) -> dict[str, Any]:
    shell.run(code)
    assert name in shell.shell.user_ns, code
    variable = shell.inspect(name)
    json.dumps(variable, allow_nan=False)
    shell.delta()
    shell.run("pass")
    assert shell.delta()["changed"] == []
    return variable


FRAMES = """
import pandas as pd
df = pd.DataFrame({
    'whole': pd.array([1, None, 3], dtype='Int64'), 'kind': pd.Categorical(['x', 'y', 'x']), 'yes': [True, False, True],
    'day': pd.to_datetime(['2026-01-01', None, '2026-01-03']), 'mixed': ['a', 2, None], 'span': pd.to_timedelta([1, 2, 3]),
})
"""


def test_V7_each_data_type_of_a_frame_has_its_facts(shell: Shell) -> None:
    columns = {variable["name"]: variable for variable in variables(shell, FRAMES, "df")["facts"]["columns"]}
    assert (columns["whole"]["dtype"], columns["whole"]["missing"], columns["whole"]["mean"]) == ("Int64", 1, 2.0)
    assert (columns["kind"]["dtype"], columns["kind"]["top"]) == ("category", [["x", 2], ["y", 1]])
    assert (columns["yes"]["dtype"], columns["yes"]["unique"]) == ("bool", 2)
    assert (columns["day"]["missing"], columns["day"]["min"][:10], columns["day"]["max"][:10]) == (
        1,
        "2026-01-01",
        "2026-01-03",
    )
    assert (columns["mixed"]["missing"], columns["mixed"]["samples"]) == (1, ["a", "2", "None"])


def test_V7_long_and_wide_frames_are_bounded(shell: Shell) -> None:
    shell.run("import numpy as np, pandas as pd\nlong = pd.DataFrame({'a': np.arange(10**7), 'b': np.zeros(10**7)})")
    shell.run("wide = pd.DataFrame(np.zeros((10, 5000)))")
    state = shell.variables()
    assert (state["long"]["facts"]["rows"], state["long"]["facts"]["columns"][0]["missing"]) == (10**7, 0)
    assert state["wide"]["facts"]["columns_total"] == 5000
    assert len(json.dumps(state["wide"])) < 20_000
    assert shell.inspect("long", "a")["facts"]["sum"] == sum(range(10**7))


def test_a_multiindex_a_groupby_and_an_index_are_told(shell: Shell) -> None:
    code = "import pandas as pd\ndf = pd.DataFrame({'k': ['a', 'b'], 'n': [1, 2]})\n"
    assert variables(shell, code + "g = df.groupby('k')", "g")["summary"] == "DataFrameGroupBy by 'k'"
    assert variables(shell, code + "m = df.set_index(['k', 'n'])", "m")["facts"]["index"]["name"] == "k, n"
    assert variables(shell, "i = pd.date_range('2026-01-01', periods=3)", "i")["kind"] == "index"


def test_polars_frames_are_told_and_lazy_ones_are_not_run(shell: Shell) -> None:
    variable = variables(shell, "import polars as pl\nf = pl.DataFrame({'a': [1, None], 's': ['x', 'y']})", "f")
    assert [(c["name"], c["dtype"], c["missing"]) for c in variable["facts"]["columns"]] == [
        ("a", "Int64", 1),
        ("s", "String", 0),
    ]
    assert variables(shell, "lazy = f.lazy()", "lazy")["summary"] == "LazyFrame (polars, not run)"


def test_a_figure_and_an_image_are_told_without_drawing(shell: Shell) -> None:
    code = "from matplotlib.figure import Figure\nfig = Figure()\nax = fig.subplots()\nax.set_title('Sales')\nax.plot([1, 2])\nNone"
    variable = variables(shell, code, "fig")
    assert (variable["kind"], variable["summary"], variable["facts"]["axes"][0]["lines"]) == (
        "figure",
        "Figure, 1 axes: Sales",
        1,
    )
    assert variables(shell, "from PIL import Image\nimg = Image.new('RGB', (4, 3))", "img")["facts"] == {
        "shape": [3, 4],
        "mode": "RGB",
    }


def test_a_dataclass_and_an_exception_are_told_by_their_fields(shell: Shell) -> None:
    code = "from dataclasses import dataclass\n@dataclass\nclass P:\n    'A point.'\n    x: int = 1\n    api_key: str = 'canary'\np = P()"
    variable = variables(shell, code, "p")
    assert (variable["summary"], variable["facts"]["doc"]) == ("P(x=1, api_key=[withheld])", "A point.")
    assert variables(shell, "e = KeyError('missing')", "e")["facts"]["message"] == "'missing'"


@pytest.mark.slow
def test_arrow_tables_are_told(shell: Shell) -> None:
    variable = variables(shell, "import pyarrow as pa\nt = pa.table({'a': [1, None], 's': ['x', 'y']})", "t")
    assert (variable["facts"]["rows"], [c["missing"] for c in variable["facts"]["columns"]]) == (2, [1, 0])


@pytest.mark.slow
def test_estimators_tell_whether_they_are_fitted_and_to_what(shell: Shell) -> None:
    code = "import pandas as pd\nfrom sklearn.linear_model import LinearRegression\nm = LinearRegression()\n"
    assert variables(shell, code, "m")["facts"]["fitted"] is False
    variable = variables(shell, code + "m.fit(pd.DataFrame({'x': [1.0, 2.0]}), [1, 2])\nNone", "m")
    assert (variable["facts"]["fitted"], variable["facts"]["feature_names"]) == (True, ["x"])


@pytest.mark.slow
def test_sparse_matrices_and_labelled_arrays_are_told(shell: Shell) -> None:
    variable = variables(shell, "import numpy as np, scipy.sparse as sp\ns = sp.csr_matrix(np.eye(3))", "s")
    assert (variable["facts"]["shape"], variable["facts"]["stored"]) == ([3, 3], 3)
    variable = variables(shell, "import xarray as xr\nx = xr.DataArray(np.zeros((2, 3)), dims=('t', 'x'))", "x")
    assert variable["summary"] == "DataArray (t: 2, x: 3) float64"


@pytest.mark.slow
def test_V8_nothing_is_run_or_read(shell: Shell) -> None:
    code = (
        "import dask, dask.array as da\nran = []\n"
        "@dask.delayed\ndef work(): ran.append(1)\njob = work()\narray = da.from_delayed(job, (3,), 'f8')\n"
        "import sqlalchemy\nengine = sqlalchemy.create_engine('sqlite://')\n"
        "sqlalchemy.event.listen(engine, 'connect', lambda *_: ran.append(2))"
    )
    for name in ("job", "array", "engine"):
        assert variables(shell, code, name)["kind"] == "connection"
    assert shell.shell.user_ns["ran"] == []
