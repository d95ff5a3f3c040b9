"""The table of operations: what each path and method takes and gives, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct

from jupyter_agent.core import events
from jupyter_agent.server.turns.session_events import SessionEvent
from jupyter_agent.server.wire import kernels, openai_api, sessions, settings, turns
from jupyter_agent.server.wire.body import Count, KernelId, NotebookId, Secret, SessionId, ShortText, about
from jupyter_agent.sessions.export import MEDIA_TYPES

READ = ("400", "403", "404", "405", "500", "503")
POSTED = (*READ, "413", "415")
WRITE = (*READ, "409", "413", "415", "507")
TURN = (*WRITE, "429", "502", "504")
TURN_EVENTS: tuple[type[Any], ...] = get_args(events.Event)
#: Parameters of paths, queries and headers: their types.
PARAMETERS: dict[str, Any] = {
    "session_id": SessionId,
    "model": Annotated[str, Meta(min_length=1, max_length=200), about("as GET …/v1/models has it")],
    "turn_id": SessionId,
    "call_id": ShortText,
    "kernel_id": KernelId,
    "name": ShortText,
    "secret": Secret,  # not `token`: in a query that is Jupyter's own
    "notebook_id": NotebookId,
    "max_turns": Annotated[int, Meta(ge=1, le=10000), about("the last N entries")],
    "pictures": Annotated[int, Meta(ge=0, le=1), about("1: with the questions' pictures, of the newest within 16 MiB")],
    "q": ShortText,
    "limit": Annotated[int, Meta(ge=1, le=200)],
    "cursor": ShortText,
    "format": Literal["json", "md", "ipynb"],
    "since": Annotated[Count, about("only what changed after this version")],
    "column": ShortText,
    "effect": Annotated[Literal["execute", "write"], about("only this one; all if missing")],
    "probe": Annotated[int, Meta(ge=0, le=1), about("1: look for servers of models here too")],
    "Last-Event-ID": Annotated[str, about("the id of the last event that was read; the stream continues after it")],
    "X-Jupyter-Agent-Session": Annotated[SessionId, about("the same as session_id in the body")],
}
DEFAULTS = {"max_turns": 20, "limit": 50, "format": "json", "since": 0, "probe": 0, "pictures": 0}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        method: In lower case.
        path: What follows the base of its group, its parameters in braces.
        summary: What it does.
        reply: The type of the reply; None: an object, or no JSON at all.
        body: The type of the body, where there is one.
        query: Names of the query's parameters.
        header: A header that is read.
        errors: The statuses with which it may fail.
        status: Of a reply.
        body_required: Whether there must be a body.
        stream: What the reply is as an event stream, in words; empty where it is none.
        events: The types of the stream's events.
        media: Further types of a reply, which are text.
        error_replies: The types of a reply that says why it failed.
        accepted: What a status of 202 means; empty where there is none.
        passes_on: Whether a failure of the model's server has the status that it gave.
    """

    method: str
    path: str
    summary: str
    reply: Any = None
    body: type[Struct] | None = None
    query: tuple[str, ...] = ()
    header: str = ""
    errors: tuple[str, ...] = READ
    status: str = "200"
    body_required: bool = True
    stream: str = ""
    events: tuple[type[Any], ...] = ()
    media: tuple[str, ...] = ()
    accepted: str = ""
    passes_on: bool = False
    error_replies: tuple[Any, ...] = (settings.ErrorReply,)


_get, _post, _put, _patch, _delete = (partial(Operation, name) for name in ("get", "post", "put", "patch", "delete"))
_TURN, _KERNEL, _NOTEBOOK = "turns/{turn_id}", "kernels/{kernel_id}", ("notebook_id",)
_get_session = partial(_get, query=_NOTEBOOK)
_change = partial(_post, query=_NOTEBOOK, errors=WRITE)
_edit = partial(_change, body_required=False)
_create = partial(_edit, status="201")
_DOCTOR = "Stale, out-of-order and orphaned state; would Restart & Run All reproduce it"
_TURN_STREAM = (
    "Events turn, waiting, thinking, text, tool_call, approval, edit, run, progress, tool_result, usage, then exactly one of done, error, "
    "cancelled, interrupted."
)
_RESUMED_STREAM = (
    f"{_TURN_STREAM} A stream that begins with `turn` has all of them. The events of a turn that ended long ago are made "
    "from its conversation, which session_id then names."
)
_SESSIONS_STREAM = (
    "Events session: status started and ended are about turns, whose events can be followed; after changed the "
    "conversation is to be read anew. With notebook_id, of that notebook's only."
)
#: One conversation, under our own address, and under the one that it shares with Jupyter's kernel sessions.
_CONVERSATION = (
    _get_session("", "A conversation in short", sessions.SessionReply),
    _delete(
        "",
        "Delete a conversation; for 30 days it can be restored",
        sessions.ClearedReply,
        query=_NOTEBOOK,
        errors=WRITE,
    ),
    _get(
        "/history",
        "A conversation's last entries, oldest first",
        sessions.HistoryReply,
        query=("notebook_id", "max_turns", "pictures"),
    ),
)
#: What only our own address of a conversation has.
_SESSION = (
    _patch("", "Set title and metadata", sessions.SessionReply, sessions.SessionChange, query=_NOTEBOOK, errors=WRITE),
    _post(
        "/restore",
        "Take a deletion back",
        sessions.SessionReply,
        query=_NOTEBOOK,
        errors=(*WRITE, "429"),
    ),
    _get_session("/permissions", "What the user has allowed for the conversation", sessions.PermissionsReply),
    _delete("/permissions", "Take it back", sessions.PermissionsReply, query=("notebook_id", "effect"), errors=WRITE),
    _get_session("/turns", "All turns of all branches, in short", sessions.TurnsReply),
    _edit(
        "/undo", "Take the newest turn back, and what it did to the notebook", sessions.UndoReply, sessions.UndoRequest
    ),
    _edit("/redo", "Redo the last undo, and what it did to the notebook", sessions.UndoReply, sessions.UndoRequest),
    _change("/go", "Continue from another turn", sessions.SessionReply, sessions.GoRequest),
    _create(
        "/branch",
        "A new conversation with everything up to a turn",
        sessions.SessionReply,
        sessions.BranchRequest,
        errors=(*WRITE, "429"),
    ),
    _create(
        "/replay",
        "Ask the questions again, in a new conversation",
        sessions.ReplayReply,
        sessions.ReplayRequest,
        errors=TURN,
    ),
    _edit("/summarize", "Keep a summary", sessions.SummaryReply, sessions.SummaryRequest, errors=TURN),
    _create("/share", "A secret with which others may read it, or copy it", sessions.ShareReply, sessions.ShareRequest),
    _delete(
        "/share", "Revoke one secret, or all", sessions.UnshareReply, query=("notebook_id", "secret"), errors=WRITE
    ),
    _get(
        "/export",
        "A conversation up to its head, as a file",
        sessions.ExportedSession,
        query=("notebook_id", "format"),
        media=tuple(MEDIA_TYPES.values()),
    ),
)
#: The other operations.
_SERVER = (
    # A turn
    _post(
        "quick",
        "Ask about a notebook: one turn",
        events.Done,
        turns.QuickRequest,
        errors=TURN,
        stream=_TURN_STREAM,
        events=TURN_EVENTS,
    ),
    _post(
        "context",
        "Exactly what a question would send to the model; nothing is sent or stored",
        turns.ContextReply,
        turns.QuickRequest,
        errors=POSTED,
    ),
    _post("complete", "Text to insert at the cursor", turns.CompletionReply, turns.CompletionRequest, errors=TURN),
    _get(
        f"{_TURN}/events",
        "A turn's events, from the beginning or from where they were left off",
        query=("session_id", "notebook_id"),
        header="Last-Event-ID",
        stream=_RESUMED_STREAM,
        events=TURN_EVENTS,
    ),
    _post(f"{_TURN}/cancel", "Stop a turn; the answer so far is kept", turns.CancelReply),
    _post(
        f"{_TURN}/actions/{{call_id}}",
        "Answer an approval, or return what the caller ran or edited",
        turns.CallAnswerReply,
        turns.CallAnswer,
        errors=WRITE,
    ),
    # Conversations
    _get(
        "sessions",
        "Conversations, newest activity first",
        sessions.SessionListReply,
        query=("notebook_id", "q", "limit", "cursor"),
    ),
    _get(
        "events",
        "What happens to one's conversations from now on",
        query=_NOTEBOOK,
        errors=(*READ, "429"),
        stream=_SESSIONS_STREAM,
        events=(SessionEvent,),
    ),
    _get("approvals", "What waits for one's approval", turns.ApprovalsReply, query=_NOTEBOOK),
    _get("shared/{secret}", "What a secret opens, to be read", sessions.SharedSessionReply),
    _post(
        "shared/{secret}/copy",
        "A conversation of one's own that begins as the shared one",
        sessions.SessionReply,
        errors=(*WRITE, "429"),
        status="201",
    ),
    _post(
        "sessions/import",
        "A conversation from its JSON export",
        sessions.SessionReply,
        sessions.ExportedSession,
        errors=(*WRITE, "429"),
        status="201",
    ),
    _post("sessions/cleanup", "Remove the conversations that are too old now", sessions.CleanupReply, errors=WRITE),
    # Kernels and notebooks
    _get(f"{_KERNEL}/state", "What is known of a kernel", kernels.KernelStateReply, query=("since",)),
    _get(f"{_KERNEL}/variables/{{name}}", "One variable in full", kernels.VariableReply, query=("column",)),
    _get("doctor", _DOCTOR, kernels.DoctorReply, query=("notebook_id", "kernel_id")),
    _post(
        "doctor",
        f"{_DOCTOR}, with cells that need not be saved",
        kernels.DoctorReply,
        kernels.DoctorRequest,
        errors=POSTED,
    ),
    # The server
    _get("models", "Which models can answer", settings.ModelsReply, query=("probe",)),
    _get("settings", "Settings, and where each is from", settings.SettingsReply),
    _put("settings", "Change settings and keys", settings.SettingsReply, settings.SettingsRequest, errors=WRITE),
    _get(
        "instructions",
        "What instructs the agent at a notebook, and what of it counts",
        settings.InstructionsReply,
        query=_NOTEBOOK,
    ),
    _post(
        "instructions",
        "Whether a project's text instructs the agent for oneself",
        settings.InstructionsReply,
        settings.InstructionChoice,
        errors=WRITE,
    ),
    _get("commands", "The slash commands", settings.CommandsReply),
    _get("health", "How the assistant is", settings.HealthReply),
    _get("health/live", "Whether it runs", settings.HealthReply),
    _get("health/ready", "Whether it can keep a conversation", settings.HealthReply),
    _get("openapi.json", "This document"),
    # Protocols of others
    _post(
        "v1/chat/completions",
        "Ask as the OpenAI API does: any of its clients talks to the assistant that knows the notebook",
        openai_api.ChatCompletionReply,
        openai_api.ChatCompletionRequest,
        header="X-Jupyter-Agent-Session",
        errors=("401", *TURN),
        passes_on=True,
        stream="Chunks as the OpenAI API has them, then [DONE].",
    ),
    _get("v1/models", "What may be named as the model", openai_api.ChatModelsReply, errors=("401", *READ)),
    _get("v1/models/{model}", "Whether that may be named", openai_api.ChatModel, errors=("401", *READ)),
    _post(
        "mcp",
        "The tools for other agents, by the Model Context Protocol (streamable HTTP, without sessions)",
        body=openai_api.McpMessage,
        query=_NOTEBOOK,
        errors=(*POSTED, "406"),
        error_replies=(settings.ErrorReply, openai_api.McpErrorReply),
        accepted="Taken in; it needs no answer.",
        media=("application/json",),
        stream="Of a call that waits for the user: notifications of its progress, then its result.",
    ),
)
#: Path below Jupyter's base URL → method → operation.
OPERATIONS: dict[str, dict[str, Operation]] = {}
for _base, _operations in (
    ("/api/agent/", _SERVER),
    ("/api/sessions/{session_id}", _CONVERSATION),
    ("/api/agent/sessions/{session_id}", (*_CONVERSATION, *_SESSION)),
):
    for _operation in _operations:
        OPERATIONS.setdefault(_base + _operation.path, {})[_operation.method] = _operation
