"""The last error: what it means, why it came, and the fix."""

from __future__ import annotations

import re

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.failure import CellError, ErrorContext, Explanation
from jupyter_agent.models.offline.fixes import FIXES
from jupyter_agent.models.offline.markdown import name, python
from jupyter_agent.models.offline.namespace import Namespace
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue


def _explained(query: Query, facts: Facts) -> Answer:
    data = facts.error()
    if data is None:
        return ["I cannot read the notebook's errors here: no kernel is running for it, or it cannot be asked."]
    if not data:
        return ["There is no error: the last cells ran without one."]
    failure = CellError.of(data)
    return explanation_of(failure, query.namespace, facts, query.text)


def explanation_of(failure: CellError, namespace: Namespace, facts: Facts, text: str = "") -> Answer:
    """What the last error means, the cell with the fix, and values that the question's text asks for."""
    where = f"`In [{failure.execution_count}]`" if failure.execution_count is not None else "The last failing cell"
    return [*_explanation(failure, where, "The cell", namespace, facts), *_locals(text, failure)]


def explained(failure: CellError, namespace: Namespace, facts: Facts) -> Answer:
    """What a traceback means that stands in the question itself."""
    return _explanation(failure, "It", "The line", namespace, facts)


def _explanation(failure: CellError, where: str, what: str, namespace: Namespace, facts: Facts) -> Answer:
    """What failed, why, and the code with the fix."""
    line = f" at {name(failure.line, 160)}" if failure.line else ""
    first = failure.message.strip().split("\n")[0]
    message = f": {name(first, 300)}" if first else ""
    fix = FIXES.get(failure.name.rsplit(".", 1)[-1])
    explanation = (fix(ErrorContext(failure, namespace, facts)) if fix is not None else None) or _unknown(failure)
    blocks = [f"{where} failed{line} with **{name(failure.name)}**{message}", *explanation.reasons]
    if explanation.code:
        blocks += [f"{what} with the fix:" if explanation.whole_cell else "", python(explanation.code)]
    return blocks


def _unknown(failure: CellError) -> Explanation:
    if failure.name == "AssertionError":
        return Explanation(
            [f"The condition after `assert` was not true{': ' + name(failure.line, 160) if failure.line else ''}."]
        )
    if failure.name == "KeyboardInterrupt":
        return Explanation(["The cell was interrupted by hand; nothing is wrong with it."])
    place = failure.place
    inside = ""
    if place is not None and place.function != "<module>":
        inside = f" It was raised in {name(place.function)}, line {place.line}."
    return Explanation([f"I have no ready cure for {name(failure.name)}; its message says what is wrong.{inside}"])


def _locals(text: str, failure: CellError) -> Answer:
    """Values where it failed, when they are asked for or the failure is inside a function."""
    place = failure.place
    if (
        place is None
        or not place.variables
        or (place.function == "<module>" and not re.search(r"\bvalues?|variables?|locals?\b", text))
    ):
        return []
    listed = "\n".join(f"- {name(key)} = {name(value, 120)}" for key, value in list(place.variables.items())[:12])
    return [f"Values in {name(place.function)} when it failed:\n\n{listed}"]


SKILLS = (
    Skill(
        "error",
        cue(
            r"errors?|exceptions?|traceback|stack ?trace|fix(?:ed|es)?(?: (?:it|this|that|the|my))?|debug|bug",
            r"what (?:went|is|was|'s) wrong|what's wrong|went wrong|wrong|fail(?:s|ed|ing|ure)?",
            r"crash(?:ed|es)?|broke[n]?",
            r"(?:does not|doesn't|doesnt|not|isn't|didn't|did not|won't) work(?:ing)?",
            r"why (?:did|does|do|is|am|was)(?: \w+){0,4} (?:fail|break|crash|raise|throw|get|not)",
            r"what happened|\w+(?:error|exception)|stopiteration|keyboardinterrupt|problem|raised?",
        ),
        _explained,
        lambda _query: True,
        weight=80,
        reads=r"\b(?:last|latest|previous|first|explain|mean|means|happened|corrected?|code|line|cause|reason|error)\b",
    ),
)
