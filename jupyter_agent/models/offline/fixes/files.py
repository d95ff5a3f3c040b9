"""FileNotFoundError and other troubles with files."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jupyter_agent.models.offline.failure import ErrorContext, Explanation, Fix, always
from jupyter_agent.models.offline.markdown import name, names
from jupyter_agent.models.offline.words import near


def _missing(context: ErrorContext) -> Explanation | None:
    match = (
        re.search(r":\s*'([^']+)'\s*$", context.failure.message)
        or re.search(r"(?:File|file) b?'?([^\s']+)'? (?:does not exist|not found)", context.failure.message)
        or re.search(r"\(os error 2\): (\S+)", context.failure.message)
    )
    # Else the text in the failing line that looks most like a file.
    quoted = re.findall(r"['\"]([^'\"\n]+\.\w{1,8})['\"]", context.failure.line or context.failure.source)
    wanted = match[1] if match else str(quoted[0]) if quoted else ""
    files = context.namespace.files or context.facts.files() or ()
    close = near(re.split(r"[/\\]", wanted)[-1], files) if wanted else ()
    reason = (
        f"There is no file {name(wanted)} where the kernel works (next to the notebook)."
        if wanted
        else "The file is not where the kernel works (next to the notebook)."
    )
    if close:
        fixed = context.failure.corrected(rf"(['\"]){re.escape(wanted)}\1", repr(close[0]))
        return Explanation([f"{reason} The nearest is {name(close[0])}."], fixed)
    there = f"Files there are: {names(files, 15)}." if files else "I see no files there."
    return Explanation([reason, f"{there} `import os; os.getcwd()` tells the folder."])


def _encoding(context: ErrorContext) -> Explanation | None:
    arguments = re.compile(r"(?<=read_csv\()((?:[^()]|\([^()]*\))*)(?=\))")
    match = arguments.search(context.failure.source)
    fixed = context.failure.corrected(arguments.pattern, f"{match[1]}, encoding='latin-1'" if match else "")
    return Explanation(
        ["The file is not in UTF-8. Say its encoding; `latin-1` and `cp1252` are frequent:"],
        fixed if "read_csv(" in context.failure.source else None,
    )


FIXES: Mapping[str, Fix] = {
    "FileNotFoundError": _missing,
    "PermissionError": always(
        "The file may not be read or written by you, or it is open in another program. Choose another name or folder."
    ),
    "IsADirectoryError": always("The path is a folder, but a file is needed: add the file's name."),
    "UnicodeDecodeError": _encoding,
    "EmptyDataError": always("The file is empty, or has no line that looks like a table."),
    "JSONDecodeError": always(
        "The text is not JSON. Look at its beginning: an empty answer, an HTML page or single quotes are the usual reasons. One JSON object on each line is read with `lines=True`."
    ),
}
