"""Keys of models' servers: of the environment, else those that the user has set, kept for the user's eyes only."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir


def get(variable: str) -> str:
    """The key that an environment variable names; empty without one."""
    return os.environ.get(variable) or stored().get(variable, "")


def stored() -> dict[str, str]:
    """The keys that the user has set, by the environment variables that would win over them."""
    with suppress(OSError, ValueError):
        read = json.loads(_path().read_text(encoding="utf-8"))
        if isinstance(read, dict):
            return {name: key for name, key in read.items() if isinstance(key, str)}
    return {}


def store(changes: Mapping[str, str | None]) -> None:
    """Set keys, or forget those that are None.

    Raises:
        OSError: the file cannot be written.
    """
    keys = {name: key for name, key in {**stored(), **changes}.items() if key}
    write_private(_path(), json.dumps(keys))


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
