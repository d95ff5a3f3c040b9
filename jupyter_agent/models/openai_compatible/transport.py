"""The way to a server on the web: addresses looked at before they are connected to, proxy and certificates by option."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_agent.core import errors
from jupyter_agent.models.openai_compatible import failures
from jupyter_agent.models.openai_compatible.network import AsyncioBackend

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from jupyter_agent.models.openai_compatible.provider import Provider

    Resolve = Callable[[str, int], Awaitable[list[str]]]

CONNECT_SECONDS = 5.0
_ERROR_BYTES = 64 << 10
#: Where clouds keep what their machines may know and nobody else: keys, above all.
_METADATA = frozenset(
    map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def web_client(
    server: Provider, host: str, *, proxy: str = "", ca_file: str = "", resolve: Resolve | None = None
) -> httpx2.AsyncClient:
    """An HTTP client that follows no redirects and takes nothing from the environment.

    Args:
        server: Who is asked, for errors.
        host: Where; a proxy does not lead to this machine.
        proxy: Address of a web proxy.
        ca_file: PEM file of certificates to trust besides the usual ones.
        resolve: Host and port to IP addresses; the system's own unless a test says otherwise.

    Raises:
        UpstreamRefused: the proxy, or the file, is none.
    """
    import httpx2

    context = httpx2.create_ssl_context(trust_env=False)
    if ca_file:
        try:
            context.load_verify_locations(cafile=Path(ca_file).expanduser())
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            message = "c.JupyterAgent.ca_file cannot be read as a PEM file of certificates."
            raise errors.UpstreamRefused(message) from None
    route = None
    if proxy and not is_this_machine(host):
        with suppress(ValueError, httpx2.InvalidURL):
            route = httpx2.Proxy(proxy)
        if route is None or route.url.scheme not in ("http", "https") or not route.url.host:
            raise errors.UpstreamRefused(
                "c.JupyterAgent.proxy must be an address such as http://proxy.example.com:3128."
            )
    # How many may be asked at once is the server's to say: its turns have a limit, and one that waited here would look silent.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
    inner = httpx2.AsyncHTTPTransport(verify=context, trust_env=False, proxy=route, limits=limits)
    # There is no option for it; where another release keeps it elsewhere, its own connections do as well, only slower.
    with suppress(KeyError, AttributeError):
        vars(inner)["_pool"]._network_backend = AsyncioBackend()
    transport: Any = _GuardedTransport(inner, _literal if route else resolve or _addresses, server)
    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    return httpx2.AsyncClient(transport=transport, follow_redirects=False, trust_env=False, timeout=timeout)


async def _literal(host: str, _: int) -> list[str]:
    """The address itself, if it is one; names are the proxy's to look up."""
    return [host.strip("[]")]


class _GuardedTransport:
    """Connects to addresses that have been looked at, and keeps long error pages out."""

    def __init__(self, inner: httpx2.AsyncHTTPTransport, resolve: Resolve, server: Provider) -> None:
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
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                addresses = await self._resolve(request.url.host, request.url.port or 443)
        except (OSError, UnicodeError) as error:
            raise failures.unreachable(self._server) from error
        if not addresses:
            raise failures.unreachable(self._server)
        if any(is_forbidden(address) for address in addresses):
            # It belongs to a machine's own services, never to a model.
            raise errors.UpstreamRefused(
                f"{self._server} is not an address for models (link-local or a cloud's metadata). "
                f"Set {self._server.where} to another."
            )
        response = await self._connect(request, addresses)
        encoding = response.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity", "utf-8"):  # the last is none, and what some say of their texts
            await response.aclose()
            raise failures.compressed(self._server, encoding)
        return response if response.is_success else await _shortened(response)

    async def _connect(self, request: httpx2.Request, addresses: list[str]) -> httpx2.Response:
        """Ask the first address that can be reached; the name is not looked up again, so it cannot change."""
        import httpx2

        url, extensions = request.url, {**request.extensions, "sni_hostname": request.url.host}
        for address in addresses[:4]:
            aimed = request
            if address != url.host:  # certificate and `Host` are still those of the name
                aimed = httpx2.Request(
                    request.method,
                    url.copy_with(host=address),
                    headers=request.headers,
                    stream=request.stream,
                    extensions=extensions,
                )
            try:
                return await self._inner.handle_async_request(aimed)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
        raise failure


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
    if is_address(host):
        return [host]  # asking the system takes a thread
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


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


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine, to which no proxy leads."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_address(host: str) -> bool:
    """Whether a host is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def host_of(url: str) -> str:
    """The host in a URL; empty where there is none."""
    with suppress(ValueError):
        return (urlsplit(url).hostname or "").rstrip(".")
    return ""
