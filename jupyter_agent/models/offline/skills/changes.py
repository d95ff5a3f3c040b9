"""What changed in the kernel since this conversation last looked."""

from __future__ import annotations

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import name, names
from jupyter_agent.models.offline.namespace import Namespace, names_of
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue


def _changed(query: Query, facts: Facts) -> Answer:
    before = facts.namespace_before()
    if before is None and facts.conversation.changed:
        # The context tells the names, not how the variables were before.
        listed, known = facts.conversation.changed, query.namespace.variables
        here, gone = [item for item in listed if item in known], [item for item in listed if item not in known]
        return [f"New or changed: {names(here, 40)}" if here else "", f"Gone: {names(gone, 40)}" if gone else ""]
    if before is None:
        return [
            "I do not know the variables as they were before in this conversation, so I cannot compare. Ask again after the next change.",
            _newest(query.namespace),
        ]
    now = query.namespace.variables
    fresh = [variable for variable in now if variable not in before.variables]
    gone = [variable for variable in before.variables if variable not in now]
    changed = [
        variable
        for variable in now
        if variable in before.variables and now[variable].to_json() != before.variables[variable].to_json()
    ]
    if not fresh and not gone and not changed:
        return ["Nothing changed among the variables since your last question."]
    blocks = [f"New: {names(fresh, 20)}" if fresh else "", f"Gone: {names(gone, 20)}" if gone else ""]
    lines = [
        f"- {name(variable)}: {name(before.variables[variable].summary)} → {name(now[variable].summary)}"
        for variable in changed[:20]
    ]
    return [*blocks, "Changed:\n\n" + "\n".join(lines) if lines else ""]


def _newest(namespace: Namespace) -> str:
    counted = [variable for variable in namespace.variables.values() if variable.execution_count is not None]
    last = max((variable.execution_count or 0 for variable in counted), default=None)
    newest = [variable for variable in counted if variable.execution_count == last]
    return f"The newest variables, from `In [{last}]`: {names_of(newest, 20)}." if newest else ""


SKILLS = (
    Skill(
        "changes",
        cue(
            r"what(?: has|'s| is| have| did)?(?: \w+){0,2} (?:changed|change|new|different)",
            r"(?:any|which|what) (?:\w+ )?(?:changes|changed)|changed since|what'?s new|difference since",
            r"new variables|which variables (?:changed|are new)",
        ),
        _changed,
        lambda query: not query.columns and query.target is None,
        weight=87,
    ),
)
