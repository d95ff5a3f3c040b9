"""What a turn's end makes of a session, also the end of a turn whose holder is gone."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from jupyter_agent.core.messages import Action
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.ids import title_of

MAX_VARIABLES = 200
MAX_BRANCHES = 200


def interrupted(session: Session) -> Turn:
    """The open turn as its end: nothing of its answer is known, nor how its last tool calls ended."""
    opened = session.open
    assert opened is not None
    return Turn(
        id=opened.id,
        parent=session.head,
        depth=session.depth + 1,
        question=opened.question,
        status="interrupted",
        digest=opened.digest,
        actions=opened.actions or tuple(Action(call, "unknown", "execute", "interrupted") for call in opened.calls),
        started=opened.started,
        edits=opened.edits,
    )


def left_behind(session: Session) -> tuple[str, ...]:
    """Ends of the branches that the head has left, newest last."""
    ends = session.extra.get("left")
    return tuple(str(one) for one in ends) if isinstance(ends, (list, tuple)) else ()


def leaving(session: Session) -> Session:
    """The session as it goes on elsewhere: the end of its branch can be found again."""
    end = session.redo[0] if session.redo else session.head
    others = [one for one in left_behind(session) if one != end]
    ends = [*others, end] if end is not None else others
    return replace(session, extra=MappingProxyType({**session.extra, "left": ends[-MAX_BRANCHES:]}))


def with_turn(session: Session, turn: Turn) -> Session:
    """The head after its open turn ended as `turn`."""
    names = dict.fromkeys(turn.variables)
    kept = [one for one in session.variables if one not in names]
    return replace(
        leaving(session) if session.redo else session,
        head=turn.id,
        depth=session.depth + 1,
        open=None,
        title=session.title or title_of(turn.question),
        variables=(*kept, *names)[-MAX_VARIABLES:],
        redo=(),
        last_activity=max(session.last_activity, turn.started + turn.seconds),
    )
