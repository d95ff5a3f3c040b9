"""`jupyter agent export` and `jupyter agent import`: conversations as files."""

from __future__ import annotations

import argparse
import sys

from jupyter_agent.cli.arguments import ERROR, OK
from jupyter_agent.cli.context import notebook_id, open_assistant, print_note, print_text
from jupyter_agent.core.errors import VersionConflict
from jupyter_agent.kernelside.wire import count
from jupyter_agent.sessions.export import MEDIA_TYPES


async def export(arguments: argparse.Namespace) -> int:
    """Write one conversation to a file or to stdout; the exit code."""
    extension = "" if arguments.output is None else arguments.output.suffix.lstrip(".").lower()
    file_format = arguments.format or (extension if extension in MEDIA_TYPES else "json")
    notebook = notebook_id(arguments.notebook) or None
    async with open_assistant(needs_store=True) as assistant:
        text = await assistant.sessions.export(assistant.owner, arguments.session, file_format, notebook)
    if arguments.output is None:
        if sys.stdout.isatty():
            print_text(text, end="")
        else:
            sys.stdout.write(text)  # a file, or for a program: as it is
        return OK
    try:
        arguments.output.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        return _error(f"{arguments.output} cannot be written: {error.strerror}.")
    print_note(f"Written to {arguments.output}")
    return OK


async def import_(arguments: argparse.Namespace) -> int:
    """Create a conversation from a JSON export and print its id; the exit code."""
    try:
        text = sys.stdin.read() if arguments.file is None else arguments.file.read_text(encoding="utf-8")
    except OSError as error:
        return _error(f"{arguments.file} cannot be read: {error.strerror}.")
    except UnicodeDecodeError:
        return _error(f"{arguments.file} is not an exported conversation: it is not UTF-8.")
    try:
        async with open_assistant(needs_store=True) as assistant:
            session = await assistant.sessions.import_json(
                assistant.owner,
                text,
                notebook_id=notebook_id(arguments.notebook) or None,
                session_id=arguments.session or None,
            )
    except VersionConflict:
        return _error("A conversation with that id already exists. Choose another id with --session.")
    print_text(session.id)
    print_note(f"{count(session.depth, 'question')}, about {session.notebook_id or 'no notebook'}")
    return OK


def _error(text: str) -> int:
    print_text(f"jupyter agent: {text}", error=True)
    return ERROR
