"""Servers of models that people have: where each listens, which key it takes, how it is started."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from jupyter_agent.config import JupyterAgent
    from jupyter_agent.models.openai import OpenAIModel

_OPTION = "c.JupyterAgent.base_url"


@dataclass(frozen=True, slots=True)
class Provider:
    """One kind of server; called with the options and a model's name it builds the model.

    Attributes:
        name: What stands before the colon, and the entry point's name.
        title: Its name in sentences.
        base_url: Where it is unless somebody says otherwise; empty where every customer has an address of their own.
        key: Environment variable with its key; no other key is ever sent to it.
        needs_key: Whether it answers nobody without one.
        address: Environment variable with its address, as its own programs read it.
        path: Added to an address that has no path.
        default: The model, where none is named.
        takes_first: Where none is named, the first that the server lists will do: what is there was put there.
        lists: Whether what it lists is what it takes.
        start: How it is started, as a sentence.
        load: How a model is fetched that it does not have, as a command with ``{model}``.
    """

    name: str
    title: str
    base_url: str = ""
    key: str = ""
    needs_key: bool = False
    address: str = ""
    path: str = "/v1"
    default: str = ""
    takes_first: bool = False
    lists: bool = True
    start: str = ""
    load: str = ""

    def __call__(self, config: JupyterAgent, model: str) -> OpenAIModel:
        """Build for ``<name>:<model>``; nothing is imported that is heavy, and nobody asked yet."""
        from jupyter_agent.models.openai import OpenAIModel
        from jupyter_agent.models.openai.connection import Connection

        return OpenAIModel(model, Connection(self.url(config), self, proxy=config.proxy, ca_file=config.ca_file))

    def url(self, config: JupyterAgent) -> str:
        """Its address: of the options where they mean this provider, else of the environment, else the usual one."""
        if config.base_url and self._is_meant(config):
            return config.base_url
        return self.usual_url()

    def usual_url(self) -> str:
        """Its address where the options name none; empty where that cannot be known."""
        told = os.environ.get(self.address, "").strip() if self.address else ""
        return self._completed(told) if told else self.base_url

    @property
    def where(self) -> str:
        """What sets its address, for sentences."""
        return f"{_OPTION} (or {self.address})" if self.address else _OPTION

    def _is_meant(self, config: JupyterAgent) -> bool:
        """The address of the options belongs to the provider of the options; OPENAI_BASE_URL to ``openai`` alone."""
        configured = config.model.partition(":")[0]
        if self.name == OPENAI.name:
            return configured not in PROVIDERS or configured == self.name
        return configured == self.name and config.base_url != os.environ.get(OPENAI.address)

    def _completed(self, address: str) -> str:
        """An address as the provider's own programs take it, made whole: ``0.0.0.0`` is where a server listens."""
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
PROVIDERS = {one.name: one for one in (OPENAI, OLLAMA, VLLM, LMSTUDIO, LLAMACPP, AZURE, OPENROUTER)}
