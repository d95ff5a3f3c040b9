"""What a statement means, whatever its docstrings, its functions' annotations and the names of their local variables."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from copy import deepcopy

from jupyter_agent.analysis.cells.scopes import FUNCTIONS, local_names, parameters_of

_SCOPES = (*FUNCTIONS, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
#: Functions that see the names of local variables.
_REFLECTION = frozenset({"locals", "vars", "dir", "eval", "exec"})


def meaning_of(node: ast.stmt) -> str:
    """A text that is the same for statements that do the same whatever they call it and say of it."""
    if any(isinstance(child, (*_SCOPES, *_COMPREHENSIONS, ast.AnnAssign)) for child in ast.walk(node)):
        node = _Normalizer().visit(deepcopy(node))
    return ast.dump(node)


class _Normalizer(ast.NodeTransformer):
    """Takes away what does not count; annotations count in classes, whose decorators and bases may read them."""

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        """Drop docstring and annotations, and number the local variables."""
        node.body = _without_docstring(node.body)
        if not node.decorator_list:
            node.returns = None
            for argument in parameters_of(node.args):
                argument.annotation = None
        inner = [child for statement in node.body for child in ast.walk(statement)]
        names = {child.id for child in inner if isinstance(child, ast.Name)}
        if not any(isinstance(child, _SCOPES) for child in inner) and not names & _REFLECTION:
            bare = {field for child in inner for field in _bare_names(child)}
            local = local_names(node.body, [])[0] - bare - {argument.arg for argument in parameters_of(node.args)}
            _number(inner, local, "local")
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Number the parameters."""
        inner = list(ast.walk(node.body))
        if not any(isinstance(child, (*_SCOPES, *_COMPREHENSIONS)) for child in inner):
            numbers = _number(inner, {argument.arg for argument in parameters_of(node.args)}, "parameter")
            for argument in parameters_of(node.args):
                argument.arg = numbers.get(argument.arg, argument.arg)
        return self.generic_visit(node)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.AST:
        """Number the variables."""
        inner = list(ast.walk(node))
        names = {child.id for child in inner if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)}
        outer = {child.id for child in ast.walk(node.generators[0].iter) if isinstance(child, ast.Name)}
        scopes = (*_SCOPES, *_COMPREHENSIONS, ast.NamedExpr)
        if not names & outer and not any(isinstance(child, scopes) for child in inner[1:]):
            _number(inner, names, "variable")
        return self.generic_visit(node)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Drop the docstring; what annotates its attributes stays."""
        node.body = [
            child if isinstance(child, ast.AnnAssign) else self.visit(child) for child in _without_docstring(node.body)
        ]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """``x: int = 1`` is ``x = 1``."""
        if node.value is None or not isinstance(node.target, ast.Name):
            return node
        return ast.Assign([node.target], node.value)


def _number(nodes: Iterable[ast.AST], names: Collection[str], kind: str) -> dict[str, str]:
    """Give names numbers, in the order of their use, that no other scope has; returns these."""
    numbers: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in names:
            node.id = numbers.setdefault(node.id, f"‹{kind} {len(numbers)}›")
    return numbers


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest or [ast.Pass()]
    return body


def _bare_names(node: ast.AST) -> list[str]:
    """Names that a node binds without a `Name` of its own."""
    names = [getattr(node, field, None) for field in ("name", "asname", "rest")]
    return [name.partition(".")[0] for name in names if isinstance(name, str)]
