"""Which MCP servers are configured, each looked at before anything is started."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
#: They would have a program load other code than its own.
_LOADER = re.compile(r"LD_.*|DYLD_.*|GCONV_PATH|BASH_ENV|ENV|PYTHONSTARTUP|NODE_OPTIONS")
_KEYS = frozenset({"args", "command", "disabled", "env", "headers", "timeout", "tools", "trusted", "type", "url"})
HERE = frozenset({"localhost", "127.0.0.1", "::1"})
CALL_SECONDS = 60.0


class NotUsable(ValueError):
    """Why a configured server is not used, for its administrator."""


@dataclass(frozen=True, slots=True)
class Server:
    """One configured server; exactly one of `command` and `url` is there.

    Attributes:
        name: As its tools' names begin.
        command: Program and arguments; no shell reads them.
        environment: More variables for it; it gets none of ours but the harmless ones.
        url: Of its streamable HTTP endpoint.
        headers: Of each request.
        trusted: Its tools that need not ask in every mode.
        tools: Those that are offered; None offers all.
        timeout: Seconds for a call.
    """

    name: str
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    trusted: frozenset[str] = frozenset()
    tools: frozenset[str] | None = None
    timeout: float = CALL_SECONDS

    @property
    def secrets(self) -> Iterator[str]:
        """What nobody else may see: values of headers, whole and by the words of theirs."""
        for value in self.headers.values():
            yield value
            yield from value.split()


def read(configured: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[list[Server], list[str]]:
    """The servers that can be used, and what is wrong with the others."""
    servers: list[Server] = []
    problems: list[str] = []
    for name, entry in configured.items():
        try:
            if not (isinstance(entry, Mapping) and entry.get("disabled") is True):
                servers.append(_server(name, entry, environ))
        except NotUsable as error:
            problems.append(
                f"The MCP server '{str(name)[:40]}' is not used: {error} Correct c.JupyterAgent.mcp_servers."
            )
    return servers, problems


def _server(name: Any, entry: Any, environ: Mapping[str, str]) -> Server:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise NotUsable("its name must be 1 to 32 letters, figures, _ and -.")
    if not isinstance(entry, Mapping):
        raise NotUsable("it must be an object with 'command' or 'url'.")
    if unknown := sorted(str(key)[:40] for key in entry if key not in _KEYS):
        raise NotUsable(f"there is no '{unknown[0]}'.")
    if ("command" in entry) == ("url" in entry):
        raise NotUsable("it must have either 'command' or 'url'.")
    server = Server(
        name,
        trusted=frozenset(_words(entry, "trusted")),
        tools=frozenset(_words(entry, "tools")) if "tools" in entry else None,
        timeout=_seconds(entry),
    )
    if "url" in entry:
        headers = _texts(entry, "headers", environ)
        return replace(server, url=_address(entry["url"], has_headers=bool(headers)), headers=headers)
    environment = _texts(entry, "env", environ, refused=_LOADER.fullmatch)
    return replace(server, command=_command(entry), environment=environment)


def _command(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Program and arguments, in one list or in two keys as other clients have them."""
    command = entry["command"]
    words = (*([command] if isinstance(command, str) else _words(entry, "command")), *_words(entry, "args"))
    if not words or not words[0] or any("\0" in word for word in words):
        raise NotUsable("'command' must be a list of a program and its arguments.")
    return words


def _address(url: Any, *, has_headers: bool) -> str:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        host = parts.hostname if parts is not None else None
    except ValueError:
        parts = host = None
    if parts is None or not host or parts.scheme not in ("http", "https"):
        raise NotUsable("'url' must be an address that begins with https:// or http://.")
    if parts.username or parts.password:
        raise NotUsable("'url' must not have a password in it; use 'headers'.")
    if parts.scheme == "http" and host not in HERE and has_headers:
        raise NotUsable("its 'headers' would be sent unencrypted; use https://.")
    return str(url)


def _texts(
    entry: Mapping[str, Any],
    key: str,
    environ: Mapping[str, str],
    refused: Callable[[str], object] = lambda _: None,
) -> Mapping[str, str]:
    """An object of texts, with ``${NAME}`` taken from the environment."""
    given = entry.get(key, {})
    if not isinstance(given, Mapping):
        raise NotUsable(f"'{key}' must be an object of texts.")
    found: dict[str, str] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str) or set(name + value) & set("\0\r\n"):
            raise NotUsable(f"'{key}' must be an object of texts, each of one line.")
        if not name or "=" in name or refused(name):
            raise NotUsable(f"'{key}' may not have '{name[:40]}'.")
        found[name] = _resolved(value, environ)
    return MappingProxyType(found)


def _resolved(value: str, environ: Mapping[str, str]) -> str:
    for name in _REFERENCE.findall(value):
        if name not in environ:
            raise NotUsable(f"the environment has no {name[:60]}.")
    return _REFERENCE.sub(lambda match: environ[match[1]], value)


def _words(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    given = entry.get(key, ())
    if not isinstance(given, (list, tuple)) or not all(isinstance(word, str) for word in given):
        raise NotUsable(f"'{key}' must be a list of texts.")
    return tuple(given)


def _seconds(entry: Mapping[str, Any]) -> float:
    given = entry.get("timeout", CALL_SECONDS)
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 1 <= given <= 600:
        raise NotUsable("'timeout' must be 1 to 600 seconds.")
    return float(given)
