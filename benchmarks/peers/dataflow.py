"""Runs in the peers' own environment: cells as JSON on stdin, each peer's edges and times as JSON on stdout."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from typing import Any


def marimo_edges(sources: list[str]) -> dict[str, Any]:
    """The graph of marimo: by names only; a name that two cells define is an error there, and told as such."""
    from marimo._ast.compiler import compile_cell
    from marimo._runtime.dataflow import DirectedGraph

    started = time.perf_counter()
    graph = DirectedGraph()
    for number, source in enumerate(sources):
        graph.register_cell(str(number), compile_cell(source, cell_id=str(number)))
    built = time.perf_counter() - started
    edges = [[int(parent), int(cell)] for cell in graph.cells for parent in graph.parents[cell]]
    middle = str(len(sources) // 2)
    started = time.perf_counter()
    graph.delete_cell(middle)
    graph.register_cell(middle, compile_cell(sources[int(middle)] + "\nextra = 1", cell_id=middle))
    return {
        "edges": edges,
        "build_ms": built * 1e3,
        "update_ms": (time.perf_counter() - started) * 1e3,
        "refused": sorted(graph.get_multiply_defined()),
    }


def ipyflow_edges(sources: list[str]) -> dict[str, Any]:
    """The graph of ipyflow: traced while the cells run; the time of running them under the tracer is its building time."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "ipyflow")
    from ipyflow.data_model.cell import Cell

    started = time.perf_counter()
    last = started
    for number, source in enumerate(sources):
        last = time.perf_counter()
        shell.run_cell(source, store_history=True, cell_id=number)  # type: ignore[no-untyped-call]
    now = time.perf_counter()
    edges = []
    for count in range(1, len(sources) + 1):
        with contextlib.suppress(KeyError):
            cell = Cell.at_counter(count)
            for parents in (cell.dynamic_parents, cell.static_parents):
                edges += [
                    [Cell.from_id(parent).cell_ctr - 1 if isinstance(parent, int) else parent.cell_ctr - 1, count - 1]
                    for parent in parents
                ]
    return {"edges": edges, "build_ms": (now - started) * 1e3, "update_ms": (now - last) * 1e3, "refused": []}


def main() -> None:
    """Answer one question."""
    asked = json.load(sys.stdin)
    peer = {"marimo": marimo_edges, "ipyflow": ipyflow_edges}[asked["peer"]]
    out = sys.stdout
    with contextlib.redirect_stdout(io.StringIO()):
        answer = peer(asked["sources"])
    print(json.dumps(answer), file=out)


if __name__ == "__main__":
    main()
