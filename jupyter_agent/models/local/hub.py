"""Model files from Hugging Face: chosen from a repository's list, fetched once, resumed where they stopped, checked."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
from contextlib import AbstractContextManager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_agent.core import errors
from jupyter_agent.models.local import failures
from jupyter_agent.models.openai_compatible.failures import Server
from jupyter_agent.models.openai_compatible.transport import web_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
    from concurrent.futures import Future

    import httpx2
    from huggingface_hub import ModelInfo

    Progress = Callable[[int, int], None]

_HUB = "https://huggingface.co"
_NAME = re.compile(
    r"(?P<repository>\w[\w.-]{0,95}/\w[\w.-]{0,95})(?:/(?P<file>[\w./ -]{1,200}\.gguf)|:(?P<weights>[\w.-]{1,32}))?"
)
#: Weights in few bits that have lost little; the first that a repository has.
_USUAL = ("q4_k_m", "q4_k_s", "q4_0", "q5_k_m", "q8_0", "f16", "bf16", "f32")
_PARTS = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)
_LISTING_BYTES = 8 << 20
_PIECE_BYTES = 256 << 10
_TRIES = 5
_SILENCE_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_REDIRECTS = 4


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
        return max(files, key=lambda path: path.stat().st_mtime, default=None)

    def all_fetched(self) -> tuple[str, ...]:
        """Names of all files that were fetched before."""
        return tuple(sorted(path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*.gguf")))

    async def fetch(self, name: str, progress: Progress) -> Path:
        """Fetch what a name means.

        Args:
            name: ``owner/repository``, with ``:<weights>`` or ``/<file>`` if need be.
            progress: Called in another thread with the bytes that are here and the bytes that there are.

        Raises:
            MissingExtra: huggingface_hub is not installed.
            UpstreamError: one of its kinds, with the cure in words.
        """
        named = _NAME.fullmatch(name)
        if named is None or not _is_safe(named["file"] or "file"):
            raise failures.no_file()
        await asyncio.to_thread(_prepare_library, self.title)
        server = Server(self.title, "HF_TOKEN", "HF_ENDPOINT")
        try:
            async with web_client(server, _host(self.endpoint), proxy=self._proxy, ca_file=self._ca_file) as client:
                session = _Session(client, self.endpoint, failures.not_on_hub(name, self.title), self.title)
                listed = await self._tried(session, self._list, named["repository"])
                weights = _fitting(name, listed, named["file"], named["weights"])
                return await self._fetched(session, weights, progress)
        except OSError as error:
            raise failures.not_written(error.strerror or "") from None

    async def _fetched(self, session: _Session, weights: Weights, progress: Progress) -> Path:
        """The file of some weights; another process that fetches the same waits for its turn."""
        import filelock

        target = self._folder.joinpath(*weights.repository.split("/"), *weights.file.split("/"))
        part = target.with_name(target.name + ".part")
        await asyncio.to_thread(part.parent.mkdir, parents=True, exist_ok=True)
        lock = filelock.FileLock(target.with_suffix(".lock"), thread_local=False)
        while not lock.is_locked:
            try:
                lock.acquire(blocking=False)
            except filelock.Timeout:
                progress(_size(part), weights.size)
                await asyncio.sleep(self._pause)
        try:
            if not target.is_file():  # else another process was faster
                await asyncio.to_thread(_check_room, part, weights)
                await self._tried(session, self._download, part, weights, progress)
                await asyncio.to_thread(_check_sum, part, weights)
                part.replace(target)
        finally:
            lock.release()
        return target

    async def _tried(self, session: _Session, function: Callable[..., Any], *args: Any) -> Any:
        """The result of some work that may need several tries; each goes on where the last one stopped."""
        for number in range(_TRIES):
            try:
                return await session.run(function, *args)
            except errors.UpstreamUnreachable:
                await asyncio.sleep(self._pause * 2**number if number + 1 < _TRIES else 0)
        raise failures.not_fetched(self.title)

    def _list(self, repository: str) -> list[Weights]:
        """All files of a repository that the engine reads."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HFValidationError

        try:
            api = HfApi(endpoint=self.endpoint, token=False, headers=_authorization())
            return list(_listed(repository, api.model_info(repository, files_metadata=True)))
        except HFValidationError:
            raise failures.no_file() from None
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
            raise failures.not_fetched(self.title) from None

    def _download(self, part: Path, weights: Weights, progress: Progress) -> None:
        """Append what is missing of a file.

        `http_get` instead of `hf_hub_download`: the latter throws away what it has when it is interrupted, and
        hf-xet, its native client for large files, knows nothing of our proxy, certificates and forbidden addresses.
        """
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get

        url = hf_hub_url(weights.repository, weights.file, revision=weights.revision, endpoint=self.endpoint)
        with part.open("ab") as file:
            progress(start := file.tell(), weights.size)
            bar: Any = partial(_ProgressBar, progress, weights.size)
            headers = _authorization()
            try:
                http_get(url, file, resume_size=start, headers=headers, expected_size=weights.size, tqdm_class=bar)
            except (ValueError, OSError) as error:  # too large for the library without hf-xet, or too short an answer
                if isinstance(error, OSError) and error.errno is not None:
                    raise
                raise failures.not_fetched(self.title) from None


class _ProgressBar(AbstractContextManager["_ProgressBar"]):
    """Takes the place of the progress bar that `http_get` would print."""

    def __init__(self, progress: Progress, size: int, *, initial: int = 0, **_: object) -> None:
        self._progress = progress
        self._size = size
        self._here = initial

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, count: int) -> None:
        self._here += count
        if self._here > self._size:  # nothing of it has been written
            raise failures.wrong_sum()
        self._progress(self._here, self._size)


class _Session:
    """Runs functions of ``huggingface_hub`` in a thread, and sends their requests on the event loop by our own client.

    So each request and each redirect passes the checks of `web_client`, and cancelling ends the thread at once.

    Args:
        client: Sends the requests.
        endpoint: The hub's address.
        not_found: Raised where the hub knows no such repository or file.
        title: The hub's name for people.
    """

    def __init__(self, client: httpx2.AsyncClient, endpoint: str, not_found: errors.UpstreamError, title: str) -> None:
        self._client = client
        self._schemes = ("https",) if endpoint.startswith("https:") else ("https", "http")
        self._not_found = not_found
        self._title = title
        self._loop = asyncio.get_running_loop()
        self._waiting: Future[Any] | None = None
        self._is_stopped = False
        client.max_redirects = _REDIRECTS
        client.event_hooks = {"request": [self._check_scheme]}

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """The result of a function, which has ended when this has, cancelled or not."""
        import httpx2

        def call() -> Any:
            _prepare_library(self._title)
            _SESSION.set(self)
            try:
                return function(*args)
            except httpx2.InvalidURL:  # HF_ENDPOINT is none
                raise failures.not_fetched(self._title) from None

        work = asyncio.create_task(asyncio.to_thread(call))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self._is_stopped = True
            if self._waiting is not None:
                self._waiting.cancel()
            await asyncio.wait([work])
            raise

    def send(self, request: httpx2.Request, *, stream: bool = False, **_: object) -> httpx2.Response:
        """Answer a request of the library; called in its thread.

        Raises:
            UpstreamError: there is no answer, or it is a failure; the library does not see it and tries nothing again.
        """
        import httpx2

        answer = self._wait(self._ask(request))
        if answer.status_code in (401, 403, 404):
            raise self._not_found
        if not answer.is_success:
            raise failures.not_fetched(self._title)
        # The headers are left out: the library would print the hub's warnings.
        response = httpx2.Response(answer.status_code, content=self._pieces(answer, stream), request=request)
        if not stream:
            response.read()
        return response

    async def _ask(self, request: httpx2.Request) -> httpx2.Response:
        """Follow redirects to the hub's storage, which does not get the token."""
        headers = {"Accept-Encoding": "identity"}
        headers |= {name: request.headers[name] for name in ("Authorization", "Range") if name in request.headers}
        asked = self._client.build_request(request.method, request.url, headers=headers)
        return await self._client.send(asked, stream=True, follow_redirects=True)

    async def _check_scheme(self, request: httpx2.Request) -> None:
        """Never from a protected connection to one that is not, nor to a file."""
        if request.url.scheme not in self._schemes:
            raise failures.not_fetched(self._title)

    def _pieces(self, answer: httpx2.Response, stream: bool) -> Iterator[bytes]:
        pieces = answer.aiter_raw(_PIECE_BYTES)
        size = 0
        while (piece := self._wait(_next(pieces))) is not None:
            size += len(piece)
            if size > _LISTING_BYTES and not stream:
                raise failures.not_fetched(self._title)
            yield piece

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of work on the event loop."""
        import httpx2

        self._waiting = waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        if self._is_stopped:
            waiting.cancel()
        try:
            return waiting.result(_SILENCE_SECONDS)
        except (TimeoutError, httpx2.RequestError):
            waiting.cancel()
            raise failures.not_fetched(self._title) from None


#: The session whose thread this is.
_SESSION: ContextVar[_Session | None] = ContextVar("session", default=None)


class _ClientFactory:
    """Makes the one client that ``huggingface_hub`` has in a process; requests of others are sent as before."""

    def __init__(self, previous: Callable[[], httpx2.Client]) -> None:
        self._previous = previous

    def __call__(self) -> httpx2.Client:
        client = self._previous()
        send = client.send

        def send_by_session(request: httpx2.Request, **options: Any) -> httpx2.Response:
            session = _SESSION.get()
            return send(request, **options) if session is None else session.send(request, **options)

        client.send = send_by_session  # type: ignore[method-assign]
        return client


def _prepare_library(title: str) -> None:
    """Load ``huggingface_hub`` and see to it that what a session's thread asks is sent by the session.

    Raises:
        MissingExtra: it is not installed.
        UpstreamUnreachable: ``HF_HUB_OFFLINE`` is set.
    """
    try:
        from huggingface_hub import constants, is_offline_mode, set_client_factory
        from huggingface_hub.utils import _http
    except ImportError:
        raise failures.missing_extra() from None
    # Otherwise it looks for the programs that run here, and asks the hub for a list of those to look for.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    if not isinstance(_http._GLOBAL_CLIENT_FACTORY, _ClientFactory):
        set_client_factory(_ClientFactory(_http._GLOBAL_CLIENT_FACTORY))
    if is_offline_mode():
        raise failures.not_fetched(title)


def _authorization() -> dict[str, str]:
    """The user's token, if there is one: not the one that another program has stored."""
    token = os.environ.get("HF_TOKEN", "")
    return {"Authorization": f"Bearer {token}"} if token and token.isascii() and token.isprintable() else {}


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


def _listed(repository: str, info: ModelInfo) -> Iterable[Weights]:
    revision = info.sha or "main"
    if not re.fullmatch(r"[\w.-]{1,64}", revision):
        raise ValueError("no revision")
    for entry in info.siblings or ():
        file, size, sha256 = entry.rfilename, entry.size, ""
        if entry.lfs is not None:
            size, sha256 = entry.lfs.size or size, entry.lfs.sha256 or ""
        fits = file.lower().endswith(".gguf") and not _PARTS.search(file) and "mmproj" not in file.lower()
        if fits and isinstance(size, int) and size > 0 and _is_safe(file):
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


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _check_room(part: Path, weights: Weights) -> None:
    if _size(part) > weights.size:
        part.unlink()
    needed, free = weights.size - _size(part), shutil.disk_usage(part.parent).free
    if needed > free:
        raise failures.no_room(needed, free)


def _check_sum(part: Path, weights: Weights) -> None:
    """Throw a whole file away that is not what the hub has."""
    if not weights.sha256:
        return
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != weights.sha256:
        part.unlink()
        raise failures.wrong_sum()


def _host(url: str) -> str:
    with suppress(ValueError):
        return urlsplit(url).hostname or ""
    return ""
