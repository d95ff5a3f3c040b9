"""Where a notebook may run without a trace: on overlays that the kernel enforces, or in a copy with writes elsewhere refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_agent.core.errors import TooLarge
from jupyter_agent.core.messages import Json
from jupyter_agent.doctor import namespace
from jupyter_agent.kernelside.write_guard import REFUSALS

#: What a copy of a project may have, in bytes and files.
MAX_COPY = 500 * 1024 * 1024
MAX_FILES = 50_000
NOT_KEPT_AWAY = (
    "Not kept away: the network. What the cells send, and what they change in databases and other services, is real."
)
_MARKERS = (".git", "pyproject.toml")
_NOT_COPIED = frozenset({"__pycache__", "node_modules"})


@dataclass(frozen=True, slots=True)
class Isolation:
    """How a kernel is started so that the notebook's run changes none of the user's files.

    Attributes:
        kind: ``overlay``: the operating system lets it change copies only, whatever it does, and throws them away. ``copy``: the
            project is copied, and Python functions that would change something else, or start programs, are refused.
        notebook: The notebook that the kernel is started for: the user's own, or the copy.
        copied: The copy and the project that was copied.
        launcher: Starts the kernel's command.
        options: Of what is installed in the kernel.
        environment: Variables that the kernel gets.
        notes: What the user has to know before, in sentences.
    """

    kind: str
    notebook: Path
    copied: tuple[Path, Path] | None = None
    launcher: tuple[str, ...] = ()
    options: Mapping[str, Json] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def first_refusal(self) -> str:
        """What the notebook was refused first; empty where nothing was. Its code may have caught that, and gone on."""
        with suppress(OSError):
            if self.copied is not None:
                return (self.copied[0].parent / REFUSALS).read_text(encoding="utf-8")
        return ""


@contextmanager
def isolated(notebook: Path, roots: Sequence[str] = (), *, overlay: bool = True) -> Iterator[Isolation]:
    """A way to run a notebook that leaves the user's files alone, from best to worst; what it needed is removed at the end.

    Args:
        notebook: The notebook's file.
        roots: Folders of the Jupyter servers that run here.
        overlay: Whether overlays are tried.

    Raises:
        TooLarge: there are no overlays here, and the project cannot be copied.
    """
    notebook = notebook.resolve()
    problem = isolation_problem(notebook.parent) if overlay else "switched off"
    with _scratch_folder(notebook.parent) as scratch:
        if not problem:
            notes = (
                "Whatever the notebook changes on this machine, it changes in copies that are thrown away.",
                NOT_KEPT_AWAY,
            )
            yield Isolation("overlay", notebook, launcher=_launcher(scratch), notes=notes)
            return
        root = project_root(notebook, roots)
        copy = Path(scratch) / "copy" / root.name
        _copy(root, copy)
        temporary = Path(scratch) / "tmp"
        temporary.mkdir()
        limits = (
            f"This system cannot isolate the notebook ({problem}). It runs in a copy of {root}, without hidden files and virtual "
            "environments; Python functions that would change other files, and all that start programs, are refused."
        )
        gaps = (
            f"{NOT_KEPT_AWAY} Nor are libraries that write files without Python's functions (such as Arrow, HDF5, Polars, and what "
            "is called by ctypes) kept from your files."
        )
        yield Isolation(
            "copy",
            copy / notebook.relative_to(root),
            (copy, root),
            options={"writable": [str(copy.parent), str(temporary)]},
            environment=dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)),
            notes=(limits, gaps),
        )


def project_root(notebook: Path, roots: Sequence[str] = ()) -> Path:
    """The folder that is copied: the nearest one above with a project's marks, else the notebook's own.

    Raises:
        TooLarge: it would be the home folder, or all files of the machine.
    """
    named = {Path(root).resolve() for root in roots if root}
    home = Path.home().resolve()
    for folder in notebook.parents:
        if folder == Path(folder.anchor) or home.is_relative_to(folder):
            break
        if folder in named or any((folder / marker).exists() for marker in _MARKERS):
            return folder
        if folder.name.startswith("."):  # it is not copied with what is above
            break
    folder = notebook.parent
    if folder == Path(folder.anchor) or home.is_relative_to(folder):
        raise TooLarge(
            f"{folder} is not copied as a whole. Move the notebook and what it needs to a folder of their own."
        )
    return folder


def _scratch_folder(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """A private folder that is removed at the end, in one that may be hidden from a kernel that starts in this folder."""
    bases = (base for base in ("/var/tmp", "/tmp") if os.access(base, os.W_OK) and not folder.is_relative_to(base))  # noqa: S108
    return tempfile.TemporaryDirectory(prefix="jupyter-agent-", dir=next(bases, None), ignore_cleanup_errors=True)


def _launcher(scratch: str) -> tuple[str, ...]:
    return sys.executable, "-I", "-S", namespace.__file__, "--scratch", scratch


def isolation_problem(folder: Path) -> str:
    """Why the operating system cannot isolate a kernel that starts in a folder; empty where it can, which is tried."""
    if sys.platform != "linux":
        return "only Linux can"
    with _scratch_folder(folder) as scratch:
        command = [*_launcher(scratch), "--", sys.executable, "-I", "-S", "-c", ""]
        try:
            run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    return "" if run.returncode == 0 else run.stderr.strip()[-300:] or "for an unknown reason"


def _copy(root: Path, copy: Path) -> None:
    """Copy a project without what is hidden or can be installed again.

    Raises:
        TooLarge: it has too much.
    """

    def ignored(parent: str, names: Sequence[str]) -> set[str]:
        return {
            name
            for name in names
            if name.startswith(".")
            or name in _NOT_COPIED
            or (path := Path(parent, name)).joinpath("pyvenv.cfg").exists()
            or not (path.is_symlink() or path.is_file() or path.is_dir())
        }

    size = files = 0
    for parent, folders, names in os.walk(root):
        skipped = ignored(parent, [*folders, *names])
        folders[:] = [name for name in folders if name not in skipped]
        sizes = [Path(parent, name).lstat().st_size for name in names if name not in skipped]
        size, files = size + sum(sizes), files + len(sizes)
        if size > MAX_COPY or files > MAX_FILES:
            raise TooLarge(
                f"{root} is too large to be copied (at most {MAX_COPY >> 20} MiB and {MAX_FILES:,} files), and this system cannot "
                "isolate the notebook without a copy. Move the notebook and what it needs to a folder of their own, with an empty "
                "pyproject.toml, or run this on a Linux system that allows user namespaces."
            )
    with suppress(shutil.Error):  # what cannot be read
        shutil.copytree(root, copy, ignore=ignored, symlinks=True)
