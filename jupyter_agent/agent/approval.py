"""Whether a tool call may be made: the user's approval mode, what is asked about in every mode, and approvals of exactly what was shown."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from jupyter_agent.agent.limits import Limits
from jupyter_agent.analysis import risk
from jupyter_agent.analysis.origins import imported_modules
from jupyter_agent.analysis.risk_tables import ROOTS
from jupyter_agent.core.errors import AgentError, NoFile
from jupyter_agent.core.events import ApprovalAsked
from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.core.messages import ActionStatus, Reason, ToolCall, to_json
from jupyter_agent.core.protocols import (
    Notebook,
    Review,
    ReviewedTool,
    Tool,
    ToolContext,
    ToolOutput,
    effects_of,
    title_of,
)
from jupyter_agent.core.question import Decide, Decision
from jupyter_agent.core.text import spelled_out, truncate

_READ_ONLY = ToolOutput.failure("denied", "this conversation is read-only. Give the user the code.")
_NOBODY = ToolOutput.failure(
    "needs_approval", "nobody can approve it here. Give the user the code to run it themselves."
)
DENIED = "the user did not allow it. Do not try again; go on without."
#: Why a call is not made although it was allowed.
STALE = (
    "what would be done is not what the user has allowed any more: the kernel was restarted, or the cell has changed. It was not "
    "done. Look at the variables and the cell again, then ask again if it is still needed."
)
#: Characters of what is shown, whole, before it is approved.
_MAX_PREVIEW = 64 * 1024
_TOO_LONG = ToolOutput.failure(
    "too_long",
    f"the user has to read all of it before they allow it, and it is longer than {_MAX_PREVIEW:,} characters. Nothing was done. Split "
    "it into smaller steps; what cannot be split the user has to do themselves.",
)
#: Modules next to the notebook that are read to know what code reaches, and characters of each.
_MAX_MODULES = 20
_MAX_MODULE = 200_000


#: A call whose arguments fit its tool, and what it may see.
CheckedCall: TypeAlias = tuple[Tool, ToolCall, Mapping[str, Any], ToolContext]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not made; with what would have to be approved, where nobody can be asked."""

    status: ActionStatus
    output: ToolOutput
    asked: ApprovalAsked | None = None


@dataclass(slots=True)
class ApprovalPolicy:
    """Decides by the approval mode, and asks the user where the mode says so, or something is reached that is always asked about.

    Attributes:
        limits: With the mode.
        decide: Answers approvals; None where nobody can.
        is_allowed: Whether what the user allowed for the conversation answers one that has no reasons.
        waited: Seconds that the newest approval has waited.
        asked_together: By call, what the user has been asked about before the first of several calls is made.
    """

    limits: Limits
    decide: Decide | None = None
    is_allowed: Callable[[ApprovalAsked], bool] | None = None
    waited: float = 0.0
    asked_together: dict[str, ApprovalAsked] = field(default_factory=dict)

    async def ask_together(self, calls: Sequence[CheckedCall]) -> tuple[ApprovalAsked, ...]:
        """What the user is asked about several calls of one message, so that they can answer all at once.

        Each is reviewed again before it is made: where it is another one by then, because of those before it, it is asked anew.
        """
        requests: list[ApprovalAsked] = []
        for call in calls:
            request = (await self._request(*call))[1]
            if request is not None and _is_too_long(request):
                break  # what follows it waits for the model
            requests += [request] if request is not None else []
        self.asked_together = {request.call_id: request for request in requests} if requests[1:] else {}
        return tuple(self.asked_together.values())

    async def check(
        self, tool: Tool, call: ToolCall, arguments: Mapping[str, Any], context: ToolContext
    ) -> AsyncGenerator[ApprovalAsked | Refusal, None]:
        """Yield what the user is asked and has not been, then a refusal unless the call may be made."""
        if self.limits.approval == "read-only":
            yield Refusal("denied", _READ_ONLY)
            return
        review, request = await self._request(tool, call, arguments, context)
        if request is None:
            return
        if _is_too_long(request):
            yield Refusal("failed", _TOO_LONG)
            return
        if self.decide is None:
            yield Refusal("needs_approval", _NOBODY, request)
            return
        began = time.monotonic()
        decision = asyncio.ensure_future(self.decide(request))
        answer = Decision(approved=False)
        try:
            if self.asked_together.get(call.id) != request:
                yield request
            answer = await asyncio.wait_for(decision, self.limits.approval_seconds)
        except TimeoutError:
            pass
        finally:
            decision.cancel()
            self.waited = time.monotonic() - began
        if answer.approved is not True:
            words = f" They say: {truncate(spelled_out(answer.words), 2_000)}" if answer.words.strip() else ""
            yield Refusal("denied", ToolOutput.failure("denied", f"{DENIED}{words}"))
        elif review is not None and await self._is_stale(tool, arguments, context, request.digest):
            yield Refusal("failed", ToolOutput.failure("approval_stale", STALE))

    async def _request(
        self, tool: Tool, call: ToolCall, arguments: Mapping[str, Any], context: ToolContext
    ) -> tuple[Review | None, ApprovalAsked | None]:
        """What a call would do, None where that cannot be known, and what the user is to be asked, None where nothing is."""
        mode = self.limits.approval
        epoch = await _kernel_epoch(context)
        try:
            review = await self._review(tool, arguments, context)
        except AgentError:
            review = None  # the call itself will say why it cannot be made
        reasons = () if review is None else review.reasons
        effects = effects_of(tool, arguments)
        is_free = mode == "auto" or (mode == "auto-edit" and effects == ("write",))
        if is_free and not reasons and review is not None:
            return review, None
        preview = spelled_out(review.preview if review else "")
        digest = approval_digest(tool.spec.name, arguments, review or Review(), context, epoch)
        shown = tuple(reason.with_texts(spelled_out) for reason in reasons)
        more = effects if effects[1:] else ()
        # What runs no code that can be shown, as a restart, is asked about each time.
        may_stand = self.is_allowed is not None and not reasons and (effects[-1] != "execute" or preview != "")
        request = ApprovalAsked(
            call.id,
            tool.spec.name,
            effects[-1],
            arguments,
            digest,
            preview,
            shown,
            more,
            may_stand,
            title_of(tool, effects),
            tool.spec.icon,
            tool.spec.display,
        )
        if review is not None and self.is_allowed is not None and may_stand and self.is_allowed(request):
            return review, None
        return review, request

    async def _is_stale(self, tool: Tool, arguments: Mapping[str, Any], context: ToolContext, digest: str) -> bool:
        """Whether the call would not do any more what was shown."""
        try:
            review = await self._review(tool, arguments, context)
        except AgentError:
            return True
        return approval_digest(tool.spec.name, arguments, review, context, await _kernel_epoch(context)) != digest

    async def _review(self, tool: Tool, arguments: Mapping[str, Any], context: ToolContext) -> Review:
        """What the call would do, with what its code reaches.

        Raises:
            AgentError: there is nothing that it could be done to.
        """
        if not isinstance(tool, ReviewedTool):
            return Review()
        try:
            review = await tool.review(arguments, context)
        except AgentError:
            raise
        except Exception as error:  # a foreign tool may raise anything
            raise AgentError(f"the tool stopped with {type(error).__name__}.") from error
        if not review.code:
            return review
        return replace(review, reasons=(*review.reasons, *await code_reasons(review.code, context)))


def _is_too_long(asked: ApprovalAsked) -> bool:
    """Whether what the user would have to read cannot be shown whole."""
    return len(asked.preview or json.dumps(to_json(asked.arguments), ensure_ascii=False)) > _MAX_PREVIEW


def approval_digest(tool: str, arguments: Mapping[str, Any], review: Review, context: ToolContext, epoch: str) -> str:
    """SHA-256 (hex) of what would be done, what it reaches, to which cell as it was shown, and in which kernel."""
    kernel_id = context.kernel.kernel_id if context.kernel is not None else ""
    cell = context.tool_record.shown.get(str(arguments.get("cell_id", "")), "")
    reached = sorted({(reason.code, reason.text, *reason.more) for reason in review.reasons})
    text = json.dumps(
        [tool, arguments, review.preview, reached, kernel_id, epoch, cell], sort_keys=True, ensure_ascii=True
    )
    return hashlib.sha256(text.encode()).hexdigest()


async def code_reasons(code: str, context: ToolContext) -> tuple[Reason, ...]:
    """What code reaches beyond the kernel's memory, known from the notebook's cells, the kernel and modules next to the notebook."""
    cells: list[str] = []
    if context.notebook is not None:
        with suppress(AgentError):  # a notebook that cannot be read says nothing of what ran
            cells = [cell.source for cell in await context.notebook.cells() if cell.kind == "code"]
    state = await context.kernel.state() if context.kernel is not None else context.state
    runs = [run.source for run in state.executions] if state is not None else []
    sources = tuple(dict.fromkeys((*context.tool_record.executed, *runs, *cells)))
    live = state.variables if state is not None else {}
    modules = await _modules(code, sources, live, context)
    # Long code takes seconds; the server goes on meanwhile.
    return await asyncio.to_thread(risk.reasons, code, sources=sources, live=live, modules=modules)


async def _modules(
    code: str, sources: Sequence[str], live: Mapping[str, Variable], context: ToolContext
) -> dict[str, str | None]:
    """Sources of modules next to the notebook that code imports, and of those that they import, by dotted name.

    None for one that lies there and cannot be read as a whole. Of well-known names only those are looked for that the code itself
    imports, and that are not loaded: then they are files of that name.
    """
    found: dict[str, str | None] = {}
    if context.notebook is None:
        return found
    waiting = [*imported_modules((code, *sources)), *imported_modules([code], known=True)]
    tried = {str(variable.facts.get("module")) for variable in live.values() if variable.kind == "module"} & ROOTS
    files: tuple[str, ...] | None = None
    while waiting:
        name = waiting.pop(0)
        if name in tried:
            continue
        tried.add(name)
        is_known = name in ROOTS
        if len(found) >= _MAX_MODULES or len(tried) > 5 * _MAX_MODULES:
            found |= {} if is_known else {name: None}
            continue
        for path, package in (
            (f"{name.replace('.', '/')}.py", name.rpartition(".")[0]),
            (f"{name.replace('.', '/')}/__init__.py", name),
        ):
            try:
                source = await context.notebook.read_file(path, _MAX_MODULE)
            except NoFile:
                continue
            except AgentError:
                files = await _files(context.notebook) if files is None else files
                if path in files if is_known else files:
                    found[name] = None
                    break
                continue
            found[name] = source if len(source) < _MAX_MODULE else None
            waiting += imported_modules([source], package, known=True)
            break
        else:
            files = await _files(context.notebook) if files is None and not is_known else files
            if any(file.startswith(f"{name}.") and file.endswith((".so", ".pyd", ".pyc")) for file in files or ()):
                found[name] = None
    return found


async def _files(notebook: Notebook) -> tuple[str, ...]:
    with suppress(AgentError):
        return await notebook.files()
    return ()


async def _kernel_epoch(context: ToolContext) -> str:
    return (await context.kernel.state()).epoch if context.kernel is not None else ""
