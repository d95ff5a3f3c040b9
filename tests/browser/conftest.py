"""A browser per test file, one Jupyter process for all, and a page per test that must end without a foreign request."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import PATIENCE_MILLISECONDS, SidebarPage, write_notebook

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(autouse=True)
def jp_asyncio_loop() -> None:
    """None here: playwright's own loop runs in this thread, and a second one could not."""


@pytest.fixture(autouse=True)
def jp_server_cleanup() -> None:
    """There is no server in this process."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with the file: while it is open its event loop occupies the thread, which tests of other rooms need."""
    program = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    assert program is not None, "There is no Chromium; tests/system_packages.sh says how to install it."
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=_FLAGS.split())
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    """What the scripted model plays; None: the offline model answers."""
    return None


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    with JupyterProcess(tmp_path_factory.mktemp("home")) as process:
        shutil.copy(NOTEBOOKS / "shop_sales.csv", process.root)
        yield process


@pytest.fixture(scope="module")
def jupyter(
    process: JupyterProcess, script: list[Any] | None, tmp_path_factory: pytest.TempPathFactory
) -> JupyterProcess:
    """With the file's model; notebooks of different files must not have the same name."""
    model = "offline"
    if script is not None:
        path = tmp_path_factory.mktemp("script") / "script.json"
        path.write_text(json.dumps(script), encoding="utf-8")
        model = f"scripted:{path}"
    process.answer_with(model)
    return process


@pytest.fixture
def notebook(jupyter: JupyterProcess, request: pytest.FixtureRequest) -> str:
    """A notebook of the test's own: reads a table, describes it."""
    name = re.sub(r"\W+", "-", request.node.name)[:60] + ".ipynb"
    reading = 'import pandas as pd\n\ndf = pd.read_csv("shop_sales.csv")\ndf.head()'
    write_notebook(jupyter.root / name, reading, "df.describe()")
    return name


@pytest.fixture
def sidebar(browser: Browser, jupyter: JupyterProcess) -> Iterator[SidebarPage]:
    context = browser.new_context(viewport={"width": 1400, "height": 850})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = SidebarPage(context, jupyter)
    yield opened
    opened.stop_kernels()
    context.close()
    assert opened.foreign == []
    assert opened.troubles == []


@pytest.fixture
def opened(sidebar: SidebarPage, notebook: str) -> SidebarPage:
    sidebar.go(notebook)
    sidebar.open()
    return sidebar
