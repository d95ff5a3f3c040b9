"""A notebook that is renamed while its sidebar is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage


@pytest.mark.slow
def test_a_renamed_notebook_shows_its_conversation_under_the_new_name(
    sidebar: SidebarPage, jupyter: JupyterProcess, notebook: str
) -> None:
    sidebar.go(notebook)
    sidebar.open()
    sidebar.ask("what is this about?")
    sidebar.wait_for_answer()
    renamed = f"renamed-{notebook}"
    answer = sidebar.page.request.patch(
        f"{jupyter.address}api/contents/{notebook}",
        headers={"Authorization": f"token {jupyter.token}"},
        data={"path": renamed},
    )
    assert answer.ok
    assert Path(jupyter.root / renamed).exists()
    sidebar.go(renamed)
    sidebar.open()
    expect(sidebar.exchanges).to_have_count(1)
    expect(sidebar.panel).to_contain_text("what is this about?")
