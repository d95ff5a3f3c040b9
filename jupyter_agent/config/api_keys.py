"""Keys of models' servers: of the environment, else those that the user has set, in the keyring or in a file for the user alone."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jupyter_core.paths import jupyter_data_dir

from jupyter_agent.config.system_keyring import SERVICE, KeyringUnavailable, SystemKeyring

#: A keyring that failed is asked again for what it has after this.
RETRY_SECONDS = 60.0


@dataclass
class _Loaded:
    """The user's keys as they were read last.

    Attributes:
        stamp: Of the file that they were read from.
        keys: By variable and address.
        until: When they are read again, by the monotonic clock.
    """

    stamp: object = field(default_factory=object)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    until: float = 0.0


_keyring = SystemKeyring()
_loaded = _Loaded()
_lock = threading.Lock()


def get(variable: str, base_url: str = "", *, is_configured: bool = True) -> str:
    """The key that belongs to a server; empty without one. It may wait for a keyring, as whatever reads the user's keys.

    Args:
        variable: The environment variable that its provider's keys have.
        base_url: The server's address.
        is_configured: Whether the address is the usual one or the configuration's. What the environment has is for such
            servers; one whose address was set in the page gets only the key that was set for it.
    """
    if is_configured and (key := os.environ.get(variable)):
        return key
    by_address = stored().get(variable, {})
    return by_address.get(_address(base_url), "") or (by_address.get("", "") if is_configured else "")


def is_at_hand(variable: str, *, is_configured: bool = True) -> bool:
    """Whether `get` answers at once, because no keyring has to be asked."""
    if is_configured and os.environ.get(variable):
        return True
    return not _lock.locked() and _loaded.stamp == _stamp() and time.monotonic() <= _loaded.until


def stored() -> dict[str, dict[str, str]]:
    """The keys that the user has set, by variable and address; one without an address is for configured servers."""
    with _lock:
        return _load()


def secrets() -> list[str]:
    """All keys that the user has set."""
    return [key for by_address in stored().values() for key in by_address.values()]


def place(variable: str, base_url: str = "", *, is_configured: bool = True) -> Literal["keyring", "file", ""]:
    """Where the key lies that the user has set for a server; empty without one."""
    addresses = (_address(base_url), "") if is_configured else (_address(base_url),)
    readable, places = stored().get(variable, {}), _read().get(variable, {})
    for address in addresses:
        if address in readable and address in places:
            return "keyring" if places[address] is None else "file"
    return ""


def problems() -> list[str]:
    """What is wrong with the keyring, as far as it was asked."""
    return [_keyring.problem] if _keyring.problem else []


def check() -> list[str]:
    """What is wrong with the keyring, which is asked where the user has keys."""
    with suppress(KeyringUnavailable):
        if _read():
            _keyring.get(SERVICE)
    return problems()


def store(changes: Mapping[str, str | None], base_urls: Mapping[str, str] | None = None) -> None:
    """Set keys by variable, or forget those that are None. They go to the keyring, and to the file where there is none.

    Args:
        changes: The keys.
        base_urls: By variable, the address of the server that alone gets the key.

    Raises:
        OSError: the file cannot be written.
    """
    with _lock:
        places, forgotten = _read(), []
        for variable, key in changes.items():
            address = _address((base_urls or {}).get(variable, ""))
            by_address = places.setdefault(variable, {})
            forgotten += [(variable, known) for known in (address, "") if by_address.pop(known, "") != ""]
            if key:
                by_address[address] = key
        try:
            for variable, by_address in places.items():
                for address, key in by_address.items():
                    if key is not None:
                        _keyring.set(_name(variable, address), key)
                        by_address[address] = None
        except KeyringUnavailable:
            pass  # the rest stays in the file; `problems` says why
        write_private(
            _path(), json.dumps({variable: by_address for variable, by_address in places.items() if by_address})
        )
        _loaded.stamp = object()
        with suppress(KeyringUnavailable):
            for variable, address in forgotten:
                if address not in places[variable]:
                    _keyring.delete(_name(variable, address))
        _load()


def forget_all() -> None:
    """Remove every key that the user has set, from the keyring and from the file.

    Raises:
        OSError: the file cannot be removed.
    """
    with _lock:
        places = _read()
        _path().unlink(missing_ok=True)
        for variable, by_address in places.items():
            for address in by_address:
                with suppress(KeyringUnavailable):
                    _keyring.delete(_name(variable, address))


def write_private(path: Path, text: str) -> None:
    """Replace a file, whole, so that nobody else can ever read it.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _load() -> dict[str, dict[str, str]]:
    """The user's keys; what the keyring has is asked for when the file has changed."""
    stamp = _stamp()
    if _loaded.stamp != stamp or time.monotonic() > _loaded.until:
        keys: dict[str, dict[str, str]] = {}
        _loaded.until = float("inf")
        for variable, by_address in _read().items():
            for address, key in by_address.items():
                try:
                    known = key if key is not None else _keyring.get(_name(variable, address))
                except KeyringUnavailable:
                    known, _loaded.until = None, time.monotonic() + RETRY_SECONDS
                if known:
                    keys.setdefault(variable, {})[address] = known
        _loaded.stamp, _loaded.keys = stamp, keys
    return _loaded.keys


def _read() -> dict[str, dict[str, str | None]]:
    """The file: keys by variable and address; None stands for one that the keyring has."""
    with suppress(OSError, ValueError):
        read: Any = json.loads(_path().read_text(encoding="utf-8"))
        if isinstance(read, dict):
            found = {name: {"": keys} if isinstance(keys, str) else keys for name, keys in read.items()}
            return {
                name: {address: key for address, key in keys.items() if key is None or isinstance(key, str)}
                for name, keys in found.items()
                if isinstance(keys, dict)
            }
    return {}


def _stamp() -> object:
    """Differs once the file has changed."""
    with suppress(OSError):
        found = _path().stat()
        return _path(), found.st_mtime_ns, found.st_ino, found.st_size
    return _path()


def _name(variable: str, address: str) -> str:
    """What a key is listed under in the keyring."""
    return f"{variable} {address}".strip()


def _path() -> Path:
    return Path(jupyter_data_dir()) / "jupyter-agent" / "keys.json"


def _address(base_url: str) -> str:
    return base_url.rstrip("/")
