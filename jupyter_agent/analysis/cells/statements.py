"""The effects of each statement at the top level of a cell."""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache

from jupyter_agent.analysis.cells import library_calls as library
from jupyter_agent.analysis.cells.access_paths import column_keywords, constant_text, dotted_path
from jupyter_agent.analysis.cells.effects import StatementEffects
from jupyter_agent.analysis.cells.idempotence import is_idempotent
from jupyter_agent.analysis.cells.meaning import meaning_of
from jupyter_agent.analysis.cells.set_order import has_texts, is_set
from jupyter_agent.analysis.cells.source import ParsedCell, is_magic, parse
from jupyter_agent.analysis.cells.visitor import EffectVisitor, returns_none

#: Statements from which on a cell's statements are cached one by one: its next version has most of them, too.
CACHED_FROM = 16


def statement_effects(source: str, parsed: ParsedCell) -> tuple[StatementEffects, ...]:
    """The effects of each statement of a source that has some.

    Raises:
        RecursionError: the source is nested too deeply.
        ValueError: it has a number of more digits than Python writes out.
    """
    nodes = parsed.tree.body
    texts = _statement_texts(source, parsed) if len(nodes) >= CACHED_FROM else None
    found = (
        [_effects(node, parsed, node is nodes[-1]) for node in nodes]
        if texts is None
        else [_cached_effects(text, place == len(texts) - 1, parsed.quiet) for place, text in enumerate(texts)]
    )
    return tuple(effects for effects in found if effects is not None)


def _statement_texts(source: str, parsed: ParsedCell) -> list[str] | None:
    """Each statement's own lines; None where two statements share a line or it is not plain which lines are whose."""
    if parsed.magics or parsed.problem or "\r" in source:
        return None
    lines, texts, above = source.split("\n"), list[str](), 0
    for node in parsed.tree.body:
        end = node.end_lineno or 0
        if node.lineno <= above or lines[end - 1].endswith("\\"):
            return None
        texts.append("\n".join(lines[above:end]))
        above = end
    return texts


@lru_cache(maxsize=8192)
def _cached_effects(text: str, is_last: bool, quiet: bool) -> StatementEffects | None:
    """The effects of the one statement of a text: of a long cell that is edited, only some statements are new."""
    parsed = parse(text)
    return _effects(parsed.tree.body[0], ParsedCell(parsed.tree, (), quiet), is_last)


def _effects(node: ast.stmt, parsed: ParsedCell, is_last: bool) -> StatementEffects | None:
    """The effects of a statement; None where it has none, as a docstring or a ``%time`` without code."""
    visitor = EffectVisitor(parsed.magics)
    visitor.statement(node)
    displayed = isinstance(node, ast.Expr) and is_last and not parsed.quiet and not returns_none(node.value)
    if isinstance(node, ast.Expr) and not displayed and isinstance(node.value, ast.Constant):
        return None
    if isinstance(node, ast.Expr) and is_magic(node.value) and not visitor.magic_texts:
        return None
    assigned = node.value if isinstance(node, ast.Assign) else None
    return StatementEffects(
        digest_of(
            meaning_of(node)
            + "".join(visitor.magic_texts)
            + (";" if is_last and parsed.quiet and isinstance(node, ast.Expr) else "")
        ),
        reads=tuple(visitor.reads.values()),
        binds=tuple(name for name in visitor.bound if name in visitor.definite),
        may_bind=tuple(name for name in visitor.bound if name not in visitor.definite),
        mutations=tuple(visitor.mutations),
        deletes=tuple(visitor.deleted),
        imports=tuple(visitor.imports),
        calls=tuple(visitor.calls),
        functions=tuple(visitor.functions),
        shows=visitor.shows or displayed,
        is_result=displayed,
        result_of=dotted_path(node.value.func).strip("?")
        if displayed and isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        else "",
        alias_of=_alias_of(node),
        shares=tuple(dict.fromkeys(visitor.shares)),
        columns_of=_columns_of(assigned),
        value_call=_value_call(node),
        idempotent=is_idempotent(node),
        converts=isinstance(assigned, ast.Call)
        and dotted_path(assigned.func).rpartition(".")[2] in library.CONVERSIONS,
        generator=isinstance(assigned, ast.GeneratorExp),
        text=_text(assigned),
        filters=_filters(node),
        has_texts=assigned is not None and has_texts(assigned),
        is_set=assigned is not None and is_set(assigned),
        wildcard=visitor.wildcard,
        resets_namespace=visitor.resets_namespace,
    )


def _text(value: ast.expr | None) -> str:
    """``a.csv`` in ``x = "a.csv"`` and ``x = Path("a.csv")``."""
    if isinstance(value, ast.Call) and dotted_path(value.func).rpartition(".")[2] == "Path" and value.args:
        value = value.args[0]
    return constant_text(value)


def _filters(node: ast.stmt) -> bool:
    """Whether a statement takes some of what it has, by values."""
    parts = list(ast.walk(node))
    return any(
        isinstance(part, (ast.Compare, ast.While, ast.If, ast.Set, ast.SetComp))
        or (isinstance(part, ast.comprehension) and bool(part.ifs))
        or (isinstance(part, ast.Attribute) and part.attr in library.FILTERS)
        for part in parts
    )


def _value_call(node: ast.stmt) -> str:
    """The path of the call whose result is bound; of a chain that begins with a call, of that call."""
    value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    while isinstance(value, ast.Call):
        path = dotted_path(value.func)
        if not path.startswith("?"):
            return path
        value = value.func.value if isinstance(value.func, ast.Attribute) else None
    return ""


def _columns_of(value: ast.expr | None) -> str:
    """``df`` in ``x = df[["a", "b"]]``, ``x = df.drop(columns="c")`` and chains of these."""
    links = 0
    while not isinstance(value, ast.Name):
        links += 1
        if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.List):
            value = value.value
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            if not library.touches_columns_only(value.func.attr, column_keywords(value)):
                return ""
            value = value.func.value
        else:
            return ""
    return value.id if links else ""


def _alias_of(node: ast.stmt) -> str:
    """``x`` in ``y = x``, and in ``y = x.fit(…)``, which returns ``x`` itself."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return ""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if not all(isinstance(target, ast.Name) for target in targets):
        return ""
    match node.value:
        case ast.Name(id=name):
            return name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="fit" | "set_params")):
            return name
    return ""


def digest_of(text: str) -> int:
    """A 64-bit hash of a text, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
