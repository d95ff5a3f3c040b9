"""Runs cells in forked IPython shells: what each shows, what is left, and what the tracker says. A worker reads and writes JSON lines.

Python's hashes of texts are other ones in the worker that runs a notebook afresh, as they are in another kernel.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Run of one cell: its id and source.
Run = tuple[str, str]
#: What differs between any two kernels.
_VOLATILE = re.compile(r"0x[0-9a-fA-F]{6,}|^Out\[\d+\]: ?|^(?:CPU times|Wall time):.*$", re.MULTILINE)


class Worker:
    """A process that forks a shell for each request.

    Args:
        hash_seed: Of the hashes of texts.
    """

    def __init__(self, hash_seed: int) -> None:
        environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "MPLBACKEND": "agg"}
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def run(self, runs: Sequence[Run], folder: Path) -> dict[str, Any]:
        """Run cells one after the other in a new shell.

        Returns:
            ``outputs`` (cell → text and whether it failed, of its last run), ``values`` (name → digest), ``state`` (of the tracker).
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"runs": list(runs), "folder": str(folder)}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        with self._process:  # closes its pipes, waits for it
            pass


def digest(value: object, depth: int = 0) -> str:
    """A text that is the same for equal values; of code, its kind only."""
    module = type(value).__module__.partition(".")[0]
    if isinstance(value, (types.FunctionType, types.ModuleType, type, types.BuiltinFunctionType)) or depth > 6:
        return type(value).__name__
    if module in ("pandas", "polars"):
        text = value.to_csv() if module == "pandas" and hasattr(value, "to_csv") else repr(value)
        return hashlib.sha256(str(text).encode()).hexdigest()
    if module == "numpy":
        return f"{getattr(value, 'shape', ())}{value.tolist() if hasattr(value, 'tolist') else type(value).__name__}"
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{digest(key, depth + 1)}:{digest(item, depth + 1)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, (set, frozenset)):
        return "{" + ",".join(sorted(digest(item, depth + 1) for item in value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(digest(item, depth + 1) for item in value) + "]"
    if hasattr(value, "__dict__") and module not in ("matplotlib", "sqlite3", "re", "logging"):
        return f"{type(value).__name__}{digest(vars(value), depth + 1)}"
    if isinstance(value, (str, int, float, bool, complex, bytes, type(None))):
        return f"{type(value).__name__} {value!r}"
    return type(value).__name__


def _run_here(runs: Sequence[Run], folder: str) -> dict[str, Any]:
    from IPython.core.interactiveshell import InteractiveShell as Shell
    from IPython.utils.capture import capture_output
    from traitlets.config import Config

    from jupyter_agent import kernelside

    os.chdir(folder)
    sys.path.insert(0, "")
    config = Config()
    config.HistoryManager.enabled = False
    shell: Any = Shell(config=config)  # type: ignore[no-untyped-call]
    kernelside.install(shell, {})
    outputs: dict[str, tuple[str, bool]] = {}
    for cell_id, source in runs:
        with capture_output() as captured:
            result = shell.run_cell(source, store_history=True, cell_id=cell_id)
        shown = [str(output.data.get("text/plain", sorted(output.data))) for output in captured.outputs]
        error = result.error_in_exec or result.error_before_exec
        text = "" if error else _VOLATILE.sub("", "\n".join([captured.stdout, captured.stderr, *shown]))
        outputs[cell_id] = (text, error is not None)
        if error is not None:
            break
    values = {
        name: digest(value) for name, value in shell.user_ns.items() if name[:1] != "_" and name not in _own_names()
    }
    return {"outputs": outputs, "values": values, "state": kernelside.state(shell, "", 0)}


def _own_names() -> frozenset[str]:
    return frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})


def _serve() -> None:
    """Answer requests until the input ends; what cells print does not mix with the answers."""
    for module in (
        "numpy",
        "pandas",
        "polars",
        "matplotlib.pyplot",
        "sklearn.linear_model",
        "IPython.core.interactiveshell",
    ):
        with suppress(ImportError):
            importlib.import_module(module)  # once, for all that are forked
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                answer = _run_here(request["runs"], request["folder"])
                with os.fdopen(writing, "w") as pipe:
                    json.dump(answer, pipe)
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            text = pipe.read()
        os.waitpid(child, 0)
        answers.write(text.replace("\n", " ") + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
