"""One question asked from a terminal: the answer on stdout as it comes, all else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

from jupyter_agent.cli.context import Desk, say
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.messages import (
    ApprovalAsked,
    Cancelled,
    Done,
    Failed,
    Interrupted,
    TextDelta,
    ToolCalled,
    TurnStarted,
    Waiting,
)

NOBODY_TO_ASK = "code was not run: nobody can be asked here whether it may. --approve auto runs it unasked"


class TurnFailed(AgentError):
    """A turn that began ended with an error; the text says why."""


async def take_turn(desk: Desk, query: str, show: Callable[[str], None]) -> Done:
    """Ask, and show the answer as it comes.

    Args:
        desk: What is asked about.
        query: The question.
        show: Gets the text, piece by piece.

    Raises:
        AgentError: there is no answer, or not the whole of it.
    """
    question = replace(await desk.question(query), decide=_decide)
    said = False
    async with aclosing(desk.assistant.ask(question)) as events:
        async for event in events:
            match event:
                case TurnStarted() if not desk.session:
                    desk.conversation.set_last_session(event.session_id)
                case TextDelta():
                    show(event.text if said else event.text.lstrip("\n"))
                    said = True
                case Waiting() if sys.stderr.isatty():
                    say(event.text)
                case ToolCalled() if sys.stderr.isatty():
                    say(f"{event.tool} {_about(event)}".rstrip())
                case Done():
                    if not said:
                        show(event.reply)
                    return event
                case Failed():
                    raise TurnFailed(event.message)
                case Cancelled() | Interrupted():
                    raise TurnFailed("The answer was stopped from elsewhere.")
                case _:
                    pass
    raise TurnFailed("The answer ended before it was complete.")


async def _decide(asked: ApprovalAsked) -> bool:
    """Ask the user, showing exactly what would be done."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say(NOBODY_TO_ASK)
        return False
    from prompt_toolkit import PromptSession
    from prompt_toolkit.output import create_output

    code = asked.arguments.get("code")
    text = code if isinstance(code, str) else f"{asked.tool} {json.dumps(dict(asked.arguments), ensure_ascii=False)}"
    print("\n" + "\n".join(f"    {line}" for line in text.splitlines()), file=sys.stderr)
    prompt: PromptSession[str] = PromptSession(output=create_output(sys.stderr))
    try:
        answer = await prompt.prompt_async("Run this? [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


def _about(event: ToolCalled) -> str:
    name = event.arguments.get("name")
    return name if isinstance(name, str) else ""
