"""A kind of server of models: where it listens, which key it takes, how it is started."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Provider:
    """One kind of server.

    Attributes:
        name: What stands before the colon, and the entry point's name.
        title: Its name in sentences.
        base_url: Where it is unless somebody says otherwise; empty where every customer has an address of their own, with
            ``{region}`` where that is what `address` and `other_address` have.
        key: Environment variable with its key; no other key is ever sent to it.
        needs_key: Whether it answers nobody without one.
        address: Environment variable with its address, as its own programs read it.
        other_address: One that is read where that is not set.
        path: Added to an address that has no path.
        default: The model, where none is named.
        takes_first: Where none is named, the first that the server lists will do: what is there was put there.
        listing: Where it lists the models that it takes, from its address; empty where it does not.
        seed: What it calls that option.
        drops_tools: Whether it may drop tools that it was sent, and says so at ``/props``.
        key_header: The header that its key goes into, of servers with an API of their own; empty where it is that of OpenAI.
        headers: Sent with each request to such a server.
        window: Tokens that its models take unless somebody says otherwise; 0 where that depends on the model alone.
        window_page: Where it says what they take now, next to ``/v1``; empty where its list of models may say it.
        start: How it is started, as a sentence.
        load: How a model is fetched that it does not have, as a command with ``{model}``.
        option: Option that sets its address.
        is_set_by_user: Whether its address was set in the page, so that the environment's key is not meant for it.
        has_users_key: Whether its key is one that was set in the page.
    """

    name: str
    title: str
    base_url: str = ""
    key: str = ""
    needs_key: bool = False
    address: str = ""
    other_address: str = ""
    path: str = "/v1"
    default: str = ""
    takes_first: bool = False
    listing: str = "models"
    seed: str = "seed"
    drops_tools: bool = False
    key_header: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    window: int = 0
    window_page: str = ""
    start: str = ""
    load: str = ""
    option: str = "c.JupyterAgent.base_url"
    is_set_by_user: bool = False
    has_users_key: bool = False

    def __str__(self) -> str:
        return self.title

    @property
    def where(self) -> str:
        """What sets its address, for sentences."""
        return f"{self.option} (or {self.address})" if self.address else self.option

    @property
    def key_hint(self) -> str:
        """How its key is set, as a sentence."""
        if self.has_users_key:
            return "The key is the one that was set in the panel's settings: set the right one there."
        if self.is_set_by_user:
            return "Its address was set in the page, and a key belongs to its address: set the key for it there, too."
        return f"Set {self.key} in the environment that Jupyter is started from, and start Jupyter again."

    def usual_url(self) -> str:
        """Its address where the options name none; empty where that cannot be known.

        What the environment says is read as the provider's own programs do, and made whole: ``0.0.0.0`` is where a server
        listens.
        """
        address = next(
            (value.strip() for name in (self.address, self.other_address) if (value := os.environ.get(name))), ""
        )
        if "{region}" in self.base_url:
            return self.base_url.format(region=address) if re.fullmatch(r"[a-z0-9-]{1,40}", address) else ""
        if not address:
            return self.base_url
        usual = urlsplit(self.base_url)
        try:
            parts = urlsplit(address if "://" in address else f"{usual.scheme or 'https'}://{address}")
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return address
        if self.name == OPENAI.name or "@" in parts.netloc:
            return address
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - read, not bound
        if port is None and "://" not in address:
            port = usual.port
        whole = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
        return whole + (parts.path.rstrip("/") or self.path)


OPENAI = Provider(
    "openai",
    "OpenAI",
    base_url="https://api.openai.com/v1",
    key="OPENAI_API_KEY",
    address="OPENAI_BASE_URL",
    takes_first=True,
)
ANTHROPIC = Provider(
    "anthropic",
    "Anthropic",
    base_url="https://api.anthropic.com/v1",
    key="ANTHROPIC_API_KEY",
    needs_key=True,
    address="ANTHROPIC_BASE_URL",
    default="claude-sonnet-5-5",
    listing="models?limit=1000",
    key_header="x-api-key",
    headers=(("anthropic-version", "2023-06-01"),),
)
