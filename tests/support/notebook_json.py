"""Notebooks as their files have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def code(cell_id: str | None, source: str, **more: Any) -> dict[str, Any]:
    named = {} if cell_id is None else {"id": cell_id}
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, **named, "metadata": {}, "outputs": []}
    return {**cell, "source": source.splitlines(keepends=True), **more}


def notebook(*cells: dict[str, Any], minor: int = 5, **more: Any) -> dict[str, Any]:
    return {
        "cells": list(cells),
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": minor,
    } | more


def text_of(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def stored_cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a file."""
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells


def sources(path: Path) -> list[str]:
    """The sources of a file's cells."""
    return ["".join(cell["source"]) for cell in stored_cells(path)]


def write_executed(path: Path, *cells: tuple[str, int | None, str]) -> Path:
    """A notebook of code cells that ran: source, execution count, printed text."""
    written = []
    for place, (source, count, text) in enumerate(cells):
        outputs = [{"output_type": "stream", "name": "stdout", "text": text}] if text else []
        written.append(code(f"c{place}", source, execution_count=count, outputs=outputs))
    path.write_text(text_of(notebook(*written)), encoding="utf-8")
    return path
