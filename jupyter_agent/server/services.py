"""What all handlers of one server share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_agent.assistant import Assistant
    from jupyter_agent.config import JupyterAgent
    from jupyter_agent.server.feed import Feed
    from jupyter_agent.server.kernels import Kernels
    from jupyter_agent.server.mcp_bridge import McpBridge
    from jupyter_agent.server.moves import Moves
    from jupyter_agent.server.turns import Turns


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
