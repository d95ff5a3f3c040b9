"""What a model says is data: no script of it runs, no address in it is asked for, no button of it looks like ours."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.hostile_inputs import ADDRESSES, ANSWERS, EVIL, HANDLERS, MARKDOWN, NAMES, PICTURES, RAW
from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage, write_notebook

#: Elements and attributes that nothing but our own buttons may have.
_FORBIDDEN = """() => {
  const found = [];
  for (const text of document.querySelectorAll('.jp-agent-text')) {
    for (const element of text.querySelectorAll('*')) {
      const ours = element.closest('.jp-agent-code-bar, mjx-container');
      const tag = element.localName;
      if (!ours && /^(script|style|link|meta|base|iframe|object|embed|form|video|audio|source|picture|svg|math|body)$/.test(tag))
        found.push(element.outerHTML);
      if (tag === 'img' || (tag === 'button' && !ours) || (tag === 'input' && element.type !== 'checkbox'))
        found.push(element.outerHTML);
      for (const { name, value } of element.attributes) {
        if (/^on|^data-commandlinker|^srcset$|^ping$|^background$|^name$/.test(name)) found.push(`${tag} ${name}`);
        if (name === 'id' && !ours) found.push(`${tag} ${name}=${value}`);
        if (name === 'style' && (/url/i.test(value) || (!ours && value))) found.push(`${tag} ${name}=${value}`);
        if (/href$/.test(name) && !/^(https?:|mailto:|#mjx)/i.test(value)) found.push(`${tag} ${name}=${value}`);
        if (name === 'class' && !ours && /jp-agent-approval|jp-Dialog/.test(value)) found.push(`${tag} ${value}`);
      }
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    separator = "\n\n---\n\n"
    return [
        {"match": "names", "text": "The end."},
        *(
            {"match": rf"number {index}\b", "text": separator.join([*parts, "The end."])}
            for index, parts in enumerate(ANSWERS)
        ),
        {"match": "spoof", "calls": [{"name": "run_code", "arguments": {"code": SPOOF}}]},
        {"match": "spoof", "text": "Done."},
    ]


#: Looks like `safe = 1`: the rest hides behind spaces, a right-to-left override and invisible letters.
SPOOF = "safe = 1" + " " * 300 + ";danger = 2\n# \u202eesrever\u202c \u200b\U000e0041<b>not bold</b>"


def test_J5_J6_hostile_answers_run_nothing_and_load_nothing(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.open()
    for index in range(len(ANSWERS)):
        sidebar.ask(f"number {index}")
        expect(sidebar.wait_for_answer()).to_contain_text("The end.")
    assert len([*RAW, *MARKDOWN, *HANDLERS, *ADDRESSES, *PICTURES, *NAMES]) >= 150
    assert sidebar.page.evaluate(_FORBIDDEN) == []
    assert sidebar.page.evaluate("window.pwned") is None
    # It is not hidden either: the user sees what was tried.
    expect(sidebar.panel).to_contain_text("<script>window.pwned = 1</script>")
    expect(sidebar.panel).to_contain_text("[pixel: not loaded]")


@pytest.mark.slow
def test_J6_a_click_on_everything_that_can_be_clicked_runs_nothing(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.open()
    for index in range(len(ANSWERS)):
        sidebar.ask(f"number {index}")
        sidebar.wait_for_answer()
    cells = sidebar.cells.count()
    sidebar.page.context.route(f"{EVIL}/**", lambda route: route.abort())
    sidebar.page.evaluate("void (window.open = (...args) => void (window.opened = [...(window.opened || []), args]))")
    sidebar.page.evaluate("document.querySelectorAll('.jp-agent-text :not(button)').forEach(one => one.click?.())")
    assert sidebar.page.evaluate("window.pwned") is None
    assert sidebar.cells.count() == cells
    opened = sidebar.page.evaluate("window.opened || []")
    assert opened
    assert all(address.startswith("https://") and "noopener" in features for address, _, features in opened)


def test_J7_an_approval_shows_every_character_of_what_would_run(sidebar: SidebarPage, notebook: str) -> None:
    sidebar.go(notebook)
    sidebar.open()
    sidebar.ask("spoof me")
    code = sidebar.panel.get_by_role("region", name="Run code?").locator("pre")
    expect(code).to_contain_text(";danger = 2")
    expect(code).to_contain_text("<U+202E>esrever<U+202C> <U+200B><U+E0041><b>not bold</b>")
    assert code.evaluate("one => one.scrollWidth <= one.clientWidth")
    sidebar.panel.get_by_role("button", name="Deny").click()
    expect(sidebar.wait_for_answer()).to_contain_text("Done.")


def test_J6_names_and_titles_are_text_wherever_they_are_shown(sidebar: SidebarPage, jupyter: JupyterProcess) -> None:
    frame = f"import pandas as pd\ndf = pd.DataFrame({{name: [1] for name in {NAMES!r}}})\ntext = {''.join(NAMES)!r}"
    write_notebook(jupyter.root / "names.ipynb", frame)
    sidebar.go("names.ipynb")
    sidebar.run_cells(1)
    sidebar.open()
    for name in NAMES[:4]:
        sidebar.ask(f"{name} names")
        sidebar.wait_for_answer()
    sidebar.button("Edit the question").first.click()
    sidebar.page.get_by_role("textbox", name="Edited question").fill(f"{NAMES[2]} names, otherwise")
    sidebar.button("Ask").click()
    expect(sidebar.questions).to_contain_text(["names, otherwise"])
    sidebar.wait_for_answer()
    sidebar.question.press_sequentially("@df.")
    expect(sidebar.panel.locator(".jp-agent-completions")).to_contain_text("onerror")
    sidebar.question.fill("")
    sidebar.ask("/vars df")
    expect(sidebar.answer).to_contain_text("onerror")
    sidebar.panel.locator(".jp-agent-knowledge summary").click()
    sidebar.panel.locator(".jp-agent-variables button", has_text="df").hover()
    expect(sidebar.page.get_by_role("tooltip")).to_contain_text("⟨U+202E⟩esrever")
    sidebar.question.fill(f"{NAMES[0]} names?")
    for entry, shown in (("Branches", ".jp-agent-branch"), ("What Will Be Sent", ".jp-agent-message pre")):
        sidebar.choose(entry)
        expect(sidebar.panel.locator(shown).last).to_contain_text("names")
        sidebar.button("Back to the conversation").click()
    sidebar.button("Conversations").click()
    sidebar.panel.get_by_role("searchbox").fill("onerror")
    expect(sidebar.panel.locator(".jp-agent-row-title").first).to_contain_text("<img src=x")
    assert sidebar.page.locator(".jp-agent").locator("img, script, iframe, [onerror], [onload]").count() == 0
    assert sidebar.page.evaluate("window.pwned") is None
