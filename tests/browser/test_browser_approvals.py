"""The user is asked: what would be done and why is on the card, what stands is shown and taken back, and nothing is asked twice."""

from __future__ import annotations

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.mcp_client import PATH, connected, result_text
from tests.support.scripted_loop import call
from tests.support.sidebar_page import SidebarPage, write_notebook

STANDS = "May run code in this conversation"
ALLOW = "Allow running code in this conversation"


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    remote = call("insert_cell", source="![c](http://127.0.0.1:9/?d=1)", cell_type="markdown", below="first")
    edit = [call("read_cells"), call("edit_cell", cell_id="second", source="number + 2")]
    written = call("insert_cell", source="mine = 3", below="second", run=True)
    every = [*edit, call("insert_cell", source="# added", below="second"), call("run_cell", cell_id="second")]
    return [
        {"match": "count", "calls": [call("run_code", code="for n in [1, 2]:\n    print('seen', n)")]},
        {"match": "count", "text": "Counted."},
        {"match": "reach out", "calls": [call("run_code", code="x = 1\n!touch \u202etxt.reached")]},
        {"match": "reach out", "text": "So it is."},
        {"match": "the second cell", "calls": [call("read_cells"), call("run_cell", cell_id="second")]},
        {"match": "the second cell", "text": "It ran."},
        {"match": "slowly", "text": "a " * 30, "chunks": 30, "delay": 0.1, "calls": edit},
        {"match": "slowly", "text": "Edited."},
        {"match": "picture", "calls": [call("read_cells"), remote]},
        {"match": "picture", "text": "Drawn."},
        {"match": "do it all", "text": "a " * 30, "chunks": 30, "delay": 0.1, "calls": every},
        {"match": "do it all", "text": "All done."},
        {"match": "write and run", "calls": [call("insert_cell", source="6 * 7", below="second", run=True)]},
        {"match": "write and run", "text": "It is in the new cell."},
        {"match": "a part", "calls": [call("read_cells")]},
        {
            "match": "a part",
            "calls": [call("edit_cell", cell_id="first", replace=[{"old": "3", "new": "5"}], run=True)],
        },
        {"match": "a part", "text": "Changed."},
        {
            "match": "one after the other",
            "calls": [
                call("run_code", code="def keep():\n    open('kept.txt', 'w')"),
                call("insert_cell", source="keep()", below="second", run=True),
            ],
        },
        {"match": "one after the other", "text": "Kept."},
        {"match": "both of", "calls": [written, call("run_code", code="print(mine)")]},
        {"match": "both of", "text": "Both are done."},
        {"text": "Understood."},
    ]


@pytest.fixture
def opened(sidebar: SidebarPage, jupyter: JupyterProcess, request: pytest.FixtureRequest) -> SidebarPage:
    name = f"{request.node.name[:40]}.ipynb"
    write_notebook(jupyter.root / name, first="number = 3", second="number + 1")
    sidebar.go(name)
    sidebar.open()
    return sidebar


def test_N5_what_stands_is_shown_holds_after_a_reload_and_is_taken_back_by_the_keyboard(
    opened: SidebarPage, jupyter: JupyterProcess
) -> None:
    chip = opened.panel.get_by_role("listitem").filter(has_text=STANDS)
    opened.ask("count them")
    card = opened.panel.get_by_role("region", name="Run code?")
    expect(card.locator("pre")).to_have_text("for n in [1, 2]:\n    print('seen', n)", use_inner_text=True)
    expect(card.locator("pre span").first).to_be_visible()  # highlighted
    expect(chip).to_have_count(0)
    opened.button(ALLOW).click()
    expect(opened.wait_for_answer()).to_contain_text("Counted.")
    expect(chip).to_be_visible()
    opened.ask("count once more")
    expect(opened.wait_for_answer()).to_contain_text("Counted.")
    opened.reload()
    expect(chip).to_be_visible()
    opened.ask("count a third time")
    expect(opened.wait_for_answer()).to_contain_text("Counted.")
    # What reaches out is asked about all the same, with its reason, and cannot be allowed for longer.
    opened.ask("reach out")
    expect(card.locator("pre")).to_have_text("x = 1\n!touch <U+202E>txt.reached", use_inner_text=True)
    expect(card.locator(".jp-agent-reasons")).to_contain_text("Needs approval every time:")
    expect(card.locator(".jp-agent-reasons li").first).to_contain_text("touch")
    expect(card.get_by_role("button")).to_have_text(["Allow once", "Deny"])
    card.get_by_role("textbox").fill("Take the table that I have.")
    card.get_by_role("textbox").press("Enter")
    row = opened.wait_for_answer().locator("details", has_text="Run code (denied)")
    row.locator("summary").click()
    expect(row).to_contain_text("They say: Take the table that I have.")
    assert not [path.name for path in jupyter.root.iterdir() if "reached" in path.name]
    opened.button(f"Take back: {STANDS}").press("Enter")
    expect(chip).to_have_count(0)
    expect(opened.question).to_be_focused()
    opened.ask("count again")
    opened.button(ALLOW).click()
    opened.wait_for_answer()
    expect(chip).to_be_visible()
    opened.button("New conversation").click()
    expect(chip).to_have_count(0)
    opened.ask("count anew")
    expect(opened.button("Allow once")).to_be_visible()


def test_N4_the_card_of_a_cell_shows_its_code_and_a_change_before_the_answer_runs_nothing(opened: SidebarPage) -> None:
    opened.ask("the second cell, please")
    card = opened.panel.locator(".jp-agent-approval")
    expect(card.locator("pre")).to_have_text("number + 1")
    expect(card).to_contain_text("Cell 2")
    expect(card).not_to_contain_text("cell_id")
    opened.cells.nth(1).locator(".cm-content").click()
    opened.page.keyboard.press("End")
    opened.page.keyboard.type("00")
    opened.button("Allow once").click()
    expect(opened.wait_for_answer().locator(".jp-agent-tool").last).to_contain_text("(failed)")
    expect(opened.cells.nth(1).locator(".jp-InputPrompt")).to_have_text("[ ]:")


def test_an_edit_is_asked_about_once_and_what_is_typed_meanwhile_stays_in_the_question(opened: SidebarPage) -> None:
    opened.ask("slowly, please")
    opened.question.press_sequentially("dd this is my next question", delay=150)  # longer than the answer takes to ask
    proposal = opened.page.locator(".jp-agent-proposal")
    expect(proposal).to_be_visible()
    expect(opened.question).to_be_focused()
    opened.page.keyboard.type("!")
    expect(opened.question).to_have_value("dd this is my next question!")
    expect(opened.cells).to_have_count(2)
    expect(opened.panel.locator(".jp-agent-approval")).to_have_count(0)
    expect(opened.panel).to_contain_text("It is proposed in the notebook.")
    opened.button("Show").press("Enter")
    expect(proposal.get_by_role("button", name="Accept", exact=True)).to_be_focused()
    opened.page.keyboard.press("Enter")
    expect(opened.wait_for_answer()).to_contain_text("Edited.")
    expect(opened.cells.nth(1).locator(".cm-content")).to_have_text("number + 2")


@pytest.mark.slow
def test_what_is_typed_in_a_cell_stays_there_while_the_agent_edits_and_runs_others(opened: SidebarPage) -> None:
    opened.page.get_by_label("What the agent may do").select_option("Run without asking")
    opened.ask("do it all")
    first = opened.cells.first.locator(".cm-content")
    first.click()
    opened.page.keyboard.press("End")
    ran = opened.cells.nth(1).locator(".jp-InputPrompt").filter(has_text="[1]:")
    typed = ""
    while not ran.is_visible():
        opened.page.keyboard.type("d", delay=50)
        typed += "d"
    opened.page.keyboard.type("x", delay=50)
    expect(first).to_have_text(f"number = 3{typed}x")
    expect(opened.cells).to_have_count(3)
    expect(opened.wait_for_answer()).to_contain_text("All done.")


def test_a_cell_is_written_and_run_with_one_click(opened: SidebarPage) -> None:
    opened.ask("write and run it")
    proposal = opened.page.locator(".jp-agent-proposal")
    expect(proposal).to_contain_text("Insert cell and run it")
    expect(proposal.locator("ins")).to_have_text("+ 6 * 7")
    proposal.get_by_role("button", name="Accept", exact=True).click()
    expect(opened.wait_for_answer()).to_contain_text("It is in the new cell.")
    expect(opened.cells.nth(2).locator(".jp-OutputArea-output")).to_have_text("42")


@pytest.mark.slow
def test_a_part_of_a_cell_is_shown_as_the_difference_that_it_makes(opened: SidebarPage) -> None:
    opened.ask("a part of it")
    proposal = opened.page.locator(".jp-agent-proposal")
    expect(proposal.locator("del")).to_have_text("- number = 3")
    expect(proposal.locator("ins")).to_have_text("+ number = 5")
    proposal.get_by_role("button", name="Accept", exact=True).click()
    expect(opened.wait_for_answer()).to_contain_text("Changed.")
    expect(opened.cells.first.locator(".cm-content")).to_have_text("number = 5")
    expect(opened.cells.first.locator(".jp-InputPrompt")).to_have_text("[1]:")


@pytest.mark.slow
def test_what_one_step_proposes_is_allowed_with_one_click(opened: SidebarPage) -> None:
    opened.ask("both of them")
    expect(opened.page.locator(".jp-agent-proposal")).to_contain_text("Insert cell and run it")
    expect(opened.panel.get_by_role("region", name="Run code?").locator("pre")).to_have_text("print(mine)")
    opened.button("Allow all 2 once").click()
    expect(opened.wait_for_answer()).to_contain_text("Both are done.")
    calls = opened.panel.locator(".jp-agent-tool")
    expect(calls).to_have_text([re.compile("Insert cell and run it"), re.compile("Run code")])
    expect(calls.last).to_contain_text("3")
    expect(opened.cells).to_have_count(3)


@pytest.mark.slow
def test_an_edit_whose_cell_goes_away_is_asked_about_in_the_panel(opened: SidebarPage) -> None:
    opened.ask("slowly, please")
    opened.page.locator(".jp-agent-proposal").wait_for()
    opened.cells.nth(1).locator(".jp-InputPrompt").click()
    opened.page.keyboard.press("d")
    opened.page.keyboard.press("d")
    expect(opened.cells).to_have_count(1)
    opened.panel.locator(".jp-agent-approval").get_by_role("button", name="Deny").click()
    expect(opened.wait_for_answer()).to_contain_text("Edited.")


def test_N7_an_edit_that_loads_something_is_asked_about_although_edits_are_allowed(opened: SidebarPage) -> None:
    opened.ask("slowly, please")
    opened.page.locator(".jp-agent-proposal").get_by_role("button", name="Accept all").click()
    expect(opened.wait_for_answer()).to_contain_text("Edited.")
    expect(opened.panel.get_by_role("listitem").filter(has_text="May edit cells")).to_be_visible()
    opened.page.get_by_label("What the agent may do").select_option("Edit without asking")
    opened.ask("a picture, please")
    proposal = opened.page.locator(".jp-agent-proposal")
    expect(proposal.locator(".jp-agent-reasons li").first).to_be_visible()
    expect(proposal.get_by_role("button")).to_have_text(["Accept", "Reject"])
    proposal.get_by_role("button", name="Reject").click()
    expect(opened.wait_for_answer()).to_contain_text("Drawn.")
    expect(opened.cells).to_have_count(2)


def test_N5_what_an_agent_elsewhere_wants_is_answered_in_the_notebooks_panel(
    opened: SidebarPage, jupyter: JupyterProcess, request: pytest.FixtureRequest
) -> None:
    arguments = {"notebook": f"{request.node.name[:40]}.ipynb", "code": "print(6 * 7)\nopen('left.txt', 'w')"}

    async def ask() -> str:
        async with connected(f"{jupyter.address}{PATH}", jupyter.token, "legacy") as client:
            result = await client.call_tool("run_code", arguments)
            return result_text(result)

    with ThreadPoolExecutor(1) as pool:
        for label, expected in (("Deny", "denied"), ("Allow once", "42")):
            asked = pool.submit(asyncio.run, ask())
            card = opened.panel.get_by_role("region", name="Run code?")
            expect(card).to_contain_text("It writes, moves or deletes files")
            expect(card.locator("pre")).to_have_text(arguments["code"], use_inner_text=True)
            card.get_by_role("button", name=label, exact=True).click()
            assert expected in asked.result(60)
            expect(card).to_have_count(0)


@pytest.mark.slow
def test_N20_a_proposal_that_is_asked_about_anew_is_shown_anew(opened: SidebarPage, jupyter: JupyterProcess) -> None:
    opened.ask("one after the other")
    proposal = opened.page.locator(".jp-agent-proposal")
    expect(proposal).to_be_visible()
    expect(proposal.locator(".jp-agent-reasons")).to_have_count(0)
    opened.button("Allow once").click()
    expect(proposal.locator(".jp-agent-reasons")).to_contain_text("open('kept.txt', 'w')")
    expect(proposal).to_have_count(1)
    assert not (jupyter.root / "kept.txt").exists()
    proposal.get_by_role("button", name="Accept", exact=True).click()
    expect(opened.wait_for_answer()).to_contain_text("Kept.")
    assert (jupyter.root / "kept.txt").exists()


def _answer_with(sidebar: SidebarPage, *events: tuple[str, Any]) -> None:
    """Have the next question answered with these events, after which nothing comes."""

    def answer(route: Route) -> None:
        named = [("turn", {"session_id": "s", "turn_id": "t", "model": "m"}), *events]
        body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in named)
        route.fulfill(body=body, content_type="text/event-stream")

    sidebar.page.route("**/api/agent/quick*", answer)
    sidebar.page.route("**/api/agent/turns/**", lambda _: None)  # the stream does not go on


@pytest.mark.slow
def test_a_tool_of_others_that_edits_a_cell_is_proposed_at_the_cell_as_ours_are(opened: SidebarPage) -> None:
    display = {"edit": "replace", "arguments": {"which": "cell_id", "new": "source"}, "caution": "It is styled."}
    call = {
        "call_id": "c1",
        "tool": "restyle",
        "effect": "write",
        "title": "Style cell",
        "icon": "",
        "display": display,
    }
    lost = {**call, "call_id": "c2", "title": "Lose cell", "arguments": {"which": "gone", "new": "x", "how": "twice"}}
    _answer_with(
        opened,
        ("approval", {**call, "arguments": {"which": "second", "new": "number + 9"}, "digest": "d"}),
        ("approval", {**lost, "digest": "e", "preview": "x"}),
    )
    opened.ask("style it")
    proposal = opened.cells.nth(1).get_by_role("group", name="Style cell")
    expect(proposal.locator("del")).to_have_text("- number + 1\n")
    expect(proposal.locator("ins")).to_have_text("+ number + 9\n")
    card = opened.panel.get_by_role("region", name="Lose cell?")
    expect(card).to_contain_text("A cell that is not in this notebook: gone")
    expect(card).to_contain_text("It is styled.")
    expect(card.locator("pre")).to_have_text(["how: twice", "x"])


@pytest.mark.slow
def test_N21_the_card_shows_every_argument_of_a_tool_of_others_whole(opened: SidebarPage) -> None:
    given = {"below": "/etc/passwd", "cell_id": "c9", "code": "x", "password": "correct horse"}
    call = {"call_id": "c1", "tool": "other_send", "effect": "execute"}
    _answer_with(
        opened,
        ("approval", {**call, "arguments": given, "digest": "d", "reasons": []}),
        ("tool_call", {**call, "arguments": {**given, "password": "[withheld: password]"}}),
    )
    opened.ask("send it")
    card = opened.panel.locator(".jp-agent-approval")
    for name, value in given.items():
        expect(card.locator("pre")).to_contain_text(f"{name}: {value}")
