"""Who may set what: an administrator's values as the ceiling of every entry point, and settings that are each user's own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from jupyter_agent.config.policy import FILE
from jupyter_agent.server.audit import schema_id
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script
from tests.support.mcp_client import connected
from tests.support.users_by_header import ByHeader

SETTINGS = "api/agent/settings"
CHAT = "api/agent/v1/chat/completions"
KEY = "sk-right-0123456789abcdef0123456789"
RUN = {"calls": [{"name": "run_code", "arguments": {"code": "1 + 1"}}]}
ALICE, BOB = {"X-User": "alice"}, {"X-User": "bob"}


class Administered:
    """A server with options or a policy of its administrator."""

    options: ClassVar[dict[str, Any]] = {}
    policy: ClassVar[Any] = None
    users: ClassVar[Any] = None

    @pytest.fixture
    def jp_server_config(
        self,
        jp_server_config: dict[str, Any],
        jp_environ: None,
        jp_system_config_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> dict[str, Any]:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        server, model = {**jp_server_config["ServerApp"]}, jp_server_config["JupyterAgent"]["model"]
        if self.policy is not None:
            jp_system_config_path.mkdir(parents=True, exist_ok=True)
            text = self.policy if isinstance(self.policy, str) else json.dumps(self.policy)
            (jp_system_config_path / FILE).write_text(text.replace("SCRIPTED", model), encoding="utf-8")
        if self.users is not None:
            server["identity_provider_class"] = self.users
            monkeypatch.setenv("JUPYTERHUB_USER", "alice")
        agent = {**jp_server_config["JupyterAgent"], **self.options}
        return {**jp_server_config, "ServerApp": server, "JupyterAgent": agent}


class Ceilings(Administered):
    """Requests of every entry point that ask for more."""

    more: ClassVar[dict[str, Any]] = {
        "approval": "auto",
        "model": "offline",
        "budget": {"deadline_seconds": 900, "max_steps": 90},
    }

    async def test_N9_the_administrators_values_hold_in_one_piece_and_streamed_and_the_reply_says_so(
        self, rest: RestClient, script: Script
    ) -> None:
        script([RUN, {"text": "Not run."}] * 2)
        whole = (await rest.ask("x", **self.more)).body
        streamed = whole
        async for name, data in rest.stream("x", **self.more).events():
            if name == "turn":
                turn_id = data["turn_id"]
            elif name == "approval":
                answer = {"decision": "deny", "digest": data["digest"]}
                await rest("POST", f"api/agent/turns/{turn_id}/actions/{data['call_id']}", answer)
            elif name == "done":
                streamed = data
        for done, status in ((whole, "needs_approval"), (streamed, "denied")):
            assert done["model"].startswith("scripted")
            assert [action["status"] for action in done["actions"]] == [status]
            for word in ("Approval 'auto'", "The model is", "deadline_seconds", "max_steps"):
                assert any(word in warning for warning in done["warnings"]), word

    async def test_N9_so_do_they_before_anything_is_sent(self, rest: RestClient) -> None:
        preview = (await rest("POST", "api/agent/context", {"query": "x", **self.more})).body
        assert preview["model"].startswith("scripted")
        assert any("The model is" in warning for warning in preview["warnings"])

    async def test_N9_so_do_they_for_clients_of_the_openai_api(self, rest: RestClient, script: Script) -> None:
        script([RUN, {"text": "Not run."}])
        body = {"model": "offline", "approval": "auto", "messages": [{"role": "user", "content": "x"}]}
        reply = (await rest("POST", CHAT, body)).body
        assert reply["model"].startswith("scripted")
        assert any("Approval 'auto'" in warning for warning in reply["warnings"])
        assert any("The model is" in warning for warning in reply["warnings"])

    async def test_N9_so_do_they_at_the_cursor(self, rest: RestClient, script: Script) -> None:
        script([{"text": "df.head()"}])
        reply = (await rest("POST", "api/agent/complete", {"prefix": "x = ", "model": "offline"})).body
        assert reply["model"].startswith("scripted")
        assert any("The model is" in warning for warning in reply["warnings"])

    async def test_N9_what_was_lowered_is_in_the_audit_log(self, rest: RestClient, jp_serverapp: Any) -> None:
        lowered: list[tuple[str, str]] = []

        async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
            lowered.append((data["code"], data["route"]))

        jp_serverapp.event_logger.add_listener(schema_id=schema_id("policy"), listener=listen)
        chat = {"messages": [{"role": "user", "content": "x"}]}
        bodies: dict[str, dict[str, Any]] = {
            "quick": {"query": "x"},
            "context": {"query": "x"},
            "complete": {"prefix": "x"},
            CHAT[10:]: chat,
        }
        for path, body in bodies.items():
            assert (await rest("POST", f"api/agent/{path}", {**body, "model": "offline"})).status == 200
        await rest.ask("x", approval="read-only")
        await jp_serverapp.event_logger.gather_listeners()
        assert lowered == [("lowered", f"/api/agent/{path}") for path in bodies]

    async def test_N9_a_request_may_be_stricter(self, rest: RestClient) -> None:
        preview = (await rest("POST", "api/agent/context", {"query": "x", "approval": "read-only"})).body
        assert preview["tools"]
        assert not {"run_code", "insert_cell"} & {tool["name"] for tool in preview["tools"]}
        assert preview["warnings"] == []

    async def test_N9_no_setting_gets_beyond_them(self, rest: RestClient) -> None:
        for change in ({"approval": "auto"}, {"model": "offline"}, {"model": None}):
            assert (await rest("PUT", SETTINGS, {"settings": change})).status == 403
        settings = (await rest("GET", SETTINGS)).body["settings"]
        assert settings["model"]["locked"]
        assert settings["model"]["reason"]
        assert settings["approval"]["reason"]
        assert "auto" not in settings["approval"]["choices"]
        offered = (await rest("GET", "api/agent/models")).body
        assert offered["approvals"] == settings["approval"]["choices"]
        assert [model["id"] for model in offered["models"]] == [settings["model"]["value"]]


class TestLocked(Ceilings):
    """By the server's own configuration."""

    options: ClassVar[dict[str, Any]] = {"approval": "ask", "locked_settings": ["model", "approval"]}


class TestNoAuto(Ceilings):
    """Where only approval ``auto`` is switched off."""

    options: ClassVar[dict[str, Any]] = {"allow_auto": False, "locked_settings": ["model"]}


class TestCapped(Ceilings):
    """By the policy of the machine, whatever the server's configuration says."""

    options: ClassVar[dict[str, Any]] = {"approval": "auto", "locked_settings": [], "deadline_seconds": 3600}
    policy: ClassVar[Any] = {
        "force": {"model": "SCRIPTED"},
        "at_most": {"approval": "ask", "deadline_seconds": 600, "max_steps": 10},
        "models": ["scripted"],
    }

    async def test_N9_other_agents_get_no_more(self, rest: RestClient, jp_serverapp: Any) -> None:
        url = f"http://127.0.0.1:{jp_serverapp.port}{jp_serverapp.base_url}api/agent/mcp"
        async with connected(url, str(jp_serverapp.identity_provider.token), "auto") as client:
            result: Any = await client.call_tool("run_code", {"code": "1 + 1"})
            assert result.content[0].text.startswith("needs_approval: ")


class TestModels(Administered):
    """Where only some models may answer."""

    policy: ClassVar[Any] = {"models": ["scripted", "ollama", "openai:gpt-4o", "azure:gpt-*"]}

    async def test_N9_a_model_that_is_not_allowed_is_refused_and_not_offered(self, rest: RestClient) -> None:
        listed = [
            model["id"].partition("scripted")[0] for model in (await rest("GET", "api/agent/models")).body["models"]
        ]
        assert listed == ["", "offline", "ollama", "openai:gpt-4o"]
        for path, body in (("quick", {"query": "x"}), ("complete", {"prefix": "x"}), ("context", {"query": "x"})):
            reply = await rest("POST", f"api/agent/{path}", {**body, "model": "openai:o3"})
            assert (reply.status, reply.body["code"]) == (403, "forbidden")
        assert (await rest("PUT", SETTINGS, {"settings": {"model": "openai:o3"}})).status == 403
        chat = {"model": "openai:o3", "messages": [{"role": "user", "content": "x"}]}
        assert (await rest("POST", CHAT, chat)).status == 403


class TestReadOnly(Administered):
    """Where nothing may be run or edited."""

    policy: ClassVar[Any] = {
        "force": {"approval": "read-only"},
        "tools": ["read_*", "run_code"],
        "share": False,
        "export": False,
    }

    async def test_N9_what_a_user_may_not_do_is_not_offered(
        self, rest: RestClient, jp_serverapp: Any, script: Script
    ) -> None:
        preview = (await rest("POST", "api/agent/context", {"query": "x", "approval": "auto"})).body
        assert {tool["name"] for tool in preview["tools"]} == {"read_error", "read_cells", "read_output", "read_file"}
        url = f"http://127.0.0.1:{jp_serverapp.port}{jp_serverapp.base_url}api/agent/mcp"
        async with connected(url, str(jp_serverapp.identity_provider.token), "auto") as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert names == {"list_notebooks", "read_error", "read_cells", "read_output", "read_file"}
            for name, why in (("run_code", "denied: "), ("insert_cell", "unknown_tool: ")):
                result: Any = await client.call_tool(name, {"code": "1"})
                assert result.content[0].text.startswith(why)

    async def test_N9_conversations_are_neither_shared_nor_exported(self, rest: RestClient) -> None:
        session_id = (await rest.ask("x")).body["session_id"]
        path = f"api/agent/sessions/{session_id}"
        for method, route in (("POST", "share"), ("GET", "export")):
            reply = await rest(method, f"{path}/{route}", {} if method == "POST" else None)
            assert (reply.status, reply.body["code"]) == (403, "forbidden")
        assert (await rest("GET", "api/agent/shared/anything")).status == 403
        restrictions = (await rest("GET", SETTINGS)).body["restrictions"]
        assert "Conversations cannot be shared." in restrictions
        assert any("read_*" in sentence for sentence in restrictions)


class TestBroken(Administered):
    """A policy that nobody can read."""

    options: ClassVar[dict[str, Any]] = {"approval": "auto", "redact": False}
    policy: ClassVar[Any] = '{"force": {"approval": "ask"'

    async def test_N9_the_strictest_holds_and_health_and_settings_say_why(self, rest: RestClient) -> None:
        health = (await rest("GET", "api/agent/health")).body
        assert (health["status"], health["model"]) == ("degraded", "offline")
        assert any(FILE in problem for problem in health["problems"])
        settings = (await rest("GET", SETTINGS)).body
        assert settings["problems"] == health["problems"]
        held = {name: settings["settings"][name]["value"] for name in ("model", "approval", "redact")}
        assert held == {"model": "offline", "approval": "read-only", "redact": True}
        assert settings["settings"]["approval"]["choices"] == ["read-only"]
        assert (await rest.ask("x", model="openai:gpt", approval="auto")).body["model"] == "offline"


class Recorder(RequestHandler):
    """A model's server that keeps what it is asked, and with which key."""

    def initialize(self, asked: list[tuple[str, str]]) -> None:
        self.asked = asked

    def post(self) -> None:
        question = json.loads(self.request.body)["messages"][-1]["content"]
        self.asked.append((str(question), self.request.headers.get("Authorization", "")))
        self.set_header("Content-Type", "text/event-stream")
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        choice = {"index": 0, "delta": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}
        self.finish(f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\ndata: [DONE]\n\n")


@asynccontextmanager
async def model_servers() -> AsyncIterator[list[tuple[str, list[tuple[str, str]]]]]:
    """Two model servers, each with its address and what it is asked."""
    running, found = [], []
    for _ in range(2):
        socket, port = bind_unused_port()
        asked: list[tuple[str, str]] = []
        server = HTTPServer(Application([(r"/v1/chat/completions", Recorder, {"asked": asked})]))
        server.add_socket(socket)
        running.append(server)
        found.append((f"http://127.0.0.1:{port}/v1", asked))
    try:
        yield found
    finally:
        for server in running:
            server.stop()


class TestSeveralUsers(Administered):
    """A server whose identity provider knows several users."""

    users: ClassVar[Any] = ByHeader

    async def test_N10_one_users_settings_change_nothing_for_another(self, rest: RestClient) -> None:
        change = {"settings": {"approval": "read-only", "model": "offline", "context_tokens": 900}}
        assert (await rest("PUT", SETTINGS, change, BOB)).status == 200
        bob = (await rest("GET", SETTINGS, None, BOB)).body["settings"]
        alice = (await rest("GET", SETTINGS, None, ALICE)).body["settings"]
        assert {name: bob[name]["value"] for name in change["settings"]} == change["settings"]
        assert (bob["approval"]["source"], alice["approval"]["source"]) == ("user", "default")
        assert (alice["approval"]["value"], alice["context_tokens"]["value"]) == ("ask", None)
        for user, model in ((BOB, "offline"), (ALICE, "scripted")):
            body = {"query": "x"}
            assert (await rest("POST", "api/agent/quick", body, user)).body["model"].startswith(model)
            assert (await rest("GET", "api/agent/models", None, user)).body["default"].startswith(model)
            assert (await rest("GET", "api/agent/health", None, user)).body["model"].startswith(model)
            preview = (await rest("POST", "api/agent/context", body, user)).body
            assert ("run_code" in {tool["name"] for tool in preview["tools"]}) == (user is ALICE)

    @pytest.mark.parametrize(
        "change",
        [
            {"settings": {"base_url": "http://127.0.0.1:9/v1"}},
            {"settings": {"redact": False}},
            {"settings": {"base_url": None}},
            {"keys": {"openai": "sk-bobs"}},
            {"settings": {"approval": "ask"}, "keys": {"openai": None}},
        ],
    )
    async def test_N10_address_keys_and_redaction_are_the_servers(
        self, rest: RestClient, services: Services, change: dict[str, Any]
    ) -> None:
        reply = await rest("PUT", SETTINGS, change, BOB)
        assert (reply.status, reply.body["code"]) == (403, "forbidden")
        settings = (await rest("GET", SETTINGS, None, BOB)).body
        assert all(settings["settings"][name]["locked"] for name in ("base_url", "redact"))
        assert all(key["locked"] for key in settings["keys"].values())
        assert (services.options.base_url, services.options.redact) == ("", True)

    async def test_N10_a_script_is_a_file_of_the_servers_and_no_users_to_name(self, rest: RestClient) -> None:
        reply = await rest("PUT", SETTINGS, {"settings": {"model": "scripted:/etc/passwd"}}, BOB)
        assert (reply.status, reply.body["code"]) == (400, "unknown_model")

    async def test_N10_a_users_question_and_the_key_go_where_they_went(
        self,
        rest: RestClient,
        services: Services,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async with model_servers() as ((right, asked), (bobs, stolen)):
            monkeypatch.setenv("OPENAI_API_KEY", KEY)
            services.options.model, services.options.base_url = "openai:m", right
            await rest("PUT", SETTINGS, {"settings": {"base_url": bobs}}, BOB)
            await rest("PUT", SETTINGS, {"settings": {"base_url": bobs, "model": "ollama:m"}}, BOB)
            assert (await rest("PUT", SETTINGS, {"settings": {"model": "openai:other"}}, BOB)).status == 200
            for user in (ALICE, BOB):
                assert (await rest("POST", "api/agent/quick", {"query": "whose?"}, user)).status == 200
            assert [authorization for _, authorization in asked] == [f"Bearer {KEY}"] * 2
            assert stolen == []


class TestOneUser(Administered):
    """A server with one user, whose address and keys are theirs."""

    async def test_N10_the_environments_key_is_not_sent_to_an_address_that_was_set_in_the_page(
        self,
        rest: RestClient,
        services: Services,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async with model_servers() as ((first, asked), (second, others)):
            monkeypatch.setenv("OPENAI_API_KEY", KEY)
            change: dict[str, Any] = {"settings": {"model": "openai:m", "base_url": first}}
            settings = (await rest("PUT", SETTINGS, change)).body
            assert settings["keys"]["openai"]["set"] is False
            assert settings["keys"]["openai"]["base_url"] == first
            assert (await rest.ask("x")).status == 200
            change = {"keys": {"openai": "sk-of-the-first-server"}}
            assert (await rest("PUT", SETTINGS, change)).body["keys"]["openai"]["source"] == "file"
            assert (await rest.ask("x")).status == 200
            assert [key for _, key in asked] == ["Bearer none", "Bearer sk-of-the-first-server"]
            settings = (await rest("PUT", SETTINGS, {"settings": {"base_url": second}})).body
            assert settings["keys"]["openai"]["set"] is False
            assert (await rest.ask("x")).status == 200
            assert [key for _, key in others] == ["Bearer none"]
            settings = (await rest("PUT", SETTINGS, {"settings": {"base_url": None}})).body
            assert settings["keys"]["openai"]["source"] == "environment"

    async def test_N10_a_key_that_is_set_with_an_address_belongs_to_it(self, rest: RestClient) -> None:
        async with model_servers() as ((first, asked), (second, others)):
            settings = {"model": "openai:m", "base_url": first}
            await rest("PUT", SETTINGS, {"settings": settings, "keys": {"openai": KEY}})
            await rest.ask("x")
            await rest("PUT", SETTINGS, {"settings": {"base_url": second}})
            await rest.ask("x")
            await rest("PUT", SETTINGS, {"settings": {"base_url": first}})
            await rest.ask("x")
            assert [key for _, key in asked] == [f"Bearer {KEY}"] * 2
            assert [key for _, key in others] == ["Bearer none"]


@pytest.mark.parametrize("model", ["0", "nobody:x"])
async def test_a_model_of_no_provider_is_not_stored(rest: RestClient, model: str) -> None:
    assert (await rest("PUT", SETTINGS, {"settings": {"model": model}})).status == 400
    assert (await rest("GET", SETTINGS)).body["settings"]["model"]["source"] == "configuration"


class HubProvider(ByHeader):
    """As JupyterHub's own identity provider, by the module that it is from."""


HubProvider.__module__ = "jupyterhub.singleuser.extension"


class TestHub(Administered):
    """A JupyterHub server that alice was given, and to which she has let bob in."""

    users: ClassVar[Any] = HubProvider

    async def test_N10_the_server_is_its_users_and_not_a_guests(self, rest: RestClient, services: Services) -> None:
        change = {"settings": {"base_url": "http://127.0.0.1:9/v1"}}
        assert (await rest("PUT", SETTINGS, change, BOB)).status == 403
        assert (await rest("PUT", SETTINGS, change, ALICE)).status == 200
        assert services.options.base_url == "http://127.0.0.1:9/v1"
