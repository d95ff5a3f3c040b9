"""Import of an exported conversation: untrusted data is checked, bounded and redacted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import MappingProxyType

from jupyter_agent.core.errors import BadRequest, TooLarge
from jupyter_agent.core.messages import Message, to_json
from jupyter_agent.core.pictures import from_kept, to_kept, without_data
from jupyter_agent.core.session import SCHEMA, Session, Turn, from_json
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.export import FORMAT

MAX_CHARACTERS = 64 * 1024 * 1024
MAX_TURNS = 10_000
MAX_TITLE = 1000
MAX_METADATA = 64 * 1024
MAX_VARIABLES = 200
MAX_NAME = 300
MAX_QUESTION = 1024 * 1024


def read_json(text: str, redactor: Redactor | None = None) -> tuple[Session, tuple[Turn, ...]]:
    """The session and turns of a JSON export; parents and depths are made anew, key and owner are empty.

    Args:
        text: The export.
        redactor: Withholds secrets; an export of another program may have some.

    Raises:
        BadRequest: it is not an export; the message says where.
        TooLarge: there is more of it than is kept.
    """
    if len(text) > MAX_CHARACTERS:
        raise TooLarge("The exported conversation is larger than 64 MiB.")
    try:
        return _read(text, redactor)
    except RecursionError as error:
        raise TooLarge("The exported conversation is nested too deeply to be kept.") from error


def _read(text: str, redactor: Redactor | None) -> tuple[Session, tuple[Turn, ...]]:
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError("format")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadRequest("This is not an exported conversation: its format is missing.") from error
    if not isinstance(data.get("schema"), int) or data["schema"] > SCHEMA:
        raise BadRequest(
            "This conversation was exported by a newer release of jupyter-notebook-agent. Upgrade to import it."
        )
    session, turns = _read_session(data.get("session")), _read_turns(data.get("turns"))
    if redactor is None:
        return session, turns
    session = replace(
        session,
        title=redactor.text(session.title),
        metadata=MappingProxyType(redactor.mapping(session.metadata)),
        variables=tuple(map(redactor.text, session.variables)),
    )
    redacted: list[Turn] = []
    for turn in turns:  # its ids, and how it ended, stay
        kept = {"id", "parent", "digest", "status", "finish_reason", "usage", "messages"}
        bare = replace(turn, extra=without_data(turn.extra))
        data = {name: value if name in kept else redactor.json(value) for name, value in to_json(bare).items()}
        named = (replace(picture, name=redactor.text(picture.name)) for picture in from_kept(turn.extra))
        data["extra"] |= to_kept(named)
        redacted.append(replace(from_json(Turn, data), messages=tuple(map(redactor.message, turn.messages))))
    return session, tuple(redacted)


def _read_session(data: object) -> Session:
    if not isinstance(data, dict):
        raise BadRequest("session is missing from the exported conversation.")
    texts = {name: data.get(name, "") for name in ("id", "notebook_id", "title")}
    metadata, variables = data.get("metadata", {}), data.get("variables", [])
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(metadata, dict):
        raise BadRequest("session of the exported conversation has a field of the wrong type.")
    if not isinstance(variables, list) or not all(isinstance(name, str) for name in variables):
        raise BadRequest("session.variables of the exported conversation is not a list of names.")
    _check("session.title", len(texts["title"]), MAX_TITLE)
    _check("session.metadata", len(json.dumps(metadata)), MAX_METADATA)
    _check_names("session.variables", variables)
    return Session("", owner="", metadata=MappingProxyType(metadata), variables=tuple(variables), **texts)


def _read_turns(data: object) -> tuple[Turn, ...]:
    if not isinstance(data, list):
        raise BadRequest("turns are missing from the exported conversation.")
    _check("turns", len(data), MAX_TURNS)
    turns: list[Turn] = []
    for number, stored in enumerate(data, 1):
        try:
            turn = from_json(Turn, stored)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise BadRequest(f"Turn {number} of the exported conversation is not a turn.") from error
        _check(f"turns[{number - 1}].question", len(turn.question), MAX_QUESTION)
        _check_names(f"turns[{number - 1}].variables", turn.variables)
        if not _are_valid(turn.messages):
            raise BadRequest(f"Turn {number} of the exported conversation has messages that no model accepts.")
        extra = MappingProxyType({**turn.extra, **to_kept(from_kept(turn.extra))})
        turns.append(replace(turn, parent=turns[-1].id if turns else None, depth=number, extra=extra))
    if len({turn.id for turn in turns}) < len(turns):
        raise BadRequest("Two turns of the exported conversation have the same id.")
    return tuple(turns)


def _check(what: str, size: int, most: int) -> None:
    if size > most:
        raise TooLarge(f"{what} of the exported conversation is larger than is kept: {size:,} of at most {most:,}.")


def _check_names(what: str, names: Sequence[str]) -> None:
    _check(what, len(names), MAX_VARIABLES)
    _check(f"A name in {what}", max(map(len, names), default=0), MAX_NAME)


def _are_valid(messages: Iterable[Message]) -> bool:
    """Whether these may follow a question: answers and tool results only, each call with exactly one result after it."""
    waiting: set[str] = set()
    for message in messages:
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                return False
            waiting.discard(message.tool_call_id)
        elif message.role != "assistant" or waiting:
            return False
        else:
            waiting = {call.id for call in message.tool_calls}
            fields: list[object] = [
                value for call in message.tool_calls for value in (call.id, call.name, call.arguments)
            ]
            if len(waiting) < len(message.tool_calls) or not all(isinstance(value, str) for value in fields):
                return False
    return not waiting
