"""Code that is asked about in every mode: it reaches out of the notebook, so a user should see it once."""

from __future__ import annotations

import re

_NET = "requests|urllib3?|httpx2?|aiohttp|socket|ftplib|smtplib|telnetlib|paramiko|websockets?"
_REASONS: dict[str, re.Pattern[str]] = {
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


def reasons(code: str) -> tuple[str, ...]:
    """What speaks for asking first, in words; found by the code's text, so it stops accidents and not an intruder."""
    found = [name for name, pattern in _REASONS.items() if pattern.search(code)]
    if _ADDRESS.search(code) and _FETCHES.search(code):
        found.append("an address on the network")
    if _ELSEWHERE.search(code) and _WRITES.search(code):
        found.append("writes outside of the notebook's folder")
    return tuple(found)
