"""The words in which a cell's doings are told: reads, changes, imports, calls, definitions, and steps of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: The method of ``x += y``, which changes a list in place and a number not.
IN_PLACE = "+="

How = Literal["set", "put", "grow", "may"]


@dataclass(frozen=True, slots=True)
class Read:
    """A name whose value is needed.

    Attributes:
        name: The name.
        key: The one column, item or attribute that is read of it; None for all of it.
        attribute: Whether `key` was written ``name.key``.
        sure: Whether the cell cannot end without it.
    """

    name: str
    key: str | None = None
    attribute: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """A value that changes in place.

    Attributes:
        name: The name by which the cell has it.
        key: The one column, item or attribute that changes; None for the value as a whole.
        how: ``set``: `key` becomes something new; ``put``: the same again if done again; ``grow``: another each time;
            ``may``: nobody can tell from the source.
        method: The method by which it changes, where it is one (on a module it is a plain function).
        sure: Whether it happens on every path.
        columns_only: Whether it adds or drops columns, and leaves the others as they are.
    """

    name: str
    key: str | None
    how: How
    method: str = ""
    sure: bool = True
    columns_only: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """A name bound to a module or to something out of one; `name` is ``*`` for all of it."""

    name: str
    module: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    Attributes:
        path: As written, such as ``np.random.rand``; ``?`` stands for what is no plain name.
        maker: For a method of a call's result, that call's path.
        maker_keywords: And its keywords.
        arguments: The positional arguments that are plain names, others as empty texts.
        keywords: Names of the keyword arguments that are not None.
        constants: Keyword arguments that are constants, such as ``ci=None`` and ``kind=reg``.
        text: The first argument where it is a constant text.
        mode: The second (or ``mode=``) where it is a constant text.
        taken: The attribute that is taken of its result at once.
    """

    path: str
    maker: str = ""
    maker_keywords: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ()
    keywords: frozenset[str] = frozenset()
    constants: frozenset[str] = frozenset()
    text: str = ""
    mode: str = ""
    taken: str = ""

    @property
    def root(self) -> str:
        """The name with which the path begins; empty where it begins with none."""
        return self.path.partition(".")[0].strip("?")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, class, or lambda that has a name: what happens when it is called.

    Attributes:
        name: Its name.
        parameters: Names of its parameters.
        reads: Names that its body takes from outside.
        binds: Outer names that it binds, by ``global``.
        changes: Values from outside that it changes.
        parameter_changes: Parameters whose value it changes.
        calls: What it calls.
        shows: Whether it prints.
        instance: For a class: what happens when a method of what it makes is called.
    """

    name: str
    parameters: tuple[str, ...] = ()
    reads: tuple[Read, ...] = ()
    binds: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    parameter_changes: tuple[Change, ...] = ()
    calls: tuple[Call, ...] = ()
    shows: bool = False
    instance: Definition | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One statement at the top level of a cell.

    Attributes:
        digest: Equal for statements that differ in layout and comments only.
        reads: What it takes from before it.
        binds: Names that it binds on every path, imports and definitions among them.
        perhaps: Names that it binds on some path.
        changes: What it changes in place.
        deletes: Names that it deletes.
        imports: What it imports.
        calls: What it calls.
        functions: Functions and classes that it defines.
        shows: Whether its value or text is shown.
        last: Whether its value becomes ``_``.
        alias: The name whose very object it gives to what it binds.
        view_of: Names whose objects the bound one may share data with.
        columns_of: The name of the frame some columns of which it binds, with all rows.
        given: Names that are arguments of the call whose result it binds.
        maker: Path of the call whose result it binds.
        maker_keywords: And that call's keywords.
        same_again: Whether, done to its own result, it changes nothing.
        converts: Whether that holds only until something else changes the result.
        generator: Whether what it binds is used up by reading.
        wildcard: A source of names that cannot be told (``from m import *``, ``%run``).
        wipes: Whether it empties the namespace (``%reset``).
    """

    digest: int
    reads: tuple[Read, ...] = ()
    binds: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    deletes: tuple[str, ...] = ()
    imports: tuple[Import, ...] = ()
    calls: tuple[Call, ...] = ()
    functions: tuple[Definition, ...] = ()
    shows: bool = False
    last: bool = False
    alias: str = ""
    view_of: tuple[str, ...] = ()
    columns_of: str = ""
    given: tuple[str, ...] = ()
    maker: str = ""
    maker_keywords: frozenset[str] = frozenset()
    same_again: bool = False
    converts: bool = False
    generator: bool = False
    wildcard: str = ""
    wipes: bool = False
