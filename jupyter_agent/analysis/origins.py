"""Name resolution: the dotted names of what an expression may be, through imports, assignments, functions and modules next to the notebook."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from jupyter_agent.analysis.cells.source import parse
from jupyter_agent.analysis.risk_tables import EMBEDDED, ROOTS, USUAL_NAMES, VERDICTS, verdict
from jupyter_agent.core.kernel_state import Variable


@dataclass(slots=True)
class Bindings:
    """What a source binds: names to the values they may have, functions and classes, and modules whose names were all imported."""

    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    modules: dict[str, set[str]] = field(default_factory=dict)
    definitions: dict[str, list[ast.AST]] = field(default_factory=dict)
    methods: dict[str, list[ast.AST]] = field(default_factory=dict)
    stars: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    #: What is added to a name's value, in the order of the source.
    added: dict[str, list[ast.expr]] = field(default_factory=dict)
    #: Values of attributes, whatever their object.
    attributes: dict[str, list[ast.expr]] = field(default_factory=dict)
    #: Parameters → the functions that have them, each with the name that it is called by.
    parameters: dict[str, list[tuple[str, ast.arguments]]] = field(default_factory=dict)
    #: Names of functions → calls of them, or with them among the arguments.
    calls: dict[str, list[ast.Call]] = field(default_factory=dict)
    #: Names that are read, and not called.
    handed_on: set[str] = field(default_factory=set)

    def add(self, other: Bindings) -> None:
        """Add the names that another source binds."""
        for name, values in other.values.items():
            self.values.setdefault(name, []).extend(values)
        for name, modules in other.modules.items():
            self.modules.setdefault(name, set()).update(modules)
        for name, definitions in other.definitions.items():
            self.definitions.setdefault(name, []).extend(definitions)
        for name, methods in other.methods.items():
            self.methods.setdefault(name, []).extend(methods)
        self.stars |= other.stars
        self.unknown |= other.unknown

    def __contains__(self, name: str) -> bool:
        return name in self.values or name in self.modules or name in self.definitions or name in self.unknown


class _Collector(ast.NodeVisitor):
    """Collects the bindings of a tree, wherever in it they stand: order and scope are left out, which only finds more."""

    def __init__(self) -> None:
        self.bindings = Bindings()
        self._class_name = ""
        self._lambdas: dict[int, str] = {}

    def _bind(self, target: ast.expr, value: ast.expr | None) -> None:
        match target:
            case ast.Name(id=name):
                if value is None:
                    self.bindings.unknown.add(name)
                elif isinstance(value, ast.Lambda):
                    self._lambdas[id(value)] = name
                    self.bindings.definitions.setdefault(name, []).append(value)
                else:
                    self.bindings.values.setdefault(name, []).append(value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                parts = (
                    value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets) else None
                )
                for index, part in enumerate(targets):
                    self._bind(part, parts[index] if parts else _item_of(value))
            case ast.Attribute(attr=name) if value is not None:
                self.bindings.attributes.setdefault(name, []).append(value)
            case ast.Starred(value=inner):
                self._bind(inner, value)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._bind(target, node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.bindings.added.setdefault(node.target.id, []).append(node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._bind(node.target, node.value)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._bind(node.target, node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._bind(node.target, _item_of(node.iter))
        self.generic_visit(node)

    visit_AsyncFor = visit_For  # noqa: N815 - ast's own name

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._bind(node.target, _item_of(node.iter))
        self.generic_visit(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self._bind(node.optional_vars, node.context_expr)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.bindings.modules.setdefault(name, set()).add(alias.name if alias.asname else name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.bindings.stars.add(module)
            else:
                self.bindings.modules.setdefault(alias.asname or alias.name, set()).add(f"{module}.{alias.name}")

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.bindings.definitions.setdefault(node.name, []).append(node)
        self._bind_parameters(self._class_name if node.name == "__init__" else node.name, node.args)
        self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's own name

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._bind_parameters(self._lambdas.get(id(node), ""), node.args)
        self.generic_visit(node)

    def _bind_parameters(self, function: str, arguments: ast.arguments) -> None:
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            self.bindings.unknown.add(argument.arg)
            self.bindings.parameters.setdefault(argument.arg, []).append((function, arguments))

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.bindings.handed_on.add(node.id)

    def visit_Call(self, node: ast.Call) -> None:
        for called in (node.func, *node.args):
            if isinstance(called, ast.Name | ast.Attribute):
                name = called.id if isinstance(called, ast.Name) else called.attr
                self.bindings.calls.setdefault(name, []).append(node)
            if not isinstance(called, ast.Name):
                self.visit(called)
        for keyword in node.keywords:
            self.visit(keyword.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bindings.definitions.setdefault(node.name, []).append(node)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                self.bindings.methods.setdefault(statement.name, []).append(statement)
        outer, self._class_name = self._class_name, node.name
        self.generic_visit(node)
        self._class_name = outer


def _item_of(value: ast.expr | None) -> ast.expr | None:
    """One of what an expression contains."""
    return ast.Starred(value=value, ctx=ast.Load()) if value is not None else None


def collect(tree: ast.AST) -> Bindings:
    """The bindings of a tree."""
    collector = _Collector()
    collector.visit(tree)
    return collector.bindings


@lru_cache(maxsize=4096)
def bindings_of(source: str) -> Bindings:
    """The bindings of a source; none where it is nested too deeply."""
    try:
        return collect(parse(source).tree)
    except RecursionError:
        return Bindings()


def imported_modules(sources: Iterable[str], package: str = "") -> tuple[str, ...]:
    """Dotted names of modules that sources import and that no table knows: they may lie next to the notebook.

    Args:
        sources: Of cells, or of one module.
        package: Where relative imports of the module begin.
    """
    found: set[str] = set()
    for source in sources:
        bindings = bindings_of(source)
        for name in (*(module for modules in bindings.modules.values() for module in modules), *bindings.stars):
            level = len(name) - len(name.lstrip("."))
            owner = package
            for _ in range(level - 1):
                owner = owner.rpartition(".")[0]
            full = ".".join(filter(None, (owner if level else "", name.lstrip("."))))
            if full and full.partition(".")[0] not in ROOTS:
                found |= {full, full.rpartition(".")[0]}
    return tuple(sorted(found - {""}))


def is_in_memory(node: ast.Call, texts: tuple[str, ...]) -> bool:
    """Whether a call opens a database that lives in memory only, `texts` being what its first argument may be."""
    return (not node.args and not node.keywords) or (bool(texts) and all(text in (":memory:", "") for text in texts))


class NameResolver:
    """Resolves expressions of a piece of code, given what ran before it.

    Args:
        sources: What ran before, or may have.
        live: The kernel's variables by name.
        modules: Sources of modules next to the notebook, by dotted name.
    """

    def __init__(self, sources: Iterable[str], live: Mapping[str, Variable], modules: Mapping[str, str]) -> None:
        self.own = Bindings()
        before = Bindings()
        self._sources = [bindings_of(source) for source in (*sources, *modules.values())]
        for bindings in self._sources:
            before.add(bindings)
        self.before = [before]
        self.live = live
        self.modules = modules
        self._resolving: set[int] = set()
        self._cache: dict[int, frozenset[str]] = {}
        self._trees: list[ast.AST] = []

    @contextmanager
    def scope(self, tree: ast.AST) -> Iterator[None]:
        """Resolve the expressions of this tree; what was resolved until now ran before it."""
        self._trees.append(tree)  # kept, since nodes are known by their identity
        own, before = self.own, self.before
        self.own, self.before = collect(tree), [own, *before]
        self._cache.clear()
        try:
            yield
        finally:
            self.own, self.before = own, before
            self._cache.clear()

    def methods(self, name: str) -> Iterator[ast.AST]:
        """Methods of this name, of whatever class."""
        for bindings in (self.own, *self.before):
            yield from bindings.methods.get(name, ())

    def is_bound(self, name: str) -> bool:
        return name in self.own or name in self.live or any(name in bindings for bindings in self.before)

    def origins_of(self, node: ast.expr | None) -> frozenset[str]:
        """Dotted names of what an expression may be: ``os.remove``, ``requests.Session()``; ``<name>`` for a definition."""
        if node is None or isinstance(node, ast.Constant):
            return frozenset()
        key = id(node)
        if key in self._cache:
            return self._cache[key]
        if key in self._resolving:
            return frozenset()
        self._resolving.add(key)
        try:
            origins = self._resolve(node)
        finally:
            self._resolving.discard(key)
        if len(origins) > 64:
            origins = frozenset(sorted(origins)[:64])
        self._cache[key] = origins
        return origins

    def _resolve(self, node: ast.expr) -> frozenset[str]:
        match node:
            case ast.Name(id=name):
                return self._name_origins(name)
            case ast.Attribute(value=value, attr=attribute):
                return frozenset(self._member(origin, attribute) for origin in self.origins_of(value) or ("",))
            case ast.Call():
                return self._call_origins(node)
            case ast.Subscript(value=value, slice=index):
                return self._item_origins(value, index)
            case ast.Await(value=value) | ast.Starred(value=value) | ast.NamedExpr(value=value):
                return self.origins_of(value)
            case ast.IfExp(body=body, orelse=other):
                return self.origins_of(body) | self.origins_of(other)
            case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
                return frozenset().union(*map(self.origins_of, values))
            case ast.Dict(values=values):
                return frozenset().union(*map(self.origins_of, values))
            case ast.BinOp(left=left, right=right):
                return self.origins_of(left) | self.origins_of(right)
            case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
                return self.origins_of(element)
            case _:
                return frozenset()

    def _member(self, origin: str, name: str) -> str:
        """A member of what `origin` stands for; of a module next to the notebook, what its source defines."""
        if (source := self.modules.get(origin)) is None:
            full = f"{origin}.{name}"[-300:]
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

    def _bindings_of(self, name: str) -> tuple[list[Bindings], bool]:
        """Where a name is bound, and whether only in this code."""
        own_values = [part for value in self.own.values.get(name, ()) for part in ast.walk(value)]
        # ``os = os`` means what the name stood for before
        is_hidden = name in self.own and not any(isinstance(part, ast.Name) and part.id == name for part in own_values)
        bound = [bindings for bindings in ((self.own,) if is_hidden else (self.own, *self.before)) if name in bindings]
        return bound, is_hidden

    def values_of(self, name: str) -> list[ast.expr | None]:
        """What a name may be bound to, parameters by the calls of their functions; None for what is not known."""
        bound, is_hidden = self._bindings_of(name)
        found: list[ast.expr | None] = [value for bindings in bound for value in bindings.values.get(name, ())]
        for bindings in (self.own,) if is_hidden else self._everywhere():
            for function, arguments in bindings.parameters.get(name, ()):
                found += self._given_to(function, name, arguments)
        return found

    def _everywhere(self) -> tuple[Bindings, ...]:
        return (self.own, *self.before, *self._sources)

    def added_to(self, name: str) -> list[ast.expr]:
        """What is added to a name's value by augmented assignments."""
        return [value for bindings in self._everywhere() for value in bindings.added.get(name, ())]

    def attribute_values(self, name: str) -> list[ast.expr]:
        """What attributes of this name are bound to."""
        return [value for bindings in self._everywhere() for value in bindings.attributes.get(name, ())]

    def _given_to(self, function: str, parameter: str, arguments: ast.arguments) -> Iterator[ast.expr | None]:
        """What calls give to a parameter of a function."""
        everywhere = self._everywhere()
        names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
        position = names.index(parameter) if parameter in names else -1
        defaults = (
            arguments.defaults[position - len(names) :] if position >= len(names) - len(arguments.defaults) else []
        )
        yield from defaults[:1]
        if not function or any(function in bindings.handed_on for bindings in everywhere):
            yield None
            return
        calls = [call for bindings in everywhere for call in bindings.calls.get(function, ())]
        for call in calls:
            func = call.func
            if isinstance(func, ast.Name | ast.Attribute) and function == (
                func.id if isinstance(func, ast.Name) else func.attr
            ):
                index = position - (names[:1] == ["self"])
                given = [word.value for word in call.keywords if word.arg in (parameter, None)]
                spread = [argument for argument in call.args if isinstance(argument, ast.Starred)]
                yield from given or spread or (call.args[index : index + 1] if index >= 0 else [])
            else:  # handed to what calls it, such as `map`
                yield from (_item_of(argument) for argument in call.args)
        if not calls:
            yield None

    def _name_origins(self, name: str) -> frozenset[str]:
        found: set[str] = set()
        bound, is_hidden = self._bindings_of(name)
        is_own = name in self.own
        for bindings in bound:
            for module in bindings.modules.get(name, ()):
                owner, _, member = module.rpartition(".")
                is_local = owner in self.modules and module not in self.modules
                found.add(self._member(owner, member) if is_local else module)
            if name in bindings.definitions:
                found.add(f"<{name}>")
            for value in bindings.values.get(name, ()):
                found |= self.origins_of(value)
        if is_hidden:
            return frozenset(found)
        if not found:
            stars = {f"{module}.{name}" for bindings in (self.own, *self.before) for module in bindings.stars}
            known = {star for star in stars if verdict(star, default="?") != "?"}
            found |= known or (stars if not bound and not hasattr(builtins, name) else set())
        if (variable := self.live.get(name)) is not None:
            found |= self._live_origins(name, variable, known=bool(found))
        elif not found and (not bound or is_own):
            if name == "__builtins__" or name in USUAL_NAMES:
                found.add(USUAL_NAMES.get(name, "builtins"))
            elif hasattr(builtins, name):
                found.add(f"builtins.{name}")
            elif name in ROOTS:
                found.add(name)
        return frozenset(found)

    def _live_origins(self, name: str, variable: Variable, *, known: bool) -> set[str]:
        """What a variable of the kernel stands for; `known` where a source says it already."""
        if variable.kind == "module":
            module = variable.facts.get("module")
            return {module} if isinstance(module, str) and module else {"<unknown>"}
        if variable.kind in ("function", "class"):
            return set() if known else {"<unknown>"}
        root = variable.type.partition(".")[0]
        return {f"{variable.type}()"} if root not in ("builtins", "") else set()

    def _call_origins(self, node: ast.Call) -> frozenset[str]:
        out: set[str] = set()
        for origin in self.origins_of(node.func):
            match origin:
                case "builtins.__import__" | "importlib.import_module" | "importlib.__import__":
                    names = self.texts(node.args[0]) if node.args else ()
                    out |= {name.lstrip(".") for name in names} or {"<unknown>"}
                case "builtins.getattr":
                    names = self.texts(node.args[1]) if len(node.args) > 1 else ()
                    owners = self.origins_of(node.args[0]) if node.args else ()
                    out |= {f"{owner}.{name}" for owner in owners or ("",) for name in names or ("<unknown>",)}
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
                case (
                    "builtins.list"
                    | "builtins.tuple"
                    | "builtins.sorted"
                    | "builtins.reversed"
                    | "builtins.enumerate"
                    | "builtins.zip"
                ):
                    out |= frozenset().union(*map(self.origins_of, node.args)) if node.args else set()
                case "sqlite3.connect" | "duckdb.connect" if is_in_memory(
                    node, self.texts(node.args[0] if node.args else None)
                ):
                    out.add(":memory:")
                case _ if origin.startswith("<") and origin.endswith(">"):
                    for definition in self.definitions(origin[1:-1]):
                        if isinstance(definition, ast.ClassDef):
                            out.add(f"{origin}()")
                        elif isinstance(definition, ast.Lambda):
                            out |= self.origins_of(definition.body)
                        else:
                            returns = [
                                part.value for part in ast.walk(definition) if isinstance(part, ast.Return | ast.Yield)
                            ]
                            out |= frozenset().union(*map(self.origins_of, returns))
                case _ if origin.endswith((".get", ".pop", ".__getitem__")) and node.args:
                    out |= self._member_origins(frozenset({origin.rpartition(".")[0]}), node.args[0])
                case _:
                    out.add(f"{origin}()")
        return frozenset(out)

    def _item_origins(self, value: ast.expr, index: ast.expr) -> frozenset[str]:
        owners = self.origins_of(value)
        if isinstance(value, ast.Dict):
            return owners
        return self._member_origins(owners, index)

    def _member_origins(self, owners: frozenset[str], index: ast.expr) -> frozenset[str]:
        """What stands under a key: modules below `sys.modules`, names below `globals()`, members below `__dict__`."""
        out: set[str] = set()
        for owner in owners:
            if owner == "sys.modules":
                out |= set(self.texts(index)) or {"<unknown>"}
            elif owner == "<globals>" or owner.endswith((".user_ns", ".user_global_ns")):
                names = self.texts(index)
                out |= frozenset().union(*map(self._name_origins, names)) if names else {"<unknown>"}
            elif owner.endswith(".__dict__") or owner == "builtins":
                base = owner.removesuffix(".__dict__")
                out |= {f"{base}.{name}" for name in self.texts(index)} or {"<unknown>"}
            else:
                out.add(owner)
        return frozenset(out)

    def definitions(self, name: str) -> Iterator[ast.AST]:
        for bindings in (self.own, *self.before):
            yield from bindings.definitions.get(name, ())

    def texts(self, node: ast.expr | None, depth: int = 0) -> tuple[str, ...]:
        """Texts that an expression may be; of one put together, its beginning."""
        if depth > 12:
            return ()
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
                texts = [text for bindings in ([self.own] if name in self.own else self.before)
                         for value in bindings.values.get(name, ())[-3:] for text in self.texts(value, depth + 1)]  # fmt: skip
                if name not in self.own and (variable := self.live.get(name)) is not None:
                    value = variable.facts.get("value")
                    texts += [value.strip("'\"")] if isinstance(value, str) else []
                return tuple(texts[:16])
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
