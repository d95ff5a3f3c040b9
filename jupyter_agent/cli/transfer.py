"""`jupyter agent export` and `jupyter agent import`: conversations as files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jupyter_agent.agent.commands import LOCAL
from jupyter_agent.cli.context import assistant, notebook_id, say
from jupyter_agent.cli.run import ERROR, OK
from jupyter_agent.core.errors import VersionConflict
from jupyter_agent.sessions.export import MEDIA_TYPES


async def export(arguments: argparse.Namespace) -> int:
    """Write one conversation to a file or to stdout; the exit code."""
    about = notebook_id(arguments.notebook) if arguments.notebook is not None else None
    kind = arguments.format or _kind_of(arguments.output)
    async with assistant() as made:
        text = await made.sessions.export(LOCAL, arguments.session, kind, about)
    if arguments.output is None:
        print(text, end="")
        return OK
    try:
        arguments.output.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        return _failed(f"{arguments.output} cannot be written: {error.strerror}.")
    say(f"written to {arguments.output}")
    return OK


async def take_in(arguments: argparse.Namespace) -> int:
    """Make a conversation of a JSON export and print its id; the exit code."""
    try:
        text = _text_of(arguments.file)
    except OSError as error:
        return _failed(f"{arguments.file} cannot be read: {error.strerror}.")
    except UnicodeDecodeError:
        return _failed(f"{arguments.file} is not an exported conversation: it is not UTF-8.")
    about = notebook_id(arguments.notebook) if arguments.notebook is not None else None
    try:
        async with assistant() as made:
            session = await made.sessions.import_json(
                LOCAL, text, notebook_id=about, session_id=arguments.session or None
            )
    except VersionConflict:
        return _failed("there is a conversation of that id already. --session names another.")
    print(session.id)
    say(f"{session.turn_count} entries, about {session.notebook_id or 'no notebook'}")
    return OK


def _text_of(path: Path | None) -> str:
    return sys.stdin.read() if path is None else path.read_text(encoding="utf-8")


def _kind_of(path: Path | None) -> str:
    ending = "" if path is None else path.suffix.lstrip(".").lower()
    return ending if ending in MEDIA_TYPES else "json"


def _failed(words: str) -> int:
    print(f"jupyter agent: {words}", file=sys.stderr)
    return ERROR
