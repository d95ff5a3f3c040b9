"""What clients of the OpenAI API and of the Model Context Protocol send, and what the former get."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import UNSET, Meta, UnsetType, field

from jupyter_agent.core.events import Grounding
from jupyter_agent.server.wire.body import Approval, Integer, NotebookId, OpenBody, SessionId, ShortText, about, form


class CalledFunction(OpenBody, frozen=True):
    """The function of a call; `arguments` are JSON."""

    name: ShortText
    arguments: str | None = None


class ChatCall(OpenBody, frozen=True):
    """A call in an assistant's message; `id` as the response had it."""

    id: ShortText
    function: CalledFunction


class ChatMessage(OpenBody, frozen=True):
    """A message of a chat."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: (
        Annotated[str, Meta(max_length=1024 * 1024)] | Annotated[list[dict[str, Any]], Meta(max_length=1000)] | None
    ) = None
    tool_calls: Annotated[list[ChatCall], Meta(max_length=128)] | None = None
    tool_call_id: Annotated[ShortText | None, about("of the call that this answers")] = None


class ChatFunction(OpenBody, frozen=True):
    """A function of the client's; `parameters` is a JSON Schema."""

    name: Annotated[str, form("1 to 64 letters, digits, _ and -", pattern="^[A-Za-z0-9_-]{1,64}$")]
    description: Annotated[str, Meta(max_length=10_000)] | None = None
    parameters: dict[str, Any] | None = None


class ChatTool(OpenBody, frozen=True):
    """A tool of the client's."""

    type: Literal["function"]
    function: ChatFunction


class ChatCompletionRequest(OpenBody, frozen=True):
    """As the OpenAI API has it; what is not listed here is accepted and not used."""

    messages: Annotated[list[ChatMessage], form("at least one message", min_length=1, max_length=5000)]
    model: Annotated[
        Annotated[str, Meta(max_length=200)] | None,
        about("one of GET …/v1/models, or a model of the configured provider"),
    ] = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    tools: Annotated[Annotated[list[ChatTool], Meta(max_length=128)] | None, about("the client's own")] = None
    tool_choice: Annotated[
        Any,
        about("auto, none, required, a function of the client's, or allowed_tools: those of them that may be called"),
    ] = None
    parallel_tool_calls: bool | None = None
    notebook_tools: Annotated[
        bool | None, about("whether the agent has all its own tools as well as the client's; else only those that read")
    ] = None
    response_format: Annotated[dict[str, Any] | None, about("text, json_object or json_schema")] = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    stop: ShortText | Annotated[list[ShortText], Meta(max_length=16)] | None = None
    seed: Integer | None = None
    frequency_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    reasoning_effort: ShortText | None = None
    n: Integer | None = None
    logprobs: Any = None
    functions: Any = None
    audio: Any = None
    logit_bias: Any = None
    prediction: Any = None
    verbosity: Any = None
    web_search_options: Any = None
    session_id: Annotated[SessionId | None, about("the conversation that the server keeps")] = None
    camel_session_id: Annotated[SessionId | None, about("the same")] = field(name="sessionId", default=None)
    notebook_id: NotebookId | None = None
    approval: Annotated[Approval | None, about("what the agent may do unasked")] = None


class ChatCompletionReply(TypedDict):
    """A completion; the last four fields in a conversation that the server keeps."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    system_fingerprint: None
    choices: list[dict[str, Any]]
    usage: dict[str, Any]
    warnings: NotRequired[Annotated[list[str], about("what the user should know of this answer")]]
    grounding: NotRequired[
        Annotated[Grounding, about("where its numbers and names come from, if any of them comes from nowhere")]
    ]
    sessionId: NotRequired[str]
    session_id: NotRequired[str]
    messages: NotRequired[list[dict[str, Any]]]
    reply: NotRequired[str]


class ChatModel(TypedDict):
    """A name that may stand in `model`."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ChatModelsReply(TypedDict):
    """What may be named as the model."""

    object: Literal["list"]
    data: list[ChatModel]


class McpErrorReply(TypedDict):
    """An error as the Model Context Protocol has it."""

    jsonrpc: Literal["2.0"]
    id: str | int | None
    error: Annotated[dict[str, Any], about("code and message")]


class McpMessage(OpenBody, frozen=True):
    """A request or notification of the Model Context Protocol."""

    jsonrpc: Literal["2.0"] | UnsetType = UNSET
    method: str | UnsetType = UNSET
