"""Models built in keep the contract that `jupyter_agent.testing` checks."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from jupyter_agent.core.protocols import Model
from jupyter_agent.models.anthropic.model import AnthropicModel
from jupyter_agent.models.offline import OfflineModel
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.provider import ANTHROPIC
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.testing.model import ModelSuite
from tests.support import messages_server, responses_server
from tests.support.fake_model_server import KEY, STREAM, answered, chunk, plain, running


class TestScripted(ModelSuite):
    @pytest.fixture(autouse=True, params=["text", "a call"])
    def steps(self, request: pytest.FixtureRequest) -> None:
        call = {"text": "Let me see.", "calls": [{"name": "list_variables", "arguments": {}}]}
        self.step = "There are 5 rows." if request.param == "text" else call

    async def open_model(self) -> Model:
        return ScriptedModel([self.step])

    async def open_slow_model(self) -> Model:
        return ScriptedModel([{"text": "…", "delay": 60}])

    async def open_failing_model(self) -> Model:
        return ScriptedModel([{"error": "upstream_auth"}])

    async def open_unknown_model(self) -> Model:
        return ScriptedModel(path="/no/such/script.json")


class TestOffline(ModelSuite):
    async def open_model(self) -> Model:
        return OfflineModel()


class Closing:
    """Closes what a stack has opened, with the test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.close = stack.aclose


class Served(ModelSuite):
    """Models of a server on this machine."""

    secrets = (KEY,)
    usual = ""

    def build(self, base_url: str) -> Model:
        raise NotImplementedError

    async def of(self, *answers: Any) -> Model:
        stack = AsyncExitStack()
        self.opened(Closing(stack))
        server = await stack.enter_async_context(running())
        server.queue(*answers)
        return self.build(server.base_url)

    async def open_model(self) -> Model:
        return await self.of(self.usual)

    async def open_slow_model(self) -> Model:
        async def silent(writer: asyncio.StreamWriter) -> None:
            await asyncio.Event().wait()

        return await self.of(silent)

    async def open_failing_model(self) -> Model:
        return await self.of(plain(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}))

    async def open_unknown_model(self) -> Model:
        return await self.of(plain(404, {"error": {"message": "The model does not exist", "code": "model_not_found"}}))


class TestOpenAICompatible(Served):
    @pytest.fixture(autouse=True, params=["text", "a call"])
    def answers(self, request: pytest.FixtureRequest) -> None:
        function = {"name": "list_variables", "arguments": "{}"}
        call = {"index": 0, "id": "call_9", "type": "function", "function": function}
        called = STREAM + chunk(tool_calls=[call]) + chunk("tool_calls") + "data: [DONE]\n\n"
        self.usual = answered("There are ", "5 rows.") if request.param == "text" else called

    def build(self, base_url: str) -> Model:
        return OpenAIModel("m", Connection(base_url, own_key=KEY), backoff_seconds=0.001)


class TestResponses(Served):
    @pytest.fixture(autouse=True, params=["text", "a call"])
    def answers(self, request: pytest.FixtureRequest) -> None:
        spoken = responses_server.message("There are 5 rows.")
        called = responses_server.call(id_="call_9")
        self.usual = responses_server.streamed([spoken if request.param == "text" else called])

    def build(self, base_url: str) -> Model:
        connection = Connection(base_url, own_key=KEY)
        return OpenAIModel("m", connection, backoff_seconds=0.001, settings={"api": "responses"})


class TestAnthropic(Served):
    @pytest.fixture(autouse=True, params=["text", "a call"])
    def answers(self, request: pytest.FixtureRequest) -> None:
        is_text = request.param == "text"
        block = messages_server.text("There are 5 rows.") if is_text else messages_server.call(id_="toolu_9")
        events = messages_server.begun() + messages_server.block_events(0, block)
        self.usual = events + messages_server.ended("end_turn" if is_text else "tool_use")

    def build(self, base_url: str) -> Model:
        return AnthropicModel("m", Connection(base_url, ANTHROPIC, own_key=KEY), backoff_seconds=0.001)
