"""The way to a model's server: its address checked, the key read at the last moment, connections kept."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_agent.config import api_keys
from jupyter_agent.core import errors
from jupyter_agent.core.text import well_formed
from jupyter_agent.models.openai_compatible import failures, windows
from jupyter_agent.models.openai_compatible.provider import OPENAI, Provider
from jupyter_agent.models.openai_compatible.stream import MAX_EVENT
from jupyter_agent.models.openai_compatible.transport import host_of, web_client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx2

    from jupyter_agent.models.openai_compatible.transport import Resolve

DEFAULT_MODEL = "gpt-5-mini"
_PROPERTIES_SECONDS = 3.0
#: Where servers say what a model takes now, by the owner that their lists of models name: an address may lead to any of them.
_WINDOW_PAGES = {"llamacpp": "props", "library": "api/ps", "organization_owner": "api/v0/models"}


class Connection:
    """One server of models.

    Args:
        base_url: Its address; empty for the provider's usual one.
        provider: What kind of server it is.
        proxy: Web proxy on the way to it, unless it is on this machine.
        ca_file: PEM file of certificates to trust besides the usual ones.
        own_key: Of a server that is a process of ours; others get the key of the environment.
        takes_any_key: Whether the address is configured, so that the key of the environment is meant for it; else it gets only
            a key that was set for this address.
        resolve: Host and port to IP addresses; the system's own unless a test says otherwise.

    Attributes:
        provider: What kind of server it is.
        base_url: Its address; empty where it has none yet.
    """

    def __init__(
        self,
        base_url: str = "",
        provider: Provider = OPENAI,
        *,
        proxy: str = "",
        ca_file: str = "",
        own_key: str = "",
        takes_any_key: bool = True,
        resolve: Resolve | None = None,
    ) -> None:
        self.provider = provider
        self.base_url = base_url or provider.usual_url()
        self._proxy = proxy
        self._ca_file = ca_file
        self._own_key = own_key
        self._takes_any_key = takes_any_key
        self._resolve = resolve
        self._drops_tools: bool | None = None
        self._has_users_key = False
        self._http: httpx2.AsyncClient | None = None
        self._url_of: Callable[[str], httpx2.URL] | None = None
        self._headers: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's own server."""
        return _is_openai(self.base_url)

    @property
    def default_model(self) -> str:
        """The model, where none is named; empty where the server has to be asked, or the user."""
        return self.provider.default or (DEFAULT_MODEL if self.is_openai else "")

    @property
    def is_ours(self) -> bool:
        """Whether it is a server of one's own, which may have to load a model first."""
        return not (self.is_openai or self.provider.needs_key)

    @property
    def server_key(self) -> str:
        """What names the server, whoever asks."""
        return f"{self.provider.name} {'' if self._own_key else self.base_url}"

    @property
    def server(self) -> Provider:
        """The provider as errors speak of it: where it is not at its usual address, by scheme, host and port, no more."""
        address = "" if self._own_key else self.base_url
        return _described(self.provider, address, self._has_users_key, is_set_by_user=not self._takes_any_key)

    async def open(self) -> httpx2.AsyncClient:
        """The HTTP client, the SDK's where that is the server's; imported and built in a thread on first use.

        Raises:
            UpstreamAuth: there is no usable key.
            UpstreamRefused: the address is none that models have.
        """
        if not self.base_url:
            raise errors.UpstreamRefused(f"The address of {self.server} is not set. Set {self.server.where}.")
        try:
            parts = urlsplit(self.base_url)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            valid = False
        if not valid:
            raise failures.bad_url(self.server)
        if "@" in parts.netloc:
            # A password would be seen wherever the address is.
            raise errors.UpstreamRefused(
                f"{self.server.where} must not hold a user name or password. Put the key in {self.server.key}."
            )
        await self._key()
        loop = asyncio.get_running_loop()
        if self._http is None or self._loop is not loop:
            # Connections belong to the loop that opened them; those of an earlier loop died with it.
            self._http, self._loop = await asyncio.to_thread(self._build), loop
        return self._http

    async def post(self, path: str, body: Mapping[str, Any]) -> httpx2.Response:
        """Ask a model, with the SDK's HTTP client and headers; the response is to be read, and closed, by the caller.

        The SDK itself would walk through each message and tool for files and aliases, and validate what it knows already.

        Args:
            path: From the server's address.
            body: The request as JSON data.

        Raises:
            UpstreamAuth: there is no usable key.
            UpstreamRefused: the address is none that models have.
            Failure: the server answered with a status of failure.
        """
        # What a server wants back may hold half of a character.
        return await self._send("POST", path, well_formed(json.dumps(body, ensure_ascii=False)).encode())

    async def get(self, path: str) -> httpx2.Response:
        """What stands at a path from the server's address; to be read, and closed, by the caller, and failing as `post` does."""
        return await self._send("GET", path)

    async def _send(self, method: str, path: str, content: bytes | None = None) -> httpx2.Response:
        http, key = await self.open(), await self._key()
        assert self._url_of is not None
        own = self.provider.key_header
        headers = {**self._headers, **({own: key} if own else {"Authorization": f"Bearer {key}"})}
        request = http.build_request(method, self._url_of(path), content=content, headers=headers)
        response = await http.send(request, stream=True)
        if response.is_success:
            return response
        try:
            given: object = (await response.aread()).decode("utf-8", "replace")
            with suppress(ValueError, RecursionError):
                given = json.loads(str(given))
            raise failures.from_status(response.status_code, given, self.server, response.headers)
        finally:
            await response.aclose()

    async def drops_tools(self) -> bool:
        """Whether the server says that its template knows no tools; asked once, and False where it does not say."""
        if self._drops_tools is None:
            self._drops_tools = False
            with suppress(Exception):  # the question itself tells what is wrong with the server
                properties = await self.server_json("props")
                windows.learn_page(self.base_url, properties)
                self._drops_tools = properties.get("chat_template_caps").get("supports_tools") is False
        return self._drops_tools

    async def learn_windows(self) -> None:
        """Ask the server what its models take."""
        path = self.provider.window_page
        with suppress(Exception):  # the question itself tells what is wrong with the server
            if not path:
                async with asyncio.timeout(_PROPERTIES_SECONDS):
                    listing = json.loads(await whole(await self.get(self.provider.listing)))
                windows.learn_page(self.base_url, listing)
                path = _WINDOW_PAGES[listing["data"][0]["owned_by"]]
            windows.learn_page(self.base_url, await self.server_json(path))

    async def server_json(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the server says at a path next to ``v1``, within three seconds; whatever is wrong is raised."""
        await self.open()
        parent = "../" if self.base_url.rstrip("/").endswith("/v1") else ""
        content = None if body is None else json.dumps(body).encode()
        async with asyncio.timeout(_PROPERTIES_SECONDS):
            return json.loads(await whole(await self._send("GET" if body is None else "POST", parent + path, content)))

    async def close(self) -> None:
        """Let go of the connections."""
        http, self._http = self._http, None
        if http is not None and self._loop is asyncio.get_running_loop():
            await http.aclose()

    async def _key(self) -> str:
        """The key, read at the moment of use.

        Raises:
            UpstreamAuth: the server needs one and there is none, or it cannot be one.
        """
        key, variable = self._own_key, self.provider.key
        if not key and variable:
            get = partial(api_keys.get, variable, self.base_url, is_configured=self._takes_any_key)
            is_at_hand = api_keys.is_at_hand(variable, is_configured=self._takes_any_key)
            key = get() if is_at_hand else await asyncio.to_thread(get)  # it may wait for a keyring
            self._has_users_key = bool(key) and key != os.environ.get(variable)
        if not key:
            if not self.is_ours:
                raise errors.UpstreamAuth(
                    f"There is no key for {self.server}. {self.server.key_hint} Or ask a model of your own: "
                    "`jupyter agent models` says which."
                )
            return "none"
        if not key.isascii() or not key.isprintable() or " " in key:
            raise errors.UpstreamAuth(
                f"The key in {self.server.key} holds a space, a line break or a character outside ASCII: copy it again. "
                f"{self.server.key_hint}"
            )
        return key

    def _build(self) -> httpx2.AsyncClient:
        http = web_client(
            self.server, host_of(self.base_url), proxy=self._proxy, ca_file=self._ca_file, resolve=self._resolve
        )
        encoding = {"Accept-Encoding": "identity"}
        if self.provider.key_header:
            import httpx2

            # Addresses of this API are written without the version, too.
            self._url_of = cache(httpx2.URL(f"{self.base_url.rstrip('/').removesuffix('/v1')}/v1/").join)
            self._headers = {"Content-Type": "application/json", **encoding, **dict(self.provider.headers)}
            return http
        import openai

        client = openai.AsyncOpenAI(
            api_key="none", base_url=self.base_url, max_retries=0, http_client=http, default_headers=encoding
        )
        given = {name: value for name, value in client.default_headers.items() if isinstance(value, str)}
        self._headers = {name: given[name] for name in given if name != "Authorization"}
        self._url_of = cache(client.base_url.join)
        return http


@lru_cache(maxsize=64)
def _described(provider: Provider, address: str, has_users_key: bool, *, is_set_by_user: bool) -> Provider:
    """A provider as errors speak of it; made once, since each question asks for it several times."""
    described = replace(provider, has_users_key=has_users_key)
    if address in ("", provider.base_url) or _is_openai(address):
        return described
    try:
        parts = urlsplit(address)
        title = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    except ValueError:
        return replace(described, title="The model's server")
    title = title if provider is OPENAI else f"{provider.title} at {title}"
    return replace(described, title=title, is_set_by_user=is_set_by_user)


def _is_openai(address: str) -> bool:
    return host_of(address) == "api.openai.com"


async def whole(response: httpx2.Response) -> bytes:
    """The body of an answer that is not streamed, as far as an answer may go."""
    body = bytearray()
    async with aclosing(response.aiter_bytes()) as pieces:
        async for piece in pieces:
            body += piece
            if len(body) > MAX_EVENT:
                raise ValueError("too long")
    return bytes(body)
