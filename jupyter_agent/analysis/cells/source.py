"""Parses a cell's source: magics and shell lines become calls, everything else keeps its line."""

# ruff: noqa: SIM905 - many words are easier to read, and to sort, as words

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

#: Cell magics whose body is Python that runs in the user's namespace.
PYTHON_BODIES = frozenset({"time", "capture", "prun", "memit", "mprun", "lprun", "snakeviz", "heat", "scalene"})
#: Line and cell magics that run their Python in a scope of its own, so that it binds nothing.
TIMERS = frozenset({"timeit"})
#: Line magics whose argument is a Python statement.
PYTHON_LINES = frozenset({"time", "prun", "memit"})
#: Names to which a cell magic's output is bound.
OUTPUT_NAMES = re.compile(r"--(?:out|err)[ =]([A-Za-z_]\w*)")
#: Files to which shell lines append.
APPENDED = re.compile(r">>\s*([\w./-]+)")
#: Magics that IPython takes for such without a per cent sign, where they are alone in their cell.
AUTOMAGICS = frozenset(
    "alias autoawait autocall cat cd clear conda cp colors config dhist dirs env hist history ldir less lf lk ll load_ext "
    "logstart logstop ls lsmagic lx macro man matplotlib mkdir more mv page pdb pdef pdoc pfile pinfo pip pip3 popd "
    "pprint precision psearch psource pushd pwd pycat quickref reload_ext reset rm rmdir set_env time timeit unalias uv "
    "who who_ls whos xmode".split()
)
#: Those among them that people type without anything else.
BARE_MAGICS = frozenset({"ls", "ll", "pwd", "who", "whos", "lsmagic", "hist", "history"})
#: Magics that may bind names which the source does not show.
WILD_MAGICS = frozenset("run pylab store load loadpy macro recall rerun edit R sql cython bigquery spark".split())
#: Magics that may write any file.
FILE_MAGICS = frozenset({"!", "bash", "sh", "script", "cd", "writefile", "mkdir", "system", "sx", "perl", "ruby"})
#: Magics that neither bind nor display anything.
SILENT_MAGICS = frozenset(
    "matplotlib load_ext reload_ext autoreload config time capture ? env set_env autosave precision writefile".split()
)

_MAGIC_LINE = re.compile(r"(\s*)(?!\s)([\w.\[\]'\", \t]+=\s*)?(%{1,2}|!{1,2})\s*(.*)")
_AUTOMAGIC_LINE = re.compile(r"\s*(\w+) +(?!(?:in|is|and|or|if|not)\b)[\w\-/~.][^\n]*\s*$")
_HELP_LINE = re.compile(r"\s*\??\??[\w.%*]+(\[[^\]]*\])?\??\??\s*$")
_ASSIGNED = re.compile(r"\s*[A-Za-z_][\w.\[\]'\", ]*$")
#: Python expressions that IPython evaluates in a magic's or shell line's text: ``{expression}`` and ``$name``.
INTERPOLATED = re.compile(r"\{([^{}]+)\}|\$([A-Za-z_]\w*)")
#: Prompts of Python and of IPython, by how a first line begins; IPython takes them away from all lines where there is one.
_PROMPTS = tuple(
    (re.compile(first), re.compile(f"{first}|{more}"))
    for first, more in (
        (r"\s*>>>[ \t]?", r"\s*\.\.\.[ \t]?"),
        (r"\s*(?:(?:\[(?:nav|ins)\])? ?)?In \[\d+\]: ", r"\s*\.{3,}: ?"),
    )
)
#: What ends a line for IPython, which puts a real end of line behind each magic there, and none for Python.
_OTHER_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
#: Programs whose first argument is a command of theirs.
_PROGRAMS_WITH_COMMANDS = frozenset({"git", "pip", "conda", "apt", "apt-get"})


@dataclass(frozen=True, slots=True)
class CellMagic:
    """One magic or shell line of a cell.

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
class ParsedCell:
    """A cell's syntax tree.

    Attributes:
        tree: The module; empty where the source is no Python.
        magics: In the order of the source; a call ``__magic__(n)`` stands in the tree for the n-th.
        quiet: Whether a final semicolon keeps the last value from being displayed.
        problem: Why Python cannot parse the source; empty where it can.
    """

    tree: ast.Module
    magics: tuple[CellMagic, ...] = ()
    quiet: bool = False
    problem: str = ""


def parse(source: str) -> ParsedCell:
    """Parse a cell's source; never raises for what a user may have typed."""
    code = (line for line in reversed(source.split("\n")) if line.strip() and not line.lstrip().startswith("#"))
    last = next(code, "")
    quiet = (last.partition("#")[0] if "'" not in last and '"' not in last else last).rstrip().endswith(";")
    tree, problem = _tree(source)
    if tree is not None and not _OTHER_LINE_ENDS.search(source):
        return ParsedCell(tree, (), quiet)
    if (found := _AUTOMAGIC_LINE.match(source)) and found[1] in AUTOMAGICS:
        source = f"%{source.strip()}"
    magics: list[CellMagic] = []
    tree, problem = _tree(_without_magics(source, magics))
    empty = ast.Module(body=[], type_ignores=[])
    return ParsedCell(tree or empty, tuple(magics), quiet, "" if tree is not None else problem)


def without_prompts(source: str) -> str:
    """A cell's source without the prompts of a terminal, which IPython takes away wherever there are any."""
    lines = source.splitlines(keepends=True)
    for first, every in _PROMPTS:
        if any(map(first.match, lines)):
            lines = [line[found.end() :] if (found := every.match(line)) else line for line in lines]
    return "".join(lines)


def commands_in(text: str) -> tuple[str, ...]:
    """The programs that shell lines start, such as ``!date`` and ``!git commit``."""
    commands = [line.split() for line in re.split(r"\n|&&|;|\|", text)]
    return tuple(
        "!" + " ".join(words[: 2 if words[0] in _PROGRAMS_WITH_COMMANDS else 1]) for words in commands if words
    )


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


def _without_magics(source: str, magics: list[CellMagic]) -> str:
    """The source with each magic as ``__magic__(n)``, each on its own line and with its own indentation.

    Lines end where IPython ends them, which is at more characters than Python does.
    """
    lines = source.splitlines(keepends=True)
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    if first < len(lines):
        # IPython removes the indentation of the first line from all lines
        indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
        lines = [line.removeprefix(indent) for line in lines]
        if lines[first].startswith("%%"):
            name, _, argument = lines[first][2:].strip().partition(" ")
            body = lines[first + 1 :]
            if name not in PYTHON_BODIES:
                magics.append(CellMagic(name, argument.strip(), "".join(body), cell=True))
                return "__magic__(0)"
            magics.append(CellMagic(name, argument.strip(), cell=True))
            lines = ["__magic__(0)\n", *body]
    written: list[str] = []
    scanner = _StatementScanner()
    continued: list[str] = []  # lines of a magic that ends with a backslash
    for number, line in enumerate(lines, 1):
        text = line.splitlines()[0]
        if continued:
            continued.append(text)
        elif scanner.at_start and _is_magic_line(text):
            continued = [text]
        else:
            scanner.feed(text)
            written.append(line)
            continue
        if not line.endswith("\\\n") or number == len(lines):
            joined = " ".join(part.removesuffix("\\") for part in continued)
            written += [_magic_call(joined, magics), "\n" * len(continued)]
            continued = []
    return "".join(written)


def _is_magic_line(line: str) -> bool:
    text = line.strip()
    if text[:1] in ("%", "!", "?"):
        return True
    if text.endswith("?") and _HELP_LINE.match(text):
        return True
    found = _MAGIC_LINE.match(line)
    return bool(found and found[2] and _ASSIGNED.match(found[2].rstrip(" =")))


def _magic_call(line: str, magics: list[CellMagic]) -> str:
    """The Python that stands for a magic, with what the magic's value is assigned to."""
    indent = line[: len(line) - len(line.lstrip())]
    text = line.strip()
    call = f"__magic__({len(magics)})"
    if text.startswith("?") or (text.endswith("?") and _HELP_LINE.match(text)):
        magics.append(CellMagic("?", text.strip("?")))
        return f"{indent}{call}"
    found = _MAGIC_LINE.match(line)
    assert found is not None
    target, mark, rest = found[2] or "", found[3], found[4].strip()
    name, _, argument = rest.partition(" ") if mark[0] == "%" else ("!", "", rest)
    magics.append(CellMagic(name, argument.strip()))
    if name in PYTHON_LINES and mark[0] == "%" and _tree(argument.strip())[0] is not None:
        return f"{indent}{call}; {target}{argument.strip()}"
    return f"{indent}{target}{call}"


class _StatementScanner:
    """Whether the next line begins a statement: no bracket, text or continued line is open."""

    def __init__(self) -> None:
        self.at_start = True
        self._quote = ""
        self._depth = 0

    def feed(self, line: str) -> None:
        """Read the next line."""
        at = 0
        while at < len(line):
            character = line[at]
            if self._quote:
                if character == "\\":
                    at += 1
                elif line.startswith(self._quote, at):
                    at += len(self._quote) - 1
                    self._quote = ""
            elif character == "#":
                break
            elif character in "'\"":
                self._quote = character * 3 if line.startswith(character * 3, at) else character
                at += len(self._quote) - 1
            else:
                self._depth = max(0, self._depth + (character in "([{") - (character in ")]}"))
            at += 1
        is_continued = line.endswith("\\") and not self._quote
        if len(self._quote) == 1:
            self._quote = ""
        self.at_start = not self._quote and not self._depth and not is_continued
