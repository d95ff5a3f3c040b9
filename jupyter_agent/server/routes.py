"""Which handler serves which path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jupyter_server.services.sessions.handlers import SessionHandler
from jupyter_server.services.sessions.handlers import default_handlers as jupyters_session_handlers

from jupyter_agent.server.api.completions import CompleteHandler
from jupyter_agent.server.api.context import ContextHandler
from jupyter_agent.server.api.doctor import DoctorHandler
from jupyter_agent.server.api.health import (
    CommandsHandler,
    HealthHandler,
    LiveHandler,
    ModelsHandler,
    OpenApiHandler,
    ReadyHandler,
)
from jupyter_agent.server.api.kernels import KernelStateHandler, VariableHandler
from jupyter_agent.server.api.quick import QuickHandler
from jupyter_agent.server.api.replay import ReplayHandler, SummarizeHandler
from jupyter_agent.server.api.session_tree import (
    BranchHandler,
    CleanupHandler,
    CopySharedHandler,
    GoHandler,
    RedoHandler,
    SharedConversationHandler,
    ShareHandler,
    TurnsHandler,
    UndoHandler,
)
from jupyter_agent.server.api.sessions import (
    ConversationHandler,
    ConversationsHandler,
    HistoryHandler,
    RenamableConversationHandler,
    SharedSessionHandler,
)
from jupyter_agent.server.api.settings import SettingsHandler
from jupyter_agent.server.api.transfer import ExportHandler, ImportHandler
from jupyter_agent.server.api.turn_actions import ActionHandler, CancelHandler
from jupyter_agent.server.api.turn_events import FeedHandler, TurnEventsHandler
from jupyter_agent.server.base_handler import AgentHandler, UnknownPathHandler
from jupyter_agent.server.mcp_server.handler import McpHandler
from jupyter_agent.server.openai_api.handlers import ChatCompletionsHandler, ChatModelsHandler

if TYPE_CHECKING:
    from jupyter_agent.server.services import Services

#: Path in the OpenAPI document → handler.
ROUTES: dict[str, type[AgentHandler]] = {
    "/api/agent/quick": QuickHandler,
    "/api/agent/context": ContextHandler,
    "/api/agent/sessions": ConversationsHandler,
    "/api/agent/sessions/import": ImportHandler,
    "/api/agent/sessions/cleanup": CleanupHandler,
    "/api/agent/sessions/{session_id}": RenamableConversationHandler,
    "/api/agent/sessions/{session_id}/history": HistoryHandler,
    "/api/agent/sessions/{session_id}/undo": UndoHandler,
    "/api/agent/sessions/{session_id}/redo": RedoHandler,
    "/api/agent/sessions/{session_id}/go": GoHandler,
    "/api/agent/sessions/{session_id}/turns": TurnsHandler,
    "/api/agent/sessions/{session_id}/branch": BranchHandler,
    "/api/agent/sessions/{session_id}/replay": ReplayHandler,
    "/api/agent/sessions/{session_id}/summarize": SummarizeHandler,
    "/api/agent/sessions/{session_id}/share": ShareHandler,
    "/api/agent/sessions/{session_id}/export": ExportHandler,
    "/api/agent/shared/{secret}": SharedConversationHandler,
    "/api/agent/shared/{secret}/copy": CopySharedHandler,
    "/api/agent/events": FeedHandler,
    "/api/agent/turns/{turn_id}/events": TurnEventsHandler,
    "/api/agent/turns/{turn_id}/cancel": CancelHandler,
    "/api/agent/turns/{turn_id}/actions/{call_id}": ActionHandler,
    "/api/agent/mcp": McpHandler,
    "/api/agent/v1/chat/completions": ChatCompletionsHandler,
    "/api/agent/v1/models": ChatModelsHandler,
    "/api/agent/kernels/{kernel_id}/state": KernelStateHandler,
    "/api/agent/kernels/{kernel_id}/variables/{name}": VariableHandler,
    "/api/agent/doctor": DoctorHandler,
    "/api/agent/complete": CompleteHandler,
    "/api/agent/settings": SettingsHandler,
    "/api/agent/models": ModelsHandler,
    "/api/agent/commands": CommandsHandler,
    "/api/agent/health": HealthHandler,
    "/api/agent/health/live": LiveHandler,
    "/api/agent/health/ready": ReadyHandler,
    "/api/agent/openapi.json": OpenApiHandler,
    "/api/sessions/{session_id}/history": HistoryHandler,
    "/api/sessions/{session_id}": ConversationHandler,
}


def handlers(services: Services) -> list[tuple[str, type[Any], dict[str, Any]]]:
    """For a tornado application, paths below Jupyter's base URL.

    An extension's handlers win over Jupyter's, so ids that could be Jupyter's come first and are left to it.
    """
    shared = [
        (pattern, SharedSessionHandler, {"services": services})
        for pattern, handler in jupyters_session_handlers
        if handler is SessionHandler
    ]
    ours = [(_pattern(path), handler, {"services": services, "path": path}) for path, handler in ROUTES.items()]
    rest = (r"/api/agent(?:/.*)?", UnknownPathHandler, {"services": services, "path": ""})
    return [*shared, *ours, rest]


def _pattern(path: str) -> str:
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", re.escape(path).replace(r"\{", "{").replace(r"\}", "}"))
