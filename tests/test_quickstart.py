"""A user's first ten minutes run as written, in a fresh kernel, with no key and no network."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Cell id → its outputs as text, after the whole notebook has run in a folder of its own."""
    folder = tmp_path_factory.mktemp("quickstart")
    shutil.copytree(NOTEBOOKS, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name.lower()))
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "JUPYTER_AGENT_MODEL", "JPY_PARENT_PID"):
            patch.delenv(name, raising=False)
        notebook: Any = nbformat.read(folder / "quickstart.ipynb", as_version=4)  # type: ignore[no-untyped-call]
        client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}})
        client.execute()
    return {cell.id: "\n".join(map(_text, cell.outputs)) for cell in notebook.cells if cell.cell_type == "code"}


def _text(output: Any) -> str:
    data = output.get("data", {})
    return str(output.get("text", data.get("text/plain", output.get("evalue", ""))))


def test_the_columns_are_the_live_ones(outputs: Mapping[str, str]) -> None:
    for column in ("date", "city", "product", "price", "quantity", "rating"):
        assert f"`{column}`" in outputs["columns"]


def test_missing_and_unique_values_are_counted_in_the_kernel(outputs: Mapping[str, str]) -> None:
    assert "28" in outputs["missing"]
    for city in ("Lisbon", "Oslo", "Prague", "Vienna"):
        assert city in outputs["unique"]


def test_code_uses_the_real_names_and_a_follow_up_goes_on_from_it(outputs: Mapping[str, str]) -> None:
    assert "df.groupby('city')['price'].mean()" in outputs["group"]
    assert "df.groupby('city')['price'].mean()" in outputs["follow"]
    assert "bar" in outputs["follow"]


def test_an_error_is_explained_with_its_cure(outputs: Mapping[str, str]) -> None:
    assert "KeyError" in outputs["fix"]
    assert "df['city'].value_counts()" in outputs["fix"]
