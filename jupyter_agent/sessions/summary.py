"""The summary of a conversation's older turns, which a model gets in their place."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from jupyter_agent.core.messages import Json
from jupyter_agent.core.session import Session, Turn

#: Key in `Session.extra`, and in `Turn.extra` of the turn that has the summary.
SUMMARY = "summary"
_QUESTION = "(A summary of the conversation so far.)"


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary of the turns up to one of them, for models; people still see every turn.

    Attributes:
        text: The summary.
        turn_id: The last turn that it covers.
        depth: That turn's depth.
    """

    text: str
    turn_id: str
    depth: int

    def as_turn(self) -> Turn:
        """A turn with the summary, in place of those it covers."""
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


def copied_summary(session: Session, turns: Sequence[Turn]) -> dict[str, Any]:
    """The part of `Session.extra` with the summary, for a copy with these turns; empty where they lack what it covers."""
    summary = summary_of(session)
    covers = summary is not None and any(turn.id == summary.turn_id for turn in turns)
    return {SUMMARY: session.extra[SUMMARY]} if covers else {}


def is_summary(turn: Turn) -> bool:
    """Whether a turn is a summary in place of others."""
    return turn.extra.get(SUMMARY) is True
