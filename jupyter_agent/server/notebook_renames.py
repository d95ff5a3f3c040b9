"""Notebooks that are renamed or moved take their conversations along."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.errors import AgentError
from jupyter_agent.server.identity import LOCAL

if TYPE_CHECKING:
    import logging

    from jupyter_agent.sessions.manager import SessionManager

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
MAX_OWNERS = 1000


class NotebookRenames:
    """Moves conversations with their files and folders, for users who made requests and those whom the store knows.

    Args:
        sessions: Where conversations are kept.
        log: Gets a warning when conversations could not be moved.
    """

    def __init__(
        self,
        sessions: Callable[[], Awaitable[SessionManager]],
        log: logging.Logger | logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._sessions, self._log = sessions, log
        self._owners: OrderedDict[str, None] = OrderedDict()

    def add_owner(self, owner: str) -> None:
        """Remember a user who makes requests."""
        self._owners[owner] = None
        self._owners.move_to_end(owner)
        while len(self._owners) > MAX_OWNERS:
            self._owners.popitem(last=False)

    async def on_change(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        """Listens to Jupyter's events of files."""
        old, new = (str(data.get(name) or "").strip("/") for name in ("source_path", "path"))
        if data.get("action") != "rename" or not old or not new or old == new:
            return
        sessions = await self._sessions()
        try:
            stored = await sessions.store.owners(old)  # users of before this server's start, if the store lists them
        except AgentError as error:
            self._warn(error)
            stored = ()
        for owner in dict.fromkeys((LOCAL, *self._owners, *stored)):
            try:
                await sessions.rename_notebook(owner, old, new)
            except AgentError as error:
                self._warn(error)

    def _warn(self, error: AgentError) -> None:
        self._log.warning("jupyter-agent: conversations did not follow a renamed notebook: %s", error.code)
