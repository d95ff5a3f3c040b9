"""The commands about the conversation as a whole: what may stand behind them, and what they say."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

NAMES = frozenset({"undo", "redo", "branch", "replay", "sessions", "use", "export", "share"})
#: Those that answer with a note of ours, and not with what users or models said.
NOTES = frozenset({"undo", "redo", "branch", "use", "share"})
EXPORT_FORMATS = ("md", "ipynb", "json")
NO_TURNS = "Nothing has been said in this conversation yet."
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}\Z")


def export_format(path: str) -> str:
    """The format that the ending of a file's name stands for; Markdown without a file."""
    return os.path.splitext(path)[1].lstrip(".").lower() if path else "md"


def usage_error(name: str, rest: str) -> str:
    """What is wrong with what stands behind a command; empty if nothing is."""
    if name == "export" and export_format(rest) not in EXPORT_FORMATS:
        return "Say `/export`, or `/export FILE` with a name that ends in .md, .ipynb or .json."
    if name == "share" and rest not in ("", "copy", "off"):
        return "Say `/share`, `/share copy` or `/share off`."
    if name == "use" and rest and not _ID.match(rest):
        return "That is no conversation's id; `/sessions` shows them."
    return ""


def to_markdown(name: str, rest: str, answer: Mapping[str, Any]) -> str:
    """What a command did, in Markdown; an export with a file's name is written there.

    Args:
        name: One of `NAMES`.
        rest: What stands behind it.
        answer: What the door said.
    """
    if name == "sessions":
        return _sessions_list(answer.get("sessions") or ())
    if name == "export":
        return _write_export(rest, str(answer.get("text", ""))) if rest else str(answer.get("text", ""))
    if name == "share":
        return _share_note(answer)
    if name == "replay":
        return _replay_report(answer)
    if name == "use" and not answer:
        return "*The newest conversation goes on.*"
    if name == "use":
        return f"*From now on: `{answer.get('session_id')}`, {_title(answer)}.*"
    left = int(answer.get("turns") or 0)
    if name == "branch":
        return f"*A copy, `{answer.get('session_id')}`, goes on from here; the old conversation stays as it is.*"
    done = "Taken back; `/redo` brings it again." if name == "undo" else "Brought back."
    return f"*{done} Questions in this conversation: {left}.*{_cells_note(answer.get('edits') or {})}"


def _cells_note(edits: Mapping[str, Any]) -> str:
    """What became of the notebook's cells."""
    if edits.get("problem"):
        return f"\n\n*{edits['problem']}*"
    left = ", ".join(f"`{session}`" for session in edits.get("left") or ())
    return f"\n\n*Left as they are, because they were changed since: {left}.*" if left else ""


def _replay_report(answer: Mapping[str, Any]) -> str:
    turns = answer.get("turns") or ()
    made = (answer.get("session") or {}).get("session_id")
    same = sum(bool(session.get("same")) for session in turns)
    asked = (
        f"*Asked again: {len(turns)}; same answers: {same}. This conversation goes on; `/use {made}` goes on there.*"
    )
    stopped = [f"*Not asked: {answer.get('left')}. {answer['stopped']}*"] if answer.get("stopped") else []
    return "\n\n".join([asked, *map(_replayed_turn, turns), *stopped])


def _replayed_turn(turn: Mapping[str, Any]) -> str:
    question = "\n".join(f"> {line}" for line in str(turn.get("question")).splitlines())
    before, after = turn.get("before") or {}, turn.get("after") or {}
    again = "*the same words*" if turn.get("same") else str(after.get("reply"))
    parts = [
        question,
        f"**Before, {_model_and_time(before)}**",
        str(before.get("reply")),
        f"**Again, {_model_and_time(after)}**",
        again,
    ]
    return "\n\n".join(parts)


def _model_and_time(answer: Mapping[str, Any]) -> str:
    return f"`{answer.get('model')}`, {float(answer.get('seconds') or 0.0):.1f} s"


def _sessions_list(sessions: Any) -> str:
    lines = [
        f"- `{session.get('session_id')}` {_title(session)}, {int(session.get('turns') or 0)} ×" for session in sessions
    ]
    return "\n".join(lines) or "There are no such conversations yet."


def _title(session: Mapping[str, Any]) -> str:
    return " ".join(str(session.get("title") or "without a title").split())


def _share_note(answer: Mapping[str, Any]) -> str:
    if "revoked" in answer:
        return f"*Not shared any more; secrets revoked: {answer['revoked']}.*"
    may = "read and copy" if answer.get("mode") == "copy" else "read"
    return (
        f"*Who is signed in to this Jupyter server may now {may} this conversation at* "
        f"`api/agent/shared/{answer.get('secret')}`*; `/share off` ends that.*"
    )


def _write_export(path: str, text: str) -> str:
    try:
        with open(path, "x", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except FileExistsError:
        return f"There is a file `{path}` already; choose another name."
    except OSError as error:
        return f"`{path}` cannot be written: {error.strerror}."
    return f"Written to `{path}`."
