"""`jupyter agent doctor` without running anything: a running server is asked, else IPython's history, else the file is all there is."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.notebook_json import write_executed

REPLY = {
    "restart_and_run_all": {"verdict": "differs"},
    "findings": [],
    "kernel_id": "k1",
    "markdown": "Restart & Run All would differ at In [1]: It was edited after it ran.",
}


def doctor(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jupyter_agent.cli", "doctor", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture
def asked(environment: dict[str, str], tmp_path: Path) -> Iterator[list[str]]:
    """The requests to a server that runs here and has the notebook's kernel."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(f"{self.path} {self.headers['Authorization']}")
            body = json.dumps(REPLY).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    runtime = Path(environment["JUPYTER_RUNTIME_DIR"])
    runtime.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    gone = {"url": "http://127.0.0.1:9/", "token": "t", "root_dir": str(tmp_path)}
    (runtime / "jpserver-1.json").write_text(json.dumps(gone), encoding="utf-8")
    (runtime / "jpserver-2.json").write_text(json.dumps({**gone, "url": url}), encoding="utf-8")
    yield requests
    server.shutdown()
    server.server_close()


def test_the_kernel_of_a_running_server_tells_what_ran(
    environment: dict[str, str], tmp_path: Path, asked: list[str]
) -> None:
    (tmp_path / "work").mkdir()
    path = write_executed(tmp_path / "work" / "a.ipynb", ("x = 1", 1, ""))
    ended = doctor(environment, path)
    assert (ended.returncode, ended.stdout.strip()) == (1, REPLY["markdown"])
    assert asked == ["/api/agent/doctor?notebook_id=work%2Fa.ipynb token t"]
    report = json.loads(doctor(environment, path, "--json").stdout)
    assert (report["reproducible"], report["kernel_id"]) == (False, "k1")


def test_without_a_server_ipythons_history_tells_of_edits(environment: dict[str, str], tmp_path: Path) -> None:
    path = write_executed(tmp_path / "a.ipynb", ("rate = 5", 1, ""), ("print(rate * 2)", 2, "2\n"), ("y = 1", 3, ""))
    assert doctor(environment, path).returncode == 0  # from the file alone nothing is wrong
    environment["IPYTHONDIR"] = str(tmp_path / "ipython")
    file = tmp_path / "ipython" / "profile_default" / "history.sqlite"
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as database:
        database.execute("create table history (session integer, line integer, source text, source_raw text)")
        rows = [(1, line, source, source) for line, source in enumerate(("rate = 1", "print(rate * 2)", "y = 1"), 1)]
        database.executemany("insert into history values (?, ?, ?, ?)", rows)
        database.commit()
    ended = doctor(environment, path)
    assert ended.returncode == 1
    assert ended.stdout.startswith(
        "Restart & Run All would differ at In [1]: It was edited after it ran. In [2] is stale, too."
    )
    assert "what ran is read from IPython's history" in ended.stdout


def test_of_cells_that_are_not_python_nothing_can_be_told(environment: dict[str, str], tmp_path: Path) -> None:
    path = write_executed(tmp_path / "a.ipynb", ("x <- c(1, 2)", 1, ""))
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"] = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    ended = doctor(environment, path)
    assert ended.returncode == 3
    assert "cannot tell. Its cells are written in r, and only Python is understood here." in ended.stdout


def test_of_what_a_notebook_keeps_outside_of_the_kernel_nothing_can_be_told(
    environment: dict[str, str], tmp_path: Path
) -> None:
    cells = ("with open('log.txt', 'a') as f:\n    f.write('x')", 1, ""), ("len(open('log.txt').read())", 2, "1")
    ended = doctor(environment, write_executed(tmp_path / "a.ipynb", *cells))
    assert ended.returncode == 3
    assert "In [1] appends to the file log.txt" in ended.stdout
