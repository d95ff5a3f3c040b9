"""The wire types: what the checks of bodies, the OpenAPI document and the front end's types are made from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from jupyter_agent.core.errors import AgentError
from jupyter_agent.server.openapi import typescript
from jupyter_agent.server.openapi.document import document
from jupyter_agent.server.openapi.validation import check_body, check_parameters
from tests.support.json_values import JSON_VALUES

WIRE_TS = Path(__file__).parent.parent.parent / "labextension" / "src" / "api" / "wire.ts"
QUICK = ("/api/agent/quick", "post")
SESSION = ("/api/agent/sessions/{session_id}", "patch")
SETTINGS = ("/api/agent/settings", "put")
COMPLETE = ("/api/agent/complete", "post")
CELL = {"id": "a", "kind": "code", "source": ""}
BODIES = [
    (path, method, operation["requestBody"]["content"]["application/json"]["schema"])
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
    if "requestBody" in operation
]


def test_the_types_of_the_front_end_are_those_of_the_server() -> None:
    assert WIRE_TS.read_text(encoding="utf-8") == typescript.declarations(), "run `make wire`"


def test_the_wire_types_are_loaded_by_the_first_request_only() -> None:
    code = "import sys, jupyter_agent.server.routes as _; print(*{'msgspec', 'jupyter_agent.server.wire'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"


def refusal(operation: tuple[str, str], body: Any) -> tuple[int, str]:
    """Status and message with which a body is refused."""
    with pytest.raises(AgentError) as refused:
        check_body(*operation, body)
    return refused.value.status, refused.value.message


def within(**context: Any) -> dict[str, Any]:
    return {"query": "x", "context": context}


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        (QUICK, [], "The body must be an object, not a list."),
        (QUICK, {}, "The body lacks the field 'query'."),
        (QUICK, {"query": None}, "'query' must be text, not null."),
        (QUICK, {"query": " "}, "'query' must be a question, not blank."),
        (QUICK, {"query": "x", "approval": "always"}, "'approval' must be one of ask, auto, auto-edit, read-only."),
        (
            QUICK,
            {"query": "x", "budget": {"max_steps": 0}},
            "'budget.max_steps' is out of range: from 1 to 1000, not 0.",
        ),
        (
            QUICK,
            {"query": "x", "budget": {"max_steps": True}},
            "'budget.max_steps' must be a whole number, not true or false.",
        ),
        (
            QUICK,
            {"query": "x", "budget": {"deadline_seconds": 0}},
            "'budget.deadline_seconds' is out of range: above 0 to 3600, not 0.",
        ),
        (QUICK, within(variables={"df": 5}), "'context.variables.df' must be text, not a number."),
        (QUICK, within(cells=[{"id": "a", "kind": "code"}]), "'context.cells[0]' needs at least one of source, saved."),
        (QUICK, within(cells=[CELL] * 5001), "'context.cells' is too long: at most 5000, not 5001."),
        (SESSION, {}, "The body needs at least one of title, metadata."),
        (SESSION, {"name": "x"}, 'The body has an unknown field: "name"; it may have title, metadata.'),
        (SETTINGS, {"keys": {"openai": "sk-secret with a space"}}, "'keys.openai' must be a key, without spaces."),
        (SETTINGS, {"keys": {"openai": "sk-secret\n"}}, "'keys.openai' must be a key, without spaces."),
    ],
)
def test_a_refusal_names_the_field_what_it_must_be_and_what_it_is(
    operation: tuple[str, str], body: Any, message: str
) -> None:
    assert refusal(operation, body) == (400, message)


def test_H13_a_text_that_is_too_long_is_too_large() -> None:
    assert refusal(COMPLETE, {"prefix": "x" * 200_001}) == (413, "'prefix' is longer than 200000 characters.")


def test_a_whole_number_may_be_written_with_a_point() -> None:
    check_body(*QUICK, {"query": "x", "budget": {"max_steps": 5.0}})
    assert refusal(QUICK, {"query": "x", "budget": {"max_steps": 5.5}})[0] == 400
    chat = ("/api/agent/v1/chat/completions", "post")
    for number in (1e300, 2.0**53 + 2, -(2.0**53) - 2):
        assert refusal(chat, {"messages": [{"role": "user", "content": "x"}], "n": number})[0] == 400
        exported = {"format": "x", "schema": number, "session": {}, "turns": []}
        assert "'schema' is out of range" in refusal(("/api/agent/sessions/import", "post"), exported)[1]


def test_parameters_of_the_query_become_numbers_or_are_refused() -> None:
    listing = ("/api/agent/sessions", "get", "query")
    assert check_parameters(*listing, {"limit": "7", "q": "5"}) == {
        "notebook_id": None,
        "q": "5",
        "limit": 7,
        "cursor": None,
    }
    for text in ("0", "201", "7.0", "+7", "1e1", "null", "", "٧"):
        with pytest.raises(AgentError, match=r"^'limit' "):
            check_parameters(*listing, {"limit": text})
    for text in ("-1", "999999999999999"):
        with pytest.raises(AgentError, match=f"is out of range: from 1 to 200, not {text}"):
            check_parameters(*listing, {"limit": text})


@pytest.mark.parametrize(("path", "method", "schema"), BODIES, ids=[f"{method} {path}" for path, method, _ in BODIES])
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_H12_what_the_document_says_is_what_is_accepted(
    path: str, method: str, schema: dict[str, str], data: st.DataObject
) -> None:
    components = document()["components"]
    names = list(components["schemas"][schema["$ref"].rpartition("/")[2]]["properties"])
    body = data.draw(st.dictionaries(st.sampled_from([*names, "other"]), JSON_VALUES | st.just("x")))
    try:
        check_body(path, method, body)
        accepted = True
    except AgentError:
        accepted = False
    assert accepted == Draft202012Validator({**schema, "components": components}).is_valid(body)
