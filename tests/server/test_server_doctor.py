"""The doctor through the REST API: with a kernel, without one, and with cells that are not saved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
from jsonschema import Draft202012Validator

from jupyter_agent.server.openapi.document import document
from tests.support.agent_client import Reply, RestClient
from tests.support.front_end import front_end


def store(path: Path, *sources: str, counts: tuple[int | None, ...] = ()) -> None:
    """A notebook on disk; the cells' ids are their places."""
    cells = []
    for place, source in enumerate(sources):
        cell: Any = nbformat.v4.new_code_cell(source, id=str(place))  # type: ignore[no-untyped-call]
        cell["execution_count"] = counts[place] if counts else None
        cells.append(cell)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)  # type: ignore[no-untyped-call]


def kinds(reply: Reply) -> set[tuple[str, str]]:
    """Kind and first cell of each finding, of a reply that is what the document says."""
    schema = {"$ref": "#/components/schemas/DoctorReply", "components": document()["components"]}
    Draft202012Validator(schema).validate(reply.body)
    return {(finding["kind"], finding["cells"][0] if finding["cells"] else "") for finding in reply.body["findings"]}


async def test_what_a_kernel_holds_and_the_notebook_does_not_show_is_found(
    rest: RestClient, jp_serverapp: Any, jp_root_dir: Path
) -> None:
    async with front_end(jp_serverapp, rest) as (kernel_id, page):
        await page.run("x = 1")
        await page.run("y = x + 1")
        await page.run("x = 5")
        store(jp_root_dir / "a.ipynb", "x = 5", "y = x + 1", counts=(3, 2))
        reply = await rest("GET", "api/agent/doctor", notebook_id="a.ipynb")
        named = await rest("GET", "api/agent/doctor", notebook_id="a.ipynb", kernel_id=kernel_id)
    assert reply.body == named.body
    assert ("stale", "1") in kinds(reply)
    assert reply.body["run"] == ["1"]
    assert reply.body["restart_and_run_all"]["verdict"] == "differs"
    assert reply.body["kernel_id"] == kernel_id
    assert reply.body["warnings"] == []
    assert "In [2]" in reply.body["markdown"]


async def test_without_a_kernel_the_counts_serve_and_it_is_said(rest: RestClient, jp_root_dir: Path) -> None:
    store(jp_root_dir / "a.ipynb", "print(x)", "x = 1", counts=(2, 1))
    reply = await rest("GET", "api/agent/doctor", notebook_id="a.ipynb")
    assert ("out_of_order", "0") in kinds(reply)
    first = reply.body["restart_and_run_all"]["first"]
    assert (first["verdict"], first["cell_id"]) == ("fails", "0")
    assert reply.body["kernel_id"] is None
    assert "No kernel" in reply.body["unknown"][0]


async def test_posted_cells_are_examined_instead_of_the_stored_ones(
    rest: RestClient, jp_serverapp: Any, jp_root_dir: Path
) -> None:
    store(jp_root_dir / "a.ipynb", "x = 1", counts=(1,))
    async with front_end(jp_serverapp, rest) as (_, page):
        await page.run("x = 1")
        cell = {"id": "0", "kind": "code", "source": "x = 2", "execution_count": 1}
        posted = await rest("POST", "api/agent/doctor", {"notebook_id": "a.ipynb", "cells": [cell]})
        stored = await rest("POST", "api/agent/doctor", {"notebook_id": "a.ipynb"})
    assert posted.body["warnings"] == []
    assert "x" in str(posted.body["findings"])
    assert posted.body["restart_and_run_all"]["verdict"] == "differs"
    assert stored.body["restart_and_run_all"]["verdict"] == "reproduces"


async def test_a_notebook_saved_before_the_last_run_is_said_to_be_behind(
    rest: RestClient, jp_serverapp: Any, jp_root_dir: Path
) -> None:
    store(jp_root_dir / "a.ipynb", "x = 1")
    async with front_end(jp_serverapp, rest) as (_, page):
        await page.run("x = 1")
        reply = await rest("GET", "api/agent/doctor", notebook_id="a.ipynb")
    assert any("Save it" in warning for warning in reply.body["warnings"])
    assert reply.body["warnings"][0] in reply.body["markdown"]


async def test_a_file_changed_since_a_cell_read_it_is_found_and_one_elsewhere_is_not_looked_at(
    rest: RestClient, jp_serverapp: Any, jp_root_dir: Path
) -> None:
    (jp_root_dir / "work").mkdir()
    data, outside = jp_root_dir / "work" / "a.csv", jp_root_dir.parent / "b.csv"
    sources = [f"x = open({str(file)!r}).read()" for file in ("a.csv", outside)]
    store(jp_root_dir / "work" / "a.ipynb", *sources, counts=(1, 2))
    for file in (data, outside):
        file.write_text("1", encoding="utf-8")
        os.utime(file, (4e9, 4e9))
    assert kinds(await rest("GET", "api/agent/doctor", notebook_id="work/a.ipynb")) == {("file_changed", "0")}
    posted = await rest("POST", "api/agent/doctor", {"notebook_id": "work/a.ipynb"})
    assert kinds(posted) == {("file_changed", "0")}


async def test_what_is_not_there_or_not_said_is_refused_with_the_cure(rest: RestClient) -> None:
    missing = await rest("GET", "api/agent/doctor", notebook_id="none.ipynb")
    unsaid = await rest("GET", "api/agent/doctor")
    wrong = await rest("POST", "api/agent/doctor", {"notebook_id": "a.ipynb", "cells": [{"id": "0"}]})
    assert (missing.status, missing.body["code"]) == (404, "not_found")
    assert (unsaid.status, "notebook_id" in unsaid.body["message"]) == (400, True)
    assert (wrong.status, wrong.body["code"]) == (400, "bad_request")
