"""Whose conversations they are: of a user whom an identity provider names, or of the data folder of a server that knows no users."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from jupyter_agent.core.errors import StoreUnavailable
from jupyter_agent.sessions.ids import check_owner

#: The owner on every server without users before servers had owners of their own; still, where nothing leaves the process.
LOCAL = "local"
#: Before that, the owner of what all users of a server share where each notebook has one conversation.
EVERYBODY = "(everybody on this server)"
_SERVER, _EVERYBODY, _USER, _DELETED = "server:", "everybody:", "user:", "\x7f"
_ID = re.compile(r"([0-9a-f]{32})\n?")
_FILE = (
    "The file 'owner' in the folder jupyter-agent of Jupyter's data folder, which says whose conversations are whose,"
)
_SET = "set c.JupyterAgent.owner (JUPYTER_AGENT_OWNER)"


def process_owner(configured: str, store: str) -> str:
    """The owner of all conversations of a server without users, of the command line and of IPython.

    Args:
        configured: The option `owner`; it wins. Next is the user whose server JupyterHub has started, then the random id in
            Jupyter's data folder, which is made where there is none.
        store: URL of the store.

    Raises:
        StoreUnavailable: the id can be neither read nor made, or is damaged; another one is never made instead.
    """
    if configured:
        check_owner(configured)
        return configured
    if hub_user := os.environ.get("JUPYTERHUB_USER"):
        return user_owner(hub_user)
    if store.startswith("memory:"):
        return LOCAL
    path = Path(jupyter_data_dir()) / "jupyter-agent" / "owner"
    try:
        if not os.path.lexists(path):
            _create(path)
        text = path.read_text(encoding="ascii", errors="replace")
        if path.stat().st_mode & 0o077 and os.name == "posix":
            path.chmod(0o600)
    except OSError as error:
        raise StoreUnavailable(
            f"{_FILE} cannot be read or written by this account. Make it and its folder its own, or {_SET}."
        ) from error
    found = _ID.fullmatch(text)
    if found is None:
        raise StoreUnavailable(
            f"{_FILE} is damaged. Bring it back from a copy, or {_SET}. If you remove it, a new owner begins, who has none"
            " of the earlier conversations."
        )
    return _SERVER + found[1]


def user_owner(name: str) -> str:
    """The owner that a user of an identity provider is: the name, marked where it could be taken for another kind of owner."""
    return name if is_user(name) and not name.startswith(_USER) else _USER + name


def is_user(owner: str) -> bool:
    """Whether an owner is a user of an identity provider."""
    return owner not in (LOCAL, EVERYBODY) and not owner.startswith((_SERVER, _EVERYBODY, _DELETED))


def everybody_owner(owner: str) -> str:
    """The owner of what all users of a server share, by the owner of the server itself."""
    return _EVERYBODY + owner


def deleted_owner(owner: str) -> str:
    """Who has an owner's deleted sessions: no owner's name has a control character."""
    return _DELETED + owner


def living_owner(owner: str) -> str:
    """The owner whose sessions they are, or were before they were deleted."""
    return owner.removeprefix(_DELETED)


def _create(path: Path) -> None:
    """Make a file with a new id, whole or not at all, for this account alone; whoever is first has made it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix":
        path.parent.chmod(0o700)
    new = path.with_name(f"owner.{os.getpid()}.{secrets.token_hex(4)}.new")
    try:
        with open(new, "xb", opener=_private) as file:
            file.write(secrets.token_hex(16).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(new, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            with suppress(FileExistsError), open(path, "xb", buffering=0, opener=_private) as kept:
                kept.write(new.read_bytes())
    finally:
        new.unlink(missing_ok=True)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
