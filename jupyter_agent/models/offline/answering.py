"""From a conversation to the blocks of an answer: understand, choose a skill, answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from jupyter_agent.models.offline.conversation import Conversation
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.failure import Failure
from jupyter_agent.models.offline.followup import inherited
from jupyter_agent.models.offline.markdown import name as shown
from jupyter_agent.models.offline.markdown import names
from jupyter_agent.models.offline.query import Ask, Query
from jupyter_agent.models.offline.reading import Scene, understood
from jupyter_agent.models.offline.skill import Skill, chosen
from jupyter_agent.models.offline.skills import SKILLS, TALK
from jupyter_agent.models.offline.skills.errors import explained
from jupyter_agent.models.offline.skills.unable import absent, unable

_ASKING = re.compile(r"\b(?:which|what is|what are|how many|how much|who|when)\b")
_SAME_AGAIN = re.compile(
    r"(?:(?:and|what about|how about|for|in|now|the|same for|ok|also)\s+)*(?:VAR|COL)\d+(?: instead| too| as well| ones?)?[ ?.!]*"
)
#: Skills that would show single values of a column.
_TELLING_VALUES = frozenset(
    {
        "unique values",
        "value counts",
        "most frequent value",
        "meaning of a column",
        "statistic of a column",
        "range of a column",
        "group",
        "type of a column",
    }
)
_BY_NAME = {skill.name: skill for skill in SKILLS}


def answered(conversation: Conversation) -> Sequence[str]:
    """The answer's blocks of Markdown.

    Raises:
        Need: a tool has to be asked first.
    """
    facts = Facts(conversation)
    small_talk = TALK(conversation.question)
    if small_talk is not None:
        return small_talk
    pasted = Failure.pasted(conversation.question)
    if pasted is not None:
        return explained(pasted, facts.namespace(), facts)
    scene = Scene(facts, facts.namespace())
    for question in conversation.earlier:
        if TALK(question) is None:
            scene = replace(scene, previous=_query(question, scene))
    query = _query(conversation.question, scene)
    skill = None if absent(query) and not query.mentions else _BY_NAME.get(query.skill)
    if skill is not None and skill.name in _TELLING_VALUES and _secret(query):
        return [f"{shown(_secret(query))} looks like a secret, so its values are withheld."]
    try:
        blocks = list(skill.answer(query, facts) if skill is not None else unable(query, facts))
    except Ask as ask:
        return [str(ask)]
    unread = _unread(query) if skill is not None and (skill.measures or skill.implied or skill.sticks) else []
    return [block for block in (*_guessed(query), *unread, *_others(query), *blocks, *_age(query)) if block.strip()]


def _secret(query: Query) -> str:
    """The first column in question whose values are withheld."""
    return next((one.name for one in (*query.columns, *query.by) if one.facts.get("withheld")), "")


def _others(query: Query) -> Sequence[str]:
    """Smaller tables with the same columns, which may have been meant."""
    named = any(mention.label in ("COL", "VAL") for mention in query.mentions)
    if query.frame is None or not query.candidates or not named:
        return []
    return [
        f"*In {shown(query.frame.name)}; {names([candidate.name for candidate in query.candidates])} has these columns, too.*"
    ]


def _unread(query: Query) -> Sequence[str]:
    """Words that would have changed the answer, had they been understood."""
    return [f"*I find no {names(query.unread)} in the data and left it out.*"] if query.unread else []


def _query(question: str, scene: Scene) -> Query:
    """One question in the light of those before it."""
    query = understood(question, scene)
    own = chosen(query, SKILLS)
    previous = _remembered(scene.previous)
    query = inherited(replace(query, skill=own.name if own is not None else ""), previous)
    skill = _settled(query, own, previous)
    if skill is not None and previous is not None and skill.sticks and skill.name == previous.skill and query.continues:
        query = replace(query, chart=query.chart or previous.chart)
    return replace(query, skill=skill.name if skill is not None else "", previous=None)


def _remembered(previous: Query | None) -> Query | None:
    """What stays of a query: "how many" is a function only where something was computed."""
    skill = _BY_NAME.get(previous.skill) if previous is not None else None
    if previous is None or (skill is not None and skill.measures):
        return previous
    return replace(previous, function=None, extreme=False)


def _settled(query: Query, own: Skill | None, previous: Query | None) -> Skill | None:
    """The skill, chosen again now that the slots are complete; the previous one when the words choose none."""
    again = chosen(query, SKILLS) or own
    if (
        previous is not None
        and _SAME_AGAIN.fullmatch(query.text)
        and (previous.frame is None or query.text[0] not in "VC")
    ):
        kept = _BY_NAME.get(previous.skill)
        again = kept if kept is not None and kept.repeats and kept.fits(query) else again
    before = _BY_NAME.get(previous.skill) if previous is not None else None
    if (
        before is not None
        and before.sticks
        and query.continues
        and (again is None or again.implied)
        and not _ASKING.search(query.text)
    ):
        return before if before.fits(query) else again
    if again is not None:
        return again
    return before if before is not None and before.repeats and _says_something(query) else None


def _says_something(query: Query) -> bool:
    """Whether anything in the words could change the previous answer."""
    return bool(query.mentions) or query.continues or query.period is not None or query.chart is not None


def _guessed(query: Query) -> Sequence[str]:
    """Names that were taken for others are said."""
    for mention in query.mentioned_similar:
        real = (
            mention.variable.name
            if mention.variable
            else mention.columns[0].name
            if mention.columns
            else mention.values[0][1]
        )
        return [f"There is no {shown(mention.text)}; I take it as {shown(real)}."]
    return []


def _age(query: Query) -> Sequence[str]:
    """A state that is not fresh is said to be old."""
    if query.namespace.stale and query.namespace.reachable and query.namespace.variables:
        return [f"*The kernel could not be asked just now; this was known {query.namespace.age:.0f} s ago.*"]
    return []
