"""What turns do to notebooks, and its way back: a real server, a real kernel, a model that plays a script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.messages import to_json
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script
from tests.support.scripted_loop import call

NAME = "edits.ipynb"
SESSION = "api/agent/sessions/s1"


def code(cell_id: str, source: str, **more: Any) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, "id": cell_id, "metadata": {}, "outputs": []}
    return {**cell, "source": source.splitlines(keepends=True), **more}


CELLS = [
    code("a", "x = 1", metadata={"tags": ["mine"]}),
    code("b", "x + 1", execution_count=2, outputs=[{"name": "stdout", "output_type": "stream", "text": ["old\n"]}]),
    code("c", "print('ü')"),
    {"cell_type": "markdown", "id": "d", "metadata": {}, "source": ["# End"]},
]


EDITS_AND_RUNS: list[Any] = [
    {
        "calls": [
            call("edit_cell", cell_id="a", source="x = 20"),
            call("edit_cell", cell_id="b", source="x + 22"),
            call("insert_cell", source="import math\nmath.pi", below="b"),
            call("move_cell", cell_id="c", below=""),
            call("delete_cell", cell_id="d"),
        ]
    },
    {"calls": [call("run_cell", cell_id="a"), call("run_cell", cell_id="b")]},
    "Done.",
]


@pytest.fixture
def path(jp_root_dir: Path) -> Path:
    place = jp_root_dir / NAME
    data = {"cells": CELLS, "metadata": {"kernelspec": {"display_name": "x", "language": "python", "name": "python3"}}}
    text = json.dumps({**data, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False, indent=1, sort_keys=True)
    place.write_text(text + "\n", encoding="utf-8")
    return place


async def started(rest: RestClient) -> str:
    """A kernel for the notebook, as a front end starts it."""
    body = {"path": NAME, "name": NAME, "type": "notebook", "kernel": {"name": "python3"}}
    reply = await rest("POST", "api/sessions", body)
    assert reply.status == 201
    return str(reply.body["kernel"]["id"])


async def done(rest: RestClient, **fields: Any) -> Any:
    context = {"notebook_id": NAME, "session_id": "s1"}
    reply = await rest.ask("Do it.", context, **{"approval": "auto", "budget": {"deadline_seconds": 60}, **fields})
    assert reply.status == 200, reply.text
    return reply.body


def sources(path: Path) -> dict[str, str]:
    return {cell["id"]: "".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}


async def test_a_turn_that_edits_and_runs_is_undone_and_redone_to_the_same_bytes(
    rest: RestClient, script: Script, path: Path
) -> None:
    script(EDITS_AND_RUNS)
    await started(rest)
    before = path.read_bytes()
    body = await done(rest)
    assert [action["status"] for action in body["actions"]] == ["done"] * 7, body
    after = path.read_bytes()
    cells = json.loads(after)["cells"]
    assert [cell["id"] for cell in cells][:3] == ["c", "a", "b"]
    assert cells[2]["outputs"][0]["data"]["text/plain"] == ["42"]
    assert cells[3]["metadata"]["jupyter_agent"] == {"session_id": "s1", "turn_id": body["turn_id"]}
    for _ in range(2):
        undone = await rest("POST", f"{SESSION}/undo")
        assert undone.body["edits"]["left"] == []
        assert undone.body["turn_count"] == 0
        assert path.read_bytes() == before
        redone = await rest("POST", f"{SESSION}/redo", {"edits": "server"})
        assert redone.body["edits"]["left"] == []
        assert path.read_bytes() == after


async def test_an_undo_and_a_redo_that_change_the_notebook_are_audited(
    rest: RestClient, script: Script, path: Path, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(EDITS_AND_RUNS)
    await started(rest)
    await done(rest)
    events: list[dict[str, Any]] = []
    monkeypatch.setattr(
        services.audit, "emit", lambda kind, *content, **fields: events.append({"kind": kind, **fields})
    )
    for way in ("undo", "redo"):
        await rest("POST", f"{SESSION}/{way}", {"edits": "none"})
        await rest("POST", f"{SESSION}/{'redo' if way == 'undo' else 'undo'}", {"edits": "none"})
        await rest("POST", f"{SESSION}/{way}")
    assert [(event["kind"], event["tool"], event["session_id"], event["by"]) for event in events] == [
        ("edit", "undo", "s1", "local"),
        ("edit", "redo", "s1", "local"),
    ]
    assert all(event["notebook_id"] == path.name for event in events)


async def test_what_the_user_changed_since_is_left_and_told(rest: RestClient, script: Script, path: Path) -> None:
    script(EDITS_AND_RUNS)
    await started(rest)
    await done(rest)
    path.write_text(path.read_text(encoding="utf-8").replace("x + 22", "x + 23"), encoding="utf-8")
    undone = await rest("POST", f"{SESSION}/undo")
    assert undone.body["edits"]["left"] == ["b"]
    assert sources(path) == {"a": "x = 1", "b": "x + 23", "c": "print('ü')", "d": "# End"}


async def test_a_page_restores_the_cells_itself_and_then_the_head_moves(
    rest: RestClient, script: Script, path: Path
) -> None:
    script(EDITS_AND_RUNS)
    await started(rest)
    turn_id = (await done(rest))["turn_id"]
    after = path.read_bytes()
    begun = (await rest("POST", f"{SESSION}/undo", {"edits": "client"})).body
    changes = begun["edits"]["changes"]
    assert [change["cell_id"] for change in changes][:2] == ["b", "a"]
    assert [change["after"] for change in changes if change["cell_id"] == "a"][-1] == CELLS[0]
    assert path.read_bytes() == after
    pending = {"kind": "undo", "turn_id": turn_id}
    assert (begun["head"], begun["pending_undo"]) == (turn_id, pending)
    assert (await rest("GET", SESSION)).body["pending_undo"] == pending
    ended = {"operation": begun["edits"]["operation"]}
    for _ in range(2):  # the first answer may have been lost
        undone = (await rest("POST", f"{SESSION}/undo", ended)).body
        assert (undone["head"], undone["pending_undo"]) == (None, None)
        assert undone["edits"] == {"changes": [], "left": [], "problem": ""}
    nothing = await rest("POST", f"{SESSION}/redo", {"edits": "none"})
    assert nothing.body["edits"]["changes"] == []


async def test_what_a_page_could_not_restore_is_taken_back(rest: RestClient, script: Script, path: Path) -> None:
    script(EDITS_AND_RUNS)
    await started(rest)
    turn_id = (await done(rest))["turn_id"]
    begun = (await rest("POST", f"{SESSION}/undo", {"edits": "client"})).body
    again = await rest("POST", f"{SESSION}/undo", {"edits": "client"})
    assert (again.status, again.body["code"]) == (409, "undo_in_progress")
    nothing = await rest("POST", f"{SESSION}/undo", {"cancel": True})
    assert (nothing.status, nothing.body["message"]) == (400, "'cancel' needs the 'operation' that is not to be done.")
    ended = {"operation": begun["edits"]["operation"], "cancel": True}
    cancelled = (await rest("POST", f"{SESSION}/undo", ended)).body
    assert (cancelled["head"], cancelled["pending_undo"]) == (turn_id, None)
    unknown = await rest("POST", f"{SESSION}/undo", {"operation": "nobodys"})
    assert (unknown.status, unknown.body["code"]) == (409, "conflict")


async def test_a_turn_without_edits_is_undone_for_a_page_by_one_request(rest: RestClient, script: Script) -> None:
    script(["Hello."])
    await done(rest)
    undone = (await rest("POST", f"{SESSION}/undo", {"edits": "client"})).body
    assert (undone["head"], undone["pending_undo"]) == (None, None)
    assert "operation" not in undone["edits"]


@pytest.mark.parametrize("step", ["undo", "redo", "question"])
async def test_an_undo_of_a_page_that_was_closed_is_finished_or_taken_back(
    rest: RestClient, script: Script, path: Path, services: Services, step: str
) -> None:
    script([*EDITS_AND_RUNS, "Nothing."])
    await started(rest)
    before = path.read_bytes()
    turn_id = (await done(rest))["turn_id"]
    after = path.read_bytes()
    log = services.assistant.sessions.log
    lease_seconds, log.lease_seconds = log.lease_seconds, 0.0  # as if the page had been closed long ago
    assert (await rest("POST", f"{SESSION}/undo", {"edits": "client"})).body["head"] == turn_id
    log.lease_seconds = lease_seconds
    if step == "question":
        await done(rest, approval="read-only")
    else:
        assert (await rest("POST", f"{SESSION}/{step}")).body["edits"]["left"] == []
    session = (await rest("GET", SESSION)).body
    assert session["pending_undo"] is None
    assert session["turns"] == {"undo": 0, "redo": 1, "question": 1}[step]
    assert (session["head"] == turn_id) == (step == "redo")
    assert path.read_bytes() == (after if step == "redo" else before)


async def test_a_notebook_that_is_gone_is_told_and_the_conversation_goes_back_all_the_same(
    rest: RestClient, script: Script, path: Path
) -> None:
    script(EDITS_AND_RUNS)
    await started(rest)
    await done(rest)
    path.unlink()
    undone = await rest("POST", f"{SESSION}/undo")
    assert (undone.status, undone.body["turn_count"]) == (200, 0)
    assert set(undone.body["edits"]["left"]) >= {"a", "b", "c", "d"}
    assert undone.body["edits"]["problem"]
    assert not path.exists()


async def test_a_secret_in_an_output_is_restored_and_never_stored(
    rest: RestClient, script: Script, path: Path, services: Any
) -> None:
    secret = "sk-proj-" + "Zz9" * 16
    path.write_text(path.read_text(encoding="utf-8").replace("old", secret), encoding="utf-8")
    before = path.read_bytes()
    script([{"calls": [call("run_cell", cell_id="b")]}, "Done."])
    await started(rest)
    await rest("POST", "api/agent/quick", {"query": "x"})
    body = await done(rest, approval="auto")
    sessions = services.assistant.sessions
    session = await sessions.get("local", "s1")
    turn = await sessions.tree.turn(session, body["turn_id"])
    assert turn.edits
    assert secret not in json.dumps(to_json(turn))
    undone = await rest("POST", f"{SESSION}/undo")
    assert undone.body["edits"]["left"] == []
    assert path.read_bytes() == before


async def test_in_mode_ask_without_anybody_to_ask_nothing_is_done(rest: RestClient, script: Script, path: Path) -> None:
    script(EDITS_AND_RUNS)
    before = path.read_bytes()
    body = await done(rest, approval="ask")
    assert {action["status"] for action in body["actions"]} == {"needs_approval"}
    assert path.read_bytes() == before


async def test_the_mode_is_the_questions_and_lasts_for_that_question(
    rest: RestClient, script: Script, path: Path
) -> None:
    script([{"calls": [call("edit_cell", cell_id="a", source="x = 5")]}, "Done."])
    statuses = []
    for mode in ("read-only", "auto-edit", "ask"):
        body = await done(rest, approval=mode)
        statuses.append([action["status"] for action in body["actions"]])
    assert statuses == [["denied"], ["done"], ["needs_approval"]]
