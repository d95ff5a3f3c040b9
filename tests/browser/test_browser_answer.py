"""The main job in a real browser: real JupyterLab, real kernel, an answer that knows the data, no key, no network."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.jupyter_process import JupyterProcess
from tests.browser.sidebar_page import SidebarPage, write_notebook

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def columns() -> list[str]:
    with (NOTEBOOKS / "shop_sales.csv").open(encoding="utf-8") as file:
        return next(csv.reader(file))


def test_the_answer_has_the_real_columns_and_a_reload_brings_the_conversation_back(
    sidebar: SidebarPage, jupyter: JupyterProcess
) -> None:
    shutil.copy(NOTEBOOKS / "quickstart.ipynb", jupyter.root)
    sidebar.go("quickstart.ipynb")
    sidebar.run_cells(2)
    sidebar.open()
    expect(sidebar.panel).to_contain_text("Ask about your data")

    sidebar.ask("what columns does df have?")
    answer = sidebar.wait_for_answer()
    for column in columns():
        expect(answer.locator(".jp-agent-text").last).to_contain_text(column)
    said = answer.locator(".jp-agent-text").last.inner_text()

    sidebar.reload()
    expect(sidebar.exchanges).to_have_count(1)
    expect(sidebar.panel.locator(".jp-agent-question")).to_contain_text("what columns does df have?")
    expect(sidebar.answer.locator(".jp-agent-text").last).to_have_text(said, use_inner_text=True)


def test_an_example_of_the_first_run_card_is_asked_with_one_click(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.run_cells(1)
    sidebar.open()
    sidebar.button("Which variables are there?").click()
    expect(sidebar.wait_for_answer()).to_contain_text("df")


def test_every_notebook_has_its_own_conversation(sidebar: SidebarPage, jupyter: JupyterProcess) -> None:
    write_notebook(jupyter.root / "one.ipynb", "first_number = 1")
    write_notebook(jupyter.root / "two.ipynb", "second_number = 2")
    sidebar.go("one.ipynb")
    sidebar.run_cells(1)
    sidebar.open()
    sidebar.ask("which variables are there?")
    expect(sidebar.wait_for_answer()).to_contain_text("first_number")

    sidebar.page.get_by_role("listitem", name="two.ipynb").dblclick()
    sidebar.wait_for_kernel()
    expect(sidebar.panel.get_by_role("heading", name="two.ipynb")).to_be_visible()
    expect(sidebar.exchanges).to_have_count(0)
    sidebar.run_cells(1)
    sidebar.ask("which variables are there?")
    expect(sidebar.wait_for_answer()).to_contain_text("second_number")
    expect(sidebar.answer).not_to_contain_text("first_number")

    sidebar.page.get_by_role("tab", name="one.ipynb").click()
    expect(sidebar.answer).to_contain_text("first_number")


def test_column_names_and_outputs_are_shown_and_never_become_part_of_the_page(
    sidebar: SidebarPage, jupyter: JupyterProcess
) -> None:
    hostile = [
        "<img src=x onerror=alert(1)>",
        "![x](https://e.invalid/p.png)",
        "`</code><script>alert(2)</script>",
        "$\\href{javascript:alert(3)}{x}$",
        "a|b",
    ]
    source = (
        f"import pandas as pd\ndf = pd.DataFrame({{name: [1.5, None] for name in {hostile!r}}})\nprint({hostile[0]!r})"
    )
    write_notebook(jupyter.root / "hostile.ipynb", source)
    sidebar.go("hostile.ipynb")
    sidebar.run_cells(1)
    sidebar.open()
    sidebar.ask("what columns does df have?")
    answer = sidebar.wait_for_answer()
    expect(answer).to_contain_text("onerror=alert(1)")
    expect(answer.locator("img, script, [onerror], mjx-container a")).to_have_count(0)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_words_stand_out_from_their_background_in_every_theme(browser: Browser, tmp_path: Path, theme: str) -> None:
    with JupyterProcess(tmp_path, theme=theme, options={"model": "offline"}) as jupyter:
        write_notebook(jupyter.root / "theme.ipynb", "number = 1")
        context = browser.new_context(viewport={"width": 1400, "height": 850})
        sidebar = SidebarPage(context, jupyter)
        sidebar.go("theme.ipynb")
        sidebar.run_cells(1)
        sidebar.open()
        sidebar.ask("which variables are there?")
        sidebar.wait_for_answer()
        faint = sidebar.page.evaluate(_FAINT)
        context.close()
    assert faint == []


#: Texts of the panel whose contrast with what lies behind them is below 4.5 (WCAG AA).
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
    if (!own || element.closest('svg, .jp-agent-for-readers, mjx-container') || !element.getClientRects().length) continue;
    const back = behind(element);
    const [a, b] = [light(over(rgba(getComputedStyle(element).color), back)), light(back)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faint.push(`${element.className || element.localName}: ${contrast.toFixed(2)}`);
  }
  return faint;
}"""
