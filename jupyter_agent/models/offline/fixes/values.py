"""ValueError and its like: shapes that do not fit, texts that are no numbers or dates, truth of a table, division by zero."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import reduce

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.failure import CellError, ErrorContext, Explanation, Fix, always, by_message
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.namespace import Table, whole

_NUMBER = "Read what can be read and mark the rest as missing: `pd.to_numeric(column, errors='coerce')`. Thousands signs and units go first: `.str.replace(r'[^0-9.-]', '', regex=True)`."
_FIXES: tuple[tuple[str, str], ...] = (
    (
        r"(?:The )?truth value of (?:a|an) (?:Series|DataFrame|array)",
        "A whole column is neither true nor false. Use `&`, `|`, `~` with brackets around each comparison instead of `and`, `or`, `not`; or ask `.any()` or `.all()`.",
    ),
    (r"could not convert string to float|invalid literal for int|Unable to parse string", _NUMBER),
    (
        r"cannot convert float NaN to integer|Cannot convert non-finite|cannot convert NA to integer",
        "Missing values cannot be whole numbers. Fill them first (`.fillna(0)`), or use the type that knows gaps: `.astype('Int64')`.",
    ),
    (
        r"time data .* (?:does not|doesn't) match format|Unknown datetime string|unconverted data remains|not a valid date|month must be in",
        "The texts are not dates in the form that was said. Let the form be found: `pd.to_datetime(column, errors='coerce', format='mixed')`; `dayfirst=True` where the day comes first.",
    ),
    (
        r"cannot reindex on an axis with duplicate labels|cannot reindex from a duplicate axis",
        "The row labels occur more than once. Number the rows anew first: `.reset_index(drop=True)`.",
    ),
    (
        r"Input (?:X )?contains NaN|contains infinity",
        "The model cannot take missing values. Leave them out with `.dropna()`, or fill them: `.fillna(…)`.",
    ),
    (
        r"Found input variables with inconsistent numbers of samples",
        "The inputs have different numbers of rows. Make both from the same rows of the same table.",
    ),
    (
        r"Expected 2D array, got (?:1D|scalar) array",
        "A table is expected, but one column was given. Take it with two brackets: `df[['column']]`, or `values.reshape(-1, 1)`.",
    ),
    (
        r"You are trying to merge on",
        "The columns to join on have different types. Convert one first: `.astype(str)` on both, or `pd.to_datetime`.",
    ),
    (
        r"columns overlap but no suffix",
        "Both tables have columns of the same name: give `suffixes=('_left', '_right')`, or `lsuffix` and `rsuffix` to `join`.",
    ),
    (
        r"No objects to concatenate",
        "The list of tables to put together is empty. Look at what was collected before this line.",
    ),
    (
        r"not enough values to unpack|too many values to unpack",
        "The number of names on the left does not fit the number of values on the right.",
    ),
    (r"is not in list|substring not found", "What is looked for is not there. Ask first: `value in items`."),
    (
        r"Index contains duplicate entries, cannot reshape",
        "Several rows fall into one place of the pivot. Say how to bring them together: `pivot_table(…, aggfunc='mean')`.",
    ),
    (
        r"cannot mask with non-boolean array containing NA|Cannot mask with non-boolean",
        "The condition has gaps. Fill them: `.str.contains(…, na=False)` or `.fillna(False)`.",
    ),
    (r"I/O operation on closed file", "The file is closed already. Read it inside its `with` block."),
)
_SHAPES = re.compile(
    r"operands could not be broadcast|shapes? .* not aligned|mismatch in its core dimension|must match (?:the )?(?:size|length)|Length of values|Shape of passed values|All arrays must be of the same length|inhomogeneous|cannot reshape array|dimensions? .* (?:exactly|match)|same (?:length|shape|first dimension)|x and y must (?:have|be)|Length mismatch",
    re.IGNORECASE,
)


def _value(context: ErrorContext) -> Explanation | None:
    message = context.failure.message
    if _SHAPES.search(message):
        return Explanation(
            ["Two things that have to be of the same size are not.", *_sizes(context), _shape_hint(message)]
        )
    fix = by_message(_FIXES, message)
    code = _each_value(context.failure) if fix == _FIXES[0][1] else None
    return Explanation([fix], code) if fix is not None else None


def _each_value(failure: CellError) -> str | None:
    """The cell with `&`, `|`, `~` where a line asks whole columns for their truth; None where one has to be true or false."""
    try:
        tree = ast.parse(failure.source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    places = [place.line for place in failure.places if place.function == "<module>"]
    nodes = list(ast.walk(tree))
    single = {
        id(node)
        for holder in nodes
        if isinstance(holder, (ast.If, ast.While, ast.IfExp, ast.Assert))
        for node in ast.walk(holder.test)
    }
    wrong = [
        node
        for node in nodes
        if isinstance(node, (ast.BoolOp, ast.UnaryOp, ast.Compare))
        and (not places or node.lineno <= places[-1] <= (node.end_lineno or node.lineno))
        and ast.dump(_of_each(node)) != ast.dump(node)
    ]
    if not wrong or any(id(node) in single for node in wrong):
        return None
    outer = wrong[0]
    segment = ast.get_source_segment(failure.source, outer)
    if segment is None or failure.source.count(segment) != 1:
        return None
    return failure.source.replace(segment, ast.unparse(_of_each(outer)))


def _of_each(node: ast.expr) -> ast.expr:
    """A condition on single values as one on whole columns."""
    match node:
        case ast.BoolOp():
            operator = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
            sides = [_of_each(value) for value in node.values]
            return reduce(lambda left, right: ast.BinOp(left, operator, right), sides)
        case ast.UnaryOp(op=ast.Not()):
            return ast.UnaryOp(ast.Invert(), _of_each(node.operand))
        case ast.Compare() if len(node.ops) > 1:
            values = [node.left, *node.comparators]
            pairs: list[ast.expr] = [
                ast.Compare(left, [op], [right]) for left, op, right in zip(values, node.ops, values[1:], strict=False)
            ]
            return reduce(lambda left, right: ast.BinOp(left, ast.BitAnd(), right), pairs)
    return node


def _shape_hint(message: str) -> str:
    if "reshape" in message:
        return "The product of the new shape must be the number of values; `-1` for one side lets it be computed."
    if "not aligned" in message or "core dimension" in message:
        return "For `a @ b` the columns of `a` must be as many as the rows of `b`. Perhaps one has to be turned: `b.T`."
    if "Length of values" in message:
        return "A new column needs one value for each row. Make it from the table's own columns, or give it the table's index: `pd.Series(values, index=df.index)`."
    return "Compare the sizes with `.shape` just before this line."


def _sizes(context: ErrorContext) -> list[str]:
    """Sizes of the variables of the failing line."""
    sizes = {variable.name: _size(variable) for variable in context.named_variables()}
    listed = [f"{name(variable)} {size}" for variable, size in sizes.items() if size]
    return [f"Here {', '.join(listed[:6])}."] if listed else []


def _size(variable: Variable) -> str:
    shape, length = variable.facts.get("shape"), whole(variable.facts.get("length"))
    if isinstance(shape, (list, tuple)):
        return f"has the shape ({', '.join(map(str, shape))})"
    if variable.kind == "frame":
        frame = Table.of(variable)
        return f"has {frame.rows} rows and {frame.width} columns"
    has_items = length is not None and variable.kind in ("sequence", "series", "index", "text")
    return f"has {length} items" if has_items else ""


def _division(context: ErrorContext) -> Explanation | None:
    numbers = [variable for variable in context.named_variables() if variable.kind == "number"]
    place = context.failure.place
    values = [(variable.name, str(variable.facts.get("value"))) for variable in numbers]
    values += place.variables.items() if place is not None else ()
    zero = next((key for key, value in values if value in ("0", "0.0")), "")
    who = f" {name(zero)} is 0 here." if zero else ""
    divisor = zero if zero.isidentifier() else "divisor"
    then = f"Say what shall happen then: `result = value / {divisor} if {divisor} else float('nan')`."
    return Explanation([f"Something is divided by zero.{who}", then])


def _recursion(context: ErrorContext) -> Explanation | None:
    place = context.failure.place
    who = f" {name(place.function)}" if place is not None and place.function != "<module>" else ""
    case = "It needs a case in which it returns without calling itself"
    nearer = "look whether the argument comes nearer to that case in each call"
    return Explanation([f"The function{who} calls itself without end. {case}; {nearer}."])


def _dates(context: ErrorContext) -> Explanation | None:
    return _value(context) or Explanation([_FIXES[3][1]])


FIXES: Mapping[str, Fix] = {
    "ValueError": _value,
    "MergeError": _value,
    "InvalidIndexError": _value,
    "LinAlgError": _value,
    "ShapeError": _value,
    "IntCastingNaNError": _value,
    "ZeroDivisionError": _division,
    "OverflowError": always(
        "The number became too large for its type. Work with logarithms, smaller steps, or Python's own `int`."
    ),
    "RecursionError": _recursion,
    "MemoryError": always(
        "There is not enough memory. Read fewer columns (`usecols=[…]`), smaller types (`astype('category')`, `float32`), or the file in pieces (`chunksize=100_000`)."
    ),
    "DateParseError": _dates,
    "OutOfBoundsDatetime": _dates,
    "ParserError": _dates,
}
