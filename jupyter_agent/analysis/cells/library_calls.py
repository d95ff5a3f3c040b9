"""Side effects of calls of well-known libraries: mutations, pictures, and uses of clock, network and files."""

# ruff: noqa: SIM905 - many words are easier to read, and to sort, as words

from __future__ import annotations

import sys
from collections.abc import Collection

from jupyter_agent.analysis.cells.effects import CallSite, MutationKind

#: Python's and well-known libraries: that their modules can be imported does not depend on the notebook.
LIBRARIES = sys.stdlib_module_names | frozenset(
    "numpy pandas polars pyarrow scipy sklearn statsmodels matplotlib seaborn plotly bokeh altair IPython ipywidgets "
    "torch torchvision tensorflow keras jax xgboost lightgbm catboost networkx nltk spacy gensim transformers datasets "
    "requests bs4 lxml httpx sqlalchemy tqdm PIL cv2 skimage imageio sympy numba dask xarray geopandas shapely folium "
    "pyspark openai joblib yaml tabulate openpyxl h5py tables patsy lifelines mlxtend imblearn pymc arviz pylab "
    "jupyter_client nbformat google six dateutil pytz attr pydantic".split()
)
#: Short names that notebooks give to libraries, where the import itself is not seen.
USUAL_NAMES = {
    "np": "numpy",
    "pd": "pandas",
    "pl": "polars",
    "plt": "matplotlib.pyplot",
    "sns": "seaborn",
    "tf": "tensorflow",
    "nx": "networkx",
    "sm": "statsmodels.api",
    "random": "random",
    "time": "time",
    "os": "os",
}

#: Libraries that draw into figures, which are displayed when the cell ends; and what the paths of their calls begin with.
PICTURE_LIBRARIES = ("matplotlib", "seaborn", "plotly", "pylab")
DRAWING_MODULES = tuple(f"{library}." for library in PICTURE_LIBRARIES)

# --- methods, by their bare names ----------------------------------------------------------------------------------

#: Mutate their object anew each time: called twice, they leave something else than called once.
ACCUMULATING = frozenset(
    "append appendleft extend extendleft insert pop popleft popitem remove reverse rotate partial_fit write writelines "
    "put put_nowait get_nowait send subtract writerow writerows backward step readline read readlines __next__ next push train_on_batch "
    "append_text add_subplot symmetric_difference_update".split()
)
#: Mutate their object idempotently: called twice, they leave what they left at first.
OVERWRITING = frozenset(
    "add discard update setdefault clear sort fill itemset setflags difference_update intersection_update add_node "
    "add_nodes_from add_edge add_edges_from remove_node remove_edge remove_edges_from remove_nodes_from "
    "set_option requires_grad_ zero_grad eval train compile close seed load_state_dict add_argument "
    "__setitem__ __delitem__ __setattr__ setparams mkdir touch unlink freeze register".split()
)
#: Assign state of their object: the last call counts.
ASSIGNING = frozenset("fit fit_transform fit_predict set_params set_state".split())
#: Return nothing.
RETURN_NONE = frozenset(
    "append appendleft extend extendleft insert remove reverse rotate add discard update clear sort fill "
    "difference_update intersection_update symmetric_difference_update add_node add_nodes_from add_edge add_edges_from "
    "seed set_option set_printoptions savefig tight_layout to_excel to_parquet to_pickle to_feather savez".split()
)
#: Values' methods that, applied to their own result, return it unchanged.
IDEMPOTENT = frozenset(
    "dropna fillna ffill bfill astype rename sort_values sort_index sort drop_duplicates strip lstrip rstrip lower "
    "upper title capitalize casefold copy round abs clip query convert_dtypes infer_objects normalize to_numpy "
    "to_list tolist to_frame flatten ravel squeeze reshape unique select_dtypes tz_localize reindex set_axis filter "
    "drop_nulls fill_null nlargest nsmallest cast strip_chars to_lowercase to_uppercase toarray todense numpy cpu detach to str dt cat isin notnull notna isnull "
    "isna between contains startswith endswith fit set_params to_period asfreq".split()
)
#: Aggregates over rows: a filter that compares with one of them selects anew each time.
AGGREGATES = frozenset(
    "mean median std var quantile min max sum nlargest nsmallest rank describe percentile count".split()
)
#: Leave their object as it is. A method in none of these sets may mutate it, as `to` of a model does.
PURE = (IDEMPOTENT - {"to"} | AGGREGATES) | frozenset(
    "head with_columns agg aggregate align all any apply apply_along_axis applymap argmax argmin argsort argwhere as_integer_ratio asof "
    "assign at_time autocorr backfill between_time bool byteswap bit_length center choose coalesce columns combine "
    "combine_first compare compress conj conjugate corr corrwith cov crosstab cummax cummin cumprod cumsum cut date "
    "day_name days decode decision_function density diagonal diff difference dot drop droplevel duplicated elapsed "
    "encode eq equals evaluate ewm expanding explain explode expandtabs factorize find findall first "
    "first_valid_index floor format format_map fromhex fromkeys ge get get_dummies get_feature_names_out get_group "
    "get_loc get_params get_support get_text get_window group groupby groups gt hasnans hex hist hour idxmax idxmin "
    "iloc index info intersection inverse_transform is_integer is_monotonic isalnum isalpha isascii isdecimal isdigit "
    "isdisjoint isidentifier isinf islower isnan isnumeric isprintable isspace issubset issuperset istitle isupper "
    "item items itertuples iterrows join json keys kurt kurtosis last last_valid_index le len ljust loc lt mad map "
    "mask match melt memory_usage merge mode month month_name most_common mul name names ne nbytes ndim nonzero "
    "nunique params partition pct_change pipe pivot pivot_table plot boxplot scatter bar barh pow predict "
    "predict_log_proba predict_proba prod product ptp radd rdiv reindex_like removeprefix removesuffix rename_axis "
    "reorder_levels repeat replace resample reset_index rfind rindex rjust rolling rpartition rsplit score_samples "
    "score searchsorted select sem set_index shape shift size skew slice_shift sparse split splitlines stack strftime "
    "style sub swapaxes swapcase swaplevel symmetric_difference tail take to_array to_csv to_dense to_dict to_excel "
    "to_feather to_hdf to_html to_json to_latex to_markdown to_parquet to_pickle to_records to_sql to_string "
    "to_timestamp to_xarray tobytes toordinal tostring total_seconds trace transform translate transpose truediv "
    "truncate tz_convert unhex union unstack value_counts values view weekday where with_traceback xs year zfill "
    "timestamp isoformat today timetuple lines conf_int get_prediction f_test t_test wald_test rvs pdf cdf pmf sf ppf "
    "logpdf logpmf logsf interval moment entropy nodes edges degree neighbors successors predecessors has_edge "
    "has_node number_of_nodes number_of_edges subs simplify expand factor evalf integrate doit as_expr show savefig "
    "display cuda double float long int matmul t permute exists is_file is_dir read_text read_bytes glob rglob "
    "iterdir with_suffix parent codes categories left right mid length overlaps lookup to_dataframe to_pandas "
    "iter_rows select_columns qs ps total marginal make_cdf make_pmf make_surv prob credible_interval".split()
)
#: How calling a method mutates its object; None where it does not. A method that is not here may mutate it.
METHOD_MUTATIONS: dict[str, MutationKind | None] = {
    **dict.fromkeys(PURE),
    **dict.fromkeys(OVERWRITING, "overwrite"),
    **dict.fromkeys(ASSIGNING, "assign"),
    **dict.fromkeys(ACCUMULATING, "accumulate"),
}
#: Functions that, applied to their own result, return it unchanged.
IDEMPOTENT_FUNCTIONS = frozenset(
    "sorted list tuple set frozenset dict str int float bool abs round array asarray to_datetime to_numeric DataFrame "
    "Series Index Path ravel squeeze unique sort nan_to_num clip ascontiguousarray asfarray deepcopy copy".split()
)
#: Methods by whose result it depends on the values how many there are.
FILTERS = frozenset("dropna drop_duplicates query unique value_counts groupby filter where nonzero".split())
#: Attributes that are the same whatever values there are.
SHAPES = frozenset("shape ndim size dtype dtypes columns nbytes".split())
#: Attributes of a frame or array that depend on all of it, not on one column.
WHOLE_OBJECT_ATTRIBUTES = frozenset(
    "shape columns values dtypes dtype T size ndim loc iloc at iat ix empty axes plot str dt cat style sparse "
    "nbytes flat real imag array hist coef_ intercept_ feature_importances_".split()
)
#: Methods that add, drop or pick columns of a frame, and leave the others and the rows as they are.
_COLUMN_METHODS = frozenset({"drop", "dropna", "assign", "select_dtypes", "copy", "with_columns", "insert", "pop"})
#: Methods and functions that draw.
PLOTTING = frozenset(
    "show plot hist hist2d bar barh scatter boxplot figure subplots imshow matshow heatmap pairplot lmplot regplot "
    "catplot relplot displot jointplot violinplot barplot countplot savefig".split()
)
#: Names of functions and methods that display something.
DISPLAYING = PLOTTING - {"savefig"} | {"print", "display", "pprint", "info", "summary"}
#: Functions that mutate their first argument, and how.
ARGUMENT_MUTATIONS: dict[str, MutationKind] = {
    **dict.fromkeys(
        "random.shuffle numpy.random.shuffle heapq.heappush heapq.heappop heapq.heappushpop heapq.heapreplace bisect.insort "
        "bisect.insort_left bisect.insort_right next xml.etree.ElementTree.SubElement operator.iadd "
        "operator.imul operator.isub numpy.add.at numpy.subtract.at numpy.multiply.at".split(),
        "accumulate",
    ),
    **dict.fromkeys(
        "heapq.heapify numpy.fill_diagonal numpy.put numpy.copyto numpy.place setattr delattr operator.setitem".split(),
        "overwrite",
    ),
}
#: Conversions: they are idempotent only as long as nothing else has changed the value since.
CONVERSIONS = frozenset("astype to_datetime to_numeric round str int float map abs lower upper title strip".split())
#: Attributes of modules that are objects of their own and affect everything after them.
MODULE_STATE = frozenset({"path", "argv", "environ", "rcParams", "options", "modules", "meta_path", "rc_params"})
#: Calls that return an iterator, which is exhausted by reading it.
ITERATORS = frozenset({"iter", "map", "filter", "zip", "enumerate", "reversed", "open", "csv.reader", "csv.DictReader"})

# --- clock, net, files ---------------------------------------------------------------------------------------------

#: Calls that read the clock.
CLOCK = frozenset(
    "time.time time.time_ns time.perf_counter time.perf_counter_ns time.monotonic time.process_time time.localtime time.gmtime "
    "time.ctime time.asctime time.strftime time.clock time.thread_time timeit.timeit timeit.repeat timeit.default_timer "
    "datetime.datetime.now datetime.datetime.today datetime.datetime.utcnow datetime.date.today "
    "pandas.Timestamp.now pandas.Timestamp.today pandas.Timestamp.utcnow sklearn.model_selection.cross_validate".split()
) | {f"!{program}" for program in ("date", "uptime", "ps", "top", "free", "df", "nvidia-smi", "git commit")}
_NETWORK_LIBRARIES = frozenset(
    "requests urllib urllib2 urllib3 httpx aiohttp socket ftplib smtplib tweepy yfinance boto3 paramiko wget openai".split()
)
_NETWORK_PROGRAMS = frozenset(
    f"!{program}" for program in ("curl", "wget", "ping", "kaggle", "git clone", "git pull", "git fetch", "git push")
)
_READERS = frozenset(
    "open read_csv read_table read_excel read_json read_parquet read_feather read_hdf read_pickle read_sas read_stata "
    "read_fwf read_xml read_orc loadtxt genfromtxt load fromfile imread loadmat load_model listdir glob walk scandir "
    "read_file read_text read_bytes load_workbook ExcelFile HDFStore load_npz read_spss ZipFile memmap open_dataset".split()
)
#: Methods of a `Path` that use its file.
PATH_METHODS = frozenset({"open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink"})
_WRITERS = frozenset(
    "to_csv to_excel to_json to_parquet to_feather to_hdf to_pickle to_sql to_stata to_html to_latex savefig save savez savez_compressed "
    "savetxt dump tofile imsave imwrite savemat write_text write_bytes makedirs mkdir remove unlink rename rmtree "
    "copyfile copy2 copytree move urlretrieve save_model to_file write_csv write_parquet rmdir symlink write_html "
    "ExcelWriter save_weights extractall".split()
)
_READING_LIBRARIES = frozenset(
    "pandas numpy polars geopandas scipy joblib pickle json os glob pathlib shutil skimage matplotlib PIL cv2 h5py tables io "
    "builtins csv zipfile keras tensorflow torch xarray imageio yaml sqlite3 networkx".split()
)


def touches_columns_only(method: str, keywords: Collection[str]) -> bool:
    """Whether a frame's method leaves the remaining columns as they are; ``axis=1`` counts as one of its `keywords`."""
    if method in ("drop", "dropna"):
        return bool({"columns", "axis=1"} & set(keywords))
    return method in _COLUMN_METHODS


def adds_by_update(created_by: str) -> bool:
    """Whether the ``update`` of an object that was created by a call of this full name adds to what it has."""
    return created_by in ("collections.Counter", "Counter") or created_by.startswith(("hashlib.", "tqdm."))


def usual_path(path: str) -> str:
    """The full name of a path whose root is a library's usual short name."""
    root, dot, rest = path.partition(".")
    return f"{USUAL_NAMES.get(root, root)}{dot}{rest}"


def uses_network(path: str, text: str = "") -> bool:
    """Whether a call uses the network; `text` is its first text argument."""
    if text.startswith(("http://", "https://", "ftp://", "s3://")):
        return path.rpartition(".")[2] in _READERS or path.partition(".")[0] in _NETWORK_LIBRARIES
    if path.startswith("!"):
        return path in _NETWORK_PROGRAMS
    return path.partition(".")[0] in _NETWORK_LIBRARIES and not path.startswith(("urllib.parse", "urllib.error"))


def file_use(path: str, text: str, mode: str = "") -> str:
    """How a call uses files: ``read``, ``write``, ``append`` or empty."""
    library, name = path.partition(".")[0], path.rpartition(".")[2]
    if text.startswith(("http://", "https://")):
        return ""
    if path == "%%writefile":
        return "append" if mode == "a" else "write"
    if path in ("os.system", "os.chdir") or library == "subprocess":
        return "write"
    if path == "open" or (name == "open" and library in _READING_LIBRARIES):
        return "append" if "a" in mode else "write" if set(mode) & set("wx+") else "read"
    if name in _WRITERS and mode == "a":
        return "append"
    if name in _WRITERS and (
        name.startswith(("to_", "savefig", "save", "write_")) or library in _READING_LIBRARIES | {"urllib"}
    ):
        return "write"
    if name in _READERS and (library in _READING_LIBRARIES or name.startswith("read_")):
        return "read"
    return ""


#: Functions that set how everything after them is displayed.
_SETTINGS = frozenset(
    "set set_theme set_style set_context set_palette set_option reset_option set_printoptions use rc rcdefaults set_config "
    "set_matplotlib_formats set_cmap set_color_codes set_defaults options style".split()
)


def is_setting(path: str) -> bool:
    """Whether a library's function sets how things are displayed from then on."""
    return path.rpartition(".")[2] in _SETTINGS and "." in path


#: Calls that restore the default settings.
DEFAULTS_RESTORED = frozenset({"matplotlib.rcdefaults", "matplotlib.pyplot.rcdefaults", "seaborn.reset_defaults"})
#: Calls that wait for what somebody types.
PROMPTS = frozenset({"input", "getpass.getpass", "raw_input"})


#: Searches that keep how long their fitting took, and the attributes in which they do.
TIMED_SEARCHES = frozenset({"GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"})
TIMINGS = frozenset({"cv_results_", "refit_time_"})


def has_time_of_day(created_by: str, call: CallSite) -> bool:
    """Whether a method's result has the time of day in it: summaries of statsmodels do, in their first table."""
    return created_by.startswith("statsmodels.") and call.name == "summary" and call.attribute != "tables"
