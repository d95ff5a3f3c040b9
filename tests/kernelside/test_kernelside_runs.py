"""Which runs are remembered, and told to somebody who asks late or seldom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_agent.analysis.dataflow import Dataflow
from jupyter_agent.core.kernel_state import Cell, Execution, KernelState, StateDelta
from jupyter_agent.doctor.findings import findings_of
from jupyter_agent.kernelside.wire import MAX_EXECUTIONS

if TYPE_CHECKING:
    from .conftest import Shell


def state_of(shell: Shell) -> KernelState:
    return KernelState("k").after(StateDelta.from_wire(shell.delta()))


def test_all_runs_since_the_last_question_are_told_however_many(shell: Shell) -> None:
    shell.delta()
    for number in range(120):
        shell.run(f"x{number} = {number}", f"c{number}")
    cells = [Cell(f"c{number}", "code", f"x{number} = {number}", number + 1) for number in range(120)]
    cells[3] = Cell("c3", "code", "x3 = 'edited'", 4)
    flow = Dataflow.of(cells, state_of(shell))
    assert len(flow.trace.executed) == 120
    assert [finding.cells for finding in findings_of(flow) if finding.kind == "edited"] == [("c3",)]
    assert flow.unknown == ()


def test_what_ran_last_in_each_cell_is_kept_when_one_cell_ran_more_often_than_can_be_kept(shell: Shell) -> None:
    shell.run("first = 1", "first")
    for _ in range(MAX_EXECUTIONS + 5):
        shell.run("n = 1", "again")
    executions = state_of(shell).executions
    assert len(executions) == MAX_EXECUTIONS
    assert (executions[0].cell_id, executions[-1].count) == ("first", MAX_EXECUTIONS + 6)


def test_a_state_that_was_asked_again_and_again_keeps_what_ran_last_in_each_cell() -> None:
    state = KernelState("k")
    for version, cell_id in enumerate(["first", *["again"] * (MAX_EXECUTIONS + 5)], 1):
        run = Execution(version, cell_id, "", "x = 1", "ok", float(version))
        state = state.after(StateDelta("e", version - 1, version, (), (), (run,), 0, "idle", 1.0))
    assert len(state.executions) == MAX_EXECUTIONS
    assert (state.executions[0].cell_id, state.executions[-1].count) == ("first", MAX_EXECUTIONS + 6)
