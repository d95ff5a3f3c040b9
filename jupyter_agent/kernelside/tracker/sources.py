"""What a cell's source binds and mentions, without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import lru_cache

_WORD = re.compile(r"[^\W\d]\w*")
_MAX_SOURCE = 100_000
#: Magics of cells whose text is Python.
_PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_CONDITIONS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.IfExp, ast.BoolOp)
_INNER = (*_SCOPES, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@lru_cache(maxsize=256)
def words(source: str) -> frozenset[str]:
    """Every identifier in the source, comments and texts included."""
    return frozenset(_WORD.findall(source[:_MAX_SOURCE]))


@lru_cache(maxsize=256)
def bound_names(source: str) -> Mapping[str, bool]:
    """Names that the top level of the source assigns, imports or defines; magics and shell lines are skipped.

    Returns:
        Name → whether a run that ends well binds it for sure; False where that depends on a condition.
    """
    if len(source) > _MAX_SOURCE:
        return {}
    lines = source.split("\n")
    if source.startswith("%%") and lines[0].split()[0] not in _PYTHON_MAGICS:
        return {}
    # Without IPython's own lines Python can read the rest.
    lines = ["" if line.lstrip()[:1] in ("%", "!", "?") else line for line in lines]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, bool] = {}
    pending: list[tuple[ast.AST, bool]] = [(node, True) for node in tree.body]
    while pending:
        node, sure = pending.pop()
        for name in _names(node):
            found[name] = found.get(name, False) or sure
        if not isinstance(node, _INNER):
            inner = sure and not isinstance(node, _CONDITIONS)
            pending.extend((child, inner) for child in ast.iter_child_nodes(node))
    return found


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, _SCOPES):
        return [node.name]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [(alias.asname or alias.name.split(".", 1)[0]) for alias in node.names if alias.name != "*"]
    return []
