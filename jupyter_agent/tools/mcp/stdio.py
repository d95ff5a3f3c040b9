"""A server in a process of its own, spoken to through its standard streams, by the line; it ends with us."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from jupyter_agent.tools.mcp.pace import MAX_MESSAGE, Pace

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.client._transport import TransportStreams
    from mcp.shared.message import SessionMessage

    from jupyter_agent.tools.mcp.settings import Server

END_SECONDS = 1.0
TAIL_BYTES = 2_000
MAX_GARBAGE = 100
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
#: Of our environment a server gets these; keys and tokens are not among them.
_INHERITED = (
    *("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"),
    *("APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT", "PROGRAMFILES", "SYSTEMDRIVE"),
    *("SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE"),
)


class Child:
    """The process of one server.

    Attributes:
        problem: What it did wrong, in words; empty so far.
        said: The end of what it wrote to its standard error.
        ended: Set once it says nothing more.
        has_left: Whether it went without having been told to.
    """

    def __init__(self) -> None:
        self.problem = ""
        self.said = b""
        self.ended = asyncio.Event()
        self.has_left = False
        self._is_to_go = False
        self._pace = Pace()

    @asynccontextmanager
    async def running(self, server: Server) -> AsyncGenerator[TransportStreams, None]:
        """Its streams as the SDK takes them, while it runs.

        Raises:
            OSError: it cannot be started.
        """
        import anyio

        self.process = await _process(server)
        heard, from_child = anyio.create_memory_object_stream["SessionMessage | Exception"](0)
        to_child, told = anyio.create_memory_object_stream["SessionMessage"](0)
        complaining = asyncio.create_task(self._overhear())
        tasks = [
            asyncio.create_task(self._hear(heard, complaining)),
            asyncio.create_task(self._tell(told)),
            complaining,
        ]
        try:
            yield from_child, to_child
        finally:
            await _shielded(self._end(tasks))
            for stream in (heard, from_child, to_child, told):
                stream.close()

    @property
    def status(self) -> int | None:
        """How it ended; None while it runs."""
        return self.process.returncode

    async def _hear(
        self, heard: MemoryObjectSendStream[SessionMessage | Exception], complaining: asyncio.Task[None]
    ) -> None:
        """Pass its messages on until it ends."""
        import anyio

        assert self.process.stdout is not None
        try:
            async with heard:
                with suppress(anyio.BrokenResourceError):  # nobody listens any more
                    await self._pass_on(self.process.stdout, heard)
            self.has_left = not self._is_to_go
            with suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), END_SECONDS)
            await asyncio.wait([complaining], timeout=END_SECONDS)
        finally:
            self.ended.set()

    async def _pass_on(
        self, stdout: asyncio.StreamReader, heard: MemoryObjectSendStream[SessionMessage | Exception]
    ) -> None:
        from mcp.shared.message import SessionMessage
        from mcp_types import jsonrpc_message_adapter

        garbage = 0
        while (line := await self._line(stdout)) is not None:
            await self._pace.spend(len(line))
            try:
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                garbage += bool(line.strip())
                if garbage > MAX_GARBAGE:
                    self.problem = "it writes to its standard output what is no message of the protocol"
                    return
                continue
            await heard.send(SessionMessage(message))

    async def _line(self, stdout: asyncio.StreamReader) -> bytes | None:
        try:
            return await stdout.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            return end.partial or None
        except asyncio.LimitOverrunError:
            self.problem = f"it sent a message of more than {MAX_MESSAGE >> 20} MB"
            return None

    async def _tell(self, told: MemoryObjectReceiveStream[SessionMessage]) -> None:
        """Write our messages to it."""
        stdin = self.process.stdin
        assert stdin is not None
        async with told:
            async for one in told:
                text = one.message.model_dump_json(by_alias=True, exclude_unset=True)
                with suppress(ConnectionError):
                    stdin.write(text.encode() + b"\n")
                    await stdin.drain()

    async def _overhear(self) -> None:
        """Keep the end of what it complains about."""
        assert self.process.stderr is not None
        while chunk := await self.process.stderr.read(4096):
            self.said = (self.said + chunk)[-TAIL_BYTES:]
            await self._pace.spend(len(chunk), messages=0)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """Close its input, then ask it to go, then kill it, with all that it has started."""
        assert self.process.stdin is not None
        self._is_to_go = True
        self.process.stdin.close()
        for stop in (None, signal.SIGTERM, _KILL):
            if stop is not None:
                _signal(self.process, stop)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), END_SECONDS)
                break
        _signal(self.process, _KILL)  # what it may have left behind
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _let_go(self.process)


async def _process(server: Server) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | dict(server.environment)
    return await asyncio.create_subprocess_exec(
        *server.command,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=environment,
        limit=MAX_MESSAGE,
        start_new_session=True,
    )


def _let_go(process: asyncio.subprocess.Process) -> None:
    """Close pipes that something which escaped us may still hold; only the transport can."""
    transport = getattr(process, "_transport", None)
    if transport is not None:
        with suppress(ProcessLookupError, PermissionError):
            transport.close()


async def _shielded(ending: Coroutine[Any, Any, None]) -> None:
    """Wait for it even where we are cancelled meanwhile."""
    task = asyncio.ensure_future(ending)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    """To its process group, which is its own: it was started as the leader of one."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        elif process.returncode is None:
            process.send_signal(number)
