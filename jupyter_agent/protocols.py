"""The seams: Kernel, Notebook, Model, Tool, SessionStore."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from jupyter_agent.messages import Effect, Message, ModelEvent
from jupyter_agent.session import Session, Turn
from jupyter_agent.state import Cell, ExecutionResult, KernelState, Variable


class Kernel(Protocol):
    """One kernel, wherever it runs. Each implementation keeps the last state that it saw."""

    @property
    def kernel_id(self) -> str:
        """Jupyter's id of the kernel."""

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        """What is known now; at the latest after `timeout` seconds.

        Never raises for a kernel's failing: the last known state then comes back with `stale` saying why.
        """

    async def inspect(self, name: str, column: str | None = None) -> Variable:
        """One variable (or one column of a frame) in full detail, read from the live kernel.

        Raises:
            NotFound: no such variable or column now.
            KernelUnavailable: the kernel cannot be asked.
        """

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code in the user's namespace, visibly; past `timeout` seconds it is interrupted."""

    async def interrupt(self) -> None:
        """Stop what the kernel runs."""


class Notebook(Protocol):
    """One notebook: open in a browser, on a server, or a file."""

    @property
    def path(self) -> str:
        """Its path below the server's root, or the file's path."""

    async def cells(self) -> tuple[Cell, ...]:
        """All cells, in order.

        Raises:
            NotFound: the notebook is gone.
        """

    async def files(self) -> tuple[str, ...]:
        """Names of the files beside it, sorted, at most 200."""

    async def read_file(self, name: str, limit: int) -> str:
        """The first `limit` characters of a text file in its folder, or below that.

        Raises:
            NotFound: there is none that may be read; the message says why.
        """


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a model is told of a tool.

    Attributes:
        name: As the model calls it.
        description: One or two sentences.
        parameters: JSON Schema of the arguments, an object.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]


class Model(Protocol):
    """Messages and tools in, a stream out. Does not loop and keeps nothing."""

    @property
    def name(self) -> str:
        """``provider:model``, or the provider's name where it has one model."""

    def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        """Answer: text as it comes, whole tool calls, and at last one `ModelFinished`.

        Args:
            messages: Provider-valid history, the system message first.
            tools: What may be called.
            deadline: On `time.monotonic()`; past it `UpstreamTimeout`.

        Raises:
            UpstreamError: one of its kinds, with the cure in words.
        """

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may see: the turn's kernel, the state at its beginning, its notebook."""

    kernel: Kernel | None
    state: KernelState | None
    notebook: Notebook | None
    timeout: float = 120.0


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """A tool's answer to the model: JSON or plain text; `ok=False` says what went wrong and the cure."""

    content: str
    ok: bool = True


@runtime_checkable
class Tool(Protocol):
    """Something a model may do. Keeps no state."""

    @property
    def spec(self) -> ToolSpec:
        """What the model is told."""

    @property
    def effect(self) -> Effect:
        """``read`` is free; ``execute`` and ``write`` ask the user."""

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Do it, with arguments that fit the schema."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some sessions of a list, newest activity first, and where the next page starts (None: no more)."""

    sessions: tuple[Session, ...]
    cursor: str | None = None


class SessionStore(Protocol):
    """Keeps sessions and their turns; interprets neither. All calls are safe from several processes.

    A session's head is replaced by compare-and-swap on its revision; turns are only ever appended. Owner, notebook and
    id together name one session; a session that was deleted and created anew (another `created_at`) is another session.
    Nothing returns before it is durable. Every call may raise `StoreUnavailable`, every write `StoreFull`.
    """

    async def now(self) -> float:
        """The clock that `OpenTurn.expires` is read on, in seconds; it never goes back while a turn is open."""

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        """Keep a new session of revision 1 and its first turns, all or nothing.

        Raises:
            VersionConflict: that key exists, or a session of that owner, notebook and id.
        """

    async def read(self, key: str) -> Session | None:
        """The session's head."""

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        """Replace the head and append a turn, both or neither.

        Raises:
            VersionConflict: the stored revision is not ``session.revision - 1``, the session is gone, the turn's id
                exists, or another session has the new notebook and id.
        """

    async def turn(self, key: str, turn_id: str) -> Turn | None:
        """One turn, on whichever branch."""

    async def path(self, key: str, turn_id: str, limit: int) -> tuple[Turn, ...]:
        """The turn and its ancestors, at most `limit` of the newest, oldest first."""

    async def find(
        self,
        owner: str,
        *,
        session_id: str | None = None,
        notebook_id: str | None = None,
        text: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """Sessions of one owner, newest activity first; `text` is looked for literally in titles, questions, answers."""

    async def count(self, owner: str) -> int:
        """How many sessions one owner has."""

    async def delete(self, key: str) -> bool:
        """Forget a session and its turns; False if there was none."""

    async def close(self) -> None:
        """Let go of files and connections."""
