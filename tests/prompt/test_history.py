"""Earlier turns as messages: always valid for the strictest server, within the budget, newest first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_agent.core.messages import Action, Message, ToolCall
from jupyter_agent.core.session import Turn
from jupyter_agent.core.tokens import estimate_tokens
from jupyter_agent.prompt import history

if TYPE_CHECKING:
    from collections.abc import Sequence


def words(text: str) -> int:
    return len(text.split())


def cost(messages: Sequence[Message]) -> int:
    calls = [call for message in messages for call in message.tool_calls]
    return sum(words(message.content) for message in messages) + sum(
        words(call.name) + words(call.arguments) for call in calls
    )


def turn(question: str, *messages: Message, **fields: Any) -> Turn:
    answered = messages or (Message("assistant", f"answer to {question}"),)
    return Turn(question, None, 1, question, answered, reply=answered[-1].content, **fields)


def problems(messages: Sequence[Message]) -> list[str]:
    """What the strictest server would refuse."""
    found: list[str] = []
    seen: set[str] = set()
    waiting: list[str] = []
    last = ""
    for position, message in enumerate(messages):
        if message.role == "system" and position:
            found.append("system message in the middle")
        if waiting and message.role != "tool":
            found.append("call without result")
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                found.append("result without call")
            else:
                waiting.remove(message.tool_call_id)
        elif (
            message.role == last
            or (message.role == "assistant" and last == "system")
            or (message.role == "user" and last == "tool")
        ):
            found.append(f"{message.role} after {last}")
        if not message.content.strip() and not message.tool_calls:
            found.append("empty message")
        ids = [call.id for call in message.tool_calls]
        if seen.intersection(ids) or len(set(ids)) < len(ids) or "" in ids:
            found.append("id used twice")
        seen.update(ids)
        waiting.extend(ids)
        last = message.role
    return found + (["call without result"] if waiting else [])


IDS = st.sampled_from(["a", "b", "a_2", ""])
TEXTS = st.sampled_from(["", " ", "one", "two words", "\ud83d", "x" * 500])
CALLS = st.builds(ToolCall, IDS, st.just("f"), st.sampled_from(["{}", "broken", ""]))
MESSAGES = st.lists(
    st.builds(
        Message,
        st.sampled_from(["system", "user", "assistant", "tool"]),
        TEXTS,
        st.lists(CALLS, max_size=3).map(tuple),
        st.none() | IDS,
    ),
    max_size=12,
)
TURNS = st.lists(
    st.builds(
        Turn,
        id=st.just("t"),
        parent=st.none(),
        depth=st.just(1),
        question=TEXTS,
        messages=MESSAGES.map(tuple),
        reply=TEXTS,
        status=st.sampled_from(["done", "failed", "cancelled", "interrupted"]),
    ),
    max_size=8,
)


@given(MESSAGES)
def test_any_messages_become_valid_and_valid_ones_stay(messages: list[Message]) -> None:
    repaired = history.repair(messages)
    assert problems(repaired) == []
    assert history.repair(repaired) == repaired


@given(MESSAGES)
def test_repair_loses_nothing_that_the_user_said(messages: list[Message]) -> None:
    repaired = "\n".join(item.content for item in history.repair(messages) if item.role == "user")
    assert all(
        message.content in repaired for message in messages if message.role == "user" and message.content.strip()
    )


@given(TURNS, st.integers(0, 400))
def test_any_turns_become_valid_messages_within_the_budget(turns: list[Turn], budget: int) -> None:
    fitted = history.fit(turns, budget, words)
    assert problems(fitted.messages) == []
    assert cost(fitted.messages) <= budget
    if fitted.messages:
        assert fitted.messages[0].role == "user"
        assert fitted.messages[-1].role == "assistant"


@settings(deadline=None, max_examples=50)
@given(TURNS, st.integers(0, 400))
def test_what_is_fitted_is_valid_already_and_comes_out_the_same_again(turns: list[Turn], budget: int) -> None:
    fitted = history.fit(turns, budget, words)
    assert history.repair(fitted.messages) == fitted.messages
    assert history.fit(turns, budget, words) == fitted


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.text(st.sampled_from("abc .\n"), max_size=30).filter(str.strip), max_size=12),
    st.integers(0, 20),
    st.integers(0, 400),
)
def test_no_question_is_lost_without_being_said(questions: list[str], answered: int, budget: int) -> None:
    turns = [turn(question, Message("assistant", "word " * (answered + 1))) for question in questions]
    fitted = history.fit(turns, budget, words)
    content = "\n".join(message.content for message in fitted.messages if message.role == "user")
    dropped = len(questions) - sum(message.role == "assistant" for message in fitted.messages)
    counted = re.search(r"\((\d+) earlier questions", fitted.note)
    kept = questions[int(counted[1]) if counted else dropped :]
    assert all(message.strip() in content or "characters in all" in content for message in kept)
    assert counted or not dropped or budget < 160  # less has no room for a sentence


def test_a_valid_conversation_is_left_alone() -> None:
    call = ToolCall("c1", "list_variables", "{}")
    messages = (
        Message("system", "Be brief."),
        Message("user", "hi"),
        Message("assistant", "Let me see.", (call,)),
        Message("tool", "[]", tool_call_id="c1"),
        Message("assistant", "Nothing."),
    )
    assert history.repair(messages) == messages


def test_a_call_without_its_result_has_an_unknown_outcome() -> None:
    call = ToolCall("c1", "run_code", "{}")
    assert history.repair([Message("user", "hi"), Message("assistant", "", (call,))])[-1] == Message(
        "tool", "interrupted (outcome unknown)", tool_call_id="c1"
    )


def test_results_follow_their_calls_in_order_and_others_are_left_out() -> None:
    calls = ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")
    results = [Message("tool", name, tool_call_id=name) for name in ("b", "orphan", "a", "a")]
    repaired = history.repair([Message("user", "hi"), Message("assistant", "", calls), *results])
    assert [item.content for item in repaired[2:]] == ["a", "b"]


def test_everything_is_kept_where_there_is_room() -> None:
    fitted = history.fit([turn("one"), turn("two")], 1000, words)
    assert [message.content for message in fitted.messages] == ["one", "answer to one", "two", "answer to two"]
    assert fitted.note == ""


def test_no_turns_are_no_messages() -> None:
    assert history.fit([], 0, words) == history.Fitted((), "")


def looked(question: str, output: str) -> Turn:
    call = ToolCall(f"call-{question}", "read_cells", "{}")
    result = Message("tool", output, tool_call_id=call.id)
    return turn(question, Message("assistant", "", (call,)), result, Message("assistant", f"answer to {question}"))


def test_old_tool_outputs_are_shortened_before_any_turn_is_left_out() -> None:
    fitted = history.fit([looked("old", "word " * 500), looked("new", "fact " * 20)], 200, words)
    assert fitted.note == ""
    old, new = (message.content for message in fitted.messages if message.role == "tool")
    assert old.endswith("(2500 characters in all)")
    assert new == "fact " * 20


def test_the_oldest_turns_are_left_out_and_their_questions_named() -> None:
    turns = [turn(f"question {number}", Message("assistant", "word " * 50)) for number in range(10)]
    fitted = history.fit(turns, 300, words)
    dropped = 10 - len(fitted.messages) // 2
    assert 0 < dropped < 10
    first = fitted.messages[0].content
    assert first.startswith(fitted.note)
    assert first.endswith(f"question {dropped}")
    assert f"- question {dropped - 1}" in fitted.note
    assert fitted.messages[-2].content == "question 9"


def test_a_turn_larger_than_the_budget_is_told_by_its_beginning() -> None:
    fitted = history.fit([turn("why " * 5000, Message("assistant", "because " * 5000))], 200, words)
    question, answer = fitted.messages
    assert question.content.startswith("why why")
    assert answer.content.startswith("because because")
    assert cost(fitted.messages) <= 200


@pytest.mark.parametrize(
    ("status", "end"), [("cancelled", "stopped"), ("failed", "failed"), ("interrupted", "interrupted")]
)
def test_an_answer_that_did_not_end_well_says_so_after_what_was_said(status: Any, end: str) -> None:
    fitted = history.fit([turn("one", Message("assistant", "It is"), status=status)], 1000, words)
    assert fitted.messages[1].content.startswith("It is\n\n(")
    assert end in fitted.messages[1].content


def test_D3_after_a_server_was_killed_the_model_knows_what_was_done_before() -> None:
    done = Action("c", "insert_cell", "write", "done")
    killed = Turn("t", None, 1, "one", (), status="interrupted", actions=(done,))
    assert "(Called insert_cell: done.)" in history.fit([killed], 1000, words).messages[1].content


def test_what_was_said_is_kept_even_where_only_the_reply_was_stored() -> None:
    fitted = history.fit([Turn("t", None, 1, "one", (), reply="It is", status="cancelled")], 1000, words)
    assert fitted.messages[1].content.startswith("It is")


def test_a_turn_stopped_within_a_tool_is_valid_before_the_next() -> None:
    stopped = turn("one", Message("assistant", "", (ToolCall("c", "run_code", "{}"),)), status="interrupted")
    fitted = history.fit([stopped, turn("two")], 1000, words)
    assert problems(fitted.messages) == []
    assert fitted.messages[2].content == history.INTERRUPTED


def test_a_thousand_turns_are_fitted_quickly() -> None:
    import time

    turns = [looked(f"question {number}", "word " * 200) for number in range(1000)]
    started = time.perf_counter()
    fitted = history.fit(turns, 4000, estimate_tokens)
    assert time.perf_counter() - started < 2
    assert fitted.messages
