"""The last error: what it means, why it came, and the fix."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.failure import CellError, ErrorContext, Explanation
from jupyter_agent.models.offline.fixes import FIXES
from jupyter_agent.models.offline.markdown import name, python
from jupyter_agent.models.offline.namespace import Namespace


def explanation_of(failure: CellError, namespace: Namespace, facts: Facts, text: str = "") -> Sequence[str]:
    """What the last error means, the cell with the fix, and values that the question's text asks for."""
    where = f"`In [{failure.execution_count}]`" if failure.execution_count is not None else "The last failing cell"
    return [*_explanation(failure, where, "The cell", namespace, facts), *_locals(text, failure)]


def explained(failure: CellError, namespace: Namespace, facts: Facts) -> Sequence[str]:
    """What a traceback means that stands in the question itself."""
    return _explanation(failure, "It", "The line", namespace, facts)


def _explanation(failure: CellError, where: str, what: str, namespace: Namespace, facts: Facts) -> Sequence[str]:
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
        line = f": {name(failure.line, 160)}" if failure.line else ""
        return Explanation([f"The condition after `assert` was not true{line}."])
    if failure.name == "KeyboardInterrupt":
        return Explanation(["The cell was interrupted by hand; nothing is wrong with it."])
    place = failure.place
    inside = ""
    if place is not None and place.function != "<module>":
        inside = f" It was raised in {name(place.function)}, line {place.line}."
    return Explanation([f"I know no fix for {name(failure.name)}; its message says what is wrong.{inside}"])


def _locals(text: str, failure: CellError) -> Sequence[str]:
    """Values where it failed, when they are asked for or the failure is inside a function."""
    place = failure.place
    is_asked = re.search(r"\bvalues?|variables?|locals?\b", text) is not None
    if place is None or not place.variables or (place.function == "<module>" and not is_asked):
        return []
    listed = "\n".join(f"- {name(key)} = {name(value, 120)}" for key, value in list(place.variables.items())[:12])
    return [f"Values in {name(place.function)} when it failed:\n\n{listed}"]
