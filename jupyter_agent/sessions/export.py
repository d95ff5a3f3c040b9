"""A conversation as JSON, Markdown or a notebook."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jupyter_agent.core.errors import BadRequest
from jupyter_agent.core.messages import to_json
from jupyter_agent.core.pictures import described, from_kept, newest_kept
from jupyter_agent.core.session import SCHEMA, Session, Turn
from jupyter_agent.core.text import FENCED_CODE, PYTHON

MEDIA_TYPES = {"json": "application/json", "md": "text/markdown", "ipynb": "application/x-ipynb+json"}
FORMAT = "jupyter-agent conversation"
#: So that what was exported can be imported.
MAX_PICTURE_CHARACTERS = 8 << 20
_KEPT = ("id", "notebook_id", "title", "metadata", "variables", "created_at", "last_activity")


def export(session: Session, turns: Sequence[Turn], kind: str) -> str:
    """The turns of one branch, oldest first, as text; the owner is not in it.

    Pictures of questions go along as JSON and as attachments of a notebook's cells, those of the newest within
    `MAX_PICTURE_CHARACTERS`; in Markdown, and of the others, it is said what they were.

    Raises:
        BadRequest: not one of `MEDIA_TYPES`.
    """
    extras = newest_kept([turn.extra for turn in turns], MAX_PICTURE_CHARACTERS)
    turns = [replace(turn, extra=extra) for turn, extra in zip(turns, extras, strict=True)]
    match kind:
        case "json":
            kept = {name: getattr(session, name) for name in _KEPT}
            data = to_json({"format": FORMAT, "schema": SCHEMA, "session": kept, "turns": turns})
            return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        case "md":
            return _to_markdown(session, turns)
        case "ipynb":
            return _to_notebook(session, turns)
    raise BadRequest(f"format must be one of {', '.join(MEDIA_TYPES)}.")


def _to_markdown(session: Session, turns: Sequence[Turn]) -> str:
    parts = [f"# {_one_line(session.title) or 'Conversation'}"]
    if session.notebook_id:
        parts.append(f"About `{_one_line(session.notebook_id)}`")
    for turn in turns:
        pictures = [f"> *Picture: {described(picture)}*" for picture in from_kept(turn.extra)]
        parts += ["\n>\n".join([_quoted(turn.question), *pictures]), turn.reply or f"*({turn.status})*"]
    return "\n\n".join(parts) + "\n"


def _to_notebook(session: Session, turns: Sequence[Turn]) -> str:
    cells = [_cell("title", "markdown", f"# {_one_line(session.title) or 'Conversation'}")]
    for turn in turns:
        question, attached = [_quoted(turn.question)], dict[str, Any]()
        for number, picture in enumerate(from_kept(turn.extra), 1):
            question.append(f"> *Picture: {described(picture)}*")
            if picture.data:
                name = f"picture-{number}.{picture.mime.removeprefix('image/')}"
                question[-1] = f"> ![{described(picture)}](attachment:{name})"
                attached[name] = {picture.mime: picture.data}
        cell = _cell(f"{turn.id} question", "markdown", "\n>\n".join(question))
        cells.append({**cell, "attachments": attached} if attached else cell)
        reply, at = turn.reply or f"*({turn.status})*", 0
        pieces: list[tuple[str, str]] = []
        for match in FENCED_CODE.finditer(reply):
            if match["close"] and match["language"].strip().lower() in ("", *PYTHON):
                pieces += [("markdown", reply[at : match.start()]), ("code", match["source"])]
                at = match.end()
        shown = [(kind, source) for kind, source in (*pieces, ("markdown", reply[at:])) if source.strip()]
        cells += [_cell(f"{turn.id} {number}", kind, source.strip("\n")) for number, (kind, source) in enumerate(shown)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cell(name: str, kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": hashlib.sha256(name.encode(errors="replace")).hexdigest()[:16],
        "metadata": {},
        "source": source.splitlines(keepends=True),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines() or [""])


def _one_line(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
