"""The loop on servers that go wrong, over the wire: nothing, half a call, half an answer, too long after a tool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from jupyter_agent.agent.assistant import Assistant, Resources
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.events import Done
from jupyter_agent.core.question import Question
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores.memory import MemoryStore
from tests.support.fake_model_server import STREAM, ModelServer, answered, asking, chunk, event, plain, running
from tests.support.scripted_assistant import done
from tests.support.scripted_loop import Recorder

END = "data: [DONE]\n\n"


def call(name: str, arguments: str, number: int = 0) -> str:
    function = {"name": name, "arguments": arguments}
    return chunk(tool_calls=[{"index": number, "id": f"c{number}", "type": "function", "function": function}])


class Asker:
    """An assistant on one server's model."""

    def __init__(self, assistant: Assistant, server: ModelServer, look: Recorder) -> None:
        self.assistant, self.server, self.look = assistant, server, look

    async def ask(self, query: str = "How many?") -> Done:
        return await done(self.assistant, Question("local", query, session_id="s1"))

    @property
    def results(self) -> list[str]:
        """Results of tools in the newest request."""
        return [message["content"] for message in self.server.asked[-1].body["messages"] if message["role"] == "tool"]


@asynccontextmanager
async def asker(*answers: Any, **model: Any) -> AsyncIterator[Asker]:
    async with running() as server, asking(server, **model) as client:
        server.queue(*answers)
        look = Recorder("look", "read")
        resources = Resources(JupyterAgent(model="openai:m"), {"look": look}, Redactor())
        resources.models["openai:m"] = client
        yield Asker(Assistant(resources, SessionManager(MemoryStore())), server, look)


@pytest.mark.parametrize(
    "nothing",
    [
        chunk(reasoning_content="hm") + chunk(content="") + chunk("stop"),
        chunk(tool_calls=[]) + chunk("tool_calls"),
        chunk("stop"),
    ],
)
async def test_nothing_is_asked_for_once_more_and_then_said(nothing: str) -> None:
    async with asker(STREAM + nothing + END, answered("Two.")) as turn:
        assert (await turn.ask()).reply == "Two."
        assert len(turn.server.asked) == 2
    async with asker(STREAM + nothing + END) as turn:
        done = await turn.ask()
        assert "gave no answer" in done.reply
        assert len(turn.server.asked) == 2


async def test_a_call_cut_by_the_length_is_told_and_the_whole_one_before_it_is_made() -> None:
    cut = chunk(content="I write it.") + call("look", '{"text": "a"}') + call("look", '{"text": "x = ', 1)
    async with asker(STREAM + cut + chunk("length") + END, answered("Done.")) as turn:
        done = await turn.ask()
        assert (turn.look.given, done.reply) == (["a"], "I write it.\n\nDone.")
        assert turn.results[0] == "got a"
        assert "cut off" in turn.results[1]


async def test_an_answer_that_breaks_off_is_said_kept_counted_and_marked() -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        writer.write((STREAM + chunk(content="one ")).encode())
        await asyncio.Event().wait()

    async with asker(silent, answered("Two."), idle_seconds=0.2) as turn:
        done = await turn.ask()
        assert done.reply.startswith("one ")
        assert "fell silent" in done.reply
        assert done.usage.input_tokens > 0
        await turn.ask("And now?")
        assert "cut off here" in str(turn.server.asked[-1].body["messages"])


async def test_too_long_after_a_tool_is_answered_with_less() -> None:
    async def read(text: str) -> str:
        return "a line of the file\n" * 800

    error = {"error": {"code": "context_length_exceeded", "message": "maximum context length is 4096 tokens"}}
    first = STREAM + call("look", '{"text": "a"}') + chunk("tool_calls") + END
    async with asker(first, plain(400, error), answered("Done.")) as turn:
        turn.look._does = read
        assert (await turn.ask()).reply == "Done."
        sizes = [len(event(asked.body)) for asked in turn.server.asked[1:]]
        assert sizes[1] < 0.8 * sizes[0]
        assert "left out" in turn.results[0]
