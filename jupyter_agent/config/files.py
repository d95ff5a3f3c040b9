"""Options as Jupyter's configuration files set them, for doors that are no Jupyter server."""

from __future__ import annotations

from jupyter_core.paths import jupyter_config_path
from traitlets.config import Application, Config

FILES = ("jupyter_config", "jupyter_server_config", "jupyter_agent_config")  # the last one wins


def read() -> Config:
    """The merged configuration; what the server's own file says of us holds everywhere."""
    reader = Application()
    for name in FILES:
        reader.load_config_file(name, jupyter_config_path())
    return reader.config
