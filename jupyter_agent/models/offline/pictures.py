"""The lines of code that draw: bars, lines, points, boxes, histograms, a matrix."""

from __future__ import annotations

from dataclasses import replace

from jupyter_agent.models.offline.computing import where_clause
from jupyter_agent.models.offline.dialects.choice import Dialect
from jupyter_agent.models.offline.dialects.dialect import Grouping
from jupyter_agent.models.offline.markdown import name, python
from jupyter_agent.models.offline.namespace import Column, names_of
from jupyter_agent.models.offline.query import Ask, Query, noun
from jupyter_agent.models.offline.skill import Answer

_MODULE = "matplotlib.pyplot"


def finished(  # noqa: PLR0917 - the parts of a picture
    query: Query, sentence: str, lines: list[str], title: str, labels: tuple[str, str], language: Dialect | None = None
) -> Answer:
    """The sentence and the block; the title cannot be read as mathematics."""
    known = query.namespace.alias(_MODULE)
    plt = known or "plt"
    imports: list[str] = []
    if language is not None and any(
        f"{statement.rsplit(' ', 1)[-1]}." in line for statement in language.imports for line in lines
    ):
        imports += language.imports
    imports += [] if known else [f"import {_MODULE} as plt"]
    ending = [
        f"{plt}.title({_inert(title)!r})",
        *(f"{plt}.{axis}label({_inert(label)!r})" for axis, label in zip("xy", labels, strict=True) if label),
        f"{plt}.show()",
    ]
    code = [line.replace("plt.", f"{plt}.", 1) if line.startswith("plt.") else line for line in lines]
    return [sentence, python("\n".join([*imports, *([""] if imports else []), *code, *ending]))]


def _inert(text: str) -> str:
    return text.replace("$", r"\$")


def axes(chart: str, key: str, value: str) -> tuple[str, str]:
    """Labels of the two axes; lying bars swap them."""
    return (value, key) if chart == "barh" else (key, value)


def pair(query: Query, language: Dialect, horizontal: Column, vertical: Column, chart: str) -> Answer:
    """One column against another, as points or as a line."""
    frame, conditions = language.frame, query.conditions
    sentence = f"{name(vertical.name)} against {name(horizontal.name)} of {name(frame.name)}{where_clause(conditions)}:"
    lines, table = [], language.rows(conditions)
    if chart == "line":
        table = language.sorted((horizontal,), False, conditions)
    elif conditions:
        table = language.rows(conditions)
    if table != frame.code:
        lines.append(f"{query.namespace.fresh('chosen')} = {table}")
    held = query.namespace.fresh("chosen") if lines else frame.code
    call = "plot" if chart == "line" else "scatter"
    along = f"{held}[{horizontal.label}]"
    if chart == "line" and horizontal.date_like:
        pd = query.namespace.alias("pandas") or "pd"
        along = f"{pd}.to_datetime({along})" if language.is_pandas else f"{along}.str.to_date()"
    lines.append(f"plt.{call}({along}, {held}[{vertical.label}])")
    return finished(
        query, sentence, lines, f"{vertical.name} by {horizontal.name}", (horizontal.name, vertical.name), language
    )


def boxes(query: Query, language: Dialect, value: Column, key: Column) -> Answer:
    """One box, or one histogram, for each group."""
    frame = language.frame
    box = query.chart == "box"
    sentence = f"{name(value.name)} for each {name(key.name)} of {name(frame.name)}{where_clause(query.conditions)} as {'boxes' if box else 'histograms'}:"
    groups = query.namespace.fresh("groups")
    rows = language.rows(query.conditions)
    if language.is_pandas:
        lines = [
            f"{groups} = {{str(key): rows[{value.label}].dropna() for key, rows in {rows}.groupby({key.label}, observed=True)}}"
        ]
    else:
        lines = [
            f"{groups} = {{str(key[0]): rows[{value.label}].drop_nulls() for key, rows in {rows}.group_by({key.label}, maintain_order=True)}}"
        ]
    if not box:
        lines += [f"plt.hist(list({groups}.values()), bins=20, label=list({groups}))", "plt.legend()"]
        return finished(query, sentence, lines, f"{value.name} by {key.name}", (value.name, "rows"), language)
    lines += [f"plt.boxplot(list({groups}.values()))", f"plt.xticks(range(1, len({groups}) + 1), list({groups}))"]
    return finished(query, sentence, lines, f"{value.name} by {key.name}", (key.name, value.name), language)


def histograms(query: Query, language: Dialect, columns: tuple[Column, ...]) -> Answer:
    """Several columns as histograms over each other."""
    drop = "dropna" if language.is_pandas else "drop_nulls"
    lines = [
        f"plt.hist({language.column(column, query.conditions)}.{drop}(), bins=30, alpha=0.5, label={column.name!r})"
        for column in columns
    ]
    sentence = f"Histograms of {names_of(columns)} of {name(language.frame.name)}:"
    return finished(query, sentence, [*lines, "plt.legend()"], "Histograms", ("value", "rows"), language)


def bars_or_line(query: Query, language: Dialect, groups: Grouping, chart: str, sentence: str = "") -> Answer:
    """One value for each group, as bars, a pie or a line."""
    frame = language.frame
    keys = [*(key.name for key in groups.by), *([groups.period] if groups.period else [])]
    what = f"{noun(groups.function)} of {', '.join(value.name for value in groups.values)}" if groups.values else "rows"
    title = f"{what} by {' and '.join(keys)}"
    shown = [*(name(key.name) for key in groups.by), *([groups.period] if groups.period else [])]
    sentence = (
        sentence
        or f"The {noun(groups.function) + ' of ' + names_of(groups.values) if groups.values else 'number of rows'} by {' and '.join(shown)} of {name(frame.name)}{where_clause(groups.conditions)}:"
    )
    if language.is_pandas:
        is_wide = len(keys) == 2 and len(groups.values) < 2
        is_timed = groups.period is not None or (is_wide and groups.by[1].role == "number")
        wide = "" if not is_wide else ".unstack(0)" if is_timed else ".unstack()"
        code = language.grouped(replace(groups, descending=None) if wide else groups)
        call = f"{code}{wide}.plot.{chart if chart in ('bar', 'barh', 'pie', 'area') else 'line'}()"
        return finished(query, sentence, [call], title, axes(chart, " and ".join(keys), what), language)
    key = groups.by[0].label if groups.by else repr(groups.period)
    value = groups.values[0].label if groups.values else repr("len")
    held = query.namespace.fresh("groups")
    draw = {
        "pie": f"plt.pie({held}[{value}], labels={held}[{key}])",
        "barh": f"plt.barh({held}[{key}].cast(str), {held}[{value}])",
        "bar": f"plt.bar({held}[{key}].cast(str), {held}[{value}])",
    }
    lines = [f"{held} = {language.grouped(groups)}", draw.get(chart, f"plt.plot({held}[{key}], {held}[{value}])")]
    return finished(query, sentence, lines, title, axes(chart, " and ".join(keys), what), language)


def matrix(query: Query, language: Dialect) -> Answer:
    """Correlations as a picture.

    Raises:
        Ask: there are too few number columns.
    """
    frame = language.frame
    numbers = frame.of_role("number")
    if len(numbers) < 2:
        raise Ask(f"{name(frame.name)} has fewer than two number columns, so there is nothing to correlate.")
    held = query.namespace.fresh("matrix")
    lines = [
        f"{held} = {language.correlated(())}",
        f"plt.imshow({held}, vmin=-1, vmax=1, cmap='coolwarm')",
        "plt.colorbar()",
    ]
    lines += [
        f"plt.xticks(range(len({held}.columns)), {held}.columns, rotation=90)",
        f"plt.yticks(range(len({held}.columns)), {held}.columns)",
    ]
    return finished(
        query, f"Correlations of the number columns of {name(frame.name)}:", lines, "Correlations", ("", ""), language
    )
