"""What a statement means, whatever its docstrings, its functions' annotations and the names of their local variables."""

from __future__ import annotations

import ast
from copy import deepcopy

from jupyter_agent.analysis.cells.scopes import FUNCTIONS, local_names, parameters_of

_SCOPES = (*FUNCTIONS, ast.ClassDef, ast.Lambda)
#: Functions that see the names of local variables.
_REFLECTION = frozenset({"locals", "vars", "dir", "eval", "exec"})


def meaning_of(node: ast.stmt) -> str:
    """A text that is the same for statements that do the same whatever they call it and say of it."""
    if any(isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.AnnAssign)) for child in ast.walk(node)):
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
            numbers: dict[str, str] = {}
            for child in inner:
                if isinstance(child, ast.Name) and child.id in local:
                    child.id = numbers.setdefault(child.id, f"‹{len(numbers)}›")
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

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


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest or [ast.Pass()]
    return body


def _bare_names(node: ast.AST) -> list[str]:
    """Names that a node binds without a `Name` of its own."""
    names = [getattr(node, field, None) for field in ("name", "asname", "rest")]
    return [name.partition(".")[0] for name in names if isinstance(name, str)]
