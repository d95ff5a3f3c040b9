"""Which names are local to a function, and which it takes from outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def own_nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Nodes of a function's body that are not inside another scope."""
    pending = list(body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))


def declared_names(body: Sequence[ast.AST], kind: type[ast.Global] | type[ast.Nonlocal]) -> frozenset[str]:
    """Names of the body's ``global`` or ``nonlocal`` statements."""
    return frozenset(name for node in own_nodes(body) if isinstance(node, kind) for name in node.names)


def bound_names(body: Sequence[ast.AST]) -> frozenset[str]:
    """Names that the body binds."""
    names: set[str] = set()
    for node in own_nodes(body):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update(alias.asname or alias.name.partition(".")[0] for alias in aliases)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
            case ast.MatchMapping(rest=str(name)):
                names.add(name)
    return frozenset(names)


def parameter_names(arguments: ast.arguments) -> tuple[str, ...]:
    """Names of all parameters, in order."""
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return tuple(argument.arg for argument in plain if argument is not None)


def type_parameters(node: ast.AST) -> tuple[str, ...]:
    """Names of ``def f[T]``, ``class C[T]`` and ``type A[T]``."""
    return tuple(parameter.name for parameter in getattr(node, "type_params", ()))
