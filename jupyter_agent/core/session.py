"""Session, Turn: a tree of turns with a movable head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from jupyter_agent.core.messages import Action, CellChange, FinishReason, Json, Message, ToolCall, Usage, to_json

TurnStatus = Literal["done", "failed", "cancelled", "interrupted"]
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

    def to_json(self) -> dict[str, Any]:
        """The turn as JSON data."""
        return dict(to_json(self))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Turn:
        """Build from stored JSON data, which is not trusted.

        Raises:
            KeyError, TypeError, ValueError: the data is not a turn.
        """
        return cls(
            id=_string(data["id"]),
            parent=_optional_string(data["parent"]),
            depth=_integer(data["depth"]),
            question=_string(data["question"]),
            messages=tuple(_message(message) for message in data["messages"]),
            reply=_string(data["reply"]),
            status=_choice(data["status"], ("done", "failed", "cancelled", "interrupted")),
            digest=_string(data["digest"]),
            error=_optional_string(data["error"]),
            model=_string(data["model"]),
            finish_reason=data["finish_reason"],
            usage=_build(Usage, data["usage"]),
            actions=tuple(_build(Action, action) for action in data["actions"]),
            variables=tuple(_string(name) for name in data["variables"]),
            kernel=MappingProxyType(dict(data["kernel"])),
            started=float(data["started"]),
            seconds=float(data["seconds"]),
            edits=tuple(_build(CellChange, edit) for edit in data.get("edits", ())),
            extra=MappingProxyType(dict(data.get("extra", {}))),
        )


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

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OpenTurn:
        """Build from stored JSON data, which is not trusted.

        Raises:
            KeyError, TypeError, ValueError: the data is not an open turn.
        """
        found: OpenTurn = _build(
            cls,
            {
                **data,
                "calls": tuple(data["calls"]),
                "actions": tuple(_build(Action, action) for action in data.get("actions", ())),
                "edits": tuple(_build(CellChange, edit) for edit in data.get("edits", ())),
            },
        )
        return found


@dataclass(frozen=True, slots=True)
class PendingUndo:
    """An undo or redo that is recorded, and whose cells are being restored; the head moves when that is done.

    Attributes:
        id: Random; who finishes it or takes it back names it.
        kind: Which of the two.
        turn_id: The turn that is undone or redone.
        expires: On the store's clock, in seconds; later, anybody may finish it or take it back.
        reverting: Whether it is being taken back: the cells are restored to what they were, and the head stays.
    """

    id: str
    kind: Literal["undo", "redo"]
    turn_id: str
    expires: float
    reverting: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PendingUndo:
        """Build from stored JSON data, which is not trusted.

        Raises:
            KeyError, TypeError, ValueError: the data is not a pending undo.
        """
        return cls(
            id=_string(data["id"]),
            kind=_choice(data["kind"], ("undo", "redo")),
            turn_id=_string(data["turn_id"]),
            expires=float(data["expires"]),
            reverting=bool(data["reverting"]),
        )


@dataclass(frozen=True, slots=True)
class Session:
    """The head of one conversation; its turns are stored separately and read by page.

    Attributes:
        key: The store's own key: opaque, ASCII, safe as a file name.
        id: The conversation's id, as clients say it.
        owner: The server's user, ``local`` where the server has no real users.
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
        """Entries of the history: a question and its answer are two. `turns` counts questions."""
        return 2 * self.depth

    @property
    def turns(self) -> int:
        """Turns on the way to the head."""
        return self.depth

    def to_json(self) -> dict[str, Any]:
        """The session's head as JSON data."""
        data = dict(to_json(self))
        return {**data.pop("unknown_fields"), **data}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Session:
        """Build from stored JSON data, which is not trusted.

        Raises:
            KeyError, TypeError, ValueError: the data is not a session.
        """
        opened, pending = data["open"], data.get("pending_undo")
        return cls(
            key=_string(data["key"]),
            id=_string(data["id"]),
            owner=_string(data["owner"]),
            notebook_id=_string(data["notebook_id"]),
            revision=_integer(data["revision"]),
            head=_optional_string(data["head"]),
            depth=_integer(data["depth"]),
            open=None if opened is None else OpenTurn.from_json(opened),
            pending_undo=None if pending is None else PendingUndo.from_json(pending),
            title=_string(data["title"]),
            metadata=MappingProxyType(dict(data["metadata"])),
            variables=tuple(_string(name) for name in data["variables"]),
            redo=tuple(_string(name) for name in data["redo"]),
            created_at=float(data["created_at"]),
            last_activity=float(data["last_activity"]),
            extra=MappingProxyType(dict(data.get("extra", {}))),
            unknown_fields=MappingProxyType(
                {name: data[name] for name in data.keys() - cls.__dataclass_fields__.keys() - {"schema"}}
            ),
        )


def is_within(path: str, folder: str) -> bool:
    """Whether a notebook's path is that path, or below it."""
    return bool(folder) and (path == folder or path.startswith(folder + "/"))


def _build(kind: Any, data: Mapping[str, Any]) -> Any:
    """A value from its stored fields; those of a later release are left out."""
    if not isinstance(data, Mapping):
        raise TypeError("not a record")
    return kind(**{name: data[name] for name in data.keys() & kind.__dataclass_fields__.keys()})


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _optional_string(value: object) -> str | None:
    return None if value is None else _string(value)


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not an integer")
    return value


def _choice(value: object, choices: tuple[Any, ...]) -> Any:
    if value not in choices:
        raise ValueError("not a known value")
    return value


def _message(data: Mapping[str, Any]) -> Message:
    return Message(
        role=_choice(data["role"], ("system", "user", "assistant", "tool")),
        content=_string(data["content"]),
        tool_calls=tuple(_build(ToolCall, call) for call in data["tool_calls"]),
        tool_call_id=_optional_string(data["tool_call_id"]),
        code=_string(data.get("code", "")),
    )
