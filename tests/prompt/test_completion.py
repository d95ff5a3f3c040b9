"""Text at the cursor: names and columns that live, the same each time, and what a model is told for it."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_agent.core.events import ModelFinished, TextDelta, ThinkingDelta
from jupyter_agent.core.kernel_state import KernelState, Variable
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.prompt.completion import Cursor, complete_code, complete_name, messages
from jupyter_agent.redaction.redactor import Redactor

COLUMNS = [{"name": name, "dtype": "object"} for name in ("region", "revenue_eur", "signed on", 'a"b')]
STATE = KernelState(
    "k1",
    variables={
        "df": Variable("df", "DataFrame", "frame", "3 rows", {"columns": COLUMNS}),
        "df_clean": Variable("df_clean", "DataFrame", "frame", "2 rows", {"columns": COLUMNS}),
        "model": Variable("model", "Model", "object", "a model", {"fields": {"weights": "list", "bias": "0"}}),
        "token": Variable("token", "str", "text", "sk-proj-0123456789abcdef0123456789abcdef01234567", {}),
    },
)


@pytest.mark.parametrize(
    ("prefix", "suffix", "expected"),
    [
        ("df['re", "", "gion']"),
        ('df["sig', "", 'ned on"]'),
        ("df['re", "']", "gion"),
        ("x = df.rev", "", "enue_eur"),
        ("df.sig", "", ""),
        ("model.wei", "", "ghts"),
        ("df_c", "", "lean"),
        ("mod", "", "el"),
        ("m", "", ""),
        ("other['re", "", ""),
        ("'mod", "", ""),
        ("# mod", "", ""),
        ("mod", "ern", ""),
        ("a.mod", "", ""),
        ("df['a", "", "\"b']"),
    ],
)
def test_names_that_live_are_completed(prefix: str, suffix: str, expected: str) -> None:
    assert complete_name(Cursor(prefix, suffix), STATE) == expected


def test_nothing_is_known_without_a_kernel_or_of_another_language() -> None:
    assert complete_name(Cursor("mod"), None) == ""
    assert complete_name(Cursor("mod", language="r"), STATE) == ""


def test_a_model_is_told_the_variables_that_the_code_speaks_of_and_no_secret() -> None:
    content = messages(Cursor("df.groupby('region')\ntoken", "\nx"), STATE, Redactor())[-1].content
    assert "df: DataFrame" in content
    assert "revenue_eur" in content
    assert "model" not in content
    assert "sk-proj-" not in content


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (".mean()", ".mean()"),
        ("```python\n.mean()\n```", ".mean()"),
        ("df.revenue_eur.mean()", ".mean()"),
        ("x" * 5000, "x" * 600),
    ],
)
async def test_a_models_words_are_what_is_inserted(reply: str, expected: str) -> None:
    model = ScriptedModel([{"text": reply, "chunks": 50}])
    assert await complete_code(Cursor("df.revenue_eur"), STATE, model, Redactor()) == expected


@pytest.mark.parametrize(
    ("cursor", "reply", "expected"),
    [
        (Cursor(""), "Sure:\n```python\ndf.km.max()\n```\nThat gives the longest.", "df.km.max()"),
        (Cursor("df."), "The rest is:\n\n```\ndf.km.max()\n```", "km.max()"),
        (Cursor(""), "Sure, here is how you find the longest.", ""),
        (Cursor("x = "), "Nothing is missing.", ""),
        (Cursor(""), "The longest trip is found with max.", ""),
        (Cursor("# "), "The longest trip is found here.", "The longest trip is found here."),
        (Cursor('def f():\n    """'), "The longest trip.", "The longest trip."),
        (Cursor("while "), "True:", "True:"),
        (Cursor("try:\n    x\nexcept "), "Exception as e:", "Exception as e:"),
        (Cursor("y = "), "Sure(1)", "Sure(1)"),
        (Cursor("", language="markdown"), "See:\n```\nx\n```", "See:\n```\nx\n```"),
    ],
)
async def test_what_a_model_says_around_the_code_is_not_inserted(cursor: Cursor, reply: str, expected: str) -> None:
    assert await complete_code(cursor, STATE, ScriptedModel([reply]), Redactor()) == expected


async def test_what_a_model_thinks_is_not_inserted() -> None:
    class Thinker(ScriptedModel):
        async def stream(self, *given: Any, **more: Any) -> Any:
            yield ThinkingDelta("a mean?")
            yield TextDelta("Perhaps a mean.")
            yield ThinkingDelta("", replaces_text=True)
            yield TextDelta(".mean()")
            yield ModelFinished("stop")

    assert await complete_code(Cursor("df.revenue_eur"), STATE, Thinker([]), Redactor()) == ".mean()"


@pytest.mark.parametrize(
    ("prefix", "reply", "expected"),
    [
        ("client = Client(", "region, 'ghp_" + "a1B2" * 9 + "')", "region, '"),
        ("password = ", '"correct-horse-7"', '"'),
        ("total = ", "df.sum()", "df.sum()"),
    ],
)
async def test_a_completion_ends_before_a_secret(prefix: str, reply: str, expected: str) -> None:
    assert await complete_code(Cursor(prefix), STATE, ScriptedModel([reply]), Redactor()) == expected
