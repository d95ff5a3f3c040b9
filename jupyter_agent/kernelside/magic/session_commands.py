"""The slash commands on whole conversations: their arguments, and their answers in Markdown."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ..hidden_characters import spelled_out
from ..wire import count

NAMES = frozenset(
    {"clear", "delete", "restore", "undo", "redo", "branch", "replay", "sessions", "use", "export", "share"}
)
#: Those that answer with a note of ours, and not with what users or models wrote.
NOTES = frozenset({"clear", "delete", "restore", "undo", "redo", "branch", "use", "share"})
#: Name of a client's command that no user types: the current conversation in short; empty where there is none.
CURRENT = "current"
EXPORT_FORMATS = ("md", "ipynb", "json")
NO_TURNS = "This conversation has no questions yet."
NOTHING_TO_RESTORE = "Say which conversation: `/restore ID`. Nothing was deleted here since the start."
NOT_DELETED = "*Nothing was deleted.*"
NOBODY_TO_ASK = "*Nothing was deleted: it is asked first, and nobody can be asked here.*"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}\Z")


def export_format(path: str) -> str:
    """The format by a file's extension; Markdown without a file."""
    return os.path.splitext(path)[1].lstrip(".").lower() if path else "md"


def usage_error(name: str, rest: str) -> str:
    """What is wrong with a command's argument; empty if nothing is."""
    if name == "export" and export_format(rest) not in EXPORT_FORMATS:
        return "Usage: `/export`, or `/export FILE` with a name that ends in .md, .ipynb or .json."
    if name == "share" and rest not in ("", "copy", "off"):
        return "Usage: `/share`, `/share copy` or `/share off`."
    if name in ("use", "restore") and rest and not _ID.match(rest):
        return "This is not the id of a conversation; `/sessions` lists them."
    return ""


def deletion_question(session: Mapping[str, Any]) -> str:
    """What is asked before a conversation is deleted."""
    questions = count(int(session.get("turns") or 0), "question")
    return f"Delete {_title(session)!r} ({questions})? It can be restored for a while. [y/N] "


def to_markdown(name: str, rest: str, answer: Mapping[str, Any]) -> str:
    """What a client's answer to one of `NAMES` says, in Markdown; an export with a file's name is written there."""
    session_id = answer.get("session_id")
    if name == "sessions":
        lines = [
            f"- `{session.get('session_id')}` {_title(session)}, {int(session.get('turns') or 0)} ×"
            for session in answer.get("sessions") or ()
        ]
        return "\n".join(lines) or "There are no such conversations yet."
    if name == "export":
        text = str(answer.get("text", ""))
        if not rest:
            return text
        try:
            with open(rest, "x", encoding="utf-8", errors="replace") as file:
                file.write(text)
        except FileExistsError:
            return f"There is a file `{rest}` already; choose another name."
        except OSError as error:
            return f"`{rest}` cannot be written: {error.strerror}."
        return f"Written to `{rest}`."
    if name == "share" and "revoked" in answer:
        return f"*No longer shared; secrets revoked: {answer['revoked']}.*"
    if name == "share":
        may = "read and copy" if answer.get("mode") == "copy" else "read"
        return (
            f"*Everybody who is signed in to this Jupyter server may now {may} this conversation at* "
            f"`api/agent/shared/{answer.get('secret')}`*; `/share off` ends that.*"
        )
    if name == "clear":
        kept = f" The one before is kept: `/use {session_id}` continues it." if session_id else ""
        return f"*A new conversation starts with the next question.{kept}*"
    if name == "delete":
        until = str(answer.get("restorable_until") or "")[:10]
        return f"*Deleted. Until {until} `/restore {session_id}` brings it back.*" if until else "*Deleted for good.*"
    if name == "restore":
        return f"*Restored, and continuing `{session_id}`, {_title(answer)}.*"
    if name == "replay":
        return _replay_report(answer)
    if name == "use":
        return f"*Continuing `{session_id}`, {_title(answer)}.*" if answer else "*Continuing the newest conversation.*"
    if name == "branch":
        return f"*A copy, `{session_id}`, continues from here; the old conversation stays as it is.*"
    done = "Undone; `/redo` brings it back." if name == "undo" else "Redone."
    note = f"*{done} Questions in this conversation: {int(answer.get('turns') or 0)}.*"
    edits = answer.get("edits") or {}
    if edits.get("problem"):
        return f"{note}\n\n*{edits['problem']}*"
    unchanged = ", ".join(f"`{cell_id}`" for cell_id in edits.get("left") or ())
    return f"{note}\n\n*Cells left as they are, because they were changed since: {unchanged}.*" if unchanged else note


def _replay_report(answer: Mapping[str, Any]) -> str:
    """Each question with its answer before and after, below what is the same."""
    turns = answer.get("turns") or ()
    copy_id = (answer.get("session") or {}).get("session_id")
    same = sum(bool(turn.get("same")) for turn in turns)
    parts = [f"*Asked again: {len(turns)}; same answers: {same}. `/use {copy_id}` continues the new conversation.*"]
    for turn in turns:
        parts.append("\n".join(f"> {line}" for line in str(turn.get("question")).splitlines()))
        for title, reply in (("Before", turn.get("before") or {}), ("Again", turn.get("after") or {})):
            parts.append(f"**{title}, `{reply.get('model')}`, {float(reply.get('seconds') or 0.0):.1f} s**")
            parts.append("*the same text*" if title == "Again" and turn.get("same") else str(reply.get("reply")))
    if answer.get("stopped"):
        parts.append(f"*Not asked: {answer.get('left')}. {answer['stopped']}*")
    return "\n\n".join(parts)


def _title(session: Mapping[str, Any]) -> str:
    """On one line, without hidden characters, or what would be more than text in Markdown."""
    return spelled_out(" ".join(str(session.get("title") or "without a title").split()))
