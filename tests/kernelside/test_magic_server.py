"""`%agent` in a kernel of a real Jupyter server with the extension: nothing loaded, one conversation with the sidebar."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from typing import Any

import pytest

from jupyter_agent.kernelside.client.http import HttpClient
from jupyter_agent.kernelside.client.server_info import Address
from tests.support.notebook_json import code, notebook, text_of
from tests.support.notebook_page import opened
from tests.support.running_server import TOKEN, RunningServer

FRAME = "import pandas as pd\ndf = pd.DataFrame({'price': [1, 2, 3], 'region': ['a', 'b', 'a']})"
WORDS = "".join(f"word{number} " for number in range(300))
SUM = "total = int(df.price.sum())\nprint('summed')\ntotal"
SCRIPT: list[dict[str, Any]] = [
    {"match": "sum the prices", "calls": [{"name": "run_code", "arguments": {"code": SUM}}]},
    {"match": "sum the prices", "text": "The total is 6."},
    {"match": "make it", "calls": [{"name": "run_code", "arguments": {"code": "made_by_agent = 1"}}]},
    {"match": "make it", "text": "Done."},
    {"match": "talk slowly", "text": "said " * 500, "chunks": 500, "delay": 0.1},
    {"match": "talk fast", "text": WORDS, "chunks": 300, "delay": 0.005},
    {"match": "three words", "text": "one two three", "chunks": 3},
    {"match": "plot it", "text": "Try:\n```python\ndf.plot()\n```"},
    {"match": "set it up", "text": "So:\n```python\nready = 1\nprint('set')\n```"},
    {"match": "divide it", "text": "So:\n```python\n1 / 0\n```"},
    {"match": "fail", "error": "upstream_auth", "message": "The key is not accepted."},
]


@pytest.fixture(scope="module")
def script() -> list[dict[str, Any]]:
    return SCRIPT


async def test_the_magic_and_the_sidebar_are_one_conversation(server: RunningServer) -> None:
    async with opened(server, "one.ipynb") as (page, _):
        await page.run(FRAME)
        shown = await page.run("%agent -m offline what columns does df have?")
        assert len(shown.outputs) == 1
        assert all(column in shown.markdown[0] for column in ("price", "region"))

        _, listed = await server("GET", "api/agent/sessions?notebook_id=one.ipynb")
        context = {"notebook_id": "one.ipynb", "session_id": listed["sessions"][0]["session_id"]}
        ask = {"query": "and how many rows?", "context": context, "model": "offline"}
        status, answered = await server("POST", "api/agent/quick", ask)
        assert (status, answered["turn_count"]) == (200, 4)

        history = (await page.run("%agent /history")).markdown[0]
        assert history.index("what columns does df have?") < history.index("and how many rows?")
        for _ in range(2):
            assert "A new conversation starts" in (await page.run("%agent /clear")).markdown[0]
        _, after = await server("GET", "api/agent/sessions?notebook_id=one.ipynb")
        assert [session["session_id"] for session in after["sessions"]] == [context["session_id"]]


async def test_code_of_a_turn_runs_in_the_users_kernel_by_the_magic_itself(server: RunningServer) -> None:
    async with opened(server, "two.ipynb") as (page, _):
        await page.run(FRAME)
        shown = await page.run("%agent --approve auto sum the prices")
        assert SUM in shown.markdown[0]
        assert shown.streams == "summed\n"
        assert [item["data"]["text/plain"] for item in shown.outputs if item["output_type"] == "execute_result"] == [
            "6"
        ]
        assert shown.markdown[-1] == "The total is 6."
        assert (await page.run("total")).outputs[0]["data"]["text/plain"] == "6"


async def test_the_user_approves_code_in_the_notebook(server: RunningServer) -> None:
    async with opened(server, "three.ipynb") as (page, _):
        unasked = await page.run("%agent make it")
        assert "it cannot be approved here" in unasked.markdown[-1]
        await page.run("%agent make it", answer="n")
        assert "made_by_agent" not in (await page.run("%whos")).streams
        await page.run("%agent make it", answer="y")
        assert "made_by_agent" in (await page.run("%whos")).streams


async def test_an_interrupt_stops_the_answer_and_what_was_said_is_kept(server: RunningServer) -> None:
    async with opened(server, "four.ipynb") as (page, kernel_id):
        some = asyncio.Event()
        running = asyncio.create_task(
            page.run("%agent talk slowly\nreached = 1", seen=lambda shown: some.set() if shown.markdown else None)
        )
        await asyncio.wait_for(some.wait(), 30)
        pressed = time.monotonic()
        await server("POST", f"api/kernels/{kernel_id}/interrupt", {})
        shown = await running
        assert time.monotonic() - pressed < 3
        assert shown.reply["status"] == "error"
        assert shown.outputs[-1]["traceback"] == ["Stopped."]
        assert shown.markdown[0].startswith("said")
        kept = (await page.run("%agent /history")).markdown[0]
        assert kept.startswith("**You:** talk slowly\n\nsaid")
        assert "reached" not in (await page.run("%whos")).streams


async def test_an_answer_grows_in_place_and_ends_as_one_clean_output(server: RunningServer) -> None:
    async with opened(server, "five.ipynb") as (page, _):
        began = time.monotonic()
        shown = await page.run("%agent talk fast")
        seconds = time.monotonic() - began
        assert shown.markdown == [WORDS]
        assert len(shown.outputs) == 1
        assert 2 <= shown.updates <= 10 * seconds + 2


async def test_tab_completes_commands_names_and_columns_as_in_jupyterlab(server: RunningServer) -> None:
    async with opened(server, "tab.ipynb") as (page, _):
        await page.run(FRAME)
        assert await page.complete("%agent /his") == ["/history"]
        assert await page.complete("%agent what is @d") == ["@df"]
        assert await page.complete("%%agent\nwhat is @df.") == ["@df.price", "@df.region"]


async def test_code_of_the_answer_itself_is_run_in_plain_sight(server: RunningServer) -> None:
    async with opened(server, "run.ipynb") as (page, _):
        shown = await page.run("%agent --run set it up")
        assert shown.streams == "set\n"
        assert (await page.run("ready")).outputs[0]["data"]["text/plain"] == "1"
        shown = await page.run("%agent --run divide it")
        assert "ZeroDivisionError" in shown.streams
        assert "the code of the answer failed" in str(shown.outputs[-1]["traceback"])
        assert "ZeroDivisionError" in (await page.run("%agent -m offline /fix")).markdown[-1]


async def test_a_console_of_the_kernel_gets_plain_text(server: RunningServer) -> None:
    async with opened(server, "six.ipynb") as (page, _):
        shown = await page.run("%agent three words", answer="", cell=False)
        assert shown.streams == "one two three\n"
        assert shown.markdown == []


async def test_code_for_the_next_cell_comes_as_a_payload(server: RunningServer) -> None:
    async with opened(server, "seven.ipynb") as (page, _):
        shown = await page.run("%agent --cell plot it")
        payload = [item for item in shown.reply["payload"] if item["source"] == "set_next_input"]
        assert payload == [{"source": "set_next_input", "text": "df.plot()", "replace": False}]


async def test_an_error_of_the_model_fails_the_cell_in_one_line(server: RunningServer) -> None:
    async with opened(server, "eight.ipynb") as (page, _):
        shown = await page.run("%agent fail")
        assert shown.reply["status"] == "error"
        assert shown.outputs[-1]["traceback"] == ["%agent: The key is not accepted."]


async def test_load_ext_in_a_kernel_of_the_server_goes_on_as_its_client(server: RunningServer) -> None:
    async with opened(server, "nine.ipynb") as (page, _):
        await page.run(FRAME)
        await page.run("%load_ext jupyter_agent\nimport sys")
        shown = await page.run("%agent -m offline what columns does df have?")
        assert "region" in shown.markdown[0]
        _, listed = await server("GET", "api/agent/sessions?notebook_id=nine.ipynb")
        assert len(listed["sessions"]) == 1
        loaded = (await page.run("'jupyter_agent.agent.assistant' in sys.modules")).outputs[0]["data"]["text/plain"]
        assert loaded == "False"


async def test_T18_while_the_sidebars_turn_runs_the_magic_says_so_at_once(server: RunningServer) -> None:
    async with opened(server, "ten.ipynb") as (page, _):
        ask = {"query": "talk slowly", "context": {"notebook_id": "ten.ipynb"}, "stream": True}
        with closing(HttpClient(Address(server.url, TOKEN)).events("api/agent/quick", ask)) as events:
            assert (await asyncio.to_thread(next, events))[0] == "turn"
            shown = await page.run("%agent three words")
            assert "answering another question" in shown.outputs[-1]["traceback"][0]
            assert (await page.run("%agent -s another three words")).markdown == ["one two three"]
            assert (await asyncio.to_thread(next, events))[0] == "text"  # which comes for fifty seconds


async def test_the_variables_are_listed_as_the_assistant_sees_them(server: RunningServer) -> None:
    async with opened(server, "eleven.ipynb") as (page, _):
        await page.run(FRAME)
        assert "- `df`: DataFrame 3 × 2" in (await page.run("%agent /vars")).markdown[0]
        assert "column `price`" in (await page.run("%agent /vars df")).markdown[0]
        assert "no such variable" in (await page.run("%agent /vars nothing")).markdown[0]


async def test_the_doctor_knows_what_ran_in_this_kernel(server: RunningServer) -> None:
    written = text_of(notebook(code("c1", "x = 2", execution_count=1)))
    async with opened(server, "doctor.ipynb") as (page, _):
        await page.run("x = 1")
        (server.root / "doctor.ipynb").write_text(written, encoding="utf-8")
        shown = await page.run("%agent /doctor")
    assert "edited after it ran" in shown.markdown[0]
