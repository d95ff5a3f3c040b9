"""Where users' keys lie: in the keyring of their system, else in a file for them alone."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_core.paths import jupyter_data_dir

from jupyter_agent.config import api_keys, system_keyring

keyring = pytest.importorskip("keyring")
from keyring.backend import KeyringBackend  # noqa: E402
from keyring.backends import fail, null  # noqa: E402
from keyring.errors import PasswordDeleteError  # noqa: E402

OPENAI = "https://api.openai.com/v1"
FIRST, SECOND = "sk-first-0123456789", "sk-second-0123456789"


class MemoryKeyring(KeyringBackend):
    """A keyring that works."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # of the package
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.passwords.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


class FailingKeyring(MemoryKeyring):
    """One whose service is not running."""

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError("the words of a bus that nobody needs")

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)


class HangingKeyring(MemoryKeyring):
    """One that waits for its user to unlock it."""

    def __init__(self) -> None:
        super().__init__()
        self.unlocked = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.unlocked.wait()
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.unlocked.wait()
        super().set_password(service, username, password)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(api_keys, "_keyring", system_keyring.SystemKeyring())
    monkeypatch.setattr(api_keys, "_loaded", api_keys._Loaded())
    monkeypatch.setattr(system_keyring, "WAIT_SECONDS", 0.2)
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def _use(kind: Any) -> Any:
    backend = kind()
    keyring.set_keyring(backend)
    return backend


def _restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "_keyring", system_keyring.SystemKeyring())
    monkeypatch.setattr(api_keys, "_loaded", api_keys._Loaded())


def _file() -> Path:
    return Path(jupyter_data_dir()) / "jupyter-agent" / "keys.json"


def _place() -> str:
    return api_keys.place("OPENAI_API_KEY", OPENAI)


def test_a_key_lies_in_the_keyring_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = _use(MemoryKeyring)
    api_keys.store({"OPENAI_API_KEY": FIRST}, {"OPENAI_API_KEY": f"{OPENAI}/"})
    assert backend.passwords == {("jupyter-agent", f"OPENAI_API_KEY {OPENAI}"): FIRST}
    assert json.loads(_file().read_text(encoding="utf-8")) == {"OPENAI_API_KEY": {OPENAI: None}}
    _restart(monkeypatch)
    assert (api_keys.get("OPENAI_API_KEY", OPENAI), _place(), api_keys.problems()) == (FIRST, "keyring", [])
    assert api_keys.get("OPENAI_API_KEY", "https://elsewhere.example") == ""
    assert api_keys.secrets() == [FIRST]
    api_keys.store({"OPENAI_API_KEY": None}, {"OPENAI_API_KEY": OPENAI})
    assert (api_keys.get("OPENAI_API_KEY", OPENAI), _place(), backend.passwords) == ("", "", {})
    assert json.loads(_file().read_text(encoding="utf-8")) == {}


def test_keys_of_the_file_move_into_the_keyring_when_one_is_saved_and_not_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _use(null.Keyring)
    api_keys.store({"OPENAI_API_KEY": FIRST}, {"OPENAI_API_KEY": OPENAI})
    assert (_place(), api_keys.problems()) == ("file", [])
    backend = _use(MemoryKeyring)
    _restart(monkeypatch)
    assert (api_keys.get("OPENAI_API_KEY", OPENAI), _place(), backend.passwords) == (FIRST, "file", {})
    api_keys.store({"VLLM_API_KEY": SECOND})
    assert (_place(), api_keys.place("VLLM_API_KEY")) == ("keyring", "keyring")
    assert FIRST not in _file().read_text(encoding="utf-8")
    assert sorted(api_keys.secrets()) == [FIRST, SECOND]


def test_a_key_that_is_forgotten_leaves_no_copy_in_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    _use(fail.Keyring)
    api_keys.store({"OPENAI_API_KEY": FIRST}, {"OPENAI_API_KEY": OPENAI})
    backend = _use(MemoryKeyring)
    name = f"OPENAI_API_KEY {OPENAI}"
    backend.passwords["jupyter-agent", name] = FIRST  # as one kept after it was no longer waited for
    api_keys.store({"OPENAI_API_KEY": None}, {"OPENAI_API_KEY": OPENAI})
    assert (backend.passwords, _place()) == ({}, "")


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        (fail.Keyring, "There is no keyring on this machine."),
        (FailingKeyring, "cannot be used (OSError)"),
        (HangingKeyring, "does not answer: unlock it"),
    ],
)
def test_a_keyring_that_cannot_be_used_is_named_and_the_file_has_the_key(backend: Any, words: str) -> None:
    used = _use(backend)
    assert api_keys.check() == []  # nobody has keys, so nobody is asked
    api_keys.store({"OPENAI_API_KEY": FIRST}, {"OPENAI_API_KEY": OPENAI})
    assert (api_keys.get("OPENAI_API_KEY", OPENAI), _place()) == (FIRST, "file")
    assert stat.S_IMODE(_file().stat().st_mode) == 0o600
    for problems in (api_keys.problems(), api_keys.check()):
        assert len(problems) == 1
        assert words in problems[0]
        assert "PYTHON_KEYRING_BACKEND" in problems[0]
        assert "a bus" not in problems[0]
    if isinstance(used, HangingKeyring):
        used.unlocked.set()


def test_a_keyring_that_is_unlocked_later_has_its_keys_again(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = _use(HangingKeyring)
    hanging.unlocked.set()
    api_keys.store({"OPENAI_API_KEY": FIRST}, {"OPENAI_API_KEY": OPENAI})
    hanging.unlocked.clear()
    _restart(monkeypatch)
    assert (api_keys.get("OPENAI_API_KEY", OPENAI), len(api_keys.problems())) == ("", 1)
    hanging.unlocked.set()
    asked = api_keys._keyring._asked
    assert asked is not None
    asked.join(10)
    monkeypatch.setattr(api_keys._loaded, "until", 0.0)  # as a minute later
    assert (api_keys.get("OPENAI_API_KEY", OPENAI), api_keys.problems()) == (FIRST, [])


def test_a_key_is_at_hand_once_no_keyring_has_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    _use(MemoryKeyring)
    api_keys.store({"OPENAI_API_KEY": FIRST})
    _restart(monkeypatch)
    assert not api_keys.is_at_hand("OPENAI_API_KEY")
    assert (api_keys.get("OPENAI_API_KEY"), api_keys.is_at_hand("OPENAI_API_KEY")) == (FIRST, True)
    with api_keys._lock:  # somebody waits for the keyring
        assert not api_keys.is_at_hand("OPENAI_API_KEY")
    _file().unlink()
    assert not api_keys.is_at_hand("OPENAI_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", SECOND)
    assert api_keys.is_at_hand("OPENAI_API_KEY")
    assert not api_keys.is_at_hand("OPENAI_API_KEY", is_configured=False)


def test_without_the_package_the_file_has_the_key_and_nothing_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_keyring, "find_spec", lambda name: None)
    api_keys.store({"OPENAI_API_KEY": FIRST}, {"OPENAI_API_KEY": OPENAI})
    assert (_place(), api_keys.problems(), api_keys.check()) == ("file", [], [])


def test_a_file_that_somebody_wrote_by_hand_does_no_harm() -> None:
    api_keys.write_private(
        _file(), json.dumps({"OPENAI_API_KEY": {"": 5, OPENAI: [1]}, "VLLM_API_KEY": SECOND, "X": 3})
    )
    assert (api_keys.get("OPENAI_API_KEY", OPENAI), api_keys.get("VLLM_API_KEY"), api_keys.secrets()) == (
        "",
        SECOND,
        [SECOND],
    )


def test_nothing_of_the_keyring_is_imported_where_no_key_lies_in_it() -> None:
    assert "keyring" not in {name.partition(".")[0] for name in vars(api_keys)}
    script = (
        "import sys; from jupyter_agent.config import api_keys; api_keys.get('OPENAI_API_KEY'); api_keys.check();"
        "sys.exit('keyring' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
