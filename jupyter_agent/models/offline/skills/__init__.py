"""What the offline model can answer, one file per noun."""

from __future__ import annotations

from jupyter_agent.models.offline.skill import Skill
from jupyter_agent.models.offline.skills import (
    columns,
    errors,
)
from jupyter_agent.models.offline.skills.talk import talk

TALK = talk
_NOUNS = (columns, errors)
SKILLS: tuple[Skill, ...] = tuple(skill for noun in _NOUNS for skill in noun.SKILLS)
