"""Tool calls of other agents, made as our own agent makes them: validated, authorized, limited and redacted."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async

from jupyter_agent.agent.limits import Limits
from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.core.messages import Message, ModelEvent, ModelFinished, ToolCall, ToolCalled, ToolReturned
from jupyter_agent.core.protocols import Tool, ToolContext, ToolOutput, ToolSpec, TurnLog
from jupyter_agent.server import identity
from jupyter_agent.server.api.requests import kernel_of, notebook_of
from jupyter_agent.server.turns.observation import TurnObservation

if TYPE_CHECKING:
    from jupyter_agent.server.base_handler import AgentHandler

CALL_SECONDS = 120.0
MAX_TURN_LOGS = 200
NOTEBOOK = "notebook"
_NOTEBOOK_SCHEMA = {
    "type": "string",
    "description": "Path of the notebook below the server's root, as list_notebooks returns it.",
}
LIST_NOTEBOOKS = ToolSpec(
    "list_notebooks",
    "The notebooks that are open with a running kernel: their paths, kernels and states.",
    {"type": "object", "properties": {}, "additionalProperties": False},
)


@dataclass(frozen=True, slots=True)
class SingleCallModel:
    """A model that makes one tool call and writes no text."""

    call: ToolCall
    name: str = "client"

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        yield self.call
        yield ModelFinished("tool_calls")

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Calls:
    """Calls of one server, each on a notebook; what a client has read of its cells is kept for the checks of its edits."""

    _turn_logs: OrderedDict[tuple[str, str], TurnLog] = field(default_factory=OrderedDict)

    async def tools_for(self, handler: AgentHandler) -> list[tuple[Tool | None, ToolSpec]]:
        """The tools that the user may use, each with the notebook as one more argument."""
        effects, options = await identity.effects(handler), handler.user_options
        if options.allowed("approval", options.approval) == "read-only":
            effects &= {"read"}
        offered: list[tuple[Tool | None, ToolSpec]] = [(None, LIST_NOTEBOOKS)]
        for tool in handler.services.assistant.tools.values():
            if tool.effect in effects:
                properties = {**tool.spec.parameters.get("properties", {}), NOTEBOOK: _NOTEBOOK_SCHEMA}
                schema = {**tool.spec.parameters, "type": "object", "properties": properties}
                offered.append((tool, ToolSpec(tool.spec.name, tool.spec.description, schema)))
        return offered

    async def call(self, handler: AgentHandler, name: str, arguments: Mapping[str, Any]) -> ToolOutput:
        """Make a call."""
        if name == LIST_NOTEBOOKS.name:
            return ToolOutput.from_data({"notebooks": await _notebooks(handler)})
        given = dict(arguments)
        path = str(given.pop(NOTEBOOK, "") or handler.query_parameters()["notebook_id"] or "").strip("/")
        warnings: list[str] = []
        kernel = await kernel_of(handler, None, path, warnings)
        notebook = await notebook_of(handler, path, None, warnings)
        state = await kernel.state() if kernel is not None else None
        turn_log = self._turn_log(handler.owner, path)
        options, assistant = handler.user_options, handler.services.assistant
        check = assistant.resources.analyses.check
        context = ToolContext(kernel, state, notebook, timeout=CALL_SECONDS, turn_log=turn_log, check_notebook=check)
        limits = Limits(
            deadline=time.monotonic() + min(CALL_SECONDS, options.deadline_seconds),
            max_steps=1,
            max_tool_calls=options.max_tool_calls,
            max_write_calls=options.max_write_calls,
            approval=options.allowed("approval", options.approval),
            effects=await identity.effects(handler),
        )
        model = SingleCallModel(ToolCall("call_1", name, json.dumps(given)))
        agent = Agent(model, assistant.tools, limits, redact=assistant.redactor.text)
        transcript = Transcript([])
        audit, by = handler.services.audit, handler.user_name
        observation = TurnObservation(audit, handler.owner, path, model=model.name, by=by)
        async with aclosing(agent.run(transcript, context)) as events:
            async for event in events:
                if isinstance(event, ToolCalled):
                    event = replace(event, arguments=assistant.redactor.mapping(event.arguments))  # noqa: PLW2901
                if isinstance(event, (ToolCalled, ToolReturned)):
                    observation.on_event(event)
        result = next(message for message in transcript.messages if message.role == "tool")
        return ToolOutput(result.content, transcript.actions[-1].status == "done", result.pictures, result.code)

    def _turn_log(self, owner: str, path: str) -> TurnLog:
        turn_log = self._turn_logs.setdefault((owner, path), TurnLog())
        self._turn_logs.move_to_end((owner, path))
        turn_log.edits.clear()
        if len(self._turn_logs) > MAX_TURN_LOGS:
            self._turn_logs.popitem(last=False)
        return turn_log


async def _notebooks(handler: AgentHandler) -> list[dict[str, Any]]:
    if not await identity.allowed(handler, "read", "sessions"):
        return []
    listed: Any = handler.settings["session_manager"].list_sessions()
    return [
        {"notebook": session["path"], "kernel_id": kernel["id"], "status": kernel.get("execution_state", "")}
        for session in await ensure_async(listed)
        if (kernel := session.get("kernel"))
    ]
