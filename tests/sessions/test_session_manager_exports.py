"""Export and import: a conversation comes back the same; what is none, too large or secret does not."""

from __future__ import annotations

import json

import nbformat
import pytest

from jupyter_agent.core.errors import BadRequest, TooLarge, VersionConflict
from jupyter_agent.core.messages import Message, ToolCall, to_json
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Turn
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.manager import SessionManager
from tests.support.answered_turn import ask

CALLS = (
    Message("assistant", "", (ToolCall("c1", "run_code", "{}"),)),
    Message("tool", "3", tool_call_id="c1"),
    Message("assistant", "three"),
)


async def test_an_export_comes_back_the_same(manager: SessionManager) -> None:
    await ask(manager, "q1 – ünïcode", messages=CALLS, variables=("df",))
    await ask(manager, "q2", status="failed", error="deadline")
    await manager.rename("ann", "s", title="Mine", metadata={"tags": ["a"]})
    text = await manager.export("ann", "s", "json")
    assert "ann" not in text
    with pytest.raises(VersionConflict):
        await manager.import_json("ann", text)
    back = await manager.import_json("bob", text)
    assert (back.id, back.notebook_id, back.title, back.metadata) == ("s", "a.ipynb", "Mine", {"tags": ["a"]})
    original = await manager.tree.history(await manager.get("ann", "s"))
    assert await manager.tree.history(await manager.get("bob", "s")) == original
    assert await manager.export("bob", "s", "json") != ""
    elsewhere = await manager.import_json("ann", text, notebook_id="b.ipynb", session_id="again")
    assert (elsewhere.id, elsewhere.notebook_id) == ("again", "b.ipynb")


def damaged(**changes: object) -> str:
    turn = to_json(Turn("t1", None, 1, "q", messages=CALLS))
    data = {"format": "jupyter-agent conversation", "schema": 1, "session": {"id": "s"}, "turns": [turn | changes]}
    return json.dumps(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"format": "jupyter-agent conversation"',
        "[" * 100_000,
        json.dumps({"format": "other", "schema": 1}),
        json.dumps({"format": "jupyter-agent conversation", "schema": 2}),
        json.dumps({"format": "jupyter-agent conversation", "schema": 1}),
        json.dumps({"format": "jupyter-agent conversation", "schema": 1, "session": {"id": 5}, "turns": []}),
        json.dumps({"format": "jupyter-agent conversation", "schema": 1, "session": {"id": "../x"}, "turns": []}),
        json.dumps({"format": "jupyter-agent conversation", "schema": 1, "session": {"id": "s"}, "turns": [5]}),
        damaged(id="../x"),
        damaged(status="flying"),
        damaged(depth="1"),
        damaged(messages=[{"role": "system", "content": "x", "tool_calls": [], "tool_call_id": None}]),
        damaged(messages=[{"role": "user", "content": "x", "tool_calls": [], "tool_call_id": None}]),
        damaged(messages=[{"role": "tool", "content": "x", "tool_calls": [], "tool_call_id": "forged"}]),
        damaged(messages=[to_json(Turn("t", None, 1, "", CALLS))["messages"][0]]),
        damaged(messages=[{**to_json(CALLS[0]), "tool_calls": [{"id": [], "name": "x", "arguments": ""}]}]),
        damaged(started="nan"),
        damaged(seconds=float("inf")),
        damaged(finish_reason={"a": 1}),
        damaged(usage={"input_tokens": {"a": 1}}),
        damaged(usage=[]),
        damaged(actions=[{"call_id": "c", "tool": {"a": 1}, "effect": "read", "status": "done"}]),
        damaged(actions=[{"call_id": "c", "tool": "x", "effect": "none", "status": "done"}]),
        damaged(edits=[{"cell_id": "c", "before": "x", "after": None}]),
    ],
)
async def test_S18_what_is_no_export_is_refused(manager: SessionManager, text: str) -> None:
    with pytest.raises(BadRequest):
        await manager.import_json("ann", text)
    assert await manager.store.count("ann") == 0


def secret(**changes: object) -> str:
    """An export with something in its first turn."""
    turn = to_json(Turn("t1", None, 1, "q", (Message("assistant", "a"),), "a"))
    return exported(turns=[turn | changes])


def exported(turns: object = (), **session: object) -> str:
    whole = {"id": "s", "notebook_id": "", "title": "t", "metadata": {}, "variables": []}
    return json.dumps(
        {"format": "jupyter-agent conversation", "schema": 1, "session": whole | session, "turns": list(turns)}  # type: ignore[call-overload]
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (exported(title="x" * 1001), "title"),
        (exported(metadata={"x": "y" * 70_000}), "metadata"),
        (exported(variables=["v"] * 201), "variables"),
        (exported(variables=["v" * 301]), "variables"),
        (exported(turns=[0] * 10_001), "turns"),
        (secret(question="x" * (1024 * 1024 + 1)), "question"),
        (secret(variables=["v"] * 201), "variables"),
    ],
    ids=["title", "metadata", "variables", "name", "turns", "question", "turn-variables"],
)
async def test_S18_what_is_larger_than_is_kept_is_not_imported(manager: SessionManager, text: str, what: str) -> None:
    with pytest.raises(TooLarge, match=what):
        await manager.import_json("ann", text)
    assert await manager.store.count("ann") == 0


CALL = ToolCall("c1", "run_code", '{"code": "token = \'hunter2hunter2\'"}')


@pytest.mark.parametrize(
    "text",
    [
        exported(title="about hunter2hunter2"),
        exported(metadata={"note": ["hunter2hunter2"]}),
        secret(question="is it hunter2hunter2?"),
        secret(reply="hunter2hunter2"),
        secret(messages=[to_json(Turn("t", None, 1, "", (Message("assistant", "hunter2hunter2"),)))["messages"][0]]),
        secret(
            messages=to_json((Message("assistant", "", (CALL,)), Message("tool", "hunter2hunter2", tool_call_id="c1")))
        ),
        secret(extra={"deep": {"er": "hunter2hunter2"}}),
        secret(error="hunter2hunter2"),
    ],
)
async def test_S18_secrets_in_an_import_are_withheld(store: SessionStore, text: str) -> None:
    manager = SessionManager(store, redactor=Redactor(["hunter2hunter2"]))
    session = await manager.import_json("ann", text)
    kept = f"{session!r}{await manager.tree.history(session)!r}"
    assert "hunter2" not in kept
    assert "[withheld: " in kept


async def test_an_export_as_markdown_reads_like_the_conversation(manager: SessionManager) -> None:
    await ask(manager, "How many\nrows?", reply="Use `len`:\n\n```python\nlen(df)\n```\n")
    await ask(manager, "And?", status="interrupted", reply="")
    assert await manager.export("ann", "s", "md") == (
        "# How many rows?\n\nAbout `a.ipynb`\n\n> How many\n> rows?\n\n"
        "Use `len`:\n\n```python\nlen(df)\n```\n\n\n> And?\n\n*(interrupted)*\n"
    )


async def test_an_export_as_a_notebook_is_one_with_the_code_in_cells(manager: SessionManager) -> None:
    await ask(manager, "How?", reply="So:\n\n```python\nlen(df)\n```\n\nor\n\n```sql\nselect 1\n```\n")
    await ask(manager, "Again?", reply="```python\nlen(df)\n```")
    notebook = nbformat.reads(await manager.export("ann", "s", "ipynb"), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        ("markdown", "# How?"),
        ("markdown", "> How?"),
        ("markdown", "So:"),
        ("code", "len(df)"),
        ("markdown", "or\n\n```sql\nselect 1\n```"),
        ("markdown", "> Again?"),
        ("code", "len(df)"),
    ]


async def test_an_unknown_format_is_refused(manager: SessionManager) -> None:
    await ask(manager, "q")
    with pytest.raises(BadRequest, match="json, md, ipynb"):
        await manager.export("ann", "s", "pdf")
