"""What a turn knows before the model is asked: kernel state, cells, earlier turns, what changed since."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.kernel_state import Cell, KernelState, Variable
from jupyter_agent.core.messages import Json
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.core.session import Turn
from jupyter_agent.doctor import service

_WORD = re.compile(r"[^\W\d]\w*")
NO_KERNEL = "No kernel is running for this notebook, so there are no live variables."
RESTARTED = "The kernel was restarted since the last question; earlier variables are gone."


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known at a turn's beginning.

    Attributes:
        state: Of the kernel; None where there is none.
        cells: Of the notebook; empty where it cannot be read.
        turns: Earlier turns of the conversation, oldest first.
        changed: Names that are new, changed or gone since the last turn.
        warnings: What the user should know of the above.
        stale: Variables that bear on the question and are not what the notebook says, with the reason.
    """

    state: KernelState | None = None
    cells: tuple[Cell, ...] = ()
    turns: tuple[Turn, ...] = ()
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    @property
    def age_seconds(self) -> float:
        """How old the kernel's state is; 0 where there is none."""
        taken = self.state.taken_at if self.state is not None else 0.0
        return round(max(0.0, time.time() - taken), 1) if taken else 0.0

    def told(self) -> dict[str, Json] | None:
        """The state in short, for replies."""
        if self.state is None:
            return None
        return {
            "kernel_id": self.state.kernel_id or None,
            "status": self.state.status,
            "age_s": self.age_seconds,
            "changed": list(self.changed),
        }

    def stamp(self) -> Mapping[str, Json]:
        """Which state this was, so that the next turn can tell what changed."""
        if self.state is None or not self.state.epoch:
            return {}
        return {"kernel_id": self.state.kernel_id, "epoch": self.state.epoch, "version": self.state.version}

    def spoken_of(self, text: str) -> tuple[str, ...]:
        """Live names that stand in a text as whole words."""
        words = set(_WORD.findall(text))
        return tuple(name for name in self.state.variables if name in words) if self.state is not None else ()


@dataclass(frozen=True, slots=True)
class Look:
    """A kernel and a notebook as they are now.

    Attributes:
        state: Of the kernel; None where there is none.
        cells: Of the notebook; empty where it cannot be read.
    """

    state: KernelState | None = None
    cells: tuple[Cell, ...] = ()


async def look(kernel: Kernel | None, notebook: Notebook | None) -> Look:
    """Look at the kernel and the notebook, once."""
    state = await kernel.state() if kernel is not None else None
    return Look(state, await _cells(notebook))


async def take(
    look: Look,
    notebook: Notebook | None,
    turns: Sequence[Turn] = (),
    told_variables: Mapping[str, str] | None = None,
    *,
    question: str = "",
    active_cell_id: str | None = None,
) -> Snapshot:
    """What a turn knows, by a look.

    Args:
        look: At the notebook's kernel and its cells.
        notebook: Where the cells were read.
        turns: Earlier turns of the conversation, oldest first.
        told_variables: Name → type as a client says, used only where no kernel can be asked.
        question: What is asked; what is stale is looked for only where it bears on this or on the active cell.
        active_cell_id: The cell where the user is.
    """
    state, cells = look.state, look.cells
    if (state is None or not state.epoch) and told_variables:
        variables = {name: Variable(name, kind, "object", kind) for name, kind in told_variables.items()}
        state = KernelState("", variables=variables, total=len(variables), source="client")
    changed, warnings = _since(state, turns)
    stale = await service.bearing(question, cells, state, active_cell_id, notebook) if question else ()
    return _warned(Snapshot(state, cells, tuple(turns), changed, warnings, stale), notebook)


async def _cells(notebook: Notebook | None) -> tuple[Cell, ...]:
    if notebook is None:
        return ()
    try:
        return await notebook.cells()
    except NotFound:
        return ()


def _since(state: KernelState | None, turns: Sequence[Turn]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    last = turns[-1].kernel if turns else {}
    if state is None or not state.epoch or last.get("kernel_id") != state.kernel_id:
        return (), ()
    if last.get("epoch") != state.epoch:
        return (), (RESTARTED,)
    version = last.get("version")
    return state.changes_since(state.epoch, version if isinstance(version, int) else 0), ()


def _warned(snapshot: Snapshot, notebook: Notebook | None) -> Snapshot:
    state = snapshot.state
    if state is None:
        more = (NO_KERNEL,) if notebook is not None else ()
    elif state.source == "client":
        more = ("No kernel could be reached; the variables are what the client said.",)
    elif state.stale:
        more = (f"The kernel's state is {snapshot.age_seconds:.0f} s old: {state.stale}",)
    else:
        more = ()
    return replace(snapshot, warnings=(*snapshot.warnings, *more))
