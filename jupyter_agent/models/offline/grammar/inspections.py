"""What inspection knows of single columns: gaps, types, values, spellings; and rows that are complete or repeated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from jupyter_agent.models.offline.computing import not_run
from jupyter_agent.models.offline.dialects.choice import dialect
from jupyter_agent.models.offline.dialects.dialect import tuple_of
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.grammar.assembly import is_naming
from jupyter_agent.models.offline.grammar.lexicon import LEXICON as QUESTIONS
from jupyter_agent.models.offline.grammar.lexicon import before, entries_of
from jupyter_agent.models.offline.grammar.sources import likeliest, named_tables
from jupyter_agent.models.offline.grammar.spans import Vocabulary, columns_of, data_of, kinds_of, readings
from jupyter_agent.models.offline.grammar.tables import is_list
from jupyter_agent.models.offline.markdown import figure, many, name, names, python, share
from jupyter_agent.models.offline.markdown import table as markdown_table
from jupyter_agent.models.offline.namespace import Column, Namespace, Table, moment, names_of, real, whole
from jupyter_agent.models.offline.query import MOST_ANSWERED, Ask, Function
from jupyter_agent.models.offline.results import members, result
from jupyter_agent.models.offline.words import key

What = Literal["missing", "complete", "duplicates", "type", "unique", "spelling", "normal", "skewed", "about"]
_PHRASES: Mapping[What, str] = {
    "missing": "missing|missing values|missing data|missing value|missing vals|null|nulls|null values|nan|nans|nan values|na|nas|n/a|empty|empty values|empty cells|gaps|blanks|blank|incomplete|holes",
    "complete": "complete|fully filled|without missing values|without gaps|no missing values",
    "duplicates": "duplicate|duplicates|duplicate rows|duplicated|duplicated rows|repeated|repeated rows|dupes|double entries|repeats|repeat|duplicate entries|appear twice|occur twice|listed twice|twice|more than once|duplicity|appear more than once|occur more than once",
    "type": "type|types|dtype|dtypes|data type|data types|datatype|kind|kind of data|format",
    "unique": "unique|distinct|different|unique values|distinct values|different values|possible values|categories|levels|all values|values",
    "spelling": "spelled differently|spelt differently|different spellings|inconsistent|inconsistent spelling|inconsistent spellings|spelling variants|written differently",
    "normal": "normally distributed|normal distribution|a normal distribution|normality|gaussian|gaussian distribution|test for normality|normality test",
    "skewed": "skewed|skewed distribution|a skewed distribution|symmetric|symmetrically distributed",
    "about": "describe|explain|meaning|about|summary|summarise|summarize|info|details|overview|stats|statistics|inspect|stand for|represent",
}
_OTHERS = {
    "8": "column|columns|col|cols|field|fields",
    "i": "text|string|strings|date|dates|datetime|numeric|number|numbers|integer|int|float|category|categorical|bool|boolean",
    "3": "the distribution of|distribution of|distribution|adhere|adheres|follow|follows|conform|conforms",
    ".": "check|there|any|same|exist|do|tell me more|used|use|uses|usage|take|takes|what's|cell|cells",
}
#: What a column is asked about with, where nothing else is said.
_POINTING = re.compile(
    r"\W*(?:what(?:'s|s| is| are| about)|how about|and|show(?: me)?|display|tell me about)\b", re.IGNORECASE
)
#: ``what does price mean`` does not ask for a mean.
MEANING = re.compile(r"\b(?:what|which)\b.*\b(?:do|does|did) .*\bmean\b|\bmeaning\b", re.IGNORECASE)
_SOMEBODY = re.compile(r"\b(?:any|some)(?:one|body)\b|^\W*who\b", re.IGNORECASE)
#: They ask for what is there; all else needs a part.
_BINDING = frozenset("I=&wHBTR.vx8rUo")
#: ``what cities are there``, ``list all cities``.
_LISTING = re.compile(r"\W*(?:what|which) \w+ (?:are|do|exist)\b|\W*(?:list|show|give me) (?:all|the)\b", re.IGNORECASE)
#: Values from which on a test says anything, and the p below which it says that they differ.
_FEWEST, _SIGNIFICANT = 8, 0.05
_P_VALUE = (
    "(lambda z: 2.718281828459045 ** (-z.count() / 12 * ((z**3).mean() ** 2 + ((z**4).mean() - 3) ** 2 / 4)))"
    "((values - values.mean()) / values.std(ddof=0))"
)
#: The skewness below which nobody would call values skewed.
_SYMMETRIC = 0.5


LEXICON = before(
    entries_of({"1": _PHRASES, **{letter: {"": phrases} for letter, phrases in _OTHERS.items()}}), QUESTIONS
)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is asked of a table, or of some columns of it.

    Attributes:
        what: Which of the things that are known.
        table: Of which table.
        columns: Of which columns; none for the whole.
        is_whether: Whether it is a question of yes or no.
        of_columns: Whether names of columns are meant, not rows.
    """

    what: What
    table: Table
    columns: tuple[Column, ...] = ()
    is_whether: bool = False
    of_columns: bool = False


def inspections(question: str, tables: Sequence[Table], previous: Sequence[Inspection] = ()) -> list[Inspection]:
    """What is asked, of each table that it is asked of; nothing if a word has no part in it.

    Raises:
        Ask: it is not clear of which table.
    """
    if MEANING.search(question):
        question = re.sub(r"\bmean\b", "meaning", question, flags=re.IGNORECASE)
    found = list[tuple[Inspection, Table, int]]()
    for table in named_tables(question, tables):
        for spans in readings(question, Vocabulary(table, lexicon=LEXICON)):
            kinds = kinds_of(spans)
            whats = list(dict.fromkeys(data_of(spans, "1")))
            columns = tuple(dict.fromkeys(columns_of(spans)))
            left = set(kinds) - _BINDING - {"1", "C", "*"}
            if "x" in kinds and not columns and len(previous) == 1 and previous[0].table.name == table.name:
                columns = previous[0].columns  # ``what type is it``
            if not whats and len(columns) == 1 and columns[0].role == "text" and _LISTING.match(question):
                whats = ["unique"]
            surety = sum(span.surety for span in spans)
            if not left and not whats and columns and len(previous) == 1 and len(columns) == kinds.count("C"):
                found.append((replace(previous[0], table=table, columns=columns), table, surety))
                break
            whats = [what for what in whats if what != "about"] or whats
            if whats and {"normal", "skewed"} >= {*whats}:
                left -= {"3", "/"}
            if whats in (["duplicates", "unique"], ["unique", "type"], ["normal", "skewed"]):
                whats = whats[:1]
            is_alone = len(columns) == 1 and not (left | set(kinds) & set("BHRU"))
            if is_alone and not whats and (_POINTING.match(question) or kinds == "C"):
                whats = ["about"]
            is_typed = "i" in kinds and not whats and re.match(r"\W*(?:is|are)\b", question, re.IGNORECASE) is not None
            if is_typed:
                whats, left = ["type"], left - {"i"}
            if len(whats) != 1 or left or any(len(data) != 1 for data in data_of(spans, "C")):
                continue
            if any(not column.facts for column in columns):
                continue  # nothing is known of it but its name
            if whats in (["normal"], ["skewed"]) and (
                "B" in kinds or not columns or any(column.role != "number" for column in columns)
            ):
                continue
            what: What = "missing" if whats == ["complete"] and columns else whats[0]
            if what == "duplicates" and not columns and _SOMEBODY.search(question):
                columns = tuple(column for column in table.columns if is_naming(column))
                if len(columns) != 1:
                    continue  # who it is, no column says
            of_columns = what == "duplicates" and "8" in kinds and not columns and "R" not in kinds
            if what not in ("duplicates", "missing") and (what == "complete") is bool(columns):
                continue
            is_whether = re.match(r"\W*(?:is|are|does|do|has|have)\b", question, re.IGNORECASE) is not None
            inspection = Inspection(what, table, columns, is_whether, of_columns)
            found.append((inspection, table, surety))
            break
    fitting, _ = likeliest(found, previous[0].table.name if previous else "")
    if len(fitting) > MOST_ANSWERED or (len(fitting) > 1 and any(inspection.columns for inspection in fitting)):
        raise Ask.which_table(inspection.table.name for inspection in fitting)
    return fitting


def answered(inspection: Inspection, namespace: Namespace, facts: Facts) -> Sequence[str]:
    """The blocks of the answer."""
    secret = next((column for column in inspection.columns if column.facts.get("withheld")), None)
    if secret is not None and inspection.what in ("unique", "spelling", "about"):
        return [f"{name(secret.name)} looks like a secret, so its values are withheld."]
    match inspection.what:
        case "missing":
            return _gaps(inspection)
        case "duplicates" if inspection.of_columns:
            return _repeated_names(inspection.table)
        case "duplicates" | "complete":
            return _counted(inspection, namespace, facts)
        case "normal" | "skewed":
            return [
                block for column in inspection.columns for block in _distribution(inspection, column, namespace, facts)
            ]
    return [block for column in inspection.columns for block in _column(inspection, column)]


def _column(inspection: Inspection, column: Column) -> Sequence[str]:
    where = f"{name(column.name)} of {name(inspection.table.name)}"
    match inspection.what:
        case "type":
            may_show = column.samples and not column.facts.get("withheld")
            example = f", for example {names(column.samples[:3])}" if may_show else ""
            note = " These look like dates stored as text." if column.date_like else ""
            return [f"{where} is of type **{name(column.dtype)}**{example}.{note}"]
        case "unique":
            return _unique(inspection, column, where)
        case "spelling":
            return _spellings(column, where)
    details = [f"type {name(column.dtype)}"]
    missing, unique = whole(column.facts.get("missing")), whole(column.facts.get("unique"))
    details += [many(missing, "missing value")] if missing is not None else []
    details += [many(unique, "unique value")] if unique is not None else []
    rows = [
        [statistic, figure(value) if real(value) is not None else name(moment(str(value)))]
        for statistic in ("min", "max", "mean", "median", "std", "sum")
        if (value := column.facts.get(statistic)) is not None
    ]
    sentence = f"{name(column.name)} is a column of {name(inspection.table.name)}: {', '.join(details)}."
    if rows:
        return [sentence, markdown_table(["statistic", "value"], rows, [1])]
    if column.top:
        return [sentence, top_table(column, column.top, inspection.table.rows)]
    return [sentence, *([f"For example: {names(column.values, 6)}"] if column.values else [])]


def top_table(column: Column, pairs: Sequence[tuple[str, int]], rows: int | None) -> str:
    """Values with how often they occur."""
    lines = [[name(value), figure(count), share(count, rows) if rows else "–"] for value, count in pairs]
    return markdown_table([name(column.name), "rows", "share"], lines, [1, 2])


def _unique(inspection: Inspection, column: Column, where: str) -> Sequence[str]:
    unique, rows, top = whole(column.facts.get("unique")), inspection.table.rows, column.top
    if inspection.is_whether and unique is not None and rows is not None:
        counts = f"{name(column.name)} has {many(unique, 'unique value')} in {many(rows, 'row')}"
        if unique == rows:
            return [f"**Yes**: {counts}; each occurs once."]
        return [f"**No**: {counts}; some occur more than once, or are missing."]
    counted = (
        f"**{many(unique, 'unique list' if is_list(column) else 'unique value')}**"
        if unique is not None
        else "these values"
    )
    if top and (unique is None or unique <= len(top)):
        return [f"{where} has {counted}:", top_table(column, column.top, inspection.table.rows)]
    examples = f", for example {names(column.values, 5)}" if column.values else ""
    return [f"{where} has {counted}{examples}."]


def _spellings(column: Column, where: str) -> Sequence[str]:
    """Values that are the same but for case, spaces and punctuation."""
    alike: dict[str, list[str]] = {}
    for value in column.values:
        alike.setdefault(key(value), []).append(value)
    found = [values for values in alike.values() if len(values) > 1]
    if (whole(column.facts.get("unique")) or 0) > len(column.values):
        return [f"{where} has too many values to compare all here."]
    if not found:
        return [f"**No** two values of {where} differ by case, spaces or punctuation alone."]
    spelled = f"{many(len(found), 'value')} of {where} {'is' if len(found) == 1 else 'are'} spelled in several ways"
    return [f"**Yes**, {spelled}:", "\n".join(f"- {names(map(repr, values))}" for values in found)]


def _gaps(inspection: Inspection) -> Sequence[str]:
    lines = []
    for column in inspection.columns:
        missing, rows = whole(column.facts.get("missing")), inspection.table.rows
        where = f"{name(column.name)} of {name(inspection.table.name)}"
        if missing is None:
            lines.append(f"How many values of {where} are missing was not counted.")
        elif not missing:
            lines.append(f"{where} has **no missing values**.")
        else:
            part = f" ({share(missing, rows)} of {figure(rows)} rows)" if rows else ""
            lines.append(f"{where} has **{many(missing, 'missing value')}**{part}.")
    return ["\n\n".join(lines)]


def _repeated_names(table: Table) -> Sequence[str]:
    counts = [column.name for column in table.columns]
    found = dict.fromkeys(title for title in counts if counts.count(title) > 1)
    if found:
        return [f"Columns of {name(table.name)} with the same name: {names(found)}."]
    return [f"**No** name of a column of {name(table.name)} occurs twice."]


def _counted(inspection: Inspection, namespace: Namespace, facts: Facts) -> Sequence[str]:
    """How many rows repeat an earlier one, or have no gap: what takes a look at all of them."""
    table, columns = inspection.table, inspection.columns
    shown, running = dialect(table, namespace), dialect(table, namespace, runs=True)
    where = f" in {names_of(columns)}" if columns else ""
    title, code, runs = (
        f"Duplicate rows of {name(table.name)}{where}",
        *(language.duplicates(columns) for language in (shown, running)),
    )
    if inspection.what == "complete":
        title = f"Rows of {name(table.name)} without a missing value"
        code = runs = f"{table.code}.{'dropna' if shown.is_pandas else 'drop_nulls'}().shape[0]"
    ran = facts.run(runs)
    if ran.status != "ok":
        return [*not_run(ran, title), python(code)]
    count = result(ran.text).number
    if count is None:
        return [f"{title}:", *result(ran.text).blocks(), python(code)]
    of = f" of {figure(table.rows)}" if table.rows else ""
    if inspection.what == "complete":
        return [f"**{figure(count)}**{of} rows of {name(table.name)} have no missing value.", python(code)]
    if not count:
        return [f"No, {name(table.name)} has **no duplicate rows**{where}.", python(code)]
    return [f"Yes: **{figure(count)}**{of} rows of {name(table.name)} repeat an earlier row{where}.", python(code)]


def _distribution(inspection: Inspection, column: Column, namespace: Namespace, facts: Facts) -> Sequence[str]:
    """Whether values are skewed, or may be of a normal distribution by the test of Jarque and Bera, which needs no library.

    Its statistic is chi-squared with two degrees of freedom, so that p is exp(-statistic / 2).
    """
    where = f"{name(column.name)} of {name(inspection.table.name)}"
    is_test = inspection.what == "normal"
    functions: tuple[Function, ...] = ("count", "skew", "kurt") if is_test else ("skew",)
    shown, running = (
        [language.statistic(function, column) for function in functions]
        + [f"(lambda values: {_P_VALUE})({language.column(column)})"] * is_test
        for language in (dialect(inspection.table, namespace, runs=runs) for runs in (False, True))
    )
    code = python(tuple_of(shown))
    ran = facts.run(tuple_of(running))
    if ran.status != "ok":
        return [*not_run(ran, f"How {where} is distributed"), code]
    text = result(ran.text).text
    texts = members(text) if is_test else [text]
    numbers = [number for part in texts if (number := result(part).number) is not None and number == number]  # noqa: PLR0124 - not a number
    if len(numbers) != len(texts) or (is_test and numbers[0] < _FEWEST):
        return [f"How {where} is distributed cannot be told from so few different values.", code]
    skew = numbers[functions.index("skew")]
    side = "right" if skew > 0 else "left"
    strength = "strongly" if abs(skew) > 1 else "somewhat"
    shape = "about symmetric" if abs(skew) < _SYMMETRIC else f"{strength} skewed to the {side}"
    if not is_test:
        return [f"{where} is **{shape}**: its skewness is {figure(skew)}.", code]
    count, _, kurt, p = numbers
    verdict = f"**No**, {where} is not normally distributed"
    if p >= _SIGNIFICANT:
        verdict = f"**Nothing speaks against it**: {where} may be normally distributed"
    found = f"skewness {figure(skew)}, excess kurtosis {figure(kurt)}; both are 0 for a normal distribution"
    test = f"by the Jarque–Bera test over {many(int(count), 'value')}, p = {figure(p)}"
    return [f"{verdict}. It is {shape} ({found}); {test}.", code]
