"""Transport to a kernel behind a Jupyter gateway: its messages over the gateway's websocket, on the server's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import uuid4

from jupyter_client.jsonutil import json_default
from jupyter_client.session import msg_header
from tornado.httpclient import HTTPError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.kernels.transport import CLOSED, Channel, Receiver, is_end

_PING_SECONDS = 30.0
_MAX_STATUS = 5_000
_IOPUB = re.compile(r'"channel"\s*:\s*"iopub"')


class WebSocketTransport:
    """A kernel's channels in one websocket.

    Args:
        url: ``ws://host:port/api/kernels/<id>/channels`` of the gateway or server.
        connection: Arguments of tornado's `HTTPRequest` that carry the authorisation, certificates and time limits,
            such as ``GatewayClient.instance().load_connection_args()``.
    """

    def __init__(self, url: str, connection: Mapping[str, Any] | None = None) -> None:
        self._session = uuid4().hex
        separator = "&" if "?" in url else "?"
        self._url = f"{url}{separator}session_id={self._session}"
        self._connection = dict(connection or {})
        self._socket: WebSocketClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._is_subscribed = False

    async def open(self, receive: Receiver) -> None:
        """Connect.

        Raises:
            KernelUnavailable: the gateway refuses the connection, or does not answer.
        """
        request = HTTPRequest(self._url, **self._connection)
        try:
            self._socket = await websocket_connect(request, ping_interval=_PING_SECONDS)
        except (HTTPError, OSError) as error:
            raise KernelUnavailable("The kernel's gateway does not answer.") from error
        self._reader = asyncio.create_task(self._read(self._socket, receive))

    @contextlib.asynccontextmanager
    async def iopub(self) -> AsyncGenerator[None, None]:
        """Outside of it iopub messages, which the gateway sends anyway, are dropped as text."""
        self._is_subscribed = True
        try:
            yield
        finally:
            self._is_subscribed = False

    async def send(self, channel: Channel, message_type: str, content: Mapping[str, Any]) -> str:
        """Send a request.

        Raises:
            KernelUnavailable: the connection is gone.
        """
        identifier = uuid4().hex
        header = msg_header(identifier, message_type, "", self._session)
        message = {"channel": channel, "header": header, "parent_header": {}, "metadata": {}, "content": dict(content)}
        try:
            assert self._socket is not None
            await self._socket.write_message(json.dumps(message, default=json_default))
        except WebSocketClosedError as error:
            raise KernelUnavailable("The connection to the kernel's gateway is gone.") from error
        return identifier

    async def close(self) -> None:
        """Disconnect; the kernel lives on."""
        if self._socket is not None:
            self._socket.close()
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader

    async def _read(self, socket: WebSocketClientConnection, receive: Receiver) -> None:
        while (text := await socket.read_message()) is not None:
            if not isinstance(text, str):
                continue  # binary frames carry widgets' buffers; no request of ours is answered with them
            if self._session not in text and not (len(text) < _MAX_STATUS and is_end(text.encode())):
                continue  # an answer to somebody else
            if not self._is_subscribed and _IOPUB.search(text) is not None:
                continue
            try:
                message = json.loads(text)
                channel = str(message["channel"])
            except (ValueError, TypeError, KeyError):
                continue
            receive(channel, message)
        receive(CLOSED, {})
