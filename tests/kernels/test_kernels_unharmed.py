"""A notebook runs the same with and without us: outputs, counts, names, warnings, modules, threads, garbage."""

from __future__ import annotations

import ast
import asyncio
import os
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_agent.core.kernel_state import ExecutionResult
    from jupyter_agent.kernels.remote import RemoteKernel

    from .conftest import Kernels

NOTEBOOK = [
    "import sys, gc, warnings, threading",
    "import numpy as np\nnp.random.seed(7)\na = [1, 2]\na",
    "class Noisy:\n    def __repr__(self): print('repr'); return 'noisy'\n    def __del__(self): print('freed')",
    "n = Noisy()\ntable = {'k': n}",
    "warnings.warn('careful')\nprint('out'); print('err', file=sys.stderr)",
    "import pandas as pd\ndf = pd.DataFrame({'a': [1, None], 'o': [n, 2]})\nlen(df)",
    "del n, table, df\ngc.collect() >= 0",
    "x = float(np.random.rand())\nx",
    "1 / 0",
    "_",
    "%who",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.gcf().get_size_inches().tolist()",
    "get_ipython().set_next_input('next')",
]
STATE_AFTERWARDS = """
print(repr((
    len(In), sorted(Out), sorted(n for n in dir() if not n.startswith('_i')), _,
    int(np.random.get_state()[1][0]), gc.isenabled(), gc.get_threshold(), len(warnings.filters),
    sorted(t.name for t in threading.enumerate()), threading.active_count(), sys.gettrace(), sys.getprofile(),
    sorted({m.partition('.')[0] for m in sys.modules}),
    [type(f).__name__ for f in sys.meta_path], sorted(get_ipython().magics_manager.magics['line'].keys() - {'agent'}),
)))
"""


def displayed(result: ExecutionResult) -> list[object]:
    """The outputs in order, but each stream by itself: which of two streams is sent first is a matter of time."""
    streams: dict[str, str] = {}
    rest: list[object] = []
    for output in result.outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + output["text"]
        else:
            rest.append(output)
    values: list[object] = ast.literal_eval(re.sub(r"ipykernel_\d+", "ipykernel", repr([result.status, streams, rest])))
    return values


async def run_notebook(kernel: RemoteKernel, observer: RemoteKernel | None) -> tuple[list[object], tuple[object, ...]]:
    """The outputs of the notebook, and the state of the kernel afterwards."""
    shown: list[object] = []
    for cell in NOTEBOOK:
        running = asyncio.create_task(kernel.execute(cell, timeout=60))
        if observer is not None:
            assert not (await observer.state(timeout=30)).stale
        result = await running
        shown.append(displayed(result))
        if observer is not None:
            state = await observer.state(timeout=30)
            for name in state.variables:
                await observer.inspect(name)
    afterwards = await kernel.execute(STATE_AFTERWARDS, timeout=60)
    return shown, ast.literal_eval(afterwards.text)


async def test_a_notebook_runs_the_same_while_we_look(kernels: Kernels, more_kernels: Kernels) -> None:
    alone = await run_notebook(kernels.client(), None)
    observer = more_kernels.client()
    await observer.state(timeout=30)
    watched = await run_notebook(more_kernels.client(), observer)
    assert watched[0] == alone[0]
    assert watched[1] == alone[1]


async def test_looking_draws_no_random_number(kernels: Kernels, tmp_path: Path) -> None:
    # Within one cell, because IPython itself draws some between cells.
    kernel = kernels.client()
    await kernel.state(timeout=20)
    for pipe in ("began", "go"):
        os.mkfifo(tmp_path / pipe)
    code = "import random\nrandom.seed(7)\nopen('began', 'w').close()\nopen('go').close()\nprint(random.random())"
    running = asyncio.create_task(kernel.execute(code, timeout=30))
    await asyncio.to_thread((tmp_path / "began").read_bytes)
    for _ in range(5):
        assert not (await kernel.state()).stale
        await kernel.inspect("random")
    await asyncio.to_thread((tmp_path / "go").write_bytes, b"")
    assert (await running).text == f"{random.Random(7).random()}\n"
