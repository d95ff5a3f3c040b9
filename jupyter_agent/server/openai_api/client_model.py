"""The model as a client of the OpenAI API asks it: with the client's options and instructions, in the form it wants."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.errors import BadRequest
from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta, ThinkingDelta
from jupyter_agent.core.messages import Message, ToolCall, code_blocks
from jupyter_agent.core.protocols import AdjustableModel, Model, ModelTraits, ToolSpec, traits_of

if TYPE_CHECKING:
    from jupyter_agent.redaction.redactor import Redactor
    from jupyter_agent.server.openai_api.requests import ClientTool
    from jupyter_agent.server.turns.running_turn import RunningTurn

_ASKED_AGAIN = "This is not the form that was asked for: {problem}. Answer once more, with the JSON alone."
_CALL_IT = "Call {tool} now: nothing else is an answer here."
_LONGEST_PROBLEM = 300


@dataclass(slots=True)
class ClientModel:
    """Stands before the model of one turn; what a request says holds until its response ends.

    Attributes:
        turn: That is answered.
        redactor: Withholds secrets.
        instructions: What the client says of how to answer.
        must_see: Whether there are pictures that the user shows.
        tools: The client's, by name.
    """

    turn: RunningTurn
    redactor: Redactor
    instructions: str = ""
    must_see: bool = False
    tools: Mapping[str, ClientTool] = field(default_factory=dict)
    _model: Model | None = None
    _question: str | None = None
    _ignored: set[str] = field(default_factory=set)

    def wrap(self, model: Model) -> Model:
        """Stand before this model.

        Raises:
            BadRequest: there are pictures, and it does not see.
        """
        if self.must_see and not isinstance(model, AdjustableModel):
            raise BadRequest(
                f"The model '{model.name}' does not see pictures. Choose one that does, or leave them out."
            )
        self._model = model
        return self

    @property
    def name(self) -> str:
        """The model's own."""
        assert self._model is not None
        return self._model.name

    @property
    def traits(self) -> ModelTraits:
        """Where pictures must be seen the model itself refuses them."""
        return ModelTraits(sees=None if self.must_see else traits_of(self._model).sees, preface=self._preface())

    def _preface(self) -> str:
        """What is said before the question: the client's instructions, and the form of the answer."""
        parts = [f"How to answer:\n{self.redactor.text(self.instructions)}"] if self.instructions.strip() else []
        if (form := self.turn.model_options.response_format) is not None:
            schema = self._schema()
            fits = f" that fits this JSON Schema: {json.dumps(schema)}" if schema is not None else ""
            parts.append(f"The form of the answer: {form.get('type')}. It is one JSON value{fits}, and nothing else.")
        return "\n\n".join(parts)

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        """Answer as was asked for; once more, where the answer is not."""
        options = self.turn.model_options
        asked = self._with_request(messages)
        if options.tool_choice:  # what is to be called is the client's
            tools = [tool for tool in tools if tool.name in self.tools]
        if options.response_format is None and not options.tool_choice:
            async with aclosing(self._ask(asked, tools, deadline)) as events:
                async for event in events:
                    yield event
            return
        usage, problem = ModelFinished().usage, ""
        for is_last in (False, True):
            texts, calls, end = list[str](), list[ToolCall](), ModelFinished()
            async with aclosing(self._ask(asked, tools, deadline)) as events:
                async for event in events:
                    match event:
                        case TextDelta():
                            texts.append(event.text)
                        case ThinkingDelta(replaces_text=True):
                            texts.clear()
                            yield event
                        case ToolCall():
                            calls.append(event)
                        case ModelFinished():
                            end = event
                        case _:
                            yield event
            usage += end.usage
            text, problem = self._in_form("".join(texts), calls)
            if not problem or is_last or end.reason in ("length", "refused"):
                break
            asked = [*asked, Message("assistant", "".join(texts) or "(nothing)"), Message("user", problem)]
        if problem and end.reason not in ("length", "refused"):
            self._warn("The answer is not in the form that was asked for.")
        if text:
            yield TextDelta(text)
        for call in calls:
            yield call
        yield replace(end, usage=usage)

    async def close(self) -> None:
        """The model is others' too."""

    async def _ask(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec], deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        """Ask the model once, with the options that it takes; the turn learns of the calls for the client's tools."""
        model, options, calls = self._model, self.turn.model_options, list[ToolCall]()
        if isinstance(model, AdjustableModel):
            answer = model.stream(messages, tools, deadline=deadline, options=options)
        else:
            assert model is not None
            answer = model.stream(messages, tools, deadline=deadline)
            self._name_ignored(options.given())
        async with aclosing(answer) as events:
            async for event in events:
                if isinstance(event, ToolCall) and event.name in self.tools:
                    calls.append(replace(event, id=f"call_{uuid.uuid4().hex[:16]}"))  # no id of the conversation's
                    yield calls[-1]
                    continue
                if isinstance(event, ModelFinished):
                    self._name_ignored(event.ignored)
                    event = replace(event, ignored=())  # noqa: PLW2901 - they are named
                yield event
        self.turn.client_calls = tuple(map(self._redacted, filter(self._fits, calls)))

    def _fits(self, call: ToolCall) -> bool:
        """Whether the call is one for the client; any other is answered to the model as wrong."""
        from jsonschema import Draft202012Validator

        try:
            arguments = json.loads(call.arguments or "{}", strict=False)
            return bool(Draft202012Validator(self.tools[call.name].spec.parameters).is_valid(arguments))
        except Exception:  # noqa: BLE001 - the client's schema may refer to what is not there
            return False

    def _redacted(self, call: ToolCall) -> ToolCall:
        arguments = self.redactor.mapping(json.loads(call.arguments or "{}", strict=False))
        return replace(call, arguments=json.dumps(arguments, ensure_ascii=False))

    def _with_request(self, messages: Sequence[Message]) -> list[Message]:
        """The messages, of which that with the question has a preface."""
        if self._question is None:
            self._question = next((message.content for message in reversed(messages) if message.role == "user"), "")
        users = [number for number, message in enumerate(messages) if message.role == "user"]
        same = [number for number in users if messages[number].content == self._question]
        asked = list(messages)
        for number in (same or users)[-1:]:
            content = "\n\n".join(filter(None, (self._preface(), messages[number].content)))
            asked[number] = replace(messages[number], content=content)
        return asked

    def _schema(self) -> dict[str, Any] | None:
        """The schema of the answer, where there is one."""
        described = (self.turn.model_options.response_format or {}).get("json_schema")
        schema = described.get("schema") if isinstance(described, dict) else None
        return schema if isinstance(schema, dict) else None

    def _in_form(self, text: str, calls: Sequence[ToolCall]) -> tuple[str, str]:
        """What of a text is the answer, and what the model is to know where it is none."""
        if self.turn.model_options.tool_choice:
            name = (
                "one of the tools"
                if self.turn.model_options.tool_choice == "required"
                else self.turn.model_options.tool_choice
            )
            return text, "" if calls else _CALL_IT.format(tool=name)
        if calls:  # words before a call are no part of the JSON that follows
            return (text if any(call.name in self.tools for call in calls) else ""), ""
        from jsonschema import Draft202012Validator

        problem, schema = "no JSON", self._schema()
        for candidate in _json_texts(text):
            try:
                value = json.loads(candidate)
            except (ValueError, RecursionError):
                continue
            if schema is None:
                if isinstance(value, dict):
                    return candidate, ""
                continue
            mismatch = next(iter(Draft202012Validator(schema).iter_errors(value)), None)
            if mismatch is None:
                return candidate, ""
            path = ".".join(map(str, mismatch.absolute_path)) or "it"
            problem = f"{path}: {mismatch.message}"[:_LONGEST_PROBLEM]
        return text, _ASKED_AGAIN.format(problem=problem)

    def _name_ignored(self, names: Collection[str]) -> None:
        """Say once which options the model does not take; the form of the answer and its calls are seen to here."""
        new = [name for name in names if name not in {*self._ignored, "response_format", "tool_choice", "pictures"}]
        self._ignored.update(new)
        if new:
            self._warn(f"The model '{self.name}' does not take {', '.join(new)}: the answer was made without.")

    def _warn(self, words: str) -> None:
        if words not in self.turn.warnings:
            self.turn.warnings = (*self.turn.warnings, words)


def _json_texts(text: str) -> Iterator[str]:
    """What may be the JSON of an answer: all of it, a block of it, or from the first brace on."""
    yield text.strip()
    yield from (block.source.strip() for block in code_blocks(text))
    decoder = json.JSONDecoder()
    for start in (text.find("{"), text.find("[")):
        if start >= 0:
            try:
                yield text[start : decoder.raw_decode(text, start)[1]]
            except (ValueError, RecursionError):
                continue
