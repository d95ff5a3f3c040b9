"""What comes before a handler reads a body, and what goes out next to one: framing, long lines, headers, the log."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import Any

import pytest

from tests.support.agent_client import RestClient
from tests.support.running_server import RunningServer

FRAMINGS = {
    "length_and_pieces": "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "negative": "Content-Length: -5",
    "two_lengths": "Content-Length: 5\r\nContent-Length: 6",
    "no_number": "Content-Length: 5x",
}
HOSTILE = {
    "new_line": "a\nWARNING forged: all is well",
    "return": "a\r\nSet-Cookie: forged=1",
    "ansi": "a\x1b[2J\x1b[31mred",
    "link": "a\x1b]8;;http://example.invalid\x07here\x1b]8;;\x07",
    "right_to_left": "a\u202egnp.exe",
}


async def _response(server: Any, request: bytes) -> bytes:
    """All that is answered until the connection is closed, or 64 kB."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(65_536), 20)
    finally:
        writer.close()


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS.keys())
async def test_H17_a_body_whose_length_is_in_doubt_is_not_read(
    rest: RestClient, jp_serverapp: Any, framing: str
) -> None:
    head = (
        f"POST {jp_serverapp.base_url}api/agent/quick HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    )
    head += f"Authorization: token {jp_serverapp.identity_provider.token}\r\n{framing}\r\n\r\n"
    answer = await _response(jp_serverapp, head.encode() + b'{"query": "x"}')
    assert not answer or b" 400 " in answer.partition(b"\r\n")[0]
    assert (await rest.ask("x")).status == 200


async def test_S2_an_address_that_is_not_utf8_is_bad_input(
    rest: RestClient, jp_serverapp: Any, caplog: pytest.LogCaptureFixture
) -> None:
    token = jp_serverapp.identity_provider.token
    places = {"session_id": "sessions/%ff", "name": "kernels/k/variables/a%ffb", "q": "sessions?q=%ff", "": "mcp%ff"}
    for name, path in places.items():
        mark = "&" if "?" in path else "?"
        head = f"GET {jp_serverapp.base_url}api/agent/{path}{mark}token={token} HTTP/1.1\r\nHost: localhost\r\n"
        answer = await _response(jp_serverapp, f"{head}Connection: close\r\n\r\n".encode())
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert body["code"] == ("bad_request" if name else "not_found")
        assert body["message"] == f"'{name}' is not valid UTF-8." or not name
        stranger = f"{head}Connection: close\r\n\r\n".replace(token, "%ff").encode()
        assert (await _response(jp_serverapp, stranger)).startswith(b"HTTP/1.1 403 ")
    assert token not in caplog.text


@pytest.mark.parametrize("where", ["address", "header"])
async def test_H19_a_line_that_is_too_long_ends_its_connection_only(
    rest: RestClient, jp_serverapp: Any, where: str
) -> None:
    path, header = ("x" * 70_000, "") if where == "address" else ("", f"X-Long: {'x' * 70_000}\r\n")
    request = f"GET {jp_serverapp.base_url}api/agent/models?{path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n"
    answer = await _response(jp_serverapp, request.encode())
    assert not answer or re.match(rb"HTTP/1.1 (400|403|414|431) ", answer)
    assert (await rest.ask("x")).status == 200


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_H28_H29_what_is_sent_makes_neither_headers_nor_lines_of_the_log(
    rest: RestClient, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        replies = [
            await rest("POST", "api/agent/quick", {"query": text, text: 1}),
            await rest("POST", "api/agent/quick", {"query": text, "turn_id": text}),
            await rest("POST", "api/agent/quick", {"query": text, "context": {"session_id": text}}),
            await rest.ask(text, {"notebook_id": f"{text}.ipynb"}),
            await rest("GET", "api/agent/sessions", q=text),
        ]
    assert max(reply.status for reply in replies) < 500
    headers = "\n".join(f"{name}: {value}" for reply in replies for name, value in reply.headers.get_all())
    assert "forged" not in headers
    assert not any(mark in headers for mark in ("\x1b", "\u202e", "\r"))
    ours = [
        record.getMessage()
        for record in caplog.records
        if "agent" in record.name or "agent" in record.pathname.rpartition("/")[0]
    ]
    assert not any(mark in line for line in ours for mark in ("\n", "\r", "\x1b", "\u202e"))


SURROUNDINGS = {
    "development": {"PYTHONDEVMODE": "1", "LANG": "C", "LC_ALL": "C"},
    "without_assertions": {"PYTHONOPTIMIZE": "1"},
    "home_is_no_folder": {"HOME": "/dev/null"},
}


@pytest.mark.parametrize("environment", SURROUNDINGS.values(), ids=SURROUNDINGS.keys())
async def test_M5_a_server_in_odd_surroundings_answers(tmp_path: Any, environment: dict[str, str]) -> None:
    server = RunningServer(tmp_path, {"JUPYTER_AGENT_MODEL": "offline", **environment})
    await server.start()
    try:
        status, answer = await server("POST", "api/agent/quick", {"query": "what can you do? 🦉"})
        assert (status, answer["finish_reason"]) == (200, "stop")
    finally:
        await server.end()
    assert "Traceback" not in server.log
