"""Conversations as a whole: list, search, rename, export, branches, undo; what was done is there again after a reload."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage, write_notebook

_SEARCH = re.compile(r"/api/agent/sessions\?.*\bq=")
#: Ends after what the page does with a reply that it has, and the next frame that it shows.
_LATER = "() => new Promise(done => setTimeout(() => requestAnimationFrame(() => setTimeout(done))))"


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    running = {"code": "print(6 * 7)"}
    return [
        {"match": "run it", "text": "I will see.", "calls": [{"name": "run_code", "arguments": running}]},
        {"match": "run it", "text": "It is 42.", "usage": {"input_tokens": 1200, "output_tokens": 7}},
        {"match": "rhubarb", "text": "Rhubarb is a vegetable."},
        {"text": "Understood."},
    ]


def say(sidebar: SidebarPage, *questions: str) -> None:
    for question in questions:
        sidebar.ask(question)
        sidebar.wait_for_answer()


@pytest.mark.slow
def test_what_tools_did_is_there_again_after_a_reload(opened: SidebarPage) -> None:
    opened.ask("run it")
    opened.button("Allow once").click()
    opened.wait_for_answer()
    opened.reload()
    row = opened.answer.locator("details.jp-agent-tool")
    expect(row.locator("summary")).to_have_text("Run code")
    row.locator("summary").click()
    expect(row).to_contain_text("print(6 * 7)")
    expect(row).to_contain_text("42")
    texts = opened.answer.locator(".jp-agent-text")
    expect(texts).to_have_text(["I will see.", "It is 42."])
    expect(opened.answer.locator(".jp-agent-foot")).to_contain_text(re.compile(r"scripted · \d\.\dk → \d+ tokens"))


def test_an_edited_question_makes_a_branch_and_the_old_one_is_one_click_away(opened: SidebarPage) -> None:
    say(opened, "first", "second", "third")
    opened.questions.nth(1).hover()
    opened.button("Edit the question").nth(1).click()
    opened.page.get_by_role("textbox", name="Edited question").fill("rhubarb?")
    opened.button("Ask").click()
    expect(opened.questions).to_contain_text(["first", "rhubarb?"])
    expect(opened.wait_for_answer()).to_contain_text("Rhubarb is a vegetable.")
    versions = opened.panel.get_by_role("group", name="Other versions of this question")
    expect(versions).to_have_text("2/2")

    opened.button("Previous version").click()
    expect(opened.questions).to_contain_text(["first", "second", "third"])
    expect(versions).to_have_text("1/2")
    opened.reload()
    expect(opened.questions).to_contain_text(["first", "second", "third"])
    opened.choose("Branches")
    tree = opened.panel.locator(".jp-agent-branch")
    expect(tree).to_have_text(["first", "second", "third", "rhubarb?"])
    expect(opened.panel.locator(".jp-agent-branch[aria-current]")).to_have_count(3)
    tree.last.click()
    expect(opened.questions).to_contain_text(["first", "rhubarb?"])


@pytest.mark.slow
def test_asking_again_keeps_both_answers(opened: SidebarPage) -> None:
    say(opened, "first")
    opened.button("Ask again").click()
    expect(opened.panel.get_by_role("group", name="Other versions of this question")).to_have_text("2/2")
    expect(opened.wait_for_answer()).to_contain_text("Understood.")
    expect(opened.exchanges).to_have_count(1)


def test_undo_takes_the_last_question_back_and_redo_brings_it_again(opened: SidebarPage) -> None:
    say(opened, "first", "second")
    opened.choose("Undo the Last Question")
    expect(opened.questions).to_contain_text(["first"])
    expect(opened.exchanges).to_have_count(1)
    expect(opened.panel.get_by_role("status").filter(has_text="was undone")).to_be_visible()
    opened.choose("Redo")
    expect(opened.questions).to_contain_text(["first", "second"])


@pytest.mark.slow
def test_conversations_are_found_by_a_word_opened_and_renamed(opened: SidebarPage) -> None:
    say(opened, "rhubarb or what?")
    opened.button("New conversation").click()
    say(opened, "something about apples")
    opened.button("Conversations").click()
    rows = opened.panel.locator(".jp-agent-row")
    expect(rows).to_have_count(2)
    opened.panel.get_by_role("searchbox").fill("vegetable")
    expect(rows).to_have_count(1)
    rows.get_by_role("button", name="Rename").click()
    title = opened.panel.get_by_role("textbox", name="Title")
    title.fill("About plants")
    title.press("Enter")
    expect(rows.locator(".jp-agent-row-title")).to_have_text("About plants")
    rows.locator(".jp-agent-row-main").click()
    expect(opened.questions).to_contain_text(["rhubarb or what?"])
    expect(opened.question).to_be_focused()
    opened.button("Conversations").click()
    opened.page.keyboard.press("Escape")
    expect(opened.question).to_be_focused()


@pytest.mark.slow
@pytest.mark.parametrize("is_current_found", [True, False], ids=["found", "failed"])
def test_an_older_search_that_ends_late_changes_nothing(opened: SidebarPage, is_current_found: bool) -> None:
    say(opened, "rhubarb or what?")
    opened.button("New conversation").click()
    say(opened, "something about apples")
    opened.button("Conversations").click()
    rows = opened.panel.locator(".jp-agent-row")
    expect(rows).to_have_count(2)
    held: list[Route] = []

    def answer(route: Route) -> None:
        text = parse_qs(urlsplit(route.request.url).query).get("q", [""])[0]
        if text == "apples":
            held.append(route)
        elif is_current_found:
            route.continue_()
        else:
            route.fulfill(status=500, json={"code": "internal", "message": "The newer search failed."})

    opened.page.route(_SEARCH, answer)
    alert = opened.panel.get_by_role("alert")
    search = opened.panel.get_by_role("searchbox")
    with opened.page.expect_request(_SEARCH) as waiting:
        search.fill("apples")
    search.fill("vegetable")
    if is_current_found:
        expect(rows).to_have_count(1)
    else:
        expect(alert).to_have_text("The newer search failed.")
    older = waiting.value
    assert [route.request for route in held] == [older]
    if is_current_found:
        with opened.page.expect_event("requestfailed", lambda request: request == older):
            held[0].abort()
    else:
        with opened.page.expect_event("requestfinished", lambda request: request == older):
            held[0].continue_()
    opened.page.evaluate(_LATER)
    if is_current_found:
        expect(alert).to_have_count(0)
    else:
        expect(alert).to_have_text("The newer search failed.")
        expect(rows).to_have_count(2)


@pytest.mark.slow
def test_a_conversation_of_another_notebook_opens_with_its_notebook(
    sidebar: SidebarPage, jupyter: JupyterProcess
) -> None:
    write_notebook(jupyter.root / "here.ipynb", "1")
    write_notebook(jupyter.root / "there.ipynb", "2")
    sidebar.go("there.ipynb")
    sidebar.open()
    say(sidebar, "asked there")
    sidebar.go("here.ipynb")
    sidebar.open()
    sidebar.button("Conversations").click()
    expect(sidebar.panel.locator(".jp-agent-row", has_text="asked there")).to_have_count(0)
    sidebar.panel.get_by_role("checkbox", name="All notebooks").check()
    sidebar.panel.locator(".jp-agent-row-main", has_text="asked there").click()
    expect(sidebar.panel.get_by_role("heading", name="there.ipynb")).to_be_visible()
    expect(sidebar.questions).to_contain_text(["asked there"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("entry", "kind", "word"),
    [
        ("Export as Markdown", "md", "Rhubarb"),
        ("Export as Notebook", "ipynb", "cells"),
        ("Export as JSON", "json", "turns"),
    ],
)
def test_a_conversation_can_be_saved_as_a_file(
    opened: SidebarPage, tmp_path: Path, entry: str, kind: str, word: str
) -> None:
    say(opened, "rhubarb?")
    with opened.page.expect_download() as waiting:
        opened.choose(entry)
    assert waiting.value.suggested_filename == f"rhubarb.{kind}"
    waiting.value.save_as(tmp_path / "saved")
    text = (tmp_path / "saved").read_text(encoding="utf-8")
    assert word in text
    assert kind == "md" or json.loads(text)


@pytest.mark.slow
def test_a_copy_goes_on_by_itself(opened: SidebarPage) -> None:
    say(opened, "first")
    opened.choose("Continue in a Copy")
    expect(opened.panel.get_by_role("status").filter(has_text="This is a copy")).to_be_visible()
    say(opened, "second")
    opened.button("Conversations").click()
    expect(opened.panel.locator(".jp-agent-row")).to_contain_text(["2 questions", "1 question"])
