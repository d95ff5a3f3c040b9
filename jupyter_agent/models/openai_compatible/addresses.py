"""Where a provider's server is, as the options say it, and the way there."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_agent.config import entry_points
from jupyter_agent.config.endpoints import WITHOUT_ADDRESS
from jupyter_agent.core.errors import Forbidden
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.provider import OPENAI

if TYPE_CHECKING:
    from jupyter_agent.config.endpoints import Endpoint
    from jupyter_agent.config.options import JupyterAgent
    from jupyter_agent.models.openai_compatible.provider import Provider


def connect(provider: Provider, config: JupyterAgent, endpoint: Endpoint | None = None) -> Connection:
    """The way to a provider's server, or to an endpoint of its kind; nobody is asked yet.

    Raises:
        Forbidden: the administrator's policy does not allow its address.
    """
    provider = provider if endpoint is None else at_endpoint(provider, endpoint)
    url = configured_url(provider, config)
    if url and not config.policy.allows("base_urls", url):
        raise Forbidden(
            f"The policy of this server does not allow the address of {provider}. {allowed_addresses(config)}"
        )
    ca_file = (endpoint.ca_file if endpoint is not None else "") or config.ca_file
    return Connection(
        url, provider, proxy=config.proxy, ca_file=ca_file, takes_any_key=is_configured(url, provider, config)
    )


def at_endpoint(provider: Provider, endpoint: Endpoint) -> Provider:
    """A provider's kind of server, where the options have put one."""
    return replace(
        provider,
        name=endpoint.name,
        title=f"{endpoint.name} ({urlsplit(endpoint.base_url).hostname})",
        base_url=endpoint.base_url,
        key=endpoint.key_env,
        needs_key=endpoint.needs_key or provider.needs_key,
        address="",
        other_address="",
        default=endpoint.model,
        option="c.JupyterAgent.endpoints",
    )


def configured_url(provider: Provider, config: JupyterAgent) -> str:
    """A provider's address: of the options where they mean this provider, else of the environment, else the usual one.

    The options' address belongs to the model that it was set with, and that of OPENAI_BASE_URL to ``openai`` alone.
    """

    def has_address(name: str) -> bool:
        return name in entry_points.names(entry_points.MODELS) and name not in WITHOUT_ADDRESS

    model = config.model if "base_url" in config.user else config.configured("model")
    configured = model.partition(":")[0]
    if provider is OPENAI:
        applies = configured == provider.name or not has_address(configured)
    else:
        is_it = configured == provider.name and has_address(configured)
        applies = is_it and config.base_url != os.environ.get(OPENAI.address)
    return config.base_url if config.base_url and applies else provider.usual_url()


def is_configured(url: str, provider: Provider, config: JupyterAgent) -> bool:
    """Whether an address is the provider's usual one or the configuration's, and not one that a user has set in the page."""
    return url in (provider.usual_url(), config.configured("base_url"))


def allowed_addresses(config: JupyterAgent) -> str:
    """The addresses that the administrator's policy allows, as a sentence."""
    return " ".join(config.policy.restrictions("base_urls"))
