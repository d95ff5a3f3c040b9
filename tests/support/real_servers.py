"""OpenAI-compatible servers that others made, started on this machine for the slow tests; no weights are downloaded."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.support import tiny_gguf
from tests.support.tiny_gguf import calling

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
AIMOCK = "@copilotkit/aimock@1.43.0"
KEY = "sk-real-0123456789"
#: What the tiny model says, by a word of the last message: the question's, or the tool's result.
LINES = {
    "please-run": "Let me run it.\n" + calling("run_code", '{"code": "print(6 * 7)"}'),
    "please-fail": calling("run_code", '{"code": "raise ValueError(\'boom\')"}'),
    "please-count": "one two three …",
    "boom": "Sorry, that failed: ValueError.",
    "42": "The result is 42.",
    "": "It is 42, ж ☃.",
}


@dataclass(frozen=True)
class RealServer:
    """One that runs.

    Attributes:
        provider: As our models are asked for.
        address: Without a path.
        model: That it has.
        variable: Environment variable of its key.
    """

    provider: str
    address: str
    model: str
    variable: str

    @property
    def base_url(self) -> str:
        return f"{self.address}/v1"


@contextmanager
def llama_cpp(folder: Path, *, context: int = 16384, layers: int = 1, width: int = 32) -> Iterator[RealServer]:
    """llama.cpp's own server, from the package xllamacpp."""
    file = tiny_gguf.write(folder / "tiny.gguf", LINES, context=context, layers=layers, width=width)
    command = [sys.executable, "-P", str(HERE / "serve_gguf.py"), str(file), KEY, str(context)]
    with _running(command, r'"address": "(http://[\d.:]+)"') as address:
        yield RealServer("llamacpp", address, "tiny", "LLAMA_API_KEY")


@contextmanager
def aimock(folder: Path) -> Iterator[RealServer]:
    """CopilotKit's aimock, from npm: what it says is in `aimock_fixtures.json`."""
    install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), AIMOCK]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    program = folder / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    options = ["-p", "0", "-f", str(HERE.parent / "models" / "aimock_fixtures.json"), "--validate-on-load", "--strict"]
    with _running(["node", str(program), *options], r"listening on (http://[\d.:]+)", AIMOCK_API_KEYS=KEY) as address:
        yield RealServer("openai", address, "gpt-4o-mini", "OPENAI_API_KEY")


@contextmanager
def _running(command: list[str], sign: str, **environment: str) -> Iterator[str]:
    """A program, once it has said its address, until the end of the block."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
    )
    with process:
        try:
            assert process.stdout
            yield _find_in_output(process.stdout, sign)
        finally:
            process.kill()


def _find_in_output(output: IO[str], sign: str) -> str:
    for line in output:
        if found := re.search(sign, line):
            return found[1]
    raise AssertionError(f"the server ended before it said its address: {json.dumps(sign)}")
