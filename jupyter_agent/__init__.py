"""The notebook assistant that already knows your notebook: the hooks Jupyter and IPython look for, and the public names."""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: Public names and where they live; nothing is imported before it is asked for.
_PUBLIC = {
    "AgentError": "jupyter_agent.core.errors",
    "Assistant": "jupyter_agent.agent.assistant",
    "JupyterAgent": "jupyter_agent.config.options",
    "Question": "jupyter_agent.core.question",
    "SessionManager": "jupyter_agent.sessions.manager",
    "build_context": "jupyter_agent.prompt.build_context",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("jupyter-notebook-agent")
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'jupyter_agent' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC, "__version__"])


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext jupyter_agent``: the magics, in process."""
    import_module("jupyter_agent.ipython.extension").load_ipython_extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext jupyter_agent``."""
    import_module("jupyter_agent.ipython.extension").unload_ipython_extension(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-notebook-agent"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_agent.server.extension import AgentExtension

    return [{"module": "jupyter_agent", "app": AgentExtension}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    from jupyter_agent.server.extension import AgentExtension

    load: Any = AgentExtension._load_jupyter_server_extension
    load(serverapp)
