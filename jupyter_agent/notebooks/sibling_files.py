"""Files in a notebook's folder: their names, which of them a model may read, their text and modification times."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path, PurePosixPath

from jupyter_agent.core.errors import NoFile, NotFound
from jupyter_agent.core.messages import Picture
from jupyter_agent.core.pictures import MAX_BYTES, checked

#: Bytes of a file that is read as a whole.
MAX_READ = 8 * 1024 * 1024
#: Files that are listed, and whose times are read, at once.
MAX_FILES = 200
# Keys, passwords and the files that programs keep them in.
_SECRET = re.compile(
    r"\.|id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:pem|key|p12|pfx|p8|ppk|jks|keystore|kdbx?|gpg|asc|ovpn|env|htpasswd|tfstate)\b"
    r"|(?:.*[^a-z])?(?:secrets?|credentials?|passwords?|passwd|tokens?|apikeys?|keys?|env)(?:[^a-z].*)?\Z"
    r"|(?:netrc|htpasswd|shadow|kubeconfig|service[_-]?account.*|client_secret.*|jpserver-.*|kernel-.*\.json)\Z",
    re.IGNORECASE,
)


def file_names(folder: Path) -> tuple[str, ...]:
    """Names of the regular, visible files of a folder, sorted, at most `MAX_FILES`."""
    try:
        names = (path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        return tuple(sorted(names)[:MAX_FILES])
    except OSError:
        return ()


def checked_path(name: str) -> PurePosixPath:
    """The path of a file below a notebook's folder, if it may be read.

    Args:
        name: As the user wrote it, relative to the folder.

    Raises:
        NotFound: it leads out of the folder, or may hold secrets.
    """
    path = PurePosixPath(name)
    is_foreign = re.search(r"[\\\x00-\x1f]|\A[A-Za-z]:|\A~", name) or path.is_absolute() or ".." in path.parts
    if is_foreign or not path.parts:
        raise NotFound("Only files in the notebook's folder, or below it, can be read.")
    if any(_SECRET.match(part) for part in path.parts):
        raise NotFound("Files that may hold secrets are not read.")
    return path


def read_bytes(folder: Path, name: str, limit: int) -> bytes:
    """The first `limit` bytes of a file below a folder, links followed.

    Raises:
        NotFound: there is none that may be read; the message says why.
    """
    folder = folder.resolve()
    try:
        path = (folder / checked_path(name)).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise NoFile("There is no such file.") from error
    if not path.is_relative_to(folder):
        raise NotFound("Only files in the notebook's folder, or below it, can be read.")
    checked_path(path.relative_to(folder).as_posix())  # a link may lead to a secret
    if not path.is_file():
        raise NotFound("This is not a file.")
    try:
        # A pipe may have taken the file's place: it must not keep us waiting.
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            return file.read(limit)
    except OSError as error:
        raise NotFound("This file cannot be read.") from error


def read_picture(folder: Path, name: str) -> Picture:
    """A picture file below a folder, links followed.

    Raises:
        NotFound: there is none that may be read; the message says why.
        BadRequest, TooLarge: it is no picture that models take.
    """
    return checked(read_bytes(folder, name, MAX_BYTES + 1), name, is_users=True)


def read_text(folder: Path, name: str, limit: int) -> str:
    """The first `limit` characters of a text file below a folder, links followed.

    Raises:
        NotFound: there is none that may be read; the message says why.
    """
    data = read_bytes(folder, name, 4 * limit + 4)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(data) - 4:
            raise NotFound("This is not a text file.") from error
        text = data[: error.start].decode("utf-8-sig")  # a character is cut at the end
    if "\0" in text:
        raise NotFound("This is not a text file.")
    return text[:limit]


def modification_times(folder: Path, names: Collection[str], root: Path | None = None) -> dict[str, float]:
    """When files were changed last, in seconds since the epoch; those that are not there are left out.

    Args:
        folder: Where relative names begin.
        names: As cells write them.
        root: Files outside of it, links followed, are left out; None for no such limit.
    """
    times: dict[str, float] = {}
    for name in list(names)[:MAX_FILES]:
        with suppress(OSError, ValueError, RuntimeError):
            path = (folder / name).resolve()
            if path.is_file() and (root is None or path.is_relative_to(root.resolve())):
                times[name] = path.stat().st_mtime
    return times
