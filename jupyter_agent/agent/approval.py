"""Whether a tool call may be made: the user's approval mode, and approvals that hold for exactly what was shown."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_agent.agent.limits import Limits
from jupyter_agent.analysis.code_checks import risk_reasons
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.messages import ActionStatus, ApprovalAsked, ToolCall
from jupyter_agent.core.protocols import AskedTool, RunningTool, Tool, ToolContext, ToolOutput
from jupyter_agent.core.question import Decide

_READ_ONLY = ToolOutput.failure("denied", "this conversation is read-only. Give the user the code.")
_NOBODY = ToolOutput.failure(
    "needs_approval", "nobody can approve it here. Give the user the code to run it themselves."
)
_DENIED = ToolOutput.failure("denied", "the user did not allow it. Do not try again; go on without.")
_STALE = ToolOutput.failure(
    "approval_stale",
    "the kernel was restarted after the user had allowed this, so it was not done. Look at the variables again, then ask "
    "again if it is still needed.",
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not made."""

    status: ActionStatus
    output: ToolOutput


async def check_approval(
    tool: Tool,
    call: ToolCall,
    arguments: Mapping[str, Any],
    context: ToolContext,
    *,
    limits: Limits,
    decide: Decide | None,
) -> AsyncGenerator[ApprovalAsked | Refusal, None]:
    """Yield what the user is asked, then a refusal unless the call may be made: by the approval mode of the limits.

    `decide` answers approvals; it is None where nobody can.
    """
    if limits.approval == "read-only":
        yield Refusal("denied", _READ_ONLY)
        return
    unasked = limits.approval == "auto" or (limits.approval == "auto-edit" and tool.effect == "write")
    if unasked and not await _is_always_asked(tool, arguments, context):
        return
    if decide is None:
        yield Refusal("needs_approval", _NOBODY)
        return
    epoch = await _kernel_epoch(context)
    # Of what would be done, to which cell as it was shown, and in which kernel.
    kernel_id = context.kernel.kernel_id if context.kernel is not None else ""
    cell = context.turn_log.shown.get(str(arguments.get("cell_id", "")), "")
    text = json.dumps([tool.spec.name, arguments, kernel_id, epoch, cell], sort_keys=True, ensure_ascii=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    request = ApprovalAsked(call.id, tool.spec.name, tool.effect, arguments, digest)
    decision = asyncio.ensure_future(decide(request))
    try:
        yield request
        approved = await asyncio.wait_for(decision, limits.remaining)
    except TimeoutError:
        approved = False
    finally:
        decision.cancel()
    if approved is not True:
        yield Refusal("denied", _DENIED)
    elif tool.effect == "execute" and await _kernel_epoch(context) != epoch:
        yield Refusal("failed", _STALE)


async def _is_always_asked(tool: Tool, arguments: Mapping[str, Any], context: ToolContext) -> bool:
    """Whether the call, or the code that it would run, is asked about in every mode."""
    if isinstance(tool, AskedTool) and tool.is_always_asked:
        return True
    if not isinstance(tool, RunningTool):
        return False
    try:
        return bool(risk_reasons(await tool.source(arguments, context)))
    except AgentError:
        return True


async def _kernel_epoch(context: ToolContext) -> str:
    return (await context.kernel.state()).epoch if context.kernel is not None else ""
