"""Settings in the page, keys that are never told, and text at the cursor."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from jupyter_core.paths import jupyter_data_dir

from jupyter_agent.config import api_keys
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script

KEY = "sk-right-0123456789abcdef0123456789"
PATH = "api/agent/settings"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def _kept() -> Path:
    return Path(jupyter_data_dir()) / "jupyter-agent" / "settings.json"


async def test_settings_are_told_with_where_they_are_from(rest: RestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = (await rest("GET", PATH)).body
    assert settings["settings"]["model"]["source"] == "configuration"
    assert settings["settings"]["approval"]["value"] == "ask"
    assert settings["settings"]["approval"]["source"] == "default"
    assert settings["settings"]["approval"]["choices"] == ["read-only", "ask", "auto-edit", "auto"]
    assert settings["keys"]["openai"] == {
        "set": False,
        "source": "",
        "variable": "OPENAI_API_KEY",
        "base_url": "https://api.openai.com/v1",
        "locked": False,
    }


async def test_a_setting_holds_at_once_and_for_the_next_start(rest: RestClient, services: Services) -> None:
    change = {"settings": {"approval": "read-only", "context_tokens": 900, "redact": False}}
    settings = (await rest("PUT", PATH, change)).body["settings"]
    assert {name: settings[name]["value"] for name in change["settings"]} == change["settings"]
    assert settings["approval"]["source"] == "user"
    assert services.options.approval == "read-only"
    assert services.assistant.redactor.text("sk-proj-" + "a1B2" * 11).startswith("sk-proj-")
    assert json.loads(_kept().read_text(encoding="utf-8")) == change["settings"]
    assert stat.S_IMODE(_kept().stat().st_mode) == 0o600
    settings = (await rest("PUT", PATH, {"settings": {"approval": None, "redact": None}})).body["settings"]
    assert (settings["approval"]["value"], settings["approval"]["source"]) == ("ask", "default")
    assert json.loads(_kept().read_text(encoding="utf-8")) == {"context_tokens": 900}


async def test_a_key_is_kept_for_its_owner_and_never_told(rest: RestClient, services: Services) -> None:
    for change in ({"keys": {"openai": KEY}}, {"settings": {"context_tokens": 1000}}):
        reply = await rest("PUT", PATH, change)
        assert (reply.status, KEY in reply.text) == (200, False)
    assert (reply.body["keys"]["openai"]["set"], reply.body["keys"]["openai"]["source"]) == (True, "file")
    file = Path(jupyter_data_dir()) / "jupyter-agent" / "keys.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert api_keys.get("OPENAI_API_KEY", "https://api.openai.com/v1/") == KEY
    assert KEY not in _kept().read_text(encoding="utf-8")
    assert KEY not in services.assistant.redactor.text(f"see {KEY}")
    await rest("PUT", PATH, {"keys": {"openai": None}})
    assert api_keys.get("OPENAI_API_KEY", "https://api.openai.com/v1") == ""


async def test_a_key_of_the_environment_wins_and_is_changed_there(
    rest: RestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert (await rest("GET", PATH)).body["keys"]["openai"]["source"] == "environment"
    reply = await rest("PUT", PATH, {"keys": {"openai": "another"}})
    assert (reply.status, reply.body["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"settings": {"store": "memory://"}},
        {"settings": {"approval": "always"}},
        {"settings": {"context_tokens": 1}},
        {"settings": {"base_url": "file:///etc/passwd"}},
        {"settings": {"base_url": "http://models.example.com:0/v1"}},
        {"settings": {"base_url": "http://:sesame@models.example.com/v1"}},
        {"keys": {"nobody": "x"}},
        {"keys": {"openai": "a b"}},
        {"settings": {"model": "offline:zzz"}},
        {"settings": {"small_model": "offline:zzz"}},
        {"settings": {"model": "scripted:/etc/passwd"}},
    ],
)
async def test_what_cannot_be_set_is_refused_and_nothing_is_written(rest: RestClient, change: dict[str, Any]) -> None:
    assert (await rest("PUT", PATH, change)).status == 400
    assert not _kept().exists()


async def test_a_model_that_takes_no_name_says_what_to_choose(rest: RestClient) -> None:
    reply = await rest("PUT", PATH, {"settings": {"model": "offline:zzz"}})
    assert (reply.status, reply.body["code"]) == (400, "unknown_model")
    assert "Choose 'offline'" in reply.body["message"]
    assert (await rest("PUT", PATH, {"settings": {"model": "openai:"}})).status == 200  # its usual model


class TestFixed:
    """An administrator who leaves less to users."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        ours = {**jp_server_config["JupyterAgent"], "allow_auto": False, "locked_settings": ["model"]}
        return {**jp_server_config, "JupyterAgent": ours}

    @pytest.mark.parametrize("change", [{"approval": "auto"}, {"model": "offline"}, {"model": None}])
    async def test_what_is_forbidden_cannot_be_set(self, rest: RestClient, change: dict[str, Any]) -> None:
        reply = await rest("PUT", PATH, {"settings": change})
        assert (reply.status, reply.body["code"]) == (403, "forbidden")
        settings = (await rest("GET", PATH)).body["settings"]
        assert settings["model"]["locked"]
        assert "auto" not in settings["approval"]["choices"]


async def test_models_of_this_machine_are_looked_for_when_asked(rest: RestClient) -> None:
    assert "found" not in (await rest("GET", "api/agent/models")).body
    assert isinstance((await rest("GET", "api/agent/models", probe="1")).body["found"], list)


async def test_a_model_completes_at_the_cursor(rest: RestClient, script: Script) -> None:
    script([{"text": "df.head()"}])
    reply = await rest("POST", "api/agent/complete", {"prefix": "x = ", "suffix": "\n"})
    assert reply.body["completion"] == "df.head()"
    assert reply.body["model"].startswith("scripted")


async def test_without_a_model_and_a_kernel_there_is_nothing_to_complete(rest: RestClient) -> None:
    reply = await rest("POST", "api/agent/complete", {"prefix": "pri", "model": "offline"})
    assert reply.body == {"completion": "", "model": "offline", "warnings": []}


class TestEndpoints:
    """A server whose administrator has given it an endpoint and a small model."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
        small = tmp_path / "small.json"
        small.write_text(json.dumps([{"text": "df.km.mean()"}]), encoding="utf-8")
        endpoints = {"work": {"base_url": "https://models.example.com/v1"}}
        ours = {**jp_server_config["JupyterAgent"], "endpoints": endpoints, "small_model": f"scripted:{small}"}
        return {**jp_server_config, "JupyterAgent": ours}

    async def test_its_key_is_kept_for_its_address_and_its_models_can_be_chosen(self, rest: RestClient) -> None:
        before = (await rest("GET", PATH)).body["keys"]["work"]
        assert (before["set"], before["base_url"]) == (False, "https://models.example.com/v1")
        assert before["variable"] == "JUPYTER_AGENT_WORK_KEY"
        reply = await rest("PUT", PATH, {"keys": {"work": KEY, "groq": "gsk-of-another-0123456789"}})
        assert (reply.status, reply.body["keys"]["work"]["set"], KEY in reply.text) == (200, True, False)
        assert api_keys.get("JUPYTER_AGENT_WORK_KEY", "https://models.example.com/v1") == KEY
        assert api_keys.get("JUPYTER_AGENT_WORK_KEY", "https://other.example.com/v1") == ""
        assert (await rest("PUT", PATH, {"settings": {"model": "work:gpt-x"}})).status == 200
        models = (await rest("GET", "api/agent/models")).body
        assert models["default"] == "work:gpt-x"
        assert (await rest("PUT", PATH, {"settings": {"small_model": "work:gpt-mini"}})).status == 200
        assert (await rest("PUT", PATH, {"settings": {"endpoints": {}}})).status == 400

    async def test_models_that_need_a_key_are_listed_last_with_its_variable(
        self, rest: RestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GROQ_API_KEY", KEY)
        monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
        listed = {
            model["id"]: model.get("missing_key") for model in (await rest("GET", "api/agent/models")).body["models"]
        }
        assert (listed["work"], listed["groq"], listed["mistral"]) == (None, None, "MISTRAL_API_KEY")
        needs = [bool(variable) for variable in listed.values()]
        assert needs == sorted(needs)

    async def test_completions_are_by_the_small_model(self, rest: RestClient, script: Script) -> None:
        script([{"text": "large"}])
        body = (await rest("POST", "api/agent/complete", {"prefix": "x = "})).body
        assert body["completion"] == "df.km.mean()"

    async def test_a_conversation_is_named_by_the_small_model_and_open_pages_learn_of_it(
        self, rest: RestClient, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        published: list[str] = []
        monkeypatch.setattr(services.session_events, "publish", lambda _, event: published.append(event.status))
        session = (await rest.ask("How far are the trips?")).body["session_id"]
        await asyncio.gather(*services.assistant.resources.tasks)
        assert (await rest("GET", f"api/agent/sessions/{session}")).body["title"] == "df.km.mean()"
        assert published[-1] == "changed"


async def test_P3_a_password_in_an_address_of_the_configuration_is_not_shown(
    rest: RestClient, services: Services
) -> None:
    services.options.base_url = "http://user:sesame-4711@models.example.com/v1"
    reply = await rest("GET", PATH)
    assert (reply.status, "sesame" in reply.text) == (200, False)
    assert "models.example.com" in reply.body["settings"]["base_url"]["value"]
