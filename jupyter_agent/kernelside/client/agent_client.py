"""The way to the assistant that runs in the Jupyter server: keys and libraries stay there."""

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
    """Asks the server about this kernel; the notebook's newest conversation goes on, as in the sidebar.

    Args:
        client: Of a server that has the extension.
        kernel_id: Jupyter's id of this kernel; empty where unknown.
    """

    def __init__(self, client: HttpClient, kernel_id: str) -> None:
        self._client = client
        self._kernel_id = kernel_id
        self._session = ""  # of a kernel without a notebook
        self._chosen_session = ""  # by a command; goes on until a question was asked in it, for then it is the newest

    def ask(self, request: AgentRequest) -> Generator[Event, None, None]:
        body = {**self._request_body(request), "stream": True, "run": "client"}
        turn_id = ""
        try:
            for name, data in self._client.events("api/agent/quick", body):
                if name == "turn":
                    turn_id = str(data.get("turn_id", ""))
                    if not request.session:
                        self._session, self._chosen_session = str(data.get("session_id", "")), ""
                if name in TERMINAL:
                    turn_id = ""
                yield name, data
        finally:
            if turn_id:
                self._cancel(turn_id)

    def act(self, turn_id: str, call_id: str, answer: Mapping[str, Any]) -> None:
        try:
            self._client.request("POST", f"api/agent/turns/{turn_id}/actions/{call_id}", dict(answer))
        except ResponseError as refused:
            if refused.status != 409:  # nothing waits for it any more: the stream says what became of the turn
                raise

    def history(self, session: str, turns: int) -> list[dict[str, Any]]:
        notebook = self._notebook_path()
        session = session or self._session_id(notebook)
        if not session:
            return []
        query = {"max_turns": str(max(1, 2 * turns)), **_query(notebook)}
        answer = self._request_session("GET", f"api/agent/sessions/{session}/history", query) or {}
        return [entry for entry in answer.get("history", ()) if isinstance(entry, dict)]

    def clear(self, session: str) -> bool:
        notebook = self._notebook_path()
        session = session or self._session_id(notebook)
        self._chosen_session = uuid4().hex
        return (
            bool(session)
            and self._request_session("DELETE", f"api/agent/sessions/{session}", _query(notebook)) is not None
        )

    def context(self, request: AgentRequest) -> dict[str, Any]:
        answer = self._client.request("POST", "api/agent/context", self._request_body(request))
        return answer if isinstance(answer, dict) else {}

    def session_command(self, session: str, name: str, rest: str) -> dict[str, Any]:
        notebook = self._notebook_path()
        if name == "sessions":
            query = {**_query(notebook), **({"q": rest} if rest else {}), "limit": "20"}
            return dict(self._client.request("GET", "api/agent/sessions", query=query))
        if name == "use":
            return self._use(rest, notebook)
        session = session or self._session_id(notebook)
        answer = self._run_command(session, name, rest, notebook) if session else None
        if answer is None:
            raise AgentFailed(session_commands.NO_TURNS)
        if name in ("branch", "replay"):
            self._chosen_session = str(answer["session_id"])
        return answer

    def _use(self, session: str, notebook: str) -> dict[str, Any]:
        answer = self._client.request("GET", f"api/agent/sessions/{session}", query=_query(notebook)) if session else {}
        self._chosen_session = session
        return dict(answer)

    def _run_command(self, session: str, name: str, rest: str, notebook: str) -> dict[str, Any] | None:
        """What came of a command; None if there is no such conversation."""
        path, query = f"api/agent/sessions/{session}", _query(notebook)
        if name == "export":
            kind = {**query, "format": session_commands.export_format(rest)}
            return {"text": self._client.text(f"{path}/export", kind)}
        if name == "share":
            method, body = ("DELETE", None) if rest == "off" else ("POST", {"mode": rest or "read"})
            return self._request_session(method, f"{path}/share", query, body)
        if name == "replay":
            answer = self._request_session(
                "POST", f"{path}/replay", query, {"model": rest or None}, seconds=REPLAY_SECONDS
            )
            return None if answer is None else {**answer, "session_id": session}
        return self._request_session("POST", f"{path}/{name}", query)

    def _request_session(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: object = None,
        *,
        seconds: float = REPLY_SECONDS,
    ) -> dict[str, Any] | None:
        """The server's answer; None if it knows no such conversation."""
        try:
            return dict(self._client.request(method, path, body, query=query, seconds=seconds))
        except ResponseError as refused:
            if refused.status != 404:
                raise
            return None

    def close(self) -> None:
        """Each request has closed its connection."""

    def doctor(self) -> str:
        notebook = self._notebook_path()
        if not notebook:
            raise AgentFailed(NO_NOTEBOOK)
        query = {**_query(notebook), "kernel_id": self._kernel_id}
        return str(self._client.request("GET", "api/agent/doctor", query=query).get("markdown", ""))

    def models(self) -> list[dict[str, Any]]:
        answer = self._client.request("GET", "api/agent/models")
        return [entry for entry in answer.get("models", ()) if isinstance(entry, dict)]

    def _request_body(self, request: AgentRequest) -> dict[str, Any]:
        notebook = self._notebook_path()
        session = request.session or self._session_id(notebook)
        return {
            "query": request.query,
            "context": {
                "notebook_id": notebook or None,
                "session_id": session or None,
                "kernel_id": self._kernel_id or None,
            },
            "model": request.model or None,
            "approval": request.approval or None,
        }

    def _notebook_path(self) -> str:
        """The notebook that this kernel serves now: it may have been renamed since the last question."""
        try:
            sessions = self._client.request("GET", "api/sessions")
        except ResponseError:  # the user may not list them: then the kernel alone is known
            return ""
        for session in sessions if isinstance(sessions, list) else ():
            if session.get("kernel", {}).get("id") == self._kernel_id and session.get("type") == "notebook":
                return str(session.get("path", "")).removeprefix(SHARED_DRIVE)
        return ""

    def _session_id(self, notebook: str) -> str:
        """What the user chose, else the notebook's newest conversation."""
        if self._chosen_session or not notebook:
            return self._chosen_session or self._session
        answer = self._client.request("GET", "api/agent/sessions", query={**_query(notebook), "limit": "1"})
        sessions = answer.get("sessions") or ()
        return str(sessions[0].get("session_id", "")) if sessions else ""

    def _cancel(self, turn_id: str) -> None:
        """Closing the stream stops the turn already; saying it makes it sure behind a proxy that keeps reading."""
        with suppress(AgentFailed):
            self._client.request("POST", f"api/agent/turns/{turn_id}/cancel", seconds=CANCEL_SECONDS)


def _query(notebook: str) -> dict[str, str]:
    return {"notebook_id": notebook} if notebook else {}
