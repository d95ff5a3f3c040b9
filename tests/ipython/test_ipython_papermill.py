"""A notebook with `%agent` that papermill runs: the parameters are known, and two runs say the same."""

from __future__ import annotations

import json
import os
import site
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import create_environment
from tests.support.notebook_json import code, notebook, text_of

ROOT = Path(__file__).parents[2]
CELLS = ["%load_ext jupyter_agent", "n = 1", "rows = list(range(n))", "%agent what is rows?", "print('after')"]


def written(path: Path) -> None:
    """The notebook; its second cell is the one of the parameters."""
    cells = [code(f"c{number}", source) for number, source in enumerate(CELLS)]
    cells[1]["metadata"]["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(text_of(notebook(*cells, metadata={"kernelspec": kernel})), encoding="utf-8")


def outputs(path: Path) -> list[Any]:
    return [cell["outputs"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_papermill_runs_a_notebook_that_asks(home: Path) -> None:
    python = create_environment(home, "papermill", "ipykernel")
    written(home / "in.ipynb")
    ours = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *site.getsitepackages()])}
    run = [str(python), "-m", "papermill", "--no-progress-bar", "-p", "n", "4"]
    for more in (["in.ipynb", "one.ipynb"], ["in.ipynb", "two.ipynb", "--inject-paths"]):
        subprocess.run([*run, *more], cwd=home, env=ours, check=True, timeout=300)
    answer, after = outputs(home / "one.ipynb")[-2:]
    assert "4 items" in "".join(answer[0]["data"]["text/markdown"])
    assert after[0]["text"] == ["after\n"]
    assert outputs(home / "two.ipynb")[-2:] == [answer, after]
    store = sqlite3.connect(home / "data" / "jupyter-agent" / "sessions.db")
    assert {row[0] for row in store.execute("select notebook_id from sessions")} == {"", str(home / "two.ipynb")}
    store.close()
