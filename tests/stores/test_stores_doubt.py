"""Answers that never come and data put back behind a running server: no turn twice, none torn from its history."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from types import TracebackType

import pytest

from jupyter_agent.core.errors import StoreUnavailable
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions import turns as session_turns
from jupyter_agent.sessions.manager import SessionManager
from tests.support.store_urls import Place, open_store


class Proxy:
    """Hands on what clients and a server say, but for one answer: with it the connection is gone."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._before: int | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.lost = False

    def lose(self, answer: int) -> None:
        """The answer after so many will not come."""
        self._before, self.lost = answer, False

    async def __aenter__(self) -> Proxy:
        self._listener = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port: int = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        await self._listener.wait_closed()
        await asyncio.gather(*self._serving)

    def _meet(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.create_task(self._serve(client, to_client)))

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)

        async def questions() -> None:
            with contextlib.suppress(OSError):
                while received := await client.read(65536):
                    to_server.write(received)
            to_server.close()

        async def answers() -> None:
            with contextlib.suppress(OSError):
                while (received := await server.read(65536)) and not self._loses():
                    to_client.write(received)
            to_client.close()

        await asyncio.gather(questions(), answers())
        for writer in (to_server, to_client):
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _loses(self) -> bool:
        if self._before is None:
            return False
        self.lost = self._before == 0
        self._before = None if self.lost else self._before - 1
        return self.lost


async def asked(manager: SessionManager, name: str) -> Session:
    """A turn begun and finished, by a client that asks again where it is told that the store cannot be used."""
    turn = Turn(name, None, 0, name, reply="because")
    for _ in range(3):
        with contextlib.suppress(StoreUnavailable):
            begun = await manager.log.begin("ann", "a.ipynb", "s", name, name, "")
            return await manager.log.finish(begun.session, turn)
    raise AssertionError("never answered")


@pytest.mark.parametrize("kind", ["postgresql", "redis"])
async def test_D14_D15_whichever_answer_is_lost_a_turn_is_kept_once(
    make_place: Callable[[str], Place], kind: str
) -> None:
    place = make_place(kind)
    port = int(place.url.split("127.0.0.1:")[1].partition("/")[0])
    names: list[str] = []
    async with Proxy(port) as proxy:
        url = place.url.replace(f":{port}/", f":{proxy.port}/")
        for number in itertools.count():
            manager = SessionManager(open_store(url))
            proxy.lose(number)
            names.append(f"t{number}")
            session = await asked(manager, names[-1])
            turns = await manager.tree.history(session, 1000)
            await manager.store.close()
            assert [(turn.id, turn.depth, turn.status) for turn in turns] == [
                (name, at, "done") for at, name in enumerate(names, 1)
            ]
            if not proxy.lost:
                break
    assert len(names) > 4  # there is no fewer to a turn on a connection that must be made first


async def put_back(place: Place, session: Session, turns: tuple[Turn, ...]) -> None:
    """As a backup that is restored: the conversation is again what it was."""
    store = place.open()
    await store.delete(session.key)
    await store.create(session, turns)


async def test_D20_what_was_put_back_under_a_running_server_is_what_it_goes_on_with(place: Place) -> None:
    manager = SessionManager(place.open())
    session = await asked(manager, "one")
    turns = await manager.tree.history(session)
    await asked(manager, "lost")
    await put_back(place, session, turns)
    assert [turn.id for turn in await manager.tree.history(await asked(manager, "two"))] == ["one", "two"]


async def test_D20_what_others_did_since_it_was_put_back_is_gone_on_with(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_turns, "CACHE_SECONDS", -1.0)  # after a while
    here, there = SessionManager(place.open()), SessionManager(place.open())
    session = await asked(here, "one")
    turns = await here.tree.history(session)
    await asked(here, "lost")
    await put_back(place, session, turns)
    await asked(there, "two")  # of the same revision as what was lost
    assert [turn.id for turn in await here.tree.history(await asked(here, "three"))] == ["one", "two", "three"]
