"""`%agent` in a cell of a real JupyterLab: the answer, the question before code, and one conversation with the sidebar."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import PATIENCE_MILLISECONDS, SidebarPage, write_notebook

FRAME = "import pandas as pd\ndf = pd.DataFrame({'price': [1, 2, 3], 'region': ['a', 'b', 'a']})"


@pytest.fixture(scope="module")
def script() -> list[Any]:
    return [
        {"match": "sum the prices", "calls": [{"name": "run_code", "arguments": {"code": "int(df.price.sum())"}}]},
        {"match": "sum the prices", "text": "The prices add up to **6**."},
        {"match": "double the prices", "text": "So:\n```python\ndoubled = df.price * 2\n```"},
        {"match": "please fail", "error": "upstream_auth", "message": "The key is not accepted."},
    ]


@pytest.mark.slow
def test_the_magic_answers_asks_and_shares_its_conversation(sidebar: SidebarPage, jupyter: JupyterProcess) -> None:
    columns = "%agent -m offline what columns does df have?"
    write_notebook(jupyter.root / "magic.ipynb", FRAME, columns, "%agent sum the prices", "%agent please fail")
    sidebar.go("magic.ipynb")
    sidebar.run_cells(2)
    expect(sidebar.cells.nth(1).locator(".jp-OutputArea-output table td").first).to_have_text("price")

    sidebar.cells.nth(2).locator(".cm-content").click()
    sidebar.page.keyboard.press("Shift+Enter")
    box = sidebar.cells.nth(2).locator(".jp-Stdin-input")
    box.wait_for()
    expect(sidebar.cells.nth(2).locator(".jp-OutputArea")).to_contain_text("int(df.price.sum())")
    box.fill("y")
    box.press("Enter")
    outputs = sidebar.cells.nth(2).locator(".jp-OutputArea")
    expect(outputs.locator("strong")).to_have_text("6", timeout=PATIENCE_MILLISECONDS)

    sidebar.cells.nth(3).locator(".cm-content").click()
    sidebar.page.keyboard.press("Shift+Enter")
    failed = sidebar.cells.nth(3).locator(".jp-OutputArea-output")
    expect(failed).to_have_text("%agent: The key is not accepted.", timeout=PATIENCE_MILLISECONDS)

    sidebar.open()
    expect(sidebar.panel).to_contain_text("what columns does df have?")
    expect(sidebar.panel).to_contain_text("The prices add up to 6.")


def test_what_a_cell_asks_appears_in_the_open_sidebar_and_its_code_in_the_next_cell(
    sidebar: SidebarPage, jupyter: JupyterProcess
) -> None:
    write_notebook(jupyter.root / "live.ipynb", FRAME, "%agent -m offline what columns does df have?", "1", "2")
    sidebar.go("live.ipynb")
    sidebar.run_cells(1)
    sidebar.open()
    sidebar.cells.nth(1).locator(".cm-content").click()
    sidebar.page.keyboard.press("Shift+Enter")
    expect(sidebar.panel).to_contain_text("what columns does df have?", timeout=PATIENCE_MILLISECONDS)
    expect(sidebar.panel.locator("table td").first).to_have_text("price", timeout=PATIENCE_MILLISECONDS)

    type_over(sidebar, 2, "%agent double @d")
    sidebar.page.keyboard.press("Tab")
    sidebar.page.locator(".jp-Completer-item").get_by_text("@df").click()
    expect(sidebar.cells.nth(2).locator(".cm-content")).to_have_text(
        "%agent double @df"
    )  # next to JupyterLab's own words
    type_over(sidebar, 2, "%agent --cell double the prices")
    sidebar.page.keyboard.press("Control+Enter")
    expect(sidebar.cells.nth(3).locator(".cm-content")).to_have_text(
        "doubled = df.price * 2", timeout=PATIENCE_MILLISECONDS
    )


def type_over(sidebar: SidebarPage, number: int, text: str) -> None:
    """Put a text in the place of a cell's, by the keyboard."""
    sidebar.cells.nth(number).locator(".cm-content").click()
    sidebar.page.keyboard.press("Control+A")
    sidebar.page.keyboard.type(text)
