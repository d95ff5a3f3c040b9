"""`AGENTS.md` files and skills are found beside a notebook and above it; what could harm is not read, and is said."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tornado.web import HTTPError

from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.instructions import InstructionFile
from jupyter_agent.notebooks import instruction_files
from jupyter_agent.notebooks.instruction_files import (
    MAX_BYTES,
    ContentsProject,
    LocalProject,
    local_project,
    project_of,
    user_files,
)

SKILL = "---\nname: {}\ndescription: {}\n---\n\nDo it well.\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_skill(folder: Path, name: str, description: str = "Makes charts.") -> Path:
    return write(folder / ".agents" / "skills" / name / "SKILL.md", SKILL.format(name, description))


async def found(folder: Path, root: Path) -> dict[str, InstructionFile]:
    files = await LocalProject(folder, root).instruction_files(is_fresh=True)
    return {file.path: file for file in files}


async def test_files_are_found_from_the_root_down_to_the_notebook(tmp_path: Path) -> None:
    write(tmp_path / "AGENTS.md", "outside")
    root = tmp_path / "root"
    write(root / "AGENTS.md", "\ufeffof the root\r\nin two lines\n")
    write(root / "a" / "b" / "AGENTS.md", "of b")
    write(root / "a" / "other" / "AGENTS.md", "of another folder")
    write_skill(root, "charts")
    write_skill(root / "a" / "b", "tables", "'Makes: tables'")
    files = await found(root / "a" / "b", root)
    assert list(files) == [
        "AGENTS.md",
        "a/b/AGENTS.md",
        ".agents/skills/charts/SKILL.md",
        "a/b/.agents/skills/tables/SKILL.md",
    ]
    assert files["AGENTS.md"].text == "of the root\nin two lines"
    tables = files["a/b/.agents/skills/tables/SKILL.md"]
    assert (tables.scope, tables.skill, tables.description, tables.problem) == (
        "project",
        "tables",
        "Makes: tables",
        "",
    )


@pytest.mark.parametrize(
    ("front_matter", "description"),
    [
        ("name: charts\ndescription: Makes charts: of all kinds", "Makes charts: of all kinds"),
        ('description: "Makes charts"\nlicense: MIT', "Makes charts"),
        ("name: charts\ndescription: >-\n  Makes\n  charts\nmetadata:\n  author: x", "Makes charts"),
        ("name: charts\ndescription: |\n  Makes\n\n  charts", "Makes charts"),
    ],
)
async def test_a_skills_head_is_read_as_it_is_written(tmp_path: Path, front_matter: str, description: str) -> None:
    write(tmp_path / ".agents/skills/charts/SKILL.md", f"---\n{front_matter}\n---\nText")
    (skill,) = (await found(tmp_path, tmp_path)).values()
    assert (skill.skill, skill.description, skill.problem) == ("charts", description, "")


@pytest.mark.parametrize(
    ("folder", "text", "problem"),
    [
        ("charts", "no head at all", "does not begin with name and description"),
        ("charts", "---\nname: charts\ndescription: never ends", "does not begin with name and description"),
        ("charts", "---\nname: charts\n---\nText", "does not begin with name and description"),
        ("charts", SKILL.format("tables", "x"), "its name must be that of its folder"),
        ("Charts", SKILL.format("Charts", "x"), "its name must be that of its folder"),
        ("a" * 65, SKILL.format("a" * 65, "x"), "its name must be that of its folder"),
        ("x\n- run_code", SKILL.format("x", "x"), "its name must be that of its folder"),
        ("x\u202e", SKILL.format("x", "x"), "its name must be that of its folder"),
    ],
)
async def test_J9_a_skill_that_is_none_or_has_a_hostile_name_is_said(
    tmp_path: Path, folder: str, text: str, problem: str
) -> None:
    write(tmp_path / ".agents" / "skills" / folder / "SKILL.md", text)
    (skill,) = (await found(tmp_path, tmp_path)).values()
    assert problem in skill.problem
    assert (skill.text, skill.skill) == ("", "")
    assert "\n" not in skill.path
    assert "\u202e" not in skill.path


async def test_J9_what_cannot_be_read_safely_is_not_used_and_said(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path / "secret.txt", "of somebody else")
    root.mkdir()
    with (root / "AGENTS.md").open("wb") as large:
        large.truncate(50 * 1024 * 1024)
    for name in ("binary", "latin", "pipe", "circle", "link", "folder", "broken", "linked"):
        (root / name).mkdir()
    (root / "binary" / "AGENTS.md").write_bytes(b"a\0b")
    (root / "latin" / "AGENTS.md").write_bytes("größe".encode("latin-1"))
    os.mkfifo(root / "pipe" / "AGENTS.md")
    (root / "circle" / "AGENTS.md").symlink_to("AGENTS.md")
    (root / "link" / "AGENTS.md").symlink_to(tmp_path / "secret.txt")
    (root / "folder" / "AGENTS.md").mkdir()
    (root / "broken" / "AGENTS.md").symlink_to("nowhere")
    write(root / "inside.md", "of the project")
    (root / "linked" / "AGENTS.md").symlink_to("../inside.md")
    problems = {}
    for name in ("binary", "latin", "pipe", "circle", "link", "folder", "broken", "linked"):
        files = await asyncio.wait_for(found(root / name, root), 10)
        assert files["AGENTS.md"].problem == "it is larger than 64 KiB"
        file = files.get(f"{name}/AGENTS.md")
        problems[name] = file and (file.problem or file.text)
    assert problems == {
        "binary": "it is not a text file",
        "latin": "it is not a text file",
        "pipe": "it is not a file",
        "circle": "it cannot be read",
        "link": "it is a link that leads out of the project's folders",
        "folder": "it is not a file",
        "broken": None,
        "linked": "of the project",
    }


async def test_J9_an_unreadable_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> int:
        raise PermissionError  # root may read everything

    write(tmp_path / "AGENTS.md", "text")
    monkeypatch.setattr(os, "open", refused)
    assert (await found(tmp_path, tmp_path))["AGENTS.md"].problem == "it cannot be read"


async def test_J9_nothing_outside_of_a_skills_folder_is_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path / "secret.txt", "of somebody else")
    write(root / "beside.txt", "beside the skill")
    folder = write_skill(root, "charts").parent
    write(folder / "references" / "colours.md", "blue")
    (folder / "out.md").symlink_to(tmp_path / "secret.txt")
    (folder / "circle.md").symlink_to("circle.md")
    os.mkfifo(folder / "pipe.md")
    skill = (await found(root, root))[".agents/skills/charts/SKILL.md"]
    assert skill.read_file is not None
    assert await skill.read_file("references/colours.md") == "blue"
    for name in (
        "../../../beside.txt",
        "references/../../../../beside.txt",
        str(tmp_path / "secret.txt"),
        "out.md",
        "circle.md",
        "pipe.md",
        "..",
        ".",
        "",
        "~/x",
        "a\\b",
        "none.md",
        ".env",
    ):
        with pytest.raises(NotFound):
            await asyncio.wait_for(skill.read_file(name), 10)
    away = folder.rename(root / "away")
    folder.symlink_to(tmp_path)
    with pytest.raises(NotFound):
        await skill.read_file("secret.txt")
    assert away.is_dir()


async def test_J9_a_folder_of_skills_that_leads_out_of_the_project_is_passed_over(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write_skill(tmp_path / "elsewhere", "charts")
    (root / ".agents").mkdir(parents=True)
    (root / ".agents" / "skills").symlink_to(tmp_path / "elsewhere" / ".agents" / "skills")
    assert await found(root, root) == {}
    (root / ".agents" / "skills").unlink()
    (root / ".agents" / "skills").mkdir()
    (root / ".agents" / "skills" / "charts").symlink_to(tmp_path / "elsewhere" / ".agents" / "skills" / "charts")
    (skill,) = (await found(root, root)).values()
    assert skill.problem


async def test_J9_ten_thousand_skills_are_fifty(tmp_path: Path) -> None:
    for number in range(120):
        write_skill(tmp_path, f"s{number}")
    assert len(await found(tmp_path, tmp_path)) == instruction_files.MAX_SKILLS


async def test_the_digest_is_of_what_is_sent_and_of_its_kind(tmp_path: Path) -> None:
    text = write_skill(tmp_path, "charts").read_text(encoding="utf-8")
    path = write(tmp_path / "AGENTS.md", text)
    before = await found(tmp_path, tmp_path)
    assert len({file.digest for file in before.values()}) == 2
    write(path, f"{text}more")
    assert (await found(tmp_path, tmp_path))["AGENTS.md"].digest != before["AGENTS.md"].digest


async def test_no_disk_is_asked_for_what_was_found_a_moment_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = LocalProject(tmp_path, tmp_path)
    assert await project.instruction_files() == ()
    threads = threading.active_count()

    async def never(*_: Any) -> Any:
        raise AssertionError("a thread was asked")

    monkeypatch.setattr(asyncio, "to_thread", never)
    write(tmp_path / "AGENTS.md", "new")
    began = time.perf_counter()
    for _ in range(100):
        assert await project.instruction_files() == ()
    assert time.perf_counter() - began < 0.1
    assert threading.active_count() == threads
    monkeypatch.undo()
    monkeypatch.setattr(instruction_files, "_recent", {})
    assert [file.text for file in await project.instruction_files()] == ["new"]


async def test_a_file_that_has_not_changed_is_not_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "AGENTS.md", "text")
    await found(tmp_path, tmp_path)
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    assert (await found(tmp_path, tmp_path))["AGENTS.md"].text == "text"


async def test_the_users_own_files_may_be_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "home" / "config"))
    write(tmp_path / "dotfiles" / "AGENTS.md", "mine")
    write_skill(tmp_path / "dotfiles", "charts")
    (tmp_path / "home" / "config" / "jupyter-agent").mkdir(parents=True)
    (tmp_path / "home" / "config" / "jupyter-agent" / "AGENTS.md").symlink_to(tmp_path / "dotfiles" / "AGENTS.md")
    (tmp_path / "home" / ".agents").symlink_to(tmp_path / "dotfiles" / ".agents")
    files = await user_files(is_fresh=True)
    assert [(file.scope, file.path, file.skill) for file in files] == [
        ("user", "~/config/jupyter-agent/AGENTS.md", ""),
        ("user", "~/.agents/skills/charts/SKILL.md", "charts"),
    ]


async def test_where_the_project_is_the_home_folder_its_skills_are_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    write_skill(tmp_path, "charts")
    write_skill(tmp_path / "a", "tables")
    assert list(await found(tmp_path / "a", tmp_path)) == ["a/.agents/skills/tables/SKILL.md"]
    assert [file.skill for file in await user_files(is_fresh=True)] == ["charts"]


def test_without_a_server_a_project_begins_at_a_servers_root_or_at_its_repository(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    assert local_project(folder).root == folder
    (tmp_path / "a" / ".git").mkdir()
    assert local_project(folder).root == tmp_path / "a"
    assert local_project(folder, (str(tmp_path), "")).root == tmp_path


class RemoteContents:
    """Files that are on no disk of this machine."""

    root_dir = "/"  # every contents manager has one, whether or not it means anything

    def __init__(self, files: dict[str, Any]) -> None:
        self.files = files
        self.asked: list[str] = []

    async def get(self, path: str, content: bool = True, type: str = "file") -> Any:  # noqa: A002
        self.asked.append(path)
        if type == "directory":
            names = {name[len(path) + 1 :].split("/")[0] for name in self.files if name.startswith(f"{path}/")}
            if not names:
                raise HTTPError(404)
            return {"content": [{"name": name, "type": "directory"} for name in sorted(names)]}
        if path not in self.files:
            raise HTTPError(404)
        text = self.files[path]
        if isinstance(text, bytes):
            return {"size": len(text), "content": "YQA=", "format": "base64"}
        return {"size": len(text.encode()), "content": text if content else None, "format": "text"}


async def test_files_that_are_on_no_disk_are_read_through_the_contents_api(tmp_path: Path) -> None:
    contents = RemoteContents(
        {
            "AGENTS.md": "of the root",
            "a/AGENTS.md": "x" * (MAX_BYTES + 1),
            "a/b/AGENTS.md": b"a\0",
            ".agents/skills/charts/SKILL.md": SKILL.format("charts", "Makes charts."),
            ".agents/skills/charts/colours.md": "blue",
            "secret.txt": "of the root",
        }
    )
    project = project_of(contents, "a/b/c.ipynb")
    assert isinstance(project, ContentsProject)
    root, large, binary, skill = await project.instruction_files()
    assert (root.path, root.text) == ("AGENTS.md", "of the root")
    assert (large.path, large.problem) == ("a/AGENTS.md", "it is larger than 64 KiB")
    assert (binary.path, binary.problem) == ("a/b/AGENTS.md", "it is not a text file")
    assert (skill.skill, skill.description) == ("charts", "Makes charts.")
    assert skill.read_file is not None
    assert await skill.read_file("colours.md") == "blue"
    for name in ("../../../secret.txt", "/secret.txt", "none.md"):
        with pytest.raises(NotFound):
            await skill.read_file(name)
    asked = len(contents.asked)
    await project.instruction_files()
    assert len(contents.asked) == asked


def test_a_path_that_leads_out_of_the_server_has_no_project() -> None:
    assert project_of(RemoteContents({}), "../../etc/x.ipynb") is None
