"""What the composer does while one types: completion of names, cells, files and commands; earlier questions; commands."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.support.sidebar_page import SidebarPage


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    return [{"text": "Understood."}]


@pytest.fixture
def opened(sidebar: SidebarPage, notebook: str) -> SidebarPage:
    sidebar.go(notebook)
    sidebar.run_cells(1)
    sidebar.open()
    return sidebar


def options(sidebar: SidebarPage) -> Locator:
    return sidebar.panel.locator(".jp-agent-completions").get_by_role("option")


def test_an_at_sign_offers_variables_columns_cells_and_files(opened: SidebarPage) -> None:
    opened.question.press_sequentially("how is @")
    expect(options(opened)).to_contain_text(["@df", "@pd", "@cell:1", "@file:shop_sales.csv", "@error"])
    opened.question.press_sequentially("d")
    expect(options(opened).first).to_contain_text("@df")
    expect(options(opened).first).to_have_attribute("aria-selected", "true")
    opened.page.keyboard.press("Tab")
    expect(opened.question).to_have_value("how is @df ")
    opened.page.keyboard.press("Backspace")
    opened.question.press_sequentially(".pri")
    expect(options(opened)).to_contain_text(["price"])
    opened.page.keyboard.press("Enter")
    expect(opened.question).to_have_value("how is @df.price ")
    expect(options(opened)).to_have_count(0)
    expect(opened.exchanges).to_have_count(0)


@pytest.mark.slow
def test_a_mail_address_offers_nothing_and_escape_closes_the_list(opened: SidebarPage) -> None:
    opened.question.press_sequentially("write to ann@")
    opened.question.press_sequentially("d")
    expect(options(opened)).to_have_count(0)
    opened.question.fill("")
    opened.question.press_sequentially("@")
    expect(options(opened).first).to_be_visible()
    opened.page.keyboard.press("Escape")
    expect(options(opened)).to_have_count(0)
    expect(opened.question).to_have_value("@")


@pytest.mark.slow
def test_commands_are_completed_and_done_in_the_sidebar(opened: SidebarPage) -> None:
    opened.question.press_sequentially("/va")
    expect(options(opened)).to_contain_text(["/vars"])
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.press("Enter")
    expect(opened.answer.locator("td").first).to_contain_text("df")
    opened.ask("/help")
    expect(opened.answer).to_contain_text("/doctor")
    opened.ask("/doctor")
    expect(opened.answer.locator(".jp-agent-text")).not_to_be_empty()
    opened.ask("/explain df")
    expect(opened.wait_for_answer()).to_contain_text("Understood.")
    expect(opened.questions.last).to_contain_text("Explain df")
    opened.question.fill("/clear")
    opened.question.press("Enter")
    expect(opened.exchanges).to_have_count(0)


@pytest.mark.slow
def test_clear_keeps_what_there_was_and_a_deletion_is_asked_about_and_taken_back(opened: SidebarPage) -> None:
    opened.ask("keep this")
    opened.wait_for_answer()
    for _ in range(2):
        opened.question.fill("/clear")
        opened.question.press("Enter")
        expect(opened.exchanges).to_have_count(0)
    opened.ask("delete this")
    opened.wait_for_answer()
    for button in ("Cancel", "Delete"):
        opened.question.fill("/delete")
        opened.question.press("Enter")
        opened.page.locator(".jp-Dialog").get_by_role("button", name=button).click()
        expect(opened.exchanges).to_have_count(1 if button == "Cancel" else 0)
    expect(opened.panel).to_contain_text("brings it back")
    opened.button("Conversations").click()
    expect(opened.panel.locator(".jp-agent-row-title")).to_have_text(["keep this"])
    opened.button("Back to the conversation").click()
    opened.question.fill("/restore")
    opened.question.press("Enter")
    expect(opened.questions).to_contain_text(["delete this"])
    opened.button("Conversations").click()
    expect(opened.panel.locator(".jp-agent-row-title")).to_have_text(["delete this", "keep this"])


@pytest.mark.slow
def test_arrow_keys_bring_earlier_questions_and_the_draft_back(opened: SidebarPage) -> None:
    for question in ("first", "second"):
        opened.ask(question)
        opened.wait_for_answer()
    opened.question.fill("draft")
    for key, expected in (("Up", "second"), ("Up", "first"), ("Up", "first"), ("Down", "second"), ("Down", "draft")):
        opened.question.press(f"Arrow{key}")
        expect(opened.question).to_have_value(expected)


def test_the_strip_tells_variables_and_their_columns_and_what_changed(opened: SidebarPage) -> None:
    strip = opened.panel.locator(".jp-agent-knowledge")
    expect(strip.locator("summary")).to_contain_text("2 variables")
    opened.ask("hello")
    opened.wait_for_answer()
    opened.cells.nth(1).locator(".cm-content").fill("rate = 1")
    opened.page.keyboard.press("Shift+Enter")
    expect(strip.locator("summary")).to_contain_text("3 variables · 1 changed")
    strip.locator("summary").click()
    expect(strip.get_by_role("button").first).to_contain_text("ratechanged1", use_inner_text=False)
    strip.get_by_role("button", name="df").focus()
    expect(opened.page.get_by_role("tooltip")).to_contain_text("price")
    opened.page.keyboard.press("Escape")
    expect(opened.page.get_by_role("tooltip")).to_have_count(0)


@pytest.mark.slow
def test_what_will_be_sent_is_shown_before_it_is_sent(opened: SidebarPage) -> None:
    opened.question.fill("how large is @df?")
    opened.choose("What Will Be Sent")
    expect(opened.panel.locator(".jp-agent-page")).to_contain_text("Nothing has been sent.")
    expect(opened.panel.locator(".jp-agent-message pre").last).to_contain_text("how large is @df?")
    expect(opened.panel.get_by_role("listitem").filter(has_text="mentions")).to_be_visible()
    opened.button("Back to the conversation").click()
    expect(opened.question).to_have_value("how large is @df?")
    expect(opened.exchanges).to_have_count(0)
