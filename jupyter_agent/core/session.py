"""Session, Turn: a tree of turns with a movable head."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args

from jupyter_agent.core.messages import (
    Action,
    ActionStatus,
    CellChange,
    Effect,
    FinishReason,
    Json,
    Message,
    Reason,
    Role,
    ToolCall,
    Usage,
    kept_fields,
)

TurnStatus = Literal["done", "failed", "cancelled", "interrupted"]
UndoKind = Literal["undo", "redo"]
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what came of it; appended once, never rewritten.

    Attributes:
        id: Unique within the session; a client may choose it, so that a retry is the same turn.
        parent: The turn before it on its branch; None for a first one.
        depth: Its distance from the root, 1 for a first one.
        question: What the user asked.
        messages: The assistant's messages and tool results after the question, in order, provider-valid.
        reply: The answer's text as shown.
        status: How it ended.
        digest: SHA-256 of the request's body, which tells a retry from a reused id.
        error: Code of the error that ended it.
        model: Which model answered.
        finish_reason: Why it ended.
        usage: Tokens.
        actions: Tool calls in short.
        variables: Live names that question or answer speak of.
        kernel: ``{"kernel_id", "epoch", "version"}`` of the state it saw.
        started: Seconds since the epoch.
        seconds: How long it took.
        edits: What it changed in the notebook, in order, with the way back.
        extra: Room for what later releases keep.
    """

    id: str
    parent: str | None
    depth: int
    question: str
    messages: tuple[Message, ...] = ()
    reply: str = ""
    status: TurnStatus = "done"
    digest: str = ""
    error: str | None = None
    model: str = ""
    finish_reason: FinishReason | None = None
    usage: Usage = Usage()
    actions: tuple[Action, ...] = ()
    variables: tuple[str, ...] = ()
    kernel: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    started: float = 0.0
    seconds: float = 0.0
    edits: tuple[CellChange, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A turn that began and has not ended; whoever holds it renews it before `expires`.

    Attributes:
        id: The turn's id.
        holder: Random token of the process that answers.
        expires: On the store's clock, in seconds; later, anybody may take over and the turn is `interrupted`.
        question: What was asked, so that nothing is lost when the holder dies.
        digest: As in `Turn`.
        started: Seconds since the epoch.
        calls: Ids of the tool calls that have been started and not answered yet.
        actions: Tool calls with an effect so far; those under way are ``interrupted``, which is what they are if nothing
            more is ever heard of them.
        edits: What was changed in the notebook so far.
        process: The process that answers, where it can be known whether that is gone.
    """

    id: str
    holder: str
    expires: float
    question: str
    digest: str
    started: float
    calls: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    edits: tuple[CellChange, ...] = ()
    process: str = ""


@dataclass(frozen=True, slots=True)
class PendingUndo:
    """An undo or redo that is recorded, and whose cells are being restored; the head moves when that is done.

    Attributes:
        id: Random; who finishes it or takes it back names it.
        kind: Which of the two.
        turn_id: The turn that is undone or redone.
        expires: On the store's clock, in seconds; later, anybody may finish it or take it back.
        reverting: Whether it is being taken back: the cells are restored to what they were, and the head stays.
        process: As in `OpenTurn`; empty where a page restores the cells.
    """

    id: str
    kind: UndoKind
    turn_id: str
    expires: float
    reverting: bool = False
    process: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """The head of one conversation; its turns are stored separately and read by page.

    Attributes:
        key: The store's own key: opaque, ASCII, safe as a file name.
        id: The conversation's id, as clients say it.
        owner: Whose it is: a user of an identity provider, else that of the server's data folder.
        notebook_id: The notebook's path below the server's root; empty without one.
        revision: Grows by one with every commit; the fencing number of every write.
        head: Id of the turn that the next question follows; None at the start.
        depth: Turns on the path from the root to the head.
        open: The turn being answered.
        pending_undo: An undo or redo whose cells are being restored; never together with an open turn.
        title: Shown in lists; the first question's beginning unless renamed.
        metadata: The clients' own data.
        variables: Live names that the conversation has spoken of, newest last.
        redo: Heads that undo has moved away from, newest last.
        created_at: Seconds since the epoch.
        last_activity: Seconds since the epoch.
        extra: What we keep about it ourselves: its summary, who it is shared with.
        unknown_fields: What a later release of the same schema keeps as well; stored again unchanged.
    """

    key: str
    id: str
    owner: str
    notebook_id: str
    revision: int = 1
    head: str | None = None
    depth: int = 0
    open: OpenTurn | None = None
    pending_undo: PendingUndo | None = None
    title: str = ""
    metadata: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    variables: tuple[str, ...] = ()
    redo: tuple[str, ...] = ()
    created_at: float = 0.0
    last_activity: float = 0.0
    extra: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    unknown_fields: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def name(self) -> tuple[str, str, str]:
        """Owner, notebook and id: a store has at most one session of that name."""
        return self.owner, self.notebook_id, self.id

    @property
    def turn_count(self) -> int:
        """Entries of the history: a question and its answer are two; `depth` counts questions."""
        return 2 * self.depth


def is_within(path: str, folder: str) -> bool:
    """Whether a notebook's path is that path, or below it."""
    return bool(folder) and (path == folder or path.startswith(folder + "/"))


_Record = TypeVar("_Record", Session, Turn, OpenTurn, PendingUndo, Message, ToolCall, Usage, Action, Reason, CellChange)


def from_json(kind: type[_Record], data: Mapping[str, Any]) -> _Record:
    """A session, a turn or a part of one from stored JSON data, which is not trusted; what a later release adds is left out.

    Raises:
        KeyError, TypeError, ValueError: the data is not one.
    """
    if not isinstance(data, Mapping):
        raise TypeError("not a record")
    given = {name: read(data[name]) for name, read, is_required in _FIELDS[kind] if is_required or name in data}
    if kind is Session:
        unknown = data.keys() - Session.__dataclass_fields__.keys() - {"schema"}
        given["unknown_fields"] = MappingProxyType({name: data[name] for name in unknown})
    return kind(**given)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not an integer")
    return value


def _number(value: object) -> float:
    # An integer may be larger than any float; NaN is not at most anything.
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not abs(value) <= sys.float_info.max:
        raise TypeError("not a number")
    return float(value)


def _records(kind: Any) -> Callable[[Any], Any]:
    return lambda values: tuple(from_json(kind, value) for value in values)


def _optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _mapping(value: Any) -> Mapping[str, Json]:
    return MappingProxyType(dict(value))


def _choice(choices: tuple[Any, ...], value: Any) -> Any:
    if value not in choices:
        raise ValueError("not a known value")
    return value


#: How a field is read, by its annotation.
_READERS: Mapping[Any, Callable[[Any], Any]] = {
    "str": _string,
    "str | None": _optional(_string),
    "int": _integer,
    "float": _number,
    "bool": bool,
    "tuple[str, ...]": lambda values: tuple(map(_string, values)),
    "Mapping[str, Json]": _mapping,
    "Mapping[str, Json] | None": _optional(_mapping),
    "Role": partial(_choice, get_args(Role)),
    "Effect": partial(_choice, get_args(Effect)),
    "tuple[Effect, ...]": lambda values: tuple(_choice(get_args(Effect), value) for value in values),
    "ActionStatus": partial(_choice, get_args(ActionStatus)),
    "TurnStatus": partial(_choice, get_args(TurnStatus)),
    "UndoKind": partial(_choice, get_args(UndoKind)),
    "FinishReason | None": _optional(_string),  # a later release may have more of these two
    "ReasonCode": _string,
    "Usage": partial(from_json, Usage),
    "OpenTurn | None": _optional(partial(from_json, OpenTurn)),
    "PendingUndo | None": _optional(partial(from_json, PendingUndo)),
    **{f"tuple[{kind.__name__}, ...]": _records(kind) for kind in (Action, CellChange, Message, Reason, ToolCall)},
}
#: How each kind is read: its fields, and whether records of all releases have them. Pictures are not kept with a turn, nor what a provider wants back.
_FIELDS: Mapping[Any, tuple[tuple[str, Callable[[Any], Any], bool], ...]] = {
    kind: tuple(
        (field.name, _READERS[field.type], field.name not in added)
        for field in fields(kind)
        if field.name not in ("pictures", "unknown_fields") and field.name in kept_fields(kind)
    )
    for kind, added in (
        (Turn, ("edits", "extra")),
        (Message, ("code", "note")),
        (OpenTurn, ("actions", "edits")),
        (PendingUndo, ()),
        (Session, ("pending_undo", "extra")),
        *(
            (part, [field.name for field in fields(part) if field.default is not MISSING])
            for part in (ToolCall, Usage, Action, Reason, CellChange)
        ),
    )
}
