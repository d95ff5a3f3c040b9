"""Code on trial: it sees the user's names, displays to who asked, and leaves the namespace, history and counts alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import ZmqTransport
from tests.support.real_kernel import run

if TYPE_CHECKING:
    from .conftest import Kernels

LEFT = "print(len(In), sorted(Out), repr(globals().get('_')), sorted(n for n in dir() if not n.startswith('_i')))"


async def test_a_trial_sees_the_users_names_and_binds_none(kernel: RemoteKernel) -> None:
    await run(kernel, "a = 20\n'kept'")
    before = await run(kernel, LEFT)
    result = await kernel.try_execute("b = a + 1\na = 0\nprint('out')\ndef f(): return b * 2\nf()", timeout=20)
    assert (result.status, result.text, result.changed, result.execution_count) == ("ok", "out\n42\n", (), None)
    assert [output["output_type"] for output in result.outputs] == ["stream", "display_data"]
    after = await run(kernel, LEFT)
    assert (before[0], after[0], after[1:]) == ("3", "4", before[1:])
    assert await run(kernel, "print(a)") == "20\n"


async def test_names_that_the_users_functions_rebind_are_bound_back(kernel: RemoteKernel) -> None:
    await run(
        kernel, "count = 1\nrows = [1]\ndef grow():\n    global count, more\n    count = more = 2\n    rows.append(2)"
    )
    result = await kernel.try_execute("grow()\ncount, rows", timeout=20)
    assert (result.text, result.changed) == ("(1, [1, 2])\n", ("rows",))
    assert await run(kernel, "print(count, rows, 'more' in globals())") == "1 [1, 2] False\n"


async def test_random_numbers_and_the_working_folder_are_as_before(kernel: RemoteKernel, tmp_path: Path) -> None:
    draw = "import random, numpy, os\nrandom.seed(3), numpy.random.seed(3)\nhere = os.getcwd()"
    await run(kernel, draw)
    tried = await kernel.try_execute(
        f"os.chdir({str(tmp_path.parent)!r})\nrandom.random(), float(numpy.random.rand())", timeout=20
    )
    assert await run(kernel, "random.random(), float(numpy.random.rand())") == tried.text
    assert await run(kernel, "print(here == os.getcwd())") == "True\n"


async def test_a_failing_trial_is_told_from_its_own_first_line_on(kernel: RemoteKernel) -> None:
    await run(kernel, "def half(n):\n    return n // 0")
    result = await kernel.try_execute("x = 1\nhalf(x)", timeout=20)
    assert result.error is not None
    assert (result.status, result.error.name) == ("error", "ZeroDivisionError")
    assert "half(x)" in result.text
    assert "trial.py" not in result.text
    assert [output["output_type"] for output in result.outputs] == ["error"]
    assert await run(kernel, "import sys\nprint(getattr(sys, 'last_value', None))") == "None\n"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("%timeit 1", "SyntaxError"),
        ("!ls", "SyntaxError"),
        ("%%bash\nls", "SyntaxError"),
        ("x = !ls", "SyntaxError"),
        ("def", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("class Odd(BaseException):\n    def __str__(self): raise Odd\nraise Odd", "Odd"),
        ("input()", "StdinNotImplementedError"),
        ("await nothing", "NameError"),
    ],
)
async def test_whatever_is_raised_in_a_trial_is_an_error_result(kernel: RemoteKernel, code: str, name: str) -> None:
    result = await kernel.try_execute(code, timeout=20)
    assert result.error is not None
    assert (result.status, result.error.name) == ("error", name)
    assert (await kernel.try_execute("'alive'", timeout=10)).text == "'alive'\n"


async def test_a_trial_may_await(kernel: RemoteKernel) -> None:
    await run(kernel, "import asyncio\nasync def later(n):\n    await asyncio.sleep(0)\n    return n")
    result = await kernel.try_execute("n = await later(41)\nawait later(n + 1)", timeout=20)
    assert (result.status, result.text) == ("ok", "42\n")
    assert await run(kernel, "print('n' in globals())") == "False\n"


async def test_K4_an_endless_trial_is_interrupted_at_the_time_limit(kernel: RemoteKernel) -> None:
    await run(kernel, "rows = []")
    code = "print('partial')\nrows.append(1)\nwhile True: pass"
    result = await kernel.try_execute(code, timeout=1)
    assert (result.status, result.text.splitlines()[0], result.changed) == ("timeout", "partial", ("rows",))
    assert await run(kernel, "print('alive')") == "alive\n"


async def test_a_trials_figures_are_shown_and_do_not_come_up_later(kernel: RemoteKernel) -> None:
    await run(kernel, "%matplotlib inline\nimport matplotlib.pyplot as plt")
    result = await kernel.try_execute("plt.plot([1, 2]);", timeout=60)
    assert ([picture.mime for picture in result.pictures], result.images) == (["image/png"], 1)
    later = await kernel.execute("len(plt.get_fignums())", timeout=20)
    assert (later.text, later.images) == ("0\n", 0)


async def test_a_trial_is_no_run_of_a_cell(kernel: RemoteKernel) -> None:
    await run(kernel, "items = [1]")
    first = await kernel.state(timeout=20)
    await kernel.try_execute("items.append(2)\nmine = 1", timeout=20)
    second = await kernel.state(timeout=20)
    assert second.executions == first.executions
    assert second.changes_since(first.epoch, first.version) == ("items",)


async def test_K20_a_trial_in_a_kernel_that_was_restarted_unnoticed_runs_once(kernels: Kernels) -> None:
    kernel = kernels.client()
    await kernel.state(timeout=20)
    await kernels.manager.restart_kernel(now=True)
    result = await kernel.try_execute("print('once')", timeout=30)
    assert (result.status, result.text) == ("ok", "once\n")


async def test_V10_shadowed_names_do_not_matter_to_a_trial(kernel: RemoteKernel) -> None:
    await run(kernel, "get_ipython = exec = eval = compile = json = 'mine'")
    result = await kernel.try_execute("get_ipython, exec", timeout=20)
    assert (result.status, result.text) == ("ok", "('mine', 'mine')\n")


async def test_a_signature_comes_without_colours_and_unknown_names_are_not_found(kernel: RemoteKernel) -> None:
    await run(kernel, "def convert(value, unit='m'):\n    'To another unit.'")
    text = await kernel.signature("convert(1, ", 8)
    assert text.splitlines()[0].split() == ["Signature:", "convert(value,", "unit='m')"]
    assert "To another unit." in text
    with pytest.raises(NotFound):
        await kernel.signature("nothing(", 7)


async def test_a_restart_empties_the_kernel_and_it_works_again(kernels: Kernels) -> None:
    kernel = kernels.client()
    await run(kernel, "a = 1")
    first = await kernel.state(timeout=20)
    await kernel.restart()
    second = await kernel.state(timeout=30)
    assert (second.stale, dict(second.variables), second.epoch == first.epoch) == ("", {}, False)
    assert await run(kernel, "print('again')") == "again\n"


async def test_a_kernel_that_nobody_may_restart_says_where_it_is_done(kernels: Kernels) -> None:
    kernel = RemoteKernel(ZmqTransport(kernels.manager.client()), "k")
    with pytest.raises(KernelUnavailable, match="Kernel menu"):
        await kernel.restart()
    await kernel.close()
