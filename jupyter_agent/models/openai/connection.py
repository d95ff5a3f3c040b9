"""The way to a model's server: its address checked, the key read at the last moment, connections kept."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_agent.models.openai import failures
from jupyter_agent.models.openai.failures import Server
from jupyter_agent.models.openai.providers import OPENAI, Provider

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    import httpx2
    from openai import AsyncOpenAI

    Resolve = Callable[[str, int], Awaitable[list[str]]]

CONNECT_SECONDS = 5.0
_ERROR_BYTES = 64 << 10
#: Where clouds keep what their machines may know and nobody else: keys, above all.
_METADATA = frozenset(
    map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Connection:
    """One server of models.

    Args:
        base_url: Its address; empty for the provider's usual one.
        provider: What kind of server it is.
        proxy: Web proxy on the way to it, unless it is on this machine.
        ca_file: PEM file of certificates to trust besides the usual ones.
        resolve: Host and port to IP addresses; the system's own unless a test says otherwise.
    """

    def __init__(
        self,
        base_url: str = "",
        provider: Provider = OPENAI,
        *,
        proxy: str = "",
        ca_file: str = "",
        resolve: Resolve | None = None,
    ) -> None:
        self.provider = provider
        self._base_url = base_url or provider.base_url
        self._proxy = "" if is_here(_host(self._base_url)) else proxy
        self._ca_file = ca_file
        self._resolve = resolve or _addresses
        self._client: AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's own server."""
        return _host(self._base_url) == "api.openai.com"

    @property
    def is_ours(self) -> bool:
        """Whether it is a server of one's own, which may have to load a model first."""
        return not (self.is_openai or self.provider.needs_key)

    @property
    def server(self) -> Server:
        """How errors speak of it."""
        one = self.provider
        return Server(self._name(), one.key, one.where, one.start, one.load, one.name)

    def _name(self) -> str:
        """Scheme, host and port, no more."""
        if self.is_openai or self._base_url == self.provider.base_url or not self._base_url:
            return self.provider.title
        try:
            parts = urlsplit(self._base_url)
            address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        except ValueError:
            return "The model's server"
        return address if self.provider is OPENAI else f"{self.provider.title} at {address}"

    async def client(self) -> AsyncOpenAI:
        """The SDK's client; imported and built in a thread on first use.

        Raises:
            UpstreamAuth: there is no usable key.
            UpstreamRefused: the address is none that models have.
        """
        self._check_url()
        self._key()
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            # Connections belong to the loop that opened them; those of an earlier loop died with it.
            self._client, self._loop = await asyncio.to_thread(self._build), loop
        return self._client

    async def close(self) -> None:
        """Let go of the connections."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.close()

    def _key(self) -> str:
        """The key, read from the environment at the moment of use.

        Raises:
            UpstreamAuth: the server needs one and there is none, or it cannot be one.
        """
        key = os.environ.get(self.provider.key, "") if self.provider.key else ""
        if not key:
            if not self.is_ours:
                raise failures.no_key(self.server)
            return "none"
        if not key.isascii() or not key.isprintable() or " " in key:
            raise failures.bad_key(self.server)
        return key

    def _check_url(self) -> None:
        if not self._base_url:
            raise failures.no_url(self.server)
        try:
            parts = urlsplit(self._base_url)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            valid = False
        if not valid:
            raise failures.bad_url(self.server)
        if "@" in parts.netloc:
            raise failures.url_with_key(self.server)

    def _build(self) -> AsyncOpenAI:
        import httpx2
        import openai

        transport: Any = _GuardedTransport(
            httpx2.AsyncHTTPTransport(verify=self._trusted(), trust_env=False, proxy=self._way()),
            self._literal if self._proxy else self._resolve,
            self.server,
        )
        http = httpx2.AsyncClient(
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
        )

        async def key() -> str:
            return self._key()

        client = openai.AsyncOpenAI(
            api_key=key,
            base_url=self._base_url,
            max_retries=0,
            http_client=http,
            default_headers={"Accept-Encoding": "identity"},
        )
        _ = client.chat.completions, client.models  # these are imported on first use, too
        return client

    def _trusted(self) -> ssl.SSLContext:
        """The usual certificates, and the company's own."""
        import httpx2

        context = httpx2.create_ssl_context(trust_env=False)
        if self._ca_file:
            try:
                context.load_verify_locations(cafile=Path(self._ca_file).expanduser())
            except (OSError, ValueError):  # ssl.SSLError is an OSError
                raise failures.bad_ca_file() from None
        return context

    def _way(self) -> httpx2.Proxy | None:
        import httpx2

        if not self._proxy:
            return None
        try:
            proxy = httpx2.Proxy(self._proxy)
        except (ValueError, httpx2.InvalidURL):
            raise failures.bad_proxy() from None
        if proxy.url.scheme not in ("http", "https") or not proxy.url.host:
            raise failures.bad_proxy()
        return proxy

    async def _literal(self, host: str, _: int) -> list[str]:
        """The address itself, if it is one; names are the proxy's to look up."""
        try:
            return [str(ipaddress.ip_address(host.strip("[]")))]
        except ValueError:
            return [host]


class _GuardedTransport:
    """Connects to addresses that have been looked at, and keeps long error pages out."""

    def __init__(self, inner: httpx2.AsyncHTTPTransport, resolve: Resolve, server: Server) -> None:
        self._inner = inner
        self._resolve = resolve
        self._server = server

    async def __aenter__(self) -> _GuardedTransport:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._connect(request, await self._look_up(request.url.host, request.url.port or 443))
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise failures.garbled(self._server)  # not asked for, and a few bytes may become gigabytes
        return response if response.is_success else await _shortened(response)

    async def _look_up(self, host: str, port: int) -> list[str]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise failures.unreachable(self._server) from error
        if not addresses:
            raise failures.unreachable(self._server)
        if any(is_forbidden(address) for address in addresses):
            raise failures.forbidden_address(self._server)
        return addresses

    async def _connect(self, request: httpx2.Request, addresses: list[str]) -> httpx2.Response:
        """Ask the first address that can be reached; the name is not looked up again, so it cannot change."""
        import httpx2

        *others, last = addresses[:4]
        for address in others:
            try:
                return await self._inner.handle_async_request(_aimed(request, address))
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_aimed(request, last))


def is_forbidden(address: str) -> bool:
    """Whether an IP address is one that no model is served from: link-local, multicast, or a cloud's metadata."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False  # a name, which a proxy looks up
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_link_local or ip.is_multicast or ip in _METADATA


async def _addresses(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _aimed(request: httpx2.Request, address: str) -> httpx2.Request:
    """The same request to an address; certificate and `Host` are still those of the name."""
    import httpx2

    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


async def _shortened(response: httpx2.Response) -> httpx2.Response:
    """An error's response with its body read, as far as anybody wants to read it."""
    import httpx2

    body = bytearray()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            async for piece in response.aiter_raw():
                body += piece
                if len(body) >= _ERROR_BYTES:
                    break
    except (TimeoutError, httpx2.TransportError):
        pass  # the status says enough
    finally:
        await response.aclose()
    unfit = ("content-length", "transfer-encoding")
    headers = [(name, value) for name, value in response.headers.items() if name.lower() not in unfit]
    return httpx2.Response(response.status_code, headers=headers, content=bytes(body[:_ERROR_BYTES]))


def is_here(host: str) -> bool:
    """Whether a host is this machine, to which no proxy leads."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
