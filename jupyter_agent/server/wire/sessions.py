"""Conversations on the wire: info, history, the tree of turns, and what may be done with one."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import UNSET, UnsetType, field

from jupyter_agent.core.events import Grounding
from jupyter_agent.core.messages import Action, ActionStatus, CellChange, Effect, FinishReason, Usage
from jupyter_agent.core.session import TurnStatus, UndoKind
from jupyter_agent.server.wire.body import (
    Body,
    Count,
    Integer,
    ModelName,
    OpenBody,
    PartialBody,
    SessionId,
    ShortText,
    about,
    form,
)
from jupyter_agent.server.wire.turns import SentPicture

ShareMode = Literal["read", "copy"]


class SessionChange(PartialBody, frozen=True):
    """What is to be changed in a conversation."""

    title: Annotated[ShortText | UnsetType, about("shown in lists")] = UNSET
    metadata: Annotated[dict[str, Any] | UnsetType, about("replaces the old")] = UNSET


class RunningTurnInfo(TypedDict):
    """A turn that is being answered."""

    turn_id: str
    question: str


class PendingUndoInfo(TypedDict):
    """An undo or redo whose edits are not confirmed."""

    kind: UndoKind
    turn_id: str


class SessionReply(TypedDict):
    """A conversation in short."""

    session_id: str
    notebook_id: str
    turn_count: Annotated[int, about("entries of the history; a question and its answer are two")]
    turns: Annotated[int, about("questions on the current branch")]
    last_activity: Annotated[str, about("ISO 8601 in UTC")]
    variables: Annotated[list[str], about("live names that the conversation has mentioned, newest last")]
    title: str
    metadata: Annotated[dict[str, Any], about("the clients' own data")]
    head: Annotated[str | None, about("the turn that the next question follows")]
    created_at: Annotated[str, about("ISO 8601 in UTC")]
    running: Annotated[RunningTurnInfo | None, about("the turn that is being answered")]
    pending_undo: Annotated[
        PendingUndoInfo | None,
        about("it was begun and not finished; asking for it again finishes it, the opposite cancels it"),
    ]


class SessionListReply(TypedDict):
    """One page of conversations."""

    default_session: Annotated[
        SessionReply | None,
        about("on the first page of one notebook's: the conversation that a question continues which names none"),
    ]
    sessions: list[SessionReply]
    cursor: Annotated[str | None, about("of the next page; null on the last")]


class ClearedReply(TypedDict):
    """A conversation was deleted."""

    status: Literal["cleared"]
    session_id: str
    restorable_until: Annotated[
        str | None, about("ISO 8601 in UTC: until then POST …/restore brings it back; null where it cannot")
    ]


class PermissionsReply(TypedDict):
    """What needs no further approval in a conversation; what is asked about in every mode is asked about all the same."""

    session_id: str
    effects: Annotated[list[Effect], about("execute: code is run; write: cells are edited")]


class AnswerStep(TypedDict):
    """A step on the way to an answer: a text, or a tool call, which has all the other fields."""

    text: NotRequired[str]
    call_id: NotRequired[str]
    tool: NotRequired[str]
    effect: NotRequired[Effect]
    status: NotRequired[ActionStatus]
    arguments: NotRequired[dict[str, Any]]
    title: NotRequired[Annotated[str, about("the tool's name for people")]]
    icon: NotRequired[Annotated[str, about("name of a JupyterLab icon")]]
    content: NotRequired[Annotated[str, about("the call's result, shortened")]]


class KeptPicture(SentPicture):
    """A picture that went with a question."""

    data: NotRequired[
        Annotated[
            str, about("its bytes in Base64; missing where they were too large to be kept, or are not shown here")
        ]
    ]


class HistoryEntry(TypedDict):
    """One entry of a conversation's history: a question, which has `parent`, or an answer, which has the fields below it."""

    role: Literal["user", "assistant"]
    content: str
    turn_id: str
    created_at: str
    parent: NotRequired[Annotated[str | None, about("the turn before it on its branch; null for a first one")]]
    pictures: NotRequired[Annotated[list[KeptPicture], about("that went with the question")]]
    status: NotRequired[TurnStatus]
    error: NotRequired[Annotated[str | None, about("code of the error that ended the turn")]]
    model: NotRequired[str]
    finish_reason: NotRequired[FinishReason | None]
    actions: NotRequired[list[Action]]
    steps: NotRequired[list[AnswerStep]]
    usage: NotRequired[Usage]
    grounding: NotRequired[Annotated[Grounding, about("where the answer's numbers and names come from")]]
    seconds: NotRequired[Annotated[float, about("how long the answer took")]]


class HistoryReply(TypedDict):
    """The last entries of a conversation, oldest first."""

    session_id: str
    turn_count: Annotated[int, about("entries of the whole history; a question and its answer are two")]
    history: list[HistoryEntry]


class UndoRequest(Body, frozen=True):
    """How undo and redo treat the notebook."""

    edits: Annotated[
        Literal["server", "client", "none"] | None,
        about("who restores the notebook: this server (if missing), the page itself, or nobody"),
    ] = None
    operation: Annotated[
        SessionId | None, about("of an undo or redo whose edits the page has made since: it ends, and the head moves")
    ] = None
    cancel: Annotated[bool | None, about("with an operation: none of its edits is made, and the head stays")] = None


class NotebookEdits(TypedDict):
    """How the notebook is restored."""

    changes: Annotated[list[CellChange], about("in the order to apply")]
    left: Annotated[list[str], about("ids of cells that were left, because somebody changed them since")]
    problem: Annotated[str, about("why the notebook was not touched at all; empty where it was")]
    operation: NotRequired[
        Annotated[
            str, about("the page makes the edits, then names this in a second request; until then the head stays")
        ]
    ]


class UndoReply(SessionReply):
    """A conversation after undo or redo."""

    edits: NotebookEdits


class GoRequest(Body, frozen=True):
    """Where to go on."""

    turn_id: Annotated[SessionId | None, about("A turn on any branch; null: before the first")]


class TurnInfo(TypedDict):
    """A turn in short; its question is cut."""

    turn_id: str
    parent: str | None
    question: str
    status: TurnStatus
    model: str
    created_at: str


class TurnsReply(TypedDict):
    """All turns of a conversation."""

    session_id: str
    head: str | None
    can_redo: bool
    turns: Annotated[list[TurnInfo], about("of all branches, parents first")]


class BranchRequest(Body, frozen=True):
    """Where a new conversation branches off."""

    turn_id: Annotated[SessionId | None, about("A turn of the conversation; its head if missing")] = None


class ReplayRequest(Body, frozen=True):
    """Which questions are asked again, and by which model."""

    model: Annotated[ModelName | None, about("else the server's")] = None
    first: Annotated[SessionId | None, about("the first turn of which the question is asked again")] = field(
        name="from", default=None
    )
    last: Annotated[SessionId | None, about("the last one")] = field(name="to", default=None)


class ReplayedAnswer(TypedDict):
    """One answer to a question that was asked twice."""

    turn_id: str
    reply: str
    model: str
    status: TurnStatus
    seconds: float
    input_tokens: int
    output_tokens: int
    cached_tokens: int


class ReplayedTurn(TypedDict):
    """A question that was asked again."""

    question: str
    before: ReplayedAnswer
    after: ReplayedAnswer
    same: Annotated[bool, about("whether the answers are the same")]


class ReplayReply(TypedDict):
    """What came of a replay."""

    session: Annotated[SessionReply, about("the new conversation")]
    turns: list[ReplayedTurn]
    left: Annotated[Count, about("questions that were not asked again")]
    stopped: Annotated[str, about("why some are left; empty when none is")]


class SummaryRequest(Body, frozen=True):
    """A summary to be kept."""

    summary: Annotated[
        Annotated[str, form("a text, not blank", max_length=100_000, pattern="\\S")] | None,
        about("without one the model writes it"),
    ] = None
    model: Annotated[ModelName | None, about("else the server's")] = None
    turn_id: Annotated[SessionId | None, about("the last turn it covers; with a summary only")] = None


class SummaryReply(TypedDict):
    """The summary as it is kept."""

    session_id: str
    summary: str
    turn_id: Annotated[str | None, about("the last turn it covers")]


class ShareRequest(Body, frozen=True):
    """What others may do."""

    mode: Annotated[ShareMode | None, about("read (if missing): it may be read only")] = None


class ShareReply(TypedDict):
    """A secret that opens the conversation; it is shown this once."""

    session_id: str
    secret: str
    mode: ShareMode


class UnshareReply(TypedDict):
    """How many secrets were revoked."""

    session_id: str
    revoked: Count


class SharedSessionReply(TypedDict):
    """What a secret opens."""

    title: str
    turn_count: Count
    created_at: str
    history: list[HistoryEntry]


class ExportedSession(OpenBody, frozen=True):
    """A conversation as GET …/export?format=json gives it."""

    format: str
    schema: Integer
    session: dict[str, Any]
    turns: Any


class CleanupReply(TypedDict):
    """How many conversations were too old and are removed."""

    removed: Count
