"""Sessions in Redis, for several servers: `redis://…`, with the extra `redis`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from traitlets.log import get_logger

from jupyter_agent.core.errors import (
    AgentError,
    BadRequest,
    MissingExtra,
    SchemaNewer,
    StoreFull,
    StoreUnavailable,
    VersionConflict,
)
from jupyter_agent.core.protocols import Page
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores import codec, redis_scripts
from jupyter_agent.stores.clock import ServerClock

if TYPE_CHECKING:
    from redis.asyncio import Redis

META = "ja:meta"
TIMEOUT_SECONDS = 5.0
_BATCH = 200
_LOST = "Redis dropped a part of this conversation. Delete it, and set maxmemory-policy to noeviction."


class RedisStore:
    """Keeps sessions in Redis. Every change is one script; nothing is sent twice.

    Durable is what the server makes durable: ``appendonly yes`` with ``appendfsync always``, and no eviction; a warning
    says so otherwise. Keys begin with ``ja:``; several users on one server are one domain of trust unless each has an
    account of their own.

    Args:
        url: ``redis://[user:password@]host:port/number``; ``rediss://`` for TLS.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Redis | None = None
        self._home: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._left: list[Redis] = []
        self._epoch: str | None = None
        self._clock = ServerClock(self._time)

    async def now(self) -> float:
        return await self._clock.now()

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        if len({turn.id for turn in turns}) < len(turns):
            raise VersionConflict(codec.TURN_STORED)
        await self._change(redis_scripts.CREATE, session, turns)

    async def read(self, key: str) -> Session | None:
        data = await self._reading(lambda client: client.hget(f"ja:s:{key}", "data"))
        return None if data is None else codec.decode(Session, data)

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        await self._change(redis_scripts.COMMIT, session, () if turn is None else (turn,))

    async def turn(self, key: str, turn_id: str) -> Turn | None:
        stored = await self._reading(lambda client: client.hget(f"ja:t:{key}", turn_id))
        return None if stored is None else codec.decode(Turn, stored.partition(b"\n")[2])

    async def path(self, key: str, turn_id: str, limit: int) -> tuple[Turn, ...]:
        found = await self._reading(
            lambda client: client.register_script(redis_scripts.PATH)([f"ja:t:{key}"], [turn_id, limit])
        )
        turns = tuple(codec.decode(Turn, stored) for stored in reversed(found))
        if len(turns) < limit and (not turns or turns[0].parent is not None):
            # It ends before the first turn: asked for what never was, or Redis dropped something.
            expected = await self._reading(lambda client: client.hget(f"ja:s:{key}", "turns"))
            stored = await self._reading(lambda client: client.hlen(f"ja:t:{key}"))
            if turns or (expected is not None and int(expected) != stored):
                raise StoreUnavailable(_LOST)
        return turns

    async def find(
        self,
        owner: str,
        *,
        session_id: str | None = None,
        notebook_id: str | None = None,
        text: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        searched = codec.search_text(text or "")
        found: list[Session] = []
        async for session in self._newest(owner, session_id, notebook_id, codec.decode_cursor(cursor)):
            if searched and searched not in codec.search_text(session.title):
                stored = await self._reading(methodcaller("hvals", f"ja:t:{session.key}"))
                turns = (codec.decode(Turn, turn.partition(b"\n")[2]) for turn in stored)
                if not any(searched in codec.turn_search_text(turn) for turn in turns):
                    continue
            found.append(session)
            if len(found) > limit:
                break
        return codec.first_page(found, limit)

    async def count(self, owner: str) -> int:
        return int(await self._reading(lambda client: client.zcard(f"ja:o:{_hash(owner)}")))

    async def owners(self, path: str) -> tuple[str, ...]:
        return ()  # of several servers, each with notebooks of its own

    async def delete(self, key: str) -> bool:
        keys = [f"ja:s:{key}", f"ja:t:{key}", f"ja:k:{key}", META]
        answer = await self._once(lambda client: client.register_script(redis_scripts.DELETE)(keys, [key]))
        if answer == b"NEWER":
            raise SchemaNewer(codec.NEWER)
        return bool(answer)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None and self._home == (os.getpid(), asyncio.get_running_loop()):
            await client.aclose()

    async def _time(self) -> float:
        seconds, micros = await self._reading(lambda client: client.time())
        return float(seconds + micros / 1e6)

    async def _change(self, script: str, session: Session, turns: Iterable[Turn]) -> None:
        keys = [
            f"ja:s:{session.key}",
            f"ja:t:{session.key}",
            f"ja:o:{_hash(session.owner)}",
            f"ja:n:{_hash(session.owner)}:{_hash(chr(0).join(session.name[1:]))}",
            META,
            f"ja:k:{session.key}",
        ]
        values: list[Any] = [session.key, codec.encode(session), session.revision, repr(session.created_at)]
        values += [repr(session.last_activity), session.notebook_id, session.id]
        for turn in turns:
            values += [turn.id, f"{json.dumps([turn.parent])}\n{codec.encode(turn)}"]
        answer = await self._once(lambda client: client.register_script(script)(keys, [self._epoch or "", *values]))
        if answer == b"EPOCH":
            self._epoch = None
            raise StoreUnavailable(
                "The Redis server lost its data, or was given other data, since this server connected to it. Try again to go on"
                " with what it has now."
            )
        if answer == b"NEWER":
            raise SchemaNewer(codec.NEWER)
        if answer == b"LOST":
            raise StoreUnavailable(_LOST)
        if answer != b"OK":
            raise VersionConflict("The conversation changed meanwhile.")

    async def _newest(
        self, owner: str, session_id: str | None, notebook_id: str | None, place: tuple[float, str] | None
    ) -> AsyncIterator[Session]:
        """Sessions of a list from a place on, newest activity first."""
        listed = f"ja:o:{_hash(owner)}"
        values: list[Any] = ["+inf" if place is None else repr(place[0]), 0, _BATCH]
        for wanted in (session_id, notebook_id):  # whether it matters, and which it is
            values += ["0", ""] if wanted is None else ["1", wanted]
        while True:
            scanned, *answer = await self._reading(
                lambda client: client.register_script(redis_scripts.LIST)([listed], values)
            )
            if scanned == 0:
                return
            last_key, score, rows = answer
            for key, activity, data, found_id, found_notebook in rows:
                session = codec.decode_listed(
                    data or b"",
                    key.decode(),
                    owner,
                    (found_id or b"").decode(),
                    (found_notebook or b"").decode(),
                    float(activity),
                )
                if place is None or (session.last_activity, session.key) < place:
                    yield session
            if scanned < _BATCH:
                return
            last = (float(score), last_key.decode())
            if place is None or last < place:
                place = last
                values[:2] = [repr(last[0]), 0]
            else:  # a whole batch has the place's own activity: the list goes on behind it
                values[1] += _BATCH

    async def _reading(self, call: Callable[[Redis], Awaitable[Any]]) -> Any:
        """Ask for something; once more where the connection turns out to be dead, which is harmless here."""
        self._connected()  # says so where the package is missing or broken
        from redis.exceptions import ConnectionError as Disconnected

        try:
            return await self._once(call)
        except StoreUnavailable as error:
            if not isinstance(error.__cause__, Disconnected):
                raise
            return await self._once(call)

    async def _once(self, call: Callable[[Redis], Awaitable[Any]]) -> Any:
        client = self._connected()
        from redis.exceptions import RedisError

        try:
            if self._epoch is None:
                self._epoch = await _initialize(client)
            return await call(client)
        except UnicodeEncodeError as error:
            raise BadRequest(codec.NOT_STORABLE) from error
        except (RedisError, OSError, TimeoutError) as error:
            raise _failure(error) from error

    def _connected(self) -> Redis:
        home = (os.getpid(), asyncio.get_running_loop())
        if self._client is not None and self._home == home:
            return self._client
        if self._client is not None and self._home is not None and self._home[0] != home[0]:
            # The parent goes on with it: cleaned up here, its sockets would be taken from what the parent's loop waits for.
            self._left.append(self._client)
        try:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError as error:
            raise MissingExtra('Redis needs a package: pip install "jupyter-notebook-agent[redis]"') from error
        try:
            # Connections belong to one process and one event loop; others' are left to them. A write that was sent twice
            # would be stored twice; redis-py retries three times unless told not to.
            self._client = Redis.from_url(
                self._url,
                retry=Retry(NoBackoff(), 0),
                retry_on_error=[],
                socket_timeout=TIMEOUT_SECONDS,
                socket_connect_timeout=TIMEOUT_SECONDS,
                decode_responses=False,
            )
        except ValueError as error:
            raise BadRequest("c.JupyterAgent.store is not a Redis URL such as redis://127.0.0.1:6379/0.") from error
        self._home = home
        return self._client


async def _initialize(client: Redis) -> str:
    """The identity of the server's data, made where there are none yet; logs settings that let it lose conversations."""
    pipe = client.pipeline(transaction=True)
    pipe.hsetnx(META, "epoch", uuid.uuid4().hex)
    pipe.hsetnx(META, "schema", redis_scripts.SCHEMA)
    pipe.hmget(META, ["epoch", "schema"])
    epoch, schema = (await pipe.execute())[-1]
    if int(schema) > redis_scripts.SCHEMA:
        raise SchemaNewer(codec.NEWER)
    info = {**await client.info("memory"), **await client.info("persistence")}
    if info.get("maxmemory") and info.get("maxmemory_policy") != "noeviction":
        get_logger().warning("Redis may drop conversations when memory is short; set maxmemory-policy to noeviction.")
    if not info.get("aof_enabled"):
        get_logger().warning("Redis may lose the newest turns in a crash; set appendonly yes and appendfsync always.")
    return str(epoch.decode())


def _failure(error: Exception) -> AgentError:
    from redis.exceptions import (
        AskError,
        AuthenticationError,
        ClusterCrossSlotError,
        ClusterError,
        OutOfMemoryError,
        ReadOnlyError,
        ResponseError,
    )

    if isinstance(error, OutOfMemoryError) or "OOM" in str(error)[:80]:
        return StoreFull("Redis has no memory left to keep the conversation. Raise maxmemory, or delete some.")
    if isinstance(error, ReadOnlyError) or "READONLY" in str(error):
        return StoreUnavailable("The Redis server is a read-only replica. Connect to the primary.")
    if isinstance(error, AuthenticationError) or "NOAUTH" in str(error) or "NOPERM" in str(error):
        return StoreUnavailable("The Redis server does not accept the configured account.")
    if isinstance(error, (AskError, ClusterCrossSlotError, ClusterError)):
        return StoreUnavailable("A Redis cluster cannot keep conversations. Use a server without cluster mode.")
    if "MISCONF" in str(error):
        return StoreUnavailable("The Redis server cannot save to its disk and takes nothing. Look at its log.")
    if isinstance(error, ResponseError) and "WRONGTYPE" in str(error):
        return StoreUnavailable("The Redis server has other data under our keys. Use another database number.")
    return StoreUnavailable("The Redis server cannot be used now. Try again in a moment.")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
