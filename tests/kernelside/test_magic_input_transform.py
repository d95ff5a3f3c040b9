"""What stands after `%agent` reaches the assistant as typed, through a real IPython shell."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_agent.kernelside.magic import magics
from tests.support.small_jupyter import TOKEN, SmallJupyter, small_jupyter

TEXTS = [
    "what is df?",
    "is {df} or {{df}} or $df or ${df}??",
    string.punctuation,
    string.punctuation[::-1],
    "it's",
    'why does """ fail',
    "why does ''' fail, too?",
    "a ( b [ c {",
    "!ls -l $HOME",
    "%%time and %time and %agent",
    "a = %b = !c",
    "? df",
    "df;",
    "# not a comment",
    "ends with \\",
    "`code` and 0x and 1_ and 09",
    "😀 é 漢字 ü?",
    'f"{x!r:>{width}}" % (1,)',
    "@df.column => 3",
    ">>> x",
    "In [1]: x",
    "...: x",
    "x" * 100_000 + "?",
]


@pytest.fixture
def server() -> Iterator[SmallJupyter]:
    with small_jupyter() as running:
        yield running


@pytest.fixture
def shell(server: SmallJupyter) -> Iterator[Any]:
    quiet = Config({"HistoryManager": {"enabled": False}})
    create: Any = InteractiveShell
    shell = create(config=quiet)
    magics.load(shell, {"url": server.url, "token": TOKEN, "kernel_id": "k1"})
    yield shell
    shell.restore_sys_module_state()


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("y = 1\n", "\nz = 2"), ("for _ in [1]:\n    ", "\nz = 3"), ("!true it's\n", "")],
)
def test_a_line_reaches_the_model_unchanged(
    shell: Any, server: SmallJupyter, text: str, before: str, after: str
) -> None:
    result = shell.run_cell(f"{before}%agent {text}{after}")
    assert result.success
    assert [asked["query"] for asked in server.asked] == [text]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_a_cell_reaches_the_model_unchanged(shell: Any, server: SmallJupyter, text: str) -> None:
    body = f"{text}\n>>> second\n    ...: third\n\n{text}"
    assert shell.run_cell(f"%%agent\n{body}\n").success
    assert [asked["query"] for asked in server.asked] == [body]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1))
def test_any_line_of_text_reaches_the_model_unchanged(shell: Any, server: SmallJupyter, text: str) -> None:
    text = f"q{text}".strip()
    server.asked.clear()
    assert shell.run_cell(f"%agent {text}").success
    assert [asked["query"] for asked in server.asked] == [text]


@pytest.mark.parametrize("source", ['text = """\n%agent no question\n"""', "agent = 5; rest = (7\n% agent)\n"])
def test_what_only_looks_like_the_magic_is_left_alone(shell: Any, server: SmallJupyter, source: str) -> None:
    assert shell.run_cell(source).success
    assert server.asked == []


def test_the_help_of_the_magic_is_still_ipythons(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%agent?")
    assert "Ask the assistant that knows this notebook" in capsys.readouterr().out
    assert server.asked == []


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("%agent what?", "complete"),
        ("%agent it's (", "complete"),
        ("%%agent\nquestion", "incomplete"),
        ("%%agent\nquestion\n\n", "complete"),
    ],
)
def test_a_terminal_knows_when_the_question_is_complete(shell: Any, source: str, status: str) -> None:
    assert shell.check_complete(source)[0] == status
