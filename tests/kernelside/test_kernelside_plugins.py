"""Inspectors of other packages, and objects that speak for themselves."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jupyter_agent.kernelside.inspectors import plugins
from tests.support.environments import broken_distribution

if TYPE_CHECKING:
    from .conftest import Shell


def test_an_inspector_comes_by_entry_point_and_is_bounded(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "__init__.py").write_text("class Fish:\n    pass\n", encoding="utf-8")
    (tmp_path / "lake" / "telling.py").write_text(
        "def inspect(fish, detail):\n    return 'object', 'a fish', {'fins': 2, 'long': 'x' * 9999, 'odd': object()}\n",
        encoding="utf-8",
    )
    info = tmp_path / "lake-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lake\nVersion: 1.0\n", encoding="utf-8")
    points = "[jupyter_agent.inspectors]\nlake.Fish = lake.telling:inspect\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(plugins, "_registered", False)
    importlib.invalidate_caches()
    shell.run("import sys, lake\nfish = lake.Fish()\nearly = 'lake.telling' in sys.modules")
    variables = shell.variables()
    assert variables["early"]["facts"]["value"] == "False"
    assert (variables["fish"]["summary"], variables["fish"]["facts"]["fins"]) == ("a fish", 2)
    assert (len(variables["fish"]["facts"]["long"]), variables["fish"]["facts"]["odd"]) == (2000, None)


def test_N16_an_inspector_that_cannot_be_imported_is_named_and_its_values_stay_known(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(broken_distribution(tmp_path))
    monkeypatch.setattr(plugins, "_registered", False)
    importlib.invalidate_caches()
    shell.run("import fractions\nhalf, one = fractions.Fraction(1, 2), 1")
    variables = shell.variables()
    assert variables["half"]["facts"]["unevaluated"].startswith("the inspector fractions.Fraction cannot be loaded")
    assert variables["one"]["facts"]["value"] == "1"


def test_an_object_that_opted_in_is_quoted_when_inspected_only(shell: Shell) -> None:
    shell.run(
        "said = []\nclass A:\n    def _ai_repr_(self): said.append(1); return 'I am A, key sk-canarycanarycanary12'\na = A()"
    )
    shell.delta()
    assert shell.shell.user_ns["said"] == []
    assert shell.inspect("a")["facts"]["says"] == "I am A, key [withheld]"


@pytest.mark.parametrize("act", ["raise SystemExit", "import time; time.sleep(9)", "return object()"])
def test_an_object_that_opted_in_and_misbehaves_is_told_without_its_words(shell: Shell, act: str) -> None:
    shell.run(f"class A:\n    def _ai_repr_(self): {act}\na = A()")
    began = time.perf_counter()
    assert "says" not in shell.inspect("a")["facts"]
    assert time.perf_counter() - began < 2


def test_values_of_which_changes_are_only_sampled_are_marked(shell: Shell) -> None:
    shell.run(
        "import numpy as np, pandas as pd\nbig = np.zeros(10**6)\nsmall = np.zeros(3)\nmany = list(range(20_000))"
    )
    shell.run("df = pd.DataFrame({'a': big})")
    marked = {name for name, variable in shell.variables().items() if "changes" in variable["facts"]}
    assert marked == {"big", "many", "df"}
