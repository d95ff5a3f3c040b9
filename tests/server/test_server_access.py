"""Who may come in, and what they may have done."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jupyter_server.auth.identity import IdentityProvider

from jupyter_agent.server.identity import distinguishes_users
from jupyter_agent.server.openapi.document import document
from jupyter_agent.server.routes import ROUTES, UNKNOWN_PATHS, handler_class
from tests.support.agent_client import RestClient, Script
from tests.support.users_by_header import ByHeader, Guest

DOCUMENTED = [
    (method.upper(), re.sub(r"\{\w+\}", "something", path))
    for path, methods in document()["paths"].items()
    for method in methods
]
OPERATIONS = [
    *DOCUMENTED,
    ("GET", "/api/sessions/0a0a0a0a-0000-0000-0000-000000000000"),
    ("DELETE", "/api/sessions/0a0a0a0a-0000-0000-0000-000000000000"),
    ("GET", "/api/agent/anything/else"),
]


def test_N10_an_identity_provider_of_a_configuration_file_knows_users_apart() -> None:
    source = "class Users(IdentityProvider):\n    def get_user(self, handler):\n        return None"
    configuration: dict[str, Any] = {"IdentityProvider": IdentityProvider}
    exec(source, configuration)  # as Jupyter reads its configuration: what it defines has no module
    assert distinguishes_users(configuration["Users"]())
    assert not distinguishes_users(IdentityProvider())


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("token", ["", "token wrong"])
async def test_H22_every_route_needs_the_token(rest: RestClient, method: str, path: str, token: str) -> None:
    reply = await rest(method, path, {} if method in ("POST", "PATCH", "PUT") else None, {"Authorization": token})
    assert reply.status == (401 if "/v1/" in path else 403)
    assert reply.body["message"]


@pytest.mark.parametrize("method", ["HEAD", "PUT", "TRACE"])
async def test_H21_other_methods_say_nothing_to_strangers(rest: RestClient, method: str) -> None:
    assert (await rest(method, "api/agent/quick", None, {"Authorization": ""})).status in (403, 405)


@pytest.mark.parametrize(("method", "path"), DOCUMENTED)
async def test_H20_another_method_is_answered_with_those_there_are(rest: RestClient, method: str, path: str) -> None:
    other = "PUT" if method != "PUT" and path != "/api/agent/settings" else "DELETE"
    reply = await rest(other, path, {})
    assert (reply.status, reply.body["code"]) == (405, "method_not_allowed")
    assert method in reply.headers["Allow"].split(", ")


async def test_an_unknown_path_of_ours_is_not_found_in_our_words(rest: RestClient) -> None:
    reply = await rest("GET", "api/agent/nothing/here")
    assert (reply.status, reply.body["code"]) == (404, "not_found")


async def test_H23_a_cookie_alone_changes_nothing(rest: RestClient) -> None:
    signed_in = await rest("GET", "api/agent/health")
    cookies = [header.partition(";")[0] for header in signed_in.headers.get_list("Set-Cookie")]
    headers = {"Authorization": "", "Cookie": "; ".join(cookies)}
    assert (await rest("GET", "api/agent/health", None, headers)).status == 200
    reply = await rest("POST", "api/agent/quick", {"query": "x"}, headers)
    assert (reply.status, reply.body["code"]) == (403, "forbidden")


async def test_H24_another_site_gets_nothing(rest: RestClient) -> None:
    reply = await rest("GET", "api/agent/health", None, {"Authorization": "", "Origin": "http://evil.example"})
    assert reply.status in (403, 404)


async def test_H25_another_host_name_gets_nothing(rest: RestClient) -> None:
    assert (await rest("GET", "api/agent/health", None, {"Host": "evil.example"})).status == 403


@pytest.mark.parametrize("target", [*ROUTES.values(), *UNKNOWN_PATHS.values()])
async def test_H22_every_handler_passes_the_check_that_jupyter_makes_of_routes(
    rest: RestClient, jp_serverapp: Any, target: str
) -> None:
    assert jp_serverapp.web_app._check_handler_auth(target, handler_class(target)) == []


async def test_S8_the_holder_of_the_token_is_one_owner(rest: RestClient) -> None:
    await rest.ask("x", {"session_id": "s1"})
    assert (await rest("GET", "api/agent/sessions")).body["sessions"][0]["session_id"] == "s1"


class TestUsers:
    """A server that knows its users."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        server = {**jp_server_config["ServerApp"], "identity_provider_class": ByHeader}
        return {**jp_server_config, "ServerApp": server}

    async def test_S6_another_users_conversation_is_as_an_unknown_one(self, rest: RestClient) -> None:
        ask = {"query": "x", "context": {"session_id": "s1"}, "turn_id": "t1"}
        assert (await rest("POST", "api/agent/quick", ask, {"X-User": "ann"})).status == 200
        for method, path in [
            ("GET", "api/agent/sessions/{}"),
            ("GET", "api/sessions/{}/history"),
            ("DELETE", "api/sessions/{}"),
            ("POST", "api/agent/turns/{}/cancel"),
        ]:
            known = "t1" if "turns" in path else "s1"
            theirs = await rest(method, path.format(known), None, {"X-User": "bob"})
            nobodys = await rest(method, path.format("nobody"), None, {"X-User": "bob"})
            assert theirs.status == nobodys.status == 404
            assert {**theirs.body, "request_id": ""} == {**nobodys.body, "request_id": ""}
        assert (await rest("GET", "api/sessions/s1", None, {"X-User": "ann"})).status == 200

    async def test_two_users_have_conversations_of_the_same_id(self, rest: RestClient) -> None:
        for user in ("ann", "bob", "Ann"):
            ask = {"query": user, "context": {"session_id": "s1"}}
            assert (await rest("POST", "api/agent/quick", ask, {"X-User": user})).body["turn_count"] == 2


class TestPermissions:
    """A server whose authorizer says no to some things."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        server = {**jp_server_config["ServerApp"], "authorizer_class": Guest}
        return {**jp_server_config, "ServerApp": server}

    async def test_without_permission_for_the_agent_there_is_no_answer(self, rest: RestClient) -> None:
        reply = await rest("POST", "api/agent/quick", {"query": "x"}, {"X-Deny": "agent:write"})
        assert (reply.status, reply.body["code"]) == (403, "forbidden")

    async def test_who_may_not_execute_has_no_tool_that_does(self, rest: RestClient, script: Script) -> None:
        script([{"calls": [{"name": "run_code", "arguments": {"code": "1"}}]}, {"text": "No."}])
        ask = {"query": "x", "approval": "auto", "stream": True}
        reply = await rest("POST", "api/agent/quick", ask, {"X-Deny": "kernels:execute"})
        assert "unknown_tool" in reply.text

    async def test_who_may_not_read_kernels_is_not_shown_them(self, rest: RestClient) -> None:
        reply = await rest("GET", "api/agent/kernels/k1/state", None, {"X-Deny": "kernels:read"})
        assert (reply.status, reply.body["code"]) == (403, "forbidden")
        ask = {"query": "x", "context": {"notebook_id": "a.ipynb"}}
        reply = await rest("POST", "api/agent/quick", ask, {"X-Deny": "kernels:read contents:read"})
        assert reply.status == 200
        assert len([warning for warning in reply.body["warnings"] if warning.startswith("You may not read")]) == 2


class TestClosed:
    """A server that lets nobody in unless a handler says so."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        server = {**jp_server_config["ServerApp"], "allow_unauthenticated_access": False}
        return {**jp_server_config, "ServerApp": server}

    @pytest.mark.parametrize(("method", "path"), OPERATIONS)
    async def test_H22_every_route_needs_the_token_there_too(self, rest: RestClient, method: str, path: str) -> None:
        body: dict[str, str] | None = {} if method in ("POST", "PATCH", "PUT") else None
        status = 401 if "/v1/" in path else 403
        assert (await rest(method, path, body, {"Authorization": ""})).status == status

    async def test_with_the_token_all_is_as_elsewhere(self, rest: RestClient) -> None:
        assert (await rest.ask("x")).status == 200
