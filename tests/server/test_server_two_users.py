"""Two users of one server at once: what one is asked, allows or shares is nothing to the other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.agent_client import RestClient, Script
from tests.support.users_by_header import ByHeader

SESSION = "api/agent/sessions/s1"
ANN, BOB = {"X-User": "ann"}, {"X-User": "bob"}
CALL = {"match": "harmless", "calls": [{"name": "run_code", "arguments": {"code": "1 + 1"}}]}
SCRIPT: list[Any] = [CALL, {"match": "harmless", "text": "Done."}] * 3


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    return {**jp_server_config, "ServerApp": {**jp_server_config["ServerApp"], "identity_provider_class": ByHeader}}


def ask(rest: RestClient, user: dict[str, str], query: str = "harmless") -> Any:
    return rest.read("api/agent/quick", {"query": query, "context": {"session_id": "s1"}, "stream": True}, user)


async def test_N11_what_one_user_is_asked_and_allows_is_nothing_to_the_other(rest: RestClient, script: Script) -> None:
    script(SCRIPT)
    asking = ask(rest, ANN)
    turn = await asking.until("turn")
    asked = await asking.until("approval")
    action = f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}"
    approve = {"decision": "approve", "digest": asked["digest"], "scope": "conversation"}
    for user, waiting in ((BOB, 0), (ANN, 1)):
        assert len((await rest("GET", "api/agent/approvals", None, user)).body["approvals"]) == waiting
    assert (await rest("POST", action, approve, BOB)).status == 404
    await rest("POST", f"api/agent/turns/{turn['turn_id']}/cancel", {}, BOB)
    assert (await rest("GET", f"api/agent/turns/{turn['turn_id']}/events", None, BOB)).status == 404
    assert len((await rest("GET", "api/agent/approvals", None, ANN)).body["approvals"]) == 1
    assert (await rest("POST", action, approve, ANN)).status == 200
    await asking.until("done")
    assert (await rest("GET", f"{SESSION}/permissions", None, ANN)).body["effects"] != []
    others = ask(rest, BOB)
    turn = await others.until("turn")
    asked = await others.until("approval")  # in a conversation of the same id
    assert (await rest("GET", f"{SESSION}/permissions", None, BOB)).body["effects"] == []
    assert (await rest("DELETE", f"{SESSION}/permissions", None, BOB)).status == 200
    assert (await rest("GET", f"{SESSION}/permissions", None, ANN)).body["effects"] != []
    deny = {"decision": "deny", "digest": asked["digest"]}
    assert (
        await rest("POST", f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}", deny, BOB)
    ).status == 200
    await others.until("done")


async def test_N11_a_shared_conversation_hands_no_permission_on_and_is_gone_when_taken_back(
    rest: RestClient, script: Script
) -> None:
    script(SCRIPT)
    asking = ask(rest, ANN)
    turn = await asking.until("turn")
    asked = await asking.until("approval")
    approve = {"decision": "approve", "digest": asked["digest"], "scope": "conversation"}
    await rest("POST", f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}", approve, ANN)
    await asking.until("done")
    read = (await rest("POST", f"{SESSION}/share", {"mode": "read"}, ANN)).body["secret"]
    copy = (await rest("POST", f"{SESSION}/share", {"mode": "copy"}, ANN)).body["secret"]
    assert (await rest("GET", f"api/agent/shared/{read}", None, BOB)).status == 200
    assert (await rest("POST", f"api/agent/shared/{read}/copy", {}, BOB)).status == 403
    copied = (await rest("POST", f"api/agent/shared/{copy}/copy", {}, BOB)).body
    of_copy = f"api/agent/sessions/{copied['session_id']}/permissions"
    assert (await rest("GET", of_copy, None, BOB)).body["effects"] == []
    assert (await rest("DELETE", f"{SESSION}/share", None, BOB)).status == 404
    assert (await rest("DELETE", f"{SESSION}/share", None, ANN, secret=read)).body["revoked"] == 1
    assert (await rest("GET", f"api/agent/shared/{read}", None, BOB)).status == 404
    assert (await rest("GET", f"api/agent/shared/{copy}", None, BOB)).status == 200
    assert (await rest("DELETE", f"{SESSION}/share", None, ANN)).body["revoked"] == 1
    for path, method in ((f"shared/{copy}", "GET"), (f"shared/{copy}/copy", "POST")):
        assert (await rest(method, f"api/agent/{path}", {} if method == "POST" else None, BOB)).status == 404
    assert (await rest("GET", f"api/agent/sessions/{copied['session_id']}", None, BOB)).status == 200  # it is Bob's
