"""One MCP server while it is needed: started in the background, listed, called, begun anew when it has failed."""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from contextvars import ContextVar
from importlib import metadata
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.protocols import ToolOutput
from jupyter_agent.tools.mcp import failures
from jupyter_agent.tools.mcp.definitions import Definition, definition
from jupyter_agent.tools.mcp.results import to_output
from jupyter_agent.tools.mcp.stdio import Child
from jupyter_agent.tools.mcp.web import reached

if TYPE_CHECKING:
    import mcp_types as types
    from mcp import Client
    from mcp.client.session import ClientRequestContext

    from jupyter_agent.tools.mcp.settings import Server

START_SECONDS = 60.0
#: A question waits this long for a server that has just been started.
PATIENCE_SECONDS = 8.0
LIST_SECONDS = 30.0
END_SECONDS = 5.0
#: A listing that is older is made again when the next question comes.
FRESH_SECONDS = 30.0
LONGEST_PAUSE = 60.0
MAX_PAGES = 10
MAX_TOOLS = 64
#: Whatever is logged while this is set may be what a server said, or what it was told.
_OURS: ContextVar[bool] = ContextVar("jupyter_agent_mcp", default=False)


class Connection:
    """To one server, which is not started before it is needed.

    Args:
        server: Which.
        redact: Applied to what it complains of.
        proxy: Address of a web proxy.
        ca_file: PEM file of certificates to trust.

    Attributes:
        definitions: Its tools as it last listed them.
        problem: Why it cannot be used now; empty where it can.
    """

    def __init__(self, server: Server, redact: Callable[[str], str], *, proxy: str = "", ca_file: str = "") -> None:
        self.server = server
        self.definitions: tuple[Definition, ...] = ()
        self.problem = ""
        self._redact = redact
        self._way = {"proxy": proxy, "ca_file": ca_file}
        self._task: asyncio.Task[None] | None = None
        self._client: Client | None = None
        self._child: Child | None = None
        self._settled = asyncio.Event()
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._failures = 0
        self._started = self._listed = self._again = 0.0

    def need(self) -> None:
        """Have it started, or its tools listed again if that is long ago; nothing is waited for."""
        if self._task is not None and not self._task.done() and self._task.get_loop() is asyncio.get_running_loop():
            if self._client is not None and time.monotonic() - self._listed > FRESH_SECONDS:
                self._wake.set()
        elif time.monotonic() >= self._again:
            self._settled, self._wake, self._is_stopping = asyncio.Event(), asyncio.Event(), False
            self._started = time.monotonic()
            self.problem = ""
            self._task = asyncio.create_task(self._run())

    async def settled(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until it is known what it offers, or that it fails; for so long after its start at most."""
        patience = self._started + seconds - time.monotonic()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), max(0.0, patience))
        if not self._settled.is_set():
            self.problem = "it is still starting; its tools come with a later question"

    async def close(self) -> None:
        """End it."""
        self._is_stopping = True
        self._wake.set()
        if self._task is not None and self._task.get_loop() is asyncio.get_running_loop():
            if not self._settled.is_set():
                self._task.cancel()
            await asyncio.wait([self._task], timeout=START_SECONDS)

    async def call(self, wanted: Definition, arguments: Mapping[str, Any], *, seconds: float) -> ToolOutput:
        """Call a tool, if it still is what it was when it was offered."""
        if problem := await self._refused(wanted):
            return problem
        seconds = min(seconds, self.server.timeout)
        ours = _OURS.set(True)
        try:
            async with asyncio.timeout(seconds) as timer:
                output = to_output(await self._exchange(wanted.tool, dict(arguments)), self.server.name)
        except Exception as error:  # noqa: BLE001 - a foreign server over a foreign SDK; its failure is data for the model
            if timer.expired():
                text = f"the MCP server '{self.server.name}' took longer than {seconds:.0f} s and was asked to stop."
                return ToolOutput.failure("timeout", text)
            return ToolOutput.failure("failed", await self._what_happened(error))
        finally:
            _OURS.reset(ours)
        self._failures = 0
        return output

    async def _refused(self, wanted: Definition) -> ToolOutput | None:
        if self._client is None:
            await self._end_of_task()
            self.need()
            await self.settled()
        if self._client is None:
            return ToolOutput.failure("unavailable", self.problem_sentence)
        if not any(definition.digest == wanted.digest for definition in self.definitions):
            return ToolOutput.failure(
                "approval_stale",
                f"the MCP server '{self.server.name}' has changed its tool '{wanted.tool}' since it was offered, so it was "
                "not called. Tell the user; with the next question it is offered, and asked about, anew.",
            )
        return None

    @property
    def problem_sentence(self) -> str:
        """The problem as a sentence; empty without one."""
        return f"The MCP server '{self.server.name}' cannot be used: {self.problem}." if self.problem else ""

    async def _exchange(self, tool: str, arguments: dict[str, Any]) -> types.CallToolResult:
        """The result of a call; what the server wants to know of the user meanwhile is declined."""
        import mcp_types as types
        from pydantic import TypeAdapter

        assert self._client is not None
        answer: TypeAdapter[Any] = TypeAdapter(types.InputRequiredResult | types.CallToolResult)
        more: dict[str, Any] = {}
        for _ in range(2):
            params = types.CallToolRequestParams(name=tool, arguments=arguments, **more)
            # Not by the SDK's `call_tool`, which checks answers by the server's own schemas, patterns and all.
            result = await self._client.session.send_request(types.CallToolRequest(params=params), answer)
            if isinstance(result, types.CallToolResult):
                return result
            declined = {key: types.ElicitResult(action="decline") for key in result.input_requests or {}}
            more = {"input_responses": declined, "request_state": result.request_state}
        text = types.TextContent(type="text", text="It wants to know more of the user, who cannot be asked by it here.")
        return types.CallToolResult(content=[text], is_error=True)

    async def _end_of_task(self) -> None:
        """Wait for one that has failed and is not through with it."""
        if self._task is not None and self._settled.is_set():
            await asyncio.wait([self._task], timeout=END_SECONDS)

    async def _what_happened(self, error: Exception) -> str:
        if self._child is not None and failures.is_end(error):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._child.ended.wait(), 2.0)
        if failures.is_end(error):
            self._client = None
            self._wake.set()
            await self._end_of_task()
        return f"The MCP server '{self.server.name}': {self._words(error)}."

    def _words(self, error: BaseException) -> str:
        return failures.words(error, self.server, self._child, self._redact)

    async def _run(self) -> None:
        """Serve until it is stopped or fails."""
        _OURS.set(True)
        try:
            await self._serve()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - as above; the SDK's come in groups
            self._failures += 1
            if not self._is_stopping:
                self.problem = self._words(error)
        finally:
            self._client = None
            self.definitions = ()
            self._again = time.monotonic() + min(LONGEST_PAUSE, 2.0 ** max(0, self._failures - 1) - 1)
            self._settled.set()

    async def _serve(self) -> None:
        await asyncio.to_thread(importlib.import_module, "mcp")
        _quieten()
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(START_SECONDS):
                    client = await stack.enter_async_context(self._made())
                    await self._list(client)
            except TimeoutError as error:
                raise failures.TooSlow(START_SECONDS) from error
            self._client, self.problem = client, ""
            self._settled.set()
            while await self._is_wanted():
                await self._list(client)

    def _made(self) -> Client:
        import mcp_types as types
        from mcp import Client

        async def declined(context: ClientRequestContext, params: types.ElicitRequestParams) -> types.ElicitResult:  # noqa: ARG001
            return types.ElicitResult(action="decline")

        async def heard(message: Any) -> None:
            if isinstance(message, types.ToolListChangedNotification):
                self._wake.set()

        self._child = Child() if self.server.command else None
        way = self._child.running(self.server) if self._child is not None else reached(self.server, **self._way)
        return Client(
            way,
            cache=None,
            client_info=types.Implementation(name="jupyter-agent", version=metadata.version("jupyter-notebook-agent")),
            elicitation_callback=declined,
            message_handler=heard,
        )

    async def _list(self, client: Client) -> None:
        """Ask for its tools: not more than a model can choose from."""
        found: dict[str, Definition] = {}
        cursor: str | None = None
        async with asyncio.timeout(LIST_SECONDS):
            for _ in range(MAX_PAGES):
                page = await client.list_tools(cursor=cursor)
                for tool in page.tools:
                    wanted = self.server.tools is None or tool.name in self.server.tools
                    if wanted and len(found) < MAX_TOOLS and (one := definition(tool, self.server.name)) is not None:
                        found.setdefault(one.tool, one)
                cursor = page.next_cursor
                if not cursor:
                    break
        self.definitions = tuple(found.values())
        self._listed = time.monotonic()

    async def _is_wanted(self) -> bool:
        """Wait for a reason to list again; False where it is over."""
        ended = asyncio.create_task(self._child.ended.wait()) if self._child is not None else None
        waking = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait([one for one in (ended, waking) if one is not None], return_when=asyncio.FIRST_COMPLETED)
            if ended is not None and ended.done():
                raise failures.Ended
        finally:
            for task in (ended, waking):
                if task is not None:
                    task.cancel()
        if self._is_stopping:
            return False
        if self._client is None:
            raise failures.Ended
        self._wake.clear()
        return True


class _Quiet(logging.Filter):
    """Keeps the SDK from logging what our servers say and are told."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _OURS.get()


_QUIET = _Quiet()


def _quieten() -> None:
    for name in tuple(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("mcp", "httpx2", "httpcore2"):
            logging.getLogger(name).addFilter(_QUIET)
