"""The connection to one MCP server: opened in the background, its tools listed and called, opened again after a failure."""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from jupyter_agent.config.installation import version
from jupyter_agent.core.protocols import ToolOutput
from jupyter_agent.tools.mcp import failures
from jupyter_agent.tools.mcp.definitions import McpDefinition
from jupyter_agent.tools.mcp.results import to_output
from jupyter_agent.tools.mcp.transports import ServerProcess, connect_http

if TYPE_CHECKING:
    import mcp_types as types
    from mcp import Client
    from mcp.client.session import ClientRequestContext

    from jupyter_agent.tools.mcp.settings import ServerSettings

START_SECONDS = 60.0
#: A question waits this long for a server that is starting.
WAIT_SECONDS = 8.0
LIST_SECONDS = 30.0
CLOSE_SECONDS = 5.0
#: Tools are listed again with the next question when the list is older.
FRESH_SECONDS = 30.0
MAX_BACKOFF = 60.0
MAX_PAGES = 10
MAX_TOOLS = 64
#: Set where the SDK logs messages from and to our servers.
_IN_CONNECTION: ContextVar[bool] = ContextVar("jupyter_agent_mcp", default=False)


class McpConnection:
    """Connects to one server when it is needed first.

    Args:
        server: Its settings.
        redact: Applied to its error output.
        proxy: Address of a web proxy.
        ca_file: PEM file of certificates to trust.

    Attributes:
        definitions: Its tools as it last listed them.
        problem: Why it cannot be used now, as a clause about "it"; empty where it can.
    """

    def __init__(
        self, server: ServerSettings, redact: Callable[[str], str], *, proxy: str = "", ca_file: str = ""
    ) -> None:
        self.server = server
        self.definitions: tuple[McpDefinition, ...] = ()
        self.problem = ""
        self._redact = redact
        self._http_options = {"proxy": proxy, "ca_file": ca_file}
        self._task: asyncio.Task[None] | None = None
        self._client: Client | None = None
        self._process: ServerProcess | None = None
        self._ready = asyncio.Event()  # listed, or failed
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._failures = 0
        self._started = self._listed = self._retry_at = 0.0

    def ensure_open(self) -> None:
        """Open it in the background, or have its tools listed again if the list is old; does not wait."""
        if self._task is not None and not self._task.done() and self._task.get_loop() is asyncio.get_running_loop():
            if self._client is not None and time.monotonic() - self._listed > FRESH_SECONDS:
                self._wake.set()
        elif time.monotonic() >= self._retry_at:
            self._ready, self._wake, self._is_stopping = asyncio.Event(), asyncio.Event(), False
            self._started = time.monotonic()
            self.problem = ""
            self._task = asyncio.create_task(self._run())

    async def wait_ready(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait until its tools are listed or it has failed, at most so long after its start."""
        left = self._started + seconds - time.monotonic()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), max(0.0, left))
        if not self._ready.is_set():
            self.problem = "it is still starting; its tools are offered with a later question"

    async def close(self) -> None:
        """Disconnect, and stop a server that we started."""
        self._is_stopping = True
        self._wake.set()
        if self._task is not None and self._task.get_loop() is asyncio.get_running_loop():
            if not self._ready.is_set():
                self._task.cancel()
            await asyncio.wait([self._task], timeout=START_SECONDS)

    async def call(self, definition: McpDefinition, arguments: Mapping[str, Any], *, seconds: float) -> ToolOutput:
        """Call a tool, if its definition is still the one that was offered; the connection is opened if need be."""
        if self._client is None:
            await self._wait_task_end()
            self.ensure_open()
            await self.wait_ready()
        if self._client is None:
            return ToolOutput.failure("unavailable", self.problem_sentence)
        name = self.server.name
        if not any(listed.digest == definition.digest for listed in self.definitions):
            return ToolOutput.failure(
                "approval_stale",
                f"the MCP server '{name}' has changed its tool '{definition.tool}' since it was offered, so it "
                "was not called. Tell the user; the changed tool is offered, and asked about, with the next question.",
            )
        seconds = min(seconds, self.server.timeout)
        token = _IN_CONNECTION.set(True)
        try:
            async with asyncio.timeout(seconds) as timer:
                output = to_output(await self._request(definition.tool, dict(arguments)), name)
        except Exception as error:  # noqa: BLE001 - a foreign server over a foreign SDK; its failure is data for the model
            if timer.expired():
                text = f"the MCP server '{name}' took longer than {seconds:.0f} s and was asked to stop."
                return ToolOutput.failure("timeout", text)
            if failures.is_end(error):
                if self._process is not None:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._process.ended.wait(), 2.0)
                self._client = None
                self._wake.set()
                await self._wait_task_end()
            return ToolOutput.failure("failed", f"The MCP server '{name}': {self._describe(error)}.")
        finally:
            _IN_CONNECTION.reset(token)
        self._failures = 0
        return output

    @property
    def problem_sentence(self) -> str:
        """The problem as a sentence; empty without one."""
        return f"The MCP server '{self.server.name}' cannot be used: {self.problem}." if self.problem else ""

    async def _request(self, tool: str, arguments: dict[str, Any]) -> types.CallToolResult:
        """The result of a call; input that the server asks of the user meanwhile is declined."""
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
        text = types.TextContent(type="text", text="It asks the user for input, which is not supported here.")
        return types.CallToolResult(content=[text], is_error=True)

    async def _wait_task_end(self) -> None:
        """Wait for the end of a task that has failed."""
        if self._task is not None and self._ready.is_set():
            await asyncio.wait([self._task], timeout=CLOSE_SECONDS)

    def _describe(self, error: BaseException) -> str:
        return failures.describe(error, self.server, self._process, self._redact)

    async def _run(self) -> None:
        """Serve until it is stopped or fails."""
        _IN_CONNECTION.set(True)
        try:
            await self._serve()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - as above; the SDK's come in groups
            self._failures += 1
            if not self._is_stopping:
                self.problem = self._describe(error)
        finally:
            self._client = None
            self.definitions = ()
            self._retry_at = time.monotonic() + min(MAX_BACKOFF, 2.0 ** max(0, self._failures - 1) - 1)
            self._ready.set()

    async def _serve(self) -> None:
        await asyncio.to_thread(importlib.import_module, "mcp")
        for logger_name in tuple(logging.root.manager.loggerDict):
            if logger_name.partition(".")[0] in ("mcp", "httpx2", "httpcore2"):
                logging.getLogger(logger_name).addFilter(_is_logged)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(START_SECONDS):
                    client = await stack.enter_async_context(self._new_client())
                    await self._list(client)
            except TimeoutError as error:
                raise TimeoutError(f"it did not answer within {START_SECONDS:.0f} s") from error
            self._client, self.problem = client, ""
            self._ready.set()
            while await self._wait_for_refresh():
                await self._list(client)

    def _new_client(self) -> Client:
        import mcp_types as types
        from mcp import Client

        async def decline(context: ClientRequestContext, params: types.ElicitRequestParams) -> types.ElicitResult:  # noqa: ARG001
            return types.ElicitResult(action="decline")

        async def on_message(message: Any) -> None:
            if isinstance(message, types.ToolListChangedNotification):
                self._wake.set()

        self._process = ServerProcess() if self.server.command else None
        if self._process is not None:
            transport = self._process.run(self.server)
        else:
            transport = connect_http(self.server, **self._http_options)
        return Client(
            transport,
            cache=None,
            client_info=types.Implementation(name="jupyter-agent", version=version()),
            elicitation_callback=decline,
            message_handler=on_message,
        )

    async def _list(self, client: Client) -> None:
        """List its tools, at most as many as a model can choose from."""
        definitions: dict[str, McpDefinition] = {}
        cursor: str | None = None
        async with asyncio.timeout(LIST_SECONDS):
            for _ in range(MAX_PAGES):
                page = await client.list_tools(cursor=cursor)
                for tool in page.tools:
                    if self.server.tools is not None and tool.name not in self.server.tools:
                        continue
                    definition = McpDefinition.from_sdk(tool, self.server.name)
                    if definition is not None and len(definitions) < MAX_TOOLS:
                        definitions.setdefault(definition.tool, definition)
                cursor = page.next_cursor
                if not cursor:
                    break
        self.definitions = tuple(definitions.values())
        self._listed = time.monotonic()

    async def _wait_for_refresh(self) -> bool:
        """Wait until the tools are to be listed again; False when the connection is to be closed."""
        events = [self._wake] if self._process is None else [self._wake, self._process.ended]
        tasks = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if any(task.done() for task in tasks[1:]):
                raise failures.ConnectionEnded
        finally:
            for task in tasks:
                task.cancel()
        if self._is_stopping:
            return False
        if self._client is None:
            raise failures.ConnectionEnded
        self._wake.clear()
        return True


def _is_logged(record: logging.LogRecord) -> bool:  # noqa: ARG001
    """A log filter: nothing that the SDK logs of messages from and to our servers."""
    return not _IN_CONNECTION.get()
