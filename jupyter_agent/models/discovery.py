"""Servers of models that run on this machine, found by asking the usual ports what they have; nothing else is sent."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_agent.models.openai.providers import LLAMACPP, LMSTUDIO, OLLAMA, VLLM
from jupyter_agent.models.openai_compatible.provider import Provider
from jupyter_agent.models.openai_compatible.requester import models_of
from jupyter_agent.models.openai_compatible.transport import is_this_machine

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS = (OLLAMA, LMSTUDIO, LLAMACPP, VLLM)
#: Who a model belongs to, as some servers say, tells what they are whoever else's port they listen at.
_OWNERS = {"llamacpp": LLAMACPP.title, "vllm": VLLM.title, "library": OLLAMA.title}
_MAX_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A server that answers.

    Attributes:
        provider: What stands before the colon: the one whose usual address it is.
        title: Its name for people, as it says itself.
        base_url: Where it listens.
        models: What it can chat with, in its order.
    """

    provider: str
    title: str
    base_url: str
    models: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Its models as they are asked for: ``provider:model``."""
        return tuple(f"{self.provider}:{model}" for model in self.models)


async def discover(timeout: float = 0.3, kinds: Iterable[Provider] = _KINDS) -> tuple[Found, ...]:
    """Ask the usual ports of this machine, all at once, without a key and without a word of any conversation.

    What is found is offered: another user of this machine may listen there, so nobody is asked a question unchosen.

    Args:
        timeout: Seconds for all of it.
        kinds: What is looked for.
    """
    asked: dict[str, Provider] = {}
    for kind in kinds:
        with suppress(ValueError):
            parts = urlsplit(url := kind.usual_url())
            if parts.scheme == "http" and is_this_machine(parts.hostname or "") and "@" not in parts.netloc:
                asked.setdefault(url, kind)
    found = await asyncio.gather(*(_ask(provider, url, timeout) for url, provider in asked.items()))
    return tuple(server for server in found if server is not None)


async def _ask(kind: Provider, url: str, timeout: float) -> Found | None:
    """The server at an address; None where nobody answers as a server of models does."""
    try:
        async with asyncio.timeout(timeout):
            listing = json.loads(await _get(url.rstrip("/") + "/models"))
            names = models_of(listing)
    except (OSError, ValueError, TypeError, RecursionError, EOFError, asyncio.LimitOverrunError):
        return None
    if not names:
        return None
    entries = listing.get("data") if isinstance(listing, dict) else listing
    owner = entries[0].get("owned_by") if isinstance(entries, list) and isinstance(entries[0], dict) else None
    title = _OWNERS.get(owner, kind.title) if isinstance(owner, str) else kind.title
    return Found(kind.name, title, url, names)


async def _get(url: str) -> bytes:
    """The body of a page.

    HTTP 1.0 has answers in one piece that end with the connection: no library is loaded for so little.

    Raises:
        ValueError: it is not there, or too long.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    reader, writer = await asyncio.open_connection(host, port, limit=_MAX_ANSWER)
    try:
        name = f"[{host}]" if ":" in host else host
        writer.write(f"GET {parts.path} HTTP/1.0\r\nHost: {name}:{port}\r\nAccept: application/json\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if head.split(b" ", 2)[1:2] != [b"200"]:
            raise ValueError("not there")
        fields = dict(line.lower().partition(b":")[::2] for line in head.split(b"\r\n")[1:])
        if b"transfer-encoding" in fields:
            raise ValueError("in a form that was not asked for")
        length = int(fields.get(b"content-length", -1))
        if b"content-length" in fields and not 0 <= length <= _MAX_ANSWER:
            raise ValueError("too long")
        if length >= 0:
            return await reader.readexactly(length)
        body = bytearray()
        while piece := await reader.read(65536):
            body += piece
            if len(body) > _MAX_ANSWER:
                raise ValueError("too long")
        return bytes(body)
    finally:
        writer.close()
