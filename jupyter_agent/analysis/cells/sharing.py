"""Sharing of objects: whose object a bound name may be or be a part of, and which objects it holds."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import replace

from jupyter_agent.analysis.cells.access_paths import access_path
from jupyter_agent.analysis.cells.effects import SharedObject, Sharing

#: Functions and methods that return a new container of the elements of another.
_COPYING = frozenset(
    [
        "list",
        "tuple",
        "set",
        "frozenset",
        "dict",
        "sorted",
        "reversed",
        "zip",
        "enumerate",
        "iter",
        "filter",
        "deque",
        "copy",
    ]
)
_COPYING_METHODS = frozenset({"copy", "values", "items"})
#: Methods that return an element, that store their arguments, and that store their arguments' elements.
_PICKING = frozenset(["get", "setdefault", "pop", "popitem", "popleft"])
_STORING = frozenset(["append", "appendleft", "insert", "add", "setdefault", "put", "push"])
_EXTENDING = frozenset(["extend", "extendleft", "update"])
#: What an element of such a value shares, a new container of its elements, and a container that holds it.
_ELEMENT: dict[Sharing, Sharing] = {"same": "part", "holds": "same", "copy": "part"}
_COPY: dict[Sharing, Sharing] = {"same": "copy", "part": "copy"}
_CONTAINER: dict[Sharing, Sharing] = {"same": "holds", "part": "holds"}

_BUILTINS = frozenset(dir(builtins))
_Objects = Iterable[SharedObject]


def shared_objects(value: ast.expr) -> Iterator[SharedObject]:
    """Named objects with which the value of an expression may share data."""
    match value:
        case ast.Name(id=name):
            yield SharedObject(name)
        case ast.Starred(value=inner) | ast.Await(value=inner) | ast.NamedExpr(value=inner):
            yield from shared_objects(inner)
        case ast.Subscript(value=inner, slice=ast.Slice()):
            yield from shared_objects(inner)
        case ast.Attribute(value=inner) | ast.Subscript(value=inner):
            yield from elements_of(inner)
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*shared_objects(body), *shared_objects(orelse))
        case ast.BoolOp(values=values):
            for operand in values:
                yield from shared_objects(operand)
        case ast.BinOp(left=left, right=right):  # lists are joined
            yield from _through(_COPY, (*shared_objects(left), *shared_objects(right)))
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            for element in elements:
                table = _COPY if isinstance(element, ast.Starred) else _CONTAINER
                yield from _through(table, shared_objects(element))
        case ast.Dict(keys=keys, values=values):
            for key, element in zip(keys, values, strict=True):
                yield from _through(_COPY if key is None else _CONTAINER, shared_objects(element))
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            yield from _of_comprehension(element, value.generators)
        case ast.DictComp(value=element, generators=generators):
            yield from _of_comprehension(element, generators)
        case ast.Call():
            yield from _of_call(value)


def elements_of(container: ast.expr) -> Iterator[SharedObject]:
    """Named objects with which an element of an expression's value may share data."""
    return _through(_ELEMENT, shared_objects(container))


def stored_by(call: ast.Call) -> Iterator[SharedObject]:
    """Named objects that a method's object holds after the call, as in ``x.append(y)``."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    for argument in call.args if method in _EXTENDING else ():
        yield from _through(_COPY, shared_objects(argument))
    if method in _EXTENDING | _STORING:
        for value in (*(() if method in _EXTENDING else call.args), *(keyword.value for keyword in call.keywords)):
            yield from _stored(value)


def assigned(target: ast.expr, value: ast.expr | None, objects: _Objects) -> Iterator[tuple[str, SharedObject]]:
    """The names of a target with what each shares once it is assigned a value that shares these objects."""
    match target:
        case ast.Name(id=name):
            yield from ((name, shared) for shared in objects)
        case ast.Starred(value=inner):
            yield from assigned(inner, None, objects)
        case ast.Attribute() | ast.Subscript():
            path = access_path(target)
            if path is not None and value is not None:
                yield from ((path.name, shared) for shared in _stored(value))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
            if len(values) == len(parts) and not any(isinstance(part, ast.Starred) for part in (*parts, *values)):
                for part, element in zip(parts, values, strict=True):
                    yield from assigned(part, element, shared_objects(element))
                return
            objects = tuple(objects)
            for part in parts:
                table = _COPY if isinstance(part, ast.Starred) else _ELEMENT
                yield from assigned(part, None, tuple(_through(table, objects)))


def _through(table: dict[Sharing, Sharing], objects: _Objects) -> Iterator[SharedObject]:
    return (replace(shared, sharing=table.get(shared.sharing, shared.sharing)) for shared in objects)


def _stored(value: ast.expr) -> Iterator[SharedObject]:
    """What is held by that which stores a value: what is computed of others is left out, as frames copy it."""
    if isinstance(value, (ast.Name, ast.List, ast.Tuple, ast.Set, ast.Dict)):
        yield from _through(_CONTAINER, shared_objects(value))


def _of_comprehension(element: ast.expr, generators: Iterable[ast.comprehension]) -> Iterator[SharedObject]:
    own: dict[str, list[SharedObject]] = {}
    for generator in generators:
        copies = [
            outer
            for shared in _through(_COPY, shared_objects(generator.iter))
            for outer in own.get(shared.name, [shared])
        ]
        own.update({name.id: copies for name in ast.walk(generator.target) if isinstance(name, ast.Name)})
    for shared in _through(_CONTAINER, shared_objects(element)):
        yield from own.get(shared.name, [shared])


def _of_call(call: ast.Call) -> Iterator[SharedObject]:
    match call.func:
        case ast.Name(id=name) if name in _COPYING:
            for argument in call.args:
                yield from _through(_COPY, shared_objects(argument))
            for keyword in call.keywords:
                yield from _through(_COPY if keyword.arg is None else _CONTAINER, shared_objects(keyword.value))
        case ast.Name(id=name) if (
            name not in _BUILTINS
        ):  # a function of the user's may return, or keep, its arguments and their elements
            for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
                for shared in elements_of(argument):
                    yield replace(shared, function=name)
        case ast.Attribute(value=inner, attr=method) if method in _COPYING_METHODS:
            yield from _through(_COPY, shared_objects(inner))
        case ast.Attribute(value=inner, attr=method) if method in _PICKING:
            yield from elements_of(inner)
