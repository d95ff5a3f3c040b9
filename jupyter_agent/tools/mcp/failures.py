"""Why an MCP server cannot be used, as a sentence for users with the end of its error output."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from jupyter_agent.core.text import visible_text

if TYPE_CHECKING:
    from jupyter_agent.tools.mcp.settings import ServerSettings
    from jupyter_agent.tools.mcp.transports import ServerProcess

STDERR_CHARACTERS = 300
MISSING = "MCP servers need the protocol's SDK: pip install 'jupyter-notebook-agent[mcp]', then restart Jupyter"


class ConnectionEnded(Exception):
    """The server has closed the connection or ended."""


def is_end(error: BaseException) -> bool:
    """Whether the server will answer nothing more on this connection."""
    import anyio
    from mcp import MCPError
    from mcp_types import CONNECTION_CLOSED

    closed = (anyio.ClosedResourceError, anyio.BrokenResourceError, ConnectionError, RuntimeError)
    return any(
        isinstance(cause, closed)
        or (isinstance(cause, MCPError) and (cause.code == CONNECTION_CLOSED or "Session terminated" in cause.message))
        for cause in _causes(error)
    )


def describe(
    error: BaseException, server: ServerSettings, process: ServerProcess | None, redact: Callable[[str], str]
) -> str:
    """What is wrong, as a clause about "it", with the end of what the server wrote to its standard error."""
    stderr = process.stderr.decode(errors="replace") if process is not None else ""
    shown = visible_text(stderr, 10_000).strip()[-STDERR_CHARACTERS:]
    reasons = (_reason(cause, server, process) for cause in _causes(error))
    reason = next(filter(None, reasons), "it does not speak the protocol")
    return redact(f"{reason}; its error output: {shown}" if shown else reason).rstrip(". \n")


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for cause in error.exceptions:
            yield from _causes(cause)
    else:
        yield error


def _reason(error: BaseException, server: ServerSettings, process: ServerProcess | None) -> str:
    if isinstance(error, ImportError):
        return MISSING
    if isinstance(error, OSError) and process is not None and not isinstance(error, (ConnectionError, TimeoutError)):
        program = visible_text(server.command[0], 100)
        if error.errno == errno.ENOENT:
            return f"there is no program '{program}' here"
        return f"its program '{program}' cannot be started"
    if process is not None and process.problem:
        return process.problem
    if process is not None and process.has_exited:
        status = process.process.returncode
        return "it has ended" + ("" if status is None else f" (exit status {status})")
    if isinstance(error, TimeoutError):
        return str(error) or "it did not answer in time"
    import httpx2
    from mcp import MCPError
    from mcp_types import CONNECTION_CLOSED

    if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout)):
        return "it cannot be reached"
    if isinstance(error, httpx2.HTTPError):
        return "its response ended early or was too long"
    if isinstance(error, MCPError) and error.code != CONNECTION_CLOSED:
        return f"it answered with an error: {visible_text(error.message, STDERR_CHARACTERS)}"
    return "it has closed the connection" if isinstance(error, (MCPError, ConnectionEnded)) else ""
