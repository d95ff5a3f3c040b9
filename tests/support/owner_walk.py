"""Every route × method, asked of one server about the conversations that another one keeps in the same store."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.server.openapi.document import document
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.owner import deleted_owner

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: In all that Ann has, and in nothing else.
MARKER = secrets.token_hex(8)
QUESTION, REPLY, TITLE, NOTEBOOK = (f"{MARKER}-{part}" for part in ("question", "answer", "title", "notebook.ipynb"))
WAITING = f"{MARKER}-waiting"
#: Of the model that answers both: Ann's words have her answers.
SCRIPT = [
    {"match": WAITING, "calls": [{"name": "run_code", "arguments": {"code": f"'{MARKER}-code'"}}]},
    {"match": WAITING, "text": REPLY},
    {"match": MARKER, "text": REPLY},
    {"text": "bobs-answer"},
]
OWN = "bobs-question"


@dataclass(frozen=True)
class Ids:
    """What somebody knows of a conversation; without a notebook none is sent."""

    session_id: str
    turn_id: str
    call_id: str
    digest: str
    kernel_id: str
    notebook: str = ""

    def unlike(self) -> Ids:
        """The same of what nobody has."""
        return Ids(*(secrets.token_hex(len(value) // 2 + 1)[: len(value)] for value in asdict(self).values()))

    def hidden(self, text: str) -> str:
        """A text without them."""
        for name, value in asdict(self).items():
            text = text.replace(value, f"<{name}>") if value else text
        return text


_CONTEXT = {"session_id": "{session_id}", "notebook_id": "{notebook}"}
_QUICK = {"query": OWN, "context": _CONTEXT}
_IMPORTED = {"id": "bobs-import", "title": OWN, "notebook_id": "", "created_at": 1, "head": None}
#: Every path → what is sent with POST, PUT and PATCH; a path without a case is one that nobody has thought about.
CASES: dict[str, dict[str, Any]] = {
    "/api/agent/quick": {**_QUICK, "turn_id": "{turn_id}"},
    "/api/agent/context": _QUICK,
    "/api/agent/sessions": {},
    "/api/agent/sessions/import": {
        "format": "jupyter-agent conversation",
        "schema": 1,
        "session": _IMPORTED,
        "turns": [],
    },
    "/api/agent/sessions/cleanup": {},
    "/api/agent/sessions/{session_id}": {"title": "bobs-title"},
    "/api/agent/sessions/{session_id}/history": {},
    "/api/agent/sessions/{session_id}/restore": {},
    "/api/agent/sessions/{session_id}/permissions": {},
    "/api/agent/sessions/{session_id}/undo": {"edits": "none"},
    "/api/agent/sessions/{session_id}/redo": {"edits": "none"},
    "/api/agent/sessions/{session_id}/go": {"turn_id": "{turn_id}"},
    "/api/agent/sessions/{session_id}/turns": {},
    "/api/agent/sessions/{session_id}/branch": {"turn_id": "{turn_id}"},
    "/api/agent/sessions/{session_id}/replay": {"from": "{turn_id}"},
    "/api/agent/sessions/{session_id}/summarize": {"summary": "bobs-summary"},
    "/api/agent/sessions/{session_id}/share": {"mode": "copy"},
    "/api/agent/sessions/{session_id}/export": {},
    "/api/agent/shared/{secret}": {},
    "/api/agent/shared/{secret}/copy": {},
    "/api/agent/events": {},
    "/api/agent/turns/{turn_id}/events": {},
    "/api/agent/turns/{turn_id}/cancel": {},
    "/api/agent/turns/{turn_id}/actions/{call_id}": {"decision": "approve", "digest": "{digest}"},
    "/api/agent/approvals": {},
    "/api/agent/instructions": {"digest": "0" * 64, "use": True, "notebook_id": "{notebook}"},
    "/api/agent/mcp": {"jsonrpc": "2.0", "id": 1, "method": "resources/list", "params": {}},
    "/api/agent/v1/chat/completions": {
        "messages": [{"role": "user", "content": OWN}],
        "stream": False,
        "session_id": "{session_id}",
        "notebook_id": "{notebook}",
    },
    "/api/agent/v1/models": {},
    "/api/agent/v1/models/{model}": {},
    "/api/agent/kernels/{kernel_id}/state": {},
    "/api/agent/kernels/{kernel_id}/variables/{name}": {},
    "/api/agent/doctor": {"notebook_id": "{notebook}", "kernel_id": "{kernel_id}"},
    "/api/agent/complete": {"prefix": "", "context": _CONTEXT},
    "/api/agent/settings": {"settings": {}},
    "/api/agent/models": {},
    "/api/agent/commands": {},
    "/api/agent/health": {},
    "/api/agent/health/live": {},
    "/api/agent/health/ready": {},
    "/api/agent/openapi.json": {},
    "/api/sessions/{session_id}/history": {},
    "/api/sessions/{session_id}": {},
    "/api/agent/nothing-is-here": {},
    "/metrics": {},
}
#: Streams until the server ends: it is followed all the time instead.
ENDLESS = ("GET", "/api/agent/events")
#: Begin a conversation where there is none of that id; asked for last.
BEGINNING = ("/api/agent/quick", "/api/agent/v1/chat/completions")


class Server(Protocol):
    """Where to ask, and as whom."""

    @property
    def url(self) -> str: ...
    @property
    def token(self) -> str: ...


async def fetch(server: Server, method: str, path: str, body: Any = None, accept: str = "*/*") -> tuple[int, str]:
    """The status and text of a reply; of Bob's, see `walk`, its headers too."""
    status, _, text = await _fetch(server, method, path, body, accept)
    return status, text


async def _fetch(server: Server, method: str, path: str, body: Any, accept: str) -> tuple[int, str, str]:
    response = await AsyncHTTPClient().fetch(
        HTTPRequest(
            server.url + path.lstrip("/"),
            method,
            {"Authorization": f"token {server.token}", "Content-Type": "application/json", "Accept": accept},
            None if body is None else json.dumps(body),
            request_timeout=60,
            follow_redirects=False,
            allow_nonstandard_methods=True,
        ),
        raise_error=False,
    )
    return response.code, str(response.headers), response.body.decode()


@asynccontextmanager
async def following(server: Server) -> AsyncIterator[bytearray]:
    """What a server sends to a follower of its user's conversations meanwhile."""
    parts = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"GET {parts.path}api/agent/events HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: token {server.token}"
    writer.write(f"{head}\r\n\r\n".encode())
    heard = bytearray(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60))
    assert b" 200 " in heard, heard
    heard += await asyncio.wait_for(reader.readuntil(b"\n\n"), 60)  # from here on it misses nothing

    async def read() -> None:
        while data := await reader.read(1 << 16):
            heard.extend(data)

    reading = asyncio.create_task(read())
    try:
        yield heard
    finally:
        reading.cancel()
        writer.close()
        await asyncio.gather(reading, return_exceptions=True)


async def walk(server: Server, ids: Ids, *, stream: bool = False) -> dict[tuple[str, str], tuple[int, str]]:
    """What every route × method answers on a conversation, without what was sent."""
    answers = {}
    known = {**asdict(ids), "secret": "s" * 32, "name": "x", "model": "m"}
    query = {"notebook_id": ids.notebook} if ids.notebook else {}
    forbidden = (QUESTION, REPLY, TITLE, WAITING, f"{MARKER}-code") if ids.notebook == NOTEBOOK else (MARKER,)
    operations = [(method, path) for path in CASES for method in METHODS if (method, path) != ENDLESS]
    for method, path in sorted(operations, key=lambda operation: operation[1] in BEGINNING):
        body = json.dumps(CASES[path])
        for name, value in known.items():
            body = body.replace(f"{{{name}}}", value)
        body = body.replace('"stream": false', json.dumps({"stream": stream})[1:-1])
        address = path.format(**known)
        parameters = {**query, "session_id": ids.session_id} if path.startswith("/api/agent/turns/") else query
        takes = {parameter["name"] for parameter in _described(method, path).get("parameters", ())}
        parameters = {name: value for name, value in parameters.items() if name in takes}
        address += f"?{urlencode(parameters)}" if parameters else ""
        sent = json.loads(body) if method in ("POST", "PUT", "PATCH") else None
        accept = "text/event-stream, application/json" if stream else "application/json, */*"
        status, headers, text = await _fetch(server, method, address, sent, accept)
        assert not any(word in headers + text for word in forbidden), (method, path, headers, text)
        if path not in BEGINNING and any(f"{{{name}}}" in path for name in ("session_id", "turn_id", "kernel_id")):
            value = json.loads(text) if text.startswith("{") else {}
            answers[method, path] = status, ids.hidden(json.dumps({**value, "request_id": ""}))
    return answers


def _described(method: str, path: str) -> dict[str, Any]:
    described: dict[str, Any] = document()["paths"].get(path, {}).get(method.lower(), {})
    return described


async def everything(server: Server) -> list[tuple[int, str]]:
    """All that can be read of Ann's conversation, and its files."""
    paths = [f"api/agent/sessions?notebook_id={NOTEBOOK}", f"api/agent/sessions?q={QUESTION}", "api/sessions/ann1"]
    parts = ("history", "turns", "permissions", "export?format=json", "export?format=md", "export?format=ipynb")
    paths += [f"api/agent/sessions/ann1/{part}" for part in parts]
    return [await fetch(server, "GET", path) for path in paths]


async def records(store: SessionStore, owner: str) -> list[tuple[Session, Iterable[Turn]]]:
    """What is stored of an owner's conversations, deleted ones too, except of what is being answered."""
    pages = [await store.find(name) for name in (owner, deleted_owner(owner))]
    kept = [session for page in pages for session in page.sessions if session.open is None]
    assert {session.id for session in kept} >= {"ann1"}
    assert len(kept) >= 2
    return [(session, await SessionManager(store).tree.all_turns(session)) for session in kept]


async def ask_and_name(server: Server) -> list[tuple[int, str]]:
    """Ann asks in a conversation and names it, and deletes another; all that can be read of it."""
    for session_id, turn_id in (("ann1", "turn1"), ("ann2", "turn2")):
        context = {"session_id": session_id, "notebook_id": NOTEBOOK}
        ask = {"query": QUESTION, "turn_id": turn_id, "context": context}
        assert (await fetch(server, "POST", "api/agent/quick", ask))[0] == 200
    assert (await fetch(server, "PATCH", "api/agent/sessions/ann1", {"title": TITLE}))[0] == 200
    assert (await fetch(server, "DELETE", "api/agent/sessions/ann2"))[0] == 200
    kept = await everything(server)
    assert [status for status, _ in kept] == [200] * len(kept)
    assert all(REPLY in text for _, text in kept[-3:])
    return kept


@asynccontextmanager
async def waiting(server: Server, root: Path) -> AsyncIterator[Ids]:
    """Meanwhile a turn of Ann's waits for her approval of a call, in a notebook with a kernel."""
    name = f"waiting-{NOTEBOOK}"
    (root / name).write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', encoding="utf-8")
    kernel = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
    status, text = await fetch(server, "POST", "api/sessions", kernel)
    assert status == 201, text
    kernel_id = json.loads(text)["kernel"]["id"]
    context = {"session_id": "ann3", "notebook_id": name}
    ask = {"query": WAITING, "turn_id": "turn3", "approval": "ask", "context": context, "stream": True}
    asking = asyncio.create_task(fetch(server, "POST", "api/agent/quick", ask))
    try:
        pending: list[dict[str, Any]] = []
        while not pending and not asking.done():
            before = await fetch(server, "GET", "api/agent/approvals")
            pending = json.loads(before[1])["approvals"]
        (approval,) = pending
        yield Ids("ann3", "turn3", approval["call_id"], approval["digest"], kernel_id, NOTEBOOK)
        assert await fetch(server, "GET", "api/agent/approvals") == before
        answer = {"decision": "approve", "digest": approval["digest"]}
        path = f"api/agent/turns/turn3/actions/{approval['call_id']}"
        assert (await fetch(server, "POST", path, answer))[0] == 200
        status, text = await asking
        assert (status, REPLY in text) == (200, True)
    finally:
        asking.cancel()


async def find_nothing(ann: Server, root: Path, bob: Server) -> None:
    """Bob finds on no route what is not there for Ann's conversations only; what he began has his own words."""
    async with following(bob) as of_bob, waiting(ann, root) as ids, following(ann) as of_ann:
        settled = Ids("ann1", "turn1", "call1", "0" * 64, ids.kernel_id, NOTEBOOK)
        deleted = Ids("ann2", "turn2", "call2", "0" * 64, ids.kernel_id)
        assert b"event:" not in of_bob
        for known, stream in ((deleted, False), (settled, False), (ids, True)):
            theirs, nobodys = [await walk(bob, ids, stream=stream) for ids in (known, known.unlike())]
            assert theirs == nobodys
            documented = {status for (method, path), (status, _) in theirs.items() if _described(method, path)}
            assert documented == {404}, theirs
        assert b"event:" not in of_ann
    status, text = await fetch(bob, "GET", "api/agent/sessions")
    assert status == 200
    assert {session["title"] for session in json.loads(text)["sessions"]} == {OWN}
    assert not any(word.encode() in of_bob for word in (QUESTION, REPLY, TITLE, WAITING))
