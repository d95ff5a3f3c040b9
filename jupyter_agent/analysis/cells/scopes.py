"""Which names are local to a function, and which it takes from outside."""

from __future__ import annotations

import ast
from collections.abc import Sequence

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def local_names(body: Sequence[ast.AST], parameters: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Names that are local to a function, and those that it declares as global."""
    names, declared, outer = set(parameters), set[str](), set[str]()
    pending = list(body)
    while pending:
        node = pending.pop()
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
            case ast.Global():
                declared.update(node.names)
            case ast.Nonlocal():
                outer.update(node.names)
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):  # what is in these is in a scope of its own
            pending.extend(ast.iter_child_nodes(node))
    return frozenset(names - declared - outer), frozenset(declared)


def parameters_of(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters, in order."""
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return [argument for argument in plain if argument is not None]


def type_parameters(node: ast.AST) -> tuple[str, ...]:
    """Names of ``def f[T]``, ``class C[T]`` and ``type A[T]``."""
    return tuple(parameter.name for parameter in getattr(node, "type_params", ()))
