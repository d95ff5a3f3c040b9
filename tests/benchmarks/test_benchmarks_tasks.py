"""The runner of tasks: when an answer is right, and both ways on a real kernel with a model that plays a script."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.tasks.run import run
from benchmarks.tasks.sets import Step, read_set, verdict_of
from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.models.scripted import ScriptedModel

OWN = Path(__file__).resolve().parents[2] / "benchmarks" / "tasks" / "own"
CLOSED = Step("?", (("mean", "43.02"), ("city", "Hof")), is_closed_form=True)
OPEN = Step("?", (("mean", "43.02"),))


@pytest.mark.parametrize(
    ("step", "reply", "verdict"),
    [
        (CLOSED, "@mean[43.02] @city[Hof]", "right"),
        (CLOSED, "@city[ Hof ], then @mean[43.020]", "right"),
        (CLOSED, "@mean[43.02]", "wrong"),
        (CLOSED, "@mean[43.0] @city[Hof]", "wrong"),
        (CLOSED, "It is 43.02 in Hof.", "declined"),
        (OPEN, "The mean is 43.0163.", "right"),
        (OPEN, "43.1", "wrong"),
        (OPEN, "I cannot know that.", "declined"),
        (Step("?", (("sum", "1200"),)), "There are 1,200 rows.", "right"),
        (Step("?", (("change", "-3"),)), "It fell by −3.", "right"),
        (Step("?", (("city", "Hof"),)), "Hofgarten", "declined"),
    ],
)
def test_an_answer_is_right_by_its_values(step: Step, reply: str, verdict: str) -> None:
    assert verdict_of(step, reply) == verdict


def test_what_was_to_be_done_counts_by_the_kernel_not_by_the_words() -> None:
    assert verdict_of(Step("?", check="x"), "I did it, 5 times.", is_done=False) == "declined"
    assert verdict_of(Step("?", check="x"), "I did it.", is_done=False, has_acted=True) == "wrong"
    assert verdict_of(Step("?", check="x"), "", is_done=True, has_acted=True) == "right"


def test_the_own_set_is_in_the_form_of_dabench() -> None:
    tasks = read_set(OWN)
    assert [task.id for task in tasks] == ["0", "1", "2", "3", "4", "5", "session trips", "session stock"]
    assert [step.is_closed_form for task in tasks[:6] for step in task.steps] == [True] * 4 + [False] * 2
    assert tasks[2].steps[0].answers == (("city", "Hof"), ("sum_km", "789.0"))
    assert "Answer in this form:\n@city[name]" in tasks[2].steps[0].query


async def test_both_ways_answer_the_same_questions_in_kernels_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    code = 'print(f"@mean_km[{df.km.mean():.2f}]")'
    script = ScriptedModel(
        [
            {"match": "A pandas DataFrame", "text": f"```python\n{code}\n```"},
            {"match": "mean of the column", "calls": [{"name": "run_code", "arguments": {"code": code}}]},
            {"match": "mean of the column", "text": "@mean_km[43.02]"},
            {"match": "out of stock", "text": "1 kind."},
            {"match": "Put 20", "calls": [{"name": "run_code", "arguments": {"code": "stock['bolts'] = 20"}}]},
            {"match": "Put 20", "text": "Done."},
            {"match": "in all", "text": "There are 36."},
        ]
    )
    assistant = Assistant.from_config(JupyterAgent(model="scripted", store="memory://"))
    assistant.resources.models["scripted"] = script
    arguments = Namespace(
        folder=OWN, model="", way=None, limit=None, only=["0", "session stock"], answers=None, record="a test"
    )
    try:
        agent, bare = await run(arguments, assistant)
    finally:
        await assistant.close()
    cells = [cell.strip() for cell in agent.split("|")][2:-1]
    assert cells[:8] == ["own", "scripted", "agent", "4", "3", "1", "0", "0"]
    assert cells[9:11] == ["1.5", "0.5"]
    assert [cell.strip() for cell in bare.split("|")][4:9] == ["bare", "4", "2", "1", "1"]
    assert "'There are 36.'" in capsys.readouterr().out
