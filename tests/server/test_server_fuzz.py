"""Generated requests over the whole OpenAPI document, against a real server whose conversations, turns and kernel exist."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.running_server import TOKEN, RunningServer

#: Seconds for generated requests; `make slow SUITE=fuzz` ends within 45 minutes.
SECONDS = int(os.environ.get("FUZZ_SECONDS", "2400"))
CONFIG = """
[parameters]
"path.session_id" = "s1"
"path.turn_id" = "t1"
"path.kernel_id" = "{kernel}"
"path.secret" = "{secret}"
"path.name" = "x"

[checks]
positive_data_acceptance.enabled = false  # what a request means can be wrong although its form is not

[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 502, 503, 504, 507]
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
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
            *(f"{server.url}api/agent/openapi.json", "--url", server.url, "-H", f"Authorization: token {TOKEN}"),
            *("--phases", "coverage,fuzzing,stateful", "--max-examples", "2500", "--max-time", str(SECONDS)),
            *("--exclude-path", "/api/agent/events"),  # it never ends
            *("--request-timeout", "30", "--generation-allow-x00", "true", "--continue-on-failure", "--no-color"),
        ]
        pipe = asyncio.subprocess.PIPE
        fuzzer = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, cwd=tmp_path)
        printed, problems = await asyncio.wait_for(fuzzer.communicate(), SECONDS + 300)
        print(printed.decode()[-20_000:])  # noqa: T201 - which requests failed
        assert fuzzer.returncode == 0, problems.decode()[-2_000:]
        assert "Traceback" not in server.log
        status, health = await server("GET", "api/agent/health")
        assert (status, health["status"]) == (200, "ok")
    finally:
        await server.end()
