"""Walks statements in the order in which they run: what they bind, delete, import and define."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from jupyter_agent.analysis.cells import library_calls as library
from jupyter_agent.analysis.cells.effects import IN_PLACE, Call, Definition, Import, Read
from jupyter_agent.analysis.cells.expressions import Expressions, keywords_of, parameters_of, path_of, place_of
from jupyter_agent.analysis.cells.scopes import FUNCTIONS, bound_names, declared_names, type_parameters
from jupyter_agent.analysis.cells.source import (
    FILE_MAGICS,
    SILENT_MAGICS,
    TIMERS,
    WILD_MAGICS,
    Magic,
    commands_in,
    expressions_in,
    is_magic,
    parse,
)

_ENDINGS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class Statements(Expressions):
    """Collects what statements do, one after the other."""

    def __init__(self, magics: Sequence[Magic], local: frozenset[str] = frozenset()) -> None:
        super().__init__(local)
        self.magics = magics
        self.deleted: dict[str, None] = {}
        self.imports: list[Import] = []
        self.magic_texts: list[str] = []
        self.globals: set[str] = set()
        self.wipes = False

    def block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """Walk one statement."""
        match node:
            case ast.Expr(value=value):
                self._expression_statement(value)
            case ast.Assign(targets=targets, value=value):
                self.expression(value)
                for target in targets:
                    self.target(target)
            case ast.AugAssign(target=target, value=value):
                self._augmented(target, value)
            case ast.AnnAssign(target=target, annotation=annotation, value=value):
                self.expressions([annotation, value])
                if value is not None:
                    self.target(target)
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
            case ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.With() | ast.AsyncWith() | ast.Match():
                self._compound(node)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Nonlocal() | ast.Pass() | ast.Break() | ast.Continue():
                return
            case _ if type(node).__name__ == "TypeAlias":
                self._type_alias(node)
            case _:
                self.expressions(one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr))

    # --- simple statements ---------------------------------------------------------------------------------------

    def _expression_statement(self, value: ast.expr) -> None:
        self.expression(value)
        if not isinstance(value, ast.Constant) and not is_magic(value) and not returns_none(value):
            self.shows = True

    def target(self, node: ast.expr) -> None:
        """Walk what is assigned to."""
        match node:
            case ast.Name(id=name):
                self.bind(name)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self.target(element)
            case ast.Starred(value=value):
                self.target(value)
            case ast.Attribute() | ast.Subscript():
                self._place_changed(node, "set")

    def _place_changed(self, node: ast.Attribute | ast.Subscript, how: str) -> None:
        if isinstance(node, ast.Subscript):
            self.expression(node.slice)
            if isinstance(node.value, ast.Call) and path_of(node.value.func) == "globals":
                self._global_item(node.slice)
                return
        place = place_of(node)
        if place is None:
            self.expression(node.value)
            return
        if not place.exact:
            self._inner(node.value)
        exact = place.exact and place.key is not None and place.key not in library.OF_THE_WHOLE
        key = place.key if place.key not in library.OF_THE_WHOLE else None
        if how == "grow":
            self.change(place.name, key, "grow")
        else:
            self.change(place.name, key, "set" if exact else "put")

    def _inner(self, node: ast.expr) -> None:
        """Reads in the middle of a target: ``a[i].b[j] = 1`` needs ``i``."""
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            if isinstance(node, ast.Subscript):
                self.expression(node.slice)
            node = node.value
        if not isinstance(node, ast.Name):
            self.expression(node)

    def _global_item(self, key: ast.expr) -> None:
        if isinstance(key, ast.Constant):
            self.bind(str(key.value))
        else:
            self.wildcard = "globals()"

    def _augmented(self, target: ast.expr, value: ast.expr) -> None:
        self.expression(value)
        if isinstance(target, ast.Name):
            self.read(target.id)
            self.change(target.id, None, "may", IN_PLACE)
            self.bind(target.id)
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            self.expression(target)
            self._place_changed(target, "grow")

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
            self._place_changed(target, "grow")

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
                self.imports.append(Import(name, module))
                if name in self.local:
                    self.local_imports[name] = module
                self.bind(name)

    def _type_alias(self, node: ast.stmt) -> None:
        name = getattr(node, "name", None)
        if isinstance(name, ast.Name):
            with self.shadowed(type_parameters(node)), self.perhaps():
                self.expression(getattr(node, "value", None))
            self.bind(name.id)

    def called_by_name(self, node: ast.Call, call: Call) -> None:
        if is_magic(node):
            position = node.args[0]
            assert isinstance(position, ast.Constant)
            self._magic(self.magics[int(str(position.value))])
        else:
            super().called_by_name(node, call)

    def _magic(self, magic: Magic) -> None:
        if magic.name not in ("time", "?"):
            self.magic_texts.append(f"{magic.name} {magic.argument} {magic.body}")
        for expression in expressions_in(magic.argument + (magic.body if magic.name in ("!", "bash", "sh") else "")):
            inner = parse(expression)
            self.block(inner.tree.body)
        self.shows = self.shows or magic.name not in SILENT_MAGICS
        if magic.name in FILE_MAGICS:
            self.calls += [Call("os.system"), *map(Call, commands_in(f"{magic.argument}\n{magic.body}"))]
        if magic.name in TIMERS:
            inner_scope = Statements(self.magics)
            inner_scope.block(parse(f"{magic.argument}\n{magic.body}" if magic.cell else magic.argument).tree.body)
            self.absorb(inner_scope)
        elif magic.name == "capture" and magic.argument and not magic.argument.startswith("-"):
            self.bind(magic.argument.split()[0])
        elif magic.name in ("reset", "reset_selective"):
            self.wipes = True
        elif magic.name in WILD_MAGICS:
            self.wildcard = f"%{magic.name}"

    def absorb(self, inner: Statements) -> None:
        """What an inner scope takes from outside, as taken here."""
        for one in inner.reads.values():
            self.read(one.name, one.key, one.attribute)
        self.changes += inner.changes
        self.calls += inner.calls

    # --- compound statements -------------------------------------------------------------------------------------

    def _compound(self, node: ast.stmt) -> None:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                self.expression(test)
                self.branches([body, orelse])
            case (
                ast.For(target=target, iter=values, body=body, orelse=orelse)
                | ast.AsyncFor(target=target, iter=values, body=body, orelse=orelse)
            ):
                self.expression(values)
                self.target(target)
                self._stand_for_elements(target, values)
                self.block(body)
                self.block(orelse)
            case ast.While(test=test, body=body, orelse=orelse):
                self.expression(test)
                self.block(body)
                self.block(orelse)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    self.expression(item.context_expr)
                    if item.optional_vars is not None:
                        self.target(item.optional_vars)
                self.block(body)
            case ast.Match(subject=subject, cases=cases):
                self._match(subject, cases)

    def _stand_for_elements(self, target: ast.expr, values: ast.expr) -> None:
        """What changes a loop's variable changes an element of what is looped over."""
        names = tuple(one.id for one in ast.walk(values) if isinstance(one, ast.Name))
        for one in ast.walk(target):
            if isinstance(one, ast.Name):
                self.elements_of[one.id] = tuple(
                    name for name in names if name not in (one.id, "range", "zip", "enumerate")
                )

    def branches(self, bodies: Sequence[Sequence[ast.stmt]]) -> None:
        """Walk all alternatives that there are; what each of them binds is bound for sure."""
        before, ends = set(self.definite), list[set[str]]()
        certain, self.certain = self.certain, False
        for body in bodies:
            self.definite = set(before)
            self.block(body)
            if not (body and isinstance(body[-1], _ENDINGS)):
                ends.append(self.definite)
        self.certain = certain
        self.definite = set.intersection(*ends) if ends else before

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        before = set(self.definite)
        certain = self.certain
        self.certain = certain and not node.handlers
        self.block(node.body)
        self.block(node.orelse)
        ends = [set(self.definite)]
        self.certain = False
        for handler in node.handlers:
            self.definite = set(before)
            self.expression(handler.type)
            with self.shadowed([handler.name] if handler.name else []):
                self.block(handler.body)
            if not isinstance(handler.body[-1], _ENDINGS):
                ends.append(set(self.definite))
        self.certain = certain
        self.definite = set.intersection(*ends)
        self.block(node.finalbody)

    def _match(self, subject: ast.expr, cases: Sequence[ast.match_case]) -> None:
        self.expression(subject)
        before, ends = set(self.definite), []
        certain, self.certain = self.certain, False
        for case in cases:
            self.definite = set(before)
            for one in ast.walk(case.pattern):
                if isinstance(one, (ast.MatchAs, ast.MatchStar)) and one.name:
                    self.bind(one.name)
                elif isinstance(one, ast.MatchMapping) and one.rest:
                    self.bind(one.rest)
                elif isinstance(one, ast.MatchValue):
                    self.expression(one.value)
                elif isinstance(one, ast.MatchClass):
                    self.expression(one.cls)
            self.expression(case.guard)
            self.block(case.body)
            ends.append(self.definite)
        self.certain = certain
        irrefutable = (
            cases[-1].guard is None and isinstance(cases[-1].pattern, ast.MatchAs) and cases[-1].pattern.pattern is None
        )
        self.definite = set.intersection(*ends) if irrefutable else before

    # --- functions and classes -----------------------------------------------------------------------------------

    def _function_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        self.expressions([*node.decorator_list, *arguments.defaults, *arguments.kw_defaults])
        with self.shadowed(type_parameters(node)):
            self.expressions([*(one.annotation for one in plain if one is not None), node.returns])
        self.define(defined(node.name, parameters_of(arguments), node.body, self.magics))

    def define(self, definition: Definition) -> None:
        """Note a function; inside another, what it takes from outside is taken here, as it will be called here."""
        if self.local:
            self._take(definition)
        self.definitions.append(definition)
        self.bind(definition.name)

    def _take(self, definition: Definition) -> None:
        with self.perhaps():
            for one in definition.reads:
                self.read(one.name, one.key, one.attribute)
        self.changes += [one for one in definition.changes if one.name not in self.definite]
        self.calls += [one for one in definition.calls if not self.hidden(one.root)]
        self.globals |= set(definition.binds)
        for name in definition.binds:
            self.bound[name] = None

    def _class_definition(self, node: ast.ClassDef) -> None:
        self.expressions([*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)])
        body = Statements(self.magics)
        body.block([one for one in node.body if not isinstance(one, FUNCTIONS)])
        methods = [one for one in node.body if isinstance(one, FUNCTIONS)]
        for method in methods:
            body.expressions([*method.decorator_list, *method.args.defaults, *method.args.kw_defaults])
        own = frozenset(body.bound) | {one.name for one in methods} | set(type_parameters(node))
        for one in body.reads.values():
            if one.name not in own:
                self.read(one.name, one.key, one.attribute)
        self.calls += [one for one in body.calls if one.root not in own]
        inner = [defined(one.name, parameters_of(one.args), one.body, self.magics) for one in methods]
        later = _together(node.name, [one for one in inner if one.name != "__init__"], node)
        self.define(replace(_together(node.name, inner, node), instance=later))


def defined(name: str, parameters: tuple[str, ...], body: Sequence[ast.stmt], magics: Sequence[Magic]) -> Definition:
    """What a function of this body does when it is called."""
    declared = declared_names(body, ast.Global)
    local = (frozenset(parameters) | bound_names(body)) - declared - declared_names(body, ast.Nonlocal)
    scope = Statements(magics, local | {"\0function"})
    scope.block(body)
    free = [one for one in scope.changes if one.name not in local]
    return Definition(
        name,
        parameters,
        tuple(one for one in scope.reads.values() if one.name != name),
        tuple(one for one in scope.bound if one in declared | scope.globals),
        tuple(free),
        tuple(one for one in scope.changes if one.name in parameters and one.how != "may"),
        tuple(scope.calls),
        scope.shows and any(one.name in library.SHOWING for one in scope.calls),
    )


def _together(name: str, methods: Sequence[Definition], node: ast.ClassDef) -> Definition:
    bases = [Read(one.id, sure=False) for one in node.bases if isinstance(one, ast.Name)]
    inner = [Read(one.name, one.key, one.attribute, sure=False) for method in methods for one in method.reads]
    return Definition(
        name,
        (),
        (*bases, *(one for one in inner if one.name != name)),
        tuple(bound for one in methods for bound in one.binds),
        tuple(change for one in methods for change in one.changes),
        (),
        tuple(call for one in methods for call in one.calls),
        any(one.shows for one in methods),
    )


def returns_none(node: ast.expr) -> bool:
    """Whether an expression's value is known to be None: nothing is shown of it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return is_magic(node)
    if "inplace" in keywords_of(node):
        return True
    path = path_of(node.func)
    sets = path.partition(".")[0] in library.USUAL_NAMES and library.is_setting(library.usual_path(path))
    return sets or node.func.attr in library.RETURN_NONE
