"""Foreign JSON Schemas made small: references resolved, nothing that is slow to check or leads elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_agent.core.text import visible_text

MAX_NODES = 400
MAX_DEPTH = 10
MAX_NAMES = 60
MAX_CHOICES = 50
DESCRIPTION_CHARACTERS = 300
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def bounded_schema(schema: Any) -> dict[str, Any]:
    """An object's schema for models and for the check of arguments.

    Parts that are too large, too deep or circular accept anything; patterns, which may take for ever to check, and
    external references are left out. The server checks the arguments itself anyway.
    """
    root = schema if isinstance(schema, Mapping) else {}
    return {"properties": {}, **_SchemaReader(root).read(root, 0), "type": "object"}


@dataclass(slots=True)
class _SchemaReader:
    root: Mapping[str, Any]
    nodes: int = 0

    def read(self, schema: Any, depth: int) -> dict[str, Any]:
        self.nodes += 1
        if not isinstance(schema, Mapping) or depth > MAX_DEPTH or self.nodes > MAX_NODES:
            return {}
        if isinstance(reference := schema.get("$ref"), str):
            target = self._target(reference)
            siblings = {key: value for key, value in schema.items() if key in ("description", "default")}
            return self.read({**target, **siblings}, depth + 1) if target is not None else {}
        found = _scalars(schema)
        for key in ("anyOf", "oneOf", "allOf"):
            given = schema.get(key)
            if isinstance(given, list) and 0 < len(given) <= MAX_CHOICES:
                # One alternative that fits is enough: `oneOf` would have all of them checked.
                found["allOf" if key == "allOf" else "anyOf"] = [self.read(choice, depth + 1) for choice in given]
        if isinstance(items := schema.get("items"), Mapping):
            found["items"] = self.read(items, depth + 1)
        given = schema.get("properties")
        properties = given if isinstance(given, Mapping) else {}
        names = [name for name in properties if isinstance(name, str) and name and name == visible_text(name, 64)][
            :MAX_NAMES
        ]
        if names:
            found["properties"] = {name: self.read(properties[name], depth + 1) for name in names}
        if isinstance(required := schema.get("required"), list):
            found["required"] = list(dict.fromkeys(name for name in required if name in names))
        more = schema.get("additionalProperties")
        if more is False and len(names) == len(properties):
            found["additionalProperties"] = False
        elif isinstance(more, Mapping):
            found["additionalProperties"] = self.read(more, depth + 1)
        return found

    def _target(self, reference: str) -> Mapping[str, Any] | None:
        """The target of a reference within the schema; None for any other."""
        if not reference.startswith("#"):
            return None
        found: Any = self.root
        for step in reference[1:].split("/")[1:12]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else None


def _scalars(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords with scalar values, each only where its value is valid."""
    found: dict[str, Any] = {}
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if kinds and all(isinstance(name, str) and name in _TYPES for name in kinds):
        found["type"] = kind if isinstance(kind, str) else list(dict.fromkeys(kinds))
    if isinstance(text := schema.get("description"), str):
        found["description"] = visible_text(text, DESCRIPTION_CHARACTERS)
    if isinstance(text := schema.get("format"), str):
        found["format"] = visible_text(text, 40)
    choices = schema.get("enum")
    if isinstance(choices, list) and 0 < len(choices) <= MAX_CHOICES and all(map(_is_short, choices)):
        found["enum"] = list(choices)
    for key in ("const", "default"):
        if key in schema and _is_short(schema[key]):
            found[key] = schema[key]
    numbers = {key: schema[key] for key in (*_COUNTS, *_BOUNDS) if _is_number(schema.get(key))}
    counts = {key for key in _COUNTS if isinstance(numbers.get(key), int) and numbers[key] >= 0}
    return {**found, **{key: number for key, number in numbers.items() if key in counts or key in _BOUNDS}}


def _is_short(value: Any) -> bool:
    if isinstance(value, str):
        return value == visible_text(value, 200)
    return value is None or isinstance(value, bool) or _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**53
