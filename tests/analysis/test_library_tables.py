"""The names in the tables of library calls exist in the libraries that they are of."""

# ruff: noqa: SIM905 - many words are easier to read, and to sort, as words

from __future__ import annotations

import importlib
import importlib.util
import io
import pathlib
import pydoc
import re
import sqlite3
import types
import warnings
from collections.abc import Iterable

import numpy as np
import pytest

from jupyter_agent.analysis.cells import library_calls, randomness
from jupyter_agent.analysis.cells.names import names_of
from jupyter_agent.core.kernel_state import Cell
from tests.support.notebook_session import report_on

#: What the tests always have: modules whose members, and whose classes' members, the tables are about.
INSTALLED = """
argparse array builtins bisect collections copy csv datetime decimal fractions getpass glob heapq http.client io json logging os
os.path pathlib pickle pprint queue random re secrets shelve shutil socket sqlite3 statistics string sys threading time timeit
types urllib.request uuid wave zipfile
IPython.display matplotlib matplotlib.axes matplotlib.figure matplotlib.image matplotlib.pyplot matplotlib.style
matplotlib_inline.backend_inline numpy numpy.linalg numpy.random pandas pandas.api.typing pandas.core.arrays.categorical
pandas.core.arrays.sparse pandas.core.groupby pandas.core.indexes.accessors pandas.core.strings.accessor pandas.io.formats.style
polars polars.expr.string
""".split()
#: What the slow tests have, too.
SLOW = """
scipy.cluster.vq scipy.io scipy.optimize scipy.signal scipy.sparse scipy.special scipy.stats scipy.stats.distributions
scipy.stats.qmc scipy.spatial.transform
sklearn sklearn.cluster sklearn.datasets sklearn.decomposition sklearn.ensemble sklearn.experimental.enable_halving_search_cv
sklearn.experimental.enable_iterative_imputer sklearn.feature_selection sklearn.impute sklearn.inspection
sklearn.kernel_approximation sklearn.linear_model sklearn.manifold sklearn.mixture sklearn.model_selection
sklearn.neural_network sklearn.preprocessing sklearn.random_projection sklearn.svm sklearn.tree sklearn.utils
sklearn.utils.extmath sklearn.utils.random
""".split()
#: Names of the tables that only scipy and scikit-learn have; the slow tests look for them.
OF_SLOW = frozenset(
    "fit partial_fit freeze fit_predict fit_transform decision_function get_feature_names_out get_params get_support "
    "get_window inverse_transform logpdf logpmf logsf moment pmf ppf predict predict_log_proba predict_proba rvs "
    "score score_samples sf toarray todense load_npz loadmat savemat set_config set_params entropy interval".split()
)
#: Names of libraries, and of versions of them, that no test has.
ELSEWHERE = {
    "Python 2": "raw_input",
    "rich": "append_text",
    "keras": "train_on_batch load_model save_model save_weights evaluate",
    "torch": "requires_grad_ zero_grad load_state_dict train permute t cuda cpu detach double long numpy to backward",
    "networkx": "add_edge add_edges_from add_node add_nodes_from remove_edge remove_edges_from remove_node remove_nodes_from "
    "has_edge has_node nodes edges degree number_of_edges number_of_nodes predecessors successors neighbors",
    "numpy before 2": "itemset asfarray tostring",
    "pandas before 3": "applymap ix mad slice_shift backfill lookup to_dense append is_monotonic",
    "statsmodels": "conf_int f_test get_prediction t_test wald_test params summary",
    "sympy": "doit evalf factor simplify subs as_expr expand integrate",
    "empiricaldist": "credible_interval make_cdf make_pmf make_surv marginal prob ps qs",
    "pyspark": "unhex",
    "xarray": "to_dataframe to_array open_dataset",
    "seaborn": "barplot catplot countplot displot heatmap jointplot lmplot pairplot regplot relplot violinplot "
    "set_color_codes set_context set_palette set_theme set_style reset_defaults set_defaults",
    "OpenCV": "imwrite",
    "geopandas": "to_file read_file",
    "openpyxl": "load_workbook",
    "requests": "json",
    "plotly": "write_html",
    "scikit-learn, once it is fitted": "coef_ intercept_ feature_importances_ cv_results_ refit_time_",
    "datasets": "select_columns",
}
TABLES = """
ACCUMULATING OVERWRITING ASSIGNING RETURN_NONE PURE IDEMPOTENT IDEMPOTENT_FUNCTIONS WHOLE_OBJECT_ATTRIBUTES _COLUMN_METHODS
AGGREGATES DISPLAYING PLOTTING CONVERSIONS MODULE_STATE ITERATORS _READERS _WRITERS _SETTINGS TIMINGS
""".split()


def members(modules: Iterable[str]) -> set[str]:
    """Names in these modules, and in the classes that are in them."""
    classes: list[type] = [io.TextIOWrapper, pathlib.Path, sqlite3.Connection, types.GeneratorType]
    names: set[str] = set()
    for module in map(importlib.import_module, modules):
        for name in dir(module):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of names that will be removed
                value = getattr(module, name, None)
            names.add(name)
            if isinstance(value, type):
                classes.append(value)
    return names.union(*map(dir, classes))


def test_every_name_of_the_tables_is_one_of_a_library() -> None:
    known = members(INSTALLED) | OF_SLOW | {name for names in ELSEWHERE.values() for name in names.split()}
    unknown = {
        f"{table}: {name}"
        for table in TABLES
        for name in getattr(library_calls, table)
        if name.rpartition(".")[2] not in known
    }
    assert unknown == set()


def test_every_name_of_scipy_and_scikit_learn_is_defined_in_their_sources() -> None:
    """The slow test asks the libraries themselves; their sources are read without importing them, a second or two sooner."""
    pytest.importorskip("sklearn", reason="scikit-learn is installed for the slow suites")
    defined: set[str] = set()
    definition = re.compile(r"^(?:\s*(?:def|class) (?=\w+[(:])|(?=\w+ = ))(\w+)", re.MULTILINE)
    for library in ("sklearn", "scipy"):
        spec = importlib.util.find_spec(library)
        assert spec is not None
        assert spec.origin is not None
        for path in pathlib.Path(spec.origin).parent.rglob("*.py"):
            if "tests" not in path.parts:
                defined.update(definition.findall(path.read_text(encoding="utf-8", errors="replace")))
    drawing = randomness._DRAWING_ESTIMATORS | set(randomness._DRAWING_WITH)
    functions = randomness._DRAWING_FUNCTIONS["sklearn"] | randomness._DRAWING_FUNCTIONS["scipy"]
    assert (OF_SLOW | drawing) - defined == set()
    assert functions - defined == set()
    assert "maxs" not in defined


@pytest.mark.slow
def test_every_name_of_scipy_and_scikit_learn_is_one_of_theirs() -> None:
    known = members(SLOW)
    assert set().union(*(getattr(library_calls, table) for table in TABLES)) >= OF_SLOW
    assert OF_SLOW - known == set()
    assert (randomness._DRAWING_ESTIMATORS | set(randomness._DRAWING_WITH)) - known == set()
    assert (randomness._DRAWING_FUNCTIONS["sklearn"] | randomness._DRAWING_FUNCTIONS["scipy"]) - known == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["HistGradientBoostingClassifier", "HistGradientBoostingRegressor", "MeanShift"])
def test_an_estimator_is_in_the_table_if_fitting_it_moves_the_global_generator_on(name: str) -> None:
    modules = map(importlib.import_module, ("sklearn.cluster", "sklearn.ensemble"))
    estimator = next(getattr(module, name) for module in modules if hasattr(module, name))
    np.random.seed(0)
    estimator().fit(np.arange(40.0).reshape(20, 2), np.arange(20) % 2)
    following = np.random.rand()
    np.random.seed(0)
    assert (following != np.random.rand()) == randomness.draws_when_fitted(f"sklearn.{name}", ())


@pytest.mark.parametrize("table", ["CLOCK", "ARGUMENT_MUTATIONS", "DEFAULTS_RESTORED"])
def test_every_path_of_the_tables_leads_to_a_function(table: str) -> None:
    others = ("seaborn.", "sklearn.", "!", "time.clock")
    for path in getattr(library_calls, table):
        if not path.startswith(others):
            assert callable(pydoc.locate(path)), path


def test_every_seed_and_generator_of_numpy_and_python_is_one() -> None:
    paths = {*randomness.SEEDS, *randomness.GENERATORS, *randomness._NEVER_SEEDED}
    for path in paths:
        if path.startswith(("numpy.", "random.", "secrets.", "uuid.", "os.")):
            assert callable(pydoc.locate(path)), path


@pytest.mark.parametrize("estimator", ["HistGradientBoostingClassifier", "HistGradientBoostingRegressor"])
def test_an_estimator_that_draws_when_it_is_fitted_is_known_to(estimator: str) -> None:
    source = f"from sklearn.ensemble import {estimator}\nmodel = {estimator}({{}})\nmodel.fit([[0], [1]], [0, 1])"
    for seed, draws in (("", True), ("random_state=0", False)):
        findings = report_on([Cell("a", "code", source.format(seed), 1)]).findings
        assert any(finding.kind == "random" for finding in findings) == draws


def test_an_estimator_that_draws_nothing_by_default_is_not_held_to_draw() -> None:
    for name in ("MeanShift", "DummyClassifier", "IterativeImputer"):
        assert not randomness.draws_when_fitted(f"sklearn.{name}", ())
    assert randomness.draws_when_fitted("sklearn.impute.IterativeImputer", ("sample_posterior",))


def test_a_method_that_no_library_has_may_mutate_its_object() -> None:
    for method in ("maxs", "drop_duplicated", "insert_", "sum_"):
        assert names_of(f"thing.{method}()").may_mutate == {"thing"}
