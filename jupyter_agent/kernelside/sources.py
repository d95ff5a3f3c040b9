"""What a cell's source binds and mentions, without running it."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

_WORD = re.compile(r"[^\W\d]\w*")
_MAX_SOURCE = 100_000
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_INNER = (*_SCOPES, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@lru_cache(maxsize=256)
def words(source: str) -> frozenset[str]:
    """Every identifier in the source, comments and texts included."""
    return frozenset(_WORD.findall(source[:_MAX_SOURCE]))


@lru_cache(maxsize=256)
def bound_names(source: str) -> frozenset[str]:
    """Names that the top level of the source assigns, imports or defines; magics and shell lines are skipped."""
    if len(source) > _MAX_SOURCE:
        return frozenset()
    try:
        tree = ast.parse(_without_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[str] = set()
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        _note(node, found)
        if not isinstance(node, _INNER):
            pending.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def _note(node: ast.AST, found: set[str]) -> None:
    if isinstance(node, _SCOPES):
        found.add(node.name)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        found.add(node.id)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        found.update((one.asname or one.name.split(".", 1)[0]) for one in node.names if one.name != "*")
    elif isinstance(node, ast.ExceptHandler) and node.name:
        found.discard(node.name)


def _without_magics(source: str) -> str:
    """The source with IPython's own lines emptied, so that Python can read the rest."""
    lines = source.split("\n")
    if lines and lines[0].startswith("%%"):
        lines[0] = "" if lines[0].split()[0] in ("%%time", "%%timeit", "%%capture", "%%prun") else "pass"
        if lines[0]:
            return "pass"
    return "\n".join("" if one.lstrip()[:1] in ("%", "!", "?") else one for one in lines)
