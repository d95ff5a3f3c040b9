"""A notebook's trust across an edit, which never gains any."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def trust_kept(contents: Any, data: Mapping[str, Any]) -> AsyncIterator[None]:
    """Sign a notebook again after its edit if it was trusted and displays nothing that it did not display before.

    Args:
        contents: A contents manager, whose notary signs; where it has none, nothing happens.
        data: The notebook, changed in place.
    """
    notary = getattr(contents, "notary", None)
    # The notary's database belongs to the event loop's thread.
    if notary is None or not notary.check_signature(await asyncio.to_thread(_to_notebook, data)):
        yield
        return
    displayed = await asyncio.to_thread(_displayed, data)
    yield
    if await asyncio.to_thread(_displayed, data) <= displayed:
        notary.sign(await asyncio.to_thread(_to_notebook, data))


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
