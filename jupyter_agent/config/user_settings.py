"""What users have set in the page, each for themselves, kept in Jupyter's data folder for the user's eyes only."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir

from jupyter_agent.config import api_keys
from jupyter_agent.config.options import SERVER_OPTIONS, USER_OPTIONS, JupyterAgent

#: Whose settings are the process's own: of the one user of a server, of a terminal, of a kernel.
ONE_USER = ""
SHARED_NAMES = tuple(name for name in USER_OPTIONS if name not in SERVER_OPTIONS)
#: What holds where a user's settings cannot be read.
_UNREADABLE = {"approval": "read-only"}
#: Where the file has which instructions the user wants: by the digest of their text, whether they are used.
_INSTRUCTIONS = "instructions"
_MAX_INSTRUCTIONS = 1000
_writing = threading.Lock()


class SettingsError(Exception):
    """A user's settings cannot be read or written; the message says what to do."""


class UserSettings:
    """Settings of the users of this process, below the options that its administrator has fixed.

    Args:
        options: Of the process; the settings of its one user are applied to them.
        has_one_user: Whether it has such a user.
    """

    def __init__(self, options: JupyterAgent, *, has_one_user: bool = True) -> None:
        self.options = options
        self._by_owner: dict[str, dict[str, Any]] = {}
        if has_one_user:
            options.set_by_user(self._readable(ONE_USER))

    def options_of(self, owner: str) -> JupyterAgent:
        """The options that hold for a user of a server of several; for its one user those of the process."""
        if owner not in self._by_owner:
            self._by_owner[owner] = self._readable(owner) if owner else {}
        values = self._by_owner[owner]
        return self.options.with_user(values, SHARED_NAMES) if values else self.options

    def update(self, owner: str, changes: Mapping[str, Any]) -> None:
        """Set values, or reset those that are None: they hold at once, and after the next start.

        Raises:
            SettingsError: the file cannot be read or written.
        """
        with _writing:
            values = {name: value for name, value in {**read(owner), **changes}.items() if value is not None}
            others = {_INSTRUCTIONS: chosen} if (chosen := instruction_choices(owner)) else {}
            _write(owner, {**values, **others})
        if owner == ONE_USER:
            self.options.set_by_user(values)
        else:
            self._by_owner[owner] = values

    def _readable(self, owner: str) -> dict[str, Any]:
        try:
            return read(owner)
        except SettingsError as error:
            self.options.problems.append(str(error))
            return dict(_UNREADABLE)


def read(owner: str) -> dict[str, Any]:
    """A user's settings, by option.

    Raises:
        SettingsError: their file cannot be read.
    """
    return {name: value for name, value in _read(owner).items() if name in USER_OPTIONS}


def instruction_choices(owner: str) -> dict[str, bool]:
    """By the digest of a project's text, whether it instructs the agent for a user; those never answered are missing.

    Raises:
        SettingsError: their file cannot be read.
    """
    chosen = _read(owner).get(_INSTRUCTIONS)
    given = chosen.items() if isinstance(chosen, dict) else ()
    return {digest: use for digest, use in given if isinstance(use, bool)}


def choose_instructions(owner: str, digest: str, use: bool | None) -> None:
    """Whether a project's text of this digest instructs the agent for a user; None: they are asked again.

    Raises:
        SettingsError: the file cannot be read or written.
    """
    with _writing:
        chosen = {known: value for known, value in instruction_choices(owner).items() if known != digest}
        if use is not None:
            chosen[digest] = use
        newest = dict(list(chosen.items())[-_MAX_INSTRUCTIONS:])
        _write(owner, {**read(owner), _INSTRUCTIONS: newest})


def _read(owner: str) -> dict[str, Any]:
    path = _path(owner)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        message = f"The settings in {path.name} in Jupyter's data folder cannot be read; correct or remove that file."
        raise SettingsError(message) from error
    return values if isinstance(values, dict) else {}


def _write(owner: str, values: Mapping[str, Any]) -> None:
    try:
        api_keys.write_private(_path(owner), json.dumps(values, indent=2) + "\n")
    except OSError as error:
        raise SettingsError("The settings cannot be written to Jupyter's data folder.") from error


def _path(owner: str) -> Path:
    folder = Path(jupyter_data_dir()) / "jupyter-agent"
    if owner == ONE_USER:
        return folder / "settings.json"
    return folder / "settings" / f"{hashlib.sha256(owner.encode()).hexdigest()[:32]}.json"
