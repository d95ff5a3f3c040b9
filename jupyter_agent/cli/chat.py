"""`jupyter agent chat`: a prompt with history and completion; each line is a question or a slash command."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from functools import partial

from jupyter_agent.cli.arguments import OK
from jupyter_agent.cli.context import CliContext, open_context, print_note
from jupyter_agent.cli.prompt import read_lines
from jupyter_agent.cli.turn import ask_question
from jupyter_agent.core.errors import AgentError
from jupyter_agent.kernelside.magic import commands, session_commands, tables
from jupyter_agent.kernelside.magic.reply import without_emphasis

NO_NOTEBOOK = "There is no notebook. Start `jupyter agent chat --notebook FILE`."
NO_KERNEL = "There is no kernel. `jupyter agent chat --notebook FILE --execute` starts one and runs the notebook in it."


async def chat(arguments: argparse.Namespace) -> int:
    """Answer lines until the end of input; the exit code."""
    async with open_context(arguments) as context:
        if sys.stdin.isatty():
            print_note("/help shows the commands; Ctrl-C stops an answer, Ctrl-D exits")
        async for line in read_lines(context):
            try:
                command = commands.parse(line)
                if command == ("exit", ""):
                    break
                query = commands.question(*command) if command else line
                if query:
                    await _answer(context, query)
                elif command:
                    output = await _command_output(context, *command)
                    is_note = command[0] in session_commands.NOTES
                    print(without_emphasis(output) if is_note else output, flush=True)
            except (AgentError, commands.UnknownCommand) as error:
                print_note(str(error))
    return OK


async def _answer(context: CliContext, query: str) -> None:
    """Ask a question; Ctrl-C meanwhile stops this answer only, and keeps what was printed."""
    turn = asyncio.ensure_future(ask_question(context, query))
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(turn.cancel))
    try:
        done = await turn
    except asyncio.CancelledError:
        print("\nStopped.", flush=True)
        return
    finally:
        signal.signal(signal.SIGINT, before)
    print(flush=True)
    for warning in done.warnings:
        print_note(warning)


async def _command_output(context: CliContext, name: str, rest: str) -> str:
    """Run a slash command; what it prints, in Markdown."""
    conversation, session = context.conversation, context.session
    if name == "history":
        turns = max(1, int(rest)) if rest.isdecimal() else 10
        messages = await conversation.history(context.notebook_id, session, turns=turns)
        lines = [f"{'> ' if message['role'] == 'user' else ''}{message['content']}" for message in messages]
        return "\n\n".join(lines) or session_commands.NO_TURNS
    if name == "clear":
        existed = await conversation.clear(context.notebook_id, session)
        context.session = ""
        return "The conversation was cleared." if existed else "There was no conversation to clear."
    if name in session_commands.NAMES:
        problem = session_commands.usage_error(name, rest)
        if problem:
            return problem
        ask_again = partial(context.ask_again, rest)
        answer = await conversation.execute(
            name, rest, context.notebook_id, session, answer=ask_again, notebook=context.notebook
        )
        if name in ("use", "branch", "replay"):
            context.session = ""  # `conversation` knows the chosen one
        return session_commands.to_markdown(name, rest, answer)
    if name == "vars":
        if context.kernel is None:
            return NO_KERNEL
        if rest:
            return tables.variable_facts({"variable": (await context.kernel.inspect(rest)).to_json()})
        state = await context.kernel.state()
        variables = [variable.to_json() for variable in state.variables.values()]
        return tables.variables_list({"changed": variables, "total": state.total})
    if name == "doctor":
        if context.notebook is None:
            return NO_NOTEBOOK
        return (await context.assistant.resources.analyses.examine(context.notebook, context.kernel)).to_markdown()
    if name == "context":
        question = await context.question(rest or tables.NO_QUESTION)
        return tables.context_report(await context.assistant.preview(question))
    if name == "model":
        context.model = rest or context.model
        default = context.assistant.default_model
        models = [{"id": model, "default": model == default} for model in context.assistant.models()]
        return tables.models_list(models, context.model)
    return commands.table(commands.EXIT)
