"""How the assistant is, which models there are, and what this door accepts."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

import jupyter_agent
from jupyter_agent.core.errors import AgentError
from jupyter_agent.kernelside.magic import commands
from jupyter_agent.models.discovery import Found, discover
from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.openapi.document import document


class LiveHandler(AgentHandler):
    """``GET …/health/live``: it runs."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Nothing is asked of anybody."""
        self.reply({"status": "ok"})


class ReadyHandler(AgentHandler):
    """``GET …/health/ready``: conversations can be kept."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The store is asked."""
        await self.services.assistant.sessions.find(self.owner, limit=1)
        self.reply({"status": "ok"})


class HealthHandler(AgentHandler):
    """``GET …/health``: all of it, for people."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Always 200; what is wrong is in the body."""
        store = "ok"
        try:
            await self.services.assistant.sessions.find(self.owner, limit=1)
        except AgentError as error:
            store = error.code
        self.reply(
            {
                "status": "ok" if store == "ok" else "degraded",
                "version": jupyter_agent.__version__,
                "model": self.services.assistant.default_model,
                "store": store,
                "session_scope": self.services.options.session_scope,
            }
        )


class ModelsHandler(AgentHandler):
    """``GET …/models``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Providers, and what answers unless a request says otherwise; what runs on this machine where that is asked."""
        default = self.services.assistant.default_model
        models = [{"id": one, "default": one == default} for one in self.services.assistant.models()]
        told: dict[str, Any] = {"default": default, "models": models}
        if self.query_parameters()["probe"]:
            told["found"] = [_found(one) for one in await discover()]
        self.reply(told)


def _found(server: Found) -> dict[str, Any]:
    return {
        "provider": server.provider,
        "title": server.title,
        "base_url": server.base_url,
        "models": list(server.names),
    }


class CommandsHandler(AgentHandler):
    """``GET …/commands``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The slash commands, as after `%agent` and in the terminal."""
        self.reply({"commands": commands.to_json()})


class OpenApiHandler(AgentHandler):
    """``GET …/openapi.json``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The document that requests are checked against."""
        self.reply(document())
