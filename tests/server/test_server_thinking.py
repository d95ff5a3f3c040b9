"""What a model thinks is shown and goes back to it within the turn; nothing else gets it."""

from __future__ import annotations

import json
from typing import Any

from jupyter_agent.core.events import ModelFinished, TextDelta, ThinkingDelta
from jupyter_agent.core.messages import ToolCall
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script
from tests.support.fake_model_server import answered, running

SIGNATURE = {"extra_content": {"google": {"thought_signature": "c2lnbmVk"}}}
REASONING = {"reasoning_content": "secretly pondered"}
STEPS: list[Any] = [
    {
        "thinking": "secretly pondered:\n```python\ndf.pop('km')\n```",
        "text": "I look.",
        "calls": [{"name": "list_files", "arguments": {}, "extra": SIGNATURE}],
        "extra": REASONING,
    },
    {"thinking": "secretly pondered again", "text": "Use `df`."},
]


async def test_thinking_is_an_event_and_no_part_of_reply_code_history_export_or_completion(
    rest: RestClient, script: Script
) -> None:
    script(STEPS)
    events = await rest.stream("x", {"session_id": "s1"}).all()
    assert [name for name, _ in events if name not in ("usage", "tool_call", "tool_result")] == [
        "turn",
        "thinking",
        "text",
        "thinking",
        "text",
        "done",
    ]
    assert "".join(data["text"] for name, data in events if name == "thinking").endswith("secretly pondered again")
    done = events[-1][1]
    assert (done["reply"], done["code"]) == ("I look.\n\nUse `df`.", [])
    kept = [
        await rest("GET", "api/agent/sessions/s1/history"),
        *[await rest("GET", "api/agent/sessions/s1/export", format=kind) for kind in ("json", "md", "ipynb")],
        await rest("POST", "api/agent/v1/chat/completions", chat(stream=False)),
        await rest("POST", "api/agent/v1/chat/completions", chat(stream=True)),
    ]
    for reply in kept:
        assert "I look." in reply.text
        assert "pondered" not in reply.text
        assert "c2lnbmVk" not in reply.text


def chat(*, stream: bool) -> dict[str, Any]:
    return {"model": "jupyter-agent", "messages": [{"role": "user", "content": "x"}], "stream": stream}


async def test_what_a_provider_wants_back_goes_back_within_the_turn_and_not_later(
    rest: RestClient, script: Script, services: Services
) -> None:
    model = ScriptedModel(STEPS)
    services.assistant.resources.models[services.assistant.default_model] = model
    for query in ("first", "second"):
        assert (await rest("POST", "api/agent/quick", {"query": query, "context": {"session_id": "s1"}})).status == 200
    preview = await rest("POST", "api/agent/context", {"query": "third", "context": {"session_id": "s1"}})
    first, within, later, _ = [request.messages for request in model.requests]
    assert not any(message.extra for message in first)
    assert [message.extra for message in within if message.role == "assistant"] == [REASONING]
    assert [call.extra for message in within for call in message.tool_calls] == [SIGNATURE]
    assert any(message.tool_calls for message in later)
    assert not any(message.extra or any(call.extra for call in message.tool_calls) for message in later)
    assert "extra" not in preview.text


async def test_an_imported_conversation_brings_nothing_that_is_sent_back(rest: RestClient, services: Services) -> None:
    model = ScriptedModel(STEPS)
    services.assistant.resources.models[services.assistant.default_model] = model
    await rest("POST", "api/agent/quick", {"query": "first", "context": {"session_id": "s1"}})
    exported = json.loads((await rest("GET", "api/agent/sessions/s1/export", format="json")).text)
    messages = [message for turn in exported["turns"] for message in turn["messages"]]
    assert not any("extra" in fields for message in messages for fields in (message, *message["tool_calls"]))
    for message in messages:
        message["extra"] = REASONING
        for call in message["tool_calls"]:
            call["extra"] = SIGNATURE
    exported["session"]["id"] = "s2"
    imported = await rest("POST", "api/agent/sessions/import", exported)
    assert imported.status == 201, imported.text
    await rest("POST", "api/agent/quick", {"query": "more", "context": {"session_id": imported.body["session_id"]}})
    sent = model.requests[2].messages
    assert any(message.tool_calls for message in sent)
    assert not any(message.extra or any(call.extra for call in message.tool_calls) for message in sent)


async def test_a_secret_is_withheld_from_thinking_though_it_comes_in_pieces(
    rest: RestClient, services: Services
) -> None:
    class Thinker(ScriptedModel):
        async def stream(self, *given: Any, **more: Any) -> Any:
            for text in ("the key is sk-", "abcdefghijklmnopqrstuv", "wxyz0123456789ABCD ok"):
                yield ThinkingDelta(text)
            yield TextDelta("Done.")
            yield ToolCall("c1", "list_files", "{}")
            yield ModelFinished("stop")

    services.assistant.resources.models[services.assistant.default_model] = Thinker([])
    events = await rest.stream("x", {"session_id": "s1"}).all()
    thought = "".join(data["text"] for name, data in events if name == "thinking")
    assert thought.startswith("the key is [")
    assert "0123456789" not in thought


async def test_text_that_was_thinking_is_taken_back_everywhere(rest: RestClient, services: Services) -> None:
    class Thinker(ScriptedModel):
        async def stream(self, *given: Any, **more: Any) -> Any:
            for text in ("I wonder:\n```python\ndf.pop('km')\n```\n", "No, "):
                yield TextDelta(text)
            yield ThinkingDelta("I answer.", replaces_text=True)
            yield TextDelta("Two rows.")
            yield ModelFinished("stop")

    services.assistant.resources.models[services.assistant.default_model] = Thinker([])
    events = await rest.stream("x", {"session_id": "s1"}).all()
    done = events[-1][1]
    assert (done["reply"], done["code"]) == ("Two rows.", [])
    assert [data["replaces_text"] for name, data in events if name == "thinking"] == [True]
    history = await rest("GET", "api/agent/sessions/s1/history")
    assert "wonder" not in history.text
    chat_reply = await rest("POST", "api/agent/v1/chat/completions", chat(stream=False))
    assert chat_reply.body["choices"][0]["message"]["content"] == "Two rows."


async def test_a_completion_and_an_answer_of_a_thinking_model_hold_only_what_follows_its_thoughts(
    rest: RestClient, services: Services
) -> None:
    cursor = {"prefix": "df.", "suffix": "", "language": "python"}
    async with running() as server:
        model = OpenAIModel("m", Connection(server.base_url))
        services.assistant.resources.models[services.assistant.default_model] = model
        server.queue(
            answered("<think>\nlongest?\n</think>\n\n", "Sure:\n```python\ndf.km.max()\n```\nThat gives the longest."),
            answered("<thi", "nk>secretly pondered</think>", "Two rows."),
        )
        completed = await rest("POST", "api/agent/complete", cursor)
        events = await rest.stream("x", {"session_id": "s1"}).all()
        await rest.ask("y", {"session_id": "s1"})
        await model.close()
    assert completed.body["completion"] == "km.max()"
    assert "".join(data["text"] for name, data in events if name == "thinking") == "secretly pondered"
    assert events[-1][1]["reply"] == "Two rows."
    assert "pondered" not in json.dumps(server.asked[-1].body)
