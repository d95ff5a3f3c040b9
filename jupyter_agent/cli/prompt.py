"""The prompt of `jupyter agent chat`: lines with history and completion, or as a pipe brings them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_core.paths import jupyter_data_dir

from jupyter_agent.cli.context import Desk
from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.kernelside.magic import commands, completion

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer

STATE_SECONDS = 1.0  # that the prompt waits for a kernel that hangs; then what was known serves


async def lines(laid: Desk) -> AsyncIterator[str]:
    """Lines as they are typed, or as a pipe brings them; empty ones, too."""
    if not sys.stdin.isatty():
        while line := await asyncio.to_thread(sys.stdin.readline):
            yield line.strip()
        return
    prompt = _prompt()
    while True:
        completer = _completer(await _variables(laid))
        try:
            yield (await prompt.prompt_async("\nagent> ", completer=completer)).strip()
        except KeyboardInterrupt:
            continue  # the line is given up, the conversation is not
        except EOFError:
            return


def _prompt() -> PromptSession[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.shortcuts import CompleteStyle

    kept = Path(jupyter_data_dir()) / "jupyter-agent" / "chat_history"
    kept.parent.mkdir(parents=True, exist_ok=True)
    return PromptSession(
        history=FileHistory(str(kept)),
        complete_while_typing=False,
        complete_style=CompleteStyle.READLINE_LIKE,  # keeps no room for a menu below the prompt
    )


def _completer(variables: Mapping[str, Variable]) -> Completer:
    """Completes commands, variables and columns, as after `%agent`."""
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    def columns(name: str) -> list[str]:
        return completion.members(variables[name].facts) if name in variables else []

    known = completion.CompletionNames(lambda: sorted(variables), columns)

    class QuestionCompleter(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
            found = completion.question(document.text_before_cursor, known, (commands.EXIT,))
            for text in found.texts:
                yield Completion(text, start_position=-len(found.fragment))

    return QuestionCompleter()


async def _variables(laid: Desk) -> Mapping[str, Variable]:
    """As the last answer left them: between two questions nothing runs in this kernel."""
    return (await laid.kernel.state(timeout=STATE_SECONDS)).variables if laid.kernel is not None else {}
