"""What a container holds, level by level, so that a part of it can be named: of dictionaries, lists and the user's instances."""

from __future__ import annotations

import collections
from itertools import islice
from typing import Any

from ..secrets import WITHHELD, is_environment, is_secret_name
from ..wire import MAX_PART_DEPTH, MAX_PART_ITEMS, MAX_PARTS
from .reading import PLAIN_IDS, instance_dict, is_local_module, module_name, slots
from .registry import TimeBudget, named_line
from .texts import element_text

_SEQUENCES = (list, tuple, collections.deque)


def parts_of(value: Any, budget: TimeBudget) -> list[Any]:
    """The parts of a container that holds containers; empty for any other value.

    Each part is ``[key, content]`` or, where the key is no text that names it in code, ``[key, content, False]``; the content is
    one line of text or ``{"kind", "length", "parts"}``.
    """
    left = [MAX_PARTS]
    found = _parts(value, budget, left, 0)
    return found if any(type(part[1]) is dict for part in found) else []


def _parts(value: Any, budget: TimeBudget, left: list[int], depth: int) -> list[Any]:
    items = list(islice(_items(value), MAX_PART_ITEMS))
    names = [key for key, _ in items if type(key) is str]
    is_withheld = issubclass(type(value), dict) and len(names) > 2 and is_environment(names)
    found: list[Any] = []
    for key, content in items:
        if left[0] <= 0 or budget.spent:
            break
        left[0] -= 1
        name = key if type(key) is int else element_text(key)
        kind = "" if is_withheld or (type(key) is str and is_secret_name(key)) else _kind(content)
        text: Any = WITHHELD if is_withheld else named_line(str(name), content)
        if kind and depth < MAX_PART_DEPTH:
            text = {"kind": kind, "length": _length(content), "parts": _parts(content, budget, left, depth + 1)}
        # Another type of key is not compared: that would run its code.
        is_plain = type(key) is int or (type(key) is str and name == key)
        found.append([name, text] if is_plain else [name, text, False])
    return found


def _kind(value: Any) -> str:
    """The kind of a container whose parts can be read without running code of its own; empty for any other value."""
    if id(type(value)) in PLAIN_IDS:
        return ""
    if issubclass(type(value), dict):
        return "mapping"
    if issubclass(type(value), _SEQUENCES):
        return "sequence"
    return "object" if is_local_module(module_name(type(value))) and type(value) is not type else ""


def _length(value: Any) -> int:
    base: Any = next((base for base in (dict, *_SEQUENCES) if issubclass(type(value), base)), None)
    return int(base.__len__(value)) if base is not None else len(_items(value))


def _items(value: Any) -> Any:
    """Keys with what they hold: a dictionary's own, a sequence's places, an instance's attributes."""
    if issubclass(type(value), dict):
        return dict.items(value)
    for base in _SEQUENCES:
        if issubclass(type(value), base):
            return enumerate(base.__iter__(value))
    held = {**(instance_dict(value) or {}), **slots(value)}
    return [(name, content) for name, content in list(held.items()) if type(name) is str and name[:1] != "_"]
