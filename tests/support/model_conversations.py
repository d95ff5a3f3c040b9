"""Conversations with a model of a fake server: whole turns, messages as no conversation of ours has them, broken streams."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from hypothesis import strategies as st

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.events import Event
from jupyter_agent.core.messages import Message, Picture, ToolCall
from jupyter_agent.core.protocols import AdjustableModel, ModelOptions, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.question import Question
from jupyter_agent.models.openai_compatible import failures
from jupyter_agent.models.openai_compatible.provider import ANTHROPIC
from jupyter_agent.models.openai_compatible.stream import ServerEvent, StreamedAnswer
from tests.support.scripted_assistant import events_of

LIST = ToolSpec("list_variables", "List the variables.", {"type": "object", "properties": {}})
PICTURE = Picture("image/png", "aGk=", is_users=True)
SHOWN = Picture("image/png", "aGk=")
JUNK = st.sampled_from([None, 7, -1, "", "x", [], [1], {}, {"type": "x"}, {"text": 1}, True, 1e9])
CALLED = Message("assistant", "I look.", (ToolCall("a", "list_variables", "{}"), ToolCall("b", "list_variables", "{}")))
PLACES = st.lists(st.integers(0, 5), max_size=4)
ROLES: Any = st.sampled_from(["user", "assistant", "tool", "system"])
TEXTS = st.sampled_from(["", " ", "\n", "words", "more\n", "half \ud83d", "\0"])
IDS = st.sampled_from(["a", "b", "c/ü", "d"])
CALLS = st.builds(
    ToolCall, IDS, st.sampled_from(["list_variables", "gone", "ü!"]), st.sampled_from(["{}", "[1", "", '{"x": 1}'])
)
PARTS = st.lists(
    st.sampled_from([{"size": 5}, {"size": 0}, {"call": True}, {"type": "redacted_thinking", "data": "Qk0="}, None, 7]),
    max_size=4,
)


async def asking(model: AdjustableModel, messages: Sequence[Message], options: ModelOptions, tools: Any = ()) -> Any:
    """The end of an answer."""
    async with aclosing(model.stream(messages, tools, deadline=float("inf"), options=options)) as events:
        return [event async for event in events][-1]


class Recorder:
    """A tool that takes anything and keeps it."""

    def __init__(self, name: str = "list_variables", effect: Any = "read", output: ToolOutput | None = None) -> None:
        self.spec = ToolSpec(name, f"Does {name}.", {"type": "object", "properties": {"name": {"type": "string"}}})
        self.effect = effect
        self.given: list[Mapping[str, Any]] = []
        self._output = output or ToolOutput(f"{name} has answered")

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        self.given.append(arguments)
        return self._output


@asynccontextmanager
async def assistant_of(model: Any, configure: Callable[[Any], None]) -> AsyncGenerator[Callable[..., Any], None]:
    """Asks an assistant that this model answers."""
    options = JupyterAgent(store="memory://", model=f"{model.name.partition(':')[0]}:m")
    configure(options)
    assistant = Assistant.from_config(options)
    assistant.resources.models[options.model] = model

    async def ask(query: str, *tools: Recorder, **how: Any) -> list[Event]:
        named = {tool.spec.name: tool for tool in tools}
        return await events_of(assistant, Question("me", query, session_id="s1", tools=named, **how))

    try:
        yield ask
    finally:
        await assistant.close()


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Messages as no conversation of ours has them; ids are each once, as the loop sees to it."""
    messages, used = list[Message](), set[str]()
    for role in draw(st.lists(ROLES, max_size=8)):
        calls = draw(st.lists(CALLS, max_size=3, unique_by=lambda call: call.id)) if role == "assistant" else []
        new = tuple(call for call in calls if call.id not in used)
        used |= {call.id for call in new}
        extra = {"parts": draw(PARTS)} if role == "assistant" and draw(st.booleans()) else {}
        shown = (draw(st.sampled_from([PICTURE, SHOWN])),) if role in ("user", "tool") and draw(st.booleans()) else ()
        id_ = draw(IDS) if role == "tool" else None
        code = draw(st.sampled_from(["", "denied"])) if role == "tool" else ""
        messages.append(Message(role, draw(TEXTS), new, id_, shown, code, extra=extra))
    return messages


def broken(data: Any, places: list[int], junk: Any) -> Any:
    """The same with something else somewhere within."""
    if places and isinstance(data, dict) and data:
        name = sorted(data)[places[0] % len(data)]
        return {**data, name: broken(data[name], places[1:], junk)}
    if places and isinstance(data, list) and data:
        number = places[0] % len(data)
        return [*data[:number], broken(data[number], places[1:], junk), *data[number + 1 :]]
    return junk


def survives(stream: str, read: Any, number: int, places: list[int], junk: Any) -> list[Any]:
    """What is understood of a stream of which one event is broken."""
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    events[number % len(events)] = broken(events[number % len(events)], places, junk)
    answer = StreamedAnswer(ANTHROPIC, read=read)
    try:
        for event in events:
            answer.take(ServerEvent("", json.dumps(event)))
    except failures.Failure:
        return []
    return list(answer.end())
