"""A notebook's trust across an edit, which never gains any."""

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
        displayed: What its cells display by themselves when it is opened.
    """

    notary: Any = None
    displayed: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    async def read(cls, contents: Any, data: Mapping[str, Any]) -> Trust:
        """The trust that a contents manager's notary has in a notebook."""
        notary = getattr(contents, "notary", None)
        # The notary's database belongs to the event loop's thread.
        if notary is None or not notary.check_signature(await asyncio.to_thread(_to_notebook, data)):
            return cls()
        return cls(notary, await asyncio.to_thread(_displayed, data))

    async def renew(self, data: Mapping[str, Any]) -> None:
        """Sign the edited notebook if it was trusted and displays nothing that it did not display before."""
        if self.notary is not None and await asyncio.to_thread(_displayed, data) <= self.displayed:
            self.notary.sign(await asyncio.to_thread(_to_notebook, data))


def _to_notebook(data: Mapping[str, Any]) -> Any:
    """The notebook as the notary reads it, without any repair."""
    from nbformat.v4 import reads

    return reads(json.dumps(data))  # type: ignore[no-untyped-call]


def _displayed(data: Mapping[str, Any]) -> frozenset[str]:
    """Outputs and formatted text; a code cell's source does nothing until it is run."""
    cells = data["cells"]
    outputs = (output for cell in cells for output in cell.get("outputs") or ())
    texts = (cell.get("source") for cell in cells if cell.get("cell_type") != "code")
    return frozenset(json.dumps(item, sort_keys=True) for item in (*outputs, *texts))
