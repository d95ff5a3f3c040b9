"""The model as the loop sees it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.errors import UpstreamTimeout
from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import Model, ToolSpec
from jupyter_agent.models.offline import OfflineModel
from tests.support.offline_session import SPECS, OfflineSession


async def events(messages: Sequence[Message], specs: Sequence[ToolSpec] = SPECS) -> list[ModelEvent]:
    return [event async for event in OfflineModel().stream(messages, specs, deadline=time.monotonic() + 60)]


def test_it_is_named_offline_whatever_its_variant() -> None:
    model: Model = OfflineModel.from_config(JupyterAgent(), "anything")
    assert model.name == "offline"


async def test_it_asks_for_facts_before_it_answers() -> None:
    found = await events([Message("user", "which variables are there?")])
    assert [type(event) for event in found] == [ToolCall, ModelFinished]
    assert isinstance(found[0], ToolCall)
    assert (found[0].name, found[0].arguments) == ("list_variables", "{}")
    assert found[-1] == ModelFinished("tool_calls")


async def test_the_same_messages_give_the_same_answer() -> None:
    question = [Message("user", "what can you do?")]
    first, second = await events(question, ()), await events(question, ())
    assert first == second
    assert len([event for event in first if isinstance(event, TextDelta)]) > 1


async def test_call_ids_are_never_used_twice() -> None:
    question = [Message("user", "which variables are there?")]
    ids = [event.id for _ in range(5) for event in await events(question) if isinstance(event, ToolCall)]
    assert len(set(ids)) == 5


async def test_past_the_deadline_it_says_so() -> None:
    stream = OfflineModel().stream([Message("user", "hello")], SPECS, deadline=time.monotonic() - 1)
    with pytest.raises(UpstreamTimeout):
        await anext(stream)


async def test_no_messages_and_an_empty_question_are_answered() -> None:
    for messages in ([], [Message("user", "")], [Message("system", "x")]):
        found = await events(messages)
        assert isinstance(found[0], TextDelta)
        assert found[-1] == ModelFinished()


def test_paragraphs_come_one_by_one(offline: OfflineSession) -> None:
    reply = offline.ask("describe df")
    assert len(reply.deltas) > 2
    assert reply.text == "".join(reply.deltas)
