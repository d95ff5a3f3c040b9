"""Earlier turns as messages that every model's server accepts, within a budget of tokens. Pure functions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from typing import TYPE_CHECKING

from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.pictures import question_again
from jupyter_agent.core.text import counted_head, note_of_omitted
from jupyter_agent.kernelside.wire import clip
from jupyter_agent.sessions.summary import is_summary

if TYPE_CHECKING:
    from jupyter_agent.core.session import Turn

Count = Callable[[str], int]

INTERRUPTED = "interrupted (outcome unknown)"
_ENDS = {
    "cancelled": "(The user stopped this answer here.)",
    "failed": "(This answer failed here.)",
    "interrupted": "(This answer was interrupted here.)",
}
_CUT = "(This answer was cut off here.)"
_NO_QUESTION = "(There was no question.)"
_NO_ANSWER = "(There was no answer.)"
_NOT_SHOWN = "(The beginning of the conversation is not shown.)"
#: Characters that stay of an old tool output.
_OUTPUT_CHARACTERS = 240
_MESSAGE_TOKENS = 4
_NOTE_TOKENS = 300
#: Share of the room that is filled once it was exceeded.
_FILLED = 0.6


@dataclass(frozen=True, slots=True)
class Fitted:
    """What of a conversation fits.

    Attributes:
        messages: Provider-valid; a user message first, an assistant message last.
        note: Lists the oldest turns, which are left out, within the first message; empty when none is.
    """

    messages: tuple[Message, ...]
    note: str


def fit(turns: Sequence[Turn], budget_tokens: int, count: Count) -> Fitted:
    """As much of the conversation as fits: old tool outputs are shortened first, then the oldest turns left out.

    What does not fit goes in large steps, found by going through the conversation as it went on: until the next step the
    messages of one question are the beginning of those of the next, byte by byte, so that model servers have them in their cache.

    Args:
        turns: Oldest first.
        budget_tokens: For all messages together.
        count: Tokens of a text, at least.
    """
    if turns and is_summary(turns[0]):
        # A summary has a right to half of the budget; then comes what fits of the turns after it.
        summary = _turn_messages(turns[0])
        if _cost(summary, count) > budget_tokens // 2:
            summary = _question_and_answer(summary, budget_tokens // 2, count)
        later = fit(turns[1:], budget_tokens - _cost(summary, count), count)
        return replace(later, messages=repair([*summary, *later.messages]))
    note_room = min(_NOTE_TOKENS, budget_tokens // 8)
    kept: deque[_FittedTurn] = deque()
    dropped = cost = 0
    for turn in turns:
        kept.append(_FittedTurn.of(turn, count))
        cost += kept[-1].cost
        room = budget_tokens - (note_room if dropped else 0)
        if cost > room:
            dropped += _cut(kept, budget_tokens - note_room, count)
            cost = sum(form.cost for form in kept)
    messages = [form.messages for form in kept]
    note = _note(turns[:dropped], note_room, count)
    if note and not kept:
        messages = [[Message("user", note), Message("assistant", "(Noted.)")]]
    elif note:
        question, *rest = messages[0]
        messages[0] = [replace(question, content=f"{note}\n\n{question.content}"), *rest]
    return Fitted(repair(chain.from_iterable(messages)), note)


@dataclass(slots=True)
class _FittedTurn:
    """A turn in the form in which it is sent."""

    messages: list[Message]
    cost: int
    is_whole: bool = True

    @classmethod
    def of(cls, turn: Turn, count: Count) -> _FittedTurn:
        messages = _turn_messages(turn)
        return cls(messages, _cost(messages, count))

    def shorten(self, messages: list[Message], count: Count) -> int:
        """Take a shorter form, and return what that saves."""
        before, self.messages, self.is_whole = self.cost, messages, False
        self.cost = _cost(messages, count)
        return before - self.cost

    def shorten_outputs(self, count: Count) -> int:
        """Shorten what tools have said, and return what that saves."""
        if not self.is_whole:
            return 0
        shorter = [
            replace(message, content=counted_head(message.content, _OUTPUT_CHARACTERS))
            if message.role == "tool"
            else message
            for message in self.messages
        ]
        return self.shorten(shorter, count)


def _cut(kept: deque[_FittedTurn], room: int, count: Count) -> int:
    """Make turns fit, with space for some more, and return how many are left out; the newest has a right to half of the room."""
    excess = sum(form.cost for form in kept) - int(room * _FILLED)
    newest = kept[-1]
    for form in kept:
        if excess > 0 and form is not newest:
            excess -= form.shorten_outputs(count)
    if excess > 0 and newest.cost > room // 2:
        excess -= newest.shorten_outputs(count)
    if newest.cost > room:
        excess -= newest.shorten(_question_and_answer(newest.messages, room, count), count)
    if newest.cost > room // 2:  # as many as there is room for next to it
        excess = sum(form.cost for form in kept) - room
    dropped = 0
    while excess > 0 and len(kept) > 1:
        excess -= kept.popleft().cost
        dropped += 1
    if not newest.messages:
        dropped += len(kept)
        kept.clear()
    return dropped


def repair(messages: Iterable[Message]) -> tuple[Message, ...]:
    """The same conversation in a form that every model's server accepts; what is valid stays as it is.

    One system message, first; then user and assistant by turns; each tool call followed by exactly one result; no empty
    messages. A missing result becomes `INTERRUPTED`, a result without its call is left out.
    """
    given = list(messages)
    system = "\n\n".join(message.content for message in given if message.role == "system" and message.content.strip())
    repaired = [Message("system", system)] if system else []
    for message in _with_results([message for message in given if message.role != "system"]):
        last = repaired[-1] if repaired else None
        if message.role == "assistant" and (last is None or last.role == "system"):
            repaired.append(Message("user", _NOT_SHOWN))
        if message.role == "user" and last and last.role == "tool":
            repaired.append(Message("assistant", _ENDS["interrupted"]))
        if last and last.role == message.role != "tool" and not last.tool_calls:
            content = "\n\n".join(text for text in (last.content, message.content) if text.strip())
            repaired[-1] = replace(message, content=content)
        else:
            repaired.append(message)
    return tuple(repaired)


def _with_results(messages: Sequence[Message]) -> Iterator[Message]:
    """Each assistant message with the results of its calls right after it, and no other results; ids are used once."""
    used: set[str] = set()
    for position, message in enumerate(messages):
        if message.role == "user" and message.content.strip():
            yield Message("user", message.content)
        elif message.role == "assistant" and (message.tool_calls or message.content.strip()):
            results: dict[str, list[Message]] = {}
            for result in takewhile(lambda later: later.role == "tool", messages[position + 1 :]):
                results.setdefault(result.tool_call_id or "", []).append(result)
            calls: list[ToolCall] = []
            for call in message.tool_calls:
                unused, number = call.id or "call", 1
                while unused in used:
                    number += 1
                    unused = f"{call.id or 'call'}_{number}"
                used.add(unused)
                calls.append(replace(call, id=unused))
            yield Message("assistant", message.content, tuple(calls))
            for call, old in zip(calls, message.tool_calls, strict=True):
                waiting = results.get(old.id)
                result = waiting.pop(0) if waiting else Message("tool", INTERRUPTED)
                content = result.content if result.content.strip() else "(no output)"
                yield Message("tool", content, tool_call_id=call.id, note=result.note)


def _turn_messages(turn: Turn) -> list[Message]:
    """A turn's question, what was answered and done, and at the end a text of the assistant."""
    messages = [Message("user", question_again(turn.question.strip() or _NO_QUESTION, turn.extra))]
    messages += [message for message in turn.messages if message.role != "system"]
    answers = (message.content for message in turn.messages if message.role == "assistant")
    if turn.reply.strip() and not any(text.strip() for text in answers):
        messages.append(Message("assistant", turn.reply))
    if turn.status != "done" or turn.finish_reason in ("length", "deadline"):
        # Of a server that was killed only the calls are known that have an effect.
        known = () if turn.messages else turn.actions
        done = "".join(f"\n(Called {action.tool}: {action.status}.)" for action in known)
        messages.append(Message("assistant", f"{_ENDS.get(turn.status, _CUT)}{done}"))
    repaired = list(repair(messages))
    if repaired[-1].role != "assistant":
        repaired.append(Message("assistant", _NO_ANSWER))
    return repaired


def _question_and_answer(turn: Sequence[Message], room: int, count: Count) -> list[Message]:
    """Question and last words of a turn, cut so that they fit; nothing where not even their beginnings do."""
    question, answer = turn[0], replace(turn[-1], tool_calls=())
    for characters in (4000, 1000, 250, 60):
        form = [replace(message, content=counted_head(message.content, characters)) for message in (question, answer)]
        if _cost(form, count) <= room:
            return form
    return []


def _note(dropped: Sequence[Turn], room: int, count: Count) -> str:
    """The questions that are left out, as many of the newest as there is room for."""
    if not dropped:
        return ""
    questions: list[str] = []
    for turn in reversed(dropped):
        question = clip(" ".join(turn.question.split()), 160)
        if count(note_of_omitted(len(dropped), [question, *questions])) > room:
            break
        questions.insert(0, question)
    note = note_of_omitted(len(dropped), questions)
    return note if count(note) <= room else ""


def _cost(messages: Iterable[Message], count: Count) -> int:
    cost = 0
    for message in messages:
        cost += _MESSAGE_TOKENS + count(message.content)
        cost += sum(_MESSAGE_TOKENS + count(call.name) + count(call.arguments) for call in message.tool_calls)
    return cost
