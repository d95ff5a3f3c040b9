"""Columns of every data type are told from the frame's own arrays as pandas itself would tell them."""

from __future__ import annotations

import decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from .conftest import Shell

MOMENTS: Any = ["2020-01-01", None, "2021-01-01", "2022-02-02"]
COLUMNS: dict[str, Any] = {
    "int": range(4),
    "float": [1.5, None, np.inf, 2],
    "mixed": [None, "a", float("nan"), decimal.Decimal(1)],
    "object": pd.Series([None, 1, float("nan"), "x"], dtype=object),
    "text": ["a", None, "b", "c"],
    "moment": pd.DatetimeIndex(MOMENTS),
    "zoned": pd.DatetimeIndex(MOMENTS, tz="UTC"),
    "delta": pd.to_timedelta([1, None, 2, 3], unit="D"),
    "category": pd.Categorical(["x", None, "y", "x"]),
    "nullable": pd.array([1, None, 2, 3], dtype="Int64"),
    "truth": pd.array([True, None, False, True], dtype="boolean"),
    "complex": np.array([1j, np.nan, 2, 3]),
    "period": pd.period_range("2020", periods=4, freq="M"),
    "interval": pd.interval_range(0, 4),
    "sparse": pd.arrays.SparseArray([0, 0, 1, np.nan]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_told_in_its_frame_as_by_itself(shell: Shell, name: str) -> None:
    frame = pd.DataFrame({name: COLUMNS[name], "beside": range(4)})
    shell.shell.user_ns.update(frame=frame, column=frame[name])
    variables = shell.variables()
    column = variables["frame"]["facts"]["columns"][0]
    alone = variables["column"]["facts"]
    assert column == {key: alone[key] for key in ("name", "dtype", "missing", "samples")}
    assert (column["dtype"], column["missing"]) == (str(frame[name].dtype), int(frame[name].isna().sum()))
    assert variables["frame"]["facts"]["memory_bytes"] == int(frame.memory_usage(index=False).sum())


def test_an_inspected_column_has_its_own_name(shell: Shell) -> None:
    shell.shell.user_ns["frame"] = pd.DataFrame({"first": [1, 2], "second": [3, 4]})
    assert shell.inspect("frame", "second")["facts"]["name"] == "second"
