"""Models that call no tools: their code is run as a call, what it printed goes back, and numbers that nothing computed are asked for again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.events import ApprovalAsked, Done, ModelFinished, TextDelta, ToolReturned
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import ToolSpec
from jupyter_agent.core.question import Decision, Question
from jupyter_agent.models.openai.providers import LLAMACPP
from jupyter_agent.models.openai_compatible.code_blocks import AskedTurn, NumberGate, spoken
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.tool_mode import mode_of_family
from tests.support.fake_model_server import answer, answered, asking, plain, running
from tests.support.scripted_assistant import done, events_of

if TYPE_CHECKING:
    from jupyter_agent.core.events import ModelEvent

CODE = ToolSpec(
    "run_code", "Run.", {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
)
TOOLS = [CODE, ToolSpec("list_files", "List the files.", {"type": "object"})]
WEAK = "qwen2.5-coder:1.5b"
QUESTION = Message("user", "<c>\ndf: DataFrame 5 × 2\n</c>\n\nWhat is the mean of km?")
BLOCK = "```python\nprint(df.km.mean())\n```"
PROGRAM = json.dumps({"code": "print(df.km.mean())"})


def texts(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def missing_in(text: str, *sent: Message) -> list[str]:
    """Numbers of an answer that do not stand in what the model was sent."""
    gate = NumberGate(sent)
    gate.feed(text)
    return gate.missing()


def calls(events: list[ModelEvent]) -> list[tuple[str, str]]:
    return [(event.name, event.arguments) for event in events if isinstance(event, ToolCall)]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("qwen2.5-coder:1.5b", "code"),
        ("/models/Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf", "code"),
        ("Qwen/Qwen2.5-Coder-7B-Instruct-GGUF", "code"),
        ("qwen2.5-coder-32b-instruct", "native"),
        ("gemma-2-2b-it", "code"),
        ("SmolLM2-135M-Instruct", "code"),
        ("llama3.2:1b", "code"),
        ("llama-3.1-70b-versatile", "native"),
        ("gpt-5-mini", "native"),
        ("claude-sonnet-4-5", "native"),
        ("qwen3:8b", "native"),
        ("a-model-of-ours", None),
    ],
)
def test_how_a_family_is_spoken_to_is_known_by_its_name(name: str, mode: str | None) -> None:
    assert mode_of_family(name) == mode


@pytest.mark.parametrize("size", [1, 4, 1000])
async def test_the_code_of_a_weak_models_answer_is_its_call_and_what_it_printed_goes_back(size: int) -> None:
    text = f"Let me compute it.\n\n{BLOCK}\nIt will print 17."
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered(*(text[start : start + size] for start in range(0, len(text), size))))
        server.queue(answered("The mean is 4.25 km."))
        first = await answer(model, QUESTION, tools=TOOLS)
        call = next(event for event in first if isinstance(event, ToolCall))
        history = [Message("assistant", texts(first), (call,)), Message("tool", "4.2512", tool_call_id=call.id)]
        second = await answer(model, QUESTION, *history, tools=TOOLS)
    assert (texts(first).strip(), calls(first)) == ("Let me compute it.", [("run_code", PROGRAM)])
    assert first[-1] == ModelFinished("tool_calls")
    assert second == [TextDelta("The mean is 4.25 km."), ModelFinished("stop")]
    sent, back = (asked.body for asked in server.asked)
    assert "tools" not in sent
    assert (sent["temperature"], sent["max_tokens"]) == (0.2, 1024)  # small models may go on for ever
    assert "```python block" in sent["messages"][0]["content"]
    assert [message["role"] for message in back["messages"]] == ["system", "user", "assistant", "user"]
    assert BLOCK in back["messages"][2]["content"]
    assert "4.2512" in back["messages"][3]["content"]


@pytest.mark.parametrize(
    "question",
    [
        "How do I get the mean of km?",
        "What does df.km.mean() do?",
        "What does the mean in this cell mean?",
        "How does this work?",
        "Write code that prints the mean",
        "Explain this cell",
        "What is a decorator?",
        "Give me an example with apply",
        "Is there a way to sort by two columns?",
        "Was ist ein DataFrame?",
        "What is the difference between merge and join?",
    ],
)
async def test_code_that_the_user_wants_to_see_is_shown_and_not_run(question: str) -> None:
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered(f"So:\n{BLOCK}\n"))
        events = await answer(model, Message("user", question), tools=TOOLS)
    assert (texts(events), calls(events)) == (f"So:\n{BLOCK}\n", [])


async def test_code_for_a_value_is_run_however_the_question_begins() -> None:
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered(f"So:\n{BLOCK}\n"))
        for question in (
            "What is the difference between the highest and the lowest salary?",
            "What does the average order cost?",
            "How do the mean prices of the two shops differ?",
        ):
            assert calls(await answer(model, Message("user", question), tools=TOOLS)) == [("run_code", PROGRAM)]


async def test_a_call_written_in_the_code_block_is_that_call() -> None:
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered('```python\nrun_code(code="print(df.km.mean())")\n```'))
        assert calls(await answer(model, QUESTION, tools=TOOLS)) == [("run_code", PROGRAM)]
        server.queue(answered('```json\n{"name": "list_files", "arguments": {}}\n```'))
        assert calls(await answer(model, QUESTION, tools=TOOLS)) == [("list_files", "{}")]


async def test_where_nothing_may_be_run_code_is_shown() -> None:
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered(BLOCK))
        events = await answer(model, QUESTION, tools=TOOLS[1:])
    assert (texts(events), calls(events)) == (BLOCK, [])
    assert "It runs in the user's kernel" not in json.dumps(server.asked[0].body)


async def test_the_same_code_again_is_not_run_again() -> None:
    call = ToolCall("c1", "run_code", PROGRAM)
    history = [QUESTION, Message("assistant", "", (call,)), Message("tool", "4.25\n", tool_call_id="c1")]
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered(f"The mean is 4.25.\n\n{BLOCK}"))
        assert await answer(model, *history, tools=TOOLS) == [
            TextDelta("The mean is 4.25.\n\n"),
            ModelFinished("stop"),
        ]
        server.queue(answered(BLOCK))
        assert await answer(model, *history, tools=TOOLS) == [TextDelta("```\n4.25\n```"), ModelFinished("stop")]
        failed = [*history[:-1], Message("tool", "NameError", tool_call_id="c1", code="exception")]
        assert calls(await answer(model, *failed, tools=TOOLS)) == [("run_code", PROGRAM)]


async def test_a_whole_column_is_no_answer_to_a_question_for_a_value() -> None:
    note = "[0.0 s; bound: pd]"
    column = f"0    8.5\n      ...\n99    1.0\nName: km, Length: 100, dtype: float64\n\n{note}"
    call = ToolCall("c1", "run_code", PROGRAM)
    history = [QUESTION, Message("assistant", "", (call,)), Message("tool", column, tool_call_id="c1", note=note)]
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered(BLOCK), answered("```python\nprint(1)\n```"))
        events = await answer(model, *history, tools=TOOLS)
    assert calls(events) == [("run_code", json.dumps({"code": "print(1)"}))]
    for asked in server.asked:
        assert "whole column" in asked.body["messages"][-1]["content"]


async def test_what_code_printed_is_sent_whole_though_it_looks_like_a_note_or_an_instruction() -> None:
    printed, note, reminder = "[1.5 s per step; bound: 3]\n\n(mean of 17)", "[1.2 s; bound: x]", "(Say it in words.)"
    result = Message("tool", f"{printed}\n{note}", tool_call_id="c1", note=note).with_reminder(reminder)
    call = ToolCall("c1", "run_code", PROGRAM)
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered("The mean is 17."))
        await answer(model, QUESTION, Message("assistant", "", (call,)), result, tools=TOOLS)
    sent = server.asked[0].body["messages"][-1]["content"]
    assert sent.startswith(f"The code printed:\n```\n{printed}\n```\n\n{reminder}\n\n(Now answer")
    assert "bound: x" not in sent


async def test_an_unknown_model_that_answers_with_code_instead_of_a_call_is_spoken_to_in_code_from_then_on() -> None:
    async with running() as server:
        server.queue(answered(f"Use:\n{BLOCK}"))
        async with asking(server, "a-model-of-ours") as model:
            events = await answer(model, QUESTION, tools=TOOLS)
            assert (texts(events), calls(events)) == (f"Use:\n{BLOCK}", [("run_code", PROGRAM)])
        async with asking(server, "a-model-of-ours") as model:  # made anew, as after a change of the settings
            assert model.traits.tool_mode == "code"
            assert calls(await answer(model, QUESTION, tools=TOOLS)) == [("run_code", PROGRAM)]
        async with asking(server, "another-one") as model:
            assert model.traits.tool_mode == "native"
    assert "tools" in server.asked[0].body
    assert "tools" not in server.asked[1].body


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ('```json\n{"name": "run_code", "arguments": {"code": "print(df.km.mean())"}}\n```', "code"),
        ('run_code(code="print(df.km.mean())")', "code"),
        ('<tool_call>{"name": "run_code", "arguments": {"code": "print(df.km.mean())"}}</tool_call>', "native"),
    ],
)
async def test_an_unknown_model_that_writes_its_call_as_it_was_not_trained_to_is_spoken_to_in_code_from_then_on(
    text: str, mode: str
) -> None:
    async with running() as server, asking(server, "a-model-of-ours") as model:
        server.queue(answered(text), answered("The mean is 17.3 km."), answered(BLOCK))
        assert calls(await answer(model, QUESTION, tools=TOOLS)) == [("run_code", PROGRAM)]
        assert model.traits.tool_mode == mode
        # It is doubted all the same.
        assert calls(await answer(model, QUESTION, tools=TOOLS)) == [("run_code", PROGRAM)]


async def test_an_unknown_model_that_shows_code_where_no_value_is_asked_for_is_left_alone() -> None:
    async with running() as server, asking(server) as model:
        server.queue(answered("Use:\n```python\ndf[['city']]\n```"))
        events = await answer(model, Message("user", "Only the city"), tools=TOOLS)
        assert (texts(events), calls(events)) == ("Use:\n```python\ndf[['city']]\n```", [])
        assert model.traits.tool_mode == "native"


async def test_a_number_that_was_not_computed_is_asked_for_once_more_and_never_shown() -> None:
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered("Easy. The mean is 17.3 km."), answered(BLOCK))
        events = await answer(model, QUESTION, tools=TOOLS)
    assert (texts(events).strip(), calls(events)) == ("Easy.", [("run_code", PROGRAM)])
    again = server.asked[1].body["messages"]
    assert "17.3" not in json.dumps(again)  # it would only repeat it
    assert "Compute it with code" in again[-1]["content"]


async def test_a_number_of_the_context_is_no_computed_one_either() -> None:
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered("5"), answered(BLOCK))
        events = await answer(model, QUESTION, tools=TOOLS)
        assert (texts(events), calls(events)) == ("", [("run_code", PROGRAM)])
        server.queue(answered("5"))
        assert texts(await answer(model, QUESTION, tools=TOOLS)) == "5\n\n*Not computed by code: 5.*"


async def test_a_number_that_is_not_computed_though_it_was_asked_for_again_is_marked() -> None:
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered("The mean of the 5 rows is 17.3 km."))
        events = await answer(model, QUESTION, tools=TOOLS)
    assert len(server.asked) == 2
    assert texts(events) == "The mean of the 5 rows is 17.3 km.\n\n*Not computed by code: 5, 17.3.*"


async def test_a_number_of_the_last_words_without_tools_is_marked_where_code_has_run() -> None:
    call = ToolCall("c1", "run_code", PROGRAM)
    history = [QUESTION, Message("assistant", "", (call,)), Message("tool", "4.25\n", tool_call_id="c1")]
    async with running() as server, asking(server, WEAK) as model:
        server.queue(answered("The mean is 4.25. In all there are 99."))
        events = await answer(model, *history)
        assert texts(events) == "The mean is 4.25. In all there are 99.\n\n*Not computed by code: 99.*"
        assert texts(await answer(model, QUESTION)) == "The mean is 4.25. In all there are 99."
    assert len(server.asked) == 2


async def test_a_model_that_calls_is_not_doubted() -> None:
    async with running() as server, asking(server, "gpt-5-mini") as model:
        server.queue(answered("The mean is 17.3 km."))
        assert await answer(model, QUESTION, tools=TOOLS) == [TextDelta("The mean is 17.3 km."), ModelFinished("stop")]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("It is 4.25.", []),
        ("It is 4.251 or 4.3 or 4.", ["4"]),
        ("That is 12.5% of 1,234.", []),
        ("That is 12%, 13.", ["13"]),
        ("1. first\n2. second: 5", []),
        ("5 rows, 1234.00 in all", []),
        ("the 3rd of x2", ["3"]),
    ],
)
def test_a_number_is_computed_if_it_stands_in_what_the_model_was_sent_as_it_is_or_rounded(
    text: str, missing: list[str]
) -> None:
    assert missing_in(text, QUESTION, Message("tool", "4.2512 0.1249 1234", tool_call_id="c")) == missing


@pytest.mark.parametrize(
    "claim",
    [
        "73500.0 - 9.0 = {}",
        "The total equals {}.",
        "It is **{}**",
        "| total | {} |",
        "$$73500 - 9 = {}$$",
        "\\(73500 - 9 = {}\\)",
        "So it is {} km",
        "€{}",
        "({}, 9)",
        "总数是{}个",
        "The output is:\n```\n{}\n```",
        "```text\ntotal = {}\n```",
        "x={}",
        "It returns `{}`.",
        "about {}",
    ],
)
@pytest.mark.parametrize(
    ("computed", "made_up"),
    [
        ("73491", "73496"),
        ("73491.0", "73496.0"),
        ("73,491", "73,496"),
        ("73'491", "73'496"),
        ("73\N{NO-BREAK SPACE}491", "73\N{NO-BREAK SPACE}496"),
        ("73{,}491", "73{,}496"),
        ("73.491,0", "73.496,0"),
        ("73.5k", "74.5k"),
        ("7.35 × 10^4", "7.45 × 10^4"),
        ("7.35e4", "7.45e4"),
        ("12.5 %", "12.7 %"),
        ("12.49 percent", "12.46 percent"),
        ("12.49\\%", "12.46\\%"),
        (".1249", ".1244"),
    ],
)
def test_a_number_is_seen_however_it_is_written(claim: str, computed: str, made_up: str) -> None:
    sent = Message("user", "9 of 73500?"), Message("tool", "73491.0 0.12488", tool_call_id="c")
    assert missing_in(claim.replace("{}", computed), *sent) == []
    assert len(missing_in(claim.replace("{}", made_up), *sent)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "1. one\n2) two\n### 3. three\n**4.** four",
        "Step 5 is in In [6], line 7.",
        "See https://a.example/8/9 and version 10.11.12 of x13, a_14 and `f(15)`.",
        "```python\nx = 16\n```",
        "```\nx = f(17)\n```",
    ],
)
def test_what_counts_off_names_or_is_code_is_no_number(text: str) -> None:
    assert missing_in(text) == []


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    ("text", "is_passed"),
    [
        ("1. first\n2. second\n  3) third.\n", True),
        ("The answer is: 42. That is all.\n", False),
        ("The answer is:\n42.\nThat is all.\n", False),
        ("So it is\n42\n", False),
        ("It is `42`.\n", False),
    ],
)
def test_a_number_within_a_line_or_alone_on_one_is_no_mark_of_a_list(size: int, text: str, is_passed: bool) -> None:
    gate = NumberGate([])
    passed = "".join(gate.feed(text[start : start + size]) for start in range(0, len(text), size))
    assert ("42" in passed, gate.missing() == []) == (False, is_passed)


def test_a_value_in_the_form_of_code_or_of_an_output_is_not_the_answers_own_code() -> None:
    for claim in ("It is `42`.", "It prints:\n```\n42\n```\n"):
        gate = NumberGate([], holds=False)
        gate.feed(f"With `head(5)` the first 5 are shown. {claim}")
        assert gate.missing() == ["42"]


def test_a_unit_may_touch_its_number() -> None:
    assert missing_in("73491km, 5 km, 7.5MB, 3rd, 2x, 1,2,3") == ["73491", "5", "7.5MB", "3", "2", "1"]


@pytest.mark.parametrize("query", ["Why is the total of km wrong?", "Explain the cell.", "Only the city"])
@pytest.mark.parametrize("name", [WEAK, "a-model-of-ours"])
async def test_a_number_that_nothing_computed_is_marked_in_an_explanation_too_once_code_has_run(
    query: str, name: str
) -> None:
    call = ToolCall("c1", "run_code", PROGRAM)
    asked = [Message("user", query), Message("assistant", "", (call,)), Message("tool", "73500.0 9", tool_call_id="c1")]
    explained = "73500.0 - 9.0 = 73491.0, as `head(5)` shows the first 5."
    async with running() as server, asking(server, name) as model:
        server.queue(answered(explained), answered(explained))
        assert "\n\n*Not computed by code: 73491.0" in texts(await answer(model, *asked, tools=TOOLS))


async def test_a_number_that_was_marked_is_not_known_in_the_next_question() -> None:
    before = Message("assistant", "It is 73491 of 12.\n\n*Not computed by code: 73491.*")
    sent = Message("user", "x"), before, QUESTION, Message("assistant", "It is 99.")
    assert missing_in("73491, 12 and 99", *sent) == ["73491", "99"]


async def test_ordinary_text_of_a_weak_model_streams_by_sentences() -> None:
    gate = NumberGate([QUESTION])
    assert [gate.feed(text) for text in ("It is ", "so. ", "And more", ".\nIt is 17. Yes. ", "No.")] == [
        "",
        "It is so. ",
        "",
        "And more.\n",
        "",
    ]


async def test_a_long_sentence_whose_numbers_are_known_is_not_held_back_to_its_end() -> None:
    gate = NumberGate([Message("user", "Rows of t7, of 12?")])
    passed = [gate.feed(f"word{number} of 12 ") for number in range(100)]
    assert sum(map(bool, passed)) >= 5
    assert len("".join(passed)) > 1000
    assert not any(gate.feed("and 17 more ") for _ in range(100))
    assert gate.missing() == ["17"]


async def test_the_options_say_how_a_model_is_spoken_to() -> None:
    async with running() as server, asking(server, WEAK, settings={"tools": "native"}) as model:
        server.queue(answered(BLOCK))
        assert texts(await answer(model, QUESTION, tools=TOOLS)) == BLOCK
        assert "tools" in server.asked[0].body
    options = JupyterAgent(model_options={"tools": "text", "ollama:*": {"tools": "code"}})
    assert options.options_of_model("ollama:x") == {"tools": "code"}
    assert options.options_of_model("openai:x") == {"tools": "text"}
    with pytest.raises(Exception, match="native, text, code"):
        JupyterAgent(model_options={"tools": "loud"})


@pytest.mark.parametrize(("supports", "are_native"), [(False, False), (True, True), (None, True)])
async def test_tools_that_the_servers_template_would_drop_are_offered_in_words(
    supports: bool | None, are_native: bool
) -> None:
    properties = {} if supports is None else {"chat_template_caps": {"supports_tools": supports}}
    async with running() as server:
        server.queue(plain(200, properties), answered('```tool_call\n{"name": "list_files"}\n```'))
        model = OpenAIModel("a-model-of-ours", Connection(server.base_url, LLAMACPP))
        events = await answer(model, Message("user", "Which files?"), tools=TOOLS)
        await answer(model, Message("user", "Which files?"), tools=TOOLS)
        await model.close()
    assert calls(events) == [("list_files", "{}")]
    assert server.asked[0].line.startswith("GET /props ")
    assert ["tools" in asked.body for asked in server.asked[1:]] == [are_native] * 2
    assert ("list_files" in server.asked[1].body["messages"][0]["content"]) is not are_native


def test_a_weak_model_that_is_asked_for_its_last_words_is_not_asked_for_code() -> None:
    note = "(Stopped: the model's code failed again and again. Say now in words what you did.)"
    call = ToolCall("c1", "run_code", PROGRAM)
    failed = Message("tool", "Traceback\nNameError: x", tool_call_id="c1", code="exception").with_reminder(note)
    history = [QUESTION, Message("assistant", "", (call,)), failed]
    last = spoken(history, AskedTurn.of(history, ()))[-1].content
    assert "```\nTraceback\nNameError: x\n```" in last
    assert "corrected" not in last
    assert last.partition(note)[2].strip().startswith("(No code can be run any more.")


def test_the_history_of_a_weak_model_tells_its_code_as_blocks() -> None:
    call = ToolCall("c1", "run_code", PROGRAM)
    other = ToolCall("c2", "list_files", "{}")
    history = [
        QUESTION,
        Message("assistant", "", (call,)),
        Message("tool", "NameError", tool_call_id="c1", code="exception"),
        Message("assistant", "", (other,)),
        Message("tool", "a.csv", tool_call_id="c2"),
    ]
    converted = spoken(history, AskedTurn.of(history, TOOLS))
    assert [message.role for message in converted] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert converted[2].content == BLOCK
    assert "The code failed" in converted[3].content
    assert not any(message.tool_calls for message in converted)


async def test_what_will_be_sent_is_shown_as_it_is_sent() -> None:
    async with running() as server:
        server.queue(answered("None that I know of."))
        options = JupyterAgent(store="memory://", model=f"ollama:{WEAK}", base_url=server.base_url)
        assistant = Assistant.from_config(options)
        question = Question("me", "What is the mean of km?", session_id="s")
        preview = await assistant.preview(question)
        assert await events_of(assistant, question)
        await assistant.close()
    sent = server.asked[0].body["messages"]
    assert preview["tools"] == []
    shown = "".join(message["content"] for message in preview["messages"] if message["role"] == "system")
    assert "".join(sent[0]["content"].split()) == "".join(shown.split())
    assert "prints only the final result" in preview["messages"][-1]["content"]


async def test_where_the_answers_code_is_to_be_run_it_is_the_answer_and_no_call_before() -> None:
    async with running() as server:
        server.queue(answered(BLOCK))
        options = JupyterAgent(store="memory://", model=f"ollama:{WEAK}", base_url=server.base_url)
        assistant = Assistant.from_config(options)
        question = Question("me", "What is the mean of km?", run_answer=True)
        last = await done(assistant, question)
        await assistant.close()
    assert BLOCK in last.reply
    assert [action.call_id.startswith("answer_") for action in last.actions] == [True]


@pytest.mark.parametrize("is_approved", [True, False])
async def test_the_code_of_a_weak_model_is_asked_about_as_any_other(is_approved: bool) -> None:
    asked: list[str] = []

    async def decide(approval: ApprovalAsked) -> Decision:
        asked.append(approval.preview)
        return Decision(approved=is_approved)

    async with running() as server:
        server.queue(answered(BLOCK), answered("I could not find out."))
        assistant = Assistant.from_config(
            JupyterAgent(store="memory://", model=f"ollama:{WEAK}", base_url=server.base_url)
        )
        events = await events_of(assistant, Question("me", "What is the mean of km?", decide=decide))
        await assistant.close()
    assert asked == ["print(df.km.mean())"]
    (returned,) = (event for event in events if isinstance(event, ToolReturned))
    assert returned.status == ("failed" if is_approved else "denied")  # there is no kernel
    assert isinstance(events[-1], Done)
    assert events[-1].reply == "I could not find out."
    assert "The code was not run" in server.asked[1].body["messages"][-1]["content"]
    system = server.asked[0].body["messages"][0]["content"]
    assert len(system) < 1000
