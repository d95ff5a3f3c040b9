"""Question: what a front end asks the assistant, with the kernel, the notebook and the limits of the turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from jupyter_agent.core.events import ApprovalAsked, RunAsked
from jupyter_agent.core.instructions import ProjectFolder
from jupyter_agent.core.kernel_state import ExecutionResult, KernelState
from jupyter_agent.core.messages import Picture
from jupyter_agent.core.protocols import Kernel, Model, Notebook, Tool, ToolRecord
from jupyter_agent.core.session import Session

Decide = Callable[[ApprovalAsked], Awaitable["Decision"]]
#: Whether what the user has allowed for a conversation answers an approval.
IsAllowed = Callable[[Session, ApprovalAsked], bool]
Run = Callable[[RunAsked], Awaitable[ExecutionResult]]


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer to an approval.

    Attributes:
        approved: Whether it may be done.
        words: What the model is to know of a denial, in the user's words.
    """

    approved: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What a front end asks the assistant.

    Attributes:
        owner: Whose conversation it is, from the server's identity.
        query: What the user asked.
        pictures: That the user shows with it; they are kept with the turn.
        user: Whose settings hold; None takes the owner's.
        session_id: The conversation; None starts one.
        notebook_id: The notebook's path below the server's root; empty without one.
        kernel: The notebook's kernel, where there is one.
        kernel_state: Its state, where that is being read already.
        notebook: Its cells, where they can be read.
        project: Where it lies, with instructions for the agent; None where these are not looked for.
        active_cell_id: Where the user is.
        model: ``provider:model``; None takes the configured one.
        turn_id: Chosen by a client that may retry.
        approval: What may be done without asking; None takes the configured mode.
        digest: SHA-256 of the request, which distinguishes a retry from a reused turn id; made from the question if empty.
        variables: Name → type as the client says, used only where no kernel can be asked.
        deadline_seconds: The turn's time, at most as configured; None takes the configured one, and then running code
            is not the turn's time.
        is_streamed: Whether somebody follows the answer as it comes: it may then take more steps.
        max_steps: How often the model is asked, at most as configured; None takes the configured number.
        max_tool_calls: Likewise, tool calls; 0 allows none.
        max_write_calls: Likewise, tool calls that run code or edit; 0 allows none.
        effects: What the user may do here.
        decide: Answers approvals; None where nobody can.
        is_allowed: Whether what the user has allowed for the conversation answers an approval. Never asked where there are reasons.
        run: Runs code in place of the kernel.
        run_answer: Whether the Python code of the answer is run at its end, unasked where nothing speaks against that.
        tools: More that the model may do in this turn, by name; they win over those of the same name.
        wrap_model: Given the model that answers, who is asked in its place and asks it.
        answered_by: Who answers in place of the model of that name: another agent that makes one call.
        tool_record: What that one has seen of the notebook before; None where it has seen nothing but the prompt.
    """

    owner: str
    query: str
    pictures: tuple[Picture, ...] = ()
    user: str | None = None
    session_id: str | None = None
    notebook_id: str = ""
    kernel: Kernel | None = None
    kernel_state: Awaitable[KernelState] | None = None
    notebook: Notebook | None = None
    project: ProjectFolder | None = None
    active_cell_id: str | None = None
    model: str | None = None
    turn_id: str | None = None
    approval: str | None = None
    digest: str = ""
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    deadline_seconds: float | None = None
    is_streamed: bool = True
    max_steps: int | None = None
    max_tool_calls: int | None = None
    max_write_calls: int | None = None
    effects: frozenset[str] = frozenset({"read", "execute", "write"})
    decide: Decide | None = None
    is_allowed: IsAllowed | None = None
    run: Run | None = None
    run_answer: bool = False
    tools: Mapping[str, Tool] = field(default_factory=lambda: MappingProxyType({}))
    wrap_model: Callable[[Model], Model] | None = None
    answered_by: Model | None = None
    tool_record: ToolRecord | None = None
