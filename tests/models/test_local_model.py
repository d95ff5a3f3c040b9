"""A local model's process: started when first asked, for us alone, started anew where it died, ended with us."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core import errors
from jupyter_agent.core.events import Done, ModelFinished, TextDelta, Waiting
from jupyter_agent.core.messages import Message
from jupyter_agent.core.question import Question
from jupyter_agent.models.local import memory
from jupyter_agent.models.local.model import LocalModel
from jupyter_agent.server.wire.turns import QuickRequest
from tests.support.fake_model_server import answer
from tests.support.scripted_assistant import events_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jupyter_agent.core.events import ModelEvent

STAND_IN = Path(__file__).parent / "engine_stand_in"
LOADING = Waiting("Loading the model …")


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STAND_IN), os.environ.get("PYTHONPATH", "")]))
    for name in ("ENGINE_STAND_IN", "OPENAI_API_KEY", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def file(folder: Path, wish: str = "") -> Path:
    path = folder / "model.gguf"
    path.write_text(f"GGUF {wish}")
    return path


@asynccontextmanager
async def local(path: Path | str) -> AsyncIterator[LocalModel]:
    model = LocalModel.from_config(JupyterAgent(), str(path))
    try:
        yield model
    finally:
        await model.close()


def facts(events: list[ModelEvent]) -> dict[str, Any]:
    report: dict[str, Any] = json.loads("".join(event.text for event in events if isinstance(event, TextDelta)))
    return report


async def refusal(path: Path | str) -> str:
    async with local(path) as model:
        with pytest.raises(errors.AgentError) as caught:
            await answer(model)
    assert str(path) not in caught.value.message
    assert caught.value.__cause__ is None
    return caught.value.message


async def test_it_starts_with_the_first_question_and_stays() -> None:
    async with local("x/y") as model:
        assert model.name == "local:x/y"
        assert model.pid is None


async def test_a_question_is_answered_by_a_process_for_us_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_API_KEY", "secret")
    async with local(file(tmp_path)) as model:
        first = await answer(model)
        pid = model.pid
        assert (await answer(model))[0] == TextDelta(json.dumps(facts(first)))
        assert model.pid == pid
    assert first[0] == LOADING
    assert first[-1] == ModelFinished("stop")
    report = facts(first)
    assert report["hostnames"] == ["127.0.0.1"]
    assert report["port"] == 0
    assert report["cors_origins"] == ""
    assert report["ui"] is False
    assert report["offline"] is True
    assert report["n_ctx"] == 12096
    assert report["secrets"] == []
    assert (
        report["threads"] == [max(1, len(os.sched_getaffinity(0)) - 1)] * 2
    )  # none of its steps waits for what else runs
    with pytest.raises(ProcessLookupError):
        os.kill(pid or 0, 0)


async def test_nobody_without_the_key_is_answered_and_the_key_is_on_no_command_line(tmp_path: Path) -> None:
    async with local(file(tmp_path)) as model:
        await answer(model)
        assert model._process
        address = await model._process.address(time.monotonic() + 5)
        request = Request(f"{address}/v1/chat/completions", b"{}", {"Authorization": "Bearer none"})
        with pytest.raises(HTTPError, match="401") as refused:
            await asyncio.to_thread(urlopen, request, timeout=10)
        refused.value.close()
        line = subprocess.run(["ps", "-o", "args=", "-p", str(model.pid)], capture_output=True, check=True, timeout=10)
        assert model._process.key not in line.stdout.decode()
        assert len(model._process.key) >= 32


async def test_several_first_questions_start_one_process(tmp_path: Path) -> None:
    async with local(file(tmp_path)) as model:
        answers = await asyncio.gather(*(answer(model) for _ in range(4)))
        assert [answer[-1] for answer in answers] == [ModelFinished("stop")] * 4
        assert len({json.dumps(facts(answer)) for answer in answers}) == 1


async def test_a_question_that_waits_for_another_says_so(tmp_path: Path) -> None:
    async with local(file(tmp_path)) as model:
        await answer(model)
        async with aclosing(model.stream([Message("user", "hi")], deadline=time.monotonic() + 30)) as first:
            assert isinstance(await anext(first), TextDelta)
            second = await answer(model)
        assert [type(event) for event in second] == [Waiting, TextDelta, ModelFinished]
        assert [type(event) for event in await answer(model)] == [TextDelta, ModelFinished]


async def test_a_process_that_was_ended_is_started_anew_with_the_next_question(tmp_path: Path) -> None:
    async with local(file(tmp_path)) as model:
        await answer(model)
        first = model.pid
        os.kill(first or 0, signal.SIGKILL)
        assert (await answer(model))[-1] == ModelFinished("stop")
        assert model.pid not in (None, first)


async def test_a_process_that_dies_in_the_midst_of_an_answer_is_told_and_started_anew(tmp_path: Path) -> None:
    path = file(tmp_path, "die")
    async with local(path) as model:
        for _ in range(2):
            with pytest.raises(errors.UpstreamError, match="The local model stopped"):
                await answer(model)
        file(tmp_path)
        assert (await answer(model))[-1] == ModelFinished("stop")


async def test_a_process_that_dies_of_every_question_is_not_started_for_ever(tmp_path: Path) -> None:
    assert "The local model stopped" in await refusal(file(tmp_path, "die before"))


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ("abort", "damaged"),
        ("raise", "damaged"),
        ("architecture", "pip install --upgrade xllamacpp"),
        ("memory", "does not fit this machine's memory"),
        ("killed", "does not fit this machine's memory"),
    ],
)
async def test_a_file_that_cannot_be_run_is_told_with_its_cure_and_harms_nobody(
    tmp_path: Path, wish: str, words: str
) -> None:
    assert words in await refusal(file(tmp_path, wish))


@pytest.mark.parametrize(
    ("engine", "words"), [("missing", r"jupyter-notebook-agent\[local\]"), ("broken", "Reinstall")]
)
async def test_an_engine_that_is_not_there_is_told_with_its_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, words: str
) -> None:
    monkeypatch.setenv("ENGINE_STAND_IN", engine)
    async with local(file(tmp_path)) as model:
        with pytest.raises(errors.MissingExtra, match=words):
            await answer(model)


async def test_without_the_engine_no_model_is_said_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    async with local(file(tmp_path)) as model:
        with pytest.raises(errors.MissingExtra, match="jupyter-notebook-agent"):
            await model.models()


async def test_what_is_no_model_is_never_given_to_the_engine_and_not_told_apart(tmp_path: Path) -> None:
    text = tmp_path / "notes.gguf"
    text.write_text("Dear diary")
    words = {await refusal(path) for path in (text, tmp_path, tmp_path / "none.gguf", "/etc/passwd", "\0", "/\0")}
    assert len(words) == 1
    assert "no model at that place" in words.pop()


async def test_a_model_larger_than_the_memory_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 3)
    assert "needs 5 bytes of memory, and 3 bytes are free" in await refusal(file(tmp_path))


def test_memory_is_what_machine_and_container_leave(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable:    4000 kB\n")
    assert memory.available(meminfo, tmp_path / "none") == 4_096_000
    for name, text in (("memory.max", "3000000"), ("memory.current", "1000000"), ("memory.stat", "anon 1\nfile 500\n")):
        (tmp_path / name).write_text(text)
    assert memory.available(meminfo, tmp_path) == 2_000_500
    (tmp_path / "memory.max").write_text("max")
    assert memory.available(meminfo, tmp_path) == 4_096_000


async def test_loading_is_not_waited_for_past_the_deadline(tmp_path: Path) -> None:
    async with local(file(tmp_path, "slow")) as model:
        started = time.monotonic()
        with pytest.raises(errors.UpstreamTimeout, match="still being loaded"):
            await answer(model, seconds=0.5)
        assert time.monotonic() - started < 5
        pid = model.pid
        with pytest.raises(errors.UpstreamTimeout):
            await answer(model, seconds=0.1)
        assert model.pid == pid  # it goes on loading


async def test_without_a_name_what_is_here_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.syspath_prepend(STAND_IN)
    folder = tmp_path / "jupyter-agent" / "models" / "me" / "tiny"
    folder.mkdir(parents=True)
    file(folder)
    async with local("") as model:
        assert model.name == "local"
        assert await model.models() == ("me/tiny/model.gguf",)
        with pytest.raises(errors.UpstreamRefused, match=r"Name a local model.*me/tiny/model\.gguf"):
            await answer(model)
    for name in ("me/tiny", "me/tiny/model.gguf"):
        async with local(name) as model:
            assert (await answer(model))[-1] == ModelFinished("stop")


def test_the_process_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys, time\n"
        "from jupyter_agent.config.options import JupyterAgent\n"
        "from jupyter_agent.models.local.model import LocalModel\n"
        "from jupyter_agent.core.messages import Message\n"
        "async def main():\n"
        "    model = LocalModel.from_config(JupyterAgent(), sys.argv[1])\n"
        "    async for _ in model.stream([Message('user', 'hi')], deadline=time.monotonic() + 60): pass\n"
        "    print(model.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(file(tmp_path))], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        ended = os.pidfd_open(pid)
        parent.kill()
    import select

    try:
        assert select.select([ended], [], [], 10)[0]
    finally:
        os.close(ended)


async def test_the_wait_is_told_to_people_and_is_no_part_of_the_answer(tmp_path: Path) -> None:
    config = JupyterAgent(store="memory://", model=f"local:{file(tmp_path)}")
    assistant = Assistant.from_config(config)
    events = await events_of(assistant, Question("me", "hi"))
    await assistant.close()
    assert LOADING in events
    assert isinstance(events[-1], Done)
    assert "Loading" not in events[-1].reply
    assert events[-1].reply.startswith("{")


@pytest.mark.parametrize("name", ["local:/my models/a b.gguf", "openai:gpt", "x"])
def test_a_request_may_name_a_model_whose_path_has_spaces(name: str) -> None:
    assert msgspec.convert({"query": "hi", "model": name}, QuickRequest).model == name


@pytest.mark.parametrize("name", ["", " a", "a ", "a\n", "a\0b", "a" * 501])
def test_a_request_names_no_model_by_blanks(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"query": "hi", "model": name}, QuickRequest)


def test_building_a_local_model_imports_nothing_heavy() -> None:
    code = (
        "import sys; from jupyter_agent.config.options import JupyterAgent; from jupyter_agent.models.local.model import LocalModel;"
        "LocalModel.from_config(JupyterAgent(), 'x');"
        "print([n for n in ('openai', 'httpx2', 'pydantic', 'xllamacpp') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
