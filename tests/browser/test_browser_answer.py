"""The main job in a real browser: real JupyterLab, real kernel, an answer that knows the data, no key, no network."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage, write_notebook

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def columns() -> list[str]:
    with (NOTEBOOKS / "shop_sales.csv").open(encoding="utf-8") as file:
        return next(csv.reader(file))


def test_the_answer_has_the_real_columns_and_a_reload_brings_the_conversation_back_and_a_refusal_helps(
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
    reply = answer.locator(".jp-agent-text").last.inner_text()

    sidebar.reload()
    expect(sidebar.exchanges).to_have_count(1)
    expect(sidebar.panel.locator(".jp-agent-question")).to_contain_text("what columns does df have?")
    expect(sidebar.answer.locator(".jp-agent-text").last).to_have_text(reply, use_inner_text=True)

    sidebar.ask("frobnicate the wibbles")
    expect(sidebar.wait_for_answer()).to_contain_text("frobnicate")
    offered = sidebar.panel.get_by_role("group", name="What can be asked").get_by_role("button")
    query = offered.first.get_attribute("title") or ""
    offered.first.press("Enter")
    expect(sidebar.panel.locator(".jp-agent-question").last).to_contain_text(query)
    sidebar.allow()
    expect(sidebar.wait_for_answer()).not_to_contain_text("frobnicate")
    expect(offered).to_have_count(0)


@pytest.mark.slow
def test_an_example_of_the_first_run_card_is_asked_with_one_click(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.run_cells(1)
    sidebar.open()
    sidebar.button("Which variables are there?").click()
    expect(sidebar.wait_for_answer()).to_contain_text("df")


@pytest.mark.slow
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


@pytest.mark.slow
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
