"""Modules next to a notebook: what code imports of them is looked at before it runs, or asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_agent.agent.approval import code_reasons
from jupyter_agent.core.protocols import ToolContext
from jupyter_agent.notebooks.file import FileNotebook
from tests.support.notebook_json import code, notebook, text_of

WRITES = "open('a', 'w')"


async def _codes(folder: Path, source: str, files: dict[str, str]) -> set[str]:
    (folder / "a.ipynb").write_text(text_of(notebook(code("a", "x = 1"))), encoding="utf-8")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    context = ToolContext(None, None, FileNotebook(folder / "a.ipynb"))
    return {reason.code for reason in await code_reasons(source, context)}


@pytest.mark.parametrize(
    ("source", "name", "text"),
    [
        ("import rich", "rich.py", WRITES),  # of the name of a library
        ("from statistics import mean", "statistics/__init__.py", WRITES),
        ("__import__('evil')", "evil.py", WRITES),
        ("import importlib\nimportlib.import_module('evil')", "evil.py", WRITES),
        ("import importlib.util\nimportlib.util.find_spec('evil.x')", "evil/__init__.py", WRITES),
        ("import importlib.resources\nimportlib.resources.files('evil')", "evil/__init__.py", WRITES),
        ("import evil.inner.deep", "evil/__init__.py", WRITES),
        ("import helper", "helper.py", f"import rich\n# {'x' * 9}"),
        # what cannot be read as a whole
        ("import evil", "evil.py", f"x = 1\n{'# nothing to see here' * 12_000}\n{WRITES}"),
        ("import api_keys", "api_keys.py", WRITES),
        ("import evil", "evil.cpython-311-x86_64-linux-gnu.so", ""),
        ("import evil", "evil.pyc", ""),
    ],
)
async def test_N6_a_module_next_to_the_notebook_is_looked_at_however_it_is_imported(
    tmp_path: Path, source: str, name: str, text: str
) -> None:
    files = {name: text} | ({"rich.py": WRITES} if source == "import helper" else {})
    assert await _codes(tmp_path, source, files)


async def test_N6_more_modules_than_are_looked_at_are_asked_about(tmp_path: Path) -> None:
    names = [f"part{number}" for number in range(30)]
    files = {f"{name}.py": "x = 1" for name in names} | {"part29.py": WRITES}
    assert await _codes(tmp_path, "\n".join(f"import {name}" for name in names), files)


async def test_a_module_that_only_computes_and_one_that_is_installed_are_not_asked_about(tmp_path: Path) -> None:
    files = {"helper.py": "import math\ndef area(r):\n    return math.pi * r", "statistics.py": "def mean(x): return 1"}
    assert await _codes(tmp_path, "import helper, rich\nhelper.area(2)", files) == set()
    assert await _codes(tmp_path, "from statistics import mean\nmean([1])", files) == set()
    assert await _codes(tmp_path, "import some_installed_library", files) == set()
