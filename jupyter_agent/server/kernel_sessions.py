"""``/api/sessions/{id}`` where the id could be one of Jupyter's kernel sessions: Jupyter answers for every id that it knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.services.sessions.handlers import SessionHandler
from tornado import web

from jupyter_agent.core.errors import AgentError, NotFound
from jupyter_agent.server import identity

if TYPE_CHECKING:
    from jupyter_agent.server.services import Services


class SharedSessionHandler(SessionHandler):
    """Jupyter's kernel session, else our conversation of that id; where there is neither, Jupyter's own error.

    Jupyter's own sessions are answered before the extension is loaded, and where it cannot be.
    """

    def initialize(self, load: Callable[[], Awaitable[Services]]) -> None:
        self._load = load

    @web.authenticated
    @authorized
    async def get(self, session_id: str) -> None:
        jupyters: Any = super()
        try:
            await jupyters.get(session_id)
        except web.HTTPError as error:
            await self._answer(session_id, error)

    @web.authenticated
    @authorized
    async def delete(self, session_id: str) -> None:
        jupyters: Any = super()
        kernel_sessions: Any = self.session_manager
        try:
            await kernel_sessions.get_session(session_id=session_id)
        except web.HTTPError as error:
            await self._answer(session_id, error)
        else:
            await jupyters.delete(session_id)

    async def _answer(self, session_id: str, jupyters: web.HTTPError) -> None:
        """Our conversation of that id, or that it is deleted; whatever goes wrong before, Jupyter's own answer stands."""
        action = "read" if self.request.method == "GET" else "write"
        if jupyters.status_code != 404 or not await identity.allowed(self, action, identity.AUTH_RESOURCE):
            raise jupyters
        try:
            services = await self._load()
        except Exception:  # noqa: BLE001 - options may name stores and tools of others; the log has it already
            raise jupyters from None
        try:
            owner = identity.owner(self, services.assistant)
            notebook_id = self.get_query_argument("notebook_id", None)
            session = await services.assistant.sessions.get(owner, session_id, notebook_id)
        except AgentError as error:
            if not isinstance(error, NotFound):
                self.log.warning("jupyter-agent: conversations cannot be read: %s", error.code)
            raise jupyters from error
        from jupyter_agent.server.api.sessions import delete, session_to_json
        from jupyter_agent.server.encoding import json_text

        if action == "read":
            self.finish(json_text(session_to_json(session)))
        else:
            by = identity.user_name(self, services.assistant)
            self.finish(json_text(await delete(services, owner, session_id, session.notebook_id, by)))
