"""Python in a question, or arithmetic in words, over the values that there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import many, name, names
from jupyter_agent.models.offline.parts import Part, part_of
from jupyter_agent.models.offline.queries.query import SIMPLE, ObjectContext, ObjectQuery, is_data, shown_run
from jupyter_agent.models.offline.words import near

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
#: ``call per_portion for chili``, ``what does label return for 7.9``.
_CALL = re.compile(
    r"\W*(?:please |can you |could you )*(?:(?:call|run|apply|execute|try|use) (?:the function |function )?([^\W\d]\w*) (?:for|with|on|to)"
    r"|what (?:does|would|will) (?:the function )?([^\W\d]\w*) (?:return|give|say|yield|do) (?:for|with|on)) (.+?)[\s?!.]*",
    re.IGNORECASE,
)
#: Values that a typed word is looked for in.
_MOST_HELD = 8
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
    """An expression to evaluate.

    Attributes:
        code: It.
        variables: The values that it names.
    """

    code: str
    variables: tuple[Variable, ...]

    def answer(self, facts: Facts) -> Sequence[str]:
        """What it yields, or which part of a value it names that there is not."""
        ran = facts.run(self.code)
        if ran.status == "failed" and re.match(r"(?:Key|Index|Attribute)Error\b", ran.last_line):
            parts = [part for full in facts.inspected_all(self.variables) for *_, part in part_of(full).walk()]
            for node in ast.walk(ast.parse(self.code, mode="eval")):
                if isinstance(node, (ast.Subscript, ast.Attribute)) and (missing := _missing(node, parts)):
                    return [missing]
        return shown_run(facts, self.code, name(self.code, 160))


def _missing(node: ast.Subscript | ast.Attribute, parts: Sequence[Part]) -> str:
    """That a value has no such key, place or attribute, and which it has; empty where it is not known or has it."""
    outer = next((part for part in parts if part.kind and part.code == ast.unparse(node.value)), None)
    if outer is None or outer.length is None or any(part.code == ast.unparse(node) for part in outer.parts):
        return ""
    if isinstance(node, ast.Attribute) and outer.kind != "object":
        own = next((part.code for part in outer.parts if part.key == node.attr), "")
        return f"{name(node.attr)} is a key of {name(outer.code)}, not an attribute: write {name(own)}." if own else ""
    sought = node.attr if isinstance(node, ast.Attribute) else ast.unparse(node.slice)
    if outer.kind == "sequence":
        places = f"; their places are 0 to {outer.length - 1}" if outer.length else ""
        return f"There is no {name(ast.unparse(node))}: {name(outer.code)} has {many(outer.length, 'item')}{places}."
    noun = "key" if outer.kind == "mapping" else "attribute"
    listed = names([part.key for part in outer.parts], 40)
    there = f"{many(outer.length, noun)}: {listed}" if outer.parts else f"no {noun}s"
    close = near(sought.strip("'\""), [part.key for part in outer.parts])
    like = f" Perhaps {name(close[0])} is meant." if close else ""
    return f"There is no {noun} {name(sought)} in {name(outer.code)}. It has {there}.{like}"


def _call(question: str, context: ObjectContext) -> ExpressionQuery | None:
    """The call of the user's function that is asked for, each argument a number, a name, a text in quotes or one that the data has."""
    asked = _CALL.fullmatch(question)
    function = context.namespace.variables.get(asked[1] or asked[2]) if asked is not None else None
    if asked is None or function is None or function.kind != "function":
        return None
    signature = str(function.facts.get("signature") or "")
    try:
        definition = ast.parse(f"def f{signature[signature.index('(') :]}: pass").body[0]
    except (SyntaxError, ValueError):
        return None
    assert isinstance(definition, ast.FunctionDef)
    parameters = definition.args
    given = [_argument(text, context) for text in re.split(r",\s*(?:and\s+)?|\s+and\s+", asked[3])]
    least = len(parameters.args) - len(parameters.defaults)
    if not least <= len(given) <= len(parameters.args) or None in given or None in parameters.kw_defaults:
        return None
    return ExpressionQuery(f"{function.name}({', '.join(map(str, given))})", (function,))


def _argument(text: str, context: ObjectContext) -> str | None:
    """A number, the name of a plain value or a text as code; None for what is none of the data, and for what a call could change."""
    variables = context.namespace.variables
    if text in variables:
        return text if variables[text].kind in SIMPLE else None
    if re.fullmatch(r"-?\d+(?:\.\d+)?", text):
        return text
    if text[:1] in "'\"" and text[-1:] == text[:1] and len(text) > 1:
        return repr(text[1:-1])
    held = [variable for variable in variables.values() if is_data(variable)]
    parts = [part for full in context.facts.inspected_all(held[:_MOST_HELD]) for *_, part in part_of(full).walk()]
    values = [value for table in context.namespace.frames for column in table.columns for value in column.values]
    known = {*(part.key for part in parts), *(part.value for part in parts if isinstance(part.value, str)), *values}
    spelled = sorted(each for each in known - {*variables} if each.casefold() == text.casefold())
    return repr(spelled[0]) if len(spelled) == 1 else None


def read(question: str, context: ObjectContext) -> ExpressionQuery | None:
    """The expression that a question is, behind polite words; None if it is none or names what there is not."""
    if (call := _call(question, context)) is not None:
        return call
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
    return ExpressionQuery(ast.unparse(tree), tuple(variables))


def _suits(nodes: Sequence[ast.AST], variables: Sequence[Variable]) -> bool:
    """Whether it reads rather than changes: no method of a container, no name of a table alone, which the words about tables are for."""
    if any(variable.kind == "frame" for variable in variables):
        return False
    methods = [node.func for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]

    return not any(method.attr in _CHANGING for method in methods)
