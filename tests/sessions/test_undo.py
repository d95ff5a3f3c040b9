"""Undo and redo where no server is: the conversation and the notebook's file go back together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.agent.commands import LocalConversation
from jupyter_agent.core.errors import UndoInProgress
from jupyter_agent.core.kernel_state import ExecutionResult
from jupyter_agent.core.messages import to_json
from jupyter_agent.core.question import Question
from jupyter_agent.kernelside.magic import session_commands
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.owner import LOCAL
from jupyter_agent.sessions.undo import EditHistory
from jupyter_agent.stores.memory import MemoryStore
from jupyter_agent.tools.registry import load
from tests.support.notebook_json import code, notebook, text_of
from tests.support.scripted_assistant import assistant_with, done
from tests.support.still_kernel import StillKernel


async def nobody(*given: Any) -> Any:
    raise AssertionError("nothing is asked again")


class EditedNotebook:
    """A notebook file, a conversation about it, and a model that edits it."""

    def __init__(self, path: Path, store: MemoryStore) -> None:
        self.book = FileNotebook(path)
        calls = [
            {"name": "edit_cell", "arguments": {"cell_id": "a", "source": "x = 2"}},
            {"name": "run_cell", "arguments": {"cell_id": "b"}},
        ]
        self.assistant = assistant_with(ScriptedModel([{"calls": calls}, "Done."]), load(())[0], store=store)
        self.conversation = LocalConversation(self.assistant.sessions, LOCAL, self.assistant.edit_history)

    async def ask(self, kernel: StillKernel) -> None:
        question = Question(
            LOCAL, "Do it.", notebook_id="a.ipynb", session_id="s1", notebook=self.book, kernel=kernel, approval="auto"
        )
        await done(self.assistant, question)

    async def do(self, name: str) -> str:
        answer = await self.conversation.execute(name, "", "a.ipynb", answer=nobody, notebook=self.book)
        return session_commands.to_markdown(name, "", answer)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "a.ipynb"
    place.write_text(text_of(notebook(code("a", "x = 1"), code("b", "x"))), encoding="utf-8")
    return place


def showing(text: str) -> StillKernel:
    output = {"output_type": "stream", "name": "stdout", "text": text}
    return StillKernel(ExecutionResult("ok", text, outputs=(output,), execution_count=1))


async def test_a_terminals_undo_takes_the_notebook_back_and_redo_brings_it_again(path: Path) -> None:
    edited, before = EditedNotebook(path, MemoryStore()), path.read_bytes()
    await edited.ask(showing("2"))
    after = path.read_bytes()
    assert "Undone" in await edited.do("undo")
    assert path.read_bytes() == before
    await edited.do("redo")
    assert path.read_bytes() == after


async def test_what_the_user_changed_since_is_said_in_words(path: Path) -> None:
    edited = EditedNotebook(path, MemoryStore())
    await edited.ask(showing("2"))
    path.write_text(path.read_text(encoding="utf-8").replace("x = 2", "x = 3"), encoding="utf-8")
    answer = await edited.do("undo")
    assert "`a`" in answer
    assert "`b`" not in answer
    assert '"x = 3"' in path.read_text(encoding="utf-8")


async def test_a_process_that_was_not_there_undoes_what_the_store_has_whole(path: Path) -> None:
    store, before = MemoryStore(), path.read_bytes()
    await EditedNotebook(path, store).ask(showing("2"))
    await EditedNotebook(path, store).do("undo")
    assert path.read_bytes() == before


@pytest.mark.parametrize("through", ["a file", "a link"])
async def test_what_somebody_elses_conversation_changed_is_never_restored_in_ones_own_notebook(
    path: Path, through: str
) -> None:
    store = MemoryStore()
    edited = EditedNotebook(path, store)
    await edited.ask(showing("2"))
    sessions = edited.assistant.sessions
    if through == "a file":
        text = (await sessions.export(LOCAL, "s1", "json")).replace("x = 1", "import os")
        copied = (await sessions.import_json("bob", text)).id
    else:
        copied = (await sessions.copy_shared("bob", await sessions.share(LOCAL, "s1", mode="copy"))).id
    after = path.read_bytes()
    history = EditHistory(sessions, Redactor())
    undone = await history.apply("undo", "bob", copied, "a.ipynb", notebook=edited.book)
    assert (undone.conflicts, undone.session.head) == (("a", "b"), None)
    assert (await history.apply("redo", "bob", copied, "a.ipynb", notebook=edited.book)).changes == ()
    assert path.read_bytes() == after
    assert "Undone" in await edited.do("undo")  # its own owner's undo still restores


@pytest.mark.parametrize("shown", ["sk-proj-" + "Zz9" * 16, "x" * 1_100_000], ids=["a secret", "a flood"])
async def test_what_the_store_does_not_have_whole_is_left_by_another_process_and_told(path: Path, shown: str) -> None:
    store, before = MemoryStore(), path.read_bytes()
    first = EditedNotebook(path, store)
    await first.ask(showing(shown))
    session = await first.assistant.sessions.get(LOCAL, "s1")
    (turn,) = await first.assistant.sessions.tree.history(session, 5)
    assert shown not in str(to_json(turn))
    answer = await EditedNotebook(path, store).do("undo")
    assert "`b`" in answer
    assert '"x = 1"' in path.read_text(encoding="utf-8")
    assert shown in path.read_text(encoding="utf-8")
    await first.do("redo")
    await first.do("undo")
    assert path.read_bytes() == before


async def test_a_question_finishes_the_undo_of_a_page_that_was_closed_and_comes_after_it(path: Path) -> None:
    now = [1000.0]
    edited, before = EditedNotebook(path, MemoryStore(clock=lambda: now[0])), path.read_bytes()
    await edited.ask(showing("2"))
    await edited.assistant.edit_history.begin("undo", LOCAL, "s1", "a.ipynb")
    question = Question(LOCAL, "And?", notebook_id="a.ipynb", session_id="s1", notebook=edited.book)
    with pytest.raises(UndoInProgress):
        await anext(edited.assistant.ask(question))
    now[0] += 31
    await done(edited.assistant, question)
    assert path.read_bytes() == before
    session = await edited.assistant.sessions.get(LOCAL, "s1")
    assert [turn.question for turn in await edited.assistant.sessions.tree.history(session)] == ["And?"]
    assert (session.pending_undo, session.depth) == (None, 1)
