"""A notebook's JSON text: parsed, and written again in the same style."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from jupyter_agent.core.errors import Forbidden, NotFound

MAX_BYTES = 200 * 1024 * 1024
_INDENT = re.compile(r"[\[{]\r?\n([ \t]*)")
_COLON = re.compile(r'"[^"]*":( ?)')


@dataclass(frozen=True, slots=True)
class Style:
    """How a JSON text is formatted.

    Attributes:
        indent: Of each level; None for all in one line.
        separators: Between items, and between key and value.
        ascii_only: Whether other characters are escaped.
        newline: What ends a line.
        end: What follows the last brace.
    """

    indent: str | None = " "
    separators: tuple[str, str] = (",", ": ")
    ascii_only: bool = False
    newline: str = "\n"
    end: str = "\n"

    @classmethod
    def detect(cls, text: str) -> Style:
        """The style of a text; the nearest one where its formatting is irregular."""
        lines = _INDENT.search(text[:4096])
        colon = _COLON.search(text[:4096])
        spaced = colon is None or bool(colon[1])
        return cls(
            indent=lines[1] if lines is not None else None,
            separators=("," if lines is not None or not spaced else ", ", ": " if spaced else ":"),
            ascii_only=text.isascii() and "\\u" in text,
            newline="\r\n" if "\r\n" in text[:4096] else "\n",
            end=text[len(text.rstrip()) :],
        )


@dataclass(slots=True)
class Document:
    """A notebook of nbformat 4.

    Attributes:
        data: All of it; the cells are changed in place.
        style: How its text was formatted.
        is_text: Whether it was read as text, and is stored as text.
    """

    data: dict[str, Any]
    style: Style
    is_text: bool = True

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
        return cls(check_format(data, name), Style.detect(text))

    @property
    def cells(self) -> list[Any]:
        """Its cells, to be changed in place."""
        cells: list[Any] = self.data["cells"]
        return cells

    @property
    def has_ids(self) -> bool:
        """Whether its format gives every cell an id."""
        minor = self.data.get("nbformat_minor")
        return isinstance(minor, int) and minor >= 5

    @property
    def text(self) -> str:
        """The text to be stored, in its style."""
        style = self.style
        text = json.dumps(self.data, ensure_ascii=style.ascii_only, indent=style.indent, separators=style.separators)
        try:
            text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair can only be stored escaped
            text = json.dumps(self.data, indent=style.indent, separators=style.separators)
        return text.replace("\n", style.newline) + style.end


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
