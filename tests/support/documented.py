"""Replies and events of the server under test, checked against its OpenAPI document."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from jupyter_agent.server.openapi.document import document


def check_reply(method: str, path: str, status: int, body: Any) -> None:
    """Fail unless a JSON reply is what the document says; paths and methods that are not only ours are passed over."""
    address = f"/{path.strip('/')}"
    if isinstance(body, dict) and body.keys() == {"message", "reason"}:
        return  # Jupyter's own handlers refused it, as where our extension is not loaded
    if not address.startswith("/api/agent") or method not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        return
    fitting = [known for known in document()["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), address)]
    known = min(fitting, key=lambda template: template.count("{"), default="")
    operation = document()["paths"].get(known, {}).get(method.lower(), {"responses": {}})
    response = operation["responses"].get(str(status), {})
    content = response.get("content", {})
    assert content or status >= 400, f"{method} {path} is not documented to give {status}"
    schema = content.get("application/json", {}).get("schema", {"$ref": "#/components/schemas/ErrorReply"})
    _validator(schema.get("$ref", "")).validate(body)
    if status >= 400 and "code" in body:
        check_code(response, body["code"])


def check_code(response: dict[str, Any], code: str) -> None:
    """Fail unless an error has a code that the document names for its status, where it names any."""
    known = response.get("description", "").partition("Codes: ")[2].rstrip(".")
    assert not known or code in known.split(", ")


def check_event(name: str, data: Any) -> None:
    """Fail unless an event of ours has the data that the document says."""
    if name in _events():
        _validator(_events()[name]).validate(data)


@cache
def _events() -> dict[str, str]:
    streams = [
        response["content"]["text/event-stream"]["schema"]["x-events"]
        for methods in document()["paths"].values()
        for operation in methods.values()
        for response in operation["responses"].values()
        if "text/event-stream" in response.get("content", {})
    ]
    return {name: schema["$ref"] for events in streams for name, schema in events.items()}


@cache
def _validator(reference: str) -> Draft202012Validator:
    schema = {"$ref": reference} if reference else {"type": "object"}
    return Draft202012Validator({**schema, "components": document()["components"]})
