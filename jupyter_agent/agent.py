"""The loop: model ⇄ tools, budgets, approvals, cancellation; remembers nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_agent.errors import AgentError
from jupyter_agent.messages import (
    Action,
    ActionStatus,
    ApprovalAsked,
    Effect,
    Event,
    FinishReason,
    Message,
    ModelFinished,
    RunAsked,
    TextDelta,
    ToolCall,
    ToolCalled,
    ToolReturned,
    Usage,
    UsageReported,
    Waiting,
)
from jupyter_agent.protocols import Model, Tool, ToolContext, ToolOutput
from jupyter_agent.question import Decide, Run
from jupyter_agent.state import ExecutionResult

Redact = Callable[[str], str]
TOOL_CHARACTERS = 16_384
SHOWN_CHARACTERS = 2_000
_LIMITS: Mapping[FinishReason, str] = {
    "deadline": "the time for this answer is used up",
    "max_steps": "the model was asked as often as one answer may ask it",
    "max_tool_calls": "this answer has used all its tool calls",
    "max_write_calls": "this answer has used all its runs and edits",
    "repeated_call": "the model asked for the same thing again and again",
}
INTERRUPTED = "Interrupted; whether it took effect is not known."


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a turn ends even if the model would go on; what is allowed unasked.

    Attributes:
        deadline: On `time.monotonic()`.
        approval: ``read-only``, ``ask``, ``auto-edit`` or ``auto``.
        effects: What the user may do at all; tools of other effects are not offered.
    """

    deadline: float
    max_steps: int = 10
    max_tool_calls: int = 25
    max_write_calls: int = 15
    max_repeated_calls: int = 2
    approval: str = "ask"
    effects: frozenset[str] = frozenset({"read", "execute", "write"})


@dataclass(slots=True)
class Transcript:
    """What a turn has produced so far; valid for a provider whenever `closed` has been called."""

    request: list[Message]
    messages: list[Message] = field(default_factory=list)
    reply: str = ""
    usage: Usage = Usage()
    actions: list[Action] = field(default_factory=list)
    finish_reason: FinishReason | None = None
    unsaid: str = ""

    def close(self) -> None:
        """Give every call that has none a result, and keep what was said and not yet recorded."""
        if self.unsaid:
            self.messages.append(Message("assistant", self.unsaid))
            self.unsaid = ""
        answered = {one.tool_call_id for one in self.messages if one.role == "tool"}
        for call in [call for one in self.messages for call in one.tool_calls if call.id not in answered]:
            self.messages.append(Message("tool", INTERRUPTED, tool_call_id=call.id))


class Agent:
    """Asks the model, does what it asks for within the limits, and asks again.

    Args:
        model: Who answers.
        tools: What it may do, by name.
        limits: Where it ends.
        redact: Applied to everything that tools return.
        decide: Answers approvals; None where nobody can.
        run: Runs code in place of the kernel, where the kernel is busy with our own magic.
    """

    def __init__(
        self,
        model: Model,
        tools: Mapping[str, Tool],
        limits: Limits,
        *,
        redact: Redact = str,
        decide: Decide | None = None,
        run: Run | None = None,
    ) -> None:
        self._model = model
        self._tools = {name: tool for name, tool in tools.items() if tool.effect in limits.effects}
        self._limits = limits
        self._redact = redact
        self._decide = decide
        self._run = run
        self._seen: Counter[tuple[str, str]] = Counter()
        self._read: dict[tuple[str, str], ToolOutput] = {}

    async def run(self, transcript: Transcript, context: ToolContext) -> AsyncGenerator[Event, None]:
        """Emit events until done; `transcript` has what was said and done at every moment.

        Raises:
            UpstreamError: the model failed.
        """
        async with aclosing(self._steps(transcript, context)) as events:
            async for event in events:
                yield event
        why = _LIMITS.get(transcript.finish_reason or "stop")
        if why is not None:
            yield _say(transcript, f"*Stopped: {why}.*")

    async def _steps(self, transcript: Transcript, context: ToolContext) -> AsyncGenerator[Event, None]:
        for _ in range(self._limits.max_steps):
            if time.monotonic() >= self._limits.deadline:
                transcript.finish_reason = "deadline"
                return
            calls: list[ToolCall] = []
            async with aclosing(self._ask(transcript, calls)) as events:
                async for event in events:
                    yield event
            if not calls:
                return
            async with aclosing(self._act(transcript, calls, context)) as events:
                async for event in events:
                    yield event
            if transcript.finish_reason is not None:
                return
        transcript.finish_reason = "max_steps"

    async def _ask(self, transcript: Transcript, calls: list[ToolCall]) -> AsyncGenerator[Event, None]:
        specs = [tool.spec for tool in self._tools.values()]
        messages = [*transcript.request, *transcript.messages]
        finished = ModelFinished()
        async with aclosing(self._model.stream(messages, specs, deadline=self._limits.deadline)) as stream:
            async for event in stream:
                match event:
                    case TextDelta():
                        yield _say(transcript, event.text)
                    case Waiting():
                        yield event
                    case ToolCall():
                        calls.append(event)
                    case ModelFinished():
                        finished = event
        transcript.messages.append(Message("assistant", transcript.unsaid, tuple(calls)))
        transcript.unsaid = ""
        transcript.usage += finished.usage
        yield UsageReported(transcript.usage.input_tokens, transcript.usage.output_tokens)
        if not calls:
            transcript.finish_reason = finished.reason if finished.reason in ("length", "refused") else "stop"

    async def _act(
        self, transcript: Transcript, calls: Sequence[ToolCall], context: ToolContext
    ) -> AsyncGenerator[Event, None]:
        for call in calls:
            transcript.finish_reason = transcript.finish_reason or self._budget_spent(transcript, call)
            if transcript.finish_reason is not None:
                transcript.messages.append(Message("tool", _spent(transcript.finish_reason), tool_call_id=call.id))
                continue
            async with aclosing(self._one(transcript, call, context)) as events:
                async for event in events:
                    yield event

    def _budget_spent(self, transcript: Transcript, call: ToolCall) -> FinishReason | None:
        limits = self._limits
        if time.monotonic() >= limits.deadline:
            return "deadline"
        if len(transcript.actions) >= limits.max_tool_calls:
            return "max_tool_calls"
        tool = self._tools.get(call.name)
        writes = sum(one.effect != "read" for one in transcript.actions)
        if tool is not None and tool.effect != "read" and writes >= limits.max_write_calls:
            return "max_write_calls"
        self._seen[call.name, call.arguments] += 1
        return "repeated_call" if self._seen[call.name, call.arguments] > limits.max_repeated_calls else None

    async def _one(self, transcript: Transcript, call: ToolCall, context: ToolContext) -> AsyncGenerator[Event, None]:
        tool, arguments, refusal = self._understood(call)
        effect: Effect = tool.effect if tool is not None else "read"
        yield ToolCalled(call.id, call.name[:100], effect, arguments)
        status: ActionStatus = "done"
        output = refusal
        if tool is not None and output is None and effect != "read":
            async with aclosing(self._permission(tool, call, arguments, context)) as steps:
                async for step in steps:
                    if isinstance(step, ApprovalAsked):
                        yield step
                    else:
                        status, output = step
        if tool is not None and output is None:
            if self._run is not None and effect == "execute":
                asked = RunAsked(call.id, str(arguments.get("code", "")))
                waiting = asyncio.ensure_future(self._run(asked))
                yield asked
                output = _told_run(await self._in_time(waiting))
            else:
                output = await self._called(tool, call, arguments, context)
        assert output is not None
        if not output.ok and status == "done":
            status = "failed"
        content = self._redact(shortened(output.content, TOOL_CHARACTERS))
        transcript.messages.append(Message("tool", content, tool_call_id=call.id))
        transcript.actions.append(Action(call.id, call.name[:100], effect, status))
        yield ToolReturned(call.id, call.name[:100], status, shortened(content, SHOWN_CHARACTERS))

    def _understood(self, call: ToolCall) -> tuple[Tool | None, dict[str, Any], ToolOutput | None]:
        """The tool and its arguments, or what to tell the model instead."""
        tool = self._tools.get(call.name)
        if tool is None:
            names = ", ".join(self._tools)
            return None, {}, ToolOutput(f"unknown_tool: there is no such tool. There are: {names}.", ok=False)
        try:
            arguments = json.loads(call.arguments or "{}", parse_constant=_no_constant)
            _validate(arguments, tool.spec.parameters)
        except (ValueError, RecursionError) as error:
            return tool, {}, ToolOutput(f"invalid_arguments: {error}. Call again with arguments that fit.", ok=False)
        return tool, arguments, None

    async def _permission(
        self, tool: Tool, call: ToolCall, arguments: Mapping[str, Any], context: ToolContext
    ) -> AsyncGenerator[ApprovalAsked | tuple[ActionStatus, ToolOutput], None]:
        """Nothing when it may run; else why not. The approval binds to the exact arguments and kernel."""
        mode = self._limits.approval
        if mode == "auto" or (mode == "auto-edit" and tool.effect == "write"):
            return
        if mode == "read-only":
            yield "denied", ToolOutput("denied: this conversation is read-only. Give the user the code.", ok=False)
            return
        if self._decide is None:
            text = "needs_approval: nobody can approve it here. Give the user the code to run it themselves."
            yield "needs_approval", ToolOutput(text, ok=False)
            return
        kernel_id = context.kernel.kernel_id if context.kernel is not None else ""
        digest = digest_of(tool.spec.name, arguments, kernel_id, context.state.epoch if context.state else "")
        asked = ApprovalAsked(call.id, tool.spec.name, tool.effect, arguments, digest)
        waiting = asyncio.ensure_future(self._decide(asked))
        yield asked
        if await self._in_time(waiting) is not True:
            yield "denied", ToolOutput("denied: the user did not allow it. Do not try again; go on without.", ok=False)

    async def _called(
        self, tool: Tool, call: ToolCall, arguments: Mapping[str, Any], context: ToolContext
    ) -> ToolOutput:
        key = (call.name, call.arguments)
        if key in self._read:
            return self._read[key]
        remaining = max(0.1, self._limits.deadline - time.monotonic())
        try:
            async with asyncio.timeout(remaining):
                output = await tool.call(arguments, replace(context, timeout=min(context.timeout, remaining)))
        except TimeoutError:
            return ToolOutput("timeout: the turn's time is used up.", ok=False)
        except AgentError as error:
            return ToolOutput(f"{error.code}: {error.message}", ok=False)
        except Exception as error:  # noqa: BLE001 - a foreign tool may raise anything; its failure is data for the model
            return ToolOutput(f"failed: the tool stopped with {type(error).__name__}.", ok=False)
        if tool.effect == "read":
            self._read[key] = output
        else:
            self._read.clear()
        return output

    async def _in_time(self, waiting: asyncio.Future[Any]) -> Any:
        remaining = max(0.1, self._limits.deadline - time.monotonic())
        try:
            return await asyncio.wait_for(waiting, remaining)
        except TimeoutError:
            return None


def digest_of(tool: str, arguments: Mapping[str, Any], kernel_id: str, epoch: str) -> str:
    """SHA-256 (hex) of what would run and where; an approval answers exactly this."""
    text = json.dumps([tool, arguments, kernel_id, epoch], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _say(transcript: Transcript, text: str) -> TextDelta:
    if transcript.reply and not transcript.unsaid:
        transcript.reply += "\n\n"
        transcript.reply += text
        transcript.unsaid += text
        return TextDelta("\n\n" + text)
    transcript.reply += text
    transcript.unsaid += text
    return TextDelta(text)


def _told_run(result: ExecutionResult | None) -> ToolOutput:
    if result is None:
        return ToolOutput("timeout: the turn's time is used up.", ok=False)
    return ToolOutput(result.text or "(no output)", ok=result.status == "ok")


def _spent(reason: FinishReason) -> str:
    return f"Not done: {_LIMITS.get(reason, reason)}."


def shortened(text: str, limit: int) -> str:
    """The beginning and the end of a text, about `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _validate(arguments: object, schema: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    error = next(iter(Draft202012Validator(schema).iter_errors(arguments)), None)
    if error is not None:
        where = ".".join(map(str, error.absolute_path)) or "arguments"
        raise ValueError(f"{where}: {error.message[:200]}")
