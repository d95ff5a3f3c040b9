"""A conversation as JSON, Markdown or a notebook."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from jupyter_agent.core.errors import BadRequest
from jupyter_agent.core.session import SCHEMA, Session, Turn
from jupyter_agent.core.text import FENCED_CODE

MEDIA_TYPES = {"json": "application/json", "md": "text/markdown", "ipynb": "application/x-ipynb+json"}
FORMAT = "jupyter-agent conversation"
_KEPT = ("id", "notebook_id", "title", "metadata", "variables", "created_at", "last_activity")


def export(session: Session, turns: Sequence[Turn], kind: str) -> str:
    """The turns of one branch, oldest first, as text; the owner is not in it.

    Raises:
        BadRequest: not one of `MEDIA_TYPES`.
    """
    exporters = {"json": _to_json, "md": _to_markdown, "ipynb": _to_notebook}
    if kind not in exporters:
        raise BadRequest(f"format must be one of {', '.join(MEDIA_TYPES)}.")
    return exporters[kind](session, turns)


def _to_json(session: Session, turns: Sequence[Turn]) -> str:
    head = session.to_json()
    data = {
        "format": FORMAT,
        "schema": SCHEMA,
        "session": {name: head[name] for name in _KEPT},
        "turns": [turn.to_json() for turn in turns],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _to_markdown(session: Session, turns: Sequence[Turn]) -> str:
    parts = [f"# {_one_line(session.title) or 'Conversation'}"]
    if session.notebook_id:
        parts.append(f"About `{_one_line(session.notebook_id)}`")
    for turn in turns:
        parts.append("\n".join(f"> {line}".rstrip() for line in turn.question.splitlines() or [""]))
        parts.append(turn.reply or f"*({turn.status})*")
    return "\n\n".join(parts) + "\n"


def _to_notebook(session: Session, turns: Sequence[Turn]) -> str:
    cells = [_cell("title", "markdown", f"# {_one_line(session.title) or 'Conversation'}")]
    for turn in turns:
        quoted = "\n".join(f"> {line}".rstrip() for line in turn.question.splitlines() or [""])
        cells.append(_cell(f"{turn.id} question", "markdown", quoted))
        for number, (kind, source) in enumerate(_pieces(turn.reply or f"*({turn.status})*")):
            cells.append(_cell(f"{turn.id} {number}", kind, source))
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _pieces(reply: str) -> list[tuple[str, str]]:
    """An answer cut into prose and Python code, in order."""
    pieces: list[tuple[str, str]] = []
    at = 0
    for match in FENCED_CODE.finditer(reply):
        if match["close"] and match["language"].strip().lower() in ("", "python", "py", "python3", "ipython"):
            pieces += [("markdown", reply[at : match.start()]), ("code", match["source"])]
            at = match.end()
    pieces.append(("markdown", reply[at:]))
    return [(kind, source.strip("\n")) for kind, source in pieces if source.strip()]


def _cell(name: str, kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": hashlib.sha256(name.encode(errors="replace")).hexdigest()[:16],
        "metadata": {},
        "source": source.splitlines(keepends=True),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _one_line(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
