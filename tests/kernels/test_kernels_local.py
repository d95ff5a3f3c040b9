"""The kernel that is this very process: code tried in another thread, signatures, no restart."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_agent import kernelside
from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.kernels.local import LocalKernel


@pytest.fixture
def shell() -> Iterator[Any]:
    InteractiveShell.clear_instance()
    shell: Any = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    originals = (sys.stdout, sys.stderr, shell.display_pub)
    yield shell
    assert (sys.stdout, sys.stderr, shell.display_pub) == originals
    kernelside.uninstall()
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


async def test_a_trial_here_shows_to_who_asked_and_binds_nothing(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("rows = [1]\ncount = 1\ndef grow():\n    global count\n    count = 2\n    rows.append(2)")
    code = "import sys\nprint('out')\nprint('err', file=sys.stderr)\ngrow()\nmine = 3\nrows"
    result = await LocalKernel(shell).try_execute(code, timeout=20)
    assert (result.status, result.text, result.changed) == ("ok", "out\nerr\n[1, 2]\n", ("rows",))
    assert [output["output_type"] for output in result.outputs] == ["stream", "stream", "display_data"]
    assert (shell.user_ns["count"], "mine" in shell.user_ns) == (1, False)
    assert capsys.readouterr() == ("", "")


async def test_a_trial_here_hears_no_other_thread(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns.update(begun=asyncio.Event(), loop=asyncio.get_running_loop())
    code = "import time\nloop.call_soon_threadsafe(begun.set)\nwhile len(written) < 1: time.sleep(0.01)\nprint('mine')"
    shell.user_ns["written"] = written = list[str]()
    running = asyncio.create_task(LocalKernel(shell).try_execute(code, timeout=20))
    await shell.user_ns["begun"].wait()
    sys.stdout.write("theirs\n")
    written.append("theirs")
    assert ((await running).text, capsys.readouterr().out) == ("mine\n", "theirs\n")


async def test_a_trial_here_fails_with_a_traceback_or_at_the_time_limit(shell: Any) -> None:
    kernel = LocalKernel(shell)
    failed = await kernel.try_execute("1 / 0", timeout=20)
    assert failed.error is not None
    assert (failed.status, failed.error.name, failed.error.message) == (
        "error",
        "ZeroDivisionError",
        "division by zero",
    )
    assert "1 / 0" in failed.text
    endless = await kernel.try_execute("print('partial')\nwhile True: pass", timeout=0.5)
    assert (endless.status, endless.text.splitlines()[0]) == ("timeout", "partial")
    assert "asyncio.run" in (await kernel.try_execute("await x", timeout=5)).text


async def test_signatures_are_ipythons_and_no_restart_is_promised(shell: Any) -> None:
    kernel = LocalKernel(shell)
    shell.run_cell("def convert(value, unit='m'): 'To another unit.'")
    assert "convert(value, unit='m')" in await kernel.signature("convert(1, ", 8)
    with pytest.raises(NotFound):
        await kernel.signature("nothing(", 7)
    with pytest.raises(KernelUnavailable, match="restart the kernel"):
        await kernel.restart()
