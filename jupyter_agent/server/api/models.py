"""The models that may be asked, and the model servers on this machine."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_agent.config.policy import APPROVALS
from jupyter_agent.models.discovery import discover
from jupyter_agent.server import identity
from jupyter_agent.server.base_handler import AgentHandler


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
