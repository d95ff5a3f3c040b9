"""What all handlers of one server share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio

    from jupyter_agent.agent.assistant import Assistant
    from jupyter_agent.config.options import JupyterAgent
    from jupyter_agent.server.audit import Audit
    from jupyter_agent.server.kernels import Kernels
    from jupyter_agent.server.notebook_renames import NotebookRenames
    from jupyter_agent.server.openai_api.retries import SentRequests
    from jupyter_agent.server.turns.running_turns import RunningTurns
    from jupyter_agent.server.turns.session_events import SessionEvents


class McpEndpoint(Protocol):
    """Answers requests of the Model Context Protocol."""

    async def exchange(self, handler: Any, body: bytes, disconnected: asyncio.Event, *, stream: bool) -> None:
        """Answer one request, in one piece or as a stream; `handler` is an `AgentHandler`, whose response is written."""

    async def close(self) -> None:
        """End what runs."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that handlers delegate to.

    Attributes:
        options: The server's options.
        assistant: Answers, and keeps conversations.
        kernels: Of this server.
        turns: That run now.
        contents: Jupyter's contents manager.
        identity_provider: Jupyter's own or another's, which may know users apart.
        notebook_renames: Keeps conversations with notebooks that are renamed.
        session_events: Publishes changes of conversations to open pages.
        mcp: Our tools for other agents.
        audit: Gets what was asked, done and decided.
        sent_requests: Of clients of the OpenAI API, which may send them again.
    """

    options: JupyterAgent
    assistant: Assistant
    kernels: Kernels
    turns: RunningTurns
    contents: Any
    identity_provider: Any
    notebook_renames: NotebookRenames
    session_events: SessionEvents
    mcp: McpEndpoint
    audit: Audit
    sent_requests: SentRequests
