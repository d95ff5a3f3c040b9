"""Ids, owner, key and title of a session: what they may be and how they are made."""

from __future__ import annotations

import re

from jupyter_agent.core.errors import BadRequest
from jupyter_agent.core.session import Session
from jupyter_agent.core.text import sha256_hex
from jupyter_agent.kernelside.wire import clip

MAX_TITLE = 80

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}", re.ASCII)
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def check_id(value: str, field: str) -> str:
    """The id, if it is valid.

    Raises:
        BadRequest: it is not; the message names the field.
    """
    if not _ID.fullmatch(value):
        raise BadRequest(f"{field} must be 1 to 128 of A-Z a-z 0-9 _ . : - and begin with a letter or digit.")
    return value


def check_owner(owner: str) -> None:
    """Refuse a user name that is not valid.

    Raises:
        BadRequest: empty, or with control characters.
    """
    if not owner or len(owner) > 1024 or _CONTROL.search(owner):
        raise BadRequest("The user's name is empty or has control characters.")


def check_notebook(notebook_id: str) -> None:
    """Refuse a notebook path that is not valid.

    Raises:
        BadRequest: longer than 4,096 characters, or with control characters.
    """
    if len(notebook_id) > 4096 or _CONTROL.search(notebook_id):
        raise BadRequest("notebook_id is too long or has control characters.")


def session_key(owner: str, notebook_id: str, session_id: str, namesakes: int = 0) -> str:
    """The store's key of a session: opaque, ASCII, the same on every server; it begins with the owner's part."""
    name = "\0".join((notebook_id, session_id, str(namesakes)))
    return f"{sha256_hex(owner)[:16]}-{sha256_hex(owner + chr(0) + name)[:40]}"


def belongs_to(session: Session, owner: str) -> bool:
    """Whether a session is an owner's, by its record and by its key, which a record edited by hand cannot forge."""
    return session.owner == owner and session.key.startswith(sha256_hex(owner)[:16])


def title_of(question: str) -> str:
    """A title from a first question: one line, at most `MAX_TITLE` characters."""
    return clip(" ".join(_CONTROL.sub(" ", question[: MAX_TITLE * 8]).split()), MAX_TITLE)
