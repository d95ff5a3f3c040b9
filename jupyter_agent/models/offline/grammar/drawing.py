"""The code of a picture, in the dialect of its table."""

from __future__ import annotations

from dataclasses import replace

from jupyter_agent.models.offline.computing import where_clause
from jupyter_agent.models.offline.dialects.choice import Dialect
from jupyter_agent.models.offline.dialects.dialect import free_name
from jupyter_agent.models.offline.grammar.query import Chart, TableQuery
from jupyter_agent.models.offline.grammar.sources import KEYS
from jupyter_agent.models.offline.grammar.tables import kind_of, values_are_unique
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.namespace import Column, Namespace, Table, names_of, whole
from jupyter_agent.models.offline.pictures import Picture
from jupyter_agent.models.offline.words import joined, parts

#: Groups of rows that are counted in one picture, where nobody says how many.
_MOST_COUNTED = 20
#: pandas writes a column's name beside a pie.
_NO_LABEL = "ylabel=''"


def picture(query: TableQuery, language: Dialect, namespace: Namespace) -> Picture:
    """What a query draws, with its title, and what is counted to see whether there is anything."""
    chart = query.chart or Chart()
    match query.shape:
        case "pair" if len(query.columns) > 1:
            made = _pair(query, language, namespace, chart)
        case "pair":
            column = query.columns[0]
            line = f"plt.plot({language.column(column, query.conditions)})"
            made = Picture(f"{name(column.name)} row by row", [line], column.name, ("row", column.name))
        case "distribution":
            made = _distribution(query, language, namespace, chart)
        case "each":
            made = _each(query, language, namespace, chart)
        case "matrix":
            code = language.correlated(query.columns if len(query.columns) > 2 else (), query.conditions)
            colours = ", vmin=-1, vmax=1, cmap='coolwarm'"
            title = "Correlations of the number columns"
            made = _grid(namespace.fresh("matrix"), code, title, colours, labelled="columns")
        case _:
            made = _groups(query, language, namespace, chart)
    where = where_clause(query.conditions)
    return replace(
        made,
        sentence=f"{made.sentence} in {name(language.frame.name)}{where}",
        title=chart.title or made.title,
        imports=language.imports,
        counted=language.count(query.conditions) if query.conditions else "",
        is_log=chart.is_log,
    )


def _axes(chart: Chart, across: str, up: str) -> tuple[str, str]:
    """Labels of the two axes: lying bars swap them, a pie has none."""
    return ("", "") if chart.kind == "pie" else (up, across) if chart.kind == "barh" else (across, up)


def _pair(query: TableQuery, language: Dialect, namespace: Namespace, chart: Chart) -> Picture:
    """Columns against the first one, as points or as lines; points in a colour for each group."""
    across, *upright = query.columns
    goes_on = kind_of(across) == "time" or "year" in parts(across.name)
    is_line = chart.kind in ("line", "area") or (chart.kind == "any" and goes_on)
    table = language.sorted((across,), False, query.conditions) if is_line else language.rows(query.conditions)
    title = f"{', '.join(column.name for column in upright)} by {across.name}"
    sentence = f"{names_of(upright)} against {name(across.name)}"
    labels = (across.name, upright[0].name if len(upright) == 1 else "value")
    if query.by:
        key, rows = namespace.fresh("key"), namespace.fresh("rows")
        call = "groupby" if language.is_pandas else "group_by"
        label = f"str({key})" if language.is_pandas else f"str({key}[0])"
        lines = [
            f"for {key}, {rows} in {table}.{call}({query.by[0].label}):",
            f"    plt.scatter({rows}[{across.label}], {rows}[{upright[0].label}], label={label})",
            "plt.legend()",
        ]
        return Picture(f"{sentence}, a colour for each {name(query.by[0].name)},", lines, title, labels)
    lines = [f"{namespace.fresh('chosen')} = {table}"] if table != language.frame.code else []
    held = namespace.fresh("chosen") if lines else language.frame.code
    along = f"{held}[{across.label}]"
    if is_line and across.date_like:
        pd = namespace.alias("pandas") or "pd"
        along = f"{pd}.to_datetime({along})" if language.is_pandas else f"{along}.str.to_date()"
    if chart.kind == "area":
        lines += [f"plt.fill_between({along}, {held}[{column.label}], alpha=0.5)" for column in upright]
    else:
        several = len(upright) > 1
        call = "plot" if is_line else "scatter"
        lines += [
            f"plt.{call}({along}, {held}[{column.label}]{f', label={column.name!r}' if several else ''})"
            for column in upright
        ]
        lines += ["plt.legend()"] if several else []
    return Picture(sentence, lines, title, labels)


def _distribution(query: TableQuery, language: Dialect, namespace: Namespace, chart: Chart) -> Picture:
    """Histograms or boxes: of one column, of one for each group, or of several."""
    drop = "dropna()" if language.is_pandas else "drop_nulls()"
    columns, conditions = query.columns, query.conditions
    is_box = chart.kind == "box"
    what = "Box plot" if is_box else "Histogram"
    values = [f"{language.column(column, conditions)}.{drop}" for column in columns]
    bins = f"bins={chart.bins or 30}"
    if query.by:
        column, key = columns[0], query.by[0]
        groups, rows = namespace.fresh("groups"), language.rows(conditions)
        label, call = ("key", f"groupby({key.label}, observed=True)")
        if not language.is_pandas:
            label, call = ("key[0]", f"group_by({key.label}, maintain_order=True)")
        each = f"str({label}): rows[{column.label}].{drop} for key, rows in {rows}.{call}"
        drawn = f"plt.hist(list({groups}.values()), bins={chart.bins or 20}, label=list({groups}))"
        lines, labels = [f"{groups} = {{{each}}}", drawn, "plt.legend()"], (column.name, "rows")
        if is_box:
            ticks = f"plt.xticks(range(1, len({groups}) + 1), list({groups}))"
            lines[1:], labels = [f"plt.boxplot(list({groups}.values()))", ticks], (key.name, column.name)
        sentence = f"{what} of {name(column.name)} for each {name(key.name)}"
        return Picture(sentence, lines, f"{column.name} by {key.name}", labels)
    if len(columns) == 1:
        lines = [f"plt.boxplot({values[0]})" if is_box else f"plt.hist({values[0]}, {bins})"]
        labels = ("", columns[0].name) if is_box else (columns[0].name, "rows")
    elif is_box:
        ticks = f"plt.xticks({list(range(1, len(columns) + 1))}, {[column.name for column in columns]})"
        lines, labels = [f"plt.boxplot([{', '.join(values)}])", ticks], ("", "value")
    else:
        pairs = zip(values, columns, strict=True)
        lines = [f"plt.hist({value}, {bins}, alpha=0.5, label={column.name!r})" for value, column in pairs]
        lines, labels = [*lines, "plt.legend()"], ("value", "rows")
    title = f"{what} of {', '.join(column.name for column in columns)}"
    return Picture(f"{what} of {names_of(columns)}", lines, title, labels)


def _each(query: TableQuery, language: Dialect, namespace: Namespace, chart: Chart) -> Picture:
    """A bar for each row, named by the column that names rows."""
    column = query.columns[0]
    label = _label(column, query, language.frame)
    table = language.rows(query.conditions)
    if query.order:
        table = language.sorted(query.order, bool(query.descending), query.conditions)
        table += f".head({query.limit})" if query.limit else ""
    kind = chart.kind if chart.kind in ("barh", "pie") else "bar"
    sentence = f"{name(column.name)} of each row"
    labels = _axes(chart, label.name if label is not None else "row", column.name)
    if language.is_pandas:
        at = f"{table}.set_index({label.label})" if label is not None else table
        line = f"{at}[{column.label}].plot.{kind}({_NO_LABEL if kind == 'pie' else ''})"
        return Picture(sentence, [line], column.name, labels)
    held = namespace.fresh("chosen")
    names = f"{held}[{label.label}].cast(str)" if label is not None else f"range({held}.height)"
    values = f"{held}[{column.label}]"
    call = f"plt.pie({values}, labels={names})" if kind == "pie" else f"plt.{kind}({names}, {values})"
    return Picture(sentence, [f"{held} = {table}", call], column.name, labels)


def _label(column: Column, query: TableQuery, table: Table) -> Column | None:
    """The column that tells rows apart: of texts, else of numbers that are no two alike; none where there is none."""
    fixed = {condition.column for condition in query.conditions if condition.operator == "=="}
    others = [other for other in table.columns if other != column and other not in fixed]
    named = [other for other in others if kind_of(other) == "text" or other.facts.get("level")]
    numbered = [other for other in others if other.role == "number" and parts(other.name) & KEYS]
    unique = [other for other in (*named, *numbered) if values_are_unique(other, table) or other.facts.get("level")]
    return next(iter(unique), None)


def _groups(query: TableQuery, language: Dialect, namespace: Namespace, chart: Chart) -> Picture:
    """One value for each group: bars, a pie, lines; two keys side by side, or as a grid of colours."""
    keys = [*(key.name for key in query.by), *([query.period] if query.period else [])]
    groups, measure = query.grouping(), query.measures[0]
    unique = whole(query.by[0].facts.get("unique")) if query.by else None
    is_long = query.limit is None and not query.period and (unique or 0) > _MOST_COUNTED and len(keys) == 1
    if measure.column is None and is_long and query.by[0].role != "number":
        groups = replace(groups, limit=_MOST_COUNTED, descending=True)
    what = joined([f"{each.noun} of {each.column.name}" if each.column else "rows" for each in query.measures])
    what = "share" if query.part is not None else what
    what = f"share of {measure.column.name if measure.column else 'rows'}" if query.shared else what
    title = f"{what} by {' and '.join(keys)}"
    spoken = joined([f"the {each.in_words('number of rows')}" for each in query.measures])
    spoken = f"the share of {name(measure.column.name) if measure.column else 'the rows'}" if query.shared else spoken
    sentence = f"{spoken[:1].upper()}{spoken[1:]} by {joined(query.keys())}"
    sentence += f", the {_MOST_COUNTED} most frequent," if groups.limit and not query.limit else ""
    is_timed = query.period not in (None, "weekday", "hour")
    kind = chart.kind if chart.kind not in ("any", "hist") else "line" if is_timed else "bar"
    labels = _axes(replace(chart, kind=kind), " and ".join(keys), what)
    if language.is_pandas:
        is_wide = len(keys) == 2 and len(query.measures) == 1
        is_along = query.period is not None or (is_wide and query.by[1].role == "number")
        wide = "" if not is_wide else ".unstack(0)" if is_along and kind != "heatmap" else ".unstack()"
        code = language.grouped(replace(groups, descending=None) if wide else groups) + wide
        if kind == "heatmap":
            grid = _grid(namespace.fresh("grid"), code, sentence, "", labelled="index")
            return replace(grid, title=title, labels=(keys[1], keys[0]))
        options = ["stacked=True"] if chart.stacked and kind in ("bar", "barh", "area") else []
        options += [_NO_LABEL] if kind == "pie" else []
        return Picture(sentence, [f"{code}.plot.{kind}({', '.join(options)})"], title, labels)
    key = query.by[0].label if query.by else repr(free_name(language.frame, query.period or ""))
    value = measure.column.label if measure.column is not None else repr("len")
    held = namespace.fresh("groups")
    draw = {
        "pie": f"plt.pie({held}[{value}], labels={held}[{key}])",
        "barh": f"plt.barh({held}[{key}].cast(str), {held}[{value}])",
        "bar": f"plt.bar({held}[{key}].cast(str), {held}[{value}])",
    }
    lines = [f"{held} = {language.grouped(groups)}", draw.get(kind, f"plt.plot({held}[{key}], {held}[{value}])")]
    return Picture(sentence, lines, title, labels)


def _grid(held: str, code: str, title: str, options: str, *, labelled: str) -> Picture:
    """A table of numbers in colours."""
    lines = [
        f"{held} = {code}",
        f"plt.imshow({held}{options})",
        "plt.colorbar()",
        f"plt.xticks(range(len({held}.columns)), {held}.columns, rotation=90)",
        f"plt.yticks(range(len({held}.{labelled})), {held}.{labelled})",
    ]
    return Picture(title, lines, title)
