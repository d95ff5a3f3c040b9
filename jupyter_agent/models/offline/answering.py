"""From a conversation to the blocks of an answer: understand, choose a skill, answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from jupyter_agent.models.offline.conversation import Conversation
from jupyter_agent.models.offline.coverage import not_understood
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.failure import CellError
from jupyter_agent.models.offline.followup import inherited
from jupyter_agent.models.offline.markdown import name as shown
from jupyter_agent.models.offline.namespace import names_of
from jupyter_agent.models.offline.query import Ask, Query
from jupyter_agent.models.offline.reading import ConversationContext, understood
from jupyter_agent.models.offline.skill import Skill, chosen
from jupyter_agent.models.offline.skills import SKILLS, TALK
from jupyter_agent.models.offline.skills.errors import explained
from jupyter_agent.models.offline.skills.unable import absent, misunderstood, unable

_ASKING = re.compile(r"\b(?:which|what is|what are|how many|how much|who|when)\b")
_SAME_AGAIN = re.compile(
    r"(?:(?:and|what about|how about|for|in|now|the|same for|ok|also)\s+)*(?:VAR|COL|VAL|DATE|NUM)\d+(?: instead| too| as well| ones?)?[ ?.!]*"
)
#: Skills that would show single values of a column.
_TELLING_VALUES = (
    "unique values", "value counts", "most frequent value", "meaning of a column", "statistic of a column",
    "range of a column", "group", "type of a column",
)  # fmt: skip
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
    pasted = CellError.pasted(conversation.question)
    if pasted is not None:
        return explained(pasted, facts.namespace(), facts)
    context = ConversationContext(facts, facts.namespace())
    for question in conversation.earlier:
        if TALK(question) is None:
            context = replace(context, previous=_query(question, context))
    query = _query(conversation.question, context)
    skill = None if absent(query) and not query.mentions else _BY_NAME.get(query.skill)
    if skill is not None and skill.name in _TELLING_VALUES and _secret(query):
        return [f"{shown(_secret(query))} looks like a secret, so its values are withheld."]
    unknown = not_understood(query, skill) if skill is not None else ()
    if unknown:
        return misunderstood(query, unknown)
    try:
        blocks = list(skill.answer(query, facts) if skill is not None else unable(query, facts))
    except Ask as ask:
        return [str(ask)]
    return [block for block in (*_notes(query), *blocks, *_age(query)) if block.strip()]


def _secret(query: Query) -> str:
    """The first column in question whose values are withheld."""
    return next((column.name for column in (*query.columns, *query.by) if column.facts.get("withheld")), "")


def _notes(query: Query) -> Iterator[str]:
    """How the question was understood, where that is not certain."""
    for mention in query.mentions:
        if mention.similar:
            real = mention.variable or (mention.columns[0] if mention.columns else None)
            taken = real.name if real is not None else mention.values[0][1]
            yield f"There is no {shown(mention.text)}; I take it as {shown(taken)}."
            break
    named = any(mention.label in ("COL", "VAL") for mention in query.mentions)
    if query.frame is not None and query.candidates and named:
        yield f"*In {shown(query.frame.name)}; {names_of(query.candidates)} has these columns, too.*"


def _query(question: str, context: ConversationContext) -> Query:
    """One question in the light of those before it."""
    query = understood(question, context)
    own = chosen(query, SKILLS)
    previous = context.previous
    if previous is not None and not ((skill := _BY_NAME.get(previous.skill)) and skill.measures):
        # "how many" is a function only where something was computed.
        previous = replace(previous, function=None, extreme=False)
    query = inherited(replace(query, skill=own.name if own is not None else ""), previous)
    skill = _settled(query, own, previous)
    if skill is not None and previous is not None and skill.sticks and skill.name == previous.skill and query.continues:
        query = replace(query, chart=query.chart or previous.chart)
    return replace(query, skill=skill.name if skill is not None else "", previous=None)


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
    changes = query.mentions or query.continues or query.period is not None or query.chart is not None
    return before if before is not None and before.repeats and changes else None


def _age(query: Query) -> Sequence[str]:
    """A state that is not fresh is said to be old."""
    if query.namespace.stale and query.namespace.reachable and query.namespace.variables:
        return [f"*The kernel could not be asked just now; this was known {query.namespace.age:.0f} s ago.*"]
    return []
