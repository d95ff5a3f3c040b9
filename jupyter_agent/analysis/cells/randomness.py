"""Random numbers: which calls draw them, from which generator, and what seeds it."""

# ruff: noqa: SIM905 - many words are easier to read, and to sort, as words

from __future__ import annotations

from collections.abc import Collection

from jupyter_agent.analysis.cells.library_calls import SHAPES

NUMPY, PYTHON, TORCH, TENSORFLOW = "numpy.random", "random", "torch", "tensorflow"
SEEDS = {
    **dict.fromkeys(("numpy.random.seed", "numpy.random.set_state", "pylab.seed"), NUMPY),
    **dict.fromkeys(("random.seed", "random.setstate"), PYTHON),
    "torch.manual_seed": TORCH,
    **dict.fromkeys(("tensorflow.random.set_seed", "tensorflow.set_random_seed"), TENSORFLOW),
    **dict.fromkeys(("keras.utils.set_random_seed", "tensorflow.keras.utils.set_random_seed"), TENSORFLOW),
}
#: Generators of their own: with a seed they repeat, without they never do.
GENERATORS = frozenset(
    {
        "numpy.random.default_rng",
        "numpy.random.RandomState",
        "numpy.random.Generator",
        "random.Random",
        "sklearn.utils.check_random_state",
        "numpy.random.SeedSequence",
    }
    | {f"numpy.random.{name}" for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")}
)
#: Methods of a generator that move it on.
_NOT_DRAWN = frozenset({"get_state", "getstate", "bit_generator", "spawn_key"})
_NEVER_SEEDED = frozenset(
    {"uuid.uuid1", "uuid.uuid4", "os.urandom", "random.SystemRandom"}
    | {f"secrets.{name}" for name in ("token_hex", "token_bytes", "token_urlsafe", "choice", "randbelow", "randbits")}
)
#: Functions whose result is another in each kernel: it depends on where objects are, or on the seed of texts' hashes.
PER_KERNEL = frozenset({"hash", "id", "os.getpid"})
#: Draws that only put what there is into another order.
_SHUFFLING = frozenset({"permutation", "shuffle"})
#: Constants with which a picture of seaborn has no error band, or one that is not found by resampling.
_WITHOUT_RESAMPLING = frozenset("ci=None ci=False ci=0 ci=sd errorbar=None errorbar=sd errorbar=se".split())
#: Keywords by which a call is given its seed.
SEED_KEYWORDS = frozenset({"random_state", "seed", "rng", "random_seed"})
_DRAWING_OF_TORCH = frozenset("rand randn randint randperm normal bernoulli multinomial".split())
#: Functions that draw from numpy's global generator unless they are given a seed, by library.
_DRAWING_FUNCTIONS = {
    "sklearn": frozenset(
        "train_test_split make_blobs make_classification make_moons make_circles make_regression make_gaussian_quantiles "
        "make_friedman1 make_friedman2 make_friedman3 make_s_curve make_swiss_roll make_multilabel_classification "
        "make_hastie_10_2 make_low_rank_matrix make_sparse_uncorrelated make_spd_matrix make_biclusters make_checkerboard "
        "resample shuffle k_means kmeans_plusplus permutation_importance permutation_test_score "
        "randomized_svd fastica spectral_clustering mutual_info_classif mutual_info_regression ParameterSampler".split()
    ),
    "scipy": frozenset(
        "rvs bootstrap permutation_test monte_carlo_test differential_evolution dual_annealing basinhopping kmeans "
        "kmeans2 resample random ortho_group".split()
    ),
    "networkx": frozenset(
        "spring_layout random_layout fruchterman_reingold_layout gnp_random_graph erdos_renyi_graph fast_gnp_random_graph "
        "barabasi_albert_graph watts_strogatz_graph random_geometric_graph random_regular_graph newman_watts_strogatz_graph "
        "powerlaw_cluster_graph random_tree random_labeled_tree draw draw_networkx draw_spring connected_watts_strogatz_graph".split()
    ),
    "seaborn": frozenset({"stripplot"}),
    "mlxtend": frozenset({"shuffle_arrays_unison", "bootstrap"}),
}
#: Estimators that draw when they are fitted, unless they are given a seed.
_DRAWING_ESTIMATORS = frozenset(
    "KMeans MiniBatchKMeans BisectingKMeans RandomForestClassifier RandomForestRegressor ExtraTreesClassifier "
    "ExtraTreesRegressor ExtraTreeClassifier GradientBoostingClassifier GradientBoostingRegressor "
    "HistGradientBoostingClassifier HistGradientBoostingRegressor DecisionTreeClassifier DecisionTreeRegressor MLPClassifier MLPRegressor SGDClassifier "
    "SGDRegressor Perceptron PassiveAggressiveClassifier PassiveAggressiveRegressor LinearSVC TSNE NMF TruncatedSVD "
    "MiniBatchNMF GaussianMixture BayesianGaussianMixture ShuffleSplit StratifiedShuffleSplit GroupShuffleSplit "
    "RandomizedSearchCV IsolationForest BaggingClassifier BaggingRegressor AdaBoostClassifier AdaBoostRegressor "
    "QuantileTransformer FastICA DictionaryLearning MiniBatchDictionaryLearning LatentDirichletAllocation MDS "
    "SpectralClustering BernoulliRBM RBFSampler Nystroem GaussianRandomProjection SparseRandomProjection "
    "RandomTreesEmbedding MiniBatchSparsePCA SparsePCA RANSACRegressor TheilSenRegressor RepeatedKFold "
    "RepeatedStratifiedKFold".split()
)
#: Estimators that draw only with this keyword.
_DRAWING_WITH = {
    "KFold": "shuffle",
    "StratifiedKFold": "shuffle",
    "GroupKFold": "shuffle",
    "SVC": "probability",
    "NuSVC": "probability",
    "IterativeImputer": "sample_posterior",
}
#: Calls in which an estimator draws.
FITTING = frozenset(
    "fit fit_transform fit_predict partial_fit cross_val_score cross_validate cross_val_predict learning_curve "
    "validation_curve permutation_test_score split".split()
)
#: Methods that draw from numpy's global generator, of objects that are no generators.
DRAWING_METHODS = frozenset({"sample", "rvs", "random_sample", "choice", "choices", "permutation", "bootstrap"})


def is_unseen(name: str, ignored: str, attribute: str, constants: Collection[str]) -> bool:
    """Whether a draw does not show: only how many or of which type is used, or all of it in an order of its own; see `CallSite`."""
    if ignored == "values" or attribute in SHAPES:
        return True
    return ignored == "order" and (name in _SHUFFLING or not {"frac=1", "frac=1.0"}.isdisjoint(constants))


def is_drawn(path: str, keywords: Collection[str], constants: Collection[str] = ()) -> str:
    """The global generator that a call of this full name draws from; empty where it draws from none."""
    library, _, rest = path.partition(".")
    name = path.rpartition(".")[2]
    if path in SEEDS or path in GENERATORS:
        return ""
    if path.startswith("numpy.random.") or path in ("pylab.rand", "pylab.randn"):
        return "" if name in _NOT_DRAWN or name[:1].isupper() or rest.count(".") > 1 else NUMPY
    if library == "random" and rest and rest.count(".") == 0:
        return "" if name in _NOT_DRAWN or name[:1].isupper() else PYTHON
    if SEED_KEYWORDS & set(keywords) or "shuffle=False" in constants:
        return ""
    if path.startswith("torch.") and name in _DRAWING_OF_TORCH:
        return TORCH
    if path.startswith("tensorflow.random."):
        return TENSORFLOW
    return NUMPY if name in _DRAWING_FUNCTIONS.get(library, ()) else ""


def is_never_seeded(path: str, keywords: Collection[str] = (), constants: Collection[str] = ()) -> bool:
    """Whether a call of this full name has another result each time, whatever is seeded; see `CallSite`."""
    if path in _NEVER_SEEDED:
        return True
    library, _, name = path.partition(".")
    if library != "seaborn" or SEED_KEYWORDS & set(keywords) or not _WITHOUT_RESAMPLING.isdisjoint(constants):
        return False
    # What follows has an error band, which is found by resampling with a seed of its own each time.
    if name in ("regplot", "lmplot"):
        return True
    if name in ("pairplot", "jointplot"):
        return "kind=reg" in constants
    # Columns of a table, by their names, have several values at each place; what was counted before has one.
    of_columns = all(any(constant.startswith(axis) for constant in constants) for axis in ("x=", "y="))
    return of_columns and (
        name in ("barplot", "pointplot") or (name == "catplot" and not {"kind=bar", "kind=point"}.isdisjoint(constants))
    )


def draws_when_fitted(path: str, keywords: Collection[str]) -> bool:
    """Whether a call creates an estimator (or splitter) that will draw from numpy's global generator."""
    name = path.rpartition(".")[2]
    if SEED_KEYWORDS & set(keywords):
        return False
    return name in _DRAWING_ESTIMATORS or _DRAWING_WITH.get(name, "") in keywords
