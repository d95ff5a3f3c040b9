"""Whatever a model takes, no request of a turn is larger than its budget, at any step of a conversation, and none fails for length."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_agent.core.events import Done
from jupyter_agent.core.protocols import ContextWindow
from jupyter_agent.core.question import Question
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.prompt.request import budget_for
from jupyter_agent.tools import registry
from tests.support.context_filler import WORDS, Player, Reader
from tests.support.notebook_json import code, notebook, text_of
from tests.support.scripted_assistant import assistant_with, done

WINDOWS = st.sampled_from([2_048, 3_000, 4_096, 8_192, 16_000, 32_768, 128_000, 200_000, 1_000_000])
CALLS = st.lists(
    st.fixed_dictionaries({"size": st.integers(0, 30_000), "pictures": st.sampled_from([0, 0, 0, 2])}),
    min_size=1,
    max_size=3,
)


class SizedPlayer(Player):
    """A model that says what it takes, and refuses what leaves its answer no room."""

    def __init__(self, window: ContextWindow, steps: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        super().__init__(steps, window.tokens - 200)
        self.window = window


async def converse(
    folder: Path, model: SizedPlayer, questions: Sequence[str], cells: Sequence[str], ceiling: int | None = None
) -> list[Done]:
    path = folder / "a.ipynb"
    path.write_text(text_of(notebook(*(code(f"c{number}", cell) for number, cell in enumerate(cells)))), "utf-8")
    tools, _ = registry.load([])
    assistant = assistant_with(model, {**tools, "read": Reader()}, context_tokens=ceiling)
    asked = {"session_id": "s", "notebook": FileNotebook(path), "notebook_id": "a.ipynb"}
    return [await done(assistant, Question("local", question, **asked)) for question in questions]  # type: ignore[arg-type]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    WINDOWS,
    st.booleans(),
    st.lists(st.lists(CALLS, max_size=4), min_size=1, max_size=4),
    st.lists(st.integers(0, 6_000), max_size=12),
    st.none() | st.integers(500, 30_000),
)
def test_no_request_exceeds_its_budget_at_any_step_and_none_fails_for_length_that_could_be_compacted(
    window: int,
    is_reported: bool,
    played: list[list[list[dict[str, Any]]]],
    sizes: list[int],
    ceiling: int | None,
) -> None:
    steps = [step for turn in played for step in [*turn, None]]
    model = SizedPlayer(ContextWindow(window, is_reported=is_reported), steps)  # type: ignore[arg-type]
    questions = [f"Question {number}? {WORDS}" for number in range(len(played))]
    cells = [f"x = {number}\n# {WORDS}" * (size // 80 + 1) for number, size in enumerate(sizes)]
    with tempfile.TemporaryDirectory() as folder:
        ends = asyncio.run(converse(Path(folder), model, questions, cells, ceiling))
    assert [end.reply for end in ends] == ["Done."] * len(played)
    budget = budget_for(model.window, ceiling)
    # Who sets less than the tools and the question take gets a request that can be answered all the same.
    assert max(model.costs) <= max(min(budget, window), 1_800)


@pytest.mark.parametrize(("window", "cells"), [(2_048, 40), (8_192, 120), (200_000, 2_000)])
async def test_a_large_model_is_sent_more_of_the_notebook_and_a_small_one_the_best(
    tmp_path: Path, window: int, cells: int
) -> None:
    model = SizedPlayer(ContextWindow(window, is_reported=True), [])
    sources = [f"value_{number} = {number}\n" * 6 for number in range(cells)]
    await converse(tmp_path, model, ["What is the last value?"], sources)
    text = model.requests[0][-1].content
    assert f"value_{cells - 1} =" in text  # the nearest cell, whatever fits
    assert model.costs[0] <= budget_for(model.window, None)
    shown = sum(f"value_{number} =" in text for number in range(cells))
    assert (window == 2_048) == (shown < 10)
    assert (window == 200_000) == (shown > 150)


async def test_a_small_model_is_offered_the_tools_that_it_needs_most(tmp_path: Path) -> None:
    offered: dict[int, set[str]] = {}
    for window in (2_048, 128_000):
        model = SizedPlayer(ContextWindow(window), [])
        stream = model.stream

        def kept(messages: Any, tools: Any = (), *, deadline: float, window: int = window, stream: Any = stream) -> Any:
            offered[window] = {tool.name for tool in tools}
            return stream(messages, tools, deadline=deadline)

        model.stream = kept  # type: ignore[method-assign]
        await converse(tmp_path, model, ["What is there?"], ["x = 1"])
    assert {"run_code", "edit_cell", "insert_cell", "read_cells", "inspect_variable"} <= offered[2_048]
    assert offered[2_048] < offered[128_000]
