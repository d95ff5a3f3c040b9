"""A summary of a conversation's beginning: kept with it, and standing in for the turns that it covers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from jupyter_agent.core.messages import Json
from jupyter_agent.core.session import Session, Turn

#: In `Session.extra` where it is kept; in `Turn.extra` of the turn that stands in for others.
SUMMARY = "summary"
_QUESTION = "(What was said before, in short.)"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a conversation keeps instead of its beginning, for models; people still see every turn.

    Attributes:
        text: The summary.
        turn_id: The last turn that it covers.
        depth: That turn's depth.
    """

    text: str
    turn_id: str
    depth: int

    def standing_in(self) -> Turn:
        """A turn in place of all that are covered."""
        return Turn(
            self.turn_id,
            None,
            self.depth,
            _QUESTION,
            reply=self.text,
            extra=MappingProxyType({SUMMARY: True}),
        )


def summary_of(session: Session) -> Summary | None:
    """The summary that a conversation keeps; None without one, or where its record makes no sense."""
    kept = session.extra.get(SUMMARY)
    if not isinstance(kept, Mapping):
        return None
    text, turn_id, depth = kept.get("text"), kept.get("turn_id"), kept.get("depth")
    if not (isinstance(text, str) and isinstance(turn_id, str) and isinstance(depth, int)):
        return None
    return Summary(text, turn_id, depth) if text.strip() else None


def with_summary(session: Session, text: str, last: Turn | None) -> Session:
    """The conversation with a summary of everything up to a turn."""
    kept: dict[str, Json] = {
        "text": text,
        "turn_id": None if last is None else last.id,
        "depth": 0 if last is None else last.depth,
        "created_at": time.time(),
    }
    return replace(session, extra=MappingProxyType({**session.extra, SUMMARY: kept}))


def inherited(session: Session, turns: Sequence[Turn]) -> dict[str, Any]:
    """What of a conversation's summary is true of its copy with these turns."""
    summary = summary_of(session)
    covers = summary is not None and any(one.id == summary.turn_id for one in turns)
    return {SUMMARY: session.extra[SUMMARY]} if covers else {}


def stands_in(turn: Turn) -> bool:
    """Whether a turn stands in for others."""
    return turn.extra.get(SUMMARY) is True
