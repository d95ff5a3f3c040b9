"""Pictures that tools show: sent to models that see, left out for the others, from then on."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_agent.core.messages import Message, ModelFinished, Picture, TextDelta, ToolCall, Usage
from jupyter_agent.core.protocols import ToolSpec
from jupyter_agent.models.openai_compatible.wire import request
from tests.support.fake_model_server import KEY, answer, answered, asking, plain, running

READ = ToolSpec("read_output", "Read it.", {"type": "object", "properties": {}})
PICTURE = Picture("image/png", "aGk=")
PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def turn() -> list[Message]:
    calls = (ToolCall("a", "read_output", "{}"), ToolCall("b", "read_output", "{}"))
    return [
        Message("user", "What does it show?"),
        Message("assistant", "", calls),
        Message("tool", "1 picture", tool_call_id="a", pictures=(PICTURE,)),
        Message("tool", "nothing", tool_call_id="b"),
    ]


def test_pictures_stand_after_the_results_that_show_them() -> None:
    messages: list[dict[str, Any]] = request("m", [*turn(), Message("assistant", "A line.")], [READ])["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "tool", "user", "assistant"]
    assert messages[4]["content"][1:] == [PART]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
        (400, "At most 0 image(s) may be provided in one prompt."),
    ],
)
async def test_a_model_that_does_not_see_is_asked_without_pictures_from_then_on(
    status: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with running() as server, asking(server) as model:
        server.queue(plain(status, {"error": {"message": words}}), answered("ok"), answered("ok"))
        for _ in range(2):
            assert (await answer(model, *turn(), tools=[READ]))[0] == TextDelta("ok")
    assert ["image_url" in str(request.body) for request in server.asked] == [True, False, False]


async def test_what_an_answer_cost_is_told_where_the_server_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_agent.models.openai_compatible.stream import _usage

    usage = _usage({"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.25})
    assert usage == Usage(5, 2, 0.25)
    for cost in (-1, "1", None, float("nan"), 1e300):
        assert _usage({"prompt_tokens": 5, "completion_tokens": 2, "cost": cost}) == Usage(5, 2)
    assert ModelFinished("stop", Usage(1, 1, 0.5)).usage + Usage(1, 1, 0.25) == Usage(2, 2, 0.75)
