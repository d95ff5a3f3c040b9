"""Files next to the notebook: which there are, reading one, saving a table under a new name."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jupyter_agent.models.offline.dialects.choice import dialect
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import many, name, names, python
from jupyter_agent.models.offline.namespace import Namespace, Table
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery
from jupyter_agent.models.offline.query import Ask
from jupyter_agent.models.offline.spans import Lexicon, Meaning, named_so, spans
from jupyter_agent.models.offline.words import joined, near

_DATA = words("csv tsv txt parquet json jsonl ndjson xlsx xls feather pkl pickle npy gz zip arrow")
_READERS = {
    "csv": "{pd}.read_csv({path})", "gz": "{pd}.read_csv({path})", "zip": "{pd}.read_csv({path})", "txt": "{pd}.read_csv({path}, sep=None, engine='python')",
    "tsv": "{pd}.read_csv({path}, sep={tab})", "parquet": "{pd}.read_parquet({path})", "json": "{pd}.read_json({path})",
    "jsonl": "{pd}.read_json({path}, lines=True)", "ndjson": "{pd}.read_json({path}, lines=True)", "xlsx": "{pd}.read_excel({path})",
    "xls": "{pd}.read_excel({path})", "feather": "{pd}.read_feather({path})", "arrow": "{pd}.read_feather({path})", "pkl": "{pd}.read_pickle({path})",
    "pickle": "{pd}.read_pickle({path})", "npy": "{np}.load({path})",
}  # fmt: skip
_POLARS = {
    "csv": "{pl}.read_csv({path})", "tsv": "{pl}.read_csv({path}, separator={tab})", "parquet": "{pl}.read_parquet({path})", "json": "{pl}.read_json({path})",
    "jsonl": "{pl}.read_ndjson({path})", "ndjson": "{pl}.read_ndjson({path})", "xlsx": "{pl}.read_excel({path})", "feather": "{pl}.read_ipc({path})", "arrow": "{pl}.read_ipc({path})",
}  # fmt: skip


def ending(path: str) -> str:
    """The file's kind, ``csv`` and so on."""
    return path.rsplit(".", 1)[-1].lower() if "." in path else ""


def reading(path: str, namespace: Namespace, *, with_polars: bool = False) -> str:
    """Code that reads a file into a new variable: with polars where that is what is imported or asked for."""
    kind = ending(path)
    pandas = namespace.alias("pandas")
    polars = namespace.alias("polars") if pandas is None or with_polars else None
    asked = polars or ("pl" if with_polars else "")
    if asked and kind in _POLARS:
        call, module, alias, known = _POLARS[kind], "polars", asked, polars
    elif kind == "npy":
        known = namespace.alias("numpy")
        call, module, alias = _READERS[kind], "numpy", known or "np"
    else:
        call, module, alias, known = _READERS.get(kind, _READERS["csv"]), "pandas", pandas or "pd", pandas
    read = call.format(pd=alias, pl=alias, np=alias, path=repr(path), tab=repr("\t"))
    variable = _variable(path, namespace)
    lines = [
        *([] if known else [f"import {module} as {alias}", ""]),
        f"{variable} = {read}",
        f"{variable}.head()" if kind != "npy" else f"{variable}.shape",
    ]
    return "\n".join(lines)


def _variable(path: str, namespace: Namespace) -> str:
    """A new name after the file, which is not taken."""
    stem = re.sub(r"\W+", "_", re.split(r"[/\\]", path)[-1].split(".")[0]).strip("_").lower() or "data"
    stem = f"data_{stem}" if not stem.isidentifier() or keyword.iskeyword(stem) else stem
    candidates = (stem, f"{stem}_data", *(f"{stem}_{place}" for place in range(2, 1000)))
    return next(candidate for candidate in candidates if candidate not in namespace.variables)


_LEXICON = Lexicon(
    what={
        "read": "read, load, open, import, ingest, read in, load in",
        "save": "save, write, export, store, dump, download, save as, to_csv, to_parquet, to_excel, write_csv, write_parquet",
        "list": "files, ls, dir, csvs, folder, directory",
    },
    kind={
        "csv": "csv, csvs", "tsv": "tsv", "parquet": "parquet", "json": "json", "jsonl": "jsonl, ndjson", "xlsx": "excel, xlsx, spreadsheet", "txt": "txt", "feather": "feather",
        "pkl": "pickle, pkl", "npy": "npy",
    },
    library={"polars": "polars", "pandas": "pandas"},
    noun={True: "them, result, results, answer, output, numbers, file, data, dataframe, data frame, table, dataset, disk, next to the notebook, notebook, code, working directory"},
    verb={True: "list, how, any, are there, how many, using, into, as, lie, lies, have, then, also, new, now, see, all, back, same"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileQuery(ObjectQuery):
    """What is asked of files.

    Attributes:
        what: Which thing.
        namespace: What the kernel holds.
        file: The file that is named.
        kind: Its ending.
        hints: Words that its name may have.
        table: What is saved.
        with_polars: Whether polars reads it.
        result: Code whose value is saved.
    """

    what: Literal["read", "save", "list"]
    namespace: Namespace
    file: str = ""
    kind: str = ""
    hints: tuple[str, ...] = ()
    table: Table | None = None
    with_polars: bool = False
    result: str = ""

    def answer(self, facts: Facts) -> Sequence[str]:
        """The files, or code for one."""
        files = self.namespace.files or facts.files() or ()
        if self.what == "list":
            shown = [file for file in files if not self.kind or ending(file) == self.kind]
            if not shown:
                return [f"{'There are no such' if files else 'I see no'} files next to the notebook."]
            listed = "\n".join(f"- {name(file)}" for file in shown[:60])
            return [f"{many(len(shown), 'file')} next to the notebook:\n\n{listed}"]
        return self._read(files) if self.what == "read" else self._saved(files, facts)

    def _read(self, files: Sequence[str]) -> Sequence[str]:
        data = [file for file in files if ending(file) in _DATA]
        if self.file and self.file not in files:
            close = near(self.file, data)
            if close:
                nearest = f"There is no {name(self.file)} next to the notebook, but there is {name(close[0])}:"
                return [nearest, self._code(close[0])]
            there = f"Data files there are: {names(data, 15)}." if data else "There are no data files there."
            missing = f"I see no {name(self.file)} next to the notebook. {there}"
            return [missing, "If it lies elsewhere, this reads it:", self._code(self.file)]
        fitting = [self.file] if self.file else [file for file in data if not self.kind or ending(file) == self.kind]
        chosen = [file for file in fitting if all(word in file.lower() for word in self.hints)]
        if not chosen and self.hints:
            there = f"There are: {names(data, 15)}."
            raise Ask(f"No data file next to the notebook is called like {names(self.hints)}. {there}")
        if not chosen:
            missing = f"There is no {self.kind or 'data'} file next to the notebook."
            elsewhere = "If it lies elsewhere, this reads it; write its path in place of the name:"
            return [f"{missing} {elsewhere}", self._code(f"data.{self.kind or 'csv'}")]
        if len(chosen) > 1:
            raise Ask(f"Which file: {names(chosen, 15)}?")
        return [f"Read {name(chosen[0])}, which lies next to the notebook:", self._code(chosen[0])]

    def _code(self, path: str) -> str:
        return python(reading(path, self.namespace, with_polars=self.with_polars))

    def _saved(self, files: Sequence[str], facts: Facts) -> Sequence[str]:
        plain = re.sub(r"\W+", "_", self.table.name) if self.table is not None else "result"
        wanted = self.file or f"{plain}.{self.kind or 'csv'}"
        stem, dot, end = wanted.rpartition(".")
        paths = (wanted, *(f"{stem}_{place}{dot}{end}" for place in range(2, 1000)))
        path = next(path for path in paths if path not in files)
        taken = f" There is a {name(wanted)} already, which stays as it is." if path != wanted else ""
        if self.result:
            return [*self._result(path, facts), taken.strip()]
        assert self.table is not None
        code = dialect(self.table, self.namespace).saved(path)
        return [f"Save {name(self.table.name)} as {name(path)} next to the notebook.{taken}", python(code)]

    def _result(self, path: str, facts: Facts) -> Sequence[str]:
        """What was computed before, by the library that its value is of."""
        ran = facts.run(f"type({self.result})")
        found = re.search(r"\b(pandas|polars)\b[\w.]*\b(DataFrame|Series)\b", ran.text) if ran.status == "ok" else None
        if found is None:
            raise Ask("I do not see a table in the last answer. *save TABLE as csv* writes all of a table.")
        library, kind = found.groups()
        variable = _variable(path, self.namespace)
        value = variable if kind == "DataFrame" or library == "pandas" else f"{variable}.to_frame()"
        methods = _SAVED_POLARS if library == "polars" else _SAVED
        if (method := methods.get(ending(path))) is None:
            raise Ask(f"I can write it as {joined(sorted(methods), 'or')}. Which shall it be?")
        code = f"{variable} = {self.result}\n{value}.{method}({path!r})"
        return [f"Save the result of the last answer as {name(path)} next to the notebook.", python(code)]


#: Methods that write a result with its labels.
_SAVED = {"csv": "to_csv", "json": "to_json", "xlsx": "to_excel", "pkl": "to_pickle"}
_SAVED_POLARS = {"csv": "write_csv", "json": "write_json", "parquet": "write_parquet", "xlsx": "write_excel"}
#: What the last answer found is meant.
_RESULT = re.compile(r"\b(?:that|this|it|them|these|those|results?|answer|output|numbers)\b", re.IGNORECASE)


def _last_expression(code: str) -> str:
    """The one expression of the last answer's code; empty where it binds something, draws, or is a name."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    is_value = len(body) == 1 and isinstance(body[0], ast.Expr) and not isinstance(body[0].value, ast.Name)
    return ast.unparse(body[0]) if is_value else ""


def read(question: str, context: ObjectContext) -> FileQuery | None:
    """What is asked of files; None if nothing is, or not every word plays a part.

    Raises:
        Ask: it is not clear which table is saved.
    """
    frames = {frame.name: frame for frame in context.namespace.frames}

    def meaning(text: str) -> Meaning | None:
        if ending(text) in _DATA:
            return "file", text
        found = named_so(text, frames)
        return ("table", found) if found is not None else None

    found = spans(question, _LEXICON, meaning, frames.__contains__)
    whats = set(found.all("what"))
    if not whats or found.slots & {"number", "operator"} or len(found.all("kind")) > 1 or len(found.all("file")) > 1:
        return None
    kind: str = found.one("kind") or ""
    file: str = found.one("file") or found.one("text") or ""
    with_polars = found.one("library") == "polars"
    if "read" in whats and "save" not in whats:
        is_file = bool(file or kind or found.slots & {"noun", "table"} or "list" in whats)
        hints = (*(word.lower() for word in found.unknown), *(table.name.lower() for table in found.all("table")))
        if not is_file or (found.unknown and not found.slots & {"noun", "kind"}) or len(hints) > 2:
            return None
        known = context.namespace.files or context.facts.files() or ()
        if not all(any(hint in path.lower() for path in known) for hint in hints):
            return None
        return FileQuery("read", context.namespace, file, kind, hints, with_polars=with_polars)
    if found.unknown or found.slots & {"library"}:
        return None
    if "save" in whats:
        if (
            not found.all("table")
            and _RESULT.search(question)
            and isinstance(context.previous, (type(None), FileQuery))
        ):
            if (result := _last_expression(context.facts.conversation.code)) and context.facts.conversation.earlier:
                return FileQuery("save", context.namespace, file, kind or ending(file), result=result)
            if context.facts.conversation.earlier and not isinstance(context.previous, FileQuery):
                example = next(iter(frames), "TABLE")
                raise Ask(f"What shall be written? For example: *save {example} as csv* writes all of `{example}`.")
        tables: list[Table] = found.all("table") or list(frames.values())
        if not tables or len(found.all("table")) > 1:
            return None
        if len(tables) > 1:
            raise Ask.which_table(frame.name for frame in tables)
        return FileQuery("save", context.namespace, file, kind or ending(file), table=tables[0])
    is_list = whats == {"list"} and not found.slots & {"file", "text", "table"}
    return FileQuery("list", context.namespace, kind=kind) if is_list else None
