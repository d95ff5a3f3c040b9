"""A table as a whole: its size, columns, types, first rows, index, memory, gaps, repeated rows, a summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_agent.core.text import format_bytes
from jupyter_agent.models.offline.dialects.choice import dialect
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.grammar.conversing import lazy_table
from jupyter_agent.models.offline.grammar.edits import leans
from jupyter_agent.models.offline.grammar.sources import likeliest
from jupyter_agent.models.offline.lexicon import BINDING
from jupyter_agent.models.offline.markdown import figure, many, name, names, share, table
from jupyter_agent.models.offline.namespace import (
    Column,
    Namespace,
    Role,
    Table,
    is_lazy,
    moment,
    names_of,
    real,
    whole,
)
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery, SeveralQuery, shown_run
from jupyter_agent.models.offline.query import MOST_ANSWERED, Ask, no_frame
from jupyter_agent.models.offline.spans import Lexicon, Meaning, Spans, named_so, spans
from jupyter_agent.models.offline.words import forms, tokens

_LONGEST = 60
#: Words of a question that names nothing: ``the longest only``.
_SHORTEST = 3
#: They are answered in a few lines, without a run.
_SHORT = ("shape", "columns", "dtypes", "head", "missing", "index", "memory")
_POINTING = re.compile(r"\b(?:it|its|they|them|their|that|those|these)\b", re.IGNORECASE)
#: Code for one of these things.
_METHOD = re.compile(
    r"\b([^\W\d]\w*)\.(columns|shape|dtypes|head|tail|sample|describe|info|index|isna|isnull)\b(?:\((\d*)\))?(?:\.sum\(\))?"
)
#: ``text columns`` are those of texts, also where a column is called ``text``.
_PLURAL = re.compile(r"(\w+) columns\b")
_LENGTH = re.compile(r"\blen\(([^\W\d]\w*)\)")
_TAKING = re.compile(r"\bhow long\b.* (?:takes?|took|lasts?|lasted|needs?)\b", re.IGNORECASE)
_SHOWING = re.compile(r"\b(?:show|print|display|view|see|look at)\b", re.IGNORECASE)
_LEXICON = Lexicon(
    what={
        "shape": "shape, dimensions, size, how big, how large, how long, how wide, how many columns, number of columns, column count, rows and columns, rows and cols, rows cols, how many cols, number of cols, how many rows and columns, len, length, count columns, dims, rows count",
        "rows": "how many rows, number of rows, row count",
        "columns": "columns, column, cols, column names, names of the columns, fields, features, attributes, headers, header, schema, structure, column list",
        "dtypes": "dtypes, dtype, types, type, data types, datatypes, column types, types of the columns, data type of each column, type of each column, types of all columns",
        "head": "head, preview, first rows, first few rows, look like, looks like, peek, top rows, first lines", "tail": "tail, last rows, last few rows, bottom rows, last lines, end",
        "sample": "sample, random rows, random sample, some rows, a few rows, few rows, example rows, sample rows, random",
        "summary": "describe, explain, description, summary, summarize, summarise, overview, statistics, stats, info, information, profile, explore, about, contain, contains, hold, holds, inside, details, describe all columns, summary statistics, rundown",
        "index": "index, index levels, index level, levels of the index, levels of index, row labels, row names, row index", "memory": "memory, how much memory, memory usage, memory use, ram, bytes, memory footprint, megabytes, how heavy, mb",
        "missing": "missing, missing values, contain missing values, contains missing values, contain missing data, contain null values, contain nulls, contain nans, nulls, null values, nans, nan values, nan, na, gaps, empty cells, missing data, missing vals, empty values, incomplete, null, blanks, isna, isnull",
    },
    end={"head": "first, top", "tail": "last, bottom"},
    role={
        "number": "numeric, numerical, number, numbers, ints, floats, integer, float, quantitative, int, integers", "text": "categorical, text, texts, string, strings, object, objects, qualitative",
        "time": "date, dates, datetime, datetimes, time", "truth": "bool, boolean, booleans, bools",
    },
    rows={True: "rows, row, lines, records, entries, examples, observations, cases"},
    each={True: "per column, by column, in each column, each column, every column, for each column, all columns, of each column, in every column, the columns"},
    every={True: "each table, every table, all tables, per table, by table, both tables, all the tables, each of the tables, all dataframes, each dataframe, every dataframe, both dataframes"},
    most={True: "most"},
    noun={True: "table, tables, dataframe, data frame, dataset, frame, data, df, quick, whole, entire"},
    verb={True: "my, all, check, check for, look at, see, view, inspect, also, now, then, what about, how about, do a, kind, you, me, go"},
    asking={True: "how many, how much, any, are there, is there, count, number of, use, uses, used, take, takes, contain any, full, still, type of, of type, total, in total, their, them, they, those, these"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StructureQuery(ObjectQuery):
    """What is asked of a table as a whole.

    Attributes:
        table: It.
        what: Which thing, as the lexicon has it.
        limit: How many rows are shown.
        role: Of columns, which ones.
        is_most: Of gaps, the column that has the most.
        namespace: Where libraries have their names.
    """

    table: Table
    what: str
    namespace: Namespace
    limit: int = 5
    role: Role | None = None
    is_most: bool = False

    def answer(self, facts: Facts) -> Sequence[str]:
        """From what inspection found where that is all, else run."""
        frame = self.table
        if is_lazy(frame.variable):
            frame = lazy_table(frame.variable, facts, is_named=True) or frame
        elif self.role is not None or self.what in ("summary", "memory", "missing", "index", "head"):
            full = facts.inspected(frame.name)
            if full is not None and full.kind == "frame" and full.facts.get("columns"):
                frame = Table.of(full)
        code = dialect(frame, self.namespace, runs=True)
        match self.what:
            case "shape":
                columns = many(frame.width, "column")
                if frame.rows is not None:
                    return [f"{name(frame.name)} has **{many(frame.rows, 'row')}** and **{columns}**."]
                uncounted = "Its rows are not counted, because that would run a computation."
                return [f"{name(frame.name)} has **an unknown number of rows** and **{columns}**.", uncounted]
            case "columns" | "dtypes":
                frame = _whole(frame, facts) if self.role is not None else frame
                return _columns(frame, self.role, is_short=self.what == "dtypes")
            case "head" if self.limit <= 5 and (shown := _head(frame, self.limit)):
                return shown
            case "head" | "tail" | "sample":
                title = {"head": "The first rows", "tail": "The last rows", "sample": "Random rows"}[self.what]
                return shown_run(facts, f"{code.rows()}.{self.what}({self.limit})", f"{title} of {name(frame.name)}")
            case "index":
                return _index(frame)
            case "memory":
                used = real(frame.variable.facts.get("memory_bytes"))
                if used is None:
                    return [f"I do not know how much memory {name(frame.name)} uses."]
                return [f"{name(frame.name)} uses **{format_bytes(used)}** of memory."]
            case "missing":
                return _gaps(_whole(frame, facts), is_most=self.is_most)
        return _summary(frame)


def _whole(frame: Table, facts: Facts) -> Table:
    """A wide table with the names, types and gaps of the columns that inspection left out, which takes a run."""
    known = len(frame.columns)
    if known >= frame.width:
        return frame
    listed, gaps = f"{frame.code}.items()", "int(column.isna().sum())"
    if frame.library == "polars":
        listed, gaps = f"zip({frame.code}.columns, {frame.code})", "column.null_count()"
    left = f"list({listed})[{known}:]"
    ran = facts.run(f"[(str(name), str(column.dtype), {gaps}) for name, column in {left}]")
    rows = ran.value if ran.status == "ok" and isinstance(ran.value, list) else []
    more = [
        Column(frame.name, label, place, {"dtype": dtype, "missing": missing})
        for place, (label, dtype, missing) in enumerate(rows, known)
    ]
    return replace(frame, columns=(*frame.columns, *more))


def _within(frame: Table) -> str:
    """Which columns are known, where these are not all."""
    known = len(frame.columns)
    return f" in its first {known} of {many(frame.width, 'column')}" if known < frame.width else ""


def _columns(frame: Table, role: Role | None, *, is_short: bool) -> Sequence[str]:
    columns = [column for column in frame.columns if role is None or column.role == role]
    if role is not None and not is_short:
        return [f"{many(len(columns), 'column')} of {name(frame.name)}{_within(frame)}: {names_of(columns, 40)}"]
    count = many(frame.width if role is None else len(columns), "column")
    shown = columns[:_LONGEST]
    left = frame.width - len(shown)
    more = f"and {left} more." if left > 0 and role is None else ""
    notes = " ".join(f"{name(column.name)} holds dates as text." for column in columns if column.date_like)
    if is_short:
        types = [[name(column.name), name(column.dtype)] for column in shown]
        of = f"{name(frame.name)}{_within(frame) if role is not None else ''}"
        return [f"Types of the **{count}** of {of}:", table(["column", "type"], types), more, notes]
    rows = [[name(column.name), name(column.dtype), _missing(column), names(column.samples[:3])] for column in shown]
    listed = table(["column", "type", "missing", "for example"], rows, [2])
    return [f"{name(frame.name)} has **{count}**:", listed, more, notes]


def _missing(column: Column) -> str:
    missing = whole(column.facts.get("missing"))
    return "–" if missing is None else figure(missing)


def _head(frame: Table, limit: int) -> Sequence[str]:
    """The first rows, where inspection has found them."""
    head = frame.variable.facts.get("head")
    rows = [row for row in head if isinstance(row, (list, tuple))][:limit] if isinstance(head, (list, tuple)) else []
    header = [name(column.name) for column in frame.columns]
    if not rows or any(len(row) != len(header) for row in rows):
        return []
    return [
        f"The first {many(len(rows), 'row')} of {name(frame.name)}:",
        table(header, [[name(moment(str(cell))) for cell in row] for row in rows]),
    ]


def _index(frame: Table) -> Sequence[str]:
    index = frame.variable.facts.get("index")
    if not isinstance(index, Mapping):
        return [f"{name(frame.name)} has no index of its own (rows are numbered)."]
    called = f" {name(index['name'])}" if index.get("name") else ""
    ends = f"from {name(index.get('first'))} to {name(index.get('last'))}"
    return [f"The index{called} of {name(frame.name)} is of type {name(index.get('dtype', ''))}, {ends}."]


def _gaps(frame: Table, *, is_most: bool) -> Sequence[str]:
    known = [(column, whole(column.facts.get("missing"))) for column in frame.columns]
    found = sorted(((column, count) for column, count in known if count), key=lambda pair: -pair[1])
    if not found:
        unknown = names(column.name for column, count in known if count is None)
        found_none = f"{name(frame.name)} has **no missing values**{_within(frame)}."
        return [found_none + (f" Not counted: {unknown}." if unknown else "")]
    if is_most:
        column, count = found[0]
        part = share(count, frame.rows or 0)
        of = f"{name(frame.name)}{_within(frame)}"
        return [f"{name(column.name)} has the most missing values of {of}: **{figure(count)}** ({part})."]
    parts = [share(count, frame.rows) if frame.rows else "–" for _, count in found]
    rows = [[name(column.name), figure(count), part] for (column, count), part in zip(found, parts, strict=True)]
    total = many(sum(count for _, count in found), "missing value")
    return [
        f"{name(frame.name)} has **{total}** in {many(len(found), 'column')}{f',{_within(frame)}' if _within(frame) else ''}:",
        table(["column", "missing", "share of rows"], rows, [1, 2]),
    ]


def _summary(frame: Table) -> Sequence[str]:
    missing = sum(whole(column.facts.get("missing")) or 0 for column in frame.columns)
    used = real(frame.variable.facts.get("memory_bytes"))
    origin = frame.variable.execution_count
    rows = f"{many(frame.rows, 'row')} × " if frame.rows is not None else ""
    parts = [
        f"{rows}{many(frame.width, 'column')}",
        f"{many(missing, 'missing value')}{_within(frame)}",
        format_bytes(used) if used else "",
        f"set in `In [{origin}]`" if origin is not None else "",
    ]
    stats = ("min", "max", "mean", "median", "std")
    numbers = [
        [name(column.name), *(figure(real(column.facts.get(stat))) for stat in stats), _missing(column)]
        for column in frame.of_role("number")[:30]
        if real(column.facts.get("mean")) is not None
    ]
    others = []
    for column in [column for column in frame.columns if column.role != "number"][:30]:
        low, high = (name(moment(str(column.facts.get(bound)))) for bound in ("min", "max"))
        span = f"{low} to {high}" if column.role == "time" and column.facts.get("min") else names(column.values[:4])
        unique = whole(column.facts.get("unique"))
        counted = figure(unique) if unique is not None else "–"
        others.append([name(column.name), name(column.dtype), counted, _missing(column), span])
    return [
        f"{name(frame.name)} is a {'pyarrow' if frame.expression else frame.library} table: {', '.join(part for part in parts if part)}.",
        *([table(["number column", *stats, "missing"], numbers, range(1, 7))] if numbers else []),
        *([table(["other column", "type", "unique", "missing", "values"], others, [2, 3])] if others else []),
    ]


# Reading ------------------------------------------------------------------------------------------


def read(question: str, context: ObjectContext) -> StructureQuery | SeveralQuery | None:
    """What is asked of a table; None if nothing is, or not every word plays a part.

    Raises:
        Ask: it could be about several tables.
    """
    frames = {frame.name: frame for frame in context.namespace.frames}
    lazy = {
        variable.name: Table(variable, ()) for variable in context.namespace.variables.values() if is_lazy(variable)
    }
    previous = context.previous if isinstance(context.previous, StructureQuery) else None
    if previous is None and _goes_on_with_a_part(question, context):
        return None

    def meaning(text: str) -> Meaning | None:
        found = named_so(text, {**lazy, **frames})
        return ("table", found) if found is not None else None

    written = _METHOD.sub(
        lambda match: f"{match[2]} {match[3] or ''} of {match[1]}", _LENGTH.sub(r"length of \1", question)
    )
    if _TAKING.search(question):
        return None  # how long something takes is no size of a table
    found = spans(written, _LEXICON, meaning, frames.__contains__)
    slots = {"table", "what", "end", "role", "rows", "each", "every", "most", "noun", "verb", "asking", "number"}
    if found.unknown or found.slots - slots or _has_name(question, found, found.all("table") or frames.values()):
        return None
    asked = _asked(found, is_bare=bool(found.all("table")))
    if found.slots <= {"table", "verb"} and found.all("table") and not _SHOWING.search(question):
        if previous is not None:
            return replace(previous, table=found.all("table")[0])
        before = _before(question, context, meaning)  # what was asked of no table by its name
        asked = before if before is not None else asked
    if asked is None:
        return None
    what, limit, role = asked
    is_bare = not found.slots & {"table", "noun", "verb", "asking", "each"}
    if what == "memory" and frames and is_bare and "in memory" in question.lower():
        return None  # ``what is in memory`` asks for the variables
    if not frames and not found.all("table") and what != "summary":
        raise Ask(no_frame(context.namespace))
    if any(table.name in lazy for table in found.all("table")) and what not in ("columns", "dtypes", "head"):
        return None
    if what == "rows" and not found.slots <= {"table", "verb", "asking"} and "every" not in found.slots:
        return None  # the grammar counts rows
    what = "shape" if what == "rows" else what
    tables: list[Table] = found.all("table") or ([previous.table] if previous is not None else [])
    tables = tables or list(frames.values())
    if "every" in found.slots:
        tables = list(frames.values())
    elif not found.all("table"):
        tables, _ = likeliest([(frame, frame, 0) for frame in tables])
        indexes = [(table, table.variable.facts.get("index")) for table in tables if what == "index"]
        named = [table for table, index in indexes if isinstance(index, Mapping) and index.get("name")]
        tables = named or tables
    is_short = what in _SHORT and limit <= 5
    if len(tables) > (MOST_ANSWERED if is_short else 1):
        raise Ask.which_table(frame.name for frame in tables)
    is_most = bool(found.one("most"))
    queries = [StructureQuery(table, what, context.namespace, limit, role, is_most) for table in tables]
    return queries[0] if len(queries) == 1 else SeveralQuery(queries)


def _has_name(question: str, found: Spans, tables: Iterable[Table]) -> bool:
    """Whether a single word of the language is, as it is written, a column or a value of the tables."""
    if found.slots >= {"end", "rows"}:
        return False  # ``first 5 rows``
    columns = [column for table in tables for column in table.columns]
    known = {column.name for column in columns} | {value for column in columns for value in column.values}
    known -= set(_PLURAL.findall(question))
    known -= {word for span in found.spans if " " in span.text or span.slot == "table" for word in span.text.split()}
    words = [token for token in tokens(question) if token.kind == "word"]
    words = words[bool(words and _SHOWING.match(words[0].text)) :]  # ``show df``
    return any(token.text in known and token.lower not in BINDING for token in words[:-1]) or any(
        token.text in known - {"row", "rows", "column", "columns"} for token in words[-1:]
    )


def _before(
    question: str, context: ObjectContext, meaning: Callable[[str], Meaning | None]
) -> tuple[str, int, Role | None] | None:
    """What the question before asked of a table that it did not name."""
    asked = [*context.facts.conversation.earlier, context.facts.conversation.question]
    place = asked.index(question) if question in asked else len(asked) - 1
    earlier = asked[place - 1] if place else ""
    found = spans(earlier, _LEXICON, meaning)
    is_whole = earlier and not found.unknown and "table" not in found.slots
    return _asked(found, is_bare=False) if is_whole else None


def _goes_on_with_a_part(question: str, context: ObjectContext) -> bool:
    """Whether ``it`` is a column or another variable that was spoken of before."""
    names = {column.name for frame in context.namespace.frames for column in frame.columns}
    names |= {variable.name for variable in context.namespace.variables.values() if variable.kind != "frame"}
    keys = frozenset[str]().union(*map(forms, names))
    for earlier in (question, *reversed(context.facts.conversation.earlier)):
        if any(forms(token.text) & keys for token in tokens(earlier) if earlier is not question):
            return True
        goes_on = earlier is not question and (leans(earlier) or len(tokens(earlier)) <= _SHORTEST)
        if not (_POINTING.search(earlier) or goes_on):
            return False
    return False


def _asked(found: Spans, *, is_bare: bool) -> tuple[str, int, Role | None] | None:
    """Which thing, how many rows, which columns; None if the words do not fit together."""
    kinds = list(dict.fromkeys(found.all("what")))
    role, number = found.one("role"), found.one("number")
    limit = 1 if " row" in f" {found.text} ".replace("rows", "") else 5
    if isinstance(number, int) and 0 < number <= 1000:
        limit = number
    if len(found.all("number")) > 1 or len(found.all("role")) > 1:
        return None
    if role is not None:
        is_of_columns = "columns" in kinds and set(kinds) <= {"columns", "dtypes"}
        what = "dtypes" if "dtypes" in kinds else "columns"
        return (what, limit, role) if is_of_columns and number is None else None
    if "rows" in found.slots or "end" in found.slots:
        end = found.one("end") or (kinds[0] if kinds in (["head"], ["tail"], ["sample"]) else "")
        if kinds not in ([], [end]) or not end or ("rows" not in found.slots and not kinds):
            return None
        return end, limit, None
    if set(kinds) in ({"summary", "columns"}, {"dtypes", "columns"}):
        kinds.remove("columns")
    if (
        not kinds
        and is_bare
        and number is None
        and not found.slots & {"each", "most", "asking"}
        and len(found.spans) < 4
    ):
        return ("head" if _SHOWING.search(found.text) else "summary"), limit, None
    kinds = next(
        (more for more in (["missing"], ["memory"]) if set(kinds) in ({"columns", *more}, {"shape", *more})), kinds
    )
    if len(kinds) != 1 or ("most" in found.slots and kinds != ["missing"]):
        return None
    if number is not None and kinds[0] not in ("head", "tail", "sample"):
        return None
    return kinds[0], limit, None
