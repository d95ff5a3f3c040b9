"""The client of the assistant that runs in the Jupyter server: API keys and libraries stay there."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from ..magic import session_commands
from ..magic.errors import AgentFailed
from ..magic.turn import AgentRequest, Event
from .http import REPLY_SECONDS, HttpClient, ResponseError

CANCEL_SECONDS = 1.0
REPLAY_SECONDS = 900.0  # the server has a limit of its own
SHARED_DRIVE = "RTC:"  # stands before the path of a notebook that several people have open
NO_NOTEBOOK = "this kernel belongs to no notebook that can be read, so there are no cells to examine."
TERMINAL = frozenset({"done", "error", "cancelled", "interrupted"})


class HttpAgentClient:
    """Asks the server about this kernel, in the notebook's most recent conversation, as the sidebar does.

    Args:
        client: Of a server that has the extension.
        kernel_id: Jupyter's id of this kernel; empty where unknown.
    """

    def __init__(self, client: HttpClient, kernel_id: str) -> None:
        self._client = client
        self._kernel_id = kernel_id
        self._last_session = ""  # of a kernel without a notebook
        self._chosen_session = ""  # by a command, until a question was asked in it: from then on it is the newest
        self._new_session = ""  # the chosen one, as long as it has no question
        self._deleted_session = ""  # the one that was deleted last

    def ask(self, request: AgentRequest) -> Generator[Event, None, None]:
        body = {**self._request_body(request), "stream": True, "run": "client"}
        if request.run:
            body["run_answer"] = True
        turn_id = ""
        try:
            for name, data in self._client.events("api/agent/quick", body):
                if name == "turn":
                    turn_id = str(data.get("turn_id", ""))
                    if not request.session:
                        self._last_session, self._chosen_session = str(data.get("session_id", "")), ""
                if name in TERMINAL:
                    turn_id = ""
                yield name, data
        finally:
            if turn_id:
                # Closing the stream stops the turn already; this makes it sure behind a proxy that keeps reading.
                with suppress(AgentFailed):
                    self._client.request("POST", f"api/agent/turns/{turn_id}/cancel", seconds=CANCEL_SECONDS)

    def act(self, turn_id: str, call_id: str, answer: Mapping[str, Any]) -> None:
        try:
            self._client.request("POST", f"api/agent/turns/{turn_id}/actions/{call_id}", dict(answer))
        except ResponseError as error:
            if error.status != 409:  # nothing waits for it any more: the stream has the end of the turn
                raise

    def history(self, session: str, turns: int) -> list[dict[str, Any]]:
        session, query = self._session(session)
        if not session:
            return []
        query["max_turns"] = str(max(1, 2 * turns))
        path = f"api/agent/sessions/{session}/history"
        answer = self._client.request("GET", path, query=query, missing_ok=True) or {}
        return [entry for entry in answer.get("history", ()) if isinstance(entry, dict)]

    def context(self, request: AgentRequest) -> dict[str, Any]:
        answer = self._client.request("POST", "api/agent/context", self._request_body(request))
        return answer if isinstance(answer, dict) else {}

    def session_command(self, session: str, name: str, rest: str) -> dict[str, Any]:
        if name == "sessions":
            query = {**self._notebook_query(), **({"q": rest} if rest else {}), "limit": "20"}
            return dict(self._client.request("GET", "api/agent/sessions", query=query))
        if name == "use":
            query = self._notebook_query()
            found = self._client.request("GET", f"api/agent/sessions/{rest}", query=query) if rest else {}
            self._chosen_session = rest
            return dict(found)
        if name == "restore":
            session = rest or self._deleted_session
            if not session:
                raise AgentFailed(session_commands.NOTHING_TO_RESTORE)
            restored = self._client.request("POST", f"api/agent/sessions/{session}/restore")
            self._chosen_session = str(restored["session_id"])
            return dict(restored)
        session, query = self._session(session)
        path = f"api/agent/sessions/{session}"
        if name == session_commands.CURRENT:
            return dict((session and self._client.request("GET", path, query=query, missing_ok=True)) or {})
        if name == "clear":
            before = "" if session == self._new_session else session
            self._chosen_session = self._new_session = uuid4().hex
            return {"session_id": before}
        if not session:
            raise AgentFailed(session_commands.NO_TURNS)
        if name == "export":
            query["format"] = session_commands.export_format(rest)
            return {"text": self._client.request("GET", f"{path}/export", query=query, as_text=True)}
        if name == "delete":
            deleted = self._client.request("DELETE", path, query=query)
            self._deleted_session, self._chosen_session = session, uuid4().hex
            self._new_session = self._chosen_session
            return dict(deleted)
        method, seconds = "POST", REPLY_SECONDS
        body: dict[str, Any] | None = None
        if name == "share":
            method, body = ("DELETE", None) if rest == "off" else ("POST", {"mode": rest or "read"})
        elif name == "replay":
            body, seconds = {"model": rest or None}, REPLAY_SECONDS
        answer = self._client.request(method, f"{path}/{name}", body, query=query, seconds=seconds, missing_ok=True)
        if answer is None:
            raise AgentFailed(session_commands.NO_TURNS)
        if name == "replay":
            self._chosen_session = session
            return {**answer, "session_id": session}
        if name == "branch":
            self._chosen_session = str(answer["session_id"])
        return dict(answer)

    def close(self) -> None:
        """Each request has closed its connection."""

    def doctor(self) -> str:
        query = self._notebook_query()
        if not query:
            raise AgentFailed(NO_NOTEBOOK)
        query["kernel_id"] = self._kernel_id
        return str(self._client.request("GET", "api/agent/doctor", query=query).get("markdown", ""))

    def instructions(self, chosen: tuple[str, bool] | None = None) -> dict[str, Any]:
        query, path = self._notebook_query(), "api/agent/instructions"
        if chosen is None:
            return dict(self._client.request("GET", path, query=query))
        return dict(self._client.request("POST", path, {**query, "digest": chosen[0], "use": chosen[1]}))

    def models(self) -> list[dict[str, Any]]:
        answer = self._client.request("GET", "api/agent/models")
        return [model for model in answer.get("models", ()) if isinstance(model, dict)]

    def _request_body(self, request: AgentRequest) -> dict[str, Any]:
        notebook = self._notebook_query().get("notebook_id")
        session = request.session or self._chosen_session or ("" if notebook else self._last_session)
        return {
            "query": request.query,
            "context": {
                "notebook_id": notebook,
                "session_id": session or None,
                "continue_default": True,
                "kernel_id": self._kernel_id or None,
            },
            "model": request.model or None,
            "approval": request.approval or None,
        }

    def _notebook_query(self) -> dict[str, str]:
        """The notebook that this kernel serves now, for a query: it may have been renamed since the last question."""
        try:
            sessions = self._client.request("GET", "api/sessions")
        except ResponseError:  # the user may not list them: then the kernel alone is known
            return {}
        for session in sessions if isinstance(sessions, list) else ():
            if session.get("kernel", {}).get("id") == self._kernel_id and session.get("type") == "notebook":
                notebook = str(session.get("path", "")).removeprefix(SHARED_DRIVE)
                return {"notebook_id": notebook} if notebook else {}
        return {}

    def _session(self, named: str) -> tuple[str, dict[str, str]]:
        """The session that is named, else chosen, else the one that a question continues; and the notebook for a query."""
        query = self._notebook_query()
        if named or self._chosen_session or not query:
            return named or self._chosen_session or self._last_session, query
        answer = self._client.request("GET", "api/agent/sessions", query={**query, "limit": "1"})
        return str((answer.get("default_session") or {}).get("session_id", "")), query
