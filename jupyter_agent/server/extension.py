"""The server extension: wires the parts, registers the handlers, follows the kernels, stops cleanly."""

from __future__ import annotations

import asyncio
import gc
import importlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.extension.application import ExtensionApp

from jupyter_agent.config.options import JupyterAgent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_agent.server.services import Services

_WITHOUT_SDK = ("offline", "scripted")


class AgentExtension(ExtensionApp):
    """Jupyter Agent in a Jupyter server. Should it fail to load, the server says so in its log and runs without it."""

    name = "jupyter_agent"
    load_other_extensions = True
    classes: ClassVar[list[Any]] = [JupyterAgent]  # type: ignore[misc]  # as Jupyter's own extensions do
    services: Services | None = None
    _prefetch: asyncio.Task[Any] | None = None

    def _config_file_name_default(self) -> str:
        """The file that the settings page writes; by itself Jupyter would look for one with its own name twice."""
        return "jupyter_agent_config"

    def initialize_handlers(self) -> None:
        """Build everything that is cheap; nothing is opened and no SDK is imported."""
        from jupyter_agent.agent.assistant import Assistant
        from jupyter_agent.server.kernels import Kernels
        from jupyter_agent.server.mcp_server.bridge import McpBridge
        from jupyter_agent.server.notebook_renames import Moves
        from jupyter_agent.server.routes import handlers
        from jupyter_agent.server.services import Services
        from jupyter_agent.server.turns.running_turns import Turns
        from jupyter_agent.server.turns.session_events import Feed

        server = self.serverapp
        assert server is not None
        options = JupyterAgent(parent=server)
        kernels = Kernels(server.kernel_manager, server.session_manager, self.log)
        assistant = Assistant.from_config(options)
        moves = Moves(assistant.sessions, self.log)
        feed = Feed()
        self.services = Services(
            options=options,
            assistant=assistant,
            kernels=kernels,
            turns=Turns(self.log, feed, options.max_running_turns),
            contents=server.contents_manager,
            moves=moves,
            feed=feed,
            mcp=McpBridge(),
        )
        kernels.untrack()
        kernels.follow(server.event_logger)
        moves.follow(server.event_logger)
        self.handlers.extend(handlers(self.services))

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Once the loop runs: meet the kernels, and load in a thread what the first question would wait for."""
        if self.services is None:
            return
        self.services.kernels.meet_running()
        names = ("openai",) if self.services.assistant.default_model.partition(":")[0] not in _WITHOUT_SDK else ()
        self._prefetch = asyncio.create_task(asyncio.to_thread(_settle, names))

    async def stop_extension(self) -> None:
        """End running turns, so that they are stored, then let go of kernels and of the store."""
        if self.services is None or self.serverapp is None:
            return
        services, self.services = self.services, None
        with suppress(Exception):  # the event logger may be closed already; the server stops anyway
            services.kernels.unfollow(self.serverapp.event_logger)
            services.moves.unfollow(self.serverapp.event_logger)
        await services.turns.close()
        services.feed.close()
        await services.mcp.close()
        await services.kernels.close()
        await services.assistant.close()


def _settle(names: Iterable[str]) -> None:
    """Import what the first question needs; then what is loaded stays, and is not looked through for garbage again.

    Half a million objects of Jupyter's and the SDK's live as long as the server; each full collection would go through
    all of them, and stop every stream for a tenth of a second or more.
    """
    for name in names:
        with suppress(ImportError):  # the first question says how to install it
            importlib.import_module(name)
    gc.freeze()
