"""`AGENTS.md` files and skills: in a notebook's folder and those above it up to the root, and the user's own."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_core.paths import jupyter_config_dir

from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.instructions import SKILL_FILE, InstructionFile, ProjectFolder, Scope
from jupyter_agent.core.text import spelled_out
from jupyter_agent.kernelside.wire import clip
from jupyter_agent.notebooks.contents import get_model
from jupyter_agent.notebooks.sibling_files import checked_path, read_text

FILE = "AGENTS.md"
SKILLS = ".agents/skills"
#: Bytes of a file; a larger one is not used.
MAX_BYTES = 64 * 1024
#: Skills of a question, entries of a folder of skills that are looked at, folders above a notebook.
MAX_SKILLS = 50
_MAX_ENTRIES = 1000
_MAX_LEVELS = 32
_MAX_DESCRIPTION = 1024
#: Characters of another file of a skill.
_MAX_SKILL_FILE = 64 * 1024
#: How long what was found holds, on this machine and behind a contents manager that may be far away.
RECENT_SECONDS = 3.0
REMOTE_SECONDS = 30.0
_MAX_RECENT = 64
_SKILL_NAME = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_FIELD = re.compile(r"(?P<name>[A-Za-z][\w-]*):(?:\s+(?P<value>.*))?\Z")

Files = tuple[InstructionFile, ...]
#: By folder: until when it holds, and what was found.
_recent: dict[tuple[Any, ...], tuple[float, Files]] = {}
#: By path: the file's stamp, and its text.
_texts: dict[str, tuple[tuple[int, ...], str]] = {}


@dataclass(frozen=True, slots=True)
class LocalProject:
    """Folders on this machine.

    Attributes:
        folder: Of the notebook.
        root: Where the project begins; files outside of it, links followed, are not used.
    """

    folder: Path
    root: Path

    async def instruction_files(self, *, is_fresh: bool = False) -> Files:
        read = partial(asyncio.to_thread, _read_project, self.folder, self.root)
        return await _once((str(self.folder), str(self.root)), read, RECENT_SECONDS, is_fresh=is_fresh)


@dataclass(frozen=True, slots=True)
class ContentsProject:
    """Folders of a contents manager whose files are not on this machine.

    Attributes:
        contents: The contents manager.
        folder: Of the notebook, below its root.
    """

    contents: Any
    folder: str

    async def instruction_files(self, *, is_fresh: bool = False) -> Files:
        return await _once((self.contents, self.folder), self._read, REMOTE_SECONDS, is_fresh=is_fresh)

    async def _read(self) -> Files:
        texts: list[InstructionFile] = []
        skills: list[InstructionFile] = []
        for level in _levels(self.folder):
            path = f"{level}/{FILE}".lstrip("/")
            texts += await self._file(path, partial(_agents_file, "project", path))
            listed = await get_model(self.contents, f"{level}/{SKILLS}".lstrip("/"), type="directory")
            for entry in (listed["content"] if listed is not None else ())[: MAX_SKILLS - len(skills)]:
                folder = f"{level}/{SKILLS}/{entry['name']}".lstrip("/")
                make = partial(_skill_file, "project", folder, partial(self._read_file, folder))
                skills += await self._file(f"{folder}/{SKILL_FILE}", make)
        return (*texts, *skills)

    async def _file(self, path: str, make: Callable[..., InstructionFile]) -> Files:
        try:
            text = _cleaned(await self._text(path))
        except NotFound as error:
            return (make("", error.message),) if error.message else ()
        return (make(text, ""),) if text else ()

    async def _text(self, path: str) -> str:
        described = await get_model(self.contents, path, type="file", content=False)
        if described is None:
            raise NotFound("")
        if (described.get("size") or 0) > MAX_BYTES:
            raise NotFound(_TOO_LARGE)
        model = await get_model(self.contents, path, type="file")
        if model is None or model.get("format") != "text":
            raise NotFound(_NO_TEXT)
        if len(text := str(model["content"])) > MAX_BYTES:
            raise NotFound(_TOO_LARGE)
        return text

    async def _read_file(self, folder: str, name: str) -> str:
        return (await self._text(f"{folder}/{checked_path(name)}"))[:_MAX_SKILL_FILE]


_TOO_LARGE = f"it is larger than {MAX_BYTES >> 10} KiB"
_NO_TEXT = "it is not a text file"
_NO_NAME = "its name must be that of its folder: lower-case letters, digits and single hyphens, 64 at most"
_NO_DESCRIPTION = "it does not begin with name and description between lines of ---"


def project_of(contents: Any, notebook_path: str) -> ProjectFolder | None:
    """The project of a notebook of a Jupyter server, or of its root where that path is empty.

    Args:
        contents: A `jupyter_server` contents manager.
        notebook_path: As in Jupyter's own REST API.
    """
    from jupyter_server.services.contents.fileio import FileManagerMixin

    folder = PurePosixPath(notebook_path.strip("/")).parent
    if ".." in folder.parts:
        return None
    if isinstance(contents, FileManagerMixin):
        root = Path(str(getattr(contents, "root_dir", "")))
        return LocalProject(root / folder, root)
    return ContentsProject(contents, "" if folder == PurePosixPath() else str(folder))


def local_project(folder: Path, roots: Sequence[str] = ()) -> LocalProject:
    """The project of a folder where no server answers: it begins at a server's root, else at the repository's, else there.

    Args:
        folder: Of the notebook.
        roots: Of the Jupyter servers that run here.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - links in it stay as the user knows them
    above = (folder, *folder.parents)
    named = {Path(root) for root in roots if root}
    root = next((path for path in above if path in named), None)
    return LocalProject(folder, root or next((path for path in above if (path / ".git").exists()), folder))


async def user_files(*, is_fresh: bool = False) -> Files:
    """The user's own: a file in Jupyter's configuration folder, and skills in the home folder."""
    return await _once(("user",), partial(asyncio.to_thread, _read_user), RECENT_SECONDS, is_fresh=is_fresh)


def user_path() -> Path:
    """Where the user's own file is."""
    return Path(jupyter_config_dir()) / "jupyter-agent" / FILE


def shown_path(path: Path | str) -> str:
    """A path on one line for people; the home folder is ``~``."""
    text, home = str(path), os.path.expanduser("~")  # noqa: PTH111 - it raises nothing
    if home not in ("~", "/") and text.startswith(f"{home}{os.sep}"):
        text = f"~{text[len(home) :]}"
    return clip(" ".join(spelled_out(text).split()), 300)


async def _once(key: tuple[Any, ...], read: Callable[[], Awaitable[Files]], seconds: float, *, is_fresh: bool) -> Files:
    """What was found a moment ago, without asking any disk, else what is there now."""
    until, found = _recent.get(key, (0.0, ()))
    if is_fresh or time.monotonic() >= until:
        found = await read()
        _recent.pop(key, None)
        _recent[key] = time.monotonic() + seconds, found
        if len(_recent) > _MAX_RECENT:
            del _recent[next(iter(_recent))]
    return found


def _levels(folder: str) -> list[str]:
    """The folders from the root, an empty path, down to this one."""
    parts = [part for part in folder.split("/") if part]
    return ["/".join(parts[:number]) for number in range(len(parts) + 1)][-_MAX_LEVELS:]


def _read_project(folder: Path, root: Path) -> Files:
    try:
        below = folder.relative_to(root).as_posix()
        base = root.resolve()
    except (OSError, RuntimeError, ValueError):
        return ()
    texts: list[InstructionFile] = []
    skills: list[InstructionFile] = []
    for level in _levels("" if below == "." else below):
        path = f"{level}/{FILE}".lstrip("/")
        texts += _read_file(root / path, base, partial(_agents_file, "project", path))
        skills += islice(
            _read_skills("project", root / level / SKILLS, f"{level}/{SKILLS}".lstrip("/"), base), MAX_SKILLS
        )
    return (*texts, *skills[-MAX_SKILLS:])


def _read_user() -> Files:
    path = user_path()
    texts = _read_file(path, None, partial(_agents_file, "user", shown_path(path)))
    return (*texts, *islice(_read_skills("user", _home_skills(), f"~/{SKILLS}", None), MAX_SKILLS))


def _home_skills() -> Path:
    return Path(os.path.expanduser("~"), SKILLS)  # noqa: PTH111 - it raises nothing where there is no home


def _read_skills(scope: Scope, folder: Path, shown: str, root: Path | None) -> Iterator[InstructionFile]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in islice(entries, _MAX_ENTRIES))
    except OSError:
        return
    # Where the project is the home folder, the user's own are not the project's.
    if root is not None and (not _is_in(folder, root) or folder.resolve() == _home_skills().resolve()):
        return
    for name in names:
        path = folder / name
        read = partial(_read_skill_file, path, root)
        make = partial(_skill_file, scope, f"{shown}/{name}", read)
        yield from _read_file(
            path / SKILL_FILE, path.resolve() if root is not None and _is_in(path, root) else root, make
        )


def _is_in(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        return False


async def _read_skill_file(folder: Path, root: Path | None, name: str) -> str:
    """Another file of a skill; it may be in another place by now.

    Raises:
        NotFound: there is none that may be read; the message says why.
    """

    def read() -> str:
        if root is not None and not _is_in(folder, root):
            raise NotFound("The skill is a link that leads out of the project's folders.")
        return read_text(folder, name, _MAX_SKILL_FILE)

    return await asyncio.to_thread(read)


def _read_file(path: Path, root: Path | None, make: Callable[..., InstructionFile]) -> Files:
    """The file, or why it cannot be used; nothing where there is none."""
    try:
        text = _text_of(path, root)
    except NotFound as error:
        return (make("", error.message),)
    return (make(text, ""),) if text else ()


def _text_of(path: Path, root: Path | None) -> str:
    """The text of a file; empty where there is none, or nothing in it.

    Raises:
        NotFound: it cannot be used; the message says why.
    """
    try:
        status = path.stat()
        stamp = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
        known, text = _texts.get(str(path), ((), ""))
        if known == stamp:
            return text
        if not stat.S_ISREG(status.st_mode):
            raise NotFound("it is not a file")
        if root is not None and not path.resolve(strict=True).is_relative_to(root):
            raise NotFound("it is a link that leads out of the project's folders")
        # A pipe may have taken the file's place: it must not keep us waiting.
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            data = file.read(MAX_BYTES + 1) if is_file and status.st_size <= MAX_BYTES else b""
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, RuntimeError, ValueError) as error:
        raise NotFound("it cannot be read") from error
    if max(len(data), status.st_size) > MAX_BYTES:
        raise NotFound(_TOO_LARGE)
    try:
        text = _cleaned(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotFound(_NO_TEXT) from error
    if len(_texts) >= _MAX_RECENT * 4:
        _texts.clear()
    _texts[str(path)] = stamp, text
    return text


def _cleaned(text: str) -> str:
    if "\0" in text:
        raise NotFound(_NO_TEXT)
    return text.replace("\r\n", "\n").strip()


def _agents_file(scope: Scope, path: str, text: str, problem: str) -> InstructionFile:
    return InstructionFile(scope, shown_path(path), text, problem=problem)


def _skill_file(
    scope: Scope, folder: str, read_file: Callable[[str], Awaitable[str]], text: str, problem: str
) -> InstructionFile:
    """A skill, or why it cannot be used."""
    name = folder.rpartition("/")[2]
    path = shown_path(f"{folder}/{SKILL_FILE}")
    values = _front_matter(text)
    description = " ".join(values.get("description", "").split())
    if not _SKILL_NAME.match(name) or (text and values.get("name", name) != name):
        problem = _NO_NAME
    elif text and not description:
        problem = _NO_DESCRIPTION
    if problem:
        return InstructionFile(scope, path, problem=problem)
    return InstructionFile(scope, path, text, name, clip(description, _MAX_DESCRIPTION), read_file=read_file)


def _front_matter(text: str) -> dict[str, str]:
    """The fields at the head of a skill, each as one line of text; of YAML only what these files are written with.

    That is ``name: value``, with or without quotes, and values that go on in indented lines, after ``>`` or ``|`` too.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return {}
    found: dict[str, str] = {}
    name = ""
    for line in lines[1:]:
        if line.rstrip() == "---":
            return {name: _unquoted(value) for name, value in found.items()}
        if match := _FIELD.match(line.rstrip()):
            name, value = match["name"], (match["value"] or "").strip()
            found.setdefault(name, "" if re.fullmatch(r"[>|][+-]?\d?", value) else value)
        elif name and line[:1].isspace():
            found[name] = f"{found[name]} {line.strip()}".strip()
    return {}


def _unquoted(value: str) -> str:
    quote = value[:1]
    return value[1:-1] if quote in ("'", '"') and len(value) > 1 and value.endswith(quote) else value
