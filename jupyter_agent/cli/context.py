"""What a command works with: the assistant, the notebook file, and a kernel if one was asked for."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.agent.commands import LOCAL, LocalConversation
from jupyter_agent.agent.replay import Answer, last_event, replay_question
from jupyter_agent.config.options import JupyterAgent, read_config_files
from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.core.messages import Event
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session
from jupyter_agent.kernelside.client import server_info
from jupyter_agent.notebooks.file import FileNotebook

CELL_SECONDS = 24 * 3600.0  # a notebook may compute for long; Ctrl-C ends it


@dataclass(slots=True)
class Desk:
    """One notebook on the desk, or none.

    Attributes:
        assistant: Answers.
        conversation: Which session goes on.
        notebook_id: The notebook's name in conversations; empty without one.
        notebook: Its file.
        kernel: Its kernel, if one runs.
        model: Chosen by the user; empty for the configured one.
        session: Likewise; empty for the notebook's newest.
        approval: Likewise; empty for the configured one.
    """

    assistant: Assistant
    conversation: LocalConversation
    notebook_id: str = ""
    notebook: FileNotebook | None = None
    kernel: Kernel | None = None
    model: str = ""
    session: str = ""
    approval: str = ""

    async def question(self, query: str) -> Question:
        """A question about what is on the desk."""
        return Question(
            owner=LOCAL,
            query=query,
            session_id=await self.conversation.session_id(self.notebook_id, self.session),
            notebook_id=self.notebook_id,
            kernel=self.kernel,
            notebook=self.notebook,
            model=self.model or None,
            approval=self.approval or None,
        )

    def answer_with(self, model: str) -> Answer:
        """Asks a question of a replay: by the given model, and nothing is run."""

        async def answer(session: Session, query: str, seconds: float) -> Event:
            question = replace(await self.question(query), session_id=session.id, model=model or self.model or None)
            return await last_event(self.assistant, replay_question(question, seconds))

        return answer


@asynccontextmanager
async def assistant() -> AsyncIterator[Assistant]:
    """An assistant with the options of Jupyter's configuration files and of the environment."""
    made = Assistant.from_config(JupyterAgent(config=read_config_files()))
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def desk(arguments: argparse.Namespace) -> AsyncIterator[Desk]:
    """What the arguments of `ask` and `chat` speak of; a kernel that was started ends with it.

    Raises:
        KernelUnavailable: the notebook's kernel cannot be started.
    """
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(assistant())
        path: Path | None = arguments.notebook
        kernel = None
        if arguments.execute:
            kernel = await started(path, stack)
        laid = Desk(
            made,
            LocalConversation(made.sessions, made.edit_history),
            notebook_id(path),
            FileNotebook(path) if path is not None else None,
            kernel,
            arguments.model,
            arguments.session,
            arguments.approve,
        )
        if laid.kernel is not None and laid.notebook is not None:
            await run_cells(laid.kernel, laid.notebook)
        yield laid


def notebook_id(path: Path | None) -> str:
    """A notebook's name in conversations: below the root of a running server that can see it, else its full path."""
    records = sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json"))
    addresses = [server_info.read_address(str(one)) for one in records]
    roots = tuple(one.root for one in addresses if one is not None)
    return server_info.notebook_id(str(path.resolve()), roots) if path is not None else ""


async def run_cells(kernel: Kernel, notebook: FileNotebook) -> None:
    """Run a notebook's code cells, saying on stderr how far it is; the first error ends it, as in Jupyter."""
    cells = [cell for cell in await notebook.cells() if cell.kind == "code" and cell.source.strip()]
    await kernel.state(timeout=CELL_SECONDS)  # so that it follows the cells from the first one on
    for number, cell in enumerate(cells, 1):
        say(f"running cell {number} of {len(cells)}: {first_line(cell.source)}")
        result = await kernel.execute(cell.source, timeout=CELL_SECONDS)
        if result.status != "ok":
            why = f"{result.error.name}: {result.error.message}" if result.error is not None else result.status
            left = len(cells) - number
            say(f"cell {number} failed with {why[:300]}" + (f"; {left} after it did not run" if left else ""))
            return


def say(words: str) -> None:
    """Something that is not the answer; a terminal shows it faint."""
    faint = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    print(f"\x1b[2m· {words}\x1b[0m" if faint else f"· {words}", file=sys.stderr, flush=True)


async def started(path: Path | None, stack: AsyncExitStack) -> Kernel:
    """A kernel as a notebook wants it, in the notebook's folder; it ends with the stack.

    Raises:
        KernelUnavailable: it cannot be started.
    """
    from jupyter_agent.kernels.owned_kernel import start_kernel

    folder, name = _folder(path), _kernel_name(path)
    try:
        kernel, shutdown = await start_kernel(folder, name)
    except KernelUnavailable:
        if name == "python3":
            raise
        say(f"the kernel {name} of the notebook is not installed here; python3 takes its place")
        kernel, shutdown = await start_kernel(folder)
    stack.push_async_callback(shutdown)
    return kernel


def _folder(path: Path | None) -> str:
    return str(Path.cwd() if path is None else path.resolve().parent)


def _kernel_name(path: Path | None) -> str:
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"] if path is not None else {}
        return str(metadata["kernelspec"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return "python3"


def first_line(source: str) -> str:
    """Where a reader recognises a cell by."""
    return source.strip().partition("\n")[0][:70]
