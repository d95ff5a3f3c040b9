"""Model files from Hugging Face: chosen from a repository's list, fetched once, resumed where they stopped, checked."""

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
from jupyter_agent.models.local import failures
from jupyter_agent.models.openai_compatible.failures import Server
from jupyter_agent.models.openai_compatible.transport import web_client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

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
        return "Hugging Face" if self.endpoint == _HUB else _host(self.endpoint)

    def fetched(self, name: str) -> Path | None:
        """The file of that name, if it was fetched before; the newest where several fit."""
        named = _NAME.fullmatch(name)
        if named is None or not _is_safe(named["file"] or "file"):
            return None
        folder = self._folder.joinpath(*named["repository"].split("/"))
        if named["file"]:
            return folder / named["file"] if (folder / named["file"]).is_file() else None
        files = [path for path in folder.rglob("*.gguf") if (named["weights"] or "").lower() in path.name.lower()]
        return max(files, key=lambda one: one.stat().st_mtime, default=None)

    def all_fetched(self) -> tuple[str, ...]:
        """Names of all files that were fetched before."""
        return tuple(sorted(path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*.gguf")))

    async def fetch(self, name: str, progress: Callable[[int, int], None]) -> Path:
        """Fetch what a name means.

        Args:
            name: ``owner/repository``, with ``:<weights>`` or ``/<file>`` if need be.
            progress: Told the bytes that are here and the bytes that there are.

        Raises:
            UpstreamError: one of its kinds, with the cure in words.
        """
        try:
            return await self._fetched(name, progress)
        except OSError as error:
            raise failures.not_written(error.strerror or "") from None

    async def _fetched(self, name: str, progress: Callable[[int, int], None]) -> Path:
        async with self._client() as client:
            weights = await self._tried(lambda: self._chosen(client, name))
            target = self._folder.joinpath(*weights.repository.split("/"), *weights.file.split("/"))
            part = target.with_name(target.name + ".part")
            await asyncio.to_thread(self._prepare, part, weights)
            await self._tried(lambda: self._download(client, weights, part, progress))
        return await asyncio.to_thread(_checked, part, target, weights)

    def _client(self) -> httpx2.AsyncClient:
        server = Server(self.title, "HF_TOKEN", "HF_ENDPOINT")
        return web_client(server, _host(self.endpoint), proxy=self._proxy, ca_file=self._ca_file)

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
        try:
            listed = list(_listed(named["repository"], json.loads(bytes(body))))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise failures.not_fetched(self.title) from None
        return _fitting(name, listed, named["file"], named["weights"])

    def _prepare(self, part: Path, weights: Weights) -> None:
        part.parent.mkdir(parents=True, exist_ok=True)
        there = part.stat().st_size if part.exists() else 0
        if there > weights.size:
            part.unlink()
            there = 0
        needed, free = weights.size - there, shutil.disk_usage(part.parent).free
        if needed > free:
            raise failures.no_room(needed, free)

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
            headers = self._headers(url, start)
            async with asyncio.timeout(_SILENCE_SECONDS):
                response = await client.send(client.build_request("GET", url, headers=headers), stream=True)
            if response.is_redirect:
                await response.aclose()
                url = _next(url, response.headers.get("location", ""))
                continue
            break
        try:
            self._look_at(response, name)
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

    def _headers(self, url: str, start: int) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        token = os.environ.get("HF_TOKEN", "")
        if token and token.isascii() and token.isprintable() and urlsplit(url)[:2] == urlsplit(self.endpoint)[:2]:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _look_at(self, response: httpx2.Response, name: str) -> None:
        if response.status_code in (401, 403, 404):
            raise failures.not_on_hub(name, self.title)
        if not response.is_success:
            raise failures.not_fetched(self.title)


def _next(url: str, location: str) -> str:
    """Where a redirect leads: never from a protected connection to one that is not."""
    try:
        target = urljoin(url, location)
        scheme = urlsplit(target).scheme
    except ValueError:
        raise failures.not_fetched(_host(url)) from None
    if scheme != "https" and (scheme != "http" or urlsplit(url).scheme != "http"):
        raise failures.not_fetched(_host(url))
    return target


def _listed(repository: str, listing: Any) -> Iterable[Weights]:
    revision = listing.get("sha") or "main"
    if not re.fullmatch(r"[\w.-]{1,64}", revision):
        raise ValueError("no revision")
    for entry in listing["siblings"]:
        file, blob = entry["rfilename"], entry.get("lfs") or {}
        size = blob.get("size") or entry.get("size")
        fits = file.lower().endswith(".gguf") and not _PARTS.search(file) and "mmproj" not in file.lower()
        if fits and isinstance(size, int) and size > 0 and _is_safe(file):
            sha256 = blob.get("sha256") or ""
            yield Weights(repository, revision, file, size, sha256 if re.fullmatch(r"[0-9a-f]{64}", sha256) else "")


def _is_safe(file: str) -> bool:
    """Whether a path of the hub's stays within the folder."""
    return (
        file.isprintable()
        and "\\" not in file
        and ":" not in file
        and all(part not in ("", ".", "..") for part in file.split("/"))
    )


def _fitting(name: str, listed: list[Weights], file: str | None, weights: str | None) -> Weights:
    named = [entry for entry in listed if file in (None, entry.file) and (weights or "").lower() in entry.file.lower()]
    if not named:
        raise failures.no_weights(name, tuple(file.file for file in listed))
    for usual in _USUAL:
        for candidate in named:
            if re.search(rf"(^|[-._/]){usual}[-._]", candidate.file, re.IGNORECASE):
                return candidate
    return min(named, key=lambda candidate: candidate.size)


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


def _host(url: str) -> str:
    with suppress(ValueError):
        return urlsplit(url).hostname or ""
    return ""
