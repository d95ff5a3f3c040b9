"""A prompt of any characters and of a hundred kilobytes reaches the model as it was typed: in a kernel and in a terminal."""

from __future__ import annotations

import os
import string
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pexpect
import pytest

from jupyter_agent.ipython.background_loop import BackgroundLoop
from tests.support.notebook_page import opened
from tests.support.recording_model import KEY, RecordingModel, recording_model
from tests.support.running_server import RunningServer, server_answers

LINE = f"why {string.punctuation} {{df}} {{{{x}}}} $x ${{y}} !ls %%time %agent it's `ls` é 漢字 😀 In [1]: >>> x \\n ??"
LONG = (LINE + " ") * (100_000 // len(LINE)) + "end?"
CELL = f"{LINE}\n\n    !ls -l {{here}} $HOME\n%%time\n>>> 1 / 0\n# not a comment; 'nor\n\t{LINE}"


@pytest.fixture(scope="module")
def loop() -> Iterator[BackgroundLoop]:
    loop = BackgroundLoop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def model(loop: BackgroundLoop) -> Iterator[RecordingModel]:
    """A model's server in another thread, for the test may block."""
    stack = AsyncExitStack()
    yield loop.run(stack.enter_async_context(recording_model()))
    loop.run(stack.aclose())


@pytest.fixture
def options(model: RecordingModel) -> dict[str, str]:
    return {"JUPYTER_AGENT_MODEL": "openai:m", "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.base_url}


def asked(model: RecordingModel) -> str:
    """The question that the model read; what is told of the notebook stands behind it, or before."""
    text = model.last_texts[-1]
    before, _, rest = text.partition("</context-") if text.startswith("<context-") else ("", "", "")
    text = rest.partition(">\n\n")[2] if before else text
    return text.partition("\n\n<context-")[0]


async def test_in_a_kernel_of_a_server(
    model: RecordingModel, options: dict[str, str], loop: BackgroundLoop, tmp_path: Path
) -> None:
    server = RunningServer(tmp_path, options)
    await server.start()
    try:
        await server_answers(server)
        async with opened(server, "a.ipynb") as (page, _):
            for text in (LINE, LONG):
                shown = await page.run(f"x = 1\n%agent {text}")
                assert shown.reply["status"] == "ok", shown.outputs
                assert asked(model) == text
            shown = await page.run(f"%%agent\n{CELL}")
            assert shown.reply["status"] == "ok", shown.outputs
            assert asked(model) == CELL
    finally:
        await server.end()


@pytest.fixture
def terminal(tmp_path: Path, options: dict[str, str]) -> Iterator[Any]:
    """IPython as people start it, with its editor of lines."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY", "OPENAI"))}
    ours = {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_DATA_DIR": str(tmp_path / "data")}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--no-banner", "--no-confirm-exit", "--colors=nocolor"],
        env={**clean, **ours, **options, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
        encoding="utf-8",
        timeout=100,
        dimensions=(40, 200),
    )
    child.expect(r"In \[")
    yield child
    child.close(force=True)


def paste(terminal: Any, text: str) -> None:
    """As terminals tell programs that text is pasted; then Enter."""
    terminal.send(f"\x1b[200~{text}\x1b[201~\r")


def test_in_a_terminal(model: RecordingModel, terminal: Any) -> None:
    before = len(model.requests)
    paste(terminal, "%load_ext jupyter_agent")
    terminal.expect_exact("In [2]:")
    questions = ((f"%agent {LINE}", LINE), (f"%%agent\n{CELL}\n\n", CELL), (f"%agent {LONG}", LONG))
    for number, (typed, text) in enumerate(questions, 3):
        paste(terminal, typed)
        terminal.expect_exact(f"In [{number}]:")
        assert len(model.requests) == before + number - 2
        assert asked(model) == text
