"""A small HTTP server that speaks our REST contract as a test tells it, and keeps what it was sent."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "secret-of-the-test"
WAIT = 10.0
Script = Callable[["SmallJupyter"], Iterator[tuple[str, dict[str, Any]]]]


def says(*texts: str, code: list[dict[str, str]] | None = None, **done: Any) -> Script:
    """A turn that streams texts and ends well."""

    def script(_server: SmallJupyter) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "turn", {"session_id": "s1", "turn_id": "t1", "model": "offline"}
        for text in texts:
            yield "text", {"text": text}
        yield "done", {"session_id": "s1", "turn_id": "t1", "reply": "".join(texts), "code": code or [], **done}

    return script


class SmallJupyter(ThreadingHTTPServer):
    """Answers as `script` says.

    Attributes:
        script: The events of the next turns.
        asked: Bodies of the questions.
        acted: ``(path, body)`` of what was posted during turns.
        disconnected: Set when a client left in the middle of a stream.
        sessions: What ``GET api/agent/sessions`` lists.
        kernel_sessions: What ``GET api/sessions`` lists.
        extension: Whether ours is installed.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: Script = says("Hello")
        self.asked: list[dict[str, Any]] = []
        self.acted: list[tuple[str, Any]] = []
        self.answers: queue.Queue[Any] = queue.Queue()
        self.disconnected = threading.Event()
        self.cancelled = threading.Event()
        self.sessions: list[dict[str, Any]] = []
        self.kernel_sessions: list[dict[str, Any]] = []
        self.extension = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients of these tests leave when they like."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/base/"

    def next_answer(self) -> Any:
        """What the client posted to an action, waited for."""
        return self.answers.get(timeout=WAIT)


CONTEXT = {
    "model": "openai:x",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "```\ndf: DataFrame\n```"}],
    "tools": [{"name": "read_cells"}],
    "tokens": {"system": 3, "total": 12},
    "withheld": 1,
    "warnings": ["1 values that look secret were withheld from the model."],
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SmallJupyter

    def log_message(self, *arguments: Any) -> None:
        """Tests are quiet."""

    def do_GET(self) -> None:
        path = self._path()
        if not self._known(path):
            return
        if path == "/base/api/agent/health":
            self._json(200, {"status": "ok"})
        elif path == "/base/api/sessions":
            self._json(200, self.server.kernel_sessions)
        elif path == "/base/api/agent/sessions":
            wanted = parse_qs(urlsplit(self.path).query).get("notebook_id", [""])[0]
            sessions = [session for session in self.server.sessions if session["notebook_id"] == wanted]
            self._json(200, {"sessions": sessions, "default_session": sessions[0] if sessions else None})
        elif path == "/base/api/agent/models":
            models = [{"id": "offline", "default": True}, {"id": "openai", "default": False}]
            self._json(200, {"default": "offline", "models": models})
        elif path.endswith("/history"):
            entries = [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": "891"}]
            self._json(200, {"session_id": "s1", "turn_count": 2, "history": entries})
        elif path.endswith("/sessions/s1"):
            self._json(200, {"session_id": "s1", "title": "\u202etitle", "turns": 1})
        else:
            self._json(404, {"message": "Not Found"})

    def do_DELETE(self) -> None:
        path = self._path()
        if self._known(path):
            self.server.acted.append((path, None))
            until = "2026-12-29T00:00:00.000Z"
            self._json(200, {"status": "cleared", "session_id": "s1", "restorable_until": until})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "null")
        path = self._path()
        if not self._known(path):
            return
        if path == "/base/api/agent/quick":
            self.server.asked.append(body)
            self._stream()
            return
        self.server.acted.append((path, body))
        if path == "/base/api/agent/context":
            self._json(200, CONTEXT)
            return
        if path.endswith("/restore"):
            self._json(200, {"session_id": "s1", "title": "title", "turns": 1})
            return
        if path.endswith("/cancel"):
            self.server.cancelled.set()
        else:
            self.server.answers.put(body)
        self._json(200, {"status": "accepted"})

    def _path(self) -> str:
        return urlsplit(self.path).path

    def _known(self, path: str) -> bool:
        if self.headers.get("Authorization") != f"token {TOKEN}":
            self._json(403, {"message": "Forbidden"})
            return False
        if not self.server.extension and "/api/agent/" in path:
            self._json(404, {"message": "Not Found"})
            return False
        return True

    def _json(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._chunk(": keep-alive\n\n")
            for number, (name, data) in enumerate(self.server.script(self.server)):
                self._chunk(f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n")
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.server.disconnected.set()
            self.close_connection = True

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


@contextmanager
def small_jupyter() -> Iterator[SmallJupyter]:
    """A server in a thread, for as long as the block runs."""
    server = SmallJupyter()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(WAIT)
