"""Requests checked against the served OpenAPI document; what does not fit is said in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from jupyter_agent.core.errors import AgentError, BadRequest, TooLarge
from jupyter_agent.server.openapi.document import document

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_DOCUMENT = "urn:jupyter-agent"
_TYPES = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
_TYPES.update({"array": "a list", "object": "an object", "null": "null"})


def check_body(path: str, method: str, value: Any) -> dict[str, Any]:
    """The body, if it is what the document says.

    Args:
        path: As in the document, such as ``/api/agent/sessions/{session_id}``.
        method: In lower case.
        value: The parsed JSON.

    Raises:
        BadRequest: it is not; the message names the field.
        TooLarge: a text is longer than is accepted.
    """
    _check(_body_validator(path, method), value, "")
    body: dict[str, Any] = value
    return body


def check_parameters(path: str, method: str, place: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Parameters of the path or the query, numbers as numbers, defaults filled in.

    Raises:
        BadRequest: one of them is not what the document says.
    """
    found: dict[str, Any] = {}
    for parameter in document()["paths"][path].get(method, {}).get("parameters", ()):
        if parameter["in"] == place:
            name, schema = parameter["name"], parameter["schema"]
            found[name] = _parameter(name, schema, given[name]) if name in given else schema.get("default")
    return found


def _parameter(name: str, schema: Mapping[str, Any], text: str) -> Any:
    value: Any = text
    if schema["type"] == "integer" and text.isascii() and text.isdigit() and len(text) < 16:
        value = int(text)
    _check(Draft202012Validator(schema), value, name)
    return value


@cache
def _registry() -> Any:
    resource: Resource[Any] = Resource.from_contents(document(), default_specification=DRAFT202012)
    return Registry().with_resource(_DOCUMENT, resource)


@cache
def _body_validator(path: str, method: str) -> Draft202012Validator:
    schema = document()["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    return Draft202012Validator({"$ref": _DOCUMENT + schema["$ref"]}, registry=_registry())


def _check(validator: Draft202012Validator, value: Any, name: str) -> None:
    first = next(validator.iter_errors(value), None)
    if first is not None:
        raise _translated(_innermost(first), name) from first


def _any(value: Any) -> Any:
    return value


def _innermost(error: ValidationError) -> ValidationError:
    """Of `schema or null`, what is wrong with the schema's side."""
    while error.context:
        error = max(error.context, key=lambda one: len(one.absolute_path))
    return error


def _translated(error: ValidationError, name: str) -> AgentError:
    where = name or _where(error)
    kind, expected = str(error.validator), _any(error.validator_value)
    if kind == "maxLength" and expected >= 100_000:
        return TooLarge(f"{where} is longer than {expected} characters.")
    return BadRequest(_sentence(kind, where, expected, error))


def _sentence(kind: str, where: str, expected: Any, error: ValidationError) -> str:
    schema = error.schema if isinstance(error.schema, dict) else {}
    if kind == "type":
        return f"{where} must be {_type_names(expected)}."
    if kind == "additionalProperties":
        return f"{where} has an unknown field: {_unknown(error, schema)}."
    if kind == "required":
        missing = next(one for one in expected if one not in _any(error.instance))
        return f"{where} lacks the field '{missing}'."
    if kind == "enum":
        return f"{where} must be one of {', '.join(str(one) for one in expected if one is not None)}."
    if kind == "minProperties":
        return f"{where} needs at least one of {', '.join(schema.get('properties', ()))}."
    if kind in ("minimum", "maximum", "exclusiveMinimum"):
        return f"{where} is out of range: {_range(schema)}."
    if kind in ("maxLength", "maxItems", "maxProperties"):
        return f"{where} is too long: at most {expected}."
    return f"{where} must be {schema.get('x-form', 'something else')}."


def _range(schema: Mapping[str, Any]) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    return f"{'above' if 'exclusiveMinimum' in schema else 'from'} {low} to {schema.get('maximum', 'any')}"


def _where(error: ValidationError) -> str:
    path = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in error.absolute_path).lstrip(".")
    return f"'{path[:200]}'" if path.isprintable() and path else "The body"


def _type_names(expected: Any) -> str:
    kinds = [expected] if isinstance(expected, str) else [one for one in expected if one != "null"]
    return " or ".join(_TYPES[one] for one in kinds)


def _unknown(error: ValidationError, schema: Mapping[str, Any]) -> str:
    known = schema.get("properties", {})
    return json.dumps(next(one for one in _any(error.instance) if one not in known)[:60])
