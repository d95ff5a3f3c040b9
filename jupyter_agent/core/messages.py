"""Message, ToolCall, Usage, CellEdit, Action: what a conversation consists of."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from jupyter_agent.core.text import FENCED_CODE, well_formed

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
else:
    Json = Any  # what reads types at run time, as for the OpenAPI document, follows no type into itself
Role = Literal["system", "user", "assistant", "tool"]
Effect = Literal["read", "execute", "write"]
#: What something reaches that is asked about in every approval mode.
ReasonCode: TypeAlias = Literal[
    "files", "process", "network", "database", "magic", "environment", "install", "remote_content", "unknown_call"
]
FinishReason = Literal[
    "stop",
    "length",
    "max_steps",
    "max_tool_calls",
    "max_write_calls",
    "max_tokens",
    "max_cost",
    "repeated_call",
    "failed_runs",
    "deadline",
    "refused",
]
ActionStatus = Literal["done", "failed", "denied", "needs_approval", "interrupted"]


def provider_field() -> Any:
    """A field for what a provider wants back within the turn: neither stored nor shown."""
    return field(default_factory=lambda: MappingProxyType({}), hash=False, metadata={"is_kept": False})


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call that the model asks for.

    Attributes:
        id: Unique within the conversation.
        name: The tool's name, as the model wrote it (it may not exist).
        arguments: JSON text, as the model wrote it (it may be broken).
        extra: Fields that the model's provider wants back within the turn; no other model, and nobody else, gets them.
    """

    id: str
    name: str
    arguments: str
    extra: Mapping[str, Json] = provider_field()

    def parsed_arguments(self) -> dict[str, Json]:
        """The arguments as JSON data; empty where they are no JSON object, or nested too deeply to be read."""
        try:
            arguments = json.loads(self.arguments or "{}")
        except (ValueError, RecursionError):
            return {}
        return arguments if isinstance(arguments, dict) else {}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that code displayed, or that the user shows.

    Attributes:
        mime: ``image/png``, ``image/jpeg``, ``image/gif`` or ``image/webp``; empty where `data` is its address.
        data: Its bytes in base64, at most 1 MiB before encoding where code displayed it.
        is_users: Whether it stands with the user's question.
        name: What it is called, for the user and the model; may be empty.
        width: In pixels; 0 where that is not known.
        height: Likewise.
    """

    mime: str
    data: str
    is_users: bool = False
    name: str = ""
    width: int = 0
    height: int = 0

    @property
    def url(self) -> str:
        """Where it is: in the address itself, or on the web."""
        return f"data:{self.mime};base64,{self.data}" if self.mime else self.data


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the conversation with a model.

    Attributes:
        role: Who speaks.
        content: The text.
        tool_calls: What the assistant asks for.
        tool_call_id: Of a tool's result: which call it answers.
        pictures: Of a tool's result, or with the question; not kept with the message.
        code: Of a tool's result: why it failed, see `ToolOutput`; empty where all is well.
        note: What stands in `content` on a line of its own and is no part of a tool's result, see `ToolOutput`.
        reminder: What is said to the model at the end of `content`; of the request alone, and not kept.
        extra: Of the assistant's: as that of `ToolCall`.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    pictures: tuple[Picture, ...] = ()
    code: str = ""
    note: str = ""
    reminder: str = field(default="", metadata={"is_kept": False})
    extra: Mapping[str, Json] = provider_field()

    @property
    def result(self) -> str:
        """`content` without its note and its reminder."""
        text = self.content
        for added in (f"\n\n{self.reminder}", f"\n{self.note}"):
            if added.strip():
                before, _, after = text.rpartition(added)
                text = before + after
        return text

    def with_reminder(self, reminder: str) -> Message:
        """The same, and at its end what the model is to mind now."""
        return replace(self, content=f"{self.content}\n\n{reminder}", reminder=reminder)

    def without_unkept(self) -> Message:
        """As it is kept with a turn: without pictures, and without what only its provider wants back."""
        calls = tuple(ToolCall(call.id, call.name, call.arguments) for call in self.tool_calls)
        return replace(self, tool_calls=calls, pictures=(), extra=MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and, where it says so, what they cost in US dollars; as reported by the model's server, else 0.

    Attributes:
        input_tokens: Sent, those of `cached_tokens` included.
        output_tokens: Received.
        cost: In US dollars.
        cached_tokens: Of those sent, what the server had from an earlier request and did not read again.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    cached_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost + other.cost,
            self.cached_tokens + other.cached_tokens,
        )

    def __sub__(self, other: Usage) -> Usage:
        """What came since, never less than nothing."""
        return Usage(
            max(0, self.input_tokens - other.input_tokens),
            max(0, self.output_tokens - other.output_tokens),
            max(0.0, self.cost - other.cost),
            max(0, self.cached_tokens - other.cached_tokens),
        )


# What an agent does to a notebook ---------------------------------------------------------------

EditKind = Literal["insert", "replace", "delete", "move", "run"]


@dataclass(frozen=True, slots=True)
class CellEdit:
    """One thing to do to one cell: compare and swap.

    Attributes:
        kind: ``run`` changes the outputs only.
        cell_id: Of the cell; of a new cell, the id that it gets.
        source_hash: SHA-256 (hex) of the source that the cell must still have; empty for a new cell.
        source: The new source, of ``insert`` and ``replace``.
        cell_type: Of a new cell.
        below: Of ``insert`` and ``move``: id of the cell to stand below; empty for the top.
        origin: Kept in the metadata of a cell that is written, as ``jupyter_agent``: who wrote it.
    """

    kind: EditKind
    cell_id: str
    source_hash: str = ""
    source: str = ""
    cell_type: Literal["code", "markdown", "raw"] = "code"
    below: str = ""
    origin: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class CellChange:
    """What an edit did, so that it can be undone: swap before and after.

    Attributes:
        cell_id: Of the cell.
        before: The cell as nbformat 4 JSON data, outputs and metadata included; None where there was none.
        after: The same afterwards; None for a deleted cell.
        below_before: Id of the cell it stood below; empty for the top, None where there was no cell.
        below_after: The same afterwards.
    """

    cell_id: str
    before: Mapping[str, Json] | None
    after: Mapping[str, Json] | None
    below_before: str | None = None
    below_after: str | None = None

    def inverted(self) -> CellChange:
        """The change that undoes this one."""
        return CellChange(self.cell_id, self.after, self.before, self.below_after, self.below_before)


# What is kept of a turn's calls ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person is asked before something is done, whatever the approval mode.

    Attributes:
        code: The family.
        text: For a reader, with the first places in the code.
        more: The other places, and in full those that are too long for the text.
    """

    code: ReasonCode
    text: str
    more: tuple[str, ...] = ()

    def with_texts(self, change: Callable[[str], str]) -> Reason:
        """The same with each of its texts changed."""
        return Reason(self.code, change(self.text), tuple(map(change, self.more)))


#: What an argument of a call is to people: the cell's id; the id of the cell above its place, empty at the top; the source that
#: is written or run; or another that says what the preview shows.
ArgumentRole: TypeAlias = Literal["cell_id", "below", "source", "previewed"]


@dataclass(frozen=True, slots=True)
class CallDisplay:
    """How people are shown the calls of a tool, besides its title and icon.

    Attributes:
        edit: What a call does to a cell: an edit is proposed at the cell. The source that an ``insert`` or ``replace`` would
            write is the preview of its review.
        arguments: Names of arguments that are shown as what they are; all others are shown as they are.
        caution: What is to be known before the tool is allowed, such as "All variables will be lost."
    """

    edit: EditKind | None = None
    arguments: Mapping[str, ArgumentRole] = field(default_factory=lambda: MappingProxyType({}))
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One tool call of a turn, in short.

    Attributes:
        call_id: Of the call.
        tool: Its tool.
        effect: The tool's.
        status: What became of it.
        title: The tool's, see `ToolSpec`.
        icon: Likewise.
        digest: Of what would have to be approved, where nobody could be asked; as in `ApprovalAsked`. Empty where something of
            it is withheld.
        preview: Likewise, without secrets.
        reasons: Likewise.
        effects: All that it does, where that is more than `effect`.
    """

    call_id: str
    tool: str
    effect: Effect
    status: ActionStatus
    title: str = ""
    icon: str = ""
    digest: str = ""
    preview: str = ""
    reasons: tuple[Reason, ...] = ()
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block of an answer."""

    language: str
    source: str


@cache
def kept_fields(kind: type[Any]) -> tuple[str, ...]:
    """Names of a dataclass's fields, but for those that only a provider gets back."""
    return tuple(item.name for item in dataclasses.fields(kind) if item.metadata.get("is_kept", True))


def to_json(value: Any) -> Any:
    """Dataclasses, mappings and tuples as plain JSON data, of what JSON and UTF-8 can carry; what is no number becomes null."""
    if isinstance(value, str):
        return value if value.isascii() else well_formed(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_json(getattr(value, name)) for name in kept_fields(type(value))}
    if isinstance(value, Mapping):
        return {well_formed(str(key)): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item) for item in value]
    return str(value)


def code_blocks(markdown: str) -> Iterator[CodeBlock]:
    """Yield the fenced code blocks of a Markdown text, in order."""
    for match in FENCED_CODE.finditer(markdown):
        if match["close"]:
            yield CodeBlock(match["language"].strip(), match["source"].rstrip("\n"))
