"""Provenance of values: abstract values with value numbers, and the nodes that define and use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from jupyter_agent.analysis.cells.effects import LENGTH, FunctionSummary, NameRead
from jupyter_agent.analysis.cells.library_calls import ASSIGNING, PICTURE_LIBRARIES, WHOLE_OBJECT_ATTRIBUTES

#: Taint: why a value may be another each time it is made, as bits. `ESTIMATOR`: it draws random numbers when it is fitted.
RANDOM, TIME, INPUT, NETWORK, ESTIMATOR = 1, 2, 4, 8, 16
#: Taint of a value that keeps, among other things, how long its making took.
TIMED = 32
#: Taint of a value that is another in each kernel, such as a hash, and of one that is random and of which it depends on
#: the values how many there are.
PROCESS, RESIZED = 64, 128
#: Marks of a value: it is a text or holds texts; it is a set of texts, whose order is another in each kernel.
TEXTS, TEXT_SET = 256, 512
#: Methods that assign state of their object: reading the object for them does not read that state.
_ASSIGNING_READS = frozenset(f"{method}()" for method in ASSIGNING)
#: Names of what cells share besides variables; no user's name can be one of them.
WILDCARD, SETTINGS, PICTURES, ENVIRONMENT = "‹*›", "‹settings›", "‹pictures›", "‹environment›"
#: Where Python looks for modules, what databases hold, and where messages are logged.
MODULE_PATH, DATABASE, LOGGING = "‹module path›", "‹database›", "‹logging›"

#: A node's key: the cell's id in a run from top to bottom, the number of the execution in what was executed.
Key = str | int
#: A name and the identity of the object that it had when the two were linked; it may have been bound to another since.
Link = tuple[str, int]


class AbstractValue(NamedTuple):
    """What is known of a name's value; a tuple, because thousands are made after an edit.

    Attributes:
        base: Value number of the value without its parts.
        node: The last node that may have defined it (bound or mutated it).
        writer: The last node that surely defined it.
        columns: Number from which those of its columns follow that were not set by themselves; None: `base`.
        parts: Columns, items or attributes that were set one by one, with their numbers, in order.
        applied: Repeatable operations that were applied to it.
        taint: Why it may be another each time.
        module: The full name, where it is a module or a member of one.
        created_by: Full name of the call that created it.
        text: The constant text that it is, or with which it was created.
        function: The effects of calling it, where it is a function of the user's.
        exhaustible: Whether reading it exhausts it, as an iterator.
        identity: The same for names of one object, whatever its number.
        aliases: Names that were bound to this object.
        shares: Names that may share data with this object, each with the identity of its own.
        elements: What this object may hold: it changes when they do.
        containers: What may hold this object.
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
    text: str = ""
    function: FunctionSummary | None = None
    exhaustible: bool = False
    identity: int = 0
    aliases: frozenset[str] = frozenset()
    shares: frozenset[Link] = frozenset()
    elements: frozenset[Link] = frozenset()
    containers: frozenset[Link] = frozenset()

    @property
    def number(self) -> int:
        """The value number: equal for values that were made by the same code from the same inputs."""
        return hash((self.base, self.parts)) if self.parts else self.base

    def column(self, key: str) -> int:
        """The number of one column, item or attribute."""
        parts = dict(self.parts)
        return parts[key] if key in parts else hash((self.base if self.columns is None else self.columns, key))

    def number_for(self, read: NameRead) -> int:
        """The number of what a read uses of the value."""
        key = read.key
        if key is None:
            return self.number
        if key == LENGTH and self.created_by.startswith(("pandas.", "polars.")):
            return self.base  # columns that were set leave the rows
        if self.module or key in _ASSIGNING_READS:
            return hash((self.base, key))
        if key.endswith("()"):
            return self.number
        if read.attribute and key in WHOLE_OBJECT_ATTRIBUTES and key not in dict(self.parts):
            return self.number
        return self.column(key)


#: Names → their values; None where a name is unbound.
Values = Mapping[str, AbstractValue | None]


@dataclass(frozen=True, slots=True)
class ExternalUse:
    """One use of something that is not in the notebook.

    Attributes:
        kind: ``random``, ``time``, ``process``, ``input``, ``network``, ``read``, ``write``, ``append``, ``query``,
            ``database`` (is changed), ``emptied`` (a database), ``connect`` (to one in `text`) or ``history``.
        what: The call or name, as far as its full name is known.
        text: The file or address, where it is a constant.
        seeded: Whether a seed makes it repeat.
        sure: Whether it happens on every path.
    """

    kind: str
    what: str
    text: str = ""
    seeded: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """One run of one source: an execution, or a cell in a run from top to bottom.

    Attributes:
        key: Its name in its run.
        digest: Of its source, without layout and comments.
        inputs: Names that it looked up → the values that reach it (None: unbound).
        writes: Names that it defines or deletes → the values after it (None: unbound).
        missing: Names that it surely needs and that are unbound.
        output: Number of what it displays; None when it displays nothing.
        output_taint: Why that may be another each time.
        external_uses: What it uses besides variables.
        used_names: Names on whose value it depends; other inputs were looked up because data may be shared.
        accumulated: Names whose value running the same source again would change again.
        bound: Names that it binds.
        unlinked: Names that were bound to another object than one that may share data with what it uses → identities.
    """

    key: Key
    digest: int
    inputs: Values
    writes: Values
    missing: tuple[str, ...]
    output: int | None
    output_taint: int
    external_uses: tuple[ExternalUse, ...]
    used_names: frozenset[str]
    accumulated: frozenset[str]
    bound: frozenset[str]
    unlinked: Mapping[str, int]


def is_shared_name(name: str) -> bool:
    """Whether a name stands for something that cells share besides variables: settings, generators, files."""
    return name[:1] == "‹"


def outlives_reset(name: str) -> bool:
    """Whether a name is still bound after the namespace has been emptied."""
    return is_shared_name(name) and name != WILDCARD


def state_name(module: str) -> str:
    """The shared name of a module's global state: where Python looks for modules, or how pictures or texts are displayed."""
    if module in ("sys", "os"):
        return MODULE_PATH if module == "sys" else ENVIRONMENT
    return PICTURES if module.partition(".")[0] in PICTURE_LIBRARIES else SETTINGS


def shared_name(kind: str, what: str = "") -> str:
    """The shared name of a ``file`` by its path (empty: all that are not known), a ``generator``, ``method`` or ``module``."""
    return f"‹{kind} {what}›"


def shared_words(name: str) -> str:
    """A name for readers: a variable's own, or what stands for something that cells share besides variables."""
    kind, _, what = name.strip("‹›").partition(" ")
    words = {
        SETTINGS: "the settings of a library",
        PICTURES: "the settings of pictures",
        ENVIRONMENT: "os.environ",
        MODULE_PATH: "sys.path",
        DATABASE: "the database",
        LOGGING: "the logging handlers",
        WILDCARD: "names that the source does not show",
        "generator": f"the random generator of {what}",
        "file": f"the file {what}" if what else "files",
        "module": f"the imported module {what}",
        "method": f"the method {what}",
    }
    return name if not is_shared_name(name) else words.get(name) or words[kind]
