"""Code that runs long: as long as it takes, seen while it runs, and what it printed is known however it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.agent import loop
from jupyter_agent.agent.limits import Limits
from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.events import ToolProgress
from jupyter_agent.core.messages import Action, CellChange, CellEdit, Message, ToolCall
from jupyter_agent.core.progress import PROGRESS
from jupyter_agent.core.protocols import Tool, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.question import Question
from jupyter_agent.kernels.owned_kernel import start_kernel
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.notebooks.cells import cells_of
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.notebooks.open import OpenNotebook
from jupyter_agent.tools.editing import RunCell
from jupyter_agent.tools.running import RunCode
from tests.support.notebook_json import code, notebook, text_of
from tests.support.scripted_loop import Recorder, call, drain, limits, play, results
from tests.support.still_kernel import StillKernel

ENDLESS = "print('epoch 1', flush=True)\nimport time\nwhile True:\n    time.sleep(0.01)"


class Running(Recorder):
    """Runs until it is released, and prints meanwhile."""

    def __init__(self) -> None:
        super().__init__("run", "execute")
        self.released = asyncio.Event()
        self.begun = asyncio.Event()
        self.timeout = 0.0

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        progress = PROGRESS.get()
        assert progress is not None
        progress.printed = lambda: "epoch 1 token-123"
        self.timeout = context.timeout
        self.begun.set()
        await self.released.wait()
        return ToolOutput("trained")


async def test_what_runs_long_is_shown_with_what_it_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "PROGRESS_SECONDS", 0.01)
    tool, transcript = Running(), Transcript([Message("user", "q")])
    script: list[Any] = [{"calls": [call("run", text="x")]}, "Done."]
    agent = Agent(
        ScriptedModel(script),
        {"run": tool},
        limits(approval="auto"),
        redact=lambda text: text.replace("token-123", "[withheld]"),
    )
    seen = []
    async with aclosing(agent.run(transcript, ToolContext(None, None, None))) as events:
        async for event in events:
            if isinstance(event, ToolProgress):
                seen.append(event)
                tool.released.set()
    assert (seen[0].call_id, seen[0].tool, seen[0].content) == ("call_1", "run", "epoch 1 [withheld]")
    assert (results(transcript), transcript.reply) == (["trained"], "Done.")


async def test_what_is_printed_without_a_space_is_shown_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dense(Running):
        async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
            progress = PROGRESS.get()
            assert progress is not None
            progress.printed = lambda: "ACGT" * 750
            await self.released.wait()
            return ToolOutput("trained")

    monkeypatch.setattr(loop, "PROGRESS_SECONDS", 0.01)
    tool, transcript, seen = Dense(), Transcript([Message("user", "q")]), []
    agent = Agent(ScriptedModel([{"calls": [call("run", text="x")]}, "Done."]), {"run": tool}, limits(approval="auto"))
    async with aclosing(agent.run(transcript, ToolContext(None, None, None))) as events:
        async for event in events:
            if isinstance(event, ToolProgress):
                seen.append(event.content)
                tool.released.set()
    assert seen[0] == "ACGT" * 500


async def test_stopped_while_code_runs_the_next_turn_knows_what_it_printed() -> None:
    tool, transcript = Running(), Transcript([Message("user", "q")])
    agent = Agent(ScriptedModel([{"calls": [call("run", text="x")]}]), {"run": tool}, limits(approval="auto"))

    task = asyncio.create_task(drain(agent, transcript))
    await asyncio.wait_for(tool.begun.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    transcript.close()
    assert results(transcript) == [f"{loop.INTERRUPTED}\nepoch 1 token-123"]


async def test_running_is_not_the_turns_time_unless_the_question_has_one() -> None:
    options = JupyterAgent(deadline_seconds=600.0, run_timeout=0.0)
    free = Limits.for_question(Question("local", "?"), options, started=time.monotonic())
    assert free.run_seconds > 86_400
    options.run_timeout = 900.0
    limited = Limits.for_question(Question("local", "?"), options, started=time.monotonic())
    assert limited.run_seconds == 900.0
    counted = Limits.for_question(Question("local", "?", deadline_seconds=30), options, started=time.monotonic())
    assert 29 < counted.run_seconds <= 30

    tool = Running()
    how = limits(approval="auto", deadline=time.monotonic() + 0.2, is_run_counted=False)
    asyncio.get_running_loop().call_at(how.deadline + 0.2, tool.released.set)
    transcript, _, _ = await play([{"calls": [call("run", text="x")]}, "Done."], [tool], how)
    assert (results(transcript), transcript.finish_reason) == (["trained"], "stop")


async def test_an_argument_named_run_gives_no_tool_a_runs_time() -> None:
    class Reading(Running):
        def __init__(self) -> None:
            super().__init__()
            self.spec = ToolSpec("run", "Reads.", {"type": "object", "properties": {"run": {"type": "boolean"}}})
            self.effect = "read"
            self.released.set()

    tool = Reading()
    how = limits(approval="ask", deadline=time.monotonic() + 5, run_timeout=900.0, is_run_counted=False)
    transcript, _, _ = await play([{"calls": [call("run", run=True)]}, "Done."], [tool], how)
    assert (results(transcript), tool.timeout <= 5) == (["trained"], True)


@asynccontextmanager
async def live_kernel(folder: Path) -> AsyncIterator[RemoteKernel]:
    kernel, stop = await start_kernel(str(folder))
    try:
        yield kernel
    finally:
        await stop()


async def turn(tool: Tool, arguments: dict[str, Any], context: ToolContext, **how: Any) -> list[str]:
    """What the model learns of a call that runs endless code; a user who sees what it printed interrupts it, or it has a limit."""
    name = tool.spec.name
    agent = Agent(
        ScriptedModel([{"calls": [call(name, **arguments)]}, "Done."]), {name: tool}, limits(approval="auto", **how)
    )
    transcript = Transcript([Message("user", "q")])
    is_interrupted = False
    async with aclosing(agent.run(transcript, context)) as events:
        async for event in events:
            if isinstance(event, ToolProgress) and "epoch 1" in event.content and not how and not is_interrupted:
                assert context.kernel is not None
                is_interrupted = True
                await context.kernel.interrupt()
    return results(transcript)


@pytest.mark.parametrize("how", [{}, {"run_timeout": 1.0}], ids=["user", "option"])
async def test_the_model_learns_what_was_printed_until_the_user_or_the_option_ended_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    monkeypatch.setattr(loop, "PROGRESS_SECONDS", 0.05)
    path = tmp_path / "a.ipynb"
    path.write_text(text_of(notebook(code("a", ENDLESS))), encoding="utf-8")
    words = "The user interrupted it" if not how else "Its time was used up"
    async with live_kernel(tmp_path) as kernel:
        book = FileNotebook(path)
        context = ToolContext(kernel, await kernel.state(timeout=30), book)
        context.tool_record.show(await book.cells())
        for tool, arguments in ((RunCode(), {"code": ENDLESS}), (RunCell(), {"cell_id": "a"})):
            (result,) = await turn(tool, arguments, context, **how)
            assert result.startswith("epoch 1")
            assert words in result


async def test_a_cell_that_runs_in_a_page_is_interrupted_by_the_users_stop_and_by_the_option() -> None:
    class Page:
        """Runs a cell until the kernel is interrupted."""

        async def edit(self, edit: CellEdit, on_cells: Any) -> CellChange:
            begun.set()
            await interrupted.wait()
            node = code("a", ENDLESS)
            text = {"output_type": "stream", "name": "stdout", "text": "epoch 1\n"}
            error = {"output_type": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}
            return CellChange("a", code("a", ENDLESS), {**node, "outputs": [text, error]}, "", "")

    class Interruptible(StillKernel):
        async def interrupt(self) -> None:
            await super().interrupt()
            interrupted.set()

    for how in ({"run_timeout": 0.05}, {}):
        begun, interrupted, kernel = asyncio.Event(), asyncio.Event(), Interruptible()
        book = OpenNotebook("a.ipynb", cells_of([code("a", ENDLESS)]), Page().edit)
        context = ToolContext(kernel, kernel.now, book)
        context.tool_record.show(await book.cells())
        running = asyncio.create_task(turn(RunCell(), {"cell_id": "a"}, context, **how))
        await asyncio.wait_for(begun.wait(), 5)
        if how:
            (result,) = await running
            assert result.startswith("epoch 1")
            assert "Its time was used up" in result
        else:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        assert kernel.interrupted == 1


def test_T11_of_calls_that_a_stop_leaves_only_the_one_under_way_may_have_taken_effect() -> None:
    transcript = Transcript([Message("user", "go")])
    calls = (ToolCall("a", "run_code", '{"code": "1"}'), ToolCall("b", "run_code", '{"code": "2"}'))
    transcript.messages.append(Message("assistant", "", calls))
    transcript.under_way = Action("a", "run_code", "execute", "interrupted")
    transcript.close()
    assert [message.content for message in transcript.messages[1:]] == [loop.INTERRUPTED, loop.NOT_DONE]
