"""A handler whose body comes in pieces: refused before the body is read, its client still gets to read why."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

BODY_SECONDS = 30.0
#: A refused body is read, and thrown away, up to so many bytes.
MAX_DISCARDED = 64 * 1024 * 1024


class _AnyMethod(tuple[str, ...]):
    """Has every name."""

    __slots__ = ()

    def __contains__(self, _: object) -> bool:
        return True


@web.stream_request_body
class StreamedBodyHandler(APIHandler):
    """Receives every method, known or not, and may answer before the body has come.

    A connection that is closed while the client still sends is reset, and the answer lost. So the answer is sent, what
    comes after it is thrown away, and then the request ends.
    """

    SUPPORTED_METHODS = _AnyMethod()  # refused in `prepare`, with our own error
    _finishing: asyncio.Task[None] | None = None

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """A part of the address; bytes that are not UTF-8 become surrogates, which are refused as parameters are checked."""
        return value.decode("utf-8", "surrogateescape")

    def data_received(self, chunk: bytes) -> None:
        """Of what is refused nothing is kept."""

    def declared_size(self) -> int:
        """Bytes of the body, as its header says; 0 without one."""
        declared = self.request.headers.get("Content-Length", "0")
        return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 16 else 0

    def finish(self, chunk: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Answer at once; end the request when its body has been read."""
        if self._finishing is not None:
            return self._finishing
        received: Any = getattr(self.request, "_body_future", None)
        headers = self.request.headers
        is_coming = "Transfer-Encoding" in headers or 0 < self.declared_size() <= MAX_DISCARDED
        if not is_coming or "Expect" in headers or self._headers_written or received is None or received.done():
            return super().finish(chunk, *args, **kwargs)
        data = chunk.encode() if isinstance(chunk, str) else chunk or b""
        self.set_header("Content-Type", kwargs.get("set_content_type", "application/json"))
        self.set_header("Content-Length", str(len(data)))
        self.write(data)
        self.flush()
        self._finishing = asyncio.ensure_future(self._finish_after(received))
        return self._finishing

    async def _finish_after(self, received: asyncio.Future[None]) -> None:
        await asyncio.wait([received], timeout=BODY_SECONDS)
        _ = received.done() and received.exception()  # the client may be gone
        super().finish()
