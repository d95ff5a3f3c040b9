"""What is said instead of an answer: the word that was not understood, what there is, and questions that would be answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jupyter_agent.core.events import Declined, Suggestion
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.failure import CellError
from jupyter_agent.models.offline.grammar.understanding import Heard
from jupyter_agent.models.offline.languages import REFUSALS, language_of
from jupyter_agent.models.offline.lexicon import BINDING, TELLING
from jupyter_agent.models.offline.markdown import many, name, names
from jupyter_agent.models.offline.namespace import Namespace, Table, names_of
from jupyter_agent.models.offline.parts import part_of
from jupyter_agent.models.offline.skills.talk import CONNECT
from jupyter_agent.models.offline.words import near, parts

_KINDS = (
    (("array", "series", "index"), "array"), (("mapping", "sequence", "set"), "collection"), (("object",), "object"), (("function",), "function"),
    (("number", "bool", "text", "datetime", "path", "bytes", "none"), "value"),
)  # fmt: skip
_MODEL = Suggestion("Use a language model", "/model")
#: What lies outside of the notebook: acts, and what is so at this moment.
_OUTSIDE = re.compile(
    r"^(?:please |can you |could you |kindly )*(?:book|order|buy|send|e-?mail|call|phone|text|remind|wake|google|reserve|post|tweet|search the (?:web|internet))\b"
    r"|\b(?:today|tonight|tomorrow|right now|this morning|this evening|weather|news)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^(\d+)\. \*(.+)\*$", re.MULTILINE)


_LOOKED_UP = " I look up variables, data, errors and cells."


@dataclass(frozen=True, slots=True)
class OfflineReply:
    """What the model says: blocks of Markdown, and where they are no answer, that.

    Attributes:
        blocks: Of Markdown.
        declined: Why it is no answer.
        suggestions: What can be asked.
    """

    blocks: Sequence[str]
    declined: Declined | None = None
    suggestions: tuple[Suggestion, ...] = ()


def refusal(question: str, heard: Heard, namespace: Namespace, facts: Facts) -> OfflineReply:
    """That a question is not answered, and what can be asked instead.

    Args:
        question: As it was asked.
        heard: The words of it that were not understood, what belongs to nothing, and the table that it is about.
        namespace: What there is.
        facts: Tells the last error.
    """
    unknown, about = heard.unknown, heard.table
    table = ""
    if about is not None:
        table = f" I did understand that it is about {f'{names(heard.columns, 4)} of ' if heard.columns else ''}{name(about.name)}."
    language = language_of(question)
    if language is None and unknown and _OUTSIDE.search(question):
        why = f"I cannot do that: I do not understand {names(unknown, 4)}, have no network, and see and change only this notebook and its kernel."
        return OfflineReply([why, CONNECT], Declined(tuple(unknown)), (_MODEL,))
    if language is not None:
        why = REFUSALS[language]
    elif unknown:
        known = [*namespace.variables, *(column.name for frame in namespace.frames for column in frame.columns)]
        close = [other for other in near(unknown[0], known) if other != unknown[0]]
        like = f" Names like it: {names(close)}." if close else ""
        why = f"I do not understand {names(unknown, 4)} in this question, so I do not answer a part of it.{table}{like}"
    elif heard.loose:
        unknown = heard.loose
        why = f"I do not understand what {names(unknown, 4)} {'belongs' if len(unknown) == 1 else 'belong'} to in this question, so I do not answer a part of it.{table}"
    else:
        why = f"I cannot answer that: I understand each word, but no question that they make.{table or _LOOKED_UP}"
    card = overview(namespace, facts, about)
    return OfflineReply([why, *card.blocks], Declined(tuple(unknown)), card.suggestions)


def clarification(text: str) -> OfflineReply:
    """A question to the user."""
    return OfflineReply([text], Declined())


def overview(namespace: Namespace, facts: Facts, about: Table | None = None) -> OfflineReply:
    """What there is, three questions with its names, and quick actions."""
    error = facts.error() if "read_error" in facts.conversation.offered else None
    there = list(_there(namespace, CellError.of(error) if error else None))
    suggestions = suggested(namespace, about, has_error=bool(error))
    lines = "\n".join(f"{place}. *{suggestion.query}*" for place, suggestion in enumerate(suggestions, 1))
    asking = f"You can ask, by its number too:\n\n{lines}"
    blocks = (
        ["**There is**\n\n" + "\n".join(f"- {line}" for line in there)]
        if there
        else ["There are no variables in the kernel yet; nothing is loaded."]
    )
    return OfflineReply([*blocks, asking, CONNECT], None, (*suggestions, _MODEL))


def _there(namespace: Namespace, error: CellError | None) -> Iterator[str]:
    for frame in namespace.frames[:6]:
        size = f"{many(frame.rows, 'row')} × {many(frame.width, 'column')}: " if frame.rows is not None else ""
        yield f"the table {name(frame.name)}, {size}{names_of(frame.columns, 10)}"
    models = [variable for variable in namespace.variables.values() if "fitted" in variable.facts]
    if models:
        listed = ", ".join(f"{name(model.name)} ({name(model.summary, 60)})" for model in models[:6])
        yield f"{many(len(models), 'model')}: {listed}"
    others = [variable for variable in namespace.variables.values() if variable not in models]
    for kinds, noun in _KINDS:
        if found := [variable for variable in others if variable.kind in kinds]:
            yield f"{many(len(found), noun)}: {names_of(found, 10)}"
    if error is not None:
        first = error.message.strip().split("\n")[0]
        yield f"the last error: **{name(error.name)}**{f': {name(first, 160)}' if first else ''}"


def suggested(namespace: Namespace, about: Table | None, *, has_error: bool) -> tuple[Suggestion, ...]:
    """Questions that are answered as they stand: three about what there is, then the usual ones."""
    frame = about or next((frame for frame in namespace.frames if frame.columns), None)
    questions = [
        *(["explain the error"] if has_error else []),
        *(_of_table(frame) if frame is not None else ()),
        *_of_objects(namespace),
    ]
    chosen = [Suggestion(question, question) for question in dict.fromkeys(questions)][:3]
    actions = list(_actions(frame))
    chosen += [action for action in actions if action.query not in {item.query for item in chosen}]
    return (*chosen, Suggestion("Check the notebook", "would restart and run all work?"))


def _of_table(frame: Table) -> Iterator[str]:
    numbers = [
        column for column in frame.of_role("number") if _is_plain(column.name) and "id" not in parts(column.name)
    ]
    keys = [column for column in frame.of_role("text") if _is_plain(column.name) and not column.date_like]
    if numbers and keys:
        yield f"mean {numbers[-1].name} by {keys[0].name} in {frame.name}"
    elif numbers:
        yield f"mean {numbers[-1].name} in {frame.name}"
    yield f"how many rows does {frame.name} have"


def _of_objects(namespace: Namespace) -> Iterator[str]:
    """One question for each kind of what there is besides tables."""
    seen: set[str] = set()
    for variable in namespace.variables.values():
        kind = "model" if "fitted" in variable.facts else variable.kind
        if kind in seen or not _is_plain(variable.name):
            continue
        seen.add(kind)
        match kind:
            case "model":
                yield f"parameters of {variable.name}"
            case "array" if variable.facts.get("shape"):
                yield f"shape of {variable.name}"
            case "mapping":
                yield f"keys of {variable.name}"
            case "sequence" if part_of(variable).parts:
                yield f"first item of {variable.name}"
            case "function" if variable.facts.get("local"):
                yield f"what does {variable.name} do"
            case "object" if part_of(variable).parts:
                yield f"attributes of {variable.name}"
    yield from ("which variables are there?", "summarise this notebook", "which packages are imported?")


def _actions(frame: Table | None) -> Iterator[Suggestion]:
    if frame is None:
        return
    yield Suggestion("Profile", f"describe {frame.name}")
    yield Suggestion("Missing values", f"missing values in {frame.name}")
    yield Suggestion("Duplicates", f"duplicate rows in {frame.name}")
    numbers = [column for column in frame.of_role("number") if _is_plain(column.name)]
    if len(numbers) > 1:
        yield Suggestion("Correlations", f"correlations in {frame.name}")
    if numbers:
        yield Suggestion("Plot", f"histogram of {numbers[-1].name} in {frame.name}")


def _is_plain(text: str) -> bool:
    """Whether a name can be said without being taken for another word."""
    return len(text) > 1 and text.isidentifier() and text.lower() not in BINDING | TELLING


def numbered(question: str, answer: str) -> str:
    """The question that a number stands for in the answer before; the question itself where it is no such number."""
    typed = question.strip().rstrip(".")
    return next((match[2] for match in _NUMBERED.finditer(answer) if match[1] == typed), question)
