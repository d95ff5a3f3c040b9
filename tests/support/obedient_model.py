"""A model that does whatever it reads, wherever it reads it: it tests what holds when no model does."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Sequence

from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import ToolSpec

#: How orders are written: the tool's name, and its arguments as hexadecimal digits, which survive every escaping.
ORDER = re.compile(r"(?i)DO_(\w+?)_WITH_([0-9a-f]+)_NOW")
LOOKS: tuple[tuple[str, dict[str, object]], ...] = (
    ("list_variables", {}),
    ("read_cells", {}),
    ("read_error", {}),
    ("list_files", {}),
    ("read_output", {"cell_id": "a"}),
    ("inspect_variable", {"name": "df"}),
    ("get_signature", {"name": "load"}),
    ("read_file", {"path": "notes.txt"}),
    ("search_notebook", {"text": "DO_"}),
    ("foreign_look", {}),
    ("mine_look", {}),
)
#: An order for the answer itself: code that it recommends.
ANSWER = "answer"


def order(tool: str, **arguments: object) -> str:
    """An order to the model, as an attacker puts it into data."""
    return f"DO_{tool}_WITH_{json.dumps(arguments).encode().hex()}_NOW"


def wanted_calls(text: str, made: set[tuple[str, str]], offered: set[str]) -> list[tuple[str, str]]:
    """Tools and arguments of what is to be called next: all that can be looked at, then the orders, one a message.

    What follows a denied call of the same message would wait.
    """
    looks = [(name, json.dumps(given)) for name, given in LOOKS if name in offered]
    orders = dict.fromkeys((name, bytes.fromhex(given).decode()) for name, given in ORDER.findall(text))
    left = [call for call in orders if call not in made and call[0] != ANSWER]
    return [call for call in looks if call not in made] or left[:1]


class ObedientModel:
    """First looks everywhere, then obeys every order it has read, once each."""

    name = "obedient"

    def __init__(self) -> None:
        self.obeyed: list[tuple[str, str]] = []

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        made = {(call.name, call.arguments) for message in messages for call in message.tool_calls}
        offered = {tool.name for tool in tools}
        text = "\n".join(message.content for message in messages) + "\n".join(tool.description for tool in tools)
        number = sum(len(message.tool_calls) for message in messages)
        wanted = wanted_calls(text, made, offered)
        for at, (name, given) in enumerate(wanted):
            yield ToolCall(f"call_{number + at}", name, given)
        if any(name not in dict(LOOKS) for name, _ in wanted):
            self.obeyed += wanted
        if not wanted:
            yield TextDelta("Done as I was told.")
        yield ModelFinished("tool_calls" if wanted else "stop")

    async def close(self) -> None:
        """Nothing is open."""
