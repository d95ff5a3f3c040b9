"""Built-in kernels keep the contract that `jupyter_agent.testing` checks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_agent import kernelside
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.kernels.local import LocalKernel
from jupyter_agent.testing.kernel import KernelSuite
from tests.kernels.conftest import Kernels
from tests.support.kernel_manager import kernel_manager


class TestRemote(KernelSuite):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.path = tmp_path

    async def open_kernel(self) -> Kernel:
        manager = kernel_manager()
        await manager.start_kernel(cwd=str(self.path))
        kernels = Kernels(manager)
        self.opened(kernels)
        return kernels.client()


class TestLocal(KernelSuite):
    can_execute = can_restart = can_die = False

    @pytest.fixture(autouse=True)
    def interactive_shell(self) -> Iterator[None]:
        InteractiveShell.clear_instance()
        self.shell: Any = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
        originals = (sys.stdout, sys.stderr, self.shell.display_pub)
        yield
        assert (sys.stdout, sys.stderr, self.shell.display_pub) == originals
        kernelside.uninstall()
        history: Any = self.shell.history_manager
        history.end_session()
        InteractiveShell.clear_instance()

    async def open_kernel(self) -> Kernel:
        return LocalKernel(self.shell)

    async def run(self, kernel: Kernel, code: str) -> None:
        self.shell.run_cell(code).raise_error()
