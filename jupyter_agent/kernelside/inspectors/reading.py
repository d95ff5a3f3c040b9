"""Reads objects without running any of their code: class names, bases, instance dictionaries.

A class may give false answers for every attribute that Python looks up on it (``__class__``, ``__name__``, ``__module__``,
``__dict__``), and its metaclass may run code on every look-up, hash or comparison. So all is read by the slots of
`type` and `object` themselves, and classes are compared by identity, never hashed.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..wire import MAX_METHODS, MAX_NAME, line

_NAME = type.__dict__["__name__"].__get__
_QUALNAME = type.__dict__["__qualname__"].__get__
_MODULE = type.__dict__["__module__"].__get__
#: A class and its bases, nearest first; what a class itself defines, as a mapping proxy; and a module's names.
mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
class_dict: Callable[[type], Any] = type.__dict__["__dict__"].__get__
module_dict: Callable[[types.ModuleType], dict[str, Any]] = vars(types.ModuleType)["__dict__"].__get__
function_code: Callable[[types.FunctionType], types.CodeType] = vars(types.FunctionType)["__code__"].__get__
_VAR_POSITIONAL, _VAR_KEYWORD = 0x04, 0x08
#: Identities of the types whose values have nothing inside. Types are compared by identity, for a metaclass may define ``==``.
PLAIN_IDS = frozenset(map(id, (int, float, str, bool, bytes, type(None), complex)))
_METHOD_IDS = frozenset(map(id, (types.FunctionType, staticmethod, classmethod, property, functools.cached_property)))
_BUILTIN_NAMES = {id(cls): cls.__name__ for cls in (int, float, str, list, dict, tuple, set, frozenset, bool, bytes)}


def class_name(cls: type) -> str:
    """The class's own name."""
    return _BUILTIN_NAMES.get(id(cls)) or line(str(_NAME(cls)), MAX_NAME)


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
        return f"builtins.{builtin}"
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
    if type(name) is not str or name == "__main__":
        return type(name) is str
    module = sys.modules.get(name)
    if module is None or not issubclass(type(module), types.ModuleType):
        return False
    file = module_dict(module).get("__file__")
    installed = ("site-packages", "dist-packages", sys.prefix, sys.base_prefix, "/lib/python3")
    return type(file) is str and not any(folder in file for folder in installed) and not file.startswith("<")


def instance_dict(value: object) -> dict[str, Any] | None:
    """The instance's own dictionary; None if it has none or if its class hides it."""
    descriptor = class_attribute(type(value), "__dict__")
    if type(descriptor) is not types.GetSetDescriptorType and type(descriptor) is not types.MemberDescriptorType:
        return None
    try:
        found = descriptor.__get__(value)
    except Exception:
        return None
    return found if type(found) is dict else None


def slots(value: object) -> dict[str, Any]:
    """What the slots of the instance hold, by name, read past the class's own look-up."""
    found: dict[str, Any] = {}
    for base in reversed(mro(type(value))):
        for name, member in list(class_dict(base).items()):
            if type(member) is types.MemberDescriptorType and type(name) is str and name[:2] != "__":
                found.pop(name, None)
                with suppress(AttributeError):  # nothing is in it
                    found[name] = member.__get__(value)
    return found


def parameters(function: types.FunctionType) -> list[str]:
    """Names of a function's parameters, ``*args`` and ``**kwargs`` with their stars."""
    code = function_code(function)
    named = code.co_argcount + code.co_kwonlyargcount
    names = list(code.co_varnames[:named])
    rest = list(code.co_varnames[named:])
    if code.co_flags & _VAR_POSITIONAL:
        names.insert(code.co_argcount, "*" + rest.pop(0))
    if code.co_flags & _VAR_KEYWORD:
        names.append("**" + rest.pop(0))
    return names


def methods(cls: type) -> list[str]:
    """Names of a class's public methods and properties, its own first, then those of bases that the user wrote."""
    found = [
        name
        for base in mro(cls)
        if base is cls or is_local_module(module_name(base))
        for name, member in list(class_dict(base).items())
        if type(name) is str and not name.startswith("_") and id(type(member)) in _METHOD_IDS
    ]
    return [line(name, MAX_NAME) for name in dict.fromkeys(found)][:MAX_METHODS]


def first_line(text: object) -> str:
    """The first line of a docstring that is a text; empty otherwise."""
    if type(text) is not str:
        return ""
    stripped = text[:2000].strip()
    return line(stripped.split("\n", 1)[0].strip(), 200)
