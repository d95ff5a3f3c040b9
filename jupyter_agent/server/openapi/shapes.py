"""The pieces that JSON Schemas are written with."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def an_object(properties: Schema, required: list[str] | None = None, **more: Any) -> Schema:
    """An object with these fields and no others."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return {**schema, "required": required} if required else schema


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    kind = schema["type"]
    return {**schema, "type": [kind, "null"]}


def a_text(description: str, **more: Any) -> Schema:
    """A text."""
    return {"type": "string", "description": description, **more}


def a_whole(description: str, minimum: int, maximum: int) -> Schema:
    """A whole number."""
    return {"type": "integer", "description": description, "minimum": minimum, "maximum": maximum}


def reference(name: str) -> Schema:
    """A component of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def a_list(items: Schema, **more: Any) -> Schema:
    """A list."""
    return {"type": "array", "items": items, **more}
