"""One cell's source as Python can read it: magics and shell lines made into calls, the rest left where it stands."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

#: Cell magics whose body is Python that runs in the user's namespace.
PYTHON_BODIES = frozenset({"time", "capture", "prun", "memit", "mprun", "lprun", "snakeviz", "heat", "scalene"})
#: Line and cell magics that run their Python in a function of its own, so that it binds nothing.
TIMERS = frozenset({"timeit"})
#: Line magics whose argument is a Python statement.
PYTHON_LINES = frozenset({"time", "prun", "memit"})
#: Magics after which names may be there that no source shows.
WILD_MAGICS = frozenset(
    {
        "run",
        "pylab",
        "store",
        "load",
        "loadpy",
        "macro",
        "recall",
        "rerun",
        "edit",
        "R",
        "sql",
        "cython",
        "bigquery",
        "spark",
    }
)
#: Magics that may write any file.
FILE_MAGICS = frozenset({"!", "bash", "sh", "script", "cd", "writefile", "mkdir", "system", "sx", "perl", "ruby"})
#: Magics that neither bind nor show anything.
SILENT_MAGICS = frozenset(
    {
        "matplotlib",
        "load_ext",
        "reload_ext",
        "autoreload",
        "config",
        "time",
        "capture",
        "?",
        "env",
        "set_env",
        "autosave",
        "precision",
    }
)

_MAGIC_LINE = re.compile(r"(\s*)(?!\s)([\w.\[\]'\", \t]+=\s*)?(%{1,2}|!{1,2})\s*(.*)")
_HELP_LINE = re.compile(r"\s*\??\??[\w.%*]+(\[[^\]]*\])?\??\??\s*$")
_ASSIGNED = re.compile(r"\s*[A-Za-z_][\w.\[\]'\", ]*$")
_PLACE = re.compile(r"\{([^{}]+)\}|\$([A-Za-z_]\w*)")


#: Programs whose first argument tells what they do.
_PROGRAMS_OF_MANY = frozenset({"git", "pip", "conda", "apt", "apt-get"})


@dataclass(frozen=True, slots=True)
class Magic:
    """One magic or shell line.

    Attributes:
        name: Its name without per cent signs; ``!`` for a shell line.
        argument: What follows it on its line.
        body: The rest of the cell, for a cell magic that does not run Python.
        cell: Whether it is a cell magic.
    """

    name: str
    argument: str
    body: str = ""
    cell: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A cell's tree.

    Attributes:
        tree: The module; empty where the source is no Python.
        magics: In the order of the source; a call ``__magic__(n)`` stands in the tree where the n-th is.
        quiet: Whether a final semicolon keeps the last value from being shown.
        problem: Why Python cannot read the source; empty where it can.
    """

    tree: ast.Module
    magics: tuple[Magic, ...] = ()
    quiet: bool = False
    problem: str = ""


def parse(source: str) -> Parsed:
    """Read a cell's source; never raises for what a user may have typed."""
    quiet = _is_quiet(source)
    tree, problem = _tree(source)
    if tree is not None:
        return Parsed(tree, (), quiet)
    magics: list[Magic] = []
    tree, problem = _tree(_without_magics(source, magics))
    empty = ast.Module(body=[], type_ignores=[])
    return Parsed(tree or empty, tuple(magics), quiet, "" if tree is not None else problem)


def expressions_in(text: str) -> tuple[str, ...]:
    """Python expressions that IPython puts into a magic's or shell line's text: ``{expression}`` and ``$name``."""
    return tuple(one or two for one, two in _PLACE.findall(text))


def commands_in(text: str) -> tuple[str, ...]:
    """The programs that shell lines start, such as ``!date`` and ``!git commit``."""
    words = [line.split() for line in re.split(r"\n|&&|;|\|", text)]
    return tuple("!" + " ".join(one[: 2 if one[0] in _PROGRAMS_OF_MANY else 1]) for one in words if one)


def is_magic(node: ast.expr) -> bool:
    """Whether a call stands for a magic or a shell line."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__magic__"


def _tree(source: str) -> tuple[ast.Module | None, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the user's texts with \d in them
            return ast.parse(source), ""
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return None, f"{type(error).__name__}: {error}"


def _is_quiet(source: str) -> bool:
    lines = (one for one in reversed(source.split("\n")) if one.strip() and not one.lstrip().startswith("#"))
    last = next(lines, "")
    code = last.partition("#")[0] if "'" not in last and '"' not in last else last
    return code.rstrip().endswith(";")


def _without_magics(source: str, magics: list[Magic]) -> str:
    """The source with each magic as ``__magic__(n)``, each on its own line and with its own indentation."""
    lines = source.split("\n")
    first = next((at for at, one in enumerate(lines) if one.strip()), len(lines))
    lines = _without_leading_indent(lines)
    if first < len(lines) and lines[first].lstrip().startswith("%%"):
        return _cell_magic(lines, first, magics)
    return "\n".join(_rewritten(lines, magics))


def _without_leading_indent(lines: list[str]) -> list[str]:
    """IPython takes away the indentation that the first line has."""
    first = next((one for one in lines if one.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    return [one.removeprefix(indent) for one in lines] if indent else lines


def _cell_magic(lines: list[str], first: int, magics: list[Magic]) -> str:
    name, _, argument = lines[first].lstrip()[2:].strip().partition(" ")
    body = "\n".join(lines[first + 1 :])
    python = name in PYTHON_BODIES or name in TIMERS
    magics.append(Magic(name, argument.strip(), "" if python else body, cell=True))
    call = f"__magic__({len(magics) - 1})"
    if name in TIMERS:
        magics[-1] = Magic(name, argument.strip(), body, cell=True)
        return call
    if not python:
        return call
    return call + "\n" + "\n".join(_rewritten(lines[first + 1 :], magics))


def _rewritten(lines: list[str], magics: list[Magic]) -> list[str]:
    written: list[str] = []
    scanner = _Scanner()
    pending: list[str] = []
    for line in lines:
        at_start = scanner.at_start
        if pending:
            pending.append(line)
        elif at_start and _is_magic(line):
            pending = [line]
        else:
            scanner.feed(line)
            written.append(line)
            continue
        if not line.endswith("\\"):
            joined = " ".join(one.removesuffix("\\") for one in pending)
            written += [_replaced(joined, magics)] + [""] * (len(pending) - 1)
            pending = []
    return written


def _is_magic(line: str) -> bool:
    text = line.strip()
    if text[:1] in ("%", "!", "?"):
        return True
    if text.endswith("?") and _HELP_LINE.match(text):
        return True
    found = _MAGIC_LINE.match(line)
    return bool(found and found[2] and _ASSIGNED.match(found[2].rstrip(" =")))


def _replaced(line: str, magics: list[Magic]) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    text = line.strip()
    if text.startswith("?") or (text.endswith("?") and not text.startswith("!")):
        magics.append(Magic("?", text.strip("?")))
        return f"{indent}__magic__({len(magics) - 1})"
    found = _MAGIC_LINE.match(line)
    assert found is not None
    target, mark, rest = found[2] or "", found[3], found[4].strip()
    name, _, argument = rest.partition(" ") if mark[0] == "%" else ("!", "", rest)
    magics.append(Magic(name, argument.strip()))
    call = f"__magic__({len(magics) - 1})"
    if name in PYTHON_LINES and mark[0] == "%" and _tree(argument.strip())[0] is not None:
        return f"{indent}{call}; {target}{argument.strip()}"
    return f"{indent}{target}{call}"


class _Scanner:
    """Whether the next line begins a statement: no bracket, text or continued line is open."""

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0
        self._continued = False

    @property
    def at_start(self) -> bool:
        return not self._quote and not self._depth and not self._continued

    def feed(self, line: str) -> None:
        at = 0
        while at < len(line):
            at = self._in_text(line, at) if self._quote else self._in_code(line, at)
        self._continued = line.endswith("\\") and not self._quote
        if len(self._quote) == 1:
            self._quote = ""

    def _in_text(self, line: str, at: int) -> int:
        if line[at] == "\\":
            return at + 2
        if line.startswith(self._quote, at):
            end = at + len(self._quote)
            self._quote = ""
            return end
        return at + 1

    def _in_code(self, line: str, at: int) -> int:
        character = line[at]
        if character == "#":
            return len(line)
        if character in "'\"":
            self._quote = character * 3 if line.startswith(character * 3, at) else character
            return at + len(self._quote)
        self._depth = max(0, self._depth + (character in "([{") - (character in ")]}"))
        return at + 1
