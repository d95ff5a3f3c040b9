"""How true it is what code is asked about: notebooks are run under an audit hook, and what the hook saw is compared with the reasons.

Each notebook's cells run in order, in a copy of its folder and in a fresh process, under ``sys.addaudithook``: files opened for
writing, moved or removed, processes, sockets, databases, the environment, and addresses that the page would load are effects. So are
files that changed without an event, as those written by libraries in C. An effect belongs to a cell where code of the notebook
led to it; what libraries do when they are imported, in their own caches and temporary folders, to their own environment,
or to learn what machine they run on, is none. Nothing is let out into the network.

false       asked about, and the line that is named in the reason ran without any effect
missed      has an effect, and is not asked about
not taken   asked about, but the line that is named did not run: a branch or function that was not taken
not reached asked about, but the cell failed there or before: a file, a module or the network is missing
failed      not asked about, and failed before it had an effect: counts for nothing

Run: ``python benchmarks/risk.py [--list FILE] NOTEBOOK…``; folders are searched. ``RISK_PYTHON`` is an interpreter that has IPython and
what the notebooks import; ``RISK_SECONDS`` is how long one notebook may take.
"""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

SECONDS = int(os.environ.get("RISK_SECONDS", "240"))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Beginnings of audit events → what they reach.
_EVENTS = {
    "files": "os.remove os.rename os.mkdir os.rmdir os.link os.symlink os.chmod os.chown os.truncate os.chdir os.utime os.setxattr "
    "os.removexattr shutil. tempfile.",
    "process": "subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork os.forkpty pty.spawn os.kill os.startfile ctypes.dlopen "
    "pickle.find_class builtins.breakpoint resource.setrlimit",
    "network": "socket.connect socket.getaddrinfo socket.gethostby socket.bind socket.sendto urllib.Request ftplib. smtplib. imaplib. poplib. "
    "telnetlib. http.client.connect webbrowser.open",
    "database": "sqlite3.connect",
    "environment": "os.putenv os.unsetenv",
}
#: Programs by which libraries learn what machine they run on.
_PROBES = re.compile(r"\b(?:lscpu|fc-list|ldconfig|uname|nvidia-smi|lsb_release|sysctl|getconf|which|gcc|cc|file)\b")
_WORKERS = re.compile(r"[/\\](?:joblib|loky|multiprocessing)[/\\]")
_LOADED_BY_PAGE = re.compile(
    r"\b(?:src|data|poster)\s*=\s*[\"']?(?:https?:)?//|url\([\"']?https?:|!\[[^\]]*\]\(https?:", re.IGNORECASE
)


class Watch:
    """Notes which effects the notebook's own code leads to, and which of its lines run."""

    def __init__(self, folder: str, own_folders: list[str]) -> None:
        self.seen: list[str] = []
        self.lines: set[tuple[str, int]] = set()
        self._folder = folder
        self._own_folders = own_folders
        self._library = sysconfig.get_paths()["stdlib"]

    def is_notebook(self, file: str) -> bool:
        return file.startswith(("<ipython-input", "<magic-", "<timed ", self._folder))

    def _callers(self) -> list[str] | None:
        """Files of the frames between the event and the notebook's code, innermost first; None where another led to it."""
        frame: FrameType | None = sys._getframe(2)
        files: list[str] = []
        while frame is not None:
            file = frame.f_code.co_filename
            if self.is_notebook(file):
                return files
            if file.startswith("<frozen importlib"):
                return None
            if not file.startswith(("<frozen", __file__)):
                files.append(f"{file}:{frame.f_code.co_name}")
            frame = frame.f_back
        return None

    def _is_of_library(self, file: str) -> bool:
        return not file.startswith(self._library) or "site-packages" in file

    def event(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Note an audit event, if it reaches beyond the process and the notebook led to it."""
        if name == "open":
            kind = "files" if isinstance(arguments[2], int) and arguments[2] & _WRITING else ""
        else:
            kind = next((kind for kind, names in _EVENTS.items() if name.startswith(tuple(names.split()))), "")
        if not kind or name == "sqlite3.connect/handle":
            return
        if (callers := self._callers()) is None:
            if name == "subprocess.Popen" and threading.current_thread() is not threading.main_thread():
                self.seen.append(f"{kind}: {name}")  # a script magic's
            return
        by_library = any(self._is_of_library(file) for file in callers)
        shown = " ".join(str(argument)[:80] for argument in arguments[:3])
        if kind == "files":
            place = arguments[0] if arguments else None
            is_in_folder = name in ("os.remove", "os.rmdir") and arguments[1] != -1  # which a library is clearing
            if (
                not isinstance(place, (str, bytes, os.PathLike))
                or self._is_own(place, by_library=by_library)
                or (by_library and is_in_folder)
            ):
                return
        elif kind == "process":
            if (
                name == "pickle.find_class"
                and not re.search(r"load|pickle", callers[-1].rpartition(":")[2] if callers else "load")
            ) or (
                by_library
                and (
                    name == "ctypes.dlopen"
                    or _PROBES.search(shown)
                    or (_WORKERS.search(" ".join(callers)) and not _WORKERS.search(callers[-1]))
                )
            ):
                return
        elif (kind == "environment" and by_library) or (kind == "database" and arguments[0] == ":memory:"):
            return
        self.seen.append(f"{kind}: {name} {shown}")
        if kind == "network":
            raise PermissionError("nothing is let out into the network")

    def _is_own(self, path: str | bytes | os.PathLike[str], *, by_library: bool) -> bool:
        text = str(Path(os.fsdecode(path)).absolute())
        always = ("/dev/", "/proc/")
        return text.startswith(always) or (
            by_library and ("__pycache__" in text or text.startswith(tuple(self._own_folders)))
        )

    def read_environment(self) -> None:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename.startswith(("<frozen", os.__file__)):
            frame = frame.f_back
        if frame is not None and self.is_notebook(frame.f_code.co_filename):
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
            if "env" in line:  # else a library in C
                self.seen.append("environment: read")

    def trace(self, frame: FrameType, event: str, _: object) -> Any:
        """A trace function for the notebook's own code."""
        file = frame.f_code.co_filename
        if not self.is_notebook(file):
            return None
        if event == "line":
            self.lines.add((file, frame.f_lineno))
        return self.trace

    def files(self) -> dict[str, tuple[int, int]]:
        """Size and time of each file in the notebook's folder."""
        paths = [path for path in Path(self._folder).rglob("*") if "__pycache__" not in path.parts and path.is_file()]
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


def run_cells(notebook: str, own_folders: list[str]) -> None:
    """Run a notebook's cells here, and print for each what was seen, which lines ran, and where it failed, as a line of JSON."""
    from IPython.core.formatters import DisplayFormatter
    from IPython.core.interactiveshell import InteractiveShell

    report = os.fdopen(os.open(os.environ.pop("RISK_REPORT"), os.O_WRONLY | os.O_CREAT), "w", encoding="utf-8")
    watch = Watch(os.environ.pop("RISK_ROOT"), own_folders)
    sys.path[0] = str(Path(notebook).parent)

    class Shell(InteractiveShell):
        def enable_gui(self, gui: str | None = None) -> None:
            """There is no screen."""

    shell: Any = Shell.instance()
    shell.run_cell("import matplotlib.pyplot, matplotlib.font_manager")  # which may look for fonts with a program
    shell.reset(new_session=False)
    environment_type: Any = type(os.environ)
    get_item = environment_type.__getitem__
    formatter_type: Any = DisplayFormatter
    formatted = formatter_type.format

    def get_variable(self: Any, key: str) -> Any:
        watch.read_environment()
        return get_item(self, key)

    def format_shown(self: Any, value: object, *given: Any, **named: Any) -> Any:
        data, metadata = formatted(self, value, *given, **named)
        texts = [str(text) for kind, text in data.items() if kind in ("text/html", "text/markdown", "image/svg+xml")]
        if "application/javascript" in data or any(_LOADED_BY_PAGE.search(text) for text in texts):
            watch.seen.append("network: what the page loads")
        return data, metadata

    environment_type.__getitem__ = get_variable
    formatter_type.format = format_shown
    names: dict[str, int] = {}
    before = watch.files()
    sys.addaudithook(watch.event)
    for index, source in enumerate(code_cells(Path(notebook))):
        watch.seen.clear()
        watch.lines.clear()
        paths = list(sys.path)
        names[shell.compile.get_code_name(source, shell.transform_cell(source), shell.execution_count)] = index
        sys.settrace(watch.trace)
        result = shell.run_cell(source, store_history=True)
        sys.settrace(None)
        if any("site-packages" not in path for path in set(sys.path) - set(paths)):
            watch.seen.append("environment: sys.path")
        after = watch.files()
        watch.seen += [f"files: changed {path}" for path in after if before.get(path) != after[path]][:3]
        before = after
        error = result.error_in_exec or result.error_before_exec
        failed_at, traceback = 0, error.__traceback__ if error else None
        while traceback is not None:
            if names.get(traceback.tb_frame.f_code.co_filename) == index:
                failed_at = traceback.tb_lineno
            traceback = traceback.tb_next
        lines = sorted({(names.get(file, -1), line) for file, line in watch.lines})
        failure = {"failed": repr(error) if error else "", "failed_at": failed_at}
        print(json.dumps({"seen": sorted(set(watch.seen)), "lines": lines, **failure}), file=report, flush=True)


def code_cells(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [source for source in sources if source.strip()]


def effects(notebook: Path, root: Path) -> list[Mapping[str, Any]]:
    """What each cell did; fewer than there are cells where the process ended or took too long."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".git"))
        own = [str(Path(folder, name)) for name in ("home", "tmp")]
        for path in own:
            Path(path).mkdir()
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": own[0],
            "TMPDIR": own[1],
            "PIP_NO_INDEX": "1",
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
        }
        if data := os.environ.get("SEABORN_DATA"):
            environ["SEABORN_DATA"] = data
        python = os.environ.get("RISK_PYTHON", sys.executable)
        own.append(str(Path(python).parent.parent / "lib"))
        command = [
            python,
            "-W",
            "ignore",
            str(Path(__file__).resolve()),
            "--cells",
            str(copy / notebook.relative_to(root)),
            *own,
        ]
        report = Path(folder, "report")
        environ |= {
            "RISK_ROOT": str(copy),
            "RISK_REPORT": str(report),
        }  # what the cells print does not get between the lines
        with contextlib.suppress(subprocess.TimeoutExpired):  # the cells that were run count
            subprocess.run(
                command,
                cwd=(copy / notebook.relative_to(root)).parent,
                env=environ,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]


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


def notebooks_in(places: Iterable[str]) -> list[tuple[Path, Path]]:
    """Notebooks, each with the folder that is copied for it: the one that was named."""
    named = [(path, place) for place in map(Path, places) if place.is_dir() for path in place.rglob("*.ipynb")]
    named += [(path, path.parent) for path in map(Path, places) if path.is_file()]
    return sorted(pair for pair in named if ".ipynb_checkpoints" not in pair[0].parts)


def spans(sources: list[str], snippet: str) -> Iterator[tuple[int, int, int]]:
    """Where the code that a reason names stands: cell, first line, last line."""
    from jupyter_agent.analysis.cells.source import parse

    wanted = snippet.rstrip("…")
    for index, source in enumerate(sources):
        if wanted.startswith(("!", "%")):
            written = re.compile(re.escape(wanted).replace(r"\ ", r"\s+"))
            lines = [number for number, line in enumerate(source.splitlines(), 1) if written.search(line)]
            yield from ((index, number, number) for number in lines)
            continue
        for node in ast.walk(parse(source).tree):
            if isinstance(node, ast.expr) and " ".join(ast.unparse(node).replace("`", "'").split()).startswith(wanted):
                yield index, node.lineno, node.end_lineno or node.lineno


def kind_of(position: int, sources: list[str], reasons: tuple[str, ...], effect: Mapping[str, Any]) -> str:
    """Which of the kinds above a cell is."""
    if not reasons:
        return "missed" if effect["seen"] else "failed" if effect["failed"] else "free"
    if effect["seen"]:
        return "asked"
    snippets = [snippet for reason in reasons for snippet in re.findall(r"`([^`]*)`", reason)]
    places = [place for snippet in snippets for place in spans(sources[: position + 1], snippet)]
    ran = {tuple(line) for line in effect["lines"]}
    taken = [place for place in places if any((place[0], line) in ran for line in range(place[1], place[2] + 1))]
    if effect["failed"] and (
        not taken or any(place[0] != position or effect["failed_at"] <= place[2] for place in taken)
    ):
        return "not reached"
    return "not taken" if places and not taken else "false"


def compare(notebook: Path, root: Path) -> list[tuple[str, str]]:
    """Kind and description of each cell that was run."""
    asked = list(questions(notebook))
    sources = [cell for cell, _ in asked]
    rows = []
    for position, ((cell, reasons), effect) in enumerate(zip(asked, effects(notebook, root), strict=False)):
        text = "\n    ".join(cell.strip().splitlines()[:30])
        outcome = f"{effect['failed'][:200]} in line {effect['failed_at']}" if effect["failed"] else "ran"
        kind = kind_of(position, sources, reasons, effect)
        rows.append(
            (
                kind,
                f"--- {kind}, {notebook}, cell {position}, {outcome}\n  reasons: {reasons}\n  seen: {effect['seen'][:4]}\n    {text}",
            )
        )
    return rows


def measure(places: Iterable[str], show: Callable[[str], None] = print) -> Counter[str]:
    """Compare questions and effects of all cells, show those that are not free, and return how many there are of each kind."""
    counts: Counter[str] = Counter()
    with ThreadPoolExecutor(2) as pool:
        for rows in pool.map(lambda pair: compare(*pair), notebooks_in(places)):
            counts.update(kind for kind, _ in rows)
            for kind, row in sorted(rows):
                if kind != "free":
                    show(row)
    return counts


def main() -> None:
    if sys.argv[1:2] == ["--cells"]:
        run_cells(sys.argv[2], sys.argv[3:])
        return
    places = sys.argv[1:]
    if places[:1] == ["--list"]:
        with Path(places[1]).open("w", encoding="utf-8") as file:
            counts = measure(places[2:], lambda row: print(row, file=file))
    else:
        counts = measure(places)
    cells = sum(counts.values()) - counts["failed"]
    reaching = counts["asked"] + counts["missed"]
    print(
        f"{cells} cells run, {reaching} of them reach out, {counts['asked']} of these are asked about; {counts['failed']} more failed"
    )
    for kind, whole in {"false": cells, "missed": reaching, "not taken": cells, "not reached": cells}.items():
        print(f"{kind:12} {counts[kind]:5}  {100 * counts[kind] / max(1, whole):.2f} % of {whole}")


if __name__ == "__main__":
    main()
