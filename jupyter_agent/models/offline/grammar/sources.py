"""Where rows come from: one table with its index levels, or tables joined by the one key that fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from jupyter_agent.models.offline.namespace import Column, Table, is_lazy
from jupyter_agent.models.offline.words import forms, key, parts, tokens

_Item = TypeVar("_Item")
#: What a column that numbers or names rows is called.
KEYS = frozenset({"id", "key", "code", "no", "nr", "number"})
_AMOUNTS = frozenset({"quantity", "qty", "units", "pieces"})
_TOTALS = frozenset({"revenue", "turnover", "sales", "total", "amount", "income", "profit"})


@dataclass(frozen=True, slots=True)
class Link:
    """A column that refers to another table's key."""

    table: Table
    left: Column
    right: Column


@dataclass(frozen=True, slots=True)
class Source:
    """A table to read a question with, and how it is made."""

    table: Table
    base: Table
    links: tuple[Link, ...] = ()


def links(left: Table, right: Table) -> Iterator[Link]:
    """Columns that are the same in two tables: by name, or a key that is called like the other table."""
    for column in left.columns:
        for other in right.columns:
            if column.facts.get("level") or other.facts.get("level"):
                continue
            is_same = column.name == other.name and bool(parts(column.name) & KEYS or column.role == "text")
            called = parts(column.name) - KEYS
            owner = parts(other.name) - KEYS | forms(right.name) | parts(right.name)
            is_named = bool(parts(other.name) & KEYS and called) and called <= owner
            if is_same or (column.name != other.name and is_named and other.position == 0):
                yield Link(right, column, other)


def joined_sources(tables: Sequence[Table]) -> Iterator[Source]:
    """Tables side by side, two first, then three: each by the only key that fits."""
    pairs: list[Source] = []
    for left in tables:
        for right in tables:
            if left is right or left.library != right.library or is_lazy(left.variable) or is_lazy(right.variable):
                continue  # whether a key of a lazy frame is one is not known
            found = list(links(left, right))
            if len(found) == 1 and is_key(found[0].right, right):
                pairs.append(_joined(Source(left, left), found[0]))
    yield from pairs
    for pair in pairs:
        for right in tables:
            if right in (pair.base, pair.links[0].table):
                continue
            found = list(links(pair.base, right))
            is_next = right.library == pair.base.library and right.name > pair.links[0].table.name
            if len(found) == 1 and is_next and is_key(found[0].right, right):
                yield _joined(pair, found[0])


def is_key(column: Column, table: Table) -> bool:
    """Whether no value occurs twice, as far as is known: else a join would repeat rows."""
    unique = column.facts.get("unique")
    return unique is None or table.rows is None or unique == table.rows


def with_product(source: Source) -> Source:
    """What is sold times what it costs is the revenue, where no column is that."""
    columns = [column for column in source.table.columns if column.role == "number"]
    named = frozenset[str]().union(*(parts(column.name) for column in columns))
    amounts = [column for column in columns if parts(column.name) & _AMOUNTS]
    prices = [column for column in columns if parts(column.name) & {"price"}]
    if len(amounts) != 1 or len(prices) != 1 or named & _TOTALS or amounts == prices:
        return source
    facts = {"dtype": "float64", "product": (amounts[0], prices[0])}
    product = Column(source.base.name, "revenue", -99, facts)
    return replace(source, table=replace(source.table, columns=(*source.table.columns, product)))


def references(table: Table, others: Iterable[Table]) -> Mapping[Link, frozenset[str]]:
    """The tables of which one column refers to this one's key, with what their rows are called."""
    like = [other for other in others if other.name != table.name and other.library == table.library]
    found = [(other, key_of(table, other)) for other in like]
    return {replace(link, table=other): parts(other.name) for other, link in found if link is not None}


def referring(tables: Sequence[Table]) -> list[Table]:
    """The tables, of which each column that refers to another one's key knows that."""
    found = []
    for table in tables:
        others = [other for other in tables if other is not table and other.library == table.library]
        keys = [link for other in others if (link := key_of(other, table)) is not None and is_key(link.right, other)]
        facts = {link.left.position: {"refers": (link.table, link.right)} for link in keys if link.left.position > 0}
        columns = (
            replace(column, facts={**column.facts, **facts.get(column.position, {})}) for column in table.columns
        )
        found.append(replace(table, columns=tuple(columns)))
    return found


def _joined(source: Source, link: Link) -> Source:
    taken = {column.name for column in source.table.columns}
    more = [column for column in link.table.columns if column.name not in taken]
    columns = [*source.table.columns]
    for place, column in enumerate(more, len(columns)):
        if column is not link.right:
            facts = {**column.facts, "home": link.table.name}
            columns.append(replace(column, frame=source.base.name, position=place, facts=facts))
    variable = replace(source.table.variable, name=f"{source.table.name}+{link.table.name}")
    return Source(Table(variable, tuple(columns)), source.base, (*source.links, link))


def key_of(table: Table, other: Table) -> Link | None:
    """The one column of another table that refers to this table's key."""
    found = [link for link in links(other, table) if link.right.position == 0 or key(link.right.name) == "id"]
    return found[0] if len(found) == 1 else None


def named_tables(question: str, tables: Sequence[Table]) -> list[Table]:
    """The tables that a question names; all if it names none."""
    words = {token.text for token in tokens(question)}
    return [table for table in tables if table.name in words] or list(tables)


def likeliest(found: Sequence[tuple[_Item, Table, int]], spoken: str = "") -> tuple[list[_Item], list[Table]]:
    """Of what a question may be of several tables, what it likely is: more than one where that is not clear.

    The tables whose names fit best, of these the one that was spoken of, else the one of which the others are a part.

    Args:
        found: What it may be, of which table, and how surely its names are in the question.
        spoken: The name of the table that was spoken of before.

    Returns:
        What is left, and the tables that were passed over because they are a part of that one.
    """
    best = max((surety for _, _, surety in found), default=0)
    fitting = [(item, table) for item, table, surety in found if surety == best]
    chosen = [item for item, table in fitting if table.name == spoken]
    if len(fitting) < 2 or len(chosen) == 1:
        return chosen or [item for item, _ in fitting], []
    whole = [(item, table) for item, table in fitting if all(_is_part(other, table) for _, other in fitting)]
    if len(whole) != 1:
        return [item for item, _ in fitting], []
    return [whole[0][0]], [table for _, table in fitting if table.name != whole[0][1].name]


def _is_part(table: Table, whole: Table) -> bool:
    """Whether a table looks like some rows and columns of another."""
    own = {column.name for column in table.columns}
    return own <= {column.name for column in whole.columns} and (table.rows or 0) <= (whole.rows or 0)
