"""A question about tables understood: the table that it fits, the reading that takes every word, the query that this makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from jupyter_agent.models.offline.grammar.assembly import parts_of, query_of
from jupyter_agent.models.offline.grammar.charts import drawn
from jupyter_agent.models.offline.grammar.combinators import combined
from jupyter_agent.models.offline.grammar.lexicon import LEXICON
from jupyter_agent.models.offline.grammar.query import TableQuery
from jupyter_agent.models.offline.grammar.sources import (
    Source,
    joined_sources,
    likeliest,
    references,
    referring,
    with_product,
)
from jupyter_agent.models.offline.grammar.spans import Vocabulary, columns_of, data_of, readings
from jupyter_agent.models.offline.grammar.tables import kind_of, values_are_unique, with_levels
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.namespace import Table, names_of
from jupyter_agent.models.offline.words import tokens

#: Readings that are looked at for the words of a refusal.
MOST_REFUSED = 8
#: Kernels with more tables than this are asked about one by one.
MOST_TABLES = 12


@dataclass(frozen=True, slots=True)
class Understood:
    """A query with its source, and how surely its names are meant."""

    query: TableQuery
    source: Source
    surety: int = 0


def understood(question: str, tables: Sequence[Table], previous: Understood | None = None) -> list[Understood]:
    """The queries that a question may be, one if it is clear; none if it is not understood."""
    levelled = referring([with_levels(table) for table in tables])
    named = {token.text for token in tokens(question)} & {table.name for table in levelled}
    singles = [Source(table, table) for table in levelled if not named or table.name in named]
    found = list(_fitting(question, singles, levelled))
    if not found and named and all(name.lower() in LEXICON for name in named):
        found = list(_fitting(question, [Source(table, table) for table in levelled], levelled))
    for size in (1, 2) if not found and len(levelled) > 1 else ():
        sources = [source for source in joined_sources(levelled) if len(source.links) == size]
        fitting = [
            source for source in sources if named <= {source.base.name, *(link.table.name for link in source.links)}
        ]
        found = found or list(_fitting(question, fitting, levelled))
    return _preferred([replace(each, surety=each.surety + len(named & _tables_of(each))) for each in found], previous)


def _fitting(question: str, sources: Iterable[Source], tables: Sequence[Table]) -> Iterable[Understood]:
    names = {table.name for table in tables}
    for source in map(with_product, sources):
        vocabulary = Vocabulary(source.table, () if source.links else references(source.base, tables).items())
        for spans in readings(question, vocabulary):
            if any(
                before.kind == "I" and before.text != "as" and span.text in names and span.kind not in "TRCV"
                for before, span in pairwise(spans)
            ):
                continue  # ``lines in hist`` is no picture where a table is called so
            parts = parts_of(combined(spans, source.table), source.table)
            query = (drawn(parts) if parts.chart else query_of(parts)) if parts is not None else None
            if query is not None and _uses_all(query, source) and not _is_unmatched(query, source):
                yield Understood(_with_name(query, source), source, sum(span.surety for span in spans))
                break


def _with_name(query: TableQuery, source: Source) -> TableQuery:
    """Where the groups with the most are keys of another table, what is called so there stands beside the key."""
    names = [
        column
        for link in source.links
        for column in source.table.columns
        if query.by == (link.left,)
        and column.facts.get("home") == link.table.name
        and kind_of(column) == "text"
        and values_are_unique(column, link.table)
    ]
    return replace(query, by=(*query.by, names[0])) if names and query.shape == "groups" and query.limit else query


@dataclass(frozen=True, slots=True)
class Heard:
    """What the table that knows most words of a question makes of them, where they make no query.

    Attributes:
        unknown: Words that it does not know.
        loose: Numbers, units and texts that belong to nothing.
        table: It, and the names of its columns that were heard.
    """

    unknown: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    table: Table | None = None
    columns: tuple[str, ...] = ()


def heard(question: str, tables: Sequence[Table]) -> Heard:
    """What is understood of a question, and what is not; nothing if it is about something else."""
    found = []
    for table in map(with_levels, tables):
        for spans in islice(readings(question, Vocabulary(table)), MOST_REFUSED):
            if any(span.kind in "CTV" and span.surety for span in spans):
                made = combined(spans, table)
                unknown, loose = (
                    tuple(span.text for span in each if span.kind in kinds)
                    for each, kinds in ((spans, "?"), (made, "NXQ"))
                )
                named = (*columns_of(spans), *(each[0][0] for each in data_of(spans, "V") if len(each) == 1))
                found.append(Heard(unknown, loose, table, tuple(dict.fromkeys(column.name for column in named))))
    return min(found, key=lambda each: len(each.unknown or each.loose), default=Heard())


def _tables_of(found: Understood) -> set[str]:
    """The names of the tables that a query looks into."""
    linked = [link.table for link in found.source.links]
    linked += [each.values[0] for each in found.query.conditions if each.operator == "unmatched"]
    return {found.source.base.name, *(table.name for table in linked)}


def _uses_all(query: TableQuery, source: Source) -> bool:
    """Whether each joined table has a column that is used, and not for each of its own rows: else the smaller source would do."""
    names = {part.name for column in query.used() for part in (column, *column.facts.get("product", ()))}
    keys = {column.name for column in query.by}
    used = [names & {column.name for column in link.table.columns} - {link.right.name} for link in source.links]
    if query.shared and query.conditions and len(source.links) == 1 and used[0] == names:
        return False  # ``percent of the titles that are novels`` are rows of the books, not of their loans
    return all(
        own and not (link.left.name in keys and own | {link.left.name} == names)
        for own, link in zip(used, source.links, strict=True)
    )


def _is_unmatched(query: TableQuery, source: Source) -> bool:
    """Whether a missing value of a joined table may be a row that has none there."""
    joined = {column.name for link in source.links for column in link.table.columns}
    return any(condition.operator == "missing" and condition.column.name in joined for condition in query.conditions)


def _preferred(found: Sequence[Understood], previous: Understood | None) -> list[Understood]:
    """The likeliest of them; where others have the same columns, that is said."""
    spoken = previous.source.table.name if previous is not None else ""
    likely, others = likeliest([(each, each.source.table, each.surety) for each in found], spoken)
    if not others:
        return likely
    chosen = likely[0]
    note = f"In {name(chosen.source.table.name)}; {names_of(others)} has these columns, too"
    return [replace(chosen, query=replace(chosen.query, notes=(note, *chosen.query.notes)))]
