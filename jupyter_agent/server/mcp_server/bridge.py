"""Our tools as a server of the Model Context Protocol, by its official SDK; stateless, one exchange per request."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_agent.config.installation import version
from jupyter_agent.core.errors import AgentError, MissingExtra
from jupyter_agent.core.protocols import ToolOutput
from jupyter_agent.server.mcp_server.calls import ApprovalRequired, Calls, Client

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from tornado.web import RequestHandler

    from jupyter_agent.server.base_handler import AgentHandler

_INSTRUCTIONS = (
    "Live Jupyter notebooks: their variables, cells, errors and files. Begin with list_notebooks, then name the notebook "
    "in each call. Reading is free; before code runs or a cell is edited, the user may be asked, here or in Jupyter."
)
_HANDLER, _DISCONNECTED = "jupyter_agent", "jupyter_agent_disconnected"
#: Name of the one thing that a client is asked.
_APPROVAL = "approval"
#: The revision of the protocol with which a server asks in place of a result.
_ASKS_SINCE = "2026-07-28"
Message = MutableMapping[str, Any]


class McpBridge:
    """Passes requests to the SDK, which is imported, and its task started, with the first one."""

    def __init__(self) -> None:
        self._calls = Calls()
        self._managers: dict[bool, StreamableHTTPSessionManager] = {}
        self._starting = asyncio.Lock()
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def exchange(self, handler: AgentHandler, body: bytes, disconnected: asyncio.Event, *, stream: bool) -> None:
        """Answer one request, in one piece or as a stream.

        Raises:
            MissingExtra: the SDK is not installed.
        """
        async with self._starting:
            managers = self._managers or await self._start()
        request = handler.request
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.protocol,
            "path": "/mcp",
            "raw_path": b"/mcp",
            "root_path": "",
            "query_string": b"",  # Jupyter's token may stand there
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in request.headers.get_all()
                if name.lower() not in ("authorization", "cookie")
            ],
            "client": None,
            "server": None,
            _HANDLER: handler,
            _DISCONNECTED: disconnected,
        }
        connection = BridgedConnection(handler, disconnected, body)
        await managers[stream].handle_request(scope, connection.receive, connection.send)

    async def close(self) -> None:
        """End what runs."""
        self._stop.set()
        if self._running is not None:
            with suppress(asyncio.CancelledError):
                await self._running

    async def _start(self) -> dict[bool, StreamableHTTPSessionManager]:
        try:
            managers = await asyncio.to_thread(_session_managers, self._calls)
        except ImportError as error:
            text = "The Model Context Protocol needs its SDK: pip install 'jupyter-notebook-agent[mcp]', then restart Jupyter."
            raise MissingExtra(text) from error
        ready = asyncio.Event()

        async def run() -> None:  # its task group must be left by the task that entered it
            async with managers[False].run(), managers[True].run():
                ready.set()
                await self._stop.wait()

        self._running = asyncio.create_task(run())
        await ready.wait()
        self._managers = managers
        return managers


@dataclass(slots=True)
class BridgedConnection:
    """One tornado request as an ASGI connection."""

    handler: RequestHandler
    disconnected: asyncio.Event
    body: bytes | None

    async def receive(self) -> Message:
        """The body, then nothing until the client has disconnected."""
        body, self.body = self.body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        await self.disconnected.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Write the SDK's response."""
        if self.disconnected.is_set():
            return
        if message["type"] == "http.response.start":
            self.handler.set_status(message["status"])
            for name, value in message.get("headers", ()):
                if name.lower() != b"content-length":
                    self.handler.set_header(name.decode("latin-1"), value.decode("latin-1"))
            return
        self.handler.write(message.get("body", b""))
        await self.handler.flush()


def _session_managers(calls: Calls) -> dict[bool, StreamableHTTPSessionManager]:
    """By whether they answer with a stream."""
    import mcp_types as types
    from mcp.server.lowlevel import Server
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings

    async def list_tools(context: Any, _: Any) -> types.ListToolsResult:
        tools = [
            types.Tool(
                name=spec.name,
                description=spec.description,
                input_schema=dict(spec.parameters),
                annotations=types.ToolAnnotations(read_only_hint=tool is None or tool.effect == "read"),
            )
            for tool, spec in await calls.tools_for(context.request.scope[_HANDLER])
        ]
        return types.ListToolsResult(tools=tools)

    async def call_tool(
        context: Any, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        scope, session = context.request.scope, context.session
        answer = (params.input_responses or {}).get(_APPROVAL)
        is_approved = isinstance(answer, types.ElicitResult) and answer.action == "accept"
        asks = session.client_capabilities.elicitation if session.client_capabilities is not None else None
        client = Client(
            # A client of an earlier revision would have to be asked by a request of its own, for which it would need a session.
            can_ask=context.protocol_version >= _ASKS_SINCE and asks is not None and (bool(asks.form) or not asks.url),
            disconnected=scope[_DISCONNECTED],
            report=lambda seconds, text: session.report_progress(seconds, message=text),
            answered=params.request_state or "",
            is_approved=is_approved,
        )
        output: ToolOutput | ApprovalRequired
        try:
            output = await calls.call(scope[_HANDLER], params.name, params.arguments or {}, client)
        except AgentError as error:
            output = ToolOutput.failure(error.code, error.message)
        if isinstance(output, ApprovalRequired):
            form = types.ElicitRequestFormParams(
                message=output.text, requested_schema={"type": "object", "properties": {}}
            )
            asked: types.InputRequests = {_APPROVAL: types.ElicitRequest(params=form)}
            return types.InputRequiredResult(input_requests=asked, request_state=output.key)
        text = types.TextContent(type="text", text=output.content)
        pictures = [
            types.ImageContent(type="image", data=picture.data, mime_type=picture.mime) for picture in output.pictures
        ]
        return types.CallToolResult(content=[text, *pictures], is_error=not output.ok)

    server: Server[Any] = Server(
        "jupyter-notebook-agent",
        version=version(),
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    # Jupyter has checked host, origin and token before.
    checked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    return {
        stream: StreamableHTTPSessionManager(
            server, json_response=not stream, stateless=True, security_settings=checked
        )
        for stream in (False, True)
    }
