"""Reads objects without running any of their code: class names, bases, instance dictionaries.

A class may give false answers for every attribute that Python looks up on it (``__class__``, ``__name__``, ``__module__``,
``__dict__``), and its metaclass may run code on every look-up, hash or comparison. So all is read by the slots of
`type` and `object` themselves, and classes are compared by identity, never hashed.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

from ..wire import MAX_NAME, line

_NAME = type.__dict__["__name__"].__get__
_QUALNAME = type.__dict__["__qualname__"].__get__
_MODULE = type.__dict__["__module__"].__get__
#: A class and its bases, nearest first; what a class itself defines, as a mapping proxy; and a module's names.
mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
class_dict: Callable[[type], Any] = type.__dict__["__dict__"].__get__
module_dict: Callable[[types.ModuleType], dict[str, Any]] = vars(types.ModuleType)["__dict__"].__get__
_BUILTINS = (int, float, str, list, dict, tuple, set, frozenset, bool, bytes)
_SHORT_NAMES = {id(cls): cls.__name__ for cls in _BUILTINS}
_BUILTIN_NAMES = {id(cls): f"builtins.{cls.__name__}" for cls in _BUILTINS}


def class_name(cls: type) -> str:
    """The class's own name."""
    builtin = _SHORT_NAMES.get(id(cls))
    if builtin is not None:
        return builtin
    return line(str(_NAME(cls)), MAX_NAME)


def module_name(cls: type) -> str:
    """The class's ``__module__``; empty where that is no text."""
    try:
        found = _MODULE(cls)
    except AttributeError:
        return ""
    return found if type(found) is str else ""


def qualified_name(cls: type) -> str:
    """``module.Class``, such as ``builtins.int``."""
    builtin = _BUILTIN_NAMES.get(id(cls))
    if builtin is not None:
        return builtin
    name = _QUALNAME(cls)
    text = name if type(name) is str else str(_NAME(cls))
    module = module_name(cls)
    return line(f"{module}.{text}" if module else text, 2 * MAX_NAME)


def opaque(value: object) -> str:
    """``<module.Class>``: all that is shown of a value that is not looked into."""
    return f"<{qualified_name(type(value)).removeprefix('builtins.')}>"


def loaded(module: str, name: str) -> Any:
    """An attribute of a module that the user has imported; None otherwise. Imports nothing."""
    found = sys.modules.get(module)
    if found is None or not issubclass(type(found), types.ModuleType):
        return None
    return module_dict(found).get(name)


def is_library_class(cls: type, *packages: str) -> bool:
    """Whether the class is one of these packages' own and no imposter, so that its methods are no code of the user's."""
    module = module_name(cls)
    return module.partition(".")[0] in packages and loaded(module, str(_NAME(cls))) is cls


def class_attribute(cls: type, name: str) -> Any:
    """What a look-up of `name` on the class would find along its bases, unbound; None if nothing."""
    for base in mro(cls):
        namespace = class_dict(base)
        if name in namespace:
            return namespace[name]
    return None


def is_local_module(name: object) -> bool:
    """Whether a module is the user's own: the notebook, or a file outside the Python installation."""
    if name == "__main__":
        return True
    module = sys.modules.get(name) if type(name) is str else None
    if module is None or not issubclass(type(module), types.ModuleType):
        return False
    file = module_dict(module).get("__file__")
    installed = ("site-packages", "dist-packages", sys.prefix, sys.base_prefix, "/lib/python3")
    return type(file) is str and not any(folder in file for folder in installed) and not file.startswith("<")


def instance_dict(value: object) -> dict[str, Any] | None:
    """The instance's own dictionary; None if it has none or if its class hides it."""
    descriptor = class_attribute(type(value), "__dict__")
    if type(descriptor) is not types.GetSetDescriptorType:
        return None
    try:
        found = descriptor.__get__(value)
    except Exception:
        return None
    return found if type(found) is dict else None


def slot_names(cls: type) -> list[str]:
    """Names of the class's and its bases' slots."""
    return [
        name
        for base in reversed(mro(cls))
        for name, member in list(class_dict(base).items())
        if type(member) is types.MemberDescriptorType and type(name) is str and name[:2] != "__"
    ]


def slot(value: object, name: str) -> Any:
    """The value of a slot, read past the class's own look-up.

    Raises:
        AttributeError: there is no such slot, or nothing in it.
    """
    for base in mro(type(value)):
        member = class_dict(base).get(name)
        if type(member) is types.MemberDescriptorType:
            return member.__get__(value)
    raise AttributeError(name)


def first_line(text: object) -> str:
    """The first line of a docstring that is a text; empty otherwise."""
    if type(text) is not str:
        return ""
    stripped = text[:2000].strip()
    return line(stripped.split("\n", 1)[0].strip(), 200)
