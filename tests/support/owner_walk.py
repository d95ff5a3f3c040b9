"""Every route and method, asked of one server about the conversations that another one keeps in the same store."""

from __future__ import annotations

import json
from typing import Any, Protocol

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from jupyter_agent.server.openapi.document import document

QUESTION, REPLY, TITLE = "anns-question", "anns-answer", "anns-title"
NOTEBOOK = "a.ipynb"
MINE = {"query": "bobs-question", "context": {"session_id": "s1", "notebook_id": NOTEBOOK}}
MESSAGES = [{"role": "user", "content": "bobs-question"}]
#: What is sent to each route that takes a body; others of ours are sent an empty object.
BODIES: dict[str, dict[str, Any]] = {
    "/api/agent/quick": MINE,
    "/api/agent/context": MINE,
    "/api/agent/complete": {"code": "", "cursor": 0},
    "/api/agent/turns/{turn_id}/actions/{call_id}": {"decision": "deny", "digest": "0" * 64},
    "/api/agent/doctor": {"notebook_id": NOTEBOOK},
    "/api/agent/settings": {"settings": {}},
    "/api/agent/v1/chat/completions": {
        "model": "offline",
        "messages": MESSAGES,
        "session_id": "s1",
        "notebook_id": NOTEBOOK,
    },
    "/api/agent/mcp": {"jsonrpc": "2.0", "id": 1, "method": "resources/list", "params": {}},
    "/api/agent/sessions/{session_id}": {"title": "bobs-title"},
    "/api/agent/sessions/{session_id}/go": {"turn_id": "t1"},
    "/api/agent/sessions/{session_id}/branch": {"turn_id": "t1"},
    "/api/agent/sessions/{session_id}/replay": {"from": "t1"},
    "/api/agent/sessions/{session_id}/summarize": {"summary": "bobs-summary"},
    "/api/agent/sessions/{session_id}/share": {"mode": "copy"},
}
#: Streams until the server ends; what it streams is of this very process.
ENDLESS = ("GET", "/api/agent/events")
#: Begin a conversation where there is none of that id; asked for last.
BEGINNING = ("/api/agent/quick", "/api/agent/v1/chat/completions")
WALK = sorted(
    ((method.upper(), path) for path, methods in document()["paths"].items() for method in methods),
    key=lambda operation: operation[1] in BEGINNING,
)


class Server(Protocol):
    """Where to ask, and as whom."""

    @property
    def url(self) -> str: ...
    @property
    def token(self) -> str: ...


async def fetch(server: Server, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """The status and text of a reply."""
    response = await AsyncHTTPClient().fetch(
        HTTPRequest(
            server.url + path.lstrip("/"),
            method,
            {"Authorization": f"token {server.token}", "Content-Type": "application/json"},
            None if body is None else json.dumps(body),
            request_timeout=60,
            allow_nonstandard_methods=True,
        ),
        raise_error=False,
    )
    return response.code, response.body.decode()


async def walk(server: Server, session_id: str, turn_id: str) -> dict[tuple[str, str], tuple[int, str]]:
    """What every route and method answers on a conversation, with its ids and the request's own left out."""
    answers = {}
    for method, path in WALK:
        if (method, path) == ENDLESS:
            continue
        body = {**BODIES.get(path, {})} if method in ("POST", "PUT", "PATCH") else None
        sent = (
            None
            if body is None
            else json.loads(json.dumps(body).replace('"s1"', f'"{session_id}"').replace('"t1"', f'"{turn_id}"'))
        )
        address = path.format(
            session_id=session_id, turn_id=turn_id, call_id="c1", secret="s" * 32, kernel_id="k1", name="x"
        )
        if path == "/api/agent/turns/{turn_id}/events":
            address += f"?session_id={session_id}&notebook_id={NOTEBOOK}"
        status, text = await fetch(server, method, address, sent)
        foreign = (QUESTION, TITLE) if path in BEGINNING else (QUESTION, TITLE, REPLY)  # one model answers both
        assert not any(word in text for word in foreign), (method, path)
        value = json.loads(text) if text.startswith("{") else {}
        if path in BEGINNING:
            assert value.get("turn_count", 2) == 2, path
        if "{session_id}" in path or "{turn_id}" in path:
            answers[method, path] = status, json.dumps({**value, "request_id": ""})
    return answers


async def everything(server: Server) -> list[tuple[int, str]]:
    """All that can be read of Ann's conversations."""
    paths = [
        "api/agent/sessions",
        "api/agent/sessions?q=anns",
        f"api/agent/sessions?notebook_id={NOTEBOOK}",
        "api/sessions/s1",
    ]
    paths += [
        f"api/agent/sessions/s1/{part}" for part in ("history", "turns", "export?format=json", "export?format=md")
    ]
    return [await fetch(server, "GET", path) for path in paths]


async def ask_and_name(server: Server) -> list[tuple[int, str]]:
    """Ann asks in a conversation and names it; all that can be read of it."""
    ask = {"query": QUESTION, "turn_id": "t1", "context": {"session_id": "s1", "notebook_id": NOTEBOOK}}
    assert (await fetch(server, "POST", "api/agent/quick", ask))[0] == 200
    assert (await fetch(server, "PATCH", "api/agent/sessions/s1", {"title": TITLE}))[0] == 200
    kept = await everything(server)
    assert [status for status, _ in kept] == [200] * len(kept)
    return kept


async def find_nothing(server: Server) -> None:
    """Bob finds on no route what is not there for Ann's conversation only; what he began has his own words."""
    theirs, nobodys = await walk(server, "s1", "t1"), await walk(server, "nobody", "nothing")
    assert theirs == nobodys
    assert {status for status, _ in theirs.values()} <= {400, 404}, theirs
    own = json.loads((await fetch(server, "GET", "api/agent/sessions"))[1])["sessions"]
    assert {session["title"] for session in own} == {"bobs-question"}
