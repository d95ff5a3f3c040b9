"""Generated requests over the whole OpenAPI document, against a real server whose conversations, turns and kernel exist."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support import fuzz_checks
from tests.support.running_server import TOKEN, RunningServer

#: How many requests there must be, and their seconds; `make slow SUITE=fuzz` ends within 45 minutes.
CASES = int(os.environ.get("FUZZ_CASES", "100000"))
SECONDS = int(os.environ.get("FUZZ_SECONDS", "2400"))
#: Phases of the runs that go on at the same time.
RUNS = ("coverage,stateful", "fuzzing")
CONFIG = f"""
hooks = "{fuzz_checks.__file__}"
workers = 2
request-timeout = 30
max-stream-events = 100000
continue-on-failure = true

[generation]
max-examples = 2500
allow-x00 = true
database = "none"

[dictionaries]
notebooks.values = ["a.ipynb"]
sessions.values = ["s1", "s2"]
turns.values = ["t1"]
kernels.values = ["{{kernel}}"]
secrets.values = ["{{secret}}"]
names.values = ["x"]

[parameters]
"path.session_id" = {{{{ dictionary = "sessions", probability = 0.8 }}}}
"path.turn_id" = {{{{ dictionary = "turns", probability = 0.8 }}}}
"path.kernel_id" = {{{{ dictionary = "kernels", probability = 0.8 }}}}
"path.secret" = {{{{ dictionary = "secrets", probability = 0.8 }}}}
"path.name" = {{{{ dictionary = "names", probability = 0.8 }}}}
"query.notebook_id" = {{{{ dictionary = "notebooks", probability = 0.8 }}}}
"query.session_id" = {{{{ dictionary = "sessions", probability = 0.8 }}}}
"query.kernel_id" = {{{{ dictionary = "kernels", probability = 0.8 }}}}
"body.context.session_id" = {{{{ dictionary = "sessions", probability = 0.6 }}}}
"body.context.notebook_id" = {{{{ dictionary = "notebooks", probability = 0.6 }}}}
"body.context.kernel_id" = {{{{ dictionary = "kernels", probability = 0.3 }}}}

[checks]
positive_data_acceptance.enabled = false  # what a request means can be wrong although its form is not
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 502, 503, 504, 507]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429, 502, 503, 504, 507]

[[operations]]
include-path = "{fuzz_checks.NEVER_ENDS}"
request-timeout = 0.3
max-stream-events = 1
generation.max-examples = 50
"""
#: Models and addresses stay: a generated one would be downloaded, or asked over the network.
LOCKED = 'c.JupyterAgent.locked_settings = ["model", "base_url"]\n'


@pytest.mark.slow
async def test_H12_N15_generated_requests_are_answered_as_the_document_says(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "jupyter_server_config.py").write_text(LOCKED, encoding="utf-8")
    server = RunningServer(tmp_path, {"JUPYTER_AGENT_STORE": "memory://", "JUPYTER_AGENT_MODEL": "offline"})
    await server.start()
    try:
        cell: dict[str, Any] = {
            "cell_type": "code",
            "id": "c1",
            "source": "x = 1",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (server.root / "a.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        kernel = await server.open_notebook("a.ipynb")
        context = {"session_id": "s1", "notebook_id": "a.ipynb"}
        async for _ in server.stream({"query": "x?", "stream": True, "turn_id": "t1", "context": context}):
            pass
        _, shared = await server("POST", "api/agent/sessions/s1/share", {"mode": "copy"})
        config = tmp_path / "schemathesis.toml"
        config.write_text(CONFIG.format(kernel=kernel, secret=shared["secret"]), encoding="utf-8")
        await asyncio.gather(*(_run_schemathesis(server, config, phases) for phases in RUNS))
        counted: Counter[str] = Counter()
        for file in tmp_path.glob("counted-*.json"):
            counted.update(json.loads(file.read_text(encoding="utf-8")))
        statuses = {status: number for status, number in sorted(counted.items()) if status.isdigit()}
        slowest = [(name, number) for name, number in counted.most_common() if name.startswith("slowest")]
        print(statuses, slowest[:10], f"{server.memory() // 1024} MiB")  # noqa: T201 - what was shown
        assert sum(statuses.values()) >= CASES
        assert "Traceback" not in server.log
        status, health = await server("GET", "api/agent/health")
        assert (status, health["status"]) == (200, "ok")
    finally:
        await server.end()


async def _run_schemathesis(server: RunningServer, config: Path, phases: str) -> None:
    """Generate requests of some phases until the time is over; what is found fails."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
        *(f"{server.url}api/agent/openapi.json", "--url", server.url, "-H", f"Authorization: token {TOKEN}"),
        *("--phases", phases, "--max-time", str(SECONDS), "--no-color"),
    ]
    output = config.parent / f"{phases}.txt"
    with output.open("w", encoding="utf-8") as file:
        fuzzer = await asyncio.create_subprocess_exec(*command, stdout=file, stderr=file, cwd=config.parent)
        await asyncio.wait_for(fuzzer.wait(), SECONDS + 300)
    printed = output.read_text(encoding="utf-8")
    print("\n".join(line[:1000] for line in printed.splitlines()))  # noqa: T201 - which requests failed
    assert fuzzer.returncode == 0
