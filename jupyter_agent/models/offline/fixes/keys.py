"""KeyError and IndexError: a column, key or place that is not there."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from contextlib import suppress

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.failure import ErrorContext, Explanation, Fix
from jupyter_agent.models.offline.markdown import many, name, names
from jupyter_agent.models.offline.namespace import Table, texts, whole
from jupyter_agent.models.offline.words import near


def _missing_keys(message: str) -> tuple[str, ...]:
    """The keys that an error complains of: ``'a'``, ``"['a', 'b'] not in index"``, ``unable to find column "a"``."""
    text = message.strip()
    with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        inside = ast.literal_eval(text)
        text = inside if isinstance(inside, str) else text
    if re.search(r"not (?:found )?in (?:index|columns)|are in the|not found|unable to find|is not defined", text):
        quoted = re.findall(
            r"'([^']*)'|\"([^\"]*)\"", re.sub(r"dtype='[^']*'|valid columns:.*", "", text, flags=re.DOTALL)
        )
        return tuple(first or other for first, other in quoted) or (text,)
    return (text,)


def _subjects(context: ErrorContext) -> list[Variable]:
    """Variables of the failing line first, those of the rest of the cell after."""
    return context.named_variables(context.failure.line, context.failure.source)


def _keys_of(variable: Variable) -> tuple[str, ...]:
    if variable.kind == "frame":
        return tuple(column.name for column in Table.of(variable).columns)
    return texts(variable.facts.get("keys"))


def _no_key(context: ErrorContext) -> Explanation | None:
    wanted = _missing_keys(context.failure.message)[0]
    subjects = [subject for subject in _subjects(context) if subject.kind in ("frame", "mapping", "series")]
    lacking = [subject for subject in subjects if wanted not in _keys_of(subject)]
    ranked = sorted(lacking, key=lambda subject: not near(wanted, _keys_of(subject), cutoff=0.6))
    if not ranked:
        advice = f"Look at the keys first, or use `.get({wanted!r})` where a missing key is fine."
        return Explanation([f"The key {name(wanted)} is not there. {advice}"])
    subject = ranked[0]
    keys, noun = _keys_of(subject), "column" if subject.kind == "frame" else "key"
    close = near(wanted, keys)
    reason = f"{name(subject.name)} has no {noun} {name(wanted)}."
    if not close:
        elsewhere = _elsewhere(context, wanted, subject)
        return Explanation([reason, elsewhere or f"Its {noun}s are {names(keys, 20)}."])
    fixed = context.failure.corrected(rf"(['\"]){re.escape(wanted)}\1", repr(close[0])) or context.failure.corrected(
        rf"\.{re.escape(wanted)}(?!\w)", f"[{close[0]!r}]"
    )
    if not fixed and close[0].isidentifier() and wanted.isidentifier():  # within a text: df.query('pirce > 3')
        fixed = context.failure.corrected(rf"(?<!\w){re.escape(wanted)}(?!\w)", close[0])
    others = f" Others like it: {names(close[1:])}." if close[1:] else ""
    return Explanation([f"{reason} The nearest is {name(close[0])}.{others}"], fixed)


def _elsewhere(context: ErrorContext, wanted: str, subject: Variable) -> str:
    for variable in context.namespace.variables.values():
        if variable.name != subject.name and wanted in _keys_of(variable):
            return f"{name(variable.name)} has it."
    return ""


def _out_of_range(context: ErrorContext) -> Explanation | None:
    sized = [
        (subject, whole(subject.facts.get("length")) if subject.kind != "frame" else Table.of(subject).rows)
        for subject in _subjects(context)
    ]
    known = [
        (subject, length)
        for subject, length in sized
        if length is not None and subject.kind in ("sequence", "text", "frame", "series", "index")
    ]
    general = "Places count from 0, so the last of *n* is *n* − 1, or `-1`."
    if not known:
        return Explanation([f"A place beyond the end was asked for. {general}"])
    listed = "; ".join(
        f"{name(subject.name)} has {many(length, 'item')}" + (f", places 0 to {length - 1}" if length else "")
        for subject, length in known[:3]
    )
    return Explanation([f"A place beyond the end was asked for: {listed}.", general])


FIXES: Mapping[str, Fix] = {
    "KeyError": _no_key,
    "IndexError": _out_of_range,
    "ColumnNotFoundError": _no_key,
    "UndefinedVariableError": _no_key,
}
