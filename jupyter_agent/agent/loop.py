"""The loop: model ⇄ tools, budgets, approvals, cancellation; remembers nothing."""

from __future__ import annotations

import asyncio
import difflib
import json
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_agent.agent.approval import Permission
from jupyter_agent.agent.limits import Budget, Limits, believed, same_call, why
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.kernel_state import ExecutionResult
from jupyter_agent.core.messages import (
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
from jupyter_agent.core.protocols import CheckedTool, Model, Tool, ToolContext, ToolOutput
from jupyter_agent.core.question import Decide, Run
from jupyter_agent.core.text import truncate

__all__ = ["SHOWN_CHARACTERS", "Agent", "Limits", "Transcript"]

Redact = Callable[[str], str]
#: Keeps what has been done so far, before it is done and after.
Record = Callable[[tuple[Action, ...]], Awaitable[None]]
TOOL_CHARACTERS = 16_384
SHOWN_CHARACTERS = 2_000
#: Of a call's arguments.
MAX_ARGUMENTS = 1024 * 1024
#: The one tool that a kernel busy with our own magic can serve, through the magic.
RUN_CODE = "run_code"
INTERRUPTED = "Interrupted; whether it took effect is not known."
_CUT_OFF = "your call was cut off because it was too long"


@dataclass(slots=True)
class Transcript:
    """What a turn has produced so far; valid for a provider whenever `close` has been called.

    Attributes:
        request: What the model is sent first.
        messages: What came after it, by the model and by tools.
        reply: The answer so far.
        usage: Of all requests.
        actions: Calls that have ended.
        finish_reason: Why the turn ended.
        unsaid: Text that stands in no message yet.
        cut_off: Id of a call that the model could not finish.
        under_way: A call with an effect that has begun and not ended.
    """

    request: list[Message]
    messages: list[Message] = field(default_factory=list)
    reply: str = ""
    usage: Usage = Usage()
    actions: list[Action] = field(default_factory=list)
    finish_reason: FinishReason | None = None
    unsaid: str = ""
    cut_off: str = ""
    under_way: Action | None = None

    def close(self) -> None:
        """Give every call that has none a result, and keep what was said and not yet recorded."""
        if self.unsaid:
            self.messages.append(Message("assistant", self.unsaid))
            self.unsaid = ""
        answered = {one.tool_call_id for one in self.messages if one.role == "tool"}
        for call in [call for one in self.messages for call in one.tool_calls if call.id not in answered]:
            self.messages.append(Message("tool", INTERRUPTED, tool_call_id=call.id, code="interrupted"))
        if self.under_way is not None:
            self.actions.append(self.under_way)
            self.under_way = None


class Agent:
    """Asks the model, does what it asks for within the limits, and asks again.

    Args:
        model: Who answers.
        tools: What it may do, by name.
        limits: Where it ends.
        redact: Applied to everything that tools return.
        decide: Answers approvals; None where nobody can.
        run: Runs code in place of the kernel, where the kernel is busy with our own magic. The notebook is then open in a
            page that we cannot ask, so nothing else that has an effect is offered.
        record: Told of calls with an effect before they are made, and after; what raises here keeps the call from
            being made.
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
        record: Record | None = None,
    ) -> None:
        self._model = model
        self._tools = offered(tools, limits.effects, through_magic=run is not None)
        self._limits = limits
        self._budget = Budget(limits)
        self._permission = Permission(limits, decide)
        self._redact = redact
        self._run = run
        self._record = record
        self._read: dict[tuple[str, str], ToolOutput] = {}

    async def run(self, transcript: Transcript, context: ToolContext) -> AsyncGenerator[Event, None]:
        """Emit events until done; `transcript` has what was said and done at every moment.

        Raises:
            UpstreamError: the model failed.
        """
        async with aclosing(self._steps(transcript, context)) as events:
            async for event in events:
                yield event
        if limit := why(transcript.finish_reason):
            yield _say(transcript, f"*Stopped: {limit}.*")

    async def _steps(self, transcript: Transcript, context: ToolContext) -> AsyncGenerator[Event, None]:
        for _ in range(self._limits.max_steps):
            transcript.finish_reason = self._budget.before_step(transcript.usage)
            if transcript.finish_reason is not None:
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
                        calls.append(_named(event, [*transcript.request, *transcript.messages], calls))
                    case ModelFinished():
                        finished = event
        said = Message("assistant", transcript.unsaid, tuple(calls))
        transcript.messages.append(said)
        transcript.unsaid = ""
        transcript.cut_off = calls[-1].id if calls and finished.reason == "length" else ""
        transcript.usage += believed(finished.usage, messages, said)
        yield UsageReported(transcript.usage.input_tokens, transcript.usage.output_tokens)
        if not calls:
            transcript.finish_reason = finished.reason if finished.reason in ("length", "refused") else "stop"

    async def _act(
        self, transcript: Transcript, calls: Sequence[ToolCall], context: ToolContext
    ) -> AsyncGenerator[Event, None]:
        for call in calls:
            effect = self._effect(call)
            spent = transcript.finish_reason or self._budget.before_call(call, effect, transcript.actions)
            transcript.finish_reason = spent
            if spent is not None:
                transcript.messages.append(
                    Message("tool", f"Not done: {why(spent) or spent}.", (), call.id, code=spent)
                )
                continue
            async with aclosing(self._one(transcript, call, context)) as events:
                async for event in events:
                    yield event

    def _effect(self, call: ToolCall) -> Effect:
        tool = self._tools.get(call.name)
        return tool.effect if tool is not None else "read"

    async def _one(self, transcript: Transcript, call: ToolCall, context: ToolContext) -> AsyncGenerator[Event, None]:
        context = self._context(context, call)
        tool, arguments, output = self._understood(call, is_cut_off=call.id == transcript.cut_off)
        self._budget.understood(output is None)
        effect = self._effect(call)
        title, icon = self._label(call)
        yield ToolCalled(call.id, call.name[:100], effect, arguments, title, icon)
        status: ActionStatus = "done"
        if tool is not None and output is None:
            output = await self._checked(tool, arguments, context)
        if tool is not None and output is None and effect != "read":
            async with aclosing(self._permission.steps(tool, call, arguments, context)) as steps:
                async for step in steps:
                    if isinstance(step, ApprovalAsked):
                        yield step
                    else:
                        status, output = step.status, step.output
        if tool is not None and output is None:
            await self._recorded(transcript, call, effect)
            if self._run is not None and call.name == RUN_CODE:
                asked = RunAsked(call.id, str(arguments.get("code", "")))
                waiting = asyncio.ensure_future(self._run(asked))
                try:
                    yield asked
                    output = _told_run(await self._in_time(waiting))
                finally:
                    waiting.cancel()
            else:
                output = await self._called(tool, call, arguments, context)
        assert output is not None
        if not output.ok and status == "done":
            status = "failed"
        content = self._redact(truncate(output.content, TOOL_CHARACTERS))
        transcript.messages.append(Message("tool", content, (), call.id, output.pictures, output.code))
        transcript.actions.append(Action(call.id, call.name[:100], effect, status, title, icon))
        transcript.under_way = None
        if self._record is not None and effect != "read" and status in ("done", "failed"):
            await self._record(tuple(one for one in transcript.actions if one.effect != "read"))
        yield ToolReturned(call.id, call.name[:100], status, truncate(content, SHOWN_CHARACTERS), output.code)

    def _label(self, call: ToolCall) -> tuple[str, str]:
        """Title and icon of the called tool; empty for a tool that does not exist."""
        tool = self._tools.get(call.name)
        return ("", "") if tool is None else (tool.spec.title, tool.spec.icon)

    def _context(self, context: ToolContext, call: ToolCall) -> ToolContext:
        return replace(
            context,
            key=f"{context.key}:{call.id}" if context.key else "",
            approval=self._limits.approval,
            timeout=min(context.timeout, self._limits.remaining),
        )

    def _understood(self, call: ToolCall, *, is_cut_off: bool) -> tuple[Tool | None, dict[str, Any], ToolOutput | None]:
        """The tool and its arguments, or what to tell the model instead."""
        tool = self._tools.get(call.name)
        if tool is None:
            near = difflib.get_close_matches(call.name[:100], self._tools, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            names = ", ".join(self._tools)
            return None, {}, ToolOutput.failure("unknown_tool", f"there is no such tool.{hint} There are: {names}.")
        try:
            if is_cut_off or len(call.arguments) > MAX_ARGUMENTS:
                raise ValueError(_CUT_OFF if is_cut_off else "they are too long")
            arguments = json.loads(call.arguments or "{}", parse_constant=_no_constant, object_pairs_hook=_no_twins)
            _validate(arguments, tool.spec.parameters)
        except (ValueError, RecursionError) as error:
            return tool, {}, ToolOutput.failure("invalid_arguments", f"{error}. Call again with arguments that fit.")
        return tool, arguments, None

    async def _checked(self, tool: Tool, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """What speaks against a call before anybody is asked: the loop's own look at what the model wants to do."""
        if not isinstance(tool, CheckedTool):
            return None
        return await self._told(tool.check(arguments, context))

    async def _recorded(self, transcript: Transcript, call: ToolCall, effect: Effect) -> None:
        """Keep that a call with an effect is about to be made, so that nobody ever makes it a second time."""
        if effect == "read":
            return
        transcript.under_way = Action(call.id, call.name[:100], effect, "interrupted", *self._label(call))
        if self._record is not None:
            done = tuple(one for one in transcript.actions if one.effect != "read")
            await self._record((*done, transcript.under_way))

    async def _called(
        self, tool: Tool, call: ToolCall, arguments: Mapping[str, Any], context: ToolContext
    ) -> ToolOutput:
        key = same_call(call)
        if tool.effect == "read" and key in self._read:
            return self._read[key]
        if tool.effect != "read":
            self._read.clear()
        output = await self._told(tool.call(arguments, context))
        assert output is not None
        if tool.effect == "read":
            self._read[key] = output
        return output

    async def _told(self, answering: Awaitable[ToolOutput | None]) -> ToolOutput | None:
        """A tool's answer; its failure is an answer too."""
        try:
            async with asyncio.timeout(self._limits.remaining):
                return await answering
        except TimeoutError:
            return ToolOutput.failure("timeout", "the turn's time is used up.")
        except AgentError as error:
            return ToolOutput.failure(error.code, error.message)
        except Exception as error:  # noqa: BLE001 - a foreign tool may raise anything; its failure is data for the model
            return ToolOutput.failure("failed", f"the tool stopped with {type(error).__name__}.")

    async def _in_time(self, waiting: asyncio.Future[Any]) -> Any:
        try:
            return await asyncio.wait_for(waiting, self._limits.remaining)
        except TimeoutError:
            return None


def offered(tools: Mapping[str, Tool], effects: frozenset[str], *, through_magic: bool = False) -> dict[str, Tool]:
    """Tools of these effects; through the magic, of those with an effect only the one that runs code."""
    return {
        name: tool
        for name, tool in tools.items()
        if tool.effect in effects and (not through_magic or tool.effect == "read" or name == RUN_CODE)
    }


def _named(call: ToolCall, messages: Sequence[Message], calls: Sequence[ToolCall]) -> ToolCall:
    """The call with an id that no other call of the conversation has."""
    used = {one.id for message in messages for one in message.tool_calls} | {one.id for one in calls}
    return call if call.id and call.id not in used else replace(call, id=f"call_{uuid.uuid4().hex[:16]}")


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
        return ToolOutput.failure("timeout", "the turn's time is used up.")
    ok = result.status == "ok"
    return ToolOutput(result.text or "(no output)", ok=ok, code="" if ok else "exception")


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _validate(arguments: object, schema: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    error = next(iter(Draft202012Validator(schema).iter_errors(arguments)), None)
    if error is not None:
        where = ".".join(map(str, error.absolute_path)) or "arguments"
        raise ValueError(f"{where}: {error.message[:200]}")
