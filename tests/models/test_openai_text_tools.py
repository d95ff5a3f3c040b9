"""Models without tool calling: tools offered in words, calls read from the text, broken ones never made."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.events import Done, ModelFinished, TextDelta, ToolReturned
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import Message, Picture, ToolCall
from jupyter_agent.core.protocols import ToolSpec
from jupyter_agent.core.question import Question
from jupyter_agent.models.openai_compatible.text_tools import MAX_CALL, CallReader, offer, without_calls
from jupyter_agent.models.openai_compatible.wire import request
from jupyter_agent.models.openai_compatible.written_calls import WrittenCall
from jupyter_agent.notebooks.posted import PostedNotebook
from tests.support.fake_model_server import STREAM, answer, answered, asking, chunk, event, plain, running
from tests.support.scripted_assistant import events_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_agent.core.events import ModelEvent

SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
TOOLS = [ToolSpec("list_files", "List the files.", {"type": "object"}), ToolSpec("inspect_variable", "Look.", SCHEMA)]
REFUSED = plain(400, {"error": {"message": "registry.ollama.ai/library/gemma:2b does not support tools"}})
CALL = '{"name": "inspect_variable", "arguments": {"name": "df"}}'
DF = WrittenCall("inspect_variable", '{"name": "df"}')


def read(text: str, size: int = 0, tools: Sequence[ToolSpec] = TOOLS) -> tuple[str, list[WrittenCall]]:
    reader = CallReader(tools)
    pieces = [text[start : start + size] for start in range(0, len(text), size)] if size else [text]
    passed = "".join(reader.feed(piece) for piece in pieces) + reader.end()
    return passed, reader.calls


WRITTEN = {
    "as asked for": f"```tool_call\n{CALL}\n```",
    "with words before": f"Let me see.\n\n```tool_call\n{CALL}\n```\n",
    "in JSON": f"```json\n{CALL}\n```",
    "without a language": f"```\n{CALL}\n```",
    "tagged": f"<tool_call>\n{CALL}\n</tool_call>",
    "tagged within a line": f"Let me see. <tool_call>{CALL}</tool_call>",
    "bare": CALL,
    "bare over lines": json.dumps(json.loads(CALL), indent=2),
    "not closed": f"```tool_call\n{CALL}",
    "tag not closed": f"<tool_call>{CALL}",
    "closed in the same line": f"```tool_call\n{CALL}```",
    "all in one line": f"```tool_call {CALL}```",
    "with other words": '```tool_call\n{"tool": "inspect_variable", "parameters": {"name": "df"}}\n```',
    "as a function": '```tool_call\n{"type": "function", "function": ' + CALL + "}\n```",
    "arguments as text": '```tool_call\n{"name": "inspect_variable", "arguments": "{\\"name\\": \\"df\\"}"}\n```',
    "in a list": f"```tool_calls\n[{CALL}]\n```",
    "in Python's way": "```tool_call\n{'name': 'inspect_variable', 'arguments': {'name': 'df'},}\n```",
    "indented": f"  ```tool_call\n  {CALL}\n  ```",
    "windows lines": f"```tool_call\r\n{CALL}\r\n```\r\n",
    "longer fence": f"````tool_call\n{CALL}\n````",
    "tildes": f"~~~tool_call\n{CALL}\n~~~",
    "as Python in the block": "```tool_call\ninspect_variable(name='df')\n```",
    "as Python, the whole answer": 'inspect_variable(name="df")',
    "as Python, by position": "inspect_variable('df')\n",
    "as Python in a fence": 'Let me see.\n```python\ninspect_variable("df")\n```\n',
    "by parameters": "<function=inspect_variable>\n<parameter=name>\ndf\n</parameter>\n</function>",
    "by parameters in a tag": "Let me see.\n<tool_call>\n<function=inspect_variable>\n<parameter=name>\ndf\n</parameter>\n</function>\n</tool_call>",
    "by parameters, not closed": "<function=inspect_variable>\n<parameter=name>\ndf",
    "a function with JSON": '<function=inspect_variable>{"name": "df"}</function>',
    "invoked": '<function_calls>\n<invoke name="inspect_variable">\n<parameter name="name">df</parameter>\n</invoke>\n</function_calls>',
    "with keys and values": "<tool_call>inspect_variable\n<arg_key>name</arg_key>\n<arg_value>df</arg_value>\n</tool_call>",
    "in Mistral's list": f"[TOOL_CALLS][{CALL}]",
    "in Mistral's list with words": f"Let me see. [TOOL_CALLS] [{CALL}]",
    "in Mistral's newer way": '[TOOL_CALLS]inspect_variable[ARGS]{"name": "df"}',
    "in Phi's way": f"<|tool_call|>[{CALL}]<|/tool_call|>",
    "in Llama's way": '<|python_tag|>{"type": "function", "name": "inspect_variable", "parameters": {"name": "df"}}<|eom_id|>',
    "a tag in a fence, the whole answer": f"```xml\n<tool_call>\n{CALL}\n</tool_call>\n```",
    "a list, the whole answer": f"[{CALL}]",
    "wrapped": f'{{"tool_calls": [{{"id": "1", "type": "function", "function": {CALL}}}]}}',
    "arguments beside the name": '```json\n{"tool": "inspect_variable", "name": "df"}\n```',
    "in a fence of another language": f"```python\n{CALL}\n```",
    "then explained": f"```json\n{CALL}\n```\nThis shows what it is.",
    "a bracket too many": f"```json\n{CALL}}}\n```",
    "a bracket missing": f"```json\n{CALL[:-1]}\n```",
    "a bracket missing in a tag": f"<tool_call>{CALL[:-1]}</tool_call>",
    "bare, then explained": f"{CALL}\n\nThis shows what it is.",
    "as Python, then explained": 'inspect_variable("df")\n\nThis shows it.',
    "bare, below words": f"Let me see.\n{CALL}",
    "bare over lines, below words": f"Let me see.\n\n{json.dumps(json.loads(CALL), indent=2)}\n",
    "bare, behind words": f"Let me see. {CALL}",
    "bare, within words": f"Let me see. {CALL} That shows what it is.",
    "as Python, below words": "Let me see.\n\ninspect_variable('df')",
    "as Python in a list": '[inspect_variable(name="df")]',
    "as code of a tool": "```tool_code\ninspect_variable(name='df')\n```",
    "by the names of its parameters": '```json\n{"name": "inspect_variable", "parameters": {"name": "df"}}\n```',
    "in DeepSeek's way": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>inspect_variable\n"
    '```json\n{"name": "df"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "in DeepSeek's newer way": "Let me see.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>inspect_variable<｜tool▁sep｜>"
    '{"name": "df"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "in Kimi's way": "<|tool_calls_section_begin|><|tool_call_begin|>functions.inspect_variable:0<|tool_call_argument_begin|>"
    '{"name": "df"}<|tool_call_end|><|tool_calls_section_end|>',
    "in Cohere's way": '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "inspect_variable", "parameters": {"name": "df"}}]<|END_ACTION|>',
    "in LFM's way": '<|tool_call_start|>[inspect_variable(name="df")]<|tool_call_end|>',
    "in MiniMax's way": '<minimax:tool_call>\n<invoke name="inspect_variable">\n<parameter name="name">df</parameter>\n</invoke>\n</minimax:tool_call>',
    "in a channel": '<|channel|>commentary to=functions.inspect_variable <|constrain|>json<|message|>{"name": "df"}<|call|>',
    "in Glaive's way": f"<functioncall> {CALL}",
    "a fence in a tag": f"<tool_call>\n```json\n{CALL}\n```\n</tool_call>",
    "tagged with its name": '<tool_call name="inspect_variable">{"name": "df"}</tool_call>',
    "as templates have it around": f"```json\n{{{CALL}}}\n```",
    "as templates have it": f"```json\n{CALL}\n```".replace("{", "{{").replace("}", "}}"),
    "with a remark": f"```json\n{CALL} // look\n```",
    "as code of a tool that prints": "```tool_code\nprint(default_api.inspect_variable(name='df'))\n```",
}


@pytest.mark.parametrize("size", [0, 1, 3, 7])
@pytest.mark.parametrize("way", WRITTEN)
def test_a_call_is_understood_however_it_is_written_and_cut(way: str, size: int) -> None:
    text, calls = read(WRITTEN[way], size)
    assert calls == [DF]
    assert text.strip() in ("", "Let me see.")


CODE_TOOL = ToolSpec(
    "run_code", "Run.", {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
)
CODE = "x = 'a'\nprint(x)"
WRITTEN_CODE = {
    "a line break in JSON": '```json\n{"name": "run_code", "arguments": {"code": "x = \'a\'\nprint(x)"}}\n```',
    "a line break in simple quotes": "run_code(code=\"x = 'a'\nprint(x)\")",
    "three quotes": 'run_code("""x = \'a\'\nprint(x)""")',
    "by parameters": f"<function=run_code>\n<parameter=code>\n{CODE}\n</parameter>\n</function>",
}


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize(
    "lead",
    [
        "I use inspect_variable:\n```json\n",
        "**inspect_variable**\n\n```\n",
        "Thought: I look.\nAction: inspect_variable\nAction Input: ",
        "<arguments name='inspect_variable'>",
    ],
)
def test_arguments_below_the_name_of_their_tool_are_a_call(lead: str, size: int) -> None:
    text, calls = read(f'{lead}{{"name": "df"}}\n```\nIt shows', size)
    assert calls == [DF]
    assert "df" not in text


@pytest.mark.parametrize("size", [0, 1, 5])
@pytest.mark.parametrize("opening", ["```json\n{}\n```", "```tool_call\n{}\n```"])
def test_a_fence_within_a_text_of_a_call_does_not_end_it(opening: str, size: int) -> None:
    code = 'text = """\n```python\nx\n```\n"""\nprint(text)'
    call = json.dumps({"name": "run_code", "arguments": {"code": code}}).replace("\\n", "\n")
    text, (made,) = read(opening.replace("{}", call), size, tools=[CODE_TOOL])
    assert (text, json.loads(made.arguments)) == ("", {"code": code})


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_fence_within_a_text_of_a_program_does_not_end_it(size: int) -> None:
    code = 'text = """\n```\nx\n```\n"""\nprint(text)'
    reader = CallReader([CODE_TOOL], code_tool="run_code")
    whole = f"```python\n{code}\n```\n"
    for start in range(0, len(whole), size or len(whole)):
        assert reader.feed(whole[start : start + (size or len(whole))]) == ""
    assert reader.end() == ""
    assert [json.loads(call.arguments) for call in reader.calls] == [{"code": code}]


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_fence_that_only_seems_to_stand_within_a_text_ends_it(size: int) -> None:
    code = 'quotes = \'"""\'\nprint(quotes)'
    reader = CallReader([CODE_TOOL], code_tool="run_code")
    whole = f"```python\n{code}\n```\nIt prints them.\n"
    for start in range(0, len(whole), size or len(whole)):
        reader.feed(whole[start : start + (size or len(whole))])
    assert reader.end() == ""
    assert [json.loads(call.arguments) for call in reader.calls] == [{"code": code}]


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("way", [*WRITTEN, *WRITTEN_CODE])
def test_of_a_call_that_is_cut_nothing_is_shown(way: str, size: int) -> None:
    """From where its beginning can be nothing else."""
    whole = {**WRITTEN, **WRITTEN_CODE}[way]
    tools = [*TOOLS, CODE_TOOL]
    for end in range(len(whole)):
        text = whole[:end]
        reader = CallReader(tools)
        passed = "".join(reader.feed(text[start : start + 1 if size else None]) for start in range(end if size else 1))
        passed += reader.end(is_cut=True)
        named = re.search(r"(inspect_variable|run_code)(.*)", text, re.DOTALL)
        if named and named[2]:
            assert passed.strip() in ("", "Let me see."), (text, passed)
            assert reader.calls, text


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("way", WRITTEN_CODE)
def test_code_in_a_call_is_understood_however_its_lines_are_broken(way: str, size: int) -> None:
    text, (call,) = read(WRITTEN_CODE[way], size, tools=[CODE_TOOL])
    assert (text, call.name, json.loads(call.arguments)) == ("", "run_code", {"code": CODE})


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "inspect_variables", "arguments": {"name": "df"}}</tool_call>',
        '```json\n{"name": "inspect_variables", "arguments": {"name": "df"}}\n```',
        '[TOOL_CALLS][{"name": "inspect_variables", "arguments": {"name": "df"}}]',
        "<function=inspect_variables><parameter=name>df</parameter></function>",
    ],
)
def test_a_call_of_a_tool_that_does_not_exist_is_one(text: str) -> None:
    assert read(text) == ("", [WrittenCall("inspect_variables", '{"name": "df"}')])


def test_an_example_of_a_call_is_text_where_the_answer_goes_on() -> None:
    example = f"Models write a call like this:\n```json\n{CALL}\n```\n"
    assert read(example + "\nThat is all.", 1) == (example + "\nThat is all.", [])
    assert read(example)[1] == [DF]


def test_data_that_look_like_a_call_are_one_of_a_model_that_calls_as_it_should_only_at_the_end() -> None:
    for text in (f"```json\n{CALL}\n```\nThis is it.", '{"name": "other", "arguments": {}}'):
        reader = CallReader(TOOLS, is_strict=True)
        assert (reader.feed(text) + reader.end(), reader.calls) == (text, [])
    reader = CallReader(TOOLS, is_strict=True)
    assert (reader.feed(f"```json\n{CALL}\n```\n") + reader.end(), reader.calls) == ("", [DF])


NO_CALLS = {
    "a tag in code": f"It writes:\n```xml\n<tool_call>\n{CALL}\n</tool_call>\n```\nand waits.",
    "a tag in a block without a language": f"```\n<tool_call>\n{CALL}\n</tool_call>\n```\nis what it writes.",
    "a tag within code in a line": f"Write `<tool_call>{CALL}</tool_call>` for it.",
    "a tag that is spoken of": "The <tool_call> tag and [TOOL_CALLS] are used by some.",
    "a list of tools": '```json\n[{"name": "inspect_variable", "description": "Look."}]\n```',
    "data with a name": '{"name": "Ada", "parameters": {"lr": 0.1}}',
    "data that only begin so": '```json\n{"name": "df", "rows": 5}\n```\n',
    "code that calls another function": "```python\ninspect(df)\nprint(1)\n```\n",
    "a link": "[list_files](a.md) tells more",
    "a function of that name": "inspect_variable(x) is a tool.",
    "a function that is spoken of": "It reads.\nlist_files() lists them.\nThat is all.",
    "data in a line": 'The row {"name": "df", "rows": 5} is last, {"name": "df"} is first.',
    "an index in a line": 'What df["name"] has is ["name", "code"].',
    "sets in a line": "\\frac{a}{b} and {name} and [1] and {",
    "code in a line": "```x``` is code\nand more",
    "code": "Run this:\n```python\nprint('<tool_call>')\n```\nDone.\n",
    "code that shows a call": f"```python\n```json\n{CALL}\n```\n",
    "arguments that are spoken of": 'I called inspect_variable with {"name": "df"} and found 5 rows.',
    "data below another name": 'It is in config:\n```json\n{"name": "df"}\n```\nand no more.',
    "other data below a tool's name": 'What list_files gives:\n```json\n{"name": "df"}\n```\nand no more.',
    "a set of objects": '```json\n{{"a": 1}, 1x}\n```\nis none.',
    "data": 'The file has\n```json\n{"name": "df", "arguments": 1}\n```\nin it.',
    "data without a language": "```\n[1, 2]\n```\nis the list.",
    "an object": '{"rows": 5}',
    "half an object": '{"rows": ',
    "a fence within words": "Use ```tool_call to call.",
    "unclosed code": "```python\nx = 1",
    "unclosed data": "```json\n[1, 2",
    "fence in the midst of code": "```python\nx = '''\n  y```\n ``` \nok",
    "indented list": "  - a\n    ```\n",
    "signs": "a < b, `x` and ~ y ~~~ <tool",
    "empty": "",
    "blank": " \n\n",
}


@pytest.mark.parametrize("size", [0, 1, 3])
@pytest.mark.parametrize("way", NO_CALLS)
def test_what_is_no_call_is_passed_on_as_it_is(way: str, size: int) -> None:
    assert read(NO_CALLS[way], size) == (NO_CALLS[way], [])


@given(st.text(st.sampled_from("`~ab\n {}\"<>tool_call/json:,'"), max_size=80), st.integers(1, 9))
def test_nothing_is_lost_and_nothing_depends_on_how_it_is_cut(text: str, size: int) -> None:
    whole, calls = read(text)
    assert read(text, size) == (whole, calls)
    if not calls:
        assert whole == text


PARTS = [
    "```",
    "json",
    "\n",
    "\n\n",
    " ",
    "`",
    "<tool_call>",
    "</tool_call>",
    "[TOOL_CALLS]",
    "<function=",
    ">",
    "{",
    "}",
    "[",
]
PARTS += [
    "]",
    CALL,
    '"name"',
    ":",
    "inspect_variable",
    '("df")',
    "run",
    "words",
    "<parameter=name>",
    "for example",
    "~~~",
    ",",
]


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join), st.integers(1, 9))
def test_parts_of_calls_in_any_order_do_not_depend_on_how_they_are_cut(text: str, size: int) -> None:
    whole, calls = read(text)
    assert read(text, size) == (whole, calls)
    if not calls:
        assert whole == text


def test_data_that_are_no_call_are_passed_on_as_soon_as_that_is_known() -> None:
    reader = CallReader(TOOLS)
    pieces = ("Of ", 'df["name', '"] it ', "is ", '{"name": ', '"df"}', " that ", "list_files() ", "is of.\n", "So.")
    assert [reader.feed(piece) for piece in pieces] == [
        "Of ",
        "df",
        '["name"] it ',
        "is ",
        "",
        '{"name": "df"}',
        " that ",
        "list_files() ",
        "is of.\n",
        "So.",
    ]


def test_text_is_passed_on_before_its_line_ends() -> None:
    reader = CallReader(TOOLS)
    assert [reader.feed(piece) for piece in ("There ", "are ", "five <", "tool", "s.")] == [
        "There ",
        "are ",
        "five ",
        "",
        "<tools.",
    ]


def test_several_calls_are_made_and_what_is_said_after_them_is_not_heard() -> None:
    two = f'```tool_call\n{CALL}\n```\n\n```tool_call\n{{"name": "list_files"}}\n```\n'
    assert read(two) == ("", [DF, WrittenCall("list_files", "{}")])
    assert read(two + "The result is 42.\n") == ("", [DF, WrittenCall("list_files", "{}")])
    assert read(f'```tool_call\n{CALL}\n{{"name": "list_files"}}\n```')[1] == [DF, WrittenCall("list_files", "{}")]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ('{"name": "inspect_variable", "arguments": {"name": ', "inspect_variable"),
        ('{"name": "inspect_variable", arguments: {}}', "inspect_variable"),
        ("", ""),
        ("[" * 100_000, ""),
        ('{"a":' * 100_000, ""),
        ("[1, 2]", ""),
        ("7", ""),
        ('{"arguments": {}}', ""),
    ],
)
def test_L16_a_call_that_cannot_be_read_is_one_that_cannot_be_made(body: str, name: str) -> None:
    _, (call,) = read(f"```tool_call\n{body}\n```")
    assert call.name == name
    if name:
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(call.arguments)


@pytest.mark.parametrize("opening", ["```tool_call\n", "<tool_call>"])
def test_L14_a_call_that_never_ends_is_given_up(opening: str) -> None:
    reader = CallReader(TOOLS)
    reader.feed(opening)
    fed = 0
    while not reader.over:
        assert fed <= 2 * MAX_CALL
        fed += 100
        assert reader.feed("x" * 100) == ""
    assert reader.end() == ""
    assert [call.name for call in reader.calls] == [""]


@pytest.mark.parametrize("opening", ["{", "```json\n", "```\n{"])
def test_L14_data_that_grows_too_long_for_a_call_is_text(opening: str) -> None:
    text = opening + "x" * MAX_CALL * 2 + "\n```\nDone."
    assert read(text, 1000) == (text, [])


def test_L14_a_line_that_never_ends_costs_no_more_than_many_lines() -> None:
    reader = CallReader(TOOLS)
    passed = [reader.feed("ab <t") for _ in range(20_000)]
    assert "".join(passed) + reader.end() == "ab <t" * 20_000
    assert len(reader._rest) <= 10


def test_the_offer_names_every_tool_with_its_schema() -> None:
    converted = offer(TOOLS)
    assert converted.role == "system"
    assert "- list_files: List the files." in converted.content
    assert json.dumps(SCHEMA) in converted.content


def test_calls_of_the_history_are_told_as_the_model_is_to_write_them() -> None:
    called = Message("assistant", "Let me see.", (ToolCall("c1", "inspect_variable", '{"name": "df"}'),))
    converted = without_calls([Message("user", "hi"), called, Message("tool", "```x```", tool_call_id="c1")])
    assert read(converted[1].content) == ("Let me see.\n\n", [DF])
    assert converted[2] == Message("user", "Result of inspect_variable:\n````\n```x```\n````")


def test_pictures_reach_a_model_that_sees_and_knows_no_tools() -> None:
    called = Message("assistant", "", (ToolCall("c1", "list_files", "{}"),))
    shown = Message("tool", "1 picture", tool_call_id="c1", pictures=(Picture("image/png", "aGk="),))
    history = [Message("user", "hi"), called, shown]
    for without in ({"tools"}, {"calls"}):
        messages = request("m", history, TOOLS, without=frozenset(without))["messages"]
        assert "data:image/png;base64,aGk=" in json.dumps(messages[-1])
        assert "1 picture" in json.dumps(messages[-2])


# Through the model ----------------------------------------------------------------------------


def speaking(*texts: str, finish: str = "stop") -> str:
    return STREAM + "".join(chunk(content=text) for text in texts) + chunk(finish) + event("[DONE]")


async def test_a_model_that_refuses_tools_is_offered_them_in_words_and_its_calls_are_made() -> None:
    async with running() as server, asking(server) as model:
        server.queue(REFUSED, speaking("Let me see.\n", "```tool_", f"call\n{CALL}\n", "```"), speaking("Five."))
        events = await answer(model, Message("user", "rows?"), tools=TOOLS)
        call = events[1]
        assert isinstance(call, ToolCall)
        assert events == [
            TextDelta("Let me see.\n"),
            ToolCall(call.id, "inspect_variable", '{"name": "df"}'),
            ModelFinished("tool_calls"),
        ]
        history = [Message("assistant", "", (call,)), Message("tool", "5 rows", tool_call_id=call.id)]
        assert await answer(model, Message("user", "rows?"), *history, tools=TOOLS) == [
            TextDelta("Five."),
            ModelFinished("stop"),
        ]
    first, second, third = (request.body for request in server.asked)
    assert "tools" in first
    assert "tools" not in second
    assert "tools" not in third  # remembered
    assert "inspect_variable" in second["messages"][0]["content"]
    assert [message["role"] for message in third["messages"]] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    "way", ["tagged", "by parameters", "in Mistral's list", "in JSON", "bare", "as Python, the whole answer"]
)
async def test_a_server_that_passes_calls_on_as_text_is_understood_though_it_took_the_tools(
    way: str, size: int
) -> None:
    text = WRITTEN[way]
    async with running() as server, asking(server) as model:
        server.queue(speaking(*(text[start : start + size] for start in range(0, len(text), size))))
        events = await answer(model, Message("user", "rows?"), tools=TOOLS)
    assert "tools" in server.asked[0].body
    call = events[0]
    assert isinstance(call, ToolCall)
    assert events == [ToolCall(call.id, "inspect_variable", '{"name": "df"}'), ModelFinished("tool_calls")]


async def test_a_call_that_a_server_passes_on_both_ways_is_made_once() -> None:
    native = {"index": 0, "id": "c1", "type": "function", "function": {"name": DF.name, "arguments": DF.arguments}}
    text = f"<tool_call>{CALL}</tool_call>"
    async with running() as server, asking(server) as model:
        server.queue(STREAM + chunk(content=text) + chunk(tool_calls=[native]) + chunk("tool_calls") + event("[DONE]"))
        events = await answer(model, tools=TOOLS)
    assert events == [ToolCall("c1", "inspect_variable", '{"name": "df"}'), ModelFinished("tool_calls")]


async def test_the_answer_ends_where_the_model_makes_a_result_up() -> None:
    async def talking(writer: Any) -> None:
        writer.write((STREAM + chunk(content=f"```tool_call\n{CALL}\n```\nResult: 7 rows\n")).encode())
        while True:
            writer.write(chunk(content="and so on ").encode())
            await writer.drain()

    async with running() as server, asking(server) as model:
        server.queue(REFUSED, talking)
        events: list[ModelEvent] = await answer(model, tools=TOOLS)
    assert [type(event) for event in events] == [ToolCall, ModelFinished]


def test_of_what_follows_a_call_and_words_nothing_depends_on_how_it_is_cut() -> None:
    text = f"First:\n```json\n{CALL}\n```\nThen:\n```json\n{CALL}\n```\nDone."
    assert read(text) == read(text, 1) == read(text, 9) == ("First:\n", [DF])


async def test_L15_a_call_of_an_answer_cut_short_is_told_as_cut() -> None:
    async with running() as server, asking(server) as model:
        server.queue(REFUSED, speaking(f"```tool_call\n{CALL}\n```", finish="length"))
        call, finished = await answer(model, tools=TOOLS)
    assert isinstance(call, ToolCall)  # the loop makes no last call of such an answer, and says why
    assert finished == ModelFinished("length")


async def test_without_tools_nothing_is_read_as_a_call() -> None:
    async with running() as server, asking(server) as model:
        server.queue(REFUSED, speaking("ok"), answered(f"```tool_call\n{CALL}\n```"))
        await answer(model, tools=TOOLS)
        assert await answer(model) == [TextDelta(f"```tool_call\n{CALL}\n```"), ModelFinished("stop")]


async def test_the_whole_loop_runs_with_a_model_that_knows_no_tools() -> None:
    cells = '```tool_call\n{"name": "read_cells", "arguments": {}}\n```'
    async with running() as server:
        server.queue(REFUSED, speaking('```tool_call\n{"name": "read_cells"'), speaking(cells), speaking("It is 42."))
        assistant = Assistant.from_config(
            JupyterAgent(store="memory://", model="ollama:gemma", base_url=server.base_url)
        )
        notebook = PostedNotebook("a.ipynb", (Cell("c1", "code", "answer = 42", 1),))
        events = await events_of(assistant, Question("me", "What is it?", notebook=notebook))
        await assistant.close()
    statuses = [event.status for event in events if isinstance(event, ToolReturned)]
    assert statuses == ["failed", "done"]
    assert isinstance(events[-1], Done)
    assert events[-1].reply == "It is 42."
    last = server.asked[-1].body["messages"]
    assert "invalid_arguments" in last[3]["content"]
    assert "answer = 42" in last[5]["content"]
