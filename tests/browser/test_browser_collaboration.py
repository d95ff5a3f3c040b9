"""With real-time collaboration: edits of the agent are edits of the shared notebook, made by the page that asks, and only once."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage, write_notebook

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def collaborative(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with jupyter-collaboration, and with all that ours has."""
    folder = tmp_path_factory.mktemp("collaborative")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
    (Path(packages) / "ours.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    subprocess.run([python, "-m", "pip", "install", "-qq", "jupyter-collaboration>=4"], check=True)
    return python


@pytest.fixture(scope="module")
def jupyter(collaborative: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    home = tmp_path_factory.mktemp("home")
    edit = {"name": "edit_cell", "arguments": {"cell_id": "first", "source": "number = 7"}}
    add = {"name": "insert_cell", "arguments": {"source": "number", "below": "first"}}
    script: list[Any] = [
        {"match": "edit it", "calls": [{"name": "read_cells", "arguments": {}}, edit, add]},
        {"match": "edit it", "text": "Understood."},
        {"text": "Understood."},
    ]
    (home / "script.json").write_text(json.dumps(script), encoding="utf-8")
    with JupyterProcess(home, collaborative) as process:
        process.answer_with(f"scripted:{home / 'script.json'}")
        yield process


@pytest.fixture
def other(browser: Browser, jupyter: JupyterProcess) -> Iterator[SidebarPage]:
    """Somebody else's page."""
    context = browser.new_context(viewport={"width": 1400, "height": 850})
    page = SidebarPage(context, jupyter)
    yield page
    context.close()
    assert page.troubles == []


def test_two_pages_see_each_edit_once_and_its_undo(
    sidebar: SidebarPage, other: SidebarPage, jupyter: JupyterProcess
) -> None:
    write_notebook(jupyter.root / "shared.ipynb", first="number = 3", second="number + 1")
    for page in (sidebar, other):
        page.go("shared.ipynb")
        page.open()
    sidebar.ask("edit it")
    # Whichever page of the user accepts, the one that asked edits, and the other sees it. Both edits may be shown at once.
    for deciding in (sidebar, other):
        proposals = [page.page.locator(".jp-agent-proposal") for page in (sidebar, other)]
        texts = [proposal.first.inner_text() for proposal in proposals]
        first = deciding.page.locator(".jp-agent-proposal").first
        first.get_by_role("button", name="Accept", exact=True).click()
        for proposal, text in zip(proposals, texts, strict=True):
            expect(proposal.filter(has_text=text)).to_have_count(0)
    expect(sidebar.wait_for_answer()).to_contain_text("Understood.")
    for page in (sidebar, other):
        expect(page.cells).to_have_count(3)
        assert page.sources() == ["number = 7", "number", "number + 1"]

    # Somebody else goes on in a cell that the agent has not touched; undo leaves that alone.
    other.cells.nth(2).locator(".cm-content").click()
    other.page.keyboard.press("End")
    other.page.keyboard.type("00")
    expect(sidebar.cells.nth(2).locator(".cm-content")).to_have_text("number + 100")
    sidebar.choose("Undo")
    for page in (sidebar, other):
        expect(page.cells).to_have_count(2)
        expect(page.cells.first.locator(".cm-content")).to_have_text("number = 3")
        assert page.sources() == ["number = 3", "number + 100"]


def test_a_conversation_is_there_again_after_a_reload(sidebar: SidebarPage, jupyter: JupyterProcess) -> None:
    write_notebook(jupyter.root / "again.ipynb", first="number = 3")
    sidebar.go("again.ipynb")
    sidebar.open()
    sidebar.ask("hello")
    expect(sidebar.wait_for_answer()).to_contain_text("Understood.")
    sidebar.reload()
    expect(sidebar.questions).to_contain_text(["hello"])
