"""The summary of a conversation's older turns, which a model gets in their place."""

from __future__ import annotations

from types import MappingProxyType

from jupyter_agent.core.session import Session, Turn

#: Key in `Session.extra`, and in `Turn.extra` of the turn that has the summary.
SUMMARY = "summary"
_QUESTION = "(A summary of the conversation so far.)"


def summary_of(session: Session) -> Turn | None:
    """The summary that a conversation keeps, as a turn with the id and depth of the last turn that it covers.

    It is for models; people still see every turn. None without one, or where its record makes no sense.
    """
    match session.extra.get(SUMMARY):
        case {"text": str(text), "turn_id": str(turn_id), "depth": int(depth)} if text.strip():
            return Turn(turn_id, None, depth, _QUESTION, reply=text, extra=MappingProxyType({SUMMARY: True}))
    return None


def is_summary(turn: Turn) -> bool:
    """Whether a turn is a summary in place of others."""
    return turn.extra.get(SUMMARY) is True
