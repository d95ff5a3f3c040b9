"""What is made of a stored turn: its steps in the history and its events for a retry, whatever the model wrote."""

from __future__ import annotations

import pytest

from jupyter_agent.agent import turn as turns
from jupyter_agent.core.events import ToolCalled
from jupyter_agent.core.messages import Action, Message, ToolCall
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.server.api.sessions import steps_to_json

DEEP = "[" * 100_000 + "]" * 100_000


def stored(arguments: str) -> Turn:
    call = ToolCall("c1", "run_code", arguments)
    messages = (Message("assistant", "Let me see.", (call,)), Message("tool", "(no output)", tool_call_id="c1"))
    return Turn("t1", None, 1, "?", messages, "Let me see.", actions=(Action("c1", "run_code", "execute", "done"),))


@pytest.mark.parametrize("arguments", ["{", "[]", f'{{"code": {DEEP}}}', DEEP, ""])
def test_arguments_that_cannot_be_read_are_none_in_the_history_and_in_a_retry(arguments: str) -> None:
    turn = stored(arguments)
    assert steps_to_json(turn)[1]["arguments"] == {}
    called = [
        event
        for event in turns.stored_events(Session("k", "s1", "local", ""), turn, {})
        if isinstance(event, ToolCalled)
    ]
    assert [event.arguments for event in called] == [{}]


def test_arguments_that_can_be_read_are_told() -> None:
    assert steps_to_json(stored('{"code": "1"}'))[1]["arguments"] == {"code": "1"}
