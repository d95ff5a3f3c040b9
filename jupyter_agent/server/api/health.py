"""Whether the server runs, whether the store can be read, and what is wrong."""

from __future__ import annotations

import asyncio
from functools import cache
from logging import Logger

from jupyter_agent.config import api_keys, entry_points
from jupyter_agent.config.installation import version
from jupyter_agent.core.errors import AgentError
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
        problems = [
            *self.services.options.problems,
            *api_keys.problems(),
            *await asyncio.to_thread(_broken_plug_ins, self.log),
        ]
        health = {
            "status": "ok" if store == "ok" and not problems else "degraded",
            "version": version(),
            "model": self.user_options.model,
            "store": store,
            "problems": problems,
            "session_scope": self.services.options.session_scope,
        }
        self.reply(health)


@cache
def _broken_plug_ins(log: Logger) -> tuple[str, ...]:
    """Why model providers and inspectors of other distributions cannot be used, logged once; stores and tools are among the options' problems."""
    problems = entry_points.broken(entry_points.MODELS, entry_points.INSPECTORS, others_only=True)
    for problem in problems:
        log.warning(problem)
    return tuple(problems)
