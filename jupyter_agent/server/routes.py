"""Which handler serves which path; a handler's module is imported when the extension is loaded, not when the server starts."""

from __future__ import annotations

import json
import pkgutil
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.services.sessions.handlers import SessionHandler
from jupyter_server.services.sessions.handlers import default_handlers as jupyters_session_handlers
from tornado import web

from jupyter_agent.core.errors import AgentError
from jupyter_agent.server.kernel_sessions import SharedSessionHandler
from jupyter_agent.server.streamed_body import StreamedBodyHandler

if TYPE_CHECKING:
    from jupyter_agent.server.services import Services

Load = Callable[[], Awaitable["Services"]]
#: Path in the OpenAPI document → module and class of its handler, below `jupyter_agent.server`.
ROUTES = {
    "/api/agent/quick": "api.turns:QuickHandler",
    "/api/agent/context": "api.turns:ContextHandler",
    "/api/agent/instructions": "api.instructions:InstructionsHandler",
    "/api/agent/sessions": "api.sessions:ConversationsHandler",
    "/api/agent/sessions/import": "api.sessions:ImportHandler",
    "/api/agent/sessions/cleanup": "api.sessions:CleanupHandler",
    "/api/agent/sessions/{session_id}": "api.sessions:RenamableConversationHandler",
    "/api/agent/sessions/{session_id}/history": "api.sessions:HistoryHandler",
    "/api/agent/sessions/{session_id}/restore": "api.sessions:RestoreHandler",
    "/api/agent/sessions/{session_id}/permissions": "api.sessions:PermissionsHandler",
    "/api/agent/sessions/{session_id}/undo": "api.session_tree:UndoHandler",
    "/api/agent/sessions/{session_id}/redo": "api.session_tree:RedoHandler",
    "/api/agent/sessions/{session_id}/go": "api.session_tree:GoHandler",
    "/api/agent/sessions/{session_id}/turns": "api.session_tree:TurnsHandler",
    "/api/agent/sessions/{session_id}/branch": "api.session_tree:BranchHandler",
    "/api/agent/sessions/{session_id}/replay": "api.replay:ReplayHandler",
    "/api/agent/sessions/{session_id}/summarize": "api.replay:SummarizeHandler",
    "/api/agent/sessions/{session_id}/share": "api.shares:ShareHandler",
    "/api/agent/sessions/{session_id}/export": "api.sessions:ExportHandler",
    "/api/agent/shared/{secret}": "api.shares:SharedConversationHandler",
    "/api/agent/shared/{secret}/copy": "api.shares:CopySharedHandler",
    "/api/agent/events": "api.turns:SessionEventsHandler",
    "/api/agent/turns/{turn_id}/events": "api.turns:TurnEventsHandler",
    "/api/agent/turns/{turn_id}/cancel": "api.turns:CancelHandler",
    "/api/agent/turns/{turn_id}/actions/{call_id}": "api.turns:ActionHandler",
    "/api/agent/approvals": "api.turns:ApprovalsHandler",
    "/api/agent/mcp": "mcp_server.handler:McpHandler",
    "/api/agent/v1/chat/completions": "openai_api.handlers:ChatCompletionsHandler",
    "/api/agent/v1/models": "openai_api.handlers:ChatModelsHandler",
    "/api/agent/v1/models/{model}": "openai_api.handlers:ChatModelHandler",
    "/api/agent/kernels/{kernel_id}/state": "api.kernels:KernelStateHandler",
    "/api/agent/kernels/{kernel_id}/variables/{name}": "api.kernels:VariableHandler",
    "/api/agent/doctor": "api.doctor:DoctorHandler",
    "/api/agent/complete": "api.completions:CompleteHandler",
    "/api/agent/settings": "api.settings:SettingsHandler",
    "/api/agent/models": "api.models:ModelsHandler",
    "/api/agent/commands": "api.commands:CommandsHandler",
    "/api/agent/health": "api.health:HealthHandler",
    "/api/agent/health/live": "api.health:LiveHandler",
    "/api/agent/health/ready": "api.health:ReadyHandler",
    "/api/agent/openapi.json": "api.openapi:OpenApiHandler",
    "/api/sessions/{session_id}/history": "api.sessions:HistoryHandler",
    "/api/sessions/{session_id}": "api.sessions:ConversationHandler",
}
OPENAI_API = "/api/agent/v1"
#: Every other path below these.
UNKNOWN_PATHS = {
    OPENAI_API: "openai_api.handlers:UnknownOpenAIPathHandler",
    "/api/agent": "base_handler:UnknownPathHandler",
}


def handlers(load: Load) -> list[tuple[str, type[Any], dict[str, Any]]]:
    """For a tornado application, paths below Jupyter's base URL.

    An extension's handlers win over Jupyter's, so ids that could be Jupyter's come first and are left to it.
    """
    routes: list[tuple[str, type[Any], dict[str, Any]]] = [
        (pattern, SharedSessionHandler, {"load": load})
        for pattern, handler in jupyters_session_handlers
        if handler is SessionHandler
    ]
    for path, target in ROUTES.items():
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        pattern = pattern.replace("<model>[^/]+", "<model>.+")  # names of models have slashes
        routes.append((pattern, DeferredHandler, {"load": load, "target": target, "path": path}))
    for base, target in UNKNOWN_PATHS.items():
        routes.append((f"{base}(?:/.*)?", DeferredHandler, {"load": load, "target": target, "path": base}))
    return routes


def handler_class(target: str) -> type[Any]:
    """A route's handler, whose module is imported."""
    found: type[Any] = pkgutil.resolve_name(f"{__package__}.{target}")
    return found


class DeferredHandler(StreamedBodyHandler):
    """Waits until the extension is loaded, then becomes the handler of its route, before the request is prepared.

    Its own methods never run. They are what Jupyter checks when routes are registered, and ask for what the handlers ask for: an
    authenticated and authorized user.
    """

    auth_resource = "agent"

    def initialize(self, load: Load, target: str, path: str) -> None:
        self._load, self._target, self._path = load, target, path

    async def prepare(self) -> None:  # type: ignore[override]
        """Nothing of the request is looked at, and nothing of its body read, before the route's own handler does."""
        try:
            services = await self._load()
        except Exception as error:  # noqa: BLE001 - options may name stores and tools of others; the log has it already
            await super().prepare()
            if self.current_user is None:
                raise web.HTTPError(403) from None
            status, code = 500, "internal"
            if isinstance(error, AgentError):
                status, code = 503, error.code if error.status >= 500 else "unavailable"
            self.set_status(status)
            message, request_id = "The assistant could not be loaded; the server's log says why.", uuid.uuid4().hex[:12]
            body: dict[str, Any] = {"message": message, "code": code, "retryable": False, "request_id": request_id}
            if self._path.startswith(OPENAI_API):
                from jupyter_agent.server.openai_api.errors import error_body  # not needed at the server's start

                body = error_body(status, **body)
            self.log.warning("jupyter-agent: request %s: the extension is not loaded, see above", request_id)
            self.finish(json.dumps(body))
            return
        self.__class__ = handler_class(self._target)
        connection: Any = self.request.connection
        connection.set_close_callback(self.on_connection_close)
        self.initialize(services, self._path)  # type: ignore[arg-type,call-arg]  # it is the route's handler now
        await self.prepare()

    @web.authenticated
    @authorized
    async def get(self, *_: str, **__: str) -> None:
        raise web.HTTPError(405)

    post = put = patch = delete = get
