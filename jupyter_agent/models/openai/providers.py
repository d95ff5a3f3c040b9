"""The providers that are known by name, and the models behind them."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Literal

from jupyter_agent.config import api_keys
from jupyter_agent.models.openai_compatible.addresses import at_endpoint, configured_url, connect, is_configured
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.provider import ANTHROPIC, OPENAI, Provider
from jupyter_agent.models.openai_compatible.transport import host_of

if TYPE_CHECKING:
    from jupyter_agent.config.endpoints import Endpoint
    from jupyter_agent.config.options import JupyterAgent

OLLAMA = Provider(
    "ollama",
    "Ollama",
    base_url="http://127.0.0.1:11434/v1",
    key="OLLAMA_API_KEY",
    address="OLLAMA_HOST",
    takes_first=True,
    window=4_096,
    window_page="api/ps",
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
    window=4_096,
    window_page="api/v0/models",
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
    window_page="props",
    start="Start it with `llama-server --jinja -m <file.gguf>`.",
)
AZURE = Provider(
    "azure",
    "Azure OpenAI",
    key="AZURE_OPENAI_API_KEY",
    needs_key=True,
    address="AZURE_OPENAI_ENDPOINT",
    path="/openai/v1",
    listing="",  # what it lists are no deployments
)
OPENROUTER = Provider(
    "openrouter",
    "OpenRouter",
    base_url="https://openrouter.ai/api/v1",
    key="OPENROUTER_API_KEY",
    needs_key=True,
    default="openrouter/auto",
)
MISTRAL = Provider(
    "mistral",
    "Mistral",
    base_url="https://api.mistral.ai/v1",
    key="MISTRAL_API_KEY",
    needs_key=True,
    default="mistral-medium-latest",
    seed="random_seed",
)
GEMINI = Provider(
    "gemini",
    "Gemini",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    key="GEMINI_API_KEY",
    needs_key=True,
    default="gemini-flash-latest",
)
DEEPSEEK = Provider(
    "deepseek",
    "DeepSeek",
    base_url="https://api.deepseek.com/v1",
    key="DEEPSEEK_API_KEY",
    needs_key=True,
    takes_first=True,
)
GITHUB = Provider(
    "github",
    "GitHub Models",
    base_url="https://models.github.ai/inference",
    key="GITHUB_TOKEN",
    needs_key=True,
    listing="../catalog/models",
)
BEDROCK = Provider(
    "bedrock",
    "Amazon Bedrock",
    base_url="https://bedrock-runtime.{region}.amazonaws.com/openai/v1",
    key="AWS_BEARER_TOKEN_BEDROCK",
    needs_key=True,
    address="AWS_REGION",
    other_address="AWS_DEFAULT_REGION",
    listing="",
)
_HOSTED = (
    ("groq", "Groq", "https://api.groq.com/openai/v1"),
    ("together", "Together", "https://api.together.ai/v1"),
    ("fireworks", "Fireworks", "https://api.fireworks.ai/inference/v1"),
    ("xai", "xAI", "https://api.x.ai/v1"),
)
PROVIDERS = {
    provider.name: provider
    for provider in (
        OPENAI,
        ANTHROPIC,
        *(OLLAMA, VLLM, LMSTUDIO, LLAMACPP),
        *(AZURE, BEDROCK, DEEPSEEK, GEMINI, GITHUB, MISTRAL, OPENROUTER),
        *(Provider(name, title, url, f"{name.upper()}_API_KEY", needs_key=True) for name, title, url in _HOSTED),
    )
}


def providers(config: JupyterAgent) -> dict[str, Provider]:
    """Those that are known, and the endpoints of the options, by name."""
    endpoints = [endpoint for name in config.endpoints if (endpoint := config.endpoint(name)) is not None]
    return PROVIDERS | {each.name: at_endpoint(PROVIDERS.get(each.provider, OPENAI), each) for each in endpoints}


def key_source(provider: Provider, config: JupyterAgent) -> Literal["environment", "keyring", "file", ""]:
    """Where the key is from that the provider's server would get."""
    url = configured_url(provider, config)
    is_known = is_configured(url, provider, config)
    if is_known and os.environ.get(provider.key):
        return "environment"
    return api_keys.place(provider.key, url, is_configured=is_known)


def missing_key(name: str, config: JupyterAgent) -> str:
    """The variable of the key without which ``provider:model`` does not answer, and which is not there; else empty."""
    provider = providers(config).get(name.partition(":")[0])
    if provider is None:
        return ""
    needs_key = provider.needs_key or host_of(configured_url(provider, config)) == host_of(OPENAI.base_url)
    return provider.key if needs_key and not key_source(provider, config) else ""


def build(provider: Provider, config: JupyterAgent, model: str, *, endpoint: Endpoint | None = None) -> OpenAIModel:
    """The model ``<provider>:<model>``; the SDK is not imported yet, and nobody asked.

    Raises:
        Forbidden: the administrator's policy does not allow its address.
    """
    connection = connect(provider, config, endpoint)
    model = model or connection.default_model
    settings = config.options_of_model(f"{connection.provider.name}:{model}")
    return OpenAIModel(model, connection, first_seconds=config.first_word_seconds, settings=settings)


#: Registered as entry points; a provider with an API of its own has its own.
build_openai = partial(build, OPENAI)
build_azure = partial(build, AZURE)
build_bedrock = partial(build, BEDROCK)
build_deepseek = partial(build, DEEPSEEK)
build_fireworks = partial(build, PROVIDERS["fireworks"])
build_gemini = partial(build, GEMINI)
build_github = partial(build, GITHUB)
build_groq = partial(build, PROVIDERS["groq"])
build_llamacpp = partial(build, LLAMACPP)
build_lmstudio = partial(build, LMSTUDIO)
build_mistral = partial(build, MISTRAL)
build_ollama = partial(build, OLLAMA)
build_openrouter = partial(build, OPENROUTER)
build_together = partial(build, PROVIDERS["together"])
build_vllm = partial(build, VLLM)
build_xai = partial(build, PROVIDERS["xai"])
