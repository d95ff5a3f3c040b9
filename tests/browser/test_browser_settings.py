"""Who answers and what it may do: settings with validation, and the rules of one notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage, write_notebook


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    return [
        {"match": "run it", "calls": [{"name": "run_code", "arguments": {"code": "print(6 * 7)"}}]},
        {"match": "run it", "text": "Done."},
        {"text": "Understood."},
    ]


def test_settings_are_checked_and_hold_after_a_reload(opened: SidebarPage) -> None:
    opened.choose("Settings")
    address = opened.page.get_by_label("Address of the model’s server")
    address.fill("not an address")
    expect(opened.panel.get_by_role("alert")).to_contain_text("begins with http:// or https://")
    expect(opened.button("Save")).to_be_disabled()
    address.fill("")
    opened.page.get_by_label("Tokens for a question").fill("9000")
    opened.button("Save").click()
    expect(opened.panel.get_by_role("status").filter(has_text="The settings are saved.")).to_be_visible()
    opened.reload()
    opened.choose("Settings")
    tokens = opened.page.get_by_label("Tokens for a question")
    expect(tokens).to_have_value("9000")
    tokens.fill("")
    opened.button("Save").click()
    expect(opened.panel.get_by_role("status").filter(has_text="The settings are saved.")).to_be_visible()
    opened.reload()
    opened.choose("Settings")
    expect(tokens).to_have_value("")
    opened.panel.get_by_text("Keys of model providers").click()
    expect(opened.panel.locator("input[type=password]").first).to_have_value("")


@pytest.mark.slow
def test_a_stored_key_is_deleted_with_the_keyboard_once_that_is_saved(opened: SidebarPage) -> None:
    def keys() -> Locator:
        opened.choose("Settings")
        opened.panel.get_by_text("Keys of model providers").click()
        return opened.page.get_by_label("openrouter", exact=True)

    delete = opened.button("Delete the key of openrouter")
    keys().fill("key-of-this-test")
    expect(delete).to_have_count(0)
    opened.button("Save").click()
    expect(keys()).to_have_attribute("placeholder", "set (in a file that only you can read)")
    delete.focus()
    opened.page.keyboard.press("Enter")
    expect(opened.page.get_by_label("openrouter", exact=True)).to_have_attribute("placeholder", "Deleted when you save")
    opened.button("Cancel").click()
    expect(keys()).to_have_attribute("placeholder", "set (in a file that only you can read)")
    delete.click()
    opened.button("Save").click()
    expect(keys()).to_have_attribute("placeholder", "OPENROUTER_API_KEY")
    expect(delete).to_have_count(0)


@pytest.mark.slow
def test_a_notebook_that_may_only_be_looked_at_runs_nothing(opened: SidebarPage) -> None:
    opened.page.get_by_label("What the agent may do").select_option("Read only")
    opened.ask("run it")
    expect(opened.wait_for_answer()).to_contain_text("Done.")
    expect(opened.panel.get_by_role("region", name="Run code?")).to_have_count(0)
    expect(opened.answer).to_contain_text("Run code (denied)")
    opened.reload()
    expect(opened.page.get_by_label("What the agent may do")).to_have_value("read-only")


@pytest.mark.slow
def test_another_model_can_be_asked_for_one_notebook(opened: SidebarPage) -> None:
    opened.page.get_by_role("combobox", name="Model").select_option("offline")
    opened.ask("which variables are there?")
    expect(opened.wait_for_answer().locator(".jp-agent-foot")).to_contain_text("offline")


@pytest.mark.slow
def test_N9_what_the_administrator_has_fixed_is_shown_with_the_reason_and_not_offered(
    browser: Browser, tmp_path: Path
) -> None:
    config = tmp_path / "config" / "jupyter_server_config.json"
    config.parent.mkdir()
    options = {"model": "offline", "locked_settings": ["model"], "allow_auto": False, "max_steps": 0}
    config.write_text(json.dumps({"JupyterAgent": options}), encoding="utf-8")
    with JupyterProcess(tmp_path) as process:
        write_notebook(process.root / "fixed.ipynb", "x = 1")
        context = browser.new_context(viewport={"width": 1400, "height": 850})
        page = SidebarPage(context, process)
        page.go("fixed.ipynb")
        page.open()
        modes = page.page.get_by_label("What the agent may do")
        expect(modes.locator("option:disabled")).to_have_text(["Run without asking"])
        page.choose("Settings")
        expect(page.page.get_by_label("Model", exact=True)).to_be_disabled()
        expect(page.page.get_by_label("Model for completions and titles")).to_be_disabled()
        expect(page.panel.get_by_text("fixed on this server").first).to_be_visible()
        expect(page.panel.get_by_text("at most auto-edit")).to_be_visible()
        expect(page.panel.get_by_text("c.JupyterAgent.max_steps cannot be 0")).to_be_visible()
        page.stop_kernels()
        context.close()


@pytest.mark.slow
def test_an_endpoint_can_be_chosen_and_models_without_their_key_are_named_and_not_offered(
    browser: Browser, tmp_path: Path
) -> None:
    config = tmp_path / "config" / "jupyter_server_config.json"
    config.parent.mkdir()
    options = {"model": "offline", "endpoints": {"work": {"base_url": "http://127.0.0.1:9/v1"}}}
    config.write_text(json.dumps({"JupyterAgent": options}), encoding="utf-8")
    with JupyterProcess(tmp_path) as process:
        write_notebook(process.root / "endpoints.ipynb", "x = 1")
        context = browser.new_context(viewport={"width": 1400, "height": 850})
        page = SidebarPage(context, process)
        page.go("endpoints.ipynb")
        page.open()
        picker = page.page.get_by_role("combobox", name="Model")
        expect(picker.locator("option", has_text="work")).to_have_count(1)
        expect(picker.locator("option", has_text="groq")).to_have_count(0)
        page.ask("/model")
        expect(page.panel.get_by_text("(needs the key GROQ_API_KEY)")).to_be_visible()
        page.choose("Settings")
        page.page.get_by_label("Model for completions and titles").fill("work:mini")
        page.panel.get_by_text("Keys of model providers").click()
        page.page.get_by_label("work", exact=True).fill("key-of-this-test")
        page.button("Save").click()
        expect(page.panel.get_by_role("status").filter(has_text="The settings are saved.")).to_be_visible()
        page.choose("Settings")
        expect(page.page.get_by_label("Model for completions and titles")).to_have_value("work:mini")
        page.panel.get_by_text("Keys of model providers").click()
        work = page.page.get_by_label("work", exact=True)
        expect(work).to_have_attribute("placeholder", "set (in a file that only you can read)")
        expect(work).to_have_attribute("title", "Only sent to http://127.0.0.1:9/v1")
        page.stop_kernels()
        context.close()
