"""Requests of OpenAI clients: a question, the messages before it, and the client's own tools."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_agent.config import entry_points
from jupyter_agent.core.errors import BadRequest
from jupyter_agent.core.messages import Effect, Message, ToolCall
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.session import Turn
from jupyter_agent.sessions.manager import SessionManager

if TYPE_CHECKING:
    from jupyter_agent.agent.assistant import Assistant
    from jupyter_agent.server.turns.running_turn import RunningTurn
    from jupyter_agent.server.wire.openai_api import ChatCompletionRequest, ChatMessage

DEFAULT = "jupyter-agent"
GO_ON = "The results of the tools have come. Go on."
NO_QUESTION = "(The conversation begins.)"
_SESSION_ONLY = (
    "In a conversation that the server keeps, send the new user message only: 'messages' may not bring messages of role "
    "{role}{calls}. Leave session_id out to send the whole conversation each time."
)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The question of a list of messages.

    Attributes:
        query: The question.
        earlier: Turns made of the messages before it.
        results: Results of the client's tools, by the calls' ids.
    """

    query: str
    earlier: tuple[Turn, ...] = ()
    results: Mapping[str, str] | None = None


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
    if results := _results(messages):
        return ChatRequest(GO_ON, _turns(messages), results)
    for message in messages if stored else ():
        calls = " with tool_calls" if message.tool_calls else ""
        if message.role not in ("user", "assistant") or calls:
            raise BadRequest(_SESSION_ONLY.format(role=message.role, calls=calls))
    if messages[-1].role != "user":
        raise BadRequest("The last of 'messages' must be of role user, or the result of a tool call.")
    query = _text(messages[-1])
    if not query.strip():
        raise BadRequest("The last of 'messages' is blank; a question is needed.")
    system = "\n\n".join(_text(message) for message in messages if message.role in ("system", "developer"))
    query = f"How to answer, in all of this conversation:\n{system}\n\nThe question:\n{query}" if system else query
    return ChatRequest(query, () if stored else _turns(messages[:-1]))


def client_tools(body: ChatCompletionRequest, turn: RunningTurn) -> dict[str, ClientTool]:
    """The client's tools, by name.

    Raises:
        BadRequest: one has no schema of an object, or a name that another one has.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    tools: dict[str, ClientTool] = {}
    for tool in body.tools or () if body.tool_choice != "none" else ():
        name, schema = tool.function.name, tool.function.parameters or {"type": "object", "properties": {}}
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise BadRequest(f"'tools': the parameters of '{name}' are no JSON Schema.") from error
        if schema.get("type") != "object" or "$ref" in json.dumps(schema):
            raise BadRequest(f"'tools': the parameters of '{name}' must be an object, without $ref.")
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
    if any(part.get("type") != "text" for part in content):
        raise BadRequest("'messages' may bring text only: parts of type text.")
    return "\n".join(str(part.get("text") or "") for part in content)
