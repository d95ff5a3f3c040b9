"""What administrators see: audit events, figures and spans, none of them with what was asked or answered."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from prometheus_client import REGISTRY

from jupyter_agent.core.errors import StoreUnavailable
from jupyter_agent.server import metrics, tracing
from jupyter_agent.server.audit import SCHEMAS, Audit, schema_id
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script

SECRET = "WHATWASASKED"
RUN = {
    "calls": [{"name": "run_code", "arguments": {"code": f"'{SECRET}'"}}, {"name": "nobody_has_this", "arguments": {}}]
}
Events = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def events(services: Services, jp_serverapp: Any) -> Events:
    """The audit events, as a listener of an administrator's gets them."""
    heard: Events = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        heard.append((schema_id.split("/")[-2], data))

    for path in SCHEMAS.glob("*.yaml"):
        jp_serverapp.event_logger.add_listener(schema_id=schema_id(path.stem), listener=listen)  # type: ignore[arg-type]
    return heard


async def _answered(rest: RestClient, decision: str = "deny") -> list[tuple[str, Any]]:
    asked = rest.stream(SECRET, {"session_id": "s1", "notebook_id": "a.ipynb"}, turn_id="t1")
    approval = await asked.until("approval")
    path = f"api/agent/turns/t1/actions/{approval['call_id']}"
    reply = await rest("POST", path, {"decision": decision, "digest": approval["digest"]})
    assert reply.status == 200
    return await asked.all()


async def test_a_turn_is_audited_with_its_calls_and_approvals_and_without_its_texts(
    rest: RestClient, script: Script, events: Events, jp_serverapp: Any
) -> None:
    script([{"text": "I look.", **RUN}, {"text": SECRET}])
    await _answered(rest)
    await jp_serverapp.event_logger.gather_listeners()
    assert [(kind, data.get("action"), data.get("status")) for kind, data in events] == [
        ("turn", "begun", None),
        ("approval", "asked", None),
        ("approval", "answered", None),
        ("tool", None, "denied"),
        ("tool", None, "failed"),
        ("turn", "ended", "done"),
    ]
    for _, data in events:
        assert (data["owner"], data["by"], data["turn_id"], data["notebook_id"]) == ("local", "local", "t1", "a.ipynb")
        assert data["request_id"]
    ended = events[-1][1]
    assert ended["tool_calls"] == 2
    assert ended["seconds"] >= ended["first_token_seconds"] >= 0
    assert events[2][1]["decision"] == "deny"
    assert SECRET not in json.dumps(events)


class TestContent:
    """A server whose administrator wants texts too."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        return {**jp_server_config, "JupyterAgent": {**jp_server_config["JupyterAgent"], "audit_content": True}}

    async def test_texts_are_in_the_events_and_secrets_are_not(
        self, rest: RestClient, script: Script, events: Events, jp_serverapp: Any
    ) -> None:
        key = "sk-proj-" + "a1B2" * 11
        script([{"text": f"It is {key}."}])
        await rest.ask(f"{SECRET} {key}")
        await rest("PUT", "api/agent/settings", {"settings": {"context_tokens": 900}, "keys": {"openrouter": key}})
        await jp_serverapp.event_logger.gather_listeners()
        texts = json.dumps(events)
        assert SECRET in texts
        assert key not in texts
        settings = [(data["name"], data.get("content")) for kind, data in events if kind == "setting"]
        assert settings == [("context_tokens", {"value": 900}), ("OPENROUTER_API_KEY", None)]


async def test_what_is_done_with_a_conversation_as_a_whole_is_audited(
    rest: RestClient, events: Events, jp_serverapp: Any
) -> None:
    await rest.ask("x", {"session_id": "s1"})
    secret = (await rest("POST", "api/agent/sessions/s1/share", {"mode": "copy"})).body["secret"]
    await rest("GET", f"api/agent/shared/{secret}")
    await rest("POST", f"api/agent/shared/{secret}/copy")
    await rest("DELETE", "api/agent/sessions/s1/share")
    exported = await rest("GET", "api/agent/sessions/s1/export")
    await rest("DELETE", "api/sessions/s1")
    assert (await rest("POST", "api/agent/sessions/s1/restore")).status == 200
    await rest("DELETE", "api/agent/sessions/s1")
    await rest("POST", "api/agent/sessions/import", exported.body)
    await rest("POST", "api/agent/sessions/cleanup")
    await jp_serverapp.event_logger.gather_listeners()
    actions = [data["action"] for kind, data in events if kind == "session"]
    wanted = [
        "shared",
        "read_shared",
        "copied",
        "unshared",
        "exported",
        "deleted",
        "restored",
        "deleted",
        "imported",
        "cleaned_up",
    ]
    assert actions == wanted
    assert secret not in json.dumps(events)


async def test_what_is_refused_is_audited(
    rest: RestClient, services: Services, events: Events, jp_serverapp: Any
) -> None:
    services.options.locked_settings = ["model"]
    assert (await rest("PUT", "api/agent/settings", {"settings": {"model": "offline"}})).status == 403
    services.audit.refused("forbidden", owner="ann", by="ann", what="model")
    await jp_serverapp.event_logger.gather_listeners()
    refused = [data for kind, data in events if kind == "policy"]
    assert [(data["code"], data["owner"]) for data in refused] == [("forbidden", "local"), ("forbidden", "ann")]
    assert refused[0]["route"] == "/api/agent/settings"


async def test_what_jupyters_authorizer_refuses_is_audited(
    rest: RestClient, events: Events, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jp_serverapp.authorizer, "is_authorized", lambda handler, user, action, resource: False)
    assert (await rest("GET", "api/agent/sessions")).status == 403
    await jp_serverapp.event_logger.gather_listeners()
    refused = [
        (data["code"], data["owner"], data["route"], data["method"]) for kind, data in events if kind == "policy"
    ]
    assert refused == [("forbidden", "local", "/api/agent/sessions", "get")]


def test_an_event_logger_that_fails_keeps_nobody_from_anything() -> None:
    class Failing:
        def register_event_schema(self, schema: Any) -> None:
            assert schema.is_file()

        def emit(self, **event: Any) -> None:
            raise RuntimeError("disk full")

    Audit(Failing()).emit("turn", action="begun", owner="ann")


def _value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_P7_turns_calls_tokens_and_the_store_are_counted(
    rest: RestClient, script: Script, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[str, dict[str, str]]] = [
        ("jupyter_agent_turns_total", {"status": "done"}),
        ("jupyter_agent_first_token_seconds_count", {}),
        ("jupyter_agent_tokens_total", {"model": "scripted", "direction": "input"}),
        ("jupyter_agent_tool_calls_total", {"tool": "run_code", "status": "denied"}),
        ("jupyter_agent_tool_calls_total", {"tool": "other", "status": "failed"}),
        ("jupyter_agent_approvals_total", {"decision": "deny"}),
        ("jupyter_agent_store_seconds_count", {"operation": "commit"}),
    ]
    before = [_value(name, **labels) for name, labels in counted]
    script([RUN, {"text": "Said."}])
    await _answered(rest)
    after = [_value(name, **labels) for name, labels in counted]
    assert [new > old for new, old in zip(after, before, strict=True)] == [True] * len(counted)
    assert _value("jupyter_agent_tool_calls_total", tool="nobody_has_this", status="failed") == 0

    async def unavailable(*args: Any, **kwargs: Any) -> Any:
        raise StoreUnavailable("It is gone.")

    errors = _value("jupyter_agent_store_errors_total", operation="find", code="store_unavailable")
    store: Any = services.assistant.sessions.store
    monkeypatch.setattr(store, "find", metrics._measured("find", unavailable))
    assert (await rest("GET", "api/agent/sessions")).status == 503
    assert _value("jupyter_agent_store_errors_total", operation="find", code="store_unavailable") == errors + 1


async def test_P7_tokens_at_the_cursor_are_counted_too(rest: RestClient, script: Script) -> None:
    script([{"text": "df.head()", "usage": {"input_tokens": 40, "output_tokens": 4}}])
    counted = {"input": 40, "output": 4}
    before = {name: _value("jupyter_agent_tokens_total", model="scripted", direction=name) for name in counted}
    assert (await rest("POST", "api/agent/complete", {"prefix": "x = "})).status == 200
    after = {name: _value("jupyter_agent_tokens_total", model="scripted", direction=name) for name in counted}
    assert all(after[name] > before[name] for name in counted)


def test_P7_a_label_has_a_bounded_number_of_values() -> None:
    label = metrics.BoundedLabel(3)
    assert [label(name) for name in ("a", "b", "c", "d", "a", "x" * 200)] == ["a", "b", "c", "other", "a", "other"]
    assert metrics.BoundedLabel()("a\nb") == "other"


async def test_spans_follow_the_conventions_and_have_no_content(
    rest: RestClient, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", lambda: provider.get_tracer("test"))
    script([RUN, {"text": SECRET}])
    await _answered(rest)
    await asyncio.sleep(0)
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == [
        "chat scripted",
        "execute_tool run_code",
        "execute_tool nobody_has_this",
        "chat scripted",
        "invoke_agent jupyter-agent",
    ]
    whole = spans[-1]
    assert {span.parent.span_id for span in spans[:-1] if span.parent} == {whole.context.span_id}
    assert whole.attributes is not None
    assert whole.attributes["gen_ai.conversation.id"] == "s1"
    counts: list[Any] = [dict(span.attributes or {}).get("gen_ai.usage.input_tokens", 0) for span in spans[:-1]]
    assert whole.attributes["gen_ai.usage.input_tokens"] == sum(counts)
    assert spans[1].attributes is not None
    assert spans[1].attributes["error.type"] == "denied"
    assert all(span.start_time <= span.end_time for span in spans if span.start_time and span.end_time)
    assert SECRET not in "".join(span.to_json() for span in spans)
    provider.shutdown()


def test_spans_of_requests_name_the_provider_and_one_that_failed_has_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", lambda: provider.get_tracer("test"))
    turn = tracing.TurnSpans()
    turn.begin("openai:gpt", "s1")
    turn.end("upstream_timeout")
    chat, whole = exporter.get_finished_spans()
    assert (chat.name, chat.kind.name, whole.kind.name) == ("chat gpt", "CLIENT", "INTERNAL")
    assert chat.attributes is not None
    assert chat.attributes["error.type"] == "upstream_timeout"
    assert chat.attributes["gen_ai.provider.name"] == "openai"
    provider.shutdown()


def test_nothing_of_opentelemetry_is_imported_without_its_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "find_spec", lambda name: None)
    tracing.tracer.cache_clear()
    try:
        spans = tracing.TurnSpans()
        spans.begin("m", "s1")
        spans.answered(1, 2)
        spans.tool_began("c1", "x")
        spans.tool_ended("c1", "")
        spans.end("")
        assert tracing.tracer() is None
    finally:
        tracing.tracer.cache_clear()
