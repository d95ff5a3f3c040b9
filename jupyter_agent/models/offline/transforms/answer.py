"""A change is computed beside the table first, with nothing bound; it is offered with the rows before and after, unless it would destroy something."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from jupyter_agent.models.offline.computing import not_run, where_clause
from jupyter_agent.models.offline.dialects.choice import dialect
from jupyter_agent.models.offline.dialects.dialect import with_imports
from jupyter_agent.models.offline.facts import Facts, Ran
from jupyter_agent.models.offline.markdown import figure, many, name, names, python, share
from jupyter_agent.models.offline.namespace import Column, Namespace, names_of, whole
from jupyter_agent.models.offline.query import noun
from jupyter_agent.models.offline.results import result
from jupyter_agent.models.offline.transforms.code import written
from jupyter_agent.models.offline.transforms.transform import ROWS, VIEWS, Computed, Transform, Written
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


@dataclass(frozen=True, slots=True)
class Trial:
    """What a change did to a copy.

    Attributes:
        before: Rows and columns.
        after: The same of the new table.
        gone: Names of columns that are no longer there, at most twenty.
        columns: Of each column that it changes: values missing before (None where it is new) and after, its new type, how many values differ, and some of
            them before and after.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    gone: tuple[str, ...] = ()
    columns: tuple[tuple[int | None, int, str, int, Sequence[tuple[str, str]]], ...] = ()


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
    ran = facts.run(_trial(transform, running, is_pandas=shown.is_pandas, is_lazy="LazyFrame" in table.variable.type))
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
    table = transform.table.code
    if code.table:
        return code.table if transform.operation in VIEWS else f"{table} = {code.table}"
    if is_pandas:
        return "\n".join(f"{table}[{label}] = {expression}" for label, expression in code.columns)
    return f"{table} = {_with_columns(table, code, is_pandas)}"


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
        column = own.get(label)
        if column is None:
            lines.append(f"(None, int(new[{label}].{gaps}), str(new[{label}].dtype), 0, [])")
            continue
        pairs = f"zip(old[{label}].head(2000), new[{label}].head(2000))"
        text = "astype(str)" if is_pandas else "cast(str)"
        some = (
            "[]"
            if column.facts.get("withheld")
            else f"list(dict.fromkeys((str(a), str(b)) for a, b in {pairs} if str(a) != str(b)))[:3]"
        )
        different = (
            f"int((old[{label}].{text} != new[{label}].{text}).sum())"
            if is_pandas
            else f"int(old[{label}].cast(str, strict=False).ne_missing(new[{label}].cast(str, strict=False)).sum())"
        )
        lines.append(
            f"(int(old[{label}].{gaps}), int(new[{label}].{gaps}), str(new[{label}].dtype), {different}, {some})"
        )
    gone = "[str(label) for label in old.columns if label not in new.columns][:20]"
    return f"[(old.shape, new.shape, {gone}, [{', '.join(lines)}]) for old, new in [({table}{collect}, {new})]][0]"


def _read(text: str) -> Trial | None:
    """What the trial displayed; None if it is nothing of the kind."""
    try:
        before, after, gone, columns = ast.literal_eval(text[text.index("((") :].strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return Trial(tuple(before), tuple(after), tuple(gone), tuple(tuple(column) for column in columns))


def _destroys(transform: Transform, trial: Trial | None) -> list[str]:
    """Why a change is not offered; empty where nothing is lost but what was asked for. Untried, by what inspection knows."""
    table, rows = transform.table, transform.table.rows
    if transform.operation == "drop missing" and not transform.how:
        columns = transform.columns or table.columns
        empty = [column for column in columns if rows and whole(column.facts.get("missing")) == rows]
        if (trial is None and empty) or (trial is not None and trial.after[0] == 0 < trial.before[0]):
            where = f"in {names_of(transform.columns)}" if transform.columns else "anywhere"
            only = (
                f" {names_of(empty)} {'has' if len(empty) == 1 else 'have'} no value at all: drop {'this column' if len(empty) == 1 else 'these columns'} first."
                if empty
                else ""
            )
            return [f"each row has a missing value {where}, so **0 of {figure(rows)} rows** would stay.{only}"]
    if trial is None:
        target = transform.columns[0] if transform.columns else None
        if (
            transform.operation == "convert"
            and transform.how in ("int", "float", "number", "time")
            and target is not None
            and target.role == "text"
            and not any(character.isdigit() for value in target.values for character in value)
        ):
            return [
                f"that would lose data, as the values are no {_TARGETS[transform.how]}, for example {names(target.values, 3)}."
            ]
        return []
    if trial.after[0] == 0 < trial.before[0] and transform.operation in ROWS:
        return [f"**0 of {figure(trial.before[0])} rows** would stay, so I do not offer it."]
    if trial.after[0] < trial.before[0] and transform.operation not in ROWS:
        return [f"it would lose {many(trial.before[0] - trial.after[0], 'row')}, which was not asked for."]
    gone = transform.operation == "replace" and any(new is None for _, new in transform.pairs)
    for column, (missing, left, *_) in zip(transform.columns, trial.columns, strict=False):
        lost = left - (missing or 0)
        if lost > trial.before[0] * MOST_LOST and not gone and missing is not None:
            return [
                f"that would lose data. **{figure(lost)} of {figure(trial.before[0])}** values of {name(column.name)} are no {_TARGETS.get(transform.how, 'that')}, for example {names(column.values, 3)}.",
                "Take off what stands around them first, with `str.replace` or `str.extract`."
                if column.role == "text"
                else "",
            ]
    return []


def _effect(transform: Transform, trial: Trial) -> str:
    """Rows before and after, and what changes."""
    before, after = trial.before, trial.after
    if transform.operation in ROWS:
        if after[0] == before[0]:
            why = {
                "drop missing": "No row has a missing value there",
                "drop duplicates": "No row repeats an earlier one",
                "drop outliers": "No value is that far off",
            }
            return f"{why.get(transform.operation, 'No row is so')}: **all {many(before[0], 'row')}** stay."
        return f"**{figure(after[0])} of {figure(before[0])} rows** stay."
    if not trial.columns:
        if before[1] == after[1]:
            return (
                f"All {many(after[0], 'row')} stay."
                if transform.operation != "drop sparse columns"
                else "There is **none**: all columns stay."
            )
        gone = (
            f" without {names(trial.gone, 20)}" if trial.gone and transform.operation == "drop sparse columns" else ""
        )
        return f"All {many(after[0], 'row')} stay, {many(before[1], 'column')} become {figure(after[1])}{gone}."
    lines = []
    for missing, left, dtype, changed, some in trial.columns:
        if missing is None:
            lines.append(
                f"a new column of type {name(dtype)}" + (f" with {many(left, 'missing value')}" if left else "")
            )
            continue
        gaps = f"{many(missing, 'missing value')} before, **{figure(left)}** after" if missing != left else ""
        values = (
            f"**{many(changed, 'value')}** of {figure(before[0])} change"
            if changed and transform.operation != "convert"
            else "no value changes"
            if not changed and missing == left and transform.operation != "convert"
            else ""
        )
        kind = f"of type {name(dtype)} then" if transform.operation == "convert" else ""
        example = (
            f"for example {joined([f'{name(old)} → {name(new)}' for old, new in some[:2]])}"
            if some and transform.operation in ("text", "convert", "round", "scale")
            else ""
        )
        lines.append(
            "; ".join(
                part
                for part in (
                    kind,
                    gaps if transform.operation != "text" else "",
                    values if transform.operation != "fill" else "",
                    example,
                )
                if part
            )
        )
    named = (
        [*transform.columns]
        if len(trial.columns) == len(transform.columns) and transform.operation not in ("derive", "split")
        else []
    )
    if len(lines) > 1 and named:
        return (
            f"All {many(after[0], 'row')} stay: "
            + "; ".join(
                f"{name(column.name)}: {text or 'nothing changes'}"
                for column, text in list(zip(named, lines, strict=True))[:8]
            )
            + "."
        )
    return f"All {many(after[0], 'row')} stay" + (f": {lines[0]}." if lines[0] else ".")


def _title(transform: Transform) -> str:
    """The change as a phrase."""
    table, columns, where = name(transform.table.name), names_of(transform.columns), where_clause(transform.conditions)
    value = transform.value
    match transform.operation:
        case "drop rows":
            return f"Leave out the rows of {table}{where}"
        case "drop missing":
            place = (
                f"a missing value in {columns}"
                if transform.columns
                else "no value at all"
                if transform.how
                else "a missing value"
            )
            return f"Leave out the rows of {table} with {place}"
        case "drop duplicates":
            which = "last" if transform.how == "last" else "first"
            return f"Leave out the rows of {table} that repeat another{f' in {columns}' if transform.columns else ''} (the {which} of each stays)"
        case "drop outliers":
            return f"Leave out the rows of {table} whose {columns} is more than 1.5 times the interquartile range below the first or above the third quartile"
        case "sort":
            return f"{table} itself sorted by {columns}, {'largest' if transform.how == 'down' else 'smallest'} first"
        case "drop columns":
            return f"{table} without {columns}"
        case "drop sparse columns":
            sparse = {
                "constant": "of one value",
                "any": "with missing values",
                "all": "without any value",
                "share": f"of which more than {share(value or 0, 1)} is missing",
            }
            return f"Drop the columns of {table} {sparse[transform.how]}"
        case "select columns":
            return f"{columns} of {table}"
        case "row":
            return f"Row {value} of {table}, counted from 0{f': {columns}' if transform.columns else ''}"
        case "running":
            return _running_in_words(transform)
        case "to library":
            return f"{table} as a {transform.how} table"
        case "split":
            return f"{columns} of {table} split at {name(transform.pairs[0][1])} into {joined([name(part) for part, _ in transform.pairs])}"
        case "keep columns":
            return f"{table} with {columns} only"
        case "order columns":
            return f"{columns} at the {transform.how} of {table}"
        case "rename":
            return f"Columns of {table} renamed: {joined([f'{name(old.name)} to {name(new)}' for old, new in transform.pairs[:12]])}"
        case "reset index":
            return f"The index of {table} as columns, the rows numbered from 0"
        case "set index":
            return f"{columns} as the index of {table}"
        case "fill":
            return f"Fill the missing values of {columns} in {table} with {_filling(value, transform)}"
        case "replace":
            pairs = [
                f"{name(old)} becomes {'missing' if new is None else name(new)}" for old, new in transform.pairs[:6]
            ]
            return f"In {columns} of {table} {joined(pairs)}"
        case "set":
            return (
                f"{columns} of {table} set to {'missing' if value is None else name(value)}{where or ' in every row'}"
            )
        case "convert":
            return f"{columns} of {table} as {_TARGETS[transform.how]}"
        case "text":
            return f"{columns} of {table} {joined([_TEXTS[method] for method in transform.how.split()])}"
        case "clip":
            low, high = value
            limits = joined(
                [
                    *([f"at least {figure(low)}"] if low is not None else []),
                    *([f"at most {figure(high)}"] if high is not None else []),
                ]
            )
            return f"{columns} of {table} kept to {limits}"
        case "round":
            return f"{columns} of {table} rounded to {many(value, 'decimal') if value else 'whole numbers'}"
        case "scale":
            return f"{columns} of {table} scaled to {'mean 0 and standard deviation 1' if transform.how == 'standard' else 'between 0 and 1'}"
    return f"A new column {name(transform.name)} of {table}{_formula(transform)}"


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
