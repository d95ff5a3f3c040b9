"""Equal calls of one turn: which of them are repetitions, what the model is told, and when the turn ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.agent.repeated_calls import NOTE
from jupyter_agent.core.events import ApprovalAsked
from jupyter_agent.core.messages import Message
from jupyter_agent.core.protocols import ToolContext, ToolOutput
from jupyter_agent.core.question import Decision
from jupyter_agent.kernels.owned_kernel import start_kernel
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.tools.running import RunCode
from tests.support.scripted_loop import Recorder, call, limits, play, results


def step(name: str, text: str) -> dict[str, Any]:
    return {"calls": [call(name, text=text)]}


async def test_edit_run_edit_run_edit_run_of_one_cell_ends_with_the_models_words() -> None:
    edit, run = Recorder("edit", "write"), Recorder("run", "execute")
    script = [step("edit", "1"), step("run", "c"), step("edit", "2"), step("run", "c"), step("edit", "3")]
    transcript, _, _ = await play([*script, step("run", "c"), "Fixed."], [edit, run], limits(approval="auto"))
    assert (run.given, transcript.finish_reason, transcript.reply) == (["c"] * 3, "stop", "Fixed.")
    assert not any(result.startswith(NOTE) for result in results(transcript))


async def test_reading_again_after_each_change_is_no_repetition() -> None:
    look, run = Recorder("look", "read"), Recorder("run", "execute")
    script = [step("look", "v"), step("run", "1"), step("look", "v"), step("run", "2"), step("look", "v"), "Done."]
    transcript, _, _ = await play(script, [look, run], limits(approval="auto"))
    assert (transcript.finish_reason, look.given) == ("stop", ["v"] * 3)
    assert not any(result.startswith(NOTE) for result in results(transcript))


async def test_what_the_user_has_changed_meanwhile_is_seen_and_is_no_repetition() -> None:
    values = iter(["1", "2", "2", "3", "done"])

    async def live(text: str) -> str:
        return next(values)

    look = Recorder("look", "read", live)
    transcript, _, _ = await play([*[step("look", "v")] * 5, "Done."], [look])
    assert results(transcript) == ["1", "2", f"{NOTE}\n2", "3", "done"]
    assert transcript.finish_reason == "stop"


async def test_a_run_is_a_repetition_only_where_its_result_is_the_same() -> None:
    rows = iter(range(9))

    async def count(text: str) -> str:
        return str(next(rows))

    poll, same = Recorder("poll", "execute", count), Recorder("same", "execute")
    transcript, _, _ = await play([*[step("poll", "p")] * 5, "Done."], [poll], limits(approval="auto"))
    assert (results(transcript), transcript.finish_reason) == ([*"01234"], "stop")
    transcript, _, _ = await play([step("same", "s")], [same], limits(approval="auto"))
    assert (same.given, transcript.finish_reason) == (["s", "s"], "repeated_call")
    assert results(transcript)[1].startswith(NOTE)


async def test_a_run_that_changes_something_each_time_is_no_repetition_though_it_shows_the_same() -> None:
    values = iter(range(9))

    class Step(Recorder):
        async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
            return ToolOutput("(no output)", left_behind=f"i: {next(values)}")

    transcript, _, _ = await play(
        [*[step("step", "i += 1")] * 5, "Done."], [Step("step", "execute")], limits(approval="auto")
    )
    assert (results(transcript), transcript.finish_reason) == (["(no output)"] * 5, "stop")


async def test_a_step_that_is_run_again_and_again_is_no_repetition_as_long_as_a_variable_changes(
    tmp_path: Path,
) -> None:
    kernel, stop = await start_kernel(str(tmp_path))
    try:
        await kernel.state(timeout=30)
        await kernel.execute("i, steps = 0, []", timeout=30)
        for code, ends in (("i += 1", "stop"), ("steps.append(i)", "stop"), ("i = 5", "repeated_call")):
            context, transcript = ToolContext(kernel, await kernel.state(), None), Transcript([Message("user", "q")])
            model = ScriptedModel([*[{"calls": [call("run_code", code=code)]}] * 4, "Done."])
            agent = Agent(model, {"run_code": RunCode()}, limits(approval="auto"))
            async with aclosing(agent.run(transcript, context)) as events:
                async for _ in events:
                    pass
            assert transcript.finish_reason == ends
    finally:
        await stop()


async def test_who_goes_on_with_something_else_after_being_told_goes_on() -> None:
    look = Recorder("look", "read")
    script = [step("look", "a"), step("look", "a"), step("look", "b"), "Done."]
    transcript, _, _ = await play(script, [look])
    assert (transcript.reply, transcript.finish_reason) == ("Done.", "stop")


async def test_calls_of_one_message_cannot_know_that_they_are_repetitions() -> None:
    look = Recorder("look", "read")
    transcript, _, _ = await play([{"calls": [call("look", text="a")] * 4}, "Done."], [look])
    assert (transcript.reply, transcript.finish_reason) == ("Done.", "stop")


async def test_the_user_is_not_asked_again_for_what_they_have_just_denied() -> None:
    asked = []

    async def decide(approval: ApprovalAsked) -> Decision:
        asked.append(approval.arguments["text"])
        return Decision(approved=False)

    run, look = Recorder("run", "execute"), Recorder("look", "read")
    script = [step("run", "x"), step("run", "x"), step("look", "a"), step("run", "y"), step("run", "x"), "Done."]
    transcript, events, _ = await play(script, [run, look], decide=decide)
    assert asked == ["x", "y", "x"]
    assert [action.status for action in transcript.actions] == ["denied", "denied", "done", "denied", "denied"]
    assert sum(isinstance(event, ApprovalAsked) for event in events) == 3


@pytest.mark.parametrize("highest", [1, 2, 4])
async def test_the_option_says_how_many_equal_results_there_may_be_before_the_model_is_told(highest: int) -> None:
    transcript, _, _ = await play(
        [step("look", "a")], [Recorder("look", "read")], limits(max_repeated_calls=highest, max_steps=20)
    )
    assert transcript.finish_reason == "repeated_call"
    warned = [result.startswith(NOTE) for result in results(transcript)]
    assert warned == [False] * (max(2, highest) - 1) + [True, True]


async def test_after_a_cell_has_changed_it_is_read_and_edited_again() -> None:
    class Edit(Recorder):
        async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
            self.given.append(arguments["text"])
            if len(self.given) < 4:
                return ToolOutput.failure("cell_changed", "Read it again.")
            return ToolOutput("done")

    sources = iter("abcd")

    async def read(text: str) -> str:
        await asyncio.sleep(0)
        return next(sources)

    edit, look = Edit("edit", "write"), Recorder("look", "read", read)
    script = [step("look", "c"), step("edit", "1")] * 4
    transcript, _, _ = await play([*script, "Done."], [edit, look], limits(approval="auto"))
    assert (transcript.finish_reason, len(edit.given), transcript.reply) == ("stop", 4, "Done.")
