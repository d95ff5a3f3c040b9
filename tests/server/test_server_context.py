"""``POST /api/agent/context`` shows what would be sent, sends nothing, and keeps nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.server.openapi.document import document
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient

CELLS = [{"id": "c1", "kind": "code", "source": "df = load()", "execution_count": 1}]


def model_of(services: Services) -> ScriptedModel:
    model = services.assistant.model(None)
    assert isinstance(model, ScriptedModel)
    return model


async def test_it_shows_exactly_the_messages_that_the_same_question_sends(rest: RestClient, services: Services) -> None:
    await rest.ask("first?", {"session_id": "s1"})
    body = {"query": "and @cell:1?", "context": {"session_id": "s1", "cells": CELLS, "variables": {"df": "DataFrame"}}}
    shown = (await rest("POST", "api/agent/context", body)).body
    assert len(model_of(services).requests) == 1
    await rest("POST", "api/agent/quick", body)
    request = model_of(services).requests[1]
    assert [(message["role"], message["content"]) for message in shown["messages"]] == [
        (message.role, message.content) for message in request.messages
    ]
    assert [tool["name"] for tool in shown["tools"]] == [tool.name for tool in request.tools]
    assert shown["tokens"]["total"] == sum(number for part, number in shown["tokens"].items() if part != "total")
    assert {"system", "variables", "cells", "mentions", "history", "question"} <= {
        part for part, number in shown["tokens"].items() if number
    }


async def test_nothing_is_sent_and_nothing_is_stored(rest: RestClient, services: Services) -> None:
    reply = await rest("POST", "api/agent/context", {"query": "x", "context": {"session_id": "new"}})
    assert reply.status == 200
    assert model_of(services).requests == []
    assert (await rest("GET", "api/agent/sessions")).body["sessions"] == []
    assert (await rest("GET", "api/agent/sessions/new")).status == 404


async def test_a_cell_that_is_too_large_to_send_is_taken_as_it_was_saved(rest: RestClient, jp_root_dir: Path) -> None:
    nodes: list[dict[str, Any]] = [
        {"id": name, "cell_type": "markdown", "metadata": {}, "source": f"saved {name}"} for name in ("a", "b")
    ]
    notebook = {"cells": nodes, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (jp_root_dir / "large.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    cells = [
        {"id": "a", "kind": "markdown", "saved": True},
        {"id": "b", "kind": "markdown", "source": "changed b"},
        {"id": "new", "kind": "markdown", "saved": True},
    ]
    body = {"query": "x", "context": {"notebook_id": "large.ipynb", "cells": cells}}
    shown = (await rest("POST", "api/agent/context", body)).body
    sent = json.dumps(shown["messages"])
    assert "saved a" in sent
    assert "changed b" in sent
    assert "saved b" not in sent
    assert any("1 cells are not known" in warning for warning in shown["warnings"])


async def test_its_reply_is_what_the_document_says(rest: RestClient) -> None:
    reply = await rest("POST", "api/agent/context", {"query": "x", "context": {"cells": CELLS}})
    schema = {"$ref": "#/components/schemas/ContextReply", "components": document()["components"]}
    Draft202012Validator(schema).validate(reply.body)


async def test_P2_secrets_are_withheld_in_it_and_counted(rest: RestClient) -> None:
    cells = [{"id": "c1", "kind": "code", "source": "password = 'kd82jfu2nd81'", "execution_count": 1}]
    reply = await rest("POST", "api/agent/context", {"query": "x", "context": {"cells": cells}})
    assert "kd82jfu2nd81" not in reply.text
    assert reply.body["withheld"] >= 1
    assert any("withheld" in warning for warning in reply.body["warnings"])


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"query": " "}, 400), ({"query": "x", "model": "nonsense"}, 400), ({"query": "x", "more": 1}, 400)],
)
async def test_what_quick_refuses_is_refused(rest: RestClient, body: dict[str, Any], status: int) -> None:
    assert (await rest("POST", "api/agent/context", body)).status == status


async def test_files_beside_the_notebook_are_shown_where_they_are_mentioned(
    rest: RestClient, jp_root_dir: Path
) -> None:
    notebook = {"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    (jp_root_dir / "a.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (jp_root_dir / "sales.csv").write_text("city,price\nRome,3\n", encoding="utf-8")
    body = {"query": "what is in @file:sales.csv?", "context": {"notebook_id": "a.ipynb"}}
    shown = (await rest("POST", "api/agent/context", body)).body
    assert "city,price\n  Rome,3" in shown["messages"][-1]["content"]
