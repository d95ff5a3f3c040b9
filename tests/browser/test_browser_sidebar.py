"""What a user does with the sidebar: send, stop, retry, insert, copy, approve, clear; with a model that plays a script."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import PATIENCE_MILLISECONDS, SidebarPage

CODE = 'totals = df.groupby("city")["price"].sum()\ntotals'
COUNTING = " ".join(f"word{number}" for number in range(400))


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    running = {"code": "answer = 6 * 7\nprint(answer)"}
    return [
        {"match": "code", "text": f"Here it is:\n\n```python\n{CODE}\n```\n\nAnd a command:\n\n```bash\nls\n```"},
        {"match": "count", "text": COUNTING, "chunks": 400, "delay": 0.05},
        {"match": "run it", "calls": [{"name": "run_code", "arguments": running}]},
        {"match": "run it", "text": "That is all."},
        {
            "match": "break",
            "text": "So far ",
            "error": "upstream_auth",
            "message": "The model's server refused the key.",
        },
        {"match": "link", "text": "See [the docs](https://docs.invalid/page)."},
        {"text": "Understood."},
    ]


def test_only_a_stub_is_loaded_before_the_panel_is_first_opened(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    before = list(sidebar.scripts)
    sidebar.open()
    assert len(before) == 2
    assert len(sidebar.scripts) > len(before)


@pytest.mark.slow
def test_enter_sends_and_shift_enter_makes_a_line(opened: SidebarPage) -> None:
    opened.question.press_sequentially("first")
    opened.question.press("Shift+Enter")
    opened.question.press_sequentially("second")
    expect(opened.exchanges).to_have_count(0)
    expect(opened.question).to_have_value("first\nsecond")
    opened.question.press("Enter")
    expect(opened.question).to_have_value("")
    expect(opened.panel.locator(".jp-agent-question")).to_contain_text("first\nsecond", use_inner_text=True)
    expect(opened.wait_for_answer()).to_contain_text("Understood.")


@pytest.mark.slow
def test_the_palette_opens_the_panel_with_the_cursor_in_it(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.page.keyboard.press("Control+Shift+C")
    sidebar.page.keyboard.type("Ask the agent")
    sidebar.page.locator(".lm-CommandPalette-item", has_text="Ask the agent").first.click()
    expect(sidebar.question).to_be_focused()


@pytest.mark.slow
def test_an_opened_sidebar_is_open_after_a_reload_too(opened: SidebarPage) -> None:
    with opened.page.expect_response(
        lambda response: "/api/workspaces/" in response.url and response.request.method == "PUT"
    ):
        opened.ask("hello")
        opened.wait_for_answer()
    opened.page.reload()
    expect(opened.question).to_be_visible(timeout=PATIENCE_MILLISECONDS)
    expect(opened.exchanges).to_have_count(1)


@pytest.mark.parametrize("way", [pytest.param("button", marks=pytest.mark.slow), "key"])
def test_stop_ends_a_slow_answer_and_keeps_what_was_said(opened: SidebarPage, way: str) -> None:
    opened.ask("count for me")
    expect(opened.answer).to_contain_text("word12")
    if way == "button":
        opened.button("Stop").click()
    else:
        opened.question.press("Escape")
    answer = opened.wait_for_answer()
    expect(answer).to_contain_text("Stopped.")
    expect(answer).not_to_contain_text("word399")
    expect(opened.question).to_be_focused()
    opened.ask("and now?")
    expect(opened.wait_for_answer()).to_contain_text("Understood.")

    opened.reload()
    expect(opened.exchanges).to_have_count(2)
    expect(opened.exchanges.first).to_contain_text("word12")
    expect(opened.exchanges.first).to_contain_text("Stopped.")


@pytest.mark.slow
def test_inserted_code_is_a_cell_below_the_active_one_and_one_undo_takes_it_back(opened: SidebarPage) -> None:
    opened.cells.first.click()
    opened.ask("some code, please")
    opened.wait_for_answer()
    expect(opened.button("Insert below")).to_have_count(1)
    opened.button("Insert below").focus()
    opened.page.keyboard.press("Enter")
    expect(opened.cells).to_have_count(3)
    expect(opened.cells.nth(1).locator(".cm-content")).to_have_text(CODE, use_inner_text=True)
    expect(opened.cells.nth(1)).to_contain_class("jp-mod-active")
    opened.page.keyboard.press("Control+z")
    expect(opened.cells).to_have_count(2)
    opened.page.keyboard.press("Shift+z")
    expect(opened.cells).to_have_count(3)


@pytest.mark.slow
def test_copy_puts_the_code_and_nothing_else_on_the_clipboard(opened: SidebarPage) -> None:
    opened.ask("some code, please")
    opened.wait_for_answer()
    opened.button("Copy").first.click()
    expect(opened.button("Copied")).to_be_visible()
    assert opened.page.evaluate("navigator.clipboard.readText()") == CODE


def test_code_runs_only_after_the_user_has_seen_and_allowed_it(opened: SidebarPage) -> None:
    opened.ask("run it")
    card = opened.panel.get_by_role("region", name="Run code?")
    expect(card.locator("pre")).to_have_text("answer = 6 * 7\nprint(answer)", use_inner_text=True)
    card.get_by_role("button", name="Allow once").click()
    answer = opened.wait_for_answer()
    expect(answer).to_contain_text("That is all.")
    row = answer.locator("details", has_text="Run code")
    row.locator("summary").click()
    expect(row).to_contain_text("42")


def test_denied_code_does_not_run_and_the_answer_goes_on(opened: SidebarPage) -> None:
    opened.ask("run it")
    opened.panel.get_by_role("region", name="Run code?").get_by_role("button", name="Deny").click()
    answer = opened.wait_for_answer()
    expect(answer).to_contain_text("Run code (denied)")
    expect(answer).to_contain_text("That is all.")


def test_a_failure_is_told_in_words_and_what_was_said_stays(opened: SidebarPage) -> None:
    opened.ask("break")
    answer = opened.wait_for_answer()
    expect(answer).to_contain_text("So far")
    expect(answer.get_by_role("alert")).to_contain_text("The model's server refused the key.")


@pytest.mark.slow
def test_a_question_that_does_not_reach_the_server_is_kept_and_asked_again(opened: SidebarPage) -> None:
    def fail(route: Route) -> None:
        route.abort()

    opened.page.route("**/api/agent/quick*", fail)
    opened.ask("is anybody there?")
    expect(opened.wait_for_answer().get_by_role("alert")).to_contain_text("server does not answer")
    opened.page.unroute("**/api/agent/quick*")
    opened.button("Retry").click()
    expect(opened.exchanges).to_have_count(1)
    expect(opened.answer).to_contain_text("Understood.")
    expect(opened.panel.locator(".jp-agent-question")).to_contain_text("is anybody there?")


@pytest.mark.slow
def test_a_new_conversation_knows_nothing_of_the_old_one_which_stays_stored(opened: SidebarPage) -> None:
    opened.ask("hello")
    opened.wait_for_answer()
    opened.button("New conversation").click()
    expect(opened.exchanges).to_have_count(0)
    expect(opened.question).to_be_focused()
    opened.reload()
    expect(opened.exchanges).to_have_count(1)


@pytest.mark.slow
def test_a_deleted_conversation_is_gone_after_a_reload(opened: SidebarPage) -> None:
    opened.ask("hello")
    opened.wait_for_answer()
    opened.choose("Delete Conversation…")
    with opened.page.expect_response(lambda response: response.request.method == "DELETE"):
        opened.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(opened.exchanges).to_have_count(0)
    opened.reload()
    expect(opened.panel).to_contain_text("Ask about your data")
    expect(opened.exchanges).to_have_count(0)


@pytest.mark.slow
def test_a_link_opens_on_a_click_only_in_a_tab_that_knows_nothing_of_this_one(
    browser: Browser, jupyter: JupyterProcess, notebook: str
) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 850})
    context.route("https://docs.invalid/**", lambda route: route.fulfill(body="A page."))
    sidebar = SidebarPage(context, jupyter)
    sidebar.go(notebook)
    sidebar.open()
    sidebar.ask("a link, please")
    link = sidebar.wait_for_answer().get_by_role("link", name="the docs")
    assert sidebar.foreign == []
    with context.expect_page() as waiting:
        link.click()
    other: Page = waiting.value
    assert other.url == "https://docs.invalid/page"
    assert other.evaluate("window.opener === null && document.referrer === ''")
    context.close()
