"""Two tables side by side on the key that they share, or one below the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jupyter_agent.models.offline.computing import not_run
from jupyter_agent.models.offline.dialects.choice import dialect
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import figure, many, name, names, python
from jupyter_agent.models.offline.namespace import Column, Namespace, Table, names_of
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery
from jupyter_agent.models.offline.query import Ask
from jupyter_agent.models.offline.spans import Lexicon, Meaning, is_named, named_so, spans
from jupyter_agent.models.offline.words import forms, key, parts

_LEXICON = Lexicon(
    verb={
        "join": "merge, merged, join, joined, joining, merging, combine, combined, look up, lookup, match, match up, put together, bring together, link, connect",
        "stack": "concat, concatenate, append, stack, union, below each other, one below the other, put below, on top of each other, on top of",
    },
    how={"left": "left, left join, left merge", "inner": "inner, inner join, inner merge, only matching", "outer": "outer, outer join, full, full outer", "right": "right, right join"},
    noun={True: "table, tables, dataframe, dataframes, frames, data, two, both, them, together, onto, side by side, into one, into one table, one, one table, single, single table, column, key, rows, how do i, how can i, how to, using, via, everything"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class JoinQuery(ObjectQuery):
    """Two tables as one.

    Attributes:
        left: The table whose rows are kept.
        right: The other one.
        on: The columns that hold the same, the likeliest first; empty where rows are put below each other.
        how: Which rows are kept.
        namespace: Where the library's alias is looked up.
    """

    left: Table
    right: Table
    on: tuple[tuple[Column, Column], ...]
    how: str
    namespace: Namespace

    def answer(self, facts: Facts) -> Sequence[str]:
        """Tried first: how many rows there are then, and how many find nothing."""
        left, right = self.left, self.right
        code, running = self._code(runs=False), self._code(runs=True)
        ran = facts.run(f"[{left.code}.shape, {right.code}.shape, ({running}).shape]")
        is_imported = self.namespace.alias(left.library) or self.on
        offered = python(code if is_imported else f"import {left.library} as {self._alias(runs=False)}\n\n{code}")
        if not self.on:
            title = f"The rows of {name(right.name)} below those of {name(left.name)}"
        else:
            first, second = self.on[0]
            on = name(first.name) if first.name == second.name else f"{name(first.name)} = {name(second.name)}"
            kept = {
                "left": f"every row of {name(left.name)} is kept",
                "right": f"every row of {name(right.name)} is kept",
                "inner": "only rows with a partner are kept",
                "outer": "all rows are kept",
            }
            title = f"{name(left.name)} with {name(right.name)} joined on {on}; {kept[self.how]}"
        if ran.status == "failed":
            types = ""
            if self.on and self.on[0][0].role != self.on[0][1].role:
                dtypes = " and ".join(name(column.dtype) for column in self.on[0])
                types = f" Their types differ ({dtypes}): convert one of them first."
            return [f"{title}: I tried it, and it fails, so I do not offer it: {name(ran.last_line, 200)}{types}"]
        others = f" They also share {names(pair[0].name for pair in self.on[1:])}." if len(self.on) > 1 else ""
        if ran.status != "ok":
            return [*not_run(ran, f"**Untried**. {title}"), offered, others]
        rows = [shape[0] for shape in ran.value]
        is_repeated = self.on and self.how == "left" and rows[2] > rows[0]
        repeated = " A key occurs more than once, so rows are repeated." if is_repeated else ""
        became = f"{figure(rows[0])} and {figure(rows[1])} rows become **{many(rows[2], 'row')}**"
        return [f"{title}. {became}.{repeated}{others}", offered]

    def _alias(self, *, runs: bool) -> str:
        usual = "pl" if self.left.library == "polars" else "pd"
        return self.namespace.alias(self.left.library) or (f"__import__({self.left.library!r})" if runs else usual)

    def _code(self, *, runs: bool) -> str:
        if not self.on:
            more = ", how='diagonal_relaxed'" if self.left.library == "polars" else ", ignore_index=True"
            return f"{self._alias(runs=runs)}.concat([{self.left.code}, {self.right.code}]{more})"
        code = dialect(self.left, self.namespace, runs=runs).joined(self.right, *self.on[0])
        how = "full" if self.how == "outer" and self.left.library == "polars" else self.how
        return code.replace("how='left'", f"how={how!r}")


def read(question: str, context: ObjectContext) -> JoinQuery | None:
    """Which tables are to be put together; None if the question is about something else.

    Raises:
        Ask: they share nothing, or it is not clear which.
    """
    tables = context.namespace.frames
    by_name = {table.name: table for table in tables}

    def meaning(text: str) -> Meaning | None:
        table = named_so(text, by_name)
        if table is not None:
            return "table", table
        columns = [column for table in tables for column in table.columns if is_named(column.name, text)]
        return ("column", columns[0].name) if columns else None

    found = spans(question, _LEXICON, meaning, by_name.__contains__)
    if not tables or not found.has_only(verb=2, table=2, column=2, how=1, noun=6) or "verb" not in found.slots:
        return None
    named, verb = list(dict.fromkeys(table.name for table in found.all("table"))), found.one("verb")
    if not named and len(tables) < 2 and "column" in found.slots:
        return None
    left, right = _two(tables, [by_name[wanted] for wanted in named])
    if left.library != right.library:
        differ = f"{name(left.name)} is a {left.library} table and {name(right.name)} a {right.library} one"
        raise Ask(f"{differ}: convert one of them first, with `.to_pandas()` or `pl.from_pandas(…)`.")
    if verb == "stack":
        return JoinQuery(left, right, (), "", context.namespace)
    wanted = found.all("column")
    on = tuple(pair for pair in _pairs(left, right) if not wanted or pair[0].name in wanted or pair[1].name in wanted)
    if not on:
        have = "; ".join(f"{name(table.name)} has {names_of(table.columns)}" for table in (left, right))
        share_none = f"{name(left.name)} and {name(right.name)} share no column"
        raise Ask(f"{share_none}. {have}. Say on which columns to join them.")
    return JoinQuery(left, right, on, found.one("how") or "left", context.namespace)


def _two(tables: Sequence[Table], named: Sequence[Table]) -> tuple[Table, Table]:
    """The two that are named; else the only two; else the one named and the one that shares most with it."""
    if len(named) == 2:
        return named[0], named[1]
    if not named and len(tables) != 2:
        only = f"{names_of(tables)} is the only table there is; this needs two."
        raise Ask(f"Which two tables: {names_of(tables)}?" if len(tables) > 2 else only)
    first = named[0] if named else tables[0]
    others = [table for table in tables if table.name != first.name]
    if not others:
        raise Ask(f"{name(first.name)} is the only table there is; this needs two.")
    sharing = [table for table in others if any(True for _ in _pairs(first, table))]
    if len(others) > 1 and len(sharing) != 1:
        raise Ask(f"With which table shall I join {name(first.name)}: {names_of(others)}?")
    return first, (sharing or others)[0]


def _pairs(left: Table, right: Table) -> Iterator[tuple[Column, Column]]:
    """Columns that are the same: by name (keys first), by name but for spelling, and ``id`` of a table named in the other."""
    exact = [(column, other) for column in left.columns for other in right.columns if column.name == other.name]
    is_key = {column: bool({"id", "key", "code", "no", "nr"} & parts(column.name)) for column, _ in exact}
    yield from sorted(exact, key=lambda pair: (not is_key[pair[0]], pair[0].role == "number" and not is_key[pair[0]]))
    for column in left.columns:
        for other in right.columns:
            is_same = (
                key(column.name) == key(other.name) or _refers(column, right, other) or _refers(other, left, column)
            )
            if column.name != other.name and is_same:
                yield column, other


def _refers(column: Column, table: Table, own: Column) -> bool:
    """``customer_id`` refers to ``id`` of ``customers``."""
    return key(own.name) == "id" and any(key(column.name) == f"{form}id" for form in forms(table.name))
