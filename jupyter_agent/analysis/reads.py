"""What one statement takes when it runs on numbers: values, what functions reach, generators, clock, files."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

from jupyter_agent.analysis.cells import library_calls as library
from jupyter_agent.analysis.cells import randomness
from jupyter_agent.analysis.cells.effects import Call, Change, Read, Step
from jupyter_agent.analysis.cells.expressions import HISTORY as HISTORY_NAMES
from jupyter_agent.analysis.cells.names import CellNames, is_history
from jupyter_agent.analysis.provenance import (
    DRAWER,
    INPUT,
    NETWORK,
    RANDOM,
    TIME,
    TIMED,
    WILDCARD,
    AbstractValue,
    ExternalUse,
    Key,
    file_name,
    generator_name,
    outlives_reset,
    settings_name,
    state_name,
)

Lookup = Callable[[str], AbstractValue | None]
_GIVEN = frozenset(dir(builtins)) | {
    *HISTORY_NAMES,
    *(
        "get_ipython",
        "display",
        "exit",
        "quit",
        "__name__",
        "__doc__",
        "__builtins__",
        "__annotations__",
        "__session__",
    ),
}


@lru_cache(maxsize=8192)
def _only_returns(path: str, call: Call) -> bool:
    """Whether a call of a library's function does nothing beside returning a value, as most do, and the same each time."""
    return not (
        path in randomness.SEEDS
        or randomness.is_drawn(path, call.keywords)
        or randomness.is_never_seeded(path, call.keywords, call.constants)
        or randomness.is_generator(path)
        or randomness.draws_when_fitted(path, call.keywords)
        or library.is_time(path)
        or library.asks_user(path)
        or library.is_network(path, call.text)
        or library.argument_change(path)
        or library.file_use(path, call.text, call.mode)
        or library.is_setting(path)
        or library.draws_pictures(path)
    )


@lru_cache(maxsize=8192)
def that_do_more(calls: tuple[Call, ...]) -> tuple[Call, ...]:
    """Calls without those of Python's own functions that only return a value, such as ``len``."""
    return tuple(one for one in calls if one.path not in _GIVEN or one.maker or not _only_returns(one.path, one))


class CellRun:
    """What running a cell has come to so far."""

    def __init__(self, lookup: Lookup, key: Key, count: int) -> None:
        self._lookup = lookup
        self.key = key
        self.count = count
        self.inputs: dict[str, AbstractValue | None] = {}
        self.values: dict[str, AbstractValue | None] = {}
        self.missing: list[str] = []
        self.shown: list[int] = []
        self.shown_taint = 0
        self.uses: list[ExternalUse] = []
        self.used: set[str] = set()
        self.grown: set[str] = set()
        self.bound: set[str] = set()
        self.own: set[str] = set()
        self.carried: dict[str, str] = {}
        self._objects = 0
        self._wiped = False

    def new_object(self, name: str) -> int:
        """The identity of an object that the cell makes for a name; it does not hang on what the object is."""
        self._objects += 1
        return hash((self.key, self._objects, name))

    def get(self, name: str) -> AbstractValue | None:
        """The value of a name now; what comes from before the cell is noted."""
        if name in self.values:
            return self.values[name]
        if self._wiped and not outlives_reset(name):
            return None
        if name not in self.inputs:
            self.inputs[name] = self._lookup(name)
        return self.inputs[name]

    def takes(self, names: Iterable[str]) -> None:
        """Note names whose values bear on the cell; what it has certainly bound itself, it takes from nobody."""
        self.used.update(set(names) - self.own)

    def set(self, name: str, value: AbstractValue | None) -> None:
        """Give a name a value, or none."""
        self.values[name] = value

    def wipe(self) -> None:
        """Empty the namespace; what cells share beside variables stays."""
        self._wiped = True
        self.values = {name: value if outlives_reset(name) else None for name, value in self.values.items()}
        self.bound.clear()

    def take_seen(self, names: CellNames, seen: Iterable[str]) -> None:
        """Names that this source was seen to bind though it does not show how."""
        for name in seen:
            if name in names.defines or name in names.mutates or name in self.bound:
                continue
            self.bound.add(name)
            self.set(
                name, AbstractValue(hash((names.digest, name)), self.key, self.key, identity=self.new_object(name))
            )


class StepInputs:
    """What one statement of a cell takes, run on numbers."""

    def __init__(self, run: CellRun, step: Step) -> None:
        self.cell = run
        self.step = step
        self.numbers: list[tuple[str, int]] = []
        self.taint = 0
        self.given = 0
        self.shows = step.shows
        self.calls = that_do_more(step.calls) if step.calls else ()
        self.draws = any(call.name in library.PLOTTING for call in self.calls)
        self.drawn: dict[str, None] = {}
        self.seeded: dict[str, None] = {}
        self.changes: list[Change] = list(step.changes)
        self.binds: list[str] = []
        self.used: list[str] = []
        self._reached: set[str] = set()
        self._own = {*step.binds, *step.perhaps}

    # --- what it takes -------------------------------------------------------------------------------------------

    def reads(self, reads: Iterable[Read], *, inner: bool = False) -> None:
        """Take what is read; a function that is read may be called, so what it takes is taken, too."""
        for read in reads:
            value = self.cell.get(read.name)
            if is_history(read.name):
                self.cell.uses.append(ExternalUse("history", read.name))
            if value is None:
                # What a function takes may be bound by the very statement that calls it: a loop's variable.
                self.absent(replace(read, sure=False) if inner and read.name in self._own else read)
                continue
            self.numbers.append((read.name, value.number_for(read)))
            if value.module and read.key in library.MODULE_STATE:
                self.bears(state_name(value.module))
            self.taint |= value.taint & ~(DRAWER | TIMED)
            if value.taint & TIMED and read.key in library.TIMINGS:
                self.taint |= TIME
                self.cell.uses.append(ExternalUse("time", f"{read.name}.{read.key}"))
            self.given |= value.taint & DRAWER
            if value.exhaustible and not inner and read.name not in self.used:
                self.used.append(read.name)
            if value.function is not None:
                self._reach(read.name, value)

    def absent(self, read: Read) -> None:
        name = read.name
        if is_history(name):
            self.numbers.append((name, hash((name, self.cell.count))))
        elif name not in _GIVEN:
            wild = self.cell.get(WILDCARD)
            self.numbers.append((name, wild.number if wild is not None else 0))
            if wild is not None:
                self.taint |= wild.taint
            elif read.sure:
                self.cell.missing.append(name)

    def _reach(self, name: str, value: AbstractValue) -> None:
        definition = value.function
        if definition is None or name in self._reached:
            return
        self._reached.add(name)
        self.reads(definition.reads, inner=True)
        calls = that_do_more(definition.calls)
        for call in calls:
            self.call(call)
        self.changes += definition.changes
        self.binds += definition.binds
        self.shows = self.shows or definition.shows
        self.draws = self.draws or any(call.name in library.PLOTTING for call in calls)

    # --- what it calls -------------------------------------------------------------------------------------------

    def call(self, call: Call) -> None:
        """What a call does beside returning a value."""
        value = self.cell.get(call.root) if call.root and call.root not in _GIVEN else None
        if value is not None and value.function is not None:
            self._argument_changes(call, value)
            return
        path = self.full(call.path, value)
        maker = self.full(call.maker, self.cell.get(call.maker.partition(".")[0])) if call.maker else ""
        if value is not None and not value.module:
            self._method(call, value)
        if path:
            self._function(path, call)
        if library.tells_the_time(maker, call.name, call.taken):
            self.taint |= TIME
            self.cell.uses.append(ExternalUse("time", f"{maker}().{call.name}"))
        if maker and randomness.is_drawn_method(call.name, call.keywords):
            self.draw(randomness.NUMPY, f"{maker}().{call.name}")
        if call.name in randomness.FITTING and (
            self.given or (maker and randomness.draws_when_fitted(maker, call.maker_keywords))
        ):
            self.draw(randomness.NUMPY, maker or call.path)

    @staticmethod
    def full(path: str, value: AbstractValue | None) -> str:
        if value is not None:
            return f"{value.module}{path[len(path.partition('.')[0]) :]}" if value.module else ""
        return path

    def _argument_changes(self, call: Call, value: AbstractValue) -> None:
        definition = value.function
        if definition is None or "." in call.path:
            return
        given = dict(zip(definition.parameters, call.arguments, strict=False))
        for change in definition.parameter_changes:
            name = given.get(change.name, "")
            if name:
                self.changes.append(replace(change, name=name, sure=False))

    def _method(self, call: Call, value: AbstractValue) -> None:
        if library.tells_the_time(value.created_by, call.name, call.taken):
            self.taint |= TIME
            self.cell.uses.append(ExternalUse("time", call.path))
        if randomness.is_generator(value.created_by):
            self.cell.uses.append(ExternalUse("random", call.path, seeded=not value.taint & RANDOM))
            self.changes.append(Change(call.root, None, "grow", "next"))
        elif randomness.is_drawn_method(call.name, call.keywords):
            self.draw(randomness.NUMPY, call.path)

    def _function(self, path: str, call: Call) -> None:
        if _only_returns(path, call):
            return
        seeds = randomness.SEEDS.get(path)
        if seeds is not None:
            self._seed(seeds, call)
        drawn = randomness.is_drawn(path, call.keywords)
        if drawn:
            self.draw(drawn, path)
        if randomness.is_never_seeded(path, call.keywords, call.constants) or (
            randomness.is_generator(path) and not (call.arguments or call.keywords)
        ):
            self.taint |= RANDOM
            self.cell.uses.append(ExternalUse("random", path))
        if randomness.draws_when_fitted(path, call.keywords):
            self.given |= DRAWER
        if library.is_time(path):
            self.taint |= TIME
            self.cell.uses.append(ExternalUse("time", path))
        if library.asks_user(path):
            self.taint |= INPUT
            self.cell.uses.append(ExternalUse("input", path))
        if library.is_network(path, call.text):
            self.taint |= NETWORK
            self.cell.uses.append(ExternalUse("network", path, call.text))
        how = library.argument_change(path)
        if how and library.usual_path(call.path) != path and call.arguments and call.arguments[0]:
            self.changes.append(Change(call.arguments[0], None, how))
        self._files(path, call)
        if library.is_reset(path):
            self.seeded.pop(settings_name(path), None)
            self.cell.set(settings_name(path), None)
        elif library.is_setting(path):
            self.seeded[settings_name(path)] = None
        elif library.draws_pictures(path):
            self.shows = self.draws = True

    def _seed(self, generator: str, call: Call) -> None:
        if call.arguments or call.keywords:
            self.seeded[generator_name(generator)] = None
        else:
            self.seeded.pop(generator_name(generator), None)
            self.cell.set(generator_name(generator), None)

    def draw(self, generator: str, what: str) -> None:
        """Draw from a global generator: its state is read, and moved on."""
        name = generator_name(generator)
        value = self.cell.get(name)
        if value is not None:
            self.numbers.append((name, value.number))
            self.drawn[name] = None
        elif name not in self.seeded:
            self.taint |= RANDOM
        self.cell.uses.append(ExternalUse("random", what, seeded=value is not None or name in self.seeded))

    def _files(self, path: str, call: Call) -> None:
        use = library.file_use(path, call.text, call.mode)
        if not use:
            return
        self.cell.uses.append(ExternalUse(use, path, call.text))
        self.cell.get(file_name(""))  # whatever wrote files that cannot be told may have written this one
        if call.text:
            self.bears(file_name(call.text))
        if use == "write":
            self.seeded[file_name(call.text)] = None

    def bears(self, name: str) -> None:
        """Something that cells share bears on what this statement does."""
        value = self.cell.get(name)
        if value is not None:
            self.numbers.append((name, value.number))
