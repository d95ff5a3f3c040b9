"""Ask the questions of a set of a model, with and without the assistant; see README.md.

Run: ``python -m benchmarks.tasks.run FOLDER [--model NAME] [--way agent|bare] [--limit N] [--only ID] [--record WORDS]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.tasks.sets import read_set
from benchmarks.tasks.ways import Result, answer_task
from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent, read_config_files

RESULTS = Path(__file__).with_name("RESULTS.md")
WAYS = ("agent", "bare")


def row(folder: str, model: str, way: str, results: Sequence[Result], words: str = "") -> str:
    """One line of the table of results."""
    counts = Counter(result.verdict for result in results)

    def mean(name: str, digits: int) -> str:
        return f"{sum(getattr(result, name) for result in results) / max(1, len(results)):.{digits}f}"

    cells = (
        f"{datetime.now(UTC):%Y-%m-%d}",
        folder,
        model,
        way,
        len(results),
        *(counts[verdict] for verdict in ("right", "wrong", "declined", "failed")),
        mean("tokens", 0),
        mean("requests", 1),
        mean("clicks", 1),
        mean("seconds", 1),
        words,
    )
    return f"| {' | '.join(map(str, cells))} |"


async def run(arguments: argparse.Namespace, assistant: Assistant) -> list[str]:
    """Ask all questions in each way; the lines of the table."""
    model = arguments.model or assistant.default_model
    tasks = [task for task in read_set(arguments.folder) if not arguments.only or task.id in arguments.only]
    results: dict[str, list[Result]] = {way: [] for way in arguments.way or WAYS}
    for task in tasks[: arguments.limit]:
        for way, answered in results.items():  # one after the other on the same question: neither has a quieter machine
            for result in await answer_task(task, way, assistant, model):
                answered.append(result)
                print(f"{way:6}{result.task:16}{result.verdict:9}{result.seconds:6.1f} s  {result.reply[:100]!r}")
                if arguments.answers is not None:
                    with arguments.answers.open("a", encoding="utf-8") as file:
                        file.write(json.dumps({"way": way, **asdict(result)}, ensure_ascii=False) + "\n")
    return [row(arguments.folder.name, model, way, answered, arguments.record) for way, answered in results.items()]


async def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tasks.run")
    parser.add_argument("folder", type=Path, help="a set, see README.md")
    parser.add_argument("--model", default="", help="provider:model; the configured one if missing")
    parser.add_argument("--way", action="append", choices=WAYS, help="only this way")
    parser.add_argument("--limit", type=int, help="only the first tasks")
    parser.add_argument("--only", action="append", help="only the task of this id; again for more")
    parser.add_argument("--answers", type=Path, help="a file to which each answer is added as a JSON line")
    parser.add_argument("--record", default="", help="what this run is; adds it to RESULTS.md")
    arguments = parser.parse_args(words)
    assistant = Assistant.from_config(JupyterAgent(config=read_config_files(), store="memory://"))
    try:
        rows = await run(arguments, assistant)
    finally:
        await assistant.close()
    print("\n".join(["", *RESULTS.read_text(encoding="utf-8").splitlines()[4:6], *rows]))
    if arguments.record:
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in rows))


if __name__ == "__main__":
    asyncio.run(main())
