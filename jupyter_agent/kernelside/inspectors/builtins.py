"""Inspectors of Python's own scalars, texts and containers; they read derived classes by the base's slots."""

from __future__ import annotations

import collections
import types
from itertools import islice
from typing import Any

from ..secrets import WITHHELD, is_environment, without_secrets
from ..wire import MAX_ITEMS, MAX_KEYS, MAX_LINE, MAX_MAPPING_ITEMS, MAX_TEXT, MAX_TEXT_INSPECTED, clip, count, line
from .nested import parts_of
from .reading import PLAIN_IDS, class_attribute, class_name, opaque, qualified_name
from .registry import TimeBudget, ValueDescription, named_line, one_line, register, text_inspector
from .texts import element_text, quoted

#: Elements of nested containers that a one-line description looks at.
_NESTED = 4
_MAX_DIGITS = 150


def number_text(value: Any) -> str:
    """An int, float or complex, enumeration members, too, as exact text; huge ints by their size."""
    if issubclass(type(value), int):
        bits = int.bit_length(value)
        if bits > 3 * _MAX_DIGITS:
            sign = "-" if int.__lt__(value, 0) else ""
            return f"{sign}{hex(int.__abs__(value) >> (bits - 64))}… ({bits:,} bits)"
        return int.__repr__(value)
    if issubclass(type(value), float):
        return float.__repr__(value)
    return complex.__repr__(value)


def describe_text(value: str, budget: TimeBudget) -> ValueDescription:
    """A str."""
    limit = MAX_TEXT_INSPECTED if budget.detail else MAX_TEXT
    length = str.__len__(value)
    head = clip(without_secrets(str.__getitem__(value, slice(0, 4 * limit))), limit)
    summary = quoted(str.__getitem__(value, slice(0, 400)), MAX_LINE)
    if length > MAX_LINE:
        summary = f"{summary} ({length:,} characters)"
    return ValueDescription("text", summary, {"length": length, "value": head})


def describe_bytes(value: Any, budget: TimeBudget) -> ValueDescription:
    """Bytes or a bytearray."""
    base: Any = bytes if issubclass(type(value), bytes) else bytearray
    limit = MAX_TEXT_INSPECTED if budget.detail else MAX_TEXT
    length = base.__len__(value)
    head = without_secrets(repr(bytes(base.__getitem__(value, slice(0, 4 * limit)))))
    return ValueDescription("bytes", line(head), {"length": length, "value": clip(head, limit)})


def _read_sequence(value: Any, number: int) -> tuple[int, list[Any], list[str]]:
    """Length, first elements, and the names of a named tuple's fields."""
    if type(value) is list or type(value) is tuple:
        return len(value), list(value[:number]), []
    base: Any = next(base for base in (list, tuple, collections.deque, frozenset, set) if issubclass(type(value), base))
    names = class_attribute(type(value), "_fields")
    fields = [name for name in names if type(name) is str] if type(names) is tuple else []
    return base.__len__(value), list(islice(base.__iter__(value), number)), fields


def describe_sequence(value: Any, budget: TimeBudget) -> ValueDescription:
    """A list, tuple, deque, set or frozenset."""
    length, head, names = _read_sequence(value, 100)
    number = 5 * MAX_ITEMS if budget.detail else MAX_ITEMS
    facts: dict[str, Any] = {"length": length}
    if names:
        facts["fields"] = {name: named_line(name, item) for name, item in zip(names[:MAX_MAPPING_ITEMS], head)}  # noqa: B905
    else:
        facts["items"] = [one_line(item) for item in head[:number]]
    facts["item_types"] = list(dict.fromkeys(qualified_name(type(item)).removeprefix("builtins.") for item in head))[
        :MAX_ITEMS
    ]
    if budget.detail and (parts := parts_of(value, budget)):
        facts["parts"] = parts
    kind = "set" if issubclass(type(value), (set, frozenset)) else "sequence"
    noun = f" of {facts['item_types'][0]}" if len(facts["item_types"]) == 1 else ""
    return ValueDescription(kind, f"{class_name(type(value))}, {count(length, 'item')}{noun}", facts)


_BRACKETS = {"tuple": ("(", ")"), "set": ("{", "}"), "frozenset": ("{", "}")}


def _sequence_line(value: Any) -> str:
    """The elements in brackets where they are few and plain, else how many there are."""
    name = class_name(type(value))
    length, head, names = _read_sequence(value, _NESTED + 1)
    if length > _NESTED or not PLAIN_IDS.issuperset(map(id, map(type, head))):
        return f"{name}, {count(length, 'item')}"
    if names:
        return f"{name}({', '.join(f'{key}={named_line(key, item, 30)}' for key, item in zip(names, head))})"  # noqa: B905
    opening, closing = _BRACKETS.get(name, ("[", "]"))
    return f"{opening}{', '.join(one_line(item, 30) for item in head)}{closing}"


def describe_mapping(value: Any, budget: TimeBudget) -> ValueDescription:
    """A dict, of which no key is hashed; an environment's values are withheld."""
    length = dict.__len__(value)
    items = list(islice(dict.items(value), MAX_KEYS))
    keys = [element_text(key) for key, _ in items]
    # Where a key is not a plain text, comparing it would run its code.
    withheld = length > 2 and is_environment([key for key in list(islice(dict.keys(value), 1000)) if type(key) is str])
    shown = items[: MAX_KEYS if budget.detail else MAX_MAPPING_ITEMS]
    facts: dict[str, Any] = {
        "length": length,
        "keys": keys,
        "items": {
            text: WITHHELD if withheld else named_line(text, item)
            for text, (_, item) in zip(keys, shown)  # noqa: B905
        },
    }
    if budget.detail and not withheld and (parts := parts_of(value, budget)):
        facts["parts"] = parts
    return ValueDescription("mapping", f"{class_name(type(value))}, {count(length, 'item')}", facts)


def _mapping_line(value: Any) -> str:
    name = class_name(type(value))
    length = dict.__len__(value)
    items = list(islice(dict.items(value), _NESTED + 1))
    if length > _NESTED or not all(type(key) is str and id(type(item)) in PLAIN_IDS for key, item in items):
        return f"{name}, {count(length, 'item')}"
    return "{" + ", ".join(f"{quoted(key, 30)}: {named_line(key, item, 30)}" for key, item in items) + "}"


register([type(None)], text_inspector("none", str))
register([bool], text_inspector("bool", str))
register([int, float, complex], text_inspector("number", number_text), number_text, bases_too=True)
register([str], describe_text, lambda value: quoted(str.__getitem__(value, slice(0, 400)), MAX_LINE), bases_too=True)
register([bytes, bytearray], describe_bytes, bases_too=True)
register([list, tuple, set, frozenset, collections.deque], describe_sequence, _sequence_line, bases_too=True)
register([dict], describe_mapping, _mapping_line, bases_too=True)
register(
    [range],
    lambda value, _budget: ValueDescription(
        "sequence", clip(repr(value), MAX_LINE), {"items": [], "item_types": ["int"]}
    ),
)
_ITERATED: list[Any] = [[], (), {}, set(), "", range(0), {}.values(), {}.items()]
# What reading would use up is never advanced.
register(
    [types.GeneratorType, zip, map, filter, enumerate, reversed, *(type(iter(values)) for values in _ITERATED)],
    lambda value, _budget: ValueDescription("iterator", opaque(value), {}),
)
