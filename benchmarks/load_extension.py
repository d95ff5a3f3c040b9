"""What `%load_ext jupyter_agent` costs a fresh kernel, compared with IPython's own `%load_ext autoreload`: time and modules."""

from __future__ import annotations

import json
import os
from statistics import median
from typing import Any

from jupyter_client.manager import start_new_kernel

FLOOR, OURS = "autoreload", "jupyter_agent"
HEAVY = ("openai", "pydantic", "sqlalchemy", "tornado.web", "http.client", "ssl", "asyncio", "pandas")
KERNELS = 7
LOAD = """
import json, sys, time
before, begin = set(sys.modules), time.perf_counter()
get_ipython().run_line_magic("load_ext", {extension!r})
seconds = time.perf_counter() - begin
print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
"""


def main() -> None:
    """Fresh kernels in turn, so that the load of the machine falls on both alike."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode next to it
    runs: dict[str, list[tuple[float, list[str]]]] = {FLOOR: [], OURS: []}
    for _ in range(KERNELS):
        for extension, found in runs.items():
            found.append(_loaded(extension))
    floor, ours = ([seconds * 1000 for seconds, _ in found] for found in runs.values())
    new = runs[OURS][-1][1]
    print(f"%load_ext {FLOOR}: {median(floor):.1f} ms ({min(floor):.1f} at best), the floor")
    print(
        f"%load_ext {OURS}: {median(ours):.1f} ms ({min(ours):.1f} at best), ratio {median(ours) / median(floor):.1f}"
    )
    print(f"modules: {len(new)} new, heavy ones among them: {sorted({*HEAVY} & {*new}) or 'none'}")


def _loaded(extension: str) -> tuple[float, list[str]]:
    manager, client = start_new_kernel()
    printed: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    try:
        client.execute_interactive(LOAD.format(extension=extension), output_hook=hear, timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    seconds, new = json.loads("".join(printed))
    return seconds, new


if __name__ == "__main__":
    main()
