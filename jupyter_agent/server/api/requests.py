"""From the body of a request to the assistant's question: kernel, notebook, limits, permissions."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from jupyter_agent.agent.limits import within_ceilings
from jupyter_agent.core.errors import BadRequest, KernelUnavailable, NotFound, UnknownModel
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import Picture
from jupyter_agent.core.pictures import checked, decoded, of_output, within_limits
from jupyter_agent.core.question import Question
from jupyter_agent.notebooks.contents import ContentsNotebook
from jupyter_agent.notebooks.instruction_files import project_of
from jupyter_agent.notebooks.open import EditInPage, OpenNotebook
from jupyter_agent.notebooks.posted import PostedNotebook
from jupyter_agent.prompt.snapshot import NO_KERNEL
from jupyter_agent.server import identity
from jupyter_agent.server.turns.pending_calls import posted_cell

if TYPE_CHECKING:
    from jupyter_agent.core.instructions import ProjectFolder
    from jupyter_agent.core.protocols import Kernel, Notebook
    from jupyter_agent.server.base_handler import AgentHandler
    from jupyter_agent.server.wire.turns import PostedCell, PostedPicture, QuickRequest

#: Code of an audit event about a request that asked for more than the administrator allows, and was answered with less.
LOWERED = "lowered"
#: Prefix of paths in a page with real-time collaboration.
SHARED_DRIVE = "RTC:"
NOT_READABLE = "You may not read {resource} on this server, so the answer does not know {what}."


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A question with what the request says about how it is answered.

    Attributes:
        question: Complete but for its approvals.
        warnings: For the user.
        open_notebook: Makes the notebook that the caller has open and edits itself, given how to ask for an edit.
    """

    question: Question
    warnings: tuple[str, ...] = ()
    open_notebook: Callable[[EditInPage], Notebook] | None = None


async def parse_request(handler: AgentHandler, body: QuickRequest, streaming: bool) -> ParsedRequest:
    """The question of a checked body, with its kernel and its notebook.

    Raises:
        NotFound: a kernel is named that this server does not have.
        Forbidden: the user may not read kernels, and names one.
        BadRequest: the caller would edit a notebook whose cells it does not send; the model cannot chat.
    """
    from jupyter_agent.server.wire.turns import QuestionContext, TurnLimits

    check_chats(body.model or "")
    context, limits = body.context or QuestionContext(), body.budget or TurnLimits()
    path = (context.notebook_id or "").removeprefix(SHARED_DRIVE).strip("/")
    warnings: list[str] = []
    kernel = await kernel_of(handler, context.kernel_id, path, warnings)
    # Nothing that a turn begins with takes as long: the kernel answers while the rest of the request is looked at.
    kernel_state = asyncio.ensure_future(kernel.state()) if kernel is not None else None
    for _ in range(2):  # until it is asked
        await asyncio.sleep(0)
    stored = await _stored(handler, path, warnings) if path else None
    cells = await _posted_cells(context.cells, stored, warnings)
    drawn = [cell for cell in context.cells or () if cell.pictures]
    shown = await asyncio.to_thread(lambda: {cell.id: _cell_pictures(cell) for cell in drawn}) if drawn else {}
    notebook: Notebook | None = stored if cells is None else PostedNotebook(path, cells, stored, shown)
    open_notebook = None
    if body.edit == "client":
        if cells is None:
            raise BadRequest("'edit' needs the cells as the page has them: send 'context.cells'.")
        open_notebook = partial(OpenNotebook, path, cells, stored=stored, pictures=shown)
    if path and kernel is None and notebook is None and not context.variables:
        warnings.append(NO_KERNEL)
    session_id, sessions = context.session_id, handler.services.assistant.sessions
    if session_id is None and context.continue_default:
        session_id = await sessions.default_session_id(handler.owner, path, interactive=True)
    options = handler.user_options
    question = Question(
        owner=handler.owner,
        user=identity.settings_owner(handler),
        query=body.query,
        pictures=await asyncio.to_thread(_pictures, body.pictures) if body.pictures else (),
        session_id=session_id,
        notebook_id=path,
        kernel=kernel,
        kernel_state=kernel_state,
        notebook=notebook,
        project=await project_for(handler, path),
        active_cell_id=context.active_cell_id,
        model=body.model,
        turn_id=body.turn_id,
        approval=body.approval,
        digest=_digest(body),
        variables=context.variables or {},
        deadline_seconds=limits.deadline_seconds or (None if streaming else options.quick_deadline_seconds),
        is_streamed=streaming,
        max_steps=limits.max_steps,
        max_tool_calls=limits.max_tool_calls,
        max_write_calls=limits.max_write_calls,
        run_answer=bool(body.run_answer),
        effects=await identity.effects(handler),
    )
    for words in within_ceilings(question, options)[1]:
        handler.audit_refused(LOWERED, words, session_id)
    return ParsedRequest(question, tuple(warnings), open_notebook)


def _pictures(posted: Sequence[PostedPicture]) -> tuple[Picture, ...]:
    """The pictures of a question."""
    found = []
    for number, given in enumerate(posted, 1):
        picture = checked(decoded(given.data), given.name or f"Picture {number}", is_users=True)
        if picture.mime != given.media_type:
            raise BadRequest(f"{picture.name} is {picture.mime}, but its media_type is {given.media_type}.")
        found.append(picture)
    return within_limits(found)


def _cell_pictures(cell: PostedCell) -> tuple[Picture, ...]:
    """Those of a cell's outputs; what is none is left out, as where the cell is stored."""
    outputs = ({"data": {given.media_type: given.data, "text/plain": given.name}} for given in cell.pictures or ())
    return tuple(picture for output in outputs if (picture := of_output(output)) is not None)


async def _posted_cells(
    posted: Sequence[PostedCell] | None, stored: Notebook | None, warnings: list[str]
) -> tuple[Cell, ...] | None:
    """Cells as the page has them, or as they are stored where it left them out of a very large notebook."""
    if posted is None:
        return None
    saved: dict[str, Cell] = {}
    if stored is not None and any(cell.saved for cell in posted):
        with suppress(NotFound):
            saved = {cell.id: cell for cell in await stored.cells()}
    cells = [saved.get(cell.id) if cell.saved else posted_cell(cell) for cell in posted]
    if missing := cells.count(None):
        problem = f"Of this large notebook {missing} cells are not known: save it"
        warnings.append(f"{problem}, so that the agent can read them from the file.")
    return tuple(cell for cell in cells if cell is not None)


def check_chats(model: str) -> None:
    """Refuse models that cannot hold a conversation.

    Raises:
        UnknownModel: its name says that it is for something else.
    """
    from jupyter_agent.models.openai_compatible.requester import can_chat

    provider, _, name = model.partition(":")
    if provider not in ("scripted", "local") and not can_chat(name):
        raise UnknownModel(f"The model '{name[:80]}' cannot hold a conversation. Choose one that can chat.")


async def kernel_of(handler: AgentHandler, kernel_id: str | None, path: str, warnings: list[str]) -> Kernel | None:
    """The kernel of that id, else the notebook's own; `warnings` gets why there is none.

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
        return await kernels.for_notebook(path)
    except KernelUnavailable as error:
        warnings.append(error.message)
        return None


async def project_for(handler: AgentHandler, path: str) -> ProjectFolder | None:
    """Where a notebook lies, or the server's root without one; None for a user who may not read there."""
    path = path.removeprefix(SHARED_DRIVE)
    return project_of(handler.services.contents, path) if await identity.allowed(handler, "read", "contents") else None


async def notebook_of(
    handler: AgentHandler, path: str, posted: Sequence[PostedCell] | None, warnings: list[str]
) -> Notebook | None:
    """The notebook with the posted cells, else as it is stored; `warnings` gets why there is none."""
    stored = await _stored(handler, path, warnings) if path else None
    cells = await _posted_cells(posted, stored, warnings)
    return stored if cells is None else PostedNotebook(path, cells, stored)


async def _stored(handler: AgentHandler, path: str, warnings: list[str]) -> Notebook | None:
    if not await identity.allowed(handler, "read", "contents"):
        warnings.append(NOT_READABLE.format(resource="contents", what="the stored notebook"))
        return None
    contents = handler.services.contents
    try:
        exists = await ensure_async(contents.file_exists(path))
    except (HTTPError, OSError, ValueError):
        exists = False  # no valid path here; the question is answered without it
    return ContentsNotebook(contents, path) if exists else None


def _digest(body: QuickRequest) -> str:
    """SHA-256 (hex) of a request, whatever way its answer is delivered."""
    from msgspec import structs, to_builtins

    fields = to_builtins(structs.replace(body, stream=None, turn_id=None))
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
