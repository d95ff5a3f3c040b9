"""KeyError and IndexError: a column, key or place that is not there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.failure import Cure, Patient, Remedy
from jupyter_agent.models.offline.markdown import many, name, names
from jupyter_agent.models.offline.namespace import Frame, texts, whole
from jupyter_agent.models.offline.words import near


def _missing_keys(message: str) -> tuple[str, ...]:
    """The keys that an error complains of: ``'a'``, ``"['a', 'b'] not in index"``, ``unable to find column "a"``."""
    text = message.strip()
    inside = _literal(text)
    text = inside if isinstance(inside, str) else text
    if re.search(r"not (?:found )?in (?:index|columns)|are in the|not found|unable to find|is not defined", text):
        quoted = re.findall(
            r"'([^']*)'|\"([^\"]*)\"", re.sub(r"dtype='[^']*'|valid columns:.*", "", text, flags=re.DOTALL)
        )
        return tuple(one or other for one, other in quoted) or (text,)
    return (text,)


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _subjects(patient: Patient) -> Iterator[Variable]:
    """Variables of the failing line first, those of the rest of the cell after."""
    seen = set()
    for source in (patient.failure.line, patient.failure.source):
        for word in re.findall(r"[^\W\d]\w*", source):
            variable = patient.namespace.variables.get(word)
            if variable is not None and word not in seen:
                seen.add(word)
                yield variable


def _keys_of(variable: Variable) -> tuple[str, ...]:
    if variable.kind == "frame":
        return tuple(column.name for column in Frame.of(variable).columns)
    return texts(variable.facts.get("keys"))


def _no_key(patient: Patient) -> Remedy | None:
    wanted = _missing_keys(patient.failure.message)[0]
    subjects = [subject for subject in _subjects(patient) if subject.kind in ("frame", "mapping", "series")]
    lacking = [subject for subject in subjects if wanted not in _keys_of(subject)]
    ranked = sorted(lacking, key=lambda one: not near(wanted, _keys_of(one), cutoff=0.6))
    if not ranked:
        return Remedy(
            [
                f"The key {name(wanted)} is not there. Look at the keys first, or use `.get({wanted!r})` where a missing key is fine."
            ]
        )
    subject = ranked[0]
    keys, noun = _keys_of(subject), "column" if subject.kind == "frame" else "key"
    close = near(wanted, keys)
    reason = f"{name(subject.name)} has no {noun} {name(wanted)}."
    if not close:
        elsewhere = _elsewhere(patient, wanted, subject)
        return Remedy([reason, elsewhere or f"Its {noun}s are {names(keys, 20)}."])
    fixed = (
        patient.failure.corrected(rf"(['\"]){re.escape(wanted)}\1", repr(close[0]))
        or _attribute(patient, wanted, close[0])
        or _word(patient, wanted, close[0])
    )
    return Remedy(
        [f"{reason} The nearest is {name(close[0])}." + (f" Others like it: {names(close[1:])}." if close[1:] else "")],
        fixed,
    )


def _attribute(patient: Patient, wanted: str, right: str) -> str | None:
    return patient.failure.corrected(rf"\.{re.escape(wanted)}(?!\w)", f"[{right!r}]")


def _word(patient: Patient, wanted: str, right: str) -> str | None:
    """A name inside a text, as in ``df.query('pirce > 3')``."""
    return (
        patient.failure.corrected(rf"(?<!\w){re.escape(wanted)}(?!\w)", right)
        if right.isidentifier() and wanted.isidentifier()
        else None
    )


def _elsewhere(patient: Patient, wanted: str, subject: Variable) -> str:
    for variable in patient.namespace.variables.values():
        if variable.name != subject.name and wanted in _keys_of(variable):
            return f"{name(variable.name)} has it."
    return ""


def _out_of_range(patient: Patient) -> Remedy | None:
    sized = [
        (subject, whole(subject.facts.get("length")) if subject.kind != "frame" else Frame.of(subject).rows)
        for subject in _subjects(patient)
    ]
    known = [
        (one, length)
        for one, length in sized
        if length is not None and one.kind in ("sequence", "text", "frame", "series", "index")
    ]
    general = "Places count from 0, so the last of *n* is *n* − 1, or `-1`."
    if not known:
        return Remedy([f"A place beyond the end was asked for. {general}"])
    told = "; ".join(
        f"{name(one.name)} has {many(length, 'item')}" + (f", places 0 to {length - 1}" if length else "")
        for one, length in known[:3]
    )
    return Remedy([f"A place beyond the end was asked for: {told}.", general])


CURES: Mapping[str, Cure] = {
    "KeyError": _no_key,
    "IndexError": _out_of_range,
    "ColumnNotFoundError": _no_key,
    "UndefinedVariableError": _no_key,
}
