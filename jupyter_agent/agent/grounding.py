"""Where the numbers and names of an answer come from: what the model was sent, what its tools returned, the kernel."""

from __future__ import annotations

import asyncio
import difflib
import keyword
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_agent.analysis.cells.names import PREDEFINED, is_history, names_of
from jupyter_agent.core.events import GroundedText, Grounding, GroundingSource, UngroundedText
from jupyter_agent.core.numbers import INLINE_CODE, Number, first_match, numbers_in, values_of
from jupyter_agent.core.text import FENCED_CODE, PYTHON, without_context
from jupyter_agent.prompt.context import SYSTEM

if TYPE_CHECKING:
    from jupyter_agent.core.messages import Message
    from jupyter_agent.prompt.snapshot import TurnContext

#: What is looked at of an answer; it takes milliseconds.
_MAX_CHARACTERS = 40_000
_MAX_NUMBERS = 200
#: Characters of a source that is read before it is needed.
_LONG = 8_000
_MAX_NAMES = 100
#: Values that are added, subtracted and divided, the newest.
_MAX_OPERANDS = 40
#: Variables whose sizes are among them.
_FEW = 5
#: A derived number may be one by chance: how often at most, among the answer's own numbers and among all.
_CHANCE_IN_ANSWER, _CHANCE = 0.2, 0.02
_LISTED = re.compile(r"^[ \t]*(?:[-*+]|\d{1,2}[.)])[ \t]", re.MULTILINE)
_TABLE_ROW = re.compile(r"^[ \t]*\|(?![ \t:|-]+$)", re.MULTILINE)
_COLUMN = re.compile(
    r"(?<![\w.])(?P<frame>[^\W\d]\w*)\[(?P<quote>[\"'])(?P<column>[^\"'\n]{1,100})(?P=quote)\](?!\s*=(?!=))"
)
_ATTRIBUTE = re.compile(r"(?<![\w.])(?P<frame>[^\W\d]\w*)\.(?P<column>[^\W\d]\w*)\b(?!\s*(?:\(|=(?!=)))")
#: Of tables, besides columns and methods.
_ATTRIBUTES = frozenset(
    {
        "T",
        "at",
        "attrs",
        "axes",
        "cat",
        "columns",
        "dt",
        "dtype",
        "dtypes",
        "empty",
        "flags",
        "height",
        "iat",
        "iloc",
        "index",
    }
    | {"loc", "name", "ndim", "plot", "schema", "shape", "size", "sparse", "str", "style", "values", "width"}
)
_SPOKEN = re.compile(
    r"\b(?:columns?|variables?|functions?|Spalten?|Variablen?|Funktion)[ \t]+[\"'“„*]{0,2}(?P<name>[^\W\d]\w*)"
)
_NAME = re.compile(r"(?P<name>[^\W\d]\w*)(?:\(\))?\Z")
_ASSIGNED = re.compile(
    r"\[(?P<quote>[\"'])(?P<column>[^\"'\n]{1,100})(?P=quote)\]\s*=(?!=)|\.assign\((?P<assigned>[^\n]{1,500})|columns=\{(?P<renamed>[^}]{1,2000})"
)


def ground(reply: str, request: Sequence[Message], messages: Sequence[Message], context: TurnContext) -> Grounding:
    """Look for the numbers and names of an answer.

    Args:
        reply: The answer, in Markdown.
        request: What the model was sent first.
        messages: What came after it, the results of its tools among them.
        context: What was known of kernel and notebook; earlier answers say which of their numbers were not found.
    """
    reply = reply[:_MAX_CHARACTERS]
    question = request[-1].content if request else ""
    names = context.names_in(f"{reply}\n{without_context(question)}")
    sources = _Sources(list(_sources_of(request, messages, context)), context, names)
    found, missing = _numbers(reply, sources)
    state = context.state
    if state is not None and state.epoch and state.total <= len(state.variables):  # else it may have any name
        shown = [message.content for message in (*request, *messages) if message.role != "assistant"]
        given = [call.parsed_arguments() for message in messages for call in message.tool_calls]
        programs = [str(arguments.get(name, "")) for arguments in given for name in ("code", "source")]
        checked = _NameCheck(reply, shown, programs, context)
        checked.check()
        found += checked.found
        missing += checked.missing.values()
    return Grounding(
        tuple(sorted(found, key=lambda text: text.start)), tuple(sorted(missing, key=lambda text: text.start))
    )


def read_ahead(messages: Iterable[Message]) -> None:
    """Find the numbers of long messages while the model answers, so that its answer does not wait for it."""
    if texts := [message.content for message in messages if len(message.content) > _LONG]:
        asyncio.get_running_loop().run_in_executor(None, lambda: [*map(values_of, texts)])


# Numbers -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    source: GroundingSource
    values: Sequence[float]


@dataclass(slots=True)
class _Sources:
    """Values and where they come from, the nearest first."""

    listed: Sequence[_Source]
    context: TurnContext
    names: Sequence[str]

    def find(self, number: Number) -> tuple[GroundingSource, float] | None:
        """Where a number stands as it is, or rounded."""
        for listed in self.listed:
            if (value := first_match(number, listed.values)) is not None:
                source = listed.source
                return (GroundingSource("prompt", self._place(value)) if source.kind == "prompt" else source), value
        return None

    def sizes(self) -> list[float]:
        """How many rows or elements there are in what the answer and the question name, or in all where that is little."""
        variables = self.context.variables
        names = self.names or (tuple(variables) if len(variables) <= _FEW else ())
        facts = (variables[name].facts for name in names[:_FEW])
        sizes = (fact.get("rows", fact.get("length")) for fact in facts)
        return [float(size) for size in sizes if isinstance(size, int) and size > 1]

    def _place(self, value: float) -> str:
        """The cell, or else the variable of the answer or the question, that has a number of the prompt; empty where none has."""
        digits = (f"{int(value)}", f"{int(value):,}") if value < 1e15 else (f"{value:g}",)
        texts = [(cell.id, text) for cell in self.context.cells for text in (cell.output, cell.source)]
        texts += [(name, str(self.context.variables[name])) for name in self.names[:_MAX_NAMES]]
        found = (place for place, text in texts if any(part in text for part in digits) and value in values_of(text))
        return next(found, "")


def _sources_of(request: Sequence[Message], messages: Sequence[Message], context: TurnContext) -> Iterator[_Source]:
    for message in (*reversed(messages), *reversed(request)):
        if message.role == "tool":
            yield _Source(GroundingSource("tool", message.tool_call_id or ""), values_of(message.content))
        for call in message.tool_calls:
            yield _Source(GroundingSource("tool", call.id), values_of(call.arguments))
    doubted: set[float] = set()
    for turn in context.turns:
        for text in Grounding.of_kept(turn.extra).missing:
            doubted.update(values_of(text.text))
    for message in reversed(request):
        if message.role == "assistant":
            values = values_of(message.content)
            yield _Source(
                GroundingSource("prompt"), [value for value in values if value not in doubted] if doubted else values
            )
        elif message.role != "tool":
            yield _Source(
                GroundingSource("prompt"),
                values_of(message.content.replace(SYSTEM, "") if message.role == "system" else message.content),
            )


def _numbers(reply: str, sources: _Sources) -> tuple[list[GroundedText], list[UngroundedText]]:
    counts = {float(len(pattern.findall(reply)) - more) for pattern, more in ((_LISTED, 0), (_TABLE_ROW, 1))}
    found: list[GroundedText] = []
    unmatched: list[Number] = []
    quoted: list[float] = []
    for _, number in zip(range(_MAX_NUMBERS), numbers_in(reply), strict=False):
        if (match := sources.find(number)) is not None:
            source, value = match
            quoted.append(value)
            found.append(GroundedText(number.text, number.start, number.end, "number", source))
        else:
            unmatched.append(number)
    if not unmatched:
        return found, []
    quoted = list(dict.fromkeys([*quoted, *sources.sizes()]))[:_MAX_OPERANDS]
    printed: dict[float, None] = {}
    for listed in sources.listed:
        if listed.source.kind == "tool" and len(printed) + len(listed.values) <= _MAX_OPERANDS:
            printed.update(dict.fromkeys(listed.values))
    pools = [(_derived(quoted), _CHANCE_IN_ANSWER), (_derived([*printed]), _CHANCE)]
    missing: list[UngroundedText] = []
    for number in unmatched:
        is_counted = number.readings[0][0] == number.readings[0][1] and number.readings[0][0] in counts
        if is_counted or any(_is_derived(number, derived, chance) for derived, chance in pools):
            found.append(GroundedText(number.text, number.start, number.end, "number", GroundingSource("derived")))
        else:
            missing.append(UngroundedText(number.text, number.start, number.end))
    return found, missing


def _derived(values: Sequence[float]) -> list[float]:
    """Sums, differences and ratios of two of these, and by what share one is more than the other; ascending."""
    derived: set[float] = set()
    for number, first in enumerate(values):
        for second in values[number + 1 :]:
            derived |= {first + second, abs(first - second)}
            if first and second:
                ratio = first / second
                derived |= {ratio, 1 / ratio, abs(ratio - 1), abs(1 / ratio - 1)}
    return sorted(derived)


def _is_derived(number: Number, derived: Sequence[float], chance: float) -> bool:
    """Whether a number is among derived ones, and they lie too far apart to have it by chance."""
    for low, high in number.readings:
        at = bisect_left(derived, low)
        if at == len(derived) or derived[at] > high:
            continue
        near = bisect_right(derived, high * 1.5) - bisect_left(derived, low / 1.5) - 1
        width = max(high - low, 1.0 if high == low else 0.0)
        if near * width / max(high * 1.5 - low / 1.5, width) <= chance:
            return True
    return False


# Names -------------------------------------------------------------------------------------------


class _NameCheck:
    """Checks the names in an answer's code and words against what the kernel has.

    Args:
        reply: The answer, in Markdown.
        shown: What the model was sent and what its tools returned: its words are known.
        programs: Code that was run for the answer.
        context: What was known of kernel and notebook.
    """

    def __init__(self, reply: str, shown: Sequence[str], programs: Sequence[str], context: TurnContext) -> None:
        self._reply, self._shown = reply, shown
        self._variables = context.variables
        self._tables = {
            name: columns for name, variable in self._variables.items() if (columns := _columns_of(variable.facts))
        }
        self._columns = {column for columns in self._tables.values() for column in columns}
        self._blocks = [match for match in FENCED_CODE.finditer(reply) if match["language"].strip().lower() in PYTHON]
        #: Names that code bound, in the turn or in the answer: what they are now is not known.
        self._rebound = {name for program in programs for name in names_of(program).defines}
        self._defined = {*self._variables, *self._rebound}
        self._defined |= {name for cell in context.cells for name in names_of(cell.source).defines}
        sources = (*programs, *(block["source"] for block in self._blocks))
        self._made = {name for source in sources for name in _made_columns(source)}
        self.found: list[GroundedText] = []
        self.missing: dict[int, UngroundedText] = {}

    def check(self) -> None:
        """Find out which there are and which are missing."""
        for block in self._blocks:
            self._check_block(block["source"], block.start("source"))
        words = FENCED_CODE.sub(lambda match: " " * len(match[0]), self._reply)
        for match in INLINE_CODE.finditer(words):
            text = match[0].strip("` ")
            start = match.start() + match[0].index(text)
            if (name := _NAME.match(text)) is not None:
                self._check_word(name["name"], start, is_code=True)
            else:
                self._check_columns(text, start)
        for match in _SPOKEN.finditer(INLINE_CODE.sub(lambda match: " " * len(match[0]), words)):
            self._check_word(match["name"], match.start("name"), is_code=False)

    def _check_block(self, source: str, offset: int) -> None:
        names = names_of(source)
        is_known = not (names.problem or names.magics or any(statement.wildcard for statement in names.statements))
        for name in sorted(names.reads - self._defined) if is_known else ():
            if not is_history(name) and (match := re.search(rf"(?<![\w.]){re.escape(name)}\b", source)):
                self._add(name, offset + match.start(), _near(name, self._variables))
        if is_known:
            self._check_columns(source, offset)
        self._rebound |= names.defines
        self._defined |= names.defines

    def _check_columns(self, code: str, offset: int) -> None:
        """Columns that a table of the kernel does not have; an attribute may be a method, unless a column is called like it."""
        for pattern, cutoff in ((_COLUMN, 0.6), (_ATTRIBUTE, 0.75)):
            for match in pattern.finditer(code):
                frame, column = match["frame"], match["column"]
                columns = self._tables.get(frame, frozenset()) if frame not in self._rebound else frozenset()
                if not columns or column in columns or column in self._made:
                    continue
                near = _near(column, columns, cutoff)
                if pattern is _COLUMN or (near and column not in _ATTRIBUTES):
                    self._add(column, offset + match.start("column"), near)

    def _check_word(self, word: str, start: int, *, is_code: bool) -> None:
        """A name in words, which may be one of a library: it is missing only where there is one like it."""
        if word in self._variables or word in self._columns:
            variable = self._variables.get(word)
            place = variable.cell_id if variable is not None else None
            if is_code and len(self.found) < _MAX_NAMES:
                source = GroundingSource("prompt", place or word)
                self.found.append(GroundedText(word, start, start + len(word), "name", source))
            return
        if word in self._defined or word in self._made or word in PREDEFINED or keyword.iskeyword(word):
            return
        near = _near(word, {*self._variables, *self._columns}, 0.75)
        pattern = re.compile(rf"\b{re.escape(word)}\b")
        if near and not any(word in text and pattern.search(text) for text in self._shown):
            self._add(word, start, near)

    def _add(self, text: str, start: int, near: Sequence[str]) -> None:
        if len(self.missing) < _MAX_NAMES:
            self.missing.setdefault(start, UngroundedText(text, start, start + len(text), tuple(near)))


def _columns_of(facts: Mapping[str, object]) -> frozenset[str]:
    """The columns of a table all of whose columns are known; empty otherwise."""
    columns, total = facts.get("columns"), facts.get("columns_total")
    if not isinstance(columns, list) or not isinstance(total, int):
        return frozenset()
    more = facts.get("more_columns")
    names = [column.get("name") for column in columns if isinstance(column, dict)] + (
        more if isinstance(more, list) else []
    )
    named = frozenset(name for name in names if isinstance(name, str))
    return named if len(named) == total else frozenset()


def _made_columns(code: str) -> Iterator[str]:
    """Columns that code makes."""
    for match in _ASSIGNED.finditer(code):
        if match["column"]:
            yield match["column"]
        else:
            yield from re.findall(r"\w+", match["assigned"] or match["renamed"])
    for match in re.finditer(r"\bDataFrame\([^\n]{0,2000}", code):
        yield from re.findall(r"[\"']([^\"']{1,100})[\"']\s*:", match[0])


def _near(name: str, names: Iterable[str], cutoff: float = 0.6) -> list[str]:
    by_lower = {other.lower(): other for other in names}
    return [by_lower[near] for near in difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=cutoff)]
