"""Visits a cell's syntax tree in evaluation order and collects its effects, statement by statement and scope by scope."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace

from jupyter_agent.analysis.cells import library_calls as library
from jupyter_agent.analysis.cells import source
from jupyter_agent.analysis.cells.access_paths import (
    access_path,
    column_keywords,
    constant_key,
    constant_text,
    dotted_path,
    keyword_names,
)
from jupyter_agent.analysis.cells.effects import (
    IN_PLACE,
    LENGTH,
    ORDER,
    SQL,
    CallSite,
    FunctionSummary,
    Mutation,
    MutationKind,
    NameRead,
    SharedObject,
)
from jupyter_agent.analysis.cells.scopes import FUNCTIONS, local_names, parameters_of, type_parameters
from jupyter_agent.analysis.cells.set_order import (
    IGNORED,
    ORDERED,
    has_texts,
    ignored_by,
    is_set,
    order_counts,
    text_sources,
)
from jupyter_agent.analysis.cells.sharing import assigned, elements_of, shared_objects, stored_by
from jupyter_agent.analysis.cells.source import CellMagic, is_magic, parse
from jupyter_agent.analysis.cells.sql import sql_of

#: Keywords whose argument a call changes, and how.
_KEYWORD_MUTATIONS: dict[str, MutationKind] = {"out": "overwrite", "ax": "unknown", "file": "accumulate"}
_YIELDS = (ast.Yield, ast.YieldFrom)
_EXITS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class EffectVisitor:
    """Collects the effects of one scope: a function's body, or one statement at the top level of a cell.

    Args:
        magics: The cell's magics; the tree refers to them by number.
        local: The function's local names; None for a scope that is no function.

    Attributes:
        reads: Uses of names that the scope does not bind first, by name, key and whether the key is an attribute.
        bound: Names that it binds on some path, in order.
        definite: Names that are bound on every path up to here.
        certain: Whether what is visited now is on every path.
    """

    def __init__(self, magics: Sequence[CellMagic], local: frozenset[str] | None = None) -> None:
        self.magics = magics
        self.local = local or frozenset()
        self.reads: dict[tuple[str, str | None, bool], NameRead] = {}
        self.bound: dict[str, None] = {}
        self.definite: set[str] = set()
        self.deleted: dict[str, None] = {}
        self.globals: set[str] = set()
        self.mutations: list[Mutation] = []
        self.shares: list[tuple[str, SharedObject]] = []
        self.calls: list[CallSite] = []
        self.functions: list[FunctionSummary] = []
        self.imports: list[tuple[str, str]] = []
        self.magic_texts: list[str] = []
        self.shows = False
        self.wildcard = ""
        self.resets_namespace = False
        self.certain = True
        self._is_function = local is not None
        #: Local name of a function's own import → its full name.
        self._local_imports: dict[str, str] = {}
        #: A loop's variable → the names whose elements it stands for.
        self._elements_of: dict[str, tuple[str, ...]] = {}
        self._shadows: list[frozenset[str]] = []
        #: A comprehension's variable → the name over which it iterates.
        self._iterated: dict[str, str] = {}
        #: What of the expression that is visited does not count, as in `CallSite.ignored`.
        self._ignored = ""

    # --- names ---------------------------------------------------------------------------------------------------

    def is_inner(self, name: str) -> bool:
        """Whether a name means something inside of this scope, not the outer one."""
        return name in self.definite or name in self.local or self._is_shadowed(name)

    def _is_shadowed(self, name: str) -> bool:
        return any(name in names for names in self._shadows)

    def read(self, name: str, key: str | None = None, attribute: bool = False) -> None:
        """Record a use of a name."""
        if self.is_inner(name):
            return
        use = (name, key, attribute)
        known = self.reads.get(use)
        if known is None or (self.certain and not known.sure):
            self.reads[use] = NameRead(name, key, attribute, self.certain)

    def bind(self, name: str) -> None:
        """Record a binding of a name."""
        if not self._is_shadowed(name):
            self.bound[name] = None
            self.definite.add(name)

    def mutate(
        self,
        name: str,
        key: str | None,
        kind: MutationKind,
        method: str = "",
        *,
        columns_only: bool = False,
        deep: bool = False,
    ) -> None:
        """Record a mutation; of a loop's variable it is one of what the loop iterates over."""
        if self._is_shadowed(name):
            collection = self._iterated.get(name, "")
            if collection and collection != name:
                self.mutate(collection, None, "overwrite" if kind == "assign" else kind, method, deep=True)
            return
        for collection in self._elements_of.get(name, ()):
            self.mutate(collection, None, "overwrite" if kind == "assign" else kind, method, deep=True)
        if name not in self.definite:
            self.mutations.append(Mutation(name, key, kind, method, self.certain, columns_only, deep))

    @contextmanager
    def _shadowed(self, names: Iterable[str]) -> Iterator[None]:
        """Within, these names are local to a comprehension, a lambda or a handler."""
        self._shadows.append(frozenset(names))
        try:
            yield
        finally:
            self._shadows.pop()

    @contextmanager
    def _uncertain(self) -> Iterator[None]:
        """Within, nothing is on every path."""
        before, self.certain = self.certain, False
        try:
            yield
        finally:
            self.certain = before

    # --- expressions ---------------------------------------------------------------------------------------------

    def expressions(self, nodes: Iterable[ast.expr | None]) -> None:
        """Visit several expressions."""
        for node in nodes:
            self.expression(node)

    def _ignoring(self, what: str, nodes: Iterable[ast.expr | None]) -> None:
        """Visit expressions of whose values something does not count."""
        for node in nodes:
            self._ignored = what
            self.expression(node)
        self._ignored = ""

    def expression(self, node: ast.AST | None) -> None:
        """Visit an expression."""
        ignored, self._ignored = self._ignored, ""
        match node:
            case None | ast.Constant():
                return
            case ast.Name(id=name):
                self.read(name, *((LENGTH, True) if ignored == "values" else ()))
            case (
                ast.Subscript(
                    value=ast.Call(func=ast.Name(id="globals" | "locals"), args=[]), slice=ast.Constant(value=str(name))
                )
                | ast.Call(
                    func=ast.Attribute(value=ast.Call(func=ast.Name(id="globals" | "locals"), args=[]), attr="get"),
                    args=[ast.Constant(value=str(name)), *_],
                )
            ):
                with self._uncertain():
                    self.read(name)
            case ast.Attribute() | ast.Subscript():
                self._access(node)
            case ast.Call():
                self._call(node, ignored=ignored)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                self._ignoring(ignored, elements)
            case ast.Starred(value=value):
                self._order(value)
                self.expression(value)
            case ast.FormattedValue(value=value, format_spec=form):
                self._order(value)
                self.expressions([value, form])
            case ast.Compare(
                left=ast.Constant(value=str(name)),
                ops=[ast.In() | ast.NotIn()],
                comparators=[ast.Call(func=ast.Name(id="dir" | "globals" | "locals" | "vars"), args=[])],
            ):
                with self._uncertain():
                    self.read(name)
            case ast.Compare(left=left, comparators=[*others]):
                self._ignoring("identity", (left, *others))
            case ast.Lambda(args=arguments, body=body):
                self.expressions([*arguments.defaults, *arguments.kw_defaults])
                with self._shadowed(argument.arg for argument in parameters_of(arguments)), self._uncertain():
                    self.expression(body)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                self.expression(value)
                self._assign(node.target, value)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node, ignored)
            case ast.BoolOp(values=values):
                self.expression(values[0])
                with self._uncertain():
                    self.expressions(values[1:])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.expression(test)
                with self._uncertain():
                    self.expressions([body, orelse])
            case _:
                for child in ast.iter_child_nodes(node):
                    self.expression(child)

    def _access(self, node: ast.Attribute | ast.Subscript) -> None:
        """Visit the use of an attribute or an item: of a named object only that part of it is read."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            self._call(node.value, attribute=node.attr)
            return
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.List) and isinstance(node.value, ast.Name):
            columns = [constant_key(element) for element in node.slice.elts]
            if columns and None not in columns:
                for column in columns:
                    self.read(node.value.id, column)
                return
        path = access_path(node)
        if path is None or path.called or self.is_inner(path.name):
            self.expression(node.value)
        elif path.name == "Out" and path.key is not None and path.key.isdigit():
            self.read(f"_{path.key}")
        elif path.key is None:
            self.expression(node.value)
        else:
            self.read(path.name, path.key, path.attribute)
        part: ast.expr = node
        while isinstance(part, (ast.Attribute, ast.Subscript)) and (part is node or access_path(part) is not None):
            if isinstance(part, ast.Subscript):
                self.expression(part.slice)
            part = part.value

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, ignored: str = ""
    ) -> None:
        if not ignored and not isinstance(node, ast.SetComp):
            self._order(node.generators[0].iter)
        self.expression(node.generators[0].iter)
        names = {
            target.id
            for generator in node.generators
            for target in ast.walk(generator.target)
            if isinstance(target, ast.Name)
        }
        with self._shadowed(names):
            for position, generator in enumerate(node.generators):
                if isinstance(generator.target, ast.Name) and isinstance(generator.iter, ast.Name):
                    self._iterated[generator.target.id] = generator.iter.id
                if position:
                    self.expression(generator.iter)
                self.expressions(generator.ifs)
            if isinstance(node, ast.DictComp):
                self.expressions([node.key, node.value])
            else:
                self._ignoring("" if any(part.ifs for part in node.generators) else ignored, [node.elt])
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                self.bind(inner.target.id)

    def _order(self, node: ast.expr) -> None:
        """Note that the order of an expression's elements counts, which for a set is that of the hashes."""
        if is_set(node):
            names = tuple(name for name in text_sources(node) if not self.is_inner(name))
            self.calls.append(CallSite(ORDER, arguments=names, text="texts" if has_texts(node) else "", mode="set"))
        elif isinstance(node, ast.Name) and not self.is_inner(node.id):
            self.calls.append(CallSite(ORDER, arguments=(node.id,)))

    # --- calls ---------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, attribute: str = "", ignored: str = "") -> None:
        """Visit a call; `attribute` is taken of its result at once, of which what is `ignored` does not count."""
        call = _call_site(node, attribute, ignored)
        has_ties = call.name in IGNORED and not ignored_by(node, call.name)
        if (call.name in ORDERED or has_ties) and ignored in ("", "identity"):
            for argument in node.args:
                self._order(argument)
        passed = ignored_by(node, call.name) or (ignored if call.name in ORDERED else "")
        self._ignoring(passed, node.args)
        self.expressions(keyword.value for keyword in node.keywords)
        module = self._local_imports.get(call.root)
        if module:
            call = replace(call, path=module + call.path[len(call.root) :])
        if isinstance(node.func, ast.Attribute):
            self._method_call(node, node.func)
        elif is_magic(node):
            number = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if isinstance(number, int) and 0 <= number < len(self.magics):  # a user may have typed such a call, too
                self._magic(self.magics[number])
        else:
            self.expression(node.func)
            if call.path in ("exec", "eval") and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
                statements: list[ast.stmt] = []
                with suppress(SyntaxError, ValueError):
                    statements = ast.parse(str(node.args[0].value)).body
                self.block(statements)
            elif call.path in ("exec", "eval") and len(node.args) <= 1:  # it is given no namespace of its own
                self.wildcard = call.path
        is_number = call.path == "hash" and any(isinstance(part, ast.Constant) for part in node.args) and not call.text
        if call.path != "__magic__" and not self.is_inner(call.root) and not is_number:
            self.calls.append(call if self.certain else replace(call, sure=False))
        if sql := sql_of(node):
            self.calls.append(CallSite(SQL, text=sql))
        self.shows = self.shows or call.name in library.DISPLAYING
        kind = library.ARGUMENT_MUTATIONS.get(library.usual_path(call.path))
        if kind and call.arguments and call.arguments[0]:
            self.mutate(call.arguments[0], None, kind)
        for keyword in node.keywords:
            if isinstance(keyword.value, ast.Name) and (change := _KEYWORD_MUTATIONS.get(keyword.arg or "")):
                self.mutate(keyword.value.id, None, change)

    def _method_call(self, node: ast.Call, function: ast.Attribute) -> None:
        path = access_path(function.value)
        if path is not None and isinstance(function.value, ast.Name):
            # `np.mean(x)` reads one member of a module, `df.mean()` the whole frame: the interpreter knows which it is.
            self.read(path.name, f"{function.attr}()", attribute=True)
            if function.attr == "pop" and not node.args:
                self._order(function.value)
        else:
            self._ignoring(IGNORED.get(function.attr, ""), [function.value])
        kind = library.METHOD_MUTATIONS.get(function.attr, "unknown")
        in_place = [keyword.value for keyword in node.keywords if keyword.arg == "inplace"]
        if in_place and isinstance(in_place[0], ast.Constant) and in_place[0].value:
            kind = "overwrite" if function.attr in library.IDEMPOTENT else "accumulate"
        if path is None or kind is None:
            return
        if path.computed:
            kind = "unknown"
        key = path.key if path.exact else None
        if kind == "assign":
            key = f"{key or ''}.{function.attr.partition('_')[0]}()"
        columns_only = key is None and library.touches_columns_only(function.attr, column_keywords(node))
        self.mutate(path.name, key, kind, function.attr, columns_only=columns_only, deep=path.depth > 0)
        self.shares += [(path.name, shared) for shared in stored_by(node)]

    def _magic(self, magic: CellMagic) -> None:
        if magic.name not in ("time", "?"):
            self.magic_texts.append(f"{magic.name} {magic.argument} {magic.body}")
        for name in source.OUTPUT_NAMES.findall(magic.argument) if magic.cell else ():
            self.bind(name)
        text = magic.argument + (magic.body if magic.name in ("!", "bash", "sh") else "")
        for expression, name in source.INTERPOLATED.findall(text):
            self.block(parse(expression or name).tree.body)
        self.shows = self.shows or magic.name not in source.SILENT_MAGICS
        self.calls += [CallSite("%%writefile", text=file, mode="a") for file in source.APPENDED.findall(text)]
        if magic.name in ("writefile", "file"):
            *options, file = magic.argument.split() or [""]
            self.calls.append(CallSite("%%writefile", text=file.strip("'\""), mode="a" if "-a" in options else "w"))
        elif magic.name in source.FILE_MAGICS:
            commands = source.commands_in(f"{magic.argument}\n{magic.body}")
            self.calls += [CallSite("os.system"), *map(CallSite, commands)]
        if magic.name in source.TIMERS:
            inner = EffectVisitor(self.magics)
            inner.block(parse(f"{magic.argument}\n{magic.body}" if magic.cell else magic.argument).tree.body)
            for read in inner.reads.values():
                self.read(read.name, read.key, read.attribute)
            self.mutations += inner.mutations
            self.calls += inner.calls
        elif magic.name == "capture" and magic.argument and not magic.argument.startswith("-"):
            self.bind(magic.argument.split()[0])
        elif magic.name in ("reset", "reset_selective"):
            self.resets_namespace = True
        elif magic.name in source.WILD_MAGICS:
            self.wildcard = f"%{magic.name}"

    # --- simple statements ---------------------------------------------------------------------------------------

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Visit statements in order."""
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """Visit one statement."""
        match node:
            case ast.Expr(value=value):
                self.expression(value)
                if not isinstance(value, ast.Constant) and not is_magic(value) and not returns_none(value):
                    self.shows = True
            case ast.Assign(targets=targets, value=value):
                self.expression(value)
                known = next((target for target in targets if isinstance(target, ast.Name)), None)
                for target in targets:
                    self._assign(target, value)
                    if known is not None and target is not known:
                        self.shares += assigned(target, None, shared_objects(known))
            case ast.AugAssign(target=target, value=value):
                self.expression(value)
                if isinstance(target, ast.Name):
                    self.read(target.id)
                    self.mutate(target.id, None, "unknown", IN_PLACE)
                    self.shares += assigned(target, None, shared_objects(ast.BinOp(target, node.op, value)))
                    self.bind(target.id)
                else:
                    self.expression(target)
                    self._mutate_target(target, accumulates=True)
            case ast.AnnAssign(target=target, annotation=annotation, value=value):
                self.expressions([annotation, value])
                if value is not None:
                    self._assign(target, value)
            case ast.Delete(targets=targets):
                for target in targets:
                    self._delete(target)
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function_definition(node)
            case ast.ClassDef():
                self._class_definition(node)
            case ast.Global(names=names):
                self.globals |= set(names)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Match():
                self._match(node)
            case ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.With() | ast.AsyncWith():
                self._compound(node)
            case _ if type(node).__name__ == "TypeAlias":
                name = getattr(node, "name", None)
                if isinstance(name, ast.Name):
                    with self._shadowed(type_parameters(node)), self._uncertain():
                        self.expression(getattr(node, "value", None))
                    self.bind(name.id)
            case _:
                self.expressions(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        """Visit the target of an assignment whose value was visited."""
        if isinstance(target, (ast.Attribute, ast.Subscript)) and self._is_made_of_itself(target, value):
            self._mutate_target(target, accumulates=True)
        else:
            self._target(target)
        self.shares += assigned(target, value, shared_objects(value))

    def _is_made_of_itself(self, target: ast.Attribute | ast.Subscript, value: ast.expr) -> bool:
        """Whether a function, or a cell that sets state of a module, sets ``x.n = x.n + 1`` or ``x[len(x)] = …``."""
        path = access_path(target)
        if path is None or not (self._is_function or path.key in library.MODULE_STATE):
            return False
        own, container = ast.dump(target).replace("Store()", "Load()"), ast.dump(target.value)
        return own in ast.dump(value) or (
            isinstance(target, ast.Subscript) and container in f"{ast.dump(target.slice)} {ast.dump(value)}"
        )

    def _target(self, node: ast.expr) -> None:
        """Visit the target of an assignment."""
        match node:
            case ast.Name(id=name):
                self.bind(name)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self._target(element)
            case ast.Starred(value=value):
                self._target(value)
            case ast.Attribute() | ast.Subscript():
                self._mutate_target(node)

    def _mutate_target(self, node: ast.Attribute | ast.Subscript, *, accumulates: bool = False) -> None:
        """Visit the attribute or item that is assigned, deleted or (`accumulates`) changed from what it was."""
        if isinstance(node, ast.Subscript):
            self.expression(node.slice)
            if isinstance(node.value, ast.Call) and dotted_path(node.value.func) == "globals":
                if isinstance(node.slice, ast.Constant):
                    self.bind(str(node.slice.value))
                else:
                    self.wildcard = "globals()"
                return
        path = access_path(node)
        if path is None:
            self.expression(node.value)
            return
        if not path.exact:
            # `a[i].b[j] = 1` reads `i`
            part = node.value
            while isinstance(part, (ast.Attribute, ast.Subscript)):
                if isinstance(part, ast.Subscript):
                    self.expression(part.slice)
                part = part.value
            if not isinstance(part, ast.Name):
                self.expression(part)
        key = path.key if path.key not in library.WHOLE_OBJECT_ATTRIBUTES else None
        exact = path.exact and key is not None
        kind: MutationKind = "accumulate" if accumulates else "assign" if exact else "overwrite"
        self.mutate(path.name, key, kind, deep=accumulates or path.depth > 1)

    def _delete(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.read(target.id)
            self.definite.discard(target.id)
            self.bound.pop(target.id, None)
            self.deleted[target.id] = None
        elif isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._delete(element)
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            self._mutate_target(target, accumulates=True)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                module = alias.name if alias.asname else name
            else:
                name, module = alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"
            if name == "*":
                self.wildcard = f"from {module.removesuffix('.*')} import *"
            elif module.partition(".")[0] != "__future__":
                self.imports.append((name, module))
                if name in self.local:
                    self._local_imports[name] = module
                self.bind(name)

    # --- compound statements -------------------------------------------------------------------------------------

    def _compound(self, node: ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith) -> None:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                self.expression(test)
                before, ends = set(self.definite), list[set[str]]()
                with self._uncertain():
                    for branch in (body, orelse):
                        self.definite = set(before)
                        self.block(branch)
                        if not (branch and isinstance(branch[-1], _EXITS)):
                            ends.append(self.definite)
                self.definite = set.intersection(*ends) if ends else before
            case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable):
                if order_counts(node.body):
                    self._order(iterable)
                self.expression(iterable)
                self._target(node.target)
                self.shares += assigned(node.target, None, elements_of(iterable))
                names = tuple(name.id for name in ast.walk(iterable) if isinstance(name, ast.Name))
                for target in ast.walk(node.target):
                    if isinstance(target, ast.Name):
                        no_collections = (target.id, "range", "zip", "enumerate")
                        self._elements_of[target.id] = tuple(name for name in names if name not in no_collections)
                self.block([*node.body, *node.orelse])
            case ast.While(test=test, body=body, orelse=orelse):
                self.expression(test)
                self.block([*body, *orelse])
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    self.expression(item.context_expr)
                    if item.optional_vars is not None:
                        self._assign(item.optional_vars, item.context_expr)
                self.block(body)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        before = set(self.definite)
        with self._uncertain() if node.handlers else nullcontext():
            self.block([*node.body, *node.orelse])
            ends = [set(self.definite)]
            for handler in node.handlers:
                self.definite = set(before)
                self.expression(handler.type)
                with self._shadowed([handler.name] if handler.name else []):
                    self.block(handler.body)
                if not isinstance(handler.body[-1], _EXITS):
                    ends.append(set(self.definite))
        self.definite = set.intersection(*ends)
        self.block(node.finalbody)

    def _match(self, node: ast.Match) -> None:
        self.expression(node.subject)
        before, ends = set(self.definite), []
        with self._uncertain():
            for case in node.cases:
                self.definite = set(before)
                for pattern in ast.walk(case.pattern):
                    match pattern:
                        case (
                            ast.MatchAs(name=str(name))
                            | ast.MatchStar(name=str(name))
                            | ast.MatchMapping(rest=str(name))
                        ):
                            self.bind(name)
                            self.shares += [(name, shared) for shared in shared_objects(node.subject)]
                            self.shares += [(name, shared) for shared in elements_of(node.subject)]
                        case ast.MatchValue(value=expression) | ast.MatchClass(cls=expression):
                            self.expression(expression)
                self.expression(case.guard)
                self.block(case.body)
                ends.append(self.definite)
        last = node.cases[-1]
        irrefutable = last.guard is None and isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        self.definite = set.intersection(*ends) if irrefutable else before

    # --- functions and classes -----------------------------------------------------------------------------------

    def _function_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.expressions([*node.decorator_list, *node.args.defaults, *node.args.kw_defaults])
        with self._shadowed(type_parameters(node)):
            self.expressions([*(argument.annotation for argument in parameters_of(node.args)), node.returns])
        self._define(_function_summary(node, self.magics))

    def _class_definition(self, node: ast.ClassDef) -> None:
        self.expressions([*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)])
        methods = [child for child in node.body if isinstance(child, FUNCTIONS)]
        body = EffectVisitor(self.magics)
        body.block([child for child in node.body if not isinstance(child, FUNCTIONS)])
        for method in methods:
            body.expressions([*method.decorator_list, *method.args.defaults, *method.args.kw_defaults])
        own = frozenset(body.bound) | {method.name for method in methods} | set(type_parameters(node))
        for read in body.reads.values():
            if read.name not in own:
                self.read(read.name, read.key, read.attribute)
        self.calls += [call for call in body.calls if call.root not in own]
        summaries = _with_own_uses([(method, _function_summary(method, self.magics)) for method in methods])
        instance = _class_summary(node, [summary for summary in summaries if summary.name != "__init__"])
        self._define(replace(_class_summary(node, summaries), instance=instance))

    def _define(self, summary: FunctionSummary) -> None:
        """Record a function; inside of another one its effects count here, as it will be called here."""
        if self._is_function:
            with self._uncertain():
                for read in summary.reads:
                    self.read(read.name, read.key, read.attribute)
            self.mutations += [mutation for mutation in summary.mutations if mutation.name not in self.definite]
            self.calls += [call for call in summary.calls if not self.is_inner(call.root)]
            self.globals |= set(summary.binds)
            self.bound.update(dict.fromkeys(summary.binds))
        self.functions.append(summary)
        self.bind(summary.name)


#: What a function returns whose inner function changes a variable of its own: each call changes it again.
_COUNTING = FunctionSummary(
    "", methods=(FunctionSummary("__call__", ("self",), parameter_mutations=(Mutation("self", None, "accumulate"),)),)
)


def _function_summary(node: ast.FunctionDef | ast.AsyncFunctionDef, magics: Sequence[CellMagic]) -> FunctionSummary:
    """The effects of calling a function."""
    parameters = tuple(argument.arg for argument in parameters_of(node.args))
    inner = [part for statement in node.body for part in ast.walk(statement)]
    keeps_state = any(isinstance(part, ast.Nonlocal) for part in inner) and any(
        isinstance(part, FUNCTIONS) for part in inner
    )
    plain, keyed = [*node.args.posonlyargs, *node.args.args], node.args.kwonlyargs
    defaults = [
        *zip(reversed(plain), reversed(node.args.defaults), strict=False),
        *zip(keyed, node.args.kw_defaults, strict=True),
    ]
    local, declared = local_names(node.body, parameters)
    body = EffectVisitor(magics, local)
    body.block(node.body)
    return FunctionSummary(
        node.name,
        parameters,
        tuple(read for read in body.reads.values() if read.name != node.name),
        tuple(name for name in body.bound if name in declared | body.globals),
        tuple(mutation for mutation in body.mutations if mutation.name not in local),
        tuple(mutation for mutation in body.mutations if mutation.name in parameters),
        tuple(body.calls),
        body.shows and any(call.name in library.DISPLAYING for call in body.calls),
        any((isinstance(part, ast.Return) and part.value is not None) or isinstance(part, _YIELDS) for part in inner),
        frozenset(
            argument.arg
            for argument, default in defaults
            if isinstance(default, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Call))
        ),
        instance=_COUNTING if keeps_state else None,
    )


def _with_own_uses(
    methods: Sequence[tuple[ast.FunctionDef | ast.AsyncFunctionDef, FunctionSummary]],
) -> tuple[FunctionSummary, ...]:
    """A class's methods, each with what the own methods and properties do that it uses."""
    by_name = {summary.name: summary for _, summary in methods}
    used = {
        summary.name: {
            part.attr
            for part in ast.walk(node)
            if isinstance(part, ast.Attribute)
            and isinstance(part.value, ast.Name)
            and part.value.id in summary.parameters[:1]
        }
        for node, summary in methods
    }
    whole = []
    for _, method in methods:
        own = {method.name}
        pending = [method.name]
        while pending:
            more = (used[pending.pop()] & by_name.keys()) - own
            own |= more
            pending += more
        summaries = [method, *(by_name[name] for name in sorted(own - {method.name}))]
        whole.append(
            replace(
                method,
                reads=tuple(read for summary in summaries for read in summary.reads),
                binds=tuple(name for summary in summaries for name in summary.binds),
                mutations=tuple(mutation for summary in summaries for mutation in summary.mutations),
                calls=tuple(call for summary in summaries for call in summary.calls),
                shows=any(summary.shows for summary in summaries),
            )
        )
    return tuple(whole)


def _class_summary(node: ast.ClassDef, methods: Sequence[FunctionSummary]) -> FunctionSummary:
    """The effects of all these methods of a class."""
    bases = [NameRead(base.id, sure=False) for base in node.bases if isinstance(base, ast.Name)]
    reads = [replace(read, sure=False) for method in methods for read in method.reads if read.name != node.name]
    return FunctionSummary(
        node.name,
        reads=(*bases, *reads),
        binds=tuple(name for method in methods for name in method.binds),
        mutations=tuple(mutation for method in methods for mutation in method.mutations),
        calls=tuple(call for method in methods for call in method.calls),
        shows=any(method.shows for method in methods),
        methods=tuple(methods),
    )


def _call_site(node: ast.Call, attribute: str, ignored: str) -> CallSite:
    receiver = node.func
    while isinstance(receiver, (ast.Attribute, ast.Subscript)):
        receiver = receiver.value
    receiver_call = receiver if isinstance(receiver, ast.Call) else None
    modes = [keyword.value for keyword in node.keywords if keyword.arg == "mode"]
    path, receiver_path = dotted_path(node.func), dotted_path(receiver_call.func) if receiver_call is not None else ""
    arguments = node.args
    if receiver_call is not None and receiver_path.rpartition(".")[2] == "Path" and path.count(".") == 1:
        path, arguments = f"{receiver_path}{path[1:]}", [*receiver_call.args[:1], *node.args]  # its file comes first
    return CallSite(
        path,
        receiver_path,
        keyword_names(receiver_call) if receiver_call is not None else frozenset(),
        tuple(argument.id if isinstance(argument, ast.Name) else "" for argument in arguments),
        keyword_names(node),
        frozenset(
            f"{keyword.arg}={keyword.value.value!s}"
            for keyword in node.keywords
            if isinstance(keyword.value, ast.Constant)
        ),
        constant_text(arguments[0]) if arguments else "",
        constant_text(modes[0] if modes else arguments[1] if len(arguments) > 1 else None),
        attribute,
        ignored,
    )


def returns_none(node: ast.expr) -> bool:
    """Whether an expression is known to evaluate to None, so that nothing is displayed."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return is_magic(node)
    if "inplace" in keyword_names(node):
        return True
    path = dotted_path(node.func)
    sets = path.partition(".")[0] in library.USUAL_NAMES and library.is_setting(library.usual_path(path))
    return sets or node.func.attr in library.RETURN_NONE
