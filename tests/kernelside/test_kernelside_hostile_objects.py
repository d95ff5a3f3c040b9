"""Hostile objects: no code of theirs runs, none hides another, none takes long, whatever its class does."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from jupyter_agent.kernelside.inspectors.registry import TimeBudget, describe, one_line
from jupyter_agent.kernelside.introspection import is_code
from jupyter_agent.kernelside.tracker.fingerprints import fingerprint
from tests.support import hostile_objects

if TYPE_CHECKING:
    from .conftest import Shell

SECONDS = 0.1


def test_V1_to_V13_the_whole_zoo_is_told_and_untouched(
    shell: Shell, tmp_path: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    spy = hostile_objects.Spy()
    hostile_values = hostile_objects.hostile_values(spy, tmp_path)
    shell.shell.user_ns.update(hostile_values)
    variables = dict(os.environ), len(hostile_values)
    spy.awake = True
    described = {variable["name"]: variable for variable in shell.delta()["changed"]}
    assert set(described) == set(hostile_values)
    assert len(hostile_values) >= 60
    assert shell.delta()["changed"] == []
    for name in hostile_values:
        started = time.thread_time()
        shell.inspect(name)
        assert time.thread_time() - started < SECONDS, name
    spy.awake = False
    assert spy.calls == []
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list
    assert variables == (dict(os.environ), len(hostile_values))
    assert all(shell.shell.user_ns[name] is value for name, value in hostile_values.items())
    json.dumps(described, allow_nan=False).encode("utf-8")
    assert "vandal" not in vars(hostile_objects)


def test_no_animal_escapes_its_own_description(tmp_path: Path) -> None:
    spy = hostile_objects.Spy()
    for name, value in hostile_objects.hostile_values(spy, tmp_path).items():
        spy.awake = True
        for look in (fingerprint, one_line, is_code, lambda value: describe(value, TimeBudget(detail=True))):
            started = time.thread_time()
            look(value)
            assert time.thread_time() - started < SECONDS, name
        assert len(json.dumps(describe(value, TimeBudget()).facts)) < 20_000, name
        spy.awake = False
    assert spy.calls == []


def test_V3_a_class_that_defines_equality_is_never_compared_wherever_its_values_stand() -> None:
    calls: list[str] = []

    class Compared(type):
        def __eq__(cls, other: object) -> bool:
            calls.append("==")
            return False

        __hash__ = type.__hash__

    class Value(metaclass=Compared):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            calls.append("==")
            return False

    value: Any = Value()

    class Failure(Exception):
        __str__ = value

    class Holder:
        member = value

    module = ModuleType("odd")
    vars(module)["__name__"] = value
    column = pd.Series([value, 1, "text"], dtype=object)
    calls.clear()
    for held in (
        [value],
        {"key": value},
        (1, value),
        Exception(value),
        Failure("why"),
        Holder(),
        Holder,
        module,
        column,
    ):
        assert describe(held, TimeBudget(detail=True)).summary
        assert one_line(held)
    assert calls == []


@settings(max_examples=100, deadline=None)
@given(
    hooks=some.sets(some.sampled_from(hostile_objects.HOOKS), min_size=1),
    act=some.sampled_from(sorted(hostile_objects.ACTS)),
    base=some.sampled_from([object, int, str, float, list, dict, tuple, set, frozenset, bytes, Exception, type]),
    named=some.text(min_size=1, max_size=30).filter(lambda text: "\x00" not in text),
    attributes=some.dictionaries(some.text(max_size=10), some.none() | some.integers() | some.text(), max_size=4),
    slots=some.booleans(),
    where=some.sampled_from(["alone", "list", "dict", "key", "set", "field"]),
)
def test_V1_V4_classes_that_nobody_thought_of(
    hooks: set[str], act: str, base: Any, named: str, attributes: dict[str, Any], *, slots: bool, where: str
) -> None:
    spy = hostile_objects.Spy()
    body: dict[str, Any] = {hook: spy.hook(hook, hostile_objects.ACTS[act]) for hook in hooks}
    if slots and base is object:
        body["__slots__"] = ("slot",)
    body.update(
        {name: hostile_objects.trap(spy, name) for name in attributes if name not in body and name != "__slots__"}
    )
    cls: Any = type.__new__(type, named.encode("utf-8", "replace").decode("utf-8"), (base,), body)
    value = type.__new__(cls, "Inner", (), {}) if base is type else base.__new__(cls)
    held: dict[str, Any] = {
        "alone": lambda: value,
        "list": lambda: [value],
        "dict": lambda: {"k": value},
        "key": lambda: {value: 1},
        "set": lambda: {value},
        "field": lambda: SimpleNamespace(field=value),
    }
    try:
        value = held[where]()
    except TypeError:
        value = [value]  # not hashable
    spy.awake = True
    started = time.thread_time()
    description = describe(value, TimeBudget(detail=True))
    fingerprint(value)
    one_line(value)
    seconds = time.thread_time() - started
    spy.awake = False
    assert spy.calls == []
    assert seconds < SECONDS
    json.dumps(description, allow_nan=False).encode("utf-8")
