"""Kernels in environments of their own, where our package is not installed, with several releases of ipykernel."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from jupyter_agent.kernels.remote import RemoteKernel

HERE = """
import importlib.util, ipykernel, sys
print(ipykernel.__version__, importlib.util.find_spec('jupyter_agent'), '_jupyter_agent_kernelside' in vars(get_ipython()))
"""


def environment(folder: Path, requirement: str) -> KernelSpecManager:
    """A virtual environment with a kernel, and the specification of that kernel."""
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", requirement], check=True)
    specification = folder / "kernels" / "other"
    specification.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    content = {"argv": command, "display_name": "other", "language": "python"}
    (specification / "kernel.json").write_text(json.dumps(content), encoding="utf-8")
    return KernelSpecManager(kernel_dirs=[str(folder / "kernels")], ensure_native_kernel=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "requirement", ["ipykernel==6.29.5", "ipykernel==6.31.0", "ipykernel==7.0.1", "ipykernel>=7.4"]
)
async def test_a_kernel_without_our_package_is_looked_into(tmp_path: Path, requirement: str) -> None:
    manager = AsyncKernelManager(kernel_name="other", kernel_spec_manager=environment(tmp_path, requirement))
    await manager.start_kernel(cwd=str(tmp_path))
    kernel = RemoteKernel(manager.client(), "k", interrupt=manager.interrupt_kernel, is_alive=manager.is_alive)
    assert (await kernel.state(timeout=60)).stale == ""
    release, ours, travelled = (await kernel.execute(HERE, timeout=30)).text.split()
    assert (requirement.endswith(release) or release >= "7.4", ours, travelled) == (True, "None", "True")
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
    await kernel.close()
    await manager.shutdown_kernel(now=True)
