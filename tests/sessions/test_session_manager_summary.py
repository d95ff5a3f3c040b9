"""A summary stands in for the turns that it covers, as far as models are concerned; people still see every turn."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import MappingProxyType

import pytest

from jupyter_agent.core.messages import Json
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.prompt import history
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores.memory import MemoryStore


@pytest.fixture
def manager(jp_asyncio_loop: asyncio.AbstractEventLoop) -> SessionManager:
    return SessionManager(MemoryStore(), redactor=Redactor(["hunter2hunter2"]))


async def talk(manager: SessionManager, *questions: str, session_id: str = "s") -> Session:
    for question in questions:
        begun = await manager.log.begin("ann", "a.ipynb", session_id, f"{session_id}-{question}", question, "")
        await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, question, reply=f"a-{question}"))
    return await manager.get("ann", session_id)


async def answers(manager: SessionManager, session_id: str = "s", limit: int = 100) -> list[str]:
    """Answers that a model is sent."""
    return [turn.reply for turn in await manager.model_history(await manager.get("ann", session_id), limit)]


async def test_a_summary_stands_in_for_what_it_covers(manager: SessionManager) -> None:
    await talk(manager, "1", "2", "3")
    await manager.summarize("ann", "s", "in short", turn_id="s-2")
    session = await talk(manager, "4")
    assert await answers(manager) == ["in short", "a-3", "a-4"]
    assert await answers(manager, limit=1) == ["in short", "a-4"]
    assert [turn.reply for turn in await manager.tree.history(session)] == ["a-1", "a-2", "a-3", "a-4"]


async def test_a_summary_of_everything_is_all_that_is_told(manager: SessionManager) -> None:
    await talk(manager, "1", "2")
    await manager.summarize("ann", "s", "in short")
    assert await answers(manager) == ["in short"]


async def test_what_is_undone_is_not_told_by_its_summary(manager: SessionManager) -> None:
    await talk(manager, "1", "2")
    await manager.summarize("ann", "s", "in short")
    await manager.tree.move_head("undo", "ann", "s")
    assert await answers(manager) == ["a-1"]
    await talk(manager, "3", "4")
    assert await answers(manager) == ["a-1", "a-3", "a-4"]


async def test_a_copy_takes_a_summary_along_where_it_has_what_is_covered(manager: SessionManager) -> None:
    await talk(manager, "1", "2", "3")
    await manager.summarize("ann", "s", "in short", turn_id="s-2")
    whole = await manager.tree.branch("ann", "s")
    part = await manager.tree.branch("ann", "s", turn_id="s-1")
    assert await answers(manager, whole.id) == ["in short", "a-3"]
    assert await answers(manager, part.id) == ["a-1"]


@pytest.mark.parametrize("kept", [None, 5, "text", {}, {"text": "x"}, {"text": 5, "turn_id": "s-1", "depth": 1}])
async def test_D19_a_summary_edited_by_hand_into_nonsense_is_left_out(manager: SessionManager, kept: Json) -> None:
    session = await talk(manager, "1", "2")
    edited = replace(session, revision=session.revision + 1, extra=MappingProxyType({"summary": kept}))
    await manager.store.commit(edited)
    assert await answers(manager) == ["a-1", "a-2"]


async def test_a_summary_is_kept_without_secrets(manager: SessionManager) -> None:
    await talk(manager, "1")
    session = await manager.summarize("ann", "s", "the password is hunter2hunter2")
    assert "hunter2" not in str(session.extra)
    renamed = await manager.rename("ann", "s", title="hunter2hunter2", metadata={"x": ["hunter2hunter2"]})
    assert "hunter2" not in repr(renamed)


@pytest.mark.parametrize("budget", [200, 600, 5000])
def test_a_summary_is_told_whatever_else_there_is_no_room_for(budget: int) -> None:
    summary = Turn("s", None, 5, "", reply="in short", extra=MappingProxyType({"summary": True}))
    turns = [summary, *(Turn(f"t{number}", None, 1, "why? " * 50, reply="because " * 50) for number in range(30))]
    fitted = history.fit(turns, budget, lambda text: len(text) // 4)
    assert "in short" in "".join(message.content for message in fitted.messages)
    assert sum(4 + len(message.content) // 4 for message in fitted.messages) <= budget
    assert history.repair(fitted.messages) == fitted.messages
    long = replace(summary, reply="words " * 5000)
    assert (
        sum(4 + len(message.content) // 4 for message in history.fit([long], budget, lambda t: len(t) // 4).messages)
        <= budget
    )
