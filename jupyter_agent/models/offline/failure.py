"""The last error as data: what was raised, where, and the line that raised it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_agent.core.kernel_state import Variable
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
class CellError:
    """An error of a cell."""

    name: str
    message: str
    execution_count: int | None
    source: str
    places: tuple[Place, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> CellError:
        """Read the result of ``read_error``."""
        frames = data.get("frames")
        listed = [frame for frame in frames if isinstance(frame, Mapping)] if isinstance(frames, (list, tuple)) else []
        return cls(
            name=str(data.get("name") or "Error"),
            message=re.sub(r"^(['\"])(.*)\1, tuple, \d+ items$", r"\2", str(data.get("message") or "")),
            execution_count=whole(data.get("execution_count")),
            source=str(data.get("source") or ""),
            places=tuple(
                Place(
                    function=str(frame.get("function") or ""),
                    line=whole(frame.get("line")) or 0,
                    source=str(frame.get("source") or ""),
                    variables={str(key): str(value) for key, value in variables.items()}
                    if isinstance(variables := frame.get("variables"), Mapping)
                    else {},
                )
                for frame in listed
            ),
        )

    @classmethod
    def pasted(cls, text: str) -> CellError | None:
        """Read a traceback within a question; None where there is none."""
        begin = text.find("Traceback (most recent call last)")
        raised = list(_RAISED.finditer(text, begin)) if begin >= 0 else []
        if not raised:
            return None
        places = tuple(
            Place(frame["function"], int(frame["line"]), frame["source"].strip(), {})
            for frame in _FRAME.finditer(text, begin, raised[-1].start())
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


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why it failed and what to do.

    Attributes:
        reasons: Paragraphs of Markdown.
        code: Code that mends it, if one can be written.
        whole_cell: Whether the code is the corrected cell, or only a line to add or run before.
    """

    reasons: Sequence[str]
    code: str | None = None
    whole_cell: bool = True


@dataclass(frozen=True, slots=True)
class ErrorContext:
    """What a fix may look at."""

    failure: CellError
    namespace: Namespace
    facts: Facts

    def named_variables(self, *codes: str) -> list[Variable]:
        """The variables that code names, in its order; of no code, those of the failing line, else of the whole cell."""
        names = re.findall(r"[^\W\d]\w*", "\n".join(codes or (self.failure.line or self.failure.source,)))
        known = self.namespace.variables
        return [known[name] for name in dict.fromkeys(names) if name in known]


Fix = Callable[[ErrorContext], Explanation | None]


def by_message(fixes: Sequence[tuple[str, str]], message: str) -> str | None:
    """What a message of this kind means."""
    return next((text for pattern, text in fixes if re.search(pattern, message, re.IGNORECASE)), None)


def always(reason: str) -> Fix:
    """A fix that depends on nothing but the kind of error."""
    return lambda _context: Explanation([reason])
