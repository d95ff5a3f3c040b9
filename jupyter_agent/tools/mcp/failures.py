"""What went wrong with an MCP server, in words that name the cure and no more than the server may tell."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from jupyter_agent.tools.mcp.texts import plain

if TYPE_CHECKING:
    from jupyter_agent.tools.mcp.settings import Server
    from jupyter_agent.tools.mcp.stdio import Child

SAID_CHARACTERS = 300
MISSING = "MCP servers need the protocol's SDK: pip install 'jupyter-notebook-agent[mcp]', then restart Jupyter"


class Ended(Exception):
    """It is gone."""


class TooSlow(Exception):
    """It did not answer in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it did not answer within {seconds:.0f} s")


def is_end(error: BaseException) -> bool:
    """Whether the server will answer nothing more on this connection."""
    import anyio
    from mcp import MCPError
    from mcp_types import CONNECTION_CLOSED

    return any(
        isinstance(one, (anyio.ClosedResourceError, anyio.BrokenResourceError, ConnectionError, RuntimeError))
        or (isinstance(one, MCPError) and (one.code == CONNECTION_CLOSED or "Session terminated" in one.message))
        for one in _each(error)
    )


def words(error: BaseException, server: Server, child: Child | None, redact: Callable[[str], str]) -> str:
    """One sentence without its end; the last of what the server complained of stands behind it."""
    said = plain(child.said.decode(errors="replace"), 10_000).strip()[-SAID_CHARACTERS:] if child is not None else ""
    what = next((told for one in _each(error) if (told := _told(one, server, child))), "it does not speak the protocol")
    return redact(f"{what}; it said: {said}" if said else what).rstrip(". \n")


def _each(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _each(one)
    else:
        yield error


def _told(error: BaseException, server: Server, child: Child | None) -> str:
    if isinstance(error, ImportError):
        return MISSING
    if isinstance(error, OSError) and child is not None and not isinstance(error, ConnectionError):
        program = plain(server.command[0], 100)
        if error.errno == errno.ENOENT:
            return f"there is no program '{program}' here"
        return f"its program '{program}' cannot be started"
    if child is not None and child.problem:
        return child.problem
    if child is not None and child.has_left:
        return "it has ended" + (
            "" if child.process.returncode is None else f" (exit status {child.process.returncode})"
        )
    if isinstance(error, (TooSlow, TimeoutError)):
        return str(error) or "it did not answer in time"
    return _told_by(error)


def _told_by(error: BaseException) -> str:
    """What the SDK tells of it."""
    import httpx2
    from mcp import MCPError
    from mcp_types import CONNECTION_CLOSED

    if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout)):
        return "it cannot be reached"
    if isinstance(error, httpx2.HTTPError):
        return "it broke off its answer, or the answer was too long"
    if isinstance(error, MCPError) and error.code != CONNECTION_CLOSED:
        return f"it answered with an error: {plain(error.message, SAID_CHARACTERS)}"
    return "it has ended the connection" if isinstance(error, (MCPError, Ended)) else ""
