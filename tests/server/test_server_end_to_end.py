"""The main job on real parts: a Jupyter server and a kernel in processes of their own, a model over HTTP."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import openai
import pytest

from tests.support.recording_model import KEY, recording_model
from tests.support.running_server import TOKEN, RunningServer

CSV = "region,revenue_eur,signed_on\n" + "".join(f"north,{100 + row},2026-01-{1 + row % 28:02}\n" for row in range(137))
COLUMNS = ("region", "revenue_eur", "signed_on")


async def test_the_answer_knows_the_live_kernel_and_survives_the_server(tmp_path: Path) -> None:
    async with recording_model() as model:
        environment = {
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": KEY,
            "JUPYTER_AGENT_MODEL": "openai:test",
        }
        server = RunningServer(tmp_path, environment)
        await server.start()
        (server.root / "sales.csv").write_text(CSV, encoding="utf-8")
        kernel_id = await server.open_notebook("analysis.ipynb")
        kernel_pid = 0
        try:
            async with server.front_end(kernel_id) as front_end:
                await front_end.run("import os, pandas\ndf = pandas.read_csv('sales.csv')")
                await front_end.run("df.shape")
                kernel_pid = int((await front_end.evaluate(pid="os.getpid()"))["pid"])
                before = await front_end.evaluate()
                ask = {"query": "How many rows does df have?", "context": {"notebook_id": "analysis.ipynb"}}
                status, first = await server("POST", "api/agent/quick", ask)
                assert status == 200, first
                assert await front_end.evaluate() == before

                for text in (first["reply"], "\n".join(model.last_texts)):
                    assert all(column in text for column in COLUMNS)
                    assert "137" in text
                assert first["state"]["kernel_id"] == kernel_id
                assert first["state"]["status"] in ("idle", "busy")
                assert "df" in first["variables"]
                assert first["usage"] == {"input_tokens": 11, "output_tokens": 7, "cost": 0.0, "cached_tokens": 0}

                context = {"notebook_id": "analysis.ipynb", "session_id": first["session_id"]}
                status, second = await server("POST", "api/agent/quick", {"query": "And columns?", "context": context})
                assert (status, second["turn_count"]) == (200, 4)
                earlier = "\n".join(model.last_texts[:-1])
                assert "How many rows does df have?" in earlier
                assert "You said: " in earlier

            await server.end(signal.SIGKILL)
            await server.start()
            status, history = await server("GET", f"api/sessions/{first['session_id']}/history")
            assert status == 200
            assert [entry["content"] for entry in history["history"]] == [
                "How many rows does df have?",
                first["reply"],
                "And columns?",
                second["reply"],
            ]
        finally:
            await server.end()
            with suppress(ProcessLookupError):  # it may have ended with its server
                if kernel_pid:
                    os.kill(kernel_pid, signal.SIGKILL)


async def test_the_openai_sdk_talks_to_the_assistant_that_knows_the_kernel(tmp_path: Path) -> None:
    async with recording_model() as model:
        environment = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": KEY, "JUPYTER_AGENT_MODEL": "openai:test"}
        server = RunningServer(tmp_path, environment)
        await server.start()
        (server.root / "sales.csv").write_text(CSV, encoding="utf-8")
        kernel_id = await server.open_notebook("analysis.ipynb")
        client = openai.AsyncOpenAI(base_url=f"{server.url}api/agent/v1", api_key=TOKEN, max_retries=0)
        where = {"notebook_id": "analysis.ipynb", "session_id": "s1"}
        try:
            async with server.front_end(kernel_id) as front_end:
                await front_end.run("import pandas\ndf = pandas.read_csv('sales.csv')")
            stream = await client.chat.completions.create(
                model="jupyter-agent",
                messages=[{"role": "user", "content": "How many rows does df have?"}],
                stream=True,
                stream_options={"include_usage": True},
                extra_body=where,
            )
            chunks = [chunk async for chunk in stream]
            text = "".join(part.choices[0].delta.content or "" for part in chunks if part.choices)
            assert all(column in text for column in COLUMNS)
            assert "137" in text
            assert chunks[-1].usage is not None
            assert chunks[-1].usage.total_tokens == 18
            reply = await client.chat.completions.create(
                model="test", messages=[{"role": "user", "content": "And columns?"}], extra_body=where
            )
            assert "How many rows does df have?" in "\n".join(model.last_texts[:-1])
            assert reply.model == "openai:test"
            _, history = await server("GET", "api/sessions/s1/history")
            assert history["turn_count"] == 4
            with pytest.raises(openai.BadRequestError, match="text-embedding"):
                await client.chat.completions.create(
                    model="text-embedding-3-small", messages=[{"role": "user", "content": "x"}], extra_body=where
                )
            stranger = openai.AsyncOpenAI(base_url=f"{server.url}api/agent/v1", api_key="wrong", max_retries=0)
            async with stranger:
                with pytest.raises(openai.AuthenticationError):
                    await stranger.models.list()
        finally:
            await client.close()
            await server("DELETE", f"api/kernels/{kernel_id}")
            await server.end()
