"""Command-line arguments of `jupyter agent …`, with examples, and its exit codes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from jupyter_agent.config.installation import DISTRIBUTION, version
from jupyter_agent.config.policy import APPROVALS
from jupyter_agent.sessions.export import MEDIA_TYPES

OK, ERROR, USAGE, NOT_KNOWN, INTERRUPTED = 0, 1, 2, 3, 130

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

The model is the one given with -m, else $JUPYTER_AGENT_MODEL, else openai if OPENAI_API_KEY or OPENAI_BASE_URL
is set, else offline, which needs no key and no network, and says what it cannot do.
Exit codes: 0 success, 1 error, 2 wrong usage, 130 Ctrl-C.
"""

DOCTOR_EPILOG = """\
examples:
  jupyter agent doctor sales.ipynb
  jupyter agent doctor sales.ipynb --execute
  jupyter agent doctor sales.ipynb --json | jq -r '.findings[].reason'
  jupyter agent doctor

With --execute nothing that the cells do to files stays. On Linux, where user namespaces are allowed, the system sees to that, for
programs that they start, too: every file is there, and what is changed is thrown away. Elsewhere they run in a copy of the
project (the nearest folder above with .git or pyproject.toml, or that of a running server), Python functions that change other
files are refused, and so are all programs; then it is not known whether the notebook is reproducible. Libraries that write files
without Python's functions are not kept away there. Nowhere is the network: requests, databases and other services are real.

Exit codes: 0 reproducible (nothing wrong), 1 not reproducible (or no kernel can be started, or something is wrong), 2 wrong usage,
3 not known (its cells are not Python, or it reads what it itself leaves in files or databases; with --execute: it never ran before, or
does what is refused in a copy, or is too large for one), 130 Ctrl-C.
"""

EXPORT_EPILOG = """\
examples:
  jupyter agent export 4f0c6a --format md
  jupyter agent export 4f0c6a -o talk.ipynb
  jupyter agent export 4f0c6a | ssh elsewhere jupyter agent import -

`jupyter agent sessions` lists the ids.
"""

IMPORT_EPILOG = """\
examples:
  jupyter agent import talk.json
  jupyter agent import talk.json --session talk-2 --notebook sales.ipynb
  jupyter agent import - < talk.json

The id is printed on stdout. If a conversation already has that id, choose another with --session.
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

Without --execute the assistant reads the notebook's cells and stored outputs, but no variables.
Exit codes: 0 answered, 1 no answer, 2 wrong usage, 130 Ctrl-C.
"""

CHAT_EPILOG = """\
examples:
  jupyter agent chat -n sales.ipynb --execute
  jupyter agent chat -m ollama:qwen3

Tab completes commands, @variables and their columns.

Instructions for the assistant: yours in jupyter-agent/AGENTS.md of Jupyter's configuration folder (`jupyter --config-dir`), a
project's in AGENTS.md next to the notebook or above it, up to the repository; skills in .agents/skills/NAME/SKILL.md of the
project or of your home folder. What a project brings along counts once you have accepted it: /instructions.
"""

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    """The parser; the result's ``command`` is the command's name."""
    top = argparse.ArgumentParser(
        prog="jupyter agent",
        description="The notebook assistant that already knows your notebook, in a terminal.",
        epilog=EXAMPLES,
    )
    top.add_argument("--version", action="version", version=f"{DISTRIBUTION} {version()}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_question_commands(commands)
    _add_doctor(commands)
    _add_session_commands(commands)
    _add_models_and_lab(commands)
    for command in (top, *commands.choices.values()):
        command.formatter_class = argparse.RawDescriptionHelpFormatter
    return top


def _add_question_commands(commands: _Commands) -> None:
    ask = commands.add_parser(
        "ask",
        help="ask one question",
        description="Ask one question, about a notebook if one is given. The answer is Markdown on stdout; everything else "
        "is on stderr.",
        epilog=ASK_EPILOG,
    )
    ask.add_argument(
        "question", nargs="?", help="the question, followed by piped input if there is any; '-' or nothing reads stdin"
    )
    ask.add_argument("--json", action="store_true", help="print the whole turn as one JSON object")
    chat = commands.add_parser(
        "chat",
        help="chat with the assistant",
        description="Ask question after question; /help lists the commands. Ctrl-C stops an answer, Ctrl-D exits.",
        epilog=CHAT_EPILOG,
    )
    for command in (ask, chat):
        command.add_argument("--notebook", "-n", type=_notebook, metavar="FILE", help="the notebook to ask about")
        command.add_argument(
            "--execute",
            action="store_true",
            help="start a kernel and run the notebook's cells in it first, so that the assistant sees live variables; "
            "the file is not changed",
        )
        command.add_argument(
            "--model", "-m", default="", metavar="MODEL", help="the model that answers, such as openai:NAME"
        )
        command.add_argument("--session", "-s", default="", metavar="ID", help="the conversation to continue")
        command.add_argument(
            "--approve",
            choices=APPROVALS,
            default="",
            help="what is allowed without asking: nothing that runs code (read-only), nothing (ask), edits (auto-edit), "
            "everything (auto)",
        )


def _add_doctor(commands: _Commands) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="check whether Restart & Run All would reproduce a notebook, or this installation",
        description="Report what is stale, out of order or never run in a notebook, and whether Restart & Run All would "
        "reproduce it. Without a notebook: which options, stores, models, tools and inspectors cannot be used, and what the "
        "administrator's policy sets.",
        epilog=DOCTOR_EPILOG,
    )
    doctor.add_argument("notebook", nargs="?", type=_notebook, metavar="FILE", help="the notebook")
    doctor.add_argument(
        "--execute",
        action="store_true",
        help="prove it: run all cells in a fresh kernel that changes none of your files, and report the first difference in "
        "texts and pictures; without it nothing runs: a running server's kernel is asked what ran, else IPython's history, "
        "else the execution counts tell it",
    )
    doctor.add_argument("--json", action="store_true", help="print the whole report as one JSON object")


def _add_session_commands(commands: _Commands) -> None:
    sessions = commands.add_parser(
        "sessions", help="list conversations", description="List conversations, newest activity first."
    )
    sessions.add_argument("text", nargs="?", help="only conversations that contain this text")
    sessions.add_argument("--notebook", type=_notebook, metavar="FILE", help="only conversations about this notebook")
    sessions.add_argument("--limit", type=int, default=20, metavar="N", help="at most N (default: 20)")
    sessions.add_argument("--json", action="store_true", help="print JSON")
    sessions.add_argument(
        "--claim",
        action="store_true",
        help="make those conversations yours that were kept before each server had an owner; on a store that several "
        "people use only the first who does so gets them",
    )
    export = commands.add_parser(
        "export",
        help="write a conversation to a file",
        description="Write a conversation as JSON, which `jupyter agent import` reads, as Markdown, or as a notebook.",
        epilog=EXPORT_EPILOG,
    )
    export.add_argument("session", metavar="SESSION", help="the conversation's id")
    export.add_argument("--format", choices=MEDIA_TYPES, help="default: the extension of FILE, else json")
    export.add_argument("--output", "-o", type=Path, metavar="FILE", help="the file to write (default: stdout)")
    export.add_argument(
        "--notebook", "-n", type=_notebook, metavar="FILE", help="the conversation of that id about this notebook"
    )
    import_ = commands.add_parser(
        "import",
        help="read a conversation from a file",
        description="Create a conversation from the JSON that `jupyter agent export` wrote.",
        epilog=IMPORT_EPILOG,
    )
    import_.add_argument(
        "file",
        type=lambda text: None if text == "-" else Path(text),
        metavar="FILE",
        help="the file to read; '-' reads stdin",
    )
    import_.add_argument("--session", "-s", default="", metavar="ID", help="its new id (default: the exported one)")
    import_.add_argument("--notebook", "-n", type=_notebook, metavar="FILE", help="the notebook that it is about here")


def _add_models_and_lab(commands: _Commands) -> None:
    models = commands.add_parser(
        "models",
        help="show which models answer",
        description="List the providers, whether each answers, and the models it offers.",
        epilog=MODELS_EPILOG,
    )
    models.add_argument("--json", action="store_true", help="print JSON")
    models.add_argument(
        "--test",
        nargs="?",
        const="",
        metavar="MODEL",
        help="ask MODEL (default: the configured one) a question of a few tokens, and show how long the answer took",
    )
    lab = commands.add_parser(
        "lab",
        help="open JupyterLab with the assistant",
        usage="jupyter agent lab [-h] [--model MODEL] [FILE] [options of `jupyter lab`]",
        description="Open JupyterLab with the assistant's sidebar. Other arguments are passed to `jupyter lab`.",
    )
    lab.add_argument("--model", "-m", default="", metavar="MODEL", help="the model that answers, such as openai:NAME")


def _notebook(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return path
