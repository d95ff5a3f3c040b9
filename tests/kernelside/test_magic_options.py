"""Options of `%agent` stand before the question and nowhere else; slash commands are told from questions."""

from __future__ import annotations

import pytest

from jupyter_agent.kernelside.magic import commands, options
from jupyter_agent.kernelside.magic.options import BadOption, Options

QUESTIONS = [
    "what is df?",
    "what does --model mean?",
    "-1 or 1: which is larger?",
    "- a list item",
    "--unknown is no option of ours",
    "why -f and not -g?",
    "-mfoo glued to its letter is text",
    "it's \"quoted' badly",
    "-",
    "--cell=yes is no form of --cell",
    "a\n-m b",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_without_options_is_not_touched(question: str) -> None:
    assert options.parse(question) == (Options(), question)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_after_options_is_not_touched(question: str) -> None:
    assert options.parse(f"-m offline --cell {question}") == (Options(model="offline", cell=True), question)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", (Options(), "")),
        ("-m offline", (Options(model="offline"), "")),
        ("-m openai:gpt-5 -s s1 -f code q", (Options("openai:gpt-5", "s1", "code"), "q")),
        ("--model=offline --session=s1 --format=json q", (Options("offline", "s1", "json"), "q")),
        ("--model 'my model' q", (Options(model="my model"), "q")),
        ("--cell --approve auto q", (Options(cell=True, approval="auto"), "q")),
        ("--run --cell q", (Options(cell=True, run=True), "q")),
        ("-f code -f json q", (Options(format="json"), "q")),
        ("-- -m offline", (Options(), "-m offline")),
        ("--cell -- --cell", (Options(cell=True), "--cell")),
        ("  -m\toffline   spaced  out  ", (Options(model="offline"), "spaced  out")),
        ("-m offline\nnext line", (Options(model="offline"), "next line")),
    ],
)
def test_options_are_read(line: str, expected: tuple[Options, str]) -> None:
    assert options.parse(line) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-m", "-m needs a value"),
        ("--session=", "--session needs a value"),
        ("-f html q", "markdown, code, json"),
        ("--approve yes q", "read-only, ask, auto-edit, auto"),
    ],
)
def test_a_bad_option_says_what_would_do(line: str, message: str) -> None:
    with pytest.raises(BadOption, match=message):
        options.parse(line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/help", ("help", "")),
        ("/history 3", ("history", "3")),
        ("/CLEAR ", ("clear", "")),
        ("/model openai:gpt-5", ("model", "openai:gpt-5")),
        ("what is /help?", None),
        ("/home/me/data.csv: what is in it?", None),
        ("/tmp is full, why?", None),
        ("/", None),
        ("", None),
        ("//help", None),
    ],
)
def test_a_command_is_told_from_a_question(text: str, expected: tuple[str, str] | None) -> None:
    assert commands.parse(text) == expected


def test_a_misspelt_command_is_not_sent_to_the_model() -> None:
    with pytest.raises(commands.UnknownCommand, match="/history"):
        commands.parse("/histroy")


def test_beginnings_of_commands_are_completed() -> None:
    assert commands.complete("/h") == ("/help", "/history")
    assert commands.complete("h") == ()
