"""Health, models, slash commands and the OpenAPI document."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.config.installation import version
from jupyter_agent.core.errors import AgentError
from jupyter_agent.kernelside.magic import commands
from jupyter_agent.models.discovery import discover
from jupyter_agent.server.base_handler import AgentHandler


class LiveHandler(AgentHandler):
    """``GET …/health/live``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The server runs."""
        self.reply({"status": "ok"})


class ReadyHandler(AgentHandler):
    """``GET …/health/ready``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The store can be read."""
        await self.services.assistant.sessions.find(self.owner, limit=1)
        self.reply({"status": "ok"})


class HealthHandler(AgentHandler):
    """``GET …/health``."""

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
                "version": version(),
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
        """Providers and the default model; with `probe` also the model servers on this machine."""
        default = self.services.assistant.default_model
        models = [{"id": model, "default": model == default} for model in self.services.assistant.models()]
        reply: dict[str, Any] = {"default": default, "models": models}
        if self.query_parameters()["probe"]:
            reply["found"] = [
                {
                    "provider": server.provider,
                    "title": server.title,
                    "base_url": server.base_url,
                    "models": list(server.names),
                }
                for server in await discover()
            ]
        self.reply(reply)


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
        from jupyter_agent.server.openapi.document import document

        self.reply(document())
