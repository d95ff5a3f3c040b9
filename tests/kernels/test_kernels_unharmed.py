"""A notebook runs the same with and without us: outputs, counts, names, warnings, random state, modules, garbage."""

from __future__ import annotations

import ast
import asyncio
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_agent.kernels.remote import RemoteKernel

    from .conftest import Kernels

NOTEBOOK = [
    "import random, sys, gc, warnings, threading\nrandom.seed(7)",
    "import numpy as np\nnp.random.seed(7)\na = [1, 2]\na",
    "class Noisy:\n    def __repr__(self): print('repr'); return 'noisy'\n    def __del__(self): print('freed')",
    "n = Noisy()\ntable = {'k': n}",
    "warnings.warn('careful')\nprint('out'); print('err', file=sys.stderr)",
    "import pandas as pd\ndf = pd.DataFrame({'a': [1, None], 'o': [n, 2]})\nlen(df)",
    "del n, table, df\ngc.collect() >= 0",
    "x = random.random(), float(np.random.rand())\nx",
    "1 / 0",
    "_",
    "%who",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.gcf().get_size_inches().tolist()",
    "get_ipython().set_next_input('next')",
]
AFTERWARDS = """
print(repr((
    len(In), sorted(Out), sorted(n for n in dir() if not n.startswith('_i')), _, random.getstate()[1][:3],
    int(np.random.get_state()[1][0]), gc.isenabled(), gc.get_threshold(), len(warnings.filters),
    sorted(t.name for t in threading.enumerate()), threading.active_count(), sys.gettrace(), sys.getprofile(),
    sorted({m.partition('.')[0] for m in sys.modules if not m.startswith('_jupyter_agent_kernelside')}),
    [type(f).__name__ for f in sys.meta_path], sorted(get_ipython().magics_manager.magics['line'].keys() - {'agent'}),
)))
"""


async def told(kernel: RemoteKernel, looking: RemoteKernel | None) -> tuple[list[object], tuple[object, ...]]:
    """What the notebook shows, and what is found in the kernel afterwards."""
    shown: list[object] = []
    for cell in NOTEBOOK:
        running = asyncio.create_task(kernel.execute(cell, timeout=60))
        if looking is not None:
            assert not (await looking.state(timeout=30)).stale
        result = await running
        shown.append((result.status, re.sub(r"ipykernel_\d+", "ipykernel", result.text), result.images))
        if looking is not None:
            state = await looking.state(timeout=30)
            for name in state.variables:
                await looking.inspect(name)
    afterwards = await kernel.execute(AFTERWARDS, timeout=60)
    return shown, ast.literal_eval(afterwards.text)


async def test_a_notebook_runs_the_same_while_we_look(kernels: Kernels, more_kernels: Kernels) -> None:
    alone = await told(kernels.client(), None)
    looking = more_kernels.client()
    await looking.state(timeout=30)
    watched = await told(more_kernels.client(), looking)
    assert watched[0] == alone[0]
    assert watched[1] == alone[1]
