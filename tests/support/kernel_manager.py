"""A manager of a kernel that is reached over sockets in a folder of its own: of two processes, neither takes the other's port."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager


def kernel_manager() -> AsyncKernelManager:
    manager = AsyncKernelManager(kernel_name="python3")
    if os.name == "posix":
        folder = Path(tempfile.mkdtemp(prefix="kernel-"))
        weakref.finalize(manager, shutil.rmtree, folder, ignore_errors=True)
        manager.transport, manager.ip = "ipc", str(folder / "k")
    return manager
