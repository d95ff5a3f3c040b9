"""Where values come from: two values of one number were made by the same code from the same inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from jupyter_agent.analysis.cells.effects import Definition, Read
from jupyter_agent.analysis.cells.library_calls import OF_THE_WHOLE, RESETTING

#: Why a value may be another each time, as bits.
RANDOM, TIME, INPUT, NETWORK, DRAWER = 1, 2, 4, 8, 16
#: The value notes how long its making took, beside what else it is.
TIMED = 32
#: Reads of an object by methods that replace what they set before: how they set it before does not bear on it.
SETTING_METHODS = frozenset(f"{one}()" for one in RESETTING)
#: Names of what cells share beside variables; no user's name can be one of them.
WILDCARD, SETTINGS, PICTURES, ENVIRONMENT = "‹*›", "‹settings›", "‹pictures›", "‹environment›"
#: How things are shown makes no value what it is.
DISPLAY_STATE = (SETTINGS, PICTURES)

#: A node's key: the cell's id in a run from top to bottom, the number of the execution in what really ran.
Key = str | int


class AbstractValue(NamedTuple):
    """What is known of a name's value without looking at it; a tuple, because thousands are made after an edit.

    Attributes:
        base: Number of the value without its parts.
        node: The last node that bound it or may have changed it.
        writer: The last node that bound it or surely changed it.
        columns: Number from which those of its columns follow that were not set by themselves; None: `base`.
        parts: Columns, items or attributes that were set one by one, with their numbers, in order.
        applied: Repeatable changes that it has been through.
        taint: Why it may be another each time.
        module: The full name, where it is a module or something imported out of one.
        created_by: Full name of the call that made it.
        function: What happens when it is called, where it is a function of the user's.
        exhaustible: Whether reading it uses it up.
        identity: The same for names of one object, whatever its number.
        aliases: Names that were given this object.
        shares: Names whose objects may share data with this one.
    """

    base: int
    node: Key
    writer: Key
    columns: int | None = None
    parts: tuple[tuple[str, int], ...] = ()
    applied: frozenset[int] = frozenset()
    taint: int = 0
    module: str = ""
    created_by: str = ""
    function: Definition | None = None
    exhaustible: bool = False
    identity: int = 0
    aliases: frozenset[str] = frozenset()
    shares: frozenset[str] = frozenset()

    @property
    def number(self) -> int:
        """Equal for values that were made by the same code from the same inputs."""
        return hash((self.base, self.parts)) if self.parts else self.base

    def column(self, key: str) -> int:
        """The number of one column, item or attribute."""
        part = self.part(key)
        return hash((self.base if self.columns is None else self.columns, key)) if part is None else part

    def part(self, key: str) -> int | None:
        """The number of one part, where it was set by itself."""
        return next((number for name, number in self.parts if name == key), None)

    def with_part(self, key: str, number: int) -> tuple[tuple[str, int], ...]:
        """The parts with one set; a new one comes last, as columns do."""
        if self.part(key) is None:
            return (*self.parts, (key, number))
        return tuple((name, number if name == key else old) for name, old in self.parts)

    def number_for(self, read: Read) -> int:
        """The number of what a read takes of it."""
        if read.key is None:
            return self.number
        if self.module or read.key in SETTING_METHODS:
            return hash((self.base, read.key))
        if read.key.endswith("()"):
            return self.number
        if self.part(read.key) is None and read.attribute and read.key in OF_THE_WHOLE:
            return self.number
        return self.column(read.key)


@dataclass(frozen=True, slots=True)
class ExternalUse:
    """One use of what is not in the notebook.

    Attributes:
        kind: ``random``, ``time``, ``input``, ``network``, ``read``, ``write`` or ``history``.
        what: The call or name, as far as it is known in full.
        text: The file or address, where it is a constant.
        seeded: Whether a seed makes it repeat.
    """

    kind: str
    what: str
    text: str = ""
    seeded: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One run of one source: an execution that was, or a cell in a run from top to bottom.

    Attributes:
        key: Its name in its run.
        cell_id: The cell; None for code that is in no cell.
        digest: Of its source, without layout and comments.
        inputs: What it looked up → what it found (None: nothing).
        writes: Names that it left another value (None: no value).
        missing: Names that it needs for sure and that are not there.
        output: Number of what it shows; None when it shows nothing.
        output_taint: Why that may be another each time.
        external_uses: What it uses beside variables.
        used_names: Names on whose value it depends what it does; other inputs were looked at because data may be shared.
        accumulated: Names whose value another run of the same source would change again.
        bound: Names that it binds.
        changed_aliases: Names of an object that it may have changed by another of its names → the name by which it had it
            before: who made that has made these.
    """

    key: Key
    cell_id: str | None
    digest: int
    inputs: Mapping[str, AbstractValue | None] = field(default_factory=lambda: MappingProxyType({}))
    writes: Mapping[str, AbstractValue | None] = field(default_factory=lambda: MappingProxyType({}))
    missing: tuple[str, ...] = ()
    output: int | None = None
    output_taint: int = 0
    external_uses: tuple[ExternalUse, ...] = ()
    used_names: frozenset[str] = frozenset()
    accumulated: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    changed_aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def own_writes(self) -> dict[str, AbstractValue | None]:
        """What it made, changed or deleted itself, without what only may share data with that."""
        return {name: value for name, value in self.writes.items() if value is None or value.writer == self.key}


def is_shared_name(name: str) -> bool:
    """Whether a name stands for something beside the variables: settings, generators, files."""
    return name[:1] == "‹"


def outlives_reset(name: str) -> bool:
    """Whether a name is still there when the namespace has been emptied."""
    return is_shared_name(name) and name != WILDCARD


def settings_name(module: str) -> str:
    """The shared name of how a library shows things: in pictures, or in texts."""
    return PICTURES if module.partition(".")[0] in ("matplotlib", "seaborn", "plotly", "pylab") else SETTINGS


def state_name(module: str) -> str:
    """The shared name of what a module keeps for all that use it: where Python looks, or how things are shown."""
    return ENVIRONMENT if module in ("sys", "os") else settings_name(module)


def file_name(path: str) -> str:
    """The shared name of one file; of all that cannot be told for an empty path."""
    return f"‹file {path}›"


def generator_name(generator: str) -> str:
    """The shared name of a library's global generator of random numbers."""
    return f"‹{generator}›"
