"""Variable, Execution, Cell, KernelState (a fold), StateDelta: what is known of a kernel and its notebook."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, cast

from jupyter_agent.core.messages import Json, Picture
from jupyter_agent.kernelside.wire import source_hash

RunStatus = Literal["ok", "error", "timeout", "died", "still_running", "unavailable"]
KernelStatus = Literal["idle", "busy", "starting", "dead", "unknown"]
#: How the context begins to say which names are new, changed or gone.
CHANGED = "Changed since the last question: "
EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Variable:
    """One name of the user's namespace, described within a budget.

    Attributes:
        name: As the user wrote it.
        type: Qualified class name, such as ``pandas.core.frame.DataFrame``.
        kind: The family that decides which facts there are; listed in ``kernelside/wire.py``.
        summary: One line for a reader, such as ``DataFrame 891 × 12``.
        facts: JSON data by kind (``rows``, ``columns``, ``value``, …); listed in ``kernelside/wire.py``.
        version: The state's version at which this name last changed.
        cell_id: The cell that bound the name, where known.
        execution_count: The execution that bound the name, where known.
    """

    name: str
    type: str
    kind: str
    summary: str
    facts: Mapping[str, Json] = field(default_factory=lambda: EMPTY, hash=False)
    version: int = 0
    cell_id: str | None = None
    execution_count: int | None = None

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Variable:
        """Build from the kernel's own description (data: every field is checked for its type)."""
        facts = wire.get("facts")
        return cls(
            name=str(wire["name"]),
            type=str(wire.get("type", "")),
            kind=str(wire.get("kind", "object")),
            summary=str(wire.get("summary", "")),
            facts=cast("Mapping[str, Json]", facts) if isinstance(facts, dict) else EMPTY,
            version=_int(wire.get("version")) or 0,
            cell_id=_text(wire.get("cell_id")),
            execution_count=_int(wire.get("execution_count")),
        )

    def to_json(self) -> dict[str, Json]:
        """The variable as JSON data, empty fields left out."""
        names = ("name", "type", "kind", "summary", "facts", "cell_id", "execution_count")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a traceback in the user's code.

    Attributes:
        function: Name of the function, ``<module>`` for the cell itself.
        line: 1-based line in `source`.
        source: The few lines around the failing one.
        cell_id: The cell the frame belongs to, where it is one.
        variables: The frame's locals as name → one-line description.
    """

    function: str
    line: int
    source: str
    cell_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class ExecutionError:
    """How a cell failed."""

    name: str
    message: str
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of one cell.

    Attributes:
        count: IPython's execution count, the number in ``In [n]``.
        cell_id: The notebook's cell id, where the front end sent one.
        source_hash: SHA-256 (hex) of the source that ran.
        source: The source that ran, shortened to the wire's budget.
        status: How it ended.
        started: Seconds since the epoch.
        duration: Seconds; None while it runs.
        bound: Names bound for the first time or bound anew.
        mutated: Names whose value changed in place.
        deleted: Names removed.
        error: What was raised.
    """

    count: int
    cell_id: str | None
    source_hash: str
    source: str
    status: Literal["running", "ok", "error"]
    started: float
    duration: float | None = None
    bound: tuple[str, ...] = ()
    mutated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    error: ExecutionError | None = None

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Execution:
        """Build from the kernel's own description."""
        status = wire.get("status")
        duration = wire.get("duration")
        return cls(
            count=_int(wire.get("count")) or 0,
            cell_id=_text(wire.get("cell_id")),
            source_hash=str(wire.get("source_hash", "")),
            source=str(wire.get("source", "")),
            status=status if status in ("running", "ok", "error") else "ok",
            started=float(wire.get("started", 0.0)),
            duration=float(duration) if isinstance(duration, (int, float)) else None,
            bound=_names(wire.get("bound")),
            mutated=_names(wire.get("mutated")),
            deleted=_names(wire.get("deleted")),
            error=_error(wire.get("error")),
        )


@dataclass(frozen=True, slots=True)
class StateDelta:
    """What changed in a kernel since a version.

    Attributes:
        epoch: Identity of the kernel's process; another epoch means a restart, and `changed` is then everything.
        since: The version the delta starts from (0: from nothing).
        version: The version after it.
        changed: Variables that are new or differ.
        deleted: Names that are gone.
        executions: Runs that began or ended since.
        total: How many variables the user's namespace has, listed or not.
        status: The kernel's status when asked.
        taken_at: Seconds since the epoch.
        process: How many links the folder of the kernel's threads has, then those that run the user's code or take it in, the main
            one first, each with its processor time in nanoseconds: as long as these are the same, nothing of the user's has run.
            Empty where something may run all the same.
    """

    epoch: str
    since: int
    version: int
    changed: tuple[Variable, ...]
    deleted: tuple[str, ...]
    executions: tuple[Execution, ...]
    total: int
    status: KernelStatus
    taken_at: float
    process: tuple[int, ...] = ()

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> StateDelta:
        """Build from the kernel's reply to a state request.

        Raises:
            KeyError, TypeError, ValueError: the reply is not one.
        """
        status = wire.get("status")
        return cls(
            epoch=str(wire["epoch"]),
            since=int(wire["since"]),
            version=int(wire["version"]),
            changed=tuple(Variable.from_wire(variable) for variable in wire["changed"]),
            deleted=_names(wire.get("deleted")),
            executions=tuple(Execution.from_wire(execution) for execution in wire.get("executions", ())),
            total=int(wire.get("total", len(wire["changed"]))),
            status=status if status in ("idle", "busy", "starting", "dead") else "unknown",
            taken_at=float(wire["taken_at"]),
            process=tuple(map(int, wire.get("process", ()))),
        )


@dataclass(frozen=True, slots=True)
class KernelState:
    """What is known of one kernel; `after(delta)` is the next.

    Attributes:
        kernel_id: Jupyter's id of the kernel.
        epoch: Identity of the kernel's process; empty while nothing is known.
        version: Grows with every change.
        variables: By name, in the order of the namespace.
        deleted: Names that are gone → the version at which they went.
        executions: Runs, oldest first: the newest, and what ran last in each cell.
        total: How many variables there are, listed or not.
        status: The kernel's status when last asked.
        taken_at: When that was, in seconds since the epoch.
        process: As in `StateDelta`.
        stale: Why this is older than the question; empty when it is fresh.
        source: ``kernel``; ``client`` when a client sent the variables and no kernel could be asked; ``history`` when only
            the executions are known, of a kernel that is gone.
    """

    kernel_id: str
    epoch: str = ""
    version: int = 0
    variables: Mapping[str, Variable] = field(default_factory=lambda: EMPTY)
    deleted: Mapping[str, int] = field(default_factory=lambda: EMPTY)
    executions: tuple[Execution, ...] = ()
    total: int = 0
    status: KernelStatus = "unknown"
    taken_at: float = 0.0
    process: tuple[int, ...] = ()
    stale: str = ""
    source: Literal["kernel", "client", "history"] = "kernel"

    MAX_EXECUTIONS = 1000

    def after(self, delta: StateDelta) -> KernelState:
        """The state with a delta applied; a delta of another epoch starts afresh."""
        fresh = delta.epoch != self.epoch or delta.since == 0
        if not (fresh or delta.changed or delta.deleted or delta.executions):
            # The same objects: what was made of them can be used again.
            return replace(
                self,
                version=delta.version,
                total=delta.total,
                status=delta.status,
                taken_at=delta.taken_at,
                process=delta.process,
                stale="",
            )
        variables = {} if fresh else dict(self.variables)
        deleted = {} if fresh else dict(self.deleted)
        for variable in delta.changed:
            variables[variable.name] = variable
            deleted.pop(variable.name, None)
        for name in delta.deleted:
            if variables.pop(name, None) is not None:
                deleted[name] = delta.version
        known = {} if fresh else {(run.count, run.started): run for run in self.executions}
        known.update({(run.count, run.started): run for run in delta.executions})
        return replace(
            self,
            epoch=delta.epoch,
            version=delta.version,
            variables=MappingProxyType(variables),
            deleted=MappingProxyType(deleted),
            executions=_newest(sorted(known.values(), key=lambda run: run.started), self.MAX_EXECUTIONS),
            total=delta.total,
            status=delta.status,
            taken_at=delta.taken_at,
            process=delta.process,
            stale="",
        )

    def changes_since(self, epoch: str, version: int) -> tuple[str, ...]:
        """Names that are new, changed or gone since a version of this epoch; all names for another epoch."""
        if epoch != self.epoch:
            return tuple(self.variables)
        changed = [name for name, variable in self.variables.items() if variable.version > version]
        return (*changed, *(name for name, deleted_at in self.deleted.items() if deleted_at > version))

    @property
    def age_seconds(self) -> float:
        """How old it is, to a tenth of a second; 0 where nothing is known."""
        return round(max(0.0, time.time() - self.taken_at), 1) if self.taken_at else 0.0

    @property
    def stale_text(self) -> str:
        """How old it is and why, as a sentence; only why where it is of this moment, or nothing has been read yet."""
        return (
            f"The kernel's state is {self.age_seconds:.0f} s old: {self.stale}" if self.age_seconds >= 1 else self.stale
        )

    @property
    def last_error(self) -> Execution | None:
        """The newest run, if it failed, else the newest failed one among the last ten."""
        return next((run for run in reversed(self.executions[-10:]) if run.error is not None), None)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a notebook as its front end or its file has it.

    Attributes:
        id: nbformat's cell id.
        kind: ``code``, ``markdown`` or ``raw``.
        source: The whole source.
        execution_count: The number in ``In [n]``; None when never run or not code.
        output: The outputs as text, shortened by whoever read them.
        error: ``Name: message`` when the last output is an error.
    """

    id: str
    kind: Literal["code", "markdown", "raw"]
    source: str
    execution_count: int | None = None
    output: str = ""
    error: str = ""

    @property
    def source_hash(self) -> str:
        """SHA-256 (hex) of the source, by which edits are compared."""
        return source_hash(self.source)


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """What came of running code in a kernel.

    Attributes:
        status: ``ok``, ``error``, ``timeout``, ``died``, ``still_running`` or ``unavailable``.
        text: stdout, stderr, results and errors as text, head and tail within 64 KiB.
        images: How many pictures it displayed.
        error: What was raised.
        pictures: The last of the pictures, at most four.
        outputs: nbformat's outputs as the kernel sent them, in order, the first and the last of them where there are
            too many or too large ones. For a notebook's file: a model gets `text` and `pictures`.
        execution_count: The number in ``In [n]``, where the run spent one.
        changed: Names that a trial run found changed, see `Kernel.try_execute`.
    """

    status: RunStatus
    text: str = ""
    images: int = 0
    error: ExecutionError | None = None
    pictures: tuple[Picture, ...] = ()
    outputs: tuple[Mapping[str, Any], ...] = ()
    execution_count: int | None = None
    changed: tuple[str, ...] = ()


def _newest(runs: list[Execution], most: int) -> tuple[Execution, ...]:
    """At most so many runs, oldest first; those whose cell ran again since are dropped first."""
    excess = len(runs) - most
    if excess <= 0:
        return tuple(runs)
    last = {run.cell_id: index for index, run in enumerate(runs)}
    ran_again = [index for index, run in enumerate(runs) if last[run.cell_id] > index]
    dropped = set(ran_again[:excess])
    return tuple(run for index, run in enumerate(runs) if index not in dropped)[-most:]


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _names(value: object) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, (list, tuple)) else ()


def _error(wire: object) -> ExecutionError | None:
    if not isinstance(wire, dict):
        return None
    frames: list[Frame] = []
    for frame in wire["frames"] if isinstance(wire.get("frames"), list) else ():
        if isinstance(frame, dict):
            function, line, source = (
                str(frame.get("function", "")),
                _int(frame.get("line")),
                str(frame.get("source", "")),
            )
            given = frame.get("variables")
            variables = {str(name): str(text) for name, text in given.items()} if isinstance(given, dict) else EMPTY
            frames.append(Frame(function, line or 0, source, _text(frame.get("cell_id")), variables))
    return ExecutionError(str(wire.get("name", "")), str(wire.get("message", "")), tuple(frames))
