"""The loop between model and tools: what it does, where it stops, what it asks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.agent.repeated_calls import NOTE
from jupyter_agent.core.errors import KernelUnavailable, UpstreamAuth
from jupyter_agent.core.events import ApprovalAsked, RunAsked, TextDelta, ToolCalled, ToolReturned
from jupyter_agent.core.kernel_state import ExecutionResult
from jupyter_agent.core.messages import CallDisplay, Message
from jupyter_agent.core.protocols import Review, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.question import Decision
from jupyter_agent.models.scripted import ScriptedModel
from tests.support.scripted_loop import SCHEMA, Recorder, call, drain, limits, play, results


async def test_a_read_call_runs_unasked_and_its_result_reaches_the_model() -> None:
    tool = Recorder("look", "read")
    transcript, events, model = await play(
        [{"text": "Let me look.", "calls": [call("look", text="a")]}, "Done."], [tool]
    )
    assert tool.given == ["a"]
    assert model.requests[1].messages[-1] == Message("tool", "got a", tool_call_id="call_1")
    assert transcript.reply == "Let me look.\n\nDone."
    assert [type(event) for event in events if not isinstance(event, TextDelta)][:2][0].__name__ == "UsageReported"
    assert [event.status for event in events if isinstance(event, ToolReturned)] == ["done"]
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == transcript.reply


async def test_L17_an_unknown_tool_is_told_to_the_model_with_the_names_there_are() -> None:
    transcript, _, _ = await play([{"calls": [call("__class__", text="x")]}, "ok"], [Recorder("look", "read")])
    assert "unknown_tool" in results(transcript)[0]
    assert "look" in results(transcript)[0]


@pytest.mark.parametrize("name", ["looks", "execute_python"])
async def test_the_nearest_tool_is_named_by_its_name_or_by_what_it_is_given(name: str) -> None:
    step = {"calls": [call(name, text="x")]}
    other = Recorder("execute_python_cells", "write")
    other.spec = replace(other.spec, parameters={**SCHEMA, "required": ["text", "cell"]})
    transcript, _, _ = await play([step, "ok"], [other, Recorder("look", "read")])
    assert "Did you mean look?" in results(transcript)[0]


@pytest.mark.parametrize(
    "arguments",
    ['{"text": ', "null", "[]", '{"text": 1}', "{}", '{"text": "a", "more": 1}', '{"text": NaN}', "[" * 100_000],
)
async def test_L16_arguments_that_do_not_fit_are_never_executed(arguments: str) -> None:
    tool = Recorder("look", "read")
    transcript, _, _ = await play([{"calls": [{"name": "look", "arguments": arguments}]}, "ok"], [tool])
    assert tool.given == []
    assert "invalid_arguments" in results(transcript)[0]


async def test_L20_the_same_call_for_ever_is_told_once_and_then_ends_the_turn() -> None:
    tool = Recorder("look", "read")
    transcript, _, _ = await play([{"calls": [call("look", text="a")]}], [tool])
    assert transcript.finish_reason == "repeated_call"
    assert tool.given == ["a"] * 3
    assert results(transcript)[1] == f"{NOTE}\ngot a"
    assert len(results(transcript)) == sum(len(message.tool_calls) for message in transcript.messages)


async def test_a_model_that_never_stops_ends_at_the_step_limit() -> None:
    tool = Recorder("look", "read")
    script = [{"calls": [call("look", text=str(number))]} for number in range(20)]
    transcript, _, model = await play(script, [tool], limits(max_steps=4))
    assert transcript.finish_reason == "max_steps"
    assert "Stopped" in transcript.reply
    assert len(model.requests) == 5
    assert (len(tool.given), model.requests[-1].tools) == (4, ())


async def test_L19_calls_over_the_limit_get_a_result_and_are_not_made() -> None:
    tool = Recorder("look", "read")
    script = [{"calls": [call("look", text=str(number)) for number in range(50)]}, "ok"]
    transcript, _, _ = await play(script, [tool], limits(max_tool_calls=8))
    assert len(tool.given) == 8
    assert len(results(transcript)) == 50
    assert transcript.finish_reason == "max_tool_calls"


async def test_write_calls_have_a_limit_of_their_own() -> None:
    tool = Recorder("write", "write")
    script = [{"calls": [call("write", text=str(number)) for number in range(5)]}, "ok"]
    transcript, _, _ = await play(script, [tool], limits(max_write_calls=2, approval="auto"))
    assert tool.given == ["0", "1"]
    assert transcript.finish_reason == "max_write_calls"


async def test_code_waits_for_the_user_and_runs_when_allowed() -> None:
    tool, asked = Recorder("run", "execute"), []

    async def decide(approval: ApprovalAsked) -> Decision:
        asked.append(approval)
        return Decision(approved=True)

    _, events, _ = await play([{"calls": [call("run", text="x = 1")]}, "ok"], [tool], decide=decide)
    assert tool.given == ["x = 1"]
    assert [event for event in events if isinstance(event, ApprovalAsked)] == asked
    assert asked[0].arguments == {"text": "x = 1"}
    assert len(asked[0].digest) == 64


async def test_code_that_the_user_denies_does_not_run_and_the_model_is_told() -> None:
    tool = Recorder("run", "execute")

    async def decide(approval: ApprovalAsked) -> Decision:
        return Decision(approved=False)

    transcript, _, _ = await play([{"calls": [call("run", text="x")]}, "ok"], [tool], decide=decide)
    assert tool.given == []
    assert "denied" in results(transcript)[0]
    assert [action.status for action in transcript.actions] == ["denied"]


async def test_where_nobody_can_approve_nothing_runs() -> None:
    tool = Recorder("run", "execute")
    transcript, _, _ = await play([{"calls": [call("run", text="x")]}, "ok"], [tool])
    assert tool.given == []
    assert [action.status for action in transcript.actions] == ["needs_approval"]


async def test_read_only_denies_even_where_somebody_would_allow() -> None:
    tool = Recorder("run", "execute")

    async def decide(approval: ApprovalAsked) -> Decision:
        raise AssertionError("nobody is asked in read-only mode")

    how = limits(approval="read-only")
    transcript, _, _ = await play([{"calls": [call("run", text="x")]}, "ok"], [tool], how, decide=decide)
    assert tool.given == []
    assert [action.status for action in transcript.actions] == ["denied"]


async def test_auto_edit_edits_unasked_and_still_asks_before_running_code() -> None:
    run, write = Recorder("run", "execute"), Recorder("write", "write")
    script = [{"calls": [call("write", text="w"), call("run", text="r")]}, "ok"]
    await play(script, [run, write], limits(approval="auto-edit"))
    assert (write.given, run.given) == (["w"], [])


async def test_tools_of_effects_the_user_may_not_have_are_not_offered() -> None:
    tools = [Recorder("look", "read"), Recorder("run", "execute")]
    how = limits(effects=frozenset({"read"}), approval="auto")
    _, _, model = await play([{"calls": [call("run", text="x")]}, "ok"], tools, how)
    assert [tool.name for tool in model.requests[0].tools] == ["look"]
    assert tools[1].given == []


async def test_T15_an_approval_that_is_never_answered_is_denied_in_the_end() -> None:
    tool = Recorder("run", "execute")

    async def decide(approval: ApprovalAsked) -> Decision:
        await asyncio.Event().wait()
        return Decision(approved=True)

    how = limits(approval_seconds=0.3)
    transcript, _, _ = await play([{"calls": [call("run", text="x")]}, "ok"], [tool], how, decide=decide)
    assert tool.given == []
    assert [action.status for action in transcript.actions] == ["denied"]


async def test_N17_waiting_for_an_approval_is_not_the_turns_time() -> None:
    tool, released = Recorder("run", "execute"), asyncio.Event()
    how = limits(deadline=time.monotonic() + 0.2)

    async def decide(approval: ApprovalAsked) -> Decision:
        asyncio.get_running_loop().call_at(how.deadline + 0.3, released.set)
        await released.wait()
        return Decision(approved=True)

    transcript, _, _ = await play([{"calls": [call("run", text="x")]}, "ok"], [tool], how, decide=decide)
    assert tool.given == ["x"]
    assert transcript.finish_reason == "stop"


async def test_N17_an_approval_is_stale_once_what_would_run_reaches_more_than_was_said() -> None:
    class Reviewed(Recorder):
        async def review(self, arguments: Mapping[str, Any], context: ToolContext) -> Review:
            self.context = context
            return Review(preview=arguments["text"], code=arguments["text"])

    tool = Reviewed("run", "execute")
    asked: list[ApprovalAsked] = []

    async def decide(approval: ApprovalAsked) -> Decision:
        asked.append(approval)
        tool.context.tool_record.executed.append("def clean():\n    open('f', 'w')")
        return Decision(approved=True)

    transcript, _, _ = await play([{"calls": [call("run", text="clean()")]}, "ok"], [tool], decide=decide)
    assert (asked[0].reasons, tool.given) == ((), [])
    assert results(transcript)[0].startswith("approval_stale: ")


async def test_the_words_of_a_denial_reach_the_model() -> None:
    async def decide(approval: ApprovalAsked) -> Decision:
        return Decision(approved=False, words="Use the copy \u202ethat I made.")

    transcript, _, _ = await play(
        [{"calls": [call("run", text="x")]}, "ok"], [Recorder("run", "execute")], decide=decide
    )
    assert "They say: Use the copy <U+202E>that I made." in results(transcript)[0]


async def test_a_tool_that_raises_is_a_result_for_the_model() -> None:
    async def explode(text: str) -> str:
        raise RuntimeError("secret internals")

    transcript, _, _ = await play([{"calls": [call("look", text="a")]}, "ok"], [Recorder("look", "read", explode)])
    assert results(transcript) == ["failed: the tool stopped with RuntimeError."]


async def test_N16_a_foreign_tool_that_answers_nonsense_is_a_result_for_the_model() -> None:
    class Foreign(Recorder):
        async def review(self, arguments: Mapping[str, Any], context: ToolContext) -> Review:
            raise ValueError("secret internals")

    class NoOutput(Recorder):
        async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
            return arguments  # type: ignore[return-value]

    reviewed, unclear, silent = Foreign("reviewed", "execute"), Recorder("unclear", "read"), NoOutput("silent", "read")
    unclear.spec = ToolSpec("unclear", "", {"type": "object", "properties": {"text": {"$ref": "#/$defs/none"}}})
    calls = [call(name, text="x") for name in ("reviewed", "unclear", "silent")]
    asked: list[ApprovalAsked] = []

    async def decide(approval: ApprovalAsked) -> Decision:
        asked.append(approval)
        return Decision(approved=True)

    how = limits(approval="auto")
    transcript, _, _ = await play(
        [{"calls": calls}, "ok"], [reviewed, unclear, silent], how, decide=decide, is_allowed=lambda asked: True
    )
    assert [approval.tool for approval in asked] == [
        "reviewed"
    ]  # what cannot be shown is asked about, whatever is allowed
    assert reviewed.given == ["x"]
    assert [action.status for action in transcript.actions] == ["done", "failed", "failed"]
    assert transcript.reply == "ok"


async def test_a_tool_that_hangs_is_left_at_the_deadline() -> None:
    async def hang(text: str) -> str:
        await asyncio.Event().wait()
        return ""

    how = limits(deadline=time.monotonic() + 0.3)
    transcript, _, _ = await play([{"calls": [call("look", text="a")]}, "ok"], [Recorder("look", "read", hang)], how)
    assert "timeout" in results(transcript)[0]


async def test_L21_a_flood_from_a_tool_reaches_the_model_as_head_and_tail() -> None:
    async def flood(text: str) -> str:
        return "a" * 5_000_000 + "END"

    transcript, _, _ = await play([{"calls": [call("look", text="a")]}, "ok"], [Recorder("look", "read", flood)])
    (result,) = results(transcript)
    assert len(result) < 17_000
    assert result.endswith("END")


async def test_a_write_makes_earlier_reads_read_again() -> None:
    look, run = Recorder("look", "read"), Recorder("run", "execute")
    script = [
        {"calls": [call("look", text="a")]},
        {"calls": [call("run", text="b")]},
        {"calls": [call("look", text="a")]},
        "ok",
    ]
    await play(script, [look, run], limits(approval="auto"))
    assert look.given == ["a", "a"]


async def test_where_the_kernel_is_busy_with_our_magic_code_runs_through_it() -> None:
    tool, ran = Recorder("run", "execute"), []

    async def run(asked: RunAsked) -> ExecutionResult:
        ran.append(asked.code)
        return ExecutionResult("ok", "42")

    model = [{"calls": [{"name": "run_code", "arguments": {"code": "6 * 7"}}]}, "ok"]
    tool.spec = ToolSpec("run_code", "", {"type": "object"})
    transcript, events, _ = await play(model, [tool], limits(approval="auto"), run=run)
    assert (ran, tool.given, results(transcript)) == (["6 * 7"], [], ["42"])
    assert [event.code for event in events if isinstance(event, RunAsked)] == ["6 * 7"]


async def test_T12_cancelled_in_a_tool_every_call_still_has_one_result() -> None:
    entered = asyncio.Event()

    async def hang(text: str) -> str:
        entered.set()
        await asyncio.Event().wait()
        return ""

    transcript = Transcript([Message("user", "q")])
    script = [{"text": "I look.", "calls": [call("look", text="a"), call("look", text="b")]}]
    loop = Agent(ScriptedModel(script), {"look": Recorder("look", "read", hang)}, limits())

    task = asyncio.create_task(drain(loop, transcript))
    await asyncio.wait_for(entered.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    transcript.close()
    calls = [call.id for message in transcript.messages for call in message.tool_calls]
    assert [message.tool_call_id for message in transcript.messages if message.role == "tool"] == calls
    assert transcript.reply == "I look."


async def test_a_models_failure_is_raised_and_what_was_said_is_kept() -> None:
    transcript = Transcript([Message("user", "q")])
    loop = Agent(ScriptedModel([{"text": "Half an ans", "error": "upstream_auth"}]), {}, limits())
    with pytest.raises(UpstreamAuth):
        await drain(loop, transcript)
    transcript.close()
    assert transcript.messages == [Message("assistant", "Half an ans")]


async def test_what_a_tool_returns_is_redacted_before_anybody_sees_it() -> None:
    async def leak(text: str) -> str:
        return "the key is hunter2hunter2"

    transcript, events, model = await play(
        [{"calls": [call("look", text="a")]}, "ok"],
        [Recorder("look", "read", leak)],
        redact=lambda text: text.replace("hunter2hunter2", "[withheld]"),
    )
    assert "hunter2" not in json.dumps([str(item) for item in (*events, *model.requests, *transcript.messages)])


async def test_a_call_is_announced_before_it_runs() -> None:
    _, events, _ = await play([{"calls": [call("look", text="a")]}, "ok"], [Recorder("look", "read")])
    kinds = [type(event) for event in events]
    assert kinds.index(ToolCalled) < kinds.index(ToolReturned)


async def test_a_failure_has_a_code_and_a_call_its_tools_title_wherever_it_is_shown() -> None:
    tool = Recorder("look", "read")
    display = CallDisplay("replace", {"text": "source"})
    tool.spec = replace(tool.spec, title="Look around", icon="ui-components:search", display=display)
    script = [{"calls": [call("look", text="a"), call("nobody", text="b")]}, "Done."]
    transcript, events, _ = await play(script, [tool])
    called = [(event.title, event.icon) for event in events if isinstance(event, ToolCalled)]
    assert called == [("Look around", "ui-components:search"), ("", "")]
    assert [(action.title, action.icon) for action in transcript.actions] == called
    assert [event.display for event in events if isinstance(event, ToolCalled)] == [display, None]
    assert [event.code for event in events if isinstance(event, ToolReturned)] == ["", "unknown_tool"]
    assert [message.code for message in transcript.messages if message.role == "tool"] == ["", "unknown_tool"]


async def test_while_a_call_waited_for_the_user_they_may_have_changed_what_was_read() -> None:
    look, tool = Recorder("look", "read"), Recorder("run", "execute")

    async def decide(approval: ApprovalAsked) -> Decision:
        return Decision(approved=False, words="I ran it myself, look again.")

    again = {"calls": [call("look", text="x")]}
    await play([again, {"calls": [call("run", text="x")]}, again, "ok"], [look, tool], decide=decide)
    assert look.given == ["x", "x"]


async def test_a_read_that_failed_is_made_again() -> None:
    async def busy_once(text: str) -> str:
        if len(look.given) == 1:
            raise KernelUnavailable("The kernel is busy.")
        return "there it is"

    look = Recorder("look", "read", busy_once)
    again = {"calls": [call("look", text="x")]}
    transcript, _, _ = await play([again, again, "ok"], [look])
    assert results(transcript)[1] == "there it is"


async def test_after_code_ran_through_the_magic_the_same_read_is_made_again() -> None:
    look, tool = Recorder("look", "read"), Recorder("run_code", "execute")
    tool.spec = ToolSpec("run_code", "", {"type": "object"})

    async def run(asked: RunAsked) -> ExecutionResult:
        return ExecutionResult("ok", "ran")

    again = {"calls": [call("look", text="x")]}
    script = [again, again, {"calls": [{"name": "run_code", "arguments": {"code": "x = 2"}}]}, again, "ok"]
    transcript, _, _ = await play(script, [look, tool], limits(approval="auto"), run=run)
    assert [result.startswith(NOTE) for result in results(transcript)] == [False, True, False, False]
