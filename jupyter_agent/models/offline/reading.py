"""From words to a query: one question understood on its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline import cues
from jupyter_agent.models.offline.conditions import MONTH_ALONE, ParsedConditions, conditions
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import ADDITIVE, ADJECTIVES, BINDING, MONTHS, NUMBERS, TELLING, VERBS
from jupyter_agent.models.offline.mentions import Skeleton, mentioned_frames, skeleton
from jupyter_agent.models.offline.names import NameMention, Names
from jupyter_agent.models.offline.namespace import Column, Namespace, Table
from jupyter_agent.models.offline.query import Condition, Function, Query
from jupyter_agent.models.offline.words import parts

_LIST = r"(COL\d+(?:(?: ?,| and| &| ,? ?and| then| x| \+)(?: by)?(?: the)? COL\d+)*)"
_ORDERED = re.compile(
    rf"\b(?:sort|sorted|order|ordered|rank|ranked|arrange|arranged)\b(?: (?!by\b)[\w>]+){{0,6}} (?:by|on|according to)(?: the)? {_LIST}"
)
_TOP_BY = re.compile(
    rf"\b(?:top|bottom|largest|smallest|highest|lowest|best|worst|biggest|first|last)\b(?: (?!by\b|per\b)\w+){{0,4}} (?:by|in terms of|according to|with respect to)(?: the)? {_LIST}"
)
_BY = re.compile(
    r"\b(?:by|per|for each|for every|in each|in every|each|every|within each|across|group by|grouped by|groupby|according to|"
    rf"depending on|split by|broken down by|split on|between different|among|of each|with each)(?: the| each| every| different| all)? {_LIST}"
)
_OVER = re.compile(rf"\b(?:over|against|versus|vs) (?:the )?{_LIST}")
_WISE = re.compile(r"(COL\d+) (?:wise|breakdown)\b")
_WHICH = re.compile(
    r"\b(?:which|what|whose|the) (COL\d+)s?(?: (?!of\b)[a-z]+){0,2} (?:has|have|had|is|are|was|were|with|gets?|got|shows?|sees?|makes?|does|sold|sells?|pays?|earns?|generates?|spends?|appears?|occurs?)\b"
)
_HAVING = re.compile(r"(COL\d+)s? (?:with|having|that has|that have|which has) (?:the|most|least|highest|lowest)\b")
_TOP_OF = re.compile(
    r"\b(?:top|bottom|best|worst|largest|biggest|highest|lowest|smallest|first|most \w+|\d+) (?:NUM\d+ |\w+ )?(COL\d+)s?(?= (?:by|with|in terms|according)|[ ?.!]*$)"
)
_UNREAD = re.compile(
    r"(?<!\w)(?=(?:only|just|for|in|from|except|excluding|about|is|=|are|not|of|where) (?:the )?(?![A-Z])([^\W\d_][\w'-]*))"
)
_TIME = re.compile(r"\b(?:dates?|days?|when|time ?(?:range|span|frame|period))\b")
#: Where a word that says what is wanted, such as "filter", may be a value.
_POSSIBLE_VALUE = re.compile(r"\b(?:of|for|from) ([a-z]+)(?= (?:in|at|and|or|by|per)\b|[ ?.!]*$)")


@dataclass(frozen=True, slots=True)
class ConversationContext:
    """Where a question is asked: what the kernel holds and what is talked about."""

    facts: Facts
    namespace: Namespace
    previous: Query | None = None

    def frames(self) -> tuple[Table, ...]:
        """All tables, in full detail where that is known already."""
        return tuple(self._detailed(frame) for frame in self.namespace.frames)

    def _detailed(self, frame: Table) -> Table:
        full = self.facts.inspected_if_known(frame.name)
        return Table.of(full) if full is not None and full.kind == "frame" and full.facts.get("columns") else frame


def understood(question: str, context: ConversationContext) -> Query:
    """Fill the slots that the question itself fills."""
    normalized = skeleton(question, Names(context.namespace, context.frames()))
    frame, candidates = _about(normalized, context)
    if frame is not None and _unread_value(normalized, question, frame):
        context.facts.inspected(frame.name)
        normalized = skeleton(question, Names(context.namespace, context.frames()))
        frame, candidates = _about(normalized, context)
    found = conditions(normalized, frame)
    found = _with_literals(found, normalized, question, frame)
    query = Query(normalized, context.namespace, frame=frame, candidates=candidates, conditions=found.conditions)
    return _compared(_with_words(_with_columns(_with_targets(query, context), found.used)))


def _compared(query: Query) -> Query:
    """``Berlin and Munich`` side by side: two values are two groups."""
    either = next((condition.column for condition in query.conditions if condition.operator == "isin"), None)
    asked = re.search(r"\b(?:compare|comparison|vs|versus|difference between|against)\b", query.text)
    if either is None or query.by or not (asked or query.function) or query.function == "count":
        return query
    return replace(query, by=(either,), function=query.function or "mean")


def _about(normalized: Skeleton, context: ConversationContext) -> tuple[Table | None, tuple[Table, ...]]:
    """The table that is named, or that has the named columns, or that was spoken of; else those it could be."""
    mentions, frames = normalized.mentions, {frame.name: frame for frame in context.frames()}
    named = [
        frames[mentioned_frame.name] for mentioned_frame in mentioned_frames(mentions) if mentioned_frame.name in frames
    ]
    if named:
        return named[0], ()
    holding = _holding([mention for mention in mentions if mention.label in ("COL", "VAL")], list(frames.values()))
    spoken = context.previous.frame if context.previous is not None else None
    if spoken is not None and spoken.name in {frame.name for frame in holding}:
        return frames[spoken.name], ()
    fitting = holding if len(holding) == 1 else [frame for frame in holding if _fits(frame, normalized.text)]
    if len(fitting) == 1:
        return fitting[0], ()
    whole = _whole(holding)
    return whole, tuple(frame for frame in holding if frame is not whole)


def _whole(frames: Sequence[Table]) -> Table | None:
    """The table that the others look like a part of: it has more rows than they, and all their columns."""
    most = max(frames, key=lambda frame: frame.rows or 0, default=None)
    others = [frame for frame in frames if frame is not most]
    if most is None or most.rows is None or any(other.rows is None or other.rows >= most.rows for other in others):
        return None
    own = {column.name for column in most.columns}
    return most if others and all({column.name for column in other.columns} <= own for other in others) else None


def _fits(frame: Table, text: str) -> bool:
    """Whether a table has what the words speak of: a time for ``which month``, a quantity for ``sold``."""
    timed = cues.period(text) is not None or bool(_TIME.search(text))
    spoken = _spoken(text, VERBS)
    measured = all(any(parts(column.name) & {*names} for column in frame.of_role("number")) for names in spoken)
    return (frame.time is not None or not timed) and measured


def _spoken(text: str, telling: Mapping[str, str]) -> list[list[str]]:
    """The words that columns have in their names, for each pattern that is found."""
    return [names.split() for pattern, names in telling.items() if re.search(rf"\b(?:{pattern})\b", text)]


def _holding(mentions: Sequence[NameMention], frames: Sequence[Table]) -> list[Table]:
    """The frames that have the most of the named columns and values."""

    def count(frame: Table) -> int:
        homes = [{c.frame for c in mention.columns} | {c.frame for c, _ in mention.values} for mention in mentions]
        return sum(frame.name in home for home in homes)

    most = max(map(count, frames), default=0)
    return [frame for frame in frames if count(frame) == most]


def _unread_value(normalized: Skeleton, question: str, frame: Table) -> bool:
    """Whether some word may be a value of a text column that has not been listed yet."""
    if frame.time is not None and MONTH_ALONE.search(normalized.text) and "min" not in frame.time.facts:
        return True
    if not any(column.role == "text" for column in frame.columns):
        return False
    if any(mention.label == "STR" or _is_elsewhere(mention, frame) for mention in normalized.mentions):
        return True
    if any(word in TELLING for word in _POSSIBLE_VALUE.findall(normalized.text)):
        return True
    return any(_free(word) for word in _UNREAD.findall(normalized.text)) or bool(_capitals(question, normalized))


def _is_elsewhere(mention: NameMention, frame: Table) -> bool:
    """Whether a word is known as a value of other tables only."""
    return mention.label == "VAL" and all(column.frame != frame.name for column, _ in mention.values)


def _free(word: str) -> bool:
    return word not in BINDING | TELLING and word not in MONTHS and word not in NUMBERS and len(word) > 1


def _capitals(question: str, normalized: Skeleton) -> str:
    """Words in capitals, not at the beginning, that no name explains."""
    found = re.findall(r"(?<=[\w,] )(?:[A-Z][\w'-]*(?: (?=[A-Z])|))+", question)
    explained = {word.casefold() for mention in normalized.mentions for word in mention.text.split()}
    for run in found:
        words = run.strip().split()
        if all(_free(word.casefold()) and word.casefold() not in explained for word in words) and words[0] != "I":
            return " ".join(words)
    return ""


def _with_literals(
    found: ParsedConditions, normalized: Skeleton, question: str, frame: Table | None
) -> ParsedConditions:
    """``only for Berlin`` where Berlin is not among the known values: it is taken as typed, if one column can have it."""
    if frame is None or found.conditions:
        return found
    literal = next((mention.text for mention in normalized.of("STR")), "") or _capitals(question, normalized)
    match = re.search(
        r"\b(?:only|just|for|in|from|except|excluding) (?:the )?([\w ]+|STR\d+)$", normalized.text.rstrip(" ?.!")
    )
    texts = [column for column in frame.columns if column.role == "text" and not column.date_like]
    if not literal or not match or len(texts) != 1:
        return found
    place = re.search(r"STR\d+", match[1])
    if place is None and literal.casefold() != match[1].strip():
        return found
    return ParsedConditions((Condition(texts[0], "==", (literal,)),), frozenset({place[0]} if place else ()))


def _with_targets(query: Query, context: ConversationContext) -> Query:
    """The variable it is about and the second table."""
    variables = [
        mention.variable for mention in query.mentions if mention.label == "VAR" and mention.variable is not None
    ]
    frames = {frame.name: frame for frame in context.frames()}
    others = [
        frames[variable.name]
        for variable in variables
        if variable.name in frames and variable.name != (query.frame.name if query.frame else "")
    ]
    objects: list[Variable] = [variable for variable in variables if variable.kind not in ("frame", "module")]
    target = next(iter(objects), None) or next(iter(variables), None)
    return replace(query, target=target, other=next(iter(others), None))


def _with_columns(query: Query, used: frozenset[str]) -> Query:
    """Sort the named columns into keys, orders and the rest."""
    text, frame = query.text, query.frame
    ordered = _ORDERED.search(text) or _TOP_BY.search(text)
    order = _placed(query, ordered[1], used) if ordered else ()
    taken = used | set(re.findall(r"COL\d+", ordered[1] if ordered else ""))
    keys: list[str] = []
    patterns = (_BY, _WISE, _WHICH, _HAVING) if cues.superlative(text) else (_BY, _WISE)
    for pattern in patterns:
        for match in pattern.finditer(text):
            keys += [word for word in re.findall(r"COL\d+", match[1]) if word not in taken and word not in keys]
    by = _placed(query, " ".join(keys), frozenset(taken))
    rest = [f"{mention.label}{place}" for place, mention in enumerate(query.mentions) if mention.label == "COL"]
    left = " ".join(placeholder for placeholder in rest if placeholder not in taken and placeholder not in keys)
    columns = _placed(query, left, frozenset(taken)) if frame is not None else ()
    return _with_implied(_with_top_groups(_turned(replace(query, by=by, order=order, columns=columns))))


def _turned(query: Query) -> Query:
    """``compare cities by revenue``: a text is a key, and a number is what is compared."""
    numbers = bool(query.by) and all(column.role == "number" for column in query.by)
    keys = bool(query.columns) and all(column.role in ("text", "truth") for column in query.columns)
    if numbers and keys and cues.function(query.text)[0] is None:
        return replace(query, by=query.columns, columns=query.by)
    return query


def _with_top_groups(query: Query) -> Query:
    """``top 3 cities by price``: the cities are groups, the price is what they are ranked by."""
    match = _TOP_OF.search(query.text)
    key = _placed(query, match[1], frozenset()) if match else ()
    if not key or key[0].role not in ("text", "truth") or query.by:
        return query
    columns = tuple(column for column in (*query.columns, *query.order) if column not in key)
    return replace(query, by=key, columns=columns, order=())


def _with_implied(query: Query) -> Query:
    """``most expensive`` speaks of the price, ``sold the most`` of the quantity."""
    if query.frame is None or any(column.role == "number" for column in (*query.columns, *query.order)):
        return query
    telling = ADJECTIVES | VERBS if _sells(query.text) else ADJECTIVES
    words = [word for names in _spoken(query.text, telling) for word in names]
    found = next(
        (column for word in words for column in query.frame.of_role("number") if word in parts(column.name)), None
    )
    return replace(query, columns=(*query.columns, found)) if found is not None else query


def _placed(query: Query, text: str, used: frozenset[str]) -> tuple[Column, ...]:
    """The columns of some placeholders in the query's frame."""
    if query.frame is None:
        return ()
    found: list[Column] = []
    for place in re.findall(r"COL\d+", text):
        columns = query.skeleton.mention(place).columns if place not in used else ()
        found += [column for column in columns if column.frame == query.frame.name and column not in found][:1]
    return tuple(found)


def _with_words(query: Query) -> Query:
    """Functions, periods, directions and numbers."""
    text = query.text
    function, extreme = cues.function(text)
    if function in ("max", "min") and query.by and not query.columns and _TOP_OF.search(text):
        function = "count"
    if query.columns and function in (None, "count", "max", "min") and _sells(text):
        function = "sum"
    if function is None and len(query.columns) == 1 and parts(query.columns[0].name) & ADDITIVE and _is_spanned(query):
        function = "sum"
    amount = cues.limit(text)
    count: object = None
    if amount is not None:
        count = NUMBERS[amount] if amount in NUMBERS else query.skeleton.mention(amount).number
    over, each, period = _OVER.search(text), _each(query), cues.period(text)
    if period is not None and query.order and not query.columns:
        query = replace(query, columns=query.order, order=())
    return replace(
        query,
        function=function,
        each=each,
        extreme=extreme and not each,
        period=period,
        descending=cues.descending(text),
        limit=int(count) if isinstance(count, (int, float)) and 0 < count <= 1000 else None,
        wants_code=bool(cues.CODE.search(text)),
        continues=_continues(query) or bool(over and not query.columns),
    )


def _is_spanned(query: Query) -> bool:
    """``revenue in 2024``: a time and nothing else, and no rows to be shown."""
    times = [condition.operator == "during" or "year" in parts(condition.column.name) for condition in query.conditions]
    return (
        bool(times)
        and all(times)
        and not re.search(r"\b(?:show|list|rows?|find|which|filter|where|plot)\b", query.text)
    )


def _each(query: Query) -> tuple[Function, ...]:
    """``mean price and total quantity``: one function for each column, where they are not all the same."""
    functions = {place: function for function, place in cues.functions_of(query.text)}
    own = [
        functions.get(place)
        for column in query.columns
        for place in functions
        if column in query.skeleton.mention(place).columns
    ]
    found = tuple(function for function in own if function is not None)
    return found if len(found) == len(query.columns) and len(set(found)) > 1 else ()


def _sells(text: str) -> bool:
    """``how much did we sell``, ``which one sold the most``."""
    asked = cues.superlative(text) or cues.AMOUNT.search(text)
    return bool(asked and _spoken(text, VERBS))


def _continues(query: Query) -> bool:
    """Whether the question leans on what was said: a pronoun, or a beginning like "and" or "now"."""
    pronoun = bool(cues.PRONOUN.search(query.text)) and query.target is None
    return pronoun or bool(cues.LEANING.match(query.text))
