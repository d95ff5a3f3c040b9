"""A program for Linux: runs a command on this machine's files, and whatever it changes is thrown away afterwards.

Namespaces of users, mounts and processes need no privilege. In them every folder is an overlay whose changes go to a scratch
folder; where that cannot be, it is read-only. Sockets and disks are covered. The kernel enforces this for the command and for
all that it starts. Uses the standard library only, and is run by its path: it must not import what belongs to the project.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import os
import re
import shutil
import signal
import stat
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

#: The exit code where the command cannot be isolated, and was not run.
NOT_ISOLATED = 125

_NAMESPACES = 0x0002_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000  # mounts, IPC, users, processes
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 1 << 18
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _READ_ONLY = 442, -100, 0x8000, 1
_SET_DEATH_SIGNAL, _DROP_CAPABILITY, _ADOPT_ORPHANS, _NO_NEW_PRIVILEGES, _SYS_ADMIN = 1, 24, 36, 38, 21
#: File systems in which nobody keeps files.
_KERNELS_OWN = frozenset(
    [
        "autofs",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "fusectl",
        "hugetlbfs",
        "mqueue",
        "nsfs",
        "proc",
        "pstore",
        "rpc_pipefs",
        "securityfs",
        "selinuxfs",
        "sysfs",
        "tracefs",
    ]
)
#: Those that can keep an overlay's changes.
_KEEP_CHANGES = frozenset(["btrfs", "ext2", "ext3", "ext4", "f2fs", "tmpfs", "xfs"])


def main() -> None:
    """Run a command as the arguments say, and exit as it does."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scratch", required=True, help="an empty folder for what is changed")
    parser.add_argument("--share", action="append", default=[], help="a folder in which changes stay")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is sent to the whole group, for the command
    unshared, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(unshared[0])
        os.close(mapped[1])
        _exit_with(lambda: _run(arguments.command, arguments.scratch, arguments.share, unshared[1], mapped[0]))

    def clean_up(*_: object) -> None:
        """Our parent has died, and nobody else will do it."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it comes for each of the parent's threads
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            while True:
                os.wait()
        for folder in Path(arguments.scratch).glob("*/work/work"):
            folder.chmod(0o700)  # overlays leave it without any
        shutil.rmtree(arguments.scratch, ignore_errors=True)
        os._exit(NOT_ISOLATED)

    _call("prctl", _ADOPT_ORPHANS, ctypes.c_ulong(1))
    signal.signal(signal.SIGTERM, clean_up)
    _call("prctl", _SET_DEATH_SIGNAL, ctypes.c_ulong(signal.SIGTERM))
    os.close(unshared[1])
    os.close(mapped[0])
    if os.read(unshared[0], 1):
        try:
            _map_ids(child)
        except OSError as error:
            print(f"user namespaces: {error.strerror}", file=sys.stderr)
        else:
            os.write(mapped[1], b".")
    os.close(mapped[1])
    sys.exit(_exit_code(os.waitpid(child, 0)[1]))


def _exit_with(run: Callable[[], int]) -> None:
    """End a forked process with what this returns."""
    code = NOT_ISOLATED
    try:
        code = run()
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _map_ids(child: int) -> None:
    """In a child's user namespace users and groups are who they are: root all of them, others only themselves."""
    for kind, own in ("uid", os.geteuid()), ("gid", os.getegid()):
        ranges = [f"{own} {own} 1"]
        if os.geteuid() == 0:
            here = Path(f"/proc/self/{kind}_map").read_text(encoding="ascii").splitlines()
            ranges = [f"{first} {first} {count}" for first, _, count in map(str.split, here)]
        elif kind == "gid":
            Path(f"/proc/{child}/setgroups").write_text("deny", encoding="ascii")
        Path(f"/proc/{child}/{kind}_map").write_text("\n".join(ranges), encoding="ascii")


def _run(command: Sequence[str], scratch: str, shared: Sequence[str], unshared: int, mapped: int) -> int:
    """Isolate this process, run the command in it, and return its exit code."""
    folder = os.getcwd()
    is_writable = os.access(folder, os.W_OK)
    own: set[str] = set()
    if os.geteuid():  # root may change everybody's
        own = {_first_own(path) for path in (folder, os.path.expanduser("~")) if os.path.isdir(path)}
    _call("unshare", _NAMESPACES, path="user namespaces")
    os.write(unshared, b".")
    if not os.read(mapped, 1):
        return NOT_ISOLATED
    _call("prctl", _SET_DEATH_SIGNAL, ctypes.c_ulong(signal.SIGKILL))
    _isolate_files(scratch, shared, own)
    os.chdir(folder)  # as it is now
    if is_writable:  # it has to stay so
        os.mkdir(".jupyter-agent")
        os.rmdir(".jupyter-agent")
    _call("prctl", _NO_NEW_PRIVILEGES, ctypes.c_ulong(1), 0, 0, 0)
    _call("prctl", _DROP_CAPABILITY, ctypes.c_ulong(_SYS_ADMIN), 0, 0, 0)  # root, too, must not mount anything
    os.environ["JPY_PARENT_PID"] = "1"  # what a kernel's parent is here
    first = os.fork()
    if not first:
        _exit_with(lambda: _run_first(command))
    return _exit_code(os.waitpid(first, 0)[1])


def _run_first(command: Sequence[str]) -> int:
    """The first process of the namespace: when it ends, the kernel ends all others."""
    _call("prctl", _SET_DEATH_SIGNAL, ctypes.c_ulong(signal.SIGKILL))
    _mount("proc", "/proc", "proc")
    _set_read_only("/proc", recursive=False)
    started = os.fork()
    if not started:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvp(command[0], [*command])
    while True:
        ended, status = os.wait()
        if ended == started:
            return _exit_code(status)


def _first_own(folder: str) -> str:
    """The highest folder above another that belongs to this user, as all between them do."""
    while (parent := os.path.dirname(folder)) != folder and os.stat(parent).st_uid == os.geteuid():
        folder = parent
    return folder


def _isolate_files(scratch: str, shared: Sequence[str], own: Iterable[str]) -> None:
    """Cover every folder by an overlay on it; what is left is read-only.

    Args:
        scratch: What is changed goes there.
        shared: Folders that are not covered.
        own: Folders with an overlay of their own, as below others' folders nothing can be changed in an overlay on those.
    """
    _mount(None, "/", flags=_RECURSIVE | _PRIVATE)
    mounts = _mount_points()
    if mounts[max((point for point in mounts if _is_inside(scratch, point)), key=len)] not in _KEEP_CHANGES:
        _mount("tmpfs", scratch, "tmpfs")
    handles = {folder: os.open(folder, os.O_PATH) for folder in (*own, *shared)}
    boundaries = {*mounts, scratch}
    parent = os.path.dirname(scratch)
    numbers = itertools.count()
    writable: list[str] = []

    def mount_overlay(lower: str, folder: str) -> None:
        changes = f"{scratch}/{next(numbers)}"
        os.makedirs(f"{changes}/upper")
        os.mkdir(f"{changes}/work")
        layers = f"lowerdir={lower},upperdir={changes}/upper,workdir={changes}/work,userxattr"
        _mount("overlay", folder, "overlay", data=layers)
        writable.append(folder)

    def cover(folder: str) -> None:
        """Where something is mounted below a folder, the folders in it are covered one by one."""
        if _is_inside(folder, parent):
            return  # the scratch folder's own cannot have an overlay
        if not any(point != folder and _is_inside(point, folder) for point in boundaries):
            with suppress(OSError):
                os.chdir(folder)
                mount_overlay(".", folder)
            return
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode):
                    _mount("/dev/null", entry.path, flags=_BIND)
                elif entry.is_dir(follow_symlinks=False) and entry.path not in boundaries:
                    cover(entry.path)

    for point, kind in mounts.items():
        if kind not in _KERNELS_OWN and os.path.isdir(point):
            cover(point)
    for folder in own:
        with suppress(OSError):
            mount_overlay(f"/proc/self/fd/{handles[folder]}", folder)
    for device in os.scandir("/dev"):
        mode = device.stat(follow_symlinks=False).st_mode
        if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
            _mount("/dev/null", device.path, flags=_BIND)
    # An empty folder takes its place.
    os.mkdir(f"{scratch}/empty")
    os.chmod(f"{scratch}/empty", stat.S_IMODE(os.stat(parent).st_mode))
    _mount(f"{scratch}/empty", parent, flags=_BIND)
    writable.append(parent)
    for folder in shared:
        os.makedirs(folder, exist_ok=True)
        _mount(f"/proc/self/fd/{handles[folder]}", folder, flags=_BIND)
        writable.append(folder)
    _set_read_only("/", recursive=True)
    for path in writable:
        _set_read_only(path, value=False, recursive=False)


def _mount_points() -> dict[str, str]:
    """Where something is mounted → the kind of its file system."""
    points: dict[str, str] = {}
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        place, _, file_system = line.partition(" - ")
        point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), place.split(" ")[4])
        points[point] = file_system.split(" ")[0]
    return points


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _mount(
    source: str | None, target: str, kind: str | None = None, *, flags: int = 0, data: str | None = None
) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    _call("mount", *texts[:3], ctypes.c_ulong(flags), texts[3], path=target)


def _set_read_only(path: str, *, value: bool = True, recursive: bool) -> None:
    """Whether a mount, or all below it, can be written to."""
    attributes = struct.pack("=QQQQ", _READ_ONLY if value else 0, 0 if value else _READ_ONLY, 0, 0)
    flags = ctypes.c_uint(_AT_RECURSIVE if recursive else 0)
    number, length = ctypes.c_long(_MOUNT_SETATTR), ctypes.c_size_t(len(attributes))
    _call("syscall", number, ctypes.c_int(_AT_FDCWD), os.fsencode(path), flags, attributes, length, path=path)


def _call(name: str, *arguments: Any, path: str = "") -> None:
    """Call a function of the C library.

    Raises:
        OSError: it failed; with the path, or the function's name.
    """
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), path or name)


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    main()
