"""Everybody can use the panel: axe finds nothing in any state, in light, dark and high contrast, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.pictures import png
from tests.support.sidebar_page import SidebarPage, write_notebook

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
#: The panel, and what is of ours in cells.
_OURS = [["#jupyter-agent-sidebar"], [".jp-agent-fix"], [".jp-agent-prompt"], [".jp-agent-proposal"]]
#: JupyterLab decides where in the page the panel is; the rest is ours.
_LOOK = """async ours => {
  const found = await axe.run({ include: ours.filter(([one]) => document.querySelector(one)) }, { rules: { region: { enabled: false } } });
  return found.violations.map(one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 200)).join(' | ')}`);
}"""
#: What is wider than the panel is in its narrowest form.
_SIDEWAYS = """() => [...document.querySelectorAll('.jp-agent > *')]
  .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className)"""
#: Texts of the panel whose contrast with what lies behind them is below 4.5 (WCAG AA); the colours of code are JupyterLab's own.
_FAINT = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = text => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b]
    .map(one => one / 255).map(one => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0);
  const over = (front, back) => [0, 1, 2].map(i => front[i] * front[3] / 255 + back[i] * (1 - front[3] / 255)).concat(255);
  const behind = element => {
    let layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255, 255]);
  };
  const faint = [];
  for (const element of document.querySelectorAll('.jp-agent *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest('svg, .jp-RenderedHTMLCommon pre span, .jp-agent-for-readers, mjx-container') || !element.getClientRects().length) continue;
    const back = behind(element);
    const [a, b] = [light(over(rgba(getComputedStyle(element).color), back)), light(back)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faint.push(`${element.outerHTML.slice(0, 200)}: ${contrast.toFixed(2)}`);
  }
  return faint;
}"""


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
    sidebar.page.evaluate(AXE)

    def look(state: str) -> None:
        found[state] = sidebar.page.evaluate(_LOOK, _OURS)

    look("welcome")
    sidebar.give_files("paste", ("plot.png", png(400, 300, shade=120)), ("other.svg", b"<svg/>"))
    sidebar.button("Remove picture: plot.png").focus()
    look("pictures")
    assert sidebar.page.evaluate(_FAINT) == []
    sidebar.ask("run it")
    sidebar.button("Allow once").wait_for()
    look("approval")
    sidebar.button("Allow running code in this conversation").click()
    sidebar.wait_for_answer()
    sidebar.button("Take back: May run code in this conversation").wait_for()
    look("answer")
    assert sidebar.page.evaluate(_FAINT) == []
    sidebar.ask("reach out")
    sidebar.panel.locator(".jp-agent-reasons").wait_for()
    look("reasons")
    assert sidebar.page.evaluate(_FAINT) == []
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
    assert sidebar.page.evaluate(_SIDEWAYS) == []
    assert {state: faults for state, faults in found.items() if faults} == {}
