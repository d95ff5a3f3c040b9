"""Arrays and series: what they are, what is computed of them, along an axis or in one place, and linear algebra."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.core.text import format_bytes
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import many, name, python
from jupyter_agent.models.offline.namespace import in_code, whole
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery, shown_run
from jupyter_agent.models.offline.query import Ask
from jupyter_agent.models.offline.spans import Lexicon, Meaning, Spans, is_named, spans
from jupyter_agent.models.offline.words import forms, parts

_KINDS = frozenset({"array", "series", "index"})
#: Hours are counted from 0, as places are; days and months are not.
_FROM_ZERO = 24
_TIMES = frozenset(words("hourly daily weekly monthly yearly per hour day week month year by"))
#: What each function is in code: of an array `{0}` along `{axis}`, where it has missing values, where it is a Series.
_NUMPY = "__import__('numpy')"
_REDUCED = {
    "mean": "mean", "sum": "sum", "median": "median", "std": "std", "var": "var", "max": "max", "min": "min", "argmax": "argmax", "argmin": "argmin",
}  # fmt: skip
_LEXICON = Lexicon(
    function={
        "mean": "mean, average, avg, means, averages",
        "sum": "sum, total, sums, totals, add up",
        "median": "median, medians",
        "std": "std, standard deviation, stdev, deviation",
        "var": "variance, var",
        "max": "max, maximum, highest, largest, biggest, greatest, maxima, peak, most, top",
        "min": "min, minimum, lowest, smallest, minima, least, bottom",
        "argmax": "argmax",
        "argmin": "argmin", "place": "index, position, where",
        "missing": "missing, nan, nans, nan values, missing values, missing value, missing data, null, null values, nulls, none, nones, gaps, gap, na, nas, n/a, nan count, masked, masked values",
        "present": "not missing, non missing, valid, not nan, non nan, unmasked, not masked, valid values",
        "shape": "shape, dimensions, dims, size and shape",
        "ndim": "how many dimensions, number of dimensions, ndim, number of axes",
        "dtype": "dtype, type, data type, type of the values, element type",
        "length": "length, len, how long, how many values, number of values, how many elements, number of elements, how many entries, how big, how large, size, how many, number of, count",
        "memory": "memory, how much memory, bytes, how many bytes, memory usage, nbytes",
        "unique": "unique, distinct, different, unique values, distinct values",
        "counts": "counts, value counts, how often each, how often does each, how often is each, how often do the, how often does every, how many times does each, how many times is each, how many times each, counts of each, frequency of each, frequencies of each, count of each, number of each, frequency, frequencies, class balance, balance, distribution of the classes, how many of each",
        "mode": "most common, most frequent, commonest, mode",
        "sorted": "sort, sorted, order, ordered, ascending",
        "sorted down": "sort descending, sorted descending, descending",
        "argsort": "argsort", "cumsum": "cumsum, cumulative sum, running total, running sum", "diff": "diff, differences, consecutive differences",
        "range": "range, spread", "percentile": "percentile, quantile",
        "rank": "rank, matrix rank", "det": "determinant, det", "inv": "inverse, invert, inverted", "trace": "trace, sum of the diagonal", "diagonal": "diagonal, diag",
        "transpose": "transpose, transposed", "eigenvalues": "eigenvalues, eigen values, eigenvalue", "norm": "norm, euclidean norm, l2 norm, length of the vector",
        "solve": "solve, solution, solution of", "product": "times, multiplied by, dot, dot product, matrix product, product of, @",
        "symmetric": "symmetric", "invertible": "invertible, singular", "condition": "condition number",
        "fill": "replace the nans, replace nans, replace missing, fill nans, fill the nans, fill missing, fill the missing values, fill gaps, impute, replace the missing values, replace nan",
        "longest": "longest", "shortest": "shortest",
        "flat": "flatten, flattened", "normalised": "normalise, normalize, normalised, normalized, scale, standardise, standardize",
    },
    axis={
        1: "per row, by row, each row, of each row, every row, row, of the rows, rows, row wise, for each row, along rows, across columns",
        0: "per column, by column, each column, of each column, every column, column, columns, of the columns, column wise, for each column",
    },
    position={0: "first, 1st", 1: "second, 2nd", 2: "third, 3rd", 3: "fourth, 4th", 4: "fifth, 5th", -1: "last, final"},
    # What is computed of values with gaps leaves them out, asked to or not.
    present={True: ", ".join(f"{how} {what}" for how in ("ignoring", "ignore", "excluding", "skipping", "without", "leaving out", "not counting", "disregarding", "omitting") for what in ("nan", "nans", "nan values", "the nans", "the nan", "missing", "missing values", "the missing values", "the missing ones", "nulls", "the nulls", "null values", "gaps", "the gaps", "na", "nas"))},
    blank={True: "empty, blank, blanks"},
    case={"lower": "lower case, lowercase, lower", "upper": "upper case, uppercase, upper", "title": "title case"},
    share={True: "percent, percentage, share, fraction, proportion, percent of, percentage of"},
    compare={
        ">": "greater than, more than, over, above, larger than, higher than, bigger than, exceed, exceeding", "<": "less than, under, below, smaller than, lower than", ">=": "at least", "<=": "at most",
        "==": "equal to, equals, equal",
    },
    # What the items of a dimension of this length are, and what all of them make.
    unit={24: "hour, hours", 7: "day, days, weekday, weekdays", 12: "month, months"},
    each_unit={length: ", ".join(f"{each} {unit}" for each in ("each", "every", "per", "by", "for each", "for every", "of each")) for length, unit in ((24, "hour"), (7, "day"), (12, "month"))},
    whole={24: "over the day, of the day, over the whole day, during the day, over a day", 7: "over the week, of the week, over the whole week, during the week", 12: "over the year, of the year, over the whole year, during the year"},
    sign={"< 0": "negative, negatives, below zero, less than zero", "> 0": "positive, positives, above zero, greater than zero", "== 0": "zero, zeros, zeroes"},
    noun={True: "values, value, elements, element, entries, numbers, number, items, array, matrix, vector, image, frames, pixels, pixel, classes, class, labels, data, series, x"},
    verb={True: "any, contain, contains, and, also, about, what about, how about, then, again, take, takes, use, uses, does, occur, occurs, appear, appears, come, comes up, come up, turn up, there, exist, exists"},
)  # fmt: skip
_NOUNS = {
    "inv": "inverse", "det": "determinant", "length": "number of values", "missing": "number of missing values", "present": "number of values that are not missing", "ndim": "number of dimensions",
    "argmax": "index of the maximum", "argmin": "index of the minimum", **{f"str.len().{function}()": f"{function} length of the texts" for function in ("mean", "median", "max", "min")},
}  # fmt: skip
_LINEAR = {
    "rank": "linalg.matrix_rank({0})", "det": "linalg.det({0})", "inv": "linalg.inv({0})", "trace": "trace({0})", "diagonal": "diagonal({0})",
    "eigenvalues": "linalg.eigvals({0})", "norm": "linalg.norm({0})", "condition": "linalg.cond({0})",
}  # fmt: skip
_OWN = {
    "sorted": "{np}.sort({0})", "sorted down": "{np}.sort({0})[::-1]", "argsort": "{np}.argsort({0})", "cumsum": "{0}.cumsum()", "diff": "{np}.diff({0})",
    "unique": "{np}.unique({0})", "counts": "dict(zip(*(each.tolist() for each in {np}.unique({0}, return_counts=True))))", "transpose": "{0}.T", "flat": "{0}.ravel()",
    "symmetric": "bool(({0} == {0}.T).all())", "invertible": "bool({np}.linalg.matrix_rank({0}) == len({0}))", "range": "{0}.max() - {0}.min()",
    "normalised": "({0} - {0}.mean()) / {0}.std()",
}  # fmt: skip
_OF_SERIES = {
    "argmax": "idxmax", "argmin": "idxmin",
    "sorted": "{0}.sort_values()", "sorted down": "{0}.sort_values(ascending=False)", "cumsum": "{0}.cumsum()", "diff": "{0}.diff()", "unique": "{0}.unique()",
    "counts": "{0}.value_counts()", "mode": "{0}.mode()", "longest": "{0}.loc[{0}.str.len().idxmax()]", "shortest": "{0}.loc[{0}.str.len().idxmin()]", "range": "{0}.max() - {0}.min()",
}  # fmt: skip

_OF_POLARS = {
    "argmax": "arg_max", "argmin": "arg_min", "sorted": "{0}.sort()", "sorted down": "{0}.sort(descending=True)", "cumsum": "{0}.cum_sum()",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArrayQuery(ObjectQuery):
    """A function of an array.

    Attributes:
        array: It.
        function: What is computed; empty for the array itself.
        axis: 1 for each row, 0 for each column.
        place: An index in code, ``[1, 2]``.
        condition: Which values count, in code, ``> 3``.
        is_share: Whether the share of those is asked for.
        other: The second operand.
        fills: What missing values are replaced with.
        alias: How numpy is imported; empty where it is not.
        limit: How many values with the most or the least are shown.
    """

    array: Variable
    function: str = ""
    axis: int | None = None
    place: str = ""
    condition: str = ""
    is_share: bool = False
    other: Variable | None = None
    fills: str = ""
    alias: str = ""
    limit: int | None = None

    @property
    def code(self) -> str:
        """The array, or what is in its place."""
        return in_code(self.array.name) + self.place

    @property
    def is_masked(self) -> bool:
        """Whether it has values that do not count."""
        return self.array.type.endswith("MaskedArray")

    @property
    def is_polars(self) -> bool:
        """Whether it is a series of polars."""
        return self.array.type.startswith("polars")

    def answer(self, facts: Facts) -> Sequence[str]:
        """From what inspection found where that is all, else computed."""
        full = facts.inspected(self.array.name) or self.array
        shape = full.facts.get("shape")
        known: dict[str, str] = {}
        if isinstance(shape, list) and not self.place:
            known = {
                "shape": f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})",
                "ndim": str(len(shape)),
                "dtype": str(full.facts.get("dtype", "")),
            }
        count = whole(full.facts.get("length"))
        if self.array.kind != "array" and not self.place:
            known = {"dtype": str(full.facts.get("dtype", "")), "shape": f"({count},)"}
        if known.get(self.function):
            counted = math.prod(length for length in shape if isinstance(length, int)) if isinstance(shape, list) else 0
            of_type = f": {many(counted, 'value')} of {name(full.facts.get('dtype', ''))}"
            values = of_type if self.function == "shape" and counted else ""
            fact = f"{self._title()} is **{name(known[self.function])}**{values}."
            return [fact, python(f"{self.code}.{self.function}")]
        missing = whole(full.facts.get("missing")) or 0
        code = self._expression(missing)
        if code is None:
            raise Ask(f"I cannot compute the {self.function} of {name(self.code)}, which is {name(full.summary)}.")
        if self.function == "memory":
            return shown_run(
                facts,
                code,
                "",
                lambda text: f"{name(self.code)} takes **{text.strip()}** bytes ({format_bytes(float(text))}).",
            )
        left_out = ""
        if missing and self.function in _REDUCED and not self.place:
            gaps = f"{many(missing, 'value')} of {name(self.array.name)} {'is' if missing == 1 else 'are'}"
            left_out = f" of the values that are not missing ({gaps})"
        return shown_run(facts, code, f"{self._title()}{left_out}")

    def _title(self) -> str:
        if self.function == "fill":
            return f"{name(self.code)} with the {self.fills} where values are missing"
        each = {1: " of each row", 0: " of each column"}.get(self.axis if self.axis is not None else -1, "")
        of = name(self.code)
        if self.other is not None and self.function == "solve":
            return f"Solution x of {name(self.array.name)} x = {name(self.other.name)}"
        if self.other is not None:
            return f"{of} times {name(self.other.name)}"
        if self.limit is not None:
            return f"The {self.limit} {'highest' if self.function == 'max' else 'lowest'} values of {of}"
        if self.condition:
            gap = "" if self.condition[0] == "." else " "
            what = "number of" if self.function == "length" else f"{self.function} of" if self.function else ""
            what = "share of" if self.is_share else what
            return (
                f"The {f'{what} the ' if what else ''}values of {of} where {name(f'{self.code}{gap}{self.condition}')}"
            )
        return f"The {_NOUNS.get(self.function, self.function)}{each} of {of}" if self.function else of

    def _expression(self, missing: int) -> str | None:
        code, function, np = self.code, self.function, self.alias or _NUMPY
        is_series = self.array.kind != "array"
        if self.other is not None:
            other = in_code(self.other.name)
            return f"{np}.linalg.solve({code}, {other})" if function == "solve" else f"{code} @ {other}"
        if self.condition:
            return self._counted(np)
        if self.limit is not None:
            turned = "[::-1]" if function == "max" else ""
            return f"{np}.sort({code}){turned}[:{self.limit}]"
        if not function or function.startswith("str."):
            return f"{code}.{function}" if function else code
        axis = f"axis={self.axis}" if self.axis is not None else ""
        if function in ("missing", "present"):
            series_test = f"{code}.is_null()" if self.is_polars else f"{code}.isna()"
            test = f"{code}.mask" if self.is_masked else series_test if is_series else f"{np}.isnan({code})"
            test = test if function == "missing" else f"(~{test})"
            return f"{test}.mean()" if self.is_share else f"{test}.sum({axis})"
        if self.is_share:
            return None
        if function == "fill":
            if is_series:
                return f"{code}.fillna({code}.{self.fills}())"
            return f"{np}.where({np}.isnan({code}), {np}.nan{self.fills}({code}), {code})"
        if function in _REDUCED and is_series:
            own = _OF_POLARS if self.is_polars else _OF_SERIES
            return f"{code}.{own.get(function, function)}({axis})"
        if function in _REDUCED:
            along = f"({code}, {axis})" if axis else f"({code})"
            if function == "median":
                return f"{np}.{'ma.' if self.is_masked else 'nan' if missing else ''}median{along}"
            if missing and not self.is_masked:
                return f"{np}.nan{function}{along}"
            if "arg" in function and not axis and len(self._dimensions) > 1 and not self.place:
                return f"tuple(int(place) for place in {np}.unravel_index({code}.{function}(), {code}.shape))"
            return f"{code}.{function}({axis})"
        if axis and function not in ("sorted", "length"):
            return None
        if function == "memory":
            return f"{code}.memory_usage()" if is_series else f"{code}.nbytes"
        if function == "length":
            return f"{code}.size" if self.axis is None else f"{code}.shape[{1 - self.axis}]"
        if function in ("shape", "dtype", "ndim"):
            return f"{code}.{function}"
        if is_series:
            own = {**_OF_SERIES, **_OF_POLARS} if self.is_polars else _OF_SERIES
            return own[function].format(code) if function in own else None
        if function == "mode":
            return f"max(set({code}.tolist()), key={code}.tolist().count)"
        if function in _LINEAR:
            return f"{np}.{_LINEAR[function].format(code)}"
        if self.is_masked and function in ("sorted", "unique", "sorted down"):
            code = f"{code}.compressed()"
        return _OWN[function].format(code, np=np) if function in _OWN else None

    @property
    def _dimensions(self) -> Sequence[object]:
        shape = self.array.facts.get("shape")
        return shape if isinstance(shape, list) else [0]

    def _counted(self, np: str) -> str | None:
        if self.condition.startswith("."):
            test = f"{self.code}{self.condition}"
            return f"{test}.sum()" if self.function else f"{self.code}[{test}]"
        chosen = f"({self.code} {self.condition})"
        if self.axis is not None:
            return f"{chosen}.sum(axis={self.axis})" if self.function in ("", "length") else None
        if self.is_share:
            return f"{chosen}.mean()"
        if self.function in ("length", ""):
            return f"{chosen}.sum()" if self.function else f"{self.code}[{self.code} {self.condition}]"
        is_number = self.function in _REDUCED and "arg" not in self.function
        return f"{self.code}[{self.code} {self.condition}].{self.function}()" if is_number else None


def read(question: str, context: ObjectContext) -> ArrayQuery | None:
    """What is asked of an array; None if nothing is, or not every word plays a part."""
    arrays = {variable.name: variable for variable in context.namespace.variables.values() if variable.kind in _KINDS}
    if not arrays:
        return None
    frames = context.namespace.frames

    def meaning(text: str) -> Meaning | None:
        if text in arrays:
            return "array", arrays[text]
        place = re.fullmatch(r"([^\W\d]\w*)(\[[-\d\s,:]+\])", text)
        if place is not None and place[1] in arrays:
            return "placed", (arrays[place[1]], place[2].replace(" ", "").replace(",", ", "))
        alike = [variable for variable in arrays.values() if len(text) > 2 and is_named(variable.name, text)]
        if not alike and not context.only_named:  # ``the load`` is `hourly_load`, if nothing else is
            called = [*context.namespace.variables, *(column.name for table in frames for column in table.columns)]
            called = [other for other in called if forms(text) & parts(other)]
            alike = [arrays[other] for other in called if other in arrays and parts(other) - forms(text) <= _TIMES]
            alike = alike if len(called) == 1 else []
        return ("array", alike[0]) if len(alike) == 1 else None

    previous = context.previous if isinstance(context.previous, ArrayQuery) else None
    found = spans(question, _LEXICON, meaning, arrays.__contains__)
    limits = {"array": 2, "function": 2, "number": 2, "noun": 2, "verb": 3}
    limits |= dict.fromkeys(("placed", "axis", "position", "share", "compare", "operator", "sign", "present"), 1)
    limits |= dict.fromkeys(("unit", "each_unit", "whole"), 1)
    texts = _of_texts(found)
    if texts is not None:
        return texts
    numbers_only = (
        replace(span, slot="function", value="missing") if span.slot == "blank" else span for span in found.spans
    )
    found = replace(found, spans=tuple(numbers_only))
    if not found.has_only(**limits):
        return None
    query = _query(found, context, previous)
    return query if query is None or _is_complete(query) else None


def _of_texts(found: Spans) -> ArrayQuery | None:
    """What is asked of a series of texts: those that are empty, all in one case, how long they are."""
    arrays: list[Variable] = found.all("array")
    functions: list[str] = found.all("function")
    if len(arrays) != 1 or arrays[0].kind != "series" or found.unknown:
        return None
    if arrays[0].facts.get("dtype") not in ("object", "str", "string", "string[python]", "category"):
        return None
    kinds = found.slots - {"array", "noun", "verb", "function"}
    if kinds == {"blank"} and functions in ([], ["length"]):
        return ArrayQuery(arrays[0], "".join(functions), condition=".str.strip().eq('')")
    if kinds == {"case"} and not functions:
        return ArrayQuery(arrays[0], f"str.{found.one('case')}()")
    function = next((function for function in functions if function in ("mean", "median", "max", "min")), "")
    if not kinds and set(functions) == {function, "length"}:
        return ArrayQuery(arrays[0], f"str.len().{function}()")
    return ArrayQuery(arrays[0], functions[0]) if not kinds and functions in (["longest"], ["shortest"]) else None


def _query(found: Spans, context: ObjectContext, previous: ArrayQuery | None) -> ArrayQuery | None:
    named: list[Variable] = found.all("array")
    place = ""
    for array, index in found.all("placed"):
        named, place = [array, *named], index
    functions = list(dict.fromkeys(found.all("function")))
    if not named and (previous is None or not found.slots & {"function", "axis"}):
        return None
    leans = previous is not None and (
        not named or (not functions and not found.slots & {"axis", "position", "compare", "sign"} and not place)
    )
    axis, position = found.one("axis"), found.one("position")
    if leans and previous is not None:
        base = replace(previous, array=named[0] if named else previous.array)
        if axis is not None and previous.axis is None and not functions:
            return None
        function = functions[0] if len(functions) == 1 else base.function
        return replace(base, function=function, axis=base.axis if axis is None else axis)
    is_hour = False
    units = {slot: found.one(slot) for slot in ("unit", "each_unit", "whole") if slot in found.slots}
    if units:
        lengths = named[0].facts.get("shape") or []
        if place or len(units) > 1 or not isinstance(lengths, list):
            return None
        if "each_unit" in units:
            if len(lengths) != 2 or lengths.count(units["each_unit"]) != 1 or axis is not None:
                return None
            axis = 1 - lengths.index(units["each_unit"])
        elif lengths != [next(iter(units.values()))]:
            return None
        elif "unit" in units and "place" not in functions and found.slots & {"compare", "sign"}:
            functions = functions or ["length"]
        elif "unit" in units and set(functions) & {"max", "min"} and units["unit"] == _FROM_ZERO:
            functions, is_hour = ["place", *functions], True
        elif "unit" in units and functions != ["length"]:
            return None
    alias = context.namespace.alias("numpy") or ""
    query = ArrayQuery(named[0], place=place, alias=alias, is_share=bool(found.one("share")))
    if "fill" in functions and len(functions) == 2 and functions[-1] in ("mean", "median", "max", "min"):
        return replace(query, function="fill", fills=functions[-1])
    slots = "".join(f"{span.value if span.slot == 'function' else span.slot} " for span in found.spans)
    is_place = "place max" in slots or "place min" in slots or is_hour
    functions = _united(functions, is_place=is_place)
    if "present" in found.slots:
        functions = ["present"] if functions == ["length"] else functions
        if place or len(functions) != 1 or functions[0] not in {*_REDUCED, "present"}:
            return None
    operands = {"solve", "product"} & set(functions)
    if len(functions) > 1 or (len(named) > 1) != bool(operands):
        return None
    function = functions[0] if functions else ""
    if operands:
        is_only = found.slots <= {"array", "function", "operator", "noun", "verb"}
        return replace(query, function=function, other=named[1]) if is_only else None
    return _placed(replace(query, function=function, axis=axis), found, position)


def _united(functions: list[str], *, is_place: bool) -> list[str]:
    if len(functions) == 2 and "length" in functions:
        functions = [function for function in functions if function != "length"]
        return ["unique count"] if functions == ["unique"] else functions
    if is_place and len(functions) == 2:
        return [f"arg{functions[1]}"]  # ``position of the largest``
    return ["sorted down"] if set(functions) == {"sorted", "sorted down"} else functions


def _placed(query: ArrayQuery, found: Spans, position: int | None) -> ArrayQuery | None:
    """With the place and the condition that are named."""
    numbers: list[float | int] = found.all("number")
    comparing = found.one("compare") or {"=": "=="}.get(found.one("operator") or "", found.one("operator"))
    sign: str | None = found.one("sign")
    if sign is not None:
        return replace(query, condition=sign) if not numbers and comparing is None and position is None else None
    if comparing is not None:
        return replace(query, condition=f"{comparing} {numbers[0]}") if len(numbers) == 1 and position is None else None
    if position is None and not numbers:
        return query if query.function != "percentile" else None
    if query.function == "percentile" and len(numbers) == 1 and position is None:
        return None
    dimensions = len(query._dimensions)
    whole_numbers = [number for number in numbers if isinstance(number, int) and number >= 0]
    slots = " ".join(span.slot for span in found.spans)
    if query.function in ("max", "min") and dimensions == 1 and "function number" in slots and position is None:
        is_clear = len(numbers) == 1 and whole_numbers != [0] and not query.array.facts.get("missing")
        return replace(query, limit=whole_numbers[0]) if is_clear and whole_numbers else None  # ``lowest 2``
    most = 1 if position is not None or query.axis is not None else 0
    if query.place or whole_numbers != numbers or len(numbers) > most:
        return None
    axis = query.axis
    if position is not None and whole_numbers:
        if axis is not None or dimensions != 1 or position not in (0, -1):
            return None
        return replace(query, place=f"[-{whole_numbers[0]}:]" if position == -1 else f"[:{whole_numbers[0]}]")
    index = position if position is not None else whole_numbers[0]
    if axis is None:
        is_of_one = dimensions == 1 and query.function in _REDUCED
        return None if is_of_one or _is_ranked(found) else replace(query, place=f"[{index}]")
    if dimensions != 2:
        return None
    return replace(query, axis=None, place=f"[{index}]" if axis == 1 else f"[:, {index}]")


def _is_ranked(found: Spans) -> bool:
    """``second largest``: the place is one in the order of the values, not one in the array."""
    slots = "".join(span.slot[:3] + " " for span in found.spans)
    return "pos fun " in slots


def _is_complete(query: ArrayQuery) -> bool:
    """Whether what was found is a question, rather than a name among words."""
    if query.function in ("unique count", "place"):
        return False
    if query.axis is not None and len(query._dimensions) < 2:
        return False
    if query.is_share and not (query.condition or query.function in ("missing", "present")):
        return False
    says = query.function or query.place or query.condition
    return bool(says)
