"""Sessions and turns as canonical JSON text, the same in every store; what comes back is data and is checked."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from jupyter_agent.core.errors import BadRequest, SchemaNewer, StoreUnavailable, TooLarge
from jupyter_agent.core.protocols import Page
from jupyter_agent.core.session import SCHEMA, Session, Turn

MAX_DEPTH = 64
MAX_BYTES = 64 * 1024 * 1024
UNREADABLE = "unreadable"

_Value = TypeVar("_Value", Session, Turn)
# PostgreSQL keeps no NUL and SQLite no lone surrogate, so no store gets either.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# NUL and surrogates in JSON text, escaped or not; an emoji's escapes are surrogates too, and are checked one by one.
_SUSPECT = re.compile(r"\\u0000|\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def encode(value: Session | Turn, *, ascii_only: bool = True) -> str:
    """A session's head or a turn as JSON text without line breaks.

    NUL and lone surrogates become U+FFFD; NaN, infinities and absurdly large integers become null.

    Raises:
        TooLarge: more than `MAX_BYTES`, or nested deeper than Python follows.
    """
    text = _encode_fast(value, ascii_only) or _encode_checked(value, ascii_only)
    if len(text) > MAX_BYTES:
        raise TooLarge("The turn is larger than 64 MiB and cannot be kept; ask for less output.")
    return text


def decode_session(text: str | bytes | Mapping[str, Any]) -> Session:
    """Build a session from stored text, or from the data in it.

    Raises:
        SchemaNewer: a later release wrote it.
        StoreUnavailable: it is not a session.
    """
    return _decode(Session, text)


def decode_turn(text: str | bytes | Mapping[str, Any]) -> Turn:
    """Build a turn from stored text, or from the data in it.

    Raises:
        StoreUnavailable: it is not a turn.
    """
    return _decode(Turn, text)


def normalized(value: _Value) -> _Value:
    """The value as every store gives it back."""
    return _decode(type(value), encode(value))


def decode_listed(  # noqa: PLR0917 – as the columns stand
    data: str | bytes, key: str, owner: str, session_id: str, notebook_id: str, last_activity: float
) -> Session:
    """A session of a list; a damaged record is replaced by what the store knows of it."""
    try:
        return decode_session(data)
    except StoreUnavailable:
        return unreadable(key, owner, session_id, notebook_id, last_activity)


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
    return Page(page, encode_cursor(page[-1]) if page and len(found) > limit else None)


def unreadable(key: str, owner: str, session_id: str, notebook_id: str, last_activity: float) -> Session:
    """A session that lists show in place of a damaged record."""
    return Session(
        key=key,
        id=session_id,
        owner=owner,
        notebook_id=notebook_id,
        title="(unreadable)",
        metadata={UNREADABLE: True},
        last_activity=last_activity,
    )


def search_text(text: str) -> str:
    """Text as it is compared in searches: literal, whatever the case."""
    if text.isascii() and "\0" not in text:
        return text.casefold()
    return _UNSTORABLE.sub("\ufffd", unicodedata.normalize("NFC", text).casefold())


def turn_search_text(turn: Turn) -> str:
    """What a search finds of a turn."""
    return search_text(f"{turn.question}\n{turn.reply}")


def encode_cursor(session: Session) -> str:
    """The cursor of the page after this session."""
    position = json.dumps([session.last_activity, session.key])
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


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


def newer_schema() -> SchemaNewer:
    """The error of a store that a newer release has migrated."""
    return SchemaNewer(
        "The conversations were written by a newer release of jupyter-notebook-agent. Upgrade to use them."
    )


def damaged() -> StoreUnavailable:
    """The error of a record that cannot be read."""
    return StoreUnavailable(
        "The stored record of this conversation is damaged. Clear the conversation or restore a backup."
    )


def _encode_fast(value: Session | Turn, ascii_only: bool) -> str | None:
    """The text in one pass, for nearly all values; None for one that has to be checked piece by piece."""
    free = (
        (value.metadata, value.extra, value.unknown_fields)
        if isinstance(value, Session)
        else (value.kernel, value.extra)
    )
    if not all(map(_is_flat, free)):
        return None
    try:
        text = json.dumps(
            _fields(value), default=_fields, separators=(",", ":"), allow_nan=False, ensure_ascii=ascii_only
        )
    except (ValueError, TypeError, RecursionError):
        return None
    return text if _is_storable(text) else None


def _is_storable(text: str) -> bool:
    """Whether JSON text has no NUL and no lone surrogate; where escapes look like one, they are checked one by one."""
    if "\\u0000" in text or "\\ud" in text:
        return not _SUSPECT.search(text)
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _encode_checked(value: Session | Turn, ascii_only: bool) -> str:
    try:
        data = _storable(value.to_json(), 0)
    except RecursionError as error:
        raise TooLarge("The conversation's data is nested too deeply to be kept.") from error
    if isinstance(value, Session):
        data["schema"] = SCHEMA
    return json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=ascii_only)


def _is_flat(data: Mapping[str, Any]) -> bool:
    return all(
        isinstance(key, str)
        and (item is None or isinstance(item, (str, float)) or (isinstance(item, int) and item.bit_length() <= 64))
        for key, item in data.items()
    )


def _fields(value: Any) -> dict[str, Any]:
    """What `json` does not know itself, as a dictionary."""
    if isinstance(value, Mapping):
        return dict(value)
    names, values = _names_and_values(value.__class__)
    data = dict(zip(names, values(value), strict=True))
    return {**data.pop("unknown_fields"), **data, "schema": SCHEMA} if isinstance(value, Session) else data


@cache
def _names_and_values(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(field.name for field in dataclasses.fields(kind))
    return names, operator.attrgetter(*names)


def _decode(kind: type[_Value], text: str | bytes | Mapping[str, Any]) -> _Value:
    try:
        data = json.loads(text) if isinstance(text, (str, bytes)) else text
        if data.get("schema", SCHEMA) > SCHEMA:
            raise SchemaNewer(
                "This conversation was written by a newer release of jupyter-notebook-agent. Upgrade to read it."
            )
        return kind.from_json(data)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise damaged() from error


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
