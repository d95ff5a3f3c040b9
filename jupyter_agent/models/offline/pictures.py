"""A picture as code to insert: what draws it, its title and labels, tried on a copy of the variables where that may be done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_agent.models.offline.computing import not_run
from jupyter_agent.models.offline.dialects.dialect import with_imports
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import python
from jupyter_agent.models.offline.namespace import Namespace

_MODULE = "matplotlib.pyplot"


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn.

    Attributes:
        sentence: That in words.
        lines: The code, in which the library is ``plt``.
        title: What stands above it.
        labels: Of the two axes; empty for none.
        imports: Statements that the code needs besides matplotlib's.
        counted: An expression that counts what is drawn; empty where there surely is something.
        is_log: Whether the upright axis is logarithmic.
    """

    sentence: str
    lines: Sequence[str]
    title: str
    labels: tuple[str, str] = ("", "")
    imports: Sequence[str] = ()
    counted: str = ""
    is_log: bool = False

    def code(self, namespace: Namespace) -> str:
        """All of it; a title cannot be read as mathematics."""
        known = namespace.alias(_MODULE)
        plt = known or "plt"
        inert = [text.replace("$", r"\$") for text in (self.title, *self.labels)]
        ending = [
            f"plt.title({inert[0]!r})",
            *(f"plt.{axis}label({label!r})" for axis, label in zip("xy", inert[1:], strict=True) if label),
            *(["plt.yscale('log')"] if self.is_log else []),
            "plt.show()",
        ]
        lines = [re.sub(r"^(\s*)plt\.", rf"\1{plt}.", line) for line in (*self.lines, *ending)]
        return with_imports("\n".join(lines), [*self.imports, *([] if known else [f"import {_MODULE} as plt"])])

    def blocks(self, namespace: Namespace, facts: Facts) -> Sequence[str]:
        """The sentence and the code; what fails on trial, or would show nothing, is said."""
        code = self.code(namespace)
        ran = facts.tried(f"{code}\n{self.counted}".rstrip())
        if ran.status in ("failed", "refused", "unreachable"):
            return [*not_run(ran, self.sentence), python(code)]
        if ran.status == "ok" and self.counted and re.search(r"^(?:Out\[\d+\]:\s*)?0$", ran.text.strip(), re.MULTILINE):
            return [f"**No rows** match, so there is nothing to draw. {self.sentence}:", python(code)]
        untried = " *(not tried)*" if ran.status == "missing" else ""
        return [f"{self.sentence}:{untried}", python(code)]
