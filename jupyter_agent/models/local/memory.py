"""How much memory this machine has to spare, as far as it says."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CONTROL_GROUP = Path("/sys/fs/cgroup")


def available(meminfo: Path = _MEMINFO, control_group: Path = _CONTROL_GROUP) -> int | None:
    """Bytes that a new process may have; None where the system does not say.

    In a container the container's own limit counts, if it is the lower one.
    """
    known: list[int] = []
    with suppress(OSError):
        if free := re.search(r"^MemAvailable:\s*(\d+) kB", meminfo.read_text(encoding="ascii"), re.MULTILINE):
            known.append(int(free[1]) * 1024)
    if not known:
        with suppress(AttributeError, ValueError, OSError):  # macOS says how much there is, not how much is free
            known.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(OSError, ValueError):
        limit = int((control_group / "memory.max").read_text(encoding="ascii"))
        used = int((control_group / "memory.current").read_text(encoding="ascii"))
        cached = re.search(r"^file (\d+)", (control_group / "memory.stat").read_text(encoding="ascii"), re.MULTILINE)
        known.append(max(0, limit - used + (int(cached[1]) if cached else 0)))
    return min(known, default=None)
