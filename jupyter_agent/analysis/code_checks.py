"""Whether code may be tried unasked, on a copy of the variables."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jupyter_agent.analysis import risk
from jupyter_agent.analysis.cells.names import names_of
from jupyter_agent.analysis.cells.source import parse
from jupyter_agent.core.kernel_state import KernelState

#: Characters of code that is tried unasked.
MAX_TRIED = 4_000
#: What code that is tried unasked is made of: expressions, bindings of names, branches and loops over what is there.
_ALLOWED: tuple[type[ast.AST], ...] = (
    ast.Module, ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.If, ast.Pass, ast.Break, ast.Continue, ast.Assert,
    ast.expr, ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop, ast.comprehension, ast.keyword,
    ast.slice, ast.arguments, ast.arg,
)  # fmt: skip
_FORBIDDEN = (ast.Await, ast.Yield, ast.YieldFrom, ast.Lambda)


def may_try_unasked(source: str, state: KernelState, sources: Sequence[str]) -> bool:
    """Whether code may run on a copy of the variables without being asked about: an allow-list over its syntax tree.

    Only expressions and bindings of new names, of which every call is known to compute or read: nothing is changed in place,
    deleted, written, started or trained. The names that it reads must exist: code that waits for another cell fails in a trial
    run without being wrong.

    Args:
        source: Of a cell.
        state: Of the kernel.
        sources: The notebook's cells, to know what functions do.
    """
    names = names_of(source)
    if names.empty or names.problem or names.magics or len(source) > MAX_TRIED or names.deletes:
        return False
    if any(name not in state.variables for name in names.reads) or names.mutates or names.may_mutate:
        return False
    nodes = list(ast.walk(parse(source).tree))
    if not all(isinstance(node, _ALLOWED) and not isinstance(node, _FORBIDDEN) for node in nodes):
        return False
    return not risk.reasons(source, sources=sources, live=state.variables, strict=True)
