"""Tab after `%agent`: commands, options, variables and columns, and none of the user's code runs."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter

from jupyter_agent.kernelside.magic import completion, magics
from jupyter_agent.kernelside.magic.completion import CompletionNames
from tests.kernelside.conftest import Shell

KNOWN = CompletionNames(lambda: ("df", "dogs", "total"), lambda name: {"df": ("price", "unit price")}.get(name, ()))


@pytest.mark.parametrize(
    ("text", "fragment", "texts"),
    [
        ("%agent /hi", "/hi", ["/history"]),
        ("x = 1\n  %agent /hi", "/hi", ["/history"]),
        ("%%agent\n/hi", "/hi", ["/history"]),
        ("%agent /e", "/e", ["/explain", "/export", "/exit"]),
        ("%agent what is @d", "@d", ["@df", "@dogs"]),
        ("%agent what is (@e", "@e", ["@error"]),
        ("%%agent -f code\nfirst\nthen @d", "@d", ["@df", "@dogs"]),
        ("%agent mean of @df.p", "@df.p", ["@df.price"]),
        ("%agent mean of @df.u", "@df.u", ['@df["unit price"]']),
        ("%agent mean of @df['u", "@df['u", ["@df['unit price']"]),
        ("%agent /vars d", "d", ["df", "dogs"]),
        ("%agent /explain t", "t", ["total"]),
        ("%agent /share c", "c", ["copy"]),
        ("%agent --", "--", ["--model", "--session", "--format", "--approve", "--cell", "--run"]),
        ("%agent --cell --a", "--a", ["--approve"]),
        ("%agent -f m", "m", ["markdown"]),
        ("%agent --approve a", "a", ["ask", "auto-edit", "auto"]),
        ("%agent -f code /hi", "/hi", ["/history"]),
        ("%agent write to ann@d", "", []),
        ("%agent plain words", "", []),
        ("%agent what is - -", "", []),
    ],
)
def test_what_may_stand_at_the_cursor(text: str, fragment: str, texts: list[str]) -> None:
    found = completion.in_cell(text, KNOWN)
    assert found is not None
    assert list(found.texts) == texts
    if texts:
        assert found.fragment == fragment


@pytest.mark.parametrize("text", ["agent = @d", "%time @d", "x = '%agent'\n@d", "%agents @d"])
def test_other_cells_are_left_to_ipython(text: str) -> None:
    assert completion.in_cell(text, KNOWN) is None


def completed(shell: Any, text: str) -> list[str]:
    with provisionalcompleter():
        found = list(shell.Completer.completions(text, len(text)))
    return [
        completion_found.text for completion_found in found if completion_found.text != text[completion_found.start :]
    ]  # others would change nothing


def test_a_shell_completes_its_own_names_and_columns(shell: Shell) -> None:
    magics.load(shell.shell)
    shell.shell.user_ns["sales"] = pd.DataFrame({"price": [1], "unit price": [2], "pieces": [3]})
    shell.shell.user_ns["settings"] = {"alpha": 1, "beta": 2}
    assert completed(shell.shell, "%agent what is @sal") == ["@sales"]
    assert completed(shell.shell, "%agent what is @sales.p") == ["@sales.price", "@sales.pieces"]
    assert completed(shell.shell, "%agent @settings.") == ["@settings.alpha", "@settings.beta"]
    assert completed(shell.shell, "%agent /und") == ["/undo"]
    assert completed(shell.shell, "%agent what is sales.") == []
    assert completed(shell.shell, "import js") != []


def test_a_column_far_to_the_right_is_found(shell: Shell) -> None:
    magics.load(shell.shell)
    shell.shell.user_ns["wide"] = pd.DataFrame([range(200)], columns=[f"c{n}" for n in range(200)])
    assert completed(shell.shell, "%agent @wide.c19") == [f"@wide.c19{n}" for n in range(10)]


HOSTILE = """
touched = []
class Hostile:
    def __getattr__(self, name): touched.append(name); raise RuntimeError(name)
    def __getattribute__(self, name): touched.append(name); raise RuntimeError(name)
    def __dir__(self): touched.append('dir'); return ['column']
    def __repr__(self): touched.append('repr'); return ''
    def keys(self): touched.append('keys'); return ['column']
hostile = Hostile()
"""


@pytest.mark.parametrize("text", ["%agent @hos", "%agent @hostile.", "%agent @hostile.c", "%agent /vars ho"])
def test_V1_nothing_of_the_users_runs_for_a_completion(shell: Shell, text: str) -> None:
    magics.load(shell.shell)
    shell.run(HOSTILE)
    completed(shell.shell, text)
    assert shell.shell.user_ns["touched"] == []


def test_unloading_gives_tab_back(shell: Shell) -> None:
    before = list(shell.shell.Completer.custom_matchers)
    magics.load(shell.shell)
    magics.unload(shell.shell)
    assert shell.shell.Completer.custom_matchers == [
        completion_found
        for completion_found in before
        if getattr(completion_found, "matcher_identifier", "") != "jupyter-agent"
    ]
