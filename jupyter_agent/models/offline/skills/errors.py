"""The last error: what it means, why it came, and the fix."""

from __future__ import annotations

import re

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.failure import Failure, Patient, Remedy
from jupyter_agent.models.offline.markdown import name, python
from jupyter_agent.models.offline.namespace import Namespace
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.remedies import CURES
from jupyter_agent.models.offline.skill import Answer, Skill, cue


def _explained(query: Query, facts: Facts) -> Answer:
    data = facts.error()
    if data is None:
        return ["I cannot read the notebook's errors here: no kernel is running for it, or it cannot be asked."]
    if not data:
        return ["There is no error: the last cells ran without one."]
    failure = Failure.of(data)
    where = f"`In [{failure.execution_count}]`" if failure.execution_count is not None else "The last failing cell"
    remedy = _remedy(failure, query.namespace, facts)
    return [_headline(failure, where), *remedy.reasons, *_fix(remedy, "The cell"), *_locals(query, failure)]


def explained(failure: Failure, namespace: Namespace, facts: Facts) -> Answer:
    """What a traceback means that stands in the question itself."""
    remedy = _remedy(failure, namespace, facts)
    return [_headline(failure, "It"), *remedy.reasons, *_fix(remedy, "The line")]


def _remedy(failure: Failure, namespace: Namespace, facts: Facts) -> Remedy:
    cure = CURES.get(failure.name.rsplit(".", 1)[-1])
    return (cure(Patient(failure, namespace, facts)) if cure is not None else None) or _unknown(failure)


def _headline(failure: Failure, where: str) -> str:
    line = f" at {name(failure.line, 160)}" if failure.line else ""
    first = failure.message.strip().split("\n")[0]
    message = f": {name(first, 300)}" if first else ""
    return f"{where} failed{line} with **{name(failure.name)}**{message}"


def _fix(remedy: Remedy, what: str) -> Answer:
    if not remedy.code:
        return []
    return [f"{what} with the fix:" if remedy.whole_cell else "", python(remedy.code)]


def _unknown(failure: Failure) -> Remedy:
    if failure.name == "AssertionError":
        return Remedy(
            [f"The condition after `assert` was not true{': ' + name(failure.line, 160) if failure.line else ''}."]
        )
    if failure.name == "KeyboardInterrupt":
        return Remedy(["The cell was interrupted by hand; nothing is wrong with it."])
    place = failure.place
    inside = (
        f" It was raised in {name(place.function)}, line {place.line}."
        if place is not None and place.function != "<module>"
        else ""
    )
    return Remedy([f"I have no ready cure for {name(failure.name)}; its message says what is wrong.{inside}"])


def _locals(query: Query, failure: Failure) -> Answer:
    """Values where it failed, when they are asked for or the failure is inside a function."""
    place = failure.place
    if (
        place is None
        or not place.variables
        or (place.function == "<module>" and not re.search(r"\bvalues?|variables?|locals?\b", query.text))
    ):
        return []
    listed = "\n".join(f"- {name(key)} = {name(value, 120)}" for key, value in list(place.variables.items())[:12])
    return [f"Values in {name(place.function)} when it failed:\n\n{listed}"]


SKILLS = (
    Skill(
        "error",
        cue(
            r"errors?",
            r"exceptions?",
            r"traceback",
            r"stack ?trace",
            r"fix(?:ed|es)?(?: (?:it|this|that|the|my))?",
            r"debug",
            r"bug",
            r"what (?:went|is|was|'s) wrong",
            r"what's wrong",
            r"went wrong",
            r"wrong",
            r"fail(?:s|ed|ing|ure)?",
            r"crash(?:ed|es)?",
            r"broke[n]?",
            r"(?:does not|doesn't|doesnt|not|isn't|didn't|did not|won't) work(?:ing)?",
            r"why (?:did|does|do|is|am|was)(?: \w+){0,4} (?:fail|break|crash|raise|throw|get|not)",
            r"what happened",
            r"\w+(?:error|exception)",
            r"stopiteration|keyboardinterrupt",
            r"problem",
            r"raised?",
        ),
        _explained,
        lambda query: query.chart is None,
        weight=80,
    ),
)
