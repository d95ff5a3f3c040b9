"""From one question to the next a request begins with the same bytes, whatever was run in between; history goes in large steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_agent.core.kernel_state import Cell, KernelState, Variable
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Turn
from jupyter_agent.core.tokens import estimate_tokens
from jupyter_agent.models.openai_compatible.wire import request as wire_request
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.prompt import history, request
from jupyter_agent.prompt.attachments import Attachment
from jupyter_agent.prompt.snapshot import TurnContext
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.tools import registry
from tests.support.notebook_json import code, notebook, text_of
from tests.support.scripted_assistant import assistant_with, done

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = "what was said of it, in 12 words and a name_of_something\n"


def texts(longest: int) -> st.SearchStrategy[str]:
    return st.integers(1, longest).map(lambda size: (WORDS * (size // len(WORDS) + 1))[:size])


@st.composite
def turns(draw: st.DrawFn, longest: int = 6_000) -> list[Turn]:
    made: list[Turn] = []
    for number in range(draw(st.integers(2, 14))):
        messages: list[Message] = []
        for step in range(draw(st.integers(0, 2))):
            # Some models begin anew with the ids of their calls in each answer.
            call = ToolCall(f"call_{step}", "read_cells", json.dumps({"ids": [str(number)]}))
            messages += [Message("assistant", draw(st.sampled_from(["", "Let me look."])), (call,))]
            messages += [Message("tool", draw(texts(longest)), tool_call_id=call.id)]
        messages.append(Message("assistant", f"answer {number} {draw(texts(longest))}"))
        question = f"question {number} {draw(texts(400))}"
        made.append(Turn(f"t{number}", None, number + 1, question, tuple(messages), reply=messages[-1].content))
    return made


@st.composite
def contexts(draw: st.DrawFn) -> TurnContext:
    """A kernel and cells as they may be at any of the questions."""
    names = draw(st.lists(st.sampled_from(["df", "x", "total", "rows"]), unique=True))
    variables = {
        name: Variable(name, "int", "number", draw(texts(80)), version=draw(st.integers(1, 9))) for name in names
    }
    cells = tuple(Cell(f"c{number}", "code", draw(texts(300)), number) for number in range(draw(st.integers(0, 4))))
    state = draw(st.sampled_from([None, KernelState("k", "e", 1, variables, total=len(variables))]))
    return TurnContext(state=state, cells=cells, changed=tuple(names[:1]))


def sent(
    earlier: Sequence[Turn], now: TurnContext, asked: str, attached: Sequence[Attachment], budget: int
) -> list[str]:
    """The messages of a request as they are on the wire, each as its bytes."""
    context = TurnContext(state=now.state, cells=now.cells, changed=now.changed, turns=tuple(earlier))
    built = request.build(
        asked,
        context,
        attached,
        active_cell_id=None,
        budget_tokens=budget,
        mark="context-1",
        redactor=Redactor(),
        count=estimate_tokens,
    )
    return [json.dumps(message) for message in wire_request("m", built.messages, ())["messages"]]


@settings(deadline=None, max_examples=60)
@given(turns(), st.data(), st.sampled_from([900, 3_000, 8_000, 30_000, 250_000]))
def test_the_messages_of_one_question_are_the_beginning_of_those_of_the_next_where_history_was_not_cut(
    conversation: list[Turn], data: st.DataObject, budget: int
) -> None:
    before: list[str] = []
    whole: tuple[Message, ...] = ()
    for number, turn in enumerate(conversation):
        attached = [Attachment("@df", (data.draw(texts(900)),))] if data.draw(st.booleans()) else []
        messages = sent(conversation[:number], data.draw(contexts()), turn.question, attached, budget)
        system = estimate_tokens(json.loads(messages[0])["content"])
        kept = history.fit(conversation[:number], max(0, budget // 2 - system), estimate_tokens).messages
        if kept[: len(whole)] == whole:
            assert messages[: len(before)] == before
        before, whole = messages[:-1], kept
        assert len(before) == len(kept) + 1


@settings(deadline=None, max_examples=60)
@given(st.lists(turns(longest=500), min_size=4, max_size=8), st.integers(3_000, 9_000))
def test_history_that_is_cut_is_cut_in_large_steps(parts: list[list[Turn]], budget: int) -> None:
    conversation = [turn for part in parts for turn in part]
    before: tuple[Message, ...] = ()
    grown, steps = 0, []
    for number in range(1, len(conversation) + 1):
        messages = history.fit(conversation[:number], budget, estimate_tokens).messages
        cost = sum(estimate_tokens(message.content) for message in messages)
        assert cost <= budget
        if messages[: len(before)] != before:
            steps.append(grown)
            grown = 0
        newest = conversation[number - 1]
        grown += sum(map(estimate_tokens, (newest.question, *(message.content for message in newest.messages))))
        before = messages
    assert all(step >= budget // 8 for step in steps)


async def test_a_conversation_with_runs_and_edits_in_between_keeps_the_beginning_of_its_requests(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.ipynb"
    look = {"calls": [{"name": "read_cells", "arguments": {}}]}
    model = ScriptedModel([step for number in range(6) for step in (look, f"Answer {number}.")])
    tools, _ = registry.load([])
    assistant = assistant_with(model, tools)
    for number in range(6):
        path.write_text(text_of(notebook(*(code(f"c{cell}", f"x = {number + cell}") for cell in range(9)))), "utf-8")
        question = Question(
            "local",
            f"What is x, for the time {number}?",
            session_id="s",
            notebook=FileNotebook(path),
            notebook_id="a.ipynb",
        )
        await done(assistant, question)
    bodies: list[dict[str, Any]] = [wire_request("m", request.messages, request.tools) for request in model.requests]
    assert len({json.dumps(body["tools"]) for body in bodies}) == 1
    sent_texts = [[json.dumps(message) for message in body["messages"]] for body in bodies]
    for first, second in zip(sent_texts[::2], sent_texts[1::2], strict=True):  # within a turn
        assert second[: len(first)] == first
    for earlier, later in zip(sent_texts[::2], sent_texts[2::2], strict=False):  # from question to question
        assert later[: len(earlier) - 1] == earlier[:-1]
        assert len(later) == len(earlier) + 4
