"""Questions about what is no table: parts of values, arrays, fitted models, code; answered whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.offline_session import OfflineSession, new_shell, write_notebook

VALUES = """
import datetime
from decimal import Decimal
trainer = {
    'run_name': 'baseline',
    'optim': {'kind': 'sgd', 'lr': 0.05, 'momentum': 0.9, 'milestones': [30, 60, 90]},
    'loader': {'batch_size': 128, 'workers': 4},
    'nodes': [
        {'host': 'ash', 'cores': 16, 'memory_gb': 64, 'roles': ['web', 'db']},
        {'host': 'oak', 'cores': 32, 'memory_gb': 256, 'roles': ['db']},
        {'host': 'elm', 'cores': 8, 'memory_gb': 32, 'roles': []},
    ],
    'api_key': 'sk-1234567890abcdef1234',
}
results = [
    {'name': 'first', 'metrics': {'acc': 0.71, 'loss': 0.9}, 'state': 'finished'},
    {'name': 'wide', 'metrics': {'acc': 0.83, 'loss': 0.6}, 'state': 'crashed'},
    {'name': 'deep', 'metrics': {'acc': 0.79, 'loss': 0.4}, 'state': 'finished'},
]
stock = {'nails': 120, 'screws': 80, 'bolts': 300}
colours = ['red', 'green', 'red', 'blue']
corner = (4, 9)
fleet = {'gulls': [7, 8], 'ships': [{'called': 'auk', 'speed': 9}, {'called': 'gull', 'speed': 11}]}
tax = 0.2
net = 150
opened = datetime.date(2021, 5, 4)
motto = 'less is more than enough'
memos = ['Frost at dawn, thaw later.', 'Thaw.', 'The frost stayed and the pipes froze.']
class Robot:
    def __init__(self):
        self.owner = 'Ines'
        self.battery = 87
        self.route = [1, 4, 9]
robot = Robot()
"""
ASKED_OF_VALUES = [
    ("what is the learning rate", "0.05"),
    ("trainer['optim']['lr']", "0.05"),
    ("batch size", "128"),
    ("momentum of the optimizer", "0.9"),
    ("how many workers", "4"),
    ("cores of oak", "32"),
    ("memory of elm", "32"),
    ("how many nodes", "3"),
    ("total cores", "56"),
    ("average cores of the nodes", "18.67"),
    ("which host has the most cores", "'oak'"),
    ("nodes without roles", "'elm'"),
    ("nodes with more than 10 cores", "'ash'"),
    ("last milestone", "90"),
    ("second milestone", "60"),
    ("how many results are finished", "2"),
    ("best accuracy", "'wide'"),
    ("lowest loss", "'deep'"),
    ("how many screws", "80"),
    ("bolts in stock", "300"),
    ("sum of stock", "500"),
    ("largest stock", "'bolts'"),
    ("sort stock by value", "screws"),
    ("colours[1]", "green"),
    ("first of colours", "red"),
    ("how many colours", "4"),
    ("duplicates in colours", "red"),
    ("unique colours", "'blue'"),
    ("tax * 100", "20"),
    ("net times tax", "30"),
    ("net plus 10", "160"),
    ("sum of corner", "13"),
    ("owner of the robot", "Ines"),
    ("robot.battery", "87"),
    ("battery?", "87"),
    ("first step of the route of the robot", None),
    ("how many words in motto", "5"),
    ("motto in upper case", "LESS IS MORE"),
    ("results as a dataframe", "crashed"),
    ("change the batch size to 64", "trainer['loader']['batch_size'] = 64"),
    ("are nails more than screws", "True"),
    ("make a table of the nodes", "json_normalize(trainer['nodes'])"),
    ("turn the nodes into a data frame", "json_normalize(trainer['nodes'])"),
    ("build a dataframe from results", "json_normalize(results)"),
    ("put the results into a table", "json_normalize(results)"),
    ("create a table from trainer['nodes']", "json_normalize(trainer['nodes'])"),
    ("which memos talk about frost", "['Frost at dawn, thaw later.',"),
    ("memos that mention pipes", "pipes froze.']"),
    ("how many memos speak of frost", "**2**"),
    ("which memos contain thaw", "'Thaw.']"),
    ("memos with the word 'later'", "['Frost at dawn, thaw later.']"),
    ("what is stock['glue']?", "There is no key `'glue'` in `stock`. It has 3 keys: `nails`, `screws`, `bolts`."),
    ("trainer['optim']['rate']", "no key `'rate'` in `trainer['optim']`"),
    ("results[7]", "There is no `results[7]`: `results` has 3 items; their places are 0 to 2."),
    ("print stock['nail']", "Perhaps `nails` is meant."),
    ("robot.batery", "There is no attribute `batery` in `robot`. It has 3 attributes: `owner`, `battery`, `route`."),
    ("what is trainer.loader", "write `trainer['loader']`"),
    ("how often does each colour occur", "'red': 2"),
    ("cores of the ash node", "16"),
    ("state of deep", "finished"),
    ("finished results", "'first', 'deep'"),
]
ARRAYS = """
import numpy as np
readings = np.array([4.0, np.nan, 10.0, 1.0, np.nan])
table = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]])
M = np.array([[2.0, 0.0], [1.0, 3.0]])
rhs = np.array([4.0, 11.0])
photo = np.zeros((8, 6, 3), dtype=np.uint8)
hidden = np.ma.masked_equal(np.array([2.0, -1.0, 4.0]), -1.0)
hits = np.array([7, 1, 9, 1])
chessboard = np.indices((8, 8)).sum(axis=0) % 2
scans = np.zeros((2, 16, 16))
"""
ASKED_OF_ARRAYS = [
    ("mean of readings", "5"),
    ("how many nans in readings", "2"),
    ("how many missing values does readings have", "2"),
    ("share of missing values in readings", "0.4"),
    ("row sums of table", "6"),
    ("mean of each column of table", "2.5"),
    ("max per row of table", "[3., 5.]"),
    ("table[1, 2]", "-6"),
    ("second row of table", "[ 4.,  5., -6.]"),
    ("last column of table", "[ 3., -6.]"),
    ("how many negative values in table", "1"),
    ("values of hits above 5", "The values of `hits` where"),
    ("values of hits above 5", "[7, 9]"),
    ("mean of the values of hits above 5", "The mean of the values of `hits` where"),
    ("how many values of hits are above 5", "The number of the values of `hits` where"),
    ("index of the max of hits", "2"),
    ("where is the maximum of table", "(1, 1)"),
    ("how many hits are greater than 5", "2"),
    ("determinant of M", "6"),
    ("rank of M", "2"),
    ("inverse of M", "0.5"),
    ("trace of M", "5"),
    ("solve M x = rhs", "[2., 3.]"),
    ("M times rhs", "[ 8., 37.]"),
    ("shape of photo", "(8, 6, 3)"),
    ("dtype of photo", "uint8"),
    ("how many dimensions does photo have", "3"),
    ("memory of photo", "144"),
    ("mean of hidden", "3"),
    ("sum of hidden", "6"),
    ("how many values are masked in hidden", "1"),
    ("sort hits", "[1, 1, 7, 9]"),
    ("sort hits descending", "[9, 7, 1, 1]"),
    ("where is the largest value of hits", "2"),
    ("cumulative sum of hits", "18"),
    ("most common value of hits", "1"),
    ("replace the nans in readings with the mean", "np.nanmean(readings)"),
    ("first 2 values of hits", "[7, 1]"),
    ("how often does each hit occur", "{1: 2, 7: 1, 9: 1}"),
    ("how often is each of the hits there", "{1: 2, 7: 1, 9: 1}"),
    ("how many times does each hit appear", "{1: 2, 7: 1, 9: 1}"),
    ("how often do the hits occur", "{1: 2, 7: 1, 9: 1}"),
    ("frequency of each hit", "{1: 2, 7: 1, 9: 1}"),
    ("draw photo", "plt.imshow(photo)"),
    ("show me a picture of photo", "plt.imshow(photo)"),
    ("plot chessboard", "plt.imshow(chessboard)"),
    ("what does photo look like", "plt.imshow(photo)"),
    ("visualise the scans", "`scans`, the first of 2 images:"),
    ("draw table", "plt.plot(table)"),
]
FUNCTIONS = [
    'def to_miles(km: float) -> float:\n    """Convert kilometres to miles."""\n    return km * 0.621371',
    "def trip(distances, stops=0):\n    return to_miles(sum(distances)) + stops",
    "limit = 40",
    "legs = [12, 30]\ntotal = trip(legs, stops=1)",
    "over = total > limit\nsummary = f'{total} {over}'",
    "def spare(a):\n    return a",
    "import json\nimport math\nlimit_root = math.sqrt(limit)",
]
ASKED_OF_CODE = [
    ("what does to_miles do", "Convert kilometres to miles."),
    ("docstring of to_miles", "Convert kilometres to miles."),
    ("does trip have a docstring", "**No**"),
    ("who calls to_miles", "used by `trip`"),
    ("where is trip used", "In [4]"),
    ("is limit used anywhere", "In [5]"),
    ("what type does to_miles return", "`float`"),
    ("arguments of trip", "stops=0"),
    ("where is legs defined", "`In [4]`"),
    ("which cell made total", "`In [4]`"),
    ("what is summary made of", "`over`, `total`"),
    ("what depends on limit", "In [5]"),
    ("what do i have to rerun if i change legs", "In [5]"),
    ("which cells are affected if i change cell 2", "In [4]"),
    ("which functions are not used", "never used in it: `spare`"),
    ("is every import needed?", "never used in this notebook: `json`."),
    ("are all imports used", "never used in this notebook: `json`."),
    ("which imports are not used", "never used in this notebook: `json`."),
    ("unused imports", "never used in this notebook: `json`."),
    ("do I need all these imports", "never used in this notebook: `json`."),
    ("can I remove any import", "never used in this notebook: `json`."),
]
MODELS = """
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
people = pd.DataFrame({'height': [150., 160., 170., 180., 190., 200.] * 5, 'shoe': [36., 39., 40., 43., 45., 47.] * 5})
tall = (people['height'] > 172).astype(int)
X_train, X_test, y_train, y_test = people[:24], people[24:], tall[:24].copy(), tall[24:]
y_train.iloc[0] = 1
"""
FITS = """
stump = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X_train, y_train)
logit = LogisticRegression(C=0.25).fit(X_train, y_train)
line = LinearRegression().fit(people[['height']], people['shoe'])
chain = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)
"""
ASKED_OF_MODELS = [
    ("accuracy of stump", "**1**"),
    ("how good is stump on the test set", "not fitted on"),
    ("accuracy of stump on train", "0.9583"),
    ("confusion matrix of stump", "[3, 0]"),
    ("feature importances of stump", "height"),
    ("most important feature of the decision tree", "1.0"),
    ("coefficients of line", "0.2"),
    ("intercept of line", "3.667"),
    ("r2 of line", "0.9902"),
    ("max_depth of stump", "`1`"),
    ("parameters of logit", "`0.25`"),
    ("which rows does stump get wrong on train", "150"),
    ("how many rows does stump get wrong on train", "**1**"),
    ("how many predictions of stump were wrong on train", "**1**"),
    ("number of wrong predictions of stump on train", "**1**"),
    ("how many predictions were wrong with stump", ".predict(X_test) != y_test"),
    ("how many wrong predictions does stump make", "!= y_test"),
    ("how many of the predictions of logit are wrong", "!= y_test"),
    ("what was stump fitted on", "`X_train` and `y_train`"),
    ("which features does stump use", "`height`, `shoe`"),
    ("classes of stump", "[0, 1]"),
    ("steps of chain", "StandardScaler"),
    ("accuracy of chain", "**"),
]
#: Each has a word that nothing takes, or asks for what there is not.
NOT_ANSWERED = [
    "cores of birch",
    "ip address of ash",
    "median cores weighted by memory",
    "warmup steps",
    "colours without vowels",
    "owner of the drone",
    "momentum in percent of the moon",
    # A text that is inside, and chooses nothing: all of it would be another answer.
    "where is green in colours",
    "colours blue",
    "is baseline in run_name",
    "ash in nodes[0]",
    "db of roles of oak",
]
#: Each asks for a place, or for two things of which one is heard.
NOT_ANSWERED_OF_ARRAYS = [
    "hits maximum, where",
    "max and where of hits",
    "index and value of the max of hits",
    "positions of hits above 5",
    "indices of the negative values of table",
    "where is table negative",
]


@pytest.fixture(scope="module")
def values_shell() -> object:
    return new_shell(VALUES)


@pytest.fixture(scope="module")
def arrays_shell() -> object:
    return new_shell(ARRAYS)


@pytest.mark.parametrize(("question", "shown"), ASKED_OF_VALUES, ids=[question for question, _ in ASKED_OF_VALUES])
def test_a_part_of_a_value_is_found_by_the_words_that_name_it(
    values_shell: object, question: str, shown: str | None
) -> None:
    text = OfflineSession(values_shell).ask(question).text
    assert shown is None or shown in text, text


@pytest.mark.parametrize("question", NOT_ANSWERED)
def test_what_no_value_has_is_not_answered(values_shell: object, question: str) -> None:
    reply = OfflineSession(values_shell).ask(question)
    assert reply.declined is not None, reply.text
    assert not reply.ran


@pytest.mark.parametrize(
    ("questions", "shown"),
    [
        (["cores of oak", "and elm"], "`trainer['nodes'][2]['cores']` is **`8`**"),
        (
            ["cores of oak", "and elm", "and the memory", "what about ash"],
            "`trainer['nodes'][0]['memory_gb']` is **`64`**",
        ),
        (["state of deep", "wide"], "**`crashed`**"),
        (["accuracy of wide", "how about deep"], "0.79"),
        (["finished results", "and the crashed ones"], "['wide']"),
        (["how many milestones", "and nodes"], "**3"),
        (["cores of oak", "and the memory of elm"], "32"),
        (["cores of oak", "how many colours"], "4"),
        # The name of a key in the plural is no name of a text that stands there as it is written.
        (["speed of gull"], "`fleet['ships'][1]['speed']` is **`11`**"),
        (["speed of auk", "and gull"], "`fleet['ships'][1]['speed']` is **`11`**"),
        (["gulls"], "`fleet['gulls']` has 2 items"),
        (["second gull"], "**8**"),
        (["speed of auk", "and gulls"], None),
        (["speed of auk", "and heron"], None),
    ],
)
def test_a_short_question_asks_the_same_of_another_name(
    values_shell: object, questions: list[str], shown: str | None
) -> None:
    session = OfflineSession(values_shell)
    reply = [session.ask(question) for question in questions][-1]
    assert reply.declined is not None if shown is None else shown in reply.text, reply.text


@pytest.mark.parametrize("question", NOT_ANSWERED_OF_ARRAYS)
def test_a_place_is_asked_of_an_array_by_the_words_for_it_alone(arrays_shell: object, question: str) -> None:
    reply = OfflineSession(arrays_shell).ask(question)
    assert reply.declined is not None, reply.text
    assert not reply.ran


def test_a_secret_inside_a_value_is_withheld(values_shell: object) -> None:
    assert "sk-1234567890" not in OfflineSession(values_shell).ask("what is the api key of the trainer").text


@pytest.mark.parametrize(("question", "shown"), ASKED_OF_ARRAYS, ids=[question for question, _ in ASKED_OF_ARRAYS])
def test_an_array_is_asked_by_its_axes_places_and_functions(arrays_shell: object, question: str, shown: str) -> None:
    text = OfflineSession(arrays_shell).ask(question).text
    assert shown in text, text


def test_a_short_question_goes_on_with_another_array_or_axis(arrays_shell: object) -> None:
    session = OfflineSession(arrays_shell)
    session.ask("row sums of table")
    assert "[ 5.,  7., -3.]" in session.ask("and the columns").text
    assert "of `M`" in session.ask("and of M").text


@pytest.fixture(scope="module")
def code_session(tmp_path_factory: pytest.TempPathFactory) -> OfflineSession:
    return _notebook_session(FUNCTIONS, tmp_path_factory.mktemp("code") / "code.ipynb")


def _notebook_session(sources: list[str], path: Path) -> OfflineSession:
    cells = [
        {"id": f"c{count}", "cell_type": "code", "source": source, "execution_count": count}
        for count, source in enumerate(sources, 1)
    ]
    session = OfflineSession(new_shell(""), notebook=write_notebook(path, cells))
    session.shell.execution_count = 1
    for cell in cells:
        session.run_cell(str(cell["source"]), str(cell["id"]))
    return session


@pytest.mark.parametrize(("question", "shown"), ASKED_OF_CODE, ids=[question for question, _ in ASKED_OF_CODE])
def test_code_is_asked_about_by_name(code_session: OfflineSession, question: str, shown: str) -> None:
    text = code_session.fresh().ask(question).text
    assert shown in text, text


@pytest.fixture(scope="module")
def models_session(tmp_path_factory: pytest.TempPathFactory) -> OfflineSession:
    pytest.importorskip("sklearn")
    return _notebook_session([MODELS, FITS], tmp_path_factory.mktemp("models") / "models.ipynb")


@pytest.mark.parametrize(("question", "shown"), ASKED_OF_MODELS, ids=[question for question, _ in ASKED_OF_MODELS])
def test_a_fitted_model_is_asked_on_the_data_it_was_fitted_on_or_kept_from(
    models_session: OfflineSession, question: str, shown: str
) -> None:
    text = models_session.fresh().ask(question).text
    assert shown in text, text


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("how many keys are in answer['page']?", "**2 keys**"),
        ("how many items are in answer['boats']", "**3**"),
        ("how many keys are in answer['boats'][0]", "**1 key**"),
        ('how many keys has answer["page"]', "**2 keys**"),
        ("keys of answer['page']", "`next`, `size`"),
        ("length of answer['boats']", "**3**"),
        ("how many keys are in answer['nothing']", "cannot answer"),
    ],
)
def test_code_for_a_part_is_that_part(offline_with: Callable[[str], OfflineSession], question: str, fact: str) -> None:
    offline = offline_with(
        "answer = {'ok': True, 'page': {'next': 'x', 'size': 5}, 'boats': [{'id': 1}, {'id': 2}, {'id': 3}]}"
    )
    assert fact in offline.ask(question).text
