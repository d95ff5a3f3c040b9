"""Generated requests over the whole OpenAPI document, against a real server whose conversations, turns and kernel exist."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from jupyter_agent.server.openapi.operations import OPERATIONS
from tests.support.notebook_json import code, notebook, text_of
from tests.support.running_server import TOKEN, RunningServer

#: How many requests there must be, and their seconds; `make slow SUITE=fuzz` ends within 45 minutes.
CASES = int(os.environ.get("FUZZ_CASES", "100000"))
SECONDS = int(os.environ.get("FUZZ_SECONDS", "2500"))
#: What is checked of each response; it imports schemathesis, which only the extra `slow` has.
FUZZ_CHECKS = Path(__file__).parents[1] / "support" / "fuzz_checks.py"
#: Phases of the runs that go on at the same time.
RUNS = ("coverage,stateful", "fuzzing", "fuzzing")
CONFIG = f"""
hooks = "{FUZZ_CHECKS}"
workers = 1
request-timeout = 30
max-stream-events = 100000
continue-on-failure = true

[generation]
max-examples = 2500
allow-x00 = true
database = "none"

[checks]
positive_data_acceptance.enabled = false  # what a request means can be wrong although its form is not
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 502, 503, 504, 507]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429, 502, 503, 504, 507]

[[operations]]
include-path = "/api/agent/events"
request-timeout = 0.2
max-stream-events = 1
generation.max-examples = 50

[[operations]]
include-path = "/api/agent/mcp"
headers = {{ Accept = "application/json, text/event-stream" }}

[[operations]]
include-path = "/api/agent/sessions/{{session_id}}/permissions"
checks.use_after_free.enabled = false  # what is deleted is what was allowed: afterwards nothing is
"""
#: KiB.
MAX_GROWTH = 512 * 1024
#: Nothing waits for an answer, nothing is undone that could be redone, and the document is read once, before all.
NEVER_ANSWERED = {
    "GET /api/agent/openapi.json",
    "POST /api/agent/turns/{turn_id}/actions/{call_id}",
    "POST /api/agent/sessions/{session_id}/redo",
}
#: Models and addresses stay: a generated one would be downloaded, or asked over the network.
LOCKED = 'c.JupyterAgent.locked_settings = ["model", "base_url"]\n'


@pytest.mark.slow
async def test_H12_N15_generated_requests_are_answered_as_the_document_says(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "jupyter_server_config.py").write_text(LOCKED, encoding="utf-8")
    options = {"JUPYTER_AGENT_STORE": "memory://", "JUPYTER_AGENT_MODEL": "offline", "SESSION_MAX_CONCURRENT": "5000"}
    server = RunningServer(tmp_path, options)
    await server.start()
    try:
        (server.root / "a.ipynb").write_text(text_of(notebook(code("c1", "x = 1"))), encoding="utf-8")
        kernel = await server.open_notebook("a.ipynb")
        context = {"session_id": "s1", "notebook_id": "a.ipynb"}
        async for _ in server.stream({"query": "x?", "stream": True, "turn_id": "t1", "context": context}):
            pass
        async with server.front_end(kernel) as front_end:
            await front_end.run("x = 1")
        before = server.memory()
        await server("POST", "api/agent/quick", {"query": "x?", "context": {"session_id": "kept"}})
        _, shared = await server("POST", "api/agent/sessions/kept/share", {"mode": "copy"})
        known = {
            "session_id": ["s1", "s2"],
            "notebook_id": ["a.ipynb"],
            "turn_id": ["t1"],
            "kernel_id": [kernel],
            "secret": [shared["secret"]],
            "name": ["x"],
            "model": ["offline"],
            "method": ["initialize", "ping", "tools/list", "tools/call"],
        }
        config = tmp_path / "schemathesis.toml"
        config.write_text(CONFIG, encoding="utf-8")
        codes = await asyncio.gather(
            *(_run_schemathesis(server, config, known, phases, number) for number, phases in enumerate(RUNS))
        )
        statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
        slowest: Counter[str] = Counter()
        for file in tmp_path.glob("counted-*.json"):
            of_run, slowest_of_run = json.loads(file.read_text(encoding="utf-8"))
            for operation, numbers in of_run.items():
                statuses[operation].update(numbers)
            slowest |= Counter(slowest_of_run)
        total = sum(map(Counter, statuses.values()), Counter())
        lines = [f"{operation}: {dict(sorted(numbers.items()))}" for operation, numbers in sorted(statuses.items())]
        lines += [f"{total.total()} requests {dict(sorted(total.items()))}, {server.memory() // 1024} MiB"]
        print("\n".join(lines), slowest.most_common(10))  # noqa: T201 - what was shown
        assert not any(codes)
        assert server.memory() < before + MAX_GROWTH
        answered = {operation for operation, numbers in statuses.items() if any(number[0] == "2" for number in numbers)}
        operations = {f"{method.upper()} {path}" for path, methods in OPERATIONS.items() for method in methods}
        assert operations - answered <= NEVER_ANSWERED
        assert "Traceback" not in server.log
        status, health = await server("GET", "api/agent/health")
        assert (status, health["status"]) == (200, "ok")
        assert total.total() >= CASES
    finally:
        await server.end()


async def _run_schemathesis(
    server: RunningServer, config: Path, known: dict[str, list[str]], phases: str, number: int
) -> int | None:
    """Generate requests of some phases until the time is over and print what is found; the exit code."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
        *(f"{server.url}api/agent/openapi.json", "--url", server.url, "-H", f"Authorization: token {TOKEN}"),
        *("--phases", phases, "--max-time", str(SECONDS), "--no-color"),
    ]
    environment = {**os.environ, "FUZZ_KNOWN": json.dumps(known)}
    output = config.parent / f"{number}.txt"
    with output.open("w", encoding="utf-8") as file:
        fuzzer = await asyncio.create_subprocess_exec(
            *command, stdout=file, stderr=file, cwd=config.parent, env=environment, start_new_session=True
        )
        await asyncio.wait_for(fuzzer.wait(), SECONDS + 300)
    printed = output.read_text(encoding="utf-8")
    print("\n".join(line[:1000] for line in printed.splitlines()))  # noqa: T201 - which requests failed
    return fuzzer.returncode
