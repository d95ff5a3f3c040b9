"""A client of the protocol for other agents, as the official SDK makes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

PATH = "api/agent/mcp"


MODES = ["auto", "legacy"]


@asynccontextmanager
async def connected(url: str, token: str, mode: Any, ask: Any = None) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode, elicitation_callback=ask) as client,
    ):
        yield client


def result_text(result: Any) -> str:
    return "".join(part.text for part in result.content if part.type == "text")
