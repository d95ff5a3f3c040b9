"""An answer to `%agent` is the output of a cell that the user ran, so JupyterLab trusts it: nothing in it runs, loads or changes the page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.support.hostile_inputs import ADDRESSES, ANSWERS, HANDLERS, MARKDOWN, NAMES, PICTURES, RAW
from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import PATIENCE_MILLISECONDS, SidebarPage, write_notebook

#: Elements and attributes that a trusted output must not have.
_FORBIDDEN = """() => {
  const found = [];
  for (const output of document.querySelectorAll('.jp-RenderedMarkdown')) {
    for (const element of output.querySelectorAll('*')) {
      if (element.closest("mjx-container, .jp-InternalAnchorLink, .anchor-link")) continue;
      const tag = element.localName;
      if (!/^(a|b|blockquote|br|code|dd|del|div|dl|dt|em|h[1-6]|hr|input|li|ol|p|pre|span|strong|sub|sup|table|tbody|td|th|thead|tr|ul)$/.test(tag))
        found.push(element.outerHTML.slice(0, 200));
      for (const { name, value } of element.attributes) {
        if (/^on|^data-command|^src|^ping$|^background$|^name$|^style$/.test(name)) found.push(`${tag} ${name}=${value}`);
        if (/href$/.test(name) && !/^(https?:|mailto:|#)/i.test(value)) found.push(`${tag} ${name}=${value}`);
      }
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def script() -> list[Any]:
    separator = "\n\n---\n\n"
    answers = [
        {"match": rf"number {at}\b", "text": separator.join([*parts, "The end."])} for at, parts in enumerate(ANSWERS)
    ]
    return [{"match": "(?m)^fail now", "error": "upstream_error", "message": RAW[1] + PICTURES[0]}, *answers]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_N1_hostile_answers_in_a_cell_run_nothing_and_load_nothing(
    sidebar: SidebarPage, jupyter: JupyterProcess
) -> None:
    assert len([*RAW, *MARKDOWN, *HANDLERS, *ADDRESSES, *PICTURES, *NAMES]) >= 60
    asked = [f"%agent number {at}" for at in range(len(ANSWERS))]
    path = jupyter.root / "markup.ipynb"
    write_notebook(
        path,
        *asked,
        f"%agent number 0 {NAMES[0]}",
        "%agent /history",
        "%agent fail now",
        "%agent /nope " + RAW[1],
    )
    sidebar.go("markup.ipynb")
    for at in range(sidebar.cells.count()):
        cell = sidebar.cells.nth(at)
        cell.locator(".cm-content").click()
        sidebar.page.keyboard.press("Shift+Enter")
        expect(cell.locator(".jp-InputPrompt")).to_have_text(f"[{at + 1}]:", timeout=PATIENCE_MILLISECONDS)
    expect(sidebar.page.locator(".jp-RenderedMarkdown").first).to_contain_text("The end.")
    assert sidebar.page.locator(".jp-RenderedMarkdown").count() > len(ANSWERS)
    assert sidebar.page.evaluate(_FORBIDDEN) == []
    assert sidebar.page.evaluate("window.pwned") is None
    sidebar.page.keyboard.press("Control+s")
    expect(sidebar.page.locator(".jp-mod-dirty")).to_have_count(0)
    outputs = [output for cell in read_cells(path) for output in cell.get("outputs", ()) if "data" in output]
    assert RAW[0] in "".join(outputs[0]["data"]["text/plain"])  # what was tried is there to be read
    assert "&lt;script" in "".join(outputs[0]["data"]["text/markdown"])
    for application in ("lab", "notebook"):
        sidebar.go("markup.ipynb", application)
        expect(sidebar.page.locator(".jp-RenderedMarkdown").first).to_contain_text("The end.")
        assert sidebar.page.evaluate(_FORBIDDEN) == []
        assert sidebar.page.evaluate("window.pwned") is None
    assert (sidebar.foreign, sidebar.troubles) == ([], [])

    subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", str(path)], check=True, capture_output=True)
    exported = sidebar.page.context.new_page()
    asked_for: list[str] = []

    def refuse(route: Route) -> None:
        asked_for.append(route.request.url)
        route.abort()

    exported.route("**/*", refuse)
    exported.set_content(path.with_suffix(".html").read_text(encoding="utf-8"))
    expect(exported.locator(".jp-RenderedMarkdown").first).to_contain_text("The end.")
    assert exported.evaluate(_FORBIDDEN) == []
    assert exported.evaluate("window.pwned") is None
    assert [address for address in asked_for if "cdnjs.cloudflare.com" not in address] == []  # nbconvert's own
    exported.close()


def read_cells(path: Path) -> list[Any]:
    cells: list[Any] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells
