"""Inspectors of functions, methods, classes and modules."""

from __future__ import annotations

import functools
import types
from typing import Any

from ..wire import MAX_LINE, MAX_MEMBERS, MAX_NAME, clip, line
from .reading import (
    class_dict,
    class_name,
    first_line,
    function_code,
    is_local_module,
    methods,
    module_dict,
    module_name,
    mro,
    opaque,
    parameters,
    qualified_name,
)
from .registry import CODE, TimeBudget, ValueDescription, named_line, one_line, register

_DEFAULTS = types.FunctionType.__dict__["__defaults__"].__get__
_KEYWORD_DEFAULTS = types.FunctionType.__dict__["__kwdefaults__"].__get__
_NAME = types.FunctionType.__dict__["__name__"].__get__
_DOC = types.FunctionType.__dict__["__doc__"].__get__
_ANNOTATED_MODULE = types.FunctionType.__dict__["__module__"].__get__
_WRAPPED = functools.partial.__dict__["func"].__get__
_MAX_PARAMETERS = 30


def signature(function: types.FunctionType, *, without_first: bool = False) -> str:
    """``(a, b=1, *args, key=None)``; defaults in one line, read without running code."""
    code = function_code(function)
    given = _DEFAULTS(function) or ()
    positional = code.co_varnames[: code.co_argcount]
    defaults = dict(zip(positional[len(positional) - len(given) :], given))  # noqa: B905
    defaults.update(_KEYWORD_DEFAULTS(function) or {})
    shown: list[str] = []
    for at, name in enumerate(parameters(function)):
        if at == code.co_argcount and code.co_kwonlyargcount and not name.startswith("*"):
            shown.append("*")
        shown.append(f"{name}={named_line(name, defaults[name], 30)}" if name in defaults else name)
        if code.co_posonlyargcount and at == code.co_posonlyargcount - 1:
            shown.append("/")
    shown = shown[1:] if without_first else shown
    more = [f"… {len(shown) - _MAX_PARAMETERS} more"] if len(shown) > _MAX_PARAMETERS else []
    return "(" + ", ".join(shown[:_MAX_PARAMETERS] + more) + ")"


def describe_function(value: types.FunctionType, _budget: TimeBudget) -> ValueDescription:
    """A function written in Python."""
    shown = f"{line(_NAME(value), MAX_NAME)}{signature(value)}"
    names = parameters(value)[:_MAX_PARAMETERS]
    facts: dict[str, Any] = {"signature": shown, "parameters": names, "doc": first_line(_DOC(value))}
    module = _ANNOTATED_MODULE(value)
    if type(module) is str:
        facts["module"] = line(module, MAX_NAME)
        facts["local"] = is_local_module(module)
    return ValueDescription("function", line(shown, 2 * MAX_LINE), facts)


def describe_method(value: types.MethodType, _budget: TimeBudget) -> ValueDescription:
    """A bound method, by its function."""
    function = types.MethodType.__dict__["__func__"].__get__(value)
    if type(function) is not types.FunctionType:
        return ValueDescription("function", opaque(value), {})
    owner = types.MethodType.__dict__["__self__"].__get__(value)
    shown = f"{class_name(type(owner))}.{_NAME(function)}{signature(function, without_first=True)}"
    facts = {"signature": shown, "parameters": parameters(function)[1:], "doc": first_line(_DOC(function))}
    return ValueDescription("function", line(shown, 2 * MAX_LINE), facts)


def describe_builtin(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A function or method written in C."""
    name = type(value).__dict__["__name__"].__get__(value)
    doc = type(value).__dict__["__doc__"].__get__(value)
    text = line(str(name), MAX_NAME)
    return ValueDescription("function", text, {"signature": f"{text}(…)", "doc": first_line(doc)})


def describe_class(value: type, _budget: TimeBudget) -> ValueDescription:
    """A class, read past its metaclass."""
    namespace = class_dict(value)
    initial = namespace.get("__init__")
    shown = signature(initial, without_first=True) if type(initial) is types.FunctionType else "(…)"
    facts: dict[str, Any] = {
        "signature": f"{class_name(value)}{shown}",
        "doc": first_line(namespace.get("__doc__")),
        "bases": [qualified_name(base).removeprefix("builtins.") for base in mro(value)[1:6]],
        "methods": methods(value),
        "module": line(module_name(value), MAX_NAME),
        "local": is_local_module(module_name(value)),
    }
    return ValueDescription("class", f"class {class_name(value)}", facts)


def describe_module(value: types.ModuleType, _budget: TimeBudget) -> ValueDescription:
    """A module, under whatever name it was imported."""
    names = module_dict(value)
    name = names.get("__name__")
    text = line(name, MAX_NAME) if type(name) is str else opaque(value)
    facts: dict[str, Any] = {"module": text}
    version = names.get("__version__")
    if type(version) is str:
        facts["version"] = clip(version, 40)
    if is_local_module(name):
        public = [member for member in list(names) if type(member) is str and not member.startswith("_")]
        facts.update(local=True, members=[line(member, MAX_NAME) for member in public[:MAX_MEMBERS]])
    return ValueDescription("module", f"module {text}", facts)


_BUILTINS = (types.BuiltinFunctionType, type(len), type(str.join), type("".__len__))

register([types.FunctionType], describe_function, lambda value: line(f"function {_NAME(value)}", MAX_LINE))
register([types.MethodType], describe_method)
register(_BUILTINS, describe_builtin)
register(
    [functools.partial],
    lambda value, _budget: ValueDescription("function", line(f"partial of {one_line(_WRAPPED(value))}"), {}),
)
register([type], describe_class, lambda value: f"class {class_name(value)}", bases_too=True)
register([types.ModuleType], describe_module, bases_too=True)
CODE.update(map(id, (types.FunctionType, types.MethodType, *_BUILTINS, functools.partial, type, types.ModuleType)))
