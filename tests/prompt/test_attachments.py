"""What a question mentions is told in full, from the live kernel, the notebook and its folder, and from nowhere else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.errors import BadRequest, KernelUnavailable, NotFound
from jupyter_agent.core.kernel_state import (
    Cell,
    Execution,
    ExecutionError,
    ExecutionResult,
    Frame,
    KernelState,
    Variable,
)
from jupyter_agent.core.protocols import Notebook
from jupyter_agent.core.tokens import estimate_tokens
from jupyter_agent.notebooks.contents import ContentsNotebook
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.notebooks.posted import PostedNotebook
from jupyter_agent.prompt.attachments import Attachment, attachments, fit
from jupyter_agent.prompt.snapshot import TurnContext
from tests.support.pictures import png

FRAME = Variable(
    "df", "DataFrame", "frame", "DataFrame 3 × 1", {"columns": [{"name": "price", "dtype": "float64"}], "rows": 3}
)
PRICE = Variable(
    'df["price"]', "Series", "series", "Series 3", {"dtype": "float64", "min": 1.5, "max": 9.25, "top": [["1.5", 2]]}
)


class LookingKernel:
    """A kernel that tells of one frame and its column, unless it is away."""

    kernel_id = "k"

    def __init__(self, away: bool = False) -> None:
        self._away = away

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        return STATE

    async def inspect(self, name: str, column: str | None = None, values: Sequence[str] = ()) -> Variable:
        if self._away:
            raise KernelUnavailable("The kernel is away.")
        found = {("df", None): FRAME, ("df", "price"): PRICE}.get((name, column))
        if found is None:
            raise NotFound("There is no such variable now.")
        return found

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        raise AssertionError("mentions run nothing")

    async def interrupt(self) -> None:
        raise AssertionError("nothing runs")


STATE = KernelState("k", "e", 1, {"df": FRAME, "total": Variable("total", "int", "number", "int 3", {"value": "3"})})
CELLS = (
    Cell("a1", "markdown", "# Title"),
    Cell("b2", "code", "df = load()", 3, "loaded"),
    Cell("c3", "code", "1 / 0", 4, "", "ZeroDivisionError: division by zero"),
)


async def attached_text(question: str, notebook: Notebook | None = None, **more: Any) -> str:
    around = {"state": STATE, "cells": CELLS, "kernel": LookingKernel(), **more}
    return fit(await attachments(question, TurnContext(notebook=notebook, **around)), 10_000, estimate_tokens)


async def test_a_mentioned_column_is_told_with_all_that_was_counted() -> None:
    text = await attached_text("is @df.price right?")
    assert text.splitlines()[0] == "@df.price, which the question mentions:"
    assert {"min: 1.5", "max: 9.25", "top: 1.5: 2", "dtype: float64"} <= {line.strip() for line in text.splitlines()}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("@fd", "@fd: there is no variable of that name. Names like it: df."),
        ("@zzz", "@zzz: there is no variable of that name."),
        ("@df.prise", "@df.prise: df has no column of that name. Names like it: price."),
        ("@cell:9", "@cell:9: there is no such cell."),
        ("@cell:b", "@cell:b: there is no such cell. Names like it: b2."),
    ],
)
async def test_what_is_unknown_is_said_to_be_unknown_with_names_like_it(question: str, expected: str) -> None:
    assert (await attached_text(question)).splitlines()[0] == expected


async def test_a_kernel_that_is_away_is_spoken_for_by_the_last_known_state() -> None:
    assert "price" in await attached_text("@df", kernel=LookingKernel(away=True))


@pytest.mark.parametrize("mention", ["@cell:3", "@cell:b2"])
async def test_a_cell_is_found_by_its_execution_count_and_by_its_id(mention: str) -> None:
    text = await attached_text(f"explain {mention}")
    assert "df = load()" in text
    assert "> loaded" in text


async def test_a_cell_that_ran_but_is_gone_is_told_as_it_ran() -> None:
    ran = Execution(2, "x", "", "import pandas", "ok", 1.0)
    text = await attached_text("@cell:2", state=KernelState("k", "e", 1, executions=(ran,)))
    assert "import pandas" in text
    assert "as it ran" in text


async def test_the_error_comes_with_its_source_and_the_frames_locals() -> None:
    error = ExecutionError("KeyError", "'cty'", (Frame("clean", 3, "row['cty']", variables={"row": "dict of 3"}),))
    failed = Execution(7, "c", "", "clean(df)", "error", 1.0, error=error)
    text = await attached_text("why @error?", state=KernelState("k", "e", 1, executions=(failed,)))
    for part in ("In [7]: KeyError: 'cty'", "clean(df)", "in clean, line 3", "row = dict of 3"):
        assert part in text


async def test_without_a_kernel_the_error_is_read_off_the_cells() -> None:
    assert "In [4]: ZeroDivisionError: division by zero" in await attached_text("why @error?", state=None)
    assert "no cell has failed" in await attached_text("why @error?", state=None, cells=())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    here = tmp_path / "project"
    (here / "data").mkdir(parents=True)
    (here / "a.ipynb").write_text('{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', encoding="utf-8")
    (here / "sales.csv").write_text("city,price\nRome,3\n", encoding="utf-8")
    (here / "data" / "long.txt").write_text("é" * 50_000, encoding="utf-8")
    (here / "picture.png").write_bytes(png()[:20])
    (tmp_path / "outside.txt").write_text("outside", encoding="utf-8")
    for secret in (".env", "id_rsa", "server.pem", "credentials.json", "api_key.txt", "secrets.toml"):
        (here / secret).write_text("hidden-value", encoding="utf-8")
    (here / "out.txt").symlink_to(tmp_path / "outside.txt")
    (here / "plain.txt").symlink_to(here / ".env")
    os.mkfifo(here / "pipe.txt")
    return here


@pytest.fixture(params=["file", "posted", "contents"])
def notebook(request: pytest.FixtureRequest, folder: Path) -> Notebook:
    if request.param == "contents":
        from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

        return ContentsNotebook(AsyncLargeFileManager(root_dir=str(folder.parent)), "project/a.ipynb")
    stored = FileNotebook(folder / "a.ipynb")
    return PostedNotebook("a.ipynb", (), stored) if request.param == "posted" else stored


async def test_a_mentioned_file_is_told(notebook: Notebook) -> None:
    text = await attached_text("what is in @file:sales.csv?", notebook)
    assert "  city,price\n  Rome,3" in text


async def test_of_a_long_file_its_beginning_is_told(notebook: Notebook) -> None:
    assert await notebook.read_file("data/long.txt", 1000) == "é" * 1000
    assert await notebook.read_file("data/long.txt", 999) == "é" * 999


@pytest.mark.parametrize(
    "name",
    [
        *("../outside.txt", "data/../../outside.txt", "/etc/hostname", "~/x", "..\\outside.txt", "C:\\x", "out.txt"),
        *(".env", "data/../.env", "id_rsa", "server.pem", "credentials.json", "api_key.txt", "secrets.toml"),
        *("plain.txt", "data", ".", "", "missing.csv", "pipe.txt", "picture.png", "sales.csv\0", "a/b/c"),
    ],
)
async def test_P4_no_file_outside_and_none_with_secrets_is_read(notebook: Notebook, name: str) -> None:
    with pytest.raises(NotFound) as caught:
        await notebook.read_file(name, 1000)
    assert "hidden-value" not in caught.value.message
    assert "project" not in caught.value.message


async def test_a_picture_file_is_read_as_what_it_is(notebook: Notebook, folder: Path) -> None:
    (folder / "data" / "plot.png").write_bytes(png())
    (folder / "secrets.png").symlink_to(folder / "data" / "plot.png")
    (folder / "hidden.png").symlink_to(folder / ".env")
    picture = await notebook.read_picture("data/plot.png")
    assert (picture.mime, picture.name, picture.width, picture.is_users) == ("image/png", "data/plot.png", 2, True)
    for name in ("../outside.txt", "missing.png", "secrets.png", "hidden.png", "data", "pipe.txt"):
        with pytest.raises((NotFound, BadRequest)) as caught:
            await notebook.read_picture(name)
        assert "hidden-value" not in caught.value.message
    with pytest.raises(BadRequest, match="broken off or damaged"):
        await notebook.read_picture("picture.png")
    assert "@file:picture.png: picture.png is broken off or damaged" in await attached_text(
        "@file:picture.png", notebook
    )


async def test_an_unknown_file_is_said_with_names_like_it(notebook: Notebook) -> None:
    assert "Names like it: sales.csv." in await attached_text("@file:sale.csv", notebook)


async def test_a_notebook_that_is_not_stored_has_no_files() -> None:
    with pytest.raises(NotFound):
        await PostedNotebook("a.ipynb", ()).read_file("sales.csv", 10)


@pytest.mark.parametrize("question", ["load the data", "which files are there?", "what is in sales.csv", "use a csv"])
async def test_data_files_are_named_where_the_question_speaks_of_files(notebook: Notebook, question: str) -> None:
    text = await attached_text(question, notebook)
    assert text.startswith("Data files in the notebook's folder:\n  ")
    assert "sales.csv" in text
    assert "Rome" not in text
    assert "a.ipynb" not in text


@pytest.mark.parametrize("question", ["how many rows has df?", "what is df.shape?", "mean of 3.5?"])
async def test_data_files_are_not_named_where_they_do_not_matter(notebook: Notebook, question: str) -> None:
    assert await attached_text(question, notebook) == ""


@pytest.mark.parametrize("budget", [0, 10, 40, 200])
def test_attachments_stay_within_their_budget_and_say_what_is_left_out(budget: int) -> None:
    long = Attachment("@df:", tuple(f"column_{number} float64" for number in range(300)))
    text = fit([long, Attachment("@x: there is no variable of that name."), long], budget, estimate_tokens)
    assert estimate_tokens(text) <= budget
    assert "more lines left out" in text or budget < 40


async def test_a_cell_without_an_execution_count_is_not_the_cell_None() -> None:
    assert "there is no such cell" in await attached_text("explain @cell:None")
    named = (*CELLS, Cell("None", "code", "pass"))
    assert "id=None" in await attached_text("explain @cell:None", cells=named)
