"""Cells that the agent edits in the open notebook: seen at once, taken back by Ctrl-Z, by undo, and never over the user's work."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.scripted_loop import call
from tests.support.sidebar_page import SidebarPage, write_notebook


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    return [
        {
            "match": "change all",
            "calls": [
                call("read_cells"),
                call("edit_cell", cell_id="first", source="number = 7"),
                call("insert_cell", source="doubled = 2 * number\ndoubled", below="first"),
                call("delete_cell", cell_id="last"),
                call("move_cell", cell_id="second", below=""),
                call("run_cell", cell_id="first"),
            ],
        },
        {"match": "change all", "text": "All changed."},
        {
            "match": "only the first",
            "calls": [call("read_cells"), call("edit_cell", cell_id="first", source="number = 8")],
        },
        {"match": "only the first", "text": "Done."},
        {"match": "at the top", "calls": [call("insert_cell", source="import math", below="")]},
        {"match": "at the top", "text": "Done."},
        {"match": "code", "text": "Here:\n\n```python\nnumber = 5\nnumber * 2\n```\n"},
        {"text": "Understood."},
    ]


@pytest.fixture
def opened(sidebar: SidebarPage, jupyter: JupyterProcess, request: pytest.FixtureRequest) -> SidebarPage:
    """The sidebar next to three cells of known ids."""
    name = f"{request.node.name[:40]}.ipynb"
    write_notebook(jupyter.root / name, first="number = 3", second="number + 1", last="'the end'")
    sidebar.go(name)
    sidebar.open()
    return sidebar


def _allow(sidebar: SidebarPage, times: int) -> None:
    for _ in range(times):
        sidebar.asked.first.wait_for()
        waiting = sidebar.asked.first.element_handle()
        sidebar.allow()
        waiting.wait_for_element_state("hidden")


def test_edits_appear_in_the_notebook_and_undo_takes_all_of_them_back(opened: SidebarPage) -> None:
    before = opened.sources()
    opened.ask("change all of it")
    _allow(opened, 5)
    expect(opened.wait_for_answer()).to_contain_text("All changed.")
    assert opened.sources() == ["number + 1", "number = 7", "doubled = 2 * number\ndoubled"]
    expect(opened.cells.nth(1).locator(".jp-InputPrompt")).to_have_text("[1]:")
    opened.choose("Undo")
    expect(opened.cells).to_have_count(3)
    expect(opened.cells.first.locator(".cm-content")).to_have_text("number = 3")
    assert opened.sources() == before
    expect(opened.cells.first.locator(".jp-InputPrompt")).to_have_text("[ ]:")


@pytest.mark.slow
def test_an_undo_none_of_whose_changes_the_page_can_make_may_be_asked_for_again_at_once(opened: SidebarPage) -> None:
    opened.ask("only the first one")
    _allow(opened, 1)
    expect(opened.wait_for_answer()).to_contain_text("Done.")

    def damage(route: Route) -> None:
        reply = route.fetch()
        body = reply.json()
        if body["edits"]["changes"]:
            body["edits"]["changes"] = [None]
        route.fulfill(response=reply, json=body)

    opened.page.route("**/undo?*", damage)
    opened.choose("Undo")
    expect(opened.panel.get_by_role("alert")).to_be_visible()
    opened.page.unroute("**/undo?*")
    opened.choose("Undo")
    expect(opened.cells.first.locator(".cm-content")).to_have_text("number = 3")
    expect(opened.panel.get_by_role("status").filter(has_text="was undone")).to_be_visible()


@pytest.mark.slow
def test_redo_makes_the_edits_of_the_page_again(opened: SidebarPage) -> None:
    opened.ask("only the first one")
    _allow(opened, 1)
    expect(opened.wait_for_answer()).to_contain_text("Done.")
    source = opened.cells.first.locator(".cm-content")
    expect(source).to_have_text("number = 8")
    opened.choose("Undo")
    expect(source).to_have_text("number = 3")
    expect(opened.panel.get_by_role("status").filter(has_text="was undone")).to_be_visible()
    opened.choose("Redo")
    expect(source).to_have_text("number = 8")
    expect(opened.panel.get_by_role("status").filter(has_text="was redone")).to_be_visible()


@pytest.mark.slow
def test_ctrl_z_takes_an_edit_back(opened: SidebarPage) -> None:
    opened.ask("only the first one")
    _allow(opened, 1)
    expect(opened.wait_for_answer()).to_contain_text("Done.")
    expect(opened.cells.first.locator(".cm-content")).to_have_text("number = 8")
    opened.cells.first.locator(".cm-content").click()
    opened.page.keyboard.press("Control+z")
    expect(opened.cells.first.locator(".cm-content")).to_have_text("number = 3")


def test_K18_a_cell_that_the_user_changes_meanwhile_is_left_alone(opened: SidebarPage) -> None:
    opened.ask("only the first one")
    opened.asked.wait_for()
    opened.cells.first.locator(".cm-content").click()
    opened.page.keyboard.press("End")
    opened.page.keyboard.type("00")
    opened.allow()
    opened.wait_for_answer()
    expect(opened.cells.first.locator(".cm-content")).to_have_text("number = 300")
    expect(opened.panel.locator(".jp-agent-tool").filter(has_text="cell")).to_have_count(2)


@pytest.mark.slow
def test_a_written_cell_says_so_in_the_saved_notebook_and_a_shared_text_keeps_its_digest(
    opened: SidebarPage, jupyter: JupyterProcess, request: pytest.FixtureRequest
) -> None:
    opened.cells.first.locator(".cm-content").click()
    opened.page.keyboard.press("End")
    opened.page.keyboard.type(" # ünïcödé 🦉")
    opened.ask("only the first one")
    _allow(opened, 1)
    expect(opened.wait_for_answer()).to_contain_text("Done.")
    opened.cells.first.locator(".cm-content").click()
    with opened.page.expect_response(lambda one: one.request.method == "PUT" and "/api/contents/" in one.url):
        opened.page.keyboard.press("Control+s")
    stored = json.loads((jupyter.root / f"{request.node.name[:40]}.ipynb").read_text(encoding="utf-8"))
    assert stored["cells"][0]["source"] == ["number = 8"]
    assert "session_id" in stored["cells"][0]["metadata"]["jupyter_agent"]


def test_a_proposed_edit_is_shown_at_its_cell_and_can_be_accepted_or_rejected_there(opened: SidebarPage) -> None:
    proposal = opened.cells.first.locator(".jp-agent-proposal")
    opened.ask("only the first one")
    proposal.wait_for()
    expect(proposal.locator("del")).to_have_text("- number = 3")
    expect(proposal.locator("ins")).to_have_text("+ number = 8")
    proposal.get_by_role("button", name="Reject").click()
    expect(proposal).to_have_count(0)
    opened.wait_for_answer()
    expect(opened.cells.first.locator(".cm-content")).to_have_text("number = 3")
    opened.ask("only the first one")
    proposal.get_by_role("button", name="Accept", exact=True).press("Enter")
    expect(opened.wait_for_answer()).to_contain_text("Done.")
    expect(opened.cells.first.locator(".cm-content")).to_have_text("number = 8")


@pytest.mark.slow
def test_a_cell_for_the_top_is_proposed_above_the_first_one(opened: SidebarPage) -> None:
    first = opened.cells.first
    opened.ask("at the top")
    proposal = first.locator(".jp-agent-proposal")
    proposal.wait_for()
    above, code = proposal.bounding_box(), first.locator(".jp-Cell-inputWrapper").bounding_box()
    assert above is not None
    assert code is not None
    assert above["y"] + above["height"] <= code["y"]
    proposal.get_by_role("button", name="Accept", exact=True).click()
    opened.wait_for_answer()
    expect(opened.cells.first.locator(".cm-content")).to_have_text("import math")


@pytest.mark.slow
def test_all_proposals_of_a_kind_can_be_accepted_at_once(opened: SidebarPage) -> None:
    opened.ask("only the first one")
    opened.cells.first.get_by_role("button", name="Accept all").click()
    opened.wait_for_answer()
    opened.ask("only the first one")
    expect(opened.wait_for_answer()).to_contain_text("Done.")
    expect(opened.asked).to_have_count(0)


@pytest.mark.slow
def test_code_of_an_answer_replaces_the_active_cell_or_runs_in_a_new_one(opened: SidebarPage) -> None:
    opened.ask("code, please")
    opened.wait_for_answer()
    opened.cells.nth(1).locator(".cm-content").click()
    opened.button("Replace the active cell").click()
    expect(opened.cells.nth(1).locator(".cm-content")).to_have_text("number = 5number * 2")
    opened.page.keyboard.press("Control+z")
    expect(opened.cells.nth(1).locator(".cm-content")).to_have_text("number + 1")
    opened.button("Run in a new cell").click()
    expect(opened.cells).to_have_count(4)
    expect(opened.cells.nth(2).locator(".jp-OutputArea-output")).to_have_text("10")
