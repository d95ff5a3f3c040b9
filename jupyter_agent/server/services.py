"""What all handlers of one server share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_agent.agent.assistant import Assistant
    from jupyter_agent.config.options import JupyterAgent
    from jupyter_agent.server.kernels import Kernels
    from jupyter_agent.server.mcp_server.bridge import McpBridge
    from jupyter_agent.server.notebook_renames import Moves
    from jupyter_agent.server.turns.running_turns import Turns
    from jupyter_agent.server.turns.session_events import Feed


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the door.

    Attributes:
        options: The server's options.
        assistant: Answers, and keeps conversations.
        kernels: Of this server.
        turns: That run now.
        contents: Jupyter's contents manager.
        moves: Of notebooks.
        feed: Tells what happens to conversations.
        mcp: Our tools for other agents.
    """

    options: JupyterAgent
    assistant: Assistant
    kernels: Kernels
    turns: Turns
    contents: Any
    moves: Moves
    feed: Feed
    mcp: McpBridge
