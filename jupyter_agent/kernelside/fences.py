"""Fences of code in Markdown: how they begin, and a block that nothing in it ends."""

from __future__ import annotations

import re

#: Opens a block; as many, or more, close it. Part of each pattern of a fence.
FENCE_RUN = r"`{3,}|~{3,}"


def fenced(text: str, language: str = "text") -> str:
    """A block of Markdown that no text can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
