"""Database servers that restart, or are replaced by their replica, in the middle of turns: what was acknowledged is there, soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.errors import AgentError, StoreUnavailable
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Turn
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.turns import Begun
from jupyter_agent.stores.redis import RedisStore
from jupyter_agent.stores.sql import SqlStore
from tests.support.database_servers import PostgresServer, RedisServer

#: Seconds after which a conversation is usable again, once its server is; this process held it.
AT_ONCE = 5.0


async def begin(manager: SessionManager, question: str) -> Begun:
    return await manager.log.begin("ann", "a.ipynb", "s", None, question, "")


async def finish(manager: SessionManager, begun: Begun, question: str) -> None:
    await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, question, reply=f"of {question}"))


async def at_last(work: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives once the store is there, and after how many seconds."""
    began = time.monotonic()
    async with asyncio.timeout(60):
        while True:
            with suppress(StoreUnavailable):
                return await work(), time.monotonic() - began
            await asyncio.sleep(0.01)  # nobody tells when a server answers again


async def check_outage(manager: SessionManager, stop: Callable[[], Any], start: Callable[[], Any]) -> list[float]:
    """A server that goes away before, within and at the end of a turn; seconds until the conversation is usable each time."""
    acknowledged: list[str] = []
    seconds: list[float] = []
    for number in range(3):
        begun = await begin(manager, f"q{number}")
        await asyncio.to_thread(stop)
        work: Any = manager.log.renew(begun.session) if number == 1 else finish(manager, begun, f"q{number}")
        with pytest.raises(StoreUnavailable):
            await work
        with pytest.raises(AgentError):
            await begin(manager, "while it is away")
        await asyncio.to_thread(start)
        if number == 1:  # the turn still runs, and goes on
            _, waited = await at_last(lambda begun=begun: finish(manager, begun, "q1"))  # type: ignore[misc]
            seconds.append(waited)
        after, waited = await at_last(lambda number=number: begin(manager, f"after {number}"))  # type: ignore[misc]
        seconds.append(waited)
        await finish(manager, after, f"after {number}")
        acknowledged += [f"q{number}", f"after {number}"]
    session = await manager.get("ann", "s")
    turns = await manager.tree.history(session)
    assert [(turn.question, turn.status, turn.reply) for turn in turns] == [
        (question, "done", f"of {question}") for question in acknowledged
    ]
    return seconds


async def check_restart(server: RedisServer | PostgresServer, store: SessionStore) -> None:
    manager = SessionManager(store)
    try:
        seconds = await check_outage(manager, server.kill, server.start)
    finally:
        await manager.log.close()
        await store.close()
        await asyncio.to_thread(server.stop)
    assert max(seconds) < AT_ONCE


@pytest.mark.timeout(120)
async def test_N14_a_restart_of_redis_in_a_turn_loses_nothing_and_holds_up_nothing(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    await check_restart(server, RedisStore(server.url))


@pytest.mark.timeout(180)
async def test_N14_a_restart_of_postgresql_in_a_turn_loses_nothing_and_holds_up_nothing() -> None:
    server = await asyncio.to_thread(PostgresServer)
    await check_restart(server, SqlStore(server.url))


class MovingAddress:
    """An address behind which now one server is, now another, as a service's or a virtual one."""

    def __init__(self, port: int) -> None:
        self.target = port
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        self.move(0)
        server.close()

    def move(self, port: int) -> None:
        """From now on it is another server's."""
        self.target = port
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, back}
        await asyncio.gather(self._copy(reader, back), self._copy(there, writer), return_exceptions=True)

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


@pytest.mark.timeout(120)
async def test_N14_a_replica_that_takes_over_in_a_turn_goes_on_with_what_it_has(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    servers = [RedisServer(tmp_path / "one")]
    servers.append(RedisServer(tmp_path / "two", "--replicaof", f"127.0.0.1 {servers[0].port}"))
    address = MovingAddress(servers[0].port)
    async with address.serve() as port:
        store = RedisStore(f"redis://127.0.0.1:{port}/0")
        manager = SessionManager(store)
        try:
            first = await begin(manager, "first")
            await finish(manager, first, "first")
            begun = await begin(manager, "second")
            sent = await asyncio.to_thread(servers[0].ask, "WAIT 1 60000", 70)
            assert sent == ":1"  # what it had not sent would be lost
            servers[0].kill()
            assert await asyncio.to_thread(servers[1].ask, "REPLICAOF NO ONE") == "+OK"
            address.move(servers[1].port)
            _, finished = await at_last(lambda: finish(manager, begun, "second"))
            third, asked = await at_last(lambda: begin(manager, "third"))
            await finish(manager, third, "third")
            turns = await manager.tree.history(await manager.get("ann", "s"))
            assert [(turn.question, turn.status) for turn in turns] == [
                (question, "done") for question in ("first", "second", "third")
            ]
            assert max(finished, asked) < AT_ONCE
        finally:
            await manager.log.close()
            await store.close()
            for server in servers:
                server.stop()
