"""From a conversation to the blocks of an answer: understand, choose a skill, answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from jupyter_agent.models.offline.conversation import Conversation
from jupyter_agent.models.offline.coverage import not_understood
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.failure import CellError
from jupyter_agent.models.offline.followup import inherited
from jupyter_agent.models.offline.grammar.conversing import table_answer
from jupyter_agent.models.offline.grammar.understanding import unknown_words
from jupyter_agent.models.offline.lexicon import ADJECTIVES, BINDING, FILLERS, MONTHS, NUMBERS, TELLING
from jupyter_agent.models.offline.markdown import name as shown
from jupyter_agent.models.offline.namespace import names_of
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery
from jupyter_agent.models.offline.queries.reading import read
from jupyter_agent.models.offline.queries.short import OverviewQuery
from jupyter_agent.models.offline.query import Ask, Query
from jupyter_agent.models.offline.reading import ConversationContext, understood
from jupyter_agent.models.offline.refusal import OfflineReply, clarification, numbered, overview, refusal
from jupyter_agent.models.offline.skill import Skill, chosen
from jupyter_agent.models.offline.skills import SKILLS, TALK
from jupyter_agent.models.offline.skills.errors import explained
from jupyter_agent.models.offline.transforms.reading import unknown_words as unknown_in_change

_ASKING = re.compile(r"\b(?:which|what is|what are|how many|how much|who|when)\b")
_SAME_AGAIN = re.compile(
    r"(?:(?:and|what about|how about|for|in|now|the|same for|ok|also)\s+)*(?:VAR|COL|VAL|DATE|NUM)\d+(?: instead| too| as well| ones?)?[ ?.!]*"
)
#: Skills that would show single values of a column.
_TELLING_VALUES = (
    "unique values", "value counts", "most frequent value", "meaning of a column", "statistic of a column",
    "range of a column", "group", "type of a column",
)  # fmt: skip
_NAMED = re.compile(r"\b(?:column|variable|field|frame|dataframe|function)s? (?:called |named )?([^\W\d][\w]*)\b")
_ASKED = re.compile(
    r"^(?:what is|where is|show(?: me)?|print|inspect|describe|(?:type|value|shape|length|columns|mean|max|min) of)(?: the)? ([^\W\d][\w]*)[ ?.!]*$"
)
_BY_NAME = {skill.name: skill for skill in SKILLS}


def answered(conversation: Conversation) -> OfflineReply:
    """The answer, or the refusal.

    Raises:
        Need: a tool has to be asked first.
    """
    facts = Facts(conversation)
    question = numbered(conversation.question, conversation.answer)
    small_talk = TALK(question)
    if small_talk is not None:
        return OfflineReply(small_talk)
    pasted = CellError.pasted(question)
    if pasted is not None:
        return OfflineReply(explained(pasted, facts.namespace(), facts))
    context = ConversationContext(facts, facts.namespace())
    objects = ObjectContext(facts, context.namespace)
    for earlier in conversation.earlier:
        if TALK(earlier) is not None:
            continue
        previous = _of_object(earlier, objects)
        objects = replace(objects, previous=previous if isinstance(previous, ObjectQuery) else None)
        context = replace(context, previous=_query(earlier, context) if previous is None else None)
    about = _of_object(question, replace(objects, only_named=True))
    if about is not None:
        return _answer_of(about, context, facts)
    try:
        about_tables = table_answer(replace(conversation, question=question), facts)
    except Ask as ask:
        return clarification(str(ask))
    if about_tables is not None:
        return OfflineReply(about_tables)
    query = _query(question, context)
    skill = None if _absent(query) and not query.mentions else _BY_NAME.get(query.skill)
    if skill is not None and skill.name in _TELLING_VALUES and _secret(query):
        return OfflineReply([f"{shown(_secret(query))} looks like a secret, so its values are withheld."])
    unknown = (
        not_understood(query, skill)
        if skill is not None
        else (tuple(unknown_words(question, context.frames())) or _strange(query))
    )
    if skill is None or unknown:
        about = _of_object(question, objects)
        if about is not None:
            return _answer_of(about, context, facts)
        if skill is None and len(query.candidates) > 1 and query.skeleton.of("COL") and not unknown:
            return clarification(str(_asked(query)))
        changing = unknown_in_change(question, context.frames()) if skill is None else ()
        return refusal(question, changing or unknown, context.namespace, facts, query.frame)
    try:
        blocks = list(skill.answer(query, facts))
    except Ask as ask:
        return clarification(str(ask))
    return OfflineReply([block for block in (*_notes(query), *blocks, query.namespace.age_note) if block.strip()])


def _asked(query: Query) -> Ask:
    try:
        query.the_frame()
    except Ask as ask:
        return ask
    return Ask("")


def _strange(query: Query) -> tuple[str, ...]:
    """Names that are neither a variable nor a column, and other words that nobody knows."""
    named = [mention.text for mention in query.skeleton.of("STR")]
    typed = [
        query.skeleton.typed(word)
        for word in re.findall(r"(?<![\w'])[^\W\d_][\w'-]*", query.text)
        if not _is_known(word)
    ]
    return tuple(dict.fromkeys([*named, *query.skeleton.unknown, *_absent(query), *typed]))


def _is_known(word: str) -> bool:
    """Whether a word of a skeleton is one of the language, or stands for a name."""
    is_placeholder = re.fullmatch(r"[A-Z]+\d+", word) is not None
    return (
        is_placeholder or word in BINDING | TELLING | FILLERS or word in NUMBERS or word in MONTHS or word in ADJECTIVES
    )


def _of_object(question: str, context: ObjectContext) -> ObjectQuery | Ask | None:
    """What a question asks of an object, or what has to be asked back."""
    try:
        return read(question, context)
    except Ask as ask:
        return ask


def _answer_of(about: ObjectQuery | Ask, context: ConversationContext, facts: Facts) -> OfflineReply:
    if isinstance(about, OverviewQuery):
        return overview(context.namespace, facts)
    try:
        if isinstance(about, Ask):
            return clarification(str(about))
        return OfflineReply([block for block in (*about.answer(facts), context.namespace.age_note) if block.strip()])
    except Ask as ask:
        return clarification(str(ask))


def _absent(query: Query) -> list[str]:
    """A word that stands where a name is expected and is none."""
    found = [match[1] for pattern in (_NAMED, _ASKED) if (match := pattern.search(query.text)) is not None]
    return [word for word in found if word not in BINDING | TELLING and not re.fullmatch(r"[A-Z]+\d+", word)]


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
    changes = query.mentions or query.continues or query.period is not None
    return before if before is not None and before.repeats and changes else None
