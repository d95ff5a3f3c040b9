"""Tools of MCP servers: what hostile and broken ones can do to a question, which is nothing."""

from __future__ import annotations

import ast
import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.messages import Reason
from jupyter_agent.core.protocols import ReviewedTool, Tool, ToolContext, ToolOutput
from jupyter_agent.core.text import visible_text
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.tools.mcp import failures, settings
from jupyter_agent.tools.mcp.schemas import bounded_schema
from jupyter_agent.tools.mcp.servers import MAX_CHARACTERS, McpServers
from jupyter_agent.tools.mcp.transports import ServerProcess

PROGRAM = str(Path(__file__).parents[1] / "support" / "mcp_program.py")
CONTEXT = ToolContext(None, None, None)
SECONDS = 60.0


def entry(kind: str = "good", **more: Any) -> dict[str, Any]:
    return {"command": [sys.executable, "-I", "-S", PROGRAM, kind], **more}


@asynccontextmanager
async def servers(
    configured: Mapping[str, Any], *, taken: tuple[str, ...] = (), redactor: Redactor | None = None
) -> AsyncIterator[McpServers]:
    """Servers that are ready."""
    mcp_servers = McpServers(configured, redactor or Redactor(), taken)
    try:
        await mcp_servers.wait_ready(SECONDS)
        yield mcp_servers
    finally:
        await mcp_servers.close()


async def call(tool: Tool, text: str = "", *, seconds: float = SECONDS) -> ToolOutput:
    return await tool.call({"text": text}, ToolContext(None, None, None, timeout=seconds))


def result(output: ToolOutput) -> Any:
    """The server's result, from the tool's output."""
    content = json.loads(output.content)
    assert content["from_mcp_server"] == "s"
    return content["result"]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_server_is_offered_called_and_ended() -> None:
    async with servers({"s": entry()}) as mcp_servers:
        assert mcp_servers.warnings == ()
        tools = mcp_servers.tools()
        assert {"s_say", "s_look"} <= set(tools)
        assert tools["s_say"].spec.parameters["properties"] == {"text": {"type": "string"}}
        assert result(await call(tools["s_say"], "hello")) == "hello"
        pid = int(result(await call(tools["s_pid"])))
        assert is_running(pid)
    assert not is_running(pid)


def test_no_server_is_started_and_no_sdk_loaded_before_it_is_needed(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    code = f"""
import sys
from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
options = JupyterAgent(store="memory://", mcp_servers={{"s": {{"command": ["touch", {str(touched)!r}]}}}})
Assistant.from_config(options)
print("mcp" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert (ran.stdout.strip(), touched.exists()) == ("False", False)


async def test_M1_a_server_that_hangs_costs_a_moment_and_a_word() -> None:
    mcp_servers = McpServers({"s": entry("mute"), "good": entry()}, Redactor(), ())
    try:
        await mcp_servers.wait_ready(3.0)
        began = time.monotonic()
        await mcp_servers.wait_ready(3.0)
        assert time.monotonic() - began < 1.0
        (warning,) = (warning for warning in mcp_servers.warnings if "'s'" in warning)
        assert warning == (
            "The MCP server 's' cannot be used: it is still starting; its tools are offered with a later question."
        )
    finally:
        await mcp_servers.close()


@pytest.mark.parametrize(
    ("configured", "message"),
    [
        (entry("dies"), "it has ended (exit status 4); its error output: cannot find my configuration."),
        (entry("chatter"), "it writes lines to its standard output that are no messages of the protocol."),
        (entry("invalid"), "it does not speak the protocol."),
        ({"command": ["/no/such/program"]}, "there is no program '/no/such/program' here."),
        ({"command": ["/"]}, "its program '/' cannot be started."),
        ({"url": "http://127.0.0.1:9/mcp"}, "it cannot be reached."),
    ],
)
async def test_M1_a_server_that_cannot_be_used_is_told_in_words(configured: dict[str, Any], message: str) -> None:
    async with servers({"s": configured}) as mcp_servers:
        assert mcp_servers.tools() == {}
        assert mcp_servers.warnings == (f"The MCP server 's' cannot be used: {message}",)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("die", "it has ended (exit status 3); its error output: Traceback: no key [withheld: GitHub token]."),
        ("garbage", "it writes lines to its standard output that are no messages of the protocol."),
        ("megabytes", "it sent a message of more than 4 MB."),
    ],
)
async def test_M1_a_server_that_fails_in_a_call_fails_that_call_and_is_begun_anew(how: str, message: str) -> None:
    async with servers({"s": entry()}) as mcp_servers:
        tools = mcp_servers.tools()
        output = await call(tools["s_bad"], how)
        assert (output.ok, output.content) == (False, f"failed: The MCP server 's': {message}")
        again = await call(tools["s_say"], "once more")
        assert (again.ok, result(again)) == (True, "once more")


async def test_M1_a_flood_of_notifications_does_not_take_the_loop() -> None:
    async with servers({"s": entry()}) as mcp_servers:
        running = asyncio.ensure_future(call(mcp_servers.tools()["s_bad"], "flood"))
        longest, seen = 0.0, time.monotonic()
        while not running.done():
            await asyncio.sleep(0.01)
            longest, seen = max(longest, time.monotonic() - seen), time.monotonic()
        assert result(await running) == "after the flood"
        assert longest < 1.0


async def test_M1_a_long_answer_is_cut_and_what_nobody_sees_is_gone() -> None:
    async with servers({"s": entry()}) as mcp_servers:
        text = result(await call(mcp_servers.tools()["s_bad"], "long"))
        assert text.startswith("head yyy")
        assert len(text) == 12_000


async def test_pictures_and_links_are_named_and_not_passed_on() -> None:
    async with servers({"s": entry()}) as mcp_servers:
        output = await call(mcp_servers.tools()["s_bad"], "else")
        assert output.pictures == ()
        assert result(output).splitlines() == [
            "[image image/png, 3000 bytes, not shown]",
            "[link to passwords: file:///etc/passwd]",
            "and text",
        ]


async def test_an_error_of_a_tool_is_told_as_one() -> None:
    async with servers({"s": entry("wrong")}) as mcp_servers:
        output = await call(mcp_servers.tools()["s_say"], "it broke")
        assert (output.ok, json.loads(output.content)["error"]) == (False, "it broke")


async def test_M1_names_are_the_servers_own_and_never_ours() -> None:
    async with servers({"list": entry("clash"), "s": entry()}, taken=("list_variables", "s_say")) as mcp_servers:
        names = set(mcp_servers.tools())
        assert not names & {"list_variables", "s_say"}
        assert all(len(name) <= 64 and name.replace("_", "").replace("-", "").isalnum() for name in names)
        assert all(name.isascii() for name in names)
        assert len(names) == 6 + 8  # the one with a name that reads differently from what it is is not offered
        assert {"list_a_b", "list_run_code_"} <= names


async def test_M1_a_schema_that_explodes_is_offered_without_its_explosive() -> None:
    async with servers({"s": entry("bomb")}) as mcp_servers:
        tools = mcp_servers.tools()
        spec = tools["s_say"].spec
        text = json.dumps(spec.parameters)
        assert len(text) <= 8_000
        assert not {"$ref", "pattern", "http", "nonsense"} & set(text.replace('"', " ").replace(":", " ").split())
        assert spec.parameters["type"] == "object"
        assert len(tools["s_long"].spec.description) < 1_200
        assert result(await call(tools["s_say"], "fits")) == "fits"


def test_what_is_left_of_a_schema_can_always_be_checked_in_no_time() -> None:
    circle: dict[str, Any] = {"type": "object", "properties": {"next": {"$ref": "#"}, "text": {"$ref": "#/$defs/a0"}}}
    circle["$defs"] = {f"a{n}": {"oneOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 40} for n in range(40)}
    schema = bounded_schema(circle)
    Draft202012Validator.check_schema(schema)
    began = time.monotonic()
    list(Draft202012Validator(schema).iter_errors({"text": "a" * 100, "next": {"next": {"text": []}}}))
    assert time.monotonic() - began < 2.0


def test_M1_numbers_that_no_program_counts_with_are_left_out_of_a_schema() -> None:
    numbers = dict.fromkeys(("minimum", "maxLength", "default", "const"), 10**400)
    assert bounded_schema({"properties": {"a": {**numbers, "maximum": 5, "minItems": 1.5}}})["properties"] == {
        "a": {"maximum": 5}
    }


def test_M1_a_program_that_does_not_list_its_tools_again_in_time_is_not_said_to_be_unable_to_start() -> None:
    (server,), _ = settings.read({"s": {"command": ["date"]}}, {})
    process = ServerProcess()
    assert failures.describe(TimeoutError(), server, process, str) == "it did not answer in time"
    assert failures.describe(TimeoutError("it did not answer within 60 s"), server, process, str).endswith("60 s")
    assert "cannot be started" in failures.describe(PermissionError(), server, process, str)


KEYWORDS = (
    *(
        "$ref",
        "$defs",
        "type",
        "properties",
        "items",
        "required",
        "enum",
        "const",
        "anyOf",
        "oneOf",
        "allOf",
        "minimum",
    ),
    *("maxLength", "minItems", "additionalProperties", "description", "default", "format", "pattern", "not", "a", "b"),
)
_SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    st.sampled_from(["object", "string", "number", "#", "#/$defs/a", "#/properties/b", "a", "b"]),
)
SCHEMAS = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=5),
    max_leaves=30,
)


@settings_of_hypothesis(deadline=None, max_examples=300)
@given(schema=SCHEMAS, arguments=st.dictionaries(st.sampled_from("ab"), _SCALARS))
def test_M1_whatever_a_server_calls_a_schema_arguments_can_be_checked_by_it(schema: Any, arguments: Any) -> None:
    bounded = bounded_schema(schema)
    Draft202012Validator.check_schema(bounded)
    list(Draft202012Validator(bounded).iter_errors(arguments))
    json.dumps(bounded, allow_nan=False).encode()


def test_an_ordinary_schema_stays_what_it_is() -> None:
    schema = {
        "type": "object",
        "properties": {
            "filter": {"$ref": "#/$defs/Filter", "description": "Which."},
            "limit": {"type": "integer", "minimum": 1, "default": 10},
            "sort": {"anyOf": [{"enum": ["up", "down"]}, {"type": "null"}]},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        },
        "$defs": {"Filter": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
        "required": ["filter"],
        "additionalProperties": False,
    }
    bounded = bounded_schema(schema)
    inner = {"type": "object", "description": "Which.", "properties": {"name": {"type": "string"}}}
    assert bounded["properties"]["filter"] == {**inner, "required": ["name"]}
    unchanged = ("limit", "sort", "tags")
    assert {name: bounded["properties"][name] for name in unchanged} == {
        name: schema["properties"][name]  # type: ignore[index]
        for name in unchanged
    }
    assert (bounded["required"], bounded["additionalProperties"]) == (["filter"], False)


async def test_M1_too_many_tools_are_left_out_with_a_word() -> None:
    async with servers({"s": entry("many")}) as mcp_servers:
        tools = mcp_servers.tools()
        assert (
            sum(len(tool.spec.description) + len(json.dumps(tool.spec.parameters)) for tool in tools.values())
            <= MAX_CHARACTERS
        )
        (warning,) = mcp_servers.warnings
        assert warning.startswith(f"{64 - len(tools)} tools of MCP servers were left out")
    async with servers({"s": entry("many", tools=["t7", "t9"])}) as mcp_servers:
        assert set(mcp_servers.tools()) == {"s_t7", "s_t9"}


async def reasons(tool: Tool) -> tuple[Reason, ...]:
    """Why a tool is asked about in every mode."""
    assert isinstance(tool, ReviewedTool)
    return (await tool.review({}, ToolContext(None, None, None))).reasons


@pytest.mark.parametrize("how", ["change", "quietly"])
async def test_M1_a_tool_that_has_changed_is_another_tool(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_agent.tools.mcp.connection.FRESH_SECONDS", 0.0)
    async with servers({"s": entry(trusted=["say"])}) as mcp_servers:
        before = mcp_servers.tools()
        assert await reasons(before["s_say"]) == ()
        await call(before["s_bad"], how)
        for _ in range(1000):  # a listing is under way, or the next question's beginning makes one
            await mcp_servers.wait_ready(SECONDS)
            if "s_say" not in (after := mcp_servers.tools()):
                break
            await asyncio.sleep(0.01)
        (name,) = set(after) - set(before)
        assert name.startswith("s_say_")
        assert [reason.code for reason in await reasons(after[name])] == ["unknown_call"]
        assert "\U000e0041" not in after[name].spec.description
        assert "\u202e" not in after[name].spec.description
        stale = await call(before["s_say"], "as it was approved")
        assert (stale.ok, stale.content.partition(":")[0]) == (False, "approval_stale")


async def test_a_call_that_is_stopped_is_stopped_at_the_server() -> None:
    async with servers({"s": entry()}) as mcp_servers:
        tools = mcp_servers.tools()
        waiting = asyncio.ensure_future(call(tools["s_wait"]))
        while "tools/call" not in json.loads(result(await call(tools["s_heard"])))[:-1]:
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert "cancelled True" in json.loads(result(await call(tools["s_heard"])))


async def test_a_call_that_takes_too_long_is_told_so_and_stopped_at_the_server() -> None:
    async with servers({"s": entry(timeout=1)}) as mcp_servers:
        tools = mcp_servers.tools()
        output = await call(tools["s_wait"])
        assert output.content == "timeout: the MCP server 's' took longer than 1 s and was asked to stop."
        assert "cancelled True" in json.loads(result(await call(tools["s_heard"])))


async def test_what_a_server_asks_of_the_user_is_declined() -> None:
    async with servers({"s": entry()}) as mcp_servers:
        assert json.loads(result(await call(mcp_servers.tools()["s_ask"]))) == {"action": "decline"}


async def test_a_server_gets_none_of_our_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-nobody-elses-business")
    monkeypatch.setenv("HIDDEN_TOKEN", "for-this-server-only")
    async with servers({"s": entry(env={"ITS_KEY": "${HIDDEN_TOKEN}"})}) as mcp_servers:
        environment = result(await call(mcp_servers.tools()["s_env"]))
    assert "of-nobody-elses-business" not in environment
    assert '"ITS_KEY": "for-this-server-only"' in environment


async def test_a_server_that_will_not_go_is_killed() -> None:
    async with servers({"s": entry("stubborn")}) as mcp_servers:
        pid = int(result(await call(mcp_servers.tools()["s_pid"])))
    assert not is_running(pid)


async def test_what_servers_say_and_are_told_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with servers({"s": entry()}) as mcp_servers:
        await call(mcp_servers.tools()["s_say"], "told in confidence")
        await call(mcp_servers.tools()["s_bad"], "garbage")
    assert "in confidence" not in caplog.text
    assert "what?" not in caplog.text


async def test_arguments_leave_without_secrets() -> None:
    async with servers({"s": entry()}, redactor=Redactor(["hunter2hunter2"])) as mcp_servers:
        assert result(await call(mcp_servers.tools()["s_say"], "is it hunter2hunter2?")) == "is it [withheld: secret]?"


async def test_only_what_is_trusted_and_says_that_it_reads_is_free() -> None:
    async with servers({"s": entry(trusted=["say", "look"]), "t": entry()}) as mcp_servers:
        tools = mcp_servers.tools()
        assert {name: tools[name].effect for name in ("s_look", "s_say", "t_look")} == {
            "s_look": "read",
            "s_say": "execute",
            "t_look": "execute",
        }


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("s", {"command": "", "args": []}, "'command' must be a list"),
        ("s", {"command": "sh -c date", "url": "https://x.example"}, "either 'command' or 'url'"),
        ("s", {}, "either 'command' or 'url'"),
        ("s", "npx", "must be an object"),
        ("a b", {"command": ["x"]}, "its name must be"),
        ("s", {"command": ["x"], "shell": True}, "there is no 'shell'"),
        ("s", {"command": ["x"], "env": {"LD_PRELOAD": "/tmp/evil.so"}}, "'env' may not have 'LD_PRELOAD'"),
        ("s", {"command": ["x"], "env": {"A": "${NOT_THERE}"}}, "the environment has no NOT_THERE"),
        ("s", {"command": ["x"], "env": {"A": 1}}, "'env' must be an object of strings"),
        ("s", {"url": "file:///etc/passwd"}, "'url' must be an address"),
        ("s", {"url": "https://bob:secret@x.example"}, "must not have a password"),
        ("s", {"url": "http://x.example", "headers": {"A": "b"}}, "sent unencrypted"),
        ("s", {"url": "https://x.example", "headers": {"A": "b\r\nC: d"}}, "each of one line"),
        ("s", {"command": ["x"], "timeout": 10**12}, "'timeout' must be 1 to 600"),
        ("s", {"command": ["x"], "trusted": "all"}, "'trusted' must be a list"),
    ],
)
def test_M2_M4_a_server_that_is_configured_wrongly_is_not_used_and_named(name: str, wrong: Any, message: str) -> None:
    found, (problem,) = settings.read({name: wrong}, {})
    assert found == []
    assert problem.startswith(f"The MCP server '{name}' is not used: ")
    assert message in problem


def test_M2_a_command_is_never_read_by_a_shell() -> None:
    (found,), _ = settings.read({"s": {"command": "sh -c date", "args": ["; rm x"]}}, {})
    assert found.command == ("sh -c date", "; rm x")


def test_text_keeps_emoji_and_loses_what_hides() -> None:
    assert visible_text("a👩‍💻b\u202e\x1b[31m\u200b\U000e0041\ud800c\n", 100) == "a👩‍💻b[31mc\n"


def test_the_example_in_the_readme_is_understood() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    example = readme.partition("c.JupyterAgent.mcp_servers = ")[2].partition("\n}\n")[0] + "\n}"
    found, problems = settings.read(ast.literal_eval(example), {"WIKI_TOKEN": "x"})
    assert problems == []
    assert [server.name for server in found] == ["files", "wiki"]
    assert found[1].headers == {"Authorization": "Bearer x"}


def test_servers_are_configured_by_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_AGENT_MCP_SERVERS", '{"s": {"command": ["x"], "disabled": false}}')
    assert JupyterAgent().mcp_servers == {"s": {"command": ["x"], "disabled": False}}
    monkeypatch.setenv("JUPYTER_AGENT_MCP_SERVERS", "{'s'")
    options = JupyterAgent()
    assert options.mcp_servers == {}
    assert "JUPYTER_AGENT_MCP_SERVERS is not valid" in " ".join(options.problems)


async def test_a_server_ends_when_we_are_killed(tmp_path: Path) -> None:
    code = f"""
import asyncio
from jupyter_agent.core.text import visible_text
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.tools.mcp.servers import McpServers
async def main():
    mcp_servers = McpServers({{"s": {entry()!r}}}, Redactor(), ())
    await mcp_servers.wait_ready(60)
    from jupyter_agent.core.protocols import ToolContext
    print((await mcp_servers.tools()["s_pid"].call({{}}, ToolContext(None, None, None))).content, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    pipe = asyncio.subprocess.PIPE
    ours = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=pipe)
    assert ours.stdout is not None
    pid = int(json.loads(await asyncio.wait_for(ours.stdout.readline(), SECONDS))["result"])
    descriptor = os.pidfd_open(pid)
    try:
        ended = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(descriptor, ended.set_result, None)
        ours.kill()
        await asyncio.wait_for(ended, 20)
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        await ours.wait()
