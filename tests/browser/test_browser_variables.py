"""The kernel's variables above the composer: read after a run, and no more than what changed since the last question."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Request, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage, write_notebook

_STATE = re.compile(r"/api/agent/kernels/[^/]+/state")


@pytest.mark.slow
def test_after_a_question_a_run_of_a_cell_reads_only_what_changed(
    sidebar: SidebarPage, jupyter: JupyterProcess
) -> None:
    write_notebook(jupyter.root / "variables.ipynb", "before = 1", "after = 2", "last = 3")
    sidebar.go("variables.ipynb")
    sidebar.open()
    summary = sidebar.panel.locator(".jp-agent-knowledge summary")
    sidebar.run_cells(1)
    expect(summary).to_contain_text("1 variable")
    sidebar.ask("hello")
    sidebar.wait_for_answer()
    requests: list[Request] = []
    sidebar.page.on("request", lambda request: requests.append(request) if _STATE.search(request.url) else None)

    for index, shown in ((1, "2 variables · 1 changed"), (2, "3 variables · 2 changed")):
        with sidebar.page.expect_response(_STATE) as reply:
            sidebar.cells.nth(index).locator(".cm-content").click()
            sidebar.page.keyboard.press("Shift+Enter")
        assert reply.value.ok
        expect(summary).to_contain_text(shown)
    # On a slow machine a run may be read twice, when it ends and when the kernel is idle: never whole.
    assert all("since=" in request.url for request in requests)
