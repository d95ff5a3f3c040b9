"""Which words of a skeleton fill which slot."""

from __future__ import annotations

import re

from jupyter_agent.models.offline.lexicon import NUMBERS
from jupyter_agent.models.offline.query import Function, Period

_FUNCTIONS: tuple[tuple[Function, str], ...] = (
    (
        "nunique",
        r"(?:number of|how many|count)(?: of)?(?: the)? (?:unique|distinct|different)|nunique|(?:unique|distinct) counts?",
    ),
    ("median", r"median|middle value"),
    ("mean", r"mean|means|average|averages|averaged|avg|typical|on average"),
    ("std", r"std|standard deviation|stdev|deviation|spread|volatility"),
    ("var", r"variance"),
    ("mode", r"mode|most (?:common|frequent|popular)|commonest"),
    ("sum", r"sum|sums|summed|total|totals|totalled|altogether|in total|add up"),
)
_HIGH = (
    r"max|maximum|highest|largest|biggest|greatest|longest|latest|newest|most expensive|top|best|most|tallest|heaviest|"
    r"dearest|priciest|oldest|maximal|peak"
)
_LOW = (
    r"min|minimum|lowest|smallest|least|shortest|earliest|cheapest|fewest|bottom|worst|youngest|lightest|minimal|"
    r"least expensive"
)
_PERIODS: tuple[tuple[Period, str], ...] = (
    ("weekday", r"weekdays?|days? of (?:the )?week"),
    ("year", r"years?|yearly|annual|annually|annum"),
    ("quarter", r"quarters?|quarterly"),
    ("month", r"months?|monthly"),
    ("week", r"weeks?|weekly"),
    ("day", r"days?|daily|dates?"),
    ("hour", r"hours?|hourly"),
)
_BEFORE_PERIOD = (
    r"(?:by|per|each|every|over the|over|which|what|a|for each|for every|across|group by|grouped by|(?:by|per) COL\d+ and"
    r"|(?:top|best|worst|bottom)(?: NUM\d+)?)"
)


_COMPARED = re.compile(
    r"\b(?:at (?:least|most)|(?:more|less|greater|fewer|higher|lower) than|no (?:more|less) than|not (?:more|less) than)\b"
)
#: ``price above average`` asks for rows.
_LIMITED = re.compile(r"\b(?:above|below|over|under|than)(?: the)? (?:average|mean|median)\b")
_MEANING = re.compile(r"\b(?:what|which)\b.*\b(?:do|does|did) .*\bmean\b|\bmeans\b|\bmeaning of\b|\bmeant by\b")


def _search(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(rf"\b(?:{pattern})\b", text)


def _asking(text: str) -> str:
    """The text without what sounds like a function and is none."""
    return _LIMITED.sub(" ", _COMPARED.sub(" ", _MEANING.sub(" ", text)))


def function(text: str) -> tuple[Function | None, bool]:
    """The way to bring values together, and whether an extreme is asked for."""
    text = _asking(text)
    found = next((function for function, pattern in _FUNCTIONS if _search(pattern, text)), None)
    high, low = bool(_search(_HIGH, text)), bool(_search(_LOW, text))
    if found is not None:
        return found, found != "mode" and (high or low)
    if _search(r"(?:max|maximum|min|minimum)", text):
        return ("max" if _search(r"max|maximum", text) else "min"), False
    if high or low:
        return ("max" if high else "min"), True
    if _search(r"how many|number of|count|counts|counted|how often|occurrences", text):
        return "count", False
    return None, False


def functions(text: str) -> tuple[Function, ...]:
    """All that are named, in their order."""
    text = _asking(text)
    named = (*_FUNCTIONS, ("max", "max|maximum"), ("min", "min|minimum"))
    found = {
        function_name: match.start()
        for function_name, pattern in named
        if (match := _search(pattern, text)) is not None
    }
    return tuple(sorted(found, key=lambda function_name: found[function_name]))


def functions_of(text: str) -> list[tuple[Function, str]]:
    """Functions with the placeholders of the columns right behind them."""
    named = (*_FUNCTIONS, ("max", "max|maximum|highest|largest"), ("min", "min|minimum|lowest|smallest"))
    return [
        (function_name, match[1])
        for function_name, pattern in named
        for match in re.finditer(rf"\b(?:{pattern})(?: of)?(?: the)? (COL\d+)", text)
    ]


def superlative(text: str) -> bool:
    """Whether the most or the least of something is asked for."""
    return bool(_search(f"{_HIGH}|{_LOW}", _COMPARED.sub(" ", text)))


def lowest(text: str) -> bool:
    """Whether the extreme is the small one."""
    return bool(_search(_LOW, text)) and not _search(
        r"max|maximum|highest|largest|biggest|greatest|latest|newest", text
    )


_ADVERBS: dict[Period, str] = {
    "year": "yearly|annually|annual|year (?:over|to|on|by) year|yoy", "quarter": "quarterly",
    "month": "monthly|month (?:over|to|on|by) month", "week": "weekly|week (?:over|to|on|by) week",
    "day": "daily|day (?:to|by) day", "hour": "hourly", "weekday": "by weekday",
}  # fmt: skip


def period(text: str) -> Period | None:
    """Groups by time that the words ask for."""
    for period_name, pattern in _PERIODS:
        if _search(f"{_BEFORE_PERIOD} (?:{pattern})", text) or _search(_ADVERBS[period_name], text):
            return period_name
    return "month" if re.search(r"\bover time\b|\btrends?\b|\bthrough time\b|\btime series\b", text) else None


def descending(text: str) -> bool | None:
    """The direction of an order, where it is said."""
    if _search(
        r"desc|descending|decreasing|(?:largest|highest|biggest|newest|most|latest|greatest|longest|heaviest|tallest|priciest|best)(?: \w+)? first|high to low|reverse|reversed|backwards",
        text,
    ):
        return True
    if _search(
        r"asc|ascending|increasing|(?:smallest|lowest|oldest|least|earliest|cheapest|shortest|lightest|youngest|worst)(?: \w+)? first|low to high|alphabetical(?:ly)?|chronological(?:ly)?",
        text,
    ):
        return False
    return None


_AMOUNT = rf"(NUM\d+|{'|'.join(list(NUMBERS)[1:])})"
_LIMIT = re.compile(
    rf"\b(?:top|first|last|bottom|head|tail|largest|smallest|highest|lowest|best|worst|biggest|latest|newest|oldest|"
    rf"show|sample|random|preview|only|least|most)(?: the)? {_AMOUNT}\b(?! COL\d+ ?[<>=])"
)
_LIMIT_BEFORE = re.compile(
    rf"\b{_AMOUNT} (?:\w+ )?(?:largest|smallest|highest|lowest|best|worst|biggest|random|rows|latest|newest|oldest|cheapest|"
    r"most expensive|most|top|examples|records|samples)\b"
)


def limit(text: str) -> str | None:
    """The placeholder or word that says how many."""
    match = _LIMIT.search(text) or _LIMIT_BEFORE.search(text)
    return match[1] if match else None


AMOUNT = re.compile(r"\bhow (?:much|many)\b")
SHARE = re.compile(r"\b(?:shares?|proportions?|percentages?|percent|fractions?)\b")
CODE = re.compile(
    r"\b(?:code|snippet|how (?:do|can|would|could|to|should)(?: i| we| you)?|write|generate|give me (?:the |a |some )?(?:code|command)|"
    r"syntax|command for|one liner|in python|in pandas|in polars)\b"
)
PRONOUN = re.compile(
    r"\b(?:it|its|that|this|them|they|their|those|these|one|ones|same|there|the (?:table|frame|dataframe|data|dataset|column|list|result|plot|chart))\b"
)
LEANING = re.compile(
    r"^(?:and|also|now|then|but|what about|how about|only|just|same|or|ok(?:ay)?|instead|again|plus|with|without|as|by|per|for|"
    r"sort|order|in|make it|do (?:it|that|the same)|can you|please|yes|no|so|excluding|except|which one|which ones|which|who|the)\b"
)


def _words(*patterns: tuple[tuple[str, str], ...]) -> str:
    return "|".join(pattern for pairs in patterns for _, pattern in pairs)


#: The words by which slots are filled, as patterns written one after the other.
AGGREGATING = f"{_words(_FUNCTIONS)}|how|many|much|often|number|counts?|counted|occurrences|more|less|fewer"
ORDERING = (
    f"{_HIGH}|{_LOW}|sorted|ordered|ranked|arranged|ascending|descending|asc|desc|first|last|head|tail|sort|order|rank"
)
TIMING = f"{_words(_PERIODS)}|over|time|trends?|through|series|each|every|resample"
