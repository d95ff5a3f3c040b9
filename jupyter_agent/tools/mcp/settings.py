"""Settings of MCP servers, checked before anything is started."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from jupyter_agent.config.policy import Policy

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
#: Variables that make a program load other code than its own.
_LOADER = re.compile(r"LD_.*|DYLD_.*|GCONV_PATH|BASH_ENV|ENV|PYTHONSTARTUP|NODE_OPTIONS")
#: Variables that decide where a program comes from; refused where the administrator's policy names programs.
_CODE_PATH = re.compile(r"PATH|PYTHON.*|NODE_.*|UV_.*|PIP_.*|(?i:npm_config_.*)")
NO_POLICY = Policy()
_KEYS = frozenset({"args", "command", "disabled", "env", "headers", "timeout", "tools", "trusted", "type", "url"})
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
CALL_SECONDS = 60.0


class InvalidSettings(ValueError):
    """Why a configured server is not used, for its administrator."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """One configured server; it has either a `command` or a `url`.

    Attributes:
        name: The prefix of its tools' names.
        command: Program and arguments, run without a shell.
        environment: Additional variables; of ours it gets only those without secrets.
        url: Of its streamable HTTP endpoint.
        headers: Of each request.
        trusted: Tools for which the approval mode decides; others ask in every mode.
        tools: Tools that are offered; None offers all.
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


def read(
    configured: Mapping[str, Any], environ: Mapping[str, str], policy: Policy = NO_POLICY
) -> tuple[list[ServerSettings], list[str]]:
    """Settings of the servers that can be used and that the policy allows, and what is wrong with the others."""
    servers: list[ServerSettings] = []
    problems: list[str] = []
    for name, entry in configured.items():
        try:
            if not (isinstance(entry, Mapping) and entry.get("disabled") is True):
                server = _server(name, entry, environ)
                _check_policy(server, policy)
                servers.append(server)
        except InvalidSettings as error:
            problems.append(
                f"The MCP server '{str(name)[:40]}' is not used: {error} Correct c.JupyterAgent.mcp_servers."
            )
    return servers, problems


def _check_policy(server: ServerSettings, policy: Policy) -> None:
    """Refuse a server that the administrator's policy does not allow, or one that could run other code than its command."""
    if "mcp_servers" in policy.force or "mcp_servers" not in policy.patterns:
        return
    if not policy.allows("mcp_servers", server.url or shlex.join(server.command)):
        raise InvalidSettings("the policy of this server does not allow it.")
    if refused := next(filter(_CODE_PATH.fullmatch, server.environment), ""):
        raise InvalidSettings(f"where the policy names commands, 'env' may not have '{refused}'.")


def _server(name: Any, entry: Any, environ: Mapping[str, str]) -> ServerSettings:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidSettings("its name must be 1 to 32 letters, digits, _ and -.")
    if not isinstance(entry, Mapping):
        raise InvalidSettings("it must be an object with 'command' or 'url'.")
    if unknown := sorted(str(key)[:40] for key in entry if key not in _KEYS):
        raise InvalidSettings(f"there is no '{unknown[0]}'.")
    if ("command" in entry) == ("url" in entry):
        raise InvalidSettings("it must have either 'command' or 'url'.")
    trusted = frozenset(_string_list(entry, "trusted"))
    tools = frozenset(_string_list(entry, "tools")) if "tools" in entry else None
    timeout = entry.get("timeout", CALL_SECONDS)
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 1 <= timeout <= 600:
        raise InvalidSettings("'timeout' must be 1 to 600 seconds.")
    server = ServerSettings(name, trusted=trusted, tools=tools, timeout=float(timeout))
    if "url" in entry:
        headers = _string_map(entry, "headers", environ)
        return replace(server, url=_checked_url(entry["url"], has_headers=bool(headers)), headers=headers)
    environment = _string_map(entry, "env", environ, refused=_LOADER.fullmatch)
    # A program and its arguments, in one list, or under two keys as in other clients.
    given = entry["command"]
    program = (given,) if isinstance(given, str) else _string_list(entry, "command")
    command = (*program, *_string_list(entry, "args"))
    if not command or not command[0] or any("\0" in part for part in command):
        raise InvalidSettings("'command' must be a list of a program and its arguments.")
    return replace(server, command=command, environment=environment)


def _checked_url(url: Any, *, has_headers: bool) -> str:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        host = parts.hostname if parts is not None else None
    except ValueError:
        parts = host = None
    if parts is None or not host or parts.scheme not in ("http", "https"):
        raise InvalidSettings("'url' must be an address that begins with https:// or http://.")
    if parts.username or parts.password:
        raise InvalidSettings("'url' must not have a password in it; use 'headers'.")
    if parts.scheme == "http" and host not in LOCAL_HOSTS and has_headers:
        raise InvalidSettings("its 'headers' would be sent unencrypted; use https://.")
    return str(url)


def _string_map(
    entry: Mapping[str, Any],
    key: str,
    environ: Mapping[str, str],
    refused: Callable[[str], object] = lambda _: None,
) -> Mapping[str, str]:
    """An object of strings, with ``${NAME}`` replaced from the environment."""
    given = entry.get(key, {})
    if not isinstance(given, Mapping):
        raise InvalidSettings(f"'{key}' must be an object of strings.")
    strings: dict[str, str] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str) or set(name + value) & set("\0\r\n"):
            raise InvalidSettings(f"'{key}' must be an object of strings, each of one line.")
        if not name or "=" in name or refused(name):
            raise InvalidSettings(f"'{key}' may not have '{name[:40]}'.")
        for variable in _REFERENCE.findall(value):
            if variable not in environ:
                raise InvalidSettings(f"the environment has no {variable[:60]}.")
        strings[name] = _REFERENCE.sub(lambda match: environ[match[1]], value)
    return MappingProxyType(strings)


def _string_list(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    given = entry.get(key, ())
    if not isinstance(given, (list, tuple)) or not all(isinstance(item, str) for item in given):
        raise InvalidSettings(f"'{key}' must be a list of strings.")
    return tuple(given)
