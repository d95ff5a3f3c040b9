"""Checks of code before it runs: what speaks for asking the user first, may it be tried unasked."""

from __future__ import annotations

import re
from collections.abc import Container

from jupyter_agent.analysis.cells.names import names_of

_NET = "requests|urllib3?|httpx2?|aiohttp|socket|ftplib|smtplib|telnetlib|paramiko|websockets?"
_RISKS: dict[str, re.Pattern[str]] = {
    "a shell command": re.compile(
        r"^\s*(?:[\w, ]+=\s*)?!|%%?(?:bash|sh|script|system|sx|perl|ruby|cmd)\b"
        r"|\bos\s*\.\s*(?:system|popen|exec\w*|spawn\w*|fork|posix_spawn|kill)\b|\b(?:subprocess|pexpect)\b"
        r"|\.\s*(?:system|getoutput|run_line_magic|run_cell_magic)\(|create_subprocess",
        re.MULTILINE,
    ),
    "deletes files": re.compile(
        r"\b(?:rmtree|removedirs)\b|\bos\s*\.\s*(?:remove|unlink|rmdir|replace|rename)\b|\bshutil\.move\b|\.(?:unlink|rmdir)\("
    ),
    "the network": re.compile(
        rf"(?:\b(?:import|from)\s+|__import__\s*\(['\"])(?:{_NET}|http\.client)\b|\b(?:{_NET})\s*\.\s*\w+\s*[.(]"
    ),
    "programs' settings": re.compile(
        r"jupyter\w*_config|jupyter_agent|JupyterAgent|JUPYTER_TOKEN|\bJPY_|authorized_keys|crontab"
        r"|[/'\"~\\]\.(?:ipython|jupyter|ssh|aws|kube|gnupg|netrc|git|config|bashrc|zshrc|profile|local)\b"
        r"|overrides\.json|page_config|custom\.js|jpserver-|nbserver-|kernel-[\w*-]*\.json|mcp\w*\.json|sitecustomize|usercustomize"
        r"|['\"]/(?:etc|proc|sys|root|boot|dev|usr|var)\b|startup/",
        re.IGNORECASE,
    ),
    "code hidden in text": re.compile(
        r"(?<![.\w])(?:exec|eval|compile)\s*\(|__import__\s*\((?!['\"][\w.]+['\"]\))|\b(?:marshal|ctypes|importlib|base64|codecs|__builtins__|builtins)\b"
    ),
}
_ADDRESS = re.compile(r"\b(?:https?|ftp|s3|gs|ssh)://")
_FETCHES = re.compile(
    r"\b(?:read_\w+|scan_\w+|open|get|post|put|urlopen|fetch\w*|load\w*|download\w*|retrieve\w*|connect\w*|create_engine|to_\w+"
    r"|upload\w*|send\w*|Image|HTML|IFrame|Video|Audio)\s*\("
)
_ELSEWHERE = re.compile(r"\.\.[/\\]|['\"](?:~|/)[\w.~-]|expanduser|Path\.home")
_WRITES = re.compile(r"(?<!\.)\bopen\s*\(|\.write|\.to_\w+\(|savefig|\.dump|mkdir|\.touch|copy|symlink|chmod|\.save")
#: Characters of code that is tried unasked.
MAX_TRIED = 4_000
#: Beginnings of the names of functions and methods that have side effects or take long.
_SIDE_EFFECTS = re.compile("to_|save|write|dump|open|fit|train|sleep|input|read_sql|execute|commit|run")


def risk_reasons(code: str) -> tuple[str, ...]:
    """Why the user is asked in every mode before this code runs: it reaches out of the notebook. Empty where it does not.

    Found by the code's text, so it stops accidents and not an intruder.
    """
    found = [name for name, pattern in _RISKS.items() if pattern.search(code)]
    if _ADDRESS.search(code) and _FETCHES.search(code):
        found.append("an address on the network")
    if _ELSEWHERE.search(code) and _WRITES.search(code):
        found.append("writes outside of the notebook's folder")
    return tuple(found)


def may_try_unasked(source: str, live: Container[str]) -> bool:
    """Whether running a cell twice does the same as running it once, as far as its text shows.

    Such code changes nothing in place, deletes nothing, writes no file, starts no program, trains no model. The names that
    it reads must exist: code that waits for another cell fails in a trial run without being wrong.

    Args:
        source: Of a cell.
        live: Names that the kernel has.
    """
    names = names_of(source)
    if any(name not in live for name in names.reads):
        return False
    if names.empty or names.problem or names.magics or len(source) > MAX_TRIED:
        return False
    if names.mutates or names.may_mutate or names.deletes or risk_reasons(source):
        return False
    called = (path.rpartition(".")[2] for path in names.calls)
    return not any(map(_SIDE_EFFECTS.match, called))
