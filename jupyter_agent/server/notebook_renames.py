"""Notebooks that are renamed or moved take their conversations along."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from jupyter_core.paths import jupyter_data_dir

from jupyter_agent.core.errors import AgentError

if TYPE_CHECKING:
    import logging


CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
MAX_OWNERS = 1000


class NotebookRenames:
    """Moves conversations with their files and folders: the server's own, or those of its users.

    On a store that other servers may use, too, its users are those who made requests; on its own also those whom the store knows.

    Args:
        load: What the handlers share, `Services`, whose part this is.
        log: Gets a warning when conversations could not be moved.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[Any]],
        log: logging.Logger | logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._load, self._log = load, log
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
        services = await self._load()
        sessions = services.assistant.sessions
        owners: dict[str, None] = dict(self._owners)
        try:
            owners |= dict.fromkeys(await self._unseen_owners(services, old))
        except AgentError as error:
            self._warn(error)
        for owner in owners:
            try:
                await sessions.rename_notebook(owner, old, new)
            except AgentError as error:
                self._warn(error)

    async def _unseen_owners(self, services: Any, path: str) -> list[str]:
        """Whose conversations about a path are this server's, whether or not they made requests since its start."""
        from jupyter_agent.server import identity
        from jupyter_agent.sessions.owner import everybody_owner, is_user, living_owner

        assistant, options = services.assistant, services.options
        if not identity.distinguishes_users(services.identity_provider):
            return [assistant.owner]
        if options.session_scope == "notebook":
            return [everybody_owner(assistant.owner)]
        is_own_store = options.store.startswith("memory:") or jupyter_data_dir() in options.store
        owners = map(living_owner, await assistant.sessions.store.owners(path) if is_own_store else ())
        return [owner for owner in owners if is_user(owner)]

    def _warn(self, error: AgentError) -> None:
        self._log.warning("jupyter-agent: conversations did not follow a renamed notebook: %s", error.code)
