"""Requests checked against the wire types; what does not fit is refused with a message: the field, and what it must be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from msgspec import ValidationError, convert

from jupyter_agent.core.errors import AgentError, BadRequest, TooLarge
from jupyter_agent.core.text import well_formed
from jupyter_agent.server.openapi.operations import DEFAULTS, OPERATIONS, PARAMETERS
from jupyter_agent.server.openapi.schemas import schemas_of

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError as Mismatch

_INTEGER = re.compile("-?[0-9]{1,15}")
_EXPECTED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_GIVEN = {str: "text", int: "a number", float: "a number", bool: "true or false", list: "a list", dict: "an object"}


def check_body(path: str, method: str, value: Any) -> Any:
    """The body, given as parsed JSON, as the type that the document has for it.

    Raises:
        BadRequest, TooLarge: it is not of that type; the message names the field.
    """
    return checked(OPERATIONS[path][method].body, value)


def check_parameters(path: str, method: str, place: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Parameters of the path, the query or the header, numbers as numbers, defaults filled in.

    Raises:
        BadRequest: one of them is not what the document says.
    """
    operation = OPERATIONS.get(path, {}).get(method)
    if operation is None:
        return {}
    names = {"path": tuple(given), "query": operation.query, "header": (operation.header,)}[place]
    return {
        name: _checked_text(PARAMETERS[name], given[name], name) if name in given else DEFAULTS.get(name)
        for name in names
    }


def _checked_text(kind: Any, text: str, name: str) -> Any:
    """The text of a parameter, as a number where it is to be one and is."""
    if well_formed(text) != text:
        raise BadRequest(f"'{name}' is not valid UTF-8.")
    number = get_origin(kind) is Annotated and get_args(kind)[0] is int
    return checked(kind, int(text) if number and _INTEGER.fullmatch(text) else text, name)


def checked(kind: Any, value: Any, name: str = "") -> Any:
    """JSON data as a wire type; a name where it is no body.

    Raises:
        BadRequest: it is not of that type; the message names the field.
        TooLarge: a text is longer than is accepted.
    """
    try:
        return convert(value, kind)
    except ValidationError as error:
        mismatch = next(_validator(kind).iter_errors(value), None)
        if mismatch is not None:
            raise _refusal(mismatch, name) from error
    try:
        return convert(value, kind, strict=False)  # JSON's 5.0 is a whole number too
    except ValidationError as error:
        raise BadRequest(f"The body has a number that is too large: {error}.") from error


@cache
def _validator(kind: Any) -> Draft202012Validator:
    """Finds out in detail why a value was refused."""
    from jsonschema import Draft202012Validator

    (schema,), schemas = schemas_of(kind)
    return Draft202012Validator({**schema, "components": {"schemas": schemas}})


def _refusal(mismatch: Mismatch, name: str) -> AgentError:
    while mismatch.context and not _alternatives(mismatch):  # of `a or null`, what is wrong with it as `a`
        mismatch = max(mismatch.context, key=lambda inner: len(inner.absolute_path))
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in mismatch.absolute_path).lstrip(".")
    path = path or name
    field = f"'{path[:200]}'" if path.isprintable() and path else "The body"
    expected: Any = mismatch.validator_value
    if mismatch.validator == "maxLength" and expected >= 100_000:
        return TooLarge(f"{field} is longer than {expected} characters.")
    return BadRequest(f"{field} {_problem(mismatch, expected)}.")


def _alternatives(mismatch: Mismatch) -> list[str]:
    """The fields of which one must be there, where that is what is wrong."""
    options: Any = mismatch.validator_value if mismatch.validator == "anyOf" else ()
    return [option["required"][0] for option in options if "required" in option]


def _problem(mismatch: Mismatch, expected: Any) -> str:
    """What is wrong with a field: what it must be and, unless that may be a secret, what it is."""
    value: Any = mismatch.instance
    schema: Any = mismatch.schema
    match mismatch.validator:
        case "anyOf":
            return f"needs at least one of {', '.join(_alternatives(mismatch))}"
        case "required":
            return f"lacks the field '{next(name for name in expected if name not in value)}'"
        case "additionalProperties":
            unknown = next(name for name in value if name not in schema["properties"])
            return f"has an unknown field: {json.dumps(unknown[:60])}; it may have {', '.join(schema['properties'])}"
        case "type":
            return f"must be {_EXPECTED[expected]}, not {_GIVEN.get(type(value), 'null')}"
        case "enum":
            return f"must be one of {', '.join(map(str, expected))}"
        case "minimum" | "maximum" | "exclusiveMinimum":
            low = f"above {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else f"from {schema['minimum']}"
            return f"is out of range: {low} to {schema.get('maximum', 'any')}, not {str(value)[:20]}"
        case "maxLength" | "maxItems" | "maxProperties":
            return f"is too long: at most {expected}, not {len(value)}"
    return f"must be {schema.get('x-form', 'something else')}"
