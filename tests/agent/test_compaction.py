"""Requests of a turn stay within their budget at every step, and a turn goes on where its model's server finds one too long."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_agent.agent.compaction import Compaction
from jupyter_agent.agent.limits import Limits
from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.agent.repeated_calls import NOTE
from jupyter_agent.core.errors import ContextTooLong
from jupyter_agent.core.events import ModelEvent, ModelFinished
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import ToolSpec
from jupyter_agent.core.question import Question
from jupyter_agent.core.tokens import estimate_tokens
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.prompt.history import repair
from jupyter_agent.prompt.request import tool_tokens
from jupyter_agent.tools import registry
from tests.support.context_filler import SCHEMA, WORDS, Player, Reader, cost_of
from tests.support.notebook_json import code, notebook, text_of
from tests.support.scripted_assistant import assistant_with, done
from tests.support.scripted_loop import drain


async def play(
    request: Sequence[Message],
    steps: Sequence[Sequence[Mapping[str, Any]]],
    budget: int,
    window: int = 10**9,
    max_repeated_calls: int = 2,
) -> tuple[Player, Transcript]:
    model, transcript = Player(steps, window), Transcript(list(request))
    how = Limits(
        deadline=time.monotonic() + 60, max_steps=50, max_tool_calls=500, max_repeated_calls=max_repeated_calls
    )
    agent = Agent(model, {"read": Reader()}, how, compaction=Compaction(budget))
    await drain(agent, transcript)
    return model, transcript


def text(longest: int) -> st.SearchStrategy[str]:
    return st.integers(0, longest).map(lambda size: (WORDS * (size // len(WORDS) + 1))[:size])


@st.composite
def requests(draw: st.DrawFn) -> list[Message]:
    """A prompt: system, the notebook with the first question, earlier turns with their calls, the question."""
    messages = [Message("system", "You help." * 20)]
    for number in range(draw(st.integers(0, 4))):
        messages.append(Message("user", f"question {number} {draw(text(6_000))}"))
        if draw(st.booleans()):
            call = ToolCall(f"h{number}", "read", json.dumps({"source": draw(text(3_000))}))
            messages.append(Message("assistant", "", (call,)))
            messages.append(Message("tool", draw(text(9_000)), tool_call_id=f"h{number}"))
        messages.append(Message("assistant", f"answer {number} {draw(text(4_000))}"))
    return [*messages, Message("user", f"the question {draw(text(8_000))}")]


CALLS = st.lists(
    st.fixed_dictionaries(
        {"size": st.integers(0, 40_000), "pictures": st.sampled_from([0, 0, 0, 1, 3]), "source": text(9_000)}
    ),
    min_size=1,
    max_size=4,
)


@given(requests(), st.lists(CALLS, max_size=9), st.integers(2_000, 20_000), st.sampled_from([1.0, 0.7, 0.45]))
def test_no_request_of_a_turn_exceeds_its_budget_and_none_fails_for_length_that_could_be_compacted(
    request: list[Message], steps: list[list[dict[str, Any]]], budget: int, window: float
) -> None:
    model, transcript = asyncio.run(play(request, steps, budget, int(budget * window), 500))
    assert transcript.reply == "Done."
    assert max(model.costs) <= max(budget, cost_of([request[0], request[-1]], [Reader.spec]) + 600)
    assert len(model.requests) == len(steps) + 1
    for messages in model.requests:
        assert messages[0] == request[0]
        assert repair(messages) == tuple(
            Message(message.role, message.content or "(no output)" * (message.role == "tool"), message.tool_calls)
            if message.tool_call_id is None
            else Message("tool", message.content or "(no output)", tool_call_id=message.tool_call_id)
            for message in messages
        )
        for message in messages:
            assert all(json.loads(call.arguments) is not None for call in message.tool_calls)


async def test_nine_reads_at_a_budget_of_8000_tokens_stay_within_it_and_the_newest_is_whole() -> None:
    request = [Message("system", "s"), Message("user", "Read them all.")]
    reads = [[{"size": 15_000 + 2 * number, "pictures": 0}] for number in range(9)]
    model, transcript = await play(request, reads, 8_000)
    assert max(model.costs) <= 8_000
    for number, messages in enumerate(model.requests[1:]):
        assert len(messages[-1].content) == 15_000 + 2 * number
    whole = [message.content for message in transcript.messages if message.role == "tool"]
    assert [len(content) for content in whole] == [15_000 + 2 * number for number in range(9)]


async def test_nine_files_read_with_our_own_tools_never_exceed_what_the_option_says(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text_of(notebook(*(code(f"c{number}", f"x{number} = {number}") for number in range(60)))), "utf-8")
    for number in range(9):
        (tmp_path / f"data{number}.txt").write_text(f"{number}\n{WORDS * 300}", "utf-8")
    model = Player([[{"path": f"data{number}.txt", "lines": 1000}] for number in range(9)], tool="read_file")
    tools, _ = registry.load([])
    question = Question("local", "Read all files.", notebook=FileNotebook(path), notebook_id="a.ipynb")
    end = await done(assistant_with(model, tools, context_tokens=8_000), question)
    assert (end.reply, [action.status for action in end.actions]) == ("Done.", ["done"] * 9)
    assert len(model.requests) == 10
    assert max(model.costs) <= 8_000


async def test_tools_of_other_programs_are_left_out_where_they_leave_no_room_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text_of(notebook(*(code(f"c{number}", f"x{number} = {number}") for number in range(60)))), "utf-8")
    model = Player([[{"ids": [f"c{number}"]}] for number in range(9)], tool="read_cells")
    tools, _ = registry.load([])
    for number in range(30):
        tools[f"wiki_{number}"] = tool = Reader()
        tool.spec = ToolSpec(f"wiki_{number}", WORDS * 12, SCHEMA, is_foreign=True)
    question = Question("local", "Read all.", notebook=FileNotebook(path), notebook_id="a.ipynb")
    assistant = assistant_with(model, tools, context_tokens=8_000)
    preview = await assistant.preview(question)
    end = await done(assistant, question)
    assert max(model.costs) <= 8_000
    offered = [tool["name"] for tool in preview["tools"]]
    assert {"run_code", "wiki_0"} < {*offered}
    assert "wiki_29" not in offered
    for warnings in (end.warnings, preview["warnings"]):
        assert any(re.search(r"wiki_\d+ and \d+ more cannot.*context_tokens", words) for words in warnings)


async def test_what_is_said_to_the_model_besides_counts_too() -> None:
    budget = 3_000
    request = [Message("system", "s"), Message("user", "q")]
    for size in range(8_000, 8_600, 20):
        model, transcript = Player([[{"size": size, "pictures": 0}]]), Transcript(list(request))
        how = Limits(deadline=time.monotonic() + 60, max_steps=1)  # the model is asked for its last words, with a note
        agent = Agent(model, {"read": Reader()}, how, compaction=Compaction(budget))
        await drain(agent, transcript)
        assert len(model.costs) == 2
        assert max(model.costs) <= budget


@pytest.mark.parametrize("length", [2_000, 60_000])
async def test_thoughts_that_go_back_stay_within_the_budget(length: int) -> None:
    thoughts = {"reasoning_content": (WORDS * 1_000)[:length]}

    class Thinker(Player):
        async def stream(self, *asked: Any, **more: Any) -> AsyncGenerator[ModelEvent, None]:
            async for event in super().stream(*asked, **more):
                has_called = isinstance(event, ModelFinished) and event.reason == "tool_calls"
                yield ModelFinished("tool_calls", extra=thoughts) if has_called else event
            self.costs[-1] += sum(estimate_tokens(json.dumps(dict(message.extra))) for message in self.requests[-1])

    model, transcript = Thinker([[{"size": 900, "pictures": 0}]] * 5), Transcript([Message("user", "q")])
    how = Limits(deadline=time.monotonic() + 60, max_repeated_calls=50)
    agent = Agent(model, {"read": Reader()}, how, compaction=Compaction(6_000))
    await drain(agent, transcript)
    assert (len(model.costs), transcript.reply) == (6, "Done.")
    assert max(model.costs) <= 6_000 + estimate_tokens(json.dumps({}))
    assert any(message.extra for message in model.requests[-1]) == (length == 2_000)


async def test_what_was_shortened_once_stays_so_that_the_beginning_of_the_requests_stays_the_same() -> None:
    request = [Message("system", "s"), Message("user", "q")]
    model, _ = await play(request, [[{"size": 3_000 + number, "pictures": 0}] for number in range(20)], 6_000)
    changes = sum(
        later[: len(first)] != first for first, later in zip(model.requests, model.requests[1:], strict=False)
    )
    assert 0 < changes < 10


async def test_pictures_of_older_results_go_first() -> None:
    request = [Message("system", "s"), Message("user", "q")]
    model, _ = await play(request, [[{"size": 400 + number, "pictures": 1}] for number in range(4)], 2_000)
    assert [len(message.pictures) for message in model.requests[-1] if message.role == "tool"] == [0, 0, 0, 1]
    assert max(model.costs) <= 2_000


async def test_what_was_done_is_said_where_it_is_not_shown_any_more() -> None:
    request = [Message("system", "s"), Message("user", "q")]
    reads = [[{"size": 200 + size + 4 * step, "pictures": 0} for size in range(4)] for step in range(12)]
    model, _ = await play(request, reads, 2_000)
    assert model.requests[-1][1].content.startswith("q\n\n(What you did for this first is not shown any more: read (")


async def test_a_result_that_was_shortened_may_be_read_again() -> None:
    request = [Message("system", "s"), Message("user", "q")]
    again = [{"size": 9_000, "pictures": 0}]
    steps = [again, [{"size": 9_002, "pictures": 0}], again, [{"size": 9_004, "pictures": 0}], again]
    model, transcript = await play(request, steps, 4_500)
    assert (transcript.finish_reason, transcript.reply) == ("stop", "Done.")
    assert not any(NOTE in message.content for message in model.requests[-1])


@pytest.mark.parametrize("window", [1_500, 2_500])
async def test_a_context_error_after_a_tool_call_is_answered_with_less(window: int) -> None:
    request = [Message("system", "s"), Message("user", "q")]
    model, transcript = await play(request, [[{"size": 12_000, "pictures": 0}]], 8_000, window)
    assert (transcript.reply, len(model.requests)) == ("Done.", 2)
    assert max(model.costs) <= window


async def test_tools_that_take_the_whole_budget_do_not_cut_the_question_unless_the_server_says_so() -> None:
    request = [Message("system", "s"), Message("user", WORDS * 20)]
    taken = tool_tokens([Reader.spec], estimate_tokens)
    model, transcript = await play(request, [], taken + 10)
    assert model.requests[0][-1].content == WORDS * 20
    model, transcript = await play(request, [], taken + 10, taken + 200)
    assert transcript.reply == "Done."
    assert "left out" in model.requests[0][-1].content


async def test_a_question_that_is_longer_than_the_budget_is_sent_whole() -> None:
    request = [Message("system", "s"), Message("user", WORDS * 1_000)]
    model, _ = await play(request, [[{"size": 900, "pictures": 0}]], 8_000)
    assert all(WORDS * 1_000 in messages[1].content for messages in model.requests)


async def test_what_nothing_can_shorten_enough_fails_in_the_end() -> None:
    with pytest.raises(ContextTooLong):
        await play([Message("system", "s"), Message("user", "q")], [], 8_000, window=10)


async def test_L4_of_a_request_that_the_server_finds_too_long_the_users_words_stay_and_what_is_cut_is_said() -> None:
    block = "<context-0a1b2c3d>\n{}\n</context-0a1b2c3d>"
    asked = f"{block.format(WORDS * 200)}\n\nHow many rows has df?\n\n{block.format('Kernel: idle. ' * 100)}"
    compaction = Compaction(8_000)
    compaction.fit([Message("system", "s"), Message("user", asked)], [], 0)
    for _ in range(9):
        compaction.shrink()
        [_, question] = compaction.fit([Message("system", "s"), Message("user", asked)], [], 0)
        assert "How many rows has df?" in question.content
    assert question.content == "How many rows has df?"
    assert not compaction.is_question_cut
    long = Compaction(8_000)
    for _ in range(2):
        [_, question] = long.fit(
            [Message("system", "s"), Message("user", f"{block.format('x')}\n\n{WORDS * 200}")], [], 0
        )
        long.shrink()
    assert (long.is_question_cut, "<context" in question.content) == (True, False)
