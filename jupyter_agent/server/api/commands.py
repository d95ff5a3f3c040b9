"""The slash commands."""

from __future__ import annotations

from jupyter_agent.kernelside.magic import commands
from jupyter_agent.server.base_handler import AgentHandler


class CommandsHandler(AgentHandler):
    """``GET …/commands``: the slash commands, as after `%agent` and in the terminal."""

    async def get(self) -> None:
        self.reply({"commands": commands.to_json()})
