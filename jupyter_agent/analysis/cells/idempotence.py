"""Idempotence: whether a statement, applied to its own result, changes nothing, so that its cell may run again."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from jupyter_agent.analysis.cells import library_calls as library
from jupyter_agent.analysis.cells.access_paths import access_path, constant_key, constant_text, dotted_path

_SAME_AGAIN = (ast.BitAnd, ast.BitOr, ast.Mod)


def is_idempotent(node: ast.stmt) -> bool:
    """Whether what a statement sets is the same once more when it runs again."""
    match node:
        case ast.Assign(targets=[target], value=value):
            constant = isinstance(target, ast.Subscript) and isinstance(value, ast.Constant)
            return constant or _keeps(value, target)
        case ast.AugAssign(target=target, op=operator, value=value):
            return isinstance(operator, _SAME_AGAIN) and not _mentions(value, target)
        case ast.If(
            test=ast.Compare(left=item, ops=[ast.NotIn()], comparators=[container]),
            body=[ast.Expr(value=ast.Call(func=ast.Attribute(value=value), args=[*_, last]))],
            orelse=[],
        ):
            return _is(value, container) and _is(last, item)
        case ast.If(body=body, orelse=[]):
            targets = [child.targets[0] for child in body if isinstance(child, ast.Assign) and len(child.targets) == 1]
            return len(targets) == len(body) and not any(
                _mentions(child.value, target) for child in body if isinstance(child, ast.Assign) for target in targets
            )
    return False


def _keeps(node: ast.expr, target: ast.expr) -> bool:
    """Whether an expression evaluates to its target again once the target has its value."""
    if _is(node, target):
        return True
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=method)) if _keeps(value, target):
            return _method_keeps(node, method, target)
        case ast.Call(args=[*arguments]):
            return _function_keeps(dotted_path(node.func).rpartition(".")[2], arguments, target)
        case ast.Attribute(value=value, attr=attribute):
            return attribute in ("str", "dt", "cat", "loc", "iloc", "values", "array") and _keeps(value, target)
        case ast.Subscript(value=value, slice=selection):
            return _keeps(value, target) and _selects_all_again(selection)
        case ast.BoolOp(values=[first, *rest]):
            return _keeps(first, target) and not any(_mentions(operand, target) for operand in rest)
        case ast.IfExp(body=body, orelse=orelse):
            return _one_keeps(body, orelse, target)
        case ast.BinOp(left=left, op=operator, right=right):
            if isinstance(operator, _SAME_AGAIN):
                return _keeps(left, target) and not _mentions(right, target)
            return _rescales(left, operator, right, target)
        case ast.ListComp(elt=element, generators=[generator]) | ast.SetComp(elt=element, generators=[generator]):
            kept = _keeps(generator.iter, target) and _keeps(element, generator.target)
            return kept and not _any_mentions(generator.ifs, target)
        case ast.DictComp(key=key, value=value, generators=[generator]):
            match generator:
                case ast.comprehension(
                    target=ast.Tuple(elts=[first, second]), iter=ast.Call(func=ast.Attribute(value=items, attr="items"))
                ):
                    kept = _keeps(items, target) and _keeps(key, first) and _keeps(value, second)
                    return kept and not _any_mentions(generator.ifs, target)
        case ast.Dict(keys=[None, *_], values=[first, *rest]):
            return _keeps(first, target) and not _any_mentions(rest, target)
    return False


def _method_keeps(call: ast.Call, method: str, target: ast.expr) -> bool:
    """Whether a method of what keeps the target returns the same once more."""
    keywords = {keyword.arg: constant_key(keyword.value) for keyword in call.keywords if keyword.arg}
    match method:
        case "head" | "tail" | "limit":
            count = constant_key(call.args[0]) if call.args else keywords.get("n", "5")
            return count is not None and count.isdigit()
        case "with_columns" | "assign" | "select":
            return _sets_columns_again(call)
        case "drop":
            return keywords.get("errors") == "ignore" or keywords.get("strict") == "False"
        case "reset_index":
            return keywords.get("drop") == "True"
        case "where" | "mask":
            return not any(_mentions(argument, target) for argument in call.args[1:])
        case "replace":
            return _replaces_all(call.args)
        case "map" | "apply":
            function = dotted_path(call.args[0]).rpartition(".")[2] if len(call.args) == 1 else ""
            return function in library.IDEMPOTENT_FUNCTIONS | library.IDEMPOTENT
    return method in library.IDEMPOTENT


def _replaces_all(arguments: list[ast.expr]) -> bool:
    """Whether what ``replace`` puts there has nothing that it would replace."""
    match arguments:
        case [ast.Dict(keys=keys, values=values)]:
            olds = {constant_key(key) for key in keys if key is not None}
            return None not in olds and not olds & {constant_key(value) for value in values}
        case [ast.Constant(value=str(old)), ast.Constant(value=str(new)), *_]:
            return old not in new
        case [ast.Constant(value=old), new, *_]:
            return not isinstance(old, str) and constant_key(new) != str(old)
    return False


def _function_keeps(name: str, arguments: list[ast.expr], target: ast.expr) -> bool:
    """Whether a function of this name, one of whose arguments keeps the target, returns the same once more."""
    if name in ("min", "max", "maximum", "minimum") and len(arguments) > 1:
        kept = [argument for argument in arguments if _keeps(argument, target)]
        return len(kept) == 1 and sum(_mentions(argument, target) for argument in arguments) == 1
    if name == "filter" and len(arguments) == 2:
        return _keeps(arguments[1], target)
    if name == "where" and len(arguments) == 3:
        return _one_keeps(arguments[1], arguments[2], target)
    return name in library.IDEMPOTENT_FUNCTIONS and bool(arguments) and _keeps(arguments[0], target)


def _one_keeps(body: ast.expr, other: ast.expr, target: ast.expr) -> bool:
    """Whether one branch keeps the target and the other is not made of it: whichever it was, it is that again."""
    return (_keeps(body, target) and not _mentions(other, target)) or (
        _keeps(other, target) and not _mentions(body, target)
    )


def _rescales(left: ast.expr, operator: ast.operator, right: ast.expr, target: ast.expr) -> bool:
    """``x - x.min()``, ``x / x.max()``, ``(x - x.min()) / (x.max() - x.min())``: the smallest is 0 then, the largest 1."""
    if isinstance(operator, ast.Sub):
        return _keeps(left, target) and _extreme(right, target) in ("min", "max")
    if not isinstance(operator, ast.Div):
        return False
    match left, right:
        case ast.BinOp(left=value, op=ast.Sub(), right=low), ast.BinOp(left=high, op=ast.Sub(), right=lowest):
            extremes = tuple(_extreme(end, target) for end in (low, high, lowest))
            return _keeps(value, target) and extremes == ("min", "max", "min")
    return _keeps(left, target) and _extreme(right, target) == "max"


def _extreme(node: ast.expr, target: ast.expr) -> str:
    """``min`` of ``x.min()``, ``min(x)`` and ``np.min(x)``; empty for anything else."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=[]) if _is(value, target):
            return name
        case ast.Call(args=[argument]) if _is(argument, target):
            return dotted_path(node.func).rpartition(".")[2]
    return ""


def _sets_columns_again(call: ast.Call) -> bool:
    """Whether columns that a frame gets are made of others than themselves, or come to the same again."""
    listed = [argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument] for argument in call.args]
    columns = [(keyword.arg or "", keyword.value) for keyword in call.keywords]
    for value in (value for values in listed for value in values):
        alias, made = "", value
        while isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr == "alias":
            alias, made = alias or constant_text(made.args[0] if made.args else None), made.func.value
        column = _column(made)
        columns.append((alias or constant_text(column.args[0] if column is not None and column.args else made), made))
    mentioned = {
        name
        for _, value in columns
        for node in ast.walk(value)
        for name in (constant_text(node) if isinstance(node, ast.Constant) else getattr(node, "attr", ""),)
    }
    for name, value in columns:
        if name and name not in mentioned:
            continue
        own = _own_column(call, name, value)
        body = value.body if isinstance(value, ast.Lambda) else value
        if not (constant_text(value) == name != "" or (own is not None and _keeps(body, own))):
            return False
    return True


def _own_column(call: ast.Call, name: str, value: ast.expr) -> ast.expr | None:
    """How an expression reads the column that it makes: ``pl.col("a")``, ``df.a``, or ``d.a`` in ``lambda d: …``."""
    column = _column(value)
    if isinstance(value, ast.Lambda) and value.args.args:
        return ast.Attribute(ast.Name(value.args.args[0].arg), name)
    if column is not None and constant_text(column.args[0] if column.args else None) in ("", name):
        return column
    frame = call.func.value if isinstance(call.func, ast.Attribute) else None
    return ast.Attribute(frame, name) if isinstance(frame, ast.Name) else None


def _column(value: ast.expr) -> ast.Call | None:
    """The call with which an expression of polars begins, such as ``pl.col("a")``."""
    found: ast.Call | None = None
    node: ast.expr = value
    while True:
        match node:
            case ast.Call(func=ast.Attribute(value=inner)):
                found, node = node, inner
            case ast.Attribute(value=inner) | ast.BinOp(left=inner):
                node = inner
            case _:
                return found


def _selects_all_again(selection: ast.expr) -> bool:
    """Whether a selection, applied to what it selected, selects all of it."""
    if isinstance(selection, ast.List):
        return all(isinstance(element, ast.Constant) for element in selection.elts)
    if isinstance(selection, ast.Slice):
        first, last = (isinstance(end, ast.UnaryOp) for end in (selection.lower, selection.upper))
        return selection.step is None and (
            (selection.lower is None and not last) or (first and selection.upper is None)
        )
    if isinstance(selection, ast.Tuple):
        return all(_selects_all_again(element) for element in selection.elts)
    attributes = {node.attr for node in ast.walk(selection) if isinstance(node, ast.Attribute)}
    tests = library.IDEMPOTENT | {"isnan", "isfinite", "isinf", "duplicated"}
    filters = any(isinstance(node, ast.Compare) for node in ast.walk(selection)) or attributes & tests
    return bool(filters) and not attributes & library.AGGREGATES


def _is(node: ast.expr, target: ast.expr) -> bool:
    """Whether an expression reads what a target sets: ``df.a`` is ``df["a"]``."""
    if _loaded(node) == _loaded(target):
        return True
    path, other = access_path(node), access_path(target)
    if path is None or other is None or path.key is None or not (path.exact and other.exact):
        return False
    return (path.name, path.key) == (other.name, other.key)


def _mentions(node: ast.expr, target: ast.expr) -> bool:
    return any(_is(part, target) for part in ast.walk(node) if isinstance(part, ast.expr))


def _any_mentions(nodes: Iterable[ast.expr], target: ast.expr) -> bool:
    return any(_mentions(node, target) for node in nodes)


def _loaded(node: ast.expr) -> str:
    """An expression's tree as text, the same for a target and for its use."""
    return ast.dump(node).replace("ctx=Store()", "ctx=Load()")
