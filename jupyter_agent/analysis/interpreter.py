"""Abstract interpretation of a cell with value numbering: what it uses, mutates, binds and displays, without running it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from functools import lru_cache

from jupyter_agent.analysis.cells import library_calls as library
from jupyter_agent.analysis.cells import randomness
from jupyter_agent.analysis.cells.effects import (
    IN_PLACE,
    LENGTH,
    ORDER,
    SQL,
    CallSite,
    FunctionSummary,
    Mutation,
    NameRead,
    SharedObject,
    StatementEffects,
)
from jupyter_agent.analysis.cells.names import HISTORY_NAMES, PREDEFINED, CellNames, is_history
from jupyter_agent.analysis.cells.source import BARE_MAGICS
from jupyter_agent.analysis.cells.sql import empties, mutation_of
from jupyter_agent.analysis.provenance import (
    DATABASE,
    ENVIRONMENT,
    ESTIMATOR,
    INPUT,
    LOGGING,
    MODULE_PATH,
    NETWORK,
    PICTURES,
    PROCESS,
    RANDOM,
    RESIZED,
    SETTINGS,
    TEXT_SET,
    TEXTS,
    TIME,
    TIMED,
    WILDCARD,
    AbstractValue,
    ExternalUse,
    Key,
    Link,
    Node,
    Values,
    outlives_reset,
    shared_name,
    state_name,
)

_PREDEFINED = PREDEFINED | HISTORY_NAMES | {"exit", "quit", "__name__", "__doc__", "__builtins__", "__annotations__"}
_PREDEFINED |= {"__session__"}
#: Taint and marks that what is made of a value does not have by itself.
_OWN = ESTIMATOR | TIMED | TEXTS | TEXT_SET
#: Functions that read the process's environment or folder.
_OF_PROCESS = ("os.getenv", "os.environ.get", "os.getcwd", "pathlib.Path.cwd")
_LOGGED = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
#: More names that may share data with one object are not followed: each pair of them would be looked at.
_MAX_SHARING = 50
_NO_LINKS: frozenset[Link] = frozenset()


class AbstractInterpreter:
    """Interprets the statements of one cell, one after the other, over abstract values.

    What it gathers of the cell is described at `Node`; `_outputs` are the numbers of what is displayed.

    Args:
        before: Every name's value before the cell.
        key: The node's key.
        count: The cell's execution count, for ``_3`` and ``Out[3]``.
    """

    # Of the statement that is interpreted:
    _statement: StatementEffects
    _operands: list[tuple[str, int]]  # names that it uses, with the numbers of what it uses of them
    _taint: int  # of its operands and calls
    _estimator_taint: int  # whether an estimator that draws is among them
    _shows: bool
    _draws: bool  # pictures
    _drawn: dict[str, None]  # global generators that are drawn from
    _shared_writes: dict[str, str]  # shared names → how it sets them: "replace", "add" or "accumulate"
    _mutations: list[Mutation]
    _global_binds: list[str]  # names that functions bind which it calls
    _exhausted: list[str]  # iterators that it reads
    _entered: set[str]  # functions whose summaries were applied

    def __init__(self, before: Values, key: Key, count: int) -> None:
        self._before = before
        self._key = key
        self._count = count
        self._inputs: dict[str, AbstractValue | None] = {}
        self._values: dict[str, AbstractValue | None] = {}
        self._missing: list[str] = []
        self._outputs: list[int] = []
        self._output_taint = 0
        self._external_uses: list[ExternalUse] = []
        self._used_names: set[str] = set()
        self._accumulated: set[str] = set()
        self._bound: set[str] = set()
        self._unlinked: dict[str, int] = {}
        self._surely_bound: set[str] = set()
        self._objects = 0
        self._is_reset = False

    def interpret(self, names: CellNames, observed: Iterable[str]) -> Node:
        """Interpret a cell; `observed` are names that it was observed to bind or mutate, shown by its source or not."""
        for statement in names.statements:
            self._run(statement)
        for name in observed:
            if name not in names.defines and name not in names.mutates and name not in self._bound:
                self._bound.add(name)
                number = hash((names.digest, name))
                self._values[name] = AbstractValue(number, self._key, self._key, identity=self._new_object(name))
        return Node(
            self._key,
            names.digest,
            self._inputs,
            self._values,
            tuple(dict.fromkeys(self._missing)),
            hash(tuple(self._outputs)) if self._outputs else None,
            self._output_taint,
            tuple(dict.fromkeys(self._external_uses)),
            frozenset(self._used_names),
            frozenset(self._accumulated),
            frozenset(self._bound),
            self._unlinked,
        )

    def _run(self, statement: StatementEffects) -> None:
        """Interpret a statement: what it reads first, then what it calls, then what it mutates, then what it binds."""
        self._statement = statement
        calls = impure_calls(statement.calls) if statement.calls else ()
        self._operands = []
        self._taint = self._estimator_taint = 0
        self._shows = statement.shows
        if statement.result_of and self._returns_nothing(statement.result_of):
            self._shows = any(call.name in library.DISPLAYING for call in statement.calls)
        self._draws = any(call.name in library.PLOTTING for call in calls)
        self._drawn, self._shared_writes = {}, {}
        self._mutations = list(statement.mutations)
        self._global_binds, self._exhausted, self._entered = [], [], set()
        if statement.resets_namespace:
            self._is_reset = True
            self._values = {name: value if outlives_reset(name) else None for name, value in self._values.items()}
            self._bound.clear()
        self._read(statement.reads)
        if statement.imports:
            self._depend_on(ENVIRONMENT)
        for call in calls:
            self._call(call)
        if self._shows:
            self._depend_on(SETTINGS)
        if self._draws:
            self._depend_on(PICTURES)
        operation = hash((statement.digest, *(number for _, number in self._operands)))
        self._use(name for name, _ in self._operands)
        self._use(mutation.name for mutation in self._mutations if mutation.kind != "unknown")
        for name in self._exhausted:
            self._mutations.append(Mutation(name, None, "accumulate", "next"))
        for mutation in self._mutations:
            self._mutate(mutation, operation)
        self._write_shared_state(operation)
        for name in statement.deletes:
            self._values[name] = None
            self._bound.discard(name)
        self._bind(operation)
        if self._shows:
            self._outputs.append(operation)
            self._output_taint |= self._taint
        if statement.is_result:
            identity = self._new_object("_")
            value = AbstractValue(operation, self._key, self._key, taint=self._taint, identity=identity)
            self._values["_"] = self._values[f"_{self._count}"] = value

    def _get(self, name: str) -> AbstractValue | None:
        """The value of a name now; one from before the cell becomes an input."""
        if name in self._values:
            return self._values[name]
        if self._is_reset and not outlives_reset(name):
            return None
        if name not in self._inputs:
            self._inputs[name] = self._before.get(name)
        return self._inputs[name]

    def _use(self, names: Iterable[str]) -> None:
        """Record names on whose value the cell depends, except for those that it has surely bound itself."""
        self._used_names.update(set(names) - self._surely_bound)

    def _new_object(self, name: str) -> int:
        """The identity of an object that the cell creates for a name, whatever its value."""
        self._objects += 1
        return hash((self._key, self._objects, name))

    # --- uses ----------------------------------------------------------------------------------------------------

    def _read(self, reads: Iterable[NameRead], *, in_function: bool = False) -> None:
        """Use what is read; a function that is read may be called, so what its body reads is used, too."""
        for read in reads:
            value = self._get(read.name)
            if is_history(read.name):
                self._external_uses.append(ExternalUse("history", read.name))
            if value is None:
                # what a function reads may be bound by the very statement that calls it: a loop's variable
                own = in_function and (read.name in self._statement.binds or read.name in self._statement.may_bind)
                self._read_unbound(read.name, sure=read.sure and not own)
                continue
            self._operands.append((read.name, value.number_for(read)))
            if value.module and read.key in library.MODULE_STATE:
                self._depend_on(state_name(value.module))
            taint = value.taint & ~_OWN
            if read.attribute and (read.key in library.SHAPES or read.key == LENGTH) and not taint & RESIZED:
                taint &= ~(RANDOM | PROCESS)
            self._taint |= taint
            if value.taint & TIMED and read.key in library.TIMINGS:
                self._use_external("time", f"{read.name}.{read.key}", taint=TIME)
            self._estimator_taint |= value.taint & ESTIMATOR
            if value.exhaustible and not in_function and read.name not in self._exhausted:
                self._exhausted.append(read.name)
            if value.function is not None:
                self._enter(value.function, read)

    def _read_unbound(self, name: str, *, sure: bool) -> None:
        """A name that nothing has bound: history, a builtin, one that ``import *`` may have bound, or a missing one."""
        if is_history(name):
            self._operands.append((name, hash((name, self._count))))
        elif name not in _PREDEFINED and name not in BARE_MAGICS:
            wildcard = self._get(WILDCARD)
            self._operands.append((name, wildcard.number if wildcard is not None else 0))
            if wildcard is not None:
                self._taint |= wildcard.taint
            elif sure:
                self._missing.append(name)

    def _enter(self, function: FunctionSummary, read: NameRead) -> None:
        """Apply what a function does that is read; of an instance only the method that is used, of others any."""
        name = (read.key or "").removesuffix("()")
        method = next((method for method in function.methods if method.name == name), None)
        if name and method is None and function.methods:
            return
        entered = f"{read.name}.{name}" if method is not None else read.name
        if entered not in self._entered:
            self._entered.add(entered)
            self._apply(method or function)

    def _apply(self, summary: FunctionSummary) -> None:
        """Apply the effects of a function's body."""
        self._read(summary.reads, in_function=True)
        calls = impure_calls(summary.calls)
        for call in calls:
            self._call(call)
        self._mutations += summary.mutations
        self._global_binds += summary.binds
        self._shows = self._shows or summary.shows
        self._draws = self._draws or any(call.name in library.PLOTTING for call in calls)

    def _returns_nothing(self, path: str) -> bool:
        """Whether a call of this path is one of the user's function or method that returns nothing, and shows nothing."""
        root, _, method = path.partition(".")
        value = self._get(root)
        function = value.function if value is not None else None
        if method:
            methods = function.methods if function is not None else ()
            function = next((known for known in methods if known.name == method), None)
        return function is not None and not (function.returns or function.shows or function.methods)

    def _depend_on(self, name: str) -> None:
        """Use what cells share besides variables, where it has been set."""
        value = self._get(name)
        if value is not None:
            self._operands.append((name, value.number))

    def _use_external(
        self, kind: str, what: str, text: str = "", *, seeded: bool = False, sure: bool = True, taint: int = 0
    ) -> None:
        self._taint |= taint
        self._external_uses.append(ExternalUse(kind, what, text, seeded, sure))

    # --- calls ---------------------------------------------------------------------------------------------------

    def _call(self, call: CallSite) -> None:
        """Apply the effects of a call besides its result."""
        if call.path in (ORDER, SQL):
            self._use_order(call) if call.path == ORDER else self._use_database(call.text)
            return
        root = call.root
        value = self._get(root) if root and root not in _PREDEFINED else None
        if value is not None and value.function is not None:
            if "." not in call.path:
                arguments = dict(zip(value.function.parameters, call.arguments, strict=False))
                for mutation in value.function.parameter_mutations:
                    name = arguments.get(mutation.name, "")
                    if name:
                        self._mutations.append(replace(mutation, name=name, sure=False))
                    elif mutation.name in value.function.kept_parameters - {*arguments, *call.keywords}:
                        self._mutations.append(replace(mutation, name=root, key=None, sure=False))
                if any(method.name == "__call__" for method in value.function.methods):
                    self._mutations.append(Mutation(root, None, "unknown", "__call__"))
            elif library.METHOD_MUTATIONS.get(call.name, "") is None:  # the user's own may be no such method
                self._mutations.append(Mutation(root, None, "unknown", call.name))
            return
        receiver = call.receiver_call and _full_path(
            call.receiver_call, self._get(call.receiver_call.partition(".")[0])
        )
        draws = call.name in randomness.DRAWING_METHODS and not randomness.SEED_KEYWORDS & call.keywords
        if value is not None and not value.module:
            if library.has_time_of_day(value.created_by, call):
                self._use_external("time", call.path, taint=TIME)
            if value.created_by in randomness.GENERATORS:
                self._use_external("random", call.path, seeded=not value.taint & RANDOM)
                self._mutations.append(Mutation(root, None, "accumulate", "next"))
            elif draws:
                self._draw(randomness.NUMPY, call.path, call)
            if value.created_by.startswith("logging."):
                self._log(call)
        path = _full_path(call.path, value)
        if not path and call.name.startswith("to_") and call.text and library.file_use(call.path, call.text, call.mode):
            path = call.path  # a frame's, whatever made it
        if value is not None and value.created_by == "pathlib.Path" and call.name in library.PATH_METHODS:
            path, call = f"pathlib.Path.{call.name}", replace(call, text=value.text, mode=call.mode or call.text)
        elif not call.text and call.arguments and call.arguments[0] and (argument := self._get(call.arguments[0])):
            call = replace(call, text=argument.text)
        if path and not _is_pure(path, call):
            self._call_function(path, call)
        if library.has_time_of_day(receiver, call):
            self._use_external("time", f"{receiver}().{call.name}", taint=TIME)
        if receiver and draws:
            self._draw(randomness.NUMPY, f"{receiver}().{call.name}", call)
        if call.name == "to_sql":
            appends = "if_exists=append" in call.constants
            self._use_external("database" if appends else "emptied", "to_sql")
            self._set_shared(DATABASE, "accumulate" if appends else "add")
        if receiver == "logging.getLogger":
            self._log(call)
        if call.name in randomness.FITTING and (
            self._estimator_taint or (receiver and randomness.draws_when_fitted(receiver, call.receiver_keywords))
        ):
            self._draw(randomness.NUMPY, receiver or call.path, call)

    def _use_order(self, call: CallSite) -> None:
        """Use the order of a set."""
        known = 0
        for name in call.arguments:
            value = self._get(name)
            known |= value.taint if value is not None else 0
        if call.text or known & (TEXTS if call.mode == "set" else TEXT_SET):
            self._use_external("process", "the order of a set of texts", taint=PROCESS)

    def _use_database(self, sql: str) -> None:
        """Run SQL: what a database holds is used, or changes."""
        kind = mutation_of(sql)
        self._depend_on(DATABASE)
        if kind is None:
            self._use_external("query", "SQL")
        if kind is not None:
            self._use_external("emptied" if empties(sql) else "database", "SQL")
            self._set_shared(DATABASE, "accumulate" if kind == "accumulate" else "add")

    def _log(self, call: CallSite) -> None:
        """Log a message, or set where messages go."""
        if call.name == "addHandler":
            self._set_shared(LOGGING, "accumulate")
        elif call.name in ("removeHandler", "clear"):
            self._set_shared(LOGGING, resets=True)
        elif call.name in _LOGGED:
            self._depend_on(LOGGING)
            self._shows = True

    def _call_function(self, path: str, call: CallSite) -> None:
        """Apply the effects of a library's function."""
        has_arguments = bool(call.arguments or call.keywords)
        if path in randomness.SEEDS:
            self._set_shared(shared_name("generator", randomness.SEEDS[path]), "replace", resets=not has_arguments)
        generator = randomness.is_drawn(path, call.keywords, call.constants)
        if generator:
            self._draw(generator, path, call)
        if path == "importlib.reload" and call.arguments:
            self._reload(call.arguments[0])
        if path in randomness.PER_KERNEL and not call.ignored:
            self._use_external("process", path, taint=PROCESS)
        if path.startswith("logging."):
            self._log(call)
        if path in _OF_PROCESS:
            self._depend_on(ENVIRONMENT)
        if path == "os.chdir":  # once more from there, unless it is an absolute path
            self._set_shared(ENVIRONMENT, "add" if call.text.startswith("/") or not call.text else "accumulate")
        if path.endswith((".connect", "create_engine")):
            memory = call.text in ("", ":memory:") or call.text.endswith(("://", ":memory:"))
            self._use_external("connect", path, "" if memory else call.text or "a file")
            if memory:
                self._set_shared(DATABASE, "replace")
        unseen = call.ignored == "values" or call.attribute in library.SHAPES
        never_seeded = randomness.is_never_seeded(path, call.keywords, call.constants)
        if (never_seeded and not unseen) or (path in randomness.GENERATORS and not has_arguments):
            self._use_external("random", path, taint=RANDOM)
        if randomness.draws_when_fitted(path, call.keywords):
            self._estimator_taint |= ESTIMATOR
        if path in library.CLOCK and not unseen:
            self._use_external("time", path, taint=TIME)
        if path in library.PROMPTS:
            self._use_external("input", path, taint=INPUT)
        if library.uses_network(path, call.text):
            self._use_external("network", path, call.text, taint=NETWORK)
        kind = library.ARGUMENT_MUTATIONS.get(path)
        if kind and library.usual_path(call.path) != path and call.arguments and call.arguments[0]:
            self._mutations.append(Mutation(call.arguments[0], None, kind))
        file_use = library.file_use(path, call.text, call.mode)
        if file_use:
            self._use_external(file_use, path, call.text, sure=call.sure)
            self._get(shared_name("file"))  # what wrote files of unknown names may have written this one
            if call.text and file_use != "write":
                self._depend_on(shared_name("file", call.text))
            if file_use != "read":
                how = "accumulate" if file_use == "append" else "replace" if call.text else "add"
                self._set_shared(shared_name("file", call.text), how)
        if path in library.DEFAULTS_RESTORED or library.is_setting(path):
            self._set_shared(state_name(path), resets=path in library.DEFAULTS_RESTORED)
        elif path.startswith(library.DRAWING_MODULES):
            self._shows = self._draws = True

    def _set_shared(self, name: str, how: str = "add", *, resets: bool = False) -> None:
        """Set what cells share besides variables, see `_shared_writes`, or reset it to what nothing set."""
        if resets:
            self._shared_writes.pop(name, None)
            self._values[name] = None
        else:
            self._shared_writes[name] = how

    def _draw(self, generator: str, what: str, call: CallSite) -> None:
        """Draw from a global generator: its state is used and moved on."""
        name = shared_name("generator", generator)
        value = self._get(name)
        if value is None and randomness.is_unseen(call.name, call.ignored, call.attribute, call.constants):
            return
        if value is not None:
            self._operands.append((name, value.number))
            self._drawn[name] = None
        elif name not in self._shared_writes:
            self._taint |= RANDOM
        self._use_external("random", what, seeded=value is not None or name in self._shared_writes)

    # --- mutations -----------------------------------------------------------------------------------------------

    def _mutate(self, mutation: Mutation, operation: int) -> None:
        """Mutate an object, under all its names."""
        value = self._get(mutation.name)
        if value is None:
            self._read_unbound(mutation.name, sure=mutation.sure)
            return
        if value.module:
            # `sys.path.append(…)` affects later imports, `plt.rcParams[…] = …` later pictures
            if not mutation.method or mutation.key in library.MODULE_STATE:
                accumulates = mutation.kind == "accumulate" and mutation.sure  # else it asks whether it is there
                self._set_shared(state_name(value.module), "accumulate" if accumulates else "add")
            return
        own = self._own_method(value, mutation)
        if own is not None:
            self._entered.add(own.name)
            for inner in own.parameter_mutations:
                if inner.name == own.parameters[0] and not (inner.method and inner.method in self._entered):
                    exact = mutation.key is None and not mutation.deep
                    key = inner.key if exact else mutation.key
                    change = replace(inner, name=mutation.name, key=key, deep=inner.deep or not exact)
                    self._mutate(change if inner.method else replace(change, method=f".{own.name}"), operation)
            self._entered.discard(own.name)
            return
        if value.function is not None and mutation.kind == "unknown":
            return
        if mutation.method == "update" and library.adds_by_update(value.created_by):
            mutation = replace(mutation, kind="accumulate")
        after = self._mutated(value, mutation, operation)
        self._values[mutation.name] = after
        for name, _ in self._linked(_names_of(value)):
            self._values[name] = after
        # what may share data with it, or holds it, may have changed with it
        for name, known in self._linked(
            value.shares | value.containers | (value.elements if mutation.deep else _NO_LINKS)
        ):
            self._values[name] = known._replace(node=self._key)

    def _own_method(self, value: AbstractValue, mutation: Mutation) -> FunctionSummary | None:
        """The method of a class of the user's that a mutation stands for; None where it is none that is known."""
        if not mutation.method:
            return None
        methods = value.function.methods if value.function is not None else ()
        own = next((method for method in methods if method.name == mutation.method), None)
        if own is None and (mutation.kind == "unknown" or mutation.deep):
            known = self._get(shared_name("method", mutation.method))
            own = known.function if known is not None else None
        return own if own is not None and own.parameters else None

    def _linked(self, links: Iterable[Link]) -> list[tuple[str, AbstractValue]]:
        """The links' names with their values, without those that were bound to another object since."""
        linked = []
        for name, identity in links:
            value = self._values[name] if name in self._values else None if self._is_reset else self._before.get(name)
            if value is not None and value.identity == identity:
                self._get(name)
                linked.append((name, value))
            elif name not in self._values and not self._is_reset:
                self._unlinked[name] = value.identity if value is not None else 0
        return linked

    def _mutated(self, value: AbstractValue, mutation: Mutation, operation: int) -> AbstractValue:
        """The value after a mutation; repeating an idempotent one leaves its number."""
        name, key, kind, statement = mutation.name, mutation.key, mutation.kind, self._statement
        if kind == "unknown":
            return value._replace(node=self._key)
        repeat = self._operation_without(name)
        before = value.number if key is None else value.column(key)
        reads_itself = (
            repeat != operation
            and not mutation.method
            and not statement.idempotent
            and any(
                read.key is None or key is None or read.key == key or (read.key.endswith("()") and read.key != LENGTH)
                for read in statement.reads
                if read.name == name
            )
        )
        repeatable = statement.idempotent or kind == "overwrite" or bool(mutation.method)
        if (kind != "accumulate" or statement.idempotent) and repeatable and not reads_itself:
            applied_once = hash((repeat, before)) if statement.converts else repeat
            if applied_once in value.applied:
                return value._replace(node=self._key, writer=self._key)
        if (kind == "accumulate" and not statement.idempotent) or reads_itself:
            self._accumulated.add(name)
        taint, applied = value.taint | self._taint, value.applied | {repeat}
        maker = value.created_by.rpartition(".")[2]
        if mutation.method in ("fit", "fit_transform") and maker in library.TIMED_SEARCHES:
            taint |= TIMED
        if kind == "assign" and key is not None:
            number = repeat if mutation.method else hash((operation, key))
            applied |= {hash((repeat, number))}
        else:
            number = hash((repeat, key, before))
        base, columns, parts = value.base, value.columns, value.parts
        if key is not None:
            parts = tuple({**dict(parts), key: number}.items())  # a new one comes last, as columns do
        elif mutation.columns_only:
            base, columns = number, base if columns is None else columns
        else:
            base, columns, parts = number, None, ()
        return value._replace(
            node=self._key, writer=self._key, base=base, columns=columns, parts=parts, taint=taint, applied=applied
        )

    def _operation_without(self, name: str) -> int:
        """The statement's number as if the name were none of its operands."""
        return hash((self._statement.digest, *(number for operand, number in self._operands if operand != name)))

    def _write_shared_state(self, operation: int) -> None:
        for name, how in self._shared_writes.items():
            before = None if how == "replace" else self._get(name)
            repeat = self._operation_without(name)
            if before is not None and how == "add" and repeat in before.applied:
                self._values[name] = before._replace(node=self._key)
                continue
            if before is not None and how == "accumulate":
                self._accumulated.add(name)
            base = hash((repeat, name) if before is None else (repeat, name, before.number))
            applied = before.applied if before is not None else frozenset()
            self._values[name] = AbstractValue(
                base, self._key, self._key, taint=self._taint, applied=applied | {repeat}
            )
        for name in self._drawn:
            if name not in self._shared_writes:
                self._values[name] = AbstractValue(hash((operation, name, "drawn")), self._key, self._key)
        if self._statement.wildcard:
            before = self._get(WILDCARD)
            known = before.base if before is not None and before.writer != self._key else 0
            base = hash((self._statement.digest, known))
            self._values[WILDCARD] = AbstractValue(base, self._key, self._key, taint=self._taint)

    # --- bindings ------------------------------------------------------------------------------------------------

    def _bind(self, operation: int) -> None:
        """Bind the statement's names, and those that functions bind which it calls."""
        statement = self._statement
        names = (*statement.binds, *statement.may_bind, *self._global_binds)
        if not names and not statement.shares:
            return
        shared = [
            (name, shared, self._get(shared.name))
            for name, shared in statement.shares
            if not shared.function or ((function := self._get(shared.function)) and function.function)
        ]
        imported = dict(statement.imports)
        functions = {function.name: function for function in statement.functions}
        in_place = {mutation.name for mutation in statement.mutations if mutation.method == IN_PLACE}
        created_by, callee = "", None
        if statement.value_call:
            root, _, rest = statement.value_call.partition(".")
            source = self._get(root)
            if source is not None and source.created_by and rest:
                created_by = f"{source.created_by}.{rest}"
            else:
                created_by = _full_path(statement.value_call, source)
                callee = source.function if source is not None and not rest else None
        instance = callee.instance if callee is not None else None
        self._surely_bound.update(statement.binds)
        for name in names:
            self._bound.add(name)
            sure = name in statement.binds
            before = self._get(name) if not sure or name in in_place else None
            if name in imported:
                value = self._imported(imported[name])
            elif created_by == "importlib.reload" and (module := self._get(name)) is not None:
                value = module
            elif statement.alias_of and sure and self._alias(name):
                continue
            else:
                value = self._bound_value(name, operation, created_by, functions.get(name) or instance, sure=sure)
            self._values[name] = value
            for method in functions[name].methods if name in functions else ():
                known = AbstractValue(operation, self._key, self._key, function=method)
                self._values[shared_name("method", method.name)] = known
            if before is not None:  # what is bound on some paths only, or by `+=`, may still be the object that it was
                self._share(name, SharedObject(name), before)
        for name, other, was in shared:
            if other.name in names:
                self._share(name, other, was)
            self._share(name, other, self._get(other.name))
        if len(names) > 1:
            moved = {(other.name, was.identity): name for name, other, was in shared if was and other.sharing == "same"}
            self._follow({link: (name, now.identity) for link, name in moved.items() if (now := self._get(name))})

    def _follow(self, moved: Mapping[Link, Link]) -> None:
        """Link with the new names of objects that names bound side by side have handed on, ``a, b = b, a``."""
        for name in {name for name, _ in moved.values()}:
            value = self._get(name)
            assert value is not None
            links = (
                {moved[link] for link in known if link in moved}
                for known in (value.shares, value.elements, value.containers)
            )
            self._link(name, *map(frozenset, links))

    def _imported(self, module: str) -> AbstractValue:
        """A module or its member; one of the user's own is what its file was when it was imported first."""
        own, number = module.partition(".")[0], hash((module, 0))
        if own not in library.LIBRARIES:
            kept, source = shared_name("module", own), shared_name("file", f"{own}.py")
            first = self._get(kept)
            self._use([kept] if first is not None else [MODULE_PATH, source])
            if first is None:
                where, file = self._get(MODULE_PATH), self._get(source)
                state = (frozenset() if where is None else where.applied, 0 if file is None else file.number)
                first = AbstractValue(hash((own, *state)), self._key, self._key)
                self._values[kept] = first
            number = hash((module, first.number))
        return AbstractValue(number, self._key, self._key, module=module)

    def _reload(self, name: str) -> None:
        """Import a module once more, from its file as it is now."""
        value = self._get(name)
        if value is not None and value.module:
            self._values[shared_name("module", value.module.partition(".")[0])] = None
            self._values[name] = self._imported(value.module)

    def _alias(self, name: str) -> bool:
        """Give a name the object of another; False where that other is not bound."""
        other = self._statement.alias_of
        value = self._get(other)
        if value is None or other == name:
            return value is not None
        known = self._linked(sorted(_names_of(value))[:_MAX_SHARING])
        aliases = frozenset(alias for alias, _ in known) | {name, other}
        for alias, now in (*known, (other, value)):
            self._values[alias] = now._replace(aliases=aliases)
        self._values[name] = value._replace(aliases=aliases, node=self._key, writer=self._key)
        self._link(name, value.shares, value.elements, value.containers)
        return True

    def _bound_value(
        self, name: str, operation: int, created_by: str, function: FunctionSummary | None, *, sure: bool
    ) -> AbstractValue:
        """The value that a name is bound to."""
        statement, key = self._statement, self._key
        reads_itself = any(operand == name for operand, _ in self._operands)
        before = self._get(name) if reads_itself or not sure else None
        repeat = self._operation_without(name)
        exhaustible = statement.generator or statement.value_call in library.ITERATORS
        if before is None:
            self._accumulated.discard(name)
        else:
            self._use([name])
            repeatable = statement.idempotent or not (sure or reads_itself)
            if repeatable and repeat in before.applied:
                return before._replace(
                    node=key,
                    writer=key,
                    created_by=created_by,
                    function=function,
                    exhaustible=exhaustible,
                    identity=self._new_object(name),
                    aliases=frozenset(),
                    shares=frozenset(),
                )
            if not repeatable:
                self._accumulated.add(name)
        frame = self._get(statement.columns_of) if statement.columns_of else None
        # what is made of an estimator that draws, draws as well; what it predicts does not
        maker = statement.value_call.rpartition(".")[2]
        is_estimator = maker[:1].isupper() or maker.startswith("make_") or maker == "fit"
        taint = self._taint | (self._estimator_taint if is_estimator else 0) | self._marks()
        return AbstractValue(
            hash((operation, name, before.number if not sure and before is not None else 0)),
            key,
            key,
            columns=None if frame is None else frame.base if frame.columns is None else frame.columns,
            parts=() if frame is None else frame.parts,
            applied=(before.applied if before is not None else frozenset()) | {repeat},
            taint=taint,
            created_by=created_by,
            text=statement.text,
            function=function,
            exhaustible=exhaustible,
            identity=self._new_object(name),
        )

    def _marks(self) -> int:
        """What is known of what the statement binds: that it has texts, is a set of them, or is as large as chance has it."""
        statement, known = self._statement, 0
        for operand, _ in self._operands:
            value = self._get(operand)
            known |= value.taint if value is not None else 0
        marks = RESIZED if statement.filters and self._taint & (RANDOM | PROCESS) else 0
        if statement.has_texts or (statement.is_set and known & TEXTS):
            marks |= TEXTS | (TEXT_SET if statement.is_set else 0)
        return marks

    def _share(self, name: str, shared: SharedObject, other: AbstractValue | None) -> None:
        """Record that a name's object may share data with another, and with whatever that one shares data with."""
        value, sharing = self._get(name), shared.sharing
        if value is None or other is None or value.module or other.module or value.identity == other.identity:
            return
        if sharing == "copy" and not other.elements:
            return
        same = _names_of(other) | other.shares | {(shared.name, other.identity)}
        elements = other.elements | same if sharing == "holds" else other.elements
        # what holds the same elements changes when they are changed through this value, and this when through that
        holders = _NO_LINKS
        if sharing in ("holds", "copy"):
            holders = other.containers | (same if sharing == "copy" else _NO_LINKS)
        own = {(name, value.identity)} | _names_of(value)
        for holder, known in self._linked(holders | elements) if holders else ():
            self._values[holder] = self._with_links(known, _NO_LINKS, own, _NO_LINKS)
        for holder, known in self._linked(own) if holders else ():
            self._values[holder] = value = self._with_links(known, _NO_LINKS, holders, _NO_LINKS)
        shares, containers = _NO_LINKS, _NO_LINKS
        if sharing in ("same", "part"):
            shares, containers = same | (elements if sharing == "part" else _NO_LINKS), other.containers
        self._link(name, value.shares | shares, value.elements | elements, value.containers | containers)

    def _link(self, name: str, shares: frozenset[Link], elements: frozenset[Link], containers: frozenset[Link]) -> None:
        """Link a name's object with others, and these with it."""
        value = self._get(name)
        assert value is not None
        own = {(name, value.identity)} | _names_of(value)
        for other, known in self._linked(own):
            self._values[other] = self._with_links(known, shares, elements, containers)
        for other, known in self._linked(shares - own):
            self._values[other] = self._with_links(known, own, elements, _NO_LINKS)
        for other, known in self._linked(containers - own):
            self._values[other] = self._with_links(known, _NO_LINKS, own | elements, _NO_LINKS)
        for other, known in self._linked(elements - own):
            self._values[other] = self._with_links(known, _NO_LINKS, _NO_LINKS, own | shares | containers)

    def _with_links(
        self, value: AbstractValue, shares: Set[Link], elements: Set[Link], containers: Set[Link]
    ) -> AbstractValue:
        return value._replace(
            shares=self._joined(value, value.shares, shares),
            elements=self._joined(value, value.elements, elements),
            containers=self._joined(value, value.containers, containers),
        )

    def _joined(self, value: AbstractValue, known: frozenset[Link], more: Set[Link]) -> frozenset[Link]:
        """More links of a value, none of them to itself; of too many, some of those that still hold."""
        if more <= known:
            return known
        links = known | {link for link in more if link[1] != value.identity}
        if len(links) <= _MAX_SHARING:
            return links
        return frozenset(sorted((name, other.identity) for name, other in self._linked(links))[:_MAX_SHARING])


def _names_of(value: AbstractValue) -> frozenset[Link]:
    """Links to an object by all names that it was given."""
    return frozenset((alias, value.identity) for alias in value.aliases)


@lru_cache(maxsize=8192)
def impure_calls(calls: tuple[CallSite, ...]) -> tuple[CallSite, ...]:
    """Call sites without those of builtins that only return a value, such as ``len``."""
    return tuple(
        call for call in calls if call.path not in _PREDEFINED or call.receiver_call or not _is_pure(call.path, call)
    )


@lru_cache(maxsize=8192)
def _is_pure(path: str, call: CallSite) -> bool:
    """Whether a library's function only returns a value, the same for the same arguments, as most do."""
    return not (
        path in randomness.SEEDS
        or randomness.is_drawn(path, call.keywords, call.constants)
        or path in randomness.PER_KERNEL
        or path in (*_OF_PROCESS, "importlib.reload")
        or path.endswith((".connect", "create_engine"))
        or randomness.is_never_seeded(path, call.keywords, call.constants)
        or path in randomness.GENERATORS
        or randomness.draws_when_fitted(path, call.keywords)
        or path in library.CLOCK
        or path in library.PROMPTS
        or library.uses_network(path, call.text)
        or path in library.ARGUMENT_MUTATIONS
        or library.file_use(path, call.text, call.mode)
        or library.is_setting(path)
        or path.startswith(("logging.", *library.DRAWING_MODULES))
    )


def _full_path(path: str, value: AbstractValue | None) -> str:
    """The full name of a callee whose root has this value; empty where the root is no module."""
    if value is None:
        return path
    return f"{value.module}{path[len(path.partition('.')[0]) :]}" if value.module else ""
