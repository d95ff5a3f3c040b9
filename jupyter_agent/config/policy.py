"""The administrator's policy: what `jupyter_agent_policy.json` in Jupyter's system configuration folders forces, caps and allows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from jupyter_core import paths

FILE = "jupyter_agent_policy.json"
OFFLINE = "offline"
#: What may be done unasked, the strictest first.
APPROVALS = ("read-only", "ask", "auto-edit", "auto")
#: Limits of which 0 sets none.
UNLIMITED_AT_ZERO = ("max_tokens", "max_cost", "run_timeout", "session_max_age_hours")
Subject = Literal["models", "base_urls", "tools", "mcp_servers", "stores"]
_SUBJECTS: tuple[Subject, ...] = ("models", "base_urls", "tools", "mcp_servers", "stores")
_VALUES = ("force", "at_most")
_SWITCHES = ("share", "export", "redact")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds whatever users, requests and other configuration say.

    Attributes:
        force: Options with the one value that they have.
        at_most: Options with the highest value that they may have.
        patterns: What is allowed, by subject: of each group one pattern must fit. What is not listed is not restricted.
        share: Whether conversations may be shared.
        export: Whether they may be exported.
        redact: Whether secrets are always withheld.
        problem: Why the policy cannot be read; the strictest then holds.
    """

    force: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    at_most: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    patterns: Mapping[Subject, tuple[tuple[str, ...], ...]] = field(default_factory=lambda: MappingProxyType({}))
    share: bool = True
    export: bool = True
    redact: bool = False
    problem: str = ""

    @classmethod
    def strictest(cls, problem: str) -> Policy:
        """What holds where the policy cannot be read."""
        closed: dict[Subject, tuple[tuple[str, ...], ...]] = {"models": ((),), "base_urls": ((),), "mcp_servers": ((),)}
        force = {"approval": "read-only", "model": OFFLINE, "redact": True}
        text = f"The policy of this server cannot be used, so the strictest holds (read-only, only the offline model): {problem}"
        return cls(force, _NOTHING, closed, share=False, export=False, redact=True, problem=text)

    def allows(self, subject: Subject, value: str) -> bool:
        """Whether a model, an address, a tool, a server of tools (its address or command line) or a store may be used."""
        if subject == "models" and value == OFFLINE:
            return True
        groups = self.patterns.get(subject, ())
        return all(any(_fits(subject, value, pattern) for pattern in group) for group in groups)

    def named_models(self) -> tuple[str, ...]:
        """The models that it allows by their full names."""
        patterns = (pattern for group in self.patterns.get("models", ()) for pattern in group)
        return tuple(name for name in patterns if ":" in name and "*" not in name and self.allows("models", name))

    def restrictions(self, *subjects: Subject) -> tuple[str, ...]:
        """What a user may not do because of it, beyond single options, in sentences; where subjects are given, only of these."""
        words = {
            "models": "Models that may answer: {}.",
            "base_urls": "Addresses of models' servers: {}.",
            "tools": "Tools that models are offered: {}.",
            "mcp_servers": "MCP servers: {}.",
            "stores": "Where conversations may be kept: {}.",
        }
        named = [
            words[subject].format(", ".join([*([OFFLINE] if subject == "models" else []), *group]) or "none")
            for subject, groups in self.patterns.items()
            if not subjects or subject in subjects
            for group in groups
        ]
        if subjects:
            return tuple(named)
        switched = [] if self.share else ["Conversations cannot be shared."]
        return (*named, *switched, *([] if self.export else ["Conversations cannot be exported."]))


def read_policy(folders: Sequence[str] | None = None) -> Policy:
    """The policy of this machine: everything holds that stands in any of the folders; a broken file makes it the strictest."""
    force: dict[str, Any] = {}
    at_most: dict[str, Any] = {}
    patterns: dict[Subject, tuple[tuple[str, ...], ...]] = {}
    switches = {"share": True, "export": True, "redact": False}
    for folder in reversed(paths.SYSTEM_CONFIG_PATH if folders is None else folders):
        try:
            text = Path(folder, FILE).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            return Policy.strictest(f"{FILE} cannot be read ({type(error).__name__}).")
        try:
            # NaN and infinities are no JSON, and no limits: `int` refuses them.
            document = _checked(json.loads(text, object_pairs_hook=_unique, parse_constant=int))
        except (ValueError, RecursionError) as error:
            return Policy.strictest(f"{FILE} is not valid: {str(error)[:200]}.")
        force |= document.get("force", {})
        for name, highest in document.get("at_most", {}).items():
            at_most[name] = lower(name, highest, at_most.get(name, highest))
        for subject in _SUBJECTS:
            if subject in document:
                patterns[subject] = (*patterns.get(subject, ()), tuple(document[subject]))
        switches["share"] &= document.get("share", True)
        switches["export"] &= document.get("export", True)
        switches["redact"] |= document.get("redact", False)
    if switches["redact"]:
        force["redact"] = True
    return Policy(force, at_most, patterns, switches["share"], switches["export"], switches["redact"])


def lower(name: str, first: Any, second: Any) -> Any:
    """The stricter of two values of an option that has an order."""
    if name == "approval":
        return min(first, second, key=APPROVALS.index)
    if first is None or second is None:
        return first if second is None else second
    if name in UNLIMITED_AT_ZERO and not (first and second):
        return first or second
    return min(first, second)


def _checked(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ValueError("it must be an object")
    for name, value in document.items():
        if name in _VALUES:
            fits, form = isinstance(value, dict), "an object of options"
        elif name in _SUBJECTS:
            fits = isinstance(value, list) and all(isinstance(pattern, str) for pattern in value)
            form = "a list of patterns"
        elif name in _SWITCHES:
            fits, form = isinstance(value, bool), "true or false"
        else:
            raise ValueError(f"there is no key '{name[:40]}'")
        if not fits:
            raise ValueError(f"'{name}' must be {form}")
    for name, highest in document.get("at_most", {}).items():
        is_number = isinstance(highest, (int, float)) and not isinstance(highest, bool)
        if name in UNLIMITED_AT_ZERO and highest == 0:
            raise ValueError(f"'at_most' cannot have '{name}' of 0, which sets no limit: give a number above 0")
        if not (highest in APPROVALS if name == "approval" else is_number):
            raise ValueError(f"'at_most' cannot have '{name[:40]}' of {json.dumps(highest)[:40]}")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _fits(subject: Subject, value: str, pattern: str) -> bool:
    """Whether a pattern, in which ``*`` stands for anything, fits all of a value.

    A model's pattern without a colon is a provider. Addresses are compared by scheme, host, path and query, so that ``*`` in a
    host never reaches into the path; a pattern without a path allows all of the host.
    """
    if subject == "models":
        provider, _, model = value.partition(":")
        return fnmatchcase(f"{provider}:{model}", pattern if ":" in pattern else f"{pattern}:*")
    if subject == "tools" or (subject == "mcp_servers" and "://" not in value.partition(" ")[0]):
        return fnmatchcase(value, pattern)
    try:
        given, allowed = urlsplit(value), urlsplit(pattern)
        hosts = _host(given), _host(allowed)
    except ValueError:
        return False
    if "/../" in f"{given.path}/" or "\\" in value or "@" in given.netloc.rpartition("@")[0]:
        return False
    path = allowed.path.rstrip("/")
    return (
        fnmatchcase(given.scheme, allowed.scheme)
        and fnmatchcase(*hosts)
        and (not path or fnmatchcase(given.path.rstrip("/"), path))
        and fnmatchcase(given.query, allowed.query)
    )


def _host(parts: SplitResult) -> str:
    """Host and port, without user and password; the usual port is none."""
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix({"http": ":80", "https": ":443"}.get(parts.scheme, "\0"))
