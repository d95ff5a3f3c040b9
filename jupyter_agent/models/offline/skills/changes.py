"""What changed in the kernel since this conversation last looked."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import name, names
from jupyter_agent.models.offline.namespace import Namespace
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue


def _changed(query: Query, facts: Facts) -> Answer:
    before = facts.namespace_before()
    if before is None and facts.conversation.changed:
        return _told(facts.conversation.changed, query.namespace)
    if before is None:
        return [
            "I do not know the variables as they were before in this conversation, so I cannot compare. Ask again after the next change.",
            _newest(query.namespace),
        ]
    now = query.namespace.variables
    fresh = [one for one in now if one not in before.variables]
    gone = [variable for variable in before.variables if variable not in now]
    changed = [one for one in now if one in before.variables and now[one].to_json() != before.variables[one].to_json()]
    if not fresh and not gone and not changed:
        return ["Nothing changed among the variables since your last question."]
    blocks = [f"New: {names(fresh, 20)}" if fresh else "", f"Gone: {names(gone, 20)}" if gone else ""]
    lines = [f"- {name(one)}: {name(before.variables[one].summary)} → {name(now[one].summary)}" for one in changed[:20]]
    return [*blocks, "Changed:\n\n" + "\n".join(lines) if lines else ""]


def _told(changed: Sequence[str], namespace: Namespace) -> Answer:
    """What the context tells, which does not say how it was before."""
    here = [one for one in changed if one in namespace.variables]
    gone = [one for one in changed if one not in namespace.variables]
    return [f"New or changed: {names(here, 40)}" if here else "", f"Gone: {names(gone, 40)}" if gone else ""]


def _newest(namespace: Namespace) -> str:
    counts = [
        variable.execution_count for variable in namespace.variables.values() if variable.execution_count is not None
    ]
    if not counts:
        return ""
    newest = [variable.name for variable in namespace.variables.values() if variable.execution_count == max(counts)]
    return f"The newest variables, from `In [{max(counts)}]`: {names(newest, 20)}."


SKILLS = (
    Skill(
        "changes",
        cue(
            r"what(?: has|'s| is| have| did)?(?: \w+){0,2} (?:changed|change|new|different)",
            r"(?:any|which|what) (?:\w+ )?(?:changes|changed)",
            r"changed since",
            r"what'?s new",
            r"difference since",
            r"new variables",
            r"which variables (?:changed|are new)",
        ),
        _changed,
        lambda query: not query.columns and query.target is None,
        weight=87,
    ),
)
