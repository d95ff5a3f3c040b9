"""Health, models, slash commands and the OpenAPI document."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_agent.config import api_keys
from jupyter_agent.config.installation import version
from jupyter_agent.config.policy import APPROVALS
from jupyter_agent.core.errors import AgentError
from jupyter_agent.kernelside.magic import commands
from jupyter_agent.models.discovery import discover
from jupyter_agent.server import identity
from jupyter_agent.server.base_handler import AgentHandler


class LiveHandler(AgentHandler):
    """``GET …/health/live``: the server runs."""

    async def get(self) -> None:
        self.reply({"status": "ok"})


class ReadyHandler(AgentHandler):
    """``GET …/health/ready``: the store can be read."""

    async def get(self) -> None:
        await self.sessions.find(self.owner, limit=1)
        self.reply({"status": "ok"})


class HealthHandler(AgentHandler):
    """``GET …/health``: always 200; what is wrong is in the body."""

    async def get(self) -> None:
        store = "ok"
        try:
            await self.sessions.find(self.owner, limit=1)
        except AgentError as error:
            store = error.code
        problems = [*self.services.options.problems, *api_keys.problems()]
        health = {
            "status": "ok" if store == "ok" and not problems else "degraded",
            "version": version(),
            "model": self.user_options.model,
            "store": store,
            "problems": problems,
            "session_scope": self.services.options.session_scope,
        }
        self.reply(health)


class ModelsHandler(AgentHandler):
    """``GET …/models``: providers and the default model; with `probe` also the model servers on this machine."""

    async def get(self) -> None:
        # A keyring may have to be asked.
        models = await asyncio.to_thread(self.services.assistant.models_json, identity.settings_owner(self))
        highest = self.user_options.allowed("approval", APPROVALS[-1])
        reply: dict[str, Any] = {
            "default": models[0]["id"],
            "approvals": APPROVALS[: APPROVALS.index(highest) + 1],
            "models": models,
        }
        if self.query_parameters()["probe"]:
            reply["found"] = [
                {"provider": found.provider, "title": found.title, "base_url": found.base_url, "models": found.names}
                for found in await discover()
            ]
        self.reply(reply)


class CommandsHandler(AgentHandler):
    """``GET …/commands``: the slash commands, as after `%agent` and in the terminal."""

    async def get(self) -> None:
        self.reply({"commands": commands.to_json()})


class OpenApiHandler(AgentHandler):
    """``GET …/openapi.json``: the document that requests are checked against."""

    async def get(self) -> None:
        from jupyter_agent.server.openapi.document import document

        self.reply(document())
