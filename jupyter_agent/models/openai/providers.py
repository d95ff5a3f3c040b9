"""The providers that are known by name, and the models behind them."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from jupyter_agent.core.errors import Forbidden
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.provider import OPENAI, Provider

if TYPE_CHECKING:
    from jupyter_agent.config.options import JupyterAgent

OLLAMA = Provider(
    "ollama",
    "Ollama",
    base_url="http://127.0.0.1:11434/v1",
    key="OLLAMA_API_KEY",
    address="OLLAMA_HOST",
    takes_first=True,
    start="Start it with `ollama serve`.",
    load="ollama pull {model}",
)
VLLM = Provider(
    "vllm",
    "vLLM",
    base_url="http://127.0.0.1:8000/v1",
    key="VLLM_API_KEY",
    takes_first=True,
    start="Start it with `vllm serve <model>`.",
)
LMSTUDIO = Provider(
    "lmstudio",
    "LM Studio",
    base_url="http://127.0.0.1:1234/v1",
    key="LM_API_TOKEN",
    takes_first=True,
    start="Start it with `lms server start`, or in its window under Developer.",
    load="lms get {model}",
)
LLAMACPP = Provider(
    "llamacpp",
    "llama.cpp",
    base_url="http://127.0.0.1:8080/v1",
    key="LLAMA_API_KEY",
    takes_first=True,
    drops_tools=True,
    start="Start it with `llama-server --jinja -m <file.gguf>`.",
)
AZURE = Provider(
    "azure",
    "Azure OpenAI",
    key="AZURE_OPENAI_API_KEY",
    needs_key=True,
    address="AZURE_OPENAI_ENDPOINT",
    path="/openai/v1",
    lists=False,
)
OPENROUTER = Provider(
    "openrouter",
    "OpenRouter",
    base_url="https://openrouter.ai/api/v1",
    key="OPENROUTER_API_KEY",
    needs_key=True,
    default="openrouter/auto",
)
PROVIDERS = {provider.name: provider for provider in (OPENAI, OLLAMA, VLLM, LMSTUDIO, LLAMACPP, AZURE, OPENROUTER)}


def configured_url(provider: Provider, config: JupyterAgent) -> str:
    """A provider's address: of the options where they mean this provider, else of the environment, else the usual one.

    The options' address belongs to the model that it was set with, and that of OPENAI_BASE_URL to ``openai`` alone.
    """
    model = config.model if "base_url" in config.user else config.configured("model")
    configured = model.partition(":")[0]
    if provider is OPENAI:
        applies = configured not in PROVIDERS or configured == provider.name
    else:
        applies = configured == provider.name and config.base_url != os.environ.get(OPENAI.address)
    return config.base_url if config.base_url and applies else provider.usual_url()


def is_configured(url: str, provider: Provider, config: JupyterAgent) -> bool:
    """Whether an address is the provider's usual one or the configuration's, and not one that a user has set in the page."""
    return url in (provider.usual_url(), config.configured("base_url"))


def build(provider: Provider, config: JupyterAgent, model: str) -> OpenAIModel:
    """The model ``<provider>:<model>``; the SDK is not imported yet, and nobody asked.

    Raises:
        Forbidden: the administrator's policy does not allow its address.
    """
    url = configured_url(provider, config)
    if url and not config.policy.allows("base_urls", url):
        raise Forbidden(
            f"The policy of this server does not allow the address of {provider}. {allowed_addresses(config)}"
        )
    connection = Connection(
        url, provider, proxy=config.proxy, ca_file=config.ca_file, takes_any_key=is_configured(url, provider, config)
    )
    way = config.options_of_model(f"{provider.name}:{model}").get("tools", "")
    return OpenAIModel(model, connection, first_seconds=config.first_word_seconds, way=way)


def allowed_addresses(config: JupyterAgent) -> str:
    """The addresses that the administrator's policy allows, as a sentence."""
    return next((words for words in config.policy.restrictions() if words.startswith("Addresses")), "")


#: Registered as entry points.
build_openai = partial(build, OPENAI)
build_ollama = partial(build, OLLAMA)
build_vllm = partial(build, VLLM)
build_lmstudio = partial(build, LMSTUDIO)
build_llamacpp = partial(build, LLAMACPP)
build_azure = partial(build, AZURE)
build_openrouter = partial(build, OPENROUTER)
