"""One thing the offline model can answer: the words that ask for it, and the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.query import Query

#: Blocks of Markdown, streamed one by one.
Answer: TypeAlias = Sequence[str]


@dataclass(frozen=True, slots=True)
class Skill:
    """A pure answer to one kind of question.

    Attributes:
        name: For follow-ups, and for readers.
        cue: Found in the question's skeleton when the skill is meant.
        answer: Builds the answer; raises `Need` for facts, `Ask` to ask back.
        fits: Whether the names in the question suit the skill.
        weight: Of several skills that fit, the heaviest answers.
        repeats: Whether a follow-up that says nothing of its own means this skill again.
        implied: Chosen for the slots that are filled rather than for a word that asks for it.
        sticks: Whether a follow-up that only implies another skill means this one still.
        measures: Whether the function (mean, …) is part of what was asked.
        reads: A pattern of what else of the skeleton its answer reads by itself.
    """

    name: str
    cue: re.Pattern[str]
    answer: Callable[[Query, Facts], Answer]
    fits: Callable[[Query], bool] = lambda _query: True
    weight: int = 50
    repeats: bool = True
    implied: bool = False
    sticks: bool = False
    measures: bool = False
    reads: str = ""


def cue(*patterns: str) -> re.Pattern[str]:
    """Any of some phrases, as whole words."""
    return re.compile("|".join(rf"(?:(?<!\w)(?:{pattern})(?!\w))" for pattern in patterns))


def chosen(query: Query, skills: Iterable[Skill]) -> Skill | None:
    """The heaviest skill that fits."""
    fitting = [skill for skill in skills if skill.cue.search(query.text) and skill.fits(query)]
    return max(fitting, key=lambda skill: skill.weight, default=None)
