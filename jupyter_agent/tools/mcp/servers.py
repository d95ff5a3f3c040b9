"""MCP servers as a source of tools: what they offer stands beside ours, and is asked about."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Protocol

from jupyter_agent.core.messages import Json
from jupyter_agent.core.protocols import Tool
from jupyter_agent.tools.mcp import settings
from jupyter_agent.tools.mcp.connection import PATIENCE_SECONDS, Connection
from jupyter_agent.tools.mcp.definitions import Definition
from jupyter_agent.tools.mcp.tool import McpTool

#: Characters that all definitions together may have in a request, some 6,000 tokens.
ROOM = 24_000
NAME_CHARACTERS = 64


class Redacting(Protocol):
    """Withholds secrets."""

    def text(self, text: str) -> str:
        """The text without them."""

    def mapping(self, value: Mapping[str, Json]) -> dict[str, Json]:
        """The same data without them."""

    def add_secret(self, secret: str) -> None:
        """One more."""


class McpServers:
    """The configured servers. None is started before a question could need it.

    Args:
        configured: ``mcp_servers`` as it stands in the configuration.
        redactor: Applied to what they are told; learns their keys.
        taken: Names that tools have already.
        proxy: Address of a web proxy.
        ca_file: PEM file of certificates to trust.
    """

    def __init__(
        self,
        configured: Mapping[str, Any],
        redactor: Redacting,
        taken: Collection[str],
        *,
        proxy: str = "",
        ca_file: str = "",
    ) -> None:
        servers, self._problems = settings.read(configured, os.environ)
        for secret in (secret for server in servers for secret in server.secrets):
            redactor.add_secret(secret)
        self._redactor = redactor
        self._connections = [Connection(one, redactor.text, proxy=proxy, ca_file=ca_file) for one in servers]
        self._taken = set(taken)
        self._names: dict[tuple[str, str, str], str] = {}
        self._left_out = 0

    async def ready(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Start what does not run, and wait for it, for so long after its start at most."""
        for one in self._connections:
            one.need()
        await asyncio.gather(*(one.settled(seconds) for one in self._connections))

    def tools(self) -> dict[str, Tool]:
        """What they offer now, by name."""
        found: dict[str, Tool] = {}
        room, self._left_out = ROOM, 0
        for connection in self._connections:
            for one in connection.definitions:
                tool = self._tool(connection, one)
                room -= len(tool.spec.description) + len(json.dumps(tool.spec.parameters))
                if room < 0:
                    self._left_out += 1
                else:
                    found[tool.spec.name] = tool
        return found

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of them."""
        self.tools()
        told = [
            *self._problems,
            *(connection.problem_sentence for connection in self._connections if connection.problem),
        ]
        if self._left_out:
            told.append(
                f"{self._left_out} tools of MCP servers were left out, because there are too many. "
                "Name those that are needed under 'tools' of their server in c.JupyterAgent.mcp_servers."
            )
        return tuple(map(self._redactor.text, told))

    async def close(self) -> None:
        """End them all."""
        await asyncio.gather(*(one.close() for one in self._connections))

    def _tool(self, connection: Connection, one: Definition) -> McpTool:
        name = self._name(connection.server.name, one)
        # Another definition under a name that is trusted has another name, and is not trusted.
        is_trusted = one.tool in connection.server.trusted and self._is_first(connection.server.name, one)
        clean = replace(one, description=self._redactor.text(one.description))
        return McpTool(name, clean, connection, self._redactor.mapping, is_trusted=is_trusted)

    def _name(self, server: str, one: Definition) -> str:
        """The same for the same definition, and never for another: what was said of the one does not hold for the other."""
        identity = (server, one.tool, one.digest)
        if identity not in self._names:
            plain = re.sub(r"[^A-Za-z0-9_-]", "_", f"{server}_{one.tool}")[:NAME_CHARACTERS]
            is_new = self._is_first(server, one)
            name = plain if is_new and plain not in self._taken else f"{plain[: NAME_CHARACTERS - 9]}_{one.digest[:8]}"
            while name in self._taken:  # two servers' tools, described alike
                name = f"{name[: NAME_CHARACTERS - 9]}_{secrets.token_hex(4)}"
            self._taken.add(name)
            self._names[identity] = name
        return self._names[identity]

    def _is_first(self, server: str, one: Definition) -> bool:
        """Whether this is how the server described its tool when it was listed first."""
        known = next((digest for name, tool, digest in self._names if (name, tool) == (server, one.tool)), one.digest)
        return known == one.digest
