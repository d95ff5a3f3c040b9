"""What a cell does, said from its syntax tree, statement by statement."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence

from jupyter_agent.models.offline.markdown import name, names

_LONGEST = 25
_VERBS = {
    "read_csv": "reads the file {first} as a table", "read_parquet": "reads the file {first} as a table", "read_excel": "reads the file {first} as a table",
    "read_json": "reads the file {first} as a table", "read_sql": "reads a query's result as a table", "DataFrame": "builds a table", "Series": "builds a series",
    "groupby": "groups by {first}", "group_by": "groups by {first}", "agg": "aggregates each group", "aggregate": "aggregates each group", "merge": "joins with {first}",
    "join": "joins with {first}", "concat": "puts tables together", "sort_values": "sorts by {first}", "sort": "sorts", "dropna": "leaves out rows with gaps",
    "drop_nulls": "leaves out rows with gaps", "fillna": "fills gaps", "fill_null": "fills gaps", "drop": "drops {first}", "drop_duplicates": "leaves out repeated rows",
    "rename": "renames", "pivot_table": "makes a pivot table", "pivot": "makes a pivot table", "melt": "turns columns into rows", "apply": "applies a function",
    "map": "maps each value", "filter": "keeps some rows", "query": "keeps the rows where {first}", "head": "takes the first rows", "tail": "takes the last rows",
    "sample": "takes random rows", "describe": "summarises the numbers", "info": "prints an overview", "value_counts": "counts each value", "mean": "takes the mean",
    "median": "takes the median", "sum": "adds up", "count": "counts", "max": "takes the largest", "min": "takes the smallest", "std": "takes the standard deviation",
    "corr": "correlates", "plot": "plots", "hist": "draws a histogram", "scatter": "draws points", "bar": "draws bars", "boxplot": "draws boxes", "imshow": "draws an image",
    "show": "shows the picture", "savefig": "saves the picture", "to_csv": "writes the file {first}", "to_parquet": "writes the file {first}", "to_excel": "writes the file {first}",
    "write_csv": "writes the file {first}", "to_datetime": "reads {first} as dates", "astype": "converts to {first}", "reset_index": "numbers the rows anew", "set_index": "makes {first} the index",
    "resample": "groups by time ({first})", "rolling": "looks through a moving window of {first}", "fit": "trains the model", "fit_transform": "fits and transforms", "transform": "transforms",
    "predict": "predicts", "score": "scores the model", "train_test_split": "splits the data for training and testing", "print": "prints {first}", "display": "shows {first}",
    "open": "opens the file {first}", "sleep": "waits", "seed": "fixes the random numbers", "title": "sets the title", "subplots": "prepares a picture",
}  # fmt: skip


def parsed(source: str) -> ast.Module | None:
    """The tree of a cell, magics and shell lines left out; None when it is not Python."""
    plain = re.sub(r"^([ \t]*)[%!?].*$", r"\1pass", source, flags=re.MULTILINE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def steps(source: str) -> Sequence[str]:
    """Each statement of a cell as one phrase; empty when nothing can be said."""
    magic = re.match(r"\s*%%(\w+)", source)
    if magic:
        return [f"is run by the cell magic {name('%%' + magic[1])}"]
    tree = parsed(source)
    if tree is None:
        return ["is not valid Python as it stands"]
    found = [*_magics(source), *(phrase for statement in tree.body for phrase in _statement(statement))]
    return found[:_LONGEST]


def _magics(source: str) -> Iterator[str]:
    for line in source.splitlines():
        match = re.match(r"\s*([%!])\s*(.+)", line)
        if match:
            yield f"runs the {'shell command' if match[1] == '!' else 'magic'} {name(match[2].strip())}"


def defined(source: str) -> tuple[str, ...]:
    """Names that a cell binds at its top level."""
    tree = parsed(source)
    found = [bound for statement in (tree.body if tree else []) for bound in _bound(statement)]
    return tuple(dict.fromkeys(found))


def imported(source: str) -> tuple[str, ...]:
    """Modules that a cell imports."""
    tree = parsed(source)
    found: list[str] = []
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or ".")
    return tuple(dict.fromkeys(found))


def _bound(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name
        case ast.Assign():
            for target in statement.targets:
                yield from _names(target)
        case ast.AnnAssign() | ast.AugAssign():
            yield from _names(statement.target)
        case ast.For() | ast.While() | ast.If() | ast.With() | ast.Try():
            for inner in statement.body:
                yield from _bound(inner)


def _names(target: ast.expr) -> Iterator[str]:
    match target:
        case ast.Name():
            yield target.id
        case ast.Tuple() | ast.List():
            for elt in target.elts:
                yield from _names(elt)
        case ast.Starred():
            yield from _names(target.value)


def _statement(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.Import():
            yield f"imports {names([name.name + (f' as {name.asname}' if name.asname else '') for name in statement.names])}"
        case ast.ImportFrom():
            yield f"imports {names([name.name for name in statement.names])} from {name(statement.module or '.')}"
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            arguments = statement.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            called = f"{statement.name}({', '.join(argument.arg for argument in every)})"
            yield f"defines the function {name(called)}{_doc(statement)}"
        case ast.ClassDef():
            yield f"defines the class {name(statement.name)}{_doc(statement)}"
        case ast.Assign():
            yield f"sets {_targets(statement.targets)}: {_value(statement.value)}"
        case ast.AnnAssign() if statement.value is not None:
            yield f"sets {_targets([statement.target])}: {_value(statement.value)}"
        case ast.AugAssign():
            yield f"changes {_targets([statement.target])} in place with {name(_short(statement.value))}"
        case ast.For() | ast.AsyncFor():
            yield f"for each {name(_short(statement.target))} of {name(_short(statement.iter))}: {_inside(statement.body)}"
        case ast.While():
            yield f"as long as {name(_short(statement.test))}: {_inside(statement.body)}"
        case ast.If():
            yield f"if {name(_short(statement.test))}: {_inside(statement.body)}"
        case ast.With() | ast.AsyncWith():
            yield f"within {name(', '.join(_short(item.context_expr) for item in statement.items))}: {_inside(statement.body)}"
        case ast.Try():
            yield f"tries, minding errors: {_inside(statement.body)}"
        case ast.Delete():
            yield f"deletes {name(', '.join(_short(target) for target in statement.targets))}"
        case ast.Assert():
            yield f"checks that {name(_short(statement.test))}"
        case ast.Raise():
            yield "raises an error"
        case ast.Expr() if not isinstance(statement.value, ast.Constant):
            shown, phrases = name(_short(statement.value), 120), list(_calls(statement.value))
            yield ", ".join(phrases) + f" — {shown}" if phrases else f"shows {shown}"


def _doc(statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    doc = ast.get_docstring(statement)
    return f": {name(doc.strip().splitlines()[0], 120)}" if doc and doc.strip() else ""


def _targets(targets: Sequence[ast.expr]) -> str:
    return names([_short(target) for target in targets])


def _short(node: ast.AST) -> str:
    try:
        return " ".join(ast.unparse(node).split())
    except (RecursionError, ValueError):
        return "…"


def _inside(body: Sequence[ast.stmt]) -> str:
    phrases = [phrase for statement in body[:4] for phrase in _statement(statement)]
    return "; ".join(phrases[:4]) + (" …" if len(body) > 4 else "") if phrases else "does nothing"


def _value(node: ast.expr) -> str:
    match node:
        case ast.Constant():
            return f"the value {name(_short(node))}"
        case ast.List() | ast.Tuple() | ast.Set():
            return f"{len(node.elts)} items, {name(_short(node))}"
        case ast.Dict():
            keys = names([_short(key) for key in node.keys if key is not None], 8)
            return f"a dictionary with {keys}" if node.keys else "an empty dictionary"
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return f"built from {name(_short(node.generators[0].iter))} item by item"
        case ast.Lambda():
            return "a small function"
    phrases = list(_calls(node))
    return f"{', '.join(phrases)} — {name(_short(node), 120)}" if phrases else name(_short(node), 120)


def _calls(node: ast.expr) -> Iterator[str]:
    """The calls of a chain in the order in which they happen."""
    chain: list[ast.Call] = []
    inner: ast.expr = node
    while isinstance(inner, (ast.Call, ast.Attribute, ast.Subscript)):
        if isinstance(inner, ast.Call):
            chain.append(inner)
            inner = inner.func
        else:
            inner = inner.value
    for call in reversed(chain):
        called = getattr(call.func, "attr", getattr(call.func, "id", ""))
        first = name(_short(call.args[0]), 60) if call.args else "something"
        if called in _VERBS:
            yield _VERBS[called].replace("{first}", first)
        elif called:
            yield f"calls {name(called)}"
