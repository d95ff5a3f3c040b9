"""Edits that the page makes: asked for on the stream, answered with the change."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.messages import CellChange, CellEdit, Json, to_json
from jupyter_agent.kernelside.wire import source_hash
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script, Stream

RUN = {"calls": [{"name": "run_code", "arguments": {"code": "1 + 1"}}]}
EDIT = CellEdit("replace", "c1", "0" * 64, "x = 2")
BEFORE: dict[str, Json] = {
    "cell_type": "code",
    "id": "c1",
    "metadata": {},
    "source": "x = 1",
    "outputs": [],
    "execution_count": None,
}
AFTER: dict[str, Json] = {
    **BEFORE,
    "source": "x = 2",
    "outputs": [{"output_type": "display_data", "data": {"plot": [0] * 30_000}}],
}
CHANGE = {"cell_id": "c1", "before": BEFORE, "after": AFTER, "below_before": "", "below_after": ""}


async def _asked(
    rest: RestClient, script: Script, services: Services
) -> tuple[asyncio.Task[CellChange], Stream, str, Any]:
    """A turn that waits, and an edit that it asks of its page."""
    script([RUN, {"text": "Done."}])
    cells = [{"id": "c1", "kind": "code", "source": "x = 1"}]
    stream = rest.stream("x", {"notebook_id": "a.ipynb", "cells": cells}, edit="client")
    turn = await stream.until("turn")
    await stream.until("approval")
    running = services.turns.get("local", turn["turn_id"])
    assert running is not None
    editing = asyncio.ensure_future(running.edit(EDIT))
    asked = await stream.until("edit")
    return editing, stream, f"api/agent/turns/{turn['turn_id']}", asked


async def test_an_edit_is_asked_on_the_stream_and_its_answer_is_the_change(
    rest: RestClient, script: Script, services: Services
) -> None:
    editing, stream, turn, asked = await _asked(rest, script, services)
    assert asked["edit"] == to_json(EDIT)
    answer = {"decision": "approve", "result": {"status": "ok", "change": CHANGE, "text": "", "images": 0}}
    assert (await rest("POST", f"{turn}/actions/{asked['call_id']}", answer)).status == 200
    assert await editing == CellChange("c1", BEFORE, AFTER, "", "")
    await rest("POST", f"{turn}/cancel")
    await stream.all()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("cell_changed", "cell_changed"),
        ("not_found", "not_found"),
        ("read_only", "forbidden"),
        ("timeout", "kernel_unavailable"),
        ("error", "conflict"),
    ],
)
async def test_why_the_page_did_not_edit_is_told(
    rest: RestClient, script: Script, services: Services, status: str, code: str
) -> None:
    editing, stream, turn, asked = await _asked(rest, script, services)
    for text in (None, "The page says why."):
        answer = {"decision": "approve", "result": {"status": status, "text": text}}
        assert (await rest("POST", f"{turn}/actions/{asked['call_id']}", answer)).status == 200
        with pytest.raises(AgentError) as raised:
            await editing
        assert raised.value.code == code
        assert (raised.value.message == text) == bool(text)
        running = services.turns.get("local", turn.rpartition("/")[2])
        assert running is not None
        editing = asyncio.ensure_future(running.edit(EDIT))
        asked = await stream.until("edit")
    await rest("POST", f"{turn}/cancel")
    await stream.all()
    editing.cancel()


@pytest.mark.parametrize(
    "result",
    [
        None,
        {"status": "ok"},
        {"status": "ok", "change": {**CHANGE, "cell_id": "another"}},
    ],
)
async def test_an_answer_without_this_cells_change_is_no_edit(
    rest: RestClient, script: Script, services: Services, result: Any
) -> None:
    editing, stream, turn, asked = await _asked(rest, script, services)
    answer = {"decision": "approve", "result": result}
    assert (await rest("POST", f"{turn}/actions/{asked['call_id']}", answer)).status == 200
    with pytest.raises(AgentError, match="edit"):
        await editing
    await rest("POST", f"{turn}/cancel")
    await stream.all()


async def test_the_cell_that_ran_into_an_error_was_changed_all_the_same(
    rest: RestClient, script: Script, services: Services
) -> None:
    editing, stream, turn, asked = await _asked(rest, script, services)
    answer = {"decision": "approve", "result": {"status": "error", "change": CHANGE, "text": "NameError: x"}}
    assert (await rest("POST", f"{turn}/actions/{asked['call_id']}", answer)).status == 200
    assert (await editing).after == AFTER
    await rest("POST", f"{turn}/cancel")
    await stream.all()


async def test_editing_oneself_needs_the_stream(rest: RestClient) -> None:
    reply = await rest.ask("x", edit="client")
    assert (reply.status, reply.body["code"]) == (400, "bad_request")
    assert "'stream'" in reply.body["message"]


async def test_editing_oneself_needs_the_cells_as_the_page_has_them(rest: RestClient) -> None:
    reply = await rest.ask("x", {"notebook_id": "a.ipynb"}, edit="client", stream=True)
    assert (reply.status, reply.body["code"]) == (400, "bad_request")
    assert "'context.cells'" in reply.body["message"]


async def test_a_refusal_brings_the_cells_as_they_are_so_that_read_again_can_be_obeyed(
    rest: RestClient, script: Script
) -> None:
    read = {"calls": [{"name": "read_cells", "arguments": {}}]}
    edit = {"calls": [{"name": "edit_cell", "arguments": {"cell_id": "c1", "source": "x = 2"}}]}
    script([read, edit, read, edit, "Done."])
    cells = [{"id": "c0", "kind": "code", "source": "big"}, {"id": "c1", "kind": "code", "source": "x = 1"}]
    stream = rest.stream("x", {"notebook_id": "a.ipynb", "cells": cells}, edit="client", approval="auto-edit")
    turn = f"api/agent/turns/{(await stream.until('turn'))['turn_id']}"
    asked = await stream.until("edit")
    now = [{"id": "c0", "kind": "code", "saved": True}, {"id": "c1", "kind": "code", "source": "x = 1  # mine"}]
    refusal = {"decision": "approve", "result": {"status": "cell_changed", "cells": now}}
    assert (await rest("POST", f"{turn}/actions/{asked['call_id']}", refusal)).status == 200
    asked = await stream.until("edit")
    assert asked["edit"]["source_hash"] == source_hash("x = 1  # mine")
    answer = {"decision": "approve", "result": {"status": "ok", "change": CHANGE}}
    assert (await rest("POST", f"{turn}/actions/{asked['call_id']}", answer)).status == 200
    done = await stream.until("done")
    assert [action["status"] for action in done["actions"]] == ["done", "failed", "done", "done"]
