"""Texts within a limit: cut between words, so that no half of a secret stays."""

from __future__ import annotations

import pytest

from jupyter_agent.core.kernel_state import Cell, Execution, ExecutionError, Frame, KernelState
from jupyter_agent.core.text import (
    FENCE,
    FENCE_BEGINNING,
    FENCED,
    FENCED_CODE,
    counted_head,
    format_bytes,
    head,
    head_and_tail,
    tail,
    truncate,
)
from jupyter_agent.core.tokens import estimate_tokens
from jupyter_agent.kernels.outputs import OutputCollector
from jupyter_agent.kernelside.fences import fenced
from jupyter_agent.kernelside.magic import safe_markdown
from jupyter_agent.kernelside.wire import source_hash
from jupyter_agent.prompt import context

CORE = "Qm3xTz81LbVw"
SECRET = f"sk-proj-{CORE}4NcYd7RkPf2HsJ6"


@pytest.mark.parametrize("fence", ["```", "~~~~", "`````"])
@pytest.mark.parametrize("language", ["", "python", "c++"])
def test_the_patterns_of_a_fence_agree_on_what_all_of_them_read(fence: str, language: str) -> None:
    opening, block = f"{fence}{language}", f"{fence}{language}\nx = '``'\n\n{fence}"
    for found in (FENCED_CODE.fullmatch(block), FENCED.fullmatch(block)):
        assert found is not None
        assert (found["fence"], found["source"].strip()) == (fence, "x = '``'")
    for pattern in (FENCE, safe_markdown._FENCE):
        found = pattern.match(opening)
        assert found is not None
        assert found[1] == fence
        assert pattern.match(fence[:2]) is None
    for indented in (opening, f"   {opening}"):
        assert all(FENCE_BEGINNING.fullmatch(indented[:size]) for size in range(len(indented) + 1))
    assert safe_markdown.safe_markdown(block) == fenced("x = '``'\n", language or "text")


def test_what_says_how_long_a_text_was_never_makes_it_longer() -> None:
    for size in range(90, 200):
        assert len(counted_head("x y " * size, 400)) <= min(4 * size, 440)
    assert counted_head("x y " * 200, 400).endswith("… (800 characters in all)")


@pytest.mark.parametrize("before", range(0, 60, 3))
def test_P1_a_cut_leaves_no_half_of_a_secret(before: int) -> None:
    text = f"{'x ' * before}{SECRET}{' y' * 40}"
    for limit in range(len(text)):
        for cut in (head(text, limit), tail(text, limit), head_and_tail(text, limit), truncate(text, limit)):
            assert SECRET in cut or CORE[:4] not in cut
            assert SECRET in cut or CORE[-4:] not in cut


def test_what_fits_is_left_as_it_is_and_words_are_kept_whole() -> None:
    assert head("one two", 7) == tail("one two", 7) == head_and_tail("one two", 7) == "one two"
    assert head("one two three", 8) == "one two "
    assert head("one two three", 7) == "one two"
    assert tail("one two three", 8) == " three"
    assert tail("one two three", 5) == "three"


def test_P1_what_a_run_prints_is_cut_between_words() -> None:
    for before in range(32 * 1024 - 60, 32 * 1024 + 4):
        collected = OutputCollector()
        collected.add("stream", {"text": " " * before + SECRET + " " * 200_000 + SECRET + " " * before})
        text = collected.result("ok").text
        assert SECRET in text or CORE[:4] not in text


@pytest.mark.parametrize("pad", [90, 100, 110, 280, 290, 480, 490, 580, 590])
def test_P1_what_failed_and_what_was_shown_are_cut_between_words(pad: int) -> None:
    text = f"{'. ' * (pad // 2)}{SECRET} and more {'. ' * 400}"
    error = ExecutionError("ValueError", text, (Frame("f", 1, text, variables={"value": text}),))
    state = KernelState("k", "e", 1, executions=(Execution(1, "a", "", "", "error", 1.0, error=error),))
    cells = (Cell("a", "code", "f()", 1, text, ""), Cell("b", "code", "g()", 2, "", text))
    for budget in range(100, 2000, 50):
        built = context.build("why?", state, cells, budget_tokens=budget, count=estimate_tokens).text
        assert CORE not in built.replace(SECRET, "")
        assert "Qm3x" not in built.replace(SECRET, "")


def test_the_hash_of_a_source_is_defined_for_every_text() -> None:
    assert source_hash("x = 1") == "8ff436def1451285599a1b1ad70800493b8dcafde2912e1a38345633054e4c26"
    assert source_hash("\ud800") == source_hash("?")
    assert Cell("a", "code", "x = 1").source_hash == source_hash("x = 1")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1023, "1,023 bytes"), (1024, "1.0 KB"), (5.5 * 2**20, "5.5 MB"), (2**41, "2,048.0 GB")],
)
def test_a_size_is_written_in_the_unit_that_fits(count: float, text: str) -> None:
    assert format_bytes(count) == text


def test_of_a_text_without_a_space_head_and_tail_are_shown_once_secrets_are_withheld() -> None:
    shown = truncate("ACGT" * 750, 2000, is_redacted=True)
    assert (shown.count("ACGT"), len(shown) <= 2000) == (486, True)
    assert "1,050 characters" in shown
