"""What a turn sends to its model: the messages, without secrets, and what each part costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import Json, Message, to_json
from jupyter_agent.core.protocols import ToolSpec
from jupyter_agent.prompt import context, history, selection
from jupyter_agent.prompt.attachments import Attachment, fitted
from jupyter_agent.prompt.snapshot import Snapshot
from jupyter_agent.redaction.redactor import Redactor

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Request:
    """Messages for a model.

    Attributes:
        messages: Provider-valid; nothing in them looks like a secret.
        tokens: Estimated, by part: ``system``, ``variables``, ``cells``, ``beside`` (kernel, changes, the last error, what
            the question speaks of), ``mentions`` (what it mentions, data files), ``history`` and ``question``.
    """

    messages: tuple[Message, ...] = ()
    tokens: Mapping[str, int] | None = None

    @property
    def withheld(self) -> int:
        """How many values that look secret were left out."""
        return sum(one.content.count("[withheld: ") for one in self.messages)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a question would send.

    Attributes:
        model: Where to.
        request: The messages.
        tools: What the model would be offered.
        tokens: Estimated, by part, with ``tools`` and ``total``.
        warnings: What the user should know of it.
    """

    model: str
    request: Request
    tools: tuple[ToolSpec, ...]
    tokens: Mapping[str, int]
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """As it travels through the doors."""
        return {
            "model": self.model,
            "messages": [_sent(one) for one in self.request.messages],
            "tools": [
                {"name": one.name, "description": one.description, "parameters": one.parameters} for one in self.tools
            ],
            "tokens": self.tokens,
            "withheld": self.request.withheld,
            "warnings": list(self.warnings),
        }


def build(
    question: str,
    seen: Snapshot,
    attached: Sequence[Attachment],
    *,
    active_cell_id: str | None,
    budget_tokens: int,
    mark: str,
    redactor: Redactor,
    count: Count,
) -> Request:
    """What is known of the notebook, what is mentioned, earlier turns, the question.

    Half of the budget is the notebook's; what is mentioned takes from the other half, which is the conversation's, so that
    the notebook is told the same way whatever is mentioned.

    Args:
        question: As it is stored.
        seen: What is known at the turn's beginning.
        attached: What the question mentions.
        active_cell_id: The cell where the user is.
        budget_tokens: For all of it; the question comes on top.
        mark: Name of the blocks that hold data.
        redactor: Withholds secrets.
        count: Tokens of a text, at least.
    """
    system = count(context.SYSTEM)
    room = max(0, budget_tokens // 2 - system)
    mentioned = fitted(attached, min(budget_tokens // 4, room), count)
    spent = count(mentioned)
    told = context.build(
        question,
        seen.state,
        seen.cells,
        active_cell_id=active_cell_id,
        changed=seen.changed,
        stale=seen.stale,
        age_seconds=seen.age_seconds,
        budget_tokens=min(budget_tokens // 2, max(0, budget_tokens - system)),
        count=count,
    ).with_beside(mentioned)
    earlier = history.fit(seen.turns, room - spent, count).messages
    messages = tuple(redactor.message(one) for one in told.messages(question, earlier, mark))
    tokens = {
        "system": system,
        **told.parts,
        "mentions": spent,
        "history": sum(count(one.content) for one in earlier),
        "question": count(question),
    }
    return Request(messages, tokens)


def shown(request: Request, cells: Sequence[Cell]) -> list[Cell]:
    """Cells whose whole source stands in a request: those the model knows well enough to write them anew."""
    text = "\n".join(one.content for one in request.messages)
    return [cell for cell in cells if selection.whole_source(cell) in text]


def preview(model: str, request: Request, tools: Sequence[ToolSpec], warnings: Sequence[str], count: Count) -> Preview:
    """A request with what its tools cost."""
    tokens = {**(request.tokens or {}), "tools": sum(map(count, map(_told, tools)))}
    return Preview(model, request, tuple(tools), {**tokens, "total": sum(tokens.values())}, tuple(warnings))


def estimate(request: Request, tools: Sequence[ToolSpec], count: Count) -> int:
    """Tokens of a whole request, its tools included."""
    return sum(count(one.content) for one in request.messages) + sum(map(count, map(_told, tools)))


def _sent(message: Message) -> dict[str, Json]:
    sent: dict[str, Json] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        sent["tool_calls"] = [to_json(one) for one in message.tool_calls]
    if message.tool_call_id is not None:
        sent["tool_call_id"] = message.tool_call_id
    return sent


def _told(tool: ToolSpec) -> str:
    return f"{tool.name} {tool.description} {json.dumps(tool.parameters)}"
