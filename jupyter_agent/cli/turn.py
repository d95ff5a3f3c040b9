"""One question asked from a terminal: the answer on stdout as it comes, everything else on stderr."""

from __future__ import annotations

import json
import sys
from contextlib import aclosing
from dataclasses import replace

from jupyter_agent.cli.context import CliContext, print_note, print_text
from jupyter_agent.cli.prompt import ask_user
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.events import (
    ApprovalAsked,
    Cancelled,
    Done,
    Failed,
    Interrupted,
    TextDelta,
    ThinkingDelta,
    ToolCalled,
    ToolProgress,
    TurnStarted,
    Waiting,
)
from jupyter_agent.core.messages import to_json
from jupyter_agent.core.question import Decision
from jupyter_agent.core.text import spelled_out
from jupyter_agent.kernelside.magic.turn import NOBODY_WITH_REASONS, NOBODY_WORDS, PROMPT, denial_words, ungrounded

NO_TERMINAL = (
    "Code was not run: without a terminal there is nobody to approve it. --approve auto runs code without asking."
)


class AnswerFailed(AgentError):
    """A turn that began ended with an error; the message says why."""


async def ask_question(context: CliContext, query: str, *, show_text: bool = True) -> Done:
    """Ask a question, and print the answer as it comes, if its text is to be shown.

    Raises:
        AgentError: there is no answer, or not the whole of it.
    """
    question = replace(await context.question(query), decide=_approve)
    has_text, before = False, ""
    async with aclosing(context.assistant.ask(question)) as events:
        async for event in events:
            match event:
                case TurnStarted() if not context.session:
                    context.conversation.set_last_session(event.session_id)
                case TextDelta() if show_text:
                    print_text(event.text if has_text else event.text.lstrip("\n"), end="")
                    has_text = True
                case Waiting() if sys.stderr.isatty():
                    print_note(event.text)
                case ThinkingDelta() if sys.stderr.isatty() and before != event.event:
                    print_note("Thinking…")
                case ToolProgress() if sys.stderr.isatty():
                    print_note(f"Still running, {event.seconds:.0f} s (Ctrl-C stops it)")
                case ToolCalled() if sys.stderr.isatty():
                    name = event.arguments.get("name")
                    print_note(f"{event.title or event.tool} {name if isinstance(name, str) else ''}".rstrip())
                case Done():
                    if show_text and not has_text:
                        print_text(event.reply, end="")
                    return event
                case Failed():
                    raise AnswerFailed(event.message)
                case Cancelled() | Interrupted():
                    raise AnswerFailed("The answer was stopped by another program.")
                case _:
                    pass
            before = event.event
    raise AnswerFailed("The answer ended before it was complete.")


def notes_of(done: Done) -> tuple[str, ...]:
    """What is said below an answer."""
    return (*done.warnings, *ungrounded({"grounding": to_json(done.grounding)}))


async def _approve(approval: ApprovalAsked) -> Decision:
    """Ask the user, showing exactly what would be done, and why it is asked about."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        reasons = "; ".join(spelled_out(reason.text) for reason in approval.reasons)
        print_note(NOBODY_WITH_REASONS.format(reasons) if reasons else NO_TERMINAL)
        return Decision(approved=False, words=NOBODY_WORDS)
    from prompt_toolkit.output import create_output

    shown = approval.preview or f"{approval.tool} {json.dumps(dict(approval.arguments), ensure_ascii=False)}"
    print_text("\n" + "\n".join(f"    {line}" for line in spelled_out(shown).split("\n")), error=True)
    for reason in approval.reasons:
        print_note(f"Needs approval every time: {spelled_out(reason.text)}")
        for place in reason.more:
            print_note(f"    {spelled_out(place)}")
    try:
        answer = await ask_user(PROMPT.format("Run this"), create_output(sys.stderr))
    except EOFError:
        return Decision(approved=False)
    if answer.lower() in ("y", "yes"):
        return Decision(approved=True)
    return Decision(approved=False, words=denial_words(answer))
