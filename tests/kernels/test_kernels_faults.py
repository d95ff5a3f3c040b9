"""Kernels that hang, die, restart, lie or flood while our code runs in them."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jupyter_agent.kernels.remote import RemoteKernel

if TYPE_CHECKING:
    from .conftest import Kernels

FIFO = "open('began', 'w').close()\n"


async def wait_began(folder: Path) -> None:
    """Waits until the cell that opens the pipe runs."""
    await asyncio.to_thread((folder / "began").read_bytes)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "began")
    return tmp_path


async def test_K2_a_restart_while_code_runs_is_told(kernels: Kernels, pipe: Path) -> None:
    kernel = kernels.client()
    first = await kernel.state(timeout=20)
    running = asyncio.create_task(kernel.execute(FIFO + "import time\ntime.sleep(60)", timeout=60))
    await wait_began(pipe)
    await kernels.manager.restart_kernel(now=True)
    kernel.notify_restarted()
    assert (await running).status == "died"
    second = await kernel.state(timeout=20)
    assert (second.stale, second.epoch != first.epoch) == ("", True)
    assert (await kernel.execute("print('again')", timeout=20)).text == "again\n"


async def test_K5_code_that_ignores_interrupts_is_left_running_and_said_so(kernel: RemoteKernel) -> None:
    await kernel.state(timeout=20)
    code = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('deaf')\ntime.sleep(9)"
    result = await kernel.execute(code, timeout=0.5)
    assert (result.status, result.text.splitlines()[0]) == ("still_running", "deaf")
    state = await kernel.state()
    assert (state.status, state.stale) == ("busy", "")


async def test_K6_code_that_waits_behind_the_users_cell_does_not_stop_that_cell(kernels: Kernels, pipe: Path) -> None:
    user, agent = kernels.client(), kernels.client()
    running = asyncio.create_task(user.execute(FIFO + "import time\ntime.sleep(3)\nprint('whole')", timeout=60))
    await wait_began(pipe)
    result = await agent.execute("print('agent')", timeout=0.5)
    assert result.status == "unavailable"
    assert "busy with another cell" in result.text
    assert (await running).text == "whole\n"


async def test_a_cancelled_run_is_interrupted(kernels: Kernels, pipe: Path) -> None:
    kernel = kernels.client()
    running = asyncio.create_task(kernel.execute(FIFO + "import time\ntime.sleep(60)", timeout=60))
    await wait_began(pipe)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await kernel.execute("print('free')", timeout=10)).text == "free\n"


async def test_K7_a_kernel_without_stdout_is_reported_or_works(kernel: RemoteKernel) -> None:
    await kernel.state(timeout=20)
    await kernel.execute("import sys; sys.stdout = None", timeout=20)
    started = time.monotonic()
    result = await kernel.execute("there = 1", timeout=30)
    assert time.monotonic() - started < 15
    assert result.status == "ok" or "Restart the kernel" in result.text
    state = await kernel.state(timeout=10)
    assert (state.stale, list(state.variables)) == ("", ["sys"])


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("class Own(BaseException): pass\nraise Own", "Own"),
        ("import getpass\ngetpass.getpass()", "StdinNotImplementedError"),
    ],
)
async def test_K9_whatever_is_raised_is_an_error_result(kernel: RemoteKernel, code: str, name: str) -> None:
    result = await kernel.execute(code, timeout=20)
    assert result.error is not None
    assert (result.status, result.error.name) == ("error", name)
    assert (await kernel.execute("print('alive')", timeout=10)).text == "alive\n"


async def test_K12_strange_output_comes_cleaned(kernel: RemoteKernel) -> None:
    code = (
        "print('\\x1b[31mred\\x1b[0m \\x1b]8;;http://e\\x1b\\\\link\\x1b]8;;\\x1b\\\\ \\x00nul')\n"
        "print('10%\\r50%\\r100%')\nprint('abc\\x08\\x08X')"
    )
    assert (await kernel.execute(code, timeout=20)).text == "red link nul\n100%\naX\n"


async def test_K13_late_output_of_a_thread_does_not_reach_the_next_result(kernel: RemoteKernel, pipe: Path) -> None:
    code = "import threading\ndef late():\n    open('began', 'w').close()\n    print('late')\nthreading.Thread(target=late).start()"
    await kernel.execute(code, timeout=20)
    await wait_began(pipe)
    assert "late" not in (await kernel.execute("print('next')", timeout=20)).text


async def test_K14_nothing_executable_is_passed_on(kernel: RemoteKernel) -> None:
    code = (
        "from IPython.display import display\n"
        "display({'application/javascript': 'alert(1)'}, raw=True)\ndisplay({'text/html': '<script>x</script>'}, raw=True)"
    )
    result = await kernel.execute(code, timeout=20)
    assert result.text == "[application/javascript]\n[text/html]\n"


async def test_K15_interleaved_clients_lose_and_cross_nothing(kernels: Kernels) -> None:
    clients = [kernels.client() for _ in range(3)]

    async def converse(kernel: RemoteKernel, mark: int) -> list[str]:
        return [(await kernel.execute(f"print({mark} * 1000 + {n})", timeout=60)).text for n in range(10)]

    texts = await asyncio.gather(*(converse(kernel, mark) for mark, kernel in enumerate(clients)))
    assert texts == [[f"{mark * 1000 + n}\n" for n in range(10)] for mark in range(3)]


async def test_a_kernel_that_holds_the_interpreter_is_stale_with_a_reason(kernels: Kernels, pipe: Path) -> None:
    kernel = kernels.client()
    await kernel.execute("kept = 1", timeout=20)
    await kernel.state(timeout=20)
    native = "import ctypes\nctypes.PyDLL(None).system(b'echo > began; sleep 3')"  # the interpreter's lock is held
    running = asyncio.create_task(kernel.execute(native, timeout=60))
    await wait_began(pipe)
    state = await kernel.state(timeout=0.4)
    assert (state.status, state.stale) == ("busy", "The kernel does not answer; it may be busy in native code.")
    assert state.variables["kept"].facts["value"] == "1"
    await running
    assert (await kernel.state(timeout=10)).stale == ""


async def test_K17_a_kernel_of_another_implementation_says_what_is_known_of_it(kernels: Kernels) -> None:
    await kernels.client().execute("get_ipython().kernel.implementation = 'xpython'", timeout=20)
    await kernels.client().execute("type(get_ipython().kernel).implementation = 'xpython'", timeout=20)
    state = await kernels.client().state(timeout=10)
    assert "language python, implementation xpython" in state.stale
    assert state.status == "unknown"


async def test_closing_leaves_the_kernel_alive(kernels: Kernels) -> None:
    kernel = kernels.client()
    await kernel.state(timeout=20)
    await kernel.close()
    assert (await kernel.state()).stale == "The kernel is dead; restart it."
    assert await kernels.manager.is_alive()


async def test_a_name_that_no_text_can_hold_does_not_keep_the_others_from_being_known(kernel: RemoteKernel) -> None:
    await kernel.state(timeout=20)
    await kernel.execute("globals()['\\ud800x'] = 1\nnumber = 7", timeout=20)
    state = await kernel.state(timeout=20)
    assert (state.stale, state.variables["number"].summary) == ("", "7")
