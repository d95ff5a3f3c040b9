"""Pictures over REST: sent with a question, of the page's cells, kept, exported, shared, and refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.support.agent_client import RestClient
from tests.support.fake_model_server import ModelServer, answered, plain
from tests.support.pictures import PLACE, encoded, jpeg, png

PLOT = {"media_type": "image/png", "data": encoded(png()), "name": "plot.png"}


@pytest.fixture
def jp_server_config(openai_config: dict[str, Any]) -> dict[str, Any]:
    return {**openai_config, "JupyterAgent": {**openai_config["JupyterAgent"], "context_tokens": 20_000}}


def shown(upstream: ModelServer, request: int = -1) -> list[str]:
    """The addresses of all pictures of a request."""
    contents = [message["content"] for message in upstream.asked[request].body["messages"]]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


async def test_a_picture_reaches_the_model_once_as_an_image(rest: RestClient, upstream: ModelServer) -> None:
    upstream.queue(answered("A line."))
    reply = await rest.ask("What is it?", {"session_id": "s1"}, pictures=[PLOT])
    assert (reply.status, reply.body["warnings"]) == (200, [])
    (address,) = shown(upstream)
    kind, _, data = address.partition(";base64,")
    assert kind == "data:image/png"
    assert PLACE not in base64.b64decode(data)
    assert json.dumps(upstream.asked[0].body).count(data) == 1
    await rest.ask("And its colour?", {"session_id": "s1"})
    assert shown(upstream) == []
    assert "is not sent again: plot.png (2 x 1 px" in json.dumps(upstream.asked[1].body)


async def test_it_is_in_the_history_and_is_asked_again_with_its_question(
    rest: RestClient, upstream: ModelServer
) -> None:
    upstream.queue(answered("A line."))
    await rest.ask("What is it?", {"session_id": "s1"}, pictures=[PLOT])
    described = (await rest("GET", "api/agent/sessions/s1/history")).body["history"][0]["pictures"]
    assert [entry["name"] for entry in described] == ["plot.png"]
    assert "data" not in described[0]
    history = (await rest("GET", "api/agent/sessions/s1/history", pictures="1")).body["history"]
    (kept,) = history[0]["pictures"]
    assert {name: kept[name] for name in ("name", "media_type", "width", "height")} == {
        "name": "plot.png", "media_type": "image/png", "width": 2, "height": 1,
    }  # fmt: skip
    assert shown(upstream) == [f"data:image/png;base64,{kept['data']}"]
    assert "pictures" not in history[1]
    assert (await rest("POST", "api/agent/sessions/s1/replay", {})).status == 201
    assert shown(upstream) == [f"data:image/png;base64,{kept['data']}"]


async def test_exports_carry_it_and_who_gets_it_shared_learns_that_it_was_there(
    rest: RestClient, upstream: ModelServer
) -> None:
    upstream.queue(answered("A line."))
    await rest.ask("What is it?", {"session_id": "s1"}, pictures=[PLOT])
    data = shown(upstream)[0].partition(";base64,")[2]
    path = "api/agent/sessions/s1"
    exported = json.loads((await rest("GET", f"{path}/export", format="json")).text)
    assert exported["turns"][0]["extra"]["pictures"][0]["data"] == data
    markdown = (await rest("GET", f"{path}/export", format="md")).text
    assert "> *Picture: plot.png (2 x 1 px, PNG, 1 KiB)*" in markdown
    assert data not in markdown
    notebook = json.loads((await rest("GET", f"{path}/export", format="ipynb")).text)
    assert notebook["cells"][1]["attachments"] == {"picture-1.png": {"image/png": data}}
    assert "(attachment:picture-1.png)" in "".join(notebook["cells"][1]["source"])
    exported["session"]["id"] = "s2"
    exported["turns"][0]["extra"]["pictures"].append({"media_type": "image/svg+xml", "data": encoded(b"<svg/>")})
    assert (await rest("POST", "api/agent/sessions/import", exported)).status == 201
    entries = (await rest("GET", "api/agent/sessions/s2/history", pictures="1")).body["history"][0]["pictures"]
    assert [entry.get("data") for entry in entries] == [data]
    secret = (await rest("POST", f"{path}/share", {"mode": "copy"})).body["secret"]
    for method, address in (("GET", f"api/agent/shared/{secret}"), ("POST", f"api/agent/shared/{secret}/copy")):
        reply = await rest(method, address)
        assert data not in reply.text
        if method == "GET":
            assert reply.body["history"][0]["pictures"][0]["name"] == "plot.png"
        else:
            copied = await rest("GET", f"api/agent/sessions/{reply.body['session_id']}/history", pictures="1")
            assert data not in copied.text


async def test_what_will_be_sent_names_it(rest: RestClient, upstream: ModelServer) -> None:
    body = {"query": "What is it?", "context": {}, "pictures": [PLOT]}
    preview = (await rest("POST", "api/agent/context", body)).body
    assert preview["messages"][-1]["pictures"][0]["name"] == "plot.png"
    assert preview["tokens"]["pictures"] == 1_000
    assert PLOT["data"] not in json.dumps(preview)
    assert upstream.asked == []


async def test_a_model_that_does_not_see_answers_without_and_the_user_learns_why(
    rest: RestClient, upstream: ModelServer
) -> None:
    upstream.queue(plain(400, {"error": {"message": "image_url is not supported by this model"}}), answered("No."))
    for number in range(2):
        reply = await rest.ask("What is it?", {"session_id": "s1"}, pictures=[PLOT])
        assert reply.status == 200
        assert ["does not see pictures" in warning for warning in reply.body["warnings"]] == [True]
        assert len(upstream.asked) == 2 + number
        assert "cannot see: plot.png (2 x 1 px" in json.dumps(upstream.asked[-1].body)


async def test_what_the_pages_cell_shows_goes_with_a_question_about_it(rest: RestClient, upstream: ModelServer) -> None:
    upstream.queue(answered("A line."))
    broken = {"media_type": "image/png", "data": "aGk="}
    cell = {"id": "c1", "kind": "code", "source": "draw()", "execution_count": 2, "output": "<Figure>", "error": ""}
    cells = [{**cell, "pictures": [broken, {**PLOT, "name": "<Figure>"}]}]
    context = {"notebook_id": "n.ipynb", "active_cell_id": "c1", "cells": cells}
    reply = await rest.ask("Why is the plot empty?", context)
    assert reply.status == 200
    assert len(shown(upstream)) == 1
    assert "output of In [2]: Figure (2 x 1 px" in json.dumps(upstream.asked[-1].body)


@pytest.mark.parametrize(
    ("pictures", "status", "words"),
    [
        ([{**PLOT, "data": "iQ=="}], 400, "no picture that models take"),
        ([{**PLOT, "data": "***"}], 400, "not Base64"),
        ([{**PLOT, "data": encoded(png(size=(30_000, 30_000)))}], 400, "30,000 x 30,000 pixels"),
        ([{**PLOT, "data": encoded(b"<svg><script>alert(1)</script></svg>")}], 400, "no picture that models take"),
        ([{**PLOT, "media_type": "image/svg+xml"}], 400, "media_type"),
        ([{**PLOT, "data": encoded(jpeg())}], 400, "is image/jpeg, but its media_type is image/png"),
        ([PLOT] * 6, 400, "pictures"),
        ([{**PLOT, "data": "https://pictures.example/x.png"}], 400, "not Base64"),
        ([{**PLOT, "url": "https://pictures.example/x.png"}], 400, "url"),
        ([{**PLOT, "data": encoded(png() + bytes(5 << 20))}], 413, "larger than 5 MiB"),
        ([{**PLOT, "data": encoded(png() + bytes(13 << 20))}], 413, "Send fewer or smaller pictures"),
    ],
)
async def test_H30_what_is_no_picture_is_refused_with_the_cure(
    rest: RestClient, upstream: ModelServer, pictures: list[Any], status: int, words: str
) -> None:
    reply = await rest.ask("What is it?", {"session_id": "s1"}, pictures=pictures)
    assert (reply.status, words in reply.body["message"]) == (status, True), reply.body
    assert upstream.asked == []
    assert (await rest("GET", "api/agent/sessions/s1")).status == 404


async def test_the_document_says_what_a_picture_is(rest: RestClient) -> None:
    document = (await rest("GET", "api/agent/openapi.json")).body
    described = document["components"]["schemas"]["PostedPicture"]["properties"]
    assert described["media_type"]["enum"] == ["image/gif", "image/jpeg", "image/png", "image/webp"]
    assert "5 MiB" in described["data"]["description"]
