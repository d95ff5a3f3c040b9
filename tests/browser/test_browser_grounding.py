"""What an answer says that is not from the notebook is marked in the page, after a reload, too."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.sidebar_page import SidebarPage


@pytest.fixture(scope="module")
def script() -> list[Any]:
    return [
        "**51,239** rows of 12, says `df['km']`, or `777`:\n\n| 12 | 51,239 |\n|---|---|\n\n```python\nprint(unknown_name, 51239)\n```"
    ]


def test_numbers_and_names_from_nowhere_are_marked_and_others_say_where_they_come_from(
    sidebar: SidebarPage, notebook: str
) -> None:
    sidebar.go(notebook)
    sidebar.run_cells(1)
    sidebar.open()
    sidebar.ask("Are there more than 12 rows?")
    sidebar.wait_for_answer()
    for is_stored in (False, True):
        if is_stored:
            sidebar.reload()
        marked = sidebar.answer.locator(".jp-agent-ungrounded")
        expect(marked).to_have_text(["51,239", "km", "777", "51,239", "unknown_name"])
        expect(marked.first).to_have_attribute("title", "Not from your notebook.")
        expect(sidebar.answer.locator(".jp-agent-grounded")).to_have_text(["12", "12"])
