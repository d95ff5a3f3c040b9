"""A conversation as JSON, Markdown or a notebook; and the JSON read back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from jupyter_agent.errors import BadRequest
from jupyter_agent.messages import Message
from jupyter_agent.session import SCHEMA, Session, Turn

FORMATS = ("json", "md", "ipynb")
FORMAT = "jupyter-agent conversation"
_KEPT = ("id", "notebook_id", "title", "metadata", "variables", "created_at", "last_activity")
_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})(?P<language>[^\n`]*)\n(?P<source>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)


def export(session: Session, turns: Sequence[Turn], kind: str) -> str:
    """The turns of one branch, oldest first, as text; the owner is not in it.

    Raises:
        BadRequest: not one of `FORMATS`.
    """
    if kind == "json":
        return _as_json(session, turns)
    if kind == "md":
        return _as_markdown(session, turns)
    if kind == "ipynb":
        return _as_notebook(session, turns)
    raise BadRequest(f"format must be one of {', '.join(FORMATS)}.")


def read_json(text: str) -> tuple[Session, tuple[Turn, ...]]:
    """The session and turns of a JSON export; parents and depths are made anew, key and owner are empty.

    Raises:
        BadRequest: it is none; the message says where.
    """
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError("format")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadRequest("This is not an exported conversation: its format is missing.") from error
    if not isinstance(data.get("schema"), int) or data["schema"] > SCHEMA:
        raise BadRequest("This conversation was exported by a newer release of jupyter-agent. Upgrade to import it.")
    return _read_session(data.get("session")), _read_turns(data.get("turns"))


def _as_json(session: Session, turns: Sequence[Turn]) -> str:
    head = session.to_json()
    data = {
        "format": FORMAT,
        "schema": SCHEMA,
        "session": {name: head[name] for name in _KEPT},
        "turns": [turn.to_json() for turn in turns],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _as_markdown(session: Session, turns: Sequence[Turn]) -> str:
    parts = [f"# {_one_line(session.title) or 'Conversation'}"]
    if session.notebook_id:
        parts.append(f"About `{_one_line(session.notebook_id)}`")
    for turn in turns:
        parts.append("\n".join(f"> {line}".rstrip() for line in turn.question.splitlines() or [""]))
        parts.append(turn.reply or f"*({turn.status})*")
    return "\n\n".join(parts) + "\n"


def _as_notebook(session: Session, turns: Sequence[Turn]) -> str:
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
    for match in _FENCE.finditer(reply):
        if match["language"].strip().lower() in ("", "python", "py", "python3", "ipython"):
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


def _read_session(data: object) -> Session:
    if not isinstance(data, dict):
        raise BadRequest("session is missing from the exported conversation.")
    texts = {name: data.get(name, "") for name in ("id", "notebook_id", "title")}
    variables = data.get("variables", [])
    if not all(isinstance(one, str) for one in texts.values()) or not isinstance(data.get("metadata", {}), dict):
        raise BadRequest("session of the exported conversation has a field of the wrong type.")
    if not isinstance(variables, list) or not all(isinstance(one, str) for one in variables):
        raise BadRequest("session.variables of the exported conversation is not a list of names.")
    metadata = MappingProxyType(dict(data.get("metadata", {})))
    return Session("", owner="", metadata=metadata, variables=tuple(variables), **texts)


def _read_turns(data: object) -> tuple[Turn, ...]:
    if not isinstance(data, list):
        raise BadRequest("turns are missing from the exported conversation.")
    turns: list[Turn] = []
    for number, one in enumerate(data, 1):
        try:
            turn = Turn.from_json(one)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadRequest(f"Turn {number} of the exported conversation is not a turn.") from error
        if not _are_valid(turn.messages):
            raise BadRequest(f"Turn {number} of the exported conversation has messages that no model accepts.")
        turns.append(replace(turn, parent=turns[-1].id if turns else None, depth=number))
    if len({turn.id for turn in turns}) < len(turns):
        raise BadRequest("Two turns of the exported conversation have the same id.")
    return tuple(turns)


def _are_valid(messages: Sequence[Message]) -> bool:
    """Whether these may follow a question: answers and tool results only, each call with exactly one result after it."""
    waiting: set[str] = set()
    for one in messages:
        if one.role == "tool":
            if one.tool_call_id not in waiting:
                return False
            waiting.discard(one.tool_call_id)
        elif one.role != "assistant" or waiting:
            return False
        else:
            waiting = {call.id for call in one.tool_calls}
            if len(waiting) < len(one.tool_calls) or not all(_is_text(call) for call in one.tool_calls):
                return False
    return not waiting


def _is_text(call: object) -> bool:
    fields: Mapping[str, object] = {name: getattr(call, name) for name in ("id", "name", "arguments")}
    return all(isinstance(one, str) for one in fields.values())
