"""A front end's view of a kernel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

from tests.support.agent_client import RestClient


class FrontEnd:
    """Runs cells, and reads what only the user should change."""

    USERS_STATE: Mapping[str, str] = {
        "execution_count": "get_ipython().execution_count",
        "In": "list(get_ipython().user_ns['In'])",
        "Out": "sorted(get_ipython().user_ns['Out'])",
        "_": "repr(get_ipython().user_ns['_'])",
        "dir": "sorted(get_ipython().user_ns)",
        "history": "[entry[2] for entry in get_ipython().history_manager.get_range(output=False)]",
    }

    def __init__(self, client: AsyncKernelClient) -> None:
        self._client = client

    async def run(self, code: str, heard: asyncio.Event | None = None) -> dict[str, Any]:
        """Run a cell; the reply's content. `heard` is set when it prints."""

        def hear(message: dict[str, Any]) -> None:
            if heard is not None and message["header"]["msg_type"] == "stream":
                heard.set()

        reply = await self._client.execute_interactive(code, timeout=60, output_hook=hear)
        content: dict[str, Any] = reply["content"]
        assert content["status"] == "ok", content
        return content

    async def evaluate(self, **expressions: str) -> dict[str, str]:
        """The values of expressions, evaluated without a trace."""
        reply = await self._client.execute_interactive(
            "", silent=True, store_history=False, user_expressions=dict(expressions or self.USERS_STATE), timeout=60
        )
        values = reply["content"]["user_expressions"]
        return {name: value["data"]["text/plain"] for name, value in values.items()}


@asynccontextmanager
async def front_end(server: Any, rest: RestClient, path: str = "a.ipynb") -> AsyncIterator[tuple[str, FrontEnd]]:
    """A notebook with a kernel, and its page."""
    session = await rest(
        "POST", "api/sessions", {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    )
    kernel_id: str = session.body["kernel"]["id"]
    client = server.kernel_manager.get_kernel(kernel_id).client()
    client.session.session = "the-page"
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        yield kernel_id, FrontEnd(client)
    finally:
        client.stop_channels()
