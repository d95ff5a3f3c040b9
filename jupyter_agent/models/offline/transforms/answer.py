"""A change is computed beside the table first, with nothing bound; it is offered with the rows before and after, unless it would destroy something."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jupyter_agent.models.offline.computing import not_run, where_clause
from jupyter_agent.models.offline.dialects.choice import dialect
from jupyter_agent.models.offline.dialects.dialect import with_imports
from jupyter_agent.models.offline.facts import Facts, Ran
from jupyter_agent.models.offline.markdown import figure, many, name, names, python, share
from jupyter_agent.models.offline.namespace import Column, Namespace, in_code, is_lazy, names_of, whole
from jupyter_agent.models.offline.query import noun
from jupyter_agent.models.offline.results import result
from jupyter_agent.models.offline.transforms.code import written
from jupyter_agent.models.offline.transforms.transform import ROWS, VIEWS, Computed, Operation, Transform, Written
from jupyter_agent.models.offline.words import joined

#: A conversion that makes more than this part of the rows missing is not offered.
MOST_LOST = 1 / 3
_TARGETS = {
    "int": "whole numbers", "float": "numbers", "number": "numbers", "text": "text", "category": "categories", "bool": "true or false", "time": "dates", "codes": "numbers in the order of its categories, from 1",
    "hours": "hours", "minutes": "minutes", "fraction": "fractions of 1", "fahrenheit": "degrees Fahrenheit", "celsius": "degrees Celsius",
}  # fmt: skip
_TEXTS = {
    "strip": "without spaces around it",
    "lower": "in lower case",
    "upper": "in upper case",
    "title": "with a capital in each word",
}
_COMPUTED = {
    "ffill": "the value before",
    "bfill": "the value behind",
    "interpolate": "what lies between the values around",
    "mode": "its most frequent value",
}
_SPARSE = {
    "constant": "of one value",
    "repeated": "whose name another before them has",
    "any": "with missing values",
    "all": "without any value",
    "share": "of which more than {share} is missing",
}
#: That a change leaves out no row.
_NO_ROW: Mapping[Operation, str] = {
    "drop missing": "No row has a missing value there",
    "drop duplicates": "No row repeats an earlier one",
    "drop outliers": "No value is that far off",
}
#: Changes as phrases; a new column's depends on more.
_TITLES: Mapping[Operation, str] = {
    "drop rows": "Leave out the rows of {table}{where}",
    "drop missing": "Leave out the rows of {table} with {gap}",
    "drop duplicates": "Leave out the rows of {table} that repeat another{in} (the {which} of each stays)",
    "drop outliers": "Leave out the rows of {table} whose {columns} is more than 1.5 times the interquartile range below the first or above the third quartile",
    "sort": "{table} itself sorted by {columns}, {first} first",
    "drop columns": "{table} without {columns}",
    "drop sparse columns": "Drop the columns of {table} {sparse}",
    "select columns": "{columns} of {table}",
    "row": "Row {value} of {table}, counted from 0{of}",
    "to library": "{table} as a {how} table",
    "split": "{columns} of {table} split at {at} into {into}",
    "keep columns": "{table} with {columns} only",
    "order columns": "{columns} at the {how} of {table}",
    "rename": "Columns of {table} renamed: {pairs}",
    "reset index": "The index of {table} as columns, the rows numbered from 0",
    "set index": "{columns} as the index of {table}",
    "fill": "Fill the missing values of {columns} in {table} with {filling}",
    "replace": "In {columns} of {table} {pairs}",
    "set": "{columns} of {table} set to {value}{where}",
    "convert": "{columns} of {table} as {how}",
    "text": "{columns} of {table} {how}",
    "clip": "{columns} of {table} kept to {value}",
    "round": "{columns} of {table} rounded to {value}",
    "scale": "{columns} of {table} scaled to {how}",
}


@dataclass(frozen=True, slots=True)
class ColumnTrial:
    """What a change did to a column of a copy.

    Attributes:
        missing: Values missing before; None where the column is new.
        left: Values missing after.
        dtype: Its new type.
        changed: How many values differ.
        examples: Some of them before and after.
    """

    missing: int | None
    left: int
    dtype: str
    changed: int
    examples: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a change did to a copy.

    Attributes:
        before: Rows and columns.
        after: The same of the new table.
        gone: Names of columns that are no longer there, at most twenty.
        columns: What it did to each column that it changes.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    gone: tuple[str, ...] = ()
    columns: tuple[ColumnTrial, ...] = ()


def answered(transform: Transform, namespace: Namespace, facts: Facts) -> Sequence[str]:
    """The blocks of the answer."""
    table, title = transform.table, _title(transform)
    shown = dialect(table, namespace)
    if transform.operation == "to library" and transform.how == "polars":
        transform = replace(transform, name=namespace.alias("polars") or "__import__('polars')")
    code = written(transform, shown)
    block = python(with_imports(_statement(transform, code, shown.is_pandas), shown.imports))
    running = written(transform, dialect(table, namespace, runs=True))
    if transform.operation in VIEWS:
        return _view(title, block, facts.run(running.table), [column.name for column in table.columns])
    ran = facts.run(_trial(transform, running, is_pandas=shown.is_pandas, is_lazy=is_lazy(table.variable)))
    if ran.status == "failed":
        tried = f"I tried it on a copy of {name(table.name)}, and it fails, so I do not offer it"
        return [f"{title}: {tried}: {name(ran.last_line, 200)}"]
    trial = _read(ran.text) if ran.status == "ok" else None
    refused = _destroys(transform, trial)
    if refused:
        return [f"{title}: {refused[0]}", *refused[1:]]
    notes = [f"*{'; '.join(transform.notes)}.*"] if transform.notes else []
    if trial is None:
        return [*notes, f"{title}. **Untried**: {ran.obstacle[:1].lower() + ran.obstacle[1:]}", block]
    return [*notes, f"{title}. {_effect(transform, trial)}", block]


def _view(title: str, block: str, ran: Ran, known: Sequence[str]) -> Sequence[str]:
    """What is shown and changes nothing."""
    if ran.status == "failed":
        return [*not_run(ran, title)[:1]]
    if ran.status != "ok":
        return [*not_run(ran, f"**Untried**. {title}"), block]
    found = result(ran.text, known)
    if found.number is not None:
        return [f"{title}: **{figure(found.number)}**.", block]
    return [f"{title}:", *found.blocks(), block]


def _statement(transform: Transform, code: Written, is_pandas: bool) -> str:
    table, held = transform.table.code, in_code(transform.table.name)
    if transform.operation in VIEWS and code.table:
        return code.table
    if is_pandas and not code.table and table == held:
        return "\n".join(f"{table}[{label}] = {expression}" for label, expression in code.columns)
    new = code.table or _with_columns(table, code, is_pandas)
    return f"{held} = {new}" if table == held else f"{held} = type({held}).from_pandas({new}, preserve_index=False)"


def _with_columns(table: str, code: Written, is_pandas: bool) -> str:
    if is_pandas:
        return f"{table}.assign(**{{{', '.join(f'{label}: {expression}' for label, expression in code.columns)}}})"
    return f"{table}.with_columns({', '.join(f'({expression}).alias({label})' for label, expression in code.columns)})"


def _trial(transform: Transform, code: Written, *, is_pandas: bool, is_lazy: bool) -> str:
    """One expression that computes the new table and tells of both, and binds nothing."""
    table = transform.table.code
    collect = ".collect()" if is_lazy else ""
    new = (code.table or _with_columns(table, code, is_pandas)) + collect
    own = {column.label: column for column in transform.table.columns}
    gaps = "isna().sum()" if is_pandas else "null_count()"
    lines = []
    for label, _ in code.columns:
        was, now = f"old[{label}]", f"new[{label}]"
        missing, different, some = "None", "0", "[]"
        if label in own:
            missing = f"int({was}.{gaps})"
            text, differs = ("astype(str)", "ne") if is_pandas else ("cast(str, strict=False)", "ne_missing")
            different = f"int({was}.{text}.{differs}({now}.{text}).sum())"
            pairs = f"(str(a), str(b)) for a, b in zip({was}.head(2000), {now}.head(2000)) if str(a) != str(b)"
            some = "[]" if own[label].facts.get("withheld") else f"list(dict.fromkeys({pairs}))[:3]"
        lines.append(f"({missing}, int({now}.{gaps}), str({now}.dtype), {different}, {some})")
    gone = "[str(label) for label in old.columns if label not in new.columns][:20]"
    return f"[(old.shape, new.shape, {gone}, [{', '.join(lines)}]) for old, new in [({table}{collect}, {new})]][0]"


def _read(text: str) -> Trial | None:
    """What the trial displayed; None if it is nothing of the kind."""
    try:
        before, after, gone, columns = ast.literal_eval(text[text.index("((") :].strip())
        return Trial(tuple(before), tuple(after), tuple(gone), tuple(ColumnTrial(*column) for column in columns))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _destroys(transform: Transform, trial: Trial | None) -> list[str]:
    """Why a change is not offered; empty where nothing is lost but what was asked for. Untried, by what inspection knows."""
    rows, columns = transform.table.rows, transform.columns
    is_empty = trial is not None and trial.after[0] == 0 < trial.before[0]
    if transform.operation == "drop missing" and not transform.how:
        gaps = [column for column in columns or transform.table.columns if whole(column.facts.get("missing")) == rows]
        empty = gaps if rows else []
        if is_empty or (trial is None and empty):
            where = f"in {names_of(columns)}" if columns else "anywhere"
            verb, those = ("has", "this column") if len(empty) == 1 else ("have", "these columns")
            only = f" {names_of(empty)} {verb} no value at all: drop {those} first." if empty else ""
            return [f"each row has a missing value {where}, so **0 of {figure(rows)} rows** would stay.{only}"]
    if trial is None:
        is_read = transform.operation == "convert" and transform.how in ("int", "float", "number", "time")
        if not is_read or columns[0].role != "text" or re.search(r"\d", "".join(columns[0].values)):
            return []
        kind = _TARGETS[transform.how]
        return [f"that would lose data, as the values are no {kind}, for example {names(columns[0].values, 3)}."]
    if is_empty and transform.operation in ROWS:
        return [f"**0 of {figure(trial.before[0])} rows** would stay, so I do not offer it."]
    if trial.after[0] < trial.before[0] and transform.operation not in ROWS:
        return [f"it would lose {many(trial.before[0] - trial.after[0], 'row')}, which was not asked for."]
    if transform.operation == "replace" and any(new is None for _, new in transform.pairs):
        return []
    for column, tried in zip(columns, trial.columns, strict=False):
        if tried.missing is not None and tried.left - tried.missing > trial.before[0] * MOST_LOST:
            lost = (
                f"**{figure(tried.left - tried.missing)} of {figure(trial.before[0])}** values of {name(column.name)}"
            )
            kind = _TARGETS.get(transform.how, "that")
            advice = "Take off what stands around them first, with `str.replace` or `str.extract`."
            return [
                f"that would lose data. {lost} are no {kind}, for example {names(column.values, 3)}.",
                advice if column.role == "text" else "",
            ]
    return []


def _effect(transform: Transform, trial: Trial) -> str:
    """Rows before and after, and what changes."""
    (before, width), (after, new_width) = trial.before, trial.after
    if transform.operation in ROWS and after == before:
        return f"{_NO_ROW.get(transform.operation, 'No row is so')}: **all {many(before, 'row')}** stay."
    if transform.operation in ROWS:
        return f"**{figure(after)} of {figure(before)} rows** stay."
    stay = f"All {many(after, 'row')} stay"
    is_sparse = transform.operation == "drop sparse columns"
    if not trial.columns and width == new_width:
        return "There is **none**: all columns stay." if is_sparse else f"{stay}."
    if not trial.columns:
        gone = f" without {names(trial.gone, 20)}" if trial.gone and is_sparse else ""
        return f"{stay}, {many(width, 'column')} become {figure(new_width)}{gone}."
    lines = [_column_effect(transform.operation, before, column) for column in trial.columns]
    has_names = len(lines) == len(transform.columns) and transform.operation not in ("derive", "split")
    if len(lines) > 1 and has_names:
        pairs = zip(transform.columns[:8], lines, strict=False)
        listed = "; ".join(f"{name(column.name)}: {text or 'nothing changes'}" for column, text in pairs)
        return f"{stay}: {listed}."
    return f"{stay}: {lines[0]}." if lines[0] else f"{stay}."


def _column_effect(operation: Operation, rows: int, column: ColumnTrial) -> str:
    """What changes in one column."""
    if column.missing is None:
        gaps = f" with {many(column.left, 'missing value')}" if column.left else ""
        return f"a new column of type {name(column.dtype)}{gaps}"
    found = [f"of type {name(column.dtype)} then"] if operation == "convert" else []
    if column.missing != column.left and operation != "text":
        found.append(f"{many(column.missing, 'missing value')} before, **{figure(column.left)}** after")
    if operation not in ("convert", "fill"):
        if column.changed:
            found.append(f"**{many(column.changed, 'value')}** of {figure(rows)} change")
        elif column.missing == column.left:
            found.append("no value changes")
    if column.examples and operation in ("text", "convert", "round", "scale"):
        found.append(f"for example {joined([f'{name(old)} → {name(new)}' for old, new in column.examples[:2]])}")
    return "; ".join(found)


def _title(transform: Transform) -> str:
    """The change as a phrase."""
    columns, value, how, pairs = names_of(transform.columns), transform.value, transform.how, transform.pairs
    where = where_clause(transform.conditions)
    words = {"table": name(transform.table.name), "columns": columns, "how": how, "value": value, "where": where}
    match transform.operation:
        case "running":
            return _running_in_words(transform)
        case "derive":
            return f"A new column {name(transform.name)} of {words['table']}{_formula(transform)}"
        case "drop missing":
            words["gap"] = (
                f"a missing value in {columns}" if columns else "no value at all" if how else "a missing value"
            )
        case "drop duplicates":
            words["in"] = f" in {columns}" if columns else ""
            words["which"] = "last" if how == "last" else "first"
        case "sort":
            words["first"] = "largest" if how == "down" else "smallest"
        case "drop sparse columns":
            words["sparse"] = _SPARSE[how].format(share=share(value or 0, 1))
        case "row":
            words["of"] = f": {columns}" if columns else ""
        case "split":
            words["at"] = name(pairs[0][1])
            words["into"] = joined([name(part) for part, _ in pairs])
        case "rename":
            words["pairs"] = joined([f"{name(old.name)} to {name(new)}" for old, new in pairs[:12]])
        case "replace":
            became = [f"{name(old)} becomes {'missing' if new is None else name(new)}" for old, new in pairs[:6]]
            words["pairs"] = joined(became)
        case "fill":
            words["filling"] = _filling(value, transform)
        case "set":
            words["where"] = where or " in every row"
            words["value"] = "missing" if value is None else name(value)
        case "convert":
            words["how"] = _TARGETS[how]
        case "text":
            words["how"] = joined([_TEXTS[method] for method in how.split()])
        case "clip":
            limits = zip(("at least", "at most"), value, strict=True)
            words["value"] = joined([f"{side} {figure(limit)}" for side, limit in limits if limit is not None])
        case "round":
            words["value"] = many(value, "decimal") if value else "whole numbers"
        case "scale":
            words["how"] = "mean 0 and standard deviation 1" if how == "standard" else "between 0 and 1"
    return _TITLES[transform.operation].format(**words)


def _running_in_words(transform: Transform) -> str:
    time, each = transform.table.time, transform.period or "row"
    window = f"{transform.value[:-1]} days" if isinstance(transform.value, str) else f"{transform.value} {each}s"
    phrase = {
        "cumulative": "Running total",
        "moving": f"Moving {transform.function} over {window}",
        "change": f"Change relative to the {each} before",
        "difference": f"Difference to the {each} before",
        "shift": f"Value of the {each} before",
        "rank": "Rank",
    }[transform.how]
    groups = f", for each {names_of(transform.by)}" if transform.by else ""
    order = (
        f", in the order of {name(time.name)}"
        if time is not None and transform.how != "rank" and not transform.period
        else ""
    )
    what = "the number of rows" if transform.function == "count" else names_of(transform.columns)
    return f"{phrase} of {what} in {name(transform.table.name)}{groups}{order}"


def _filling(value: Any, transform: Transform) -> str:
    if value is None:
        return "the median for numbers, the most frequent value for the rest"
    if not isinstance(value, Computed):
        return name(value)
    text = _COMPUTED.get(value.how) or f"the {noun(value.how)}"  # type: ignore[arg-type]
    return text + (f" of each {names_of(transform.by)}" if transform.by else "")


def _formula(transform: Transform) -> str:
    if transform.conditions:
        return f", true{where_clause(transform.conditions)}"
    if transform.how:
        return f", the {transform.how} of {names_of(transform.columns)}"
    parts = transform.value[1:] if transform.value[0] == "formula" else transform.value
    gap = "" if transform.value[0] == "formula" else " "
    return ": " + gap.join(name(part.name) if isinstance(part, Column) else str(part) for part in parts)
