"""Access paths: the name, item and attributes through which an expression reaches an object."""

from __future__ import annotations

import ast
from dataclasses import dataclass

_INDEXERS = frozenset({"loc", "iloc", "at", "iat", "ix"})
#: Methods that return a part of their object, or what stands for it.
_PARTS = frozenset({"get", "setdefault", "cursor", "__getitem__"})


@dataclass(frozen=True, slots=True)
class AccessPath:
    """How an expression reaches an object.

    Attributes:
        name: The name at its root.
        key: The first constant item or attribute after it.
        exact: Whether it is that item itself and nothing further in.
        attribute: Whether the key was written as an attribute.
        called: Whether a call stands between.
        computed: Whether it is one that returns something else than a part of the object.
        depth: How many items and attributes are between the name and the object.
    """

    name: str
    key: str | None = None
    exact: bool = True
    attribute: bool = False
    called: bool = False
    computed: bool = False
    depth: int = 0


def access_path(node: ast.expr) -> AccessPath | None:
    """The path of an expression; None where no name is at its root."""
    parts: list[ast.expr] = []
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Await, ast.Starred)):
        parts.append(node)
        node = node.func if isinstance(node, ast.Call) else node.value
    if not isinstance(node, ast.Name):
        return None
    calls = [part.func for part in parts if isinstance(part, ast.Call)]
    called = bool(calls)
    computed = any(not (isinstance(function, ast.Attribute) and function.attr in _PARTS) for function in calls)
    if not parts:
        return AccessPath(node.id)
    steps = [part for part in parts if isinstance(part, (ast.Attribute, ast.Subscript))]
    depth = sum(not (isinstance(step, ast.Attribute) and step.attr in _INDEXERS) for step in steps)
    first = parts[-1]
    if isinstance(first, ast.Attribute) and first.attr in _INDEXERS and len(parts) > 1:
        # the column of `df.loc[rows, "column"]`
        located = parts[-2]
        column = ""
        if isinstance(located, ast.Subscript) and isinstance(located.slice, ast.Tuple) and located.slice.elts:
            column = constant_text(located.slice.elts[-1])
        return AccessPath(node.id, column or None, exact=False, called=called, computed=computed, depth=depth)
    if isinstance(first, ast.Attribute):
        exact = len(parts) == 1
        return AccessPath(node.id, first.attr, exact, attribute=True, called=called, computed=computed, depth=depth)
    key = constant_key(first.slice) if isinstance(first, ast.Subscript) else None
    exact = key is not None and len(parts) == 1
    return AccessPath(node.id, key, exact, called=called, computed=computed, depth=depth)


def dotted_path(node: ast.expr) -> str:
    """An expression's dotted path as written, such as ``np.random.rand``; ``?`` for every part that is no name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{dotted_path(value)}.{attribute}"
        case ast.Subscript(value=value):
            return f"{dotted_path(value)}.?"
        case _:
            return "?"


def constant_key(node: ast.expr) -> str | None:
    """A constant item, such as ``"a"``, ``0`` or ``-1``; None for any other."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return f"-{node.operand.value!r}"
    return str(node.value) if isinstance(node, ast.Constant) else None


def constant_text(node: ast.expr | None) -> str:
    """A constant text; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def keyword_names(node: ast.Call) -> frozenset[str]:
    """Names of a call's keyword arguments that are not None, False or ``**``."""
    return frozenset(
        keyword.arg
        for keyword in node.keywords
        if keyword.arg
        and not (
            isinstance(keyword.value, ast.Constant) and (keyword.value.value is None or keyword.value.value is False)
        )
    )


def column_keywords(node: ast.Call) -> frozenset[str]:
    """A call's keywords, and ``axis=1`` where it is called with that axis."""
    axes = [*(keyword.value for keyword in node.keywords if keyword.arg == "axis"), *node.args[1:2]]
    is_columns = bool(axes) and constant_key(axes[0]) in ("1", "columns")
    return keyword_names(node) | ({"axis=1"} if is_columns else frozenset())
