"""docs/administrators.md, followed literally: a hub with a shared store, a policy and an audit log, used by two users."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.config.policy import FILE, read_policy
from jupyter_agent.server.api.requests import LOWERED
from jupyter_agent.server.audit import SCHEMAS
from tests.support import hub_how_to

PROGRAMS = ("unshare", "npm", "node", "pg_createcluster", "setpriv", "useradd", "openssl", "ip")


def test_the_policy_of_the_page_is_one_that_is_read_and_restricts(tmp_path: Path) -> None:
    text = next(block for block in hub_how_to.blocks() if f"/{FILE} <<" in block)
    (tmp_path / FILE).write_text(text.partition("<<'END'\n")[2].partition("\nEND\n")[0], encoding="utf-8")
    policy = read_policy([str(tmp_path)])
    assert (policy.problem, policy.share, policy.at_most["approval"]) == ("", False, "ask")
    assert (policy.allows("models", "openai:gpt-4o"), policy.allows("models", "openai:o3")) == (True, False)


def test_the_audit_log_of_the_page_names_the_events_that_there_are() -> None:
    page = hub_how_to.HOW_TO.read_text(encoding="utf-8")
    assert [path.stem for path in SCHEMAS.glob("*.yaml") if f"`{path.stem}`" not in page] == []


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What two users saw."""
    can_isolate = os.name == "posix" and os.geteuid() == 0 and all(map(shutil.which, PROGRAMS))
    if not can_isolate or subprocess.run(["unshare", "--mount", "--net", "true"], check=False).returncode:
        pytest.skip(f"needs root on Debian, with {', '.join(PROGRAMS)}")
    folder = tmp_path_factory.mktemp("how-to")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # the users' servers read what lies below
    program = [sys.executable, str(Path(hub_how_to.__file__))]
    subprocess.run(["unshare", "--mount", *program, "install", str(folder)], check=True)
    isolated = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    ran = subprocess.run([*isolated, *program, "run", str(folder)], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(ran.stdout))


@pytest.mark.slow
@pytest.mark.timeout(1200)
class TestHub:
    def test_the_servers_run_with_the_shared_store_and_nothing_is_wrong(self, seen: dict[str, Any]) -> None:
        status, health = seen["health"]
        assert (status, health["status"], health["problems"], health["store"]) == (200, "ok", [], "ok")
        assert (health["model"], seen["environment"]) == ("openai:gpt-4o", "postgresql")
        assert seen["tables"] > 0
        assert [session["session_id"] for session in seen["listed"][1]["sessions"]] == ["first", "s1"]

    def test_nobody_sees_anothers_conversations(self, seen: dict[str, Any]) -> None:
        (status, listed), (history_status, _) = seen["bobs"]
        assert (status, listed["sessions"], history_status, seen["guest"]) == (200, [], 404, 403)

    def test_N9_the_policy_bites_and_says_so(self, seen: dict[str, Any]) -> None:
        status, asked = seen["asked"]
        assert (status, asked["model"]) == (200, "offline")
        assert any("Approval 'auto'" in warning for warning in asked["warnings"])
        refused = {name: (seen[name][0], seen[name][1]["code"]) for name in ("o3", "locked", "address", "share")}
        assert refused == dict.fromkeys(refused, (403, "forbidden"))
        assert "openai:gpt-4o*" in seen["o3"][1]["message"]
        assert seen["settings"][1]["settings"]["redact"]["locked"]

    def test_N9_a_broken_policy_fails_closed_and_says_so(self, seen: dict[str, Any]) -> None:
        (_, health), (status, asked) = seen["broken"]
        assert (health["status"], health["model"], status, asked["model"]) == ("degraded", "offline", 200, "offline")
        assert FILE in health["problems"][0]
        assert any("read-only" in warning for warning in asked["warnings"])

    def test_the_audit_log_has_ids_and_no_content(self, seen: dict[str, Any]) -> None:
        events = seen["events"]
        refused = [event["code"] for event in events if event["__schema__"].split("/")[-2] == "policy"]
        # The model, the setting, the address and sharing are refused, and both questions asked for more than the approval mode allows.
        assert sorted(refused) == sorted([*["forbidden"] * 4, *[LOWERED] * 2])
        turn = [event for event in events if event.get("turn_id") == seen["asked"][1]["turn_id"]]
        begun, *tools, ended = (event.get("action", event.get("tool")) for event in turn)
        assert (begun, ended) == ("begun", "ended")
        assert "list_variables" in tools
        for event in turn:
            assert (event["owner"], event["by"], event["session_id"]) == ("alice", "alice", "s1")
            assert event["request_id"]
        assert "WHATWASASKED" not in json.dumps(events)

    def test_the_commands_for_users_do_what_the_page_says(self, seen: dict[str, Any]) -> None:
        for terminal in seen["terminals"].values():
            (doctor, report), (ask, _), (sessions, listed), (refused, why) = terminal
            assert (doctor, ask, sessions, refused) == (0, 0, 0, 1)
            assert "The administrator has set:" in report
            assert "first" in listed
            assert "openai:gpt-4o*" in why

    def test_the_figures_are_on_the_servers_metrics(self, seen: dict[str, Any]) -> None:
        status, text = seen["metrics"]
        assert status == 200
        for name in (
            "turns_total",
            "first_token_seconds_count",
            "tokens_total",
            "tool_calls_total",
            "store_seconds_count",
        ):
            assert f"\njupyter_agent_{name}" in text
