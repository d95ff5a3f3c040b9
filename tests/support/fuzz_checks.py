"""What schemathesis checks of each response besides its own checks, and what it counts; its configuration names this file."""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from threading import Lock
from typing import Any

import schemathesis

from tests.support.documented import check_code, check_event

NEVER_ENDS = "/api/agent/events"
SUPPORTED_IN_CHATS = {"stream", "model", "session_id", "notebook_id", "approval"}
#: Names of parameters and fields: values that exist.
KNOWN: dict[str, list[str]] = json.loads(os.environ.get("FUZZ_KNOWN", "{}"))
_statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
_slowest: defaultdict[str, float] = defaultdict(float)
_lock = Lock()


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Tornado closes the connection, without a word, where the address is longer than 64 KiB: no request reaches us."""
    return len(repr(case.query)) < 5_000


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """Most requests name what exists; half of the chats are without what the server says that it does not support."""
    if case.meta is None or not case.meta.generation.mode.is_positive or case.meta.phase.name == "stateful":
        return case  # what is to be refused stays so, and what an earlier response named stays named
    body, number = case.body, len(f"{case.path_parameters}{case.query}{case.body}")
    if isinstance(body, dict) and case.path == "/api/agent/v1/chat/completions" and number % 2:
        body = case.body = {name: body[name] for name in body.keys() & SUPPORTED_IN_CHATS}
        body["messages"] = [{"role": "user", "content": "x?"}]
    for values in (case.path_parameters, case.query, body, body.get("context") if isinstance(body, dict) else None):
        if isinstance(values, dict) and number % 4:
            values.update({name: KNOWN[name][number % len(KNOWN[name])] for name in values.keys() & KNOWN.keys()})
    return case


@schemathesis.check
def documented_codes_and_events(context: Any, response: Any, case: Any) -> None:
    """A failure has one of the codes that the document names; a stream has its events, and ends."""
    status = str(response.status_code)
    operation = f"{case.method} {case.path}"
    with _lock:
        _statuses[operation][status] += 1
        _slowest[operation] = max(_slowest[operation], round(response.elapsed, 1))
    if response.headers.get("content-type", [""])[0].startswith("text/event-stream"):
        assert not response.stream_cut_short or case.path == NEVER_ENDS, "the stream does not end"
        _check_events(response.content.decode())
    elif response.status_code >= 500:
        check_code(case.operation.definition.raw["responses"][status], response.json()["code"])


def _check_events(text: str) -> None:
    for frame in text.split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in frame.splitlines())
        if "event" in fields:
            check_event(fields["event"], json.loads(fields["data"]))


@atexit.register
def _write() -> None:
    Path(f"counted-{os.getpid()}.json").write_text(json.dumps([_statuses, _slowest]), encoding="utf-8")
