"""One question from `%agent`: what it asks, the client that answers it, and how the answer is shown."""

from __future__ import annotations

import builtins
import json
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any, NamedTuple, Protocol

from .. import visible_run
from .errors import AgentFailed, Stopped
from .options import Options
from .reply import code_of, fenced, front_end, start

Event = tuple[str, dict[str, Any]]
NOBODY_TO_ASK = (
    "Code was not run: it cannot be approved here. `%agent --approve auto …` runs the code of an answer unasked."
)


class AgentRequest(NamedTuple):
    """A question as a client takes it."""

    query: str
    session: str = ""
    model: str = ""
    approval: str = ""


class AgentClient(Protocol):
    """The way to an assistant: the Jupyter server, or this very process."""

    def ask(self, request: AgentRequest) -> Generator[Event, None, None]:
        """The events of a turn; closing the iterator stops the turn."""

    def act(self, turn_id: str, call_id: str, answer: Mapping[str, Any]) -> None:
        """Answer an ``approval`` or a ``run`` event."""

    def history(self, session: str, turns: int) -> list[dict[str, Any]]:
        """The conversation's last questions and answers, oldest first: ``role`` and ``content`` of each."""

    def clear(self, session: str) -> bool:
        """Forget the conversation; False if there was none."""

    def session_command(self, session: str, name: str, rest: str) -> dict[str, Any]:
        """Execute one of `session_commands.NAMES`; its answer, as that of the REST route."""

    def close(self) -> None:
        """Let go of what it had opened."""

    def doctor(self) -> str:
        """What is stale, out of order or orphaned in the notebook and its kernel, in Markdown."""

    def context(self, request: AgentRequest) -> dict[str, Any]:
        """What a question would send to its model: ``model``, ``messages``, ``tokens`` by part, ``withheld``, ``warnings``."""

    def models(self) -> list[dict[str, Any]]:
        """What may answer: ``id``, and whether it is the ``default``."""


class TurnView:
    """Asks once and sees it through: shows the answer, asks the user for approval, runs code."""

    def __init__(self, ip: Any, client: AgentClient, options: Options) -> None:
        self._ip = ip
        self._client = client
        self._options = options
        self._reply = start(ip, options.format)
        self._turn_id = ""
        self._has_text = False
        self._shown_calls: set[str] = set()
        self._notes: list[str] = []

    def run(self, request: AgentRequest) -> None:
        """Ask, show the answer, and do with it what the options want.

        Raises:
            AgentFailed: there is no answer; the text so far stays shown.
            Stopped: the user interrupted; the text so far stays shown.
        """
        try:
            done = self._follow(request)
            if not self._has_text:
                self._reply.text(str(done.get("reply", "")))
            self._reply.finish(" ".join([*self._notes, *map(str, done.get("warnings") or ())]))
            if self._options.format == "json":
                print(json.dumps(done, ensure_ascii=False, indent=2))
            elif self._options.format == "code":
                code = code_of(done)
                print(code or "The answer has no code.", file=sys.stdout if code else sys.stderr)
            code = code_of(done, python_only=True)
            if code and self._options.cell:
                self._ip.set_next_input(code, replace=False)
            if code and self._options.run:
                result = visible_run.run(self._ip, code)
                if result["status"] != "ok":
                    ran = threading.current_thread() is threading.main_thread()
                    raise AgentFailed(
                        "the code of the answer failed; `%agent /fix` explains why." if ran else result["text"]
                    )
        except KeyboardInterrupt:
            self._reply.finish()
            raise Stopped("Stopped.") from None
        except AgentFailed:
            self._reply.finish()
            raise

    def _follow(self, request: AgentRequest) -> dict[str, Any]:
        """The events of the turn up to ``done``."""
        with closing(self._client.ask(request)) as events:
            for name, data in events:
                if name == "done":
                    return data
                if name == "turn":
                    self._turn_id = str(data.get("turn_id", ""))
                elif name == "text":
                    self._has_text = True
                    self._reply.text(str(data.get("text", "")))
                elif name == "tool_call":
                    arguments = data.get("arguments")
                    about = arguments.get("name") if isinstance(arguments, dict) else None
                    self._reply.status(f"{data.get('tool', '')}{f' {about}' if isinstance(about, str) else ''}…")
                elif name == "waiting":
                    self._reply.status(str(data.get("text", "")))
                elif name == "approval":
                    self._approve(data)
                elif name == "run":
                    call_id, code = str(data.get("call_id", "")), str(data.get("code", ""))
                    if call_id not in self._shown_calls:
                        self._show_code(call_id, code)
                    result = visible_run.run(self._ip, code)
                    self._client.act(self._turn_id, call_id, {"decision": "approve", "result": result})
                elif name == "error":
                    raise AgentFailed(str(data.get("message") or "the turn failed."))
                elif name == "cancelled":
                    raise AgentFailed("the answer was stopped from elsewhere.")
                elif name == "interrupted":
                    raise AgentFailed("the Jupyter server stopped during the answer. Ask again.")
        raise AgentFailed("the connection to the Jupyter server broke off before the answer was complete.")

    def _approve(self, data: Mapping[str, Any]) -> None:
        """Asks the user, where somebody can be asked, and answers the server."""
        call_id, arguments = str(data.get("call_id", "")), data.get("arguments")
        approved = False
        if front_end(self._ip).can_ask:
            code = arguments.get("code") if isinstance(arguments, dict) else None
            if isinstance(code, str):
                self._show_code(call_id, code)
            else:
                self._reply.block(f"`{data.get('tool', '')}` {json.dumps(arguments, ensure_ascii=False)}")
            try:
                # By its module: the kernel puts a function of its own in the place of `input` while a cell runs.
                typed = builtins.input("Run this code? [y/N] " if code else "Do this? [y/N] ")
                approved = typed.strip().lower() in ("y", "yes")
            except EOFError:
                pass
        elif NOBODY_TO_ASK not in self._notes:
            self._notes.append(NOBODY_TO_ASK)
        answer: dict[str, Any] = {"decision": "approve" if approved else "deny"}
        if data.get("digest"):
            answer["digest"] = data["digest"]
        self._client.act(self._turn_id, call_id, answer)

    def _show_code(self, call_id: str, code: str) -> None:
        self._shown_calls.add(call_id)
        self._reply.block(fenced(code, "python"))
