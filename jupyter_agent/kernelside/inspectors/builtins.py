"""Inspectors of Python's own scalars, texts and containers; they read derived classes by the base's slots."""

from __future__ import annotations

import collections
from itertools import islice
from typing import Any

from ..secrets import WITHHELD, is_environment, without_secrets
from ..wire import MAX_ITEMS, MAX_KEYS, MAX_LINE, MAX_MAPPING_ITEMS, MAX_TEXT, MAX_TEXT_INSPECTED, clip, count, line
from .reading import class_attribute, class_name, opaque, qualified_name
from .registry import TimeBudget, ValueDescription, named_line, one_line, plain_text, quoted, register

#: Elements of nested containers that a one-line description looks at.
_NESTED = 4
_MAX_DIGITS = 150
_PLAIN = (int, float, bool, str, bytes, type(None))


def number_text(value: Any) -> str:
    """An int, float or complex as exact text; huge ints by their size."""
    if issubclass(type(value), int):
        bits = int.bit_length(value)
        if bits > 3 * _MAX_DIGITS:
            sign = "-" if int.__lt__(value, 0) else ""
            return f"{sign}{hex(int.__abs__(value) >> (bits - 64))}… ({bits:,} bits)"
        return int.__repr__(value)
    if issubclass(type(value), float):
        return float.__repr__(value)
    return complex.__repr__(value)


def describe_constant(value: object, _budget: TimeBudget) -> ValueDescription:
    """None, True or False."""
    text = "None" if value is None else "True" if value is True else "False"
    return ValueDescription("none" if value is None else "bool", text, {"value": text})


def describe_number(value: Any, _budget: TimeBudget) -> ValueDescription:
    """An int, float or complex; enumeration members, too."""
    text = number_text(value)
    return ValueDescription("number", text, {"value": text})


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


def _sequence_head(value: Any, number: int) -> tuple[int, list[Any]]:
    if type(value) is list or type(value) is tuple:
        return len(value), list(value[:number])
    base: Any
    for base in (list, tuple):
        if issubclass(type(value), base):
            return base.__len__(value), list(base.__getitem__(value, slice(0, number)))
    if issubclass(type(value), collections.deque):
        return collections.deque.__len__(value), list(islice(collections.deque.__iter__(value), number))
    base = frozenset if issubclass(type(value), frozenset) else set
    return base.__len__(value), list(islice(base.__iter__(value), number))


def _field_names(value: Any) -> list[str]:
    """Names of a named tuple's fields."""
    if type(value) is list or type(value) is tuple:
        return []
    names = class_attribute(type(value), "_fields")
    if type(names) is not tuple:
        return []
    return [name for name in names if type(name) is str]


def describe_sequence(value: Any, budget: TimeBudget) -> ValueDescription:
    """A list, tuple, deque, set or frozenset."""
    length, head = _sequence_head(value, 100)
    number = 5 * MAX_ITEMS if budget.detail else MAX_ITEMS
    names = _field_names(value)
    facts: dict[str, Any] = {"length": length}
    if names:
        facts["fields"] = {name: named_line(name, item) for name, item in zip(names[:MAX_MAPPING_ITEMS], head)}  # noqa: B905
    else:
        facts["items"] = [one_line(item) for item in head[:number]]
    facts["item_types"] = list(dict.fromkeys(qualified_name(type(item)).removeprefix("builtins.") for item in head))[
        :MAX_ITEMS
    ]
    kind = "set" if issubclass(type(value), (set, frozenset)) else "sequence"
    noun = f" of {facts['item_types'][0]}" if len(facts["item_types"]) == 1 else ""
    return ValueDescription(kind, f"{class_name(type(value))}, {count(length, 'item')}{noun}", facts)


_BRACKETS = {"tuple": ("(", ")"), "set": ("{", "}"), "frozenset": ("{", "}")}


def _sequence_line(value: Any) -> str:
    """The elements in brackets where they are few and plain, else how many there are."""
    name = class_name(type(value))
    length, head = _sequence_head(value, _NESTED + 1)
    names = _field_names(value)
    if length > _NESTED or not all(type(item) in _PLAIN for item in head):
        return f"{name}, {count(length, 'item')}"
    if names:
        return f"{name}({', '.join(f'{key}={named_line(key, item, 30)}' for key, item in zip(names, head))})"  # noqa: B905
    opening, closing = _BRACKETS.get(name, ("[", "]"))
    return f"{opening}{', '.join(one_line(item, 30) for item in head)}{closing}"


def mapping_items(value: Any, number: int) -> list[tuple[Any, Any]]:
    """The first items of a dict; no key is hashed."""
    if number >= dict.__len__(value):
        return list(dict.items(value))
    return list(islice(dict.items(value), number))


def key_text(key: Any) -> str:
    """A key or label: texts as they are, other values in one line."""
    if type(key) is str:
        return plain_text(key)
    return one_line(key, MAX_LINE)


def describe_mapping(value: Any, budget: TimeBudget) -> ValueDescription:
    """A dict; an environment's values are withheld."""
    length = dict.__len__(value)
    items = mapping_items(value, MAX_KEYS)
    keys = [key_text(key) for key, _ in items]
    # Where a key is not a plain text, comparing it would run its code.
    withheld = length > 2 and is_environment([key for key, _ in mapping_items(value, 1000) if type(key) is str])
    shown = items[: MAX_KEYS if budget.detail else MAX_MAPPING_ITEMS]
    facts: dict[str, Any] = {
        "length": length,
        "keys": keys,
        "items": {
            text: WITHHELD if withheld else named_line(text, item)
            for text, (_, item) in zip(keys, shown)  # noqa: B905
        },
    }
    return ValueDescription("mapping", f"{class_name(type(value))}, {count(length, 'item')}", facts)


def _mapping_line(value: Any) -> str:
    name = class_name(type(value))
    length = dict.__len__(value)
    items = mapping_items(value, _NESTED + 1)
    if length > _NESTED or not all(type(key) is str and type(item) in _PLAIN for key, item in items):
        return f"{name}, {count(length, 'item')}"
    return "{" + ", ".join(f"{quoted(key, 30)}: {named_line(key, item, 30)}" for key, item in items) + "}"


def describe_range(value: range, _budget: TimeBudget) -> ValueDescription:
    """A range; its length is arithmetic."""
    return ValueDescription("sequence", clip(repr(value), MAX_LINE), {"items": [], "item_types": ["int"]})


def describe_iterator(value: Any, _budget: TimeBudget) -> ValueDescription:
    """Something that would be used up by looking: never advanced."""
    return ValueDescription("iterator", opaque(value), {})


register([type(None), bool], describe_constant)
register([int, float, complex], describe_number, number_text, bases_too=True)
register([str], describe_text, lambda value: quoted(str.__getitem__(value, slice(0, 400)), MAX_LINE), bases_too=True)
register([bytes, bytearray], describe_bytes, bases_too=True)
register([list, tuple, set, frozenset, collections.deque], describe_sequence, _sequence_line, bases_too=True)
register([dict], describe_mapping, _mapping_line, bases_too=True)
register([range], describe_range)
register(
    [
        type(_ for _ in ()),
        type(iter([])),
        type(iter(())),
        type(iter({})),
        type(iter(set())),
        type(iter("")),
        type(iter(range(0))),
        type(iter({}.values())),
        type(iter({}.items())),
        zip,
        map,
        filter,
        enumerate,
        reversed,
    ],
    describe_iterator,
)
