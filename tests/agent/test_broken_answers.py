"""Answers that are empty, cut or broken off: the model learns of it, and the user reads words."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.core.errors import UpstreamTimeout
from jupyter_agent.core.events import Done, ModelEvent, ModelFinished, TextDelta, ThinkingDelta
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import ToolSpec
from tests.support.scripted_assistant import ScriptedAssistant
from tests.support.scripted_loop import Recorder, drain, limits, results


class Answers:
    """Answers with the events of a list, one list a request."""

    name = "answers"

    def __init__(self, *answers: list[ModelEvent]) -> None:
        self.requests: list[list[Message]] = []
        self._answers = answers

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        self.requests.append(list(messages))
        for event in self._answers[min(len(self.requests), len(self._answers)) - 1]:
            yield event

    async def close(self) -> None:
        """Nothing to let go of."""


async def play(*answers: list[ModelEvent], tools: Sequence[Recorder] = (), **how: Any) -> tuple[Transcript, Answers]:
    model, transcript = Answers(*answers), Transcript([Message("system", "s"), Message("user", "q")])
    agent = Agent(model, {tool.spec.name: tool for tool in tools}, limits(**how))
    await drain(agent, transcript)
    return transcript, model


EMPTY: list[ModelEvent] = [ModelFinished("stop")]
THOUGHT: list[ModelEvent] = [ThinkingDelta("hm"), TextDelta(""), ModelFinished("stop")]
ANSWER: list[ModelEvent] = [TextDelta("Two."), ModelFinished("stop")]


@pytest.mark.parametrize("first", [EMPTY, THOUGHT, [ModelFinished("tool_calls")], [TextDelta(" \n"), *EMPTY]])
async def test_an_empty_answer_is_asked_for_once_more(first: list[ModelEvent]) -> None:
    transcript, model = await play(first, ANSWER)
    assert (transcript.reply.strip(), transcript.finish_reason) == ("Two.", "stop")
    assert "was empty" in model.requests[1][-1].content
    assert [message for message in transcript.messages if not message.content.strip()] == []


@pytest.mark.parametrize(("answer", "words"), [(EMPTY, "gave no answer"), (THOUGHT, "thought about it, but gave no")])
async def test_a_model_that_never_answers_ends_with_words_that_say_so(answer: list[ModelEvent], words: str) -> None:
    transcript, model = await play(answer)
    assert words in transcript.reply
    assert (len(model.requests), transcript.finish_reason) == (2, "stop")


async def test_an_empty_answer_after_a_tool_is_asked_for_once_more_too() -> None:
    look = Recorder("look", "read")
    calls: list[ModelEvent] = [ToolCall("c1", "look", '{"text": "a"}'), ModelFinished("tool_calls")]
    transcript, model = await play(calls, EMPTY, ANSWER, tools=[look])
    assert (transcript.reply, model.requests[2][-1].role) == ("Two.", "tool")
    assert results(transcript) == ["got a"]


async def test_a_refusal_without_words_gets_some() -> None:
    transcript, model = await play([ModelFinished("refused")])
    assert (transcript.reply, transcript.finish_reason) == ("*The model declined to answer this.*", "refused")
    assert len(model.requests) == 1


async def test_whole_calls_before_a_cut_one_are_made_and_the_model_learns_which_was_cut() -> None:
    look = Recorder("look", "read")
    cut: list[ModelEvent] = [
        TextDelta("I write it."),
        ToolCall("c1", "look", '{"text": "a"}'),
        ToolCall("c2", "look", '{"text": "x = '),
        ModelFinished("length"),
    ]
    transcript, _ = await play(cut, ANSWER, tools=[look])
    assert look.given == ["a"]
    assert results(transcript)[0] == "got a"
    assert "cut off because your answer was too long" in results(transcript)[1]
    assert transcript.reply == "I write it.\n\nTwo."


class Silent(Answers):
    """Falls silent in the middle of its first answer."""

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        self.requests.append(list(messages))
        yield TextDelta("one ")
        if len(self.requests) == 1:
            raise UpstreamTimeout("The model did not answer in time.")
        yield ModelFinished("stop")


async def test_an_answer_that_breaks_off_says_so_is_kept_and_is_marked_for_the_next_question() -> None:
    scripted = ScriptedAssistant([])
    model = scripted.assistant.resources.models["scripted"] = Silent()
    done = (await scripted.ask("first?", session_id="s1"))[-1]
    assert isinstance(done, Done)
    assert done.reply.startswith("one ")
    assert "fell silent in the middle" in done.reply
    assert done.usage.input_tokens > 10
    assert done.usage.output_tokens > 0
    await scripted.done("second?", session_id="s1")
    answer = next(message for message in model.requests[1] if message.role == "assistant")
    assert answer.content.endswith("(This answer was cut off here.)")


async def test_an_answer_cut_by_its_length_is_marked_for_the_next_question() -> None:
    scripted = ScriptedAssistant([{"text": "It begins", "finish": "length"}])
    await scripted.done("first?", session_id="s1")
    await scripted.done("second?", session_id="s1")
    answer = next(message for message in scripted.model.requests[1].messages if message.role == "assistant")
    assert answer.content == "It begins\n\n(This answer was cut off here.)"


async def test_what_breaks_off_because_the_time_is_over_says_that() -> None:
    class Late(Silent):
        async def stream(
            self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
        ) -> AsyncGenerator[ModelEvent, None]:
            yield TextDelta("one ")
            while time.monotonic() < deadline:  # the clock alone moves here
                pass
            raise UpstreamTimeout("The model did not answer in time.")

    transcript = Transcript([Message("user", "q")])
    agent = Agent(Late(), {}, limits(deadline=time.monotonic() + 0.1))
    await drain(agent, transcript)
    assert transcript.finish_reason == "deadline"
    assert "the time for this answer is used up" in transcript.reply
