"""What is told of variables and cells when not all of it fits: the most wanted first, a piece at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter

from jupyter_agent.core.kernel_state import Cell, KernelState, Variable
from jupyter_agent.core.text import head
from jupyter_agent.prompt import descriptions
from jupyter_agent.prompt.descriptions import Description

Count = Callable[[str], int]
_WORD = re.compile(r"[^\W\d]\w*")
#: Cells whose words tell what is wanted now.
NEAR = 12
#: Names inside a variable that are told at a time.
CHUNK = 12


class Wanted:
    """How far away each name is: 1 stands in the nearest cell, `NEAR` + 1 in none."""

    def __init__(self, near: Sequence[Cell], changed: Iterable[str], state: KernelState | None) -> None:
        self._distance: dict[str, float] = {}
        for place, cell in enumerate(near[:NEAR]):
            for word in _WORD.findall(cell.source):
                self._distance.setdefault(word, 1.0 + place)
        self._changed = frozenset(changed)
        self._newest = max((one.count for one in state.executions), default=0) if state is not None else 0

    def named(self, name: str) -> float:
        """The distance of a word."""
        return self._distance.get(name, NEAR + 1.0)

    def of(self, variable: Variable) -> float:
        """The distance of a variable, by its name, its last run, and whether it changed."""
        distance = self.named(variable.name)
        if variable.execution_count is not None and self._newest:
            distance = min(distance, 1.0 + 0.5 * (self._newest - variable.execution_count))
        return min(distance, 1.5) if variable.name in self._changed else distance


@dataclass(slots=True)
class _Entry:
    """What is told of one variable so far."""

    variable: Variable
    described: Description
    place: int
    named: bool = False
    line: bool = False
    members: list[str] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Nothing is told of it any more."""
        self.named = self.line = False
        self.members, self.details, self.remarks = [], {}, []

    def add_remark(self, text: str) -> None:
        """One more line at its end."""
        self.remarks.append(text)

    def text(self) -> list[str]:
        """Its lines; none where only its name is told."""
        if not self.line and not self.members:
            return []
        head = self.described.line if self.line else f"{self.variable.name}:"
        hidden = len(self.described.members) - len(self.members)
        rest = [f"… {hidden} more"] if self.members and hidden > 0 else []
        inside = [self.details.get(one, one) for one in self.members]
        return [head, *descriptions.wrapped([*inside, *rest]), *(f"  {one}" for one in self.remarks)]


@dataclass(slots=True)
class _Piece:
    """Something that may be told, the lower its rank the sooner."""

    rank: float
    order: int
    cost: int
    tell: Callable[[], None]
    entry: _Entry | None = None
    is_name: bool = False


class Selection:
    """Pieces on offer, and those that were chosen.

    Args:
        wanted: Tells how far away names are.
        count: Tokens of a text, at least.
    """

    def __init__(self, wanted: Wanted, count: Count) -> None:
        self._wanted = wanted
        self.count = count
        self._pieces: list[_Piece] = []
        self._imports: list[_Entry] = []
        self._own: list[_Entry] = []
        self._cells: dict[str, str] = {}
        self._told: set[int] = set()

    def offer_variables(self, variables: Iterable[Variable]) -> None:
        """All variables in pieces: the name, the line, the names inside, what is known of those."""
        ordered = sorted(variables, key=self._wanted.of)
        for one in ordered:
            described = descriptions.described(one)
            kind = self._imports if described.is_import else self._own
            kind.append(_Entry(one, described, len(kind)))
        for entry in self._imports:
            used = self._wanted.named(entry.variable.name) <= NEAR
            self._offer_name(entry, 1.0 if used else 5.0)
        for entry in self._own:
            self._offer_name(entry, 2.0)
            self._offer_line(entry)
            self._offer_members(entry)
            self._offer_remarks(entry)

    def offer_cells(self, near: Sequence[Cell]) -> None:
        """The cells nearest to the user, source before output."""
        for distance, cell in enumerate(near):
            source, output = whole_source(cell), _output(cell)
            self._offer(16 + 4.0 * distance, source, partial(self._add_source, cell.id, source))
            if output:
                self._offer(30 + 5.0 * distance, output, partial(self._add_output, cell.id, output))

    def choose(self, budget: int) -> None:
        """Tell pieces in their order, as long as they fit; what was chosen before is forgotten."""
        for entry in (*self._imports, *self._own):
            entry.forget()
        self._cells.clear()
        self._told.clear()
        self._pieces.sort(key=attrgetter("rank", "order"))
        self._tell(self._pieces, budget)

    def choose_named(self, words: Iterable[str], budget: int) -> list[str]:
        """Tell more of the variables that a question speaks of; their entries, where there was more to tell."""
        spoken = set(words)
        about = [one for one in self._own if spoken & {one.variable.name, *one.described.members}]
        about.sort(key=lambda one: one.variable.name not in spoken)
        lines: list[str] = []
        for entry in about:
            before = entry.text()
            room = budget - self.count("\n".join(before))
            pieces = [one for one in self._pieces if one.entry is entry and one.order not in self._told]
            self._tell(pieces, room)
            if entry.text() != before:
                lines += entry.text()
                budget -= self.count("\n".join(entry.text())) + 1
        return lines

    def _tell(self, pieces: Sequence[_Piece], budget: int) -> None:
        for piece in pieces:
            if piece.cost <= budget and (piece.is_name or piece.entry is None or piece.entry.named):
                piece.tell()
                budget -= piece.cost
                self._told.add(piece.order)

    def _offer(
        self, rank: float, text: str, tell: Callable[[], None], entry: _Entry | None = None, saves: str = ""
    ) -> None:
        cost = self.count(text) - (self.count(saves) if saves else 0) + 1
        self._pieces.append(_Piece(rank, len(self._pieces), cost, tell, entry))

    def _offer_name(self, entry: _Entry, rank: float) -> None:
        def tell() -> None:
            entry.named = True

        cost = self.count(entry.variable.name) + 1
        self._pieces.append(_Piece(rank + 0.05 * entry.place, len(self._pieces), cost, tell, entry, is_name=True))

    def _offer_line(self, entry: _Entry) -> None:
        def tell() -> None:
            entry.line = True

        self._offer(8.0 + 0.8 * entry.place, entry.described.line, tell, entry, saves=entry.variable.name)

    def _offer_members(self, entry: _Entry) -> None:
        """Names that stand in near cells before the others."""
        near = [one for one in entry.described.members if self._wanted.named(one) <= NEAR]
        far = [one for one in entry.described.members if self._wanted.named(one) > NEAR]
        details = entry.described.details
        for names in _chunks(near):
            self._offer_chunk(entry, 9.0 + 0.7 * entry.place, names, details)
        for number, names in enumerate(_chunks(far)):
            self._offer_chunk(entry, 12.0 + 1.5 * entry.place + 2.5 * number, names, details)

    def _offer_chunk(self, entry: _Entry, rank: float, names: Sequence[str], details: Mapping[str, str]) -> None:
        self._offer(rank, ", ".join(names), lambda: entry.members.extend(names), entry)
        known = {one: details[one] for one in names if one in details}
        if known:
            text, bare = ", ".join(known.values()), ", ".join(known)
            self._offer(rank + 25.0, text, lambda: entry.details.update(known), entry, saves=bare)

    def _offer_remarks(self, entry: _Entry) -> None:
        for number, text in enumerate(entry.described.remarks):
            rank = 60.0 + 2.0 * entry.place + number
            self._offer(rank, f"  {text}", partial(entry.add_remark, text), entry)

    def _add_source(self, cell_id: str, source: str) -> None:
        self._cells[cell_id] = source

    def _add_output(self, cell_id: str, output: str) -> None:
        if cell_id in self._cells:
            self._cells[cell_id] += output

    def variables_text(self) -> str:
        """The chosen variables: imports in short, entries, then those of which only the name is told."""
        lines = []
        imports = [one.variable for one in self._imports if one.named]
        if imports:
            lines += ["Imports:", *(f"  {one}" for one in descriptions.imported(imports))]
        entries = [one.text() for one in self._own]
        if any(entries):
            lines += ["Variables:", *(line for entry in entries for line in entry)]
        bare = [one.variable.name for one, entry in zip(self._own, entries, strict=True) if one.named and not entry]
        if bare:
            lines += ["Other variables: " + ", ".join(bare)]
        return "\n".join(lines)

    def cells_text(self, cells: Sequence[Cell]) -> str:
        """The chosen cells in the notebook's order."""
        shown = [self._cells[cell.id] for cell in cells if cell.id in self._cells]
        left_out = len(cells) - len(shown)
        note = f" ({left_out} of {len(cells)} left out)" if left_out else ""
        return "\n".join([f"Cells{note}:", *shown]) if shown else ""


def _chunks(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + CHUNK] for start in range(0, len(names), CHUNK)]


def whole_source(cell: Cell) -> str:
    """A cell as it is told in full."""
    count = f"In [{cell.execution_count or ' '}]" if cell.kind == "code" else cell.kind
    return "\n".join([f"{count} id={cell.id}", *(f"  {line}" for line in cell.source.splitlines())])


def _output(cell: Cell) -> str:
    if cell.error:
        return f"\n  error: {head(cell.error, 300)}"
    return "".join(f"\n  > {line}" for line in head(cell.output, 600).splitlines()) if cell.output else ""
