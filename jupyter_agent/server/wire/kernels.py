"""Kernels and the doctor on the wire: live variables, findings, what Restart & Run All would do."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import UNSET, UnsetType

from jupyter_agent.core.kernel_state import Execution, KernelStatus
from jupyter_agent.server.wire.body import KernelId, NotebookId, PartialBody, about
from jupyter_agent.server.wire.turns import PostedCells


class VariableReply(TypedDict):
    """A live variable."""

    name: str
    type: Annotated[str, about("qualified class name")]
    kind: Annotated[str, about("the family that decides which facts there are")]
    summary: Annotated[str, about("one line for a reader")]
    facts: Annotated[dict[str, Any], about("what is known of its kind")]
    cell_id: NotRequired[Annotated[str, about("the cell that bound it, where known")]]
    execution_count: NotRequired[Annotated[int, about("the execution that bound it, where known")]]


class KernelStateReply(TypedDict):
    """What is known of a kernel."""

    kernel_id: str
    epoch: Annotated[str, about("another epoch is another process: nothing of the old one holds")]
    version: Annotated[int, about("grows with every change")]
    status: KernelStatus
    age_s: Annotated[float, about("seconds since the kernel was asked")]
    stale: Annotated[str, about("why this is older than the question; empty when fresh")]
    total: Annotated[int, about("how many variables there are, listed or not")]
    variables: list[VariableReply]
    deleted: Annotated[list[str], about("names that are gone")]
    executions: Annotated[list[Execution], about("oldest first")]


class DoctorRequest(PartialBody, frozen=True):
    """A notebook to examine."""

    notebook_id: Annotated[NotebookId | UnsetType | None, about("the notebook's path below the server's root")] = UNSET
    kernel_id: Annotated[
        KernelId | UnsetType | None, about("an id of GET /api/kernels; else the notebook's kernel")
    ] = UNSET
    cells: Annotated[PostedCells | UnsetType | None, about("as the page has them")] = UNSET


class DoctorFinding(TypedDict):
    """One thing in a notebook that is not as it looks."""

    kind: Annotated[str, about("edited, stale, out_of_order, orphaned, never_run, and others")]
    reason: Annotated[str, about("in words")]
    cells: Annotated[list[str], about("ids of those that are not what they show; the one that it is about first")]
    names: Annotated[list[str], about("the variables concerned")]


class DoctorDifference(TypedDict):
    """A cell where Restart & Run All would stop, or give something else."""

    verdict: Literal["fails", "differs"]
    cell_id: str
    names: list[str]
    reason: str
    varies: Annotated[bool, about("whether it would differ after any run, as an unseeded draw does")]


class RestartPrediction(TypedDict):
    """What Restart & Run All would do."""

    verdict: Literal["reproduces", "differs", "fails", "cannot tell"]
    first: DoctorDifference | None
    differences: list[DoctorDifference]
    lost: Annotated[list[str], about("variables that live now and that no cell would make")]
    outside: Annotated[list[str], about("why it cannot be told, in sentences")]


class DoctorReply(TypedDict):
    """The doctor's report."""

    restart_and_run_all: RestartPrediction
    findings: list[DoctorFinding]
    run: Annotated[list[str], about("the fewest cells to run, in order, until everything is fresh")]
    unknown: Annotated[list[str], about("what could not be known; not empty where no kernel could be asked")]
    labels: Annotated[dict[str, str], about("cell id to its name")]
    markdown: Annotated[str, about("the same for a reader")]
    kernel_id: Annotated[str | None, about("the kernel that was asked")]
    warnings: list[str]
