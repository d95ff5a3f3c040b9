"""From a conversation to the blocks of an answer: what every word of the question has a part in, or what was not understood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from jupyter_agent.models.offline.conversation import Conversation
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.failure import CellError
from jupyter_agent.models.offline.grammar.conversing import table_answer
from jupyter_agent.models.offline.grammar.lexicon import LEXICON
from jupyter_agent.models.offline.grammar.understanding import unknown_words
from jupyter_agent.models.offline.lexicon import BINDING, FILLERS, MONTHS, NUMBERS, TELLING
from jupyter_agent.models.offline.namespace import Namespace, Table
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery
from jupyter_agent.models.offline.queries.reading import read
from jupyter_agent.models.offline.queries.short import OverviewQuery
from jupyter_agent.models.offline.query import Ask
from jupyter_agent.models.offline.refusal import OfflineReply, clarification, numbered, overview, refusal
from jupyter_agent.models.offline.skills.errors import explained
from jupyter_agent.models.offline.skills.talk import talk
from jupyter_agent.models.offline.transforms.reading import unknown_words as unknown_in_change
from jupyter_agent.models.offline.words import forms, key, tokens

#: Words of the language: none of them is a name that is missing.
_KNOWN = (
    BINDING | TELLING | FILLERS | frozenset(word for phrase in LEXICON for word in phrase.split()) | {*NUMBERS, *MONTHS}
)
#: Where a name stands, even if it is a word of the language, too.
_NAMED = re.compile(
    r"\b(?:column|variable|field|frame|dataframe|function)s? (?:called |named )?[`'\"]?([^\W\d]\w*)", re.IGNORECASE
)


def answered(conversation: Conversation) -> OfflineReply:
    """The answer, what has to be asked back, or the refusal.

    Raises:
        Need: a tool has to be asked first.
    """
    try:
        return _answered(conversation)
    except Ask as ask:
        return clarification(str(ask))


def _answered(conversation: Conversation) -> OfflineReply:
    facts = Facts(conversation)
    question = numbered(conversation.question, conversation.answer)
    small_talk = talk(question)
    if small_talk is not None:
        return OfflineReply(small_talk)
    pasted = CellError.pasted(question)
    namespace = facts.namespace()
    if pasted is not None:
        return OfflineReply(explained(pasted, namespace, facts))
    objects = ObjectContext(facts, namespace)
    for earlier in conversation.earlier:
        if talk(earlier) is None:
            previous: ObjectQuery | None = None
            with suppress(Ask):
                previous = read(earlier, objects)
            objects = replace(objects, previous=previous)
    about = read(question, replace(objects, only_named=True))
    about_tables = table_answer(replace(conversation, question=question), facts) if about is None else None
    if about_tables is not None:
        return OfflineReply(about_tables)
    about = about or read(question, objects)
    if isinstance(about, OverviewQuery):
        return overview(namespace, facts)
    if about is not None:
        return OfflineReply([block for block in (*about.answer(facts), namespace.age_note) if block.strip()])
    tables = [_detailed(table, facts) for table in namespace.frames]
    unknown, table = unknown_words(question, tables)
    unknown = unknown_in_change(question, tables) or unknown
    return refusal(question, unknown or _strange(question, namespace, tables), namespace, facts, table)


def _detailed(table: Table, facts: Facts) -> Table:
    """A table in full where that is known already."""
    full = facts.inspected_if_known(table.name)
    return Table.of(full) if full is not None and full.kind == "frame" and full.facts.get("columns") else table


def _strange(question: str, namespace: Namespace, tables: Sequence[Table]) -> Sequence[str]:
    """Words that are neither of the language nor a name that there is."""
    names: Iterable[str] = [*namespace.variables, *(column.name for table in tables for column in table.columns)]
    known = frozenset[str]().union(*map(forms, names))
    words = [token.text for token in tokens(question) if token.kind in ("word", "quoted", "file")]
    strange = [word for word in words if word.lower() not in _KNOWN and not forms(word) & known and key(word)]
    named = [word for word in _NAMED.findall(question) if not forms(word) & known and word.lower() not in BINDING]
    return tuple(dict.fromkeys([*named, *strange]))
