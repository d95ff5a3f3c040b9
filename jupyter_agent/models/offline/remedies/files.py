"""FileNotFoundError and other troubles with files."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jupyter_agent.models.offline.failure import Cure, Patient, Remedy
from jupyter_agent.models.offline.markdown import name, names
from jupyter_agent.models.offline.words import near


def _missing(patient: Patient) -> Remedy | None:
    match = (
        re.search(r":\s*'([^']+)'\s*$", patient.failure.message)
        or re.search(r"(?:File|file) b?'?([^\s']+)'? (?:does not exist|not found)", patient.failure.message)
        or re.search(r"\(os error 2\): (\S+)", patient.failure.message)
    )
    wanted = match[1] if match else _opened(patient)
    files = patient.namespace.files or patient.facts.files() or ()
    close = near(re.split(r"[/\\]", wanted)[-1], files) if wanted else ()
    reason = (
        f"There is no file {name(wanted)} where the kernel works (beside the notebook)."
        if wanted
        else "The file is not where the kernel works (beside the notebook)."
    )
    if close:
        fixed = patient.failure.corrected(rf"(['\"]){re.escape(wanted)}\1", repr(close[0]))
        return Remedy([f"{reason} The nearest is {name(close[0])}."], fixed)
    there = f"Files there are: {names(files, 15)}." if files else "I see no files there."
    return Remedy([reason, f"{there} `import os; os.getcwd()` tells the folder."])


def _opened(patient: Patient) -> str:
    """The text in the failing line that looks most like a file."""
    quoted = re.findall(r"['\"]([^'\"\n]+\.\w{1,8})['\"]", patient.failure.line or patient.failure.source)
    return str(quoted[0]) if quoted else ""


def _denied(_patient: Patient) -> Remedy | None:
    return Remedy(
        ["The file may not be read or written by you, or it is open in another program. Choose another name or folder."]
    )


def _folder(_patient: Patient) -> Remedy | None:
    return Remedy(["The path is a folder, but a file is needed: add the file's name."])


def _encoding(patient: Patient) -> Remedy | None:
    fixed = patient.failure.corrected(
        r"(?<=read_csv\()((?:[^()]|\([^()]*\))*)(?=\))", _with_encoding(patient.failure.source)
    )
    return Remedy(
        ["The file is not in UTF-8. Say its encoding; `latin-1` and `cp1252` are frequent:"],
        fixed if "read_csv(" in patient.failure.source else None,
    )


def _with_encoding(source: str) -> str:
    match = re.search(r"(?<=read_csv\()((?:[^()]|\([^()]*\))*)(?=\))", source)
    return f"{match[1]}, encoding='latin-1'" if match else ""


def _empty(_patient: Patient) -> Remedy | None:
    return Remedy(["The file is empty, or has no line that looks like a table."])


def _not_json(_patient: Patient) -> Remedy | None:
    return Remedy(
        [
            "The text is not JSON. Look at its beginning: an empty answer, an HTML page or single quotes are the usual reasons. One JSON object on each line is read with `lines=True`."
        ]
    )


CURES: Mapping[str, Cure] = {
    "FileNotFoundError": _missing,
    "PermissionError": _denied,
    "IsADirectoryError": _folder,
    "UnicodeDecodeError": _encoding,
    "EmptyDataError": _empty,
    "JSONDecodeError": _not_json,
}
