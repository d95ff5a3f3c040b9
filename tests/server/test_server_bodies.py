"""Bodies of requests that do not follow the contract."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_agent.core.errors import AgentError
from jupyter_agent.server import base_handler, bodies
from jupyter_agent.server.openapi.operations import OPERATIONS
from jupyter_agent.server.openapi.validation import check_body
from tests.support.agent_client import RestClient
from tests.support.json_values import JSON_VALUES

QUICK = "api/agent/quick"
BAD_BODIES = {
    "H1_empty": b"",
    "H1_blank": b"  \n",
    "H2_null": b"null",
    "H2_list": b"[]",
    "H2_number": b"5",
    "H2_text": b'"x"',
    "H2_true": b"true",
    "H3_truncated": b'{"query":',
    "H3_byte_order_mark": b'\xef\xbb\xbf{"query":"x"}',
    "H3_trailing": b'{"query":"x"} garbage',
    "H3_two_documents": b'{"query":"x"}{"query":"y"}',
    "H4_not_utf8": b'{"query":"\xff"}',
    "H4_overlong": b'{"query":"\xc0\xaf"}',
    "H4_cesu": b'{"query":"\xed\xa0\x81\xed\xb0\x80"}',
    "H4_utf16": '{"query":"x"}'.encode("utf-16"),
    "H4_utf32": '{"query":"x"}'.encode("utf-32"),
    "H5_surrogate_in_an_id": b'{"query":"x","turn_id":"\\ud800"}',
    "H6_nul_in_an_id": b'{"query":"x","context":{"session_id":"a\\u0000"}}',
    "H6_nul_in_a_path": b'{"query":"x","context":{"notebook_id":"a\\u0000.ipynb"}}',
    "H7_nan": b'{"query":"x","budget":{"deadline_seconds":NaN}}',
    "H7_infinity": b'{"query":"x","budget":{"deadline_seconds":Infinity}}',
    "H7_too_large": b'{"query":"x","budget":{"deadline_seconds":1e400}}',
    "H8_many_digits": b'{"query":"x","budget":{"max_steps":' + b"9" * 5000 + b"}}",
    "H9_65_levels": b'{"query":"x","context":' + b"[" * 65 + b"]" * 65 + b"}",
    "H9_100000_levels": b"[" * 100_000,
    "H10_key_twice": b'{"query":"x","query":"y"}',
    "H11_unknown_key": b'{"query":"x","qeury":"y"}',
    "H11_prototype": b'{"query":"x","__proto__":{}}',
    "H14_many_entries": b'{"query":"x","context":{"cells":[' + b",".join([b"1"] * 100_000) + b"]}}",
    "H14_many_keys": json.dumps(
        {"query": "x", "context": {"variables": dict.fromkeys(map(str, range(100_000)), "")}}
    ).encode(),
    "no_query": b"{}",
    "blank_query": b'{"query":" \\n"}',
    "S18_history_from_the_client": b'{"query":"x","messages":[{"role":"system","content":"y"}]}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_H1_H2_H3_H4_H7_H8_H9_H10_H14_a_body_that_is_not_plain_json_is_bad_input(
    rest: RestClient, body: bytes
) -> None:
    reply = await rest("POST", QUICK, body, {"Content-Type": "application/json"})
    assert (reply.status, reply.body["code"]) == (400, "bad_request")
    assert set(reply.body) == {"message", "code", "retryable", "request_id"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("query", 5),
        ("query", None),
        ("context", "x"),
        ("context.notebook_id", 5),
        ("context.session_id", "../x"),
        ("context.session_id", "é"),
        ("context.kernel_id", ["x"]),
        ("context.variables", ["df"]),
        ("context.variables.df", 5),
        ("context.cell_count", -1),
        ("context.cells", {}),
        ("context.cells[0].kind", "sql"),
        ("context.cells[0].source", None),
        ("model", "a\x07b"),
        ("stream", "yes"),
        ("turn_id", "a/b"),
        ("approval", "always"),
        ("budget", 5),
        ("budget.deadline_seconds", 0),
        ("budget.max_steps", 1.5),
        ("run", "server"),
    ],
)
async def test_H12_a_wrong_type_is_bad_input_and_the_field_is_named(rest: RestClient, field: str, value: Any) -> None:
    cell = {"id": "c", "kind": "code", "source": ""}
    body: dict[str, Any] = {"query": "x", "context": {"variables": {}, "cells": [cell]}, "budget": {}}
    inner: Any = body
    *way, last = field.replace("[0]", ".0").split(".")
    for step in way:
        inner = inner[int(step)] if step == "0" else inner[step]
    inner[last] = value
    reply = await rest("POST", QUICK, body)
    assert reply.status == 400
    assert reply.body["message"].startswith(f"'{field}' ")


async def test_H11_an_unknown_field_is_named(rest: RestClient) -> None:
    reply = await rest("POST", QUICK, {"query": "x", "qeury": "y"})
    assert '"qeury"' in reply.body["message"]


async def test_H5_H6_text_is_cleaned_of_what_no_store_can_keep(rest: RestClient) -> None:
    body = b'{"query":"a\\ud800b\\u0000c","context":{"session_id":"s1"}}'
    assert (await rest("POST", QUICK, body, {"Content-Type": "application/json"})).status == 200
    history = await rest("GET", "api/sessions/s1/history")
    assert history.body["history"][0]["content"] == "a\ufffdb\ufffdc"


async def test_H13_a_long_question_is_too_large(rest: RestClient) -> None:
    reply = await rest.ask("x" * (1024 * 1024 + 1))
    assert (reply.status, reply.body["code"]) == (413, "too_large")


async def test_H13_a_body_that_declares_too_much_is_refused_before_it_is_sent(
    rest: RestClient, jp_serverapp: Any
) -> None:
    status, sent = await _raw(jp_serverapp, "Content-Length: 2000000000")
    assert b" 413 " in status
    assert b'"code":"too_large"' in sent


async def test_H13_a_stranger_is_refused_before_the_body_is_read(rest: RestClient, jp_serverapp: Any) -> None:
    status, _ = await _raw(jp_serverapp, "Content-Length: 8000000", token="wrong")
    assert b" 403 " in status


async def test_H13_a_body_in_pieces_is_counted(rest: RestClient, jp_serverapp: Any) -> None:
    piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    status, _ = await _raw(jp_serverapp, "Transfer-Encoding: chunked", piece * 17 + b"0\r\n\r\n")
    assert b" 413 " in status


async def test_H18_a_body_that_does_not_come_is_not_waited_for(
    rest: RestClient, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_handler, "BODY_SECONDS", 0.2)
    with pytest.raises(asyncio.IncompleteReadError):
        await _raw(jp_serverapp, "Content-Length: 100", b'{"query"')
    assert (await rest.ask("x")).status == 200


async def _raw(server: Any, header: str, body: bytes = b"", token: str = "") -> tuple[bytes, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"POST {server.base_url}api/agent/quick HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Authorization: token {token or server.identity_provider.token}\r\n{header}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 20)
    finally:
        writer.close()
    return answer.partition(b"\r\n")[0], answer


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "application/json; charset=latin-1",
    ],
)
async def test_H15_what_is_not_called_json_is_unsupported(rest: RestClient, kind: str) -> None:
    reply = await rest("POST", QUICK, b'{"query":"x"}', {"Content-Type": kind})
    assert (reply.status, reply.body["code"]) == (415, "unsupported_media")
    assert "application/json" in reply.body["message"]


async def test_H16_a_compressed_body_is_not_expanded(rest: RestClient) -> None:
    body = gzip.compress(b'{"query":"' + b" " * 1_000_000 + b'"}')
    reply = await rest("POST", QUICK, body, {"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert reply.status == 415


async def test_a_body_with_many_cells_is_taken(rest: RestClient) -> None:
    cells = [{"id": f"c{number}", "kind": "code", "source": "x = 1\n" * 100} for number in range(1000)]
    assert (await rest.ask("x", {"notebook_id": "a.ipynb", "cells": cells})).status == 200


FIELDS = ["query", "context", "model", "stream", "turn_id", "approval", "budget", "run", "extra"]
CONTEXT_FIELDS = ["notebook_id", "session_id", "kernel_id", "variables", "cell_count", "active_cell_id", "cells"]
CONTEXTS = st.dictionaries(st.sampled_from(CONTEXT_FIELDS), JSON_VALUES, max_size=3)
BODIES = st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES | CONTEXTS, max_size=4).map(
    lambda body: {"query": "x", **body}
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_H12_no_body_makes_an_error_of_the_server(
    rest: RestClient, jp_asyncio_loop: asyncio.AbstractEventLoop, body: Any
) -> None:
    reply = jp_asyncio_loop.run_until_complete(
        rest("POST", QUICK, json.dumps(body).encode(), {"Content-Type": "application/json"})
    )
    assert reply.status in (200, 400, 404, 409, 413)


@given(st.binary(max_size=200) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_H12_any_bytes_are_understood_or_refused_in_words(body: bytes) -> None:
    refused = None
    try:
        check_body("/api/agent/quick", "post", bodies.parse(body))
    except AgentError as error:
        refused = error
    assert refused is None or (refused.status in (400, 413) and refused.message.endswith("."))


async def test_H12_a_parameter_of_the_query_is_checked_although_nothing_would_be_done_with_it(rest: RestClient) -> None:
    await rest.ask("x", {"session_id": "s1"}, turn_id="t1")
    for template, methods in OPERATIONS.items():
        known = {
            "session_id": "s1",
            "turn_id": "t1",
            "kernel_id": "k",
            "name": "x",
            "secret": "x",
            "call_id": "c",
            "model": "m",
        }
        path = template.format(**known)
        for method, operation in methods.items():
            body = {"jsonrpc": "2.0", "method": "x"} if operation.body is not None else None
            for name in operation.query:
                reply = await rest(method.upper(), path, body, None, **{name: "\x01" * 5000})
                assert (template, method, name, reply.status) == (template, method, name, 400)
                assert reply.body["message"].startswith(f"'{name}' ")
