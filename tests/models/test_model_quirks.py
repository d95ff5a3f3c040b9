"""What real servers of models do, one quirk each: the right thing is shown, kept and sent on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.events import Done, Event, Failed, TextDelta, ThinkingDelta
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.question import Question
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from tests.support.fake_model_server import STREAM, answered, chunk, event, plain, refused, running
from tests.support.scripted_assistant import events_of

if TYPE_CHECKING:
    import asyncio

Body = dict[str, Any]
#: What a server answers: bytes as text, or what is made of the request.
Script = str | Callable[[Body], str]


class Recorder:
    """A tool that takes anything and keeps it."""

    effect = "read"

    def __init__(self, name: str) -> None:
        properties = {key: {"type": "string"} for key in ("name", "source", "path")}
        self.spec = ToolSpec(name, f"Does {name}.", {"type": "object", "properties": properties})
        self.given: list[Mapping[str, Any]] = []

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        self.given.append(arguments)
        return ToolOutput(f"{self.spec.name} has answered")


@dataclass(frozen=True)
class Quirk:
    """One way of a server, and what has to become of it.

    Attributes:
        name: Says it.
        script: The answers, one a request; the last is repeated.
        reply: All that is kept of the answer.
        thinking: All that is shown of thoughts.
        calls: Of tools, with their arguments.
        failure: Regular expression that the error's message matches; empty where there is none.
        requests: How many there are for the question.
        sent: Whether the last request of the question is right.
        cached: Tokens that the server had in its cache.
    """

    name: str
    script: Sequence[Script]
    reply: str = ""
    thinking: str = ""
    calls: Sequence[tuple[str, Mapping[str, Any]]] = ()
    failure: str = ""
    requests: int = 0
    sent: Callable[[Body], bool] = lambda _: True
    cached: int = 0


def delta(**fields: Any) -> str:
    return chunk(**fields)


def stream(*events: str, finish: str | None = "stop") -> str:
    return STREAM + "".join(events) + (chunk(finish) if finish else "") + "data: [DONE]\n\n"


def call(name: str = "list_variables", arguments: Any = "{}", index: int = 0, **more: Any) -> Body:
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": f"c{index + 1}", "type": "function", "function": function, **more}


def calling(*calls: Body, finish: str = "tool_calls", **fields: Any) -> str:
    return stream(delta(role="assistant", **fields), *(delta(tool_calls=[made]) for made in calls), finish=finish)


def more_arguments(text: str, index: int = 0) -> str:
    return delta(tool_calls=[{"index": index, "function": {"arguments": text}}])


def has_result(body: Body) -> bool:
    return any(message["role"] == "tool" for message in body["messages"])


def assistants(body: Body) -> list[Body]:
    return [message for message in body["messages"] if message["role"] == "assistant"]


def wants(field: Callable[[Body], Any], first: str, then: str = "", refusal: str = "") -> Callable[[Body], str]:
    """A server that wants something back: of the message that called."""

    def answer(body: Body) -> str:
        if not has_result(body):
            return first
        sent = next(message for message in assistants(body) if message.get("tool_calls"))
        return (then or answered("two variables")) if field(sent) else refusal or refused(400, "something is missing")

    return answer


def with_tools(first: str, then: str = "") -> Callable[[Body], str]:
    return lambda body: (then or answered("two variables")) if has_result(body) else first


def when(is_right: Callable[[Body], bool], refusal: str, then: str = "") -> Callable[[Body], str]:
    """A server that takes only some requests."""
    return lambda body: (then or answered("fine")) if is_right(body) else refusal


def no_system(body: Body) -> bool:
    return all(message["role"] != "system" for message in body["messages"])


SIGNATURE = {"google": {"thought_signature": "Qk0="}}
MISSING = plain(
    400,
    [{"error": {"code": 400, "message": "Function call is missing a thought_signature", "status": "INVALID_ARGUMENT"}}],
)
LIST: list[tuple[str, dict[str, Any]]] = [("list_variables", {})]
DF = [("inspect_variable", {"name": "df"})]
DRAFT = "<think>\nMaybe:\n```python\ndf.pop('km')\n```\nNo.\n</think>\n\n"
CODE = "Use:\n```python\ndf[['city']]\n```"
THOUGHT = "Maybe:\n```python\ndf.pop('km')\n```\nNo.\n"
DETAILS = [
    {"type": "reasoning.text", "text": "look ", "index": 0},
    {"type": "reasoning.text", "text": "first", "signature": "s", "index": 0},
]
NOTHING = "*The model gave no answer. Ask again, or choose another model.*"
ONLY_THOUGHT = "*The model thought about it, but gave no answer. Ask again, or choose another model.*"


def inspecting(name: str, *pieces: str, finish: str = "tool_calls", **expected: Any) -> Quirk:
    """A call whose arguments come in some form that is not as it should be."""
    first, *rest = pieces
    sent = stream(delta(tool_calls=[call("inspect_variable", first)]), *map(more_arguments, rest), finish=finish)
    return Quirk(name, [with_tools(sent)], **{"reply": "two variables", "calls": DF, **expected})


QUIRKS = [
    # What belongs to a thought or a call goes back
    Quirk(
        "gemini wants the signature of a call back",
        [
            wants(
                lambda sent: sent["tool_calls"][0].get("extra_content") == SIGNATURE,
                calling(call(extra_content=SIGNATURE)),
                refusal=MISSING,
            )
        ],
        "two variables",
        calls=LIST,
    ),
    Quirk(
        "a signature stands within the function",
        [
            wants(
                lambda sent: sent["tool_calls"][0]["function"].get("signature") == "Qk0=",
                calling(
                    {
                        "index": 0,
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "list_variables", "arguments": "{}", "signature": "Qk0="},
                    }
                ),
            )
        ],
        "two variables",
        calls=LIST,
    ),
    Quirk(
        "a signature comes after the call's name, in an event of its own",
        [
            wants(
                lambda sent: sent["tool_calls"][0].get("extra_content") == SIGNATURE,
                stream(
                    delta(tool_calls=[call()]),
                    delta(tool_calls=[{"index": 0, "extra_content": SIGNATURE}]),
                    finish="tool_calls",
                ),
            )
        ],
        "two variables",
        calls=LIST,
    ),
    Quirk(
        "only the first of two calls has a signature",
        [
            wants(
                lambda sent: ["extra_content" in made for made in sent["tool_calls"]] == [True, False],
                calling(call(extra_content=SIGNATURE), call("inspect_variable", '{"name": "df"}', 1)),
            )
        ],
        "two variables",
        calls=[*LIST, *DF],
    ),
    Quirk(
        "deepseek wants the reasoning of a calling message back",
        [
            wants(
                lambda sent: sent.get("reasoning_content") == "look first",
                calling(call(), reasoning_content="look first"),
                refusal=refused(400, "reasoning_content is missing in assistant message 2"),
            )
        ],
        "two variables",
        "look first",
        LIST,
    ),
    Quirk(
        "reasoning comes in pieces and goes back whole",
        [
            wants(
                lambda sent: sent.get("reasoning_content") == "look first",
                stream(
                    delta(reasoning_content="look "),
                    delta(reasoning_content="first"),
                    delta(tool_calls=[call()]),
                    finish="tool_calls",
                ),
            )
        ],
        "two variables",
        "look first",
        LIST,
    ),
    Quirk(
        "a router wants its reasoning details back",
        [
            wants(
                lambda sent: (
                    sent.get("reasoning_details")
                    == [{"type": "reasoning.text", "text": "look first", "signature": "s", "index": 0}]
                ),
                stream(
                    *(delta(reasoning=detail["text"], reasoning_details=[detail]) for detail in DETAILS),
                    delta(tool_calls=[call()]),
                    finish="tool_calls",
                ),
            )
        ],
        "two variables",
        "look first",
        LIST,
    ),
    Quirk(
        "a server sends reasoning and does not take it back",
        [
            lambda body: (
                answered("two variables")
                if has_result(body) and not any("reasoning" in sent for sent in assistants(body))
                else refused(400, "Extra inputs are not permitted, field: 'messages[2].reasoning'")
                if has_result(body)
                else calling(call(), reasoning="look first")
            )
        ],
        "two variables",
        "look first",
        LIST,
        requests=3,
    ),
    Quirk("thoughts before the answer", [answered(DRAFT, CODE)], CODE, THOUGHT),
    Quirk("thoughts, cut anywhere", [answered(*(DRAFT + CODE))], CODE, THOUGHT),
    Quirk("thoughts that nothing opens", [answered(DRAFT.removeprefix("<think>"), CODE)], CODE, THOUGHT),
    Quirk(
        "thoughts that nothing opens, cut anywhere", [answered(*(DRAFT.removeprefix("<think>") + CODE))], CODE, THOUGHT
    ),
    Quirk("no thoughts in their tags", [answered("<think>\n\n</think>\n\n", "fine")], "fine"),
    Quirk("thoughts in a family's own tags", [answered("<thought>hm</thought>", "fine")], "fine", "hm"),
    Quirk("thoughts in square brackets", [answered("[THINK]hm[/THI", "NK]fine")], "fine", "hm"),
    *(
        Quirk(f"thoughts in <{name}>, {how}", [answered(*pieces)], "fine", "hm\n")
        for name in ("THINK", "Thinking", "ThOuGhT", "REASONING", "reasoning", "seed:THINK")
        for how, pieces in (
            ("whole", (f"<{name}>\nhm\n</{name}>\n\nfine",)),
            ("cut anywhere", tuple(f"<{name}>\nhm\n</{name.lower()}>\n\nfine")),
            ("with the answer in tags", (f"<{name}>\nhm\n</{name}>\n<ANSWER>\nfine</Answer>",)),
            ("with the answer in tags, cut anywhere", tuple(f"<{name}>\nhm\n</{name}>\n<answer>fine</ANSWER>")),
        )
    ),
    Quirk(
        "thoughts that are not ended before the answer", [answered(*"<think>\nhm\n<answer>fine</answer>")], "fine", "hm"
    ),
    Quirk("an answer whose tags are not closed", [answered(*"<Answer>\nfine")], "fine"),
    Quirk("an answer in tags after some words", [answered(*"Well.\n<answer>fine</answer>")], "Well.\nfine"),
    Quirk(
        "tags of an answer in code", [answered(*"```xml\n<answer>\n</answer>\n```")], "```xml\n<answer>\n</answer>\n```"
    ),
    Quirk(
        "tags of an answer that are spoken of",
        [answered("Write `<answer>` and </answer>.")],
        "Write `<answer>` and </answer>.",
    ),
    Quirk(
        "channels that the server does not read",
        [answered("<|channel|>analysis<|message|>hm<|end|>", "<|start|>assistant<|channel|>final<|message|>fine")],
        "fine",
        "hm",
    ),
    Quirk(
        "thoughts after the first words",
        [answered("Let me see.\n<think>\nhm\n</think>\n", "fine")],
        "Let me see.\nfine",
        "hm\n",
    ),
    Quirk(
        "a tag that is spoken of",
        [answered("It ends with `</think>`, then answers.")],
        "It ends with `</think>`, then answers.",
    ),
    Quirk("a tag in code", [answered("```html\n</think>\n```\n")], "```html\n</think>\n```\n"),
    Quirk(
        "thoughts in a field and in the text",
        [stream(delta(reasoning_content="hm"), delta(content="<think>hm</think>fine"))],
        "fine",
        "hmhm",
    ),
    Quirk(
        "thoughts under two names",
        [stream(delta(reasoning="hm", reasoning_content="hm"), delta(content="fine"))],
        "fine",
        "hm",
    ),
    Quirk(
        "thoughts as parts",
        [
            stream(
                delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]),
                delta(content=[{"type": "text", "text": "fine"}]),
            )
        ],
        "fine",
        "hm",
    ),
    Quirk(
        "thoughts before a call",
        [wants(lambda sent: "which" not in json.dumps(sent), calling(call(), content="<think>which?</think>"))],
        "two variables",
        "which?",
        LIST,
    ),
    # Nothing, or half of something
    Quirk(
        "only thoughts, once",
        [stream(delta(reasoning_content="hm"), delta(content="")), answered("fine")],
        "fine",
        "hm",
        requests=2,
    ),
    Quirk(
        "only thoughts, for good",
        [stream(delta(reasoning_content="hm"), delta(content=""))],
        ONLY_THOUGHT,
        "hmhm",
        requests=2,
    ),
    Quirk(
        "an emoji in halves, in a thought that goes back",
        [
            wants(
                lambda sent: sent.get("reasoning_content") == "look \U0001f440",
                stream(
                    delta(role="assistant", reasoning_content="look \ud83d"),
                    delta(reasoning_content="\udc40"),
                    delta(tool_calls=[call()]),
                    finish="tool_calls",
                ),
            )
        ],
        "two variables",
        "look \U0001f440",
        LIST,
    ),
    inspecting("no arguments at all, in words", "null", calls=[("inspect_variable", {})]),
    Quirk(
        "usage within the choice",
        [
            STREAM
            + delta(content="fine")
            + event(
                {
                    "choices": [
                        {
                            "index": 0,
                            "delta": {},
                            "finish_reason": "stop",
                            "usage": {"prompt_tokens": 9, "completion_tokens": 2, "cached_tokens": 7},
                        }
                    ]
                }
            )
        ],
        "fine",
        cached=7,
    ),
    Quirk("only thoughts in the text", [answered("<think>hm</think>")], ONLY_THOUGHT, "hmhm", requests=2),
    Quirk(
        "thoughts up to the length limit",
        [stream(delta(content="<think>hm"), finish="length")],
        ONLY_THOUGHT,
        "hmhm",
        requests=2,
    ),
    Quirk("nothing at all", [answered()], NOTHING, requests=2),
    Quirk("nothing but space", [answered("\n", " ")], NOTHING, requests=2),
    Quirk("calls that are said and not made", [stream(delta(tool_calls=[]), finish="tool_calls")], NOTHING, requests=2),
    Quirk(
        "the old form of a call",
        [
            with_tools(
                stream(
                    delta(content=None, function_call={"name": "list_variables", "arguments": "{}"}),
                    finish="function_call",
                )
            )
        ],
        "two variables",
        calls=LIST,
    ),
    Quirk(
        "the old form of a call in pieces",
        [
            with_tools(
                stream(
                    delta(function_call={"name": "inspect_variable", "arguments": ""}),
                    delta(function_call={"arguments": '{"name": '}),
                    delta(function_call={"arguments": '"df"}'}),
                    finish="function_call",
                )
            )
        ],
        "two variables",
        calls=DF,
    ),
    Quirk(
        "a call cut by the length",
        [with_tools(calling(call("insert_cell", '{"source": "x = '), content="I write it.", finish="length"))],
        "I write it.\n\ntwo variables",
        sent=lambda body: "cut off because" in json.dumps(body),
    ),
    Quirk(
        "a whole call before one that is cut",
        [with_tools(calling(call(), call("insert_cell", '{"source": "x = ', 1), finish="length"))],
        "two variables",
        calls=LIST,
        sent=lambda body: "list_variables has answered" in json.dumps(body),
    ),
    Quirk("one bad event", [stream(delta(content="one "), "data: ping\n\n", delta(content="two"))], "one two"),
    Quirk(
        "events of another kind",
        [
            stream(
                'event: ping\ndata: {"type": "ping"}\n\n',
                delta(content="one "),
                "data: 7\n\n",
                'data: {"choices": 7}\n\n',
                delta(content="two"),
            )
        ],
        "one two",
    ),
    Quirk(
        "bytes that are no text",
        [
            (
                STREAM
                + delta(content="one ")
                + 'data: {"choices": [{"delta": {"content": "\udcff"}}]}\n\n'
                + delta(content="two")
                + chunk("stop")
            )
        ],
        "one \ufffdtwo",
    ),
    Quirk(
        "an event that is cut and sent again", [stream('data: {"choices": [{"del\n\n', delta(content="fine"))], "fine"
    ),
    Quirk(
        "nothing but bad events",
        [stream("data: ping\n\n", "data: pong\n\n")],
        failure="does not answer as an OpenAI-compatible server does",
    ),
    # Arguments
    inspecting("empty braces first", "{}", '{"name": "df"}'),
    inspecting("all arguments twice", '{"name": "df"}', '{"name": "df"}'),
    inspecting("all arguments again at the end", '{"name"', ': "df"}', '{"name": "df"}'),
    inspecting("arguments that begin anew in each event", '{"na', '{"name": "d', '{"name": "df"}'),
    inspecting("null first", "null", '{"name": "df"}'),
    inspecting(
        "a line break within a string",
        '{"source": "x = 1\nprint(x)"}',
        calls=[("inspect_variable", {"source": "x = 1\nprint(x)"})],
    ),
    inspecting(
        "a tab within a string", '{"source": "if x:\n\ty"}', calls=[("inspect_variable", {"source": "if x:\n\ty"})]
    ),
    inspecting("encoded twice", json.dumps('{"name": "df"}')),
    inspecting("encoded three times", json.dumps(json.dumps('{"name": "df"}'))),
    inspecting("escaped without quotes around it", '{\\"name\\": \\"df\\"}'),
    inspecting("a trailing comma", '{"name": "df",}'),
    inspecting(
        "a trailing comma, and one within a string",
        '{"name": "df", "source": "[1,]",}',
        calls=[("inspect_variable", {"name": "df", "source": "[1,]"})],
    ),
    inspecting("as python writes it", "{'name': 'df'}"),
    inspecting("within a fence", '```json\n{"name": "df"}\n```'),
    inspecting("a bracket too few", '{"name": "df"'),
    inspecting("a bracket too many", '{"name": "df"}}'),
    inspecting(
        "an escape that json does not know",
        '{"source": "\\d+ it\\\'s"}',
        calls=[("inspect_variable", {"source": "\\d+ it's"})],
    ),
    inspecting("as an object", {"name": "df"}),  # type: ignore[arg-type]
    inspecting("the calls and an end that says stop", '{"name": "df"}', finish="stop"),
    # Refusals that another request heals
    *(
        Quirk(f"no system role: {words} ({status})", [when(no_system, refused(status, words))], "fine", requests=2)
        for status, words in (
            (400, "Only user and assistant messages are allowed, found: system"),
            (500, "Only user and assistant messages are allowed, found: system"),
            (400, "System role not supported"),
            (500, "Jinja exception: System role not supported"),
            (400, "messages.0.role: Input should be 'user' or 'assistant'"),
            (422, "'system' is not one of ['user', 'assistant', 'tool'] - 'messages.0.role'"),
            (400, 'messages: Unexpected role "system".'),
            (400, "Developer instruction is not enabled for models/gemma-3-27b-it"),
            (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
            (400, "This model does not support system messages"),
        )
    ),
    *(
        Quirk(
            f"may not be streamed: {words}",
            [
                when(
                    lambda body: not body["stream"],
                    refused(400, words, param="stream"),
                    plain(
                        200,
                        {
                            "choices": [
                                {
                                    "index": 0,
                                    "message": {"role": "assistant", "content": "fine"},
                                    "finish_reason": "stop",
                                }
                            ]
                        },
                    ),
                )
            ],
            "fine",
            requests=2,
            sent=lambda body: "stream_options" not in body,
        )
        for words in (
            "This model cannot be streamed for your organization",
            "Your organization must be verified to stream this model.",
            "'stream' is not supported with this model",
            "Streaming is not supported for this deployment",
        )
    ),
    # Refusals, with the server's own reason
    Quirk(
        "an error in a 200: another path",
        [plain(200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"})],
        failure=r"usually ends with /v1\..*Unexpected endpoint",
        requests=1,
    ),
    Quirk(
        "an error in a 200: a fault",
        [plain(200, {"error": {"message": "CUDA out of memory"}})],
        failure='It says: "CUDA out of memory"',
    ),
    Quirk(
        "only behind another address",
        [refused(404, "This model is only supported in v1/responses and not in v1/chat/completions.")],
        failure='^(?!.*usually ends).*It says: "This model is only supported in v1/responses',
        requests=2,  # that address was tried
    ),
    Quirk(
        "a policy's 404",
        [refused(404, "No endpoints found matching your data policy (Free model publication).", code=404)],
        failure="^(?!.*usually ends).*No endpoints found matching your data policy",
        requests=1,
    ),
    Quirk(
        "not found as another framework says it",
        [plain(404, {"detail": "Not Found"})],
        failure="usually ends with /v1",
        requests=1,
    ),
    Quirk(
        "not in this country",
        [refused(403, "Country, region, or territory not supported", code="unsupported_country_region_territory")],
        failure="^(?!.*key).*does not serve where you are.*Country, region",
        requests=1,
    ),
    Quirk(
        "not for this account",
        [refused(403, "This model is blocked by the guardrails of your organization")],
        failure="^(?!.*OPENAI_API_KEY).*not for this model.*blocked by the guardrails",
        requests=1,
    ),
    Quirk(
        "a firewall in between",
        [plain(403, "<html>Sorry, you have been blocked</html>", kind="text/html")],
        failure="^(?!.*OPENAI_API_KEY).*proxy or firewall",
        requests=1,
    ),
    Quirk(
        "a content filter",
        [
            refused(
                400,
                "The response was filtered due to the prompt triggering content management policy.",
                code="content_filter",
            )
        ],
        failure="content filter .* stopped this question",
        requests=1,
    ),
    Quirk(
        "a moderation",
        [refused(403, "Your chosen model requires moderation and your input was flagged for harassment")],
        failure="content filter .* stopped this question",
        requests=1,
    ),
    Quirk("an answer that a filter stops", [stream(delta(content="I "), finish="content_filter")], "I "),
    Quirk(
        "a list of errors",
        [
            plain(
                400,
                [
                    {
                        "error": {
                            "code": 400,
                            "message": "Request contains an invalid argument.",
                            "status": "INVALID_ARGUMENT",
                        }
                    }
                ],
            )
        ],
        failure="Request contains an invalid argument",
        requests=1,
    ),
    Quirk(
        "a router's raw words",
        [
            plain(
                400,
                {
                    "error": {
                        "message": "Provider returned error",
                        "code": 400,
                        "metadata": {"raw": '{"error": {"message": "temperature must be 1"}}', "provider_name": "X"},
                    }
                },
            )
        ],
        failure="temperature must be 1",
        requests=1,
    ),
    Quirk(
        "words of a validator",
        [plain(422, {"detail": [{"loc": ["body", "messages"], "msg": "Field required", "type": "missing"}]})],
        failure="Field required",
        requests=1,
    ),
    Quirk(
        "a reason with a key in it",
        [refused(400, "bad header sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ for you")],
        failure=r"bad header \[withheld\] for you",
        requests=1,
    ),
    Quirk("a long reason", [refused(400, "because " * 1000)], failure=r"^.{200,420}$", requests=1),
    Quirk(
        "the whole message again with the last piece",
        [
            STREAM
            + delta(content="fi")
            + delta(content="ne")
            + event(
                {
                    "choices": [
                        {
                            "index": 0,
                            "delta": {},
                            "message": {"role": "assistant", "content": "fine"},
                            "finish_reason": "stop",
                        }
                    ]
                }
            )
        ],
        "fine",
    ),
    Quirk(
        "a call that the server cannot read",
        [
            refused(
                400,
                "Failed to call a function. Please adjust your prompt.",
                code="tool_use_failed",
                failed_generation="<function=x",
            ),
            answered("fine"),
        ],
        "fine",
        requests=2,
    ),
    Quirk(
        "a call that the server can never read",
        [refused(400, "Failed to call a function.", code="tool_use_failed")],
        failure="could not read the call that the model wrote",
        requests=3,
    ),
    Quirk(
        "an error object without a field for it",
        [
            stream(
                event({"object": "error", "message": "bad guided grammar", "type": "BadRequestError", "code": 400}),
                finish=None,
            )
        ],
        failure="bad guided grammar",
        requests=1,
    ),
    Quirk(
        "an error in a 200, its status a text",
        [
            plain(
                200,
                {
                    "error": {
                        "message": "Provider returned error",
                        "code": "402",
                        "metadata": {"raw": "no credits left"},
                    }
                },
            )
        ],
        failure="credit .* used up.*no credits left",
        requests=1,
    ),
    Quirk(
        "a 200 that says something else",
        [plain(200, {"message": "no Route matched with those values"})],
        failure="usually ends with /v1",
        requests=1,
    ),
    Quirk(
        "an answer in one piece with thoughts and a call",
        [
            with_tools(
                plain(
                    200,
                    {
                        "choices": [
                            {
                                "message": {
                                    "role": "assistant",
                                    "content": None,
                                    "reasoning_content": "look first",
                                    "tool_calls": [
                                        {
                                            "id": "c1",
                                            "type": "function",
                                            "function": {"name": "list_variables", "arguments": "{}"},
                                        }
                                    ],
                                },
                                "finish_reason": "tool_calls",
                            }
                        ]
                    },
                )
            )
        ],
        "two variables",
        "look first",
        LIST,
    ),
    Quirk(
        "a fault in the midst of an answer",
        [
            stream(
                delta(content="one "),
                event({"error": {"message": "The engine ran out of memory", "code": 500}}),
                finish=None,
            )
        ],
        failure="broke off in the middle of the answer.*ran out of memory",
        requests=1,
    ),
    Quirk(
        "a model that cannot be loaded",
        [refused(500, "error loading model: unable to allocate the buffer")],
        failure="internal error.*unable to allocate",
        requests=3,
    ),
    Quirk(
        "no model is loaded",
        [refused(404, "No models loaded. Please load a model.", param="model", code="model_not_found")],
        failure="^(?!.*usually ends).*has no model 'm'",
    ),
    # Waits
    Quirk(
        "a model that is loaded first",
        [*[refused(503, "Loading model", type="unavailable_error", code=503)] * 8, answered("fine")],
        "fine",
        requests=9,
    ),
    Quirk(
        "a model that is loaded first, in other words",
        [*[plain(503, {"error": "Model org/m is currently loading", "estimated_time": 0.01})] * 5, answered("fine")],
        "fine",
        requests=6,
    ),
    Quirk(
        "full, with the seconds in the text",
        [
            refused(429, "Rate limit reached for gpt. Limit 3. Please try again in 20ms.", code="rate_limit_exceeded"),
            answered("fine"),
        ],
        "fine",
        requests=2,
    ),
    Quirk(
        "full for longer than anybody waits",
        [refused(429, "Rate limit reached. Please try again in 1h12m3.5s.")],
        failure=r"Ask again in 72 minutes",
        requests=1,
    ),
    Quirk(
        "no quota at all",
        [
            refused(
                429,
                "You exceeded your current quota, please check your plan and billing details.",
                code="insufficient_quota",
            )
        ],
        failure="credit .* used up",
        requests=1,
    ),
]


def answers(script: Sequence[Script], server: Any) -> list[Any]:
    def answering(step: Script) -> Callable[[asyncio.StreamWriter], Any]:
        async def answer(writer: asyncio.StreamWriter) -> None:
            text = step(server.asked[-1].body) if callable(step) else step
            writer.write(text.encode("utf-8", "surrogateescape"))
            await writer.drain()

        return answer

    return [answering(step) for step in script]


async def asked(assistant: Assistant, query: str, tools: Mapping[str, Any]) -> list[Event]:
    question = Question("me", query, session_id="s1", tools=tools)
    return await events_of(assistant, question)


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
async def test_a_quirk_of_a_server_harms_nobody(quirk: Quirk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    tools = {name: Recorder(name) for name in ("list_variables", "inspect_variable", "insert_cell")}
    async with running() as server:
        assistant = Assistant.from_config(JupyterAgent(store="memory://", model="openai:m", base_url=server.base_url))
        model = OpenAIModel("m", Connection(server.base_url), backoff_seconds=0.001)
        assistant.resources.models["openai:m"] = model
        server.queue(*answers(quirk.script, server))
        events = await asked(assistant, "What is there?", tools)
        number = len(server.asked)
        server.answers[:] = answers([answered("later")], server)
        later = await asked(assistant, "And now?", tools)
        await assistant.close()
    shown, thinking = "", ""
    for emitted in events:
        match emitted:
            case ThinkingDelta():
                thinking += (shown if emitted.replaces_text else "") + emitted.text
                shown = "" if emitted.replaces_text else shown
            case TextDelta():
                shown += emitted.text
            case _:
                pass
    end = events[-1]
    if quirk.failure:
        assert isinstance(end, Failed), end
        assert re.search(quirk.failure, end.message), end.message
    else:
        assert isinstance(end, Done), end
        assert (end.reply, shown, end.usage.cached_tokens) == (quirk.reply, quirk.reply, quirk.cached)
    assert thinking.lstrip() == quirk.thinking
    assert [(name, given) for name, tool in tools.items() for given in tool.given] == sorted(
        quirk.calls, key=lambda made: list(tools).index(made[0])
    )
    assert quirk.requests in (0, number)
    assert quirk.sent(server.asked[number - 1].body)
    assert isinstance(later[-1], Done)
    sent = server.asked[-1].body["messages"]
    assert not any(message.keys() - {"role", "content", "tool_calls", "tool_call_id"} for message in sent)
    assert not any(
        part in json.dumps(sent, ensure_ascii=False)
        for part in ("Qk0=", "look first", *([quirk.thinking.strip()] if len(quirk.thinking) > 5 else []))
    )
