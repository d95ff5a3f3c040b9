"""One question from `%agent`: what it asks, the client that answers it, and how the answer is shown."""

from __future__ import annotations

import builtins
import json
import re
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple, Protocol

from .. import visible_run
from ..fences import fenced
from ..hidden_characters import for_terminal, json_for_terminal, spelled_out
from .errors import AgentFailed, Stopped
from .options import Options
from .reply import code_of, front_end, start

Event = tuple[str, dict[str, Any]]
NOBODY_TO_ASK = (
    "Code was not run: it cannot be approved here. `%agent --approve auto …` runs the code of an answer unasked."
)
NOBODY_WITH_REASONS = "Code was not run: it needs approval every time, and nobody can be asked here: {}."
READ_ONLY = "Code was not run: this conversation is read-only."
#: What the model is sent where nobody can be asked.
NOBODY_WORDS = "Nobody is here to be asked. Give me the code, so that I can run it later."
#: Characters of a denial's words, and of a call as it is shown.
MAX_WORDS = 2_000
MAX_CALL = 200
#: Numbers and names of an answer that are listed because they come from nowhere.
MAX_UNGROUNDED = 8
PROMPT = "{}? [y/N] (n: and why, for the model) "
_NO = re.compile(r"no?\b[\s:,.;-]*(?P<words>.*)", re.IGNORECASE | re.DOTALL)


class AgentRequest(NamedTuple):
    """A question as a client takes it."""

    query: str
    session: str = ""
    model: str = ""
    approval: str = ""
    run: bool = False  # whether the code of the answer is run at its end


class AgentClient(Protocol):
    """The way to an assistant: the Jupyter server, or this very process."""

    def ask(self, request: AgentRequest) -> Generator[Event, None, None]:
        """The events of a turn; closing the iterator stops the turn."""

    def act(self, turn_id: str, call_id: str, answer: Mapping[str, Any]) -> None:
        """Answer an ``approval`` or a ``run`` event."""

    def history(self, session: str, turns: int) -> list[dict[str, Any]]:
        """The conversation's last questions and answers, oldest first: ``role`` and ``content`` of each."""

    def session_command(self, session: str, name: str, rest: str) -> dict[str, Any]:
        """Execute one of `session_commands.NAMES`; its answer, as that of the REST route."""

    def close(self) -> None:
        """Let go of what it had opened."""

    def doctor(self) -> str:
        """What is stale, out of order or orphaned in the notebook and its kernel, in Markdown."""

    def context(self, request: AgentRequest) -> dict[str, Any]:
        """What a question would send to its model: ``model``, ``messages``, ``tokens`` by part, ``withheld``, ``warnings``."""

    def instructions(self, chosen: tuple[str, bool] | None = None) -> dict[str, Any]:
        """What instructs the assistant, as ``GET /api/agent/instructions``; first the user's answer to a text is stored.

        Args:
            chosen: The text's digest, and whether the user wants it.
        """

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
        self._titles: dict[object, str] = {}
        self._notes: list[str] = []
        self._failure = ""  # why the code of the answer failed, if it did
        self._is_code_printed = False
        self._called_code = ""  # what was run last: the code of an answer that has none itself

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
            self._reply.finish(" ".join([*self._notes, *map(str, done.get("warnings") or ()), *ungrounded(done)]))
            if self._options.format == "json":
                print(json_for_terminal(done))
            elif self._options.format == "code" and not self._is_code_printed:
                code = code_of(done) or self._called_code
                print(for_terminal(code) or "The answer has no code.", file=sys.stdout if code else sys.stderr)
            code = code_of(done, python_only=True) or self._called_code
            if code and self._options.cell:
                self._ip.set_next_input(code, replace=False)
            if self._failure:
                raise AgentFailed(self._failure)
        except KeyboardInterrupt:
            self._reply.finish()
            raise Stopped("Stopped.") from None
        except AgentFailed:
            self._reply.finish()
            raise

    def _follow(self, request: AgentRequest) -> dict[str, Any]:
        """The events of the turn up to ``done``."""
        before = ""
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
                    if data.get("tool") == "run_code" and isinstance(arguments, dict):
                        self._called_code = str(arguments.get("code", ""))
                    title = self._titles.setdefault(data.get("tool"), str(data.get("title") or data.get("tool", "")))
                    called = f"{title}{f': {about}' if isinstance(about, str) else ''}"
                    self._reply.status(f"{' '.join(spelled_out(called).split())[:MAX_CALL]}…")
                elif name == "progress":
                    running = self._titles.get(data.get("tool"), str(data.get("tool", "")))
                    self._reply.status(f"{running} still runs, {data.get('seconds', 0):.0f} s…")
                elif name == "waiting":
                    self._reply.status(str(data.get("text", "")))
                elif name == "thinking":
                    if data.get("replaces_text") is True:
                        self._reply.drop_text()
                    if name != before:
                        self._reply.status("Thinking…")
                elif name == "approval":
                    self._approve(data)
                elif name == "run":
                    self._run(data)
                elif name == "tool_result":
                    is_refused = data.get("status") == "denied" and data.get("call_id") not in self._shown_calls
                    if is_refused and self._options.run:
                        self._notes.append(READ_ONLY)
                elif name == "error":
                    raise AgentFailed(str(data.get("message") or "the turn failed."))
                elif name == "cancelled":
                    raise AgentFailed("the answer was stopped from elsewhere.")
                elif name == "interrupted":
                    raise AgentFailed("the Jupyter server stopped during the answer. Ask again.")
                before = name
        raise AgentFailed("the connection to the Jupyter server broke off before the answer was complete.")

    def _run(self, data: Mapping[str, Any]) -> None:
        """Runs code where the user sees it, and sends the result; that of the answer stands in it already."""
        call_id, code = str(data.get("call_id", "")), str(data.get("code", ""))
        in_answer = data.get("in_answer") is True
        if in_answer and self._options.format == "code":
            print(for_terminal(code))
            self._is_code_printed = True
        elif in_answer:
            self._reply.finish()
        elif call_id not in self._shown_calls:
            self._show_code(call_id, code)
        result = visible_run.run(self._ip, code)
        if in_answer and result["status"] != "ok":
            ran = threading.current_thread() is threading.main_thread()
            explained = "the code of the answer failed; `%agent /fix` explains why."
            self._failure = explained if ran else result["text"]
        self._client.act(self._turn_id, call_id, {"decision": "approve", "result": result})

    def _approve(self, data: Mapping[str, Any]) -> None:
        """Asks the user, where somebody can be asked, and answers the server."""
        call_id, arguments = str(data.get("call_id", "")), data.get("arguments")
        reasons = [
            spelled_out(
                "; ".join(map(str, (reason.get("text", ""), *(f"`{place}`" for place in reason.get("more") or ()))))
            )
            for reason in data.get("reasons") or ()
        ]
        approved, words = False, NOBODY_WORDS
        if front_end(self._ip).can_ask:
            code = arguments.get("code") if isinstance(arguments, dict) else None
            preview = spelled_out(str(data.get("preview") or code or ""))
            tool = spelled_out(str(data.get("tool", "")))
            shown = preview or f"{tool} {spelled_out(json.dumps(arguments, ensure_ascii=False))}"
            self._show_code(call_id, shown, reasons, "python" if preview else "text")
            discard_typed()
            try:
                # By its module: the kernel puts a function of its own in the place of `input` while a cell runs.
                typed = builtins.input(PROMPT.format("Run this code" if code else "Do this")).strip()
            except EOFError:
                typed = ""
            approved = typed.lower() in ("y", "yes")
            words = denial_words(typed)
        else:
            self._shown_calls.add(call_id)
            note = NOBODY_WITH_REASONS.format("; ".join(reasons)) if reasons else NOBODY_TO_ASK
            self._notes += [note] if note not in self._notes else []
        answer: dict[str, Any] = {"decision": "approve" if approved else "deny"}
        if words and not approved:
            answer["words"] = words
        if data.get("digest"):
            answer["digest"] = data["digest"]
        self._client.act(self._turn_id, call_id, answer)

    def _show_code(self, call_id: str, code: str, reasons: Sequence[str] = (), language: str = "python") -> None:
        """Code that runs now, or that is to be approved, with why it is asked about."""
        self._shown_calls.add(call_id)
        because = f"\n\nNeeds approval every time: {'; '.join(reasons)}." if reasons else ""
        self._reply.block(f"{fenced(code, language)}{because}")


def ungrounded(done: Mapping[str, Any]) -> list[str]:
    """A sentence that names the numbers and names of an answer that come from nowhere, if there are any."""
    named: dict[str, str] = {}
    for part in (done.get("grounding") or {}).get("missing") or ():
        near = ", ".join(map(str, part.get("near") or ()))
        named.setdefault(str(part.get("text", "")), f" (there is {near})" if near else "")
    texts = [f"{text}{near}" for text, near in named.items()]
    more = f" and {len(texts) - MAX_UNGROUNDED} more" if len(texts) > MAX_UNGROUNDED else ""
    return [f"Not from your notebook: {', '.join(texts[:MAX_UNGROUNDED])}{more}."] if texts else []


def discard_typed() -> None:
    """Throw away what was typed in this terminal before a question is shown: it is no answer to it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            while msvcrt.kbhit():
                msvcrt.getwch()
        else:
            import termios

            termios.tcflush(sys.stdin, termios.TCIFLUSH)
    except Exception:  # no terminal, in whatever way: nothing is typed ahead there
        pass


def denial_words(typed: str) -> str:
    """What somebody adds to a no, for the model."""
    refusal = _NO.match(typed.strip())
    return (refusal["words"] if refusal is not None else typed.strip())[:MAX_WORDS]
