"""Tools of other distributions: one that cannot be used is named and left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.environments import foreign_tools

PROGRAM = """
import json
from jupyter_agent.config import entry_points
from jupyter_agent.tools import registry
tools, problems = registry.load(())
print(json.dumps([{name: type(tool).__module__ for name, tool in tools.items()}, problems, entry_points.broken()]))
"""


def test_N16_a_tool_of_others_that_is_none_is_named_and_ours_keep_their_names(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([foreign_tools(tmp_path), *sys.path])}
    run = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    tools, problems, broken = json.loads(run.stdout)
    assert tools["good"] == "foreign_tools"
    assert tools["run_code"] == "jupyter_agent.tools.running"
    assert not {"number", "namesake", "no_effect", "no_schema"} & set(tools)
    reasons = {
        "number": "it is no tool: spec, effect or call is missing",
        "namesake": "its spec is named 'another'",
        "no_effect": "its effect is none of read, execute, write",
        "no_schema": "'nothing' is not valid under any of the given schemas",
        "run_code": "is left out: there is another of that name",
    }
    assert len(problems) == len(reasons)
    for name, reason in reasons.items():
        (problem,) = [problem for problem in problems if f"The tool '{name}' (of foreign-tools)" in problem]
        assert reason in problem
    assert [problem for problem in broken if "run_code" in problem]
