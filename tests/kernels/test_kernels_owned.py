"""A kernel that we start ourselves: over sockets that only this user can read, restarted, ended, nothing left."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.kernels.owned_kernel import start_kernel


async def test_a_started_kernel_leaves_no_warning_and_no_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kernel, end = await start_kernel(str(tmp_path))
    state = await kernel.state(timeout=30)
    assert (state.stale, dict(state.variables)) == ("", {})
    (folder,) = tmp_path.glob("jupyter-agent-*")
    assert (folder.stat().st_mode & 0o077, any(folder.iterdir())) == (0, True)
    assert (await kernel.execute("a = 1\nprint('out')", timeout=20)).text == "out\n"
    assert (await kernel.execute("while True: pass", timeout=1)).status == "timeout"
    await kernel.restart()
    assert (await kernel.execute("print('a' in globals())", timeout=30)).text == "False\n"
    await end()
    assert list(tmp_path.glob("jupyter-agent-*")) == []
    assert "without encryption" not in "".join(capfd.readouterr())


async def test_K17_a_kernelspec_that_is_missing_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(KernelUnavailable, match="no_such_kernel"):
        await start_kernel(str(tmp_path), "no_such_kernel")
