"""Grey text at the cursor: the rest of a column that lives in the kernel, where the user has turned it on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Request, Route, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage


@pytest.fixture(autouse=True)
def _turned_on(jupyter: JupyterProcess) -> Iterator[None]:
    """Our provider is enabled in the settings of JupyterLab's inline completer."""
    history = {"@jupyterlab/inline-completer:history": {"enabled": False}}
    jupyter.set_up("completer-extension", "inline-completer", providers={**history, "jupyter-agent": {"enabled": True}})
    yield
    jupyter.set_up("completer-extension", "inline-completer")


def _completions(sidebar: SidebarPage) -> list[Any]:
    """What is asked of the server from now on."""
    asked: list[Any] = []

    def note(request: Request) -> None:
        if request.url.split("?")[0].endswith("/api/agent/complete"):
            asked.append(request.post_data_json)

    sidebar.page.on("request", note)
    return asked


@pytest.mark.slow
def test_the_rest_of_a_column_appears_and_tab_takes_it(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.run_cells(1)
    asked = _completions(sidebar)
    code = sidebar.cells.nth(1).locator(".cm-content")
    code.click()
    sidebar.page.keyboard.press("Control+a")
    sidebar.page.keyboard.type('"🦉"; df["qua')
    ghost = code.locator(".jp-GhostText")
    expect(ghost).to_have_text('ntity"]')
    assert asked[-1]["prefix"] == '"🦉"; df["qua'
    assert asked[-1]["model"] == "offline"
    sidebar.page.keyboard.press("Tab")
    expect(code).to_have_text('"🦉"; df["quantity"]')
    expect(sidebar.panel).to_have_count(0)


@pytest.mark.slow
def test_what_is_typed_on_is_not_waited_for(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.run_cells(1)
    code = sidebar.cells.nth(1).locator(".cm-content")
    code.click()
    sidebar.page.keyboard.press("Control+a")
    failed: list[str] = []
    sidebar.page.on("requestfailed", lambda request: failed.append(request.url))

    def hold(route: Route) -> None:
        """Not answered."""

    sidebar.page.route("**/api/agent/complete*", hold, times=1)
    with sidebar.page.expect_request("**/api/agent/complete*"):
        sidebar.page.keyboard.type('df["r')
    with sidebar.page.expect_event("requestfailed"):
        sidebar.page.keyboard.type("a")
    assert [url.rpartition("/")[2].split("?")[0] for url in failed] == ["complete"]
    expect(code.locator(".jp-GhostText")).to_have_text('ting"]')
