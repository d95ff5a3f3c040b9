"""Whether Jupyter trusts what a notebook shows; an edit never raises it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Trust:
    """A notebook's trust before an edit.

    Attributes:
        notary: Signs notebooks; None where there is none, or the notebook was not trusted.
        shown: What its cells show by themselves when it is opened.
    """

    notary: Any = None
    shown: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    async def of(cls, contents: Any, data: Mapping[str, Any]) -> Trust:
        """As a contents manager's notary has it."""
        notary = getattr(contents, "notary", None)
        # The notary's database belongs to the event loop's thread.
        if notary is None or not notary.check_signature(await asyncio.to_thread(_node, data)):
            return cls()
        return cls(notary, await asyncio.to_thread(_shown, data))

    async def keep(self, data: Mapping[str, Any]) -> None:
        """Sign the edited notebook if it was trusted and shows nothing that it did not show before."""
        if self.notary is not None and await asyncio.to_thread(_shown, data) <= self.shown:
            self.notary.sign(await asyncio.to_thread(_node, data))


def _node(data: Mapping[str, Any]) -> Any:
    """As the notary reads it; what is odd about the notebook is not repaired on the way."""
    from nbformat.v4 import reads

    return reads(json.dumps(data))  # type: ignore[no-untyped-call]


def _shown(data: Mapping[str, Any]) -> frozenset[str]:
    """Outputs and formatted text: a code cell's source does nothing until somebody runs it."""
    cells = data["cells"]
    outputs = (one for cell in cells for one in cell.get("outputs") or ())
    texts = (cell.get("source") for cell in cells if cell.get("cell_type") != "code")
    return frozenset(json.dumps(one, sort_keys=True) for one in (*outputs, *texts))
