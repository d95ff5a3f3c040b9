"""Model files from Hugging Face: chosen from a repository's list, fetched once, resumed where they stopped, checked.

`huggingface_hub` 2.4 would replace about 90 of these lines, and add 5 packages of 24 MB and 0.3 s of imports. It checks the size
only and warns of a full disk; one client serves the process; what `hf_xet` fetches takes neither our proxy nor our certificates.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote, urljoin, urlsplit

from jupyter_agent.core import errors
from jupyter_agent.core.text import format_bytes
from jupyter_agent.models.local import failures
from jupyter_agent.models.openai_compatible.provider import Provider
from jupyter_agent.models.openai_compatible.transport import host_of, web_client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    import httpx2

_HUB = "https://huggingface.co"
_NAME = re.compile(
    r"(?P<repository>\w[\w.-]{0,95}/\w[\w.-]{0,95})(?:/(?P<file>[\w./ -]{1,200}\.gguf)|:(?P<weights>[\w.-]{1,32}))?"
)
#: Weights in few bits that have lost little; the first that a repository has.
_USUAL = ("q4_k_m", "q4_k_s", "q4_0", "q5_k_m", "q8_0", "f16", "bf16", "f32")
_PARTS = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)
_PIECE = 1 << 20
_TRIES = 5
_SILENCE_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Weights:
    """One file of a repository.

    Attributes:
        repository: ``owner/name``.
        revision: The commit, so that list and file are of the same moment.
        file: Its path in the repository.
        size: Bytes.
        sha256: Hex; empty where the hub does not say.
    """

    repository: str
    revision: str
    file: str
    size: int
    sha256: str = ""


class Hub:
    """Hugging Face, or a server that speaks as it does (``HF_ENDPOINT``).

    Args:
        folder: Where files are kept.
        proxy: Address of a web proxy.
        ca_file: PEM file of certificates to trust besides the usual ones.
        pause_seconds: Between tries.
    """

    def __init__(
        self, folder: Path, *, proxy: str = "", ca_file: str = "", pause_seconds: float = _PAUSE_SECONDS
    ) -> None:
        self._folder = folder
        self._proxy = proxy
        self._ca_file = ca_file
        self._pause = pause_seconds

    @property
    def endpoint(self) -> str:
        """The hub's address."""
        return (os.environ.get("HF_ENDPOINT") or _HUB).rstrip("/")

    @property
    def title(self) -> str:
        """The hub's name for people."""
        return "Hugging Face" if self.endpoint == _HUB else host_of(self.endpoint)

    def fetched(self, name: str) -> Path | None:
        """The file of that name, if it was fetched before; the newest where several fit."""
        named = _NAME.fullmatch(name)
        if named is None or not _is_safe(named["file"] or "file"):
            return None
        folder = self._folder.joinpath(*named["repository"].split("/"))
        if named["file"]:
            return folder / named["file"] if (folder / named["file"]).is_file() else None
        files = [path for path in folder.rglob("*.gguf") if (named["weights"] or "").lower() in path.name.lower()]
        return max(files, key=lambda path: path.stat().st_mtime, default=None)

    def all_fetched(self) -> tuple[str, ...]:
        """Names of all files that were fetched before."""
        return tuple(sorted(path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*.gguf")))

    async def fetch(self, name: str, progress: Callable[[int, int], None]) -> Path:
        """Fetch what a name means.

        Args:
            name: ``owner/repository``, with ``:<weights>`` or ``/<file>`` if need be.
            progress: Called with the bytes that are here and the bytes that there are.

        Raises:
            UpstreamError: one of its kinds, with what to do about it.
        """
        server = Provider("", self.title, key="HF_TOKEN", option="HF_ENDPOINT")
        try:
            async with web_client(server, host_of(self.endpoint), proxy=self._proxy, ca_file=self._ca_file) as client:
                weights = await self._tried(lambda: self._chosen(client, name))
                target = self._folder.joinpath(*weights.repository.split("/"), *weights.file.split("/"))
                part = target.with_name(target.name + ".part")
                await asyncio.to_thread(_prepare, part, weights)
                await self._tried(lambda: self._download(client, weights, part, progress))
            return await asyncio.to_thread(_checked, part, target, weights)
        except OSError as error:
            why = error.strerror or "unknown reason"
            raise errors.UpstreamRefused(
                f"The model cannot be kept in the cache folder ({why}). Make room there, or give the path of a GGUF file."
            ) from None

    async def _tried(self, work: Callable[[], Any]) -> Any:
        """The result of some work that may need several tries; each goes on where the last one stopped."""
        import httpx2

        for number in range(_TRIES):
            try:
                return await work()
            except (httpx2.TransportError, httpx2.InvalidURL, errors.UpstreamUnreachable, TimeoutError):
                await asyncio.sleep(self._pause * 2**number if number + 1 < _TRIES else 0)
        raise failures.not_fetched(self.title)

    async def _chosen(self, client: httpx2.AsyncClient, name: str) -> Weights:
        """The file that a name means, of all that the repository has."""
        named = _NAME.fullmatch(name)
        if named is None or not _is_safe(named["file"] or "file"):
            raise failures.no_file()
        body = bytearray()
        async with aclosing(
            self._get(client, f"{self.endpoint}/api/models/{named['repository']}?blobs=true", name)
        ) as answer:
            async for piece in answer:
                body += piece if not isinstance(piece, int) else b""
                if len(body) > 8 * _PIECE:
                    break
        listed: list[Weights] = []
        try:
            listing = json.loads(bytes(body))
            revision = listing.get("sha") or "main"
            if not re.fullmatch(r"[\w.-]{1,64}", revision):
                raise ValueError("no revision")
            for entry in listing["siblings"]:
                file, blob = entry["rfilename"], entry.get("lfs") or {}
                size = blob.get("size") or entry.get("size")
                fits = file.lower().endswith(".gguf") and not _PARTS.search(file) and "mmproj" not in file.lower()
                if fits and isinstance(size, int) and size > 0 and _is_safe(file):
                    checksum = re.fullmatch(r"[0-9a-f]{64}", blob.get("sha256") or "")
                    sha256 = checksum[0] if checksum else ""
                    listed.append(Weights(named["repository"], revision, file, size, sha256))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise failures.not_fetched(self.title) from None
        wanted = (named["weights"] or "").lower()
        fitting = [
            weights for weights in listed if named["file"] in (None, weights.file) and wanted in weights.file.lower()
        ]
        if not fitting:
            files = ", ".join(weights.file for weights in listed[:12])
            raise errors.UpstreamRefused(
                f"'{name[:100]}' has no such file. It has: {files}."
                if files
                else f"'{name[:100]}' has no GGUF file in one piece. Look for a repository whose name ends with -GGUF."
            )
        for usual in _USUAL:
            for weights in fitting:
                if re.search(rf"(^|[-._/]){usual}[-._]", weights.file, re.IGNORECASE):
                    return weights
        return min(fitting, key=lambda weights: weights.size)

    async def _download(
        self, client: httpx2.AsyncClient, weights: Weights, part: Path, progress: Callable[[int, int], None]
    ) -> None:
        """What is missing of the file; another process that fetches the same waits for its turn."""
        url = f"{self.endpoint}/{weights.repository}/resolve/{weights.revision}/{quote(weights.file)}"
        with part.open("ab") as file:
            while not _locked(file):
                progress(file.seek(0, os.SEEK_END), weights.size)
                await asyncio.sleep(self._pause)
            there = file.seek(0, os.SEEK_END)
            progress(there, weights.size)
            if there >= weights.size:
                return
            async with aclosing(self._get(client, url, weights.repository, there)) as answer:
                async for piece in answer:
                    if isinstance(piece, int):  # where the answer begins: not every server can go on
                        there = piece
                        file.truncate(there)
                        continue
                    there += len(piece)
                    if there > weights.size:
                        raise failures.wrong_sum()
                    await asyncio.to_thread(file.write, piece)
                    progress(there, weights.size)
        if there < weights.size:
            raise failures.not_fetched(self.title)

    async def _get(
        self, client: httpx2.AsyncClient, url: str, name: str, start: int = 0
    ) -> AsyncGenerator[int | bytes, None]:
        """An answer: the position at which it begins, then its bytes. Redirects lead to the hub's storage, without the token."""
        import httpx2

        for _ in range(_REDIRECTS):
            headers = {"Accept-Encoding": "identity"}
            if start:
                headers["Range"] = f"bytes={start}-"
            token = os.environ.get("HF_TOKEN", "")
            if token and token.isascii() and token.isprintable() and urlsplit(url)[:2] == urlsplit(self.endpoint)[:2]:
                headers["Authorization"] = f"Bearer {token}"
            async with asyncio.timeout(_SILENCE_SECONDS):
                response = await client.send(client.build_request("GET", url, headers=headers), stream=True)
            if not response.is_redirect:
                break
            await response.aclose()
            url = _redirected(url, response.headers.get("location", ""))
        try:
            if response.status_code in (401, 403, 404):
                raise errors.UpstreamRefused(
                    f"{self.title} has no model '{name[:100]}', or it must be agreed to there first (then set HF_TOKEN). "
                    "Check the name."
                )
            if not response.is_success:
                raise failures.not_fetched(self.title)
            yield start if response.status_code == httpx2.codes.PARTIAL_CONTENT else 0
            pieces = response.aiter_bytes(_PIECE)
            while True:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                yield piece
        finally:
            await response.aclose()


def _redirected(url: str, location: str) -> str:
    """Where a redirect leads: never from a protected connection to one that is not."""
    with suppress(ValueError):
        target = urljoin(url, location)
        if urlsplit(target).scheme in {"https", urlsplit(url).scheme}:
            return target
    raise failures.not_fetched(host_of(url))


def _prepare(part: Path, weights: Weights) -> None:
    """The folder, with room on the disk for what is missing of the file."""
    part.parent.mkdir(parents=True, exist_ok=True)
    there = part.stat().st_size if part.exists() else 0
    if there > weights.size:
        part.unlink()
        there = 0
    needed, free = weights.size - there, shutil.disk_usage(part.parent).free
    if needed > free:
        raise errors.UpstreamRefused(
            f"The model needs {format_bytes(needed)} on the disk, and {format_bytes(free)} are free. Make room."
        )


def _is_safe(file: str) -> bool:
    """Whether a path of the hub's stays within the folder."""
    return (
        file.isprintable()
        and "\\" not in file
        and ":" not in file
        and all(part not in ("", ".", "..") for part in file.split("/"))
    )


def _checked(part: Path, target: Path, weights: Weights) -> Path:
    """The whole file under its own name, if it is what the hub has."""
    if target.exists() and not part.exists():  # another process was faster
        return target
    if weights.sha256:
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != weights.sha256:
            part.unlink()
            raise failures.wrong_sum()
    part.replace(target)
    return target


def _locked(file: BinaryIO) -> bool:
    """Whether this process may write: one at a time; the lock ends with the open file."""
    try:
        import fcntl
    except ImportError:  # Windows: two processes that fetch the same are found out by the sum
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
