"""SECURITY.md: its promises have tests, and its commands remove everything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import redis

from tests.support.database_servers import PostgresServer, RedisServer
from tests.support.notebook_json import code, notebook, text_of

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
OURS, STORES, NOTEBOOK = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
Shell = Callable[..., str]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A terminal whose user has a home of their own, no keyring, and Jupyter's programs."""
    ours = {
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "JUPYTER_AGENT_MODEL": "offline",
    }

    def run(commands: str, environment: Mapping[str, str] | None = None) -> str:
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            env={**ours, **(environment or {})},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return ran.stdout

    return run


def test_each_promise_has_a_row_of_hazards_and_the_readme_leads_to_the_page() -> None:
    hazards = (ROOT / "tests" / "HAZARDS.md").read_text(encoding="utf-8")
    defined = set(re.findall(r"^\| ([A-Z]\d+) \|", hazards, re.MULTILINE))
    excused = set(re.findall(r"^- `([A-Z]\d+)`: \S", hazards, re.MULTILINE))
    named = {hazard for group in re.findall(r"\(((?:[A-Z]\d+ ?)+)\)", PAGE) for hazard in group.split()}
    assert len(named) > 20
    assert (named - defined, named & excused) == (set(), set())
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_commands_remove_what_is_on_the_disk(shell: Shell, tmp_path: Path) -> None:
    shell("jupyter agent ask hello --session s1")
    shell("python -c \"from jupyter_agent.config import api_keys; api_keys.store({'OPENAI_API_KEY': 'sk-1'})\"")
    data = Path(shell("jupyter --data-dir").strip()) / "jupyter-agent"
    assert {"keys.json", "sessions.db"} <= {path.name for path in data.iterdir()}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (data, *data.iterdir()))
    shell(OURS)
    assert [path for path in tmp_path.rglob("*") if "agent" in path.name] == []


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PostgresServer, RedisServer]]:
    sql, keys = PostgresServer(), RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        yield sql, keys
    finally:
        sql.stop()
        keys.stop()


def test_the_commands_remove_what_is_in_a_shared_store(
    stores: tuple[PostgresServer, RedisServer], shell: Shell
) -> None:
    sql, keys = stores
    of_sql, of_redis = STORES.splitlines()
    tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'jupyter_agent%'"
    client = redis.Redis(port=keys.port)
    client.set("of-others", "1")
    places: list[tuple[str, str, Callable[[], object], int]] = [
        (sql.url, of_sql, lambda: sql.ask(tables)[0][0], 0),
        (keys.url, of_redis, client.dbsize, 1),
    ]
    for url, commands, count, left in places:
        environment = {"JUPYTER_AGENT_STORE": url}
        shell("jupyter agent ask hello --session s1", environment)
        assert int(str(count())) > 1
        shell(commands, environment)
        assert count() == left
    client.close()


def test_the_commands_remove_what_is_in_a_notebook(shell: Shell, tmp_path: Path) -> None:
    marked = code("a", "x", metadata={"jupyter_agent": {"turn_id": "t1"}, "tags": ["mine"]})
    place = tmp_path / "notebook.ipynb"
    place.write_text(text_of(notebook(marked)), encoding="utf-8")
    shell(NOTEBOOK)
    assert json.loads(place.read_text(encoding="utf-8"))["cells"][0]["metadata"] == {"tags": ["mine"]}
