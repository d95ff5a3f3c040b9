"""How true it is what code is asked about: notebooks are run under an audit hook, and what the hook saw is compared with the reasons.

Each notebook's cells run in order, in a copy of its folder and in a fresh process, under ``sys.addaudithook``: files opened for
writing, moved or removed, processes, sockets, databases and changes of the environment are effects. What libraries do in
their own caches and temporary folders is none. A question about a cell without effects is false; effects of a cell that is not
asked about are missed. Cells that fail before they have an effect count for neither. Nothing is let out into the network.

Run: ``python benchmarks/risk.py NOTEBOOK…``; folders are searched. ``RISK_PYTHON`` is an interpreter that has IPython and what the
notebooks import; ``RISK_ASKED=1`` prints also the true questions.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

SECONDS = 240
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FILES = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.truncate",
    "os.chdir",
)
_PROCESSES = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "pty.spawn",
    "os.kill",
)
_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto", "urllib.Request", "ftplib.connect")


def run_cells(notebook: str, own_folders: list[str]) -> None:
    """Run a notebook's cells here, and print for each what the hook saw, and whether it failed, as a line of JSON."""
    from IPython.core.interactiveshell import InteractiveShell

    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    seen: list[str] = []

    def is_own(path: object) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return True
        text = str(Path(os.fsdecode(path)).absolute())
        return "__pycache__" in text or any(text.startswith(folder) for folder in own_folders)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING and not is_own(path):
                seen.append(f"files: open {path}")
        elif event.startswith(("shutil.", *_FILES)):
            if not is_own(arguments[0] if arguments else None):
                seen.append(f"files: {event} {arguments[0]}")
        elif event in _PROCESSES or event == "pickle.find_class":
            seen.append(f"process: {event} {str(arguments)[:80]}")
        elif event in _NETWORK:
            seen.append(f"network: {event} {str(arguments[1:])[:80]}")
            raise PermissionError("nothing is let out into the network")
        elif event == "sqlite3.connect" and arguments[0] != ":memory:":
            seen.append(f"database: {event} {arguments[0]}")
        elif event in ("os.putenv", "os.unsetenv"):
            seen.append(f"environment: {event} {arguments[0]!r}")

    class Shell(InteractiveShell):
        def enable_gui(self, gui: str | None = None) -> None:
            """There is no screen."""

    shell: Any = Shell.instance()
    shell.run_cell("import matplotlib.pyplot, matplotlib.font_manager")  # which may look for fonts with a program
    shell.reset(new_session=False)
    sys.addaudithook(hook)
    for source in code_cells(Path(notebook)):
        seen.clear()
        paths = list(sys.path)
        result = shell.run_cell(source, store_history=True)
        if sys.path != paths:
            seen.append("environment: sys.path")
        error = result.error_in_exec or result.error_before_exec
        print(json.dumps({"seen": sorted(set(seen)), "failed": repr(error) if error else ""}), file=report, flush=True)


def code_cells(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [source for source in sources if source.strip()]


def effects(notebook: Path) -> list[Mapping[str, Any]]:
    """What each cell did; fewer than there are cells where the process ended or took too long."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        shutil.copytree(notebook.parent, copy, ignore=shutil.ignore_patterns(".git"))
        own = [str(Path(folder, name)) for name in ("home", "tmp")]
        for path in own:
            Path(path).mkdir()
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": own[0],
            "TMPDIR": own[1],
            "PIP_NO_INDEX": "1",
            "MPLBACKEND": "Agg",
        }
        if data := os.environ.get("SEABORN_DATA"):
            environ["SEABORN_DATA"] = data
        python = os.environ.get("RISK_PYTHON", sys.executable)
        own += ["/dev/", str(Path(python).parent.parent / "lib"), "/proc/"]
        command = [python, "-W", "ignore", str(Path(__file__).resolve()), "--cells", str(copy / notebook.name), *own]
        report = Path(folder, "report")
        with report.open("w", encoding="utf-8") as file:
            try:
                subprocess.run(
                    command, cwd=copy, env=environ, stdout=file, stderr=subprocess.DEVNULL, timeout=SECONDS, check=False
                )
            except subprocess.TimeoutExpired:
                print(f"{notebook.name}: not all cells were run in {SECONDS} s")
        lines = report.read_text(encoding="utf-8", errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"seen": ')]


def questions(notebook: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each cell with the reasons for which it is asked about, as after the cells before it have run."""
    from jupyter_agent.analysis import risk
    from jupyter_agent.analysis.origins import imported_modules

    cells = code_cells(notebook)
    modules: dict[str, str] = {}
    waiting = list(imported_modules(cells))
    while waiting:
        name = waiting.pop()
        for path in (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"):
            file = notebook.parent / path
            if name not in modules and file.is_file():
                modules[name] = file.read_text(encoding="utf-8", errors="replace")
                waiting += imported_modules(
                    [modules[name]], name if path.endswith("__init__.py") else name.rpartition(".")[0]
                )
    for position, cell in enumerate(cells):
        reasons = risk.reasons(cell, sources=cells[:position], modules=modules)
        yield cell, tuple(f"{reason.code}: {reason.text.partition(': ')[2]}" for reason in reasons)


def notebooks_in(places: Iterable[str]) -> list[Path]:
    paths = [path for place in map(Path, places) for path in (place.rglob("*.ipynb") if place.is_dir() else [place])]
    return sorted(path for path in paths if ".ipynb_checkpoints" not in path.parts)


def measure(places: Iterable[str], show: Callable[[str], None] = print) -> Counter[str]:
    """Compare questions and effects of all cells, show where they differ, and return how many there are of each kind."""
    counts: Counter[str] = Counter()
    for notebook in notebooks_in(places):
        for (cell, reasons), effect in zip(questions(notebook), effects(notebook), strict=False):
            if effect["failed"] and not effect["seen"]:
                counts["failed"] += 1
                if os.environ.get("RISK_FAILED"):
                    show(f"--- failed, {notebook}: {effect['failed'][:200]}")
                continue
            kind = {(False, False): "free", (True, True): "asked", (True, False): "false", (False, True): "missed"}[
                bool(reasons), bool(effect["seen"])
            ]
            counts[kind] += 1
            if kind in ("false", "missed") or (kind == "asked" and os.environ.get("RISK_ASKED")):
                text = "\n    ".join(cell.strip().splitlines()[:30])
                show(f"--- {kind}, {notebook}\n  reasons: {reasons}\n  seen: {effect['seen'][:4]}\n    {text}")
    return counts


def main() -> None:
    if sys.argv[1:2] == ["--cells"]:
        run_cells(sys.argv[2], sys.argv[3:])
        return
    counts = measure(sys.argv[1:])
    cells = sum(counts[kind] for kind in ("free", "asked", "false", "missed"))
    print(
        f"{cells} cells run: {counts['asked']} asked about rightly, {counts['failed']} more failed before they did anything"
    )
    for kind in ("false", "missed"):
        print(f"{kind:7} {counts[kind]:5}  {100 * counts[kind] / max(1, cells):.2f} % of the cells")


if __name__ == "__main__":
    main()
