"""Name resolution: the dotted names of what an expression may be, through imports, assignments, functions and modules next to the notebook."""

# ruff: noqa: SIM905 - many words are easier to read, and to sort, as words

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from jupyter_agent.analysis.cells.source import parse
from jupyter_agent.analysis.risk_tables import EMBEDDED, ROOTS, USUAL_NAMES, VERDICTS, verdict
from jupyter_agent.core.kernel_state import Variable


@dataclass(slots=True)
class Bindings:
    """What a scope binds: names to the values they may have, functions and classes, and modules whose names were all imported.

    What is known whatever the scope is stands in that of the module: methods, attributes, calls, and every definition.
    """

    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    modules: dict[str, list[str]] = field(default_factory=dict)
    definitions: dict[str, list[ast.AST]] = field(default_factory=dict)
    methods: dict[str, list[ast.AST]] = field(default_factory=dict)
    stars: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    #: What is added to a name's value, in the order of the source.
    added: dict[str, list[ast.expr]] = field(default_factory=dict)
    #: What is put into lists and dictionaries, each as a list.
    items: dict[str, list[ast.expr]] = field(default_factory=dict)
    #: Values of attributes, whatever their object; these objects, in the same order; and what the bodies of classes bind.
    attributes: dict[str, list[ast.expr]] = field(default_factory=dict)
    objects: dict[str, list[ast.expr]] = field(default_factory=dict)
    members: dict[str, list[ast.expr]] = field(default_factory=dict)
    #: Parameters → the functions that have them, each with the name that it is called by.
    parameters: dict[str, list[tuple[str, ast.arguments]]] = field(default_factory=dict)
    #: The same of parameters that take any number of arguments.
    variadic: dict[str, list[tuple[str, ast.arguments]]] = field(default_factory=dict)
    #: Names of decorators → the functions that they get; names of functions → those that they stand in.
    decorated: dict[str, list[ast.expr]] = field(default_factory=dict)
    nested: dict[str, list[ast.expr]] = field(default_factory=dict)
    #: Names of functions → calls of them, or with them among the arguments.
    calls: dict[str, list[ast.Call]] = field(default_factory=dict)
    #: Names that are read, and not called.
    handed_on: set[str] = field(default_factory=set)
    #: Names → other names for the same object; and functions that get it.
    aliases: dict[str, list[str]] = field(default_factory=dict)
    passed: dict[str, list[str]] = field(default_factory=dict)
    #: Functions → what they put into their parameters.
    filled: dict[str, list[ast.expr]] = field(default_factory=dict)
    #: What calls give by keywords; fields that classes annotate → these classes; and words of the texts that name fields.
    keywords: dict[str, list[ast.expr]] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)
    named_fields: set[str] = field(default_factory=set)
    #: Names that may be deleted, or bound from elsewhere; ``*`` for any, by a function, and an empty one for any by the code itself;
    #: and ``.`` where names and attributes may be set or called by what stands in texts.
    unsettled: set[str] = field(default_factory=set)
    #: Extensions and modules that magics load, which may lie next to the notebook whatever their names.
    loaded: set[str] = field(default_factory=set)
    is_local: bool = False

    def add(self, other: Bindings) -> None:
        """Add what another source binds."""
        for part in _PARTS:
            mine, theirs = getattr(self, part), getattr(other, part)
            if not theirs:
                continue
            if isinstance(theirs, set):
                mine |= theirs
            else:
                for name, found in theirs.items():
                    mine.setdefault(name, []).extend(found)

    def __contains__(self, name: str) -> bool:
        return name in self.values or name in self.modules or name in self.definitions or name in self.unknown


_PARTS = tuple(part.name for part in fields(Bindings) if part.name != "is_local")
#: What IPython binds everywhere, and puts among the builtins while a cell runs in this process.
_IPYTHON = ("get_ipython", "display")
_BUILTINS = frozenset(dir(builtins)).difference(_IPYTHON)
#: What may bind or delete names without naming them in the code.
_DYNAMIC = frozenset(
    "globals locals vars get_ipython setattr delattr import_module __import__ __builtins__ __main__ __dict__ user_ns modules".split()
)
_BY_TEXT = frozenset("globals locals vars setattr delattr __setattr__ __set__ __main__ __dict__ user_ns".split())
_FILLING = frozenset(
    "append appendleft add extend extendleft insert setdefault update __setitem__ __iadd__ __ior__ put".split()
)
#: Functions that put something into their first argument.
_FILLERS = _FILLING | frozenset(
    "setitem iadd ior iconcat heappush heapreplace heappushpop insort insort_left insort_right".split()
)
#: Functions that make a class of fields that a text names; and decorators after which a function is called as before.
_FIELD_MAKERS = frozenset("namedtuple make_dataclass NamedTuple".split())
_PLAIN_DECORATORS = frozenset(
    "staticmethod classmethod property cached_property lru_cache cache wraps abstractmethod contextmanager dataclass override overload".split()
)
#: What holds modules and variables by their names.
NAMESPACES = frozenset(("sys.modules", "<globals>"))
#: Functions that import the module that they are given by its name.
_IMPORTERS = frozenset(
    "__import__ import_module find_spec files read_text read_binary open_text open_binary as_file".split()
)
#: Types and modules of Python of which objects are data, and run nothing that is not known, even where no source shows how they were made.
_DATA_TYPES = frozenset(
    f"builtins.{name}"
    for name in "int float complex bool str bytes bytearray memoryview list tuple dict set frozenset range slice NoneType ellipsis".split()
)
_DATA_MODULES = frozenset(
    "_io array calendar collections csv datetime decimal enum fractions hashlib html io ipaddress json numbers pathlib random re statistics string "
    "struct textwrap time tokenize urllib uuid xml zoneinfo".split()
)
#: Methods that keep the function that they are given, for their object to call it later.
_REGISTERING = (
    "enter enterabs callback push mpl_connect connect observe on_click on_msg on_displayed on_submit register add_done_callback add_listener "
    "add_callback subscribe schedule bind after add_function create_function signal_connect call_later call_soon"
).split()
#: Attributes of a function that say what a call of it runs.
_OF_FUNCTIONS = ("__code__", "__defaults__", "__kwdefaults__")
#: Functions of which the result is, or holds, what they were given.
_PASSING = frozenset(
    "list dict tuple sorted reversed enumerate zip filter map max min set frozenset staticmethod classmethod property".split()
)
#: Those of which the result does not run what it was given, if that is a generator, before it is asked for more.
_LAZY = frozenset("reversed enumerate zip filter map".split())
#: Other names of one object that are followed.
_MAX_ALIASES = 32
_KNOWN_NAMES = ROOTS | frozenset(USUAL_NAMES.values())
#: What a name stands for that begins with an underscore, so that the kernel does not list it, and that no source binds: an earlier output, for one.
HIDDEN_NAME = "<hidden name>"
#: What is a function, or may hold some, of which no source shows what it does.
UNKNOWN = "<unknown>"
#: Ends the name of a generator, or of a coroutine, that has begun: its function runs whenever it is used.
RUNNING = "(running)"
_PASSING_MODULES = (
    "copy.",
    "itertools.",
    "random.",
    "collections.",
    "functools.",
    "types.MethodType",
    "contextlib.",
    "heapq.",
    "more_itertools.",
    "operator.itemgetter",
)
_Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class _Collector(ast.NodeVisitor):
    """Collects the bindings of a tree by scope, whatever their order.

    A name that surely does not mean a builtin, nor what ran before, is given the bindings that it may mean as its `scope`: one that
    is local to a function, and one that straight-line code of the module has bound before.
    """

    def __init__(self) -> None:
        self.bindings = Bindings()
        self._scopes: list[tuple[frozenset[str], Bindings]] = []
        self._bound: frozenset[str] = frozenset()
        self._class_name = ""
        self._functions: list[ast.expr] = []
        self._around_class: frozenset[str] | None = None
        self._lambdas: dict[int, str] = {}

    # --- scopes --------------------------------------------------------------------------------------------------------

    def _scope_of(self, name: str) -> Bindings:
        return next((scope for names, scope in reversed(self._scopes) if name in names), self.bindings)

    @contextmanager
    def _inside(self, names: Iterable[str], scope: Bindings) -> Iterator[None]:
        """Visit what stands in a scope to which these names belong; what it binds is not bound after it."""
        bound, around = self._bound, self._around_class
        if scope.is_local and around is not None:  # a function in a class does not see what the class has bound
            self._bound = around
        self._scopes.append((frozenset(names), scope))
        if scope.is_local:
            self._around_class = None
        yield
        self._scopes.pop()
        self._bound, self._around_class = bound, around

    def _visit_all(self, *parts: ast.AST | Iterable[ast.AST | None] | None) -> None:
        for part in parts:
            if isinstance(part, ast.AST):
                self.visit(part)
            elif part is not None:
                self._visit_all(*part)

    def _after(self, *parts: ast.AST | Iterable[ast.AST], bound: Iterable[str] = ()) -> frozenset[str]:
        """Visit what may run next, after these names are bound, and return the names that are bound at its end."""
        before = self._bound
        self._bound |= frozenset(bound)
        self._visit_all(*parts)
        after, self._bound = self._bound, before
        return after

    def _bind(self, target: ast.expr, value: ast.expr | None) -> None:
        match target:
            case ast.Name(id=name):
                scope = self._scope_of(name)
                for part in _parts_of(value):
                    if isinstance(part, ast.Name):
                        self.bindings.aliases.setdefault(part.id, []).append(name)
                if value is None:
                    scope.unknown.add(name)
                elif isinstance(value, ast.Lambda):
                    self._lambdas[id(value)] = name
                    self._define(name, value)
                else:
                    scope.values.setdefault(name, []).append(value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                is_known = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets)
                is_known = is_known and not any(isinstance(part, ast.Starred) for part in (*targets, *value.elts))  # type: ignore[union-attr]
                for index, part in enumerate(targets):
                    self._bind(part, value.elts[index] if is_known else _item_of(value))  # type: ignore[union-attr]
            case ast.Attribute(value=owner, attr=name) if value is not None:
                self.bindings.attributes.setdefault(name, []).append(value)
                self.bindings.objects.setdefault(name, []).append(owner)
            case ast.Subscript(value=owner, slice=key) if value is not None:
                self._put_into(owner, [value])
                self._set_by_name(owner, key, value)
            case ast.Starred(value=inner):
                self._bind(inner, value)

    def _put_into(self, owner: ast.expr, values: list[ast.expr]) -> None:
        """Note what is put into a list or a dictionary, or into one that lies in it."""
        items = ast.List(elts=values, ctx=ast.Load())
        while isinstance(owner, ast.Subscript):
            owner = owner.value
        if isinstance(owner, ast.Name):
            self._scope_of(owner.id).items.setdefault(owner.id, []).append(items)
        elif isinstance(owner, ast.Attribute):
            self.bindings.attributes.setdefault(owner.attr, []).append(items)
            self.bindings.objects.setdefault(owner.attr, []).append(owner.value)

    def _set_by_name(self, owner: ast.expr, key: ast.expr | None, value: ast.expr) -> None:
        """Note a variable, or an attribute, that is set as an item of what holds them by their names."""
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            return
        match owner:
            case ast.Call(func=ast.Name(id="globals" | "locals" | "vars"), args=[]) | ast.Attribute(attr="user_ns"):
                self.bindings.values.setdefault(key.value, []).append(value)
            case ast.Call(func=ast.Name(id="vars"), args=[holder]) | ast.Attribute(value=holder, attr="__dict__"):
                self.bindings.attributes.setdefault(key.value, []).append(value)
                self.bindings.objects.setdefault(key.value, []).append(holder)

    def _define(self, name: str, definition: ast.AST) -> None:
        self.bindings.definitions.setdefault(name, []).append(definition)
        if (scope := self._scope_of(name)) is not self.bindings:
            scope.definitions.setdefault(name, []).append(definition)

    # --- statements ----------------------------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._bind(target, node.value)
        self._visit_all(node.value, node.targets)
        self._bound |= _names_bound(node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._scope_of(node.target.id).added.setdefault(node.target.id, []).append(node.value)
            if isinstance(node.value, ast.List | ast.Tuple | ast.Set | ast.Dict | ast.ListComp):  # ``functions += [f]``
                self._scope_of(node.target.id).items.setdefault(node.target.id, []).append(node.value)
        else:
            self._put_into(node.target, [node.value])
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._visit_all(node.annotation, node.value, node.target)
        if node.value is not None:
            self._bind(node.target, node.value)
            self._bound |= _names_bound([node.target])

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._bind(node.target, node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._bind(node.target, _item_of(node.iter))
        self._visit_all(node.iter, node.target)
        self._after(node.body, bound=_names_bound([node.target]))
        self._after(node.orelse)

    visit_AsyncFor = visit_For  # noqa: N815 - ast's own name

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._after(node.body)
        self._after(node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._bound = self._after(node.body) & self._after(node.orelse)

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self._visit_all(item.context_expr, item.optional_vars)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, item.context_expr)
                self._bound |= _names_bound([item.optional_vars])
        self._after(node.body)  # of which the rest may be left out

    visit_AsyncWith = visit_With  # noqa: N815 - ast's own name

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        ends = [self._after(node.body, node.orelse)]
        for handler in node.handlers:
            ends.append(self._after(handler.type or [], handler.body, bound=[handler.name] if handler.name else []))
            if handler.name:
                self._scope_of(handler.name).unknown.add(handler.name)
                self.bindings.unsettled.add(handler.name)
        self._bound = frozenset.intersection(*ends) | self._after(node.finalbody)

    visit_TryStar = visit_Try  # noqa: N815 - ast's own name

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            names = _names_bound([case.pattern])
            for name in names:
                scope = self._scope_of(name)
                scope.unknown.add(name)
                scope.values.setdefault(name, []).append(ast.Starred(value=node.subject, ctx=ast.Load()))
            self._after(case.pattern, case.guard or [], case.body, bound=names)

    def visit_Delete(self, node: ast.Delete) -> None:
        self.bindings.unsettled |= {getattr(target, "id", getattr(target, "attr", "*")) for target in node.targets}
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.bindings.unsettled.update(node.names)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._imported(name, alias.name if alias.asname else name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.bindings.stars.add(module)
            else:
                self._imported(alias.asname or alias.name, f"{module}.{alias.name}")

    def _imported(self, name: str, origin: str) -> None:
        self._scope_of(name).modules.setdefault(name, []).append(origin)
        self._bound |= {name}
        self._note_dynamic(origin.rpartition(".")[2])

    # --- functions, classes, comprehensions ---------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._define(node.name, node)
        for decorator in node.decorator_list:  # which gets the function, or makes what gets it
            made = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(made, ast.Name | ast.Attribute):
                self.bindings.decorated.setdefault(_name_of(made), []).append(ast.Name(id=node.name, ctx=ast.Load()))
        self._visit_all(node.decorator_list, node.returns)
        self._visit_function(node, self._class_name if node.name == "__init__" else node.name, node.body)
        self._bound |= {node.name}

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's own name

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_function(node, self._lambdas.get(id(node), unnamed(node)), [node.body])

    def _visit_function(self, node: _Function, called: str, body: Sequence[ast.AST]) -> None:
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every = [*named, *filter(None, (arguments.vararg, arguments.kwarg))]
        self._visit_all(arguments.defaults, arguments.kw_defaults, [argument.annotation for argument in every])
        elsewhere = {
            name for part in ast.walk(node) if isinstance(part, ast.Global | ast.Nonlocal) for name in part.names
        }
        scope = Bindings(is_local=True, unknown={argument.arg for argument in every})
        for argument in every:
            kind = scope.parameters if argument in named else scope.variadic
            kind.setdefault(argument.arg, []).append((called, arguments))
        self.bindings.nested.setdefault(called, []).extend(self._functions[-1:])
        self._functions.append(ast.Name(id=called, ctx=ast.Load()))
        with (
            self._inside(elsewhere, self.bindings),
            self._inside((_names_bound(body) - elsewhere) | scope.unknown, scope),
        ):
            self._visit_all(body)
        for name in scope.unknown:
            self.bindings.filled.setdefault(called, []).extend(scope.items.get(name, ()))
        self._functions.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._define(node.name, node)
        self._visit_all(node.decorator_list, node.bases, node.keywords)
        for part in parts_of_class(node):
            match part:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    self.bindings.methods.setdefault(name, []).append(part)
                case ast.Assign(targets=targets, value=value):
                    for name in _names_bound(targets):
                        self.bindings.members.setdefault(name, []).append(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=value):
                    self.bindings.fields.setdefault(name, []).append(node.name)
                    self.bindings.members.setdefault(name, []).extend([value] if value is not None else [])
        outer, self._class_name = self._class_name, node.name
        with self._inside(_names_bound(node.body), self.bindings):
            self._bound = self._around_class = self._bound if self._around_class is None else self._around_class
            self._visit_all(node.body)
        self._class_name = outer
        self._bound |= {node.name}

    def _visit_comprehension(self, node: _Comprehension) -> None:
        first = node.generators[0]
        self.visit(first.iter)
        names = _names_bound([generator.target for generator in node.generators])
        with self._inside(names, Bindings(is_local=True)):
            for generator in node.generators:
                self._bind(generator.target, _item_of(generator.iter))
                self._visit_all(generator.iter if generator is not first else None, generator.target, generator.ifs)
            self._visit_all([node.key, node.value] if isinstance(node, ast.DictComp) else node.elt)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _visit_comprehension  # noqa: N815

    # --- uses ----------------------------------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        self._use(node)
        if isinstance(node.ctx, ast.Load):
            self.bindings.handed_on.add(node.id)

    def _use(self, node: ast.Name) -> None:
        scope = self._scope_of(node.id)
        if scope.is_local or node.id in self._bound:
            vars(node)["scope"] = scope
        if not scope.is_local and isinstance(node.ctx, ast.Load):
            self._note_dynamic(node.id)

    def _note_dynamic(self, name: str) -> None:
        if name in _BY_TEXT:
            self.bindings.unsettled.add(".")
        if name in _DYNAMIC:
            self.bindings.unsettled.add("*" if self._scopes else "")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._note_dynamic(node.attr)
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        vars(node)["class_name"] = self._class_name  # which `super` means
        self._note_given(node)
        for word in node.keywords:
            if isinstance(word.value, ast.Lambda):
                self.bindings.calls.setdefault(unnamed(word.value), []).append(node)
        for called in (node.func, *node.args):
            if isinstance(called, ast.Name | ast.Attribute | ast.Lambda):
                self.bindings.calls.setdefault(_name_of(called), []).append(node)
            if isinstance(called, ast.Name):
                self._use(called)
            else:
                self.visit(called)
        for keyword in node.keywords:
            self.visit(keyword.value)
        match node:
            case ast.Call(
                func=ast.Name(id="setattr") | ast.Attribute(attr="__setattr__"),
                args=[owner, ast.Constant(value=str(name)), value],
            ):
                self.bindings.attributes.setdefault(name, []).append(value)
                self.bindings.objects.setdefault(name, []).append(owner)
            case ast.Call(func=ast.Name(id="type"), args=[_, _, ast.Dict(keys=keys, values=values)]):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant):
                        self.bindings.members.setdefault(str(key.value), []).append(value)
        if isinstance(node.func, ast.Name | ast.Attribute) and _name_of(node.func) in _IMPORTERS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and str(first.value).replace(".", "_").isidentifier():
                self.bindings.loaded.add(str(first.value))
        if isinstance(node.func, ast.Attribute) and node.func.attr in _FILLING:
            given = map(_item_of, node.args) if node.func.attr in ("extend", "update") else node.args
            self._put_into(node.func.value, [*filter(None, given), *(word.value for word in node.keywords)])
            for word in node.keywords:
                self._set_by_name(node.func.value, ast.Constant(word.arg), word.value)
            for argument in node.args:
                for key, value in (
                    zip(argument.keys, argument.values, strict=True) if isinstance(argument, ast.Dict) else ()
                ):
                    self._set_by_name(node.func.value, key, value)
        if isinstance(node.func, ast.Name | ast.Attribute) and _name_of(node.func) in _FILLERS and node.args[1:]:
            self._put_into(node.args[0], node.args[1:])

    def _note_given(self, node: ast.Call) -> None:
        """Note what a call is given: by keywords, which may be attributes; and variables, which it may fill."""
        called = _name_of(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else "()"
        if called == "()":
            self.bindings.calls.setdefault("()", []).append(node)
        for word in node.keywords:
            self.bindings.keywords.setdefault(word.arg or "", []).append(word.value)
        for given in (*node.args, *(word.value for word in node.keywords)):
            if isinstance(given, ast.Name):
                self.bindings.passed.setdefault(given.id, []).append(called)
            if called in _FIELD_MAKERS:
                texts = (part.value for part in ast.walk(given) if isinstance(part, ast.Constant))
                self.bindings.named_fields.update(word for text in texts for word in re.findall(r"\w+", str(text)))


def _names_bound(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Names that these bind in the scope in which they stand, save those that an expression binds in a scope of its own."""
    names: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
                continue
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                continue
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add(other or name.partition(".")[0])
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                names.add(name)
        waiting += ast.iter_child_nodes(node)
    return frozenset(names)


def parts_of_class(definition: ast.ClassDef) -> Iterator[ast.stmt]:
    """The statements of a class, those within branches, loops and blocks too, but none of its functions and inner classes."""
    waiting: list[ast.AST] = list(definition.body)
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.stmt):
            yield part
        if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            waiting += ast.iter_child_nodes(part)


def unnamed(node: ast.Lambda | ast.GeneratorExp) -> str:
    """What a function or a generator without a name is known by."""
    return f"lambda {id(node)}"


def _name_of(called: ast.Name | ast.Attribute | ast.Lambda) -> str:
    return (
        called.id
        if isinstance(called, ast.Name)
        else called.attr
        if isinstance(called, ast.Attribute)
        else unnamed(called)
    )


def _parts_of(value: ast.expr | None) -> Sequence[ast.expr]:
    """The expression itself, or those in it where it is a display of them, or one of these."""
    value = value.value if isinstance(value, ast.Starred) else value
    return value.elts if isinstance(value, ast.List | ast.Tuple | ast.Set) else [value] if value is not None else []


def _item_of(value: ast.expr | None) -> ast.expr | None:
    """One of what an expression contains."""
    return ast.Starred(value=value, ctx=ast.Load()) if value is not None else None


def _decorator_name(decorator: ast.expr) -> str:
    """The name of a decorator, or of what makes one."""
    made = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _name_of(made) if isinstance(made, ast.Name | ast.Attribute) else ""


def collect(tree: ast.AST) -> Bindings:
    """The bindings of a tree."""
    collector = _Collector()
    collector.visit(tree)
    return collector.bindings


@lru_cache(maxsize=4096)
def bindings_of(source: str) -> Bindings:
    """The bindings of a source; none where it is nested too deeply."""
    try:
        parsed = parse(source)
        bindings = collect(parsed.tree)
        loading = [magic for magic in parsed.magics if magic.name in ("load_ext", "reload_ext", "aimport")]
        bindings.loaded.update(name for magic in loading for name in magic.argument.replace(",", " ").split())
        bindings.stars |= {"pylab"} if any(magic.name == "pylab" for magic in parsed.magics) else set()
        return bindings
    except RecursionError:
        return Bindings()


def imported_modules(sources: Iterable[str], package: str = "", *, known: bool = False) -> tuple[str, ...]:
    """Dotted names of modules that sources import and that no table knows: they may lie next to the notebook.

    Args:
        sources: Of cells, or of one module.
        package: Where relative imports of the module begin.
        known: Also well-known modules, for one of that name that lies there.
    """
    found: set[str] = set()
    for source in sources:
        bindings = bindings_of(source)
        found |= {name.rsplit(".", count)[0] for name in bindings.loaded for count in range(name.count(".") + 1)}
        for name in (*(module for modules in bindings.modules.values() for module in modules), *bindings.stars):
            level = len(name) - len(name.lstrip("."))
            owner = package
            for _ in range(level - 1):
                owner = owner.rpartition(".")[0]
            full = ".".join(filter(None, (owner if level else "", name.lstrip("."))))
            root = full.partition(".")[0]
            if root in ROOTS:
                found |= {root} if known else set()
            elif full:
                parts = full.split(".")
                found |= {".".join(parts[:count]) for count in range(len(parts) - 1 if level else 1, len(parts) + 1)}
    return tuple(sorted(found - {""}))


def is_namespace(origin: str) -> bool:
    """Whether it holds modules, variables, or the members of a module by their names."""
    return origin in NAMESPACES or (
        origin.endswith(".__dict__") and "(" not in origin and origin.partition(".")[0] in ROOTS
    )


def _are_librarys(origins: Collection[str]) -> bool:
    """Whether all are objects or modules of libraries that are known."""
    return bool(origins) and all(
        origin.partition(".")[0] in ROOTS and not origin.startswith("builtins.type()") for origin in origins
    )


def is_in_memory(node: ast.Call, texts: Collection[str]) -> bool:
    """Whether a call opens a database that lives in memory only, `texts` being what its first argument may be."""
    return (not node.args and not node.keywords) or (bool(texts) and all(text in (":memory:", "") for text in texts))


#: What an expression may be is not looked into further when it may be more than this.
_MOST_ORIGINS = 64
_KEPT_ORIGINS = 8
#: Expressions and definitions that are looked at, some seconds' worth, before code counts as too involved to be known.
_MOST_STEPS = 500_000
#: From how many on the values of a name that are made of that name are resolved one after the other, and how often.
_MANY = 8
_ROUNDS = 2


def _without_middle(origin: str) -> str:
    """The first and the last two of a long row of calls: what a table is after a hundred steps, it was after four."""
    calls = origin.split("().")
    return origin if len(calls) < 5 else "().".join((*calls[:2], *calls[-2:]))


class NameResolver:
    """Resolves expressions of a piece of code, given what ran before it.

    Args:
        sources: What ran before, or may have.
        live: The kernel's variables by name.
        modules: Sources of modules next to the notebook, by dotted name.
    """

    def __init__(self, sources: Iterable[str], live: Mapping[str, Variable], modules: Mapping[str, str | None]) -> None:
        self.own = Bindings()
        before = Bindings()
        for source in dict.fromkeys((*sources, *filter(None, modules.values()))):
            before.add(bindings_of(source))
        self.before = [before]
        self.live = live
        self.modules = modules
        #: Another one whenever names may mean something else.
        self.generation = 0
        #: All texts that an expression may be, where what is not seen of them matters.
        self.read: Callable[[ast.expr], Iterable[str]] = self.texts
        self._elsewhere: dict[str, tuple[int, list[ast.expr | None]]] = {}
        self._resolving: set[int] = set()
        self._steps = 0
        self._cache: dict[int, frozenset[str]] = {}
        #: Names that are bound to something made of themselves time and again, while they are resolved: the scopes, and what is known by now.
        self._remade: dict[str, tuple[frozenset[int], set[str]]] = {}
        self._resolved: dict[tuple[str, tuple[int, ...]], frozenset[str]] = {}
        #: The same while another expression is resolved: what depends on that one may be missing.
        self._partly: dict[tuple[str, tuple[int, ...]], frozenset[str]] = {}
        self._names_within: dict[int, frozenset[str]] = {}
        #: Functions → what calls of them give by keywords.
        self._keywords: dict[str, dict[str | None, list[ast.expr]]] = {}
        self._returns: dict[int, tuple[list[ast.expr | None], bool]] = {}
        self._unnamed: dict[str, ast.Lambda | ast.GeneratorExp] = {}
        self._trees: list[ast.AST] = []

    @contextmanager
    def scope(self, tree: ast.AST) -> Iterator[None]:
        """Resolve the expressions of this tree; what was resolved until now ran before it."""
        self._trees.append(tree)  # kept, since nodes are known by their identity
        own, before = self.own, self.before
        self.own, self.before = collect(tree), [own, *before]
        self._renew()
        try:
            yield
        finally:
            own.add(self.own)  # what a text binds that is run
            self.own, self.before = own, before
            self._renew()

    def _renew(self) -> None:
        """Forget what names meant."""
        self.generation += 1
        self._cache.clear()
        self._resolved.clear()
        self._partly.clear()
        self._keywords.clear()

    def methods(self, name: str) -> Iterator[ast.AST]:
        """Methods of this name, of whatever class."""
        for bindings in (self.own, *self.before):
            yield from bindings.methods.get(name, ())

    def returns_of(self, definition: ast.AST) -> tuple[list[ast.expr | None], bool]:
        """What a function returns or yields, and whether it is a generator."""
        if id(definition) not in self._returns:
            parts = [part for part in ast.walk(definition) if isinstance(part, ast.Return | ast.Yield | ast.YieldFrom)]
            is_generator = any(not isinstance(part, ast.Return) for part in parts)
            self._returns[id(definition)] = ([part.value for part in parts], is_generator)
        return self._returns[id(definition)]

    def has_method(self, *names: str) -> bool:
        """Whether a class of the notebook defines a method of one of these names."""
        return any(name in bindings.methods for bindings in self._everywhere() for name in names)

    def is_bound(self, name: str) -> bool:
        return name in self.own or name in self.live or any(name in bindings for bindings in self.before)

    def origins_of(self, node: ast.expr | None) -> frozenset[str]:
        """Dotted names of what an expression may be: ``os.remove``, ``requests.Session()``; ``<name>`` for a definition.

        Raises:
            RecursionError: the code is nested too deeply, or too involved.
        """
        if node is None or isinstance(node, ast.Constant):
            return frozenset()
        key = id(node)
        if key in self._cache:
            return self._cache[key]
        if key in self._resolving:
            return frozenset()
        self.count_step()
        self._resolving.add(key)
        try:
            origins = self._resolve(node)
        finally:
            self._resolving.discard(key)
        if len(origins) > _MOST_ORIGINS:
            origins = frozenset({*sorted(origins)[:_KEPT_ORIGINS], UNKNOWN})
        if hasattr(node, "lineno"):  # others do not live as long as their identity is used
            self._cache[key] = origins
        return origins

    def _resolve(self, node: ast.expr) -> frozenset[str]:
        match node:
            case ast.Name(id=name):
                return self._name_origins(name, self._scopes_of(node))
            case ast.Attribute(value=value, attr=attribute):
                owners = self.origins_of(value) or frozenset({""})
                found = {self._member(owner, attribute) for owner in owners}
                if any(owner.startswith("<") for owner in owners):  # what the body of a class has imported
                    found.update(*(bindings.modules.get(attribute, ()) for bindings in self._everywhere()))
                return frozenset(found).union(*map(self.origins_of, self._given_to_objects(owners, attribute)))
            case ast.Lambda():
                self._unnamed[unnamed(node)] = node
                return frozenset({f"<{unnamed(node)}>"})
            case ast.Call():
                return self._call_origins(node)
            case ast.Subscript(value=value, slice=index):
                return self._item_origins(value, index)
            case ast.NamedExpr(value=value):
                return self.origins_of(value)
            case ast.Await(value=value) | ast.Starred(value=value):
                return frozenset(origin for origin in self.origins_of(value) if not origin.endswith(RUNNING))
            case ast.IfExp(body=body, orelse=other):
                return self.origins_of(body) | self.origins_of(other)
            case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
                return frozenset().union(*map(self.origins_of, values))
            case ast.Dict(values=values):
                return frozenset().union(*map(self.origins_of, values))
            case ast.BinOp(left=left, right=right):
                return self.origins_of(left) | self.origins_of(right)
            case ast.ListComp(elt=element) | ast.SetComp(elt=element):
                return self.origins_of(element)
            case ast.GeneratorExp(elt=element):
                self._unnamed[unnamed(node)] = node
                return self.origins_of(element) | {f"<{unnamed(node)}>{RUNNING}"}
            case ast.DictComp(value=element):
                return self.origins_of(element)
            case _:
                return frozenset()

    def _given_to_objects(self, owners: frozenset[str], attribute: str) -> Iterator[ast.expr]:
        """What an attribute may be by assignments, by the body of a class, and by what the object was made with.

        Of a library's object or module by assignments to that alone.
        """
        holders = [
            bindings
            for bindings in self._everywhere()
            if attribute in bindings.members or attribute in bindings.attributes
        ]
        is_librarys = bool(holders) and _are_librarys(owners)
        named = owners | {owner.removesuffix("()") for owner in owners} if holders else owners
        roots = {owner.partition(".")[0] for owner in named} if holders else set()
        for bindings in holders:
            if not is_librarys:
                yield from bindings.members.get(attribute, ())
            for owner_of, value in zip(
                bindings.objects.get(attribute, ()), bindings.attributes.get(attribute, ()), strict=True
            ):
                if not is_librarys or any(
                    origin in named or (origin.rpartition(".")[2][:1].isupper() and origin.partition(".")[0] in roots)
                    for origin in self.origins_of(owner_of)
                ):
                    yield value
        made = (owner.strip("<>()").rpartition(".")[2] for owner in owners if owner.endswith("()"))
        for name in dict.fromkeys(made):
            places = []
            for definition in self.definitions(name):  # a class that makes its own ``__init__`` of its annotations
                fields = [
                    part.target.id
                    for part in getattr(definition, "body", ())
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
                ]
                places += [fields.index(attribute)] if attribute in fields else []
            if name not in self._keywords:
                self._keywords[name] = given = dict[str | None, list[ast.expr]]()
                for call in (call for bindings in self._everywhere() for call in bindings.calls.get(name, ())):
                    for word in call.keywords:
                        given.setdefault(word.arg, []).append(word.value)
            yield from self._keywords[name].get(attribute, ())
            if places:
                for call in (call for bindings in self._everywhere() for call in bindings.calls.get(name, ())):
                    for place in places:
                        yield from call.args[place : place + 1]

    def _member(self, origin: str, name: str) -> str:
        """A member of what `origin` stands for; of a module next to the notebook, what its source defines."""
        if name == "__call__":
            return origin
        if (source := self.modules.get(origin)) is None:
            full = f"{origin}.{name}"[-300:]
            if name == "modules" and origin.rpartition(".")[2].lstrip("_") == "sys":
                return "sys.modules"
            is_module = name.lstrip("_") in EMBEDDED and origin.partition(".")[0] in ROOTS and "(" not in origin
            return name.lstrip("_") if is_module and full not in VERDICTS else full
        bindings = bindings_of(source)
        if name in bindings.definitions:
            return f"<{name}>"
        if imported := bindings.modules.get(name):
            full = min(imported)
            if full.startswith("."):
                owner, _, inner = f"{origin}{full}".rpartition(".")
                return self._member(owner, inner) if owner in self.modules and owner != origin else f"{origin}{full}"
            return full
        return (
            f"{origin}.{name}" if f"{origin}.{name}" in self.modules or name not in bindings else f"<{origin}.{name}>"
        )

    def _scopes_of(self, node: ast.Name) -> tuple[Bindings, ...]:
        """The one scope in which a name is surely bound, else all in which it may be."""
        scope: Bindings | None = getattr(node, "scope", None)
        if scope is None or not (scope.is_local or self._is_settled(node.id)):
            return self._everywhere()
        return (scope,)

    def meaning_of(self, node: ast.Name) -> tuple[object, ...]:
        """The same for every place where a name means the same."""
        return (node.id, self.generation, *map(id, self._scopes_of(node)))

    def _is_settled(self, name: str) -> bool:
        """Whether nothing deletes a name, or binds it from elsewhere."""
        return not (self.own.stars or "" in self.own.unsettled) and not any(
            bindings.unsettled & {name, "*"} for bindings in self._everywhere()
        )

    def values_of(self, node: ast.Name) -> list[ast.expr | None]:
        """What a name may be bound to, parameters by the calls of their functions; None for what is not known."""
        scopes = self._scopes_of(node)
        found: list[ast.expr | None] = [
            value
            for bindings in scopes
            for values in (bindings.values, bindings.items)
            for value in values.get(node.id, ())
        ]
        found += self._put_in_elsewhere(node.id)
        for bindings in scopes:
            for function, arguments in bindings.parameters.get(node.id, ()):
                found += self._given_to(function, node.id, arguments)
            if node.id in bindings.unknown and node.id not in bindings.parameters:
                found.append(None)
        is_only_filled = any(node.id in bindings.items for bindings in scopes) and not any(
            node.id in bindings.values or node.id in bindings.parameters for bindings in scopes
        )
        if is_only_filled or (len(scopes) > 1 and self.own.unsettled & {"", "*"}):
            found.append(None)
        return found

    def held_by(
        self, place: ast.expr | None, *, is_called: bool, seen: set[tuple[object, ...]]
    ) -> Iterator[ast.expr | None]:
        """What an object was made with, which a call of its methods may call; if it `is_called`, or lies in another, by any function.

        None for what lies in a container of the kernel that no source shows; nothing again for what was `seen`.
        """
        waiting = [(place, is_called)]
        while waiting:
            part, is_called = waiting.pop()
            while isinstance(part, ast.Subscript | ast.Starred) or (is_called and isinstance(part, ast.Attribute)):
                part = part.value
            self.count_step()
            meaning = self.meaning_of(part) if isinstance(part, ast.Name) else (id(part), self.generation)
            key = (*meaning, is_called)
            if part is None or key in seen:
                continue
            seen.add(key)
            inner: Iterable[ast.expr | None] = ()
            match part:
                case ast.Name(id=name):
                    inner = [*self.values_of(part), *self.added_to(part), *self._given_to_parameter(part)]
                    yield from self._registered(name)
                    variable = self.live.get(name)
                    is_data = variable is not None and variable.kind not in ("module", "function", "class")
                    if is_called and is_data and not any(name in bindings for bindings in self._everywhere()):
                        yield None
                case ast.Call(func=func):
                    if is_called or (isinstance(func, ast.Name | ast.Attribute) and _name_of(func)[:1].isupper()):
                        yield from (*part.args, *(word.value for word in part.keywords))
                    if isinstance(func, ast.Call):
                        inner, is_called = (func,), True
                    elif isinstance(func, ast.Attribute) and is_called:
                        inner = (func.value,)
                case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                    inner = elements
                case ast.Attribute(value=owner) if not isinstance(owner, ast.Call):
                    inner = (owner,)
            waiting += [(each, is_called) for each in inner]

    def _registered(self, name: str) -> Iterator[ast.expr]:
        """Functions that a variable's object, or a part of it, was given to call them later."""
        for call in (
            call for bindings in self._everywhere() for verb in _REGISTERING for call in bindings.calls.get(verb, ())
        ):
            owner = call.func
            while isinstance(owner, ast.Attribute | ast.Subscript):
                owner = owner.value
            if isinstance(owner, ast.Name) and owner.id == name:
                yield from call.args

    def _given_to_parameter(self, node: ast.Name) -> Iterator[ast.expr | None]:
        for bindings in self._scopes_of(node):
            for function, arguments in bindings.parameters.get(node.id, ()):
                yield from self._given_to(function, node.id, arguments, seen=True)

    def _put_in_elsewhere(self, name: str) -> list[ast.expr | None]:
        """What is put into an object by other names of it, and by functions that get it; None where it has too many names."""
        if (known := self._elsewhere.get(name)) is not None and known[0] == self.generation:
            return known[1]
        everywhere, found = self._everywhere(), list[ast.expr | None]()
        names = {name: None}
        waiting = [name]
        while waiting and len(names) <= _MAX_ALIASES:
            other = waiting.pop()
            functions = {function for bindings in everywhere for function in bindings.passed.get(other, ())}
            for bindings in everywhere:
                new = [alias for alias in dict.fromkeys(bindings.aliases.get(other, ())) if alias not in names]
                names |= dict.fromkeys(new)
                waiting += new
                found += [value for function in functions for value in bindings.filled.get(function, ())]
                found += bindings.items.get(other, ()) if other != name else ()
        found += [None] if len(names) > _MAX_ALIASES else []
        self._elsewhere[name] = (self.generation, found)
        return found

    def _everywhere(self) -> tuple[Bindings, ...]:
        return (self.own, *self.before)

    def added_to(self, node: ast.Name) -> list[ast.expr]:
        """What is added to a name's value by augmented assignments."""
        return [value for bindings in self._scopes_of(node) for value in bindings.added.get(node.id, ())]

    def _variadic(self, name: str, scopes: Iterable[Bindings]) -> Iterator[ast.expr]:
        """What a parameter may hold that takes any number of arguments."""
        for bindings in scopes:
            for function, arguments in bindings.variadic.get(name, ()):
                is_named = arguments.kwarg is not None and arguments.kwarg.arg == name
                for call in (call for others in self._everywhere() for call in others.calls.get(function, ())):
                    yield from (word.value for word in call.keywords) if is_named else call.args

    def attribute_values(self, name: str) -> list[ast.expr]:
        """What attributes of this name may be bound to: in the bodies of classes, and by what makes objects, too."""
        everywhere = self._everywhere()
        classes = {made for bindings in everywhere for made in bindings.fields.get(name, ())}
        calls = [call for bindings in everywhere for made in classes for call in bindings.calls.get(made, ())]
        return [
            *(
                value
                for bindings in everywhere
                for attributes in (bindings.attributes, bindings.members, bindings.keywords)
                for value in attributes.get(name, ())
            ),
            *(value for call in calls for value in call.args),
        ]

    def is_set_unseen(self, attribute: str) -> bool:
        """Whether an attribute may be set by what stands in a text, or given by a method."""
        return self.has_method("__getattribute__", "__getattr__", "__get__") or any(
            "." in bindings.unsettled or attribute in bindings.named_fields for bindings in self._everywhere()
        )

    def _given_to(
        self, function: str, parameter: str, arguments: ast.arguments, *, seen: bool = False
    ) -> Iterator[ast.expr | None]:
        """What calls give to a parameter of a function; only None where some are not seen, unless those that are matter."""
        everywhere = self._everywhere()
        names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
        position = names.index(parameter) if parameter in names else -1
        defaults = (
            arguments.defaults[position - len(names) :] if position >= len(names) - len(arguments.defaults) else []
        )
        yield from defaults[:1]
        calls = [call for bindings in everywhere for call in bindings.calls.get(function, ())]
        is_class = any(isinstance(definition, ast.ClassDef) for definition in self.definitions(function))
        if not seen and self._has_other_callers(function, is_class=is_class):
            yield None
            return
        if seen:
            outer = {getattr(name, "id", "") for bindings in everywhere for name in bindings.nested.get(function, ())}
            for name in (function, *outer):
                yield from (given for bindings in everywhere for given in bindings.decorated.get(name, ()))
        for call in calls:
            func = call.func
            if isinstance(func, ast.Name | ast.Attribute | ast.Lambda) and function == _name_of(func):
                if seen and isinstance(func, ast.Attribute) and _are_librarys(self.origins_of(func.value)):
                    continue  # a method of the same name
                is_bound = names[:1] == ["self"] or is_class or self._is_bound_method(function, func)
                index = position - is_bound
                given = [word.value for word in call.keywords if word.arg in (parameter, None)]
                spread = [argument for argument in call.args if isinstance(argument, ast.Starred)]
                yield from given or spread or (call.args[index : index + 1] if index >= 0 else [])
            else:  # handed to what calls it, such as `map`
                others = [argument for argument in call.args if not isinstance(argument, ast.Lambda)]
                yield from (_item_of(argument) for argument in others)
                if isinstance(func, ast.Attribute):
                    yield _item_of(func.value)
        if not calls:
            yield None

    def _has_other_callers(self, function: str, *, is_class: bool) -> bool:
        """Whether a function is called where that is not seen: by Python, by a decorator, by what it is handed to, by its name in a text."""
        everywhere = self._everywhere()
        if function.startswith(("lambda ", "__")) or any(
            function in bindings.handed_on or "." in bindings.unsettled for bindings in everywhere
        ):
            return True
        if is_class and any(bindings.calls.get(made) for bindings in everywhere for made in ("()", "cls", "__class__")):
            return True
        return any(
            not isinstance(decorator, ast.Name | ast.Attribute | ast.Call)
            or _decorator_name(decorator) not in _PLAIN_DECORATORS
            for definition in chain(self.definitions(function), self.methods(function))
            for decorator in getattr(definition, "decorator_list", ())
        )

    def _is_bound_method(self, function: str, func: ast.expr) -> bool:
        """Whether a call gives a method less than its parameters, the first being its object or class."""
        kinds = {
            _decorator_name(decorator)
            for method in self.methods(function)
            for decorator in getattr(method, "decorator_list", ())
        }
        if not isinstance(func, ast.Attribute) or not self.has_method(function) or "staticmethod" in kinds:
            return False
        is_of_class = any(origin.startswith("<") and origin.endswith(">") for origin in self.origins_of(func.value))
        return not is_of_class or "classmethod" in kinds

    def _name_origins(self, name: str, scopes: Sequence[Bindings]) -> frozenset[str]:
        """What a name may be: all that is bound to it and, unless it is surely bound, the builtin or the well-known module.

        ``df = df.dropna()`` in a hundred cells is resolved in the order of the source, each by what is known of those before it;
        again, since in a loop a later one may come first.
        """
        key = (name, tuple(map(id, scopes)))
        if (known := self._resolved.get(key, self._partly.get(key))) is not None:
            return known
        if name in self._remade:
            among, so_far = self._remade[name]
            return frozenset(so_far) if among.issuperset(key[1]) else self._bound_origins(name, scopes)
        remade = [
            value
            for bindings in scopes
            for values in (bindings.items, bindings.added, bindings.values)
            for value in values.get(name, ())
            if name in self._names_in_tree(value)
        ]
        if len(remade) <= _MANY:
            return self._bound_origins(name, scopes)
        self._remade[name] = (frozenset(key[1]), so_far := set())
        try:
            base = self._bound_origins(name, scopes)
            latest, put_in = dict[int, frozenset[str]](), set[str]()
            for value in remade * _ROUNDS:
                for node in ast.walk(value):
                    self._cache.pop(id(node), None)
                so_far.clear()
                so_far.update(base, *set(latest.values()))  # what is put into it is not what it is made of
                if len(so_far) > _MOST_ORIGINS:
                    so_far.add(UNKNOWN)
                    break
                if hasattr(value, "lineno"):
                    latest[id(value)] = self.origins_of(value)
                else:
                    put_in |= self.origins_of(value)
            base |= put_in
            found = frozenset(so_far.union(*latest.values()) if UNKNOWN in so_far else base.union(*latest.values()))
            if len(self._resolving) > 1:
                self._partly[key] = found
            else:
                self._partly.clear()
                self._resolved[key] = found
            return found
        finally:
            del self._remade[name]

    def _names_in_tree(self, node: ast.expr) -> frozenset[str]:
        if id(node) not in self._names_within:
            names = frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
            self._names_within[id(node)] = names
        return self._names_within[id(node)]

    def _value_origins(self, name: str, value: ast.expr) -> frozenset[str]:
        """What a value of a name may be; if that is made of itself time and again, only what is known of it by now."""
        if name in self._remade and id(value) not in self._cache and name in self._names_in_tree(value):
            return frozenset()
        return self.origins_of(value)

    def _bound_origins(self, name: str, scopes: Sequence[Bindings]) -> frozenset[str]:
        found: set[str] = set()
        bound = [bindings for bindings in scopes if name in bindings]
        is_module = any(name in bindings.modules for bindings in bound) and not any(
            name in bindings.values or name in bindings.definitions or name in bindings.unknown for bindings in bound
        )
        for bindings in scopes:
            put_in = (*bindings.items.get(name, ()), *bindings.added.get(name, ()))
            for value in put_in if not is_module else ():  # `numpy.append` puts nothing into numpy
                found |= self._value_origins(name, value)
            for function, arguments in bindings.parameters.get(name, ()):
                for given in self._given_to(function, name, arguments, seen=True):
                    found |= self.origins_of(given)
        for value in self._variadic(name, scopes):
            found |= self.origins_of(value)
        for bindings in bound:
            for module in bindings.modules.get(name, ()):
                owner, _, member = module.rpartition(".")
                is_whole = not owner or module in self.modules
                found.add(module if is_whole else self._member(owner, member))
            if name in bindings.definitions:
                found.add(f"<{name}>")
            for value in bindings.values.get(name, ()):
                found |= self._value_origins(name, value)
        if any(
            isinstance(owner, ast.Name) and owner.id == name
            for bindings in self._everywhere()
            for attribute in _OF_FUNCTIONS
            for owner in bindings.objects.get(attribute, ())
        ):
            found.add(UNKNOWN)
        if len(scopes) == 1:
            return frozenset(found)
        if not found:
            stars = {f"{module}.{name}" for bindings in scopes for module in bindings.stars}
            stars |= {f"{module}.{name}" for module in ("numpy", "matplotlib.pyplot") if f"pylab.{name}" in stars}
            known = {star for star in stars if verdict(star, default="?") != "?"}
            found |= known or (stars if not bound and name not in _BUILTINS else set())
        variable = self.live.get(name)
        if variable is not None:
            found |= self._live_origins(name, variable, known=bool(found))
        if variable is not None and self._is_settled(name):
            return frozenset(found)
        if name in _BUILTINS:
            found.add(f"builtins.{name}")
            for value in self._given_to_objects(frozenset({"builtins"}), name):
                found |= self.origins_of(value)
        elif name in _IPYTHON:
            found.add(USUAL_NAMES[name])
        elif name == "__builtins__":
            found.add("builtins")
        elif not found and not any(name in bindings for bindings in self.before):  # the import may not be seen
            found |= {USUAL_NAMES.get(name, name)} & _KNOWN_NAMES
            if not found and name not in self.own and (name[:1] == "_" or name == "Out"):
                found.add(HIDDEN_NAME)
        return frozenset(found)

    def _live_origins(self, name: str, variable: Variable, *, known: bool) -> set[str]:
        """What a variable of the kernel stands for; `known` where a source says it already."""
        if variable.kind == "module":
            module = variable.facts.get("module")
            return {module} if isinstance(module, str) and module else {UNKNOWN}
        if variable.kind in ("function", "class"):
            return set() if known else {UNKNOWN}
        root, _, made = variable.type.partition(".")
        if root == "__main__" and any(True for _ in self.definitions(made)):
            return {f"{variable.type}()", f"<{made}>()"}
        found = {f"{variable.type}()"} if root not in ("builtins", "") else set()
        if known or (variable.type in _DATA_TYPES if root == "builtins" else root in _DATA_MODULES):
            return found
        is_pythons = root in sys.stdlib_module_names and not verdict(variable.type, default="")
        if root in ("builtins", "__main__", "") or is_pythons:  # to use it is to run what it was made of
            found |= {UNKNOWN, f"{UNKNOWN}{RUNNING}"}
        return found

    def _imported(self, node: ast.Call, importer: str) -> set[str]:
        """The modules that a call gives: ``__import__("os.path")`` is `os`, unless it is told what to take from `os.path`."""
        given = {word.arg: word.value for word in node.keywords}
        modules = {name.lstrip(".") for name in self._names_in(node.args[0] if node.args else given.get("name"))}
        if importer == "importlib.import_module":
            return modules
        wanted = node.args[3] if len(node.args) > 3 else given.get("fromlist")
        if isinstance(wanted, ast.List | ast.Tuple) and wanted.elts:
            return modules
        packages = {module.partition(".")[0] for module in modules}
        return packages if wanted is None and None not in given else packages | modules

    def _call_origins(self, node: ast.Call) -> frozenset[str]:
        out: set[str] = set()
        for origin in self.origins_of(node.func):
            match origin:
                case "builtins.__import__" | "importlib.import_module" | "importlib.__import__":
                    out |= self._imported(node, origin)
                case "builtins.getattr" | "inspect.getattr_static":
                    names = self._names_in(node.args[1] if len(node.args) > 1 else None)
                    owners = self.origins_of(node.args[0]) if node.args else ()
                    out |= {self._member(owner, name) for owner in owners or ("",) for name in names}
                case "builtins.vars" | "builtins.globals" | "builtins.locals":
                    out |= (
                        {f"{owner}.__dict__" for owner in self.origins_of(node.args[0])} if node.args else {"<globals>"}
                    )
                case (
                    "functools.partial"
                    | "functools.partialmethod"
                    | "functools.wraps"
                    | "builtins.iter"
                    | "builtins.next"
                    | "importlib.reload"
                ):
                    out |= self.origins_of(node.args[0]) if node.args else set()
                case "builtins.super":
                    for definition in self.definitions(getattr(node, "class_name", "")):
                        for base in getattr(definition, "bases", ()):
                            out |= {f"{made}()" for made in self.origins_of(base)}
                case _ if origin.startswith(_PASSING_MODULES) or (
                    origin.startswith("builtins.") and origin[9:] in _PASSING
                ):
                    given = [*node.args, *(word.value for word in node.keywords if word.arg != "key")]
                    found = frozenset().union(*map(self.origins_of, given))
                    if origin == "builtins.map":
                        found = found.union(
                            *(self._call_origins(ast.Call(func=part, args=[], keywords=[])) for part in node.args[:1])
                        )
                    if not origin.startswith("builtins."):
                        found |= {f"{origin}()"}
                    elif origin[9:] not in _LAZY:
                        found = frozenset(name for name in found if not name.endswith(RUNNING))
                    out |= found
                case "sys.modules.copy" | "<globals>.copy":
                    out.add(origin.removesuffix(".copy"))
                case "sqlite3.connect" | "duckdb.connect" if is_in_memory(
                    node, tuple(self.read(node.args[0])) if node.args else ()
                ):
                    out.add(":memory:")
                case _ if origin.startswith("<") and origin.endswith(">"):
                    for definition in self.definitions(origin[1:-1]):
                        if isinstance(definition, ast.ClassDef):
                            out.add(f"{origin}()")
                        elif isinstance(definition, ast.Lambda):
                            out |= self.origins_of(definition.body)
                        else:
                            returns, is_generator = self.returns_of(definition)
                            out |= frozenset().union(*map(self.origins_of, returns))
                            if is_generator or isinstance(definition, ast.AsyncFunctionDef):
                                out.add(f"{origin}{RUNNING}")
                case "builtins.type" if len(node.args) == 1:
                    made = {origin.removesuffix("()") for origin in self.origins_of(node.args[0])}
                    out |= {name for name in made if name.rpartition(".")[2][:1].isupper()} | {"builtins.type()"}
                case _ if (
                    origin.endswith((".get", ".pop", ".__getitem__"))
                    and node.args
                    and origin.rpartition(".")[0] not in ROOTS
                ):
                    out |= self._member_origins(frozenset({origin.rpartition(".")[0]}), node.args[0])
                case _:
                    out.add(_without_middle(f"{origin}()"))
        return frozenset(out)

    def _names_in(self, node: ast.expr | None) -> set[str]:
        """Names that a text may be; ``<unknown>`` for one of which something only shows when the code runs."""
        names = self.read(node) if node is not None else ()
        return {name if name.replace(".", "_").isidentifier() else UNKNOWN for name in names} or {UNKNOWN}

    def _item_origins(self, value: ast.expr, index: ast.expr) -> frozenset[str]:
        owners = self.origins_of(value)
        if isinstance(value, ast.Dict) and not any(map(is_namespace, owners)):
            return owners
        return self._member_origins(owners, index)

    def _member_origins(self, owners: frozenset[str], index: ast.expr) -> frozenset[str]:
        """What stands under a key: modules below `sys.modules`, names below `globals()`, members below `__dict__`."""
        out: set[str] = set()
        for owner in owners:
            if owner == "sys.modules":
                out |= self._names_in(index)
            elif owner == "<globals>" or owner.endswith((".user_ns", ".user_global_ns")):
                for name in self._names_in(index):
                    out |= {name} if name == UNKNOWN else self._name_origins(name, self._everywhere())
            elif owner.endswith(".__dict__") or owner == "builtins":
                base = owner.removesuffix(".__dict__")
                out |= {self._member(base, name) for name in self._names_in(index)}
            else:
                out.add(owner)
        return frozenset(out)

    def count_step(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise RecursionError

    def definitions(self, name: str) -> Iterator[ast.AST]:
        self.count_step()
        if name in self._unnamed:
            yield self._unnamed[name]
        for bindings in (self.own, *self.before):
            yield from bindings.definitions.get(name, ())

    def texts(self, node: ast.expr | None, depth: int = 0) -> tuple[str, ...]:
        """Texts that an expression may be; of one put together, its beginning."""
        if depth > 12:
            return ()
        self.count_step()
        match node:
            case ast.Constant(value=str(text)):
                return (text,)
            case ast.Constant(value=bytes(data)):
                return (data.decode("latin-1"),)
            case ast.JoinedStr(values=[first, *_]):
                return self.texts(first.value if isinstance(first, ast.FormattedValue) else first, depth + 1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                begin, end = self.texts(left, depth + 1), self.texts(right, depth + 1)
                return tuple(a + b for a in begin[:4] for b in end[:4]) if end else begin
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined([left, right], depth)
            case ast.BinOp(left=left):
                return self.texts(left, depth + 1)
            case ast.Name(id=name):
                scopes = self._scopes_of(node)
                values = [value for bindings in scopes for value in bindings.values.get(name, ())]
                texts = list(dict.fromkeys(text for value in values for text in self.texts(value, depth + 1)))
                if len(scopes) > 1 and (variable := self.live.get(name)) is not None:
                    value = variable.facts.get("value")
                    texts += [value.strip("'\"")] if isinstance(value, str) else []
                return tuple(texts[:64])
            case ast.Call(
                func=ast.Attribute(value=ast.Constant(value=str(between)), attr="join"),
                args=[ast.List(elts=parts) | ast.Tuple(elts=parts)],
            ):
                known = [self.texts(part, depth + 1)[:1] for part in parts[:32]]
                return (between.join(text for texts in known for text in texts),) if any(known) else (between,)
            case ast.Call(
                func=ast.Attribute(
                    value=base, attr="format" | "join" | "strip" | "lower" | "replace" | "encode" | "decode"
                )
            ):
                return self.texts(base, depth + 1)
            case ast.Call(func=ast.Attribute(value=base, attr="expanduser" | "resolve" | "absolute"), args=[]):
                return self.texts(base, depth + 1)
            case ast.Call(func=ast.Attribute(value=base, attr="joinpath"), args=parts):
                return self._joined([base, *parts], depth)
            case ast.Call(args=[first, *rest]) if any(
                origin.startswith(("os.path.", "pathlib.", "builtins.str", "urllib.parse."))
                for origin in self.origins_of(node.func)
            ):
                return self._joined([first, *rest], depth) if rest else self.texts(first, depth + 1)
            case ast.IfExp(body=body, orelse=other):
                return (*self.texts(body, depth + 1), *self.texts(other, depth + 1))
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return tuple(text for part in parts[:8] for text in self.texts(part, depth + 1))
            case ast.Starred(value=value):
                return self.texts(value, depth + 1)
            case _:
                return ()

    def _joined(self, parts: list[ast.expr], depth: int) -> tuple[str, ...]:
        """Paths that are put together of parts, of which some may not be known."""
        known = [self.texts(part, depth + 1)[:4] for part in parts]
        if not known[0] and not any(known[1:]):
            return ()
        paths = known[0] or ("",)
        for texts in known[1:]:
            paths = tuple(f"{path.rstrip('/')}/{text}" for path in paths for text in texts or ("",))[:16]
        return paths
