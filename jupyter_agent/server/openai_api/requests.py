"""Requests of OpenAI clients: a question, the messages before it, and the client's own tools."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_agent.config import entry_points
from jupyter_agent.core.errors import BadRequest
from jupyter_agent.core.messages import Effect, Message, Picture, ToolCall
from jupyter_agent.core.pictures import checked, decoded
from jupyter_agent.core.protocols import ModelOptions, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.session import Turn
from jupyter_agent.sessions.manager import SessionManager

if TYPE_CHECKING:
    from jupyter_agent.agent.assistant import Assistant
    from jupyter_agent.server.turns.running_turn import RunningTurn
    from jupyter_agent.server.wire.openai_api import ChatCompletionRequest, ChatMessage

DEFAULT = "jupyter-agent"
GO_ON = "The results of the tools have come. Go on."
NO_QUESTION = "(The conversation begins.)"
ONLY_PICTURES = "(A picture without words.)"
_SESSION_ONLY = (
    "In a conversation that the server keeps, send the new user message only: 'messages' may not bring messages of role "
    "{role}{calls}. Leave session_id out to send the whole conversation each time."
)
_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)
_NO_PICTURE = "'messages': an image_url is a data: URL of a PNG, JPEG, GIF or WebP in base64, or an address that begins with https://."


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The question of a list of messages.

    Attributes:
        query: The question.
        earlier: Turns made of the messages before it.
        results: Results of the client's tools, by the calls' ids.
        instructions: What its system messages say; they hold for this turn.
        pictures: That the user shows.
    """

    query: str
    earlier: tuple[Turn, ...] = ()
    results: Mapping[str, str] | None = None
    instructions: str = ""
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A tool of the client: the model's call is handed over to it, and the turn waits for the result."""

    effect: ClassVar[Effect] = "read"  # the client decides itself what it does
    turn: RunningTurn
    spec: ToolSpec

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        answer = await self.turn.hand_over()
        if answer is None or answer.result is None:
            return ToolOutput.failure("timeout", "the client did not answer this call.")
        return ToolOutput(str(answer.result.text))


def parse_messages(messages: Sequence[ChatMessage], *, stored: bool) -> ChatRequest:
    """The question and the messages before it; where the server stores the conversation, only a new user message is taken.

    Raises:
        BadRequest: the last message asks nothing, or there are messages that may not be brought.
    """
    instructions = "\n\n".join(_text(message) for message in messages if message.role in ("system", "developer"))
    shown = [message for message in messages if message.role == "user"]
    shown = shown[-1:] if stored else shown
    pictures = tuple(picture for message in shown for picture in _pictures(message))
    if results := _results(messages):
        return ChatRequest(GO_ON, _turns(messages), results, instructions, pictures)
    for message in messages if stored else ():
        calls = " with tool_calls" if message.tool_calls else ""
        if message.role == "tool" or calls:
            raise BadRequest(_SESSION_ONLY.format(role=message.role, calls=calls))
    spoken = [message for message in messages if message.role not in ("system", "developer")]
    if not spoken or spoken[-1].role != "user":
        raise BadRequest("The last of 'messages' must be of role user, or the result of a tool call.")
    query = _text(spoken[-1])
    if not query.strip() and _pictures(spoken[-1]):
        query = ONLY_PICTURES
    if not query.strip():
        raise BadRequest("The last of 'messages' is blank; a question is needed.")
    return ChatRequest(query, () if stored else _turns(spoken[:-1]), None, instructions, pictures)


def model_options(body: ChatCompletionRequest, *, must_see: bool) -> ModelOptions:
    """How the answer is to be made.

    Raises:
        BadRequest: a tool is to be called that the client does not bring, or the form of the answer is none.
    """
    choice, _ = _tool_choice(body)
    form = body.response_format or {}
    if form.get("type", "text") not in ("text", "json_object", "json_schema"):
        raise BadRequest("'response_format' must be of type text, json_object or json_schema.")
    if form.get("type") == "json_schema":
        described = form.get("json_schema")
        check_schema(described.get("schema") if isinstance(described, dict) else None, "'response_format': its schema")
    return ModelOptions(
        temperature=body.temperature,
        top_p=body.top_p,
        max_tokens=body.max_completion_tokens or body.max_tokens,
        stop=tuple(filter(None, [body.stop] if isinstance(body.stop, str) else body.stop or ())),
        seed=body.seed,
        frequency_penalty=body.frequency_penalty,
        presence_penalty=body.presence_penalty,
        reasoning_effort=body.reasoning_effort or "",
        response_format=form if form.get("type", "text") != "text" else None,
        tool_choice=choice,
        parallel_tool_calls=body.parallel_tool_calls if body.tools else None,
        must_see=must_see,
        is_for_program=bool(body.tools) or form.get("type", "text") != "text",
    )


def _tool_choice(body: ChatCompletionRequest) -> tuple[str, AbstractSet[str]]:
    """The function of the client's that is to be called, or ``required`` for any, or nothing; and which of them may be.

    Raises:
        BadRequest: there is no such function.
    """
    choice, names = body.tool_choice, {tool.function.name for tool in body.tools or ()}
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        given = choice.get("allowed_tools", choice)
        given = given if isinstance(given, dict) else {}
        tools = given.get("tools")
        allowed = {_named(tool) for tool in tools} if isinstance(tools, list) else set()
        if not allowed or not allowed <= names:
            raise BadRequest("'tool_choice' allows a function that is not in 'tools', or none.")
        choice, names = given.get("mode", "auto"), allowed
        if choice not in ("auto", "required"):
            raise BadRequest("The mode of 'tool_choice' must be auto or required.")
    elif isinstance(choice, dict):
        choice = _named(choice)
        if choice not in names:
            raise BadRequest("'tool_choice' names no function of 'tools'.")
    elif choice not in (None, "auto", "none", "required"):
        raise BadRequest("'tool_choice' must be auto, none, required, or a function of 'tools'.")
    elif choice == "required" and not names:
        raise BadRequest("'tool_choice' is required, and 'tools' has no function.")
    return ("", set()) if choice == "none" else ("" if choice in (None, "auto") else str(choice), names)


def _named(tool: Any) -> str:
    """The function that a tool, or a choice of one, names; empty where it names none."""
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    return str(function.get("name", "")) if isinstance(function, dict) else ""


def check_schema(schema: Any, what: str) -> None:
    """Refuse what is no schema, and what refers to somewhere else.

    Raises:
        BadRequest: that; the message begins with `what`.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        if not isinstance(schema, dict):
            raise SchemaError("not an object")
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise BadRequest(f"{what} is no JSON Schema.") from error
    if any(not reference.startswith("#") for reference in _references(schema)):
        raise BadRequest(f"{what} refers to another document: a $ref may only point within the schema.")


def client_tools(body: ChatCompletionRequest, turn: RunningTurn) -> dict[str, ClientTool]:
    """The client's tools, by name.

    Raises:
        BadRequest: one has no schema of an object, or a name that another one has.
    """
    tools: dict[str, ClientTool] = {}
    _, allowed = _tool_choice(body)
    for tool in (tool for tool in body.tools or () if tool.function.name in allowed):
        name, schema = tool.function.name, tool.function.parameters or {"type": "object", "properties": {}}
        check_schema(schema, f"'tools': what the parameters of '{name}' are")
        if schema.get("type", "object") != "object":
            raise BadRequest(f"'tools': the parameters of '{name}' must be an object.")
        if name in tools:
            raise BadRequest(f"'tools' has two functions of the name '{name}'.")
        tools[name] = ClientTool(turn, ToolSpec(name, tool.function.description or "", schema))
    return tools


def model_name(name: str | None, assistant: Assistant) -> str | None:
    """The model's name here; a name without a provider is one of the configured provider's."""
    if not name or name == DEFAULT:
        return None
    known = {model.partition(":")[0] for model in assistant.models()}
    provider = assistant.default_model.partition(":")[0]
    if name.partition(":")[0] in known or provider in ("offline", "scripted"):
        return name
    return f"{provider}:{name}"


async def unstored(
    assistant: Assistant, owner: str, notebook_id: str, earlier: Sequence[Turn]
) -> tuple[Assistant, str]:
    """An assistant whose one conversation is only in memory, with the earlier turns, and its session's id."""
    store = entry_points.load(entry_points.STORES, "memory")
    assert store is not None
    sessions = SessionManager(store("memory://"))
    session_id = uuid.uuid4().hex
    if earlier:
        session = await sessions.log.new_session(owner, notebook_id, session_id)
        await sessions.store.create(replace(session, head=earlier[-1].id, depth=len(earlier)), earlier)
    return assistant.with_sessions(sessions), session_id


def _results(messages: Sequence[ChatMessage]) -> dict[str, str]:
    """The tool results at the end."""
    results: dict[str, str] = {}
    for message in reversed(messages):
        if message.role != "tool":
            break
        if not message.tool_call_id or message.tool_call_id in results:
            raise BadRequest("Each message of role tool needs the 'tool_call_id' of the call that it answers, once.")
        results[message.tool_call_id] = _text(message)
    return results


def _turns(messages: Sequence[ChatMessage]) -> tuple[Turn, ...]:
    """Questions with the messages that followed each."""
    turns: list[Turn] = []
    for given in messages:
        role = given.role
        if role in ("system", "developer"):
            continue
        text = _text(given)
        if role == "user" or not turns:
            parent = turns[-1].id if turns else None
            turns.append(Turn(uuid.uuid4().hex, parent, len(turns) + 1, text if role == "user" else NO_QUESTION))
        if role == "user":
            continue
        message = Message("tool", text, tool_call_id=given.tool_call_id or "")
        if role != "tool":
            calls = (
                ToolCall(call.id, call.function.name, call.function.arguments or "{}")
                for call in given.tool_calls or ()
            )
            message = Message("assistant", text, tuple(calls))
        turn = turns[-1]
        reply = "\n\n".join(filter(None, (turn.reply, text if role != "tool" else "")))
        turns[-1] = replace(turn, messages=(*turn.messages, message), reply=reply)
    return tuple(turns)


def _text(message: ChatMessage) -> str:
    content = message.content or ""
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for part in content:
        kind = part.get("type")
        if kind in ("text", "refusal"):
            texts.append(str(part.get(kind) or ""))
        elif kind != "image_url" or message.role != "user":
            raise BadRequest("'messages' may bring text, and of users pictures: parts of type text and image_url.")
    return "\n".join(texts)


def _pictures(message: ChatMessage) -> list[Picture]:
    """The pictures of a user's message; those on the web are for the model's server to fetch."""
    content, pictures = message.content, list[Picture]()
    for part in content if isinstance(content, list) and message.role == "user" else ():
        if part.get("type") != "image_url":
            continue
        given = part.get("image_url")
        url = given.get("url") if isinstance(given, dict) else given
        if not isinstance(url, str):
            raise BadRequest(_NO_PICTURE)
        if match := _PICTURE.fullmatch(url):
            pictures.append(checked(decoded(match[1]), is_users=True))
        elif url.startswith(("https://", "http://")) and url.isprintable():
            pictures.append(Picture("", url, is_users=True))
        else:
            raise BadRequest(_NO_PICTURE)
    return pictures


def _references(schema: Any) -> Iterator[str]:
    """What a schema refers to."""
    values = schema if isinstance(schema, list) else schema.values() if isinstance(schema, dict) else ()
    for value in values:
        yield from _references(value)
    if isinstance(schema, dict):
        yield from (
            str(schema[key]) for key in ("$ref", "$dynamicRef", "$recursiveRef") if isinstance(schema.get(key), str)
        )
