"""Files next to the notebook: which there are, reading one, saving a table."""

from __future__ import annotations

import keyword
import re

from jupyter_agent.models.offline.computing import block
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import many, name, names, python
from jupyter_agent.models.offline.query import Ask, Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue
from jupyter_agent.models.offline.words import near

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


def reading(path: str, query: Query) -> str:
    """Code that reads a file into a new variable: with polars where that is what is imported or asked for."""
    namespace, kind = query.namespace, ending(path)
    pandas = namespace.alias("pandas")
    polars = namespace.alias("polars") if pandas is None or re.search(r"\bpolars\b", query.text) else None
    asked = polars or (re.search(r"\bpolars\b", query.text) and "pl")
    if asked and kind in _POLARS:
        call, module, alias, known = _POLARS[kind], "polars", asked, polars
    elif kind == "npy":
        known = namespace.alias("numpy")
        call, module, alias = _READERS[kind], "numpy", known or "np"
    else:
        call, module, alias, known = _READERS.get(kind, _READERS["csv"]), "pandas", pandas or "pd", pandas
    read = call.format(pd=alias, pl=alias, np=alias, path=repr(path), tab=repr("\t"))
    variable = _variable(path, query)
    lines = [
        *([] if known else [f"import {module} as {alias}", ""]),
        f"{variable} = {read}",
        f"{variable}.head()" if kind != "npy" else f"{variable}.shape",
    ]
    return "\n".join(lines)


def _variable(path: str, query: Query) -> str:
    """A new name after the file, which is not taken."""
    stem = re.sub(r"\W+", "_", re.split(r"[/\\]", path)[-1].split(".")[0]).strip("_").lower() or "data"
    stem = f"data_{stem}" if not stem.isidentifier() or keyword.iskeyword(stem) else stem
    taken = query.namespace.variables
    return next(
        candidate
        for candidate in (stem, f"{stem}_data", *(f"{stem}_{place}" for place in range(2, 1000)))
        if candidate not in taken
    )


def _known_files(query: Query, facts: Facts) -> tuple[str, ...]:
    return query.namespace.files or facts.files() or ()


def _read(query: Query, facts: Facts) -> Answer:
    files = _known_files(query, facts)
    data = [file for file in files if ending(file) in _DATA]
    named = next((mention.text for mention in (*query.skeleton.of("FILE"), *query.skeleton.of("STR"))), "")
    if named and named in files:
        return [f"Read {name(named)}, which lies next to the notebook:", python(reading(named, query))]
    if named:
        return _not_there(named, data, query)
    kind = next(
        (extension for extension in _DATA if re.search(rf"\b{extension}\b", query.text)),
        "xlsx" if re.search(r"\bexcel\b", query.text) else "",
    )
    fitting = [file for file in data if not kind or ending(file) == kind]
    chosen = [file for file in fitting if any(word in file.lower() for word in _words(query))] or fitting
    if not chosen:
        return [
            f"There is no {kind or 'data'} file next to the notebook. If it lies elsewhere, this reads it; write its path in place of the name:",
            python(reading(f"data.{kind or 'csv'}", query)),
        ]
    if len(chosen) > 1:
        raise Ask(f"Which file: {names(chosen, 15)}?")
    return [f"Read {name(chosen[0])}, which lies next to the notebook:", python(reading(chosen[0], query))]


def _words(query: Query) -> list[str]:
    common = words("read load open import file data the from into dataframe how with pandas polars this that")
    return [word for word in re.findall(r"[a-z]{3,}", query.text) if word not in common and word not in _DATA]


def _not_there(wanted: str, data: list[str], query: Query) -> Answer:
    close = near(wanted, data)
    if close:
        return [
            f"There is no {name(wanted)} next to the notebook, but there is {name(close[0])}:",
            python(reading(close[0], query)),
        ]
    there = f" Data files there are: {names(data, 15)}." if data else " There are no data files there."
    return [
        f"I see no {name(wanted)} next to the notebook.{there}",
        "If it lies elsewhere, this reads it:",
        python(reading(wanted, query)),
    ]


def _listed(query: Query, facts: Facts) -> Answer:
    files = _known_files(query, facts)
    kinds = [extension for extension in _DATA if re.search(rf"\b{extension}s?\b", query.text)]
    shown = [file for file in files if not kinds or ending(file) in kinds]
    if not shown:
        return ["There are no such files next to the notebook." if files else "I see no files next to the notebook."]
    return [
        f"{many(len(shown), 'file')} next to the notebook:\n\n" + "\n".join(f"- {name(file)}" for file in shown[:60])
    ]


def _saved(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    named = next((mention.text for mention in (*query.skeleton.of("FILE"), *query.skeleton.of("STR"))), "")
    kinds = ("excel", "xlsx", "parquet", "json", "tsv")
    kind = next((kind for kind in kinds if re.search(rf"\b{kind}\b", query.text)), "csv").replace("excel", "xlsx")
    stem = re.sub(r"\W+", "_", frame.name)
    path = named or f"{stem}.{kind}"
    return [
        f"Save {name(frame.name)} as {name(path)} next to the notebook (an existing file of that name is replaced):",
        block(query, frame, lambda language: language.saved(path)),
    ]


SKILLS = (
    Skill(
        "read file",
        cue(
            r"(?:read|load|open|import|ingest)\b[^?]*(?:FILE\d+|STR\d+|csv|tsv|parquet|json|excel|xlsx|file|data)",
            r"how (?:do|can|to)[^?]*(?:read|load|open|import)|^(?:read|load|open)",
        ),
        _read,
        lambda query: query.chart is None and (query.target is None or bool(query.skeleton.of("FILE"))),
        weight=79,
        reads=r".*",
    ),
    Skill(
        "files",
        cue(
            r"(?:which|what|list|show|any|see|are there|how many)\b[^?]*(?:files?|csvs?|folder|directory)",
            r"(?:csv|parquet|json|data)? ?files\s*\??$|^(?:ls|dir)$",
        ),
        _listed,
        lambda query: query.target is None,
        weight=72,
    ),
    Skill(
        "save",
        cue(
            r"(?:save|write|export|store|dump|download)\b[^?]*(?:csv|tsv|parquet|json|excel|xlsx|file|disk|FILE\d+|STR\d+|VAR\d+|it)",
            r"to_csv|to_parquet|to_excel|write_csv|^(?:save|export)",
        ),
        _saved,
        lambda query: query.chart is None and not re.search(r"\bfigure|plot|chart\b", query.text),
        weight=81,
        reads=r"\b(?:as|to|into)\b",
    ),
)
