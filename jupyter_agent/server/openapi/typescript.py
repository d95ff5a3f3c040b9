"""The wire types in TypeScript: ``python -m jupyter_agent.server.openapi.typescript > labextension/src/api/wire.ts``."""

from __future__ import annotations

import sys

from jupyter_agent.server.openapi.document import document
from jupyter_agent.server.openapi.schemas import Schema

_HEAD = """\
// What travels between the page and the server. Made from the server's types by `make wire`; not edited by hand.
"""
_TYPES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def declarations() -> str:
    """The source of the module: an interface for each component of the OpenAPI document, and the events of all streams."""
    schemas: dict[str, Schema] = document()["components"]["schemas"]
    events: dict[str, Schema] = {}
    for operation in (operation for methods in document()["paths"].values() for operation in methods.values()):
        for response in operation["responses"].values():
            if stream := response.get("content", {}).get("text/event-stream"):
                events |= stream["schema"]["x-events"]
    union = "".join(f"\n  | ({{ event: '{name}' }} & {_type(reference)})" for name, reference in events.items())
    interfaces = "\n".join(_interface(name, schema) for name, schema in sorted(schemas.items()))
    return f"{_HEAD}\n{interfaces}\n/** An event of a stream, with its name. */\nexport type AgentEvent ={union};\n"


def _interface(name: str, schema: Schema) -> str:
    lines = [f"/** {schema['description']} */", f"export interface {name} {{"]
    for field, value in schema["properties"].items():
        if "description" in value:
            lines.append(f"  /** {value['description']} */")
        lines.append(f"  {field}{'' if field in schema.get('required', ()) else '?'}: {_type(value)};")
    return "\n".join([*lines, "}", ""])


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"'{value}'" for value in schema["enum"])
    kind = schema.get("type", "")
    if kind == "array":
        item = _type(schema["items"])
        return f"({item})[]" if "|" in item else f"{item}[]"
    if kind == "object":
        return f"Record<string, {_type(schema.get('additionalProperties', {}))}>"
    return _TYPES.get(kind, "any")


if __name__ == "__main__":
    sys.stdout.write(declarations())
