"""``%load_ext jupyter_agent``: `%agent` where no Jupyter server answers it, by an assistant in this very process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_agent import kernelside
from jupyter_agent.kernelside import wire
from jupyter_agent.kernelside.magic import magics

if TYPE_CHECKING:
    from jupyter_agent.kernelside.magic.turn import AgentClient


def load_ipython_extension(ip: Any) -> None:
    """Give an IPython shell its `%agent`; nothing heavy is imported before the first question."""

    def make_client() -> AgentClient:
        from jupyter_agent.ipython.agent_client import InProcessAgentClient

        return InProcessAgentClient(ip)

    magics.load(ip, make_client=make_client)
    if wire.REQUEST not in getattr(getattr(ip, "kernel", None), "control_handlers", ()):  # else a server has done it
        kernelside.install(ip, {})  # so that errors and runs are known from here on, not from the first question on


def unload_ipython_extension(ip: Any) -> None:
    """Take `%agent` away again, and close what it had opened."""
    magics.unload(ip)
    kernelside.uninstall()
