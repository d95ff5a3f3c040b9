"""Which process holds a lease, and whether it is gone; only of this machine, and only where that is certain."""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from functools import cache
from pathlib import Path


@cache
def _space() -> str:
    """This machine since it was started, and the space in which its process ids count; empty where that is not known.

    A copy of a virtual machine has the id of the boot that it was copied in: hence its names, too.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        spaces = [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in ("pid", "time")]
    except OSError:
        return ""
    known = [boot, *spaces, socket.gethostname(), str(uuid.getnode())]
    return hashlib.sha256("\n".join(known).encode()).hexdigest()[:24]


def _stat(pid: int) -> tuple[str, str]:
    """A process's state and when it was started; empty where that cannot be read."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return fields[0].decode(), fields[19].decode()
    except (OSError, IndexError):
        return "", ""


def this_process() -> str:
    """This process, as `has_ended` knows it; empty where nothing can be known of it."""
    return _known_process(os.getpid())


@cache
def _known_process(pid: int) -> str:
    started = _stat(pid)[1]
    return f"{_space()}:{pid}:{started}" if _space() and started else ""


def is_known(process: str) -> bool:
    """Whether it can be known here whether the process has ended."""
    return bool(_space()) and process.partition(":")[0] == _space()


def has_ended(process: str) -> bool:
    """Whether the process is known to have ended: of this machine, in the same process space, and not one of its id since.

    Args:
        process: From `this_process`, of any process anywhere.
    """
    if process == this_process():
        return False
    _, _, rest = process.partition(":")
    pid, _, started = rest.partition(":")
    if not is_known(process) or not pid.isdecimal() or not started:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass  # somebody else's
    state, began = _stat(int(pid))
    return state in ("Z", "X") or (began not in ("", started))
