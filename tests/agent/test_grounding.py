"""Where an answer's numbers and names come from: found, derived, or from nowhere; measured on answers that are altered."""

from __future__ import annotations

import asyncio
import json
import random
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from benchmarks.tasks.weak_model import QUESTIONS, tables
from jupyter_agent.agent.grounding import ground
from jupyter_agent.core.events import Grounding
from jupyter_agent.core.kernel_state import Cell, KernelState, Variable
from jupyter_agent.core.messages import Message, ToolCall, to_json
from jupyter_agent.core.numbers import numbers_in
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Turn
from jupyter_agent.kernels.local import LocalKernel
from jupyter_agent.kernelside.magic.turn import ungrounded
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.prompt.snapshot import TurnContext, build, read_kernel_and_cells
from jupyter_agent.server.api.sessions import history_to_json
from tests.support.scripted_assistant import assistant_with, done
from tests.support.still_kernel import StillKernel

#: How a value is said.
PLAIN = (
    "It is {:.2f}.",
    "The result is **{:,.1f}**.",
    "| value | {:.3f} |\n|---|---|",
    "There are {:g} of them in all.",
    "That is about {:,.2f} on average.",
    "$$x = {:.2f}$$",
    "Overall {:.4g}, as printed.",
)


@dataclass
class Conversation:
    """What a model was sent about a table, and what is known of it."""

    request: tuple[Message, ...]
    context: TurnContext


def conversation(frame: Any, query: str) -> Conversation:
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    kernel = LocalKernel(shell)
    shell.user_ns["df"] = frame
    shell.run_cell("n = len(df)")
    model = ScriptedModel(["ok"])
    assistant = assistant_with(model)

    async def ask() -> TurnContext:
        question = Question("local", query, kernel=kernel)
        await done(assistant, question)
        return await build(question, await read_kernel_and_cells(kernel, None))

    context = asyncio.run(ask())
    return Conversation(model.requests[0].messages, context)


def answers(chance: random.Random) -> Iterator[tuple[Conversation, list[Message], str]]:
    """Answers about the tables that are true, with what was printed."""
    import pandas as pd

    made = tables()
    talks = {name: conversation(frame, "What about df?") for name, frame in made.items()}
    for name, query, expression in QUESTIONS:
        talk = talks[name]
        value = eval(expression, {"df": made[name], "pd": pd})
        values = [each for each in (value if isinstance(value, tuple) else (value,)) if not isinstance(each, str)]
        if not values:
            continue
        other = float(chance.choice(["mean", "max", "std"]) and made[name].select_dtypes("number").iloc[:, 1].mean())
        first, rows = float(values[0]), len(made[name])
        request = (*talk.request[:-1], Message("user", talk.request[-1].content.replace("What about df?", query)))
        for printed, reply in (
            (f"{value}", chance.choice(PLAIN).format(first)),
            (f"{first} {other}", f"{chance.choice(PLAIN).format(first)} The mean is {other:.2f}, of {rows} rows."),
            (
                f"{first} {other}",
                f"It is {first:,.2f} and {other:,.2f}, so the difference is {abs(first - other):,.2f}.",
            ),
            (f"{first} {rows}", f"{first:g} of {rows}: {first / rows:.1%}."),
            (
                made[name].describe().to_string(),
                "The means are " + ", ".join(f"{mean:.1f}" for mean in made[name].select_dtypes("number").mean()) + ".",
            ),
            (f"{first * 1000}", f"That is {first:.2f}k in all."),
        ):
            call = ToolCall("c1", "run_code", "{}")
            yield (
                Conversation(request, talk.context),
                [Message("assistant", "", (call,)), Message("tool", printed, tool_call_id="c1")],
                reply,
            )


def altered(reply: str, chance: random.Random) -> tuple[str, int]:
    """The answer with one number changed at random, beyond what rounding explains; and where."""
    number = chance.choice(list(numbers_in(reply)))
    digits = [at for at in range(number.start, number.end) if reply[at].isdigit()]
    while True:
        changed = list(reply)
        for at in digits:
            if chance.random() < 0.6:
                changed[at] = str(chance.randint(1, 9))
        text = "".join(changed)
        if (
            abs(
                float(re.sub(r"[^\d.]", "", text[number.start : number.end]))
                - float(re.sub(r"[^\d.]", "", number.text))
            )
            > 0
        ):
            return text, number.start


def missing(talk: Conversation, messages: list[Message], reply: str) -> Grounding:
    return ground(reply, talk.request, messages, talk.context)


def test_a_number_that_is_altered_is_marked_and_true_ones_are_not() -> None:
    chance = random.Random(5)
    altered_ones = true = marked = wrongly = 0
    seconds: list[float] = []
    for talk, messages, reply in answers(chance):
        began = time.perf_counter()
        result = ground(reply, talk.request, messages, talk.context)
        seconds.append(time.perf_counter() - began)
        true += len(list(numbers_in(reply)))
        wrongly += len(result.missing)
        for _ in range(5):
            text, start = altered(reply, chance)
            altered_ones += 1
            missing = ground(text, talk.request, messages, talk.context).missing
            marked += any(part.start == start for part in missing)
    assert marked >= 0.95 * altered_ones, marked / altered_ones
    assert wrongly <= 0.05 * true, wrongly / true
    assert statistics.median(seconds) <= 0.005


def tool(content: str, call_id: str = "c1", code: str = "") -> list[Message]:
    call = ToolCall(call_id, "run_code", json.dumps({"code": code}))
    return [Message("assistant", "", (call,)), Message("tool", content, tool_call_id=call_id)]


def texts(grounding: Grounding) -> tuple[list[tuple[str, str, str]], list[str]]:
    found: list[tuple[str, str, str]] = [
        (part.text, part.source.kind, part.source.id) for part in grounding.found if part.kind == "number"
    ]
    return found, [part.text for part in grounding.missing]


REQUEST = (Message("system", "Rules: 77"), Message("user", "<c>\nIn [4]: 512 rows\n</c>\n\nIs it above 60?"))


@pytest.mark.parametrize(
    ("reply", "found", "missing"),
    [
        ("It is 1,234.6", [("1,234.6", "tool", "c1")], []),
        ("Total 1 234,56 euro, or 1\u202f234,6", [("1 234,56", "tool", "c1"), ("1\u202f234,6", "tool", "c1")], []),
        ("12.3 % of 512", [("12.3 %", "tool", "c1"), ("512", "prompt", "c4")], []),
        ("1.2k is above 60", [("1.2k", "tool", "c1"), ("60", "prompt", "")], []),
        ("1235, or 77", [("1235", "tool", "c1"), ("77", "prompt", "")], []),
        (
            "512 and 60: 452 apart, 572 together",
            [("512", "prompt", "c4"), ("60", "prompt", ""), ("452", "derived", ""), ("572", "derived", "")],
            [],
        ),
        ("60 of 512, so 11.7 %", [("60", "prompt", ""), ("512", "prompt", "c4"), ("11.7 %", "derived", "")], []),
        ("three:\n- a\n- b\n- c\n\nso 3", [("3", "derived", "")], []),
        ("1,239.6 or 513", [], ["1,239.6", "513"]),
        ("`513` or `61 %`, `x = 513`", [], ["513", "61 %"]),
        ("`f(513)` and x513\n```python\ny = 513\n```", [], []),
    ],
)
def test_each_number_is_looked_for_where_it_may_come_from(
    reply: str, found: list[tuple[str, str, str]], missing: list[str]
) -> None:
    context = TurnContext(cells=(Cell("c4", "code", "df", 4, "512 rows"),))
    assert texts(ground(reply, REQUEST, tool("1234.56 0.1234"), context)) == (found, missing)


def test_a_share_of_all_rows_is_derived_from_how_many_there_are() -> None:
    talk = conversation(tables()["orders"], "What about df?")
    result = ground("| lamp | 26 | 21.7 % |", talk.request, tool("lamp 26"), talk.context)
    assert result.missing == ()
    assert [part.source.kind for part in result.found] == ["tool", "derived"]


def test_a_number_that_came_from_nowhere_is_no_source_for_the_next_answer() -> None:
    before = ground("It is 4321 of 512", REQUEST, [], TurnContext())
    turn = Turn("t1", None, 1, "?", reply="It is 4321 of 512", extra=before.to_kept())
    request = (*REQUEST, Message("assistant", "It is 4321 of 512"), Message("user", "Sure?"))
    result = ground("Yes, 4321 of 512.", request, [], TurnContext(turns=(turn,)))
    assert [part.text for part in result.missing] == ["4321"]


def test_names_that_the_kernel_does_not_have_are_marked_with_the_near_ones() -> None:
    talk = conversation(tables()["orders"], "What about df?")
    reply = (
        "Use the column `unitprice` of `df`, or `df['quantty']`; `groupby` and `n` are fine, and so is `df.quantity`.\n"
        "```python\nimport math\ntotal = df['quantity'] * df['price_each']\nprint(totl, math.pi, df.custmer, df.shape, df.mean())\n"
        "df['new'] = 1\nprint(df['new'], len(total))\n```"
    )
    result = ground(reply, talk.request, [], talk.context)
    assert [(part.text, part.near[:1]) for part in result.missing] == [
        ("unitprice", ("unit_price",)),
        ("quantty", ("quantity",)),
        ("price_each", ()),
        ("totl", ()),
        ("custmer", ("customer",)),
    ]
    assert all(reply[part.start : part.end] == part.text for part in result.missing)
    assert all(reply[part.start : part.end] == part.text for part in result.found)
    assert [part.text for part in result.found] == ["df", "n"]


def test_what_the_turns_own_code_bound_is_known() -> None:
    talk = conversation(tables()["orders"], "What about df?")
    messages = tool("5", code="dg = df.copy()\ndf = dg.rename(columns={'quantity': 'amount'})")
    reply = "`dg` and `df['amount']`:\n```python\nprint(dg.sum(), df['amount'])\n```"
    assert ground(reply, talk.request, messages, talk.context).missing == ()


async def test_a_reply_has_its_grounding_when_it_is_done_when_it_is_asked_for_again_and_in_the_history() -> None:
    assistant = assistant_with(ScriptedModel(["Of 60 it is 4321."]))
    question = Question("local", "Above 60?", session_id="s1", turn_id="t1")
    ends = [await done(assistant, question) for _ in range(2)]
    assert ends[0].grounding == ends[1].grounding
    assert texts(ends[0].grounding) == ([("60", "prompt", "")], ["4321"])
    (turn,) = await assistant.sessions.tree.history(await assistant.sessions.get("local", "s1"), 10)
    assert history_to_json((turn,), 2)[1]["grounding"] == to_json(ends[0].grounding)


async def test_a_near_name_that_looks_like_a_secret_is_withheld() -> None:
    secret = "hunter2hunter2"
    variables = {secret: Variable(secret, "int", "number", "int 3", version=1)}
    kernel = StillKernel(state=KernelState("k1", "e1", 1, variables, total=1))
    assistant = assistant_with(ScriptedModel(["Use `hunter2hunter3`."]))
    last = await done(assistant, Question("local", "Which?", kernel=kernel))
    assert [part.text for part in last.grounding.missing] == ["hunter2hunter3"]
    assert secret not in json.dumps(to_json(last))


@pytest.mark.parametrize("kept", [None, 5, [], {"found": 1}, {"found": [{"text": 1}], "missing": []}])
def test_stored_grounding_is_not_trusted(kept: Any) -> None:
    assert Grounding.of_kept({"grounding": kept}) == Grounding()


def test_what_comes_from_nowhere_is_named_below_an_answer() -> None:
    result = ground("It is 4321, 4321 or 99.", REQUEST, [], TurnContext())
    assert ungrounded({"grounding": to_json(result)}) == ["Not from your notebook: 4321, 99."]
    assert ungrounded({"grounding": to_json(Grounding())}) == ungrounded({}) == []
