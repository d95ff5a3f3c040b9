"""From the body of a request to the assistant's question: kernel, notebook, limits, permissions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from jupyter_agent.core.errors import BadRequest, KernelUnavailable, UnknownModel
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.question import Question
from jupyter_agent.notebooks.contents import ContentsNotebook
from jupyter_agent.notebooks.open import Ask, OpenNotebook
from jupyter_agent.notebooks.posted import PostedNotebook
from jupyter_agent.prompt.snapshot import NO_KERNEL
from jupyter_agent.server import identity
from jupyter_agent.server.api.posted_cells import posted_cells

if TYPE_CHECKING:
    from jupyter_agent.core.protocols import Kernel, Notebook
    from jupyter_agent.server.base_handler import AgentHandler
    from jupyter_agent.server.turns.running_turns import RunningTurn

#: What a page with real-time collaboration puts before a path of this server.
SHARED_DRIVE = "RTC:"
NOT_READABLE = "You may not read {resource} on this server, so the answer does not know {what}."


@dataclass(frozen=True, slots=True)
class Asked:
    """A request understood.

    Attributes:
        question: Complete but for its approvals.
        streaming: Whether the answer comes as a stream.
        warnings: What the user should know of it.
        page: Makes the notebook of one that the caller has open and edits itself, given how to ask for an edit.
    """

    question: Question
    streaming: bool
    warnings: tuple[str, ...] = ()
    page: Callable[[Ask], Notebook] | None = None


def with_answers(asked: Asked, body: Mapping[str, Any], turn: RunningTurn) -> Question:
    """The question of a stream, whose reader can approve and, if it says so, run the turn's code and edit its notebook."""
    if not asked.streaming:
        return asked.question
    run = turn.run if body.get("run") == "client" else None
    notebook = asked.page(turn.edit) if asked.page is not None else asked.question.notebook
    return replace(asked.question, decide=turn.decide, run=run, notebook=notebook)


async def understand(handler: AgentHandler, body: Mapping[str, Any], streaming: bool) -> Asked:
    """Find the kernel and the notebook that a request speaks of.

    Raises:
        NotFound: a kernel is named that this server does not have.
        Forbidden: the user may not read kernels, and names one.
        BadRequest: the caller would edit a notebook whose cells it does not send; the model cannot chat.
    """
    check_chats(body.get("model") or "")
    context = body.get("context") or {}
    path = (context.get("notebook_id") or "").removeprefix(SHARED_DRIVE).strip("/")
    warnings: list[str] = []
    kernel = await kernel_of(handler, context.get("kernel_id"), path, warnings)
    stored = await _stored(handler, path, warnings) if path else None
    cells = await posted_cells(context.get("cells"), stored, warnings)
    notebook, page = _notebook(path, cells, stored, body.get("edit") == "client")
    if path and kernel is None and notebook is None and not context.get("variables"):
        warnings.append(NO_KERNEL)
    budget = body.get("budget") or {}
    options = handler.services.options
    question = Question(
        owner=handler.owner,
        query=body["query"],
        session_id=context.get("session_id"),
        notebook_id=path,
        kernel=kernel,
        notebook=notebook,
        active_cell_id=context.get("active_cell_id"),
        model=body.get("model"),
        turn_id=body.get("turn_id"),
        approval=body.get("approval"),
        digest=_digest(body),
        variables=context.get("variables") or {},
        deadline_seconds=budget.get("deadline_seconds")
        or (options.deadline_seconds if streaming else options.quick_deadline_seconds),
        max_steps=_whole(budget.get("max_steps")),
        max_tool_calls=_whole(budget.get("max_tool_calls")),
        max_write_calls=_whole(budget.get("max_write_calls")),
        effects=await identity.effects(handler),
    )
    return Asked(question, streaming, tuple(warnings), page)


def check_chats(model: str) -> None:
    """Refuse models that cannot hold a conversation.

    Raises:
        UnknownModel: its name says that it is for something else.
    """
    from jupyter_agent.models.openai_compatible.model import can_chat

    provider, _, name = model.partition(":")
    if provider not in ("scripted", "local") and not can_chat(name):
        raise UnknownModel(f"The model '{name[:80]}' cannot hold a conversation. Choose one that can chat.")


def _notebook(
    path: str, cells: tuple[Cell, ...] | None, stored: Notebook | None, edited_there: bool
) -> tuple[Notebook | None, Callable[[Ask], Notebook] | None]:
    if cells is None:
        if edited_there:
            raise BadRequest("'edit' needs the cells as the page has them: send 'context.cells'.")
        return stored, None
    page = partial(OpenNotebook, path, cells, stored=stored) if edited_there else None
    return PostedNotebook(path, cells, stored), page


async def kernel_of(handler: AgentHandler, kernel_id: str | None, path: str, warnings: list[str]) -> Kernel | None:
    """The kernel that is named, else the notebook's own; `warnings` gets why there is none.

    Raises:
        NotFound: a kernel is named that this server does not have.
        Forbidden: the user may not read kernels, and names one.
    """
    kernels = handler.services.kernels
    if kernel_id:
        await handler.need("read", "kernels")
        return kernels.get(kernel_id)
    if not path:
        return None
    if not await identity.allowed(handler, "read", "kernels"):
        warnings.append(NOT_READABLE.format(resource="kernels", what="the live variables"))
        return None
    try:
        return await kernels.of_notebook(path)
    except KernelUnavailable as error:
        warnings.append(error.message)
        return None


async def notebook_of(
    handler: AgentHandler, path: str, posted: Sequence[Mapping[str, Any]] | None, warnings: list[str]
) -> Notebook | None:
    """The notebook with the cells that were posted, else as it is stored; `warnings` gets why there is none."""
    stored = await _stored(handler, path, warnings) if path else None
    return _notebook(path, await posted_cells(posted, stored, warnings), stored, edited_there=False)[0]


async def _stored(handler: AgentHandler, path: str, warnings: list[str]) -> Notebook | None:
    if not await identity.allowed(handler, "read", "contents"):
        warnings.append(NOT_READABLE.format(resource="contents", what="the stored notebook"))
        return None
    contents = handler.services.contents
    try:
        exists = await ensure_async(contents.file_exists(path))
    except (HTTPError, OSError, ValueError):
        exists = False  # no path of this server's; the question stands without it
    return ContentsNotebook(contents, path) if exists else None


def _whole(value: float | None) -> int | None:
    """JSON's 5.0 is a whole number too."""
    return None if value is None else int(value)


def _digest(body: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of what is asked, however the answer is to be delivered."""
    asked = {name: value for name, value in body.items() if name not in ("stream", "turn_id") and value is not None}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
