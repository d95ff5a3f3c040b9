"""`jupyter agent chat`: a prompt with history and completion; each line is a question or a slash command."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from jupyter_agent.cli.context import Desk, desk, say
from jupyter_agent.cli.prompt import lines
from jupyter_agent.cli.run import OK
from jupyter_agent.cli.turn import take_turn
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.messages import Done
from jupyter_agent.kernelside.magic import commands, session_commands, tables
from jupyter_agent.kernelside.magic.reply import without_emphasis

NO_NOTEBOOK = "There is no notebook. `jupyter agent chat --notebook FILE` brings one."
NO_KERNEL = "There is no kernel. `jupyter agent chat --notebook FILE --execute` starts one and runs the notebook in it."


async def chat(arguments: argparse.Namespace) -> int:
    """Talk until the end of input; the exit code."""
    async with desk(arguments) as laid:
        if sys.stdin.isatty():
            say("/help shows the commands; Ctrl-C stops an answer, Ctrl-D ends")
        async for line in lines(laid):
            if line and not await _taken(laid, line):
                break
    return OK


async def _taken(laid: Desk, line: str) -> bool:
    """Do what one line says; False if it ends the conversation."""
    try:
        command = commands.parse(line, (commands.EXIT,))
        if command == ("exit", ""):
            return False
        if command is None or commands.question(*command, (commands.EXIT,)):
            await _answer(laid, commands.question(*command) if command else line)
        else:
            said = await _said_by(laid, *command)
            print(without_emphasis(said) if command[0] in session_commands.NOTES else said, flush=True)
    except (AgentError, commands.UnknownCommand) as error:
        say(str(error))
    return True


async def _answer(laid: Desk, query: str) -> None:
    """Ask; Ctrl-C meanwhile stops this answer alone, and what was said is kept."""
    turn = asyncio.ensure_future(take_turn(laid, query, lambda text: print(text, end="", flush=True)))
    with _ctrl_c_cancels(turn):
        try:
            done = await turn
        except asyncio.CancelledError:
            print("\nStopped.", flush=True)
            return
    print(flush=True)
    for warning in done.warnings:
        say(warning)


async def _said_by(laid: Desk, name: str, rest: str) -> str:
    """What a command has to say, in Markdown."""
    if name == "history":
        return await _history(laid, int(rest) if rest.isdigit() else 10)
    if name == "clear":
        there_was = await laid.conversation.clear(laid.notebook_id, laid.session)
        laid.session = ""
        return "The conversation is forgotten." if there_was else "There was no conversation to forget."
    if name in session_commands.NAMES:
        return await _conversed(laid, name, rest)
    if name == "vars":
        return await _variables(laid, rest)
    if name == "doctor":
        return (
            NO_NOTEBOOK
            if laid.notebook is None
            else (await laid.assistant.resources.analyses.examine(laid.notebook, laid.kernel)).to_markdown()
        )
    if name == "context":
        question = await laid.question(rest or tables.NO_QUESTION)
        return tables.context_report(await laid.assistant.preview(question))
    if name == "model":
        laid.model = rest or laid.model
        return tables.models_list(
            [{"id": one, "default": one == laid.assistant.default_model} for one in laid.assistant.models()], laid.model
        )
    return commands.table((commands.EXIT,))


async def _history(laid: Desk, turns: int) -> str:
    said = await laid.conversation.history(laid.notebook_id, laid.session, turns=max(1, turns))
    lines = [f"> {one['content']}" if one["role"] == "user" else str(one["content"]) for one in said]
    return "\n\n".join(lines) or "Nothing has been said in this conversation yet."


async def _conversed(laid: Desk, name: str, rest: str) -> str:
    problem = session_commands.usage_error(name, rest)
    if problem:
        return problem
    answer = await laid.conversation.execute(
        name, rest, laid.notebook_id, laid.session, answer=laid.answer_with(rest), notebook=laid.notebook
    )
    if name in ("use", "branch", "replay"):
        laid.session = ""  # what was named at the start is left
    return session_commands.to_markdown(name, rest, answer)


async def _variables(laid: Desk, name: str) -> str:
    if laid.kernel is None:
        return NO_KERNEL
    if name:
        return tables.variable_facts({"variable": (await laid.kernel.inspect(name)).to_json()})
    state = await laid.kernel.state()
    return tables.variables_list({"changed": [one.to_json() for one in state.variables.values()], "total": state.total})


@contextmanager
def _ctrl_c_cancels(turn: asyncio.Future[Done]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(turn.cancel))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
