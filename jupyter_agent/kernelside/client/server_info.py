"""Where this kernel is: which server started it, what that server calls it, which notebook it belongs to."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple


class Address(NamedTuple):
    """A Jupyter server as a client needs it.

    Attributes:
        url: With the base URL and a slash at the end.
        token: Empty where the server wants none.
        password: Whether only a password, which a kernel does not know, opens it.
        root: Folder that the server's paths start from; empty where unknown.
        sock: Path of its UNIX socket; empty for TCP.
    """

    url: str
    token: str = ""
    password: bool = False
    root: str = ""
    sock: str = ""


def server(options: Mapping[str, Any], ip: Any) -> Address | None:
    """The server to connect to: from the options, from the environment, or this kernel's parent process."""
    url = str(options.get("url") or os.environ.get("JUPYTER_AGENT_URL", ""))
    if url:
        token = str(options.get("token") or os.environ.get("JUPYTER_AGENT_TOKEN", ""))
        return Address(url.rstrip("/") + "/", token)
    parent = os.environ.get("JPY_PARENT_PID", "")
    folder = os.path.dirname(_connection_file(ip))
    return read_address(os.path.join(folder, f"jpserver-{parent}.json")) if parent.isdigit() and folder else None


def read_address(file: str) -> Address | None:
    """The server that wrote a runtime file; None if there is no such file or it is not whole."""
    try:
        with open(file, encoding="utf-8") as stream:
            record = json.load(stream)
        url, sock = str(record["url"]), str(record.get("sock") or "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    token = str(record.get("token") or os.environ.get("JUPYTERHUB_API_TOKEN", ""))
    return Address(
        "http://localhost" + str(record.get("base_url") or "/") if sock else url,
        token,
        bool(record.get("password")) and not token,
        str(record.get("root_dir") or ""),
        sock,
    )


def kernel_id(options: Mapping[str, Any], ip: Any) -> str:
    """Jupyter's id of this kernel; empty outside one."""
    if options.get("kernel_id"):
        return str(options["kernel_id"])
    name = os.path.basename(_connection_file(ip))
    return name[len("kernel-") : -len(".json")] if name.startswith("kernel-") and name.endswith(".json") else ""


def notebook_path(ip: Any) -> str:
    """Absolute path of the notebook as its front end announced it to the kernel; empty where none did.

    VS Code and Jupyter Server announce it; papermill announces where the notebook that it runs is written to, if asked to.
    """
    names = ip.user_ns
    announced = names.get("__vsc_ipynb_file__") or names.get("__session__") or os.environ.get("JPY_SESSION_NAME", "")
    path = announced if isinstance(announced, str) else ""
    written = names.get("PAPERMILL_OUTPUT_PATH")
    if not path and isinstance(written, str) and "://" not in written:
        path = os.path.abspath(written)
    return path if path.endswith(".ipynb") and os.path.isabs(path) else ""


def notebook_id(path: str, roots: tuple[str, ...]) -> str:
    """A notebook's name in conversations: its path below a server's root, else its absolute path."""
    if not path:
        return ""
    path = os.path.realpath(path)
    for root in roots:
        below = os.path.relpath(path, os.path.realpath(root)) if root else ".."
        if not below.startswith(".."):
            return below.replace(os.sep, "/")
    return path


def _connection_file(ip: Any) -> str:
    if getattr(ip, "kernel", None) is None or "ipykernel" not in sys.modules:
        return ""
    try:
        from ipykernel.connect import get_connection_file

        return str(get_connection_file())
    except Exception:  # started in an unusual way: then we are nowhere in particular
        return ""
