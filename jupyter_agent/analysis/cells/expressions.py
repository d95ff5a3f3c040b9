"""Walks the expressions of a statement: what they read, call, and change in place."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from jupyter_agent.analysis.cells import library_calls as library
from jupyter_agent.analysis.cells.effects import Call, Change, Definition, How, Read

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_INDEXERS = frozenset({"loc", "iloc", "at", "iat", "ix"})
#: Names that IPython keeps its own past in.
HISTORY = frozenset({"In", "Out", "_ih", "_oh", "_dh", "_i", "_ii", "_iii", "_", "__", "___"})


@dataclass(frozen=True, slots=True)
class Place:
    """What an assignment's target or a method's object comes from.

    Attributes:
        name: The name at its root.
        key: The first constant item or attribute after it.
        exact: Whether it is that item itself and nothing further in.
        attribute: Whether the key was written as an attribute.
        called: Whether a call stands between.
    """

    name: str
    key: str | None = None
    exact: bool = True
    attribute: bool = False
    called: bool = False


def place_of(node: ast.expr) -> Place | None:
    """The place that an expression names; None where it names none."""
    parts: list[ast.expr] = []
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Await, ast.Starred)):
        parts.append(node)
        node = node.func if isinstance(node, ast.Call) else node.value
    if not isinstance(node, ast.Name):
        return None
    called = any(isinstance(one, ast.Call) for one in parts)
    if not parts:
        return Place(node.id)
    first = parts[-1]
    if isinstance(first, ast.Attribute) and first.attr in _INDEXERS and len(parts) > 1:
        return Place(node.id, _located_column(parts[-2]), exact=False, called=called)
    if isinstance(first, ast.Attribute):
        return Place(node.id, first.attr, len(parts) == 1, attribute=True, called=called)
    key = _constant(first.slice) if isinstance(first, ast.Subscript) else None
    if key is not None:
        return Place(node.id, key, len(parts) == 1, called=called)
    return Place(node.id, None, exact=False, called=called)


def path_of(node: ast.expr) -> str:
    """A dotted path as written; ``?`` for every part that is no name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{path_of(value)}.{attribute}"
        case ast.Subscript(value=value):
            return f"{path_of(value)}.?"
        case _:
            return "?"


class Expressions:
    """Collects what expressions do. One object is one function's scope, or one statement of a cell."""

    def __init__(self, local: frozenset[str] = frozenset()) -> None:
        self.reads: dict[tuple[str, str | None, bool], Read] = {}
        self.bound: dict[str, None] = {}
        self.definite: set[str] = set()
        self.changes: list[Change] = []
        self.calls: list[Call] = []
        self.definitions: list[Definition] = []
        self.shows = False
        self.wildcard = ""
        self.local = local
        self.certain = True
        #: A function's own imports → what they are in full.
        self.local_imports: dict[str, str] = {}
        #: A loop's variable → the names whose elements it stands for.
        self.elements_of: dict[str, tuple[str, ...]] = {}
        self._shadows: list[frozenset[str]] = []

    # --- names ---------------------------------------------------------------------------------------------------

    def hidden(self, name: str) -> bool:
        """Whether a name means something inside here, not the outer one."""
        return name in self.definite or name in self.local or any(name in one for one in self._shadows)

    def read(self, name: str, key: str | None = None, attribute: bool = False) -> None:
        """Note that a value is needed."""
        if self.hidden(name):
            return
        at = (name, key, attribute)
        known = self.reads.get(at)
        if known is None or (self.certain and not known.sure):
            self.reads[at] = Read(name, key, attribute, self.certain)

    def bind(self, name: str) -> None:
        """Note that a name is bound here."""
        if any(name in one for one in self._shadows):
            return
        self.bound[name] = None
        self.definite.add(name)

    def change(self, name: str, key: str | None, how: How, method: str = "", *, columns_only: bool = False) -> None:
        """Note that a value changes in place."""
        if any(name in one for one in self._shadows):
            return
        for one in self.elements_of.get(name, ()):
            self.change(one, None, "put" if how == "set" else how, method)
        if name not in self.definite:
            self.changes.append(Change(name, key, how, method, self.certain, columns_only))

    @contextmanager
    def shadowed(self, names: Iterable[str]) -> Iterator[None]:
        """Within, these names are a comprehension's or a lambda's own."""
        self._shadows.append(frozenset(names))
        try:
            yield
        finally:
            self._shadows.pop()

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """Within, nothing is sure to happen."""
        before, self.certain = self.certain, False
        try:
            yield
        finally:
            self.certain = before

    # --- expressions ---------------------------------------------------------------------------------------------

    def expressions(self, nodes: Iterable[ast.expr | None]) -> None:
        """Walk several."""
        for node in nodes:
            self.expression(node)

    def expression(self, node: ast.AST | None) -> None:
        """Walk one."""
        match node:
            case None | ast.Constant():
                return
            case ast.Name(id=name):
                self.read(name)
            case ast.Attribute() | ast.Subscript():
                self._access(node)
            case ast.Call():
                self._call(node)
            case ast.Lambda():
                self._lambda(node)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                self.expression(value)
                self.bind(name)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node)
            case ast.BoolOp(values=values):
                self.expression(values[0])
                with self.perhaps():
                    self.expressions(values[1:])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.expression(test)
                with self.perhaps():
                    self.expressions([body, orelse])
            case _:
                for child in ast.iter_child_nodes(node):
                    self.expression(child)

    def _access(self, node: ast.Attribute | ast.Subscript) -> None:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            self._call(node.value, taken=node.attr)
            return
        columns = _listed(node)
        if columns and isinstance(node.value, ast.Name):
            for column in columns:
                self.read(node.value.id, column)
            return
        place = place_of(node)
        if place is None or place.called or self.hidden(place.name):
            self.expression(node.value)
        elif place.name == "Out" and place.key is not None and place.key.isdigit():
            self.read(f"_{place.key}")
        elif place.key is None:
            self.expression(node.value)
        else:
            self.read(place.name, place.key, place.attribute)
        self._slices(node)

    def _slices(self, node: ast.expr) -> None:
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            if isinstance(node, ast.Subscript):
                self.expression(node.slice)
            node = node.value
            if not isinstance(node, (ast.Attribute, ast.Subscript)):
                return
            if place_of(node) is None:
                return

    def _lambda(self, node: ast.Lambda) -> None:
        arguments = node.args
        self.expressions([*arguments.defaults, *arguments.kw_defaults])
        with self.shadowed(parameters_of(arguments)), self.perhaps():
            self.expression(node.body)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.expression(node.generators[0].iter)
        names = {
            one.id for generator in node.generators for one in ast.walk(generator.target) if isinstance(one, ast.Name)
        }
        with self.shadowed(names):
            for position, generator in enumerate(node.generators):
                if position:
                    self.expression(generator.iter)
                self.expressions(generator.ifs)
            elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            self.expressions(elements)
        for walrus in (one for one in ast.walk(node) if isinstance(one, ast.NamedExpr)):
            self.bind(walrus.target.id)

    # --- calls ---------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, taken: str = "") -> None:
        self.expressions(node.args)
        self.expressions(keyword.value for keyword in node.keywords)
        call = replace(_told(node), taken=taken)
        root = self.local_imports.get(call.root)
        if root:
            call = replace(call, path=root + call.path[len(call.root) :])
        if isinstance(node.func, ast.Attribute):
            self._method(node, node.func, call)
        else:
            self.called_by_name(node, call)
        if call.path != "__magic__" and not self.hidden(call.root):
            self.calls.append(call)
        self.shows = self.shows or call.name in library.SHOWING
        how = library.argument_change(library.usual_path(call.path))
        if how and call.arguments and call.arguments[0]:
            self.change(call.arguments[0], None, how)
        for keyword in node.keywords:
            if keyword.arg in ("out", "ax") and isinstance(keyword.value, ast.Name):
                self.change(keyword.value.id, None, "put" if keyword.arg == "out" else "may")

    def called_by_name(self, node: ast.Call, call: Call) -> None:
        """Walk a call whose function is no method."""
        self.expression(node.func)
        if call.path in ("exec", "eval") and not self._text_run(node):
            self.wildcard = call.path

    def _text_run(self, node: ast.Call) -> bool:
        """Walk a constant text that is executed; False where the text cannot be told."""
        if len(node.args) != 1 or not isinstance(node.args[0], ast.Constant):
            return len(node.args) > 1
        try:
            tree = ast.parse(str(node.args[0].value))
        except (SyntaxError, ValueError):
            return True
        self.block(tree.body)
        return True

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Walk statements; the statement walker knows how."""
        raise NotImplementedError

    def _method(self, node: ast.Call, function: ast.Attribute, call: Call) -> None:
        place = place_of(function.value)
        if place is None:
            self.expression(function.value)
            return
        if isinstance(function.value, ast.Name):
            # `np.mean(x)` reads one thing of a module, `df.mean()` all of a frame: which it is, is known later.
            self.read(place.name, f"{function.attr}()", attribute=True)
        else:
            self.expression(function.value)
        how = _how(node, function.attr)
        if how is None:
            return
        if place.called and how != "may":
            how = "may"
        key = place.key if place.exact else None
        if how == "set":
            key = f"{key or ''}.{function.attr.partition('_')[0]}()"
        columns_only = key is None and library.touches_columns_only(function.attr, words_of(node))
        self.change(place.name, key, how, function.attr, columns_only=columns_only)


def _how(node: ast.Call, method: str) -> How | None:
    if any(one.arg == "inplace" and isinstance(one.value, ast.Constant) and one.value.value for one in node.keywords):
        return "put" if method in library.SAME_AGAIN else "grow"
    if method in library.GROWING:
        return "grow"
    if method in library.RESETTING:
        return "set"
    if method in library.REPEATING:
        return "put"
    return None if method in library.PURE else "may"


def _told(node: ast.Call) -> Call:
    maker = next((one for one in _chain(node.func) if isinstance(one, ast.Call)), None)
    mode = next((one.value for one in node.keywords if one.arg == "mode"), node.args[1] if len(node.args) > 1 else None)
    return Call(
        path_of(node.func),
        path_of(maker.func) if maker is not None else "",
        keywords_of(maker) if maker is not None else frozenset(),
        tuple(one.id if isinstance(one, ast.Name) else "" for one in node.args),
        keywords_of(node),
        frozenset(f"{one.arg}={one.value.value!s}" for one in node.keywords if isinstance(one.value, ast.Constant)),
        _text(node.args[0]) if node.args else "",
        _text(mode),
    )


def keywords_of(node: ast.Call) -> frozenset[str]:
    """Names of the keyword arguments that are not None, False or ``**``."""
    return frozenset(
        one.arg
        for one in node.keywords
        if one.arg
        and not (isinstance(one.value, ast.Constant) and (one.value.value is None or one.value.value is False))
    )


def words_of(node: ast.Call) -> frozenset[str]:
    """A call's keywords, and ``axis=1`` where it is told that."""
    axis = [one.value.value for one in node.keywords if one.arg == "axis" and isinstance(one.value, ast.Constant)]
    if len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
        axis.append(node.args[1].value)
    return keywords_of(node) | ({"axis=1"} if axis and axis[0] in (1, "columns") else frozenset())


def parameters_of(arguments: ast.arguments) -> tuple[str, ...]:
    """Names of all parameters, in order."""
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return tuple(one.arg for one in plain if one is not None)


def _chain(node: ast.expr) -> Iterator[ast.expr]:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        yield node
        node = node.func if isinstance(node, ast.Call) else node.value
    yield node


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _listed(node: ast.expr) -> list[str]:
    """The columns of ``df[["a", "b"]]``."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.List):
        return []
    columns = [_constant(one) for one in node.slice.elts]
    return [one for one in columns if one is not None] if None not in columns else []


def _constant(node: ast.expr) -> str | None:
    """A constant item: ``"a"``, ``0``, ``-1``."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return f"-{node.operand.value!r}"
    return str(node.value) if isinstance(node, ast.Constant) else None


def _located_column(node: ast.expr) -> str | None:
    """The column of ``df.loc[rows, "column"]``."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple) or not node.slice.elts:
        return None
    return _text(node.slice.elts[-1]) or None
