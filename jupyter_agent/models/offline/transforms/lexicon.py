"""The words of changes to tables, each with its part of speech; they come before those of questions.

Letters: e verb, b kind of text, i type, f what fills a gap, j duplicates, O outliers, 8 column, 7 index, 9 arithmetic, 5 in place, 6 front or back,
m becomes, q digits. All others are as in `combinators`.
"""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_agent.models.offline.grammar.lexicon import LEXICON as QUESTIONS
from jupyter_agent.models.offline.grammar.lexicon import Entry, before, entries_of

#: Periods of which one is compared with the one before.
_UNITS = ("year", "quarter", "month", "week", "day")
_PHRASES: Mapping[str, Mapping[str, str]] = {
    "e": {
        "drop": "drop|remove|delete|get rid of|take away|throw away|clear out|toss out|eliminate|exclude|throw away|throw out|kick out|leave out|filter out|discard|weed out|take out|erase|do not need|cut",
        "dropna": "dropna|drop na|drop nas|drop_na|drop nulls",
        "keep": "keep|keep only|only keep|just keep|retain|restrict to|reduce to",
        "select": "select|select only|extract|subset|only columns|only the columns",
        "fill": "fill|fill in|fillna|fill na|fill nan|fill nans|impute|fill up|fill out",
        "change": "change|turn|convert|cast|make|transform|map|recode|parse|treat|read|interpret|encode|set|put|update|switch|astype|replace|substitute|swap|overwrite|to_datetime|unify",
        "rename": "rename|relabel",
        "dedupe": "dedupe|dedup|deduplicate|drop_duplicates|uniquify",
        "add": "add|create|insert|derive|new|add new|create new|make new|make a new|compute|calculate|divide|multiply|subtract",
        "clip": "clip|cap|limit|winsorize|winsorise",
        "round": "round|round off",
        "scale": "scale|normalise|normalize|standardise|standardize|rescale|min max scale|z score|zscore",
        "move": "move|bring|reorder|shift",
        "sort": "sort|order|arrange",
        "split": "split|split up",
        "tidy": "tidy|tidy up|clean|clean up|cleanup|neaten|sanitise|sanitize|beautify|prettify|fix",
        "reset": "reset|flatten|reset_index",
    },
    "b": {
        "lower": "lowercase|lower case|lower|in lower case|lowercased|small letters|lower-case",
        "upper": "uppercase|upper case|upper|capitals|caps|all caps|capital letters|upper-case",
        "title": "titlecase|title case|capitalise|capitalize|capitalised|capitalized|proper case|capitalise each word",
        "strip": "strip|trim|strip whitespace|strip spaces|trim whitespace|trim spaces|remove whitespace|remove spaces|remove extra spaces|strip white space|trailing spaces|trailing whitespace|leading spaces|extra spaces|whitespace|white space|spaces",
        "snake": "neat|without spaces|snake case|snake_case|snakecase",
        "unify": "consistent|the same spelling|uniform",
    },
    "i": {
        "int": "int|ints|integer|integers|whole numbers|int64|0 / 1|0 and 1|0 or 1", "float": "float|floats|float64|double|doubles", "number": "number|numbers|numeric|numerical|numeric values|numeric type",
        "text": "text|texts|string|strings|str", "category": "category|categorical|categoricals|categories|category type", "bool": "bool|boolean|booleans", "time": "date|dates|datetime|datetimes|timestamp|timestamps|date time|real dates|proper dates|datetime64",
        "hours": "hours", "minutes": "minutes", "fraction": "fraction|fractions", "fahrenheit": "fahrenheit", "celsius": "celsius", "pandas": "pandas|pandas dataframe|pandas df|pandas data frame", "polars": "polars|polars dataframe|polars df|polars data frame",
    },
    "f": {
        "ffill": "ffill|forward fill|forward-fill|fill forward|previous value|last value|value before|previous values|carry forward|last known value", "bfill": "bfill|backfill|back fill|backward fill|next value|fill backward",
        "interpolate": "interpolate|interpolated|interpolation|linear interpolation", "mode": "mode|most frequent value|most common value|most frequent|most common", "mean": "mean|average|avg|mean value|the mean", "median": "median",
        "min": "min|minimum", "max": "max|maximum",
    },
    "j": {"": "duplicate|duplicates|dupes|dups|duplicate rows|duplicated rows|duplicated|repeated rows|double entries|doubles|duplicate entries|repeats|repeated|repeating|double|occur twice|occurs twice|appear twice|appears twice|occur more than once|appear more than once|are there twice|with the same name|of the same name|with same name|share a name|have the same name"},
    "1": {
        "cumulative": "cumulative|cumulative sum|running total|running sum|cumsum|cum sum", "moving": "moving|rolling|moving average|rolling average|rolling mean|moving mean", "change": "percent change|percentage change|pct change|pct_change|growth|growth rate|relative change",
        "difference": "change|changed|changes|difference to the previous|difference from the previous|difference to previous|difference from previous|diff|change from the previous|change to the previous|day over day difference", "shift": "shifted|lag|lagged|previous value of", "rank": "rank of|ranks of",
    },
    "O": {"": "outlier|outliers|extreme values"},
    "8": {"": "column|columns|col|cols|field|fields|feature|features", "names": "column names|column name|columns names|header|headers|col names|names of the columns|names of columns"},
    "7": {"": "index|row index|row labels"},
    "9": {"*": "*|times|multiplied by|multiplied with", "/": "/|divided by|per|over|ratio of", "+": "+|plus", "-": "-|minus|less"},
    "5": {"": "in place|inplace|permanently|for good"},
    "6": {"front": "front|beginning|start|very front|left|first", "back": "end|back|very end|right|last"},
    "m": {"": "should be|must be|becomes|become|shall be|needs to be|should become|ought to be"},
    "0": {"constant": "constant|of one value|only one value", "all": "without any values|without any value|without values|without a value|without data|without any data|everything is missing|everything is empty|everything is null|all values are missing|all is missing|all values are null|every value is missing|no values|no value|no value at all|no values at all|no data|no data at all|no entries|nothing|nothing in it|nothing in them|nothing at all|only missing values|only missing|only nulls|only nan|only nans|all null|all empty|entirely missing|always missing|always empty|fully missing|not one value|not a single value|completely empty|entirely empty|all missing|fully empty|all nan|completely missing|empty", "": "n/a|missing|null|nulls|nan|nans|na|blank|unknown|gaps|missing values|null values|nan values|missing data|not known|none|nothing|incomplete|blanks|missing value|holes"},
    "q": {"": "decimals|decimal places|digits|decimal|digit|places|decimal place"},
    "R": {"": "rows|row|records|record|entries|entry|observations|lines|line|cases|ones"},
    "I": {"": "w"},
    "!": {"": "w/o|lacking"},
    ".": {"": "those|rid|out|back|so|really|gaps with|use|using|up|down|type|dtype|data type|format|called|named|flag as|letters|both|original|comes|contains|with all|from scratch|names|name"},
}  # fmt: skip


def _entries() -> Mapping[str, list[Entry]]:
    steps = "{0} over {0}|{0} to {0}|from {0} to {0}|{0} by {0}|{0} on {0}|from one {0} to the next"
    own = entries_of({"p": {unit: steps.format(unit) for unit in _UNITS}, **_PHRASES})
    verbs = {phrase for phrase, entries in own.items() if entries[0][0] in "ebm"}  # they have one part here
    others = {phrase: entries for phrase, entries in QUESTIONS.items() if phrase not in verbs}
    return before(own, others)


#: Every word and phrase with its parts of speech, the likeliest first.
LEXICON: Mapping[str, list[Entry]] = _entries()
