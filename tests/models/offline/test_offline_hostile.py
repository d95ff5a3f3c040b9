"""Names, values, questions and tool results that try to break out, or are broken themselves."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_agent.core.messages import code_blocks
from jupyter_agent.core.protocols import ToolOutput
from jupyter_agent.models.offline.lexicon import words
from tests.support.offline_session import OfflineSession, last_answer

HOSTILE = [
    "`; DROP TABLE",
    "x|y",
    "it's",
    'say "hi"',
    "back\\slash",
    "'] + __import__('os').system('true') + df['",
    "$x^2$",
    "```\n# heading",
    "line\nbreak",
    "\u202ereversed",
    "<script>alert(1)</script>",
    "![x](https://example.org/?d=1)",
    "{braces}",
    "%s %d",
    "a" * 300,
    " ",
    "",
]


def table(names: list[str]) -> str:
    columns = [
        {"name": name, "dtype": "float64" if place else "str", "missing": 1, "samples": ["1.5"], "unique": 3}
        for place, name in enumerate(["city", *names])
    ]
    frame = {
        "name": "df",
        "type": "pandas.DataFrame",
        "kind": "frame",
        "summary": "DataFrame",
        "facts": {"rows": 3, "columns_total": len(columns), "columns": columns},
    }
    return json.dumps({"kernel": {"status": "idle", "age_s": 0, "stale": ""}, "variables": [frame], "total": 1})


QUESTIONS = [
    "columns of df",
    "describe df",
    "missing values",
    "mean of {}",
    "plot {}",
    "plot {} by city",
    "mean {} by city",
    "drop column {}",
    "sort by {}",
    "{} > 3",
    "histogram of {}",
    "fill {}",
    "rename {} to y",
    "correlation of df",
    "top 3 by {}",
    "what is {}",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("question", QUESTIONS)
def test_V7_a_column_name_never_leaves_its_literal(name: str, question: str) -> None:
    results = {"list_variables": table([name, "price"]), "run_code": "denied: the user did not allow it."}
    text = last_answer(question.format(f'"{name}"'), results)
    assert text.strip()
    for block in code_blocks(text):
        if block.language != "python":
            continue
        tree = ast.parse(block.source)
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert called <= {"len", "int", "list", "range", "str", "zip"}, block.source
    outside = re.sub(r"(?s)^(`{3,})python\n.*?^\1$", "", text, flags=re.MULTILINE)
    outside = re.sub(r"(?s)(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", outside)
    for mark in ("<script", "](https", "\u202e", "# heading", "$x"):
        assert mark not in outside


@pytest.mark.parametrize("name", HOSTILE[:14])
def test_V7_code_with_hostile_names_runs_on_the_real_data(
    offline_with: Callable[[str], OfflineSession], name: str
) -> None:
    offline = offline_with(
        f"import pandas as pd\ndf = pd.DataFrame({{'city': ['a', 'b', 'a'], {name!r}: [1.0, 2.0, 4.0]}})"
    )
    for question in ("describe df", "columns", "correlation matrix"):
        assert offline.fresh().ask(question).text
    reply = offline.fresh().ask("mean by city")
    assert offline.executed(reply)["_"].to_numpy().tolist() == [2.5, 2.0] or reply.code
    for block in reply.blocks:
        assert "```" not in block.source or block.language == "text"
    offline.executed(offline.fresh().ask("plot df"))


def test_V7_duplicate_and_number_labels_are_reached_by_place(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with(
        "import pandas as pd\ndf = pd.DataFrame([[1, 2.0, 'x'], [3, 4.0, 'y']], columns=['a', 2023, 'c'])\ntwice = pd.DataFrame([[1, 2]], columns=['q', 'q'])"
    )
    assert "**3**" in offline.ask("mean of 2023").text
    assert offline.executed(offline.fresh().ask("sort df by 2023 descending"))["_"].iloc[0]["c"] == "y"
    assert offline.fresh().ask("describe twice").text


@given(st.text(max_size=120))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_question_is_answered(question: str) -> None:
    results = {
        "list_variables": table(["price", "unit price"]),
        "run_code": "city\na    1.0\nName: price, dtype: float64",
    }
    assert last_answer(question, results).strip()


VOCABULARY = words(
    """
    what which how many plot mean max by per the of in city price df rows columns and for only > 3 between 2 'x'
    top 5 sort month 2023 it that now as bar chart error fix where defined merge pivot missing fill drop rename to
    unique cell describe not is highest Berlin run code ? , ( [ / * @ ` " ' - = _ lowest correlation median count
    first last save csv read file.csv convert date what's function a new column times
    """
)
WORDS = st.lists(
    st.sampled_from(VOCABULARY),
    min_size=1,
    max_size=14,
)


@given(st.lists(WORDS, min_size=1, max_size=3))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_words_in_any_order_are_answered(questions: list[list[str]]) -> None:
    results = {
        "list_variables": table(["price", "unit price", "date"]),
        "read_error": json.dumps(
            {
                "error": {
                    "name": "KeyError",
                    "message": "'prce'",
                    "source": "df['prce']",
                    "frames": [],
                    "execution_count": 3,
                }
            }
        ),
        "read_cells": json.dumps({"cells": [{"id": "a", "kind": "code", "source": "x = 1", "execution_count": 1}]}),
        "run_code": "3.5",
    }
    assert last_answer([" ".join(question) for question in questions], results).strip()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "kind",
                    "facts",
                    "columns",
                    "rows",
                    "error",
                    "cells",
                    "top",
                    "samples",
                    "dtype",
                    "message",
                    "source",
                    "frames",
                    "head",
                    "keys",
                    "items",
                    "missing",
                    "shape",
                    "length",
                    "index",
                    "variables",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(
        [
            "describe df",
            "columns of df",
            "mean of price by city",
            "what went wrong?",
            "summarise the notebook",
            "what is df",
            "which variables are there",
            "head",
            "keys of df",
            "plot df",
            "where is df defined",
            "index of df",
            "list files",
        ]
    ),
    JSON,
    JSON,
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_tool_results_of_any_shape_are_survived(question: str, facts: Any, other: Any) -> None:
    kinds = ["frame", "mapping", "array", "series", "function", "object"]
    variables = [
        {
            "name": "df" if not place else f"v{place}",
            "type": "pandas.DataFrame",
            "kind": kind,
            "summary": "",
            "facts": facts,
        }
        for place, kind in enumerate(kinds)
    ]
    results = {
        "list_variables": json.dumps({"kernel": other, "variables": variables, "total": other}),
        "inspect_variable": json.dumps({"name": "df", "kind": "frame", "type": "t", "facts": facts}),
        "read_error": json.dumps({"error": other}),
        "read_cells": json.dumps({"cells": other}),
        "list_files": json.dumps({"files": other}),
        "run_code": str(other),
    }
    assert last_answer(question, results).strip()


BROKEN = [
    "",
    "{",
    "null",
    "[]",
    "No kernel is running for this notebook, so there are no live variables.",
    "kernel_unavailable: gone",
    "unknown_tool: none",
    '{"variables": 5}',
    "[" * 5000,
]


@pytest.mark.parametrize("content", BROKEN)
def test_broken_and_refused_tool_results_end_in_words(content: str) -> None:
    everything = dict.fromkeys(
        ("list_variables", "inspect_variable", "read_error", "read_cells", "list_files", "run_code"), content
    )
    for question in (
        "which variables are there?",
        "what went wrong?",
        "mean of price by city",
        "summarise this notebook",
        "what is df",
        "list files",
    ):
        assert last_answer(question, everything).strip()


def test_a_long_list_that_was_cut_in_the_middle_is_used_as_far_as_it_goes() -> None:
    variables = [
        {
            "name": f"value_{place}",
            "type": "int",
            "kind": "number",
            "summary": str(place),
            "facts": {"value": str(place)},
        }
        for place in range(400)
    ]
    text = json.dumps({"kernel": {"status": "idle", "age_s": 0, "stale": ""}, "variables": variables, "total": 400})
    cut = f"{text[:8000]}\n… 1000 characters left out …\n{text[-8000:]}"
    assert "400 variables" in last_answer("which variables are there?", {"list_variables": text})
    answer = last_answer("which variables are there?", {"list_variables": cut})
    assert "`value_0`" in answer
    assert "`value_1`" in answer
    assert "`3`" in last_answer("what is value_3?", {"list_variables": cut})


REFUSALS = [
    ("denied", "the user did not allow it. Do not try again; go on without.", "not approved"),
    ("denied", "this conversation is read-only. Give the user the code.", "not approved"),
    ("needs_approval", "nobody can approve it here. Give the user the code to run it themselves.", "not approved"),
    ("no_kernel", "No kernel is running for this notebook, so there are no live variables.", "could not be run"),
    ("kernel_unavailable", "The kernel cannot run code now. Give the user the code instead.", "could not be run"),
    ("timeout", "the turn's time is used up.", "could not be run"),
    (
        "exception",
        "Traceback (most recent call last)\nTypeError: agg function failed",
        "`TypeError: agg function failed`",
    ),
]


@pytest.mark.parametrize(("code", "content", "words"), REFUSALS)
def test_code_is_given_where_it_did_not_run(code: str, content: str, words: str) -> None:
    output = ToolOutput(content, ok=False, code=code)
    text = last_answer("mean price by city", {"list_variables": table(["price"]), "run_code": output})
    assert words in text
    assert "df.groupby('city')['price'].mean()" in text


def test_nothing_is_run_in_a_read_only_conversation(offline: OfflineSession) -> None:
    reply = offline.fresh(approval="read-only").ask("mean price by city")
    assert "I cannot run code here" in reply.text
    assert offline.executed(reply)["_"].idxmax() == "Munich"


def test_without_the_tool_the_code_is_given(offline: OfflineSession) -> None:
    reply = offline.fresh(tools=[tool for tool in offline.tools if tool.spec.name != "run_code"]).ask(
        "mean price by city"
    )
    assert "cannot run code here" in reply.text
    assert reply.code


def test_without_any_tool_it_says_what_is_missing() -> None:
    assert "cannot see the kernel's variables" in last_answer("which variables are there?", {}, specs=())
    assert "cannot read the notebook's errors" in last_answer("what went wrong?", {}, specs=())


def test_V13_a_withheld_value_is_not_asked_for_in_another_way(offline: OfflineSession) -> None:
    for question in ("what is api_key", "print api_key", "value of api_key", "length of api_key"):
        reply = offline.fresh().ask(question)
        assert "sk-" not in reply.text
        assert reply.ran == []


def test_V13_values_of_a_secret_column_are_neither_shown_nor_run_for(
    offline_with: Callable[[str], OfflineSession],
) -> None:
    offline = offline_with(
        "import pandas as pd\nusers = pd.DataFrame({'password': ['hunter2', 'swordfish'], 'age': [3, 4]})"
    )
    for question in (
        "unique values of password",
        "most common password",
        "what is password",
        "max password",
        "mean age by password",
        "describe users",
        "first rows",
    ):
        reply = offline.fresh().ask(question)
        assert "hunter2" not in reply.text
        assert "swordfish" not in reply.text
        assert reply.ran == []


def test_a_stale_state_is_said_to_be_old() -> None:
    data = json.loads(table(["price"]))
    data["kernel"] = {"status": "busy", "age_s": 12.4, "stale": "The kernel is busy."}
    assert "this was known 12 s ago" in last_answer("how many rows?", {"list_variables": json.dumps(data)})
