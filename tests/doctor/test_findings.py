from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jupyter_agent.core.kernel_state import Cell, KernelState
from jupyter_agent.doctor.findings import FileRead, files_read
from tests.support.notebook_session import NotebookSession, report_on

CLEAN = NotebookSession(
    "import pandas as pd", "df = pd.read_csv('a.csv')", "df['b'] = df['a'] * 2", "df.describe()"
).run()


def test_a_notebook_run_from_top_to_bottom_has_nothing_to_tell() -> None:
    assert CLEAN.report.findings == ()
    assert CLEAN.verdict == "reproduces"
    assert CLEAN.report.run == ()
    assert CLEAN.report.unknown == ()


def test_a_cell_is_stale_when_its_input_was_made_anew_since() -> None:
    notebook = NotebookSession("x = 1", "y = x + 1", "print(y)").run().edit("a", "x = 2").run("a")
    assert notebook.about("stale") == [("bc", "x")]
    assert "In [4]" in notebook.findings("stale")[0].reason
    assert notebook.report.run == ("b", "c")


def test_running_a_cell_again_to_the_same_end_makes_nothing_stale() -> None:
    notebook = NotebookSession("import numpy as np", "x = np.zeros(3)", "y = x + 1").run().run("a", "b")
    assert notebook.report.findings == ()
    assert notebook.verdict == "reproduces"


def test_a_name_used_again_below_makes_no_cell_above_stale() -> None:
    notebook = NotebookSession("x = 1", "print(x)", "x = 2", "print(x)").run()
    assert notebook.report.findings == ()


def test_a_cell_edited_since_it_ran_is_told_with_what_it_left() -> None:
    notebook = NotebookSession("rate = 0.1", "tax = 100 * rate").run().edit("a", "rate = 0.2")
    assert notebook.about("edited") == [("ab", "rate")]
    assert notebook.about("stale") == []
    assert notebook.verdict == "differs at a"
    assert notebook.report.run == ("a", "b")


def test_another_layout_is_no_edit() -> None:
    notebook = NotebookSession("x=1", "print( x )").run().edit("a", "x = 1  # the first").edit("b", "print(x)")
    assert notebook.report.findings == ()


def test_a_variable_whose_cell_was_deleted_is_an_orphan() -> None:
    notebook = NotebookSession("x = 1", "y = 2", "print(y)").run().delete("a")
    assert notebook.about("orphaned") == [("", "x")]
    assert notebook.verdict == "reproduces"
    assert notebook.report.prediction.lost == ("x",)


def test_a_variable_that_its_cell_no_longer_makes_is_an_orphan() -> None:
    notebook = NotebookSession("total = 1", "print(total)").run().edit("a", "amount = 1").run("a")
    assert notebook.about("orphaned") == [("a", "total")]
    assert notebook.verdict == "fails at b"


def test_a_deleted_cell_that_others_need_stops_a_run_from_the_top() -> None:
    notebook = NotebookSession("import math", "r = 2", "math.pi * r").run().delete("b")
    assert notebook.verdict == "fails at c"
    assert notebook.report.prediction.differences[0].names == ("r",)


def test_a_deleted_cell_that_changed_a_frame_lets_a_run_differ() -> None:
    notebook = NotebookSession("df = load()", "df.dropna(inplace=True)", "df.mean()")
    notebook.cells.insert(0, Cell("z", "code", "from data import load"))
    assert notebook.run().delete("b").verdict == "differs at c"


def test_a_cell_that_needs_a_name_first_bound_below_is_out_of_order() -> None:
    notebook = NotebookSession("print(x)", "x = 1").run("b", "a")
    assert notebook.about("out_of_order") == [("a", "x")]
    assert notebook.verdict == "fails at a"


def test_a_cell_that_used_what_a_cell_below_left_is_out_of_order() -> None:
    notebook = NotebookSession("x = 1", "y = x * 10", "x = 2").run("a", "c", "b")
    assert notebook.about("out_of_order") == [("b", "x")]
    assert notebook.verdict == "differs at b"


def test_a_cell_that_never_ran_is_told() -> None:
    notebook = NotebookSession("x = 1", "y = x", "# only words").run("a")
    assert notebook.about("never_run") == [("b", "y")]
    assert notebook.report.run == ("b",)


@pytest.mark.parametrize(
    ("sources", "cells"),
    [
        (("import time", "time = 3"), "ba"),
        (("from math import gcd", "from numpy import gcd"), "ba"),
        (("from statistics import mean", "mean = 4.5", "x = mean"), "ba"),
        (("list = [1]", "y = list((1, 2))"), "a"),
    ],
)
def test_a_shadowed_import_or_builtin_is_told(sources: tuple[str, ...], cells: str) -> None:
    assert [cells for cells, _ in NotebookSession(*sources).run().about("shadowed")] == [cells]


def test_importing_the_same_thing_twice_shadows_nothing() -> None:
    assert NotebookSession("import numpy as np", "import numpy as np\nnp.zeros(1)").run().report.findings == ()


@pytest.mark.parametrize(
    ("first", "again", "names"),
    [
        ("rows = []", "rows.append(1)", "rows"),
        ("n = 0", "n += 1", "n"),
        ("n = 0", "n = n + 1", "n"),
        ("import pandas as pd\ndf = pd.DataFrame()", "df['a'] = df['a'] / 2", "df"),
        ("import pandas as pd\ndf = pd.DataFrame()", "df.drop(columns='a', inplace=True)", "df"),
        ("import random\ndeck = [1, 2]", "random.shuffle(deck)", "deck"),
        ("import collections\nseen = collections.deque()\ndef note(x): seen.append(x)", "note(1)", "seen"),
        ("def note(to, x): to.append(x)\nseen = []", "note(seen, 1)", "seen"),
        ("total = 0\ndef count():\n    global total\n    total += 1", "count()", "total"),
    ],
)
def test_a_cell_that_changes_its_object_each_time_is_told_when_it_ran_again(first: str, again: str, names: str) -> None:
    notebook = NotebookSession(first, again).run().run("b")
    assert notebook.about("rerun") == [("b", names)]
    assert notebook.verdict.startswith("differs")


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("rows = set()", "rows.add(1)"),
        ("d = {}", "d['a'] = 1"),
        ("import pandas as pd\ndf = pd.DataFrame()", "df['b'] = df['a'] * 2"),
        ("import pandas as pd\ndf = pd.DataFrame()", "df = df.dropna()"),
        ("import pandas as pd\ndf = pd.DataFrame()", "df = df[df.age > 3]"),
        ("import pandas as pd\ndf = pd.DataFrame()", "df['when'] = pd.to_datetime(df['when'])"),
        ("import pandas as pd\ndf = pd.DataFrame()", "df.columns = ['a']"),
        ("import pandas as pd\ndf = pd.DataFrame()", "df.fillna(0, inplace=True)"),
        ("from sklearn.linear_model import Ridge\nX = y = 1\nm = Ridge()", "m.fit(X, y)"),
        ("x = [1]", "x.sort()"),
        ("a = 1", "b = a + 1\nb += 1"),
    ],
)
def test_a_cell_that_comes_to_the_same_each_time_may_run_again(first: str, again: str) -> None:
    notebook = NotebookSession(first, again).run().run("b", "b")
    assert notebook.about("rerun") == []
    assert notebook.verdict == "reproduces"


def test_running_the_maker_again_makes_a_repeated_change_undone() -> None:
    notebook = NotebookSession("rows = []", "rows.append(1)").run().run("b").run("a", "b")
    assert notebook.about("rerun") == []
    assert notebook.verdict == "reproduces"


@pytest.mark.parametrize("source", ["_ + 1", "Out[1]", "x = In[1]", "_1", "print(__)"])
def test_what_depends_on_in_out_or_underscore_is_told(source: str) -> None:
    notebook = NotebookSession("1 + 1", source).run()
    assert notebook.about("history") == [("b", "")]


def test_an_output_taken_by_number_is_another_once_cells_ran_in_another_order() -> None:
    assert NotebookSession("1 + 1", "2 + 2", "Out[1] * 3").run().verdict == "reproduces"
    assert NotebookSession("1 + 1", "2 + 2", "Out[1] * 3").run("b", "a", "c").verdict == "differs at c"


RANDOM = [
    ("import numpy as np", "x = np.random.rand(3)"),
    ("import numpy as np", "rng = np.random.default_rng()\nx = rng.normal()"),
    ("import random", "x = random.choice([1, 2])"),
    ("from random import randint as roll", "x = roll(1, 6)"),
    ("from sklearn.model_selection import train_test_split as split", "a, b = split([1, 2])"),
    ("from sklearn.cluster import KMeans\nX = []", "labels = KMeans(3).fit(X).labels_"),
    ("from sklearn.ensemble import RandomForestClassifier\nX = y = []", "m = RandomForestClassifier()\nm.fit(X, y)"),
    (
        "from sklearn.pipeline import make_pipeline\nfrom sklearn.svm import LinearSVC\nX = y = []",
        "m = make_pipeline(LinearSVC())\nm.fit(X, y)",
    ),
    ("import pandas as pd\ndf = pd.DataFrame()", "few = df.sample(3)"),
    ("from scipy import stats", "x = stats.norm(0, 1).rvs(10)"),
    ("import numpy as np\ndef draw(): return np.random.rand()", "x = draw()"),
    ("from deck import Deck\ndeck = Deck()", "cards = deck.choice(3)"),
    ("import uuid", "x = uuid.uuid4()"),
]


@pytest.mark.parametrize(("imports", "source"), RANDOM, ids=[case[1][:40] for case in RANDOM])
def test_randomness_without_a_seed_is_told(imports: str, source: str) -> None:
    notebook = NotebookSession(imports, source, "print(1)").run()
    assert notebook.about("random") == [("b", "")]
    assert notebook.verdict == "differs at b"


SEEDED = [
    ("import numpy as np\nnp.random.seed(1)", "x = np.random.rand(3)"),
    ("import numpy as np\nrng = np.random.default_rng(1)", "x = rng.normal()"),
    ("import random\nrandom.seed(3)", "x = random.choice([1, 2])"),
    ("from sklearn.model_selection import train_test_split as split", "a, b = split([1, 2], random_state=0)"),
    ("from sklearn.cluster import KMeans\nX = []", "labels = KMeans(3, random_state=1).fit(X).labels_"),
    (
        "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\nX = y = []\nnp.random.seed(1)",
        "m = RandomForestClassifier()\nm.fit(X, y)",
    ),
    ("import numpy as np\ndef draw():\n    np.random.seed(1)\n    return np.random.rand()", "x = draw()"),
    ("import pandas as pd\ns = pd.Series()", "weekly = s.resample('W').mean()"),
]


@pytest.mark.parametrize(("imports", "source"), SEEDED, ids=[case[1][:40] for case in SEEDED])
def test_randomness_with_a_seed_reproduces(imports: str, source: str) -> None:
    notebook = NotebookSession(imports, source).run()
    assert notebook.report.findings == ()
    assert notebook.verdict == "reproduces"


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("sns.regplot(x='a', y='b', data=df);", "differs at b"),
        ("sns.regplot(x='a', y='b', data=df, ci=None);", "reproduces"),
        ("sns.lmplot(x='a', y='b', data=df, seed=1);", "reproduces"),
        ("sns.pairplot(df);", "reproduces"),
        ("sns.pairplot(df, kind='reg');", "differs at b"),
        ("sns.barplot(x='sex', y='age', data=df);", "differs at b"),
        ("sns.barplot(x='sex', y='age', data=df, errorbar='sd');", "reproduces"),
        ("sns.barplot(x=counts.index, y=counts.values);", "reproduces"),
    ],
)
def test_error_bands_of_seaborn_are_drawn_anew_whatever_is_seeded(source: str, verdict: str) -> None:
    first = "import numpy as np, seaborn as sns\nnp.random.seed(1)\ndf = sns.load_dataset('a')\ncounts = df.a.value_counts()"
    assert NotebookSession(first, source).run().verdict == verdict


def test_pictures_are_as_at_first_once_what_was_set_is_taken_back() -> None:
    sources = ("import matplotlib.pyplot as plt", "plt.plot([1, 2])", "plt.rc('figure', figsize=(9, 9))")
    assert NotebookSession(*sources).run().run("b").report.prediction.verdict == "differs"
    taken_back = NotebookSession(*sources, "plt.rcdefaults()").run().run("b")
    assert taken_back.report.prediction.verdict == "reproduces"


def test_what_making_an_object_does_its_other_methods_do_not() -> None:
    source = "import numpy as np\nnp.random.seed(1)\nclass net:\n    def __init__(self): self.w = np.random.rand()\n"
    notebook = NotebookSession(f"{source}    def predict(self, x): return x * 2", "n = net()", "y = n.predict(3)").run()
    assert notebook.run("c").report.prediction.verdict == "reproduces"
    draws = NotebookSession(
        f"{source}    def predict(self, x): return np.random.rand()", "n = net()", "y = n.predict(3)"
    )
    assert draws.run().run("c").report.prediction.verdict == "differs"


def test_what_a_library_was_told_is_what_is_read_of_it() -> None:
    source = "mpl.rcParams['figure.dpi'] = 90\nmpl.rcParams['figure.dpi']"
    notebook = NotebookSession("import matplotlib as mpl", source).run()
    assert notebook.report.prediction.verdict == "reproduces"
    assert notebook.edit("b", source.replace("90", "91")).report.prediction.verdict == "differs"


def test_shell_lines_that_look_at_the_clock_or_the_net_are_told() -> None:
    notebook = NotebookSession(
        "!date", "!git commit -am done && git log", "!wget https://example.org/a.csv", "!ls"
    ).run()
    assert notebook.about("time") == [("ab", "")]
    assert notebook.about("network") == [("c", "")]


def test_a_function_is_judged_by_what_comes_of_calling_it() -> None:
    unused = NotebookSession("def f(): return 1", "x = 1").run().edit("a", "def f(): return 2")
    assert (unused.verdict, unused.about("edited")) == ("reproduces", [("a", "f")])
    used = NotebookSession("def f(): return 1", "x = f()").run().edit("a", "def f(): return 2")
    assert used.verdict == "differs at b"


def test_a_final_semicolon_counts_before_comments() -> None:
    assert NotebookSession("x = 1", "x;").run().edit("b", "x;\n# why").report.findings == ()


def test_a_function_may_take_what_the_loop_binds_that_calls_it() -> None:
    loop = "def fits(day): return month > day\nfor month in [1, 2]:\n    if fits(1): print(month)"
    assert NotebookSession(loop).run().verdict == "reproduces"
    assert NotebookSession("def fits(day): return month > day\nfits(1)").verdict == "fails at a"


def test_a_cell_that_ran_as_it_stands_runs_again_whatever_its_names_seem_to_be() -> None:
    assert NotebookSession("hey", "x = 1").run().verdict == "reproduces"  # an alias, or a magic without a per cent sign
    assert NotebookSession("hey", "x = 1").run("b").verdict == "fails at a"
    assert NotebookSession("rate = 1", "rate * 2").run().delete("a").verdict == "fails at b"


def test_drawing_again_from_a_seeded_generator_differs() -> None:
    notebook = NotebookSession("import numpy as np\nnp.random.seed(1)", "x = np.random.rand()").run().run("b")
    assert notebook.verdict == "differs at b"


def test_a_fitted_search_notes_its_times_and_its_best_parameters_do_not() -> None:
    search = "from sklearn.model_selection import GridSearchCV\nX = y = []\ns = GridSearchCV(None, {})\ns.fit(X, y)"
    notebook = NotebookSession(search, "best = s.best_params_\nprint(best)", "s.cv_results_").run()
    assert [(difference.cell_id, difference.names) for difference in notebook.report.prediction.differences] == [
        ("a", ("s",)),
        ("c", ()),
    ]
    assert notebook.about("time") == [("c", "")]


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("time", "import datetime\nx = datetime.datetime.now()"),
        ("time", "from time import time\nx = time()"),
        ("network", "import requests\nx = requests.get('https://example.org')"),
        ("network", "import pandas as pd\nx = pd.read_csv('https://example.org/a.csv')"),
        ("input", "x = input()"),
    ],
)
def test_time_network_and_questions_to_the_user_are_told(kind: str, source: str) -> None:
    assert [cells for cells, _ in NotebookSession(source).run().about(kind)] == ["a"]


def test_a_file_changed_after_it_was_read_is_told() -> None:
    notebook = NotebookSession("x = open('a.txt').read()").run()
    state = notebook.state
    assert files_read(notebook.flow) == (FileRead("a", "a.txt", 1001.0),)
    report = report_on(notebook.cells, state).with_files({"a.txt": 5000.0})
    assert [(finding.kind, finding.cells) for finding in report.findings] == [("file_changed", ("a",))]
    assert "except for the files that have changed since" in report.to_markdown()
    assert report_on(notebook.cells, state).with_files({"a.txt": 5.0}).findings == ()


def test_a_file_newer_than_a_saved_notebook_was_changed_after_its_cells_ran() -> None:
    cells = [Cell("a", "code", "import pandas as pd\ndf = pd.read_csv('data/a.csv')", 1)]
    for changed, kinds in ((900.0, []), (1100.0, ["file_changed"])):
        report = report_on(cells).with_files({"data/a.csv": changed}, saved=1000.0)
        assert [finding.kind for finding in report.findings] == kinds


@pytest.mark.parametrize(
    "source",
    [
        "open('a.txt', 'w').write('1')\nx = open('a.txt').read()",
        "!curl -O https://example.org/a.txt\nx = open('a.txt').read()",
    ],
)
def test_a_file_that_the_cell_writes_itself_has_not_changed_since(source: str) -> None:
    notebook = NotebookSession(source).run()
    report = report_on(notebook.cells, notebook.state).with_files({"a.txt": 5000.0})
    assert "file_changed" not in {finding.kind for finding in report.findings}


@pytest.mark.parametrize("moves", ["import os\nos.chdir('data')", "%cd data"])
def test_names_of_files_mean_nothing_where_the_working_folder_changes(moves: str) -> None:
    assert files_read(NotebookSession(moves, "x = open('a.txt').read()").run().flow) == ()


def test_a_failed_cell_fails_again_while_nothing_that_it_needs_changes() -> None:
    notebook = NotebookSession("x = 0", "y = 1 / x", "z = 1").run("a").run("b", fails="ZeroDivisionError").run("c")
    assert notebook.verdict == "fails at b"
    assert notebook.edit("a", "x = 2").run("a").verdict == "differs at b"


def test_names_of_a_star_import_are_not_missing() -> None:
    notebook = NotebookSession("from pylab import *", "x = linspace(0, 1)").run()
    assert notebook.verdict == "reproduces"
    assert notebook.cells_of("x") == "ab"


def test_a_column_set_in_another_order_is_another_frame() -> None:
    first = "import pandas as pd\ndf = pd.DataFrame({'a': [1]})"
    notebook = NotebookSession(first, "df['b'] = 1", "df['c'] = 2", "df").run()
    assert notebook.order("acbd").verdict == "differs at c"


def test_cells_that_have_nothing_in_common_may_change_places() -> None:
    notebook = NotebookSession("x = 1", "y = 2", "print(x, y)").run()
    assert notebook.order("bac").verdict == "reproduces"


def test_names_of_one_object_change_together() -> None:
    notebook = NotebookSession("a = []", "b = a", "b.append(1)", "print(a)").run()
    assert notebook.cells_of("a") == "abc"
    assert notebook.delete("c").verdict == "differs at d"


def test_what_the_tracker_saw_change_counts_where_the_source_does_not_tell() -> None:
    notebook = NotebookSession("thing = make()", "thing.advance_somehow()", "print(thing)")
    notebook.cells.insert(0, Cell("z", "code", "from factory import make"))
    notebook.run("z", "a").run("b", mutated=("thing",)).run("c")
    assert notebook.delete("b").verdict == "differs at c"


def test_without_executions_the_counts_are_used_and_what_is_not_known_is_said() -> None:
    cells = [Cell("a", "code", "x = 1", 5), Cell("b", "code", "y = x", 2), Cell("c", "code", "z = y")]
    report = report_on(cells)
    assert [(finding.kind, finding.cells) for finding in report.findings] == [("never_run", ("c",))]
    assert len(report.unknown) == 1
    assert "In [3, 4]" in report.unknown[0]


def test_cells_from_before_the_kernel_was_met_are_taken_as_they_stand() -> None:
    notebook = NotebookSession("x = 1", "y = x").run()
    late = KernelState("k", epoch="e", executions=tuple(notebook.executions[1:]))
    report = report_on(notebook.cells, late)
    assert report.findings == ()
    assert "1 executions" in report.unknown[0]


def test_the_report_is_json_and_words_and_small_enough_for_a_prompt() -> None:
    notebook = NotebookSession("x = 1", "y = x + 1", "print(y)").run().edit("a", "x = 2")
    report = notebook.report
    data = json.loads(json.dumps(report.to_json()))
    assert data["restart_and_run_all"]["verdict"] == "differs"
    assert data["run"] == ["a", "b", "c"]
    markdown = report.to_markdown()
    assert markdown == (
        "Restart & Run All would differ at In [1]: It was edited after it ran. In [2] and In [3] are stale, too.\n"
        "- **To be fresh again, run** In [1] to In [3]."
    )


def test_a_gap_among_the_counts_is_where_a_cell_ran_that_ran_again_since() -> None:
    cells = [Cell("a", "code", "x = 1", 4), Cell("b", "code", "y = x + 1", 2), Cell("c", "code", "print(y)", 3)]
    report = report_on(cells)
    assert report.findings == ()
    assert report.prediction.verdict == "reproduces"


def test_a_deleted_cell_that_left_a_variable_and_changed_another_is_named_once() -> None:
    notebook = NotebookSession("rows = [1]", "more = rows\nrows.append(2)", "print(rows)").run().delete("b")
    assert notebook.report.to_markdown() == (
        "Restart & Run All would differ at In [3]: It used rows from In [2], which was deleted; from top to bottom it would "
        "use rows from In [1].\n- **To be fresh again, run** In [1] and In [3]."
    )


def test_what_was_done_heads_the_report_and_not_what_varies_anyway() -> None:
    sources = ("import numpy as np", "x = np.random.rand()\nprint(x)", "y = 1", "print(y)")
    lines = NotebookSession(*sources).run().edit("c", "y = 2").report.to_markdown().splitlines()
    assert lines[0] == "Restart & Run All would differ at In [3]: It was edited after it ran. In [4] is stale, too."
    assert lines[2].startswith("- In [2] uses random numbers without a seed (numpy.random.rand).")


def test_cells_that_have_not_run_since_the_restart_are_one_finding_with_their_range() -> None:
    notebook = NotebookSession(*(f"print({number})" for number in range(9))).run()
    notebook.executions = []
    notebook.run("a")
    assert [finding.cells for finding in notebook.findings("never_run")] == [tuple("bcdefghi")]
    assert "In [2] to In [9] have not run since the restart." in notebook.report.to_markdown()
    assert notebook.verdict == "reproduces"


def test_a_database_or_module_needs_a_restart_to_be_fresh() -> None:
    notebook = NotebookSession("import sys", "sys.path.append('lib')", "print(sys.path)").run("a", "b", "b", "c")
    assert "**To be fresh again,** restart the kernel and run all cells." in notebook.report.to_markdown()


def test_what_capture_runs_inside_of_its_cell_is_not_run_twice() -> None:
    notebook = NotebookSession("rows = []", "%%capture\nrows.append(1)", "print(rows)").run()
    outer = replace(notebook.executions[1], duration=0.5)
    inner = replace(outer, cell_id=None, source="rows.append(1)", source_hash="other", started=outer.started + 0.1)
    state = replace(notebook.state, executions=(notebook.executions[0], outer, inner, notebook.executions[2]))
    assert report_on(notebook.cells, state).findings == ()
    assert report_on(notebook.cells, state).prediction.verdict == "reproduces"
