"""Which names belong to a function itself, and which come from outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*FUNCTIONS, ast.ClassDef)


def own_nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Nodes of a function's body that are not inside another scope."""
    pending = list(body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (*_SCOPES, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))


def declared_names(body: Sequence[ast.AST], kind: type[ast.Global] | type[ast.Nonlocal]) -> frozenset[str]:
    """Names of the body's ``global`` or ``nonlocal`` statements."""
    return frozenset(name for one in own_nodes(body) if isinstance(one, kind) for name in one.names)


def bound_names(body: Sequence[ast.AST]) -> frozenset[str]:
    """Names that the body binds."""
    return frozenset(name for node in own_nodes(body) for name in _bound_by(node))


def type_parameters(node: ast.AST) -> tuple[str, ...]:
    """Names of ``def f[T]``, ``class C[T]`` and ``type A[T]``."""
    return tuple(one.name for one in getattr(node, "type_params", ()))


def _bound_by(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.Name(id=name, ctx=ast.Store()):
            return (name,)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return tuple(one.asname or one.name.partition(".")[0] for one in names)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return (name,)
        case ast.MatchMapping(rest=str(name)):
            return (name,)
    return ()
