"""The scripted model plays its steps by what it is sent, and nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core import errors
from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta
from jupyter_agent.core.messages import Message, ToolCall, Usage
from jupyter_agent.core.protocols import Model, ToolSpec
from jupyter_agent.models.scripted import Request, ScriptedModel

if TYPE_CHECKING:
    from pathlib import Path


async def answer(model: Model, *messages: Message, seconds: float = 5) -> list[ModelEvent]:
    async with aclosing(model.stream(messages, deadline=time.monotonic() + seconds)) as events:
        return [event async for event in events]


def user(text: str) -> Message:
    return Message("user", text)


async def test_without_a_script_the_last_question_is_said_back() -> None:
    model = ScriptedModel.from_config(JupyterAgent(), "")
    events = await answer(model, user("first"), Message("assistant", "ok"), user("second"))
    assert events == [TextDelta("You said: second"), ModelFinished("stop")]


async def test_steps_follow_each_other_within_a_turn_and_start_again_with_the_next() -> None:
    model = ScriptedModel([{"calls": [{"name": "list_variables"}]}, "Done."])
    question = user("hi")
    called = await answer(model, question)
    call = ToolCall("call_1", "list_variables", "{}")
    assert called == [call, ModelFinished("tool_calls")]
    so_far = [question, Message("assistant", "", (call,)), Message("tool", "{}", tool_call_id="call_1")]
    assert await answer(model, *so_far) == [TextDelta("Done."), ModelFinished("stop")]
    again = await answer(model, *so_far, Message("assistant", "Done."), user("again"))
    assert again[0] == ToolCall("call_2", "list_variables", "{}")


async def test_the_last_step_is_repeated() -> None:
    model = ScriptedModel(["one", "two"])
    talk = [user("hi"), *[Message("assistant", "…")] * 5]
    assert (await answer(model, *talk))[0] == TextDelta("two")


async def test_steps_that_match_the_question_come_before_those_for_any() -> None:
    model = ScriptedModel([{"text": "any"}, {"match": r"rows\?", "text": "five"}])
    assert (await answer(model, user("How many rows?")))[0] == TextDelta("five")
    assert (await answer(model, user("Why?")))[0] == TextDelta("any")


async def test_a_question_without_a_step_is_an_error_that_says_so() -> None:
    with pytest.raises(errors.UpstreamProtocol, match="no step"):
        await answer(ScriptedModel([{"match": "rows", "text": "five"}]), user("Why?"))


async def test_text_comes_in_as_many_pieces_as_asked() -> None:
    events = await answer(ScriptedModel([{"text": "abcdefg", "chunks": 3}]), user("hi"))
    assert events[:-1] == [TextDelta("abc"), TextDelta("def"), TextDelta("g")]


async def test_arguments_are_sent_as_written_when_they_are_text() -> None:
    calls = [{"name": "run_code", "arguments": {"code": "1"}}, {"name": "run_code", "arguments": "{broken"}]
    events = await answer(ScriptedModel([{"calls": calls}]), user("hi"))
    assert events[:2] == [ToolCall("call_1", "run_code", '{"code": "1"}'), ToolCall("call_2", "run_code", "{broken")]


async def test_finish_and_usage_are_as_the_script_says() -> None:
    step = {"text": "cut", "finish": "length", "usage": {"input_tokens": 7, "output_tokens": 2}}
    assert (await answer(ScriptedModel([step]), user("hi")))[-1] == ModelFinished("length", Usage(7, 2))


@pytest.mark.parametrize("kind", errors.UpstreamError.__subclasses__())
async def test_an_error_is_raised_after_the_text(kind: type[errors.UpstreamError]) -> None:
    model = ScriptedModel([{"text": "partly", "error": kind.code, "message": "as told"}])
    async with aclosing(model.stream([user("hi")], deadline=time.monotonic() + 5)) as events:
        assert await anext(events) == TextDelta("partly")
        with pytest.raises(kind, match="as told"):
            await anext(events)


async def test_a_slow_answer_ends_at_the_deadline() -> None:
    started = time.monotonic()
    with pytest.raises(errors.UpstreamTimeout):
        await answer(ScriptedModel([{"text": "late", "delay": 3600}]), user("hi"), seconds=0.05)
    assert time.monotonic() - started < 2


async def test_a_slow_answer_can_be_cancelled() -> None:
    model = ScriptedModel([{"text": "late", "delay": 3600}])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(answer(model, user("hi"), seconds=7200), 0.05)
    assert len(model.requests) == 1


async def test_requests_are_kept_for_the_test_to_see() -> None:
    model = ScriptedModel(["ok"])
    tool = ToolSpec("list_files", "List files.", {"type": "object"})
    async with aclosing(model.stream([user("hi")], [tool], deadline=time.monotonic() + 5)) as events:
        async for _ in events:
            pass
    assert model.requests == [Request((user("hi"),), (tool,))]


async def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(["from a file"]), encoding="utf-8")
    model = ScriptedModel.from_config(JupyterAgent(), str(script))
    assert (await answer(model, user("hi")))[0] == TextDelta("from a file")


@pytest.mark.parametrize("content", [None, "{", "7", "[7]", '[{"finish": "nonsense"}]'])
async def test_a_script_that_cannot_be_read_is_an_unknown_model_without_its_path(tmp_path: Path, content: Any) -> None:
    script = tmp_path / "script.json"
    if content is not None:
        script.write_text(content, encoding="utf-8")
    with pytest.raises(errors.UnknownModel) as caught:
        await answer(ScriptedModel(path=str(script)), user("hi"))
    assert str(tmp_path) not in caught.value.message
