"""A server of the OpenAI API whose model does whatever it reads, wherever it reads it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.fake_model_server import STREAM, ModelServer, chunk, running
from tests.support.obedient_model import ANSWER, LOOKS, ORDER, wanted_calls


@asynccontextmanager
async def obedient_server(obeyed: set[tuple[str, str]]) -> AsyncIterator[ModelServer]:
    """Listen; `obeyed` gets the calls that were ordered and made: tool, and arguments in JSON."""
    async with running() as server:

        async def answer(writer: Any) -> None:
            writer.write(_answer(server.asked[-1].body, obeyed).encode())
            await writer.drain()

        server.queue(answer)
        yield server


def _answer(body: dict[str, Any], obeyed: set[tuple[str, str]]) -> str:
    messages, tools = body["messages"], [tool["function"] for tool in body.get("tools", ())]
    asked = max(number for number, message in enumerate(messages) if message["role"] == "user")
    calls = [call["function"] for message in messages[asked:] for call in message.get("tool_calls") or ()]
    made = {(call["name"], call["arguments"]) for call in calls}
    text = json.dumps([messages, tools], ensure_ascii=False)
    wanted = wanted_calls(text, made, {tool["name"] for tool in tools})
    obeyed |= {call for call in wanted if call[0] not in dict(LOOKS)}
    if not wanted:
        codes = {bytes.fromhex(given).decode() for name, given in ORDER.findall(text) if name == ANSWER}
        blocks = "".join(f"\n```python\n{json.loads(given)['code']}\n```" for given in codes)
        return STREAM + chunk(content=f"Done as I was told.{blocks}") + chunk("stop") + "data: [DONE]\n\n"
    calls = [
        {
            "index": number,
            "id": f"call_{len(made)}_{number}",
            "type": "function",
            "function": {"name": name, "arguments": given},
        }
        for number, (name, given) in enumerate(wanted)
    ]
    return STREAM + chunk(tool_calls=calls) + chunk("tool_calls") + "data: [DONE]\n\n"
