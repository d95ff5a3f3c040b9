"""A turn that reaches a limit ends with words of the model, and what follows a failed call of the same message waits for it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from jupyter_agent.core.events import ApprovalAsked
from jupyter_agent.core.protocols import ToolContext, ToolOutput
from jupyter_agent.core.question import Decision
from tests.support.scripted_loop import Recorder, call, limits, play, results


def reads(count: int) -> list[dict[str, Any]]:
    return [{"calls": [call("look", text=str(number))]} for number in range(count)]


@pytest.mark.parametrize(
    ("reason", "script", "how"),
    [
        ("max_steps", reads(3), {"max_steps": 3}),
        ("max_tool_calls", reads(3), {"max_tool_calls": 2}),
        ("max_write_calls", [{"calls": [call("run", text=text)]} for text in "abc"], {"max_write_calls": 2}),
        ("repeated_call", [{"calls": [call("look", text="a")]}] * 3, {}),
    ],
)
async def test_a_limit_that_is_reached_leaves_the_model_one_request_for_words(
    reason: str, script: list[Any], how: dict[str, Any]
) -> None:
    tools = [Recorder("look", "read"), Recorder("run", "execute")]
    transcript, _, model = await play([*script, "I saw two files."], tools, limits(approval="auto", **how))
    assert transcript.finish_reason == reason
    assert len(model.requests) == 4
    assert model.requests[-1].tools == ()
    last = model.requests[-1].messages[-1]
    assert (last.role, "Say now in words" in last.content) == ("tool", True)
    assert transcript.reply.startswith("I saw two files.\n\n*Stopped: ")
    assert not any("Say now in words" in message.content for message in transcript.messages)


async def test_calls_of_the_closing_answer_are_not_made_and_its_failure_is_not_the_turns() -> None:
    for last in ({"text": "Well.", "calls": [call("look", text="z")]}, {"text": "Well.", "error": "upstream_down"}):
        look = Recorder("look", "read")
        transcript, _, _ = await play([*reads(2), last], [look], limits(max_steps=2))
        transcript.close()
        assert (look.given, transcript.finish_reason) == (["0", "1"], "max_steps")
        assert transcript.reply.startswith("Well.")
        assert transcript.messages[-1].tool_calls == ()


@pytest.mark.parametrize("how", [{"max_tokens": 1}, {"deadline": 0.0}], ids=["tokens", "deadline"])
async def test_where_no_time_or_no_tokens_are_left_nothing_more_is_asked(how: dict[str, Any]) -> None:
    if "deadline" in how:
        how = {"deadline": time.monotonic() + 1.0, "max_steps": 2}
    _, _, model = await play(reads(5), [Recorder("look", "read")], limits(**how))
    assert len(model.requests) == (1 if "max_tokens" in how else 2)


async def test_what_follows_a_failed_or_denied_call_of_the_same_message_waits_for_the_model() -> None:
    async def decide(approval: ApprovalAsked) -> Decision:
        return Decision(approved=approval.arguments["text"] != "no")

    async def works(text: str) -> str:
        if text == "bad":
            raise ValueError
        return text

    for first in ("no", "bad"):
        look, run = Recorder("look", "read"), Recorder("run", "execute", works)
        calls = [call("run", text=first), call("look", text="a"), call("run", text="b"), call("run", text="c")]
        script = [{"calls": calls}, {"calls": [call("run", text="b")]}, "Done."]
        transcript, events, _ = await play(script, [look, run], decide=decide)
        assert (look.given, run.given[-1], transcript.reply) == (["a"], "b", "Done.")
        assert run.given.count("b") == 1
        assert [result.startswith("not_made: ") for result in results(transcript)] == [False, False, True, True, False]
        assert sum(isinstance(event, ApprovalAsked) for event in events) == 4


@pytest.mark.parametrize("last", ["It cannot be done: there is no such column.", ""])
@pytest.mark.parametrize(
    ("errors", "made"),
    [
        (["KeyError: 'a'"] * 30, 4),  # the same error: nothing was gained
        ([f"ValueError: {number} is wrong" for number in range(30)], 4),
        ([f"Error{chr(97 + number)}: x" for number in range(20)], 8),
        (["A: x", "A: x", "A: x", "", "A: x", "A: x", "A: x", "B: x", ""], 9),  # a run that works has gained something
    ],
)
async def test_code_that_fails_again_and_again_ends_the_turn_with_words(
    errors: list[str], made: int, last: str
) -> None:
    outputs = iter(errors)

    class Failing(Recorder):
        async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
            await super().call(arguments, context)
            error = next(outputs)
            return ToolOutput(f"Traceback\n{error}", ok=False, code="exception") if error else ToolOutput("fine")

    run, edit = Failing("run", "execute"), Recorder("edit", "write")
    script = [
        {"calls": [call("edit", text=str(number)), call("run", text=str(number))]} for number in range(len(errors))
    ]
    transcript, _, model = await play(
        [*script, last], [run, edit], limits(approval="auto", max_write_calls=100, max_tool_calls=100, max_steps=50)
    )
    ended_early = made < len(errors)
    assert (len(run.given), transcript.finish_reason) == (made, "failed_runs" if ended_early else "stop")
    if ended_early:
        assert model.requests[-1].tools == ()
        assert transcript.reply.endswith("*Stopped: the model's code failed again and again.*")
    assert transcript.reply.strip()


async def test_code_that_the_closing_answer_is_instead_of_words_is_said_not_to_have_run() -> None:
    block = "```python\nprint(1)\n```"
    transcript, _, _ = await play([*reads(2), block], [Recorder("look", "read")], limits(max_steps=2))
    assert transcript.reply.startswith(f"{block}\n\n*Stopped: ")
    assert transcript.reply.endswith(" The code above was not run.*")
