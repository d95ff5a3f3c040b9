"""The seams: Kernel, Notebook, Model, Tool, SessionStore."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from jupyter_agent.core.events import ModelEvent
from jupyter_agent.core.instructions import InstructionFile
from jupyter_agent.core.kernel_state import Cell, ExecutionResult, KernelState, Variable
from jupyter_agent.core.messages import CallDisplay, CellChange, CellEdit, Effect, Json, Message, Picture, Reason
from jupyter_agent.core.session import Session, Turn


class Kernel(Protocol):
    """One kernel, wherever it runs. Each implementation keeps the last state that it saw."""

    @property
    def kernel_id(self) -> str:
        """Jupyter's id of the kernel."""

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        """What is known now; at the latest after `timeout` seconds.

        Never raises for a kernel's failing: the last known state then comes back with `stale` saying why.
        """

    async def inspect(self, name: str, column: str | None = None, values: Sequence[str] = ()) -> Variable:
        """One variable (or one column of a frame) in full detail, read from the live kernel.

        Of columns of text with more values than are described, those are added that have one of the words in `values`.

        Raises:
            NotFound: no such variable or column now.
            KernelUnavailable: the kernel cannot be asked.
        """

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code in the user's namespace, visibly; past `timeout` seconds it is interrupted.

        What it has printed so far is to be had in `core.progress` meanwhile, where the kernel can say it.
        """

    async def try_execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code on trial: what it displays is returned, and nothing is bound in the user's namespace.

        The code sees the user's names in a copy of their namespace. No history is kept and no execution count spent;
        ``_`` and ``Out`` stay; names that the user's own functions rebind meanwhile are bound back, unless threads of
        the user's run; the random numbers of Python and numpy, and the working folder, are as before. It is no sandbox:
        objects are shared, so what is changed in place stays changed (`ExecutionResult.changed` names what was seen
        to be), and files, connections and imported modules are the kernel's own. Python only: magics and shell lines
        are an error. Past `timeout` seconds it is interrupted.
        """

    async def signature(self, code: str, cursor: int) -> str:
        """Signature and documentation of the object at a place in code, as plain text.

        Raises:
            NotFound: the kernel knows no such object.
            KernelUnavailable: the kernel cannot be asked, or is busy.
        """

    async def interrupt(self) -> None:
        """Stop what the kernel runs."""

    async def restart(self) -> None:
        """Start a new process; all variables are lost.

        Raises:
            KernelUnavailable: this kernel cannot be restarted from here.
        """


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

    async def output(self, cell_id: str) -> ExecutionResult:
        """What a cell shows as its output, pictures included.

        Raises:
            NotFound: the cell or the notebook is gone.
        """

    async def files(self) -> tuple[str, ...]:
        """Names of the files in the notebook's folder, sorted, at most 200."""

    async def read_file(self, name: str, limit: int) -> str:
        """The first `limit` characters of a text file in its folder, or below that.

        Raises:
            NotFound: there is none that may be read; the message says why.
        """

    async def read_picture(self, name: str) -> Picture:
        """A picture file in its folder, or below that.

        Raises:
            NotFound: there is none that may be read; the message says why.
            BadRequest, TooLarge: it is no picture that models take.
        """

    async def changed_at(self, names: Collection[str]) -> Mapping[str, float]:
        """When files were changed last, by names as cells write them, in seconds since the epoch; none is read.

        Those that do not exist, or may not be read, are left out.
        """

    async def edit(self, edit: CellEdit, *, timeout: float, kernel: Kernel | None = None) -> CellChange:
        """Edit one cell by compare-and-swap: only if its source is still the one that the edit was made for.

        An ``insert`` whose cell is there already, as it was to be, has happened before: nothing is done again.

        Args:
            edit: What to do.
            timeout: Seconds, a run of the cell included.
            kernel: Runs a cell (``run``) where no page has the notebook open and runs it itself.

        Returns:
            What was done. A cell that raised was run: the error stands in its outputs.

        Raises:
            CellChanged: the cell is another now; nothing was done.
            NotFound: the cell or the notebook is gone.
            Forbidden: the notebook cannot be written; the message says why.
            KernelUnavailable: a cell cannot be run now.
        """

    async def apply_changes(self, changes: Sequence[CellChange]) -> tuple[str, ...]:
        """Bring cells to what each change says is `after`, in order; undo passes them reversed, the newest first.

        Args:
            changes: Each is made only where the cell still is what it says is `before`.

        Returns:
            Ids of the cells that were left as they are, because somebody has changed them since.

        Raises:
            NotFound: the notebook is gone.
            Forbidden: the notebook cannot be written; the message says why.
        """


@dataclass(frozen=True)  # without slots, which have no room for what is cached
class ToolSpec:
    """How a tool is described to a model.

    Attributes:
        name: As the model calls it.
        description: One or two sentences.
        parameters: JSON Schema of the arguments, an object.
        title: What people are shown, such as "Run code"; the name where it is empty. Not sent to models.
        icon: Name of a JupyterLab icon, such as ``ui-components:run``; a generic one where it is empty.
        display: How people are shown its calls, where that is not only by their arguments. Likewise.
        is_foreign: Whether it is another program's, so that it is left out where there is no room for it.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    title: str = ""
    icon: str = ""
    display: CallDisplay | None = None
    is_foreign: bool = False

    @cached_property
    def text(self) -> str:
        """What a model is told of it, to count its tokens."""
        return f"{self.name} {self.description} {json.dumps(self.parameters)}"


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
            UpstreamError: one of its kinds; the message says what to do.
        """

    async def close(self) -> None:
        """Let go of connections."""


#: How a model is given tools: as its server takes them, in words, or as code blocks that are run.
ToolMode: TypeAlias = Literal["native", "text", "code"]


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """How a model is asked, as far as is known by now.

    Attributes:
        tool_mode: In ``code`` the tools cost no tokens, and are not offered where the code of the answer is run in the end.
        sees: Whether it takes the messages' pictures: False has them put into words before it is asked; None leaves that to
            the model, which names ``pictures`` in `ModelFinished.ignored` where it left them out.
        preface: What the model itself puts before the question, so that there is room for it.
    """

    tool_mode: ToolMode = "native"
    sees: bool | None = None
    preface: str = ""


class AdaptedModel(Protocol):
    """A model that is not asked as others are; nothing is asked for this."""

    @property
    def traits(self) -> ModelTraits:
        """How it is asked."""


def traits_of(model: Model | AdaptedModel | None) -> ModelTraits:
    """How a model is asked, as `AdaptedModel.traits`."""
    # Not `isinstance`, which reads each attribute once more, and takes long: a turn asks for this and the window a dozen times.
    traits = getattr(model, "traits", None)
    return traits if isinstance(traits, ModelTraits) else ModelTraits()


@runtime_checkable
class PreparingModel(Protocol):
    """A model that is not sent messages and tools as they are."""

    def prepared(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec]
    ) -> tuple[Sequence[Message], Sequence[ToolSpec]]:
        """What it is sent of them."""


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """How many tokens a model takes.

    Attributes:
        tokens: Of a request and its answer together; 0 where nothing is too long.
        is_reported: Whether the model's server says so; else it is what such models usually take.
    """

    tokens: int
    is_reported: bool = False


@runtime_checkable
class WindowedModel(Protocol):
    """A model that knows how much it takes, as far as its server has said so by now: nothing is asked for this."""

    @property
    def window(self) -> ContextWindow | None:
        """What is known; None where nothing is."""


def window_of(model: Model | WindowedModel) -> ContextWindow | None:
    """How much a model takes, as `WindowedModel.window`."""
    window = getattr(model, "window", None)
    return window if isinstance(window, ContextWindow) else None


#: The tool that runs code in the kernel; a kernel busy with our own magic can serve it alone, and code blocks may be calls of it.
RUN_CODE = "run_code"
#: What is no option of the model's server by that name.
_NOT_SENT = ("extra_body", "must_see", "is_for_program")


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """How an answer is to be made; None, or empty, leaves it to the model's server.

    Attributes:
        temperature: How much chance there is in it.
        top_p: Of how likely words it is made.
        max_tokens: Where it is cut.
        stop: Texts before which it is cut.
        seed: Of the chance.
        frequency_penalty: Against words that it has often.
        presence_penalty: Against words that it has.
        reasoning_effort: How long the model thinks.
        response_format: The form of it, as the OpenAI API has it: ``json_object``, or ``json_schema`` with the schema.
        tool_choice: The tool that is to be called, or ``required`` for any of them.
        parallel_tool_calls: Whether several may be called at once.
        extra_body: What its server takes besides, by the names that it has there.
        must_see: Whether the messages' pictures may not be left out.
        is_for_program: Whether a program reads the answer, or has tools of its own: the model is not spoken to in code blocks.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    reasoning_effort: str = ""
    response_format: Mapping[str, Any] | None = None
    tool_choice: str = ""
    parallel_tool_calls: bool | None = None
    extra_body: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    must_see: bool = False
    is_for_program: bool = False

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> ModelOptions:
        """What ``c.JupyterAgent.model_options`` says of one model."""
        stop = settings.get("stop", ())
        given = {name: settings[name] for name in ("temperature", "top_p", "max_tokens", "seed") if name in settings}
        return cls(
            **given,
            stop=(stop,) if isinstance(stop, str) else tuple(stop),
            reasoning_effort=settings.get("effort", ""),
            extra_body=settings.get("extra_body", {}),
        )

    def given(self) -> dict[str, Any]:
        """What is not left to the server, by name, without `extra_body`."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, "", ()) and name not in _NOT_SENT}

    def over(self, others: ModelOptions) -> ModelOptions:
        """These, and what they leave open as the others have it."""
        given: dict[str, Any] = {**self.given(), "must_see": self.must_see, "is_for_program": self.is_for_program}
        return replace(others, **given, extra_body={**others.extra_body, **self.extra_body})


@runtime_checkable
class AdjustableModel(Protocol):
    """A model that takes options; the last thing that its stream yields names those that its server does not take."""

    takes_options: Literal[True]

    def stream(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec] = (),
        *,
        deadline: float,
        options: ModelOptions = ModelOptions(),
    ) -> AsyncGenerator[ModelEvent, None]:
        """As `Model.stream`.

        Raises:
            UpstreamError: as there; or the model does not see, and must.
        """


@dataclass(slots=True)
class ToolRecord:
    """What the tools of one turn have shown to the model, and what they have changed.

    Attributes:
        shown: Cell id → SHA-256 (hex) of its source as the model last saw it. An edit is made for exactly that.
        edits: What was done to the notebook, in order.
        insisted: Code that was questioned once; the model may be right, so it is not questioned again.
        tried: Sources of cells that ran on a copy of the variables before they were written.
        executed: Code that ran in the kernel and stands in no cell.
    """

    shown: dict[str, str] = field(default_factory=dict)
    edits: list[CellChange] = field(default_factory=list)
    insisted: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    executed: list[str] = field(default_factory=list)

    def show(self, cells: Iterable[Cell]) -> None:
        """The model sees these cells now."""
        self.shown.update((cell.id, cell.source_hash) for cell in cells)


NotebookCheck = Callable[[Sequence[Cell], KernelState | None, Notebook], Awaitable[Mapping[str, Json]]]


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may see and use.

    Attributes:
        kernel: Of the turn, where there is one.
        state: Of the kernel at the turn's beginning.
        notebook: Of the turn, where there is one.
        timeout: Seconds for a call.
        tool_record: What this turn has shown and changed so far.
        active_cell_id: Where the user is.
        session_id: Of the conversation.
        turn_id: Of the turn.
        key: Idempotency key of the call: whoever sees it a second time need not act a second time.
        approval: What may be done unasked: ``read-only``, ``ask``, ``auto-edit`` or ``auto``.
        effects: What the user may do here; code is tried out unasked only where ``execute`` is among them.
        check_notebook: Finds hidden state in cells and a kernel's state, given the notebook to ask for the times of
            files; None where a tool has to do it itself. The result is JSON: ``verdict``, ``report``, ``stale``, ``run``.
        skills: What the model may read when a task needs it, by name.
    """

    kernel: Kernel | None
    state: KernelState | None
    notebook: Notebook | None
    timeout: float = 120.0
    tool_record: ToolRecord = field(default_factory=ToolRecord)
    active_cell_id: str | None = None
    session_id: str = ""
    turn_id: str = ""
    key: str = ""
    approval: str = "ask"
    effects: frozenset[str] = frozenset({"read"})
    check_notebook: NotebookCheck | None = None
    skills: Mapping[str, InstructionFile] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """A tool's answer to the model.

    Attributes:
        content: JSON or plain text.
        ok: False where it went wrong; the text then says what to do.
        pictures: For models that see.
        code: Why it went wrong, for programs: the `code` of an `AgentError`, ``invalid_arguments``, ``invalid_code``,
            ``denied``, ``timeout``…; empty where all is well.
        data: What `content` says, as JSON data for programs, where the tool has it.
        note: What goes with `content` and makes no other result of it: how long it took.
        left_behind: What it changed, as that is now; another one makes another result of it, and nobody is sent this.
    """

    content: str
    ok: bool = True
    pictures: tuple[Picture, ...] = ()
    code: str = ""
    data: Mapping[str, Any] | None = None
    note: str = ""
    left_behind: str = ""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ToolOutput:
        """JSON data, and the same as text."""
        return cls(json.dumps(data, ensure_ascii=False, default=dict), data=data)

    @classmethod
    def failure(cls, code: str, message: str) -> ToolOutput:
        """What went wrong and what to do, with its code in front, so that models can distinguish failures."""
        return cls(f"{code}: {message}", ok=False, code=code)


@runtime_checkable
class Tool(Protocol):
    """Something a model may do. Keeps no state."""

    @property
    def spec(self) -> ToolSpec:
        """Its description for the model."""

    @property
    def effect(self) -> Effect:
        """``read`` is free; ``execute`` and ``write`` ask the user."""

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Do it, with arguments that fit the schema."""


@runtime_checkable
class CheckedTool(Protocol):
    """A tool that can tell, before anybody is asked, that a call would come to nothing."""

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """What the model should know first; None where nothing speaks against the call. Changes nothing."""


@runtime_checkable
class VariedTool(Protocol):
    """A tool that may do more than its `effect`, if its arguments say so."""

    def effects_of(self, arguments: Mapping[str, Any]) -> tuple[Effect, ...]:
        """What a call does; the last of them is shown as the call's effect."""

    def limited_to(self, effects: Collection[str]) -> Tool:
        """The same tool without the arguments that need other effects than these."""


def effects_of(tool: Tool, arguments: Mapping[str, Any]) -> tuple[Effect, ...]:
    """What a call of a tool does, as `VariedTool.effects_of`."""
    return tool.effects_of(arguments) if isinstance(tool, VariedTool) else (tool.effect,)


def title_of(tool: Tool, effects: Sequence[Effect]) -> str:
    """The title of a call of a tool that has these effects."""
    return f"{tool.spec.title or tool.spec.name} and run it" if effects[1:] else tool.spec.title


@dataclass(frozen=True, slots=True)
class Review:
    """What a person reads before a call is made.

    Attributes:
        preview: What would run or be written, as it is now; empty where the arguments say it all.
        code: Python that would run in the kernel; what it reaches is found by whoever asks.
        reasons: Why it is asked about in every approval mode, apart from the code.
    """

    preview: str = ""
    code: str = ""
    reasons: tuple[Reason, ...] = ()


@runtime_checkable
class ReviewedTool(Protocol):
    """A tool that can say, before a call, what the call would do."""

    async def review(self, arguments: Mapping[str, Any], context: ToolContext) -> Review:
        """What a call would do, seen now.

        Raises:
            NotFound: there is nothing that it could be done to.
        """


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
        """Replace the head and append a turn, both or neither; the session may have another owner, notebook or id than before.

        Raises:
            VersionConflict: the stored revision is not ``session.revision - 1``, the session is gone, the turn's id
                exists, or another session has the new owner, notebook and id.
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
        """Sessions of one owner, newest activity first; `text` is searched literally in titles, questions, answers."""

    async def count(self, owner: str) -> int:
        """How many sessions one owner has."""

    async def owners(self, path: str) -> tuple[str, ...]:
        """Who has sessions about a notebook, or about notebooks in a folder, of that path.

        Where several servers may keep their sessions, nobody: another's notebook of that path is another notebook.
        """

    async def delete(self, key: str) -> bool:
        """Forget a session and its turns; False if there was none."""

    async def close(self) -> None:
        """Let go of files and connections."""
