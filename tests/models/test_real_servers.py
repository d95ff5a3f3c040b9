"""The whole loop against servers that we did not write: llama.cpp's own and aimock; and a local model of a real engine."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import AsyncKernelManager

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core import errors
from jupyter_agent.core.events import (
    Done,
    Failed,
    ModelFinished,
    TextDelta,
    ToolCalled,
    ToolReturned,
    UsageReported,
    Waiting,
)
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import ToolSpec
from jupyter_agent.core.question import Question
from jupyter_agent.models.discovery import discover
from jupyter_agent.models.local.model import LocalModel
from jupyter_agent.models.openai_compatible.provider import Provider
from tests.kernels.conftest import Kernels
from tests.support import tiny_gguf
from tests.support.real_servers import KEY, LINES, RealServer, aimock, llama_cpp
from tests.support.scripted_assistant import events_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from jupyter_agent.core.events import Event
    from jupyter_agent.kernels.remote import RemoteKernel

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with llama_cpp(tmp_path_factory.mktemp("llama")) as server:
        yield server


@pytest.fixture(scope="session")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with aimock(tmp_path_factory.mktemp("aimock")) as server:
        yield server


@pytest.fixture(params=["llama", "mock"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> RealServer:
    one: RealServer = request.getfixturevalue(request.param)
    monkeypatch.setenv(one.variable, KEY)
    return one


@pytest.fixture
def kernel(jp_asyncio_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> Iterator[RemoteKernel]:
    manager = AsyncKernelManager(kernel_name="python3")
    jp_asyncio_loop.run_until_complete(manager.start_kernel(cwd=str(tmp_path)))
    kernels = Kernels(manager)
    yield kernels.client()
    jp_asyncio_loop.run_until_complete(kernels.close())


@asynccontextmanager
async def asking(server: RealServer, model: str = "", **options: Any) -> AsyncIterator[Assistant]:
    """An assistant of that server's model."""
    name = f"{server.provider}:{model or server.model}"
    chosen = {"store": "memory://", "model": name, "base_url": server.base_url, "approval": "auto", **options}
    assistant = Assistant.from_config(JupyterAgent(**chosen))
    try:
        yield assistant
    finally:
        await assistant.close()


async def ask(assistant: Assistant, query: str, **question: Any) -> list[Event]:
    return await events_of(assistant, Question("me", query, **question))


async def failure(server: RealServer, model: str = "", **options: Any) -> Failed:
    async with asking(server, model, **options) as assistant:
        last = (await ask(assistant, "please-talk"))[-1]
    assert isinstance(last, Failed)
    assert KEY not in last.message
    return last


def done(events: list[Event]) -> Done:
    last = events[-1]
    assert isinstance(last, Done), last
    return last


async def test_text_comes_in_pieces_and_is_counted(server: RealServer) -> None:
    async with asking(server) as assistant:
        events = await ask(assistant, "please-talk")
    pieces = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(pieces) > 1
    assert done(events).reply == "".join(pieces) == "It is 42, ж ☃."
    assert done(events).finish_reason == "stop"
    reported = [event for event in events if isinstance(event, UsageReported)]
    assert reported[-1].input_tokens > 0
    assert reported[-1].output_tokens > 0


async def test_code_is_run_in_a_real_kernel_and_the_answer_follows_its_result(
    server: RealServer, kernel: RemoteKernel
) -> None:
    async with asking(server) as assistant:
        events = await ask(assistant, "please-run", kernel=kernel)
    (called,) = (event for event in events if isinstance(event, ToolCalled))
    assert (called.tool, called.arguments) == ("run_code", {"code": "print(6 * 7)"})
    (returned,) = (event for event in events if isinstance(event, ToolReturned))
    assert (returned.status, returned.content.split()[0]) == ("done", "42")
    assert done(events).reply.split() == ["Let", "me", "run", "it.", "The", "result", "is", "42."]


async def test_a_conversation_with_calls_in_its_history_goes_on(server: RealServer, kernel: RemoteKernel) -> None:
    async with asking(server) as assistant:
        first = done(await ask(assistant, "please-run", kernel=kernel))
        second = done(await ask(assistant, "please-talk", session_id=first.session_id, kernel=kernel))
    assert second.reply == "It is 42, ж ☃."
    assert second.turn_count == 4


async def test_what_fails_goes_back_to_the_model(server: RealServer, kernel: RemoteKernel) -> None:
    async with asking(server) as assistant:
        events = await ask(assistant, "please-fail", kernel=kernel)
    returned = [event for event in events if isinstance(event, ToolReturned)]
    assert "boom" in returned[0].content
    assert {event.status for event in returned} == {"failed"}
    assert done(events).reply == "Sorry, that failed: ValueError."


async def test_code_that_nobody_allowed_is_not_run(server: RealServer, kernel: RemoteKernel) -> None:
    async with asking(server, approval="ask") as assistant:
        events = await ask(assistant, "please-fail", kernel=kernel)
    returned = [event for event in events if isinstance(event, ToolReturned)]
    assert returned[0].status == "needs_approval"
    assert "boom" not in returned[0].content


async def test_L1_a_wrong_key_is_told_in_words(server: RealServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(server.variable, "sk-wrong-canary")
    failed = await failure(server)
    assert failed.code == "upstream_auth"
    assert server.variable in failed.message
    assert "canary" not in failed.message


async def test_models_are_listed_and_found_on_this_machine(server: RealServer) -> None:
    async with asking(server) as assistant:
        model: Any = assistant.model(None)
        assert server.model in await model.models()
    kind = Provider(server.provider, "Somebody", server.base_url)
    found = await discover(5, [kind])
    assert server.provider == "llamacpp" or found == ()  # without a key aimock says nothing
    assert [server.provider for server in found] in ([], [server.provider])


async def test_a_stream_that_is_closed_is_closed_at_the_server(server: RealServer) -> None:
    model: Any
    async with asking(server) as assistant:
        model = assistant.model(None)
        async with aclosing(model.stream([Message("user", "please-count")], deadline=time.monotonic() + 60)) as events:
            assert isinstance(await anext(events), TextDelta)
            assert await is_busy(server)
        await asyncio.wait_for(until_idle(server), 10)


async def test_a_cancelled_question_keeps_what_was_said_and_frees_the_server(server: RealServer) -> None:
    async with asking(server) as assistant:
        heard = asyncio.Event()

        async def listen() -> None:
            async with aclosing(assistant.ask(Question("me", "please-count", session_id="s1"))) as asked:
                async for event in asked:
                    if isinstance(event, TextDelta):
                        heard.set()

        task = asyncio.create_task(listen())
        await asyncio.wait_for(heard.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(until_idle(server), 10)
        (turn,) = await assistant.sessions.tree.history(await assistant.sessions.get("me", "s1"), 5)
        assert turn.status == "cancelled"
        assert turn.reply.startswith("one")
        assert done(await ask(assistant, "please-talk", session_id="s1")).reply == "It is 42, ж ☃."


async def test_L9_an_answer_past_its_deadline_is_kept_and_the_server_freed(server: RealServer) -> None:
    async with asking(server) as assistant:
        last = done(await ask(assistant, "please-count", deadline_seconds=1.5))
        assert last.finish_reason == "deadline"
        assert last.reply.startswith("one")
        await asyncio.wait_for(until_idle(server), 10)


async def is_busy(server: RealServer) -> bool:
    """Whether the server works on an answer, as it says itself, or has a connection on which it could."""
    if server.provider == "llamacpp":
        (slot,) = await asyncio.to_thread(_json, server.address + "/slots")
        return bool(slot["is_processing"])
    return _has_connections(int(server.address.rpartition(":")[2]))


def _has_connections(port: int) -> bool:
    """Whether anybody's connection to a port of this machine is open, as the system sees it."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return any((fields[1].endswith(f":{port:04X}"), fields[3]) == (True, "01") for fields in map(str.split, lines))


async def until_idle(server: RealServer) -> None:
    while await is_busy(server):
        await asyncio.sleep(0.05)  # a foreign server that tells only when asked


def _json(url: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


# What only one of them does -------------------------------------------------------------------


@pytest.fixture
def scripted(mock: RealServer, monkeypatch: pytest.MonkeyPatch) -> RealServer:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return mock


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ("limited", "upstream_rate_limit", "2 hours"),
        ("spent", "upstream_rate_limit", "billing"),
        ("short", "upstream_context_length", "/clear"),
        ("gpt-4o-minimal", "upstream_refused", "Did you mean gpt-4o-mini?"),
        ("garbled", "upstream_protocol", "OpenAI-compatible"),
        ("cut", "upstream_protocol", "broke off"),
    ],
)
async def test_L1_L2_L4_L10_L12_what_goes_wrong_is_told_in_words(
    scripted: RealServer, model: str, code: str, words: str
) -> None:
    failed = await failure(scripted, model)
    assert failed.code == code
    assert words in failed.message


@pytest.mark.parametrize(("model", "code"), [("faulty", "upstream_error"), ("dropped", "upstream_unreachable")])
async def test_L3_L7_a_fault_is_tried_three_times(scripted: RealServer, model: str, code: str) -> None:
    assert (await failure(scripted, model)).code == code
    journal = await asyncio.to_thread(_json, scripted.address + "/__aimock/journal")
    assert sum((entry["body"] or {}).get("model") == model for entry in journal) == 3


async def test_L2_a_short_wait_is_kept_and_the_answer_follows(scripted: RealServer) -> None:
    async with asking(scripted, "limited-once") as assistant:
        started = time.monotonic()
        assert done(await ask(assistant, "please-talk")).reply == "Now there is room."
        assert time.monotonic() - started >= 1


async def test_L15_an_answer_cut_at_its_limit_is_called_so(scripted: RealServer) -> None:
    async with asking(scripted, "full") as assistant:
        last = done(await ask(assistant, "please-talk"))
    assert (last.reply, last.finish_reason) == ("Once upon a time", "length")


async def test_L10_what_was_said_before_the_stream_broke_is_kept(scripted: RealServer) -> None:
    async with asking(scripted, "cut") as assistant:
        await ask(assistant, "please-talk", session_id="s1")
        (turn,) = await assistant.sessions.tree.history(await assistant.sessions.get("me", "s1"), 5)
    assert turn.status == "failed"
    assert turn.reply.startswith("This reply")


async def test_a_model_without_tools_runs_code_all_the_same(scripted: RealServer, kernel: RemoteKernel) -> None:
    async with asking(scripted, "toolless") as assistant:
        events = await ask(assistant, "please-run", kernel=kernel)
    (returned,) = (event for event in events if isinstance(event, ToolReturned))
    assert (returned.status, returned.content.split()[0]) == ("done", "42")
    assert done(events).reply.split() == ["Let", "me", "run", "it.", "The", "result", "is", "42."]


async def test_L4_a_conversation_too_long_for_llama_cpp_is_shortened_or_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_API_KEY", KEY)
    long = "x y z " * 5000
    with llama_cpp(tmp_path, context=4096) as server:
        async with asking(server) as assistant:
            model = assistant.model(None)
            with pytest.raises(errors.ContextTooLong):
                async with aclosing(model.stream([Message("user", long)], deadline=time.monotonic() + 60)) as events:
                    _ = [event async for event in events]


# A local model --------------------------------------------------------------------------------


async def test_a_local_model_runs_the_whole_loop(tmp_path: Path, kernel: RemoteKernel) -> None:
    file = tiny_gguf.write(tmp_path / "tiny.gguf", LINES, context=16384)
    assistant = Assistant.from_config(JupyterAgent(store="memory://", model=f"local:{file}", approval="auto"))
    try:
        events = await ask(assistant, "please-run", kernel=kernel)
        assert any(isinstance(event, Waiting) for event in events)
        assert done(events).reply.split() == ["Let", "me", "run", "it.", "The", "result", "is", "42."]
        failed = await ask(assistant, "please-fail", kernel=kernel)
        assert done(failed).reply == "Sorry, that failed: ValueError."
        assert done(await ask(assistant, "please-talk")).reply == "It is 42, ж ☃."
        late = done(await ask(assistant, "please-count", deadline_seconds=1.5))
        assert late.finish_reason == "deadline"
    finally:
        await assistant.close()


@pytest.mark.parametrize("stopped", ["first", "second"])
async def test_of_two_questions_at_once_one_waits_and_says_so_and_each_can_be_stopped(
    tmp_path: Path, stopped: str
) -> None:
    lines = {"please-count": "one two three four five six seven …", "please-talk": "It is 42."}
    file = tiny_gguf.write(tmp_path / "tiny.gguf", lines, context=16384)
    assistant = Assistant.from_config(JupyterAgent(store="memory://", model=f"local:{file}"))

    async def ask(query: str, seen: asyncio.Queue[Event]) -> None:
        async with aclosing(assistant.ask(Question("local", query, session_id=query))) as events:
            async for event in events:
                seen.put_nowait(event)

    first: asyncio.Queue[Event] = asyncio.Queue()
    second: asyncio.Queue[Event] = asyncio.Queue()
    try:
        async with asyncio.timeout(60):
            counting = asyncio.create_task(ask("please-count", first))
            while not isinstance(await first.get(), TextDelta):
                pass
            talking = asyncio.create_task(ask("please-talk", second))
            while not isinstance(event := await second.get(), Waiting):
                pass
            assert "another question" in event.text
            task = counting if stopped == "first" else talking
            task.cancel()
            await asyncio.wait([task])
            if stopped == "first":
                while not isinstance(event := await second.get(), Done):
                    pass
                assert event.reply == "It is 42."
            else:  # the first goes on
                while not first.empty():
                    first.get_nowait()
                assert isinstance(await first.get(), TextDelta)
                counting.cancel()
                await asyncio.wait([counting])
                await ask("please-talk", second)
            assert (await assistant.sessions.get("local", "please-talk")).open is None
    finally:
        await assistant.close()


async def test_a_local_model_whose_template_knows_no_tools_is_offered_them_in_words(tmp_path: Path) -> None:
    lines = {"please-look": '```tool_call\n{"name": "list_files", "arguments": {}}\n```', "": "No."}
    file = tiny_gguf.write(tmp_path / "tiny.gguf", lines, context=4096, knows_tools=False)
    model = LocalModel.from_config(JupyterAgent(context_tokens=2000), str(file))
    tools = [ToolSpec("list_files", "List the files.", {"type": "object"})]
    try:
        async with aclosing(
            model.stream([Message("user", "please-look")], tools, deadline=time.monotonic() + 60)
        ) as events:
            calls = [event.name async for event in events if isinstance(event, ToolCall)]
        assert calls == ["list_files"]
        assert model.traits.tool_mode == "text"
    finally:
        await model.close()


@pytest.mark.parametrize("damage", ["half", "head", "noise", "architecture"])
async def test_a_file_that_the_real_engine_cannot_read_harms_nobody(tmp_path: Path, damage: str) -> None:
    file = tiny_gguf.write(tmp_path / "tiny.gguf", LINES)
    data = file.read_bytes()
    damaged = {
        "half": data[: len(data) // 2],
        "head": data[:100],
        "noise": data[:16] + bytes(range(256)) * 100,
        "architecture": data.replace(b"llama", b"lxama"),
    }
    file.write_bytes(damaged[damage])
    model = LocalModel.from_config(JupyterAgent(), str(file))
    try:
        with pytest.raises(errors.UpstreamRefused, match=r"damaged|this kind of model"):
            async with aclosing(model.stream([Message("user", "hi")], deadline=time.monotonic() + 60)) as events:
                _ = [event async for event in events]
        file.write_bytes(data)
        async with aclosing(model.stream([Message("user", "hi")], deadline=time.monotonic() + 60)) as events:
            assert [event async for event in events][-1].__class__ is ModelFinished
    finally:
        await model.close()


async def test_a_page_elsewhere_and_a_neighbour_without_the_key_get_nothing_of_the_real_engine(tmp_path: Path) -> None:
    file = tiny_gguf.write(tmp_path / "tiny.gguf", LINES)
    model = LocalModel.from_config(JupyterAgent(), str(file))
    try:
        async with aclosing(model.stream([Message("user", "hi")], deadline=time.monotonic() + 60)) as events:
            _ = [event async for event in events]
        assert model._process
        address = await model._process.address(time.monotonic() + 5)
        assert address.startswith("http://127.0.0.1:")
        for path in ("/v1/chat/completions", "/completion", "/v1/models", "/slots", "/props"):
            request = urllib.request.Request(address + path, b"{}" if "comp" in path else None)
            with pytest.raises(urllib.error.HTTPError) as refused:
                await asyncio.to_thread(urllib.request.urlopen, request, timeout=10)
            assert refused.value.code in (401, 404, 501), path
            refused.value.close()
        preflight = urllib.request.Request(
            address + "/v1/models", method="OPTIONS", headers={"Origin": "http://evil.example"}
        )
        with await asyncio.to_thread(urllib.request.urlopen, preflight, timeout=10) as answer:
            assert answer.headers.get("Access-Control-Allow-Origin") in (None, "")
    finally:
        await model.close()
