"""What a turn knows before the model is asked: kernel state, cells, earlier turns, what changed since."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.kernel_state import Cell, KernelState, Variable
from jupyter_agent.core.messages import Json
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.doctor.service import NotebookAnalyses
from jupyter_agent.prompt.instructions import NONE, Instructions

NO_KERNEL = "No kernel is running for this notebook, so there are no live variables."
_CLIENT_VARIABLES = "No kernel could be reached; the variables are those that the client sent."
_RESTARTED = "The kernel was restarted since the last question; earlier variables do not exist any more."
_WORD = re.compile(r"[^\W\d]\w*")
#: A kernel's state, None where there is none, and a notebook's cells, empty where they cannot be read.
KernelView: TypeAlias = tuple[KernelState | None, tuple[Cell, ...]]


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What is known at a turn's beginning.

    Attributes:
        kernel: Of the notebook, where there is one.
        notebook: Where its cells can be read, if they can.
        session: The conversation; None where the question begins one.
        state: Of the kernel; None where there is none.
        cells: Of the notebook; empty where they cannot be read.
        turns: Earlier turns of the conversation, oldest first.
        changed: Names that are new, changed or deleted since the last turn.
        warnings: What the user should know of the above.
        stale: Variables that are relevant to the question and are not what the notebook says, with the reason.
        instructions: What people have written for the model.
    """

    kernel: Kernel | None = None
    notebook: Notebook | None = None
    session: Session | None = None
    state: KernelState | None = None
    cells: tuple[Cell, ...] = ()
    turns: tuple[Turn, ...] = ()
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    instructions: Instructions = NONE

    @property
    def variables(self) -> Mapping[str, Variable]:
        """Live variables by name; empty where there is no kernel."""
        return self.state.variables if self.state is not None else {}

    @property
    def age_seconds(self) -> float:
        """How old the kernel's state is; 0 where there is none."""
        return self.state.age_seconds if self.state is not None else 0.0

    def state_json(self) -> dict[str, Json] | None:
        """The state in short, for replies."""
        if self.state is None:
            return None
        return {
            "kernel_id": self.state.kernel_id or None,
            "status": self.state.status,
            "age_s": self.age_seconds,
            "changed": list(self.changed),
        }

    def state_version(self) -> Mapping[str, Json]:
        """Which state this was, from which the next turn finds what changed."""
        if self.state is None or not self.state.epoch:
            return {}
        return {"kernel_id": self.state.kernel_id, "epoch": self.state.epoch, "version": self.state.version}

    def names_in(self, text: str) -> tuple[str, ...]:
        """Live names that stand in a text as whole words."""
        words = set(_WORD.findall(text))
        return tuple(name for name in self.variables if name in words)


async def read_kernel_and_cells(
    kernel: Kernel | None, notebook: Notebook | None, reading: Awaitable[KernelState] | None = None
) -> KernelView:
    """Read the kernel's state, unless that is being read already, and the notebook's cells, once and at the same time."""
    state = asyncio.ensure_future(reading or kernel.state()) if kernel is not None else None
    try:
        cells: tuple[Cell, ...] = ()
        with suppress(NotFound):
            cells = await notebook.cells() if notebook is not None else ()
        return await state if state is not None else None, cells
    finally:
        if state is not None:
            state.cancel()


async def build(
    question: Question,
    view: KernelView,
    session: Session | None = None,
    turns: Sequence[Turn] = (),
    analyses: NotebookAnalyses | None = None,
    *,
    instructions: Instructions = NONE,
) -> TurnContext:
    """Put together what a turn knows.

    Args:
        question: What is asked. Its variables count only where no kernel could be asked; stale variables are looked for
            only where they are relevant to its text or on the active cell.
        view: The kernel and the cells, as read just now.
        session: The conversation.
        turns: Earlier turns of the conversation, oldest first.
        analyses: Find stale variables; None: nobody looks for them.
        instructions: What people have written for the model.
    """
    state, cells = view
    if (state is None or not state.epoch) and question.variables:
        variables = {name: Variable(name, kind, "object", kind) for name, kind in question.variables.items()}
        state = KernelState("", variables=variables, total=len(variables), source="client")
    changed: tuple[str, ...] = ()
    warnings: list[str] = []
    last = turns[-1].kernel if turns else {}
    if state is not None and state.epoch and last.get("kernel_id") == state.kernel_id:
        if last.get("epoch") != state.epoch:
            warnings.append(_RESTARTED)
        else:
            version = last.get("version")
            changed = state.changes_since(state.epoch, version if isinstance(version, int) else 0)
    if state is None:
        warnings += [NO_KERNEL] if question.notebook is not None else []
    elif state.source == "client":
        warnings.append(_CLIENT_VARIABLES)
    elif state.stale:
        warnings.append(state.stale_text)
    stale: tuple[str, ...] = ()
    if question.query and analyses is not None:
        stale = await analyses.stale_for(question.query, cells, state, question.active_cell_id, question.notebook)
    warnings += instructions.warnings
    return TurnContext(
        question.kernel,
        question.notebook,
        session,
        state,
        cells,
        tuple(turns),
        changed,
        tuple(warnings),
        stale,
        instructions,
    )
