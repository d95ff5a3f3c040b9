"""The administrator's policy and the options below it: what holds, what is capped, and what a broken file or value does."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from jupyter_core import paths
from traitlets.config import Config

from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.config.policy import FILE, UNLIMITED_AT_ZERO, Policy, Subject, read_policy
from jupyter_agent.config.user_settings import UserSettings, read
from jupyter_agent.core.errors import Forbidden
from jupyter_agent.models.openai.providers import build
from jupyter_agent.models.openai_compatible.provider import OPENAI
from jupyter_agent.tools.mcp import settings


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The system's configuration folders of this test, the stronger first."""
    folders = [tmp_path / "local", tmp_path / "etc"]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setattr(paths, "SYSTEM_CONFIG_PATH", list(map(str, folders)))
    return folders


def write(folder: Path, policy: Any) -> None:
    text = policy if isinstance(policy, str) else json.dumps(policy)
    (folder / FILE).write_text(text, encoding="utf-8")


def configured(**values: Any) -> JupyterAgent:
    return JupyterAgent(config=Config({"JupyterAgent": values}))


def test_without_a_file_nothing_is_restricted(folders: list[Path]) -> None:
    assert read_policy() == Policy()
    assert configured(approval="auto").approval == "auto"


def test_N9_what_the_policy_forces_and_caps_wins_over_configuration_and_environment(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folders[0], {"force": {"max_steps": 7}, "at_most": {"approval": "auto-edit", "max_tokens": 1000}})
    write(folders[1], {"at_most": {"approval": "ask", "deadline_seconds": 60}, "redact": True})
    monkeypatch.setenv("JUPYTER_AGENT_REDACT", "false")
    options = configured(approval="auto", max_steps=50, deadline_seconds=600, locked_settings=[])
    assert (options.approval, options.max_steps, options.deadline_seconds) == ("ask", 7, 60)
    assert (options.max_tokens, options.redact) == (1000, True)
    assert options.allowed("approval", "auto") == "ask"
    assert options.allowed("approval", "read-only") == "read-only"
    assert "policy" in options.lock("max_steps")
    assert options.problems == []


@pytest.mark.parametrize(
    "policy",
    [
        "{",
        "[]",
        '{"force": {"approval": "ask"}, "force": {}}',
        {"at-most": {}},
        {"force": []},
        {"force": {"aproval": "ask"}},
        {"force": {"approval": "always"}},
        {"at_most": {"redact": True}},
        {"at_most": {"approval": 3}},
        {"at_most": {"max_steps": "many"}},
        {"at_most": {"max_tokens": math.nan}},
        *({"at_most": {name: zero}} for name in UNLIMITED_AT_ZERO for zero in (0, 0.0, -0.0)),
        {"force": {"max_cost": math.inf}},
        {"models": "offline"},
        {"share": 0},
        "\udcff",
    ],
)
def test_N9_a_policy_that_cannot_be_read_is_the_strictest_and_says_so(folders: list[Path], policy: Any) -> None:
    if policy == "\udcff":
        (folders[1] / FILE).write_bytes(b'{"models": ["\xff"]}')
    else:
        write(folders[1], policy)
    options = configured(approval="auto", model="openai:gpt", redact=False, locked_settings=[])
    assert (options.approval, options.model, options.redact) == ("read-only", "offline", True)
    assert options.allowed("approval", "ask") == "read-only"
    assert not options.policy.allows("models", "openai:gpt")
    assert options.policy.allows("models", "offline")
    assert not options.policy.allows("mcp_servers", "uvx anything")
    assert (options.policy.share, options.policy.export) == (False, False)
    assert any("cannot be used" in problem for problem in options.problems)


def test_N9_a_policy_that_may_not_be_read_is_the_strictest(folders: list[Path]) -> None:
    (folders[0] / FILE).mkdir()  # as root reads whatever permissions say
    assert read_policy().problem


@pytest.mark.parametrize(
    ("subject", "pattern", "allowed", "refused"),
    [
        ("models", "openai:gpt-4o*", "openai:gpt-4o-mini", "openai:o3"),
        ("models", "openai:gpt-4o*", "offline", "openai"),
        ("models", "ollama", "ollama:qwen3", "openai:ollama"),
        ("models", "openai:*", "openai", "azure:gpt"),
        ("base_urls", "https://llm.example.com", "https://LLM.example.com:443/v1/", "http://llm.example.com/v1"),
        ("base_urls", "https://llm.example.com/v1", "https://llm.example.com/v1/", "https://llm.example.com/v2"),
        ("base_urls", "https://*.example.com/*", "https://a.example.com/v1", "https://evil.org/x.example.com/v1"),
        ("base_urls", "https://*.example.com", "https://a.example.com/v1", "https://evil.org#.example.com"),
        ("base_urls", "https://llm.example.com", "https://llm.example.com", "https://llm.example.com@evil.org/"),
        ("base_urls", "https://llm.example.com", "https://llm.example.com/", "https://evil.org\\@llm.example.com/"),
        (
            "base_urls",
            "https://llm.example.com/v1/*",
            "https://llm.example.com/v1/x",
            "https://llm.example.com/v1/../y",
        ),
        ("base_urls", "https://llm.example.com", "https://llm.example.com/v1", "https://llm.example.com:8443/v1"),
        ("tools", "read_*", "read_cells", "run_code"),
        ("mcp_servers", "uvx mcp-server-git *", "uvx mcp-server-git --repository .", "sh -c 'uvx mcp-server-git x'"),
        ("mcp_servers", "https://mcp.example.com", "https://mcp.example.com/sse", "https://evil.org/mcp.example.com"),
        ("mcp_servers", "uvx a *", "uvx a https://x", "https://x/uvx a b"),
        (
            "stores",
            "postgresql://db.example.com/*",
            "postgresql://me:pw@db.example.com/agent",
            "redis://db.example.com/0",
        ),
        (
            "stores",
            "postgresql://db.example.com/*",
            "postgresql://db.example.com/a",
            "postgresql://db.example.com/a?host=evil",
        ),
        ("stores", "sqlite://", "sqlite:////home/me/sessions.db", "memory://"),
    ],
)
def test_N9_patterns_fit_all_of_a_value_and_hosts_only_hosts(
    subject: Subject, pattern: str, allowed: str, refused: str
) -> None:
    policy = Policy(patterns={subject: ((pattern,),)})
    assert policy.allows(subject, allowed)
    assert not policy.allows(subject, refused)


def test_N9_patterns_of_all_files_hold(folders: list[Path]) -> None:
    write(folders[0], {"models": ["openai:*", "ollama:*"]})
    write(folders[1], {"models": ["ollama"], "tools": []})
    policy = read_policy()
    assert policy.allows("models", "ollama:qwen3")
    assert not policy.allows("models", "openai:gpt")
    assert not policy.allows("tools", "read_cells")


def test_N9_a_model_or_store_that_the_policy_forbids_is_not_used_and_named(folders: list[Path]) -> None:
    write(folders[1], {"models": ["ollama:*"], "stores": ["postgresql://db.example.com/*"]})
    options = configured(model="openai:gpt", store="sqlite:///x.db")
    assert (options.model, options.store) == ("offline", "memory://")
    assert len(options.problems) == 2


def test_N9_an_address_that_the_policy_forbids_is_never_asked(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folders[1], {"base_urls": ["https://llm.example.com"]})
    with pytest.raises(Forbidden, match=r"llm\.example\.com"):
        build(OPENAI, configured(model="openai:x"), "x")
    with pytest.raises(Forbidden):
        build(OPENAI, configured(model="openai:x", base_url="https://elsewhere.example.com/v1"), "x")
    build(OPENAI, configured(model="openai:x", base_url="https://llm.example.com/v1"), "x")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://llm.example.com/v1")
    build(OPENAI, configured(model="openai:x"), "x")


@pytest.mark.parametrize(
    ("server", "is_used"),
    [
        ({"command": ["uvx", "mcp-server-git", "."]}, True),
        ({"command": ["uvx", "mcp-server-git", "."], "env": {"TOKEN": "x"}}, True),
        ({"command": ["uvx", "mcp-server-git", "."], "env": {"PATH": "/home/me/bin"}}, False),
        ({"command": ["sh", "-c", "uvx mcp-server-git ."]}, False),
        ({"url": "https://mcp.example.com/v1"}, True),
        ({"url": "https://evil.example.org/v1"}, False),
    ],
)
def test_N9_only_mcp_servers_that_the_policy_allows_are_used(server: dict[str, Any], is_used: bool) -> None:
    policy = Policy(patterns={"mcp_servers": (("uvx mcp-server-git *", "https://mcp.example.com"),)})
    used, problems = settings.read({"s": server}, {}, policy)
    assert (len(used), len(problems)) == ((1, 0) if is_used else (0, 1))


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("approval", "always", "read-only"),
        ("allow_auto", "nope", False),
        ("max_steps", 0, None),
        ("max_steps", "many", None),
        ("model", 5, "offline"),
        ("store", "sessions.db", "memory://"),
        ("tools", 5, ["(none)"]),
        ("redact", "nope", True),
        ("base_url", 5, "invalid:"),
        ("mcp_servers", [], {}),
        ("model_options", {"effort": "hihg"}, {}),
        ("endpoints", {"work": {"base_url": "work.example.com"}}, {}),
    ],
)
def test_N16_one_bad_value_is_named_and_the_rest_holds(name: str, value: Any, holds: Any) -> None:
    options = configured(**{name: value}, context_tokens=900)
    assert getattr(options, name) == holds
    assert options.context_tokens == 900
    (problem,) = options.problems
    assert f"c.JupyterAgent.{name}" in problem


def test_N16_a_bad_value_of_the_environment_and_an_unknown_option_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_AGENT_MAX_STEPS", "many")
    monkeypatch.setenv("JUPYTER_AGENT_STORE", "postgresql.example.com/?password=hunter2hunter2")
    options = configured(aproval="ask")
    assert (options.max_steps, options.store) == (None, "memory://")
    assert "Did you mean 'approval'?" in options.problems[0]
    assert "JUPYTER_AGENT_MAX_STEPS" in " ".join(options.problems)
    assert "hunter2" not in " ".join(options.problems)


def test_N16_every_option_with_a_value_of_no_type_leaves_the_others() -> None:
    for name in JupyterAgent.class_trait_names(config=True):
        options = configured(**{name: object()})
        assert len(options.problems) == 1, name


def test_N10_a_users_settings_hold_below_the_administrators(folders: list[Path]) -> None:
    write(folders[1], {"force": {"model": "ollama:qwen3"}, "at_most": {"approval": "ask", "context_tokens": 4000}})
    users = UserSettings(configured(), has_one_user=False)
    for user in ("alice", "bob"):
        assert users.options_of(user) is users.options
    users.update("bob", {"model": "offline", "approval": "auto", "context_tokens": 9000, "base_url": "http://evil"})
    bob, alice = users.options_of("bob"), users.options_of("alice")
    assert (bob.model, bob.approval, bob.context_tokens, bob.base_url) == ("ollama:qwen3", "ask", 4000, "")
    assert alice is users.options
    users.update("bob", {"approval": "read-only"})
    assert users.options_of("bob").approval == "read-only"
    assert users.options.approval == "ask"
    assert UserSettings(configured(), has_one_user=False).options_of("bob").approval == "read-only"


def test_N10_settings_that_cannot_be_read_make_a_user_read_only(folders: list[Path], tmp_path: Path) -> None:
    users = UserSettings(configured())
    users.update("", {"approval": "auto-edit"})
    assert (users.options.approval, read("")) == ("auto-edit", {"approval": "auto-edit"})
    (Path(paths.jupyter_data_dir()) / "jupyter-agent" / "settings.json").write_text("{", encoding="utf-8")
    options = UserSettings(configured()).options
    assert options.approval == "read-only"
    assert "settings.json" in " ".join(options.problems)


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
