"""Ask everyday questions of the model that needs no language model; see README.md.

Run: ``python -m benchmarks.questions.run tuned|cleaning|held_out|unseen_1|unseen_2 [--kernel K] [--kind K] [--only ID] [--out FILE]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

from benchmarks.questions.judge import Question, Verdict, code_of, judge
from benchmarks.tasks.sets import Task
from benchmarks.tasks.ways import Clicks, opened
from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core import question as turn
from jupyter_agent.core.events import Done, Failed
from jupyter_agent.core.protocols import Kernel, Notebook

FOLDER = Path(__file__).parent
_SECONDS = 60.0
_EVALUATE = """
import json, pathlib, numpy, pandas, polars
names = dict(globals(), np=numpy, pd=pandas, pl=polars, Either=Either)
values = {{}}
for key, code in json.loads({codes!r}).items():
    try:
        values[key] = encode(eval(code, names))
    except Exception as error:
        values[key] = ["error", repr(error)]
pathlib.Path({path!r}).write_text(json.dumps(values))
"""
# What is changed in place on trial is a copy.
_TRIAL = """
import copy, types
for name, value in list(globals().items()):
    if not name.startswith("_") and not isinstance(value, (type, types.ModuleType, types.FunctionType)):
        try:
            globals()[name] = copy.deepcopy(value)
        except Exception:
            pass
"""


async def run(questions: Sequence[Question], out: Path | None = None) -> list[tuple[Question, Verdict]]:
    """Ask the questions, all of a kernel in one process."""
    assistant = Assistant.from_config(JupyterAgent(model="offline", store="memory://"))
    results = []
    try:
        for name, group in groupby(questions, key=lambda question: question.kernel):
            source = (FOLDER / "kernels" / f"{name}.py").read_text(encoding="utf-8")
            cells = tuple(cell.strip("\n") for cell in source.split("# %%\n") if cell.strip())
            async with opened(Task(name, None, cells, ())) as (kernel, notebook):
                for question, verdict, record in await _answers(list(group), assistant, kernel, notebook):
                    results.append((question, verdict))
                    if out is not None:
                        with out.open("a", encoding="utf-8") as file:
                            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    finally:
        await assistant.close()
    return results


async def _answers(
    questions: Sequence[Question], assistant: Assistant, kernel: Kernel, notebook: Notebook
) -> list[tuple[Question, Verdict, dict[str, Any]]]:
    values = await _values(questions, kernel)
    answers = []
    for question in questions:
        value = values.get(question.id)
        last: Any = None
        for text in question.ask:
            last = await _ask(text, question.id, assistant, kernel, notebook)
        reply = last.reply if isinstance(last, Done) else f"{last.code}: {last.message}"
        trial, raises = await _tried(code_of(reply), kernel)
        holds = not question.after or await _holds(question.after, code_of(reply)[:1], kernel)
        declined = bool(getattr(last, "declined", None)) or not isinstance(last, Done)
        verdict = judge(question, value, reply, declined=declined, trial=trial, raises=raises, holds=holds)
        record = {
            "verdict": verdict,
            **asdict(question),
            "value": value,
            "reply": reply,
            "trial": trial,
            "raises": raises,
        }
        answers.append((question, verdict, record))
    if await _values(questions, kernel) != values:
        print(
            f"The answers changed the kernel {questions[0].kernel}: its later questions may have been judged wrongly."
        )
    return answers


async def _ask(text: str, session: str, assistant: Assistant, kernel: Kernel, notebook: Notebook) -> Done | Failed:
    user = Clicks()
    question = turn.Question(
        "local",
        text,
        session_id=session,
        notebook_id="task.ipynb",
        kernel=kernel,
        notebook=notebook,
        model="offline",
        decide=user.decide,
        is_allowed=user.is_allowed,
    )
    last: Any = Failed("There was no answer.", "none", retryable=False)
    async with aclosing(assistant.ask(question)) as events:
        async for event in events:
            last = event
    return last if isinstance(last, (Done, Failed)) else Failed("There was no answer.", "none", retryable=False)


async def _values(questions: Sequence[Question], kernel: Kernel) -> dict[str, Any]:
    """What the expected expressions give in the kernel, which stays as it is."""
    codes = json.dumps({question.id: question.expected for question in questions if question.expected})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "values.json")
        helpers = (FOLDER / "values.py").read_text(encoding="utf-8")
        code = helpers + _EVALUATE.format(codes=codes, path=str(path))
        result = await kernel.try_execute(code, timeout=_SECONDS)
        if result.status != "ok":
            raise RuntimeError(result.text)
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))  # noqa: ASYNC240 -- it is small
    for name, value in values.items():
        if isinstance(value, list) and value[0] == "error":
            print(f"The expected value of {name} raises {value[1]}")
    return values


async def _tried(blocks: Sequence[str], kernel: Kernel) -> tuple[str, bool]:
    """What offered code shows on copies of the user's objects, and whether any of its blocks raises."""
    shown, raises = [], False
    for block in blocks:
        result = await kernel.try_execute(_TRIAL + block, timeout=_SECONDS)
        shown.append(result.text)
        raises = raises or result.status != "ok"
    return "\n".join(shown), raises


async def _holds(after: str, blocks: Sequence[str], kernel: Kernel) -> bool:
    """Whether something is true once code has run on copies of the user's objects."""
    code = "\n".join([_TRIAL, *blocks, "import numpy as np, pandas as pd, polars as pl", f"assert {after}"])
    return (await kernel.try_execute(code, timeout=_SECONDS)).status == "ok"


def read_questions(half: str) -> list[Question]:
    return [Question(**entry) for entry in json.loads((FOLDER / f"{half}.json").read_text(encoding="utf-8"))]


def table(results: Sequence[tuple[Question, Verdict]]) -> str:
    """The counts by kind, with the share of each verdict at the end."""
    kinds: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for question, verdict in results:
        kinds[question.kind][verdict] += 1
        kinds["all"][verdict] += 1
    verdicts: tuple[Verdict, ...] = get_args(Verdict)
    lines = ["| kind | asked | " + " | ".join(verdicts) + " |", "|---|--:|" + "--:|" * len(verdicts)]
    for kind in sorted(kinds, key=lambda kind: (kind == "all", kind)):
        counts = kinds[kind]
        lines.append(f"| {kind} | {counts.total()} | {' | '.join(str(counts[verdict]) for verdict in verdicts)} |")
    shares = (f"{kinds['all'][verdict] / max(1, len(results)):.1%}" for verdict in verdicts)
    return "\n".join([*lines, f"| share | | {' | '.join(shares)} |"])


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.questions.run")
    parser.add_argument("half", choices=("tuned", "cleaning", "held_out", "unseen_1", "unseen_2"))
    parser.add_argument("--kernel", action="append", help="only the questions on this kernel; again for more")
    parser.add_argument("--kind", action="append", help="only this kind")
    parser.add_argument("--only", action="append", help="only the question of this id")
    parser.add_argument("--out", type=Path, help="a file to which each reply is added as a JSON line")
    arguments = parser.parse_args(words)
    questions = [
        question
        for question in read_questions(arguments.half)
        if (not arguments.kernel or question.kernel in arguments.kernel)
        and (not arguments.kind or question.kind in arguments.kind)
        and (not arguments.only or question.id in arguments.only)
    ]
    print(table(asyncio.run(run(questions, arguments.out))))


if __name__ == "__main__":
    main()
