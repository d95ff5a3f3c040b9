"""The server extension: routes and options at start; everything else is loaded once the server runs, or with the first request."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.extension.application import ExtensionApp

from jupyter_agent.config import api_keys, entry_points
from jupyter_agent.config.installation import installation_problem
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.config.user_settings import UserSettings
from jupyter_agent.core.errors import AgentError
from jupyter_agent.kernels.environment import limit_environment
from jupyter_agent.server import identity
from jupyter_agent.server.notebook_renames import CONTENTS, NotebookRenames
from jupyter_agent.server.routes import ROUTES, handler_class, handlers

if TYPE_CHECKING:
    from jupyter_agent.server.services import Services

#: Message types of ours: our requests to a kernel are not the user's activity, for the culler and for JupyterLab's indicator.
MESSAGE_TYPES = ("jupyter_agent_request", "jupyter_agent_reply")
#: Jupyter's events of kernels.
KERNEL_ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
#: A server that has just started answers its first requests before the extension loads the rest in a thread.
LOAD_SECONDS = 1.0
_WITHOUT_SDK = ("offline", "scripted")


class AgentExtension(ExtensionApp):
    """Jupyter Agent in a Jupyter server. Should it fail to load, the server says so in its log and runs without it.

    Attributes:
        services: What the handlers share, once it is loaded.
    """

    name = "jupyter_agent"
    load_other_extensions = True
    classes: ClassVar[list[Any]] = [JupyterAgent]  # type: ignore[misc]  # as Jupyter's own extensions do
    services: Services | None = None
    _options: JupyterAgent
    _user_settings: UserSettings
    _notebook_renames: NotebookRenames
    _loading: asyncio.Task[Services] | None = None
    _timer: asyncio.TimerHandle | None = None
    _prefetching: asyncio.Task[None] | None = None
    _counting: asyncio.Task[None] | None = None

    def _config_file_name_default(self) -> str:
        """By itself Jupyter would look for a file with its own name twice."""
        return "jupyter_agent_config"

    def initialize_handlers(self) -> None:
        """Read the options and register the routes; nothing else is imported, and nothing is opened."""
        server = self.serverapp
        assert server is not None
        events: Any = server.event_logger
        self._options = JupyterAgent(parent=server)
        if problem := installation_problem():
            self._options.problems.append(problem)
        one_user = identity.has_one_user(server.identity_provider)
        self._user_settings = UserSettings(self._options, has_one_user=one_user)
        for problem in self._options.problems:
            self.log.warning("jupyter-agent: %s", problem)
        self._notebook_renames = NotebookRenames(self.load, self.log)
        events.add_listener(schema_id=CONTENTS, listener=self._notebook_renames.on_change)
        manager: Any = server.kernel_manager
        known = getattr(manager, "untracked_message_types", None)
        if known is not None:
            manager.untracked_message_types = [*known, *(name for name in MESSAGE_TYPES if name not in known)]
        limit_environment(manager, self._options.kernel_env_remove)
        self.handlers.extend(handlers(self.load))

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Once the event loop runs: load soon, so that the first question does not wait for it."""
        self._timer = asyncio.get_running_loop().call_later(LOAD_SECONDS, self._start_loading)

    async def load(self) -> Services:
        """What the handlers share; imported in a thread and wired with the first call.

        Raises:
            AgentError: an option names something that is not there.
        """
        if self.services is not None:
            return self.services
        return await asyncio.shield(self._start_loading())

    def _start_loading(self) -> asyncio.Task[Services]:
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
            self._loading.add_done_callback(self._loaded)
        return self._loading

    async def _load(self) -> Services:
        server = self.serverapp
        assert server is not None
        events: Any = server.event_logger
        services: Services = await asyncio.to_thread(
            _build, server, self._user_settings, self._notebook_renames, self.log
        )
        events.add_listener(schema_id=KERNEL_ACTIONS, listener=services.kernels.on_action)
        services.kernels.prepare_running()
        self.services = services
        self._prefetching = asyncio.create_task(asyncio.to_thread(_prefetch, services.assistant.default_model))
        self._counting = asyncio.create_task(self._log_unclaimed(services))
        return services

    async def _log_unclaimed(self, services: Services) -> None:
        """Say that there are conversations from before servers had owners, where this server could have them."""
        from jupyter_agent.kernelside.wire import count
        from jupyter_agent.sessions.claim import CLAIM, unclaimed

        if identity.distinguishes_users(services.identity_provider):
            return
        with suppress(Exception):  # stores may be a third party's; who asks for conversations is told what is wrong
            if number := await unclaimed(services.assistant.sessions.store, services.assistant.owner):
                self.log.warning("jupyter-agent: %s", CLAIM.format(count(number, "conversation")))

    def _loaded(self, loading: asyncio.Task[Services]) -> None:
        if not loading.cancelled() and (error := loading.exception()) is not None:
            details = None if isinstance(error, AgentError) else error
            self.log.error("jupyter-agent: the extension could not be loaded: %s", error, exc_info=details)

    async def stop_extension(self) -> None:
        """End running turns, so that they are stored, then close kernels and the store."""
        if self._timer is not None:
            self._timer.cancel()
        if self._loading is not None:
            await asyncio.wait([self._loading])
        if self.serverapp is None:
            return
        events: Any = self.serverapp.event_logger
        with suppress(Exception):  # the event logger may be closed already; the server stops anyway
            events.remove_listener(listener=self._notebook_renames.on_change)
        if self.services is None:
            return
        services, self.services = self.services, None
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.wait([self._counting])
        with suppress(Exception):
            events.remove_listener(listener=services.kernels.on_action)
        await services.turns.close()
        services.session_events.close()
        await services.mcp.close()
        await services.kernels.close()
        await services.assistant.close()


def _build(server: Any, user_settings: UserSettings, renames: NotebookRenames, log: Any) -> Services:
    """Import what handles requests, and wire it; what cannot be loaded is left out, and named in the log."""
    from jupyter_agent.agent.assistant import Assistant
    from jupyter_agent.server import metrics, tracing
    from jupyter_agent.server.audit import Audit
    from jupyter_agent.server.kernels import Kernels
    from jupyter_agent.server.mcp_server.bridge import McpBridge
    from jupyter_agent.server.openai_api.retries import SentRequests
    from jupyter_agent.server.services import Services
    from jupyter_agent.server.turns.running_turns import RunningTurns
    from jupyter_agent.server.turns.session_events import SessionEvent, SessionEvents

    for target in ROUTES.values():
        handler_class(target)
    importlib.import_module("jupyter_agent.server.openapi.validation")  # by which each request is checked
    tracing.tracer()
    session_events, options = SessionEvents(), user_settings.options
    audit = Audit(server.event_logger, with_content=options.audit_content)
    known = len(options.problems)
    assistant = Assistant.from_config(options, metrics.measured, user_settings)
    assistant.on_title = lambda session: session_events.publish(
        session.owner, SessionEvent(session.id, session.notebook_id, "", "changed")
    )
    with suppress(Exception, SystemExit):  # a provider of others may fail in any way; the first question says how
        entry_points.load(entry_points.MODELS, assistant.default_model.partition(":")[0])
    for problem in [*options.problems[known:], *api_keys.check()]:
        log.error("jupyter-agent: %s", problem)
    return Services(
        options=options,
        assistant=assistant,
        kernels=Kernels(server.kernel_manager, server.session_manager, log),
        turns=RunningTurns(log, session_events, options.max_running_turns, audit),
        contents=server.contents_manager,
        identity_provider=server.identity_provider,
        notebook_renames=renames,
        session_events=session_events,
        mcp=McpBridge(),
        audit=audit,
        sent_requests=SentRequests(),
    )


def _prefetch(model: str) -> None:
    """Import what the first question needs."""
    if model.partition(":")[0] not in _WITHOUT_SDK:
        with suppress(ImportError):  # the first question says how to install it
            importlib.import_module("openai")
