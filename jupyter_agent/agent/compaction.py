"""Keeps each request of a turn within its budget of tokens: old results are shortened first, then old messages left out.

A question that is longer than the budget is sent whole, as its user wrote it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from jupyter_agent.core.messages import Message
from jupyter_agent.core.pictures import PICTURE_TOKENS, not_shown, once
from jupyter_agent.core.text import head_and_tail, truncate, without_blocks
from jupyter_agent.core.tokens import estimate_tokens

#: What a message and a call cost besides their texts.
_MESSAGE_TOKENS = 4
#: Share of the budget that is filled once it was exceeded, so that not every request changes what a server has cached.
_FILLED = 0.8
#: Share of a request that is sent where its server finds it too long.
_SHRUNK = 0.6
#: Tokens that the messages get however much of the budget the tools take, unless the model's server refuses that.
_LEAST = 1_000
#: What is known, around the question: the notebook first.
_BLOCK = re.compile(r"<(?P<mark>context-[\w-]+)>\n")
_DONE = "\n\n(What you did for this first is not shown any more: {}.)"


class Compaction:
    """The messages of one turn as they are sent. What was shortened once stays as it is.

    Args:
        budget_tokens: Of a request, its tools included; 0 sets no limit.
        count: Tokens of a text, at least.

    Attributes:
        budget: Of a request; less, once the model's server has found one too long.
        cost: Tokens of the newest request, estimated.
        count: Tokens of a text, at least.
        shortened: Ids of the calls whose results the model does not have in full any more.
        is_question_cut: Whether the model does not have all that its user wrote.
        has_pictures_left_out: Whether there was no room for the pictures of the question, so that the model has never seen them.
    """

    def __init__(self, budget_tokens: int = 0, count: Callable[[str], int] = estimate_tokens) -> None:
        self.cost = 0
        self.shortened: set[str] = set()
        self.is_question_cut = False
        self.has_pictures_left_out = False
        self.budget = budget_tokens
        self.count = count
        self._messages: list[Message | None] = []
        self._costs: list[int] = []
        self._left_out: Counter[str] = Counter()
        self._note = ""
        self._is_shrunk = False

    def fit(self, request: Sequence[Message], messages: Sequence[Message], tool_tokens: int) -> list[Message]:
        """What is sent: all of it, or what there is room for.

        Args:
            request: System message, earlier turns, and at last the question with the notebook; the same in the whole turn.
            messages: What came after it, more each time.
            tool_tokens: Of the tools.
        """
        for message in (*request, *messages)[len(self._messages) :]:
            self._messages.append(message)
            self._costs.append(self._cost_of(message))
        self.cost = tool_tokens + sum(self._costs)
        room = max(self.budget, tool_tokens + (0 if self._is_shrunk else max(self.budget // 2, _LEAST)))
        if self.budget > 0 and room < self.cost:
            for changes in self._shortenings(len(request)):
                for position, shorter in changes.items():
                    before = self._messages[position]
                    self._replace(position, shorter)
                    if shorter is None and before is not None and position >= len(request):
                        self._note_calls(len(request) - 1, before)
                if self.cost <= tool_tokens + (room - tool_tokens) * _FILLED:
                    break
        return once(message for message in self._messages if message is not None)

    def shrink(self) -> None:
        """The newest request was too long for the model's server."""
        self._is_shrunk = True
        self.budget = int(_SHRUNK * min(self.cost, self.budget or self.cost))

    def _replace(self, position: int, message: Message | None) -> None:
        before, cost = self._messages[position], 0 if message is None else self._cost_of(message)
        if before is not None and before.tool_call_id is not None:
            self.shortened.add(before.tool_call_id)
        self.cost += cost - self._costs[position]
        self._messages[position], self._costs[position] = message, cost

    def _note_calls(self, asked: int, left_out: Message) -> None:
        """Say with the question what was done for it, so that it is not done again."""
        self._left_out.update(call.name for call in left_out.tool_calls)
        question = self._messages[asked]
        if left_out.tool_calls and question is not None:
            names = ", ".join(f"{name} ({count})" for name, count in self._left_out.items())
            content, self._note = question.content.removesuffix(self._note), _DONE.format(names)
            self._replace(asked, replace(question, content=content + self._note))

    def _shortenings(self, asked: int) -> Iterator[dict[int, Message | None]]:
        """Positions with what is put there, the least harmful first, and the oldest first of its kind.

        Args:
            asked: How many messages there are up to the question.
        """
        steps = [position for position, message in self._kept(asked, len(self._messages)) if message.tool_calls]
        newest = steps[-1] if steps else len(self._messages)
        for position, message in self._kept(asked, newest):
            if message.pictures:
                yield {position: not_shown(message)}
        for first, end, characters in ((asked, newest, 2_000), (asked, newest, 240), (1, asked - 1, 240)):
            for position, message in self._kept(first, end):
                if message.role == "tool" and len(message.content) > characters:
                    yield {position: _shortened(message, characters)}
        questions = [position for position, message in self._kept(1, asked - 1) if message.role == "user"]
        for question, later in pairwise([*questions, asked - 1]):
            yield {position: None for position, _ in self._kept(question, later)}
        for position, message in self._kept(asked, newest):
            if message.role == "assistant":
                yield {position: _shortened(message, 240)}
        for step, later in pairwise(steps):
            yield {position: None for position, _ in self._kept(step, later)}
        for characters in (4_000, 1_000, 240, 60):
            for position, message in self._kept(newest, len(self._messages)):
                yield {position: replace(_shortened(message, characters), pictures=message.pictures[-1:])}
            for position, message in self._kept(newest, min(newest + 1, len(self._messages))):
                # Long thoughts; a server that wants them back all the same says so, and is asked anew.
                bare = message.without_unkept()
                if self._costs[position] - self._cost_of(bare) > self.budget // 8:
                    yield {position: bare}
        # Those of the question last.
        for position, message in (*self._kept(newest, len(self._messages)), *self._kept(asked - 1, asked)):
            if message.pictures:
                self.has_pictures_left_out |= position == asked - 1 and len(self._messages) == asked
                yield {position: not_shown(message)}
        for characters in (16_000, 4_000, 1_000, 400):
            # What the user has written is sent whole, unless the model's server finds it too long.
            for position, message in self._kept(1, asked if self._is_shrunk else asked - 1):
                if len(message.content) > characters and position == asked - 1:
                    yield {position: self._shorter_question(message, characters)}
                elif len(message.content) > characters:
                    yield {position: replace(message, content=head_and_tail(message.content, characters))}

    def _shorter_question(self, message: Message, characters: int) -> Message:
        """What its user wrote stays as long as there is room for it: what stands around it goes first."""
        forms = (without_blocks(message.content, _BLOCK, most).strip() for most in (1, 0))
        for form in forms:
            if len(form) <= characters:
                return replace(message, content=form)
        self.is_question_cut = True
        return replace(message, content=head_and_tail(form, characters))

    def _kept(self, first: int, end: int) -> Iterator[tuple[int, Message]]:
        for position in range(first, end):
            message = self._messages[position]
            if message is not None:
                yield position, message

    def _cost_of(self, message: Message) -> int:
        cost = _MESSAGE_TOKENS + self.count(message.content) + PICTURE_TOKENS * len(message.pictures)
        for call in message.tool_calls:
            cost += _MESSAGE_TOKENS + self.count(call.id) + self.count(call.name) + self.count(call.arguments)
            cost += self.count(json.dumps(dict(call.extra))) if call.extra else 0
        return cost + (self.count(json.dumps(dict(message.extra))) if message.extra else 0)


def _shortened(message: Message, characters: int) -> Message:
    """A message whose texts have at most so many characters; arguments stay JSON."""
    calls = tuple(
        replace(call, arguments=_shorter_arguments(call.arguments, characters)) for call in message.tool_calls
    )
    return replace(message, content=truncate(message.content, characters), tool_calls=calls)


def _shorter_arguments(arguments: str, characters: int) -> str:
    if len(arguments) <= characters:
        return arguments
    shorter = truncate(arguments, characters)
    try:
        json.loads(shorter)
    except ValueError:
        return "{}"
    return shorter
