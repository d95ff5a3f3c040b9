"""Real kernels through the REST API: read in silence, busy or not, and after a restart."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_agent.server.extension import MESSAGE_TYPES
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script
from tests.support.front_end import FrontEnd, front_end

TABLE = "import pandas\ndf = pandas.DataFrame({'region': ['north', 'south'] * 5, 'revenue': range(10)})\nanswer = 42"


async def test_a_kernels_variables_are_read_without_a_trace(rest: RestClient, jp_serverapp: Any) -> None:
    async with front_end(jp_serverapp, rest) as (kernel_id, page):
        await page.run(TABLE)
        before = await page.evaluate()
        state = (await rest("GET", f"api/agent/kernels/{kernel_id}/state")).body
        column = (await rest("GET", f"api/agent/kernels/{kernel_id}/variables/df", column="revenue")).body
        missing = await rest("GET", f"api/agent/kernels/{kernel_id}/variables/nothing")
        assert await page.evaluate() == before
    variables = {variable["name"]: variable for variable in state["variables"]}
    assert {"df", "answer"} <= set(variables)
    assert variables["df"]["facts"]["rows"] == 10
    assert [column["name"] for column in variables["df"]["facts"]["columns"]] == ["region", "revenue"]
    assert state["kernel_id"] == kernel_id
    assert (column["kind"], column["facts"]["length"]) == ("series", 10)
    assert (missing.status, missing.body["code"]) == (404, "not_found")


async def test_secrets_that_only_the_server_knows_are_withheld_from_a_kernels_state(
    rest: RestClient, services: Services, jp_serverapp: Any
) -> None:
    services.assistant.redactor.add_secret("violet-harbour-20")
    async with front_end(jp_serverapp, rest) as (kernel_id, page):
        await page.run("note = 'see violet-harbour-20'\nitems = ['violet-harbour-20']")
        state = await rest("GET", f"api/agent/kernels/{kernel_id}/state")
        variable = await rest("GET", f"api/agent/kernels/{kernel_id}/variables/items")
    assert (state.status, variable.status) == (200, 200)
    assert "violet-harbour-20" not in state.text + variable.text
    assert "withheld" in state.text
    assert "withheld" in variable.text


async def test_only_what_changed_since_a_version_is_told(rest: RestClient, jp_serverapp: Any) -> None:
    async with front_end(jp_serverapp, rest) as (kernel_id, page):
        await page.run("first = 1")
        path = f"api/agent/kernels/{kernel_id}/state"
        version = (await rest("GET", path)).body["version"]
        await page.run("second = 2\ndel first")
        state = (await rest("GET", path, since=str(version))).body
    assert [variable["name"] for variable in state["variables"]] == ["second"]
    assert state["deleted"] == ["first"]


async def test_the_notebooks_kernel_is_found_by_its_path(rest: RestClient, script: Script, jp_serverapp: Any) -> None:
    script([{"calls": [{"name": "list_variables", "arguments": {}}]}, {"text": "Listed."}])
    async with front_end(jp_serverapp, rest, "deep/a.ipynb") as (kernel_id, page):
        await page.run(TABLE)
        stream = rest.stream("x", {"notebook_id": "deep/a.ipynb", "variables": {"ghost": "int"}})
        listed = await stream.until("tool_result")
        done = await stream.until("done")
    assert '"answer"' in listed["content"]
    assert "ghost" not in listed["content"]
    assert done["state"]["kernel_id"] == kernel_id


async def test_a_notebook_without_a_kernel_is_answered_and_it_is_said(rest: RestClient) -> None:
    reply = await rest.ask("x", {"notebook_id": "a.ipynb"})
    assert (reply.status, reply.body["state"]) == (200, None)
    assert any("No kernel" in warning for warning in reply.body["warnings"])


async def test_approved_code_runs_in_the_kernel(rest: RestClient, script: Script, jp_serverapp: Any) -> None:
    script([{"calls": [{"name": "run_code", "arguments": {"code": "answer * 2"}}]}, {"text": "Done."}])
    async with front_end(jp_serverapp, rest) as (_, page):
        await page.run(TABLE)
        stream = rest.stream("x", {"notebook_id": "a.ipynb"})
        turn = await stream.until("turn")
        asked = await stream.until("approval")
        path = f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}"
        await rest("POST", path, {"decision": "approve", "digest": asked["digest"]})
        result = await stream.until("tool_result")
        await stream.all()
    assert (result["status"], result["content"].split()[0]) == ("done", "84")


async def state_while_busy(rest: RestClient, services: Services, kernel_id: str, page: FrontEnd) -> Any:
    """What is told of a kernel in whose first cell time passes; the kernel must have been met before."""
    await asyncio.wait_for(services.kernels.idle(), 30)
    heard = asyncio.Event()
    code = "import time\nbefore = 1\nprint('busy now', flush=True)\ntime.sleep(3)"
    cell = asyncio.ensure_future(page.run(code, heard))
    await asyncio.wait_for(heard.wait(), 30)
    state = (await rest("GET", f"api/agent/kernels/{kernel_id}/state")).body
    assert not cell.done()
    assert (await rest("GET", f"api/kernels/{kernel_id}")).body["execution_state"] == "busy"
    await cell
    return state


async def test_a_kernel_is_met_at_its_start_so_that_it_answers_while_busy(
    rest: RestClient, services: Services, jp_serverapp: Any
) -> None:
    async with front_end(jp_serverapp, rest) as (kernel_id, page):
        state = await state_while_busy(rest, services, kernel_id, page)
    assert (state["status"], state["stale"]) == ("busy", "")
    assert "before" in {variable["name"] for variable in state["variables"]}


async def test_a_kernel_that_ran_before_is_met_when_the_server_has_started(
    rest: RestClient, services: Services, jp_serverapp: Any
) -> None:
    jp_serverapp.event_logger.remove_listener(listener=services.kernels.on_action)
    async with front_end(jp_serverapp, rest) as (kernel_id, page):
        services.kernels.prepare_running()
        state = await state_while_busy(rest, services, kernel_id, page)
    assert (state["status"], state["stale"]) == ("busy", "")


async def test_after_a_restart_nothing_of_the_old_process_is_told(
    rest: RestClient, services: Services, jp_serverapp: Any
) -> None:
    async with front_end(jp_serverapp, rest) as (kernel_id, page):
        await page.run("old = 1")
        path = f"api/agent/kernels/{kernel_id}/state"
        before = (await rest("GET", path)).body
        assert (await rest("POST", f"api/kernels/{kernel_id}/restart")).status == 200
        await asyncio.wait_for(services.kernels.idle(), 30)
        after = (await rest("GET", path)).body
    assert "old" in {variable["name"] for variable in before["variables"]}
    assert "old" not in {variable["name"] for variable in after["variables"]}
    assert after["epoch"] != before["epoch"]
    assert after["stale"] == ""


async def test_K3_code_approved_for_a_kernel_that_was_restarted_is_stale(
    rest: RestClient, script: Script, services: Services, jp_serverapp: Any
) -> None:
    script([{"calls": [{"name": "run_code", "arguments": {"code": "made = 1"}}]}, {"text": "Done."}])
    async with front_end(jp_serverapp, rest) as (kernel_id, page):
        await page.run("old = 1")
        stream = rest.stream("x", {"kernel_id": kernel_id}, turn_id="t1")
        asked = await stream.until("approval")
        assert (await rest("POST", f"api/kernels/{kernel_id}/restart")).status == 200
        await asyncio.wait_for(services.kernels.idle(), 30)
        word = {"decision": "approve", "digest": asked["digest"]}
        reply = await rest("POST", f"api/agent/turns/t1/actions/{asked['call_id']}", word)
        events = await stream.all()
        state = (await rest("GET", f"api/agent/kernels/{kernel_id}/state")).body
    assert (reply.status, reply.body["code"]) == (409, "approval_stale")
    assert [data["status"] for name, data in events if name == "tool_result"] == ["failed"]
    assert events[-1][0] == "done"
    assert state["variables"] == []


async def test_a_kernel_that_was_shut_down_is_unknown(rest: RestClient, services: Services, jp_serverapp: Any) -> None:
    async with front_end(jp_serverapp, rest) as (kernel_id, _):
        await rest("GET", f"api/agent/kernels/{kernel_id}/state")
        assert (await rest("DELETE", f"api/kernels/{kernel_id}")).status == 204
        await services.kernels.idle()
        reply = await rest("GET", f"api/agent/kernels/{kernel_id}/state")
    assert (reply.status, reply.body["code"]) == (404, "not_found")


async def test_reading_an_idle_kernel_is_no_activity_of_the_users(
    rest: RestClient, services: Services, jp_serverapp: Any
) -> None:
    async with front_end(jp_serverapp, rest) as (kernel_id, page):
        await asyncio.wait_for(services.kernels.idle(), 30)
        await page.run(TABLE)
        assert (await rest("GET", f"api/agent/kernels/{kernel_id}/state")).status == 200
        before = (await rest("GET", f"api/kernels/{kernel_id}")).body
        for _ in range(3):
            assert (await rest("GET", f"api/agent/kernels/{kernel_id}/state")).status == 200
        assert (await rest("GET", f"api/kernels/{kernel_id}")).body == before
    assert set(MESSAGE_TYPES) <= set(jp_serverapp.kernel_manager.untracked_message_types)
