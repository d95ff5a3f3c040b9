"""JSON Schemas of the wire types, each named as its type."""

from __future__ import annotations

import inspect
import re
from typing import Any

from msgspec.json import schema_components

from jupyter_agent.server.wire.body import OpenBody, PartialBody

Schema = dict[str, Any]
TEMPLATE = "#/components/schemas/{name}"
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n        .*)*)", re.MULTILINE)


def schemas_of(*types: Any) -> tuple[list[Schema], dict[str, Schema]]:
    """The schemas of types, and the components that they refer to, by name.

    What a docstring has under ``Attributes:`` describes the properties. What is no body is sent by the server: with all of
    its fields, but for those that are `NotRequired`, and no others.
    """
    roots, schemas = schema_components(types, ref_template=TEMPLATE)
    open_bodies = {body.__name__ for body in OpenBody.__subclasses__()}
    for name, schema in schemas.items():
        sent = name not in open_bodies and "additionalProperties" not in schema
        for field, value in schema["properties"].items():
            if sent and "default" in value:
                schema["required"].append(field)
            if sent or value.get("default", "") is None:
                value.pop("default", None)
        if sent:
            schema["additionalProperties"] = False
        _describe(schema)
    for body in PartialBody.__subclasses__():
        if body.__name__ in schemas:
            schemas[body.__name__]["anyOf"] = [
                {"required": [field]} for field in body.needs_one_of or body.__struct_fields__
            ]
    return list(roots), schemas


def _describe(schema: Schema) -> None:
    """Move what the docstring says of each attribute to its property."""
    del schema["title"]
    text, _, attributes = inspect.cleandoc(schema["description"]).replace("``", "`").partition("\n\nAttributes:\n")
    schema["description"] = " ".join(text.split())
    for field, words in _ATTRIBUTE.findall(attributes):
        if field in schema["properties"]:
            schema["properties"][field]["description"] = " ".join(words.split())
