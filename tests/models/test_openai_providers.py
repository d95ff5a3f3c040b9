"""Servers that people have, by their names: each asked at its own address with its own key, and in its own words."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import tomllib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config import entry_points
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.config.policy import Policy
from jupyter_agent.core import errors
from jupyter_agent.core.events import ModelFinished, TextDelta
from jupyter_agent.models.anthropic.model import AnthropicModel
from jupyter_agent.models.openai import providers
from jupyter_agent.models.openai.providers import AZURE, BEDROCK, OLLAMA, OPENROUTER, PROVIDERS, build
from jupyter_agent.models.openai_compatible.addresses import configured_url
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.provider import OPENAI, Provider
from tests.support.fake_model_server import KEY, ModelServer, answer, answered, plain, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: Models that answer in this process, or in one that they start on this machine.
WITHOUT_ADDRESS = ("offline", "local", "scripted")
OK = [TextDelta("ok"), ModelFinished("stop")]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        monkeypatch.delenv(provider.key, raising=False)
        for variable in (provider.address, provider.other_address):
            monkeypatch.delenv(variable or "UNSET", raising=False)


@asynccontextmanager
async def built(
    server: ModelServer, name: str = "ollama", model: str = "llama3", **options: Any
) -> AsyncIterator[OpenAIModel]:
    """A provider's model, with the server where the options say that it is."""
    config = JupyterAgent(model=f"{name}:{model}", base_url=server.base_url, **options)
    one = build(PROVIDERS[name], config, model)
    try:
        yield one
    finally:
        await one.close()


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_is_found_by_its_name(name: str) -> None:
    factory = AnthropicModel.from_config if name == "anthropic" else getattr(providers, f"build_{name}")
    assert entry_points.load(entry_points.MODELS, name) == factory
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert name in project["entry-points"]["jupyter_agent.models"]
    assistant = Assistant.from_config(JupyterAgent(store="memory://", model="offline"))
    assert assistant.model(f"{name}:llama3").name == f"{name}:llama3"
    assert name in assistant.models()


def test_usual_addresses_are_those_of_the_servers_own_programs() -> None:
    usual = {name: provider.usual_url() for name, provider in PROVIDERS.items()}
    assert usual == {
        "openai": "https://api.openai.com/v1",
        "ollama": "http://127.0.0.1:11434/v1",
        "vllm": "http://127.0.0.1:8000/v1",
        "lmstudio": "http://127.0.0.1:1234/v1",
        "llamacpp": "http://127.0.0.1:8080/v1",
        "azure": "",
        "openrouter": "https://openrouter.ai/api/v1",
        "bedrock": "",
        "deepseek": "https://api.deepseek.com/v1",
        "anthropic": "https://api.anthropic.com/v1",
        "fireworks": "https://api.fireworks.ai/inference/v1",
        "gemini": "https://generativelanguage.googleapis.com/v1beta/openai",
        "github": "https://models.github.ai/inference",
        "groq": "https://api.groq.com/openai/v1",
        "mistral": "https://api.mistral.ai/v1",
        "together": "https://api.together.ai/v1",
        "xai": "https://api.x.ai/v1",
    }


@pytest.mark.parametrize(
    ("address_given", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("0.0.0.0:9999", "http://127.0.0.1:9999/v1"),
        (":9999", "http://127.0.0.1:9999/v1"),
        ("gpu.example.com", "http://gpu.example.com:11434/v1"),
        ("http://gpu.example.com:11434", "http://gpu.example.com:11434/v1"),
        ("https://gpu.example.com/ollama/v1/", "https://gpu.example.com/ollama/v1"),
        ("[::1]:11434", "http://[::1]:11434/v1"),
        ("http://[::]:11434", "http://[::1]:11434/v1"),
        ("  ", "http://127.0.0.1:11434/v1"),
    ],
)
def test_ollamas_address_is_read_as_ollama_reads_it(
    monkeypatch: pytest.MonkeyPatch, address_given: str, address: str
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", address_given)
    assert OLLAMA.usual_url() == address


@pytest.mark.parametrize("address_given", ["http://host:99999", "ftp://x", "http://[::1", "bob:hunter2@x"])
async def test_an_address_of_the_environment_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, address_given: str
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", address_given)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    with pytest.raises(errors.UpstreamRefused, match="AZURE_OPENAI_ENDPOINT") as caught:
        await answer(build(AZURE, JupyterAgent(), "d"))
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    "endpoint", ["https://x.openai.azure.com", "https://x.openai.azure.com/", "https://x.openai.azure.com/openai/v1/"]
)
def test_azures_endpoint_is_completed(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
    assert AZURE.usual_url() == "https://x.openai.azure.com/openai/v1"


def urls(**options: str) -> dict[str, str]:
    config = JupyterAgent(**options)
    return {name: configured_url(PROVIDERS[name], config) for name in ("openai", "ollama", "vllm")}


def test_an_address_of_the_options_belongs_to_the_provider_of_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = {name: PROVIDERS[name].base_url for name in ("openai", "ollama", "vllm")}
    there = "http://gpu.example.com/v1"
    assert urls(model="vllm:x", base_url=there) == {**usual, "vllm": there}
    assert urls(model="openai:x", base_url=there) == {**usual, "openai": there}
    assert urls(model="offline", base_url=there) == {**usual, "openai": there}
    monkeypatch.setenv("OPENAI_BASE_URL", "http://proxy.example.com/v1")
    assert urls(model="vllm:x") == {**usual, "openai": "http://proxy.example.com/v1"}
    assert urls(model="openai:x") == {**usual, "openai": "http://proxy.example.com/v1"}


@pytest.mark.parametrize("name", sorted(set(PROVIDERS) - {"anthropic", "openai"}))
async def test_each_is_sent_its_own_key_and_no_other(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for provider in PROVIDERS.values():
        monkeypatch.setenv(provider.key, f"sk-of-{provider.name}")
    async with running() as server, built(server, name) as model:
        server.queue(answered("ok"))
        assert await answer(model) == OK
        assert server.asked[0].headers["authorization"] == f"Bearer sk-of-{name}"
        monkeypatch.delenv(PROVIDERS[name].key)
        if PROVIDERS[name].needs_key:
            with pytest.raises(errors.UpstreamAuth, match=PROVIDERS[name].key):
                await answer(model)
        else:
            assert await answer(model) == OK
            assert server.asked[1].headers["authorization"] == "Bearer none"


async def test_L1_a_wrong_key_is_told_by_the_name_of_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    async with running() as server, built(server, "openrouter") as model:
        server.queue(plain(401, {"error": {"message": "No auth credentials found", "code": 401}}))
        with pytest.raises(errors.UpstreamAuth, match="Set OPENROUTER_API_KEY"):
            await answer(model)


async def test_L7_a_server_that_does_not_run_is_told_with_its_start() -> None:
    async with running() as server:
        config = JupyterAgent(model="ollama:x", base_url=server.base_url)
    with pytest.raises(errors.UpstreamUnreachable, match=r"Ollama at http.*OLLAMA_HOST.*ollama serve"):
        await answer(build(OLLAMA, config, "x"))


async def test_a_model_that_is_not_there_is_told_with_near_names_or_how_to_get_it() -> None:
    missing = plain(404, {"error": {"message": 'model "lama3" not found, try pulling it first'}})
    listing = plain(200, {"data": [{"id": name} for name in ("llama3:8b", "qwen3", "mistral-small", "llama3.2")]})
    async with running() as server, built(server, model="lama3") as model:
        server.queue(missing, listing, missing, plain(200, {"data": [{"id": "qwen3"}]}))
        with pytest.raises(errors.UpstreamRefused, match=r"Did you mean llama3.*\?") as caught:
            await answer(model)
        assert "mistral" not in caught.value.message
        with pytest.raises(errors.UpstreamRefused, match=r"It has: qwen3\. Fetch it with `ollama pull lama3`"):
            await answer(model)
    assert [request.line.split()[0] for request in server.asked] == ["POST", "GET", "POST", "GET"]


async def test_azures_list_is_not_of_deployments_and_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    missing = {
        "error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}
    }
    async with running() as server, built(server, "azure", "my-gpt") as model:
        server.queue(plain(404, missing))
        with pytest.raises(errors.UpstreamRefused, match="no model 'my-gpt'"):
            await answer(model)
    assert len(server.asked) == 1


async def test_where_a_choice_would_be_a_guess_a_name_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    async with running() as server, built(server, "azure", "") as model:
        with pytest.raises(errors.UpstreamRefused, match="azure:<model>"):
            await answer(model)
        assert server.asked == []
    assert build(OPENROUTER, JupyterAgent(), "").name == "openrouter:openrouter/auto"


async def test_azure_without_an_address_says_where_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    with pytest.raises(errors.UpstreamRefused, match="AZURE_OPENAI_ENDPOINT"):
        await answer(build(AZURE, JupyterAgent(), "d"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ("3600", "Ask again in 60 minutes."),
        ("90", "Ask again in 90 seconds."),
        ("86400", "Ask again in 24 hours."),
        ("864000", "Try again later; it asks to wait 10 days."),
        ("999999999", "Try again later; it asks to wait more than a month."),
        ("Fri, 31 Dec 2999 23:59:59 GMT", "Try again later; it asks to wait more than a month."),
    ],
)
async def test_L2_a_limit_is_told_with_its_wait(seconds: str, words: str) -> None:
    async with running() as server, built(server) as model:
        server.queue(plain(429, headers=f"Retry-After: {seconds}\r\n"))
        with pytest.raises(errors.UpstreamRateLimit) as caught:
            await answer(model)
    assert len(server.asked) == 1
    assert words in caught.value.message
    assert caught.value.retry_after is not None
    assert caught.value.retry_after <= 31 * 86_400


@pytest.mark.parametrize(("asked", "words"), [("3 days", "3 days"), (f"{'9' * 400} hours", "more than a month")])
async def test_L2_a_wait_in_words_is_told_too(asked: str, words: str) -> None:
    async with running() as server, built(server) as model:
        server.queue(plain(429, {"error": {"message": f"Please try again in {asked}."}}))
        with pytest.raises(errors.UpstreamRateLimit, match=f"asks to wait {words}"):
            await answer(model)


# The way there --------------------------------------------------------------------------------


def elsewhere(**options: Any) -> OpenAIModel:
    """A model on another machine."""
    provider = Provider("vllm", "vLLM", "http://models.example.com/v1", "VLLM_API_KEY")
    return OpenAIModel("m", Connection("", provider, **options), backoff_seconds=0.001)


async def test_L24_a_proxy_is_used_where_the_options_name_one() -> None:
    async with running() as proxy:
        proxy.queue(answered("ok"))
        model = elsewhere(proxy=proxy.base_url.removesuffix("/v1"))
        assert await answer(model) == OK
        await model.close()
    assert proxy.asked[0].line == "POST http://models.example.com/v1/chat/completions HTTP/1.1"
    assert proxy.asked[0].headers["host"] == "models.example.com"


async def test_L24_a_server_on_this_machine_is_asked_without_the_proxy() -> None:
    async with running() as proxy, running() as server:
        server.queue(answered("ok"))
        async with built(server, proxy=proxy.base_url) as model:
            assert await answer(model) == OK
        assert proxy.asked == []


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"])
async def test_L23_a_forbidden_address_is_not_asked_through_a_proxy_either(host: str) -> None:
    async with running() as proxy:
        model = OpenAIModel("m", Connection(f"http://{host}/v1", proxy=proxy.base_url))
        with pytest.raises(errors.UpstreamRefused, match="not an address for models"):
            await answer(model)
        await model.close()
        assert proxy.asked == []


@pytest.mark.parametrize("proxy", ["proxy.example.com:3128", "ftp://x", "http://", "http://[::1"])
async def test_L24_a_proxy_that_is_none_is_told(proxy: str) -> None:
    with pytest.raises(errors.UpstreamRefused, match=r"c\.JupyterAgent\.proxy"):
        await answer(elsewhere(proxy=proxy))


def certificate(folder: Path) -> Path:
    """A company's own certificate for 127.0.0.1, made here, and its key in one file."""
    file = folder / "company.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    making = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [*making, "-keyout", file, "-out", folder / "cert.pem", "-days", "2", *subject],
        check=True,
        capture_output=True,
        timeout=30,
    )
    file.write_text(file.read_text() + (folder / "cert.pem").read_text())
    return file


async def test_L7_L24_a_companys_certificate_is_trusted_only_where_the_options_name_it(tmp_path: Path) -> None:
    file = await asyncio.to_thread(certificate, tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    async with running(tls) as server:
        server.queue(answered("ok"))
        async with built(server) as model:
            with pytest.raises(errors.UpstreamUnreachable, match=r"not trusted here.*ca_file"):
                await answer(model)
        async with built(server, ca_file=str(tmp_path / "cert.pem")) as model:
            assert await answer(model) == OK


async def test_L24_certificates_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("no certificate")
    for name in ("none.pem", "missing.pem"):
        with pytest.raises(errors.UpstreamRefused, match=r"c\.JupyterAgent\.ca_file") as caught:
            await answer(elsewhere(ca_file=str(tmp_path / name)))
        assert str(tmp_path) not in caught.value.message


def test_building_a_providers_model_asks_nobody_and_needs_no_address() -> None:
    assert build(OPENAI, JupyterAgent(), "").name == "openai:gpt-5-mini"
    assert [build(provider, JupyterAgent(), "").name for provider in (OLLAMA, AZURE)] == ["ollama", "azure"]


@pytest.mark.parametrize("name", entry_points.names(entry_points.MODELS))
def test_N9_every_model_that_has_an_address_is_held_to_the_policys(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(AZURE.address, "https://azure.example.com")
    monkeypatch.setenv(BEDROCK.address, "us-west-2")
    config = JupyterAgent()
    config.policy = Policy(patterns={"base_urls": ((),)})
    factory: Any = entry_points.load(entry_points.MODELS, name)
    if name in WITHOUT_ADDRESS:
        assert not isinstance(factory(config, "m"), OpenAIModel)
    else:
        with pytest.raises(errors.Forbidden, match=r"Addresses of models' servers: none"):
            factory(config, "m")
