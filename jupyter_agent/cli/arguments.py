"""What can be typed after `jupyter agent`, with examples."""

from __future__ import annotations

import argparse
from pathlib import Path

from jupyter_agent.config.options import APPROVALS
from jupyter_agent.sessions.export import MEDIA_TYPES

EXAMPLES = """\
examples:
  jupyter agent ask "which columns does the data have?" --notebook sales.ipynb
  jupyter agent ask "why does the last cell fail?" --notebook sales.ipynb --execute
  jupyter agent ask - --notebook sales.ipynb --json < question.txt | jq -r .reply
  python train.py 2>&1 | jupyter agent ask "why does this fail?"
  jupyter agent chat --notebook sales.ipynb --execute
  jupyter agent doctor sales.ipynb --execute
  jupyter agent sessions --notebook sales.ipynb
  jupyter agent export SESSION -o talk.md
  jupyter agent models --test
  jupyter agent lab sales.ipynb

Which model answers: -m, else $JUPYTER_AGENT_MODEL, else openai where OPENAI_API_KEY or OPENAI_BASE_URL
is set, else offline: it needs no key and no network, and says what it cannot do.
Exit codes: 0 well, 1 error, 2 wrong usage, 130 Ctrl-C.
"""

DOCTOR_EPILOG = """\
examples:
  jupyter agent doctor sales.ipynb
  jupyter agent doctor sales.ipynb --execute
  jupyter agent doctor sales.ipynb --json | jq -r '.findings[].reason'

Exit codes: 0 reproducible, 1 not (or no kernel can be started), 2 wrong usage, 130 Ctrl-C.
"""

EXPORT_EPILOG = """\
examples:
  jupyter agent export 4f0c6a --format md
  jupyter agent export 4f0c6a -o talk.ipynb
  jupyter agent export 4f0c6a | ssh elsewhere jupyter agent import -

`jupyter agent sessions` shows the ids.
"""

IMPORT_EPILOG = """\
examples:
  jupyter agent import talk.json
  jupyter agent import talk.json --session talk-2 --notebook sales.ipynb
  jupyter agent import - < talk.json

The id is printed on stdout. Where a conversation has it already, --session names another.
"""


MODELS_EPILOG = """\
examples:
  jupyter agent models
  jupyter agent models --test
  jupyter agent models --test ollama:qwen3

Exit codes: 0 the configured model (or MODEL) answers, 1 it does not, 2 wrong usage.
"""

ASK_EPILOG = """\
examples:
  jupyter agent ask "which columns does the data have?" -n sales.ipynb --execute
  jupyter agent ask "plot sales by region" -n sales.ipynb --execute --approve auto
  cat error.txt | jupyter agent ask "why?"
  jupyter agent ask "which cells fail?" -n sales.ipynb --json | jq -r .reply

Without --execute the notebook's cells and stored outputs are known, and no values.
Exit codes: 0 answered, 1 no answer, 2 wrong usage, 130 Ctrl-C.
"""

CHAT_EPILOG = """\
examples:
  jupyter agent chat -n sales.ipynb --execute
  jupyter agent chat -m ollama:qwen3

Tab completes commands, @variables and their columns.
"""


def parser() -> argparse.ArgumentParser:
    """The parser; the result's ``command`` says which command it is."""
    top = argparse.ArgumentParser(
        prog="jupyter agent",
        description="The notebook assistant that already knows your notebook, in a terminal.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_ask(commands)
    _add_chat(commands)
    _add_doctor(commands)
    _add_sessions(commands)
    _add_export(commands)
    _add_import(commands)
    _add_models(commands)
    _add_lab(commands)
    return top


def _add_ask(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ask = commands.add_parser(
        "ask",
        help="ask one question",
        description="Ask one question, about a notebook if one is given. The answer is Markdown on stdout; all else is "
        "on stderr.",
        epilog=ASK_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ask.add_argument(
        "question", nargs="?", help="the question, followed by what a pipe brings; '-' or nothing reads it from stdin"
    )
    ask.add_argument("--json", action="store_true", help="print the whole turn as one JSON object")
    _add_place(ask)


def _add_chat(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    chat = commands.add_parser(
        "chat",
        help="talk, with a prompt",
        description="Ask question after question; /help shows the commands. Ctrl-C stops an answer, Ctrl-D ends.",
        epilog=CHAT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_place(chat)


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="tell whether Restart & Run All would reproduce a notebook",
        description="Tell what is stale, out of order or never run in a notebook, and whether Restart & Run All would "
        "reproduce it.",
        epilog=DOCTOR_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    doctor.add_argument("notebook", type=_notebook, metavar="FILE", help="the notebook")
    doctor.add_argument(
        "--execute",
        action="store_true",
        help="prove it: run all cells in a fresh kernel in a copy of the notebook's folder, and report the first "
        "difference; without it the cells and their execution counts are judged, and nothing runs",
    )
    doctor.add_argument("--json", action="store_true", help="print the whole report as one JSON object")


def _add_sessions(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sessions = commands.add_parser(
        "sessions", help="list conversations", description="List conversations, newest activity first."
    )
    sessions.add_argument("text", nargs="?", help="only those that contain this text")
    sessions.add_argument("--notebook", type=_notebook, metavar="FILE", help="only those about this notebook")
    sessions.add_argument("--limit", type=int, default=20, metavar="N", help="at most N (20)")
    sessions.add_argument("--json", action="store_true", help="print JSON")


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = commands.add_parser(
        "export",
        help="write a conversation to a file",
        description="Write a conversation as JSON, which `jupyter agent import` reads, as Markdown, or as a notebook.",
        epilog=EXPORT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.add_argument("session", metavar="SESSION", help="the conversation's id")
    export.add_argument("--format", choices=MEDIA_TYPES, help="else the ending of FILE says which, else json")
    export.add_argument("--output", "-o", type=Path, metavar="FILE", help="where to; stdout if not said")
    export.add_argument("--notebook", "-n", type=_notebook, metavar="FILE", help="the one about this notebook")


def _add_import(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    taking = commands.add_parser(
        "import",
        help="read a conversation from a file",
        description="Make a conversation of what `jupyter agent export` wrote as JSON.",
        epilog=IMPORT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    taking.add_argument("file", type=_file_or_stdin, metavar="FILE", help="the file; '-' reads stdin")
    taking.add_argument("--session", "-s", default="", metavar="ID", help="its id here, else the one it had")
    taking.add_argument("--notebook", "-n", type=_notebook, metavar="FILE", help="the notebook it is about here")


def _add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = commands.add_parser(
        "models",
        help="show which models answer",
        description="Show the providers, and ask each whether it answers and what it offers.",
        epilog=MODELS_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    models.add_argument("--json", action="store_true", help="print JSON")
    models.add_argument(
        "--test",
        nargs="?",
        const="",
        metavar="MODEL",
        help="ask MODEL, else the configured one, a question of a few tokens, and tell how long the answer took",
    )


def _add_lab(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    lab = commands.add_parser(
        "lab",
        help="open JupyterLab with the assistant",
        usage="jupyter agent lab [-h] [--model MODEL] [FILE] [options of `jupyter lab`]",
        description="Open JupyterLab; the assistant's sidebar is in it. All else is handed on to `jupyter lab`.",
    )
    lab.add_argument("--model", "-m", default="", metavar="MODEL", help="which model answers, such as openai:NAME")


def _add_place(command: argparse.ArgumentParser) -> None:
    command.add_argument("--notebook", "-n", type=_notebook, metavar="FILE", help="the notebook to ask about")
    command.add_argument(
        "--execute",
        action="store_true",
        help="start a kernel and run the notebook's cells in it first, so that live variables are known; the file is "
        "not changed",
    )
    command.add_argument("--model", "-m", default="", metavar="MODEL", help="which model answers, such as openai:NAME")
    command.add_argument("--session", "-s", default="", metavar="ID", help="the conversation to go on with")
    command.add_argument(
        "--approve",
        choices=APPROVALS,
        default="",
        help="what may be done unasked: nothing that runs code (read-only), ask, edits (auto-edit), all (auto)",
    )


def _notebook(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return path


def _file_or_stdin(text: str) -> Path | None:
    return None if text == "-" else Path(text)
