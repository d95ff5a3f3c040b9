"""From where the hand is: a cell's toolbar and context menu, the button below an error, the box below a cell."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage, write_notebook


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    edit = {"name": "edit_cell", "arguments": {"cell_id": "first", "source": "number = 4"}}
    return [
        {"match": "Explain @cell:1\\.", "text": "It keeps a number."},
        {"match": "Explain @cell:empty", "text": "It is empty."},
        {"match": "What went wrong in @error", "text": "A name:\n\n```python\nprint(number + 1)\n```\nThat is all."},
        {"match": "Edit @cell:first: four", "calls": [{"name": "read_cells", "arguments": {}}, edit]},
        {"match": "Edit @cell:first: four", "text": "Done."},
        {"match": "Edit @cell:first: only words", "text": "There is nothing to be changed."},
        {"match": "a table of squares", "text": "```python\nsquares = [n * n for n in range(5)]\n```"},
        {"text": "Understood."},
    ]


@pytest.fixture
def opened(sidebar: SidebarPage, jupyter: JupyterProcess, request: pytest.FixtureRequest) -> SidebarPage:
    """A notebook of three cells of known ids; the sidebar has never been open."""
    name = f"{request.node.name[:40]}.ipynb"
    write_notebook(jupyter.root / name, first="number = 3", wrong="print(numbr + 1)", empty="")
    sidebar.go(name)
    return sidebar


def _code(sidebar: SidebarPage, index: int) -> Locator:
    return sidebar.cells.nth(index).locator(".cm-content")


def _box(sidebar: SidebarPage, index: int) -> Locator:
    """The box below a cell, opened by the keyboard."""
    _code(sidebar, index).click()
    sidebar.page.keyboard.press("Control+k")
    box = sidebar.cells.nth(index).locator(".jp-agent-prompt")
    expect(box.get_by_role("textbox", name="Instruction")).to_be_focused()
    return box


@pytest.mark.slow
def test_nothing_but_the_stub_is_loaded_before_the_first_errand(opened: SidebarPage) -> None:
    before = len(opened.scripts)
    _box(opened, 0)
    assert len(opened.scripts) > before
    expect(opened.panel).to_be_hidden()


@pytest.mark.slow
def test_a_cell_is_explained_from_its_toolbar_and_from_its_context_menu(opened: SidebarPage) -> None:
    opened.run_cells(1)
    _code(opened, 0).click()
    opened.cells.nth(0).locator('[data-jp-item-name="ask-the-agent-about-the-cell"]').click()
    opened.page.get_by_role("menuitem", name="Explain This Cell").click()
    expect(opened.wait_for_answer()).to_contain_text("It keeps a number.")
    _code(opened, 2).click(button="right")
    opened.page.locator(".lm-Menu-item", has_text="Agent").hover()
    opened.page.get_by_role("menuitem", name="Explain This Cell").click()
    expect(opened.exchanges).to_have_count(2)
    expect(opened.wait_for_answer()).to_contain_text("It is empty.")


@pytest.mark.slow
def test_a_question_about_a_cell_is_begun_for_the_user(opened: SidebarPage) -> None:
    _code(opened, 2).click(button="right")
    opened.page.locator(".lm-Menu-item", has_text="Agent").hover()
    expect(opened.page.get_by_role("menuitem", name="Fix This Error")).to_have_count(0)
    opened.page.get_by_role("menuitem", name="Ask About This Cell").click()
    expect(opened.question).to_have_value("@cell:empty ")
    expect(opened.question).to_be_focused()


def test_an_error_is_fixed_by_its_button_and_the_keyboard_alone(opened: SidebarPage) -> None:
    opened.run_cells(2)
    cell = opened.cells.nth(1)
    fix = cell.get_by_role("button", name="Fix this error with the agent")
    fix.focus()
    opened.page.keyboard.press("Enter")
    offer = cell.locator(".jp-agent-proposal")
    expect(offer.locator("ins")).to_have_text("+ print(number + 1)")
    expect(offer.get_by_role("button")).to_have_text(["Accept", "Reject"])
    expect(opened.wait_for_answer()).to_contain_text("That is all.")
    offer.get_by_role("button", name="Accept").press("Enter")
    expect(_code(opened, 1)).to_have_text("print(number + 1)")
    _code(opened, 1).click()
    opened.page.keyboard.press("Shift+Enter")
    expect(fix).to_have_count(0)
    expect(cell.locator(".jp-OutputArea-output")).to_have_text("4")


@pytest.mark.slow
def test_an_instruction_in_a_cell_becomes_an_edit_proposed_there(opened: SidebarPage) -> None:
    box = _box(opened, 0)
    opened.page.keyboard.type("four, please")
    opened.page.keyboard.press("Enter")
    proposal = opened.cells.nth(0).locator(".jp-agent-proposal")
    expect(proposal.locator("ins")).to_have_text("+ number = 4")
    expect(box).to_have_count(0)
    proposal.get_by_role("button", name="Accept", exact=True).click()
    expect(_code(opened, 0)).to_have_text("number = 4")
    _code(opened, 0).click()
    opened.page.keyboard.press("Control+z")
    expect(_code(opened, 0)).to_have_text("number = 3")


@pytest.mark.slow
def test_code_that_is_only_shown_is_offered_to_the_empty_cell(opened: SidebarPage) -> None:
    _box(opened, 2)
    opened.page.keyboard.type("a table of squares")
    opened.page.keyboard.press("Enter")
    offer = opened.cells.nth(2).locator(".jp-agent-proposal")
    expect(offer.get_by_role("button", name="Accept")).to_be_focused()
    opened.page.keyboard.press("Enter")
    expect(_code(opened, 2)).to_have_text("squares = [n * n for n in range(5)]")
    expect(offer).to_have_count(0)
    _code(opened, 2).click()
    opened.page.keyboard.press("Control+z")
    expect(_code(opened, 2)).to_have_text("")


@pytest.mark.slow
def test_the_box_says_what_the_agent_said_and_escape_gives_the_cell_back(opened: SidebarPage) -> None:
    box = _box(opened, 0)
    opened.page.keyboard.type("only words\n")
    expect(box.get_by_role("status")).to_have_text("There is nothing to be changed.")
    box.get_by_role("button", name="Show in the sidebar").click()
    expect(opened.wait_for_answer()).to_contain_text("There is nothing to be changed.")
    box.get_by_role("textbox").press("Escape")
    expect(box).to_have_count(0)
    expect(_code(opened, 0)).to_be_focused()
    expect(_code(opened, 0)).to_have_text("number = 3")


@pytest.mark.slow
def test_Notebook_has_the_same_sidebar_and_the_same_ways_into_it_from_a_cell(
    sidebar: SidebarPage, jupyter: JupyterProcess
) -> None:
    write_notebook(jupyter.root / "seven.ipynb", first="number = 3", empty="")
    sidebar.go("seven.ipynb", "notebook")
    _code(sidebar, 1).click(button="right")
    sidebar.page.locator(".lm-Menu-item", has_text="Agent").hover()
    sidebar.page.get_by_role("menuitem", name="Explain This Cell").click()
    expect(sidebar.wait_for_answer()).to_contain_text("It is empty.")
    _box(sidebar, 0)
    sidebar.page.keyboard.type("four, please\n")
    sidebar.cells.nth(0).get_by_role("button", name="Accept", exact=True).click()
    expect(_code(sidebar, 0)).to_have_text("number = 4")
