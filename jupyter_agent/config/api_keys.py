"""Keys of models' servers: of the environment, else those that the user has set, kept for the user's eyes only."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir


def get(variable: str, base_url: str = "", *, is_configured: bool = True) -> str:
    """The key that belongs to a server; empty without one.

    Args:
        variable: The environment variable that its provider's keys have.
        base_url: The server's address.
        is_configured: Whether the address is the usual one or the configuration's. What the environment has is for such
            servers; one whose address was set in the page gets only the key that was set for it.
    """
    stored_key = stored().get(variable, {}).get(_address(base_url), "")
    if not is_configured:
        return stored_key
    return os.environ.get(variable) or stored_key or stored().get(variable, {}).get("", "")


def stored() -> dict[str, dict[str, str]]:
    """The keys that the user has set, by variable and address; one without an address is for configured servers."""
    with suppress(OSError, ValueError):
        read = json.loads(_path().read_text(encoding="utf-8"))
        if isinstance(read, dict):
            keys = {name: {"": key} if isinstance(key, str) else key for name, key in read.items()}
            return {name: by_address for name, by_address in keys.items() if isinstance(by_address, dict)}
    return {}


def secrets() -> list[str]:
    """All keys that the user has set."""
    return [str(key) for by_address in stored().values() for key in by_address.values()]


def store(changes: Mapping[str, str | None], base_urls: Mapping[str, str] | None = None) -> None:
    """Set keys by variable, or forget those that are None.

    Args:
        changes: The keys.
        base_urls: By variable, the address of the server that alone gets the key.

    Raises:
        OSError: the file cannot be written.
    """
    keys = stored()
    for variable, key in changes.items():
        address = _address((base_urls or {}).get(variable, ""))
        by_address = {known: value for known, value in keys.get(variable, {}).items() if known not in (address, "")}
        keys[variable] = {**by_address, address: key} if key else by_address
    write_private(_path(), json.dumps({variable: by_address for variable, by_address in keys.items() if by_address}))


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


def _path() -> Path:
    return Path(jupyter_data_dir()) / "jupyter-agent" / "keys.json"


def _address(base_url: str) -> str:
    return base_url.rstrip("/")
