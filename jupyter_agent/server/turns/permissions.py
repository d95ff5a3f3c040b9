"""What users have allowed for whole conversations: kept in memory, until they take it back or the conversation is deleted."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from jupyter_agent.core.events import ApprovalAsked
from jupyter_agent.core.messages import Effect
from jupyter_agent.core.session import Session

#: Conversations of which permissions are kept; of the others the user is asked again.
MAX_SESSIONS = 1000


@dataclass(eq=False, slots=True)
class Permissions:
    """By conversation, the effects that need no further approval there.

    A conversation that is made under the id of an earlier one is another one: it has a time of its own.
    """

    _allowed: OrderedDict[tuple[str, float], frozenset[Effect]] = field(default_factory=OrderedDict)

    def allow(self, session: Session, *effects: Effect) -> None:
        """Let effects stand for the conversation."""
        key = (session.key, session.created_at)
        self._allowed[key] = self._allowed.get(key, frozenset()) | {*effects}
        self._allowed.move_to_end(key)
        while len(self._allowed) > MAX_SESSIONS:
            self._allowed.popitem(last=False)

    def standing(self, session: Session) -> tuple[Effect, ...]:
        """The effects that are allowed, sorted."""
        return tuple(sorted(self._allowed.get((session.key, session.created_at), ())))

    def allows(self, session: Session, asked: ApprovalAsked) -> bool:
        """Whether what stands answers an approval. What runs no code that can be shown, as a restart, is asked about each time."""
        is_shown = asked.effect != "execute" or asked.preview != ""
        return is_shown and not asked.reasons and {asked.effect, *asked.effects} <= set(self.standing(session))

    def revoke(self, session: Session, effect: Effect | None = None) -> None:
        """Take an effect back, or all."""
        key = (session.key, session.created_at)
        left = self._allowed.pop(key, frozenset()) - {effect}
        if effect is not None and left:
            self._allowed[key] = left
