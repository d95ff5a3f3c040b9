"""The names of a namespace, ready to be found: variables, columns, values, files."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.namespace import Column, Namespace, Table
from jupyter_agent.models.offline.words import forms, key, parts

Label = Literal["VAR", "COL", "VAL", "FILE", "NUM", "DATE", "STR"]


@dataclass(frozen=True, slots=True)
class NameMention:
    """Some words of a question and what they name.

    Attributes:
        label: What it stands for in the skeleton.
        text: As written.
        variable: The variable.
        columns: Columns of that name, in one frame or several.
        values: Columns in which this is a value, and the value as the data has it.
        number: The number.
        similar: Whether it only looks like the name.
    """

    label: Label
    text: str
    variable: Variable | None = None
    columns: tuple[Column, ...] = ()
    values: tuple[tuple[Column, str], ...] = ()
    number: float | int | None = None
    similar: bool = False


@dataclass(slots=True)
class _Entry:
    """Everything that has one key."""

    variables: list[Variable] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    values: list[tuple[Column, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


class Names:
    """The names of a namespace, ready to be found in questions."""

    def __init__(self, namespace: Namespace, frames: Iterable[Table]) -> None:
        self.namespace = namespace
        self.frames = tuple(frames)
        self._entries: defaultdict[str, _Entry] = defaultdict(_Entry)
        for variable in namespace.variables.values():
            self._add(variable.name).variables.append(variable)
        self._columns = [column for frame in self.frames for column in frame.columns]
        for column in self._columns:
            self._add(column.name).columns.append(column)
            for value in column.values if column.role == "text" else ():
                self._add(value).values.append((column, value))
        for file in namespace.files:
            self._add(file).files.append(file)
        self._by_form: defaultdict[str, list[str]] = defaultdict(list)
        for entry in list(self._entries):
            for form in forms(entry):
                self._by_form[form].append(entry)

    def _add(self, name: str) -> _Entry:
        return self._entries[key(name)]

    def exactly(self, text: str) -> NameMention | None:
        """What has this name, forgiving case, spaces, punctuation and plural."""
        for fromkey in dict.fromkeys(
            [key(text), *(name for form in sorted(forms(text)) for name in self._by_form.get(form, ()))]
        ):
            entry = self._entries.get(fromkey) if fromkey else None
            if entry is not None:
                return _mention(text, entry)
        return None

    def partly(self, text: str) -> NameMention | None:
        """The one column whose name contains this word."""
        wanted = forms(text)
        found = [column for column in self._columns if len(key(text)) > 2 and wanted & parts(column.name)]
        # ``orders above 40`` are no order numbers.
        found = [column for column in found if "id" not in parts(column.name)]
        if not found or len({variable.name for variable in found}) > 1:
            return None
        return NameMention("COL", text, columns=tuple(found))

    def nearly(self, text: str) -> tuple[float, NameMention] | None:
        """The variable, column or value that looks most like this, with how much."""
        wanted = key(text)
        close = difflib.get_close_matches(wanted, self._entries, n=1, cutoff=0.77) if len(wanted) > 3 else []
        ratio = difflib.SequenceMatcher(None, wanted, close[0]).ratio() if close else 0.0
        if not close or (wanted[0] != close[0][0] and ratio < 0.87):
            return None
        mention = _mention(text, self._entries[close[0]])
        return ratio, NameMention(mention.label, text, mention.variable, mention.columns, mention.values, similar=True)


def _mention(text: str, entry: _Entry) -> NameMention:
    exact_variable = next((variable for variable in entry.variables if variable.name == text), None)
    variable = exact_variable or next(iter(entry.variables), None)
    exact = tuple(column for column in entry.columns if column.name == text)
    columns = exact or tuple(entry.columns)
    label: Label
    if variable is not None and (exact_variable is not None or not columns):
        label = "VAR"
    elif columns:
        label = "COL"
    else:
        label = "VAL" if entry.values else "FILE"
    file = entry.files[0] if label == "FILE" and entry.files else text
    return NameMention(label, file, variable, columns, tuple(entry.values))
