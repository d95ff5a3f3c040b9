from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.doctor.reproduction import FirstDifference, comparable, reproduce
from jupyter_agent.kernels.remote import RemoteKernel
from tests.support.notebook_session import report_on


async def worked(kernel: RemoteKernel, *sources: str) -> list[Cell]:
    """Cells that were executed in this order, with their outputs."""
    cells = []
    await kernel.state(timeout=30)  # the kernel is met before the first cell runs
    for count, source in enumerate(sources, 1):
        result = await kernel.execute(source, timeout=60)
        cells.append(Cell(chr(96 + count), "code", source, count, result.text))
    return cells


NOTEBOOK = (
    "import time\nx = [1, 2]",
    "x",
    "print(object())",
    "%time sum(x)",
    "y = {'a': x, 'b': 3.5}",
)


async def test_a_notebook_that_was_run_from_top_to_bottom_reproduces(
    worked_in: RemoteKernel, fresh: RemoteKernel
) -> None:
    cells = await worked(worked_in, *NOTEBOOK)
    before = await worked_in.state(timeout=30)
    reproduction = await reproduce([*cells, Cell("m", "markdown", "words")], fresh, before)
    assert reproduction.first is None
    assert reproduction.reproduces
    assert [outcome.cell_id for outcome in reproduction.outcomes] == ["a", "b", "c", "d", "e"]


async def test_the_first_cell_that_fails_ends_it_and_is_told(worked_in: RemoteKernel, fresh: RemoteKernel) -> None:
    cells = await worked(worked_in, "x = 1", "x + 1", "z = 3")
    reproduction = await reproduce(cells[1:], fresh)
    assert reproduction.first == FirstDifference("failed", "b", "", "2\n", "NameError: name 'x' is not defined")
    assert [outcome.status for outcome in reproduction.outcomes] == ["error"]
    assert reproduction.to_json()["reproduces"] is False


async def test_the_first_output_that_differs_is_told(worked_in: RemoteKernel, fresh: RemoteKernel) -> None:
    cells = await worked(worked_in, "x = 1", "x * 10", "x * 100")
    cells[0] = replace(cells[0], source="x = 2")
    reproduction = await reproduce(cells, fresh)
    assert reproduction.first == FirstDifference("output", "b", "", "10", "20")
    assert len(reproduction.outcomes) == 3


async def test_a_variable_that_differs_though_no_output_does_is_told(
    worked_in: RemoteKernel, fresh: RemoteKernel
) -> None:
    cells = await worked(worked_in, "rows = []", "rows.append(1)", "rows.append(1)")
    before = await worked_in.state(timeout=30)
    reproduction = await reproduce(cells[:2], fresh, before)
    assert reproduction.first is not None
    assert (reproduction.first.kind, reproduction.first.name) == ("variable", "rows")


DAMAGED = [
    (["a", "b", "c"], True),
    (["a", "c"], False),
    (["a", "c", "b"], False),
    (["b", "c"], False),
]


@pytest.mark.parametrize(("kept", "reproduces"), DAMAGED)
async def test_what_the_doctor_foretells_is_what_a_real_run_gives(
    worked_in: RemoteKernel, fresh: RemoteKernel, kept: list[str], reproduces: bool
) -> None:
    cells = await worked(worked_in, "x = [1]", "x.append(2)", "print(x)")
    state = await worked_in.state(timeout=30)
    named = {execution.count: execution.source for execution in state.executions}
    assert named == {1: "x = [1]", 2: "x.append(2)", 3: "print(x)"}
    stands = [next(cell for cell in cells if cell.id == cell_id) for cell_id in kept]
    prediction = report_on(stands, state).prediction
    reproduction = await reproduce(stands, fresh, state)
    assert (prediction.verdict == "reproduces", reproduction.reproduces) == (reproduces, reproduces)


def test_what_is_another_in_every_kernel_is_not_compared() -> None:
    before = "<Axes at 0x7f00aa>\nCPU times: user 1 s\nWall time: 3 s\n/tmp/ipykernel_12/345.py:3: UserWarning: old"
    after = "<Axes at 0x7f11bb>\nCPU times: user 2 s\nWall time: 9 s\n/tmp/ipykernel_99/1.py:3: UserWarning: old"
    assert comparable(before) == comparable(after)
    assert comparable("1") != comparable("2")
