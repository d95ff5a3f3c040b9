"""Health, models, figures, the OpenAPI document, and errors that nobody foresaw."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from jupyter_agent.kernelside.magic import commands
from jupyter_agent.server.openapi.document import document
from jupyter_agent.server.routes import ROUTES, handler_class
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient


async def test_health_says_how_it_is(rest: RestClient) -> None:
    assert (await rest("GET", "api/agent/health/live")).body == {"status": "ok"}
    assert (await rest("GET", "api/agent/health/ready")).body == {"status": "ok"}
    health = (await rest("GET", "api/agent/health")).body
    assert (health["status"], health["store"]) == ("ok", "ok")
    assert health["version"]


async def test_models_are_those_that_are_installed(rest: RestClient) -> None:
    body = (await rest("GET", "api/agent/models")).body
    assert {"offline", "openai"} <= {model["id"] for model in body["models"]}
    assert [model["id"] for model in body["models"] if model["default"]] == [body["default"]]


async def test_the_slash_commands_are_those_of_the_other_doors(rest: RestClient) -> None:
    served = (await rest("GET", "api/agent/commands")).body["commands"]
    assert [entry["name"] for entry in served] == [command.name for command in commands.COMMANDS]
    assert [entry["name"] for entry in served if entry["asks"]] == ["fix", "explain"]
    assert all(entry["help"] for entry in served)


async def test_turns_are_counted_on_jupyters_own_metrics(rest: RestClient) -> None:
    await rest.ask("x")
    assert 'jupyter_agent_turns_total{status="done"}' in (await rest("GET", "metrics")).text


def test_every_route_is_documented_and_every_documented_one_exists() -> None:
    served = {
        (path, method)
        for path, target in ROUTES.items()
        for method in ("get", "post", "patch", "put", "delete")
        if getattr(handler_class(target), method).__qualname__.split(".")[0] != "RequestHandler"
    }
    documented = {(path, method) for path, methods in document()["paths"].items() for method in methods}
    assert served == documented


async def test_the_document_is_served_and_replies_are_what_it_says(rest: RestClient) -> None:
    served = (await rest("GET", "api/agent/openapi.json")).body
    assert served == document()
    await rest.ask("x", {"session_id": "s1"})
    replies = {
        "Done": await rest.ask("y", {"session_id": "s1"}),
        "SessionReply": await rest("GET", "api/agent/sessions/s1"),
        "SessionListReply": await rest("GET", "api/agent/sessions"),
        "HistoryReply": await rest("GET", "api/agent/sessions/s1/history"),
        "ModelsReply": await rest("GET", "api/agent/models"),
        "CommandsReply": await rest("GET", "api/agent/commands"),
        "HealthReply": await rest("GET", "api/agent/health"),
        "ErrorReply": await rest("GET", "api/agent/sessions/nobody"),
        "ClearedReply": await rest("DELETE", "api/agent/sessions/s1"),
    }
    for name, reply in replies.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": served["components"]}
        Draft202012Validator(schema).validate(reply.body)


async def test_H27_what_nobody_foresaw_says_nothing_but_where_the_log_has_it(
    rest: RestClient,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    jp_serverapp: Any,
) -> None:
    async def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("secret detail in /home/ann")

    monkeypatch.setattr(services.assistant.sessions, "get", broken)
    token = jp_serverapp.identity_provider.token
    with caplog.at_level(logging.INFO):
        reply = await rest("GET", "api/agent/sessions/s1", None, {"Authorization": ""}, token=token)
    assert (reply.status, reply.body["code"]) == (500, "internal")
    assert reply.body["request_id"] in reply.body["message"]
    assert "secret detail" not in reply.text
    assert reply.body["request_id"] in caplog.text
    assert token not in caplog.text
