"""A task answered in two ways: by the assistant, and by the bare model, which gets the question and `df.head()`."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tasks.sets import Step, Task, Verdict, verdict_of
from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.events import ApprovalAsked, Done, Failed, ModelFinished, TextDelta, UsageReported
from jupyter_agent.core.messages import CellEdit, Effect, Message, Usage, code_blocks
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.core.question import Decision, Question
from jupyter_agent.core.session import Session
from jupyter_agent.core.tokens import estimate_tokens
from jupyter_agent.kernels.owned_kernel import start_kernel
from jupyter_agent.notebooks.file import FileNotebook

BARE = """\
{known}

{query}

Write one block of Python code that prints the answer."""
FRAME = "A pandas DataFrame `df` is loaded. `df.head()` is:\n\n{head}"
NAMES = "These variables are there: {names}."
_SECONDS = 120.0
_PYTHON = ("", "python", "py", "python3")


@dataclass(frozen=True, slots=True)
class Result:
    """How one step was answered.

    Attributes:
        task: Its id, with the step's number where there are several.
        verdict: Right, wrong, declined, or failed where there was no answer.
        reply: The answer.
        tokens: Sent and received.
        requests: To the model.
        clicks: Approvals answered.
        seconds: From the question to the end of the answer.
    """

    task: str
    verdict: Verdict
    reply: str
    tokens: int
    requests: int
    clicks: int
    seconds: float


class Clicks:
    """Allows everything: the first thing once, the second and what is always asked about each time, all else for the conversation."""

    def __init__(self) -> None:
        self.count = 0
        self._allowed: set[Effect] = set()

    def is_allowed(self, session: Session, asked: ApprovalAsked) -> bool:
        return not asked.reasons and {asked.effect, *asked.effects} <= self._allowed

    async def decide(self, asked: ApprovalAsked) -> Decision:
        self.count += 1
        if self.count > 1 and not asked.reasons:
            self._allowed |= {asked.effect, *asked.effects}
        return Decision(approved=True)


#: Answers one step: the answer, tokens, requests, clicks, whether anything was done.
Answer = Callable[[Step], Awaitable[tuple[str, int, int, int, bool]]]


async def answer_task(task: Task, way: str, assistant: Assistant, model: str) -> list[Result]:
    """Answer all steps of a task in a kernel of its own."""
    async with opened(task) as (kernel, notebook):
        answer = _agent(assistant, model, kernel, notebook) if way == "agent" else _bare(assistant, model, kernel)
        results = []
        for number, step in enumerate(task.steps, 1):
            before = await _fingerprints(kernel, step.intact)
            began = time.monotonic()
            reply, tokens, requests, clicks, has_acted = await answer(step)
            seconds = time.monotonic() - began
            is_done = await _fingerprints(kernel, step.intact) == before
            if step.check:
                is_done = is_done and (await _evaluated(kernel, f"bool({step.check})")) == "True"
            verdict: Verdict = "failed"
            if tokens >= 0:
                verdict = verdict_of(step, reply, is_done=is_done, has_acted=has_acted)
            name = task.id if len(task.steps) == 1 else f"{task.id}.{number}"
            results.append(Result(name, verdict, reply, max(0, tokens), requests, clicks, seconds))
        return results


def _agent(assistant: Assistant, model: str, kernel: Kernel, notebook: Notebook) -> Answer:
    user, session_id = Clicks(), f"task-{time.monotonic_ns()}"

    async def answer(step: Step) -> tuple[str, int, int, int, bool]:
        question = Question(
            "local",
            step.query,
            session_id=session_id,
            notebook_id="task.ipynb",
            kernel=kernel,
            notebook=notebook,
            model=model,
            decide=user.decide,
            is_allowed=user.is_allowed,
        )
        requests, clicks = 0, user.count
        async with aclosing(assistant.ask(question)) as events:
            async for event in events:
                requests += isinstance(event, UsageReported)
                last = event
        if not isinstance(last, Done):
            words = last.message if isinstance(last, Failed) else ""
            return words, -1, requests, user.count - clicks, False
        has_acted = any(action.effect != "read" and action.status == "done" for action in last.actions)
        tokens = last.usage.input_tokens + last.usage.output_tokens
        return last.reply, tokens, requests, user.count - clicks, has_acted

    return answer


def _bare(assistant: Assistant, model: str, kernel: Kernel) -> Answer:
    async def answer(step: Step) -> tuple[str, int, int, int, bool]:
        names = (await kernel.state()).variables
        known = NAMES.format(names=", ".join(names))
        if "df" in names:
            known = FRAME.format(head=await _evaluated(kernel, "print(df.head())"))
        prompt = BARE.format(known=known, query=step.query)
        text, usage = "", Usage()
        deadline = time.monotonic() + assistant.resources.options.deadline_seconds
        try:
            stream = assistant.model(model).stream([Message("user", prompt)], (), deadline=deadline)
            async with aclosing(stream) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        text += event.text
                    elif isinstance(event, ModelFinished):
                        usage = event.usage
        except AgentError as error:
            return error.message, -1, 1, 0, False
        tokens = usage.input_tokens + usage.output_tokens or estimate_tokens(prompt + text)
        blocks = [block.source for block in code_blocks(text) if block.language.lower() in _PYTHON]
        if not blocks:
            return text, tokens, 1, 0, False
        result = await kernel.execute(blocks[0], timeout=_SECONDS)
        # The numbers of a traceback are no answer.
        return result.text if result.status == "ok" else "", tokens, 1, 0, True

    return answer


@asynccontextmanager
async def opened(task: Task) -> AsyncIterator[tuple[Kernel, Notebook]]:
    """The task's notebook in a folder of its own with the table, and a kernel in which its cells have run."""
    with tempfile.TemporaryDirectory() as folder:
        if task.table is not None:
            shutil.copy(task.table, folder)
        path = _write_notebook(Path(folder, "task.ipynb"), task.setup)
        notebook = FileNotebook(path)
        kernel, stop = await start_kernel(folder)
        try:
            await kernel.state(timeout=20)
            for cell in await notebook.cells():
                await notebook.edit(CellEdit("run", cell.id, cell.source_hash), timeout=_SECONDS, kernel=kernel)
            yield kernel, notebook
        finally:
            await stop()


def _write_notebook(path: Path, setup: Sequence[str]) -> Path:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": code,
        }
        for number, code in enumerate(setup)
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    return path


async def _evaluated(kernel: Kernel, code: str) -> str:
    """What code displays, run on a copy of the namespace."""
    return (await kernel.try_execute(code, timeout=_SECONDS)).text.strip()


async def _fingerprints(kernel: Kernel, names: Sequence[str]) -> str:
    if not names:
        return ""
    return await _evaluated(
        kernel, f"import hashlib, pickle\nhashlib.md5(pickle.dumps(({', '.join(names)},))).hexdigest()"
    )
