"""Short words that ask about the last error, or for what there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.failure import CellError
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.namespace import Namespace
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery
from jupyter_agent.models.offline.refusal import overview
from jupyter_agent.models.offline.skills.errors import explanation_of
from jupyter_agent.models.offline.spans import Lexicon, Meaning, spans

_LEXICON = Lexicon(
    error={
        "why": "why, how come, wtf, wth, omg, broken, broke, does not work, not work, not working, not working anymore, doesnt work, is not working, did not work, fail, failed, fails, failing, failure, error, errors, exception, traceback, crash, crashed, stack trace, go wrong, went wrong, wrong, what happened, happened, what is wrong, explain the error, explain, red, red text",
        "fix": "fix, fixed, corrected, how to fix, how do i fix, solve, solution, repair, correct, cure, resolve, get rid of, debug",
        "function": "which function, what function, function, in which function",
        "line": "which line, what line, line, where, in which line, which cell, cell",
        "worked": "did work, work, worked, succeed, fine, did run, run, everything ok, all good",
    },
    raised={True: "raised, raise, raises, throws, threw, thrown, failing, crashed, cause, caused, causes"},
    lost={True: "huh, hm, hmm, hmmm, eh, um, lost, help, help me, pls help, no idea, what now, now what, stuck, confused"},
    look={True: "here, in here, eda, a quick eda, exploratory data analysis, explore, look around, whats up, around, start, where to start, where do i start, can i do, what can i ask, can i ask, quick eda, do a quick eda, do an eda, exploration, do next, next"},
    filler={True: "this, it, again, now, then, last, latest, newest, previous, mean, means, meant, mean by, quick, quickly, man, ugh, lol, sir, about, and, how, not, code, my, always, so, still, happen, here, be, thing, all, with this, say, says, tells"},
)  # fmt: skip

#: Kinds of variables that are no data: ``did it run`` is about no function.
_CODE = frozenset({"function", "class", "module"})
#: An error's class, and words that can be about nothing but an error.
_CLASS = re.compile(r"[A-Z]\w*(?:Error|Exception|Interrupt|Iteration|Warning)")
_NAMED = re.compile(r"\b(?:errors?|exception|traceback|wrong|fail\w*|crash\w*|debug|bug)\b|[a-z]Error\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ErrorQuery(ObjectQuery):
    """The last error, or one thing of it."""

    what: str
    namespace: Namespace

    def answer(self, facts: Facts) -> Sequence[str]:
        """What it means and how to mend it."""
        data = facts.error()
        if data is None:
            return ["I cannot read the notebook's errors here: no kernel is running for it, or it cannot be asked."]
        if not data:
            return ["There is no error: the last cells ran without one."]
        failure = CellError.of(data)
        place = failure.place
        first = ["No, it failed:"] if self.what == "worked" else []
        if self.what == "function" and (place is None or place.function == "<module>"):
            first = ["It was raised in the cell itself, in no function."]
        elif self.what == "function" and place is not None:
            first = [f"It was raised in {name(place.function)}, line {place.line}."]
        return [*first, *explanation_of(failure, self.namespace, facts, self.what)]


@dataclass(frozen=True, slots=True)
class OverviewQuery(ObjectQuery):
    """What there is, and what can be asked."""

    namespace: Namespace

    def answer(self, facts: Facts) -> Sequence[str]:
        """The card."""
        return overview(self.namespace, facts).blocks


def read(question: str, context: ObjectContext) -> ErrorQuery | OverviewQuery | None:
    """The error after which a short question is asked, or the card; None for every other question."""
    data = {variable.name for variable in context.namespace.variables.values() if variable.kind not in _CODE}

    def is_data(word: str) -> bool:
        meaning = _LEXICON.meaning((word.lower(),))
        return len(word) > 1 and word in data and meaning is not None and meaning[0] != "filler"

    def named(text: str) -> Meaning | None:
        return ("error", "why") if _CLASS.fullmatch(text) else ("variable", text) if is_data(text) else None

    found = spans(question, _LEXICON, named, is_data)
    bare = not found.spans and not found.unknown and "?" in question
    if found.unknown or not (bare or found.slots) or found.slots & {"number", "text", "operator", "variable"}:
        return None
    asks_for_error = found.slots & {"error", "raised", "lost"} or bare
    may_be_read = asks_for_error and "look" not in found.slots and "read_error" in context.facts.conversation.offered
    what = found.all("error")
    if may_be_read and context.facts.error():
        word = next((word for word in what if word in ("function", "line", "worked")), "why")
        is_asked = what or "lost" in found.slots or bare
        is_line = word != "line" or len(what) > 1 or "raised" in found.slots
        return ErrorQuery(word, context.namespace) if is_asked and is_line else None
    if what and _NAMED.search(question):
        return ErrorQuery("why", context.namespace)
    is_card = found.slots <= {"look", "lost", "filler"} and (bare or found.slots & {"look", "lost"})
    return OverviewQuery(context.namespace) if is_card else None
