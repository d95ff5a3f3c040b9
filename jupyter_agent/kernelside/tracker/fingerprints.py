"""Small values that differ when an object's content differs, so that changes in place are seen, within a budget.

No element is compared or hashed unless it is exactly of one of Python's plain types. Where a budget ends, a sample
stands for the rest: `is_sampled` is true then, and the variable is marked.
"""

from __future__ import annotations

import collections
import types
import zlib
from collections.abc import Sequence
from itertools import chain, islice
from typing import Any

from ..inspectors.reading import PLAIN_IDS, instance_dict, is_local_module, loaded, module_name

#: Elements of one container that are looked at, at the top and one level down.
MAX_ELEMENTS = 10_000
MAX_NESTED = 64
MAX_DEPTH = 3
#: Characters and bytes that are looked at in full.
MAX_CHARACTERS = 1_000_000
MAX_BYTES = 1 << 18

_CODE_IDS = frozenset(map(id, (types.FunctionType, types.ModuleType, types.BuiltinFunctionType, type)))
_CODE = types.FunctionType.__dict__["__code__"].__get__


def fingerprint(value: Any, depth: int = 0) -> Any:
    """The value's fingerprint; equal ones mean: not changed, as far as the budget sees."""
    kind = type(value)
    if id(kind) in PLAIN_IDS:
        return _plain(value, kind)
    if id(kind) in _CODE_IDS:
        return (id(value), id(_CODE(value)) if kind is types.FunctionType else 0)
    if depth >= MAX_DEPTH:
        return (id(kind), id(value))
    try:
        return (id(kind), id(value), _content(value, kind, depth))
    except Exception:
        # It changed while it was read, or a library is another release: its identity is all that is known.
        return (id(kind), id(value))


def is_sampled(value: Any) -> bool:
    """Whether the value is so large that a change in place may go unseen, because only samples of it are compared."""
    kind = type(value)
    if kind is list or kind is dict or kind is tuple:
        return len(value) > MAX_ELEMENTS
    if issubclass(kind, (list, dict, set)):
        base: Any = list if issubclass(kind, list) else dict if issubclass(kind, dict) else set
        return bool(base.__len__(value) > MAX_ELEMENTS)
    try:
        if issubclass(kind, loaded("numpy", "ndarray") or ()):
            return bool(loaded("numpy", "ndarray").nbytes.__get__(value) > MAX_BYTES)
        if issubclass(kind, loaded("pandas", "DataFrame") or ()):
            rows, columns = (len(axis) for axis in reversed((instance_dict(value) or {})["_mgr"].axes))
            return bool(8 * rows * columns > MAX_BYTES)
    except Exception:
        return False
    return False


def _plain(value: Any, kind: type) -> Any:
    """Most variables are of these types, so no tuple is made of them; none of the results equals another type's."""
    if kind is int:
        return value if -(1 << 64) < value < (1 << 64) else hash((id(value), value.bit_length()))
    if kind is bool or value is None:
        return "n" if value is None else "t" if value else "f"
    if kind is float or kind is complex:
        return repr(value)
    if len(value) <= MAX_CHARACTERS:
        content = hash(value)
    else:
        content = hash(tuple(value[at : at + 1000] for at in range(0, len(value), len(value) // 16)))
    return hash((kind is str, len(value), content))


def _content(value: Any, kind: type, depth: int) -> Any:
    limit = MAX_ELEMENTS if depth == 0 else MAX_NESTED
    if (kind is list or kind is tuple) and len(value) <= limit:
        elements = value[:]  # a copy, because the user's code may change it while we look
        return (len(elements), _elements(elements, depth))
    if kind is dict and len(value) <= limit:
        return (len(value), _elements([*value.keys(), *value.values()], depth))
    base: Any
    if issubclass(kind, (list, tuple)):
        base = list if issubclass(kind, list) else tuple
        if base.__len__(value) <= limit:
            elements = list(base.__getitem__(value, slice(None)))
        else:
            half = limit // 2
            elements = [*base.__getitem__(value, slice(0, half)), *base.__getitem__(value, slice(-half, None))]
        return (base.__len__(value), _elements(elements, depth))
    if issubclass(kind, dict):
        items = list(islice(dict.items(value), limit))
        return (dict.__len__(value), _elements(list(chain.from_iterable(items)), depth))
    if issubclass(kind, (set, frozenset)):
        base = set if issubclass(kind, set) else frozenset
        return (base.__len__(value), _elements(list(islice(base.__iter__(value), limit)), depth))
    if kind is bytearray:
        return (len(value), zlib.crc32(value[:MAX_BYTES]))
    if kind is collections.deque:
        return (len(value), _elements(list(islice(value, limit)), depth))
    if issubclass(kind, loaded("numpy", "ndarray") or ()):
        return _array(value)
    if issubclass(kind, (loaded("pandas", "DataFrame") or (), loaded("pandas", "Series") or ())):
        return _pandas(value)
    if kind is loaded("polars", "DataFrame"):
        return (value.shape, tuple(value.columns[:MAX_NESTED]), id(value._df))
    if kind is loaded("matplotlib.figure", "Figure"):
        return tuple((id(axes), len(axes.get_children())) for axes in value.axes[:MAX_NESTED])
    held = instance_dict(value)
    if held is None:
        return None
    # Of a library's instance only one level: below it keeps caches of its own.
    deeper = depth + 2 if is_local_module(module_name(kind)) else MAX_DEPTH
    items = list(islice(held.items(), MAX_NESTED))
    return (len(held), tuple(fingerprint(element, deeper) for element in chain.from_iterable(items)))


def _elements(elements: Sequence[Any], depth: int) -> Any:
    """Plain elements by their values, at once; others each by its own fingerprint as far as that is cheap."""
    kinds = tuple(map(id, map(type, elements)))
    if PLAIN_IDS.issuperset(kinds):
        # -1 and -2 have the same hash, so they are counted; 1, True and 1.0 have, too, so the types count.
        return (hash(tuple(elements)), hash(kinds), elements.count(-1))
    if len(elements) > 256:
        return (
            hash(tuple(map(id, elements))),
            tuple(fingerprint(element, depth + 2) for element in elements[:MAX_NESTED]),
        )
    return tuple(fingerprint(element, depth + 1) for element in elements)


def _array(value: Any) -> Any:
    base = loaded("numpy", "ndarray")
    mapped = loaded("numpy", "memmap")
    array = value if type(value) is base else base.view(value, base)
    layout = (array.shape, id(array.dtype), array.__array_interface__["data"][0])
    if mapped is not None and issubclass(type(value), mapped):
        return layout
    return (*layout, _array_content(array, MAX_BYTES))


def _array_content(array: Any, budget: int) -> Any:
    """A checksum of the whole array, or of 64 stretches of it when it is large."""
    if array.dtype.hasobject:
        return hash(tuple(map(id, array.reshape(-1)[:MAX_ELEMENTS].tolist())))
    if array.nbytes <= budget:
        return zlib.crc32(array.tobytes())
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        return 0
    flat = array.reshape(-1, order="A")
    length = max(1, budget // 64 // array.itemsize)
    step = max(length, (flat.size - length) // 63)
    checksum = 0
    for start in range(0, flat.size, step):
        checksum = zlib.crc32(flat[start : start + length].tobytes(), checksum)
    return checksum


def _pandas(value: Any) -> Any:
    """The blocks that a frame is made of, and its axes, by identity and by content within the budget."""
    manager = (instance_dict(value) or {})["_mgr"]
    arrays = [block.values for block in manager.blocks]
    axes = tuple(id(axis) for axis in manager.axes)
    budget = max(1 << 12, MAX_BYTES // max(1, len(arrays)))
    base = loaded("numpy", "ndarray")
    contents: list[Any] = []
    for array in arrays[:MAX_NESTED]:
        # An extension array of pandas' own keeps its data in fields.
        parts = [array] if type(array) is base else list((instance_dict(array) or {}).values())[:8]
        contents.append(id(array))
        contents += [(id(part), _array_content(part, budget)) if type(part) is base else id(part) for part in parts]
    return (axes, tuple(contents), len(arrays))
