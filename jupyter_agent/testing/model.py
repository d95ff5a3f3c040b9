"""The contract of a language model's provider: `ModelSuite`.

A model turns messages and tools into one stream: text as it is generated, whole tool calls, and exactly one `ModelFinished`,
which is last. It keeps nothing between calls, so that two conversations may use it at once; it stops when its stream is
closed or its task is cancelled; and whatever goes wrong is an `AgentError` whose text says what to do and holds no secret.

Subclass `ModelSuite` and say how a model is opened that answers `question`; where the question should lead to a tool call,
`tools` are what the model is offered. The other methods open models that are slow, that fail, or that do not exist; where
one of them is not overridden, its tests are skipped. Everything runs in the event loop of one test, so a fake server can be
started in `open_model`; pass what has to be closed with it to `opened`.
A provider is registered in the entry-point group ``jupyter_agent.models`` under its name; the entry point is called with the
options (`JupyterAgent`) and with what follows the colon in ``provider:model``, and returns the model.

The suite does not look at what a model says, nor at its provider's wire format: these are for tests of your own. Deadlines
are on `time.monotonic()`.

Example::

    from jupyter_agent.models.scripted import ScriptedModel
    from jupyter_agent.testing.model import ModelSuite


    class TestMyModel(ModelSuite):
        async def open_model(self):
            return ScriptedModel(["There are 5 rows."])

        async def open_slow_model(self):
            return ScriptedModel([{"text": "…", "delay": 60}])

        async def open_failing_model(self):
            return ScriptedModel([{"error": "upstream_auth"}])
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing

import pytest

from jupyter_agent.core.errors import AgentError, UpstreamError, UpstreamTimeout
from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta, ThinkingDelta, Waiting
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import Model, ToolSpec, WindowedModel
from jupyter_agent.testing.runner import Suite, asynchronous

#: A system message and an earlier exchange with a tool call, as every provider must accept them.
HISTORY = (
    Message("system", "You help with a notebook."),
    Message("user", "Which variables are there?"),
    Message("assistant", "", (ToolCall("call_1", "list_variables", "{}"),)),
    Message("tool", '{"variables": ["df"]}', tool_call_id="call_1"),
    Message("assistant", "There is df."),
)


class ModelSuite(Suite):
    """What every model does."""

    question = "How many rows does df have?"
    tools: Sequence[ToolSpec] = (
        ToolSpec("list_variables", "List the variables.", {"type": "object", "properties": {}, "required": []}),
    )
    #: Keys and the like that no error may contain.
    secrets: Sequence[str] = ()
    seconds = 30.0

    async def open_model(self) -> Model:
        """A model that answers; to be overridden."""
        raise NotImplementedError

    async def open_slow_model(self) -> Model:
        """A model that has not answered after a second."""
        pytest.skip("no slow model")

    async def open_failing_model(self) -> Model:
        """A model whose server refuses every request."""
        pytest.skip("no failing model")

    async def open_unknown_model(self) -> Model:
        """A model that does not exist; opening it may fail already."""
        pytest.skip("no unknown model")

    async def answer(self, model: Model, *messages: Message, seconds: float | None = None) -> list[ModelEvent]:
        """All events of one answer to the question, after some messages."""
        asked = (*messages, Message("user", self.question))
        deadline = time.monotonic() + (self.seconds if seconds is None else seconds)
        async with aclosing(model.stream(asked, self.tools, deadline=deadline)) as events:
            return [event async for event in events]

    @asynchronous
    async def test_a_stream_is_text_and_calls_and_at_last_its_one_end(self) -> None:
        model: Model = self.opened(await self.open_model())
        events = await self.answer(model)
        *answer, last = events
        assert isinstance(last, ModelFinished)
        assert all(isinstance(event, (ThinkingDelta, TextDelta, ToolCall, Waiting)) for event in answer)
        assert any(isinstance(event, (TextDelta, ToolCall)) for event in answer), "nothing was answered"
        assert all(isinstance(event.text, str) and event.text for event in answer if isinstance(event, TextDelta))
        usage = last.usage
        assert min(usage.input_tokens, usage.output_tokens, usage.cost, usage.cached_tokens) >= 0
        assert usage.cached_tokens <= usage.input_tokens, "what was cached is part of what was sent"
        if isinstance(model, WindowedModel) and model.window is not None:
            assert model.window.tokens >= 0

    @asynchronous
    async def test_tool_calls_are_whole_and_have_ids_of_their_own(self) -> None:
        model: Model = self.opened(await self.open_model())
        events = await self.answer(model, *HISTORY)
        calls = [event for event in events if isinstance(event, ToolCall)]
        ids = [call.id for call in calls]
        assert len(set(ids)) == len(ids)
        assert "call_1" not in ids, "an id of an earlier call of the conversation"
        assert all(isinstance(text, str) for call in calls for text in (call.id, call.name, call.arguments))
        assert all(call.id and call.name for call in calls)
        last = events[-1]
        assert isinstance(last, ModelFinished)
        assert bool(calls) == (last.reason == "tool_calls")

    @asynchronous
    async def test_two_answers_at_once_do_not_mix(self) -> None:
        model: Model = self.opened(await self.open_model())
        alone = await self.answer(model)
        both = await asyncio.gather(self.answer(model), self.answer(model, *HISTORY))
        assert [type(events[-1]) for events in both] == [ModelFinished, ModelFinished]
        assert all(sum(isinstance(event, ModelFinished) for event in events) == 1 for events in (alone, *both))

    @asynchronous
    async def test_a_stream_that_is_closed_early_leaves_the_model_usable(self) -> None:
        model: Model = self.opened(await self.open_model())
        stream = model.stream([Message("user", self.question)], self.tools, deadline=time.monotonic() + self.seconds)
        await anext(stream)
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        assert isinstance((await self.answer(model))[-1], ModelFinished)

    @asynchronous
    async def test_a_cancelled_task_stops_a_stream_at_once(self) -> None:
        model: Model = self.opened(await self.open_slow_model())
        task = asyncio.create_task(self.answer(model))
        await asyncio.wait([task], timeout=0.05)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, "the stream goes on after its task was cancelled"
        assert task.cancelled()

    @asynchronous
    async def test_a_deadline_ends_a_stream_in_time(self) -> None:
        model: Model = self.opened(await self.open_slow_model())
        start = time.monotonic()
        with pytest.raises(UpstreamTimeout):
            await self.answer(model, seconds=0.3)
        assert time.monotonic() - start < 5

    @asynchronous
    async def test_a_failure_is_an_error_in_words_without_secrets(self) -> None:
        model: Model = self.opened(await self.open_failing_model())
        with pytest.raises(UpstreamError) as error:
            await self.answer(model)
        self.check_message(error.value)

    @asynchronous
    async def test_an_unknown_model_is_an_error_in_words(self) -> None:
        with pytest.raises(AgentError) as error:
            await self.answer(self.opened(await self.open_unknown_model()))
        self.check_message(error.value)

    @asynchronous
    async def test_a_name_is_stable_and_closing_twice_is_closing_once(self) -> None:
        model: Model = self.opened(await self.open_model())
        assert model.name
        assert model.name == model.name.strip()
        name = model.name
        await self.answer(model)
        assert model.name == name
        await model.close()
        await model.close()

    def check_message(self, error: AgentError) -> None:
        """An error's text is for the user of a notebook."""
        assert error.message.strip()
        assert "Traceback" not in error.message
        assert not [secret for secret in self.secrets if secret in f"{error.message}{error!r}"], "a secret is in it"
