"""Servers of models with names of one's own, so that several are asked side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from jupyter_agent.config import entry_points

#: Providers that have no address.
WITHOUT_ADDRESS = frozenset({"acp", "local", "offline", "scripted"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server of models.

    Attributes:
        name: What stands before the colon.
        base_url: Where it listens.
        provider: Whose way of asking it understands.
        key_env: Environment variable with its key; no other key is ever sent to it.
        model: That answers where none is named.
        ca_file: PEM file of certificates that are trusted besides the usual ones; without it that of `c.JupyterAgent.ca_file`.
        needs_key: Whether its key was named, so that it is not asked without.
    """

    name: str
    base_url: str
    provider: str = "openai"
    key_env: str = ""
    model: str = ""
    ca_file: str = ""
    needs_key: bool = False

    @classmethod
    def read(cls, name: str, given: Any) -> Endpoint:
        """What `c.JupyterAgent.endpoints` says under a name.

        Raises:
            ValueError: it is none; the message says what to write in its place.
        """
        providers = [known for known in entry_points.names(entry_points.MODELS) if known not in WITHOUT_ADDRESS]
        known = [item.name for item in fields(cls) if item.name not in ("name", "needs_key")]
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name):
            raise ValueError(f"an endpoint's name is of a-z, 0-9, - and _, not '{name[:40]}'")
        if name in entry_points.names(entry_points.MODELS):
            raise ValueError(
                f"'{name}' is a provider's own name: call the endpoint something else, such as 'my-{name}'"
            )
        if not isinstance(given, Mapping) or not all(isinstance(value, str) for value in given.values()):
            raise ValueError(f"the endpoint '{name}' is an object of texts")
        for key in given:
            if key in ("key", "api_key"):
                raise ValueError(f"'{key}' of '{name}' does not belong here: 'key_env' names the variable that has it")
            if key not in known:
                near = get_close_matches(key, known, 1)
                hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
                raise ValueError(f"'{key[:40]}' of '{name}' is no part of an endpoint: {hint}")
        if (provider := given.get("provider", "openai")) not in providers:
            near = get_close_matches(provider, providers, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"choose one of {', '.join(providers)}"
            raise ValueError(f"the provider '{provider[:40]}' of '{name}' has no address: {hint}")
        if not is_address(given.get("base_url", "")):
            raise ValueError(
                f"'base_url' of '{name}' is an address such as https://models.example.com/v1, without a password"
            )
        # Without a name of its own it has one that kernels do not get, and that no other program's key has.
        variable = given.get("key_env") or f"JUPYTER_AGENT_{name.upper().replace('-', '_')}_KEY"
        if not re.fullmatch(r"[A-Za-z_]\w*", variable, re.ASCII):
            raise ValueError(f"'key_env' of '{name}' is the name of an environment variable, not a key")
        return cls(**{"name": name, **given, "key_env": variable, "needs_key": bool(given.get("key_env"))})


def is_address(url: str) -> bool:
    """Whether a server can be asked there, and no password is in it."""
    try:
        parts = urlsplit(url)
        can_be_asked = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return can_be_asked and "@" not in parts.netloc and url.isprintable() and not re.search(r"\s", url)
