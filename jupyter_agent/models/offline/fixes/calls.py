"""TypeError and AttributeError: wrong arguments, wrong types, and what an object does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.failure import ErrorContext, Explanation, Fix, by_message
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import fence, name, names
from jupyter_agent.models.offline.namespace import Table, texts
from jupyter_agent.models.offline.queries.query import short_type
from jupyter_agent.models.offline.queries.variables import called
from jupyter_agent.models.offline.words import near

#: What was removed from pandas and numpy, and what to write instead.
_REMOVED: Mapping[tuple[str, str], tuple[str, str]] = {
    ("DataFrame", "append"): (
        "`DataFrame.append` was removed in pandas 2: use `pd.concat([one, other], ignore_index=True)`.",
        "",
    ),
    ("Series", "append"): ("`Series.append` was removed in pandas 2: use `pd.concat([one, other])`.", ""),
    ("DataFrame", "ix"): ("`ix` was removed: use `.loc` for labels and `.iloc` for places.", ""),
    ("DataFrame", "iteritems"): ("`iteritems` was removed: use `items`.", "items"),
    ("Series", "iteritems"): ("`iteritems` was removed: use `items`.", "items"),
    ("DataFrame", "applymap"): ("`applymap` was renamed: use `map`.", "map"),
    ("DataFrame", "groupby"): ("polars calls it `group_by`.", "group_by"),
    ("numpy", "float"): ("`np.float` was removed: use `float`.", "float64"),
    ("numpy", "int"): ("`np.int` was removed: use `int`.", "int64"),
    ("numpy", "bool"): ("`np.bool` was removed for long: use `bool`.", "bool_"),
}
_INSTEAD: Mapping[tuple[str, str], str] = {
    ("list", "add"): "append", ("list", "push"): "append", ("set", "append"): "add", ("dict", "iteritems"): "items",
    ("DataFrame", "unique"): "drop_duplicates", ("DataFrame", "length"): "shape", ("Series", "length"): "size",
}  # fmt: skip
_METHODS: Mapping[str, tuple[str, ...]] = {
    "list": tuple(method for method in dir(list) if method[0] != "_"),
    "dict": tuple(method for method in dir(dict) if method[0] != "_"),
    "str": tuple(method for method in dir(str) if method[0] != "_"),
    "set": tuple(method for method in dir(set) if method[0] != "_"),
    "tuple": tuple(method for method in dir(tuple) if method[0] != "_"),
    "DataFrame": words(
        "head tail describe info groupby merge join pivot_table sort_values dropna fillna drop rename columns index shape dtypes value_counts apply map "
        "query loc iloc corr plot hist to_csv to_parquet to_excel to_numpy reset_index set_index isna notna duplicated drop_duplicates astype sample "
        "mean median sum min max std count nunique melt stack unstack resample rolling assign copy iterrows itertuples"
    ),
    "Series": words(
        "head tail describe value_counts unique nunique isna notna fillna dropna apply map astype str dt plot hist mean median sum min max std count "
        "sort_values sort_index to_list tolist to_numpy rolling resample isin between idxmax idxmin quantile cumsum diff shift"
    ),
}


def _no_attribute(context: ErrorContext) -> Explanation | None:
    message = context.failure.message
    if re.match(r"'NoneType' object has no attribute", message):
        return _none(context)
    match = re.search(r"(?:'|module ')?([\w.]+)'? (?:object )?has no attribute '([^']+)'", message)
    if match is None:
        return None
    owner, wanted = match[1].rsplit(".", 1)[-1], match[2]
    if (owner, wanted) in _REMOVED:
        reason, renamed = _REMOVED[owner, wanted]
        fixed = context.failure.corrected(rf"\.{re.escape(wanted)}(?!\w)", f".{renamed}") if renamed else None
        return Explanation([reason], fixed)
    subject = _owner(context, wanted, owner)
    instead = _INSTEAD.get((owner, wanted))
    close = (instead,) if instead else near(wanted, [*_attributes(subject), *_METHODS.get(owner, ())])
    has_keys = subject is not None and subject.kind == "mapping" and not close
    keyed = near(wanted, texts(subject.facts.get("keys"))) if has_keys and subject is not None else ()
    if subject is not None and keyed:
        fixed = context.failure.corrected(rf"\.{re.escape(wanted)}(?!\w)", f"[{keyed[0]!r}]")
        reached = f"{name(subject.name)} is a dictionary: its values are reached with square brackets."
        return Explanation([f"{reached} The nearest key is {name(keyed[0])}."], fixed)
    reason = f"A {name(owner)}{' such as ' + name(subject.name) if subject else ''} has no {name(wanted)}."
    if not close:
        known = _attributes(subject) or _METHODS.get(owner, ())
        has = f" It has {names(known, 15)}." if known else ""
        return Explanation([reason + has])
    columns = _columns(subject)
    right = f"[{close[0]!r}]" if close[0] in columns and not close[0].isidentifier() else f".{close[0]}"
    fixed = context.failure.corrected(rf"\.{re.escape(wanted)}(?!\w)", right)
    return Explanation([f"{reason} The nearest is {name(close[0])}."], fixed)


def _none(context: ErrorContext) -> Explanation:
    subject = next((variable for variable in context.named_variables() if variable.kind == "none"), None)
    who = name(subject.name) if subject is not None else "The value before the dot"
    in_place = "a function that changes something in place (such as `list.sort()` or `inplace=True`)"
    return Explanation(
        [f"{who} is `None`. Often {in_place} or one without `return` was assigned: its result is `None`."]
    )


def _owner(context: ErrorContext, wanted: str, owner: str) -> Variable | None:
    """The variable before the dot."""
    for match in re.finditer(rf"(\w+)\s*\.\s*{re.escape(wanted)}\b", context.failure.source):
        variable = context.namespace.variables.get(match[1])
        if variable is not None:
            return variable
    named = context.named_variables(context.failure.line)
    return next((variable for variable in named if short_type(variable) == owner), None)


def _columns(variable: Variable | None) -> tuple[str, ...]:
    if variable is None or variable.kind != "frame":
        return ()
    return tuple(column.name for column in Table.of(variable).columns)


def _attributes(variable: Variable | None) -> tuple[str, ...]:
    if variable is None:
        return ()
    fields = variable.facts.get("fields")
    named = fields if isinstance(fields, Mapping) else ()
    return (*_columns(variable), *named, *texts(variable.facts.get("methods")))


def _wrong_call(context: ErrorContext) -> Explanation | None:
    message = context.failure.message
    match = re.match(r"(?:[\w.<>]+\.)?(\w+)\(\) (.*)", message, re.DOTALL)
    if match is None:
        return _wrong_types(context)
    known = context.namespace.variables
    function = known.get(match[1]) or known.get(message.split("(")[0].split(".")[0])
    misfit = f"was called with arguments that do not fit: it {name(match[2], 200)}."
    if function is None or function.kind not in ("function", "class"):
        return Explanation([f"{name(match[1])} {misfit}", f"`help({match[1]})` tells what it takes."])
    reasons = [f"{name(function.name)} {misfit} It takes:", fence(called(function))]
    keyword = re.search(r"unexpected keyword argument '([^']+)'", message)
    close = near(keyword[1], texts(function.facts.get("parameters"))) if keyword else ()
    if keyword is None or not close:
        return Explanation(reasons)
    return Explanation(reasons, context.failure.corrected(rf"\b{re.escape(keyword[1])}(\s*)=(?!=)", f"{close[0]}="))


_TYPES: tuple[tuple[str, str], ...] = (
    (
        r"can only concatenate str|must be str, not|unsupported operand type\(s\) for \+: '(?:int|float)' and 'str'",
        'Text and a number cannot be added. Turn the number into text with `str(…)` or an f-string `f"{value}"`, or the text into a number with `int(…)` or `float(…)`.',
    ),
    (
        r"'NoneType' object is not (?:subscriptable|iterable|callable)|'NoneType'",
        "One of the values is `None`: a function without `return`, or one that works in place, was assigned.",
    ),
    (
        r"'(\w+)' object is not callable",
        "A value is called like a function: a variable may hide the function of that name (`del` it), or an operator is missing before the bracket.",
    ),
    (
        r"'(\w+)' object is not subscriptable",
        "Square brackets were put behind something that has no items (a function needs round brackets).",
    ),
    (
        r"'(\w+)' object is not iterable",
        "Something that is one value was used where several are needed. Put it in a list: `[value]`.",
    ),
    (
        r"unhashable type: '(\w+)'",
        "A list, dictionary or set cannot be a key or an element of a set. Use a tuple: `tuple(value)`.",
    ),
    (
        r"not supported between instances of '(\w+)' and '(\w+)'",
        "Values of two types are compared. Convert one of them first, for columns with `pd.to_numeric(…, errors='coerce')` or `pd.to_datetime(…)`.",
    ),
    (
        r"Could not convert|could not convert|agg function failed|can't be multiplied|can't multiply|unsupported operand|cannot perform",
        "The values are of types that cannot be computed with. For a table, take only the numbers: `.mean(numeric_only=True)`, or convert with `pd.to_numeric(…, errors='coerce')`.",
    ),
    (
        r"list indices must be integers|indices must be integers",
        "A list is indexed by place, not by name. Is it a list of dictionaries? Then first take one: `items[0]['key']`.",
    ),
    (
        r"does not support item assignment",
        "It cannot be changed in place (texts and tuples cannot). Build a new one instead.",
    ),
    (r"missing \d+ required positional|takes \d+ positional", "The call has too many or too few arguments."),
    (
        r"Invalid comparison between dtype=datetime",
        "A date column is compared with something that is no date: use a text such as `'2024-01-31'` or `pd.Timestamp(…)`.",
    ),
)


def _wrong_types(context: ErrorContext) -> Explanation | None:
    fix = by_message(_TYPES, context.failure.message)
    return Explanation([fix, *_kinds(context)]) if fix is not None else None


def _kinds(context: ErrorContext) -> list[str]:
    """Types of the variables of the failing line."""
    known = [variable for variable in context.named_variables(context.failure.line) if variable.kind != "module"]
    shown = [f"{name(variable.name)} is a {name(short_type(variable))}" for variable in known]
    return [f"Here {', '.join(shown[:6])}."] if shown else []


FIXES: Mapping[str, Fix] = {"AttributeError": _no_attribute, "TypeError": _wrong_call, "UFuncTypeError": _wrong_types}
