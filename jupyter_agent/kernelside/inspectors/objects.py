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
from .nested import parts_of
from .reading import (
    PLAIN_IDS,
    class_attribute,
    class_dict,
    class_name,
    first_line,
    instance_dict,
    is_local_module,
    methods,
    module_name,
    mro,
    opaque,
    qualified_name,
    slots,
)
from .registry import (
    TimeBudget,
    ValueDescription,
    named_line,
    one_line,
    register,
    register_when_loaded,
    text_inspector,
)

_ARGUMENTS = BaseException.__dict__["args"].__get__
#: ``__str__`` that reads the arguments only.
_BUILTIN_STR = (BaseException.__dict__["__str__"], KeyError.__dict__["__str__"], ImportError.__dict__["__str__"])


def describe_instance(value: object, budget: TimeBudget) -> ValueDescription:
    """Any instance: what its dictionary and its slots hold, never its properties, and what its class says."""
    cls = type(value)
    namespace = list((instance_dict(value) or {}).items())
    held = {name: content for name, content in namespace if type(name) is str and name[:2] != "__"}
    held = held | slots(value) | held
    # What was learnt (``coef_``) comes first, what is private (``_cache``) last.
    rank = {name: 2 if name.startswith("_") else 0 if name.endswith("_") else 1 for name in held}
    names = sorted(held, key=rank.__getitem__)
    shown = {line(name, 60): named_line(name, held[name]) for name in names[:MAX_FIELDS]}
    more = [line(name, 60) for name in names[MAX_FIELDS:] if not name.startswith("_")]
    is_local = is_local_module(module_name(cls))
    found = {
        "fields": shown,
        "parts": parts_of(value, budget) if budget.detail and is_local else [],
        "members": more[:MAX_MEMBERS],
        "methods": methods(cls) if is_local else [],
        "doc": first_line(class_dict(cls).get("__doc__")),
        "dataclass": type(class_attribute(cls, "__dataclass_fields__")) is dict,
        "bases": [qualified_name(base).removeprefix("builtins.") for base in mro(cls)[1:4] if base is not object],
    }
    facts = {name: fact for name, fact in found.items() if fact}
    if not shown:
        return ValueDescription("object", opaque(value), facts)
    first = [f"{name}={text}" for name, text in list(shown.items())[:3]] + ["…"] * (len(shown) > 3)
    return ValueDescription("object", line(f"{class_name(cls)}({', '.join(first)})", 2 * MAX_LINE), facts)


def exception_message(value: BaseException) -> str:
    """An exception's message, from its arguments: neither ``__str__`` nor ``__repr__`` of the user's is called."""
    arguments = _ARGUMENTS(value)
    if type(arguments) is not tuple:
        return ""
    to_string = class_attribute(type(value), "__str__")
    if PLAIN_IDS.issuperset(map(id, map(type, arguments))):
        if any(to_string is builtin for builtin in _BUILTIN_STR):
            return clip(without_secrets(to_string(value)[:8000]), 2000)
        if len(arguments) == 1:
            return clip(without_secrets(str(arguments[0])[:8000]), 2000)
    return ", ".join(one_line(argument, 200) for argument in arguments[:5])


def describe_exception(value: BaseException, _budget: TimeBudget) -> ValueDescription:
    """An exception that the user keeps."""
    message = exception_message(value)
    summary = f"{class_name(type(value))}: {message}" if message else class_name(type(value))
    return ValueDescription("exception", line(summary, 2 * MAX_LINE), {"message": message})


def datetime_text(value: Any) -> str:
    """A date or time; its time zone may be the user's own class and is not asked."""
    zone = getattr(value, "tzinfo", None)
    if zone is not None and type(zone) is not datetime.timezone:
        return f"{value.replace(tzinfo=None)} {opaque(zone)}"
    return str(value)


def describe_pattern(value: re.Pattern[Any], _budget: TimeBudget) -> ValueDescription:
    """A compiled regular expression."""
    pattern = value.pattern
    text = f"/{line(without_secrets(repr(pattern)))}/"
    return ValueDescription("object", text, {"fields": {"pattern": one_line(pattern), "groups": str(value.groups)}})


register([object], describe_instance, opaque, bases_too=True)
register([types.SimpleNamespace], describe_instance, opaque)
register([BaseException], describe_exception, bases_too=True)
# The file itself is not looked at.
register(
    [pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath],
    text_inspector("path", lambda value: line(without_secrets(str(value)), MAX_TEXT)),
)
register(
    [datetime.date, datetime.datetime, datetime.time, datetime.timedelta], text_inspector("datetime", datetime_text)
)
_exact_text = text_inspector("number", lambda value: clip(str(value), MAX_TEXT))
register([decimal.Decimal, uuid.UUID], _exact_text)
register_when_loaded("fractions", "Fraction", _exact_text)
register([re.Pattern], describe_pattern)
register_when_loaded("zoneinfo", "ZoneInfo", describe_instance, opaque)
