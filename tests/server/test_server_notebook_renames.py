"""Notebooks that are renamed, moved or deleted while there are conversations about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_agent.server.notebook_renames import CONTENTS
from jupyter_agent.server.services import Services
from jupyter_agent.sessions.owner import LOCAL
from tests.support.agent_client import RestClient, Script
from tests.support.users_by_header import ByHeader


@pytest.fixture
def write(jp_root_dir: Path) -> Callable[[str], None]:
    """An empty notebook of that path."""

    def written(path: str) -> None:
        new: Any = nbformat.v4
        (jp_root_dir / path).parent.mkdir(exist_ok=True)
        (jp_root_dir / path).write_text(new.writes(new.new_notebook()), encoding="utf-8")

    return written


@asynccontextmanager
async def followed(services: Services, owners: int = 1) -> AsyncIterator[None]:
    """Wait at the end until what the block renamed has been followed for so many owners."""
    heard: asyncio.Queue[int] = asyncio.Queue()
    rename = services.assistant.sessions.rename_notebook

    async def moved(*arguments: Any) -> int:
        number: int = await rename(*arguments)
        heard.put_nowait(number)
        return number

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services.assistant.sessions, "rename_notebook", moved)
        yield
        for _ in range(owners):
            await asyncio.wait_for(heard.get(), 30)


async def rename(rest: RestClient, old: str, new: str) -> None:
    assert (await rest("PATCH", f"api/contents/{old}", {"path": new})).status == 200


async def about(rest: RestClient, path: str, user: str = "") -> list[str]:
    """Ids of the conversations about a notebook."""
    reply = await rest("GET", "api/agent/sessions", None, {"X-User": user}, notebook_id=path)
    return [session["session_id"] for session in reply.body["sessions"]]


async def test_S16_a_renamed_notebook_takes_its_conversations_along(
    rest: RestClient, services: Services, write: Callable[[str], None]
) -> None:
    write("a.ipynb")
    await rest.ask("one", {"session_id": "s1", "notebook_id": "a.ipynb"})
    await rest.ask("other", {"session_id": "s2", "notebook_id": "ab.ipynb"})
    async with followed(services):
        await rename(rest, "a.ipynb", "b.ipynb")
    assert (await about(rest, "a.ipynb"), await about(rest, "b.ipynb")) == ([], ["s1"])
    assert await about(rest, "ab.ipynb") == ["s2"]
    again = await rest.ask("two", {"session_id": "s1", "notebook_id": "b.ipynb"})
    assert again.body["turn_count"] == 4


async def test_S16_a_moved_folder_takes_the_conversations_of_its_notebooks_along(
    rest: RestClient, services: Services, write: Callable[[str], None]
) -> None:
    write("old/a.ipynb")
    await rest.ask("one", {"session_id": "s1", "notebook_id": "old/a.ipynb"})
    async with followed(services):
        await rename(rest, "old", "new")
    assert await about(rest, "new/a.ipynb") == ["s1"]


async def test_S16_a_rename_during_a_turn_loses_nothing(
    rest: RestClient, services: Services, write: Callable[[str], None], script: Script
) -> None:
    script([{"calls": [{"name": "run_code", "arguments": {"code": "1"}}]}, {"text": "Said."}])
    write("a.ipynb")
    stream = rest.stream("one", {"session_id": "s1", "notebook_id": "a.ipynb"})
    asked = await stream.until("approval")
    async with followed(services):
        await rename(rest, "a.ipynb", "b.ipynb")
    session = (await rest("GET", "api/agent/sessions/s1")).body
    assert session["notebook_id"] == "b.ipynb"
    (running,) = [turn.started.turn_id for turn in services.turns._all if turn.started is not None]
    await rest(
        "POST", f"api/agent/turns/{running}/actions/{asked['call_id']}", {"decision": "deny", "digest": asked["digest"]}
    )
    assert (await stream.all())[-1][0] == "done"
    history = (await rest("GET", "api/agent/sessions/s1/history", notebook_id="b.ipynb")).body["history"]
    assert [entry["content"] for entry in history] == ["one", "Said."]


async def test_S16_of_a_deleted_notebook_the_conversation_can_still_be_used(
    rest: RestClient, jp_root_dir: Path, write: Callable[[str], None]
) -> None:
    write("a.ipynb")
    await rest.ask("one", {"session_id": "s1", "notebook_id": "a.ipynb"})
    assert (await rest("DELETE", "api/contents/a.ipynb")).status == 204
    assert (await rest.ask("two", {"session_id": "s1", "notebook_id": "a.ipynb"})).body["turn_count"] == 4
    assert not (jp_root_dir / "a.ipynb").exists()


async def test_when_the_server_stops_it_listens_no_more(services: Services, extension: Any, jp_serverapp: Any) -> None:
    listeners = jp_serverapp.event_logger._modified_listeners
    assert services.notebook_renames.on_change in listeners[CONTENTS]
    await extension.stop_extension()
    assert services.notebook_renames.on_change not in listeners[CONTENTS]


class TestUsers:
    """A server that knows its users."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        server = {**jp_server_config["ServerApp"], "identity_provider_class": ByHeader}
        return {**jp_server_config, "ServerApp": server}

    async def test_the_conversations_of_all_who_asked_go_along(
        self, rest: RestClient, services: Services, write: Callable[[str], None]
    ) -> None:
        write("a.ipynb")
        for user in ("ann", "bob"):
            ask = {"query": user, "context": {"session_id": "s1", "notebook_id": "a.ipynb"}}
            assert (await rest("POST", "api/agent/quick", ask, {"X-User": user})).status == 200
        async with followed(services, owners=2):
            renamed = await rest("PATCH", "api/contents/a.ipynb", {"path": "b.ipynb"}, {"X-User": "ann"})
            assert renamed.status == 200
        for user in ("ann", "bob"):
            assert await about(rest, "b.ipynb", user) == ["s1"]

    async def test_S16_S6_the_conversations_of_those_who_asked_before_the_server_started_go_along(
        self, rest: RestClient, services: Services, write: Callable[[str], None]
    ) -> None:
        write("a.ipynb")
        for user, path in (("ann", "a.ipynb"), ("bob", "a.ipynb"), ("eve", "ab.ipynb")):
            await services.assistant.sessions.log.begin(user, path, "s1", "t1", "why?", "")
        async with followed(services, owners=2):
            renamed = await rest("PATCH", "api/contents/a.ipynb", {"path": "b.ipynb"}, {"X-User": "ann"})
            assert renamed.status == 200
        moved = {user: await about(rest, "b.ipynb", user) for user in ("ann", "bob", "eve", "joe")}
        assert moved == {"ann": ["s1"], "bob": ["s1"], "eve": [], "joe": []}
        assert await about(rest, "ab.ipynb", "eve") == ["s1"]

    async def test_N11_deleted_conversations_follow_with_their_owners_and_no_others(
        self, rest: RestClient, services: Services, write: Callable[[str], None]
    ) -> None:
        write("a.ipynb")
        sessions = services.assistant.sessions
        for owner in ("ann", LOCAL):
            await sessions.log.begin(owner, "a.ipynb", "s1", "t1", "why?", "")
            await sessions.delete(owner, "s1")
        async with followed(services):
            renamed = await rest("PATCH", "api/contents/a.ipynb", {"path": "b.ipynb"}, {"X-User": "bob"})
            assert renamed.status == 200
        assert (await sessions.restore("ann", "s1")).notebook_id == "b.ipynb"
        assert (await sessions.restore(LOCAL, "s1")).notebook_id == "a.ipynb"
