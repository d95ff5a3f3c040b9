"""Broken connections: an answer goes on where it was, a server that was restarted is met again, other places are followed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import PATIENCE_MILLISECONDS, SidebarPage, write_notebook

COUNTING = " ".join(f"word{number}" for number in range(150))


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    return [
        {"match": "count", "text": COUNTING, "chunks": 150, "delay": 0.04},
        {"match": "run it", "calls": [{"name": "run_code", "arguments": {"code": "print(6 * 7)"}}]},
        {"match": "run it", "text": "Done."},
        {"text": "Understood."},
    ]


#: The first answer's connection breaks after a while.
_BREAKING = """() => {
  const original = window.fetch;
  let broken = false;
  window.fetch = async (...args) => {
    const response = await original(...args);
    if (broken || !response.url.includes('/api/agent/quick')) return response;
    broken = true;
    let pieces = 0;
    const cut = new TransformStream({
      transform: (piece, out) => (++pieces > 20 ? out.error(new TypeError('network error')) : out.enqueue(piece))
    });
    return new Response(response.body.pipeThrough(cut), { headers: response.headers });
  };
}"""


def test_an_answer_that_is_cut_off_goes_on_where_it_was(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.page.add_init_script(f"({_BREAKING})()")
    sidebar.go(notebook)
    sidebar.open()
    sidebar.ask("count for me")
    expect(sidebar.wait_for_answer().locator(".jp-agent-text")).to_have_text(COUNTING)
    expect(sidebar.panel.get_by_role("status").filter(has_text="Connected again.")).to_be_visible()
    sidebar.reload()
    expect(sidebar.answer.locator(".jp-agent-text")).to_have_text(COUNTING)


def test_a_page_that_is_loaded_again_goes_on_with_the_answer_and_its_approval(opened: SidebarPage) -> None:
    opened.ask("run it")
    opened.button("Allow once").wait_for()
    opened.reload()
    expect(opened.questions).to_contain_text(["run it"])
    opened.button("Allow once").click()
    expect(opened.wait_for_answer()).to_contain_text("Done.")


@pytest.mark.slow
def test_a_question_asked_in_a_cell_appears_while_it_is_answered(sidebar: SidebarPage, jupyter: JupyterProcess) -> None:
    write_notebook(jupyter.root / "asked.ipynb", "%agent count, please", "1")
    sidebar.go("asked.ipynb")
    sidebar.open()
    sidebar.cells.first.locator(".cm-content").click()
    sidebar.page.keyboard.press("Shift+Enter")
    expect(sidebar.questions).to_contain_text(["count, please"], timeout=PATIENCE_MILLISECONDS)
    expect(sidebar.answer).to_contain_text("word5 ")
    expect(sidebar.wait_for_answer()).to_contain_text("word149")
    expect(sidebar.exchanges).to_have_count(1)


@pytest.mark.slow
def test_a_server_that_is_restarted_is_met_again(browser: Browser, tmp_path: Path) -> None:
    with JupyterProcess(tmp_path) as jupyter:
        jupyter.answer_with("scripted")
        write_notebook(jupyter.root / "restart.ipynb", "1")
        sidebar = SidebarPage(browser.new_context(viewport={"width": 1400, "height": 850}), jupyter)
        sidebar.go("restart.ipynb")
        sidebar.open()
        sidebar.ask("before")
        sidebar.wait_for_answer()
        # JupyterLab says in a dialog of its own that the server is away, if it asks it just then.
        away = sidebar.page.get_by_role("dialog").get_by_role("button", name="Close")

        def close() -> None:
            away.click()

        sidebar.page.add_locator_handler(away, close)
        jupyter.restart()
        notice = sidebar.panel.get_by_role("status").filter(has_text="Connected to the server again.")
        expect(notice).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        expect(sidebar.questions).to_contain_text(["before"])
        sidebar.ask("after")
        expect(sidebar.wait_for_answer()).to_contain_text("You said: after")
        expect(sidebar.exchanges).to_have_count(2)
        sidebar.page.context.close()


@pytest.mark.slow
def test_a_notebook_larger_than_a_request_can_be_asked_about(sidebar: SidebarPage, jupyter: JupyterProcess) -> None:
    large = "# " + "é" * 1_500_000
    write_notebook(jupyter.root / "large.ipynb", "small = 1", large, large, large, "last = 2")
    sidebar.go("large.ipynb")
    sidebar.open()
    with sidebar.page.expect_request("**/api/agent/quick*") as waiting:
        sidebar.ask("hello")
    cells = json.loads(waiting.value.post_data or "")["context"]["cells"]
    assert ["saved" in cell for cell in cells] == [False, False, False, True, False]
    expect(sidebar.wait_for_answer()).to_contain_text("Understood.")
