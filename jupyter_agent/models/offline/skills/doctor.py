"""Hidden state: what is stale, what to run, and whether Restart & Run All would work."""

from __future__ import annotations

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue

_NONE = "I cannot check the notebook here: this conversation belongs to no notebook that I can reach."


def _checked(query: Query, facts: Facts) -> Answer:
    checked = facts.checked()
    report = checked.get("report") if checked is not None else None
    if checked is None or not isinstance(report, str):
        return [_NONE]
    stale = checked.get("stale")
    named = query.target.name if query.target is not None else ""
    if named and isinstance(stale, dict):
        return [f"`{named}` is stale. {stale[named]}" if named in stale else f"`{named}` is not stale.", report]
    return report.split("\n\n")


SKILLS = (
    Skill(
        "hidden state",
        cue(
            r"(?:stale|out of date|outdated|up to date|out of order|orphaned|hidden state|reproduc\w+)",
            r"restart (?:and|&|\+) run all|run all(?: cells)?",
            r"restart(?:ed|ing)? (?:the )?(?:kernel|notebook)\b[^?]*(?:work|run|fail|reproduce|same)",
            r"(?:which|what) cells?\b[^?]*\b(?:run|rerun|re-run|execute)\b",
        ),
        _checked,
        weight=88,
    ),
)
