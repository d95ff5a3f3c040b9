"""What schemathesis checks of each response besides its own checks, and what it counts; its configuration names this file."""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Any

import schemathesis

from tests.support.documented import check_code, check_event

NEVER_ENDS = "/api/agent/events"
_counted: Counter[str] = Counter()
_lock = Lock()


@schemathesis.check
def documented_codes_and_events(context: Any, response: Any, case: Any) -> None:
    """A failure has one of the codes that the document names; a stream has its events, and ends."""
    status = str(response.status_code)
    with _lock:
        _counted[status] += 1
        _counted[f"slowest {case.method} {case.path}"] = max(
            int(response.elapsed * 1000), _counted[f"slowest {case.method} {case.path}"]
        )
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
    Path(f"counted-{os.getpid()}.json").write_text(json.dumps(_counted), encoding="utf-8")
