"""Python in a question, or arithmetic in words, over the values that there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery, shown_run

_LEADING = re.compile(
    r"^(?:please |ok |and |so |hey |can you |could you )*(?:(?:what(?:'s| is| does| are| would be)|whats|how much is|show(?: me)?|print|display|evaluate|eval|compute|calculate|give me|run|value of|the value of|result of|return) +)*(?:the value of |the result of |result of |value of )?",
    re.IGNORECASE,
)
_IN_WORDS = (
    (r"\bplus\b", "+"),
    (r"\bminus\b", "-"),
    (r"\bdivided by\b", "/"),
    (r"\b(?:times|multiplied by)\b", "*"),
    (r"\bto the power of\b", "**"),
    (r"\bsquared\b", "** 2"),
)
_BUILT_IN = frozenset(
    words("len sum min max abs round sorted type set list str int float bool any all range tuple dict isinstance")
)
#: Methods that change their object.
_CHANGING = frozenset(
    words(
        "append extend pop clear update remove insert sort reverse setdefault popitem add discard fill resize fit partial_fit"
    )
)
_ALLOWED = (
    ast.Expression, ast.Name, ast.Load, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Call, ast.keyword, ast.BinOp, ast.UnaryOp,
    ast.Compare, ast.BoolOp, ast.operator, ast.unaryop, ast.cmpop, ast.boolop,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExpressionQuery(ObjectQuery):
    """An expression to evaluate."""

    code: str

    def answer(self, facts: Facts) -> Sequence[str]:
        """What it yields."""
        return shown_run(facts, self.code, name(self.code, 160))


def read(question: str, context: ObjectContext) -> ExpressionQuery | None:
    """The expression that a question is, behind polite words; None if it is none or names what there is not."""
    text = _LEADING.sub("", question.strip()).strip(" ?!.")
    for pattern, operator in _IN_WORDS:
        text = re.sub(pattern, operator, text, flags=re.IGNORECASE)
    if len(text) > 300 or "\n" in text:
        return None
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    nodes = list(ast.walk(tree))
    if not all(isinstance(node, _ALLOWED) for node in nodes) or isinstance(
        tree.body, (ast.Name, ast.Constant, ast.Tuple, ast.List)
    ):
        return None
    known = context.namespace.variables
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    variables = [known[text] for text in named if text in known]
    if not named <= known.keys() | _BUILT_IN or not variables or not _suits(nodes, variables):
        return None
    return ExpressionQuery(ast.unparse(tree))


def _suits(nodes: Sequence[ast.AST], variables: Sequence[Variable]) -> bool:
    """Whether it reads rather than changes: no method of a container, no name of a table alone, which the words about tables are for."""
    if any(variable.kind == "frame" for variable in variables):
        return False
    methods = [node.func for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]

    return not any(method.attr in _CHANGING for method in methods)
