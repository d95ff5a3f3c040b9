"""Everybody can use the panel: axe finds nothing in any state, in light, dark and high contrast, wide and narrow."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.jupyter_process import JupyterProcess
from tests.browser.sidebar_page import SidebarPage, write_notebook

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
#: JupyterLab decides where in the page the panel is; the rest is ours.
_LOOK = """async () => {
  const found = await axe.run('#jupyter-agent-sidebar', { rules: { region: { enabled: false } } });
  return found.violations.map(one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 200)).join(' | ')}`);
}"""
#: What is wider than the panel is in its narrowest form.
_SIDEWAYS = """() => [...document.querySelectorAll('.jp-agent > *')]
  .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className)"""
SCRIPT: list[Any] = [
    {"match": "run it", "calls": [{"name": "run_code", "arguments": {"code": "print(1)"}}]},
    {
        "match": "run it",
        "text": "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```\n\nSee [docs](https://docs.invalid).",
    },
    {"text": "Understood."},
]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_axe_finds_nothing_in_any_state(browser: Browser, tmp_path: Path, theme: str) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT), encoding="utf-8")
    found: dict[str, Any] = {}
    with JupyterProcess(tmp_path, theme=theme, options={"model": f"scripted:{script}"}) as jupyter:
        write_notebook(jupyter.root / "axe.ipynb", "number = 1", "number = 2")
        sidebar = SidebarPage(browser.new_context(viewport={"width": 1400, "height": 850}), jupyter)
        sidebar.go("axe.ipynb")
        sidebar.run_cells(1)
        sidebar.open()
        sidebar.page.evaluate(AXE)

        def look(state: str) -> None:
            found[state] = sidebar.page.evaluate(_LOOK)

        look("welcome")
        sidebar.ask("run it")
        sidebar.button("Run").wait_for()
        look("approval")
        sidebar.button("Run").click()
        sidebar.wait_for_answer()
        look("answer")
        sidebar.button("Ask again").click()
        sidebar.button("Deny").click()
        sidebar.wait_for_answer()
        sidebar.panel.get_by_role("group", name="Other versions of this question").wait_for()
        look("versions")
        sidebar.button("Edit the question").click()
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
        assert sidebar.page.evaluate(_SIDEWAYS) == []
        sidebar.page.context.close()
    assert {state: faults for state, faults in found.items() if faults} == {}
