"""Turns on the wire: a question with its notebook, what came of a call, and the previewed request.

The events of a turn, and the reply of one that does not stream, are the dataclasses of `core.events`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import UNSET, Meta, UnsetType

from jupyter_agent.core.kernel_state import RunStatus
from jupyter_agent.core.messages import CallDisplay, Effect, Reason, Role
from jupyter_agent.server.wire.body import (
    Approval,
    Body,
    Count,
    KernelId,
    ModelName,
    NotebookId,
    PartialBody,
    QuestionText,
    SessionId,
    ShortText,
    about,
)

Million = Annotated[int, Meta(ge=0, le=10**6)]
CallLimit = Annotated[int, Meta(ge=0, le=1000)]


MediaType = Literal["image/png", "image/jpeg", "image/webp", "image/gif"]
#: Base64 of more bytes than any picture may have: what is too large is refused in words of its own.
PictureData = Annotated[str, Meta(min_length=1, max_length=16 << 20)]


class PostedPicture(Body, frozen=True):
    """A picture; what its bytes are counts, and place, camera and comments are taken out of them."""

    media_type: MediaType
    data: Annotated[
        PictureData,
        about("its bytes in Base64: at most 5 MiB, 8,000 pixels a side and 40 million in all; never an address"),
    ]
    name: Annotated[ShortText | None, about("what it is called, for the model and in the conversation")] = None


class PostedCell(PartialBody, frozen=True):
    """A cell as the page has it."""

    needs_one_of = ("source", "saved")
    id: Annotated[ShortText, about("nbformat's cell id")]
    kind: Literal["code", "markdown", "raw"]
    source: Annotated[str | UnsetType, about("the whole source")] = UNSET
    execution_count: Annotated[Annotated[int, Meta(ge=0, le=10**9)] | None, about("the number in In [n]")] = None
    output: Annotated[str | None, about("its outputs as text")] = None
    error: Annotated[str | None, about("Name: message, when the last output is an error")] = None
    saved: Annotated[bool | UnsetType | None, about("too large to send: take it as it is saved")] = UNSET
    pictures: Annotated[
        Annotated[list[PostedPicture], Meta(max_length=4)] | None,
        about("the newest of its outputs, for models that see; at most 1 MiB each, others are left out"),
    ] = None


PostedCells = Annotated[list[PostedCell], Meta(max_length=5000)]


class QuestionContext(Body, frozen=True):
    """Where a question is asked."""

    notebook_id: Annotated[NotebookId | None, about("the notebook's path below the server's root")] = None
    session_id: Annotated[SessionId | None, about("the conversation to continue; made if missing")] = None
    continue_default: Annotated[
        bool | None, about("without session_id: continue the notebook's default conversation, as the sidebar does")
    ] = None
    kernel_id: Annotated[KernelId | None, about("an id of GET /api/kernels; else the notebook's kernel")] = None
    variables: Annotated[
        Annotated[dict[str, ShortText], Meta(max_length=2000)] | None,
        about("name to type, used only where no kernel can be reached"),
    ] = None
    cell_count: Annotated[Million | None, about("how many cells the notebook has")] = None
    active_cell_id: Annotated[ShortText | None, about("the cell the user is at")] = None
    cells: Annotated[PostedCells | None, about("as the page has them")] = None


class TurnLimits(Body, frozen=True):
    """What one turn may take."""

    deadline_seconds: Annotated[Annotated[float, Meta(gt=0, le=3600)] | None, about("the turn's time")] = None
    max_steps: Annotated[Annotated[int, Meta(ge=1, le=1000)] | None, about("how often the model is asked")] = None
    max_tool_calls: Annotated[CallLimit | None, about("tool calls in this turn")] = None
    max_write_calls: Annotated[CallLimit | None, about("tool calls that run code or edit")] = None


class QuickRequest(Body, frozen=True):
    """A question about a notebook."""

    query: Annotated[QuestionText, about("the question")]
    pictures: Annotated[
        Annotated[list[PostedPicture], Meta(max_length=5)] | None,
        about(
            "that go with the question to a model that sees, at most 8 MiB together; another is told that they are there"
        ),
    ] = None
    context: QuestionContext | None = None
    model: Annotated[ModelName | None, about("else the server's")] = None
    stream: Annotated[bool | None, about("whether the answer comes as an event stream")] = None
    turn_id: Annotated[SessionId | None, about("the same id and body again is the same turn")] = None
    approval: Annotated[Approval | None, about("what the agent may do unasked")] = None
    budget: TurnLimits | None = None
    run: Annotated[
        Literal["client"] | None,
        about("client: the caller runs the turn's code itself, asked by `run` events (needs the stream)"),
    ] = None
    run_answer: Annotated[
        bool | None,
        about(
            "whether the Python code of the answer is run at its end, without asking where nothing speaks against it"
        ),
    ] = None
    edit: Annotated[
        Literal["client"] | None,
        about(
            "client: the caller has the notebook open and edits it itself, asked by `edit` events (needs the stream)"
        ),
    ] = None


class CompletionRequest(Body, frozen=True):
    """Code to be completed at the cursor."""

    prefix: Annotated[Annotated[str, Meta(max_length=200_000)], about("the cell before the cursor")]
    suffix: Annotated[Annotated[str, Meta(max_length=200_000)] | None, about("the cell after it")] = None
    language: Annotated[Annotated[str, Meta(max_length=40)] | None, about("of the cell; python if missing")] = None
    context: QuestionContext | None = None
    model: Annotated[ModelName | None, about("else the server's")] = None


class CompletionReply(TypedDict):
    """Code to insert."""

    completion: Annotated[str, about("may be empty")]
    model: str
    warnings: Annotated[list[str], about("what was lowered to the administrator's values")]


class SentCall(TypedDict):
    """A tool call in a message to a model; `arguments` are JSON as the model wrote it."""

    id: str
    name: str
    arguments: str


class SentPicture(TypedDict):
    """What is known of a picture."""

    name: str
    media_type: Annotated[str, about("empty for one that is elsewhere on the web")]
    width: int
    height: int
    bytes: int


class SentMessage(TypedDict):
    """A message as a model would get it."""

    role: Role
    content: str
    pictures: NotRequired[Annotated[list[SentPicture], about("that would be sent with it")]]
    tool_calls: NotRequired[list[SentCall]]
    tool_call_id: NotRequired[str]


class OfferedTool(TypedDict):
    """A tool as a model would be offered it; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]


class InstructionSourceInfo(TypedDict):
    """A text in which people instruct the model, as far as it stands in a request."""

    scope: Literal["administrator", "user", "project"]
    path: Annotated[str, about("below the server's root, or from the home folder; empty for the administrator's")]
    tokens: Annotated[Count, about("estimated")]
    sent: Annotated[Count, about("how many of its characters stand in the request")]
    characters: Annotated[Count, about("how many it has; of a skill, what is listed of it")]


class ContextReply(TypedDict):
    """What a question would send to its model."""

    model: Annotated[str, about("what would be asked")]
    messages: Annotated[list[SentMessage], about("as they would be sent, without secrets")]
    tools: Annotated[list[OfferedTool], about("what the model would be offered")]
    tokens: Annotated[dict[str, int], about("estimated, by part of the request; total is their sum")]
    instructions: Annotated[list[InstructionSourceInfo], about("what instructs the model, the strongest last")]
    budget_tokens: Annotated[int, about("what the request may have, its tools included")]
    window_tokens: Annotated[
        int | None, about("what the model takes, its answer included; null where that is not known")
    ]
    withheld: Annotated[Count, about("values that look secret and were left out")]
    warnings: list[str]


class PostedChange(Body, frozen=True):
    """What the page did to a cell."""

    cell_id: Annotated[ShortText, about("the cell that was asked for")]
    before: Annotated[dict[str, Any] | None, about("the cell in nbformat 4; null where there was none")]
    after: Annotated[dict[str, Any] | None, about("the same afterwards; null where it was deleted")]
    below_before: Annotated[ShortText | None, about("id of the cell it stood below; empty for the top")] = None
    below_after: Annotated[ShortText | None, about("the same afterwards")] = None


class PostedError(Body, frozen=True):
    """What code raised."""

    name: str = ""
    message: str = ""


EditStatus = Literal["cell_changed", "not_found", "read_only"]


class CallResult(Body, frozen=True):
    """What came of code that the caller ran, or of an edit that it made."""

    status: Annotated[
        Literal[RunStatus, EditStatus],
        about("ok, or why it was not done; error: the code raised, or another reason, which text has"),
    ]
    text: Annotated[str | None, about("output, results and errors as text")] = None
    images: Annotated[Million | None, about("how many pictures it displayed")] = None
    change: PostedChange | None = None
    cells: Annotated[PostedCells | None, about("where the edit was not made: the cells as the page has them now")] = (
        None
    )
    error: PostedError | None = None


class CallAnswer(PartialBody, frozen=True):
    """The user's decision on a call, or what the caller did for it."""

    decision: Literal["approve", "deny"] | UnsetType = UNSET
    digest: Annotated[
        Annotated[str, Meta(max_length=200)] | UnsetType | None,
        about("the digest of the approval that is answered; required with one"),
    ] = UNSET
    words: Annotated[
        Annotated[str, Meta(max_length=10_000)] | UnsetType | None, about("with a denial: what the model is to know")
    ] = UNSET
    scope: Annotated[
        Literal["once", "conversation"] | UnsetType | None,
        about(
            "conversation: what is approved is not asked about again in this conversation, unless there are reasons to"
        ),
    ] = UNSET
    result: CallResult | UnsetType | None = UNSET


class CallAnswerReply(TypedDict):
    """The answer has reached its turn."""

    status: Literal["accepted"]
    call_id: str


class PendingApproval(TypedDict):
    """A call that waits until somebody approves or denies it."""

    session_id: str
    notebook_id: str
    turn_id: str
    call_id: str
    tool: str
    effect: Literal["execute", "write", "read"]
    effects: Annotated[list[Effect], about("all that it does, where that is more than `effect`")]
    arguments: dict[str, Any]
    digest: Annotated[str, about("to be sent with the answer")]
    preview: Annotated[str, about("what would run or be written")]
    reasons: Annotated[list[Reason], about("why it is asked about in every mode")]
    may_stand: Annotated[bool, about("whether it can be approved for the conversation")]
    title: Annotated[str, about("the tool's, for people")]
    icon: Annotated[str, about("the tool's, of JupyterLab")]
    display: Annotated[CallDisplay | None, about("what the call does to a cell, and what its arguments are")]


class ApprovalsReply(TypedDict):
    """What waits for the user's approval now, in whichever entry point it was asked."""

    approvals: list[PendingApproval]


class CancelReply(TypedDict):
    """The turn does not run any more; `ended`: it did not run when this was asked."""

    status: Literal["cancelled", "ended"]
    turn_id: str
