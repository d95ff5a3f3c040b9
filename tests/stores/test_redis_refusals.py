"""A Redis server that answers, but not now or not to this: the error says what to do, and the next turn works after it."""

from __future__ import annotations

import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_agent.core.errors import StoreUnavailable
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores import redis as redis_store
from jupyter_agent.stores.redis import RedisStore
from tests.support.database_servers import RedisServer, free_port
from tests.support.stored_session import NEW, NEXT, TURN


@contextmanager
def running(folder: Path, *options: str) -> Iterator[RedisServer]:
    """A server of one test, in a state of its own."""
    server = RedisServer(folder, *options)
    try:
        yield server
    finally:
        server.stop()


async def refused_then_kept(server: RedisServer, store: RedisStore, remedy: str, words: str) -> None:
    """A commit is refused in words and nothing of it is there; after the remedy it is made, once."""
    with pytest.raises(StoreUnavailable, match=words):
        await store.commit(NEXT, TURN)
    server.ask(remedy)
    assert await store.read("k") == NEW
    await store.commit(NEXT, TURN)
    assert await store.path("k", "t1", 9) == (TURN,)
    await store.close()


async def test_D13_a_server_that_misses_its_replicas_is_said(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        store = RedisStore(server.url)
        await store.create(NEW)
        server.ask("CONFIG SET min-replicas-to-write 1")
        await refused_then_kept(server, store, "CONFIG SET min-replicas-to-write 0", "Try again")


async def test_D13_a_server_that_cannot_save_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()  # where the server wants a file
    with running(tmp_path, "--dbfilename", "folder", "--save", "3600 1") as server:
        store = RedisStore(server.url)
        await store.create(NEW)
        server.ask("BGSAVE")
        while not server.ask("SET other value").startswith("-MISCONF"):  # bounded by the test's own time limit
            pass
        await refused_then_kept(server, store, "CONFIG SET stop-writes-on-bgsave-error no", "cannot save")


async def test_D13_a_server_that_runs_a_script_without_end_is_said(tmp_path: Path) -> None:
    with running(tmp_path, "--lua-time-limit", "5") as server:
        store = RedisStore(server.url)
        await store.create(NEW)
        with socket.create_connection(("127.0.0.1", server.port)) as other:
            other.sendall(b"PING\r\n")
            assert other.recv(100) == b"+PONG\r\n"  # it is served before who comes later
            other.sendall(b'EVAL "while true do end" 0\r\n')
            assert server.ask("PING").startswith("-BUSY")
            with pytest.raises(StoreUnavailable, match="Try again"):
                await store.commit(NEXT, TURN)
            server.ask("SCRIPT KILL")
            assert other.recv(100).startswith(b"-")  # it has ended
        assert await store.read("k") == NEW
        await store.commit(NEXT, TURN)
        await store.close()


async def test_D13_a_server_that_loads_its_data_is_said(tmp_path: Path) -> None:
    slowly = ("--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024")
    with running(tmp_path, "--enable-debug-command", "yes", *slowly) as server:
        store = RedisStore(server.url)
        await store.create(NEW)
        for number in range(20):
            server.ask(f"SET other{number} {secrets.token_hex(2000)}")
        with socket.create_connection(("127.0.0.1", server.port)) as other:
            other.sendall(b"PING\r\n")
            assert other.recv(100) == b"+PONG\r\n"
            other.sendall(b"DEBUG RELOAD\r\n")
            assert server.ask("GET other1").startswith("-LOADING")
            with pytest.raises(StoreUnavailable, match="Try again"):
                await store.commit(NEXT, TURN)
            assert other.recv(100) == b"+OK\r\n"
        assert await store.read("k") == NEW
        await store.commit(NEXT, TURN)
        await store.close()


async def test_D13_a_cluster_is_said_to_be_none_of_ours(tmp_path: Path) -> None:
    with running(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_port())) as server:
        store = RedisStore(server.url)
        with pytest.raises(StoreUnavailable, match="without cluster mode"):
            await store.create(NEW)
        await store.close()


async def test_D13_a_server_without_encryption_is_not_spoken_to_in_plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_store, "TIMEOUT_SECONDS", 0.5)
    with running(tmp_path) as server:
        store = RedisStore(server.url.replace("redis://", "rediss://"))
        with pytest.raises(StoreUnavailable):
            await store.create(NEW)
        await store.close()
        assert server.ask("DBSIZE") == ":0"


async def test_D13_with_encryption_only_a_server_that_is_trusted_is_used(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    output = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make, *named, *output], check=True, capture_output=True)
    port = free_port()
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate))
    with running(tmp_path, "--tls-port", str(port), "--tls-auth-clients", "no", *files):
        stranger = RedisStore(f"rediss://127.0.0.1:{port}/0")
        with pytest.raises(StoreUnavailable):
            await stranger.create(NEW)
        await stranger.close()
        trusting = RedisStore(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate}")
        await trusting.create(NEW)
        await trusting.commit(NEXT, TURN)
        assert await trusting.path("k", "t1", 9) == (TURN,)
        await trusting.close()


async def test_D11_without_a_log_a_crash_leaves_an_older_state_that_is_whole(tmp_path: Path) -> None:
    with running(tmp_path, "--appendonly", "no") as server:
        manager = SessionManager(RedisStore(server.url))
        await asked(manager, "saved")
        assert server.ask("SAVE") == "+OK"
        await asked(manager, "lost")
        server.kill()
        server.start()
        session = await asked(manager, "new")
        assert [(turn.id, turn.depth) for turn in await manager.tree.history(session)] == [("saved", 1), ("new", 2)]
        await manager.store.close()


async def asked(manager: SessionManager, name: str) -> Session:
    """A turn begun, once more where the first attempt finds the server's connection dead, and finished."""
    try:
        begun = await manager.log.begin("ann", "a.ipynb", "s", name, name, "")
    except StoreUnavailable:
        begun = await manager.log.begin("ann", "a.ipynb", "s", name, name, "")
    return await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, name))
