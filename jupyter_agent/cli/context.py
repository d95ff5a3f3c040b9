"""What a command works with: the assistant, the notebook file, and a kernel with --execute."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.agent.commands import LocalConversation
from jupyter_agent.agent.replay import last_event, replay_question
from jupyter_agent.config.options import JupyterAgent, read_config_files
from jupyter_agent.config.user_settings import ONE_USER, UserSettings
from jupyter_agent.core.errors import BadRequest, KernelUnavailable
from jupyter_agent.core.events import Event
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.doctor.isolation import Isolation
from jupyter_agent.kernelside.client import server_info
from jupyter_agent.kernelside.hidden_characters import for_terminal, json_for_terminal
from jupyter_agent.kernelside.magic.instructions import InstructionsCommand
from jupyter_agent.kernelside.wire import count
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.notebooks.instruction_files import LocalProject, local_project

CELL_SECONDS = 24 * 3600.0  # a notebook may compute for long; Ctrl-C ends it


@dataclass(slots=True)
class CliContext:
    """What a command's questions are about; an empty model, session or approval is the configured one, or the newest."""

    assistant: Assistant
    conversation: LocalConversation
    notebook_id: str = ""  # its name in conversations
    notebook: FileNotebook | None = None
    kernel: Kernel | None = None
    project: LocalProject | None = None
    model: str = ""
    session: str = ""
    approval: str = ""
    instructions: InstructionsCommand = field(default_factory=InstructionsCommand)

    async def question(self, query: str) -> Question:
        """A question about the notebook, in the conversation that is continued."""
        return Question(
            owner=self.conversation.owner,
            user=ONE_USER,
            query=query,
            session_id=await self.conversation.session_id(self.notebook_id, self.session),
            notebook_id=self.notebook_id,
            kernel=self.kernel,
            notebook=self.notebook,
            project=self.project,
            model=self.model or None,
            approval=self.approval or None,
        )

    async def ask_again(self, model: str, session: Session, turn: Turn, seconds: float) -> Event:
        """Ask a question of a replay: the given model answers, and nothing is run."""
        question = replace(await self.question(turn.question), session_id=session.id, model=model or self.model or None)
        return await last_event(self.assistant, replay_question(question, turn, seconds))


@asynccontextmanager
async def open_assistant(*, needs_store: bool = False) -> AsyncIterator[Assistant]:
    """An assistant with the options of Jupyter's configuration files and of the environment.

    Args:
        needs_store: Whether a command is of no use where the configured store cannot be opened.

    Raises:
        BadRequest: it needs the store, and that cannot be opened.
    """
    settings = UserSettings(JupyterAgent(config=read_config_files()))
    assistant = Assistant.from_config(settings.options, user_settings=settings)
    if needs_store and settings.options.store_problem:
        raise BadRequest(settings.options.store_problem)
    for problem in settings.options.problems:
        print_note(problem)
    try:
        yield assistant
    finally:
        await assistant.close()


@asynccontextmanager
async def open_context(arguments: argparse.Namespace) -> AsyncIterator[CliContext]:
    """The context of `ask` and `chat`; with ``--execute`` the cells have run in a kernel that is stopped at the end.

    Raises:
        KernelUnavailable: the notebook's kernel cannot be started.
    """
    path: Path | None = arguments.notebook
    notebook = FileNotebook(path) if path is not None else None
    async with AsyncExitStack() as stack:
        assistant = await stack.enter_async_context(open_assistant())
        kernel = await start_notebook_kernel(path, stack) if arguments.execute else None
        context = CliContext(
            assistant,
            LocalConversation(assistant.sessions, assistant.owner, assistant.edit_history),
            notebook_id(path),
            notebook,
            kernel,
            local_project(path.parent if path is not None else Path.cwd(), server_roots()),
            arguments.model,
            arguments.session,
            arguments.approve,
        )
        if kernel is not None and notebook is not None:
            await _run_cells(kernel, notebook)
        yield context


def notebook_id(path: Path | None) -> str:
    """A notebook's name in conversations: its path below the root of a running server that has it, else its full path."""
    if path is None:
        return ""
    return server_info.notebook_id(str(path.resolve()), server_roots())


def server_addresses() -> tuple[server_info.Address, ...]:
    """Of the Jupyter servers that run here."""
    records = sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json"))
    addresses = [server_info.read_address(str(record)) for record in records]
    return tuple(address for address in addresses if address is not None)


def server_roots() -> tuple[str, ...]:
    """The folders of the Jupyter servers that run here."""
    return tuple(address.root for address in server_addresses())


async def _run_cells(kernel: Kernel, notebook: FileNotebook) -> None:
    """Run a notebook's code cells, with progress on stderr; the first error ends it, as in Jupyter."""
    cells = [cell for cell in await notebook.cells() if cell.kind == "code" and cell.source.strip()]
    await kernel.state(timeout=CELL_SECONDS)  # so that the first cell is tracked, too
    for number, cell in enumerate(cells, 1):
        print_progress(number, len(cells), cell)
        result = await kernel.execute(cell.source, timeout=CELL_SECONDS)
        if result.status != "ok":
            why = f"{result.error.name}: {result.error.message}" if result.error is not None else result.status
            left = len(cells) - number
            rest = f"; {count(left, 'cell')} after it did not run" if left else ""
            print_note(f"Cell {number} failed with {why[:300]}{rest}")
            return


def print_progress(number: int, total: int, cell: Cell) -> None:
    """That a cell runs now."""
    print_note(f"Running cell {number} of {total}: {cell.source.strip().partition(chr(10))[0][:70]}")


def print_text(text: str, *, end: str = "\n", error: bool = False) -> None:
    """Print what models, notebooks or users wrote on stdout, or on stderr, without what commands a terminal."""
    print(for_terminal(text), end=end, file=sys.stderr if error else sys.stdout, flush=True)


def print_json(value: object) -> None:
    """Print a value as JSON; what commands a terminal is escaped."""
    print(json_for_terminal(value))


def print_note(text: str) -> None:
    """Print what is not the answer on stderr; a terminal shows it faint."""
    text = for_terminal(text)
    faint = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    print(f"\x1b[2m· {text}\x1b[0m" if faint else f"· {text}", file=sys.stderr, flush=True)


async def start_notebook_kernel(path: Path | None, stack: AsyncExitStack, isolation: Isolation | None = None) -> Kernel:
    """Start the kernel that a notebook names, in its folder; it is stopped when the stack is closed.

    Args:
        path: The notebook; None for the current folder.
        stack: Stops the kernel.
        isolation: What keeps the user's files from it.

    Raises:
        KernelUnavailable: it cannot be started.
    """
    from jupyter_agent.kernels.owned_kernel import start_kernel

    folder, name = _kernel_folder_and_name(path)
    start = partial(start_kernel, folder, env_remove=JupyterAgent(config=read_config_files()).kernel_env_remove)
    if isolation is not None:
        start = partial(start, options=isolation.options, env_add=isolation.environment, launcher=isolation.launcher)
    try:
        kernel, shutdown = await start(name)
    except KernelUnavailable:
        if name == "python3":
            raise
        print_note(f"The notebook's kernel {name} is not installed; python3 is used instead.")
        kernel, shutdown = await start()
    stack.push_async_callback(shutdown)
    return kernel


def _kernel_folder_and_name(path: Path | None) -> tuple[str, str]:
    folder = str(Path.cwd() if path is None else path.resolve().parent)
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"] if path is not None else {}
        return folder, str(metadata["kernelspec"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return folder, "python3"
