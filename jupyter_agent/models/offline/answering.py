"""From a conversation to the blocks of an answer: what every word of the question has a part in, or what was not understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from jupyter_agent.models.offline.conversation import Conversation
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.failure import CellError
from jupyter_agent.models.offline.grammar.conversing import table_answer
from jupyter_agent.models.offline.grammar.inspections import LEXICON as INSPECTIONS
from jupyter_agent.models.offline.grammar.lexicon import LEXICON as QUESTIONS
from jupyter_agent.models.offline.grammar.understanding import Heard, heard
from jupyter_agent.models.offline.lexicon import BINDING, FILLERS, TELLING
from jupyter_agent.models.offline.namespace import Namespace, Table
from jupyter_agent.models.offline.parts import part_of
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery
from jupyter_agent.models.offline.queries.reading import read
from jupyter_agent.models.offline.queries.short import OverviewQuery
from jupyter_agent.models.offline.query import Ask
from jupyter_agent.models.offline.refusal import OfflineReply, clarification, numbered, overview, refusal
from jupyter_agent.models.offline.skills.errors import explained
from jupyter_agent.models.offline.skills.talk import INTRODUCTION, talk
from jupyter_agent.models.offline.spans import Lexicon
from jupyter_agent.models.offline.transforms.lexicon import LEXICON as CHANGES
from jupyter_agent.models.offline.words import forms, key, tokens

_ONCE_MORE = re.compile(r"\W*(?:and\W*|now\W*|again\W*|once (?:more|again)\W*)+", re.IGNORECASE)
#: What changes something is not said twice.
_CHANGING = re.compile(r"^\S+ [-+*/]?= ", re.MULTILINE)
#: What goes on with rows that were shown or counted.
_WHICH = re.compile(r"\W*(?:and\W+)?(?:(?:in|on|at|of|for|from) )?which ([^\W\d]\w*)\W*", re.IGNORECASE)
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
    if conversation.earlier and _ONCE_MORE.fullmatch(question) and not _CHANGING.search(conversation.code):
        return _answered(
            replace(conversation, question=conversation.earlier[-1], earlier=conversation.earlier[:-1], answer="")
        )
    small_talk = talk(question)
    if small_talk is not None and small_talk != INTRODUCTION:
        return OfflineReply([small_talk])
    pasted = CellError.pasted(question)
    namespace = facts.namespace()
    if small_talk is not None:
        card = overview(namespace, facts)
        return replace(card, blocks=[small_talk, *card.blocks])
    if pasted is not None:
        return OfflineReply(explained(pasted, namespace, facts))
    objects = ObjectContext(facts, namespace)
    for earlier in conversation.earlier:
        if talk(earlier) is None:
            previous: ObjectQuery | None = None
            with suppress(Ask):
                previous = read(earlier, objects)
            objects = replace(objects, previous=previous)
    is_of_rows = bool(conversation.earlier) and _is_which(question, namespace)
    about = read(question, replace(objects, only_named=True)) if not is_of_rows else None
    about_tables = table_answer(replace(conversation, question=question), facts) if about is None else None
    if about_tables is not None:
        return OfflineReply(about_tables)
    about = about or (read(question, objects) if not is_of_rows else None)
    if isinstance(about, OverviewQuery):
        return overview(namespace, facts)
    if about is not None:
        return OfflineReply([block for block in (*about.answer(facts), namespace.age_note) if block.strip()])
    tables = [_detailed(table, facts) for table in namespace.frames]
    return refusal(question, _strange(question, namespace, tables), namespace, facts)


def _is_which(question: str, namespace: Namespace) -> bool:
    """Whether ``which meters?`` asks for values of a column, not for a variable that is called so."""
    asked = _WHICH.fullmatch(question)
    columns = [column for table in namespace.frames for column in table.columns]
    return asked is not None and any(forms(asked[1]) & forms(column.name) for column in columns)


def _detailed(table: Table, facts: Facts) -> Table:
    """A table in full where that is known already."""
    full = facts.inspected_if_known(table.name)
    return Table.of(full) if full is not None and full.kind == "frame" and full.facts.get("columns") else table


def _strange(question: str, namespace: Namespace, tables: Sequence[Table]) -> Heard:
    """What was heard, its unknown words those that no reader knows and that nothing is called; the others belong to nothing."""
    found = heard(question, tables)
    known = Lexicon.words.union(QUESTIONS, INSPECTIONS, CHANGES)
    words = found.unknown
    if found.table is None:
        words = tuple(token.text for token in tokens(question) if token.kind in ("word", "quoted", "file"))
        known |= BINDING | TELLING | FILLERS
    columns = [column for table in tables for column in table.columns]
    parts = [part for variable in namespace.variables.values() for *_, part in part_of(variable).walk()]
    inside = [*(part.key for part in parts), *(part.value for part in parts if isinstance(part.value, str))]
    names = [*namespace.variables, *inside, *(text for column in columns for text in (column.name, *column.values))]
    called = frozenset[str]().union(*map(forms, names))
    unknown = [word for word in words if word.lower() not in known and not forms(word) & called and key(word)]
    named = [word for word in _NAMED.findall(question) if not forms(word) & called and word.lower() not in BINDING]
    unknown = list(dict.fromkeys([*named, *unknown]))
    loose = (*(word for word in found.unknown if forms(word) & called), *found.loose)
    return replace(found, unknown=tuple(unknown), loose=loose)
