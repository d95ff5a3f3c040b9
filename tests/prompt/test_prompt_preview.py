"""What a model would be told, built from a live kernel by a program that has an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from jupyter_agent import build_context
from jupyter_agent.kernels.remote import RemoteKernel


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    manager, client = start_new_kernel(kernel_name="python3")
    client.execute_interactive("rows = [1, 2, 3]")
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_live_variables_are_told_and_no_task_is_left_in_the_loop(client: Any) -> None:
    for _ in range(2):
        loop = asyncio.new_event_loop()
        try:
            text = loop.run_until_complete(build_context(client, ["rows = [1, 2, 3]"], "how many rows?", 1000))
            assert not asyncio.all_tasks(loop)
        finally:
            loop.close()
        assert "rows: list" in text


def test_only_what_changed_since_the_last_call_is_read(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    request = RemoteKernel._request

    async def recorded(kernel: RemoteKernel, content: Any) -> Any:
        reply = await request(kernel, content)
        asked.append([variable["name"] for variable in reply["changed"]])
        return reply

    monkeypatch.setattr(RemoteKernel, "_request", recorded)
    asyncio.run(build_context(client, [], "", 1000))
    client.execute_interactive("del rows\ncolumns = ('a', 'b')")
    text = asyncio.run(build_context(client, [], "", 1000))
    assert asked[1] == ["columns"]
    assert "columns: tuple" in text
    assert "rows" not in text
