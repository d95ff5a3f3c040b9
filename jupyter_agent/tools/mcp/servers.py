"""The configured MCP servers as a source of tools: started when a question needs them, offered within a limit."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.protocols import Tool
from jupyter_agent.tools.mcp import settings
from jupyter_agent.tools.mcp.connection import WAIT_SECONDS, McpConnection
from jupyter_agent.tools.mcp.definitions import McpDefinition
from jupyter_agent.tools.mcp.tool import McpTool

if TYPE_CHECKING:
    from jupyter_agent.config.policy import Policy
    from jupyter_agent.redaction.redactor import Redactor

#: Characters that all definitions together may have in a request, some 6,000 tokens.
MAX_CHARACTERS = 24_000
NAME_CHARACTERS = 64


class McpServers:
    """The configured servers. None is started before a question could need it.

    Args:
        configured: ``mcp_servers`` as it stands in the configuration.
        redactor: Applied to what they are sent; learns their keys.
        taken: Names that tools have already.
        proxy: Address of a web proxy.
        ca_file: PEM file of certificates to trust.
        policy: The administrator's, which may allow only some.
    """

    def __init__(
        self,
        configured: Mapping[str, Any],
        redactor: Redactor,
        taken: Collection[str],
        *,
        proxy: str = "",
        ca_file: str = "",
        policy: Policy = settings.NO_POLICY,
    ) -> None:
        servers, self._problems = settings.read(configured, os.environ, policy)
        for value in (value for server in servers for value in server.headers.values()):
            for secret in (value, *value.split()):
                redactor.add_secret(secret)
        self._redactor = redactor
        self._connections = [McpConnection(server, redactor.text, proxy=proxy, ca_file=ca_file) for server in servers]
        self._taken = set(taken)
        self._names: dict[tuple[str, str, str], str] = {}
        self._left_out = 0

    async def wait_ready(self, seconds: float = WAIT_SECONDS) -> None:
        """Start what does not run, and wait for each, at most so long after its start."""
        for connection in self._connections:
            connection.ensure_open()
        await asyncio.gather(*(connection.wait_ready(seconds) for connection in self._connections))

    def tools(self) -> dict[str, Tool]:
        """What they offer now, by name."""
        tools: dict[str, Tool] = {}
        left, self._left_out = MAX_CHARACTERS, 0
        for connection in self._connections:
            for definition in connection.definitions:
                server = connection.server
                name = self._name(server.name, definition)
                # A changed definition of a trusted tool has another name, and is not trusted.
                is_trusted = definition.tool in server.trusted and self._is_first(server.name, definition)
                redacted = replace(definition, description=self._redactor.text(definition.description))
                tool = McpTool(name, redacted, connection, self._redactor.mapping, is_trusted=is_trusted)
                left -= len(tool.spec.description) + len(json.dumps(tool.spec.parameters))
                if left < 0:
                    self._left_out += 1
                else:
                    tools[tool.spec.name] = tool
        return tools

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know: servers that cannot be used, tools that were left out."""
        self.tools()
        warnings = [*self._problems, *(connection.problem_sentence for connection in self._connections)]
        if self._left_out:
            warnings.append(
                f"{self._left_out} tools of MCP servers were left out, because there are too many. "
                "Name those that are needed under 'tools' of their server in c.JupyterAgent.mcp_servers."
            )
        return tuple(self._redactor.text(warning) for warning in warnings if warning)

    async def close(self) -> None:
        """Disconnect from all of them."""
        await asyncio.gather(*(connection.close() for connection in self._connections))

    def _name(self, server: str, definition: McpDefinition) -> str:
        """The tool's name: always the same for a definition, and never the same for two."""
        identity = (server, definition.tool, definition.digest)
        if identity not in self._names:
            short = re.sub(r"[^A-Za-z0-9_-]", "_", f"{server}_{definition.tool}")[:NAME_CHARACTERS]
            is_free = self._is_first(server, definition) and short not in self._taken
            name = short if is_free else f"{short[: NAME_CHARACTERS - 9]}_{definition.digest[:8]}"
            while name in self._taken:  # tools of two servers with the same definition
                name = f"{name[: NAME_CHARACTERS - 9]}_{secrets.token_hex(4)}"
            self._taken.add(name)
            self._names[identity] = name
        return self._names[identity]

    def _is_first(self, server: str, definition: McpDefinition) -> bool:
        """Whether this is the definition that the server listed first for its tool."""
        digests = (digest for name, tool, digest in self._names if (name, tool) == (server, definition.tool))
        return next(digests, definition.digest) == definition.digest
