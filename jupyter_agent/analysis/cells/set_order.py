"""The order of sets, which is that of their elements' hashes: those of texts are others in each kernel."""

# ruff: noqa: SIM905 - many words are easier to read, and to sort, as words

from __future__ import annotations

import ast
from collections.abc import Sequence

from jupyter_agent.analysis.cells.access_paths import dotted_path

#: Functions and methods whose result has the order of their arguments.
ORDERED = frozenset(
    "list tuple enumerate zip map filter iter next reversed print str repr join array Series DataFrame fromkeys deque "
    "extend".split()
)
#: Functions and methods → what of their arguments, or of their object, does not count: ``values``, or only the ``order``.
IGNORED = {
    **dict.fromkeys(("len", "type", "isinstance"), "values"),
    **dict.fromkeys(("sorted", "min", "max", "sum", "any", "all", "set", "frozenset", "isin"), "order"),
    **dict.fromkeys(("sort_values", "sort_index", "sort", "union", "intersection", "difference"), "order"),
    **dict.fromkeys(("issubset", "issuperset", "update", "isdisjoint", "nunique"), "order"),
}
_TIED_KEYS = frozenset({"len", "int", "abs"})
_SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference"})
_TEXT_METHODS = frozenset(
    {"split", "splitlines", "lower", "upper", "strip", "title", "capitalize", "read_text", "join"}
)
#: What a loop does with its elements one after the other.
_IN_TURN = frozenset({"print", "display", "append", "extend", "write", "insert", "put", "plot"})


def is_set(node: ast.expr) -> bool:
    """Whether an expression evaluates to a set."""
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in _SET_METHODS
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), right=right):
            return any(
                is_set(side) or dotted_path(getattr(side, "func", side)).endswith(".keys") for side in (left, right)
            )
    return False


def has_texts(node: ast.expr) -> bool:
    """Whether an expression evaluates to a text, or to what holds texts, as far as it is written out."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, str)
        case ast.JoinedStr():
            return True
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return any(map(has_texts, elements))
        case ast.Dict(keys=keys):
            return any(key is not None and has_texts(key) for key in keys)
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            return has_texts(element)
        case ast.Call(func=ast.Name(id="set" | "frozenset" | "list" | "tuple" | "sorted"), args=[argument]):
            return has_texts(argument)
        case ast.Call(func=ast.Name(id="str")):
            return True
        case ast.Call(func=ast.Attribute(value=value, attr=method)):
            return method in _TEXT_METHODS or (method in _SET_METHODS and has_texts(value))
        case ast.BinOp(left=left, right=right):
            return has_texts(left) or has_texts(right)
    return False


def ignored_by(call: ast.Call, name: str) -> str:
    """What a function of this name ignores of its arguments, see `IGNORED`; the order counts where a key has ties."""
    keys = {getattr(keyword.value, "id", "") for keyword in call.keywords if keyword.arg == "key"}
    return "" if keys & _TIED_KEYS else IGNORED.get(name, "")


def text_sources(node: ast.expr) -> list[str]:
    """Names of values whose elements are those of a set."""
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Call(func=ast.Name(id="set" | "frozenset" | "list" | "tuple" | "sorted"), args=[argument]):
            return text_sources(argument)
        case ast.SetComp(elt=ast.Name(id=name), generators=[ast.comprehension(target=ast.Name(id=each), iter=source)]):
            return text_sources(source) if name == each else []
        case ast.Call(func=ast.Attribute(value=value, attr=method)):
            return text_sources(value) if method in _SET_METHODS | {"keys"} else []
        case ast.BinOp(left=left, right=right):
            return [*text_sources(left), *text_sources(right)]
    return []


def order_counts(body: Sequence[ast.stmt]) -> bool:
    """Whether it counts in which order a loop with this body is gone through."""
    nodes = [node for statement in body for node in ast.walk(statement)]
    return any(
        isinstance(node, (ast.Break, ast.Yield))
        or (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.Call) and dotted_path(node.func).rpartition(".")[2] in _IN_TURN)
        for node in nodes
    )
