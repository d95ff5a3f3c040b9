"""Requests that a client's SDK sends again: they get the answer to the first one, and nothing is asked or stored twice."""

from __future__ import annotations

import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from jupyter_agent.core.errors import BadRequest, TurnIdReused

IDEMPOTENCY_KEY = "Idempotency-Key"
#: The SDKs of OpenAI count in it how often they have sent the same request.
RETRY_COUNT = "x-stainless-retry-count"
#: After its connection is lost, a turn waits so long for the request to be sent again.
RETRY_SECONDS = 2.0
_REMEMBERED = 1000
_LONGEST_KEY = 256


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request, and where its answer is.

    Attributes:
        digest: SHA-256 (hex) of it, and of whose it is.
        key: By which it is known when it is sent again.
        may_return: Whether its client sends it again if the connection is lost.
        turn_id: Of the turn that answers.
        after: Number of the turn's event after which the answer begins.
    """

    digest: str
    key: str
    may_return: bool
    turn_id: str
    after: int = 0


@dataclass(slots=True)
class SentRequests:
    """The newest requests, by their keys."""

    _sent: OrderedDict[str, SentRequest] = field(default_factory=OrderedDict)

    def find(
        self, owner: str, session_id: str | None, body: bytes, headers: Mapping[str, str]
    ) -> tuple[SentRequest, bool]:
        """The request as it was sent first, and whether this is not the first time.

        Raises:
            TurnIdReused: another request had that idempotency key.
            BadRequest: the key is too long.
        """
        place = f"{owner}\0{session_id or ''}\0"
        digest = hashlib.sha256(place.encode() + body).hexdigest()
        name, count = headers.get(IDEMPOTENCY_KEY, ""), headers.get(RETRY_COUNT, "")
        if len(name) > _LONGEST_KEY:
            raise BadRequest(f"The header {IDEMPOTENCY_KEY} is longer than {_LONGEST_KEY} characters.")
        key, turn_id = digest, uuid.uuid4().hex
        if name:  # the same turn, whatever server of a store gets it
            key = turn_id = hashlib.sha256(f"{place}{name}".encode()).hexdigest()[:32]
        sent = self._sent.get(key)
        if sent is not None and name and sent.digest != digest:
            raise TurnIdReused(f"The {IDEMPOTENCY_KEY} was used for another request.")
        if sent is not None and (name or count.strip("0")):
            return sent, True
        return SentRequest(digest, key, bool(name or count), turn_id), False

    def remember(self, request: SentRequest, turn_id: str, after: int) -> SentRequest:
        """Keep where a request's answer is."""
        kept = self._sent[request.key] = replace(request, turn_id=turn_id, after=after)
        self._sent.move_to_end(request.key)
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        return kept
