"""The answer to a query about tables: the code in the table's dialect, what it gives, and that in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from jupyter_agent.models.offline.computing import not_run, where_clause
from jupyter_agent.models.offline.dialects.choice import Dialect, dialect
from jupyter_agent.models.offline.dialects.dialect import tuple_of, with_imports
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.grammar.drawing import picture
from jupyter_agent.models.offline.grammar.inspections import top_table
from jupyter_agent.models.offline.grammar.lexicon import ORDINALS
from jupyter_agent.models.offline.grammar.query import TableQuery
from jupyter_agent.models.offline.grammar.sources import Source
from jupyter_agent.models.offline.grammar.tables import kind_of, values_are_unique
from jupyter_agent.models.offline.markdown import figure, many, name, names, python, share
from jupyter_agent.models.offline.namespace import Column, Namespace, Table, moment, names_of, real, whole
from jupyter_agent.models.offline.query import Ask, Condition, Measure, noun
from jupyter_agent.models.offline.results import Result, members, result, strength
from jupyter_agent.models.offline.words import joined, parts

#: Rows that are shown, and columns where the table has more than fit in a line.
_ROWS, _COLUMNS = 20, 6
_WIDEST = 8
#: What inspection tells of a column of numbers.
_FACTS = {"mean": "mean", "median": "median", "sum": "sum", "max": "max", "min": "min", "std": "std"}
_SCALAR = re.compile(
    r"(?:Timestamp|Timedelta)\('([^']*)'(?:, tz=[^)]*)?\)|datetime\.(date|datetime|timedelta)\(([^)]*)\)"
)


def answered(query: TableQuery, source: Source, namespace: Namespace, facts: Facts) -> Sequence[str]:
    """The blocks of the answer.

    Raises:
        Need: a tool has to be asked first.
        Ask: a column has to be named.
    """
    rows, is_plain = source.base.rows, not query.conditions and not source.links
    if query.shape == "count" and is_plain and rows is not None and not query.wants_code:
        return [f"{name(source.base.name)} has **{many(rows, 'row')}** and **{many(source.base.width, 'column')}**."]
    if query.shape == "outliers" and not query.columns:
        numbers = [column for column in source.table.columns if kind_of(column) == "number"]
        raise Ask(f"In which column? {name(source.base.name)} has the number columns {names_of(numbers)}.")
    if query.chart is not None:
        made = _made(query, source, namespace, runs=False)
        drawn = picture(made.query, made.language, namespace)
        return [*query.notes_in_words(), *drawn.blocks(namespace, facts)]
    known = (_known if query.shape == "measures" else _counts)(query, source) if is_plain else []
    if known and not query.wants_code:
        return [*query.notes_in_words(), *known]
    made = _made(query, source, namespace, runs=False)
    code = made.code()
    title = _title(query, source)
    if query.wants_code:
        return [f"{title}:", code]
    running = _made(query, source, namespace, runs=True)
    ran = facts.run(_expression(running.query, running.language, is_shown=False))
    if ran.status != "ok":
        return [*not_run(ran, title), code]
    found = result(ran.text, [column.name for column in running.language.frame.columns])
    if query.conditions and (_is_nothing(query, found) or (query.shape == "rows" and query.limit)):
        total = result(facts.run(running.language.count(running.query.conditions)).text).text
        if total == "0":
            return [f"**No rows** of {name(source.base.name)} match{where_clause(query.conditions)}: {title}.", code]
        if (
            query.shape == "rows"
            and query.limit
            and not query.within
            and total.isdecimal()
            and int(total) > query.limit
        ):
            title += f" ({query.limit} of {figure(int(total))} rows are shown)"
    read = dict.fromkeys(column.name for column in query.computed() if kind_of(column) == "numeral")
    numerals = [f"{names(read)} is text, read as numbers; what is none is left out."] if read else []
    keys = [
        f"{name(link.left.name)}" + (f" = {name(link.right.name)}" if link.right.name != link.left.name else "")
        for link in source.links
    ]
    products = {column.name: column.facts["product"] for column in query.used() if "product" in column.facts}
    units = {column.name: f" in {column.facts['unit'][0]}" for column in query.used() if "unit" in column.facts}
    notes = [
        f"{name(made)} is {' × '.join(name(part.name) for part in product)}{units.get(made, '')}."
        for made, product in products.items()
    ]
    linked = [f"Joined on {joined(keys)}."] if keys else []
    return [*query.notes_in_words(), *linked, *notes, *numerals, *_described(query, source, title, found), code]


@dataclass(frozen=True, slots=True)
class _Made:
    """A query whose table is written out."""

    query: TableQuery
    language: Dialect

    def code(self) -> str:
        """As it is shown."""
        expression = _expression(self.query, self.language, is_shown=True)
        return python(with_imports(expression, self.language.imports))


def _made(query: TableQuery, source: Source, namespace: Namespace, *, runs: bool) -> _Made:
    """The query over a table with all that it needs: joined, with index levels as columns, texts read as numbers."""
    used = query.used()
    columns = tuple(column for column in source.table.columns if "product" not in column.facts or column in used)
    table = replace(source.base, columns=columns)
    for link in source.links:
        expression = dialect(table, namespace, runs=runs).joined(link.table, link.left, link.right)
        table = replace(table, expression=expression)
    is_shown = query.shape in ("rows", "pick") and any(column.facts.get("level") for column in _shown(query, table))
    if is_shown or any(column.facts.get("level") for column in used):
        table = replace(table, expression=dialect(table, namespace, runs=runs).levelled())
    renamed: dict[Column | None, Column] = {}
    for column in used:
        language = dialect(table, namespace, runs=runs)
        if "unit" in column.facts:
            expression = language.elapsed(column.name, column.facts["product"][0], column.facts["unit"][1])
            table = replace(table, columns=(*table.columns, column), expression=expression)
        elif product := column.facts.get("product"):
            table = replace(table, expression=language.multiplied(column.name, *product))
        elif column.facts.get("elements"):
            table = replace(table, expression=f"{table.code}.explode({column.label})")
        elif kind_of(column) in ("numeral", "decimal") and column in query.computed():
            label = re.sub(r"\W+", "_", column.name).strip("_").lower() + "_number"
            table = replace(table, expression=language.as_numbers(column, label, kind_of(column) == "numeral"))
            renamed[column] = replace(column, name=label, facts={"dtype": "float64"})
    return _Made(query.renamed(renamed), dialect(table, namespace, runs=runs))


def _expression(query: TableQuery, language: Dialect, *, is_shown: bool) -> str:
    """The code: as it is shown, or as it is run to be shown in a table."""
    conditions, column = query.conditions, query.measures[0].column if query.measures else None
    match query.shape:
        case "count":
            return language.count(conditions)
        case "share" if query.part is not None:
            return f"({language.count((*conditions, query.part))}, {language.count(conditions)})"
        case "share":
            return language.share(conditions, column)
        case "values":
            return language.different(query.columns[0], conditions)
        case "correlation":
            return language.correlated(query.columns, conditions)
        case "pivot" if query.period is not None:
            return language.pivoted_groups(query.grouping())
        case "pivot":
            return language.pivoted(query.by[0], query.by[1], column, query.measures[0].function, conditions)
        case "groups":
            code = language.grouped(query.grouping())
            if query.within:
                return language.first_of_each(code, query.within, query.limit or 1)
            result = "" if language.is_pandas else f"[{column.label if column is not None else repr('len')}]"
            return f"{code}{result}.{query.outer}()" if query.outer is not None else code
        case "measures":
            each = [_measure(language, measure, conditions) for measure in query.measures]
            return tuple_of(each)
        case "difference":
            first, second = (_measure(language, query.measures[0], (*conditions, side)) for side in query.pair)
            return f"({first}, {second}, {first} - {second})"
        case "outliers":
            values = language.column(query.columns[0], conditions)
            picked = "[{}]" if language.is_pandas else ".filter({})"
            if query.deviations is not None:
                mask = f"((values - values.mean()) / values.std()).abs() > {query.deviations:g}"
                return f"(lambda values: values{picked.format(mask)})({values})"
            low, high = "values.quantile(0.25)", "values.quantile(0.75)"
            mask = f"(values < {low} - 1.5 * ({high} - {low})) | (values > {high} + 1.5 * ({high} - {low}))"
            return f"(lambda values: values{picked.format(mask)})({values})"
        case "matrix":
            strongest = ".head(1)" if query.limit else ""
            return language.correlated(query.columns, conditions) + strongest
        case "pick":
            shown = _shown(query, language.frame)
            if query.nth is None and query.limit is None:
                return language.picked(query.order[0], bool(query.descending), conditions, shown)
            ordered = _selected(language, language.sorted(query.order, bool(query.descending), conditions), shown)
            return f"{ordered}[{query.nth - 1}:{query.nth}]" if query.nth else f"{ordered}.head({query.limit})"
    return _rows(query, language, is_shown=is_shown)


def _measure(language: Dialect, measure: Measure, conditions: Sequence[Condition]) -> str:
    if measure.column is None:
        return language.count(conditions)
    if measure.at is not None:
        return language.quantile(measure.column, measure.at, conditions)
    return language.statistic(measure.function, measure.column, conditions)


def _rows(query: TableQuery, language: Dialect, *, is_shown: bool) -> str:
    conditions = query.conditions
    columns = () if is_shown and not query.columns and not query.within else _shown(query, language.frame)
    if columns == language.frame.columns:
        columns = ()
    if query.order:
        code = language.sorted(query.order, query.directions or bool(query.descending), conditions)
        if query.within:
            return _selected(language, language.first_of_each(code, query.within, query.limit or 1), columns)
        code = _selected(language, code, columns) if columns else code
        return code + (f".head({query.limit or _ROWS})" if query.limit or not is_shown else "")
    code = language.selected(columns, conditions) if columns else language.rows(conditions)
    if query.limit is not None:
        code += f".{'tail' if query.descending else 'head'}({query.limit})"
    return code


def _selected(language: Dialect, code: str, columns: Sequence[Column]) -> str:
    labels = ", ".join(column.label for column in columns)
    return f"{code}[[{labels}]]" if language.is_pandas else f"{code}.select({labels})"


def _shown(query: TableQuery, table: Table) -> tuple[Column, ...]:
    """The columns of a row that are shown; none that looks secret."""
    return tuple(column for column in _telling(query, table) if not column.facts.get("withheld"))


def _telling(query: TableQuery, table: Table) -> tuple[Column, ...]:
    """What names a row, what is asked for, and what it was chosen by."""
    asked = (*query.columns, *query.order)
    conditioned = tuple(condition.column for condition in query.conditions)
    fixed = {condition.column for condition in query.conditions if condition.operator == "=="}
    if query.shape == "pick" or query.columns or query.within:
        labels = [
            column
            for column in table.columns
            if (kind_of(column) == "text" or parts(column.name) & {"id"} or column.facts.get("level"))
            and column not in fixed
        ]
        named = ([column for column in labels if values_are_unique(column, table)] or labels)[:2]
        if query.shape != "pick" and fixed:
            named = [column for column in labels if column.facts.get("level")]
        return tuple(dict.fromkeys((*(column for column in query.columns if column in named), *named, *asked)))
    if len(table.columns) <= _WIDEST and not table.expression:
        return table.columns
    first = [column for column in table.columns if column.position >= 0][:_COLUMNS]
    return tuple(dict.fromkeys((*first, *asked, *conditioned)))


def _title(query: TableQuery, source: Source) -> str:
    """The computation in words."""
    where = where_clause(query.conditions)
    inside = _inside(source)
    if query.within:
        is_most = query.directions[-1] if query.directions else query.descending
        what = many(query.limit or 1, "row") if query.directions else names_of(query.by[len(query.within) :])
        of = name(query.order[-1].name) if query.directions else _measures_in_words(query).lower()
        most = ("most" if is_most else "fewest") if of == "rows" else "highest" if is_most else "lowest"
        return f"The {what} of {inside}{where} with the {most} {of}, for each {names_of(query.within)}"
    match query.shape:
        case "count":
            return f"Rows of {inside}{where}"
        case "share" if query.part is not None:
            return f"Rows of {inside}{where_clause([query.part])}" + (f", of those{where}" if where else "")
        case "share":
            column = query.measures[0].column
            of = f"the sum of {name(column.name)}" if column is not None else "the rows"
            return f"Share of {of} of {inside}{where}"
        case "values":
            return f"Values of {name(query.columns[0].name)} in {inside}{where}"
        case "correlation":
            return f"Correlation of {names_of(query.columns)}{where}"
        case "matrix":
            if query.columns:
                strongest = "The strongest correlation" if query.limit else "Correlations"
                return f"{strongest} of {name(query.columns[0].name)} with the other number columns of {inside}{where}"
            return f"Correlations of the number columns of {inside}{where}"
        case "outliers":
            far = "1.5 times the middle half's width outside it"
            if query.deviations is not None:
                far = f"{query.deviations:g} standard deviations from the mean"
            return f"Values of {name(query.columns[0].name)} in {inside} more than {far}{where}"
        case "difference":
            return f"{_measures_in_words(query)} in {inside}{where}{where_clause(query.pair[:1])} and{where_clause(query.pair[1:])}, and the difference"
        case "pivot":
            down, across = query.keys()
            return (
                f"{_measures_in_words(query)} in {inside}{where}, a row for each {down} and a column for each {across}"
            )
        case "groups":
            having = f", only with {query.having[0]} {query.having[1]} rows" if query.having is not None else ""
            outer = f"{noun(query.outer).capitalize()} of: " if query.outer is not None else ""
            return f"{outer}{_measures_in_words(query)} by {joined(query.keys())} in {inside}{where}{having}"
        case "measures":
            return f"{_measures_in_words(query)} in {inside}{where}"
        case "pick":
            which = f"number {query.nth} by" if query.nth else "with the"
            return f"The row{'s' if query.limit and query.limit > 1 else ''} of {inside} {which} {'highest' if query.descending else 'lowest'} {name(query.order[0].name)}{where}"
    if query.directions:
        orders = [
            f"{name(column.name)} ({'largest' if down else 'smallest'} first)"
            for column, down in zip(query.order, query.directions, strict=True)
        ]
        return f"{inside[:1].upper() + inside[1:]}{where} sorted by {joined(orders)}"
    if query.order:
        return f"{inside[:1].upper() + inside[1:]}{where} sorted by {names_of(query.order)}, {'largest' if query.descending else 'smallest'} first"
    which = f"The {'last' if query.descending else 'first'} {many(query.limit, 'row')}" if query.limit else "The rows"
    return (
        f"{names_of(query.columns) + ' of the' if query.columns else which.replace('The rows', 'The')} rows of {inside}{where}"
        if not query.limit
        else f"{which} of {inside}{where}"
    )


def _measures_in_words(query: TableQuery) -> str:
    if query.part is not None:
        return f"Share of the rows{where_clause([query.part])}"
    if query.shared:
        column = query.measures[0].column
        return f"Share of {name(column.name) if column is not None else 'rows'}"
    listed = joined([measure.in_words("rows") for measure in query.measures])
    return listed[:1].upper() + listed[1:]


def _is_nothing(query: TableQuery, found: Result) -> bool:
    """Whether a result may be that of no rows."""
    is_empty = (
        found.text.strip() in ("", "(no output)") or re.search(r"\b(?:nan|NaT|None|<NA>)\b", found.text) is not None
    )
    return query.shape != "count" and not found.rows and (found.number == 0 or is_empty)


def _difference_in_words(query: TableQuery, source: Source, numbers: Sequence[float | int | None]) -> str:
    first, second, difference = numbers
    what = _measures_in_words(query)
    of = f"the {what[:1].lower() + what[1:]} in {name(source.base.name)}{where_clause(query.conditions)}"
    if first is None or second is None or difference is None:
        return f"There is no difference to tell: {of} is not known for both."
    higher = "more" if difference >= 0 else "less"
    side, other = (where_clause([condition]).strip() for condition in query.pair)
    sides = [
        f"{name(condition.values[0]) if condition.operator == '==' else where_clause([condition])[7:]}: {figure(number)}"
        for condition, number in zip(query.pair, (first, second), strict=True)
    ]
    return (
        f"{side[:1].upper() + side[1:]}, {of} is **{figure(abs(difference))}** {higher} than {other}.\n\n"
        f"{joined(sides)}."
    )


def _described(query: TableQuery, source: Source, title: str, found: Result) -> Sequence[str]:
    total = source.base.rows
    match query.shape:
        case "count" if found.number is not None:
            of = f" of {figure(total)}" if total is not None and query.conditions else ""
            part = f" ({share(found.number, total)})" if total and query.conditions else ""
            return [f"{title}: **{figure(found.number)}**{of}{part}."]
        case "share" if numbers := re.fullmatch(r"\((\d+), (\d+)\)", found.text.strip()):
            met, rows = int(numbers[1]), int(numbers[2])
            return [f"{title}: **{figure(met)}** of {figure(rows)}" + (f" ({share(met, rows)})." if rows else ".")]
        case "share" if found.number is not None:
            return [f"{title}: **{share(found.number, 1)}**."]
        case "groups" if query.outer is not None and found.number is not None:
            return [f"{title}: **{figure(found.number)}**."]
        case "measures":
            is_one = len(query.measures) == 1
            texts = [found.text] if is_one else members(found.text)
            return _values_in_words(query, source, map(_scalar, texts))
        case "difference" if numbers := re.fullmatch(r"\((.*?),\s+(.*?),\s+(.*?)\)", found.text.strip()):
            return [_difference_in_words(query, source, [result(text).number for text in numbers.groups()])]
        case "values":
            values = re.findall(r"'((?:[^'\\]|\\.)*)'|(-?\d[\d.]*|True|False)", found.text)
            listed = [text or number for text, number in values]
            return [f"{title}: **{len(listed)}**.", names(listed, 60)] if listed else [f"{title}: **none**."]
        case "correlation" if found.number is not None:
            return [f"{title}: **{figure(found.number)}** ({strength(float(found.number))})."]
        case "groups" if query.limit == 1 and len(found.rows) >= (query.nth or 1) and len(found.rows[0]) == 2:
            return [_first_group(query, found.rows[-1]), *found.blocks()]
        case "groups" if query.nth is not None and len(found.rows) < query.nth:
            return [f"There is no number {query.nth}: {title[:1].lower() + title[1:]}:", *found.blocks()]
    return _table(query, title, found)


def _table(query: TableQuery, title: str, found: Result) -> Sequence[str]:
    if found.empty:
        return [f"{title}: **none**."]
    count = re.search(r"\[(\d+) rows x|^shape: \((\d+)|Length: (\d+)", found.text, re.MULTILINE)
    rows = int(next(group for group in count.groups() if group)) if count else len(found.rows)
    if query.shape == "rows" and not query.order and not query.limit:
        sentence = f"**{many(rows, 'row')}**: {title[:1].lower() + title[1:]}" if rows else title
        shown = min(len(found.rows), _ROWS)
        if found.rows and rows > shown:
            sentence += f" (the first {shown} of {rows} are shown)"
        return [f"{sentence}:", *replace(found, rows=found.rows[:_ROWS], complete=True).blocks()]
    if query.shape == "outliers" and rows:
        title = f"**{many(rows, 'value')}**{title.removeprefix('Values')}"
    if query.order and len(found.rows) == _ROWS:
        title += f" (the first {_ROWS})"
    return [f"{title}:", *found.blocks()]


def _scalar(text: str) -> str:
    """A value as people read it."""
    text = text.strip()
    number = result(text).number
    if number is not None:
        return figure(number)
    match = _SCALAR.fullmatch(text)
    if match is None:
        return name(text[1:-1] if text[:1] in "'\"" else text)
    if match[1]:
        return name(moment(match[1]))
    if match[2] == "timedelta":
        return name(match[3])
    numbers = [int(part) for part in re.findall(r"\d+", match[3])]
    day = "-".join(f"{number:02}" for number in numbers[:3])
    return name(day + (" " + ":".join(f"{number:02}" for number in numbers[3:6]) if any(numbers[3:6]) else ""))


def _known(query: TableQuery, source: Source) -> Sequence[str]:
    """Numbers that inspection has told already, in words; nothing if one is not among them."""
    first, rows = query.measures[0].column, source.base.rows
    if first is not None and query.measures == (Measure("nunique", first),):
        pairs = _top(first)
        shown = _value_in_words(query, source, query.measures[0], figure(len(pairs)))
        return [shown, top_table(first, pairs, rows)] if pairs and rows and not first.facts.get("level") else []
    values = [
        measure.column.facts.get(_FACTS.get(measure.function, ""))
        for measure in query.measures
        if measure.column is not None and kind_of(measure.column) == "number"
    ]
    if len(values) < len(query.measures) or any(real(value) is None for value in values):
        return []
    return _values_in_words(query, source, map(figure, values))


def _counts(query: TableQuery, source: Source) -> Sequence[str]:
    """How often each value occurs, where inspection has told it; nothing if it has not."""
    is_counted = query.shape == "groups" and len(query.by) == 1 and query.measures == (Measure("count"),)
    if not is_counted or any((query.period, query.part, query.having, query.outer, query.nth)):
        return []
    column, rows = query.by[0], source.base.rows
    pairs = _top(column)
    if column.facts.get("level") or not pairs or not rows:
        return []
    pairs.sort(key=lambda pair: pair[1], reverse=query.descending is not False)
    shown = top_table(column, pairs[: query.limit], rows)
    if query.limit == 1:
        value, count = pairs[0]
        least = "least" if query.descending is False else "most"
        return [
            f"**{name(value)}** has the {least} rows: **{many(count, 'row')}** of {figure(rows)} ({share(count, rows)})."
        ]
    return [f"{name(column.name)} of {name(source.base.name)} has {many(len(pairs), 'different value')}:", shown]


def _top(column: Column) -> list[tuple[str, int]]:
    """Each value with how often it occurs; nothing if inspection has not told all."""
    return list(column.top) if whole(column.facts.get("unique")) == len(column.top) else []


def _values_in_words(query: TableQuery, source: Source, values: Iterable[str]) -> Sequence[str]:
    pairs = zip(query.measures, values, strict=False)
    return ["\n\n".join(_value_in_words(query, source, measure, value) for measure, value in pairs)]


def _value_in_words(query: TableQuery, source: Source, measure: Measure, value: str) -> str:
    assert measure.column is not None
    is_left_out = not query.conditions and measure.function not in ("count", "nunique")
    missing = whole(measure.column.facts.get("missing")) if is_left_out else 0
    gaps = f" {many(missing, 'missing value')} left out." if missing else ""
    what = f"The {measure.noun} of {name(measure.column.name)} in {_inside(source)}{where_clause(query.conditions)}"
    return f"{what} is **{value}**.{gaps}"


def _inside(source: Source) -> str:
    """Where the rows come from, in words."""
    return " joined with ".join([name(source.base.name), *(name(link.table.name) for link in source.links)])


def _first_group(query: TableQuery, row: Sequence[str]) -> str:
    """The first group in words."""
    key, value = row
    least = "lowest" if query.descending is False else "highest"
    if query.nth is not None and query.nth > 1:
        least = f"{ORDINALS[query.nth - 1] if query.nth <= len(ORDINALS) else f'{query.nth}th'} {least}"
    is_share = query.part is not None or query.shared
    of_share = _measures_in_words(query)
    what = of_share[:1].lower() + of_share[1:] if is_share else query.measures[0].in_words("number of rows")
    return f"**{name(key)}** has the {least} {what}: **{_scalar(value)}**{where_clause(query.conditions)}."
