"""A cell's source as steps: one for each statement at its top level."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from jupyter_agent.analysis.cells import library_calls as library
from jupyter_agent.analysis.cells.effects import Step
from jupyter_agent.analysis.cells.expressions import keywords_of, path_of, place_of, words_of
from jupyter_agent.analysis.cells.source import Parsed, is_magic, parse
from jupyter_agent.analysis.cells.statements import Statements, returns_none

#: Characters of a cell that is read: what people write by hand is shorter by far.
MAX_SOURCE = 60_000
#: Statements from which on a cell's lines are remembered one by one: its next version has most of them, too.
LONG = 16


@dataclass(frozen=True, slots=True)
class Walked:
    """What walking one cell's source gave."""

    steps: tuple[Step, ...]
    digest: int
    problem: str
    magics: tuple[str, ...]


def walk(source: str) -> Walked:
    """Walk a cell's source; never raises for what a user may have typed, and never takes long."""
    if len(source) > MAX_SOURCE:
        return _untold(source)
    parsed = parse(source)
    try:
        return _walked(source, parsed)
    except RecursionError:
        names = tuple(one.name for one in parsed.magics)
        return Walked((), digest_of(source), "RecursionError: it is nested too deeply", names)


def _untold(source: str) -> Walked:
    """A cell that is too long to be read here: it may bind anything, and nobody can tell what."""
    step = Step(digest_of(source), shows=True, wildcard="a cell that is too long to be read")
    return Walked((step,), step.digest, "", ())


def _walked(source: str, parsed: Parsed) -> Walked:
    statements = parsed.tree.body
    lines = _lines_of(source, parsed) if len(statements) >= LONG else None
    walked = (
        [_step(one, parsed, position == len(statements) - 1) for position, one in enumerate(statements)]
        if lines is None
        else [_remembered(text, position == len(lines) - 1, parsed.quiet) for position, text in enumerate(lines)]
    )
    steps = tuple(one for one in walked if one is not None)
    text = "|".join(str(one.digest) for one in steps)
    return Walked(
        steps,
        digest_of(text + ("|;" if parsed.quiet else "") + (source if parsed.problem else "")),
        parsed.problem,
        tuple(one.name for one in parsed.magics),
    )


def _lines_of(source: str, parsed: Parsed) -> list[str] | None:
    """Each statement's own lines; None where two statements share one, or where it is not plain which these are."""
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
def _remembered(text: str, is_last: bool, quiet: bool) -> Step | None:
    """The step of lines that hold one statement: of a long cell that is edited, only some lines are new."""
    parsed = parse(text)
    return _step(parsed.tree.body[0], Parsed(parsed.tree, (), quiet), is_last)


def _step(node: ast.stmt, parsed: Parsed, is_last: bool) -> Step | None:
    scope = Statements(parsed.magics)
    scope.statement(node)
    shown = isinstance(node, ast.Expr) and is_last and not parsed.quiet and not returns_none(node.value)
    if isinstance(node, ast.Expr) and not shown and isinstance(node.value, ast.Constant):
        return None
    if isinstance(node, ast.Expr) and is_magic(node.value) and not scope.magic_texts:
        return None
    maker, maker_keywords = _maker(node)
    return Step(
        digest_of(ast.dump(node) + "".join(scope.magic_texts) + (";" if is_last and parsed.quiet else "")),
        reads=tuple(scope.reads.values()),
        binds=tuple(one for one in scope.bound if one in scope.definite),
        perhaps=tuple(one for one in scope.bound if one not in scope.definite),
        changes=tuple(scope.changes),
        deletes=tuple(scope.deleted),
        imports=tuple(scope.imports),
        calls=tuple(scope.calls),
        functions=tuple(scope.definitions),
        shows=scope.shows or shown,
        last=shown,
        alias=_alias(node),
        view_of=_view(node),
        columns_of=_columns_of(node),
        given=_given(node),
        maker=maker,
        maker_keywords=maker_keywords,
        same_again=_same_again(node),
        converts=_converts(node),
        generator=isinstance(node, ast.Assign) and isinstance(node.value, ast.GeneratorExp),
        wildcard=scope.wildcard,
        wipes=scope.wipes,
    )


def _maker(node: ast.stmt) -> tuple[str, frozenset[str]]:
    value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    while isinstance(value, ast.Call):
        path = path_of(value.func)
        if not path.startswith("?"):
            return path, keywords_of(value)
        value = value.func.value if isinstance(value.func, ast.Attribute) else None
    return "", frozenset()


def _columns_of(node: ast.stmt) -> str:
    """``df`` in ``x = df[["a", "b"]]``, ``x = df.drop(columns="c")`` and chains of these."""
    value = node.value if isinstance(node, ast.Assign) else None
    steps = 0
    while not isinstance(value, ast.Name):
        steps += 1
        if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.List):
            value = value.value
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            if not library.touches_columns_only(value.func.attr, words_of(value)):
                return ""
            value = value.func.value
        else:
            return ""
    return value.id if steps else ""


def _given(node: ast.stmt) -> tuple[str, ...]:
    value = node.value if isinstance(node, ast.Assign) else None
    arguments = [*value.args, *(one.value for one in value.keywords)] if isinstance(value, ast.Call) else []
    return tuple(one.id for one in arguments if isinstance(one, ast.Name))


def _alias(node: ast.stmt) -> str:
    """``y = x``, and ``y = x.fit(…)``, which returns ``x`` itself."""
    if not isinstance(node, ast.Assign) or not all(isinstance(one, ast.Name) for one in node.targets):
        return ""
    value = node.value
    if (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in ("fit", "set_params")
    ):
        value = value.func.value
    return value.id if isinstance(value, ast.Name) else ""


def _view(node: ast.stmt) -> tuple[str, ...]:
    """Names whose objects the bound one may share data with: ``y = x[1:]``, ``both = [x, y]``."""
    if not isinstance(node, ast.Assign):
        return ()
    value = node.value
    if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        return tuple(one.id for one in value.elts if isinstance(one, ast.Name))
    if isinstance(value, ast.Dict):
        return tuple(one.id for one in value.values if isinstance(one, ast.Name))
    place = place_of(value) if isinstance(value, (ast.Attribute, ast.Subscript)) else None
    return (place.name,) if place is not None and not place.called else ()


def _same_again(node: ast.stmt) -> bool:
    """Whether an assignment, done to its own result, changes nothing."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return False
    target = node.targets[0]
    if isinstance(target, ast.Subscript) and isinstance(node.value, ast.Constant):
        return True
    return _settled(node.value, _shape(target))


def _converts(node: ast.stmt) -> bool:
    """Whether it is a conversion that settles its target: ``df["a"] = df["a"].astype(int)``."""
    value = node.value if isinstance(node, ast.Assign) else None
    return isinstance(value, ast.Call) and path_of(value.func).rpartition(".")[2] in library.CONVERSIONS


def _settled(node: ast.expr, target: str) -> bool:
    if _shape(node) == target:
        return True
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=method), args=arguments):
            if method in library.SAME_AGAIN and _settled(value, target):
                return True
            return method in library.SAME_AGAIN_FUNCTIONS and bool(arguments) and _settled(arguments[0], target)
        case ast.Call(func=ast.Name(id=name), args=[first, *_]):
            return name in library.SAME_AGAIN_FUNCTIONS and _settled(first, target)
        case ast.Attribute(value=value, attr=attribute):
            return attribute in ("str", "dt", "cat", "loc", "values", "array") and _settled(value, target)
        case ast.Subscript(value=value, slice=part):
            return _settled(value, target) and _selects_again(part)
    return False


def _selects_again(part: ast.expr) -> bool:
    """Whether a selection, applied to what it selected, selects all of it."""
    if isinstance(part, ast.List):
        return all(isinstance(one, ast.Constant) for one in part.elts)
    if isinstance(part, ast.Slice):
        return part.lower is None and part.step is None and not isinstance(part.upper, ast.UnaryOp)
    if isinstance(part, ast.Tuple):
        return all(_selects_again(one) for one in part.elts)
    called = {one.attr for one in ast.walk(part) if isinstance(one, ast.Attribute)}
    asked = any(isinstance(one, ast.Compare) for one in ast.walk(part)) or bool(called & library.SAME_AGAIN)
    return asked and not called & library.AGGREGATES


def _shape(node: ast.expr) -> str:
    return ast.dump(node).replace("ctx=Store()", "ctx=Load()")


def digest_of(text: str) -> int:
    """A number that stands for a text, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
