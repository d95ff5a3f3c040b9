"""Six notebook tasks with a played good model, a real notebook and a real kernel: the result, the requests, the clicks."""

from __future__ import annotations

import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.events import ApprovalAsked, Done
from jupyter_agent.core.messages import CellEdit
from jupyter_agent.core.question import Decision, Question
from jupyter_agent.core.session import Session
from jupyter_agent.kernels.owned_kernel import start_kernel
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.server.turns.permissions import Permissions
from jupyter_agent.tools import registry
from tests.support.notebook_json import code, notebook, text_of
from tests.support.played_model import TASKS, PlayedModel
from tests.support.scripted_assistant import assistant_with

FRAME = """\
import pandas as pd

df = pd.DataFrame({"city": ["Bonn", "Ulm", "Kiel", "Hof"], "km": ["12 km", "7 km", None, "31 km"]})"""
ROWS = 'rows = [{"price": 2.0}, {"price": 4.0}, {"price": 9.0}]'
BUGS = """\
def mean_price(rows):
    total = 0
    for row in rows:
        total += row["prize"]
    return totl / len(rows[0].values)

print("mean:", mean_price(rows))"""
pytestmark = pytest.mark.timeout(100)

SLUG = 'def slug(text):\n    return "-".join(text.lower().split())'


@pytest.fixture(autouse=True)
def _kernels_own_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that plot in this process choose a backend by the environment, which the kernel would get."""
    monkeypatch.delenv("MPLBACKEND", raising=False)


class PlayedUser:
    """Who allows the first thing once, and from the second on for the conversation: each is a click.

    What is shown together is answered with one click.
    """

    def __init__(self) -> None:
        self.clicks = 0
        self.shown: set[str] = set()
        self._answered: set[str] = set()
        self._permissions = Permissions()
        self._session: Session | None = None

    def is_allowed(self, session: Session, asked: ApprovalAsked) -> bool:
        self._session = session
        return self._permissions.allows(session, asked)

    async def decide(self, asked: ApprovalAsked) -> Decision:
        if asked.digest in self._answered:
            return Decision(approved=True)
        self.clicks += 1
        self._answered |= self.shown
        if self.clicks > 1 and not asked.reasons and self._session is not None:
            self._permissions.allow(self._session, asked.effect, *asked.effects)
        return Decision(approved=True)


class Desktop:
    """A notebook with its kernel, and one question about it.

    Attributes:
        path: Of the notebook.
        model: Who answered.
        user: Who was asked.
    """

    def __init__(self, folder: Path, **sources: str) -> None:
        self.path = folder / "a.ipynb"
        cells = [code(cell_id, source) for cell_id, source in sources.items()]
        self.path.write_text(text_of(notebook(*cells)), encoding="utf-8")
        self.model = PlayedModel(TASKS)
        self.user = PlayedUser()

    async def ask(self, query: str, change: tuple[str, str] = ("", "")) -> Done:
        """Run the cells from top to bottom, change the notebook's text, ask."""
        kernel, stop = await start_kernel(str(self.path.parent))
        try:
            await kernel.state()
            opened = FileNotebook(self.path)
            for cell in await opened.cells():
                await opened.edit(CellEdit("run", cell.id, cell.source_hash), timeout=60, kernel=kernel)
            self.path.write_text(self.path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
            tools, _ = registry.load([])
            assistant = assistant_with(self.model, tools, deadline_seconds=100)
            question = Question(
                "local",
                query,
                notebook_id="a.ipynb",
                kernel=kernel,
                notebook=opened,
                decide=self.user.decide,
                is_allowed=self.user.is_allowed,
            )
            async with aclosing(assistant.ask(question)) as events:
                async for event in events:
                    if isinstance(event, ApprovalAsked):
                        self.user.shown.add(event.digest)
                    done = event
            assert isinstance(done, Done), done
            return done
        finally:
            await stop()

    @property
    def cost(self) -> tuple[int, int]:
        """Requests and clicks."""
        return self.model.requests, self.user.clicks

    def cells(self) -> list[dict[str, Any]]:
        cells: list[dict[str, Any]] = json.loads(self.path.read_text(encoding="utf-8"))["cells"]
        return cells


def shown(cell: dict[str, Any]) -> str:
    return "".join(text for output in cell["outputs"] for text in output.get("text", ()))


async def test_a_column_is_cleaned_and_plotted_in_a_new_cell(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path, load=FRAME)
    done = await desktop.ask("Clean the column km and plot it into a new cell.")
    assert done.reply == "3 rows are left after cleaning; the longest way is 31 km. The plot is in a new cell.", (
        done.reply
    )
    assert [[*output.get("data", ())][:1] for output in desktop.cells()[-1]["outputs"]] == [[], ["image/png"]]
    assert desktop.cost == (3, 1)


async def test_a_cell_with_three_faults_is_mended_until_it_runs(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path, rows=ROWS, mean=BUGS)
    done = await desktop.ask("The cell with the mean fails. Mend it.")
    assert done.reply == "I mended 3 faults. The mean price is 5.0."
    assert shown(desktop.cells()[-1]) == "mean: 5.0\n"
    assert desktop.cost == (5, 2)


async def test_cells_become_a_function_that_gives_the_same(tmp_path: Path) -> None:
    desktop = Desktop(
        tmp_path,
        prices="prices = [2.0, None, 4.0]",
        kept="kept = [price for price in prices if price is not None]",
        mean="mean = sum(kept) / len(kept)",
    )
    done = await desktop.ask("Turn these cells into a function.")
    assert done.reply == "summary_of gives the same mean as the cells."
    assert "def summary_of" in "".join(desktop.cells()[-1]["source"])
    assert desktop.cost == (3, 1)


async def test_tests_are_added_and_pass(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path, slug=SLUG)
    done = await desktop.ask("Add tests for slug.")
    assert done.reply == "All 3 tests of slug pass."
    assert shown(desktop.cells()[-1]) == "3 tests passed\n"
    assert desktop.cost == (3, 1)


async def test_a_cell_is_explained_without_a_click(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path, pairs='from collections import Counter\ncounts = Counter("a b a".split())')
    done = await desktop.ask("Explain the cell with the counts.")
    assert done.reply == "The cell counts how often each word occurs; `counts` is a collections.Counter now."
    assert desktop.cost == (2, 0)


async def test_a_wrong_result_from_hidden_state_is_found_and_put_right(tmp_path: Path) -> None:
    desktop = Desktop(
        tmp_path, rate="rate = 0.5", total="total = 100 * (1 + rate)", show='print(f"total is {total:g}")'
    )
    done = await desktop.ask("Why is the total 150?", ("rate = 0.5", "rate = 0.2"))
    assert "still had rate = 0.5" in done.reply
    assert done.reply.endswith("the total is 120.")
    assert [shown(cell) for cell in desktop.cells()] == ["", "", "total is 120\n"]
    assert desktop.cost == (3, 1)
