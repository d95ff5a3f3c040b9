"""Selects pieces of variables and cells for a prompt when not all fit: nearest to the user first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter

from jupyter_agent.core.kernel_state import Cell, KernelState, Variable
from jupyter_agent.core.text import head
from jupyter_agent.prompt import descriptions
from jupyter_agent.prompt.descriptions import VariableText

Count = Callable[[str], int]
_WORD = re.compile(r"[^\W\d]\w*")
#: Cells near the user whose words count.
NEAR = 12
#: Names inside a variable that make one piece.
CHUNK = 12


class Proximity:
    """The distance of each name from where the user is: 1 is in the nearest cell, `NEAR` + 1 in none."""

    def __init__(self, near: Sequence[Cell], changed: Iterable[str], state: KernelState | None) -> None:
        self._distance: dict[str, float] = {}
        for position, cell in enumerate(near[:NEAR]):
            for word in _WORD.findall(cell.source):
                self._distance.setdefault(word, 1.0 + position)
        self._changed = frozenset(changed)
        executions = state.executions if state is not None else ()
        self._newest = max((execution.count for execution in executions), default=0)

    def of_word(self, name: str) -> float:
        """The distance of a word."""
        return self._distance.get(name, NEAR + 1.0)

    def of_variable(self, variable: Variable) -> float:
        """The distance of a variable, by its name, its last execution, and whether it changed."""
        distance = self.of_word(variable.name)
        if variable.execution_count is not None and self._newest:
            distance = min(distance, 1.0 + 0.5 * (self._newest - variable.execution_count))
        return min(distance, 1.5) if variable.name in self._changed else distance


@dataclass(slots=True)
class _Candidate:
    """What is selected of one variable so far."""

    variable: Variable
    description: VariableText
    position: int
    named: bool = False
    line: bool = False
    members: list[str] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Select nothing of it."""
        self.named = self.line = False
        for selected in (self.members, self.details, self.remarks):
            selected.clear()

    def lines(self) -> list[str]:
        """Its lines; none where only its name is selected."""
        if not self.line and not self.members:
            return []
        title = self.description.line if self.line else f"{self.variable.name}:"
        hidden = len(self.description.members) - len(self.members)
        rest = [f"… {hidden} more"] if self.members and hidden > 0 else []
        inside = [self.details.get(name, name) for name in self.members]
        return [title, *descriptions.wrapped([*inside, *rest]), *(f"  {remark}" for remark in self.remarks)]


@dataclass(slots=True)
class _Piece:
    """Something that may be selected, the lower its rank the sooner."""

    rank: float
    order: int
    cost: int
    select: Callable[[], object]
    entry: _Candidate | None = None
    is_name: bool = False


class Selection:
    """Pieces on offer, and those that were chosen.

    Args:
        proximity: The distances of names.
        count: Tokens of a text, at least.
    """

    def __init__(self, proximity: Proximity, count: Count) -> None:
        self._proximity = proximity
        self.count = count
        self._pieces: list[_Piece] = []
        self._imports: list[_Candidate] = []
        self._own: list[_Candidate] = []
        self._sources: dict[str, str] = {}
        self._outputs: dict[str, str] = {}
        self._selected: set[int] = set()

    def offer_variables(self, variables: Iterable[Variable]) -> None:
        """All variables in pieces: the name, the line, the names inside, what is known of those."""
        for variable in sorted(variables, key=self._proximity.of_variable):
            description = descriptions.describe(variable)
            entries = self._imports if description.is_import else self._own
            entries.append(_Candidate(variable, description, len(entries)))
        for entry in (*self._imports, *self._own):
            name, description, position = entry.variable.name, entry.description, entry.position
            is_near = self._proximity.of_word(name) <= NEAR
            rank = 2.0 if not description.is_import else 1.0 if is_near else 5.0
            self._offer(rank + 0.05 * position, name, partial(setattr, entry, "named", True), entry, is_name=True)
            if description.is_import:
                continue
            select = partial(setattr, entry, "line", True)
            self._offer(8.0 + 0.8 * position, description.line, select, entry, saves=name)
            self._offer_members(entry)
            for number, remark in enumerate(description.remarks):
                self._offer(60.0 + 2.0 * position + number, f"  {remark}", partial(entry.remarks.append, remark), entry)

    def offer_cells(self, near: Sequence[Cell]) -> None:
        """The cells nearest to the user, source before output."""
        for distance, cell in enumerate(near):
            source = whole_source(cell)
            self._offer(16 + 4.0 * distance, source, partial(self._sources.__setitem__, cell.id, source))
            output = "".join(f"\n  > {line}" for line in head(cell.output, 600).splitlines()) if cell.output else ""
            if output := f"\n  error: {head(cell.error, 300)}" if cell.error else output:
                self._offer(30 + 5.0 * distance, output, partial(self._outputs.__setitem__, cell.id, output))

    def choose(self, budget: int) -> None:
        """Select pieces in their order, as long as they fit, from the beginning."""
        for entry in (*self._imports, *self._own):
            entry.clear()
        for selected in (self._sources, self._outputs, self._selected):
            selected.clear()
        self._pieces.sort(key=attrgetter("rank", "order"))
        self._select(self._pieces, budget)

    def choose_named(self, words: Iterable[str], budget: int) -> list[str]:
        """Select more of the variables that a question names; their lines, where there was more to select."""
        words = set(words)
        named = [entry for entry in self._own if words & {entry.variable.name, *entry.description.members}]
        named.sort(key=lambda entry: entry.variable.name not in words)
        lines: list[str] = []
        for entry in named:
            before = entry.lines()
            room = budget - self.count("\n".join(before))
            pieces = [piece for piece in self._pieces if piece.entry is entry and piece.order not in self._selected]
            self._select(pieces, room)
            if (after := entry.lines()) != before:
                lines += after
                budget -= self.count("\n".join(after)) + 1
        return lines

    def _select(self, pieces: Sequence[_Piece], budget: int) -> None:
        for piece in pieces:
            if piece.cost <= budget and (piece.is_name or piece.entry is None or piece.entry.named):
                piece.select()
                budget -= piece.cost
                self._selected.add(piece.order)

    def _offer(
        self,
        rank: float,
        text: str,
        select: Callable[[], object],
        entry: _Candidate | None = None,
        *,
        saves: str = "",
        is_name: bool = False,
    ) -> None:
        cost = self.count(text) - (self.count(saves) if saves else 0) + 1
        self._pieces.append(_Piece(rank, len(self._pieces), cost, select, entry, is_name))

    def _offer_members(self, entry: _Candidate) -> None:
        """Names that stand in near cells before the others, a few at a time; then what is known of them."""
        near: list[str] = []
        far: list[str] = []
        for name in entry.description.members:
            (near if self._proximity.of_word(name) <= NEAR else far).append(name)
        known = entry.description.details
        for listed, first, step, each in ((near, 9.0, 0.7, 0.0), (far, 12.0, 1.5, 2.5)):
            for start in range(0, len(listed), CHUNK):
                names = listed[start : start + CHUNK]
                rank = first + step * entry.position + each * (start // CHUNK)
                self._offer(rank, ", ".join(names), partial(entry.members.extend, names), entry)
                if details := {name: known[name] for name in names if name in known}:
                    text, bare = ", ".join(details.values()), ", ".join(details)
                    self._offer(rank + 25.0, text, partial(entry.details.update, details), entry, saves=bare)

    def variables_text(self) -> str:
        """The selected variables: imports in short, entries, then those of which only the name is selected."""
        text: list[str] = []
        imports = [entry.variable for entry in self._imports if entry.named]
        if imports:
            text += ["Imports:", *(f"  {line}" for line in descriptions.import_lines(imports))]
        entries = [(entry, entry.lines()) for entry in self._own]
        if any(lines for _, lines in entries):
            text += ["Variables:", *(line for _, lines in entries for line in lines)]
        bare = [entry.variable.name for entry, lines in entries if entry.named and not lines]
        if bare:
            text += ["Other variables: " + ", ".join(bare)]
        return "\n".join(text)

    def cells_text(self, cells: Sequence[Cell]) -> str:
        """The selected cells in the notebook's order."""
        sources, outputs = self._sources, self._outputs
        shown = [sources[cell.id] + outputs.get(cell.id, "") for cell in cells if cell.id in sources]
        left_out = len(cells) - len(shown)
        note = f" ({left_out} of {len(cells)} left out)" if left_out else ""
        return "\n".join([f"Cells{note}:", *shown]) if shown else ""


def whole_source(cell: Cell) -> str:
    """A cell with its whole source, as it stands in a prompt."""
    count = f"In [{cell.execution_count or ' '}]" if cell.kind == "code" else cell.kind
    return "\n".join([f"{count} id={cell.id}", *(f"  {line}" for line in cell.source.splitlines())])
