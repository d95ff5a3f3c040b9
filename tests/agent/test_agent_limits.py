"""The loop's limits: tokens and cost, calls that cannot be understood, ids, cancellation at every await, the lost lease."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from jupyter_agent.agent.limits import Limits
from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.agent.repeated_calls import NOTE
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.errors import StoreUnavailable, VersionConflict
from jupyter_agent.core.events import ApprovalAsked, ModelEvent, ModelFinished, TextDelta, ToolReturned
from jupyter_agent.core.messages import Action, Message, Picture, ToolCall, Usage
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.question import Decision, Question
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.sessions.lease import Lease
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores.memory import MemoryStore
from tests.support.scripted_loop import Recorder, call, drain, limits, play, results


def test_a_question_lowers_the_limits_down_to_none_and_raises_no_deadline() -> None:
    question = Question("local", "?", deadline_seconds=1e6, max_steps=1, max_tool_calls=0, max_write_calls=0)
    options = JupyterAgent(deadline_seconds=600.0)
    lowered = Limits.for_question(question, options, started=100.0)
    assert (lowered.max_steps, lowered.max_tool_calls, lowered.max_write_calls) == (1, 0, 0)
    assert lowered.deadline == 700.0
    usual = Limits.for_question(Question("local", "?"), options, started=100.0)
    assert (usual.max_steps, usual.max_tool_calls, usual.max_write_calls) == (50, 100, 15)
    whole = Limits.for_question(Question("local", "?", is_streamed=False), options, started=100.0)
    assert (whole.max_steps, whole.max_tool_calls, whole.max_write_calls) == (10, 25, 15)
    for is_streamed in (True, False):
        chosen = JupyterAgent(max_steps=30, max_tool_calls=0)
        own = Limits.for_question(Question("local", "?", is_streamed=is_streamed, max_steps=40), chosen, started=100.0)
        assert (own.max_steps, own.max_tool_calls) == (30, 0)
    assert usual.deadline == 700.0


async def test_without_calls_to_write_reading_goes_on_and_without_any_nothing_does() -> None:
    for how, read in ((limits(max_write_calls=0), ["x"]), (limits(max_tool_calls=0), [])):
        look, run = Recorder("look", "read"), Recorder("run", "execute")
        script = [{"calls": [call("look", text="x"), call("run", text="x")]}, "ok"]
        await play(script, [look, run], how)
        assert (look.given, run.given) == (read, [])


async def test_a_turn_ends_when_its_tokens_are_used_up() -> None:
    script = [
        {"calls": [call("look", text=str(number))], "usage": {"input_tokens": 400, "output_tokens": 100}}
        for number in range(9)
    ]
    transcript, _, model = await play(script, [Recorder("look", "read")], limits(max_tokens=1_000))
    assert (transcript.finish_reason, len(model.requests)) == ("max_tokens", 2)
    assert "tokens" in transcript.reply


async def test_a_turn_ends_when_its_money_is_used_up() -> None:
    script = [
        {"calls": [call("look", text=str(number))], "usage": {"input_tokens": 1, "output_tokens": 1, "cost": 0.02}}
        for number in range(9)
    ]
    transcript, _, model = await play(script, [Recorder("look", "read")], limits(max_cost=0.05))
    assert (transcript.finish_reason, len(model.requests)) == ("max_cost", 3)


@pytest.mark.parametrize("usage", [Usage(), Usage(-5, 10), Usage(10**12, 1), Usage(1, 10**12)])
async def test_L25_usage_that_cannot_be_is_estimated(usage: Usage) -> None:
    class ReportingModel(ScriptedModel):
        async def stream(self, *given: Any, **more: Any) -> AsyncGenerator[ModelEvent, None]:
            yield TextDelta("word " * 100)
            yield ModelFinished("stop", usage)

    transcript = Transcript([Message("user", "question " * 100)])
    async with aclosing(
        Agent(ReportingModel([]), {}, limits()).run(transcript, ToolContext(None, None, None))
    ) as events:
        async for _ in events:
            pass
    assert 50 < transcript.usage.input_tokens < 500
    assert 50 < transcript.usage.output_tokens < 500


async def test_L15_a_call_that_was_cut_off_is_never_made() -> None:
    tool = Recorder("restart", "execute")
    tool.spec = ToolSpec("restart", "", {"type": "object"})
    for arguments in ("", "{}", '{"text": "rm'):
        script = [{"calls": [{"name": "restart", "arguments": arguments}], "finish": "length"}, "ok"]
        transcript, _, _ = await play(script, [tool], limits(approval="auto"))
        assert "cut off" in results(transcript)[0]
    assert tool.given == []


async def test_L16_a_model_that_cannot_write_arguments_is_stopped() -> None:
    script = [{"calls": [{"name": "look", "arguments": "{" * number}]} for number in range(1, 20)]
    transcript, _, _ = await play(script, [Recorder("look", "read")], limits(max_steps=20))
    assert transcript.finish_reason == "repeated_call"
    assert len(transcript.actions) == 3


@pytest.mark.parametrize("arguments", ['{"text": "a", "text": "b"}', '{"text": "' + "a" * 2_000_000 + '"}'])
async def test_L16_twins_and_floods_are_not_executed(arguments: str) -> None:
    tool = Recorder("look", "read")
    transcript, _, _ = await play([{"calls": [{"name": "look", "arguments": arguments}]}, "ok"], [tool])
    assert tool.given == []
    assert "invalid_arguments" in results(transcript)[0]


async def test_L17_an_unknown_tool_is_told_with_the_name_that_was_meant() -> None:
    transcript, _, _ = await play([{"calls": [call("runcode", text="x")]}, "ok"], [Recorder("run_code", "read")])
    assert "Did you mean run_code?" in results(transcript)[0]


async def test_L18_calls_of_the_same_id_or_none_get_ids_of_their_own() -> None:
    class Twins(ScriptedModel):
        async def stream(
            self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
        ) -> AsyncGenerator[ModelEvent, None]:
            if messages[-1].role != "tool":
                for number, name in enumerate(("same", "same", "")):
                    yield ToolCall(name, "look", json.dumps({"text": str(number)}))
            yield ModelFinished("stop")

    tool = Recorder("look", "read")
    transcript = Transcript([Message("user", "q")])
    loop = Agent(Twins([]), {"look": tool}, limits())
    await drain(loop, transcript)
    ids = [call.id for message in transcript.messages for call in message.tool_calls]
    assert (len(set(ids)), all(ids), tool.given) == (3, True, ["0", "1", "2"])
    assert [message.tool_call_id for message in transcript.messages if message.role == "tool"] == ids


async def test_the_same_read_in_other_words_is_the_same_call() -> None:
    tool = Recorder("look", "read")
    script = [
        {"calls": [{"name": "look", "arguments": '{"text":"a"}'}, {"name": "look", "arguments": '{ "text" : "a" }'}]},
        "ok",
    ]
    transcript, _, _ = await play(script, [tool])
    assert results(transcript) == ["got a", f"{NOTE}\ngot a"]
    assert transcript.finish_reason == "stop"


async def test_what_a_tool_shows_reaches_the_model_as_pictures() -> None:
    class Camera(Recorder):
        async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
            return ToolOutput("seen", pictures=(Picture("image/png", "aGk="),))

    _, _, model = await play([{"calls": [call("look", text="a")]}, "ok"], [Camera("look", "read")])
    assert model.requests[1].messages[-1].pictures == (Picture("image/png", "aGk="),)


class Doubtful(Recorder):
    """Says before it is asked for that nothing will come of it."""

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        return ToolOutput("invalid_code: no", ok=False) if arguments["text"] == "bad" else None


async def test_a_call_that_would_come_to_nothing_is_told_before_the_user_is_asked() -> None:
    tool, asked = Doubtful("run", "execute"), []

    async def decide(approval: ApprovalAsked) -> Decision:
        asked.append(approval.arguments["text"])
        return Decision(approved=True)

    script = [{"calls": [call("run", text="bad")]}, {"calls": [call("run", text="good")]}, "ok"]
    transcript, _, _ = await play(script, [tool], decide=decide)
    assert (asked, tool.given) == (["good"], ["good"])
    assert [action.status for action in transcript.actions] == ["failed", "done"]


async def test_a_call_with_an_effect_is_recorded_before_it_is_made_and_after() -> None:
    recorded: list[list[tuple[str, str]]] = []
    tool = Recorder("run", "execute")

    async def record(actions: tuple[Action, ...]) -> None:
        recorded.append([(action.tool, action.status) for action in actions])
        assert len(tool.given) == len(recorded) // 2

    script = [{"calls": [call("run", text="a"), call("look", text="b"), call("run", text="c")]}, "ok"]
    await play(script, [tool, Recorder("look", "read")], limits(approval="auto"), record=record)
    run = ("run", "done")
    assert recorded == [[("run", "interrupted")], [run], [run, ("run", "interrupted")], [run, run]]


async def test_what_cannot_be_recorded_is_not_done() -> None:
    tool = Recorder("run", "execute")

    async def record(actions: tuple[Action, ...]) -> None:
        raise StoreUnavailable("The store is away.")

    with pytest.raises(StoreUnavailable):
        await play([{"calls": [call("run", text="a")]}, "ok"], [tool], limits(approval="auto"), record=record)
    assert tool.given == []


class Stopping:
    """Stops its task at the n-th of the moments where it could be stopped."""

    def __init__(self, at: int) -> None:
        self.left = at

    async def here(self) -> None:
        self.left -= 1
        if self.left == 0:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        await asyncio.sleep(0)


@pytest.mark.parametrize("at", range(1, 16))
async def test_T12_stopped_at_any_await_every_call_has_one_result_and_every_deed_is_known(at: int) -> None:
    stopping = Stopping(at)
    begun: list[str] = []

    class Slow(ScriptedModel):
        async def stream(self, *given: Any, **more: Any) -> AsyncGenerator[ModelEvent, None]:
            await stopping.here()
            async for event in super().stream(*given, **more):
                await stopping.here()
                yield event

    async def does(text: str) -> str:
        begun.append(text)
        await stopping.here()
        return "done"

    async def decide(asked: ApprovalAsked) -> Decision:
        return Decision(approved=True)

    async def record(actions: tuple[Action, ...]) -> None:
        await stopping.here()

    script: list[Any] = [{"text": "I act.", "calls": [call("run", text="a"), call("run", text="b")]}, "Done."]
    transcript = Transcript([Message("user", "q")])
    tools = {"run": Recorder("run", "execute", does)}
    loop = Agent(Slow(script), tools, limits(), decide=decide, record=record)

    async def turn() -> None:
        async with aclosing(loop.run(transcript, ToolContext(None, None, None))) as events:
            async for _ in events:
                await stopping.here()

    stopped = False
    try:
        await asyncio.create_task(turn())
    except asyncio.CancelledError:
        stopped = True
    transcript.close()
    calls = [call.id for message in transcript.messages for call in message.tool_calls]
    assert [message.tool_call_id for message in transcript.messages if message.role == "tool"] == calls
    assert len([action for action in transcript.actions if action.status in ("done", "interrupted")]) >= len(begun)
    assert stopped == (stopping.left <= 0)


async def test_T5_a_turn_that_somebody_else_went_on_with_stops_at_once() -> None:
    sessions = SessionManager(MemoryStore())
    begun = await sessions.log.begin("local", "", "s1", "t1", "q", "d")
    lease = Lease(sessions, begun.session, seconds=0.01)
    closed = asyncio.Event()

    async def answering() -> AsyncGenerator[str, None]:
        try:
            yield "first"
            await asyncio.Event().wait()
        finally:
            closed.set()

    seen = []

    async def turn() -> None:
        async with lease.held(), aclosing(lease.guarded(answering())) as events:
            async for event in events:
                seen.append(event)
                await sessions.clear("local", "s1")

    with pytest.raises(VersionConflict):
        await asyncio.wait_for(turn(), 10)
    assert (seen, closed.is_set()) == (["first"], True)
    with pytest.raises(VersionConflict):
        await lease.record((Action("c", "run", "execute", "interrupted"),))


async def test_a_turn_that_is_ours_goes_to_its_end_while_it_is_renewed() -> None:
    sessions = SessionManager(MemoryStore())
    begun = await sessions.log.begin("local", "", "s1", "t1", "q", "d")
    lease = Lease(sessions, begun.session, seconds=0.001)
    renewed = asyncio.Event()
    original = sessions.log.renew

    async def renew(*given: Any, **more: Any) -> Any:
        session = await original(*given, **more)
        renewed.set()
        return session

    sessions.log.renew = renew  # type: ignore[method-assign]

    async def answering() -> AsyncGenerator[str, None]:
        yield "first"
        await renewed.wait()
        yield "last"

    async with lease.held(), aclosing(lease.guarded(answering())) as events:
        assert [event async for event in events] == ["first", "last"]


async def test_T14_an_approval_that_is_no_yes_is_a_no() -> None:
    for answer in (None, 1, "yes", {"approve": True}):
        tool = Recorder("run", "execute")

        async def decide(asked: ApprovalAsked, answer: Any = answer) -> Decision:
            return Decision(answer)

        _, events, _ = await play([{"calls": [call("run", text="x")]}, "ok"], [tool], decide=decide)
        assert tool.given == []
        assert [event.status for event in events if isinstance(event, ToolReturned)] == ["denied"]


async def test_T11_stopped_while_it_waits_for_the_user_nothing_is_done_and_nobody_waits_on() -> None:
    tool, waiting, gone = Recorder("run", "execute"), asyncio.Event(), asyncio.Event()

    async def decide(asked: ApprovalAsked) -> Decision:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return Decision(approved=True)

    task = asyncio.create_task(play([{"calls": [call("run", text="x")]}, "ok"], [tool], decide=decide))
    await asyncio.wait_for(waiting.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(gone.wait(), 5)
    assert tool.given == []
