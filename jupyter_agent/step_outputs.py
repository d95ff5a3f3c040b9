"""What one statement leaves when it runs on numbers: changed, deleted and bound names, and what it shows."""

from __future__ import annotations

from dataclasses import replace

from jupyter_agent import library_calls as library
from jupyter_agent.cell_steps import Change, Definition, Read
from jupyter_agent.provenance import SETTINGS, WILDCARD, Value, file_name
from jupyter_agent.step_inputs import StepInputs


class StepRun(StepInputs):
    """One statement of a cell, run on numbers."""

    def run(self) -> None:
        """Reads first, then what is called, then what changes, then what is bound."""
        step = self.step
        self.reads(step.reads)
        for call in step.calls:
            self.call(call)
        self.settings_bear()
        operation = hash((step.digest, *(number for _, number in self.numbers)))
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
            if not change.method:
                self.seeded[SETTINGS] = None
            return
        if value.definition is not None and change.how == "may":
            return
        after = self._changed(value, change, operation)
        for name in value.aliases | {change.name}:
            known = self.cell.get(name)
            if known is not None and known.identity == value.identity:
                self.cell.set(name, replace(after, aliases=known.aliases))
        for name in value.shares:
            known = self.cell.get(name)
            if known is not None:
                self.cell.set(name, replace(known, node=self.cell.key))

    def _changed(self, value: Value, change: Change, operation: int) -> Value:
        key = self.cell.key
        touched = replace(value, node=key)
        if change.how == "may":
            return touched
        repeat = self._without(change.name)
        itself = repeat != operation and not change.method and self._reads_itself(change)
        again = self.step.same_again or change.how == "put" or bool(change.method)
        if change.how != "grow" and again and repeat in value.done and not (itself and not self.step.same_again):
            return replace(touched, writer=key)
        taint = value.taint | self.taint
        done = value.done | {repeat}
        if change.how == "set" and change.key is not None:
            number = repeat if change.method else hash((operation, change.key))
            if itself and not self.step.same_again:
                self.cell.grown.add(change.name)
            return replace(touched, writer=key, parts=value.with_part(change.key, number), taint=taint, done=done)
        if change.how == "grow" or (itself and not self.step.same_again):
            self.cell.grown.add(change.name)
        old = value.number if change.key is None else hash((value.part(change.key), value.base, change.key))
        number = hash((repeat, change.key, old))
        if change.key is not None:
            return replace(touched, writer=key, parts=value.with_part(change.key, number), taint=taint, done=done)
        return replace(touched, writer=key, base=number, parts=(), taint=taint, done=done)

    def _reads_itself(self, change: Change) -> bool:
        reads = [one for one in self.step.reads if one.name == change.name]
        return any(
            one.key is None
            or one.key == change.key
            or change.key is None
            or (one.attribute and one.key in library.PURE)
            for one in reads
        )

    def _without(self, name: str) -> int:
        """The operation's number as if the name were no input of it."""
        return hash((self.step.digest, *(number for one, number in self.numbers if one != name)))

    def _shared(self, operation: int) -> None:
        for name in self.seeded:
            before = self.cell.get(name)
            resets = name not in (SETTINGS, file_name(""))
            base = hash((operation, name)) if resets or before is None else hash((operation, name, before.number))
            if before is not None and not resets and operation in before.done:
                continue
            done = (before.done if before is not None else frozenset()) | {operation}
            self.cell.set(name, Value(base, self.cell.key, self.cell.key, taint=self.taint, done=done))
        for name in self.drawn:
            if name not in self.seeded:
                self.cell.set(name, Value(hash((operation, name, "drawn")), self.cell.key, self.cell.key))
        if self.step.wildcard:
            before = self.cell.get(WILDCARD)
            base = hash((self.step.digest, before.base if before is not None and before.writer != self.cell.key else 0))
            self.cell.set(WILDCARD, Value(base, self.cell.key, self.cell.key, taint=self.taint))

    # --- what it binds -------------------------------------------------------------------------------------------

    def _delete_and_bind(self, operation: int) -> None:
        step = self.step
        for name in step.deletes:
            self.cell.set(name, None)
            self.cell.bound.discard(name)
        imported = {one.name: one.module for one in step.imports}
        defined = {one.name: one for one in step.definitions}
        maker = self._maker()
        for name in (*step.binds, *step.perhaps, *self.binds):
            self.cell.bound.add(name)
            before = self.cell.get(name)
            if name in imported:
                after = Value(hash((imported[name],)), self.cell.key, self.cell.key, module=imported[name])
            elif step.alias and name in step.binds and self._aliased(name):
                continue
            else:
                after = self._bound(name, before, operation, weak=name not in step.binds)
                after = replace(after, maker=maker, definition=defined.get(name) or self._instance_of())
            self.cell.set(name, after)
            self._share(name)

    def _maker(self) -> str:
        if not self.step.maker:
            return ""
        return self.full(self.step.maker, self.cell.get(self.step.maker.partition(".")[0]))

    def _instance_of(self) -> Definition | None:
        """An object of a class of the user's does, when its methods are called, what the class does."""
        value = self.cell.get(self.step.maker) if self.step.maker and "." not in self.step.maker else None
        definition = value.definition if value is not None else None
        return definition if definition is not None and definition.name[:1].isupper() else None

    def _aliased(self, name: str) -> bool:
        value = self.cell.get(self.step.alias)
        if value is None or self.step.alias == name:
            return value is not None
        aliases = value.aliases | {name, self.step.alias}
        self.cell.set(self.step.alias, replace(value, aliases=aliases))
        self.cell.set(name, replace(value, aliases=aliases, node=self.cell.key, writer=self.cell.key))
        return True

    def _bound(self, name: str, before: Value | None, operation: int, *, weak: bool) -> Value:
        reads_itself = any(one == name for one, _ in self.numbers)
        repeat = self._without(name)
        again = self.step.same_again or weak
        if before is not None and (reads_itself or weak):
            if again and repeat in before.done:
                return replace(before, node=self.cell.key, writer=self.cell.key)
            if not again:
                self.cell.grown.add(name)
        number = hash((operation, name))
        if weak and before is not None:
            number = hash((operation, name, before.number))
        done = (before.done if before is not None and (reads_itself or weak) else frozenset()) | {repeat}
        return Value(
            number,
            self.cell.key,
            self.cell.key,
            done=done,
            taint=self.taint | self._drawer(),
            used_up=self.step.generator or self.step.maker in library.USED_UP,
            identity=hash((number, self.cell.key)),
        )

    def _drawer(self) -> int:
        """What is made of an estimator that draws, draws as well; what it predicts does not."""
        name = self.step.maker.rpartition(".")[2]
        return self.given if name[:1].isupper() or name.startswith("make_") or name == "fit" else 0

    def _share(self, name: str) -> None:
        for other in self.step.view_of:
            value, mine = self.cell.get(other), self.cell.get(name)
            if value is None or mine is None or value.module or value.definition is not None or other == name:
                continue
            self.cell.set(other, replace(value, shares=value.shares | {name}))
            self.cell.set(name, replace(mine, shares=mine.shares | {other}))

    # --- what it shows -------------------------------------------------------------------------------------------

    def _show(self, operation: int) -> None:
        if self.shows:
            self.cell.shown.append(operation)
            self.cell.shown_taint |= self.taint
        if self.step.last:
            value = Value(operation, self.cell.key, self.cell.key, taint=self.taint, identity=operation)
            self.cell.set("_", value)
            self.cell.set(f"_{self.cell.count}", value)
