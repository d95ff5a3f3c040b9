"""Sets of questions in the form of InfiAgent's DABench, sessions in the manner of DSEval, and when an answer is right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

Verdict: TypeAlias = Literal["right", "wrong", "declined", "failed"]
Answers: TypeAlias = tuple[tuple[str, str], ...]
_VALUE = re.compile(r"@(\w+)\[([^\]]*)\]")
_NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,  ]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Step:
    """One question.

    Attributes:
        query: As it is asked.
        answers: Names and values of the label.
        is_closed_form: Whether the answer has to say them as ``@name[value]``.
        check: Python that is true in the kernel when it was done; empty where nothing is to be done.
        intact: Names whose values must be as before.
    """

    query: str
    answers: Answers = ()
    is_closed_form: bool = False
    check: str = ""
    intact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A table, cells that have run, and the steps of one conversation.

    Attributes:
        id: Within its set.
        table: The CSV file; None where the cells need none.
        setup: Code of the cells.
        steps: In order.
    """

    id: str
    table: Path | None
    setup: tuple[str, ...]
    steps: tuple[Step, ...]


def read_set(folder: Path) -> list[Task]:
    """The questions and sessions of a folder."""
    labels = {line["id"]: _answers(line["common_answers"]) for line in _lines(folder / "da-dev-labels.jsonl")}
    tables = folder / "da-dev-tables"
    tasks = []
    for line in _lines(folder / "da-dev-questions.jsonl"):
        form = str(line.get("format") or "")
        parts = [line["question"], line.get("constraints"), form and f"Answer in this form:\n{form}"]
        step = Step("\n\n".join(filter(None, parts)), labels[line["id"]], bool(form))
        tasks.append(Task(str(line["id"]), tables / line["file_name"], (_load(line["file_name"]),), (step,)))
    for line in _lines(folder / "sessions.jsonl"):
        steps = tuple(
            Step(
                step["query"],
                _answers(step.get("answers", ())),
                check=step.get("check", ""),
                intact=tuple(step.get("intact", ())),
            )
            for step in line["steps"]
        )
        name = line.get("file_name", "")
        setup = (*((_load(name),) if name else ()), *line.get("setup", ()))
        tasks.append(Task(f"session {line['id']}", tables / name if name else None, setup, steps))
    return tasks


def verdict_of(step: Step, reply: str, *, is_done: bool = True, has_acted: bool = False) -> Verdict:
    """Whether an answer is right.

    Args:
        step: The question.
        reply: The answer.
        is_done: Whether the kernel is as it is to be.
        has_acted: Whether anything was run or changed for it.
    """
    if step.is_closed_form:
        found = dict(_VALUE.findall(reply))
        if not found:
            return "declined"
        is_right = all(name in found and _is_equal(found[name], value) for name, value in step.answers)
    else:
        is_right = all(_holds(reply, value) for _, value in step.answers)
        if not is_right and not _NUMBER.search(reply) and not has_acted:
            return "declined"
        if not is_done and not has_acted:
            return "declined"
    return "right" if is_right and is_done else "wrong"


def _is_equal(found: str, value: str) -> bool:
    try:
        return abs(float(found) - float(value)) < _TOLERANCE
    except ValueError:
        return found.strip() == value.strip()


def _holds(reply: str, value: str) -> bool:
    """Whether a text holds a value as a whole word; a number rounded to the digits that the label has."""
    try:
        wanted = float(value)
    except ValueError:
        return re.search(rf"(?<!\w){re.escape(value.casefold())}(?!\w)", reply.casefold()) is not None
    digits = len(value.partition(".")[2])
    return any(abs(round(number, digits) - wanted) < _TOLERANCE for number in _numbers(reply))


def _numbers(text: str) -> Iterable[float]:
    for match in _NUMBER.finditer(text):
        try:
            yield float(re.sub(r"[,  ]", "", match[0]).replace("−", "-"))
        except ValueError:
            continue


def _load(file_name: str) -> str:
    return f"import pandas as pd\n\ndf = pd.read_csv({file_name!r})"


def _answers(pairs: Sequence[Sequence[Any]]) -> Answers:
    return tuple((str(name), str(value)) for name, value in pairs)


def _lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return [json.loads(line) for line in text.splitlines() if line.strip()]
