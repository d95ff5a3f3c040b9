"""The page with a notebook and the sidebar, in the words of somebody who uses it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import nbformat
from playwright.sync_api import BrowserContext, Dialog, Locator, Page, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.pictures import encoded

#: A kernel or a page on a busy machine takes its time.
PATIENCE_MILLISECONDS = 40_000
#: Gives an element files, as a paste or a drop does.
_GIVE = """(element, {kind, files, text}) => {
  const given = new DataTransfer();
  for (const {name, data, type} of files)
    given.items.add(new File([Uint8Array.from(atob(data), letter => letter.charCodeAt(0))], name, {type}));
  if (text) given.setData('text/plain', text);
  const event = kind === 'paste'
    ? new ClipboardEvent('paste', {clipboardData: given, bubbles: true, cancelable: true})
    : new DragEvent(kind, {dataTransfer: given, bubbles: true, cancelable: true});
  return !element.dispatchEvent(event);
}"""
_YES = re.compile("^(Accept|Allow once)$")
_ENDED = re.compile("done|failed|cancelled|interrupted")


class SidebarPage:
    """One browser tab on one notebook.

    Attributes:
        page: The tab.
        foreign: Addresses outside of the server that the page asked for; there must be none.
        troubles: Uncaught errors and dialogs of scripts; there must be none.
        scripts: Scripts of our extension that have been fetched.
    """

    def __init__(self, context: BrowserContext, jupyter: JupyterProcess) -> None:
        self.page: Page = context.new_page()
        self.foreign: list[str] = []
        self.troubles: list[str] = []
        self.scripts: list[str] = []
        self._jupyter = jupyter
        self.page.set_default_timeout(PATIENCE_MILLISECONDS)
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("pageerror", lambda error: self._note_error(str(error)))
        self.page.on("dialog", self._close)

    def go(self, name: str, application: str = "lab") -> None:
        """Show a notebook, in a workspace of its own, and wait until its kernel can be used."""
        path = quote(name)
        place = f"lab/workspaces/{quote(Path(name).stem)}/tree/{path}" if application == "lab" else f"notebooks/{path}"
        self.page.goto(f"{self._jupyter.address}{place}?token={self._jupyter.token}")
        if application == "lab":
            self.wait_for_kernel()

    def wait_for_kernel(self) -> None:
        """JupyterLab passes over cells that are run before its kernel is connected; only its status bar tells."""
        self.page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for()
        self.page.locator("#jp-bottom-panel").get_by_text("Python 3 (ipykernel) | Idle").wait_for()

    def stop_kernels(self) -> None:
        """Make room for the next test."""
        header = {"Authorization": f"token {self._jupyter.token}"}
        kernels = self._jupyter.address + "api/kernels"
        for kernel in self.page.request.get(kernels, headers=header).json():
            self.page.request.delete(f"{kernels}/{kernel['id']}", headers=header)

    def run_cells(self, count: int) -> None:
        """Run the first code cells by the keyboard, and wait for them."""
        cells = self.page.locator(".jp-NotebookPanel:visible .jp-CodeCell")
        for index in range(count):
            cells.nth(index).locator(".cm-content").click()
            self.page.keyboard.press("Shift+Enter")
            expect(cells.nth(index).locator(".jp-InputPrompt")).to_have_text(
                f"[{index + 1}]:", timeout=PATIENCE_MILLISECONDS
            )

    def open(self) -> None:
        """Open the sidebar by the notebook's toolbar."""
        self.page.locator('.jp-NotebookPanel:visible [data-jp-item-name="ask-the-agent"] >> visible=true').first.click()
        self.question.wait_for()

    def reload(self) -> None:
        """Load the page again, as after a crash of the browser."""
        self.page.reload()
        self.wait_for_kernel()
        self.open()

    @property
    def question(self) -> Locator:
        return self.page.get_by_role("textbox", name="Question")

    @property
    def panel(self) -> Locator:
        return self.page.locator(".jp-agent")

    @property
    def exchanges(self) -> Locator:
        return self.page.locator(".jp-agent-exchange")

    @property
    def answer(self) -> Locator:
        """The last one."""
        return self.exchanges.last.locator(".jp-agent-answer")

    @property
    def cells(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:visible .jp-Cell")

    def sources(self) -> list[str]:
        """What stands in the cells that are shown."""
        return [cell.inner_text() for cell in self.cells.locator(".cm-content").all()]

    def ask(self, text: str) -> None:
        """Type a question and send it."""
        before = self.exchanges.count()
        self.question.fill(text)
        self.question.press("Enter")
        expect(self.exchanges).to_have_count(before + 1)

    def give_files(self, kind: str, *files: tuple[str, bytes], text: str = "") -> Any:
        """Paste files into the question, or drop them on it; whether that was taken."""
        given = [{"name": name, "data": encoded(data), "type": f"image/{name[-3:]}"} for name, data in files]
        return self.question.evaluate(_GIVE, {"kind": kind, "files": given, "text": text})

    def wait_for_answer(self) -> Locator:
        """The last exchange, at its end."""
        expect(self.exchanges.last).to_have_attribute("data-status", _ENDED, timeout=PATIENCE_MILLISECONDS)
        return self.answer

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name, exact=True)

    def choose(self, entry: str) -> None:
        """Choose an entry of the conversation's menu."""
        self.button("More").click()
        self.page.locator(".jp-agent-menu").get_by_role("menuitem", name=entry).click()

    @property
    def asked(self) -> Locator:
        """What waits for the user: an edit at its cell, everything else on a card in the panel."""
        return self.page.locator(".jp-agent-proposal:visible, .jp-agent-approval")

    def allow(self) -> None:
        """Say yes to what waits, once; to the first of several."""
        self.asked.first.get_by_role("button", name=_YES).click()

    @property
    def questions(self) -> Locator:
        return self.panel.locator(".jp-agent-question")

    def _close(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload":
            dialog.accept()  # JupyterLab asks before it leaves a notebook that is not saved.
        else:
            self.troubles.append(dialog.message)
            dialog.dismiss()

    def _note_error(self, error: str) -> None:
        # Notebook 7.6 stumbles over its own shortcuts' settings and its missing file browser, with us and without.
        known = "reading 'schema'" in error or "'filebrowser:open-path' not registered" in error
        if "/notebooks/" not in self.page.url or not known:
            self.troubles.append(error)

    def _note(self, address: str) -> None:
        url = urlsplit(address)
        if url.scheme not in ("http", "https", "ws", "wss"):
            return
        if url.netloc != urlsplit(self._jupyter.address).netloc:
            self.foreign.append(address)
        elif "/extensions/jupyter-notebook-agent/" in url.path and url.path.endswith(".js"):
            self.scripts.append(Path(url.path).name)


def write_notebook(path: Path, *sources: str, **named: str) -> None:
    """A notebook of code cells, by their sources; those with a name have it as their id."""
    new: Any = nbformat.v4
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cells = [new.new_code_cell(source) for source in sources]
    cells += [new.new_code_cell(source, id=name) for name, source in named.items()]
    notebook = new.new_notebook(metadata={"kernelspec": kernel}, cells=cells)
    path.write_text(new.writes(notebook), encoding="utf-8")
