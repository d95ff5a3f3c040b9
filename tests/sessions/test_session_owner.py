"""Whose conversations they are where a server knows no users: made once, kept, and never guessed."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_agent.core.errors import BadRequest, StoreUnavailable
from jupyter_agent.sessions.owner import (
    EVERYBODY,
    LOCAL,
    deleted_owner,
    everybody_owner,
    is_user,
    process_owner,
    user_owner,
)

STORE = "redis://127.0.0.1/0"
PRINT_OWNER = "from jupyter_agent.sessions.owner import process_owner; print(process_owner('', 'redis://x'))"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jupyter's data folder, which is not there yet."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    return tmp_path / "data"


def test_N11_the_owner_is_random_and_kept_for_this_account_alone(data: Path) -> None:
    owner = process_owner("", STORE)
    assert re.fullmatch("server:[0-9a-f]{32}", owner)
    kept = data / "jupyter-agent" / "owner"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (kept.parent, kept)] == [0o700, 0o600]
    assert process_owner("", "postgresql://elsewhere/db") == owner
    assert [path.name for path in kept.parent.iterdir()] == ["owner"]
    kept.chmod(0o644)
    assert process_owner("", STORE) == owner
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.unlink()
    assert process_owner("", STORE) != owner


def test_N11_processes_that_start_at_once_are_one_owner(data: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", PRINT_OWNER], stdout=subprocess.PIPE, encoding="utf-8")
        for _ in range(8)
    ]
    assert len({process.communicate(timeout=60)[0] for process in started}) == 1
    assert [path.name for path in (data / "jupyter-agent").iterdir()] == ["owner"]


def test_N11_there_is_an_owner_on_file_systems_without_links(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("not on this file system")

    monkeypatch.setattr(os, "link", refuse)
    owner = process_owner("", STORE)
    assert process_owner("", STORE) == owner
    assert [path.name for path in (data / "jupyter-agent").iterdir()] == ["owner"]


@pytest.mark.parametrize("content", [b"", b"\n", b"0123", b"\xff" * 32, b"0" * 31 + b"g\n", b"0" * 64])
def test_N11_of_a_damaged_file_no_other_owner_is_made(data: Path, content: bytes) -> None:
    kept = data / "jupyter-agent" / "owner"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=r"is damaged.*JUPYTER_AGENT_OWNER"):
        process_owner("", STORE)
    assert kept.read_bytes() == content
    assert process_owner("ann", STORE) == "ann"


@pytest.mark.parametrize("kind", ["folder", "dangling link", "no folder"])
def test_N11_of_a_file_that_cannot_be_read_no_other_owner_is_made(data: Path, kind: str) -> None:
    kept = data / "jupyter-agent" / "owner"
    if kind == "no folder":
        data.write_text("", encoding="utf-8")
    else:
        kept.parent.mkdir(parents=True)
    if kind == "folder":
        kept.mkdir()
    elif kind == "dangling link":
        kept.symlink_to("nowhere")
    with pytest.raises(StoreUnavailable, match=r"cannot be read or written.*JUPYTER_AGENT_OWNER"):
        process_owner("", STORE)


def test_N11_the_option_wins_and_a_hubs_user_comes_next(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "ann")
    assert process_owner("team", STORE) == "team"
    assert process_owner("", STORE) == "ann"
    assert not data.exists()
    with pytest.raises(BadRequest):
        process_owner("a\nb", STORE)


def test_N11_what_stays_in_the_process_needs_no_file(data: Path) -> None:
    assert process_owner("", "memory://") == LOCAL
    assert not data.exists()


def test_N11_no_users_name_is_another_kind_of_owner_or_another_users() -> None:
    names = [
        "ann",
        "Ann",
        LOCAL,
        EVERYBODY,
        "server:" + "0" * 32,
        everybody_owner("x"),
        "user:local",
        "user:",
        "user:user:x",
    ]
    owners = [user_owner(name) for name in names]
    assert owners[:2] == names[:2]
    assert len(set(owners)) == len(names)
    assert all(map(is_user, owners))
    assert not any(map(is_user, map(deleted_owner, owners)))
    assert not any(map(is_user, (LOCAL, EVERYBODY, "server:0", everybody_owner("server:0"), everybody_owner("ann"))))
