"""The remote kernel against a real ipykernel."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.core.kernel_state import KernelState
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import Channel, ZmqTransport
from tests.support.real_kernel import run

if TYPE_CHECKING:
    from .conftest import Kernels

FRAME = "import pandas as pd\ndf = pd.DataFrame({'age': [22, 38, None], 'name': ['Ann', 'Bo', 'Cy']})"
EVERYTHING = "print(len(In), sorted(Out), sorted(dir()), repr(globals().get('_')))"


async def test_the_state_of_a_fresh_kernel_is_empty_and_fresh(kernel: RemoteKernel) -> None:
    state = await kernel.state(timeout=10)
    assert (state.stale, state.status, dict(state.variables), state.total) == ("", "idle", {}, 0)


async def test_a_frame_comes_with_columns_and_row_count(kernel: RemoteKernel) -> None:
    await run(kernel, FRAME)
    frame = (await kernel.state(timeout=10)).variables["df"]
    assert (frame.kind, frame.summary, frame.facts["rows"]) == ("frame", "DataFrame 3 × 2", 3)
    assert frame.facts["columns"] == [
        {"name": "age", "dtype": "float64", "missing": 1, "samples": ["22.0", "38.0", "nan"]},
        {"name": "name", "dtype": "str", "missing": 0, "samples": ["Ann", "Bo", "Cy"]},
    ]


async def test_a_kernel_that_ran_before_we_met_it_is_described_too(kernels: Kernels) -> None:
    first = kernels.client()
    await first.execute("before = 41", timeout=10)
    state = await kernels.client().state(timeout=10)
    assert state.variables["before"].facts["value"] == "41"


async def test_looking_leaves_the_users_session_as_it_was(kernels: Kernels) -> None:
    observer, user = kernels.client(), kernels.client()
    await run(user, "a = 7\na")
    before = await run(user, EVERYTHING)
    for _ in range(3):
        await observer.state(timeout=10)
        await observer.inspect("a")
    # Only the user's own last cell was added to In; it displayed nothing.
    after = await run(user, EVERYTHING)
    assert before.split(" ", 1) == ["3", after.split(" ", 1)[1].replace(", '_i3'", "")]
    assert after.startswith("4 ")


async def test_the_second_state_carries_only_what_changed(kernel: RemoteKernel) -> None:
    await run(kernel, "items = [1]\nother = 5")
    first = await kernel.state(timeout=10)
    await run(kernel, "items.append(2)")
    second = await kernel.state()
    assert second.changes_since(first.epoch, first.version) == ("items",)
    assert second.variables["items"].facts["items"] == ["1", "2"]
    assert second.variables["other"] is first.variables["other"]
    assert second.executions[-1].mutated == ("items",)


async def test_an_unchanged_kernel_keeps_its_version(kernel: RemoteKernel) -> None:
    await run(kernel, FRAME)
    first = await kernel.state(timeout=10)
    second = await kernel.state()
    assert second.version == first.version
    assert second.variables["df"] is first.variables["df"]


class CountingTransport(ZmqTransport):
    """Counts what is sent."""

    count = 0

    async def send(self, channel: Channel, message_type: str, content: Mapping[str, Any]) -> str:
        self.count += 1
        return await super().send(channel, message_type, content)


async def settled(kernel: RemoteKernel, transport: CountingTransport) -> KernelState:
    """The state, once the kernel is not asked for it any more."""
    async with asyncio.timeout(20):
        while True:
            count, state = transport.count, await kernel.state(timeout=10)
            if transport.count == count:
                return state


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a kernel is always asked")
async def test_a_kernel_in_which_nothing_has_run_is_not_asked_again(kernels: Kernels) -> None:
    transport = CountingTransport(kernels.manager.client())
    kernel = RemoteKernel(transport, "kernel-1")
    await run(kernel, "items = [1]")
    known = await settled(kernel, transport)
    again = await kernel.state()
    assert (again.variables, again.status, again.stale) == (known.variables, "idle", "")
    assert again.taken_at > known.taken_at
    await run(kernel, "items.append(2)")
    assert (await kernel.state()).variables["items"].facts["items"] == ["1", "2"]
    await run(kernel, "import asyncio\nasyncio.get_running_loop().call_later(0.1, items.append, 3)")
    await settled(kernel, transport)
    async with asyncio.timeout(20):
        while (await kernel.state()).variables["items"].facts["items"] != ["1", "2", "3"]:
            pass
    await run(kernel, "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()")
    count = transport.count
    for _ in range(3):  # it could change anything at any time
        await kernel.state()
    assert transport.count == count + 3
    await kernel.close()


async def test_a_deleted_variable_is_gone_and_remembered_as_deleted(kernel: RemoteKernel) -> None:
    await run(kernel, "a = b = 1")
    await kernel.state(timeout=10)
    await run(kernel, "del a")
    state = await kernel.state()
    assert (list(state.variables), list(state.deleted)) == (["b"], ["a"])


async def test_a_busy_kernel_answers_over_the_control_channel(kernel: RemoteKernel) -> None:
    await kernel.state(timeout=10)
    running = asyncio.create_task(kernel.execute("here = 1\nimport time\ntime.sleep(3)", timeout=20))
    state = await kernel.state()
    while "here" not in state.variables:
        state = await kernel.state()
    assert not running.done()
    assert (state.status, state.stale, state.executions[-1].status) == ("busy", "", "running")
    await kernel.interrupt()
    assert (await running).status == "error"


async def test_a_kernel_first_met_busy_says_so_and_is_known_afterwards(kernels: Kernels, tmp_path: Path) -> None:
    user, observer = kernels.client(), kernels.client()
    await run(user, "early = 1")
    os.mkfifo(tmp_path / "began")
    running = asyncio.create_task(user.execute("open('began', 'w').close()\nimport time\ntime.sleep(60)", timeout=60))
    await asyncio.to_thread((tmp_path / "began").read_bytes)
    first = await observer.state(timeout=0.5)
    assert (first.status, dict(first.variables)) == ("busy", {})
    assert first.stale == "The kernel is busy; its variables are known when the running cell ends."
    await user.interrupt()
    await running
    second = await observer.state(timeout=10)
    assert (second.stale, second.variables["early"].facts["value"]) == ("", "1")


async def test_a_kernel_that_has_never_answered_is_starting_and_is_waited_for(
    kernels: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, observer = kernels.manager.provisioner.process, kernels.client()  # type: ignore[union-attr]
    monkeypatch.setattr("jupyter_agent.kernels.remote._START_SECONDS", 0.1)
    process.send_signal(signal.SIGSTOP)
    first = await observer.state(timeout=1.0)
    assert (first.status, first.stale_text) == ("starting", first.stale)
    assert first.stale.startswith("The kernel does not answer yet; it is starting")
    monkeypatch.setattr("jupyter_agent.kernels.remote._START_SECONDS", 30.0)
    asyncio.get_running_loop().call_later(2.0, process.send_signal, signal.SIGCONT)
    second = await observer.state(timeout=1.0)
    assert (second.status, second.stale) == ("idle", "")


async def test_a_restarted_kernel_is_met_again(kernels: Kernels) -> None:
    kernel = kernels.client()
    await run(kernel, "a = 1")
    first = await kernel.state(timeout=10)
    await kernels.manager.restart_kernel(now=True)
    kernel.notify_restarted()
    second = await kernel.state(timeout=20)
    assert (second.stale, dict(second.variables)) == ("", {})
    assert second.epoch != first.epoch


async def test_a_restart_that_nobody_told_of_is_found_out(kernels: Kernels) -> None:
    kernel = kernels.client()
    await run(kernel, "a = 1")
    first = await kernel.state(timeout=10)
    await kernels.manager.restart_kernel(now=True)
    second = await kernel.state(timeout=20)
    assert second.epoch != first.epoch
    assert "a" not in second.variables


async def test_two_clients_at_once_get_their_own_answers(kernels: Kernels) -> None:
    first, second = kernels.client(), kernels.client()
    await run(first, "shared = 1")
    states = await asyncio.gather(*(kernel.state(timeout=10) for kernel in (first, second) * 20))
    assert all(state.variables["shared"].facts["value"] == "1" for state in states)
    results = await asyncio.gather(
        first.execute("print('one')", timeout=20), second.execute("print('two')", timeout=20)
    )
    assert [result.text for result in results] == ["one\n", "two\n"]


async def test_inspect_tells_a_column_in_full(kernel: RemoteKernel) -> None:
    await run(kernel, FRAME)
    column = await kernel.inspect("df", "age")
    assert (column.kind, column.facts["mean"], column.facts["missing"]) == ("series", 30.0, 1)


async def test_V12_inspecting_what_is_gone_says_not_found(kernel: RemoteKernel) -> None:
    with pytest.raises(NotFound):
        await kernel.inspect("nothing")


async def test_K1_a_dying_kernel_is_reported_within_five_seconds(kernel: RemoteKernel) -> None:
    started = time.monotonic()
    result = await kernel.execute("print('last words', flush=True)\nimport os\nos._exit(1)", timeout=60)
    assert (result.status, time.monotonic() - started < 5) == ("died", True)
    state = await kernel.state()
    assert (state.status, state.stale) == ("dead", "The kernel is dead; restart it.")
    with pytest.raises(KernelUnavailable):
        await kernel.inspect("x")


async def test_K4_an_endless_loop_is_interrupted_at_the_time_limit(kernel: RemoteKernel) -> None:
    await kernel.state(timeout=10)
    result = await kernel.execute("print('partial')\nwhile True: pass", timeout=1)
    assert (result.status, result.text.splitlines()[0]) == ("timeout", "partial")
    assert (await kernel.execute("print('alive')", timeout=10)).text == "alive\n"


async def test_K8_input_is_an_error_and_no_hang(kernel: RemoteKernel) -> None:
    result = await kernel.execute("input()", timeout=20)
    assert result.error is not None
    assert (result.status, result.error.name) == ("error", "StdinNotImplementedError")


async def test_K11_a_flood_is_cut_to_head_and_tail(kernel: RemoteKernel) -> None:
    result = await kernel.execute("print('begin')\nfor i in range(30): print('x' * 100_000)\nprint('end')", timeout=30)
    assert len(result.text) < 70_000
    assert (result.text[:5], result.text[-4:]) == ("begin", "end\n")
    assert "characters left out" in result.text


async def test_the_agents_code_counts_and_pictures_are_counted(kernel: RemoteKernel) -> None:
    code = (
        "from IPython.display import display, Image\ndisplay(Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + bytes(100)))\n1 + 1"
    )
    result = await kernel.execute(code, timeout=20)
    assert (result.status, result.images, result.text.splitlines()[-1]) == ("ok", 1, "2")


async def test_a_failed_cell_is_told_with_its_frames_and_their_locals(kernel: RemoteKernel) -> None:
    await kernel.state(timeout=10)
    await kernel.execute("def divide(total, parts):\n    share = total / parts\n    return share", timeout=10)
    await kernel.execute("divide(10, 0)", timeout=10)
    failed = (await kernel.state()).last_error
    assert failed is not None
    assert failed.error is not None
    assert (failed.error.name, failed.error.message) == ("ZeroDivisionError", "division by zero")
    innermost = failed.error.frames[-1]
    assert (innermost.function, innermost.line) == ("divide", 2)
    assert dict(innermost.variables) == {"total": "10", "parts": "0"}
    assert "share = total / parts" in innermost.source


async def test_V10_shadowed_and_deleted_names_do_not_matter(kernels: Kernels) -> None:
    user = kernels.client()
    names = "print len type repr str Exception open sys json get_ipython exec compile __import__ object"
    await run(user, f"for _name in {names.split()!r}: globals()[_name] = 'mine'\ndel _name")
    await user.execute("del __builtins__", timeout=10)
    state = await kernels.client().state(timeout=10)
    assert state.stale == ""
    assert state.variables["len"].facts["value"] == "mine"
    assert {"json", "sys", "type"} <= set(state.variables)


async def test_K10_a_reset_namespace_is_seen_and_we_still_answer(kernel: RemoteKernel) -> None:
    await run(kernel, "a = 1")
    await kernel.state(timeout=10)
    await run(kernel, "%reset -f")
    await run(kernel, "b = 2")
    state = await kernel.state()
    assert (state.stale, list(state.variables), list(state.deleted)) == ("", ["b"], ["a"])


async def test_only_a_thread_of_the_users_keeps_a_kernel_from_being_quiet(kernel: RemoteKernel) -> None:
    # The large output makes ZeroMQ start a thread of its own, which is none of the user's.
    await kernel.execute("globals().update({f'v{n}': n for n in range(10_000)})\nprint('x' * 1_000_000)", timeout=20)
    await kernel.state(timeout=20)
    quiet = "get_ipython()._jupyter_agent_kernelside.tracker.idle.IdleMonitor().mark(0) is not None"
    assert await run(kernel, f"print({quiet})") == "True\n"
    code = "import threading\nevent = threading.Event()\nthreading.Thread(target=event.wait).start()\n"
    assert await run(kernel, f"{code}print({quiet})\nevent.set()") == "False\n"


async def test_what_a_thread_and_a_task_change_between_cells_is_seen(kernel: RemoteKernel) -> None:
    code = (
        "import asyncio, threading\nby_task, by_thread = [], []\ngo = threading.Event()\n"
        "def work():\n    go.wait()\n    by_thread.append(1)\nthreading.Thread(target=work).start()\n"
        "async def later():\n    await asyncio.sleep(0)\n    by_task.append(1)\n    go.set()\ntask = asyncio.create_task(later())"
    )
    await run(kernel, code)
    state = await kernel.state(timeout=20)
    while [state.variables[name].facts["items"] for name in ("by_task", "by_thread")] != [["1"], ["1"]]:
        state = await kernel.state()
        assert state.stale == ""
