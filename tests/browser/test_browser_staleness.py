"""Stale cells: the strip above the composer, the marks in the notebook, and the way from one to the other."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage, write_notebook


def test_stale_cells_are_counted_explained_and_marked(sidebar: SidebarPage, jupyter: JupyterProcess) -> None:
    write_notebook(jupyter.root / "stale.ipynb", "rate = 1", "total = rate * 10", "print(total)")
    sidebar.go("stale.ipynb")
    sidebar.open()
    sidebar.run_cells(3)
    strip = sidebar.panel.locator(".jp-agent-staleness")
    marked = sidebar.page.locator(".jp-NotebookPanel:visible .jp-Cell.jp-agent-stale")
    expect(strip).to_have_count(0)

    first = sidebar.cells.first
    first.locator(".cm-content").fill("rate = 2")
    sidebar.page.keyboard.press("Shift+Enter")
    expect(strip.locator("summary")).to_have_text("2 cells are stale")
    expect(marked).to_have_count(2)
    expect(marked.first.locator(".jp-InputArea-prompt").first).to_have_attribute(
        "title", "rate was changed by In [4] after this cell ran. In [3] is stale, too."
    )

    strip.locator("summary").focus()
    sidebar.page.keyboard.press("Enter")
    line = strip.get_by_role("button").first
    expect(line).to_contain_text("In [2]")
    sidebar.page.keyboard.press("Tab")
    expect(line).to_be_focused()
    sidebar.page.keyboard.press("Enter")
    expect(sidebar.page.locator(".jp-NotebookPanel:visible .jp-Cell.jp-mod-active .jp-InputPrompt")).to_have_text(
        "[2]:"
    )
