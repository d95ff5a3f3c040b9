"""Facts through tools: what this turn's results tell, and the call to make for what they do not tell yet."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from jupyter_agent.core.kernel_state import Cell, Variable
from jupyter_agent.models.offline.conversation import Conversation, Signature, signature
from jupyter_agent.models.offline.grammar.lexicon import LEXICON
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.namespace import Column, Namespace, Table, real, texts, whole
from jupyter_agent.models.offline.words import forms, parts, without_prompt

#: Codes of calls that were not made.
_REFUSED = words(
    "denied needs_approval unknown_tool invalid_arguments invalid_code approval_stale"
    " max_steps max_tool_calls max_write_calls max_tokens max_cost repeated_call failed_runs deadline"
)
_ENTRY = re.compile(r'\{"(?:name": "[^"]*", "type|id)": "')
#: Columns of wide tables that are inspected one by one for a question.
MOST_COLUMNS = 8
#: Words that are looked for among the values of tables: the newest.
MOST_WORDS = 30


class Need(Exception):
    """Raised where an answer cannot go on without a tool's result; the question is answered anew with it."""

    def __init__(self, *calls: Signature) -> None:
        super().__init__(calls)
        self.calls = calls


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of running an expression: `missing` where nothing can be run here."""

    status: Literal["ok", "failed", "refused", "unreachable", "missing"]
    text: str = ""

    @property
    def last_line(self) -> str:
        """The last line of what it displayed: of a failure, its message."""
        return (self.text.strip().splitlines() or ["no message"])[-1]

    @property
    def value(self) -> Any:
        """What it displayed, where that is plain data; else None."""
        try:
            return ast.literal_eval(without_prompt(self.text).strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None

    @property
    def obstacle(self) -> str:
        """Why it was not run; empty where it was."""
        return {
            "refused": "It was not run, because running code was not approved.",
            "unreachable": "It could not be run in the kernel just now.",
            "missing": "I cannot run code here.",
        }.get(self.status, "")


class Facts:
    """One turn's knowledge. Each question to it either answers or raises `Need`; what failed is None."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation

    def _result(self, tool: str, arguments: Mapping[str, Any]) -> str | None:
        """The text of a tool's result; None where the tool is not offered."""
        call = signature(tool, arguments)
        if call in self.conversation.results:
            return self.conversation.results[call]
        if tool not in self.conversation.offered:
            return None
        raise Need(call)

    def _data(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return parsed(self._result(tool, arguments))

    def namespace(self) -> Namespace:
        """All variables, within the tool's budget."""
        return namespace_of(self._data("list_variables", {}))

    def namespace_before(self) -> Namespace | None:
        """The variables as an earlier turn of this conversation found them; None if none looked, or not all is known still."""
        data = parsed(self.conversation.before.get(signature("list_variables", {})), complete=True)
        return None if data is None else namespace_of(data)

    def inspected(self, name: str, column: str | None = None) -> Variable | None:
        """A variable or one column of a frame in full; None when it is gone or nobody can look."""
        data = self._data("inspect_variable", self._inspection(name, column))
        return None if data is None or "name" not in data else Variable.from_wire(data)

    def inspected_all(self, variables: Sequence[Variable]) -> list[Variable]:
        """Several variables in full, asked for at once; as they are where one is gone or nobody can look."""
        self._all([self._inspection(variable.name) for variable in variables])
        return [self.inspected(variable.name) or variable for variable in variables]

    def tables(self, namespace: Namespace, most: int, words: frozenset[str]) -> tuple[Table, ...]:
        """All tables in full detail; one that cannot be inspected as the list has it. Of a wide one, the columns of these words."""
        frames = namespace.frames[:most]
        self._all([self._inspection(frame.name) for frame in frames])
        found = [self._widened(frame) for frame in frames]
        wanted = [(table, column) for table in found for column in table.columns if _is_cut(column, words)]
        wanted.sort(key=lambda pair: not parts(pair[1].name) <= words)  # what is named whole goes first
        self._all([self._inspection(table.name, column.name) for table, column in wanted[:MOST_COLUMNS]])
        return tuple(replace(table, columns=tuple(self._full(column) for column in table.columns)) for table in found)

    def _inspection(self, name: str, column: str | None = None) -> Mapping[str, Any]:
        """The arguments of a call that inspects a variable, or one column of it, and looks for what is typed among its values."""
        column_named = {} if column is None else {"column": column}
        values = {"values": self._looked_for} if self._looked_for else {}
        return {"name": name, **column_named, **values}

    @cached_property
    def _looked_for(self) -> list[str]:
        """The words of the conversation that may be values: neither of the language nor names."""
        variables = self.namespace().variables.values()
        names = [
            text
            for variable in variables
            for text in (variable.name, *(column.name for column in Table.of(variable).columns))
        ]
        known = frozenset[str]().union(*map(parts, names))
        typed = [
            word
            for text in (*self.conversation.earlier, self.conversation.question)
            for word in re.findall(r"\w+", text)
        ]
        wanted = dict.fromkeys(
            word for word in typed if len(word) > 2 and not word.isdecimal() and word.lower() not in LEXICON
        )
        return [word for word in wanted if not forms(word) & known][-MOST_WORDS:]

    def _all(self, arguments: Sequence[Mapping[str, Any]]) -> None:
        """Ask for all that is not known yet at once."""
        calls = [
            call
            for call in (signature("inspect_variable", each) for each in arguments)
            if call not in self.conversation.results
        ]
        if calls and "inspect_variable" in self.conversation.offered:
            raise Need(*calls)

    def _widened(self, frame: Table) -> Table:
        """A table with all its columns, those that inspection left out by their names alone."""
        variable = self.inspected_if_known(frame.name)
        full = (
            Table.of(variable)
            if variable is not None and variable.kind == "frame" and variable.facts.get("columns")
            else frame
        )
        more = texts(frame.variable.facts.get("more_columns"))
        columns = (*full.columns, *frame.columns[len(full.columns) :])
        left = [name for name in more if all(column.name != name for column in columns)]
        return replace(
            full,
            columns=(
                *columns,
                *(Column(frame.name, name, len(columns) + place, {}) for place, name in enumerate(left)),
            ),
        )

    def _full(self, column: Column) -> Column:
        known = self.inspected_if_known(column.frame, column.name)
        return column if known is None else replace(column, facts={**column.facts, **known.facts})

    def inspected_if_known(self, name: str, column: str | None = None) -> Variable | None:
        """Like `inspected`, but only from what is known already."""
        data = parsed(self.conversation.results.get(signature("inspect_variable", self._inspection(name, column))))
        return None if data is None or "name" not in data else Variable.from_wire(data)

    def error(self) -> Mapping[str, Any] | None:
        """The last error; empty when there is none, None when nobody can look."""
        data = self._data("read_error", {})
        if data is None:
            return None
        error = data.get("error")
        return error if isinstance(error, Mapping) else {}

    def cells(self) -> tuple[Cell, ...] | None:
        """The notebook's cells in order; None when there is no notebook."""
        data = self._data("read_cells", {})
        listed = data.get("cells") if data is not None else None
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            return None
        return tuple(_cell(entry) for entry in listed if isinstance(entry, Mapping))

    def checked(self) -> Mapping[str, Any] | None:
        """What is stale and what to run, as ``check_notebook`` tells it; None when nobody can look."""
        return self._data("check_notebook", {})

    def files(self) -> tuple[str, ...] | None:
        """Names of the files next to the notebook."""
        data = self._data("list_files", {})
        return None if data is None else texts(data.get("files"))

    def run(self, code: str) -> Ran:
        """What an expression displays, run in the user's kernel (the user may be asked first)."""
        return self._ran("run_code", code)

    def tried(self, code: str) -> Ran:
        """What statements display, run on a copy of the variables (the user may be asked first)."""
        return self._ran("try_code", code)

    def _ran(self, tool: str, code: str) -> Ran:
        text = self._result(tool, {"code": code})
        if text is None:
            return Ran("missing")
        failure = self.conversation.codes.get(signature(tool, {"code": code}), "")
        if not failure:
            return Ran("ok", text)
        if failure in _REFUSED:
            return Ran("refused", text)
        return Ran("failed" if failure == "exception" else "unreachable", text)


def _is_cut(column: Column, words: frozenset[str]) -> bool:
    """Whether something of a column was left out that a question with these words may need."""
    return column.plain and (
        bool(column.facts.get("top_left_out")) or (not column.dtype and bool(parts(column.name) & words))
    )


def parsed(text: str | None, *, complete: bool = False) -> Mapping[str, Any] | None:
    """A tool's JSON object; None for anything else. Of a list that was cut in the middle, what is left, unless all of it is needed."""
    if text is None or not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except RecursionError:
        return None
    except ValueError:
        return None if complete else _salvaged(text)
    return data if isinstance(data, dict) else None


def _salvaged(text: str) -> Mapping[str, Any] | None:
    """The whole entries of ``variables`` or ``cells`` in a text whose middle was left out."""
    match = re.search(r'"(variables|cells)": \[', text)
    if match is None:
        return None
    decoder = json.JSONDecoder()
    entries, place = [], match.end()
    while (found := _ENTRY.search(text, place)) is not None:
        try:
            entry, place = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            place = found.end()
            continue
        entries.append(entry)
    return {match[1]: entries, "cut": True}


def namespace_of(data: Mapping[str, Any] | None) -> Namespace:
    """The namespace from the result of ``list_variables``."""
    if data is None:
        return Namespace({}, reachable=False, stale="the kernel could not be asked")
    kernel = data.get("kernel")
    kernel = kernel if isinstance(kernel, Mapping) else {}
    listed = data.get("variables")
    wires = listed if isinstance(listed, list) else []
    variables = [Variable.from_wire(wire) for wire in wires if isinstance(wire, dict) and "name" in wire]
    return Namespace(
        {variable.name: variable for variable in variables},
        total=whole(data.get("total")) or len(variables),
        status=str(kernel.get("status", "unknown")),
        stale=str(kernel.get("stale") or ""),
        age=float(real(kernel.get("age_s")) or 0.0),
        files=texts(data.get("files")),
    )


def _cell(wire: Mapping[str, Any]) -> Cell:
    kind = wire.get("kind")
    return Cell(
        id=str(wire.get("id", "")),
        kind=kind if kind in ("code", "markdown", "raw") else "code",
        source=str(wire.get("source", "")),
        execution_count=whole(wire.get("execution_count")),
        output=str(wire.get("output") or ""),
        error=str(wire.get("error") or ""),
    )
