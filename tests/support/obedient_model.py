"""A model that does whatever it reads, wherever it reads it: it tests what holds when no model does."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Sequence

from jupyter_agent.core.messages import Message, ModelEvent, ModelFinished, TextDelta, ToolCall
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
)


def order(tool: str, **arguments: object) -> str:
    """An order to the model, as an attacker puts it into data."""
    return f"DO_{tool}_WITH_{json.dumps(arguments).encode().hex()}_NOW"


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
        looks = [(name, json.dumps(given)) for name, given in LOOKS if name in offered]
        text = "\n".join(message.content for message in messages) + "\n".join(tool.description for tool in tools)
        orders = [(name, bytes.fromhex(given).decode()) for name, given in ORDER.findall(text)]
        number = sum(len(message.tool_calls) for message in messages)
        wanted = [call for call in looks if call not in made] or [
            call for call in dict.fromkeys(orders) if call not in made
        ]
        for at, (name, given) in enumerate(wanted):
            yield ToolCall(f"call_{number + at}", name, given)
        if set(wanted) & set(orders):
            self.obeyed += wanted
        if not wanted:
            yield TextDelta("Done as I was told.")
        yield ModelFinished("tool_calls" if wanted else "stop")

    async def close(self) -> None:
        """Nothing is open."""
