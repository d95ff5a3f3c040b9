"""Values of text columns that are looked for: beyond the most frequent ones, whatever case and accents, without user code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_agent import kernelside
from tests.kernelside.conftest import Shell

NAMES = "names = [f'Guest {place:03}' for place in range(300)] + ['Zoë Núñez', 'Zoe Park', 'x' * 500]\n"
FRAMES = {
    "pandas": "import pandas as pd\nguests = pd.DataFrame({'guest': names, 'nights': range(303)})",
    "pandas objects": "import pandas as pd\nguests = pd.DataFrame({'guest': pd.Series(names, dtype=object)})",
    "polars": "import polars as pl\nguests = pl.DataFrame({'guest': names})",
}


def column(shell: Shell, values: list[str]) -> dict[str, Any]:
    variable = kernelside.inspect(shell.shell, "guests", None, values)["variable"]
    facts: dict[str, Any] = variable["facts"]["columns"][0]
    return facts


@pytest.mark.parametrize("library", FRAMES)
def test_texts_with_a_word_are_found_beyond_the_most_frequent(shell: Shell, library: str) -> None:
    shell.run(NAMES + FRAMES[library])
    assert column(shell, ["NUNEZ"])["found"] == ["Zoë Núñez"]
    assert sorted(column(shell, ["zoe", "park"])["found"]) == ["Zoe Park", "Zoë Núñez"]
    assert len(column(shell, ["guest"])["found"]) == 10
    assert "found" not in column(shell, ["nobody"])
    assert "found" not in column(shell, [])


def test_what_is_no_text_is_not_asked(shell: Shell) -> None:
    shell.run(
        """
        import pandas as pd
        class Loud:
            def __str__(self): raise SystemExit
            __repr__ = __eq__ = __hash__ = casefold = __str__
        class Text(str):
            def casefold(self): raise SystemExit
        guests = pd.DataFrame({'guest': pd.Series([f'g{place}' for place in range(30)] + [Loud(), Text('nunez')], dtype=object)})
        """.replace("\n        ", "\n")
    )
    assert "found" not in column(shell, ["nunez"])


def test_a_secret_column_is_not_searched(shell: Shell) -> None:
    shell.run(NAMES + "import pandas as pd\nguests = pd.DataFrame({'password': names})")
    assert column(shell, ["nunez"]).get("found") is None


def test_the_words_come_over_the_wire(shell: Shell) -> None:
    shell.run(NAMES + FRAMES["pandas"])
    answer: Callable[..., dict[str, Any]] = kernelside._installed_in(shell.shell).answer
    request = {"op": "inspect", "name": "guests", "column": None, "values": ["nunez"]}
    assert answer(request)["variable"]["facts"]["columns"][0]["found"] == ["Zoë Núñez"]
    assert "found" not in answer({**request, "values": "nunez"})["variable"]["facts"]["columns"][0]
