"""A notebook's JSON text: parsed, and written again in the same style."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from jupyter_agent.core.errors import Forbidden, NotFound

MAX_BYTES = 200 * 1024 * 1024
_INDENT = re.compile(r"[\[{]\r?\n([ \t]*)")
_COLON = re.compile(r'"[^"]*":( ?)')


@dataclass(slots=True)
class Document:
    """A notebook of nbformat 4.

    Attributes:
        data: All of it; the cells are changed in place.
        original: The text that it was read from; None where it was read as data, and is stored as data.
    """

    data: dict[str, Any]
    original: str | None = None

    @classmethod
    def parse(cls, text: str | bytes, name: str) -> Document:
        """Parse a notebook's text, or its UTF-8.

        Raises:
            NotFound: it is no notebook.
            Forbidden: it has a format that is not edited.
        """
        try:
            text = text.decode() if isinstance(text, bytes) else text
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise unreadable(name) from error
        return cls(check_format(data, name), text)

    @property
    def cells(self) -> list[Any]:
        """Its cells, to be changed in place."""
        cells: list[Any] = self.data["cells"]
        return cells

    @property
    def language(self) -> str:
        """The language of its code cells, in lower case; empty where it does not say."""
        metadata = self.data.get("metadata")
        given = [metadata.get(key) for key in ("kernelspec", "language_info")] if isinstance(metadata, dict) else []
        names = [
            entry.get(key) for entry, key in zip(given, ("language", "name"), strict=False) if isinstance(entry, dict)
        ]
        return next((name.lower() for name in names if isinstance(name, str) and name), "")

    @property
    def has_ids(self) -> bool:
        """Whether its format gives every cell an id."""
        minor = self.data.get("nbformat_minor")
        return isinstance(minor, int) and minor >= 5

    @property
    def text(self) -> str:
        """The text to be stored, in the style of the original; the nearest one where its formatting is irregular."""
        original = self.original or ""
        lines, colon = _INDENT.search(original[:4096]), _COLON.search(original[:4096])
        spaced = colon is None or bool(colon[1])
        separators = ("," if lines is not None or not spaced else ", ", ": " if spaced else ":")
        dump = partial(json.dumps, self.data, indent=None if lines is None else lines[1], separators=separators)
        text = dump(ensure_ascii=original.isascii() and "\\u" in original)
        try:
            text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair can only be stored escaped
            text = dump()
        end = original[len(original.rstrip()) :]
        return text.replace("\n", "\r\n" if "\r\n" in original[:4096] else "\n") + end


def check_format(data: Any, name: str) -> dict[str, Any]:
    """The data, if it is a notebook of a format that is edited.

    Raises:
        NotFound: it is no notebook.
        Forbidden: it has a format that is not edited.
    """
    if not isinstance(data, dict) or not isinstance(data.get("nbformat"), int):
        raise unreadable(name)
    if data["nbformat"] != 4:
        raise Forbidden(
            f"{name} has notebook format {data['nbformat']}, which is not edited here. Open it in Jupyter and save it, "
            "then ask again."
        )
    cells = data.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise unreadable(name)
    return data


def unreadable(name: str) -> NotFound:
    """The error for a file of that name that is no notebook."""
    return NotFound(f"{name} is not a notebook that can be read.")
