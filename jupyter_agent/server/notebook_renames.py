"""Notebooks that are renamed or moved take their conversations along."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.errors import AgentError
from jupyter_agent.server.identity import LOCAL

if TYPE_CHECKING:
    import logging

    from jupyter_agent.sessions.manager import SessionManager

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
MAX_OWNERS = 1000
_NOT_FOLLOWED = "jupyter-agent: conversations did not follow a renamed notebook: %s"


class Moves:
    """Follows files and folders, for the users that this server has seen and those whom its own store knows.

    Args:
        sessions: Where conversations are kept.
        log: Told of what could not be moved.
    """

    def __init__(self, sessions: SessionManager, log: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self._sessions = sessions
        self._log = log
        self._owners: OrderedDict[str, None] = OrderedDict()

    def seen(self, owner: str) -> None:
        """Remember somebody who asks."""
        self._owners[owner] = None
        self._owners.move_to_end(owner)
        while len(self._owners) > MAX_OWNERS:
            self._owners.popitem(last=False)

    def follow(self, events: Any) -> None:
        """Listen to what happens to files."""
        events.add_listener(schema_id=CONTENTS, listener=self._on_change)

    def unfollow(self, events: Any) -> None:
        """Listen no more."""
        events.remove_listener(listener=self._on_change)

    async def _on_change(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        old, new = (str(data.get(name) or "").strip("/") for name in ("source_path", "path"))
        if data.get("action") != "rename" or not old or not new or old == new:
            return
        for owner in dict.fromkeys((LOCAL, *self._owners, *await self._others(old))):
            try:
                await self._sessions.rename_notebook(owner, old, new)
            except AgentError as error:
                self._log.warning(_NOT_FOLLOWED, error.code)

    async def _others(self, path: str) -> tuple[str, ...]:
        """Those who have asked before this server started, as far as the store may say."""
        try:
            return await self._sessions.store.owners(path)
        except AgentError as error:
            self._log.warning(_NOT_FOLLOWED, error.code)
            return ()
