"""The last error as data: what was raised, where, and the line that raised it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.namespace import Namespace, whole

_RAISED = re.compile(r"^(?P<name>(?:[A-Za-z_]\w*\.)*[A-Z]\w*)(?:: (?P<message>.*))?$", re.MULTILINE)
_FRAME = re.compile(
    r'^  File "[^"\n]{1,4096}", line (?P<line>\d{1,9}), in (?P<function>\S{1,200})\n(?P<source>    \S.*$)', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Place:
    """One frame of the traceback: `source` is the lines around `line`, which counts from 1 in the whole source."""

    function: str
    line: int
    source: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of a cell."""

    name: str
    message: str
    execution_count: int | None
    source: str
    places: tuple[Place, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Failure:
        """Read the result of ``read_error``."""
        frames = data.get("frames")
        listed = [frame for frame in frames if isinstance(frame, Mapping)] if isinstance(frames, (list, tuple)) else []
        return cls(
            name=str(data.get("name") or "Error"),
            message=re.sub(r"^(['\"])(.*)\1, tuple, \d+ items$", r"\2", str(data.get("message") or "")),
            execution_count=whole(data.get("execution_count")),
            source=str(data.get("source") or ""),
            places=tuple(_place(one) for one in listed),
        )

    @classmethod
    def pasted(cls, text: str) -> Failure | None:
        """Read a traceback within a question; None where there is none."""
        begin = text.find("Traceback (most recent call last)")
        raised = list(_RAISED.finditer(text, begin)) if begin >= 0 else []
        if not raised:
            return None
        places = tuple(
            Place(one["function"], int(one["line"]), one["source"].strip(), {})
            for one in _FRAME.finditer(text, begin, raised[-1].start())
        )
        source = places[-1].source if places else ""
        return cls(raised[-1]["name"], (raised[-1]["message"] or "").strip(), None, source, places)

    @property
    def place(self) -> Place | None:
        """The innermost frame of the user's own code."""
        return self.places[-1] if self.places else None

    @property
    def line(self) -> str:
        """The line of the cell that failed, without its indentation; empty where it is not known."""
        lines = self.source.splitlines()
        outer = next((place for place in self.places if place.function == "<module>"), None)
        if outer is not None and 1 <= outer.line <= len(lines):
            return lines[outer.line - 1].strip()
        return lines[0].strip() if len(lines) == 1 else ""

    def corrected(self, pattern: str, replacement: str) -> str | None:
        """The whole cell with a pattern replaced; None where it does not occur."""
        changed, count = re.subn(pattern, lambda _: replacement, self.source)
        return changed if count else None


def _place(frame: Mapping[str, Any]) -> Place:
    variables = frame.get("variables")
    return Place(
        function=str(frame.get("function") or ""),
        line=whole(frame.get("line")) or 0,
        source=str(frame.get("source") or ""),
        variables={str(key): str(value) for key, value in variables.items()} if isinstance(variables, Mapping) else {},
    )


@dataclass(frozen=True, slots=True)
class Remedy:
    """Why it failed and what to do.

    Attributes:
        reasons: Paragraphs of Markdown.
        code: Code that cures it, if one can be written.
        whole_cell: Whether the code is the corrected cell, or only a line to add or run before.
    """

    reasons: Sequence[str]
    code: str | None = None
    whole_cell: bool = True


@dataclass(frozen=True, slots=True)
class Patient:
    """What a remedy may look at."""

    failure: Failure
    namespace: Namespace
    facts: Facts


Cure = Callable[[Patient], Remedy | None]
