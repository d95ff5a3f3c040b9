"""Code that is asked about in every mode: it reaches out of the notebook, so a user should see it once."""

from __future__ import annotations

import re

_REASONS: dict[str, re.Pattern[str]] = {
    "a shell command": re.compile(
        r"^\s*(?:[\w, ]+=\s*)?!|%%?(?:bash|sh|script|system|sx|perl|ruby|cmd)\b"
        r"|\bos\.(?:system|popen|exec\w*|spawn\w*|fork|posix_spawn|kill)\b|\b(?:subprocess|pexpect|pty)\b"
        r"|get_ipython\(\)\s*\.\s*(?:system|getoutput|run_\w+magic)|create_subprocess",
        re.MULTILINE,
    ),
    "deletes files": re.compile(
        r"\b(?:rmtree|removedirs|os\.(?:remove|unlink|rmdir|replace|rename)|shutil\.(?:move|rmtree)|truncate)\b|\.(?:unlink|rmdir)\("
    ),
    "the network": re.compile(
        r"\b(?:requests|urllib3?|httpx2?|aiohttp|socket|ftplib|smtplib|telnetlib|paramiko|websockets?|http\.client)\b"
        r"|\b(?:https?|ftp|s3|gs|ssh)://"
    ),
    "programs' settings": re.compile(
        r"jupyter\w*_config|jupyter_agent|JupyterAgent|\.(?:ipython|jupyter|ssh|aws|kube|gnupg|netrc|git|config|bashrc|zshrc|profile)\b"
        r"|authorized_keys|overrides\.json|page_config|custom\.js|jpserver-|nbserver-|kernel-\w*\.json|mcp\w*\.json|sitecustomize|usercustomize"
        r"|crontab|/(?:etc|proc|sys|root|boot|dev)/|JUPYTER_TOKEN|JPY_|startup/",
        re.IGNORECASE,
    ),
    "code hidden in text": re.compile(r"\b(?:exec|eval|compile|__import__|marshal|ctypes|importlib|base64|codecs)\b"),
    "the folders above": re.compile(r"\.\.[/\\]|['\"](?:~|/)[\w./~-]|expanduser|Path\.home"),
}


def reasons(code: str) -> tuple[str, ...]:
    """What speaks for asking first, in words; found by the code's text, so it stops accidents and not an intruder."""
    return tuple(name for name, pattern in _REASONS.items() if pattern.search(code))
