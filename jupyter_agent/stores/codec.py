"""Sessions and turns as canonical JSON text, the same in every store; what comes back is data and is checked."""

from __future__ import annotations

import base64
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from jupyter_agent.core.errors import BadRequest, SchemaNewer, StoreUnavailable, TooLarge
from jupyter_agent.core.messages import kept_fields, to_json
from jupyter_agent.core.protocols import Page
from jupyter_agent.core.session import SCHEMA, Session, Turn, from_json

MAX_DEPTH = 64
MAX_BYTES = 64 * 1024 * 1024
UNREADABLE = "unreadable"
#: What is said of a record that cannot be read, and of a store that a later release has migrated.
DAMAGED = "The stored record of this conversation is damaged. Delete the conversation or restore a backup."
NEWER = "The conversations were written by a newer release of jupyter-notebook-agent. Upgrade to use them."

#: Of what is stored again, and of what no store takes.
TURN_STORED = "That turn is stored already."
STORED = "That conversation or turn is stored already."
NOT_STORABLE = "An id or path has characters that cannot be kept."

_Value = TypeVar("_Value", Session, Turn)
# PostgreSQL keeps no NUL and SQLite no lone surrogate, so no store gets either.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Escapes of NUL and of surrogates, an emoji's among them.
_SUSPECT = re.compile(r"\\u0000|\\ud[89a-f]")


def encode(value: Session | Turn, *, ascii_only: bool = True) -> str:
    """A session's head or a turn as JSON text without line breaks.

    NUL and lone surrogates become U+FFFD; NaN, infinities and absurdly large integers become null.

    Raises:
        TooLarge: more than `MAX_BYTES`, or nested deeper than Python follows.
    """
    encoder = _ENCODERS[ascii_only]
    free = (
        [value.metadata, value.extra, value.unknown_fields]
        if isinstance(value, Session)
        else [value.kernel, value.extra]
    )
    is_flat = all(
        isinstance(key, str)
        and (item is None or isinstance(item, (str, float)) or (isinstance(item, int) and item.bit_length() <= 64))
        for data in free
        for key, item in data.items()
    )
    text = ""
    if is_flat:  # nearly always: one pass is enough
        try:
            text = encoder.encode(_fields(value))
            if not text.isascii():
                text.encode()  # raises for a lone surrogate
        except (ValueError, TypeError, AttributeError, RecursionError):
            text = ""
    if not text or (("\\u0000" in text or "\\ud" in text) and _SUSPECT.search(text)):
        try:
            data = to_json(value)
            if isinstance(value, Session):
                data = {**data.pop("unknown_fields"), **data}
            data = _storable(data, 0)
        except RecursionError as error:
            raise TooLarge("The conversation's data is nested too deeply to be kept.") from error
        text = encoder.encode({**data, "schema": SCHEMA} if isinstance(value, Session) else data)
    if len(text) > MAX_BYTES:
        raise TooLarge("The turn is larger than 64 MiB and cannot be kept; ask for less output.")
    return text


def decode(kind: type[_Value], text: str | bytes | Mapping[str, Any]) -> _Value:
    """Build a session or a turn from stored text, or from the data in it.

    Raises:
        SchemaNewer: a later release wrote it.
        StoreUnavailable: it is none.
    """
    try:
        data = json.loads(text) if isinstance(text, (str, bytes)) else text
        if data.get("schema", SCHEMA) > SCHEMA:
            raise SchemaNewer(
                "This conversation was written by a newer release of jupyter-notebook-agent. Upgrade to read it."
            )
        return from_json(kind, data)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise StoreUnavailable(DAMAGED) from error


def decode_listed(  # noqa: PLR0917 – as the columns stand
    data: str | bytes, key: str, owner: str, session_id: str, notebook_id: str, last_activity: float
) -> Session:
    """A session of a list; a damaged record is replaced by what the store knows of it."""
    try:
        return decode(Session, data)
    except StoreUnavailable:
        return Session(
            key=key,
            id=session_id,
            owner=owner,
            notebook_id=notebook_id,
            title="(unreadable)",
            metadata={UNREADABLE: True},
            last_activity=last_activity,
        )


def session_row(session: Session) -> dict[str, Any]:
    """A session's head as the columns of an SQL table."""
    return {
        "key": session.key,
        "owner": session.owner,
        "notebook_id": session.notebook_id,
        "id": session.id,
        "revision": session.revision,
        "created_at": session.created_at,
        "last_activity": session.last_activity,
        "searched": search_text(session.title),
        "data": encode(session),
    }


def turn_row(key: str, turn: Turn) -> dict[str, Any]:
    """A turn of the session of that key as the columns of an SQL table."""
    return {
        "key": key,
        "turn_id": turn.id,
        "parent": turn.parent,
        "turn_searched": turn_search_text(turn),
        "turn_data": encode(turn),
    }


def first_page(found: Sequence[Session], limit: int) -> Page:
    """A page of at most `limit` sessions; more than that were found where there is another page."""
    page = tuple(found[:limit])
    if not page or len(found) <= limit:
        return Page(page)
    position = json.dumps([page[-1].last_activity, page[-1].key])
    return Page(page, base64.urlsafe_b64encode(position.encode()).decode().rstrip("="))


def decode_cursor(cursor: str | None) -> tuple[float, str] | None:
    """The activity and key that the page starts after; None for a first page.

    Raises:
        BadRequest: it is not a cursor of ours.
    """
    if cursor is None:
        return None
    try:
        activity, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return float(activity), _UNSTORABLE.sub("\ufffd", str(key))
    except (ValueError, TypeError) as error:
        raise BadRequest("cursor is not one that a list of sessions returned.") from error


def search_text(text: str) -> str:
    """Text as it is compared in searches: literal, whatever the case."""
    if text.isascii() and "\0" not in text:
        return text.casefold()
    return _UNSTORABLE.sub("\ufffd", unicodedata.normalize("NFC", text).casefold())


def turn_search_text(turn: Turn) -> str:
    """What a search finds of a turn."""
    return search_text(f"{turn.question}\n{turn.reply}")


def _fields(value: Any) -> dict[str, Any]:
    """What `json` does not know itself, as a dictionary."""
    if isinstance(value, Mapping):
        return dict(value)
    data = {name: getattr(value, name) for name in kept_fields(value.__class__)}
    return {**data.pop("unknown_fields"), **data, "schema": SCHEMA} if isinstance(value, Session) else data


_ENCODERS = {
    ascii_only: json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=ascii_only, default=_fields)
    for ascii_only in (False, True)
}


def _storable(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if value.bit_length() <= 1024 else None
    if depth > MAX_DEPTH:
        return "(nested too deeply)"
    if isinstance(value, dict):
        return {_storable(key, 0): _storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in value]
    return value
