"""Kernels in environments of their own, where our package is not installed, with several releases of ipykernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_client.manager import AsyncKernelManager

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import ZmqTransport
from tests.support.environments import create_environment, kernel_specs

REPORT = """
import importlib.util, ipykernel, sys
print(ipykernel.__version__, importlib.util.find_spec('jupyter_agent'), '_jupyter_agent_kernelside' in vars(get_ipython()))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "requirement", ["ipykernel==6.29.5", "ipykernel==6.31.0", "ipykernel==7.0.1", "ipykernel>=7.4"]
)
async def test_a_kernel_without_our_package_is_looked_into(tmp_path: Path, requirement: str) -> None:
    python = create_environment(tmp_path, requirement)
    specs = kernel_specs(tmp_path, str(python), "-E", "-m", "ipykernel_launcher")
    manager = AsyncKernelManager(kernel_name="other", kernel_spec_manager=specs)
    await manager.start_kernel(cwd=str(tmp_path))
    kernel = RemoteKernel(
        ZmqTransport(manager.client()), "k", interrupt=manager.interrupt_kernel, is_alive=manager.is_alive
    )
    assert (await kernel.state(timeout=60)).stale == ""
    release, our_package, kernelside = (await kernel.execute(REPORT, timeout=30)).text.split()
    assert (requirement.endswith(release) or release >= "7.4", our_package, kernelside) == (True, "None", "True")
    await kernel.execute("items = [1]\ndef f(a, b=2): pass", timeout=20)
    first = await kernel.state()
    assert first.variables["items"].facts["items"] == ["1"]
    assert first.variables["f"].summary == "f(a, b=2)"
    assert [run.count for run in first.executions] == [1, 2]
    await kernel.execute("items.append(2)", timeout=20)
    second = await kernel.state()
    assert second.changes_since(first.epoch, first.version) == ("items",)
    assert second.executions[-1].count == 3
    assert (await kernel.state()).version == second.version
    result = await kernel.execute("1 / 0", timeout=20)
    assert result.status == "error"
    assert (await kernel.execute("while True: pass", timeout=1)).status == "timeout"
    tried = await kernel.try_execute("mine = items + [3]\nprint('out')\nmine", timeout=20)
    assert (tried.status, tried.text) == ("ok", "out\n[1, 2, 3]\n")
    assert (await kernel.try_execute("import asyncio\nawait asyncio.sleep(0)\nlen(items)", timeout=20)).text == "2\n"
    assert (await kernel.try_execute("while True: pass", timeout=1)).status == "timeout"
    assert "f(a, b=2)" in await kernel.signature("f(", 1)
    assert "mine" not in (await kernel.state()).variables
    await kernel.close()
    await manager.shutdown_kernel(now=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_K17_xeus_python_degrades_with_a_clear_word(tmp_path: Path) -> None:
    python = create_environment(tmp_path, "xeus-python")
    specs = kernel_specs(tmp_path, str(python), "-E", "-m", "xpython_launcher")
    manager = AsyncKernelManager(kernel_name="other", kernel_spec_manager=specs)
    await manager.start_kernel(cwd=str(tmp_path))
    kernel = RemoteKernel(
        ZmqTransport(manager.client()), "k", interrupt=manager.interrupt_kernel, is_alive=manager.is_alive
    )
    state = await kernel.state(timeout=60)
    assert "implementation xeus-python" in state.stale
    assert "only its cells and outputs are known" in state.stale
    assert (await kernel.execute("print(6 * 7)", timeout=20)).text == "42\n"
    assert (await kernel.try_execute("1", timeout=20)).status == "unavailable"
    with pytest.raises(KernelUnavailable):
        await kernel.inspect("x")
    await kernel.close()
    await manager.shutdown_kernel(now=True)
