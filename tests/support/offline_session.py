"""A session with the offline model: a real IPython shell with real data, the real tools, the real loop."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from jupyter_agent.agent.limits import Limits
from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.core.events import Declined, ModelFinished, Suggestion, TextDelta, ToolCalled
from jupyter_agent.core.kernel_state import ExecutionError, ExecutionResult
from jupyter_agent.core.messages import CodeBlock, Message, ToolCall, code_blocks
from jupyter_agent.core.protocols import Tool, ToolContext, ToolOutput
from jupyter_agent.kernels.local import LocalKernel
from jupyter_agent.models.offline import OfflineModel
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.tools.check import CheckNotebook
from jupyter_agent.tools.files import ListFiles
from jupyter_agent.tools.kernel import InspectVariable, ListVariables, ReadError
from jupyter_agent.tools.notebook import ReadCells
from jupyter_agent.tools.running import RunCode

TOOLS: tuple[Tool, ...] = (
    ListVariables(),
    InspectVariable(),
    ReadError(),
    ReadCells(),
    ListFiles(),
    CheckNotebook(),
    RunCode(),
)
os.environ.setdefault("MPLBACKEND", "Agg")
#: One loop and its threads for all questions.
RUNNER = asyncio.Runner()


@dataclass
class Reply:
    """One answer, with what was called for it."""

    text: str
    deltas: list[str]
    called: list[str]
    ran: list[str]
    messages: list[Message]
    declined: Declined | None = None
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def blocks(self) -> list[CodeBlock]:
        return list(code_blocks(self.text))

    @property
    def code(self) -> str:
        """The Python of the answer."""
        return "\n".join(block.source for block in self.blocks if block.language == "python")


@dataclass
class OfflineSession:
    """One conversation about one namespace."""

    shell: Any
    approval: str = "auto"
    notebook: FileNotebook | None = None
    tools: Sequence[Tool] = TOOLS
    history: list[Message] = field(default_factory=list)

    def run_cell(self, source: str, cell_id: str | None = None) -> Any:
        """Run a cell as a user does; what watches the kernel watches this shell from now on."""
        LocalKernel(self.shell)
        with capture_output():
            return self.shell.run_cell(source, store_history=True, cell_id=cell_id)

    def fresh(self, **changes: Any) -> OfflineSession:
        """The same namespace, nothing said yet."""
        return OfflineSession(
            self.shell, **{"approval": self.approval, "notebook": self.notebook, "tools": self.tools, **changes}
        )

    def ask(self, question: str) -> Reply:
        """Ask, as one turn of the conversation."""
        return RUNNER.run(self._ask(question))

    async def _ask(self, question: str) -> Reply:
        kernel = LocalKernel(self.shell, self._run)
        context = ToolContext(kernel, await kernel.state(), self.notebook)
        transcript = Transcript([Message("system", "You help."), *self.history, Message("user", question)])
        limits = Limits(time.monotonic() + 60, approval=self.approval)
        agent = Agent(OfflineModel(), {tool.spec.name: tool for tool in self.tools}, limits)
        deltas: list[str] = []
        calls: list[ToolCalled] = []
        async with aclosing(agent.run(transcript, context)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    deltas.append(event.text)
                elif isinstance(event, ToolCalled):
                    calls.append(event)
        assert transcript.finish_reason == "stop"
        self.history += [Message("user", question), *transcript.messages]
        ran = [str(call.arguments.get("code")) for call in calls if call.tool == "run_code"]
        return Reply(
            transcript.reply,
            deltas,
            [call.tool for call in calls],
            ran,
            transcript.messages,
            transcript.declined,
            transcript.suggestions,
        )

    async def _run(self, code: str) -> ExecutionResult:
        before = set(self.shell.user_ns)
        with capture_output() as captured:
            outcome = self.shell.run_cell(code, store_history=False)
        left = {name for name in set(self.shell.user_ns) - before if not name.startswith("_")}
        assert not left or "import" in code, f"left names behind: {code}"
        if not outcome.success:
            error = outcome.error_in_exec or outcome.error_before_exec
            text = f"Traceback (most recent call last)\n{type(error).__name__}: {error}"
            return ExecutionResult("error", text, error=ExecutionError(type(error).__name__, str(error)))
        return ExecutionResult("ok", captured.stdout)

    def executed(self, reply: Reply, **more: Any) -> Mapping[str, Any]:
        """The names after the answer's code has run on a copy of the namespace; the value of its last line is ``_``."""
        names = {
            key: value.copy()
            if hasattr(type(value), "copy")
            else value.clone()
            if hasattr(type(value), "clone")
            else value
            for key, value in self.shell.user_ns.items()
            if not key.startswith("_")
        }
        names.update(more)
        assert reply.code, f"no code in: {reply.text}"
        tree = ast.parse(reply.code)
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            body = ast.Module(tree.body[:-1], [])
            exec(compile(body, "answer", "exec"), names)
            names["_"] = eval(compile(ast.Expression(last.value), "answer", "eval"), names)
        else:
            exec(compile(tree, "answer", "exec"), names)
        return names


def new_shell(source: str) -> Any:
    """A shell of its own in which some code has run."""
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.xmode = "Minimal"  # pictures of pandas' own frames take seconds
    shell: Any = InteractiveShell(config=config)  # type: ignore[no-untyped-call]
    LocalKernel(shell)
    with capture_output() as captured:
        outcome = shell.run_cell(source, store_history=True)
    assert outcome.success, captured.stdout
    return shell


SALES = """
import pandas as pd
import numpy as np
import math
rng = np.random.default_rng(7)
df = pd.DataFrame({
    'city': rng.choice(['Berlin', 'Hamburg', 'Munich', 'New York'], 200, p=[.4, .3, .2, .1]),
    'price': rng.normal(300, 80, 200).round(2),
    'area': rng.integers(30, 150, 200),
    'rooms': rng.integers(1, 6, 200),
    'sold_at': pd.date_range('2023-01-03', periods=200, freq='3D'),
    'furnished': rng.choice([True, False], 200),
})
df.loc[[3, 17, 42], 'price'] = np.nan
threshold = 0.75
name = 'Ada Lovelace'
config = {'batch_size': 32, 'lr': 0.001, 'layers': [64, 64]}
scores = [3, 1, 4, 1, 5]
weights = np.arange(12.0).reshape(3, 4)
flag = True
api_key = 'sk-1234567890abcdef'
ages = pd.Series([30, 41, 25], name='age')
def area_of(width: float, height: float = 2.0) -> float:
    '''Area of a rectangle.'''
    return width * height
"""


def write_notebook(path: Path, cells: Sequence[Mapping[str, Any]]) -> FileNotebook:
    """A notebook file of these cells."""
    nodes = [
        {
            "id": f"c{place}",
            "metadata": {},
            **({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}),
            **cell,
        }
        for place, cell in enumerate(cells)
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": nodes}), encoding="utf-8")
    return FileNotebook(path)


SPECS = tuple(tool.spec for tool in TOOLS)
Results = Mapping[str, str | ToolOutput | Callable[[Mapping[str, Any]], str]]


def last_answer(questions: str | Sequence[str], results: Results, specs: Sequence[Any] = SPECS) -> str:
    """The last answer of a conversation in which each tool answers with a given text."""
    messages: list[Message] = [Message("system", "You help.")]
    answer = ""
    for question in [questions] if isinstance(questions, str) else questions:
        messages.append(Message("user", question))
        answer = RUNNER.run(_answered(messages, results, specs))
        messages.append(Message("assistant", answer))
    return answer


async def _answered(messages: list[Message], results: Results, specs: Sequence[Any]) -> str:
    for _ in range(8):
        events = [event async for event in OfflineModel().stream(messages, specs, deadline=time.monotonic() + 60)]
        assert isinstance(events[-1], ModelFinished)
        assert sum(isinstance(event, ModelFinished) for event in events) == 1
        calls = tuple(event for event in events if isinstance(event, ToolCall))
        if not calls:
            assert events[-1].reason == "stop"
            return "".join(event.text for event in events if isinstance(event, TextDelta))
        assert events[-1].reason == "tool_calls"
        messages.append(Message("assistant", "", calls))
        for call in calls:
            given = results.get(call.name) or ToolOutput.failure("unavailable", "there is nothing")
            output = given(json.loads(call.arguments)) if callable(given) else given
            output = ToolOutput(output) if isinstance(output, str) else output
            messages.append(Message("tool", output.content, tool_call_id=call.id, code=output.code))
    raise AssertionError("it asked for tools again and again")
