"""`jupyter agent doctor` as a process: judged from the cells, proved by a run in a copy, and stopped."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from jupyter_agent.doctor.isolation import isolation_problem
from tests.support.environments import broken_distribution
from tests.support.notebook_json import write_executed

Run = Callable[..., "subprocess.CompletedProcess[str]"]
DOCTOR = (sys.executable, "-m", "jupyter_agent.cli", "doctor")


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Run the command to its end."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [*DOCTOR, *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)

    return run


def test_N16_without_a_notebook_it_names_what_cannot_be_used_here(
    run: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    ended = run()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "can all be used" in ended.stdout
    environment["PYTHONPATH"] = os.pathsep.join([broken_distribution(tmp_path), environment.get("PYTHONPATH", "")])
    environment["JUPYTER_AGENT_MAX_STEPS"] = "many"
    ended = run("--json")
    assert ended.returncode == 1
    problems = " ".join(json.loads(ended.stdout)["problems"])
    for name in (
        "tool 'broken_tool'",
        "store 'broken'",
        "model provider 'broken_model'",
        "inspector 'fractions.Fraction'",
    ):
        assert f"The {name} (of broken-tools) cannot be loaded" in problems
    assert "JUPYTER_AGENT_MAX_STEPS" in problems


GOOD = (("x = 1", 1, ""), ("print(x + 1)", 2, "2\n"))
OUT_OF_ORDER = (("print(x)", 2, "1\n"), ("x = 1", 1, ""))


def test_a_notebook_that_ran_from_top_to_bottom_is_judged_reproducible(run: Run, tmp_path: Path) -> None:
    ended = run(write_executed(tmp_path / "good.ipynb", *GOOD))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "would reproduce" in ended.stdout


def test_what_was_run_out_of_order_is_told_with_its_cell(run: Run, tmp_path: Path) -> None:
    ended = run(write_executed(tmp_path / "bad.ipynb", *OUT_OF_ORDER))
    assert ended.returncode == 1
    assert "would stop at In [2]: It uses x, which is first defined below it, by In [1]." in ended.stdout


def test_a_data_file_that_is_newer_than_the_notebook_is_told(run: Run, tmp_path: Path) -> None:
    path = write_executed(tmp_path / "good.ipynb", ("text = open('data.txt').read()", 1, ""))
    (tmp_path / "data.txt").write_text("7", encoding="utf-8")
    os.utime(path, (1000, 1000))
    assert "- In [1]: The file data.txt was changed after it was read." in run(path).stdout
    os.utime(tmp_path / "data.txt", (500, 500))
    assert "data.txt" not in run(path).stdout


def test_the_report_as_json(run: Run, tmp_path: Path) -> None:
    ended = run(write_executed(tmp_path / "bad.ipynb", *OUT_OF_ORDER), "--json")
    report = json.loads(ended.stdout)
    assert (report["reproducible"], report["executed"]) == (False, None)
    assert "out_of_order" in {finding["kind"] for finding in report["findings"]}


def test_a_run_in_a_copy_proves_it_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "data.txt").write_text("7", encoding="utf-8")
    cells = ("n = open('data.txt').read()", 1, ""), ("open('data.txt', 'w').write('8')\nprint(n)", 2, "7\n")
    path = write_executed(folder / "good.ipynb", *cells)
    before = path.read_bytes()
    ended = run(path, "--execute")
    assert ended.returncode == 0
    assert ended.stdout.startswith("Restart & Run All reproduces this notebook: 2 cells ran, nothing differs.\n")
    assert "nor the values that variables had at the end" in ended.stdout
    notes, _, progress = ended.stderr.partition("Starting a kernel")
    assert "Not kept away: the network." in notes
    assert "Running cell 2 of 2" in progress
    assert ((folder / "data.txt").read_text(encoding="utf-8"), path.read_bytes()) == ("7", before)
    assert sorted(path.name for path in folder.iterdir()) == ["data.txt", "good.ipynb"]


def test_the_first_difference_of_a_run_is_reported(run: Run, tmp_path: Path) -> None:
    path = write_executed(
        tmp_path / "other.ipynb", ("x = 1", 1, ""), ("print(x + 1)", 2, "3\n"), ("print(1)", 3, "0\n")
    )
    ended = run(path, "--execute")
    assert ended.returncode == 1
    assert "the first output that differs is at In [2]" in ended.stdout
    assert "\n-3\n+2\n" in ended.stdout


def test_a_cell_that_fails_in_the_run_is_reported(run: Run, tmp_path: Path) -> None:
    ended = run(write_executed(tmp_path / "bad.ipynb", *OUT_OF_ORDER), "--execute", "--json")
    assert ended.returncode == 1
    report = json.loads(ended.stdout)
    first = report["executed"]["first"]
    assert (report["reproducible"], first["kind"], first["cell_id"]) == (False, "failed", "c0")
    assert first["after"].startswith("NameError")
    assert report["executed"]["isolation"] in ("overlay", "copy")


def test_N18_a_cell_with_an_absolute_path_changes_no_file_of_the_users(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "data.csv"
    other.parent.mkdir()
    other.write_text("1", encoding="utf-8")
    folder = tmp_path / "work"
    folder.mkdir()
    path = write_executed(folder / "a.ipynb", (f"open({str(other)!r}, 'w').write('2');\nprint(1)", 1, "1\n"))
    ended = run(path, "--execute", "--json")
    executed = json.loads(ended.stdout)["executed"]
    assert other.read_text(encoding="utf-8") == "1"
    assert (ended.returncode, executed["isolation"]) in ((0, "overlay"), (3, "copy"))


def test_a_notebook_that_never_ran_has_an_exit_code_of_its_own(run: Run, tmp_path: Path) -> None:
    ended = run(write_executed(tmp_path / "new.ipynb", ("print(1)", None, "")), "--execute")
    assert ended.returncode == 3
    assert "never ran: there is nothing to compare with. 1 cell ran without an error" in ended.stdout


def test_wrong_usage_is_said(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.ipynb"
    broken.write_text("no notebook", encoding="utf-8")
    for arguments in ((tmp_path / "none.ipynb",), (broken,)):
        ended = run(*arguments)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "Traceback" not in ended.stderr
    assert "examples:" in run("--help").stdout


CONNECTED = "import socket, time\ns = socket.create_connection(('127.0.0.1', {port}))\ns.send(b'x')\ntime.sleep(90)"


@contextmanager
def run_until_connected(
    environment: dict[str, str], folder: Path
) -> Iterator[tuple[subprocess.Popen[str], socket.socket]]:
    """A run whose cell has connected; when its kernel ends, the connection does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        project = folder / "project"  # not the folder that is the user's home
        project.mkdir()
        path = write_executed(project / "slow.ipynb", (CONNECTED.format(port=server.getsockname()[1]), 1, ""))
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen([*DOCTOR, str(path), "--execute"], env=environment, **pipes) as process:
            server.settimeout(60)
            connection, _ = server.accept()
            connection.settimeout(60)
            with connection:
                assert connection.recv(1) == b"x"
                yield process, connection


def scratch_folder(process: subprocess.Popen[str]) -> Path:
    """Where a running check keeps what its cells write: the kernel's command names it, or the kernel works below it."""
    [child] = psutil.Process(process.pid).children()
    command = child.cmdline()
    if "--scratch" in command:
        return Path(command[command.index("--scratch") + 1])
    return next(folder for folder in Path(child.cwd()).parents if folder.name.startswith("jupyter-agent-"))


def test_ctrl_c_ends_the_run_and_its_kernel(environment: dict[str, str], tmp_path: Path) -> None:
    with run_until_connected(environment, tmp_path) as (process, connection):
        scratch = scratch_folder(process)
        assert scratch.exists()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (130, "")
        assert "Stopped." in err
        assert "Traceback" not in err
        assert connection.recv(1) == b""
    assert not scratch.exists()


@pytest.mark.skipif(
    isolation_problem(Path.cwd()) != "", reason="only the process that isolates cleans up after a killed one"
)
def test_what_a_killed_run_has_changed_is_removed_all_the_same(environment: dict[str, str], tmp_path: Path) -> None:
    with run_until_connected(environment, tmp_path) as (process, connection):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        isolating = [os.pidfd_open(int(child)) for child in children]
        scratch = scratch_folder(process)
        assert scratch.exists()
        process.kill()
        assert connection.recv(1) == b""
        for descriptor in isolating:
            assert select.select([descriptor], [], [], 60)[0]
            os.close(descriptor)
    assert not scratch.exists()
