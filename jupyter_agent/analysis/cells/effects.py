"""Effects of a cell's source: the names it reads and binds, the objects it mutates, what it calls, imports and defines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: The method of ``x += y``, which mutates a list in place and rebinds a number.
IN_PLACE = "+="
#: Paths of call sites that are no calls: the order of a set's elements is used, and SQL is run.
ORDER, SQL = "‹order›", "‹sql›"
#: Key of a read that uses only how many a value has, or of which type it is.
LENGTH = "len()"

#: ``assign`` gives one item or attribute a new value; ``overwrite`` leaves the same again when it is repeated;
#: ``accumulate`` leaves something else each time; ``unknown`` may or may not mutate.
MutationKind = Literal["assign", "overwrite", "accumulate", "unknown"]

#: How a value may share data with an object: it may be the ``same`` or see its data, or be one or ``part`` of its
#: elements; it ``holds`` the object, or is a shallow ``copy`` of it, which holds its elements.
Sharing = Literal["same", "part", "holds", "copy"]


@dataclass(frozen=True, slots=True)
class NameRead:
    """A use of a name's value.

    Attributes:
        name: The name.
        key: The only column, item or attribute that is read of it; None for the whole value.
        attribute: Whether `key` was written ``name.key``.
        sure: Whether every path through the cell reads it.
    """

    name: str
    key: str | None = None
    attribute: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of an object in place.

    Attributes:
        name: The name through which the cell reaches the object.
        key: The only column, item or attribute that changes; None for the whole object.
        kind: How the object changes, and what repeating it would do.
        method: The method that mutates, where it is one (of a module it is a plain function).
        sure: Whether it happens on every path.
        columns_only: Whether it adds or drops columns, and leaves the others as they are.
        deep: Whether it changes something that the object holds.
    """

    name: str
    key: str | None
    kind: MutationKind
    method: str = ""
    sure: bool = True
    columns_only: bool = False
    deep: bool = False


@dataclass(frozen=True, slots=True)
class SharedObject:
    """An object with which a value may share data.

    Attributes:
        name: The name of the object.
        sharing: How they share it.
        function: They do only where this names a function of the user's; empty where they do anyway.
    """

    name: str
    sharing: Sharing = "same"
    function: str = ""


@dataclass(frozen=True, slots=True)
class CallSite:
    """One call.

    Attributes:
        path: The callee as written, such as ``np.random.rand``; ``?`` stands for what is no plain name.
        receiver_call: For a method of a call's result, the path of that call.
        receiver_keywords: The keywords of that call.
        arguments: The positional arguments that are plain names, others as empty texts.
        keywords: Names of the keyword arguments that are not None.
        constants: Keyword arguments that are constants, such as ``ci=None`` and ``kind=reg``.
        text: The first argument where it is a constant text.
        mode: The second (or ``mode=``) where it is a constant text.
        attribute: The attribute that is taken of its result at once.
        ignored: What of its result does not count: ``values`` (only how many or of which type they are), or ``order``.
        sure: Whether every path through the cell has it.
    """

    path: str
    receiver_call: str = ""
    receiver_keywords: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ()
    keywords: frozenset[str] = frozenset()
    constants: frozenset[str] = frozenset()
    text: str = ""
    mode: str = ""
    attribute: str = ""
    ignored: str = ""
    sure: bool = True

    @property
    def root(self) -> str:
        """The name with which the path begins; empty where it begins with none."""
        return self.path.partition(".")[0].strip("?")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class FunctionSummary:
    """The effects of calling a function, a class or a lambda that has a name.

    Attributes:
        name: Its name.
        parameters: Names of its parameters.
        reads: Free names that its body reads.
        binds: Global names that it binds.
        mutations: Mutations of objects that it reaches by free names.
        parameter_mutations: Mutations of its arguments.
        calls: Its call sites.
        shows: Whether it prints.
        returns: Whether it returns something.
        kept_parameters: Parameters whose default is an object that all calls share.
        methods: For a class, its methods; each with what the own methods do that it calls.
        instance: For a class: the effects of calling a method of an instance.
    """

    name: str
    parameters: tuple[str, ...] = ()
    reads: tuple[NameRead, ...] = ()
    binds: tuple[str, ...] = ()
    mutations: tuple[Mutation, ...] = ()
    parameter_mutations: tuple[Mutation, ...] = ()
    calls: tuple[CallSite, ...] = ()
    shows: bool = False
    returns: bool = True
    kept_parameters: frozenset[str] = frozenset()
    methods: tuple[FunctionSummary, ...] = ()
    instance: FunctionSummary | None = None


@dataclass(frozen=True, slots=True)
class StatementEffects:
    """The effects of one statement at the top level of a cell.

    Attributes:
        digest: Equal for statements that differ in layout and comments only.
        reads: Uses of names that it does not bind first.
        binds: Names that it binds on every path, imports and definitions among them.
        may_bind: Names that it binds on some paths.
        mutations: Objects that it mutates.
        deletes: Names that it deletes.
        imports: Names that it imports, each with the full name of the module or of its member.
        calls: Its call sites.
        functions: Summaries of the functions and classes that it defines.
        shows: Whether its value or text is displayed.
        is_result: Whether its value becomes ``_``.
        result_of: Path of the call whose result is displayed; empty where that is none of a name.
        alias_of: The name whose very object it gives to what it binds.
        shares: Names that it binds or mutates, each with an object with which its own may share data from then on.
        columns_of: The name of the frame some columns of which it binds, with all rows.
        value_call: Path of the call whose result it binds.
        idempotent: Whether, applied to its own result, it changes nothing.
        converts: Whether that holds only until something else changes the result.
        generator: Whether it binds a generator.
        text: The constant text that it binds, or with which it creates what it binds.
        filters: Whether how many it binds or shows depends on values.
        has_texts: Whether what it binds is a text, or holds texts.
        is_set: Whether it binds a set, whose order is another in each kernel where its elements are texts.
        wildcard: A source of names that cannot be known (``from m import *``, ``%run``).
        resets_namespace: Whether it empties the namespace (``%reset``).
    """

    digest: int
    reads: tuple[NameRead, ...] = ()
    binds: tuple[str, ...] = ()
    may_bind: tuple[str, ...] = ()
    mutations: tuple[Mutation, ...] = ()
    deletes: tuple[str, ...] = ()
    imports: tuple[tuple[str, str], ...] = ()
    calls: tuple[CallSite, ...] = ()
    functions: tuple[FunctionSummary, ...] = ()
    shows: bool = False
    is_result: bool = False
    result_of: str = ""
    alias_of: str = ""
    shares: tuple[tuple[str, SharedObject], ...] = ()
    columns_of: str = ""
    value_call: str = ""
    idempotent: bool = False
    converts: bool = False
    generator: bool = False
    text: str = ""
    filters: bool = False
    has_texts: bool = False
    is_set: bool = False
    wildcard: str = ""
    resets_namespace: bool = False
