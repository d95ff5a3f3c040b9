"""`doctor --execute` on cells that change files elsewhere: with overlays nothing changes, without them it refuses or has said so."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.errors import TooLarge
from jupyter_agent.core.kernel_state import Cell, ExecutionResult
from jupyter_agent.doctor import namespace
from jupyter_agent.doctor.isolation import Isolation, isolated, isolation_problem, project_root
from jupyter_agent.doctor.reproduction import reproduce
from jupyter_agent.kernels.owned_kernel import start_kernel
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernelside.write_guard import REFUSED
from jupyter_agent.notebooks.file import FileNotebook
from tests.support.pictures import png

#: Cells of hostile notebooks; OUT is a folder of the user's with the files `a.txt`, `b.csv`, `c.npy`, `d.db` and `sub/e.txt`.
HOSTILE = {
    "absolute path": "open(OUT + '/a.txt', 'w').write('changed')",
    "absolute path, appended": "open(OUT + '/a.txt', 'a').write('changed')",
    "absolute path, new file": "open(OUT + '/new.txt', 'x').close()",
    "bytes as a path": "open(os.fsencode(OUT) + b'/a.txt', 'wb').write(b'changed')",
    "home folder": "open(os.path.expanduser('~/.bashrc'), 'a').write('changed')",
    "home folder by pathlib": "pathlib.Path('~/notes.txt').expanduser().write_text('changed')",
    "link to a file": "open('link.txt', 'w').write('changed')",
    "link to a folder": "open('linked/sub/e.txt', 'w').write('changed')",
    "new link": "os.symlink(OUT, 'mine'); open('mine/a.txt', 'w').write('changed')",
    "link that is removed through": "shutil.rmtree('linked/sub')",
    "os.chdir": "os.chdir(OUT); open('a.txt', 'w').write('changed')",
    "%cd": "%cd $OUT\nopen('a.txt', 'w').write('changed')",
    "parent folders": "open(os.path.join(*['..'] * 20, *OUT.split(os.sep)[1:], 'a.txt'), 'w').write('changed')",
    "parent of a link": "open('linked/../user/a.txt', 'w').write('changed')",
    "O_TRUNC": "os.close(os.open(OUT + '/a.txt', os.O_RDONLY | os.O_TRUNC))",
    "O_RDWR": "os.write(os.open(OUT + '/a.txt', os.O_RDWR), b'changed')",
    "os.truncate": "os.truncate(OUT + '/a.txt', 0)",
    "os.remove": "os.remove(OUT + '/a.txt')",
    "pathlib.unlink": "pathlib.Path(OUT, 'a.txt').unlink()",
    "relative to a descriptor": "os.unlink('a.txt', dir_fd=os.open(OUT, os.O_RDONLY))",
    "shutil.rmtree": "shutil.rmtree(OUT)",
    "shutil.rmtree without errors": "shutil.rmtree(OUT, ignore_errors=True)",
    "shutil.move away": "shutil.move(OUT + '/a.txt', 'here.txt')",
    "shutil.copy over": "open('mine.txt', 'w').close(); shutil.copy('mine.txt', OUT + '/a.txt')",
    "os.rename over": "open('mine.txt', 'w').close(); os.rename('mine.txt', OUT + '/a.txt')",
    "os.replace away": "os.replace(OUT + '/a.txt', OUT + '/z.txt')",
    "hard link": "os.link(OUT + '/a.txt', 'same.txt'); open('same.txt', 'w').write('changed')",
    "os.mkdir": "os.makedirs(OUT + '/x/y')",
    "os.rmdir": "os.remove(OUT + '/sub/e.txt'); os.rmdir(OUT + '/sub')",
    "os.chmod": "os.chmod(OUT + '/a.txt', 0)",
    "os.fchmod": "os.fchmod(os.open(OUT + '/a.txt', os.O_RDONLY), 0)",
    "os.utime": "os.utime(OUT + '/a.txt', (1, 1))",
    "os.utime of a descriptor": "os.utime(os.open(OUT + '/a.txt', os.O_RDONLY), (1, 1))",
    "os.chown": "os.chown(OUT + '/a.txt', os.getuid(), os.getgid())",
    "sqlite3": "c = sqlite3.connect(OUT + '/d.db'); c.execute('create table t (x)'); c.commit()",
    "sqlite3 by address": "c = sqlite3.connect(f'file:{OUT}/d.db?mode=rwc', uri=True); c.execute('create table t (x)'); c.commit()",
    "np.save": "np.save(OUT + '/c.npy', np.ones(3))",
    "np.memmap": "np.memmap(OUT + '/c.npy', dtype='u1', mode='r+', shape=(4,))[:] = 7",
    "df.to_csv": "import pandas as pd; pd.DataFrame({'x': [1]}).to_csv(OUT + '/b.csv')",
    "df.to_pickle": "import pandas as pd; pd.DataFrame({'x': [1]}).to_pickle(OUT + '/new.pkl')",
    "zipfile": "import zipfile; zipfile.ZipFile(OUT + '/new.zip', 'w').writestr('x', 'x')",
    "logging": "import logging; logging.FileHandler(OUT + '/a.txt', 'w')",
    "shelve": "import shelve; shelve.open(OUT + '/shelf')['x'] = 1",
    "%%writefile": "%%writefile {OUT}/a.txt\nchanged",
    "%%capture": "%%capture\nopen(OUT + '/a.txt', 'w').write('changed')",
    "!": "!echo changed > {OUT}/a.txt",
    "!rm": "!rm -rf {OUT}",
    "!touch": "!touch {OUT}/a.txt",
    "!ln": "!ln {OUT}/a.txt same2.txt && echo changed > same2.txt",
    "%%bash": '%%bash -s "$OUT"\ncd $1 && rm a.txt && chmod 700 .',
    "%sx": "%sx rm $OUT/a.txt",
    "git": "!cd {OUT} && git init -q . && git add -A",
    "git of the project": "!git checkout -q -- . ; git clean -fdxq ; git config x.y z",
    "subprocess": "subprocess.run(['rm', '-rf', OUT], check=True)",
    "os.system": "os.system(f'rm -rf {OUT}')",
    "os.posix_spawn": "os.waitpid(os.posix_spawn('/bin/rm', ['rm', '-rf', OUT], {}), 0)",
    "os.fork": "pid = os.fork()\nif not pid:\n    try: os.remove(OUT + '/a.txt')\n    finally: os._exit(0)\nos.waitpid(pid, 0)",
    "os.exec in a fork": "pid = os.fork()\nif not pid:\n    try: os.execvp('rm', ['rm', '-rf', OUT])\n    finally: os._exit(0)\nos.waitpid(pid, 0)",
    "multiprocessing, fork": "p = multiprocessing.get_context('fork').Process(target=os.remove, args=(OUT + '/a.txt',)); p.start(); p.join()",
    "multiprocessing, spawn": "p = multiprocessing.get_context('spawn').Process(target=os.remove, args=(OUT + '/a.txt',)); p.start(); p.join()",
    "a thread": "t = threading.Thread(target=os.remove, args=(OUT + '/a.txt',)); t.start(); t.join()",
    "atexit": "import atexit; atexit.register(os.remove, OUT + '/a.txt')",
    "a finalizer": "import weakref\nclass C: pass\nc = C(); weakref.finalize(c, os.remove, OUT + '/a.txt'); del c",
    "the environment": "os.environ['HOME'] = OUT; open(os.path.expanduser('~/a.txt'), 'w').write('changed')",
    "shared memory": "open('/dev/shm/' + os.path.basename(OUT), 'w').close()",
    "in the background": "subprocess.Popen(['sh', '-c', f'while :; do date >> {OUT}/a.txt; sleep 0.2; done'], start_new_session=True)",
    "in the background, twice forked": "pid = os.fork()\nif not pid:\n    os.setsid()\n    if os.fork(): os._exit(0)\n    try:\n"
    "        while True: open(OUT + '/a.txt', 'a').write('x'); time.sleep(0.2)\n    finally: os._exit(0)\nos.waitpid(pid, 0)",
    "without audit hooks": "sys.addaudithook = None; open(OUT + '/a.txt', 'w').write('changed')",
    "_io": "import _io; _io.FileIO(OUT + '/a.txt', 'w').write(b'changed')",
    "ctypes": "import ctypes; ctypes.CDLL(None).unlink(os.fsencode(OUT) + b'/a.txt')",
    "the processes' folder": "open('/proc/self/root' + OUT + '/a.txt', 'w').write('changed')",
    "mkfifo": "os.mkfifo(OUT + '/pipe')",
}
#: Of these it is said before that without overlays nobody keeps them away.
ANNOUNCED = {"ctypes", "mkfifo", "shelve"}
ALLOWED = (
    "open('result.txt', 'w').write('1')",
    "import tempfile; tempfile.NamedTemporaryFile('w').write('1')",
    "os.makedirs('a/b'); shutil.rmtree('a'); os.rename('result.txt', 'other.txt'); os.link('other.txt', 'third.txt')",
    "sqlite3.connect('mine.db').execute('create table t (x)')",
    "c = sqlite3.connect(':memory:')",
    "print(open('../data/values.txt').read(), end='')",
    "sys.path.insert(0, '..'); import helper; print(helper.VALUE)",
    "print(open(OUT + '/b.csv').read())",
    "open(os.devnull, 'w').write('1')",
)
ALLOWED_TEXTS = ["1 2 3\n", "4\n", "as it was\n"]
#: Of these the refusal is not shown: it stays in another process or thread, or the cell hides it.
SILENT = {
    *("os.fork", "os.exec in a fork", "multiprocessing, fork", "in the background, twice forked"),
    *("shutil.rmtree without errors", "atexit", "a thread", "git of the project"),
}
TEXT = "<IPython.core.display.Image object>"
_SETUP = """
%xmode Minimal
import multiprocessing, os, pathlib, shutil, sqlite3, subprocess, sys, threading, time
import numpy as np
OUT, HERE, HOME = {out!r}, os.getcwd(), {home!r}
shutil.copytree(OUT, "../before")
"""
#: As it was, for the next cell, where changes are only seen in the kernel.
_RESTORE = """
os.chdir(HERE); os.environ["HOME"] = HOME; shutil.rmtree(OUT, ignore_errors=True); shutil.copytree("../before", OUT, dirs_exist_ok=True)
for name in "here.txt", "mine.txt", "same.txt", "same2.txt", "mine":
    if os.path.lexists(name): os.unlink(name)
"""


def snapshot(folder: Path) -> dict[str, object]:
    """All that can be seen of a folder: names, kinds, times, and contents."""
    found: dict[str, object] = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
        found[str(path.relative_to(folder))] = status.st_mode, status.st_mtime_ns, status.st_nlink, content
    return found


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a folder of the user's and, next to it, a project whose notebook is in a folder of its own."""
    user, project = tmp_path / "user", tmp_path / "project"
    for folder in (user / "sub", project / "notebooks", project / "data", project / ".git"):
        folder.mkdir(parents=True)
    for name in ("user/a.txt", "user/b.csv", "user/c.npy", "user/sub/e.txt", ".bashrc", "notes.txt"):
        (tmp_path / name).write_text("as it was", encoding="utf-8")
    (user / "d.db").touch()
    if git := shutil.which("git"):
        subprocess.run([git, "init", "-q", project], check=True)
    (project / "data" / "values.txt").write_text("1 2 3\n", encoding="utf-8")
    (project / "helper.py").write_text("VALUE = 4\n", encoding="utf-8")
    (project / "notebooks" / "link.txt").symlink_to(user / "a.txt")
    (project / "notebooks" / "linked").symlink_to(user)
    (project / "notebooks" / "a.ipynb").write_text("{}", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in "IPYTHONDIR", "JUPYTER_RUNTIME_DIR":
        monkeypatch.setenv(name, str(tmp_path_factory.getbasetemp() / name))
    return tmp_path


@contextmanager
def started(loop: asyncio.AbstractEventLoop, place: Isolation) -> Iterator[RemoteKernel]:
    kernel, shutdown = loop.run_until_complete(
        start_kernel(
            str(place.notebook.parent), options=place.options, env_add=place.environment, launcher=place.launcher
        )
    )
    try:
        state = loop.run_until_complete(kernel.state(timeout=60))
        assert state.epoch, state.stale
        yield kernel
    finally:
        loop.run_until_complete(shutdown())


needs_overlays = pytest.mark.skipif(
    isolation_problem(Path.cwd()) != "", reason="this system has no overlays for its users"
)


@pytest.mark.parametrize("overlay", [pytest.param(True, marks=needs_overlays), False])
def test_N18_no_cell_changes_what_is_not_a_copy(
    jp_asyncio_loop: asyncio.AbstractEventLoop, home: Path, overlay: bool
) -> None:
    def run(kernel: RemoteKernel, source: str) -> ExecutionResult:
        return jp_asyncio_loop.run_until_complete(kernel.execute(source, timeout=60))

    wrong: dict[str, str] = {}
    before, shared_memory = snapshot(home), Path("/dev/shm/user")
    with isolated(home / "project" / "notebooks" / "a.ipynb", overlay=overlay) as place:
        assert place.kind == ("overlay" if overlay else "copy")
        assert "the network" in place.notes[1]
        assert overlay or "ctypes" in place.notes[1]
        with started(jp_asyncio_loop, place) as kernel:
            assert run(kernel, _SETUP.format(out=str(home / "user"), home=str(home))).status == "ok"
            for name, source in HOSTILE.items():
                if name in ANNOUNCED and not overlay:
                    continue
                restore = _RESTORE if overlay else "os.chdir(HERE); os.environ['HOME'] = HOME\n"
                if source.startswith("%%"):
                    run(kernel, restore)
                result = run(kernel, source if source.startswith("%%") else restore + source)
                if snapshot(home) != before or shared_memory.exists():
                    pytest.fail(f"{name}: something changed. {result.text}")
                if overlay and result.status != "ok":  # it has to happen, so that the test proves anything
                    wrong[name] = result.text
                if not overlay and name not in SILENT and REFUSED not in result.text:
                    wrong[name] = result.text
            assert run(kernel, restore).status == "ok"
            assert [run(kernel, source).text for source in ALLOWED if "print(" in source] == ALLOWED_TEXTS
            assert {run(kernel, source).status for source in ALLOWED} == {"ok"}
    assert wrong == {}
    assert snapshot(home) == before
    history = Path(os.environ["IPYTHONDIR"], "profile_default", "history.sqlite")
    if history.exists():
        with closing(sqlite3.connect(history)) as database:
            assert database.execute("select source from history").fetchall() == []
    assert len(HOSTILE) >= 70


@needs_overlays
def test_processes_of_the_notebook_end_with_it_and_leave_nothing(
    jp_asyncio_loop: asyncio.AbstractEventLoop, home: Path
) -> None:
    source = (
        "import os, socket, time\nif not os.fork():\n    os.setsid()\n    if os.fork(): os._exit(0)\n"
        "    s = socket.create_connection(('127.0.0.1', {port})); s.send(b'x'); time.sleep(600)\n"
    )
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        isolated(home / "project" / "notebooks" / "a.ipynb") as place,
    ):
        scratch = Path(place.launcher[-1])
        assert stat.S_IMODE(scratch.stat().st_mode) == 0o700
        with started(jp_asyncio_loop, place) as kernel:
            code = source.format(port=server.getsockname()[1])
            jp_asyncio_loop.run_until_complete(kernel.execute(code, timeout=60))
            connection, _ = server.accept()
            connection.settimeout(60)
            assert connection.recv(1) == b"x"
        assert connection.recv(1) == b""
        connection.close()
    assert not scratch.exists()


PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin")
NOBODY = 65534


@needs_overlays
@pytest.mark.skipif(PYTHON is None or os.getuid() != 0, reason="only root can run something as somebody else")
def test_an_ordinary_user_needs_no_privilege_and_owns_nothing_above() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as above, tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        folder = Path(above, "mine")
        folder.mkdir()
        (folder / "a.txt").write_text("as it was", encoding="utf-8")
        for path in folder, folder / "a.txt", Path(scratch):
            os.chown(path, NOBODY, NOBODY)
        Path(above).chmod(0o755)
        before = snapshot(folder)
        source = Path(namespace.__file__).read_text(encoding="utf-8")
        program = [str(PYTHON), "-I", "-S", "-c", source, "--scratch", scratch]
        shell = ["sh", "-c", f"echo changed > a.txt; touch new; cat a.txt; ls; ls -A /var/tmp; rm -rf {folder}/*; ls"]
        options: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "env": {"HOME": "/nonexistent"}}
        run = subprocess.run(
            [*program, "--", *shell], cwd=folder, capture_output=True, text=True, check=False, **options
        )
        assert (run.stdout, run.stderr) == ("changed\na.txt\nnew\n", "")
        assert snapshot(folder) == before


def test_the_whole_project_is_copied_with_what_is_above_the_notebook(home: Path) -> None:
    project = home / "project"
    (project / ".env").write_text("TOKEN=1", encoding="utf-8")
    (project / "env").mkdir()
    (project / "env" / "pyvenv.cfg").touch()
    with isolated(project / "notebooks" / "a.ipynb", overlay=False) as place:
        assert place.copied is not None
        copy, original = place.copied
        assert original == project
        assert place.notebook == copy / "notebooks" / "a.ipynb"
        assert sorted(str(path.relative_to(copy)) for path in copy.rglob("*")) == [
            *("data", "data/values.txt", "helper.py", "notebooks", "notebooks/a.ipynb", "notebooks/link.txt"),
            "notebooks/linked",
        ]
        assert {stat.S_IMODE(folder.stat().st_mode) & 0o077 for folder in (copy.parent.parent,)} == {0}
    assert not copy.parent.parent.exists()


@pytest.mark.parametrize(
    ("marks", "roots", "expected"),
    [
        (["project/.git"], [], "project"),
        (["project/pyproject.toml"], [], "project"),
        (["project/.git", "project/notebooks/pyproject.toml"], [], "project/notebooks"),
        ([], ["project"], "project"),
        ([], [], "project/notebooks"),
        ([".git"], ["", "/"], "project/notebooks"),
    ],
)
def test_a_project_begins_at_its_marks_and_never_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marks: list[str], roots: list[str], expected: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for mark in marks:
        (tmp_path / mark).mkdir(parents=True)
    notebook = tmp_path / "project" / "notebooks" / "a.ipynb"
    absolute = [str(tmp_path / root) if root not in ("", "/") else root for root in [*roots, "."]]
    assert project_root(notebook, absolute) == tmp_path / expected
    with pytest.raises(TooLarge, match="Move the notebook"):
        project_root(tmp_path / "a.ipynb")


def test_what_is_too_large_to_be_copied_is_not_run_and_the_remedy_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_agent.doctor.isolation.MAX_COPY", 10)
    with pytest.raises(TooLarge, match=r"empty pyproject\.toml"), isolated(home / "project" / "a.ipynb", overlay=False):
        pass


async def test_what_a_copy_refuses_proves_nothing_about_a_real_run(fresh: RemoteKernel) -> None:
    refused = f"raise PermissionError({REFUSED!r})"
    for source in (
        refused,
        "raise OSError(18, 'Invalid cross-device link')",
        "raise OSError(30, 'Read-only file system')",
    ):
        reproduction = await reproduce([Cell("a", "code", source, 1)], fresh)
        assert reproduction.first is not None
        assert (reproduction.first.kind, reproduction.reproduces, reproduction.is_known) == ("refused", False, False)


def test_a_refusal_that_the_code_catches_explains_the_difference_that_follows(
    jp_asyncio_loop: asyncio.AbstractEventLoop, home: Path
) -> None:
    source = "import subprocess\ntry: print(subprocess.check_output(['echo', '1'], text=True))\nexcept OSError: print('none')"
    cells = [Cell("a", "code", source, 1, "1\n"), Cell("b", "code", "print(2)", 2, "3\n")]
    with isolated(home / "project" / "a.ipynb", overlay=False) as place, started(jp_asyncio_loop, place) as kernel:
        run = reproduce(cells, kernel, copy_of=place.copied, first_refusal=place.first_refusal)
        first = jp_asyncio_loop.run_until_complete(run).first
    assert first is not None
    assert (first.kind, first.cell_id) == ("refused", "a")
    assert first.after == f"{REFUSED}no programs are started, since nothing would keep them from changing your files."


async def test_a_notebook_that_never_ran_is_not_vouched_for(fresh: RemoteKernel) -> None:
    reproduction = await reproduce([Cell("a", "code", "x = 1"), Cell("b", "code", "print(x)")], fresh)
    assert (reproduction.first, reproduction.compared) == (None, 0)
    assert (reproduction.reproduces, reproduction.is_known) == (False, False)
    reproduction = await reproduce([Cell("a", "code", "x = 1"), Cell("b", "code", "print(x)", 1, "1\n")], fresh)
    assert reproduction.reproduces
    assert "1 cell never ran before" in reproduction.not_compared[1]


async def test_another_picture_is_a_difference(fresh: RemoteKernel, tmp_path: Path) -> None:
    pictures = [base64.b64encode(png(width, 2)).decode() for width in (3, 4)]
    source = "import base64; from IPython.display import Image, display\ndisplay(Image(base64.b64decode({!r})))"
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": pictures[0], "text/plain": [TEXT]}}
    ]
    node = {"cell_type": "code", "id": "a", "metadata": {}, "source": "", "execution_count": 1, "outputs": outputs}
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [node]}), encoding="utf-8")
    for picture, kind in zip(pictures, (None, "picture"), strict=True):
        cell = Cell("a", "code", source.format(picture), 1, TEXT)
        first = (await reproduce([cell], fresh, notebook=FileNotebook(path))).first
        assert (first and first.kind) == kind
