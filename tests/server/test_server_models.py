"""Models that cannot answer, and why: the documented status, what to do about it, and nothing lost."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.testing import bind_unused_port

from tests.support.agent_client import RestClient
from tests.support.recording_model import KEY, recording_model


@pytest.fixture
def jp_server_config(openai_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0123456789abcdef")
    return openai_config


async def answered(rest: RestClient, services: Any, base_url: str) -> Any:
    services.options.base_url = base_url
    reply = await rest.ask("How many rows?", {"session_id": "s1"})
    history = await rest("GET", "api/sessions/s1/history")
    assert history.body["history"][0]["content"] == "How many rows?"
    return reply


async def test_L7_a_model_that_cannot_be_reached(rest: RestClient, services: Any) -> None:
    socket, port = bind_unused_port()
    socket.close()
    reply = await answered(rest, services, f"http://127.0.0.1:{port}/v1")
    assert (reply.status, reply.body["code"], reply.body["retryable"]) == (502, "upstream_unreachable", True)
    assert "base_url" in reply.body["message"] or "running" in reply.body["message"]


async def test_L1_a_wrong_key(rest: RestClient, services: Any) -> None:
    async with recording_model() as model:
        reply = await answered(rest, services, model.base_url)
    assert (reply.status, reply.body["code"], reply.body["retryable"]) == (502, "upstream_auth", False)
    assert "OPENAI_API_KEY" in reply.body["message"]
    assert "sk-wrong" not in reply.text


async def test_I10_after_the_fault_the_next_question_is_answered(
    rest: RestClient, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with recording_model() as model:
        services.options.base_url = model.base_url
        reply = await rest.ask("How many rows?", {"session_id": "s1"})
    usage = {"input_tokens": 11, "output_tokens": 7, "cost": 0.0, "cached_tokens": 0}
    assert (reply.status, reply.body["usage"]) == (200, usage)
