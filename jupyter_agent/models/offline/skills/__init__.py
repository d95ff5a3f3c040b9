"""What the offline model can answer, one file per noun."""

from __future__ import annotations

from jupyter_agent.models.offline.skill import Skill
from jupyter_agent.models.offline.skills import aggregates, columns, errors, frames, plots, values, variables
from jupyter_agent.models.offline.skills.talk import talk

TALK = talk
SKILLS: tuple[Skill, ...] = (
    *variables.SKILLS,
    *values.SKILLS,
    *frames.SKILLS,
    *columns.SKILLS,
    *aggregates.SKILLS,
    *plots.SKILLS,
    *errors.SKILLS,
)
