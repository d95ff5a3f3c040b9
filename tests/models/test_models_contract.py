"""Models built in keep the contract that `jupyter_agent.testing` checks."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from jupyter_agent.core.protocols import Model
from jupyter_agent.models.offline import OfflineModel
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.testing.model import ModelSuite
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


class TestOpenAICompatible(ModelSuite):
    secrets = (KEY,)

    @pytest.fixture(autouse=True, params=["text", "a call"])
    def answers(self, request: pytest.FixtureRequest) -> None:
        function = {"name": "list_variables", "arguments": "{}"}
        call = {"index": 0, "id": "call_9", "type": "function", "function": function}
        called = STREAM + chunk(tool_calls=[call]) + chunk("tool_calls") + "data: [DONE]\n\n"
        self.usual = answered("There are ", "5 rows.") if request.param == "text" else called

    async def of(self, *answers: Any) -> Model:
        stack = AsyncExitStack()
        self.opened(Closing(stack))
        server = await stack.enter_async_context(running())
        server.queue(*answers)
        return OpenAIModel("m", Connection(server.base_url, own_key=KEY), backoff_seconds=0.001)

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
