"""What the offline model can answer, one file per noun."""

from __future__ import annotations

from jupyter_agent.models.offline.skill import Skill
from jupyter_agent.models.offline.skills import (
    aggregates,
    changes,
    cleaning,
    columns,
    definitions,
    derived,
    doctor,
    errors,
    files,
    frames,
    joins,
    measures,
    notebook,
    plots,
    running,
    shaping,
    upkeep,
    values,
    variables,
)
from jupyter_agent.models.offline.skills.talk import talk

TALK = talk
_NOUNS = (
    variables, values, definitions, frames, upkeep, columns, measures, aggregates, shaping, derived, joins,
    cleaning, plots, files, errors, notebook, doctor, changes, running,
)  # fmt: skip
SKILLS: tuple[Skill, ...] = tuple(skill for noun in _NOUNS for skill in noun.SKILLS)
