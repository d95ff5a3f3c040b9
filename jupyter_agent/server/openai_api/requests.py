"""What a client of the OpenAI API asks: a question, what was said before, and tools of its own."""

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

DEFAULT = "jupyter-agent"
GO_ON = "The results of the tools have come. Go on."
NO_QUESTION = "(The conversation begins.)"
_SESSION_ONLY = (
    "In a conversation that the server keeps, send the new user message only: 'messages' may not bring messages of role "
    "{role}{calls}. Leave session_id out to send the whole conversation each time."
)


@dataclass(frozen=True, slots=True)
class Chat:
    """What is asked.

    Attributes:
        query: The question.
        earlier: What the client says was said before.
        results: What the client's tools found, by the calls' ids.
    """

    query: str
    earlier: tuple[Turn, ...] = ()
    results: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A tool that the client has: the model's call is handed to it, and the turn waits for what it finds."""

    effect: ClassVar[Effect] = "read"  # the client decides itself what it does
    turn: RunningTurn
    spec: ToolSpec

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        answer = await self.turn.handed_over()
        if answer is None or answer.result is None:
            return ToolOutput.failure("timeout", "the client did not answer this call.")
        return ToolOutput(str(answer.result["text"]))


def understood(messages: Sequence[Mapping[str, Any]], *, kept_here: bool) -> Chat:
    """The question and what was before it.

    Args:
        messages: As the API has them.
        kept_here: Whether the server keeps the conversation: then only a new user message is taken from the client.

    Raises:
        BadRequest: the last message asks nothing, or there are messages that may not be brought.
    """
    results = _results(messages)
    said = messages[: len(messages) - len(results)]
    if kept_here and not results:
        _check_kept_here(said)
    if results:
        return Chat(GO_ON, _turns([*said, *messages[len(said) :]]), results)
    if said[-1]["role"] != "user":
        raise BadRequest("The last of 'messages' must be of role user, or the result of a tool call.")
    query = _text(said[-1])
    if not query.strip():
        raise BadRequest("The last of 'messages' is blank; a question is needed.")
    told = "\n\n".join(_text(one) for one in said if one["role"] in ("system", "developer"))
    query = f"How to answer, in all of this conversation:\n{told}\n\nThe question:\n{query}" if told else query
    return Chat(query, () if kept_here else _turns(said[:-1]))


def tools_of(body: Mapping[str, Any], turn: RunningTurn) -> dict[str, ClientTool]:
    """The client's tools, by name.

    Raises:
        BadRequest: one has no schema of an object, or a name that another one has.
    """
    tools: dict[str, ClientTool] = {}
    for one in body.get("tools") or () if body.get("tool_choice") != "none" else ():
        function = one["function"]
        spec = ToolSpec(function["name"], function.get("description") or "", _schema(function))
        if spec.name in tools:
            raise BadRequest(f"'tools' has two functions of the name '{spec.name}'.")
        tools[spec.name] = ClientTool(turn, spec)
    return tools


def model_of(name: str | None, assistant: Assistant) -> str | None:
    """The model as it is called here; a name without a provider is one of the configured provider's."""
    if not name or name == DEFAULT:
        return None
    known = {one.partition(":")[0] for one in assistant.models()}
    provider = assistant.default_model.partition(":")[0]
    if name.partition(":")[0] in known or provider in ("offline", "scripted"):
        return name
    return f"{provider}:{name}"


async def apart(assistant: Assistant, owner: str, notebook_id: str, earlier: Sequence[Turn]) -> tuple[Assistant, str]:
    """An assistant for one conversation that nobody keeps, with what was said before, and its session's id."""
    store = entry_points.load(entry_points.STORES, "memory")
    assert store is not None
    sessions = SessionManager(store("memory://"))
    session_id = uuid.uuid4().hex
    if earlier:
        session = await sessions.log.new_session(owner, notebook_id, session_id)
        await sessions.store.create(replace(session, head=earlier[-1].id, depth=len(earlier)), earlier)
    return assistant.with_sessions(sessions), session_id


def _results(messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The tool results at the end."""
    results: dict[str, str] = {}
    for one in reversed(messages):
        if one["role"] != "tool":
            break
        if not one.get("tool_call_id") or one["tool_call_id"] in results:
            raise BadRequest("Each message of role tool needs the 'tool_call_id' of the call that it answers, once.")
        results[one["tool_call_id"]] = _text(one)
    return results


def _check_kept_here(messages: Sequence[Mapping[str, Any]]) -> None:
    for one in messages:
        calls = " with tool_calls" if one.get("tool_calls") else ""
        if one["role"] not in ("user", "assistant") or calls:
            raise BadRequest(_SESSION_ONLY.format(role=one["role"], calls=calls))


def _turns(messages: Sequence[Mapping[str, Any]]) -> tuple[Turn, ...]:
    """Questions with what followed each."""
    turns: list[Turn] = []
    for one in messages:
        if one["role"] in ("system", "developer"):
            continue
        if one["role"] == "user" or not turns:
            parent = turns[-1].id if turns else None
            question = _text(one) if one["role"] == "user" else NO_QUESTION
            turns.append(Turn(uuid.uuid4().hex, parent, len(turns) + 1, question))
        if one["role"] != "user":
            turns[-1] = _with(turns[-1], _message(one))
    return tuple(turns)


def _with(turn: Turn, message: Message) -> Turn:
    said = message.content if message.role == "assistant" else ""
    reply = "\n\n".join(filter(None, (turn.reply, said)))
    return replace(turn, messages=(*turn.messages, message), reply=reply)


def _message(one: Mapping[str, Any]) -> Message:
    if one["role"] == "tool":
        return Message("tool", _text(one), tool_call_id=one.get("tool_call_id") or "")
    calls = (
        ToolCall(call["id"], call["function"]["name"], call["function"].get("arguments") or "{}")
        for call in one.get("tool_calls") or ()
    )
    return Message("assistant", _text(one), tuple(calls))


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    if any(part.get("type") != "text" for part in content):
        raise BadRequest("'messages' may bring text only: parts of type text.")
    return "\n".join(str(part.get("text") or "") for part in content)


def _schema(function: Mapping[str, Any]) -> Mapping[str, Any]:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    schema: dict[str, Any] = function.get("parameters") or {"type": "object", "properties": {}}
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise BadRequest(f"'tools': the parameters of '{function['name']}' are no JSON Schema.") from error
    if schema.get("type") != "object" or "$ref" in json.dumps(schema):
        raise BadRequest(f"'tools': the parameters of '{function['name']}' must be an object, without $ref.")
    return schema
