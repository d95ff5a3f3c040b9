"""The loop of one turn: ask the model, execute its tool calls within limits and approvals, ask again; keeps no state."""

from __future__ import annotations

import asyncio
import difflib
import json
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_agent.agent.approval import ApprovalPolicy, CheckedCall, Refusal
from jupyter_agent.agent.compaction import Compaction
from jupyter_agent.agent.limits import EXPLANATIONS, Limits, LimitTracker, checked_usage
from jupyter_agent.agent.repeated_calls import RepeatedCalls
from jupyter_agent.core.errors import AgentError, ContextTooLong, UpstreamError, UpstreamTimeout
from jupyter_agent.core.events import (
    ApprovalAsked,
    Declined,
    Event,
    ModelEvent,
    ModelFinished,
    Plan,
    RunAsked,
    Suggestion,
    TextDelta,
    ThinkingDelta,
    ToolCalled,
    ToolProgress,
    ToolReturned,
    UsageReported,
    Waiting,
)
from jupyter_agent.core.kernel_state import ExecutionResult
from jupyter_agent.core.messages import (
    Action,
    ActionStatus,
    Effect,
    FinishReason,
    Message,
    ToolCall,
    Usage,
    code_blocks,
)
from jupyter_agent.core.pictures import name_pictures
from jupyter_agent.core.progress import PROGRESS, Progress
from jupyter_agent.core.protocols import (
    RUN_CODE,
    CheckedTool,
    Model,
    Tool,
    ToolContext,
    ToolOutput,
    ToolSpec,
    VariedTool,
    effects_of,
    title_of,
    traits_of,
)
from jupyter_agent.core.question import Decide, Run
from jupyter_agent.core.text import FENCED_CODE, PYTHON, refuse_constant, truncate, well_formed
from jupyter_agent.prompt.request import affordable, tool_tokens
from jupyter_agent.tools.output import execution_output
from jupyter_agent.tools.requirements import ObjectSchema

Redact = Callable[[str], str]
#: Stores the calls with an effect made so far, before each is made and after.
Record = Callable[[tuple[Action, ...]], Awaitable[None]]
#: Characters of a tool's output that the model is sent, and that are shown to the user.
TOOL_CHARACTERS = 16_384
SHOWN_CHARACTERS = 2_000
#: Seconds after which it is shown that a call still runs; and for an interrupted one to say what it printed.
PROGRESS_SECONDS = 3.0
_INTERRUPT_SECONDS = 20.0
#: How often the same is asked, shorter each time, where the model's server finds it too long.
_MAX_TRIES = 3
#: Characters of a call's arguments.
MAX_ARGUMENTS = 1024 * 1024
#: Beginning of the id of the call that runs the code of the answer; no call of a model's has it.
_ANSWER = "answer_"
_MAY_NOT_RUN = "The code was not run: you may not run code here."
INTERRUPTED = "Interrupted; whether it took effect is not known."
NOT_DONE = "The answer was stopped before this was done."
_CUT_OFF = "your call was cut off because your answer was too long; the calls before it were made"
_EMPTY = "(Your answer was empty. Answer in words, or call a tool.)"
_NO_ANSWER = "The model gave no answer. Ask again, or choose another model."
_ONLY_THOUGHT = "The model thought about it, but gave no answer. Ask again, or choose another model."
_REFUSED = "The model declined to answer this."
_WAITS = (
    "not_made: a call before it in the same message failed or was denied, so this one was not made. Look at what came of that first; "
    "then call again if it is still right."
)
_CLOSING = "(Stopped: {}. No tool can be called any more. Say now in words what you did and found, what is missing, and how the user can go on.)"
#: Ends of a turn after which the model is asked for words; and the time that this needs.
CLOSED_WITH_WORDS = frozenset({"max_steps", "max_tool_calls", "max_write_calls", "repeated_call", "failed_runs"})
_CLOSING_SECONDS = 2.0
_BROKEN = "Stopped: the model's server fell silent in the middle of the answer. Ask again."
WITHHELD = (
    "[Something looks like a secret and is withheld here, so this cannot be allowed here. Ask for it in the agent's panel in "
    "JupyterLab, which shows all of it.]"
)
_TIME_OVER = ToolOutput.failure("timeout", "the turn's time is used up.")


@dataclass(slots=True)
class Transcript:
    """What a turn has produced so far; valid for a provider whenever `close` has been called.

    Attributes:
        request: What the model is sent first.
        messages: What came after it, by the model and by tools.
        reply: The answer so far.
        usage: Of all requests.
        is_usage_reported: Whether the model's server reported that of the newest request.
        actions: Calls that have ended.
        finish_reason: Why the turn ended.
        unrecorded: Text of the answer that stands in no message yet.
        cut_off: Id of a call that the model could not finish.
        under_way: A call with an effect that has begun and not ended.
        printed: What it printed so far, where the turn was stopped in it.
        declined: That the model did not answer, where it says so.
        suggestions: What could be asked instead.
        ignored: Options of the configuration that the model's server does not take, as far as that was not known; ``pictures`` too.
    """

    request: list[Message]
    messages: list[Message] = field(default_factory=list)
    reply: str = ""
    usage: Usage = Usage()
    is_usage_reported: bool = False
    actions: list[Action] = field(default_factory=list)
    finish_reason: FinishReason | None = None
    unrecorded: str = ""
    cut_off: str = ""
    under_way: Action | None = None
    printed: str = ""
    ignored: list[str] = field(default_factory=list)
    declined: Declined | None = None
    suggestions: tuple[Suggestion, ...] = ()

    def add_text(self, text: str) -> TextDelta:
        """More of the answer; a text that begins a new message begins a new paragraph of the reply."""
        if self.reply and not self.unrecorded:
            self.reply += "\n\n"
            delta = TextDelta("\n\n" + text)
        else:
            delta = TextDelta(text)
        self.reply += text
        self.unrecorded += text
        return delta

    def drop_text(self) -> None:
        """The text that stands in no message yet was no part of the answer."""
        self.reply = self.reply.removesuffix(self.unrecorded)
        self.reply = self.reply.removesuffix("\n\n") if self.unrecorded else self.reply
        self.unrecorded = ""

    def close(self) -> None:
        """Give every call that has none a result, and keep the text that is not recorded yet."""
        if self.unrecorded:
            self.messages.append(Message("assistant", self.unrecorded))
            self.unrecorded = ""
        answered = {message.tool_call_id for message in self.messages if message.role == "tool"}
        for call in [call for message in self.messages for call in message.tool_calls if call.id not in answered]:
            is_under_way = self.under_way is not None and self.under_way.call_id == call.id
            content = f"{INTERRUPTED}\n{self.printed}".strip() if is_under_way else NOT_DONE
            self.messages.append(Message("tool", content, tool_call_id=call.id, code="interrupted"))
        if self.under_way is not None:
            self.actions.append(self.under_way)
            self.under_way = None


class Agent:
    """Asks the model, executes its calls within the limits, and asks again.

    Args:
        model: Who answers.
        tools: What it may do, by name.
        limits: Where it ends.
        redact: Applied to everything that tools return.
        decide: Answers approvals; None where nobody can.
        is_allowed: Whether what the user allowed for the conversation answers an approval.
        run: Runs code in place of the kernel, where the kernel is busy with our own magic. The notebook is then open in a
            page that we cannot ask, so nothing else that has an effect is offered.
        run_answer: The approval mode in which the Python code of the answer is run at its end; empty where it is not run.
        record: Called with the calls that have an effect, before each is made and after; what raises here keeps the call
            from being made.
        compaction: Keeps each request within its budget.
        may_shrink: Whether the first request is sent again, shorter, where the model's server finds it too long; later ones are.
    """

    def __init__(
        self,
        model: Model,
        tools: Mapping[str, Tool],
        limits: Limits,
        *,
        redact: Redact = str,
        decide: Decide | None = None,
        is_allowed: Callable[[ApprovalAsked], bool] | None = None,
        run: Run | None = None,
        run_answer: str = "",
        record: Record | None = None,
        compaction: Compaction | None = None,
        may_shrink: bool = True,
    ) -> None:
        self._model = model
        self._tools = offered_tools(tools, limits.effects, through_magic=run is not None)
        self._limits = limits
        self._tracker = LimitTracker(limits)
        self._approval = ApprovalPolicy(limits, decide, is_allowed)
        self._redact = redact
        self._run_code = run
        self._run_answer = run_answer
        self._record = record
        self._compaction = compaction or Compaction()
        self._may_shrink = may_shrink
        self._note = ""
        self._may_call = True
        self._repeated = RepeatedCalls(limits.max_repeated_calls)

    async def run(self, transcript: Transcript, context: ToolContext) -> AsyncGenerator[Event, None]:
        """Emit events until done; `transcript` has what was answered and done at every moment.

        Raises:
            UpstreamError: the model failed.
        """
        for _ in range(self._limits.max_steps):
            transcript.finish_reason = self._tracker.check_step(transcript.usage)
            if transcript.finish_reason is not None:
                break
            calls: list[ToolCall] = []
            async with aclosing(self._query(transcript, calls)) as events:
                async for event in events:
                    yield event
            async with aclosing(self._execute_calls(transcript, calls, context)) as events:
                async for event in events:
                    yield event
            if transcript.finish_reason is not None:
                break
        else:
            transcript.finish_reason = "max_steps"
        if self._run_answer and transcript.finish_reason == "stop":
            async with aclosing(self._execute_answer(transcript, context)) as events:
                async for event in events:
                    yield event
        if transcript.finish_reason in CLOSED_WITH_WORDS:
            async with aclosing(self._close(transcript)) as events:
                async for event in events:
                    yield event
        explanation = EXPLANATIONS.get(transcript.finish_reason or "stop")
        if explanation and not transcript.reply.endswith(f"*{_BROKEN}*"):
            closing = next(
                (message.content for message in reversed(transcript.messages) if message.role == "assistant"), ""
            )
            is_only_code = bool(closing.strip()) and not FENCED_CODE.sub("", closing).strip()
            unmade = " The code above was not run." if is_only_code and not self._may_call else ""
            yield transcript.add_text(f"*Stopped: {explanation}.{unmade}*")

    async def _close(self, transcript: Transcript) -> AsyncGenerator[Event, None]:
        """After a limit was reached, ask the model for words: once, without tools, if there is time."""
        reason = transcript.finish_reason
        if reason is None or self._limits.deadline - time.monotonic() < _CLOSING_SECONDS:
            return
        self._note, self._may_call = _CLOSING.format(EXPLANATIONS[reason]), False
        try:
            async with aclosing(self._query(transcript, [])) as events:
                async for event in events:
                    yield event
        except UpstreamError:
            pass  # what was done is kept, and why it ended is said
        transcript.finish_reason = reason

    async def _query(self, transcript: Transcript, calls: list[ToolCall]) -> AsyncGenerator[Event, None]:
        """Ask the model once; `calls` gets the calls that it asks for."""
        note, self._note = self._note, ""
        used_ids = {call.id for message in (*transcript.request, *transcript.messages) for call in message.tool_calls}
        finished, half, has_thought, is_broken = ModelFinished(), "", False, False
        try:
            async with aclosing(self._stream(transcript, note)) as stream:
                async for event in stream:
                    match event:
                        case TextDelta():
                            # Some servers cut an emoji in two.
                            text = half + event.text
                            half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
                            if text := text.removesuffix(half):
                                yield transcript.add_text(well_formed(text))
                        case ThinkingDelta():
                            has_thought = True
                            if event.replaces_text:
                                transcript.drop_text()
                            yield replace(event, text=well_formed(event.text))
                        case Waiting():
                            yield event
                        case ToolCall():
                            is_new = event.id and event.id not in used_ids and not event.id.startswith(_ANSWER)
                            calls.append(event if is_new else replace(event, id=f"call_{uuid.uuid4().hex[:16]}"))
                            used_ids.add(calls[-1].id)
                        case ModelFinished():
                            finished = event
        except UpstreamTimeout:
            if not transcript.reply.strip():
                raise
            calls.clear()
            is_broken = True
        if half:
            yield transcript.add_text("\N{REPLACEMENT CHARACTER}")
        if not self._may_call:
            calls.clear()
        answer = Message("assistant", transcript.unrecorded, tuple(calls), extra=finished.extra)
        is_empty = not (answer.content.strip() or calls)
        if not is_empty:
            transcript.messages.append(answer)
        transcript.unrecorded = ""
        transcript.cut_off = calls[-1].id if calls and finished.reason == "length" else ""
        usage = checked_usage(finished.usage, self._compaction.cost, answer)
        transcript.is_usage_reported = usage.input_tokens == finished.usage.input_tokens
        transcript.usage += usage
        transcript.ignored += finished.ignored
        transcript.declined, transcript.suggestions = finished.declined, finished.suggestions
        used = transcript.usage
        yield UsageReported(used.input_tokens, used.output_tokens, used.cached_tokens)
        if is_broken:
            transcript.finish_reason = "deadline"
            if time.monotonic() < self._limits.deadline:
                yield transcript.add_text(f"*{_BROKEN}*")
        elif is_empty and finished.reason != "refused" and note != _EMPTY:
            self._note = _EMPTY
        elif not calls:
            transcript.finish_reason = finished.reason if finished.reason in ("length", "refused") else "stop"
            if is_empty:
                words = _REFUSED if finished.reason == "refused" else _ONLY_THOUGHT if has_thought else _NO_ANSWER
                yield transcript.add_text(f"*{words}*")

    async def _stream(self, transcript: Transcript, note: str) -> AsyncGenerator[ModelEvent, None]:
        """The model's answer to what there is room for; to less where its server finds that too long.

        Args:
            transcript: What there is.
            note: Said to the model at the end, and kept nowhere.
        """
        specs = offered_specs(self._tools, self._limits.approval) if self._may_call else []
        specs = affordable(specs, self._compaction.budget, self._compaction.count)
        takes_code = traits_of(self._model).tool_mode == "code"
        if takes_code and self._run_answer:  # its code is run in the end, and is no call before
            specs = [spec for spec in specs if spec.name != RUN_CODE]
        taken = 0 if takes_code else tool_tokens(specs, self._compaction.count)
        # What is added to the messages once they are chosen.
        taken += sum(map(self._compaction.count, (note, traits_of(self._model).preface)))
        failure: ContextTooLong | None = None
        cost = 0
        for _ in range(_MAX_TRIES):
            sees = traits_of(self._model).sees is not False
            parts = transcript.request, transcript.messages
            request, later = ([name_pictures(message, sees=sees) for message in part] for part in parts)
            messages = self._compaction.fit(request, later, taken)
            shortened, self._compaction.shortened = self._compaction.shortened, set()
            self._repeated.forget(
                [call for message in transcript.messages for call in message.tool_calls if call.id in shortened]
            )
            if note:
                messages[-1] = messages[-1].with_reminder(note)
            if failure is not None and self._compaction.cost >= cost:
                raise failure
            try:
                async with aclosing(self._model.stream(messages, specs, deadline=self._limits.deadline)) as stream:
                    async for event in stream:
                        yield event
                return
            except ContextTooLong as error:
                # Never after anything was said in this answer.
                if transcript.unrecorded or not (self._may_shrink or transcript.messages):
                    raise
                failure, cost = error, self._compaction.cost
                self._compaction.shrink()
        assert failure is not None
        raise failure

    async def _execute_calls(
        self, transcript: Transcript, calls: Sequence[ToolCall], context: ToolContext
    ) -> AsyncGenerator[Event, None]:
        """Execute calls in their order; after a limit is reached, the rest are answered with it."""
        self._repeated.step += 1
        has_asked = has_failed = False
        for number, call in enumerate(calls):
            tool = self._tools.get(call.name)
            effect: Effect = tool.effect if tool is not None else "read"
            if has_failed and effect != "read":
                transcript.messages.append(Message("tool", _WAITS, tool_call_id=call.id, code="not_made"))
                continue
            if effect != "read" and not has_asked:
                has_asked = True
                for asked in await self._ask_together(transcript, calls[number:], context):
                    yield asked
            limit = transcript.finish_reason or self._tracker.check_call(effect, transcript.actions)
            transcript.finish_reason = limit
            if limit is not None:
                content = f"Not done: {EXPLANATIONS.get(limit, limit)}."
                transcript.messages.append(Message("tool", content, tool_call_id=call.id, code=limit))
                continue
            async with aclosing(self._execute_call(transcript, call, effect, context)) as events:
                async for event in events:
                    yield event
            self._approval.asked_together.pop(call.id, None)
            has_failed = has_failed or transcript.actions[-1].status in ("failed", "denied")
            if self._repeated.has_gone_on:
                transcript.finish_reason = "repeated_call"
            elif self._tracker.has_failed_too_often:
                transcript.finish_reason = "failed_runs"
        for asked in self._approval.asked_together.values():  # nobody waits for these answers any more
            yield ToolReturned(asked.call_id, asked.tool, "interrupted", "Not done.")
        self._approval.asked_together = {}

    async def _ask_together(
        self, transcript: Transcript, calls: Sequence[ToolCall], context: ToolContext
    ) -> tuple[ApprovalAsked, ...]:
        """What the user is asked about calls of one message that nothing speaks against, where that is more than one."""
        # Code that is tried in the mode `auto` is tried once, and calls that are made there are rarely asked about.
        if not calls[1:] or self._limits.approval in ("read-only", "auto") or not self._approval.decide:
            return ()
        context = replace(context, approval=self._limits.approval, effects=self._limits.effects)
        insisted = frozenset(context.tool_record.insisted)
        checked: list[CheckedCall] = []
        changed: set[str] = set()  # what is to be done with a cell once it has changed can only be shown then
        for call in calls:
            tool, arguments, output = self._parse_call(call, is_cut_off=call.id == transcript.cut_off)
            if tool is not None and output is None and tool.effect == "read":
                continue
            if tool is None or output is not None or self._repeated.refusal(call) is not None:
                break  # what follows it waits for the model
            if (cell_id := str(arguments.get("cell_id", ""))) in changed:
                continue
            changed |= {cell_id} if cell_id and tool.effect == "write" else set()
            if isinstance(tool, CheckedTool):
                output = await self._answer(tool.check(arguments, context), self._limits.remaining)
            if output is not None:
                break
            checked.append((tool, call, arguments, context))
        context.tool_record.insisted.intersection_update(insisted)  # the model has not read yet what was questioned
        return await self._approval.ask_together(checked)

    async def _execute_answer(self, transcript: Transcript, context: ToolContext) -> AsyncGenerator[Event, None]:
        """Run the Python code of the answer, as if the model had called the tool for it."""
        blocks = [block for block in code_blocks(transcript.reply) if block.language.lower() in ("", *PYTHON)]
        if not blocks:
            return
        if RUN_CODE not in self._tools:
            yield transcript.add_text(f"*{_MAY_NOT_RUN}*")
            return
        code = "\n\n".join(block.source for block in blocks)
        call = ToolCall(f"{_ANSWER}{uuid.uuid4().hex[:16]}", RUN_CODE, json.dumps({"code": code}))
        transcript.messages[-1] = replace(transcript.messages[-1], tool_calls=(call,))
        transcript.finish_reason = None
        self._limits = self._tracker.limits = self._approval.limits = replace(self._limits, approval=self._run_answer)
        async with aclosing(self._execute_calls(transcript, [call], context)) as events:
            async for event in events:
                yield event
        transcript.finish_reason = transcript.finish_reason or "stop"

    async def _execute_call(
        self, transcript: Transcript, call: ToolCall, effect: Effect, context: ToolContext
    ) -> AsyncGenerator[Event, None]:
        """Check a call, ask for approval where it is needed, make it, and append its result."""
        context = replace(
            context,
            key=f"{context.key}:{call.id}" if context.key else "",
            approval=self._limits.approval,
            effects=self._limits.effects,
        )
        tool, arguments, output = self._parse_call(call, is_cut_off=call.id == transcript.cut_off)
        effects = effects_of(tool, arguments) if tool is not None else (effect,)
        effect = effects[-1]
        self._tracker.invalid_calls = 0 if output is None else self._tracker.invalid_calls + 1
        title, icon = (title_of(tool, effects), tool.spec.icon) if tool is not None else ("", "")
        display = tool.spec.display if tool is not None else None
        more = effects if effects[1:] else ()
        yield ToolCalled(call.id, call.name[:100], effect, arguments, title, icon, more, display)
        status: ActionStatus = "done"
        action = Action(call.id, call.name[:100], effect, "interrupted", title, icon, effects=more)
        version = self._repeated.version
        if output is None and effect != "read" and (refusal := self._repeated.refusal(call)) is not None:
            status, output = refusal
        if output is None and isinstance(tool, CheckedTool):
            seconds = self._limits.remaining
            output = await self._answer(tool.check(arguments, replace(context, timeout=seconds)), seconds)
        if tool is not None and output is None and effect != "read":
            async with aclosing(self._approval.check(tool, call, arguments, context)) as steps:
                async for step in steps:
                    if isinstance(step, Refusal):
                        status, output = step.status, step.output
                        if (asked := step.asked) is not None:
                            preview, digest = self._redact(asked.preview), asked.digest
                            if preview != asked.preview:  # nobody can allow what they have not seen whole
                                preview, digest = f"{preview}\n\n{WITHHELD}", ""
                            reasons = tuple(reason.with_texts(self._redact) for reason in asked.reasons)
                            action = replace(action, digest=digest, preview=preview, reasons=reasons)
                    else:
                        yield step
            self._extend_deadline(self._approval.waited)
            self._approval.waited = 0.0
            self._repeated.version += 1  # the call changes something, or the user has, while it waited
        if tool is not None and output is None:
            if effect != "read":
                # Stored before the call is made, so that nobody ever makes it a second time.
                transcript.under_way = action
                await self._record_actions(transcript)
            async with aclosing(self._make_call(transcript, tool, call, arguments, context)) as progress:
                async for event in progress:
                    if isinstance(event, ToolOutput):
                        output = event
                    else:
                        yield event
        assert output is not None
        if output.code == "cell_changed" and self._repeated.version == version:
            self._repeated.version += 1  # by the user
        if not output.ok and status == "done":
            status = "failed"
        if call.name == RUN_CODE and status in ("done", "failed") and (code := str(arguments.get("code", ""))):
            context.tool_record.executed.append(code)
        if "execute" in effects and status in ("done", "failed"):
            self._tracker.count_run(output)
        content = truncate(output.content, TOOL_CHARACTERS)
        content = self._redact(f"{content}\n{output.note}" if output.note else content)
        if note := self._repeated.add(call, status, output, version=version):
            content = f"{note}\n{content}"
        transcript.messages.append(
            Message("tool", content, (), call.id, output.pictures, output.code, self._redact(output.note))
        )
        transcript.actions.append(replace(action, status=status))
        transcript.under_way = None
        if effect != "read" and status in ("done", "failed"):
            await self._record_actions(transcript)
        shown = truncate(content, SHOWN_CHARACTERS, is_redacted=True)
        yield ToolReturned(call.id, call.name[:100], status, shown, output.code)
        if output.ok and (plan := Plan.of_call(call)) is not None:
            yield Plan(tuple(replace(item, text=self._redact(item.text)) for item in plan.items))

    async def _make_call(
        self, transcript: Transcript, tool: Tool, call: ToolCall, arguments: Mapping[str, Any], context: ToolContext
    ) -> AsyncGenerator[Event | ToolOutput, None]:
        """Emit how a call goes on, and its output at last; one that runs code has as much time as runs may take."""
        is_run = "execute" in effects_of(tool, arguments)
        seconds = self._limits.run_seconds if is_run else min(context.timeout, self._limits.remaining)
        context = replace(context, timeout=seconds)
        if self._run_code is not None and call.name == RUN_CODE:
            request = RunAsked(call.id, str(arguments.get("code", "")), call.id.startswith(_ANSWER))
            yield request
            answering = _run_output(self._run_code(request))
        else:
            answering = tool.call(arguments, context)
        progress, called = Progress(), copy_context()
        called.run(PROGRESS.set, progress)
        # A kernel that interrupts the code at the end of its time still has to say what it printed.
        answer = self._answer(answering, seconds + _INTERRUPT_SECONDS if is_run else self._limits.remaining, progress)
        making = asyncio.create_task(answer, context=called)
        began = time.monotonic()
        try:
            while not making.done():
                elapsed = time.monotonic() - began
                await asyncio.wait([making], timeout=min(30.0, max(PROGRESS_SECONDS, elapsed / 4)))
                if not making.done():
                    printed = self._redact(progress.printed())[-SHOWN_CHARACTERS:]
                    yield ToolProgress(call.id, call.name[:100], round(time.monotonic() - began, 1), printed)
            if is_run and not self._limits.is_run_counted:
                self._extend_deadline(time.monotonic() - began)
            output = making.result()
            assert output is not None
            yield output
        finally:
            if not making.done():
                transcript.printed = self._redact(truncate(progress.printed(), TOOL_CHARACTERS))
                making.cancel()
                await asyncio.wait([making])

    def _extend_deadline(self, seconds: float) -> None:
        """What is waited for is not the turn's time."""
        if seconds:
            self._limits = replace(self._limits, deadline=self._limits.deadline + seconds)
            self._tracker.limits = self._approval.limits = self._limits

    def _parse_call(self, call: ToolCall, *, is_cut_off: bool) -> tuple[Tool | None, dict[str, Any], ToolOutput | None]:
        """The tool and its arguments, or an output for the model that explains what is wrong with the call."""
        from jsonschema import Draft202012Validator

        tool = self._tools.get(call.name)
        if tool is None:
            # Code in a tool that is none is to be run, not to be deleted: what fits the arguments is meant.
            given = call.parsed_arguments().keys()
            fitting = [
                name
                for name, known in self._tools.items()
                if {*known.spec.parameters.get("required", ())}
                <= given
                <= {*known.spec.parameters.get("properties", ())}
            ]
            near = [RUN_CODE] if given and RUN_CODE in fitting else []
            near += difflib.get_close_matches(call.name[:100], fitting, n=1, cutoff=0.0 if given else 0.6)
            near += difflib.get_close_matches(call.name[:100], self._tools, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            names = ", ".join(self._tools)
            return None, {}, ToolOutput.failure("unknown_tool", f"there is no such tool.{hint} There are: {names}.")
        try:
            if is_cut_off or len(call.arguments) > MAX_ARGUMENTS:
                raise ValueError(_CUT_OFF if is_cut_off else "they are too long")
            arguments = json.loads(
                call.arguments or "{}", parse_constant=refuse_constant, object_pairs_hook=_unique_keys
            )
            schema = tool.spec.parameters
            schema = {**schema, "additionalProperties": False} if isinstance(schema, ObjectSchema) else schema
            error = next(iter(Draft202012Validator(schema).iter_errors(arguments)), None)
            if error is not None:
                path = ".".join(map(str, error.absolute_path)) or "arguments"
                raise ValueError(f"{path}: {error.message[:200]}")
        except (ValueError, RecursionError) as invalid:
            return tool, {}, ToolOutput.failure("invalid_arguments", f"{invalid}. Call again with arguments that fit.")
        except Exception as error:  # noqa: BLE001 - a foreign tool's schema may refer to what is not there
            return tool, {}, ToolOutput.failure("failed", f"the tool's parameters are invalid: {type(error).__name__}.")
        return tool, arguments, None

    async def _record_actions(self, transcript: Transcript) -> None:
        """Store the calls with an effect, the one under way included."""
        if self._record is not None:
            under_way = (transcript.under_way,) if transcript.under_way is not None else ()
            await self._record((*(action for action in transcript.actions if action.effect != "read"), *under_way))

    async def _answer(
        self, answering: Awaitable[ToolOutput | None], seconds: float, progress: Progress | None = None
    ) -> ToolOutput | None:
        """A tool's output within the time it has; its failure is an output too."""
        try:
            async with asyncio.timeout(seconds):
                output = await answering
            if output is not None and not (isinstance(output, ToolOutput) and isinstance(output.content, str)):
                raise TypeError
            return output
        except TimeoutError:
            printed = progress.printed() if progress is not None else ""
            return replace(_TIME_OVER, content=f"{_TIME_OVER.content}\n{printed}".strip())
        except AgentError as error:
            return ToolOutput.failure(error.code, error.message)
        except Exception as error:  # noqa: BLE001 - a foreign tool may raise anything; its failure is data for the model
            return ToolOutput.failure("failed", f"the tool stopped with {type(error).__name__}.")


def offered_tools(
    tools: Mapping[str, Tool], effects: frozenset[str], *, through_magic: bool = False
) -> dict[str, Tool]:
    """Tools of these effects; through the magic, of those with an effect only the one that runs code."""
    return {
        # The look at one name spares most tools the slow check of a protocol.
        name: tool.limited_to(effects) if hasattr(tool, "limited_to") and isinstance(tool, VariedTool) else tool
        for name, tool in tools.items()
        if tool.effect in effects and (not through_magic or tool.effect == "read" or name == RUN_CODE)
    }


def offered_specs(tools: Mapping[str, Tool], approval: str) -> list[ToolSpec]:
    """What the model is offered: where nothing may be run or edited, nothing that does. A call of it all the same is denied."""
    return [tool.spec for tool in tools.values() if tool.effect == "read" or approval != "read-only"]


async def _run_output(running: Awaitable[ExecutionResult]) -> ToolOutput:
    return execution_output(await running)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return found
