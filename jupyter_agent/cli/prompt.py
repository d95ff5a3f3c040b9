"""The prompt of `jupyter agent chat`: lines with history and completion, or from a pipe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_core.paths import jupyter_data_dir

from jupyter_agent.cli.context import CliContext
from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.kernelside.magic import completion
from jupyter_agent.kernelside.magic.turn import discard_typed

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.output import Output

STATE_SECONDS = 1.0  # that the prompt waits for a kernel that hangs; then the last known state is used


async def read_lines(context: CliContext) -> AsyncIterator[str]:
    """Lines as they are typed, or from a pipe, stripped; empty ones, too."""
    if not sys.stdin.isatty():
        while line := await asyncio.to_thread(sys.stdin.readline):
            yield line.strip()
        return
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.shortcuts import CompleteStyle

    history = Path(jupyter_data_dir()) / "jupyter-agent" / "chat_history"
    history.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    history.touch(mode=0o600)  # questions are nobody else's to read
    history.chmod(0o600)
    prompt: PromptSession[str] = PromptSession(
        history=FileHistory(str(history)),
        complete_while_typing=False,
        complete_style=CompleteStyle.READLINE_LIKE,  # reserves no lines for a menu below the prompt
    )
    while True:
        # As the last answer left them: between two questions nothing runs in this kernel.
        state = await context.kernel.state(timeout=STATE_SECONDS) if context.kernel is not None else None
        completer = _completer(state.variables if state is not None else {})
        try:
            yield (await prompt.prompt_async("\nagent> ", completer=completer)).strip()
        except KeyboardInterrupt:
            continue  # drops the line, not the conversation
        except EOFError:
            return


async def ask_user(question: str, output: Output | None = None) -> str:
    """What is typed once a question is shown, stripped; what was typed before is no answer to it."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.input.typeahead import clear_typeahead

    prompt: PromptSession[str] = PromptSession(output=output)
    clear_typeahead(prompt.input)
    discard_typed()
    return (await prompt.prompt_async(question)).strip()


def _completer(variables: Mapping[str, Variable]) -> Completer:
    """Completes commands, variables and columns, as after `%agent`."""
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    names = completion.CompletionNames(
        lambda: sorted(variables),
        lambda name: completion.members(variables[name].facts) if name in variables else [],
    )

    class QuestionCompleter(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
            found = completion.question(document.text_before_cursor, names)
            for text in found.texts:
                yield Completion(text, start_position=-len(found.fragment))

    return QuestionCompleter()
