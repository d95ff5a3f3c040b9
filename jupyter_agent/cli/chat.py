"""`jupyter agent chat`: a prompt with history and completion; each line is a question or a slash command."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from functools import partial

from jupyter_agent.cli.arguments import OK
from jupyter_agent.cli.context import CliContext, open_context, print_note, print_text
from jupyter_agent.cli.prompt import ask_user, read_lines
from jupyter_agent.cli.turn import ask_question, notes_of
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
                    print_text(without_emphasis(output) if is_note else output)
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
        print_text("\nStopped.")
        return
    finally:
        signal.signal(signal.SIGINT, before)
    print_text("")
    for warning in notes_of(done):
        print_note(warning)


async def _command_output(context: CliContext, name: str, rest: str) -> str:
    """Run a slash command; what it prints, in Markdown."""
    conversation, session = context.conversation, context.session
    if name == "history":
        turns = max(1, int(rest)) if rest.isdecimal() else 10
        messages = await conversation.history(context.notebook_id, session, turns=turns)
        lines = [f"{'> ' if message['role'] == 'user' else ''}{message['content']}" for message in messages]
        return "\n\n".join(lines) or session_commands.NO_TURNS
    if name in session_commands.NAMES:
        problem = session_commands.usage_error(name, rest)
        if problem:
            return problem
        if name == "delete" and (kept := await _deletion_refused(context)):
            return kept
        ask_again = partial(context.ask_again, rest)
        answer = await conversation.execute(
            name, rest, context.notebook_id, session, answer=ask_again, notebook=context.notebook
        )
        if name in ("clear", "delete", "restore", "use", "branch", "replay"):
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
    if name == "instructions":
        try:
            chosen = context.instructions.chosen(rest)
        except ValueError as error:
            return str(error)
        found = await context.assistant.project_instructions(context.project, chosen)
        return context.instructions.to_markdown(found)
    if name == "model":
        context.model = rest or context.model
        return tables.models_list(await asyncio.to_thread(context.assistant.models_json), context.model)
    return commands.table(commands.EXIT)


async def _deletion_refused(context: CliContext) -> str:
    """Why the current conversation is not deleted; empty where the user wants it."""
    session = await context.conversation.current(context.notebook_id, context.session)
    if not session:
        return session_commands.NO_TURNS
    if not sys.stdin.isatty():
        return session_commands.NOBODY_TO_ASK
    try:
        typed = await ask_user(session_commands.deletion_question(session))
    except (EOFError, KeyboardInterrupt):
        typed = ""
    return "" if typed.lower() in ("y", "yes") else session_commands.NOT_DELETED
