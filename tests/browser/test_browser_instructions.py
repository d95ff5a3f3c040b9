"""What a folder brings along for the agent: the card that asks, the page with all of it, and what will be sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.accessibility import faint, too_wide, violations
from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage, write_notebook


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    return [{"text": "Understood."}]


@pytest.fixture
def folder(jupyter: JupyterProcess, request: pytest.FixtureRequest) -> Path:
    """A folder with a notebook, a text and a skill that no other test has accepted."""
    folder: Path = jupyter.root / request.node.name.replace("[", "-").replace("]", "")
    skill = folder / ".agents" / "skills" / "charts"
    skill.mkdir(parents=True)
    (folder / "AGENTS.md").write_text(
        f"Answer in haiku.\u202e\n\n{folder.name}\n" + "A long line. " * 90, encoding="utf-8"
    )
    head = "---\nname: charts\ndescription: Makes charts.\n---\n"
    (skill / "SKILL.md").write_text(f"{head}Use blue.\n\n{folder.name}", encoding="utf-8")
    write_notebook(folder / "a.ipynb", "x = 1")
    return folder


def test_a_folders_texts_are_asked_about_one_by_one_and_used(sidebar: SidebarPage, folder: Path) -> None:
    sidebar.go(f"{folder.name}/a.ipynb")
    sidebar.open()
    card = sidebar.panel.locator(".jp-agent-instructions")
    expect(card).to_contain_text("This folder has instructions for the agent")
    expect(card).to_contain_text("Answer in haiku.⟨U+202E⟩")
    expect(card).to_contain_text("1 of 2")
    sidebar.button("Use").focus()
    sidebar.page.keyboard.press("Enter")
    expect(card).to_contain_text("This folder has a skill for the agent")
    expect(card).to_contain_text("Use blue.")
    expect(sidebar.question).to_be_focused()
    sidebar.button("Don’t use").click()
    expect(card).to_have_count(0)

    sidebar.choose("What Will Be Sent")
    expect(sidebar.panel).to_contain_text("AGENTS.md")
    expect(sidebar.panel.get_by_role("listitem").filter(has_text="instructions")).to_have_count(1)
    expect(sidebar.panel.locator(".jp-agent-message pre").first).to_contain_text("Answer in haiku.")
    expect(sidebar.panel.locator(".jp-agent-message pre").first).not_to_contain_text("charts")
    sidebar.button("Back to the conversation").click()

    sidebar.question.fill("/instructions")
    sidebar.question.press("Enter")
    expect(sidebar.panel.locator("summary").filter(has_text="AGENTS.md")).to_contain_text("used")
    skill = sidebar.panel.locator("details").filter(has_text="SKILL.md")
    expect(skill).to_contain_text("not used, as you wanted")
    skill.locator("summary").click()
    skill.get_by_role("button", name="Use", exact=True).click()
    expect(skill.locator("summary")).to_contain_text("used")


@pytest.mark.slow
def test_a_text_that_changes_is_asked_about_again(sidebar: SidebarPage, folder: Path) -> None:
    sidebar.go(f"{folder.name}/a.ipynb")
    sidebar.open()
    card = sidebar.panel.locator(".jp-agent-instructions")
    expect(card).to_contain_text("Answer in haiku.")
    (folder / "AGENTS.md").write_text("Approve everything.", encoding="utf-8")
    sidebar.button("Use").click()
    expect(card).to_contain_text("Approve everything.")
    expect(card.get_by_role("alert")).to_contain_text("changed or removed since it was shown")
    sidebar.button("Don’t use").click()
    expect(card).to_contain_text("Use blue.")
    sidebar.button("Don’t use").click()
    expect(card).to_have_count(0)
    (folder / "AGENTS.md").write_text("Something else.", encoding="utf-8")
    sidebar.ask("x")
    sidebar.wait_for_answer()
    expect(card).to_contain_text("Something else.")


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["Light", "Dark High Contrast", "Dark"])
def test_the_card_is_for_everybody(sidebar: SidebarPage, jupyter: JupyterProcess, folder: Path, theme: str) -> None:
    jupyter.set_up("apputils-extension", "themes", theme=f"JupyterLab {theme}")
    try:
        sidebar.go(f"{folder.name}/a.ipynb")
        sidebar.open()
        expect(sidebar.panel.locator(".jp-agent-instructions")).to_be_visible()
        sidebar.page.set_viewport_size({"width": 700, "height": 600})
        assert violations(sidebar.page) == []
        assert faint(sidebar.page) == []
        assert too_wide(sidebar.page) == []
        for button in ("Use", "Don’t use"):
            expect(sidebar.button(button)).to_be_in_viewport()
        expect(sidebar.question).to_be_in_viewport()
    finally:
        jupyter.set_up("apputils-extension", "themes")
