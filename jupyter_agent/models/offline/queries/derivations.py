"""Which code makes a column, why some of its values are missing, and why a table has fewer rows than the one it is made of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jupyter_agent.models.offline.explaining import parsed
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import NUMBERS
from jupyter_agent.models.offline.markdown import many, name, python
from jupyter_agent.models.offline.namespace import Table, whole
from jupyter_agent.models.offline.queries.code import definition_of
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery
from jupyter_agent.models.offline.query import Ask
from jupyter_agent.models.offline.spans import Lexicon, Meaning, Spans, spans
from jupyter_agent.models.offline.words import key

What = Literal["made", "gaps", "rows"]
#: What each call leaves missing.
_GAPS = {
    "shift": "rows at the edge have no value before or behind them", "diff": "the first rows have no value before them", "pct_change": "the first rows have no value before them",
    "rolling": "the first rows have no full window", "reindex": "labels that were not there get no value", "map": "a value that the mapping does not have becomes missing",
    "mask": "values for which its condition holds are left missing", "where": "values for which its condition does not hold are left missing",
    "coerce": "what cannot be converted becomes missing",
}  # fmt: skip
#: How each call leaves rows out.
_FEWER = {
    **dict.fromkeys(("dropna", "drop_nulls"), "leaves out rows with a missing value"), **dict.fromkeys(("drop_duplicates", "unique"), "leaves out repeated rows"),
    **dict.fromkeys(("query", "filter"), "keeps only the rows that it names"), **dict.fromkeys(("head", "tail", "nlargest", "nsmallest", "sample", "limit"), "takes only some of the rows"),
    **dict.fromkeys(("groupby", "group_by", "pivot_table", "value_counts", "resample"), "makes one row of each group"),
}  # fmt: skip
#: What may stand around columns so that a gap in one is a gap in the result.
_ELEMENTWISE = frozenset({"round", "abs", "astype", "cast", "log", "log10", "sqrt", "exp", "col", "alias", "dt", "str"})
_NOTHING = re.compile(r"None|(?:\w+\.)?(?:nan|NaN|NA|NaT)|float\('nan'\)")
_LEXICON = Lexicon(
    why={True: "why, how come, for what reason, what is the reason that, what is the reason"},
    made={True: "calculated, computed, derived, made, created, defined, come from, comes from, came from, coming from, formula, formula for, formula of, origin, origin of, built, set, generated, calculation of, definition of, calculate, compute, derive, makes, creates, computes, calculates, defines, produced, produces"},
    how={True: "how, where, which cell, what cell, which code, what code, which line, in which cell, where in the notebook, in what cell"},
    gaps={True: "missing, empty, nan, nans, null, nulls, na, blank, blanks, gaps, missing values, missing value, null values, nan values, empty values, incomplete, no value, no values, a missing value"},
    fewer={True: "fewer rows, less rows, fewer, shorter, smaller, fewer records, not as many rows, fewer entries, less"},
    noun={True: "column, row, rows, table, dataframe, frame, values"},
    number_word={value: word for word, value in NUMBERS.items() if value},
    verb={True: "some, many, than, sometimes, still, in the notebook, so many, then, actually, originally"},
)  # fmt: skip
_MADE = re.compile(r"^\W*(?:how|where|in (?:which|what)|(?:which|what) (?:cell|code|line)|what is the (?:formula|origin|definition)|(?:formula|origin))\b", re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """A statement that ran, with the cell that a reader finds it in."""

    label: str
    node: ast.stmt
    source: str

    @property
    def value(self) -> ast.expr | None:
        """What it assigns, or the call that changes its object in place."""
        return self.node.value if isinstance(self.node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)) else None

    @property
    def targets(self) -> Sequence[ast.expr]:
        """What it assigns to."""
        if isinstance(self.node, ast.Assign):
            return self.node.targets
        return [self.node.target] if isinstance(self.node, (ast.AugAssign, ast.AnnAssign)) else []

    @property
    def sets(self) -> set[str]:
        """The names that hold something else after it."""
        call = self.node.value if isinstance(self.node, ast.Expr) else None
        is_in_place = isinstance(call, ast.Call) and any(pair.arg == "inplace" for pair in call.keywords)
        changed = {_root(call.func)} if is_in_place and isinstance(call, ast.Call) else set[str]()
        return changed.union(_loaded(ast.Module([self.node], []), ast.Store)) - {""}

    @property
    def reads(self) -> frozenset[str]:
        """The names that it reads."""
        return frozenset(_loaded(self.node))


def _root(node: ast.expr) -> str:
    """The name that attributes, places and calls are taken of; empty for none."""
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _loaded(tree: ast.AST, context: type[ast.expr_context] = ast.Load) -> Iterator[str]:
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, context))


@dataclass(frozen=True, slots=True)
class DerivationQuery(ObjectQuery):
    """Some statements that made something, and what they say about it.

    Attributes:
        title: What they are.
        steps: They.
        reasons: What they do, for the question why.
        table: Whose own cell is shown where no statement makes the column.
    """

    title: str
    steps: tuple[Step, ...]
    reasons: tuple[str, ...] = ()
    table: Table | None = None

    def answer(self, facts: Facts) -> Sequence[str]:
        """The code, below what it does."""
        if not self.steps and self.table is not None:
            return [self.title, *definition_of(self.table.variable, facts)]
        listed = "\n".join(f"- {reason}" for reason in self.reasons)
        code = "\n".join(dict.fromkeys(step.source for step in self.steps))
        return [self.title, listed, python(code)] if code else [self.title]


def read(question: str, context: ObjectContext) -> DerivationQuery | None:
    """The code that answers where something comes from, or why it has gaps; None if it does not say that plainly."""
    tables = context.namespace.frames
    columns = {key(column.name): column.name for table in tables for column in table.columns if column.plain}
    named = {key(table.name): table for table in tables}

    def meaning(text: str) -> Meaning | None:
        if key(text) in columns and text not in named:
            return "column", columns[key(text)]
        return ("table", named[key(text)]) if key(text) in named else None

    found = spans(question, _LEXICON, meaning)
    limits = {"column": 1, "table": 2, "why": 1, "made": 2, "how": 2, "gaps": 1, "fewer": 1, "noun": 2, "verb": 4}
    if not found.has_only(**limits, number=1, number_word=1):
        return None
    if "read_cells" not in context.facts.conversation.offered:
        return None
    asked = frozenset(found.slots) - {"noun", "verb", "how", "table"}
    spoken_of: list[Table] = found.all("table")
    if asked == {"why", "fewer"} and len(spoken_of) == 2:
        return _fewer(spoken_of[0], spoken_of[1], _steps(context.facts))
    if "column" not in asked or len(spoken_of) > 1:
        return None
    column: str = found.all("column")[0]
    if asked == {"column", "made"} and _MADE.match(question) and column not in context.namespace.variables:
        return _made(column, _holders(column, found, tables), context)
    if asked - {"number", "number_word"} == {"column", "why", "gaps"}:
        numbers = [*found.all("number"), *found.all("number_word")]
        return _gaps(column, _holders(column, found, tables), numbers, context)
    return None


def _holders(column: str, found: Spans, tables: Sequence[Table]) -> list[Table]:
    """The tables that have the column, of those that are named."""
    return [
        table
        for table in found.all("table") or tables
        if any(other.name == column and other.plain for other in table.columns)
    ]


def _steps(facts: Facts) -> list[Step]:
    """What ran and is in the notebook still, in the order in which it ran."""
    ran = [cell for cell in facts.cells() or () if cell.kind == "code" and cell.execution_count is not None]
    return [
        Step(f"`In [{cell.execution_count}]`", node, ast.get_source_segment(cell.source, node) or ast.unparse(node))
        for cell in sorted(ran, key=lambda cell: cell.execution_count or 0)
        for node in _statements(parsed(cell.source) or ast.Module([], []))
    ]


def _statements(block: ast.AST) -> Iterator[ast.stmt]:
    """The simple statements of a block and of the blocks in it, those of functions and classes left out."""
    for node in ast.iter_child_nodes(block):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)):
            yield node
        elif isinstance(node, (ast.stmt, ast.ExceptHandler)) and not isinstance(
            node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        ):
            yield from _statements(node)


def _ancestors(table: str, steps: Sequence[Step]) -> set[str]:
    """A table and all that it is made of."""
    names = {table}
    for step in reversed(steps):
        if step.sets & names:
            names |= step.reads
    return names


def _expression(step: Step, column: str, names: set[str]) -> ast.expr | None:
    """What a statement computes a column of one of some tables from; None if it leaves that column as it is."""
    if step.value is None:
        return None
    for target in step.targets:
        if _root(target) not in names:
            continue
        if isinstance(target, ast.Attribute) and target.attr == column:
            return step.value
        place = target.slice if isinstance(target, ast.Subscript) else None
        place = place.elts[-1] if isinstance(place, ast.Tuple) and place.elts else place
        if any(_is_text(each, column) for each in (place.elts if isinstance(place, ast.List) else [place])):
            return step.value
    for call in ast.walk(step.value) if step.sets & names else ():
        if not isinstance(call, ast.Call):
            continue
        method = _called(call)
        if method == "alias" and any(_is_text(each, column) for each in call.args):
            return call
        pairs: list[tuple[object, ast.expr]] = [(pair.arg == column, pair.value) for pair in call.keywords]
        for each in (*call.args, *(pair.value for pair in call.keywords)):
            for key_of, value in zip(each.keys, each.values, strict=True) if isinstance(each, ast.Dict) else ():
                named = value if method == "rename" else key_of
                pairs.append((_is_text(named, column), value))
        made = next((value for is_it, value in pairs if is_it), None)
        if made is not None:
            return made
    return None


def _is_text(node: ast.expr | None, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _called(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _first(holders: Sequence[Table], steps: Sequence[Step]) -> list[Table]:
    """Those of some tables that are made of none of the others."""
    names = {table.name for table in holders}
    return [table for table in holders if not _ancestors(table.name, steps) & (names - {table.name})]


def _made(column: str, holders: Sequence[Table], context: ObjectContext) -> DerivationQuery:
    steps = _steps(context.facts)
    first = _first(holders, steps)
    if len(first) != 1:
        raise Ask.which_table(table.name for table in first or holders)
    table = first[0]
    names = _ancestors(table.name, steps)
    making = tuple(step for step in steps if _expression(step, column, names) is not None)
    if not making:
        title = f"No statement of this notebook makes {name(column)} alone: it is part of what {name(table.name)} is made of."
        return DerivationQuery(title, (), table=table)
    labels = " and ".join(dict.fromkeys(step.label for step in making))
    return DerivationQuery(f"{name(column)} of {name(table.name)} is made in {labels}:", making)


def _gaps(
    column: str, holders: Sequence[Table], numbers: Sequence[float], context: ObjectContext
) -> DerivationQuery | None:
    steps = _steps(context.facts)
    first = _first(holders, steps)
    table = first[0] if len(first) == 1 else None
    full = context.facts.inspected(table.name) if table is not None else None
    if table is None or full is None:
        return None
    counts = {each.name: whole(each.facts.get("missing")) or 0 for each in Table.of(full).columns}
    missing = counts.get(column, 0)
    where = f"{name(column)} of {name(table.name)}"
    if not missing:
        return DerivationQuery(f"{where} has **no missing values**.", ())
    if any(number != missing for number in numbers):
        return None
    reasons, chosen = list[str](), list[Step]()
    names = _ancestors(table.name, steps)
    for step in steps:
        made = _expression(step, column, names)
        if made is not None and (why := _reason(step, made, column, counts)):
            reasons.append(f"{step.label}: {why}")
            chosen.append(step)
    title = f"{where} has **{many(missing, 'missing value')}**. The code that makes it says why:"
    return DerivationQuery(title, tuple(chosen), tuple(reasons)) if reasons else None


def _reason(step: Step, made: ast.expr, column: str, counts: dict[str, int]) -> str:
    """Why a statement leaves gaps in what it makes; empty where it does not say."""
    if _NOTHING.fullmatch(ast.unparse(made)):
        target = step.targets[0] if step.targets else None
        place = target.slice if isinstance(target, ast.Subscript) else None
        rows = name(ast.unparse(place.elts[0]), 120) if isinstance(place, ast.Tuple) and place.elts else ""
        return f"it is set to missing{f' in the rows {rows}' if rows else ''}"
    used, methods = set[str](), set[str]()
    for node in ast.walk(made):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            used.add(node.value)
        elif isinstance(node, ast.Attribute):
            (used if node.attr in counts else methods).add(node.attr)
        if not isinstance(node, ast.Call):
            continue
        method, first = _called(node), node.args[0] if node.args else None
        if any(pair.arg == "errors" and _is_text(pair.value, "coerce") for pair in node.keywords):
            return _GAPS["coerce"]
        is_alone = len(node.args) == 1 and not node.keywords
        is_sure = {"map": isinstance(first, ast.Dict), "where": is_alone, "mask": is_alone}.get(method, True)
        if method == "then" and first is not None and _NOTHING.fullmatch(ast.unparse(first)):
            return _GAPS["mask"]
        if method in _GAPS and is_sure and isinstance(node.func, ast.Attribute):
            return f"{name(f'{method}(…)')}: {_GAPS[method]}"
    sources = [each for each in counts if each in used and counts[each] and each != column]
    if not sources or not methods <= _ELEMENTWISE or not any(isinstance(node, ast.BinOp) for node in ast.walk(made)):
        return ""
    listed = " and ".join(f"{name(each)} ({many(counts[each], 'missing value')})" for each in sources)
    return f"it is computed from {listed}: where {'one of them' if len(sources) > 1 else 'that'} is missing, it is, too"


def _fewer(table: Table, other: Table, steps: Sequence[Step]) -> DerivationQuery | None:
    if table.rows is None or other.rows is None:
        return None
    sizes = f"{name(table.name)} has **{many(table.rows, 'row')}**, {name(other.name)} **{other.rows}**"
    if table.rows >= other.rows:
        return DerivationQuery(f"{sizes}: these are not fewer.", ())
    names, chosen, reasons, is_made_of = {table.name}, list[Step](), list[str](), False
    for step in reversed(steps):
        if not step.sets & names or step.value is None:
            continue
        methods = [_called(node) for node in ast.walk(step.value) if isinstance(node, ast.Call)]
        found = [f"{name(f'{method}(…)')} {_FEWER[method]}" for method in methods if method in _FEWER]
        found += [f"it keeps only the rows where {name(ast.unparse(node.slice), 120)}" for node in ast.walk(step.value) if isinstance(node, ast.Subscript) and isinstance(node.slice, (ast.Compare, ast.BinOp, ast.UnaryOp))]  # fmt: skip
        reasons[:0] = [f"{step.label}: {each}" for each in found]
        chosen.insert(0, step)
        is_made_of = is_made_of or other.name in step.reads
        names |= step.reads - {other.name}
    if not is_made_of or not reasons:
        return None
    return DerivationQuery(f"{sizes}. The code that makes it says why:", tuple(chosen), tuple(reasons))
