"""A notebook's front end without the browser: runs cells, keeps their outputs as a page shows them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

from tests.support.running_server import RunningServer

WAIT = 60.0


@dataclass
class Shown:
    """What one cell shows in the end.

    Attributes:
        outputs: As in a notebook file; updates of a display have replaced it.
        updates: How often a display was replaced.
        reply: The reply's content.
    """

    outputs: list[dict[str, Any]] = field(default_factory=list)
    updates: int = 0
    reply: dict[str, Any] = field(default_factory=dict)
    displays: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def markdown(self) -> list[str]:
        return [output["data"]["text/plain"] for output in self.outputs if "text/markdown" in output.get("data", {})]

    @property
    def streams(self) -> str:
        return "".join(output["text"] for output in self.outputs if "text" in output)


class NotebookPage:
    """Runs cells in a kernel as JupyterLab does."""

    def __init__(self, client: AsyncKernelClient) -> None:
        self._client = client

    async def run(
        self, code: str, *, answer: str | None = None, seen: Callable[[Shown], None] | None = None, cell: bool = True
    ) -> Shown:
        """Run a cell to its end.

        Args:
            code: The cell's source.
            answer: What the user types when the cell asks; None where nobody can be asked.
            seen: Called after each output.
            cell: Whether the request names a cell, as notebooks' do and consoles' do not.
        """
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": answer is not None,
            "stop_on_error": True,
        }
        message = self._client.session.msg("execute_request", content, metadata={"cellId": "c1"} if cell else {})
        shown = Shown()
        typing = asyncio.create_task(self._type(answer or ""))
        try:
            self._client.shell_channel.send(message)
            async with asyncio.timeout(WAIT):
                await self._follow(message["header"]["msg_id"], shown, seen)
                while not shown.reply:
                    reply = await self._client.get_shell_msg(timeout=WAIT)
                    if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                        shown.reply = reply["content"]
        finally:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)
        return shown

    async def complete(self, code: str) -> list[str]:
        """The texts that Tab at the end of a cell offers."""
        identifier = self._client.complete(code, len(code))
        async with asyncio.timeout(WAIT):
            while (reply := await self._client.get_shell_msg())["parent_header"].get("msg_id") != identifier:
                pass
        return [str(output) for output in reply["content"]["matches"]]

    async def _type(self, answer: str) -> None:
        while True:
            await self._client.get_stdin_msg()
            self._client.input(answer)

    async def _follow(self, identifier: str, shown: Shown, seen: Callable[[Shown], None] | None) -> None:
        while True:
            message = await self._client.get_iopub_msg(timeout=WAIT)
            if message["parent_header"].get("msg_id") != identifier:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return
            _take(shown, message["msg_type"], message["content"])
            if seen is not None:
                seen(shown)


def _take(shown: Shown, kind: str, content: dict[str, Any]) -> None:
    display_id = content.get("transient", {}).get("display_id", "")
    if kind == "update_display_data":
        shown.updates += 1
        shown.displays[display_id]["data"] = content["data"]
    elif kind in ("display_data", "execute_result", "stream", "error"):
        output = {"output_type": kind, **content}
        shown.outputs.append(output)
        if display_id:
            shown.displays[display_id] = output


@asynccontextmanager
async def notebook_page(connection_file: Path) -> AsyncIterator[NotebookPage]:
    """A page on a running kernel."""
    client = AsyncKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    client.start_channels(hb=False)  # whose beats come late on a busy machine
    try:
        await client.wait_for_ready(timeout=WAIT)
        yield NotebookPage(client)
    finally:
        client.stop_channels()


@asynccontextmanager
async def opened(server: RunningServer, notebook: str) -> AsyncIterator[tuple[NotebookPage, str]]:
    """A page on a new kernel, and the kernel's id."""
    kernel_id = await server.open_notebook(notebook)
    async with notebook_page(server.runtime / f"kernel-{kernel_id}.json") as page:
        status, _ = await server("GET", f"api/agent/kernels/{kernel_id}/state")  # kernelside is there from now on
        assert status == 200
        yield page, kernel_id
    await server("DELETE", f"api/kernels/{kernel_id}")


async def say(page: NotebookPage, command: str) -> str:
    """What one `%agent` shows."""
    return "\n".join((await page.run(f"%agent {command}")).markdown)
