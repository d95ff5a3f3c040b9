"""The process of a local model, seen from ours: started when first needed, looked after, ended with us."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from jupyter_agent.core import errors
from jupyter_agent.core.text import format_bytes
from jupyter_agent.models.local import failures, memory
from jupyter_agent.models.local.failures import SMALLER

if TYPE_CHECKING:
    from pathlib import Path

_COMMAND = ("-P", "-m", "jupyter_agent.models.local.engine")  # -P: nothing of the current folder is imported
_SECRET = re.compile(r"key|token|secret|passw|credential", re.IGNORECASE)
_STOP_SECONDS = 5.0
_MOMENT = 1.0
_WORDS_KEPT = 60


class EngineProcess:
    """One process with one model.

    Args:
        path: The GGUF file.
        name: What the model is called.
        context: Tokens that a conversation may have.
    """

    def __init__(self, path: Path, name: str, context: int) -> None:
        self.key = secrets.token_urlsafe(32)
        self.path = path
        self._wanted = {"path": str(path), "name": name, "context": context, "key": self.key}
        self._process: subprocess.Popen[bytes] | None = None
        self._address: Future[str] = Future()
        self._starting = threading.Lock()
        self._words: deque[bytes] = deque(maxlen=_WORDS_KEPT)

    @property
    def ready(self) -> bool:
        """Whether it has said where it answers."""
        return self._address.done()

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid if self._process is not None else None

    async def address(self, deadline: float) -> str:
        """Where the model answers; starts the process if need be, and waits until the file is read.

        Args:
            deadline: On `time.monotonic()`; the file goes on being read after it.

        Raises:
            MissingExtra: the engine is not installed.
            UpstreamError: the model cannot be run, with what to do about it.
        """
        if self._process is None:
            await asyncio.to_thread(self._start)
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return await asyncio.shield(asyncio.wrap_future(self._address))
        except TimeoutError:
            raise errors.UpstreamTimeout("The local model is still being loaded. Ask again in a moment.") from None
        except EOFError:
            raise await asyncio.to_thread(self._why) from None

    def stop(self) -> None:
        """End it, at the latest after some seconds."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            assert process.stdin
            process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def has_ended(self) -> bool:
        """Whether it ran and runs no more."""
        return self._address.done() if self._process is None else self._process.poll() is not None

    def ends(self) -> bool:
        """The same of a process that hung up a moment ago, and may need another to be gone."""
        process = self._process
        with suppress(subprocess.TimeoutExpired):
            return process is None or process.wait(_MOMENT) is not None
        return False

    def ending(self) -> errors.AgentError:
        """Why a process that had begun to answer is no more."""
        return failures.out_of_memory() if self._was_killed() else failures.stopped()

    def _start(self) -> None:
        with self._starting:
            if self._process is not None:
                return
            needed, free = self.path.stat().st_size, memory.available()
            if free is not None and needed > free:
                raise errors.UpstreamRefused(
                    f"The model needs {format_bytes(needed)} of memory, and {format_bytes(free)} are free. Close other kernels. {SMALLER}"
                )
            self._process = process = subprocess.Popen(
                [sys.executable, *_COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # No secret is any business of a program that reads files from anywhere.
                env={name: value for name, value in os.environ.items() if not _SECRET.search(name)},
                start_new_session=True,  # what interrupts us is not for it
            )
        for work in (self._listen, self._keep_words):
            threading.Thread(target=work, args=(process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Hand over what to run, and wait for the one line of the answer."""
        assert process.stdin
        assert process.stdout
        line = b""
        with suppress(OSError, ValueError), process.stdout:
            process.stdin.write(json.dumps(self._wanted).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        try:
            answer = json.loads(line)
            if "failure" in answer:
                self._words.append(str(answer["failure"]).encode())
            self._address.set_result(answer["address"])
        except (ValueError, KeyError):
            self._address.set_exception(EOFError())

    def _keep_words(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr
        with suppress(OSError, ValueError), process.stderr:
            while piece := process.stderr.readline(1000):
                self._words.append(piece)

    def _why(self) -> errors.AgentError:
        """Why there is no address: as far as the process said before it ended."""
        process = self._process
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
        words = b" ".join(self._words).decode("utf-8", "replace")
        if words.endswith("missing"):
            return failures.missing_extra()
        if words.endswith("broken"):
            return errors.MissingExtra(
                "The engine for local models (xllamacpp) cannot be loaded on this machine. Reinstall it, or use a server of "
                "models, such as Ollama."
            )
        if self._was_killed() or re.search(r"out of memory|failed to allocate|bad_alloc|Cannot allocate", words):
            return failures.out_of_memory()
        if re.search(r"unknown (model )?architecture|unknown pre-tokenizer", words):
            return errors.UpstreamRefused(
                "The engine does not know this kind of model yet. Run `pip install --upgrade xllamacpp`, or choose another model."
            )
        return errors.UpstreamRefused(
            "The model's file is damaged, or of a kind that the engine does not read. Fetch it again, or choose another."
        )

    def _was_killed(self) -> bool:
        return self._process is not None and self._process.poll() == -9
