"""What a turn sends to its model: the messages, without secrets, and what each part costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jupyter_agent.core.events import UPDATE_PLAN
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import Json, Message, Picture, to_json
from jupyter_agent.core.pictures import PICTURE_TOKENS, described_to_json, name_pictures
from jupyter_agent.core.protocols import ContextWindow, ToolSpec
from jupyter_agent.kernelside.secrets import WITHHELD_KIND
from jupyter_agent.prompt import attachments, context, history, instructions, selection
from jupyter_agent.prompt.attachments import Attachment
from jupyter_agent.prompt.instructions import SentInstructions
from jupyter_agent.prompt.snapshot import TurnContext
from jupyter_agent.redaction.redactor import Redactor

Count = Callable[[str], int]
#: Tokens of a request to a model of which nothing is known.
_USUAL_REQUEST = 8_000
#: Most tokens of a request, unless the options say more: what a model reads costs time and money, even where it has room.
_MOST_REQUEST = 64_000
#: Most tokens that are left for the answer, and those of the notebook's part.
_MOST_ANSWER = 16_000
_MOST_NOTEBOOK = 12_000
#: Below this a request has few rules and no tools but those that are needed most.
SMALL_REQUEST = 3_500
#: Share of a request that the tools may take, that of a small one, and ours that are left out of that first.
_TOOL_SHARE = 0.5
_SMALL_TOOL_SHARE = 0.25
_DISPENSABLE = (
    "restart_kernel",
    "interrupt_kernel",
    "move_cell",
    "delete_cell",
    "check_notebook",
    "search_notebook",
    "get_signature",
    "list_files",
    UPDATE_PLAN,
    "try_code",
    "read_output",
    "read_error",
    "read_file",
    "run_cell",
    "list_variables",
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages for a model.

    Attributes:
        messages: Provider-valid; nothing in them looks like a secret.
        tokens: Estimated, by part: ``system``, ``instructions``, ``variables``, ``cells``, ``status`` (kernel, changes, the last error, what
            the question asks about), ``mentions`` (what it mentions, data files), ``history`` and ``question``.
        instructions: What of people's instructions stands in it.
        left_out: What there is no room for, in sentences for the user.
    """

    messages: tuple[Message, ...] = ()
    tokens: Mapping[str, int] = field(default_factory=dict)
    instructions: SentInstructions = SentInstructions()
    left_out: tuple[str, ...] = ()

    @property
    def withheld(self) -> int:
        """How many values that look secret were withheld."""
        return sum(message.content.count(WITHHELD_KIND) for message in self.messages)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of it."""
        number = self.withheld
        withheld = (f"{number} values that look secret were withheld from the model.",) if number else ()
        return (*self.instructions.warnings, *self.left_out, *withheld)

    def full_sources(self, cells: Iterable[Cell]) -> list[Cell]:
        """Cells whose whole source stands in it: those that the model knows well enough to write them anew."""
        text = "\n".join(message.content for message in self.messages)
        return [cell for cell in cells if selection.whole_source(cell) in text]


def budget_for(window: ContextWindow | None, ceiling: int | None) -> int:
    """Tokens that a request may have, its tools included.

    Args:
        window: What the model takes; the answer has a quarter of it.
        ceiling: What the options allow; None where they do not say. It holds unless the model's server says that it is too much.
    """
    is_known = window is not None and window.tokens > 0
    room = window.tokens - min(window.tokens // 4, _MOST_ANSWER) if window is not None and is_known else _USUAL_REQUEST
    if ceiling is None:
        return min(room, _MOST_REQUEST)
    return min(room, ceiling) if window is not None and window.is_reported else ceiling


def build(
    question: str,
    turn: TurnContext,
    attached: Sequence[Attachment],
    *,
    active_cell_id: str | None,
    budget_tokens: int,
    mark: str,
    redactor: Redactor,
    count: Count,
    recent: context.RecentSelections | None = None,
    is_brief: bool = False,
    picture_tokens: int = 0,
) -> Prompt:
    """Put together system message, earlier turns, notebook, attachments and the question.

    Half of the budget is the conversation's, whatever is asked, so that it is cut at the same places from turn to turn. The
    notebook has the other half; what the question mentions, and a long question, take from it.

    Args:
        question: As it is stored.
        turn: What is known at the turn's beginning.
        attached: What the question mentions.
        active_cell_id: The cell where the user is.
        budget_tokens: For all of it; what of the question is longer than a quarter of that comes on top.
        mark: Name of the blocks that hold data.
        redactor: Withholds secrets.
        count: Tokens of a text, at least.
        recent: What earlier questions selected from.
        is_brief: Whether the model is a small one that gets few rules.
        picture_tokens: Of what the user shows with the question.
    """
    rules = context.BRIEF_SYSTEM if is_brief else context.SYSTEM
    instructed = instructions.fit(turn.instructions, budget_tokens, count, has_tools=not is_brief)
    system, asked = count(rules) + instructed.tokens, count(question)
    earlier = history.fit(turn.turns, max(0, budget_tokens // 2 - system), count).messages
    room = min(budget_tokens // 2, max(0, budget_tokens - system))
    room = max(room // 2, room - asked - picture_tokens)
    mentioned = attachments.fit(attached, room // 2, count)
    notebook = context.build(
        question,
        turn.state,
        turn.cells,
        active_cell_id=active_cell_id,
        changed=turn.changed,
        stale=turn.stale,
        age_seconds=turn.age_seconds,
        budget_tokens=min(_MOST_NOTEBOOK, room - count(mentioned)),
        count=count,
        recent=recent,
    )
    with_mentions = replace(notebook, status="\n".join(part for part in (notebook.status, mentioned) if part))
    tokens = {
        "system": count(rules),
        "instructions": instructed.tokens,
        **notebook.tokens,
        "mentions": count(mentioned),
    }
    rules = f"{rules}\n\n{instructed.text}" if instructed.text else rules
    messages = tuple(redactor.message(message) for message in with_mentions.messages(question, earlier, mark, rules))
    tokens["history"] = sum(count(message.content) for message in earlier)
    tokens["question"] = asked
    return Prompt(messages, tokens, instructed)


def with_pictures(prompt: Prompt, pictures: Sequence[Picture], *, sees: bool) -> Prompt:
    """The same with pictures at the question; a model that does not see them gets words for them."""
    if not pictures:
        return prompt
    question = name_pictures(replace(prompt.messages[-1], pictures=tuple(pictures)), sees=sees)
    tokens = {**prompt.tokens, "pictures": PICTURE_TOKENS * len(question.pictures)}
    return replace(prompt, messages=(*prompt.messages[:-1], question), tokens=tokens)


def estimate(prompt: Prompt, tools: Sequence[ToolSpec], count: Count) -> int:
    """Tokens of a whole request, its tools included."""
    return sum(count(message.content) for message in prompt.messages) + tool_tokens(tools, count)


def preview_json(
    model: str,
    prompt: Prompt,
    tools: Sequence[ToolSpec],
    warnings: Sequence[str],
    count: Count,
    *,
    budget_tokens: int,
    window: ContextWindow | None,
) -> dict[str, Json]:
    """What a question would send, as JSON data.

    Args:
        model: Where to.
        prompt: The messages.
        tools: What the model would be offered.
        warnings: What the user should know of it.
        count: Tokens of a text, at least.
        budget_tokens: What the request may have.
        window: What the model takes, where that is known.
    """
    tokens = {**prompt.tokens, "tools": tool_tokens(tools, count)}
    messages: list[dict[str, Json]] = []
    for message in prompt.messages:
        data: dict[str, Json] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            data["tool_calls"] = [to_json(call) for call in message.tool_calls]
        if message.tool_call_id is not None:
            data["tool_call_id"] = message.tool_call_id
        if message.pictures:
            data["pictures"] = list(map(described_to_json, message.pictures))
        messages.append(data)
    return {
        "model": model,
        "messages": messages,
        "tools": [
            {"name": tool.name, "description": tool.description, "parameters": tool.parameters} for tool in tools
        ],
        "tokens": {**tokens, "total": sum(tokens.values())},
        "instructions": [to_json(source) for source in prompt.instructions.sources],
        "budget_tokens": budget_tokens,
        "window_tokens": window.tokens or None if window is not None else None,
        "withheld": prompt.withheld,
        "warnings": list(warnings),
    }


def affordable(tools: Iterable[ToolSpec], budget_tokens: int, count: Count) -> list[ToolSpec]:
    """The tools that are offered in a request of that size, in their order: of other programs' the first that there is room for."""
    offered = list(tools)
    if budget_tokens <= 0:
        return offered
    is_small = budget_tokens < SMALL_REQUEST
    share = budget_tokens * (_SMALL_TOOL_SHARE if is_small else _TOOL_SHARE)
    excess = tool_tokens(offered, count) - share
    for tool in reversed(offered.copy()):
        if excess > 0 and tool.is_foreign:
            offered.remove(tool)
            excess -= tool_tokens([tool], count)
    for name in _DISPENSABLE if is_small else ():
        if tool_tokens(offered, count) > share:
            offered = [tool for tool in offered if tool.name != name]
    return offered


def too_many_tools(tools: Iterable[ToolSpec], offered: Iterable[ToolSpec], budget_tokens: int) -> tuple[str, ...]:
    """What the user should know of tools of other programs that are not offered."""
    present = {tool.name for tool in offered}
    names = [tool.name for tool in tools if tool.is_foreign and tool.name not in present]
    if not names:
        return ()
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    words = (
        f"There is no room for all tools of MCP servers in a request of {budget_tokens} tokens: {', '.join(names[:10])}{more} cannot be called. "
        "Raise c.JupyterAgent.context_tokens, or name those that are needed under 'tools' of their server in c.JupyterAgent.mcp_servers."
    )
    return (words,)


def tool_tokens(tools: Iterable[ToolSpec], count: Count) -> int:
    """Tokens of the tools as they are offered."""
    return sum(count(tool.text) for tool in tools)
