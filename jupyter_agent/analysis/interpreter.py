"""Runs a cell on numbers instead of values: what each statement changes, deletes, binds and shows."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_agent.analysis.cells import library_calls as library
from jupyter_agent.analysis.cells.effects import IN_PLACE, Change, Definition, Read
from jupyter_agent.analysis.cells.names import CellNames
from jupyter_agent.analysis.provenance import (
    ENVIRONMENT,
    PICTURES,
    SETTINGS,
    TIMED,
    WILDCARD,
    AbstractValue,
    Key,
    Node,
    file_name,
    state_name,
)
from jupyter_agent.analysis.reads import CellRun, Lookup, StepInputs


class StepRun(StepInputs):
    """One statement of a cell, run on numbers."""

    def run(self) -> None:
        """Reads first, then what is called, then what changes, then what is bound."""
        step = self.step
        if step.wipes:
            self.cell.wipe()
        self.reads(step.reads)
        if step.imports:
            self.bears(ENVIRONMENT)
        for call in self.calls:
            self.call(call)
        if self.shows:
            self.bears(SETTINGS)
        if self.draws:
            self.bears(PICTURES)
        operation = hash((step.digest, *(number for _, number in self.numbers)))
        self.cell.takes(name for name, _ in self.numbers)
        self.cell.takes(one.name for one in self.changes if one.how != "may")
        for name in self.used:
            self.changes.append(Change(name, None, "grow", "next"))
        for change in self.changes:
            self.change(change, operation)
        self._shared(operation)
        self._delete_and_bind(operation)
        self._show(operation)

    # --- what it changes -----------------------------------------------------------------------------------------

    def change(self, change: Change, operation: int) -> None:
        """Change a value in place, under all its names."""
        value = self.cell.get(change.name)
        if value is None:
            self.absent(Read(change.name, sure=change.sure))
            return
        if value.module:
            self._module_changed(value.module, change)
            return
        if value.function is not None and change.how == "may":
            return
        after = self._changed(value, change, operation)
        if not value.aliases and not value.shares:
            self.cell.set(change.name, after)
            return
        origin = self.cell.carried.get(change.name, change.name)
        for name in value.aliases | {change.name}:
            known = self.cell.get(name)
            if known is not None and known.identity == value.identity:
                self.cell.set(name, after._replace(aliases=known.aliases, shares=known.shares))
                self.cell.carried[name] = origin
        self._touch_sharing(change.name)

    def _module_changed(self, module: str, change: Change) -> None:
        """``sys.path.append(…)`` bears on later imports, ``plt.rcParams[…] = …`` on later pictures."""
        if not change.method or change.key in library.MODULE_STATE:
            self.seeded[state_name(module)] = None

    def _touch_sharing(self, name: str) -> None:
        """Whatever may share data with the changed value may have changed with it."""
        reached, pending = {name}, [name]
        while pending:
            value = self.cell.get(pending.pop())
            if value is None:
                continue
            for other in value.aliases | value.shares:
                known = self.cell.get(other)
                shares = known is not None and (other in value.shares or known.identity == value.identity)
                if other not in reached and known is not None and shares:
                    reached.add(other)
                    pending.append(other)
                    self.cell.set(other, known._replace(node=self.cell.key))

    def _changed(self, value: AbstractValue, change: Change, operation: int) -> AbstractValue:
        key = self.cell.key
        if change.how == "may":
            return value._replace(node=key)
        repeat = self._without(change.name)
        before = value.number if change.key is None else value.column(change.key)
        settled = hash((repeat, before)) if self.step.converts else repeat
        itself = repeat != operation and not change.method and self._reads_itself(change)
        again = self.step.same_again or change.how == "put" or bool(change.method)
        if change.how != "grow" and again and settled in value.applied and not (itself and not self.step.same_again):
            return value._replace(node=key, writer=key)
        timed = change.method in ("fit", "fit_transform") and library.is_timed(value.created_by)
        taint = value.taint | self.taint | (TIMED if timed else 0)
        done = value.applied | {repeat}
        if change.how == "set" and change.key is not None:
            number = repeat if change.method else hash((operation, change.key))
            done |= {hash((repeat, number))}
            if itself and not self.step.same_again:
                self.cell.grown.add(change.name)
            return value._replace(
                node=key, writer=key, parts=value.with_part(change.key, number), taint=taint, applied=done
            )
        if change.how == "grow" or (itself and not self.step.same_again):
            self.cell.grown.add(change.name)
        number = hash((repeat, change.key, before))
        if change.key is not None:
            return value._replace(
                node=key, writer=key, parts=value.with_part(change.key, number), taint=taint, applied=done
            )
        if change.columns_only:
            columns = value.base if value.columns is None else value.columns
            return value._replace(node=key, writer=key, base=number, columns=columns, taint=taint, applied=done)
        return value._replace(node=key, writer=key, base=number, columns=None, parts=(), taint=taint, applied=done)

    def _reads_itself(self, change: Change) -> bool:
        reads = [one for one in self.step.reads if one.name == change.name]
        return any(
            one.key is None or one.key == change.key or change.key is None or (one.key.endswith("()")) for one in reads
        )

    def _without(self, name: str) -> int:
        """The operation's number as if the name were no input of it."""
        return hash((self.step.digest, *(number for one, number in self.numbers if one != name)))

    def _shared(self, operation: int) -> None:
        for name in self.seeded:
            before = self.cell.get(name)
            operation = self._without(name)
            resets = name not in (SETTINGS, PICTURES, ENVIRONMENT, file_name(""))
            base = hash((operation, name)) if resets or before is None else hash((operation, name, before.number))
            if before is not None and not resets and operation in before.applied:
                self.cell.set(name, before._replace(node=self.cell.key))
                continue
            done = (before.applied if before is not None else frozenset()) | {operation}
            self.cell.set(name, AbstractValue(base, self.cell.key, self.cell.key, taint=self.taint, applied=done))
        for name in self.drawn:
            if name not in self.seeded:
                self.cell.set(name, AbstractValue(hash((operation, name, "drawn")), self.cell.key, self.cell.key))
        if self.step.wildcard:
            before = self.cell.get(WILDCARD)
            base = hash((self.step.digest, before.base if before is not None and before.writer != self.cell.key else 0))
            self.cell.set(WILDCARD, AbstractValue(base, self.cell.key, self.cell.key, taint=self.taint))

    # --- what it binds -------------------------------------------------------------------------------------------

    def _delete_and_bind(self, operation: int) -> None:
        step = self.step
        for name in step.deletes:
            self.cell.set(name, None)
            self.cell.bound.discard(name)
        imported = {one.name: one.module for one in step.imports}
        defined = {one.name: one for one in step.functions}
        maker = self._maker()
        self.cell.own.update(step.binds)
        for name in (*step.binds, *step.perhaps, *self.binds):
            self.cell.bound.add(name)
            before = self.cell.get(name) if name not in step.binds or self._in_place(name) else None
            if name in imported:
                after = AbstractValue(
                    self._imported(imported[name]), self.cell.key, self.cell.key, module=imported[name]
                )
            elif step.alias and name in step.binds and self._aliased(name):
                continue
            else:
                definition = defined.get(name) or self._instance_of()
                after = self._bound(name, operation, maker, definition, weak=name not in step.binds)
            self.cell.set(name, after)
            self._share(name, (*self.step.view_of, *self._given_to_function(), *self._perhaps_still(name, before)))

    def _imported(self, module: str) -> int:
        """What is imported; for a module of the user's own it depends on where modules are looked for."""
        where = None if library.is_installed(module) else self.cell.get(ENVIRONMENT)
        return hash((module, 0 if where is None else where.number))

    def _maker(self) -> str:
        if not self.step.maker:
            return ""
        root, _, rest = self.step.maker.partition(".")
        value = self.cell.get(root)
        if value is not None and value.created_by and rest:
            return f"{value.created_by}.{rest}"
        return self.full(self.step.maker, value)

    def _instance_of(self) -> Definition | None:
        """An object of a class of the user's does, when its methods are called, what the class does."""
        value = self.cell.get(self.step.maker) if self.step.maker and "." not in self.step.maker else None
        definition = value.function if value is not None else None
        return definition.instance if definition is not None else None

    def _aliased(self, name: str) -> bool:
        value = self.cell.get(self.step.alias)
        if value is None or self.step.alias == name:
            return value is not None
        aliases = value.aliases | {name, self.step.alias}
        self.cell.set(self.step.alias, value._replace(aliases=aliases))
        self.cell.set(name, value._replace(aliases=aliases, node=self.cell.key, writer=self.cell.key))
        return True

    def _bound(
        self, name: str, operation: int, maker: str, definition: Definition | None, *, weak: bool
    ) -> AbstractValue:
        reads_itself = any(one == name for one, _ in self.numbers)
        before = self.cell.get(name) if reads_itself or weak else None
        if before is not None:
            self.cell.takes([name])
        repeat = self._without(name)
        again = self.step.same_again or (weak and not reads_itself)
        used_up = self.step.generator or self.step.maker in library.USED_UP
        if before is None:
            self.cell.grown.discard(name)
        elif again and repeat in before.applied:
            return before._replace(
                node=self.cell.key,
                writer=self.cell.key,
                created_by=maker,
                function=definition,
                exhaustible=used_up,
                identity=self.cell.new_object(name),
                aliases=frozenset(),
                shares=frozenset(),
            )
        elif not again:
            self.cell.grown.add(name)
        number = hash((operation, name, before.number if weak and before is not None else 0))
        done = (before.applied if before is not None else frozenset()) | {repeat}
        frame = self.cell.get(self.step.columns_of) if self.step.columns_of else None
        return AbstractValue(
            number,
            self.cell.key,
            self.cell.key,
            columns=None if frame is None else frame.base if frame.columns is None else frame.columns,
            parts=() if frame is None else frame.parts,
            applied=done,
            taint=self.taint | self._drawer(),
            created_by=maker,
            function=definition,
            exhaustible=used_up,
            identity=self.cell.new_object(name),
        )

    def _drawer(self) -> int:
        """What is made of an estimator that draws, draws as well; what it predicts does not."""
        name = self.step.maker.rpartition(".")[2]
        return self.given if name[:1].isupper() or name.startswith("make_") or name == "fit" else 0

    def _given_to_function(self) -> tuple[str, ...]:
        """A function of the user's may return, or keep, what it is given."""
        maker = self.cell.get(self.step.maker) if self.step.maker and "." not in self.step.maker else None
        return self.step.given if maker is not None and maker.function is not None else ()

    def _in_place(self, name: str) -> bool:
        return any(one.name == name and one.method == IN_PLACE for one in self.step.changes)

    @staticmethod
    def _perhaps_still(name: str, before: AbstractValue | None) -> tuple[str, ...]:
        """What is bound on some paths only, or by ``+=``, may still be the object that it was."""
        return tuple((before.aliases | before.shares) - {name}) if before is not None else ()

    def _share(self, name: str, others: tuple[str, ...]) -> None:
        reached = set(others)
        for other in others:
            value = self.cell.get(other)
            reached |= value.shares | value.aliases if value is not None else set()
        for other in sorted(reached - {name}):
            value, mine = self.cell.get(other), self.cell.get(name)
            if value is None or mine is None or value.module or value.function is not None or other == name:
                continue
            self.cell.set(other, value._replace(shares=value.shares | {name}))
            self.cell.set(name, mine._replace(shares=mine.shares | {other}))

    # --- what it shows -------------------------------------------------------------------------------------------

    def _show(self, operation: int) -> None:
        if self.shows:
            self.cell.shown.append(operation)
            self.cell.shown_taint |= self.taint
        if self.step.last:
            identity = self.cell.new_object("_")
            value = AbstractValue(operation, self.cell.key, self.cell.key, taint=self.taint, identity=identity)
            self.cell.set("_", value)
            self.cell.set(f"_{self.cell.count}", value)


def interpret(
    names: CellNames,
    lookup: Lookup,
    *,
    key: Key,
    cell_id: str | None,
    count: int,
    observed: Iterable[str] = (),
) -> Node:
    """Run a cell on numbers.

    Args:
        names: The cell's analysis.
        lookup: The value of a name before the cell.
        key: The node's key.
        cell_id: The cell.
        count: Its execution count, for ``_3`` and ``Out[3]``.
        observed: Names that running this source was seen to bind or change, whether or not the source shows it.
    """
    run = CellRun(lookup, key, count)
    for step in names.statements:
        StepRun(run, step).run()
    run.take_seen(names, observed)
    return Node(
        key,
        cell_id,
        names.digest,
        run.inputs,
        run.values,
        tuple(dict.fromkeys(run.missing)),
        hash(tuple(run.shown)) if run.shown else None,
        run.shown_taint,
        tuple(dict.fromkeys(run.uses)),
        frozenset(run.used),
        frozenset(run.grown),
        frozenset(run.bound),
        {name: other for name, other in run.carried.items() if other != name},
    )
