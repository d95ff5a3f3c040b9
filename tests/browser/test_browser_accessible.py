"""Everybody can use the panel: axe finds nothing in any state, in light, dark and high contrast, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.accessibility import faint, too_wide, violations
from tests.support.jupyter_process import JupyterProcess
from tests.support.pictures import png
from tests.support.sidebar_page import SidebarPage, write_notebook


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    return [
        {"match": "run it", "calls": [{"name": "run_code", "arguments": {"code": "print(1)"}}]},
        {
            "match": "run it",
            "text": "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```\n\nSee [docs](https://docs.invalid).",
        },
        {"match": "reach out", "calls": [{"name": "run_code", "arguments": {"code": "!touch F"}}]},
        {"match": "reach out", "text": "Done."},
        {"match": "a cell", "calls": [{"name": "insert_cell", "arguments": {"source": "x = 2"}}]},
        {"match": "a cell", "text": "Done."},
        {"text": "Understood."},
    ]


@pytest.fixture(
    params=["Light", *(pytest.param(theme, marks=pytest.mark.slow) for theme in ("Dark", "Dark High Contrast"))]
)
def themed(jupyter: JupyterProcess, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the theme that the page has."""
    jupyter.set_up("apputils-extension", "themes", theme=f"JupyterLab {request.param}")
    yield request.param
    jupyter.set_up("apputils-extension", "themes")


def test_axe_finds_nothing_in_any_state(sidebar: SidebarPage, jupyter: JupyterProcess, themed: str) -> None:
    found: dict[str, Any] = {}
    name = f"{themed.replace(' ', '-')}.ipynb"
    write_notebook(jupyter.root / name, "number = 1", "numbr = number + wrong")
    sidebar.go(name)
    sidebar.run_cells(2)
    sidebar.open()

    def look(state: str) -> None:
        found[state] = violations(sidebar.page)

    look("welcome")
    sidebar.give_files("paste", ("plot.png", png(400, 300, shade=120)), ("other.svg", b"<svg/>"))
    sidebar.button("Remove picture: plot.png").focus()
    look("pictures")
    assert faint(sidebar.page) == []
    sidebar.ask("run it")
    sidebar.button("Allow once").wait_for()
    look("approval")
    sidebar.button("Allow running code in this conversation").click()
    sidebar.wait_for_answer()
    sidebar.button("Take back: May run code in this conversation").wait_for()
    look("answer")
    assert faint(sidebar.page) == []
    sidebar.ask("reach out")
    sidebar.panel.locator(".jp-agent-reasons").wait_for()
    look("reasons")
    assert faint(sidebar.page) == []
    sidebar.button("Deny").click()
    sidebar.wait_for_answer()
    sidebar.button("Take back: May run code in this conversation").click()
    sidebar.button("Ask again").first.click()
    sidebar.button("Deny").click()
    sidebar.wait_for_answer()
    sidebar.panel.get_by_role("group", name="Other versions of this question").wait_for()
    look("versions")
    sidebar.ask("a cell, please")
    expect(sidebar.page.locator(".jp-agent-proposal")).to_be_visible()
    expect(sidebar.page.locator(".jp-agent-fix")).to_be_visible()
    look("proposal")
    sidebar.page.locator(".jp-agent-proposal").get_by_role("button", name="Accept", exact=True).click()
    expect(sidebar.wait_for_answer()).to_contain_text("Done.")
    sidebar.cells.first.locator(".cm-content").click()
    sidebar.page.keyboard.press("Control+k")
    expect(sidebar.page.locator(".jp-agent-prompt textarea")).to_be_focused()
    look("box")
    sidebar.page.keyboard.press("Escape")
    sidebar.button("Edit the question").first.click()
    look("editing")
    sidebar.button("Cancel").click()
    sidebar.question.press_sequentially("@")
    expect(sidebar.panel.get_by_role("listbox")).to_be_visible()
    look("completion")
    sidebar.page.keyboard.press("Escape")
    sidebar.panel.locator(".jp-agent-knowledge summary").click()
    sidebar.panel.locator(".jp-agent-variables button").first.focus()
    look("variables")
    for entry in ("Branches", "What Will Be Sent", "Settings"):
        sidebar.choose(entry)
        sidebar.panel.locator(".jp-agent-page :is(ul, pre, input)").first.wait_for()
        look(entry)
        sidebar.button("Back to the conversation").click()
    sidebar.button("Conversations").click()
    sidebar.panel.locator(".jp-agent-row").first.wait_for()
    look("library")
    sidebar.button("Back to the conversation").click()
    sidebar.page.evaluate("document.getElementById('jupyter-agent-sidebar').style.width = '240px'")
    look("narrow")
    assert too_wide(sidebar.page) == []
    assert {state: faults for state, faults in found.items() if faults} == {}
