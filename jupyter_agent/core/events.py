"""What a model streams, and the events that a turn emits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from jupyter_agent.core.failure_log import request_id
from jupyter_agent.core.messages import (
    Action,
    ActionStatus,
    CallDisplay,
    CellEdit,
    CodeBlock,
    Effect,
    FinishReason,
    Json,
    Reason,
    ToolCall,
    Usage,
    provider_field,
    to_json,
)

if TYPE_CHECKING:
    from jupyter_agent.core.errors import AgentError

#: Name of the tool with which a model shows its plan.
UPDATE_PLAN = "update_plan"
#: In `Turn.extra`: where the answer's numbers and names come from.
GROUNDING = "grounding"
_SOURCE_KINDS: Mapping[str, Literal["prompt", "tool", "derived"]] = MappingProxyType(
    {"prompt": "prompt", "tool": "tool", "derived": "derived"}
)

# What a model streams -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Declined:
    """That a question was not answered; `words` are those that were not understood."""

    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question or command that would be answered, and what a button for it says."""

    label: str
    query: str


@dataclass(frozen=True, slots=True)
class ModelFinished:
    """The last thing a model's stream yields; `extra` is that of the message that has ended, `ignored` what it takes no notice of."""

    reason: Literal["stop", "length", "tool_calls", "refused"] = "stop"
    usage: Usage = Usage()
    extra: Mapping[str, Json] = provider_field()
    ignored: tuple[str, ...] = ()
    declined: Declined | None = None
    suggestions: tuple[Suggestion, ...] = ()


# What a turn emits: the name of each on the wire is its `event` --------------------------------


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The question is stored; from here on the turn has an end, whatever happens."""

    event: ClassVar[str] = "turn"
    session_id: str
    turn_id: str
    model: str
    state: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why no answer comes yet, for people; no part of the answer, and passed over by those who do not show it.

    Attributes:
        text: Why.
        seconds: How long nothing has come, or how long it will be; 0 where that cannot be said.
    """

    event: ClassVar[str] = "waiting"
    text: str
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Some more of the answer, in Markdown."""

    event: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """Some more of what the model thinks before it answers: shown folded, no part of the answer, and not kept.

    Attributes:
        text: In Markdown.
        replaces_text: The text since the last call was thinking, too, though it looked like the answer: this ends it.
    """

    event: ClassVar[str] = "thinking"
    text: str
    replaces_text: bool = False


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A tool is about to run.

    Attributes:
        call_id: Of the call.
        tool: Its tool.
        effect: The tool's.
        arguments: As the model gave them.
        title: The tool's, see `ToolSpec`.
        icon: Likewise.
        effects: All that it does, where that is more than `effect`.
        display: The tool's, see `ToolSpec`.
    """

    event: ClassVar[str] = "tool_call"
    call_id: str
    tool: str
    effect: Effect
    arguments: Mapping[str, Json]
    title: str = ""
    icon: str = ""
    effects: tuple[Effect, ...] = ()
    display: CallDisplay | None = None


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A call waits for the user; the answer must carry the same `digest`.

    Attributes:
        call_id: Of the call.
        tool: Its tool.
        effect: The tool's.
        arguments: As the model gave them.
        digest: SHA-256 (hex) of what would be done, and where.
        preview: What would run or be written, with characters spelled out that a reader does not see.
        reasons: Why it is asked about in every mode; empty where only the mode asks.
        effects: All that it does, where that is more than `effect`: a cell that is written and run.
        may_stand: Whether the user's yes can stand for the conversation.
        title: The tool's, see `ToolSpec`.
        icon: Likewise.
        display: Likewise.
    """

    event: ClassVar[str] = "approval"
    call_id: str
    tool: str
    effect: Effect
    arguments: Mapping[str, Json]
    digest: str
    preview: str = ""
    reasons: tuple[Reason, ...] = ()
    effects: tuple[Effect, ...] = ()
    may_stand: bool = False
    title: str = ""
    icon: str = ""
    display: CallDisplay | None = None


@dataclass(frozen=True, slots=True)
class RunAsked:
    """Code for the magic to run itself, because the kernel is busy with the magic; it may be that of the answer."""

    event: ClassVar[str] = "run"
    call_id: str
    code: str
    in_answer: bool = False


@dataclass(frozen=True, slots=True)
class EditAsked:
    """An edit for the page that has the notebook open; it answers with the change it made."""

    event: ClassVar[str] = "edit"
    call_id: str
    edit: CellEdit


@dataclass(frozen=True, slots=True)
class ToolProgress:
    """A tool call still runs: for how long, and the end of what was printed so far."""

    event: ClassVar[str] = "progress"
    call_id: str
    tool: str
    seconds: float
    content: str = ""


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """A tool's result, shortened for display; `code` says why it failed, as in `ToolOutput`."""

    event: ClassVar[str] = "tool_result"
    call_id: str
    tool: str
    status: ActionStatus
    content: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class UsageReported:
    """Tokens used so far in this turn, as in `Usage`."""

    event: ClassVar[str] = "usage"
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0

    @property
    def usage(self) -> Usage:
        """The same as `Usage`."""
        return Usage(self.input_tokens, self.output_tokens, cached_tokens=self.cached_tokens)


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One thing that the model means to do, and whether it is done."""

    text: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The model's plan as it is now, whole."""

    event: ClassVar[str] = "plan"
    items: tuple[PlanItem, ...]

    @classmethod
    def of_call(cls, call: ToolCall) -> Plan | None:
        """The plan that a call of ``update_plan`` says; None where the call is none."""
        items = call.parsed_arguments().get("items") if call.name == UPDATE_PLAN else None
        given = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        if not given:
            return None
        return cls(tuple(PlanItem(str(item.get("text", "")), item.get("done") is True) for item in given))


@dataclass(frozen=True, slots=True)
class GroundingSource:
    """Where something of an answer comes from.

    Attributes:
        kind: What the model was sent, what a tool returned or was called with, or two such numbers taken together.
        id: Of the call; of the cell, or else the name of the variable, that has it; empty where that is not known.
    """

    kind: Literal["prompt", "tool", "derived"]
    id: str = ""


@dataclass(frozen=True, slots=True)
class GroundedText:
    """A number or a name of an answer that comes from somewhere; `start` and `end` are characters of the answer."""

    text: str
    start: int
    end: int
    kind: Literal["number", "name"]
    source: GroundingSource


@dataclass(frozen=True, slots=True)
class UngroundedText:
    """A number or a name of an answer that comes from nowhere, and for a name those that there are."""

    text: str
    start: int
    end: int
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grounding:
    """Where an answer's numbers come from, and its names that the kernel has; and which come from nowhere."""

    found: tuple[GroundedText, ...] = ()
    missing: tuple[UngroundedText, ...] = ()

    def to_kept(self) -> dict[str, Json]:
        """What is kept of it, as a part of `Turn.extra`."""
        return {GROUNDING: to_json(self)} if self.found or self.missing else {}

    @classmethod
    def of_kept(cls, extra: Mapping[str, Json]) -> Grounding:
        """What `Turn.extra` tells, which is not trusted; nothing where it tells nothing."""
        try:
            kept: Any = extra.get(GROUNDING) or {}
            found = [
                GroundedText(
                    str(item["text"]),
                    int(item["start"]),
                    int(item["end"]),
                    "name" if item["kind"] == "name" else "number",
                    GroundingSource(_SOURCE_KINDS[item["source"]["kind"]], str(item["source"]["id"])),
                )
                for item in kept["found"]
            ]
            missing = [
                UngroundedText(str(item["text"]), int(item["start"]), int(item["end"]), tuple(map(str, item["near"])))
                for item in kept["missing"]
            ]
        except (TypeError, ValueError, KeyError, AttributeError):
            return cls()
        return cls(tuple(found), tuple(missing))


@dataclass(frozen=True, slots=True)
class Done:
    """The turn ended well and is durable. Its fields are the body of a reply without streaming."""

    event: ClassVar[str] = "done"
    session_id: str
    turn_id: str
    reply: str
    turn_count: int
    model: str
    finish_reason: FinishReason = "stop"
    messages: tuple[Mapping[str, Json], ...] = ()
    code: tuple[CodeBlock, ...] = ()
    variables: tuple[str, ...] = ()
    state: Mapping[str, Json] | None = None
    actions: tuple[Action, ...] = ()
    warnings: tuple[str, ...] = ()
    usage: Usage = Usage()
    plan: Plan | None = None
    grounding: Grounding = Grounding()
    declined: Declined | None = None
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn ended with an error; the answer so far is kept.

    Attributes:
        upstream_status: The status that the model's server gave; 0 where it gave none.
        retry_after: Seconds after which it may be asked again, where it says so.
    """

    event: ClassVar[str] = "error"
    message: str
    code: str
    retryable: bool
    status: int = field(default=503)
    request_id: str = field(default_factory=request_id.get)
    upstream_status: int = 0
    retry_after: float | None = None

    @classmethod
    def from_error(cls, error: AgentError) -> Failed:
        """The end of a turn in which that was raised."""
        return cls(
            error.message,
            error.code,
            error.retryable,
            error.status,
            upstream_status=error.upstream_status,
            retry_after=error.retry_after,
        )


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The user stopped the turn; the answer so far is kept."""

    event: ClassVar[str] = "cancelled"
    session_id: str
    turn_id: str
    reply: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The server stopped during the turn; the answer so far is kept."""

    event: ClassVar[str] = "interrupted"
    session_id: str
    turn_id: str
    reply: str


ModelEvent: TypeAlias = ThinkingDelta | TextDelta | ToolCall | Waiting | ModelFinished
Event: TypeAlias = (
    TurnStarted
    | Waiting
    | ThinkingDelta
    | TextDelta
    | ToolCalled
    | ApprovalAsked
    | EditAsked
    | RunAsked
    | ToolProgress
    | ToolReturned
    | Plan
    | UsageReported
    | Done
    | Failed
    | Cancelled
    | Interrupted
)
TERMINAL: frozenset[str] = frozenset({"done", "error", "cancelled", "interrupted"})
