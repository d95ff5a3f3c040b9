"""Inspectors of instances, exceptions, paths, dates and other values of the standard library."""

from __future__ import annotations

import datetime
import decimal
import pathlib
import re
import types
import uuid
from typing import Any

from ..secrets import without_secrets
from ..wire import MAX_FIELDS, MAX_LINE, MAX_MEMBERS, MAX_TEXT, clip, line
from .code import methods
from .reading import (
    class_attribute,
    class_dict,
    class_name,
    first_line,
    instance_dict,
    is_local_module,
    module_name,
    mro,
    opaque,
    qualified_name,
    slot,
    slot_names,
)
from .registry import Budget, Description, inspects, inspects_when_loaded, named_line, one_line

_ARGUMENTS = BaseException.__dict__["args"].__get__
_PLAIN = (str, int, float, bool, bytes, type(None))
#: ``__str__`` that reads the arguments only.
_PYTHONS_OWN = (BaseException.__dict__["__str__"], KeyError.__dict__["__str__"], ImportError.__dict__["__str__"])


def fields(value: object) -> dict[str, Any]:
    """What an instance holds, by name: its dictionary and its slots, never its properties.

    What was learnt (``coef_``) comes first, what is private (``_cache``) last.
    """
    found: dict[str, Any] = {}
    namespace = instance_dict(value)
    if namespace is not None:
        found.update((name, held) for name, held in list(namespace.items()) if type(name) is str and name[:2] != "__")
    for name in slot_names(type(value)):
        try:
            found.setdefault(name, slot(value, name))
        except AttributeError:
            continue
    return {name: found[name] for name in sorted(found, key=_privacy)}


def _privacy(name: str) -> int:
    return 2 if name.startswith("_") else 0 if name.endswith("_") else 1


def describe_instance(value: object, _budget: Budget) -> Description:
    """Any instance: its fields, and the first line of its class's docstring."""
    held = fields(value)
    told = {line(name, 60): named_line(name, held[name]) for name in list(held)[:MAX_FIELDS]}
    facts: dict[str, Any] = {}
    if told:
        facts["fields"] = told
    more = [line(name, 60) for name in list(held)[MAX_FIELDS:] if not name.startswith("_")]
    if more:
        facts["members"] = more[:MAX_MEMBERS]
    if is_local_module(module_name(type(value))):
        facts["methods"] = methods(type(value))
    doc = first_line(class_dict(type(value)).get("__doc__"))
    if doc:
        facts["doc"] = doc
    if type(class_attribute(type(value), "__dataclass_fields__")) is dict:
        facts["dataclass"] = True
    bases = [qualified_name(base).removeprefix("builtins.") for base in mro(type(value))[1:4] if base is not object]
    if bases:
        facts["bases"] = bases
    return Description("object", _instance_summary(value, told), facts)


def _instance_summary(value: object, told: dict[str, str]) -> str:
    if not told:
        return opaque(value)
    shown = ", ".join(f"{name}={text}" for name, text in list(told.items())[:3])
    more = ", …" if len(told) > 3 else ""
    return line(f"{class_name(type(value))}({shown}{more})", 2 * MAX_LINE)


def exception_message(value: BaseException) -> str:
    """What an exception says, from its arguments: neither ``__str__`` nor ``__repr__`` of the user's is called."""
    arguments = _ARGUMENTS(value)
    if type(arguments) is not tuple:
        return ""
    says = class_attribute(type(value), "__str__")
    if all(type(one) in _PLAIN for one in arguments):
        if says in _PYTHONS_OWN:
            return clip(without_secrets(says(value)[:8000]), 2000)
        if len(arguments) == 1:
            return clip(without_secrets(str(arguments[0])[:8000]), 2000)
    return ", ".join(one_line(one, 200) for one in arguments[:5])


def describe_exception(value: BaseException, _budget: Budget) -> Description:
    """An exception that the user keeps."""
    message = exception_message(value)
    summary = f"{class_name(type(value))}: {message}" if message else class_name(type(value))
    return Description("exception", line(summary, 2 * MAX_LINE), {"message": message})


def describe_path(value: Any, _budget: Budget) -> Description:
    """A path; the file itself is not looked at."""
    text = line(without_secrets(str(value)), MAX_TEXT)
    return Description("path", text, {"value": text})


def describe_datetime(value: Any, _budget: Budget) -> Description:
    """A date or time; its time zone may be the user's own class and is not asked."""
    zone = getattr(value, "tzinfo", None)
    if zone is not None and type(zone) is not datetime.timezone:
        text = f"{value.replace(tzinfo=None)} {opaque(zone)}"
    else:
        text = str(value)
    return Description("datetime", text, {"value": text})


def describe_exact_text(value: Any, _budget: Budget) -> Description:
    """A number or identifier whose text is its value."""
    text = clip(str(value), MAX_TEXT)
    return Description("number", text, {"value": text})


def describe_pattern(value: re.Pattern[Any], _budget: Budget) -> Description:
    """A compiled regular expression."""
    pattern = value.pattern
    text = f"/{line(without_secrets(repr(pattern)))}/"
    return Description("object", text, {"fields": {"pattern": one_line(pattern), "groups": str(value.groups)}})


def describe_namespace(value: Any, budget: Budget) -> Description:
    """A `types.SimpleNamespace`."""
    return describe_instance(value, budget)


inspects([object], describe_instance, opaque, bases_too=True)
inspects([types.SimpleNamespace], describe_namespace, opaque)
inspects([BaseException], describe_exception, bases_too=True)
inspects([pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath], describe_path)
inspects([datetime.date, datetime.datetime, datetime.time, datetime.timedelta], describe_datetime)
inspects([decimal.Decimal, uuid.UUID], describe_exact_text)
inspects_when_loaded("fractions", "Fraction", describe_exact_text)
inspects([re.Pattern], describe_pattern)
inspects_when_loaded("zoneinfo", "ZoneInfo", describe_instance, opaque)
