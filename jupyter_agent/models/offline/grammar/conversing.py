"""A conversation about tables: its questions one after the other, the newest answered."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.conversation import Conversation
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.grammar.answer import answered
from jupyter_agent.models.offline.grammar.edits import edited, leans, topic
from jupyter_agent.models.offline.grammar.inspections import MEANING, Inspection, inspections
from jupyter_agent.models.offline.grammar.inspections import answered as inspection_answer
from jupyter_agent.models.offline.grammar.sources import Source
from jupyter_agent.models.offline.grammar.spans import Vocabulary
from jupyter_agent.models.offline.grammar.tables import with_levels
from jupyter_agent.models.offline.grammar.understanding import MOST_TABLES, Understood, understood
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.namespace import Namespace, Table, in_code, is_lazy
from jupyter_agent.models.offline.query import MOST_ANSWERED, Ask
from jupyter_agent.models.offline.skills.talk import CONNECT, talk
from jupyter_agent.models.offline.transforms.answer import answered as transformed
from jupyter_agent.models.offline.transforms.reading import transform_of
from jupyter_agent.models.offline.transforms.transform import Transform
from jupyter_agent.models.offline.words import forms, parts, tokens

#: ``does every customer have an email`` is no question about groups.
_EVERY = re.compile(r"^\W*(?:do|does|did|is|are|was|were|has|have|had)\s+(?:every|each|all)\b", re.IGNORECASE)
#: ``how many boats is that?``
_POINTING = re.compile(r"\b(?:that|this|it|those|these|them)\W*$", re.IGNORECASE)
_HOW_MANY = re.compile(r"\W*how many\b", re.IGNORECASE)

#: Lazy frames of which the schema is asked for a question.
MOST_LAZY = 2


def lazy_table(variable: Variable, facts: Facts, *, is_named: bool) -> Table | None:
    """A lazy frame with its columns and some values of its texts, which takes a run; None if it could not be run.

    Raises:
        Ask: it could not be run, and the question is about it.
    """
    frame = in_code(variable.name)
    some = f"{frame}.select(name).unique(maintain_order=True).head(20).collect()[name].to_list()"
    ran = facts.run(
        f"[(name, str(kind), {some} if str(kind) == 'String' else []) for name, kind in {frame}.collect_schema().items()]"
    )
    if is_named and ran.obstacle:
        why = (
            f"{name(variable.name)} is a lazy frame: what its columns are is known only by running code. {ran.obstacle}"
        )
        raise Ask(f"{why} Allow the run, or collect it in a cell (`table = {frame}.collect()`) and ask about that.")
    listed = ran.value if ran.status == "ok" else None
    columns = [
        {"name": name, "dtype": kind, "top": [[value, 1] for value in values if value is not None]}
        for name, kind, values in listed or ()
    ]
    return Table.of(replace(variable, facts={"columns": columns})) if columns else None


def table_answer(conversation: Conversation, facts: Facts) -> Sequence[str] | None:
    """The answer's blocks; None if the question is not wholly understood as one about tables.

    Raises:
        Need: a tool has to be asked first.
        Ask: it could be about several tables.
    """
    namespace = facts.namespace()
    has_tables = namespace.frames or any(map(is_lazy, namespace.variables.values()))
    if not has_tables or _EVERY.search(conversation.question):
        return None
    questions = [*(question for question in conversation.earlier if talk(question) is None), conversation.question]
    words = frozenset(form for question in questions for token in tokens(question) for form in parts(token.text))
    typed = [{token.text for token in tokens(question)} for question in questions]
    lazy = list(filter(is_lazy, namespace.variables.values()))[:MOST_LAZY]
    columns = frozenset[str]().union(*(parts(column.name) for frame in namespace.frames for column in frame.columns))
    exact = set[str]().union(*typed)
    spoken_of = [variable for variable in lazy if variable.name in exact or parts(variable.name) & words - columns]
    tables = (*facts.tables(namespace, MOST_TABLES, words), *_collected(spoken_of, typed[-1], facts))
    previous: Understood | None = None
    change: Transform | None = None
    inspected: list[Inspection] = []
    sources = [Source(table, table) for table in map(with_levels, tables)]
    for question in questions[:-1]:
        with suppress(Ask):
            change = transform_of(question, tables, _spoken_of(change, previous, inspected))
        found = _read(question, tables, previous) if change is None else []
        with suppress(Ask):
            inspected = inspections(question, tables, inspected) if change is None and not found else []
        kept = previous if previous is not None and previous.query.shape == "topic" and leans(question) else None
        previous = found[0] if len(found) == 1 else topic(question, sources) or kept
    if MEANING.search(conversation.question):
        known = _inspected(inspections(conversation.question, tables, inspected), namespace, facts)
        note = "What it stands for is not written in the data; this is what the data shows:"
        return [known[0], note, *known[1:]] if known else None
    change = transform_of(conversation.question, tables, _spoken_of(change, previous, inspected))
    if change is not None:
        return _with_age(transformed(change, namespace, facts), namespace)
    is_other, is_leaning = previous is None or previous.query.shape == "topic", leans(conversation.question)
    is_unheard = len(questions) > 1 and is_other and CONNECT in conversation.answer

    def inspected_now() -> Sequence[str] | None:
        known = inspections(conversation.question, tables, inspected)
        if is_leaning and (is_unheard or not is_other):  # ``and the price?`` of groups is no question about a column
            known = [each for each in known if each.what != "about"]
        return _inspected(known, namespace, facts)

    if is_other and len(questions) > 1 and is_leaning:
        changed = edited(conversation.question, previous) if previous is not None else None
        if changed is None:  # it goes on with what was no question of this kind
            return inspected_now()
    found = _read(conversation.question, tables, previous)
    if not found and (others := [variable for variable in lazy if variable not in spoken_of]):
        collected = _collected(others, typed[-1], facts)
        if (change := transform_of(conversation.question, collected)) is not None:
            return transformed(change, namespace, facts)
        found = _read(conversation.question, collected, previous)
    if is_unheard and _is_bare(conversation.question, found):
        return None  # ``how many in 2021?`` goes on with what was not understood
    if not found:
        return inspected_now()
    if len(found) > 1 and (len(found) > MOST_ANSWERED or any(each.query.shape != "count" for each in found)):
        raise Ask.which_table(each.source.table.name for each in found)
    secret = next((column for each in found for column in each.query.used() if column.facts.get("withheld")), None)
    if secret is not None:
        return [f"{name(secret.name)} looks like a secret, so its values are withheld."]
    blocks = [block for each in found for block in answered(each.query, each.source, namespace, facts)]
    return _with_age(blocks, namespace)


def _collected(lazy: Sequence[Variable], named: Collection[str], facts: Facts) -> list[Table]:
    """The lazy frames with their columns, where these are known."""
    found = (lazy_table(variable, facts, is_named=variable.name in named) for variable in lazy)
    return [table for table in found if table is not None]


def _with_age(blocks: Sequence[str], namespace: Namespace) -> list[str]:
    """Blocks that say something, and whether the kernel's state is old."""
    return [block for block in (*blocks, namespace.age_note) if block.strip()]


def _spoken_of(change: Transform | None, previous: Understood | None, inspected: Sequence[Inspection]) -> object:
    """What ``them`` are: of the change, the query or the inspection before."""
    query = previous.query if previous is not None else None
    if change is None and len(inspected) == 1 and (query is None or query.shape == "topic"):
        return inspected[0]
    return change or query


def _inspected(found: Sequence[Inspection], namespace: Namespace, facts: Facts) -> Sequence[str] | None:
    """What inspection knows; None if the question asks for something else."""
    blocks = [block for inspection in found for block in inspection_answer(inspection, namespace, facts)]
    return _with_age(blocks, namespace) if any(blocks) else None


def _read(question: str, tables: Sequence[Table], previous: Understood | None) -> list[Understood]:
    """The query of a question: an edit of the one before if it leans on that, else, or if it is nothing by itself."""
    if previous is None:
        return understood(question, tables)
    is_leaning = leans(question)
    found = [] if is_leaning else understood(question, tables, previous)
    are_elsewhere = all(
        each.query.shape in ("rows", "count") and each.source.table.name != previous.source.table.name for each in found
    )
    is_bare = _is_bare(question, found) and not are_elsewhere
    ranks = {column for each in found if each.query.shape == "pick" for column in each.query.order}
    if found and not is_bare and not ranks & set(previous.query.by):  # ``which speed is best`` of groups by speed
        return found
    changed, before = edited(question, previous), previous.query.all_conditions
    if is_bare and changed is not None and _HOW_MANY.match(question):
        is_narrower = previous.query.shape == "count" and len(changed.query.all_conditions) > len(before) > 0
        return [] if is_narrower else [changed]  # of those that were counted, or of all
    if changed is not None:
        return [changed]
    if is_leaning:
        alone = understood(question, tables, previous)
        return [each for each in alone if _stands_alone(question, each) and each.query.having is None]
    return [] if is_bare and (before or previous.query.by) else found


def _is_bare(question: str, found: Sequence[Understood]) -> bool:
    """Whether a question does not say of what: ``how many per month?``, ``under 300?``, ``which is the cheapest?``, ``sort by price``."""
    if not found or any(_stands_alone(question, each) for each in found):
        return False
    queries = [each.query for each in found]
    are_rows = all(query.shape in ("rows", "pick") and not query.columns for query in queries)
    return are_rows or _HOW_MANY.match(question) is not None


def _stands_alone(question: str, found: Understood) -> bool:
    """Whether a question that leans on the one before says itself what it is about, so that nothing of that one is left out."""
    nouns = Vocabulary(found.source.table).row_nouns | {"rows", "row", "who"}
    return not _POINTING.search(question) and any(forms(token.text) & nouns for token in tokens(question))
