"""The contract of a kernel, wherever it runs: `KernelSuite`.

A kernel tells its state (which never fails: an older state says why it is `stale`), describes one variable in full, runs code
visibly and within a time limit, tries code without binding a name, can be interrupted, and may be restarted. However code
ends, `ExecutionResult.status` says so; only what nobody can answer is an `AgentError`.

Subclass `KernelSuite` and say how a Python kernel with an empty namespace is opened; pass what has to be closed with it to
`opened`. A kernel that cannot run code where you test it (`can_execute`) overrides `run`, which prepares the namespace; one
that cannot be killed or restarted says so in `can_die` and `can_restart`, and those tests are skipped.

The suite runs real code, so every test opens a kernel anew. What is displayed, what a variable's facts are, and how much of
both is kept, is the business of `jupyter_agent.kernelside` and not repeated here.

Example::

    from jupyter_client.manager import AsyncKernelManager
    from jupyter_agent.kernels.remote import RemoteKernel
    from jupyter_agent.kernels.transport import ZmqTransport
    from jupyter_agent.testing.kernel import KernelSuite


    class Process:
        def __init__(self, manager):
            self.manager = manager

        async def close(self):
            await self.manager.shutdown_kernel(now=True)


    class TestMyKernel(KernelSuite):
        async def open_kernel(self):
            manager = AsyncKernelManager(kernel_name="python3")
            await manager.start_kernel()
            self.opened(Process(manager))
            return RemoteKernel(
                ZmqTransport(manager.client()),
                "kernel-1",
                interrupt=manager.interrupt_kernel,
                is_alive=manager.is_alive,
                restart=lambda: manager.restart_kernel(now=True),
            )
"""

from __future__ import annotations

import asyncio

import pytest

from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.testing.runner import Suite, asynchronous

SECONDS = 30.0
ENDLESS = "while True: pass"


class KernelSuite(Suite):
    """What every kernel does."""

    can_execute = True
    can_restart = True
    can_die = True

    async def open_kernel(self) -> Kernel:
        """A kernel with an empty namespace; to be overridden."""
        raise NotImplementedError

    async def run(self, kernel: Kernel, code: str) -> None:
        """Run code that prepares the namespace."""
        result = await kernel.execute(code, timeout=SECONDS)
        assert result.status == "ok", result.text

    async def started(self) -> Kernel:
        """A kernel that is closed when the test ends, and answers."""
        kernel: Kernel = self.opened(await self.open_kernel())
        await kernel.state(timeout=SECONDS)
        return kernel

    @asynchronous
    async def test_a_state_lists_the_variables_and_grows_with_every_change(self) -> None:
        kernel = await self.started()
        assert kernel.kernel_id
        await self.run(kernel, "x = 1\ny = [1, 2]")
        first = await kernel.state(timeout=SECONDS)
        assert {"x", "y"} <= set(first.variables)
        assert (first.stale, bool(first.epoch)) == ("", True)
        await self.run(kernel, "x = 2\ndel y")
        second = await kernel.state(timeout=SECONDS)
        assert second.epoch == first.epoch
        assert second.version > first.version
        assert "x" in second.changes_since(first.epoch, first.version)
        assert "y" not in second.variables
        again = await kernel.state(timeout=SECONDS)
        assert again.variables == second.variables

    @asynchronous
    async def test_one_variable_is_described_in_full_or_not_found(self) -> None:
        kernel = await self.started()
        await self.run(kernel, "answer = 42")
        variable = await kernel.inspect("answer")
        assert (await kernel.inspect("answer", None, ["nobody"])).summary == variable.summary
        assert (variable.name, variable.type.rpartition(".")[2]) == ("answer", "int")
        assert "42" in variable.summary
        with pytest.raises(NotFound):
            await kernel.inspect("no_such_name")

    @asynchronous
    async def test_code_runs_in_the_users_namespace_and_its_end_is_a_status(self) -> None:
        kernel = await self.started()
        if not self.can_execute:
            assert (await kernel.execute("1", timeout=SECONDS)).status == "unavailable"
            return
        result = await kernel.execute("z = 3\nprint('shown')\nz", timeout=SECONDS)
        assert (result.status, result.error) == ("ok", None)
        assert "shown" in result.text
        assert "3" in result.text
        assert "z" in (await kernel.state(timeout=SECONDS)).variables
        failed = await kernel.execute("print('before')\n1 / 0", timeout=SECONDS)
        assert failed.status == "error"
        assert failed.error is not None
        assert failed.error.name == "ZeroDivisionError"
        assert "before" in failed.text

    @asynchronous
    async def test_a_time_limit_interrupts_and_the_kernel_goes_on(self) -> None:
        kernel = await self.started()
        if not self.can_execute:
            pytest.skip("runs no code")
        result = await kernel.execute(f"print('partial', flush=True)\n{ENDLESS}", timeout=2.0)
        assert result.status == "timeout"
        assert "partial" in result.text
        assert (await kernel.execute("print('after')", timeout=SECONDS)).text.strip() == "after"

    @asynchronous
    async def test_an_interrupt_ends_what_runs(self) -> None:
        kernel = await self.started()
        if not self.can_execute:
            pytest.skip("runs no code")
        running = asyncio.create_task(kernel.execute(ENDLESS, timeout=SECONDS))
        await asyncio.wait([running], timeout=1.0)
        await kernel.interrupt()
        result = await asyncio.wait_for(running, SECONDS)
        assert result.status == "error"
        assert result.error is not None
        assert result.error.name == "KeyboardInterrupt"

    @asynchronous
    async def test_code_on_trial_shows_its_result_and_binds_nothing(self) -> None:
        kernel = await self.started()
        await self.run(kernel, "rows = [1]")
        result = await kernel.try_execute("mine = 5\nprint(mine + len(rows))", timeout=SECONDS)
        assert result.status == "ok", result.text
        assert result.text.strip() == "6"
        failed = await kernel.try_execute("1 / 0", timeout=SECONDS)
        assert failed.status == "error"
        assert "mine" not in (await kernel.state(timeout=SECONDS)).variables

    @asynchronous
    async def test_a_signature_is_text_or_not_found(self) -> None:
        kernel = await self.started()
        await self.run(kernel, "def convert(value, unit='m'): 'To another unit.'")
        assert "unit='m'" in await kernel.signature("convert(", 8)
        with pytest.raises((NotFound, KernelUnavailable)):
            await kernel.signature("no_such_name(", 13)

    @asynchronous
    async def test_a_restart_loses_all_variables_and_changes_the_epoch(self) -> None:
        kernel = await self.started()
        await self.run(kernel, "x = 1")
        before = await kernel.state(timeout=SECONDS)
        if not self.can_restart:
            with pytest.raises(KernelUnavailable):
                await kernel.restart()
            return
        await kernel.restart()
        after = await kernel.state(timeout=SECONDS)
        assert after.epoch != before.epoch
        assert "x" not in after.variables

    @asynchronous
    async def test_K1_code_that_kills_its_process_is_a_result_and_the_state_stays_readable(self) -> None:
        if not (self.can_die and self.can_execute):
            pytest.skip("cannot be killed")
        kernel = await self.started()
        await self.run(kernel, "x = 1")
        result = await kernel.execute("import os\nos._exit(1)", timeout=SECONDS)
        assert result.status == "died"
        state = await kernel.state(timeout=2.0)
        assert state.stale or state.status != "idle" or "x" not in state.variables
