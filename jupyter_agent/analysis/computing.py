"""What of well-known libraries only computes, reads what lies on this machine, plots or binds: modules, functions, methods.

The tables say what is free, and all else of these libraries is asked about; what of a free module reaches out stands in `risk_tables`.
"""

from __future__ import annotations

import re
import sys
from typing import Final

from jupyter_agent.analysis.cells.library_calls import METHOD_MUTATIONS
from jupyter_agent.analysis.risk_tables import DATA_METHODS

#: Libraries and those of their modules whose functions and classes are free; a library is one itself.
_MODULES = """
numpy: linalg random fft ma ma.extras polynomial polynomial.polynomial polynomial.chebyshev polynomial.legendre polynomial.hermite char strings testing emath dtypes exceptions
  lib.stride_tricks lib.scimath lib.mixins lib.recfunctions lib.array_utils matlib rec typing matrixlib core.umath_tests core.defchararray
pandas: api api.types api.extensions api.indexers api.typing arrays plotting tseries tseries.offsets tseries.frequencies tseries.holiday errors testing
  tools.plotting util.testing io.json util
scipy: stats stats.mstats stats.qmc stats.contingency stats.distributions stats.sampling special optimize integrate interpolate linalg linalg.blas linalg.lapack signal signal.windows sparse
  sparse.linalg sparse.csgraph spatial spatial.distance spatial.transform ndimage ndimage.filters ndimage.interpolation ndimage.morphology cluster cluster.hierarchy cluster.vq fft fftpack
  constants differentiate odr io io.wavfile io.arff io.matlab misc signal.waveforms signal.ltisys cluster.vq stats.stats stats.kde stats.morestats special.orthogonal linalg.interpolative
sklearn: base calibration cluster cluster.hierarchical compose covariance cross_decomposition cross_validation datasets datasets.samples_generator datasets.base decomposition discriminant_analysis
  dummy ensemble ensemble.forest ensemble.partial_dependence exceptions experimental externals.six feature_extraction feature_extraction.text feature_extraction.image feature_selection frozen gaussian_process gaussian_process.kernels
  grid_search impute inspection isotonic kernel_approximation kernel_ridge lda learning_curve linear_model linear_model.logistic manifold metrics metrics.classification metrics.cluster metrics.pairwise metrics.scorer
  mixture mixture.gaussian_mixture model_selection multiclass multioutput naive_bayes neighbors neighbors.kde neural_network pipeline preprocessing preprocessing.data preprocessing.label preprocessing.imputation qda random_projection semi_supervised
  svm svm.classes tree tree.tree utils utils.class_weight utils.extmath utils.fixes utils.graph utils.metaestimators utils.multiclass utils.murmurhash utils.random utils.sparsefuncs utils.testing utils.validation utils.linear_assignment_
imblearn: combine ensemble metrics over_sampling pipeline under_sampling
matplotlib: pyplot pyplot.cm pyplot.style style artist axes axis cm collections colorbar colormaps colors container contour dates figure font_manager gridspec image hatch legend legend_handler lines
  markers mathtext mlab offsetbox patches patheffects path projections quiver rcsetup scale spines table text textpath ticker transforms tri widgets animation pylab cbook sankey axes_grid1
  backend_bases backends.backend_agg
mpl_toolkits: axes_grid1 axes_grid1.inset_locator axes_grid1.anchored_artists axisartist mplot3d mplot3d.art3d mplot3d.axes3d mplot3d.proj3d basemap
matplotlib_inline: backend_inline
pylab:
seaborn: objects palettes categorical distributions regression axisgrid matrix relational rcmod algorithms utils
statsmodels: api api.stats api.tsa api.graphics api.graphics.tsa api.families api.families.links api.genmod api.nonparametric api.robust api.robust.norms api.regression api.datasets formula formula.api
  genmod.families genmod.generalized_linear_model graphics graphics.api graphics.correlation graphics.factorplots graphics.gofplots graphics.mosaicplot graphics.regressionplots graphics.tsaplots graphics.boxplots
  discrete.discrete_model duration.hazard_regression multivariate.pca multivariate.manova nonparametric nonparametric.api nonparametric.kde nonparametric.smoothers_lowess nonparametric.kernel_regression
  regression.linear_model regression.mixed_linear_model regression.quantile_regression robust robust.scale robust.norms stats stats.api stats.anova stats.contingency_tables stats.descriptivestats stats.diagnostic
  stats.inter_rater stats.libqsturng stats.moment_helpers stats.multicomp stats.multitest stats.oneway stats.outliers_influence stats.power stats.proportion stats.sandwich_covariance stats.stattools stats.weightstats
  sandbox.regression.predstd sandbox.stats.runs sandbox.stats.multicomp tools tools.tools tools.eval_measures tools.sm_exceptions tsa tsa.api tsa.ar_model tsa.arima_model tsa.arima.model tsa.arima_process tsa.exponential_smoothing.ets
  tsa.filters tsa.filters.hp_filter tsa.holtwinters tsa.seasonal tsa.statespace tsa.statespace.sarimax tsa.statespace.structural tsa.stattools tsa.stl tsa.tsatools tsa.vector_ar.var_model tsa.vector_ar.vecm
patsy: contrasts
sympy: abc calculus calculus.util combinatorics concrete core functions functions.elementary functions.special geometry integrals logic logic.boolalg matrices ntheory physics physics.units physics.mechanics physics.vector
  polys series sets simplify solvers solvers.solveset solvers.ode stats tensor vector plotting core.symbol functions.combinatorial
mpmath:
networkx: algorithms algorithms.approximation algorithms.bipartite algorithms.community algorithms.centrality algorithms.isomorphism algorithms.tree community bipartite drawing drawing.layout generators
  classes classes.function linalg readwrite relabel utils approximation tree classic
plotly: express colors colors.qualitative data figure_factory graph_objects graph_objs subplots tools express.colors express.data offline
altair: expr data
bokeh: plotting layouts models models.widgets palettes transform embed io sampledata
folium: plugins features map
PIL: Image ImageChops ImageColor ImageDraw ImageEnhance ImageFilter ImageFont ImageMath ImageMode ImageOps ImageSequence ImageStat ImageTransform ExifTags TiffTags
cv2: dnn ml
skimage: color data draw exposure feature filters filters.rank future graph io measure metrics morphology registration restoration segmentation transform util viewer filter feature.texture util.shape util.dtype
polars: selectors exceptions datatypes api testing functions
pyarrow: compute parquet csv feather dataset types ipc json orc
xarray: plot ufuncs testing
dask: array dataframe bag delayed diagnostics
duckdb: typing
torch: nn nn.functional nn.init nn.utils nn.utils.rnn nn.parameter nn.modules optim optim.lr_scheduler autograd autograd.functional cuda cuda.amp amp distributions fft linalg random sparse special utils.data utils.data.dataset
  utils.data.dataloader backends backends.cudnn backends.mps mps func nested masked signal.windows
torchvision: transforms transforms.functional transforms.v2 models ops utils io
torchmetrics: classification functional regression
tensorflow: autograph bitwise compat.v1 compat.v1.keras compat.v1.layers compat.v1.nn compat.v1.train contrib.layers data data.experimental distribute distribute.experimental distribute.cluster_resolver dtypes errors feature_column image initializers io layers
  linalg lite losses lookup math metrics nest nn nn.rnn_cell queue quantization ragged random saved_model sets signal sparse strings summary sysconfig train types version keras
keras: activations backend callbacks constraints datasets initializers layers layers.core layers.convolutional layers.embeddings layers.experimental.preprocessing layers.merge layers.normalization layers.pooling
  layers.recurrent layers.wrappers layers.advanced_activations losses metrics mixed_precision models ops optimizers optimizers.legacy optimizers.schedules preprocessing preprocessing.image preprocessing.sequence preprocessing.text random regularizers
  utils utils.np_utils utils.vis_utils wrappers.scikit_learn experimental engine.topology applications.vgg16 applications.vgg19 applications.resnet50 applications.imagenet_utils
jax: numpy numpy.linalg random lax nn scipy tree_util scipy.stats scipy.special
pymc3: math distributions glm glm.GLM glm.families
pymc: math distributions
theano: tensor
xgboost: plotting sklearn
lightgbm: plotting
catboost: utils
nltk: chunk chunk.util classify cluster collocations corpus grammar metrics metrics.distance parse porter probability sentiment sentiment.vader stem stem.porter stem.snowball stem.wordnet tag text tokenize tokenize.toktok tree translate.bleu_score util wsd
spacy: displacy lang.en lang.en.stop_words tokens util matcher pipeline language vocab training
gymnasium: spaces wrappers
gym: spaces wrappers
librosa: core feature display effects onset beat util decompose filters
psutil:
babel: numbers dates lists core units
corner:
gensim: models models.fasttext models.word2vec models.ldamodel models.phrases models.doc2vec corpora matutils similarities parsing.preprocessing utils summarization summarization.keywords
textblob: classifiers sentiments
empiricaldist:
shapely: geometry ops wkt affinity
geopandas: tools datasets
bs4: element
html5lib:
lxml: html etree
ipywidgets: widgets
IPython: display core.display core.pylabtools core.interactiveshell lib.display lib.pretty core.formatters core.display_functions
traitlets:
cvxpy: atoms
numba: typed types core.types
pydot: core
shap: plots maskers explainers datasets utils
wordcloud:
lifelines: datasets plotting statistics utils
arviz: plots
missingno:
yellowbrick: classifier cluster features model_selection regressor target text
mlxtend: evaluate feature_selection frequent_patterns plotting preprocessing regressor classifier
optuna: distributions pruners samplers visualization trial importance visualization.matplotlib
umap:
hdbscan:
pingouin:
squarify:
scikitplot: metrics estimators cluster decomposition
more_itertools: recipes more
toolz: curried itertoolz dicttoolz functoolz
tqdm: auto notebook asyncio contrib std autonotebook
tabulate:
dateutil: parser relativedelta tz rrule easter
pytz: exceptions
cycler:
packaging: version specifiers requirements
attr: validators converters
attrs: validators converters
pydantic: dataclasses types fields
json: decoder encoder
yaml: dumper nodes
simplejson: decoder
collections: abc
datetime:
xml: etree.ElementTree dom.minidom sax.saxutils
urllib: parse error
html: parser entities
email: parser message policy header utils mime.text mime.multipart
unittest:
logging:
"""
#: Modules of which only these functions and classes are free.
_NAMES = {
    "sys": "getsizeof getrecursionlimit setrecursionlimit getdefaultencoding getfilesystemencoding exc_info intern getrefcount stdout.write stdout.flush stderr.write stderr.flush "
    "stdout.isatty stdin.isatty getswitchinterval maxsize version_info float_info int_info get_int_max_str_digits set_int_max_str_digits is_finalizing displayhook getwindowsversion",
    "asyncio": "run sleep gather wait wait_for create_task ensure_future get_event_loop get_running_loop new_event_loop set_event_loop Queue Lock Event Semaphore BoundedSemaphore Condition Task Future as_completed "
    "iscoroutine iscoroutinefunction shield timeout current_task all_tasks TaskGroup PriorityQueue LifoQueue to_thread isfuture",
    "gc": "collect enable disable isenabled get_count get_threshold set_threshold get_stats freeze unfreeze is_tracked",
    "inspect": "getsource getsourcelines getsourcefile getfile getdoc getcomments signature Signature Parameter isfunction isclass ismethod ismodule isgenerator iscoroutinefunction isbuiltin isabstract "
    "getmro getfullargspec getargspec cleandoc unwrap currentframe stack isawaitable getcallargs iscoroutine isroutine indentsize isgeneratorfunction",
    "weakref": "ref proxy WeakKeyDictionary WeakValueDictionary WeakSet getweakrefs getweakrefcount WeakMethod",
    "logging": "getLogger basicConfig debug info warning warn error critical exception log Logger Formatter StreamHandler NullHandler disable getLevelName captureWarnings addLevelName Handler Filter LoggerAdapter LogRecord shutdown setLoggerClass",
    "unittest": "TestCase TestSuite main skip skipIf expectedFailure",
    "types": "SimpleNamespace MappingProxyType MethodType GeneratorType ModuleType FunctionType new_class resolve_bases prepare_class coroutine DynamicClassAttribute",
    "threading": "Thread Lock RLock Event Condition Semaphore BoundedSemaphore Barrier Timer local current_thread active_count enumerate get_ident main_thread get_native_id",
    "linecache": "getline getlines checkcache clearcache",
    "traceback": "print_exc format_exc print_exception format_exception print_stack format_stack print_tb format_tb extract_stack extract_tb TracebackException format_exception_only",
    "io": "StringIO BytesIO open TextIOWrapper BufferedReader SEEK_SET BufferedRandom BufferedWriter IncrementalNewlineDecoder",
    "codecs": "open encode decode lookup getencoder getdecoder getreader getwriter BOM_UTF8 iterdecode iterencode register_error escape_decode escape_encode utf_8_decode",
    "tensorflow.config": "list_physical_devices list_logical_devices run_functions_eagerly set_visible_devices get_visible_devices set_logical_device_configuration get_logical_device_configuration functions_run_eagerly "
    "set_soft_device_placement LogicalDeviceConfiguration experimental.list_physical_devices experimental.set_memory_growth experimental.set_visible_devices experimental.list_logical_devices "
    "experimental.set_virtual_device_configuration experimental.VirtualDeviceConfiguration experimental.get_memory_info threading.set_inter_op_parallelism_threads threading.set_intra_op_parallelism_threads optimizer.set_jit optimizer.set_experimental_options",
    "jax": "jit grad value_and_grad vmap pmap jacfwd jacrev hessian vjp jvp devices device_count local_device_count device_put device_get block_until_ready make_jaxpr checkpoint eval_shape custom_jvp custom_vjp default_backend",
    "skimage.data": "astronaut binary_blobs camera cat checkerboard chelsea clock coffee coins colorwheel horse hubble_deep_field immunohistochemistry lfw_subset microaneurysms moon page rocket shepp_logan_phantom text",
    "atexit": "register unregister",
    "pydantic": "BaseModel Field ValidationError field_validator model_validator validator root_validator ConfigDict RootModel computed_field field_serializer conint constr confloat PositiveInt NonNegativeInt TypeAdapter create_model validate_call",
}  # fmt: skip
#: Members of modules that are values: numbers, and what gives arrays for what stands in its brackets.
_VALUES = frozenset(("c_", "r_", "s_", "mgrid", "ogrid", "index_exp", "nan", "inf", "pi", "e", "NA", "NaT"))
#: What names of functions say that they do more, whatever the module.
_ACTING = re.compile(
    r"(?:write|save|export(?!_text|_graphviz)|upload|download|install|serve|send|publish|launch|spawn|exec|delete_)\w*"
)
#: Names of methods that compute, read, plot or bind, of the objects of libraries and of the classes in their modules.
_METHODS = """
_asdict _make _replace absolute accumulate acorr acquire action_space adapt add_ addFilter addmm adjacency adjusted aic alias align_labels
align_titles align_vectors align_xlabels align_ylabels all_coeffs allclose allfinite allpairtest alpha_composite amax amin analyze_pipes and_
angle_spectrum annotate anom antiderivative apart append_column append_display_data append_stdout apply_aspect apply_defaults apply_gradients
apply_index apply_transparency applyfunc approx_equal approx_n_unique approx_quantile arc arccos arccosh arcsin arcsinh arctan arctanh area
argpartition args arrow asformat asfptype ask asof_locs assign_add assign_attrs assign_coords assign_sub astimezone astype_ at atoms attr attrib
auto_scale_xyz autofmt_xdate autoscale autoscale_None autoscale_view axes_dict axhline axhspan axis axline axvline axvspan background_gradient
backward_fill bar3d bar_label barbs base_utc_offset basicConfig basis batch batch_jacobian best_params beta betavariate bic bin bin_intervals
bin_quantiles bin_ranks bind bind_partial binomial bitmap bitwise_and bitwise_count_ones bitwise_count_zeros bitwise_leading_ones
bitwise_leading_zeros bitwise_or bitwise_trailing_ones bitwise_trailing_zeros bitwise_xor blend bluemarble bm25 bmm boost bottom_k bottom_k_by
boundary bounding_shape bounds box broadcast_equals broadcast_like broken_barh buffer buffer_info buffers build build_analyzer build_preprocessor
build_tokenizer build_vocab bxp bytes cache_clear cache_info cache_parameters call cancel cancelled canonical capture cardinality case_when
cast_time_unit cbrt ceil centroid century chain char_span charpoly children chisquare choice choices chord chunk chunk_lengths chunked_sents circle
cla clabel clamp clamp_ cleaned clear_output clf click clip_ clip_to_bbox clone coarsen coeff coeffs cohere col col_del col_insert col_join collect
collect_schema collocations colorbar column column_names columns_ combine_chunks common_contexts compactify compare_f_test compare_lm_test
compare_lr_test compare_signal compare_to compare_total compare_total_mag composite compressed compute compute_gradients concat concatenate
concordance concrete_functions confidence_interval configure_axis configure_header configure_legend configure_mark configure_title configure_view
constant construct_fast contains_any contains_point contains_points contiguous contour contour3D contourf contourf3D convert convex_hull
cooks_distance copy_ copy_abs copy_negate copy_sign correct correct_covariance cos cosh cost_complexity_pruning_path cot cov_params covariance_factor
create_group create_stats critical crop cross crosses csd cssselect ctime cumcount cumulative cumulative_eval cumulative_integrate curvefit cutdeg cv
cwd data_ptr day days_in_month debug decision_path decompose decompose_ deepcopy default definition deg2rad degrees delaxes delete densify dep_
dequeue dequeue_many deriv derivative derivatives descendants despine det diag diagonalize dictionary_encode differentiate digest dim dirichlet
disable disable_pipes dispersion_plot dissolve dist distance div div_ div_dist divide divmod dlink doc2bow doesnt_match done draggable drawcoastlines
drawcounties drawcountries drawgreatcircle drawmapboundary drawmeridians drawparallels drawrivers drawstates drop_attrs drop_columns drop_dims
drop_encoding drop_in_place drop_indexes drop_isel drop_nans drop_null drop_sel drop_vars dst dst_offset ecdf edge_subgraph effect_noise effect_spread
eigenvals eigenvects element_size elements eliminate_zeros ellipse empty empty_table enable end ends_with enhance enqueue enqueue_many enqueue_trial
ent_iob_ ents enumerate envelope epoch eq_dist eq_missing equal_levels erf erfc error error_norm errorbar escape_regex estimate_utm_crs estimated_size
etopo evals_result evaluate_generator eventplot ewm_mean ewm_mean_by ewm_std ewm_sum ewm_sum_by ewm_var examples exception exclude exp exp_ expand_as
expand_dims expanduser expect experimental_run_v2 explain_instance expm1 exponential expovariate extend_constant extend_model extra_repr extract_all
extract_groups extract_many extract_text f facet facet_axis feature_importance feed feed_data fevd field field_by_name figimage fileids filelist
fileno fill_ fillcontinents filter_by_attrs filter_extremes filter_tokens findAll finditer findtext flat_map floordiv flow flush fma fold
for_each_annotation for_each_trace forecast format_coord format_cursor_data format_exc format_exception format_help format_index format_xdata
format_ydata format_zdata forward forward_fill free_symbols freq frombytes fromisocalendar fromisoformat fromlist fromordinal fromroots FromString
fromtimestamp fromunicode frozen full full_match fullmatch func gamma gammavariate gather gather_every gauss gca ge_dist generate
generate_from_frequencies geom_type geometric glimpse gradient grid groupby_bins groupdict grouped_bar gt_dist gumbel half hapaxes harden_mask has
hash hash_rows hat_matrix_diag hatch having hexbin hexdigest hide highlight_between highlight_max highlight_min highlight_null highlight_quantile
hist2d histogram hlines hold_sync hold_trait_notifications holidays home hstack hypergeometric hypernyms hyponyms id2token identical identity implode
imshow in_axes in_degree in_edges index_add_ index_fill index_fill_ index_of index_select indexer_at_time indexer_between_time indicate_inset
infer_vector info_criteria infolist insert_column inset_axes inspect_types integ integers integral integrate_box integrate_box_1d integrate_gaussian
integrate_kde interactive interleave interp interp_calendar interp_like interpolate interpolate_by interpolate_na interpolated intersects
intersects_bbox intersects_path inv invalidate inverse inverted irf is_ isatty iscontiguous isel isetitem isf iso_year isocalendar isoweekday
isreadable isrecursive isSet itemsize iter iterchunks itercolumns iterencode iterfind iteritems itertext ix jacobian join_asof join_where joinpath
jordan_form jslink json_decode json_path_match kde keep_in_front kneighbors kneighbors_graph label label_outer lambdify laplace layers lazy le_dist
leaves legend legend_elements lemma_ lemma_names lemmas lemmatize len_bytes len_chars limit limit_denominator limit_range_for_scale line
linear_gradient link linspace list lit ln localize locator_params locked log log10 log1p logb logcdf logical_and logical_invert logical_or logical_xor
logistic loglog lognormal lognormvariate logp logseries loss lower_bound lstat lstsq lt_dist LUdecomposition LUsolve magnitude magnitude_spectrum
mahalanobis maketrans manual_seed mapparms margins mark_arc mark_area mark_bar mark_boxplot mark_circle mark_errorband mark_errorbar mark_geoshape
mark_line mark_point mark_rect mark_rule mark_square mark_text mark_tick mark_trail masked_fill masked_fill_ masked_select matshow maximum mean_dist
mean_horizontal merge_sorted microsecond millennium millisecond minimize minimum minorticks_off minorticks_on minute mm mod modules month_end
month_start most_recent most_similar move_to_end mul_ mul_dist multiline_text multiline_textbbox multinomial multiply multivariate_hypergeometric
multivariate_normal mv n_chunks n_similarity n_unique named_children named_modules named_parameters namelist nanmax nanmin nanosecond nbunch_iter
ne_dist ne_missing nearest neg neg_score negative_binomial nelement new_from_index new_full new_ones new_subplotspec new_tensor new_zeros next_minus
next_plus next_toward ngrams ngroup nnlf no_grad node noncentral_chisquare noncentral_f norm normal normal_ normalized_cov_params normalvariate not_
notify notify_all noun_chunks noun_phrases now nroots null_count nullspace num_columns num_docs num_features num_rows num_trees number_class numel
obj_score observation_space observe offset_by ohlc on_trait_change optimize options or_ order ordinal_day otherwise otsu out_degree out_edges outer
over overlay owner pack pack_into pad pad_end pad_sequences pad_start padded_batch pairplot pairwise_tukey parallel_diagnostics parameters pareto
paretovariate parse parse_args parse_known_args ParseFromString partition_by paste path pcolor pcolorfast pcolormesh peak_max peak_min permutation
permuted perplexity pformat phase_spectrum pie pie_label pieslice pipe_names placeholder plot3D point poisson polarity_scores polyfit polygon pos_
pos_score pos_tag power powsimp pprint pred_table prefetch prettify print_callees print_callers print_help print_stats print_summary print_topic
print_topics prob_eq prob_ge prob_gt prob_le prob_lt profile progress_apply progress_applymap progress_map project properties prune psd putalpha
putdata putmask putpalette putpixel pvalues py_func qcut QRdecomposition qsize quantize quarter quick_ratio quiver quiver3D quiverkey rad2deg
radial_gradient radians radius_neighbors radius_neighbors_graph radix radsimp ragged_batch rand randbytes randint randn random randrange ratio raw
raw_decode rayleigh rdivmod readable reader readshapefile real_quick_ratio rebatch rechunk recolor reconstruction_error rectangle reduce reduceat
refline refresh regionprops register_buffer register_parameter regular_polygon reinterpret relabel_index relative_to release relim relu remainder_near
remap_palette removeO rename_categories rename_columns rename_dims rename_geometry rename_vars render reorder_categories repeat_by report
representative_point resampled rescale reset reshape_as resid resize resolve resolve_dtypes resolve_scale result retain_grad reversed
reweight_covariance rewrite rfloordiv rint rle rle_id rmod rmul roll rollback rollforward roots round_sig_figs rounded_rectangle row row_del
row_insert row_join row_lengths rows rows_by_key rpow rref rsample rsub rtruediv run_mcmc running safe_substitute same_quantum samefile sample
sample_posterior_predictive sample_prior_predictive sample_y sca scale scaleb scaled scanner scatter3D scatter_ scatter_add_ scatter_nd_add
scatter_nd_update scatter_update scope search search_sorted second secondary_xaxis secondary_yaxis sections seek seekable sel semilogx semilogy
semilogz senti_synsets sentiment sents sequences_to_texts SerializeToString series Session set setdiag setfield setLevel setstate shadedrelief
shap_values shard share_memory_ sharex sharey sharez should_prune show_topic show_topics shrink_dtype shrink_mask shrink_to_fit shuffle shutdown
sigmoid sign signature similar similar_by_vector similar_by_word similarity simulate sin sinh sjoin sjoin_nearest skew_deg skip slice slice_indexer
slice_locs slice_replace snap snapshot_stats soften_mask softmax solve sortby sorted_indices sortlevel span sparse_distance_matrix sparsify specgram
split_exact split_with_sizes splitn spy sqrt sqrt_ squeeze_ stackplot staged_decision_function staged_predict staged_predict_proba staged_score stairs
standard_cauchy standard_exponential standard_gamma standard_normal standard_t standardize start starts_with stat state_dict state_values statistics
stats stem stem3D stop_recording streamplot strptime struct sub_ sub_dist subfigures subgraph submit subn subplot_mosaic subplots subplots_adjust
substitute subtrees suggest_categorical suggest_discrete_uniform suggest_float suggest_int suggest_loguniform suggest_uniform sum_duplicates
sum_horizontal summary summary2 summary_frame summary_table support suptitle supxlabel supylabel survival_function_at_times svd synsets T
t_test_pairwise table tabulate tag tagged_sents tagged_words tan tanh task_done tell tensordot test_causality test_normality test_on_batch
test_whiteness testzip text text2D text3D text_gradient textbbox textlength texts_to_matrix texts_to_sequences then thin threshold thumbnail
ticklabel_format tight_layout time timeunit to to_arrow to_batches to_bytes to_categorical to_code to_crs to_dask_dataframe to_dataarray to_dataset
to_date to_datetime to_datetime64 to_decimal to_device to_dicts to_directed to_dummies to_eng_string to_flat_index to_image to_index
to_init_repr to_integer to_integral to_integral_exact to_integral_value to_jax to_html5_video to_jshtml to_julian_date to_map to_masked_array to_physical
to_plotly_json to_polars to_polygons to_pydatetime to_pydict to_pylist to_pytimedelta to_reader to_rgba to_series to_sparse to_struct to_struct_array
to_tensor to_time to_timedelta64 to_titlecase to_torch to_tuples to_undirected to_unstacked_dataset to_values tobitmap tobsr tocoo tocsc tocsr todia
todok toflex together token2id tokenize tolil topk torecords total_bounds total_days total_hours total_microseconds total_milliseconds total_minutes
total_nanoseconds touches tounicode train_test_split trainable_variables trait_names traits transform_affine transform_aggregate transform_angles
transform_bin transform_calculate transform_density transform_filter transform_fold transform_impute transform_joinaggregate transform_loess
transform_lookup transform_non_affine transform_one transform_path transform_path_affine transform_path_non_affine transform_pivot transform_point
transform_quantile transform_regression transform_stack transform_timeunit transform_window transformed transpose_ trees_to_dataframe trials_dataframe
triangular tricontour tricontourf trigsimp tril trim tripcolor triplot triu trunc truncdiv tshift tukeyhsd twinx twiny type type_as tzname unary_union
unbatch unbind uniform uniform_ unify_chunks unify_dictionaries union_all unique_counts unnest unobserve unpack unpack_from unpivot unsqueeze
upper_bound upsample utcfromtimestamp utcnow utcoffset validate validate_input value_lengths variables view_as view_init violin violinplot vlines
vocab vocabulary_size vonmises vonmisesvariate voxels vstack wait wald wald_test_terms walk warning watch wedge week weibull weibullvariate weighted
when window with_alpha with_columns_seq with_extremes with_metadata with_name with_row_index with_segments with_stem within words wrap writable writer
wv xaxis_date xaxis_inverted xcorr xor xpath xreplace yaxis_date yaxis_inverted zaxis_date zaxis_inverted zero_ zip_with zipf
"""
#: Library → names of its methods alone.
_METHODS_OF = {
    library: frozenset(names.split())
    for library, names in {
        "tensorflow": "run cache list_files range zip load_weights",
        "keras": "load_weights",
        "matplotlib": "draw draw_idle flush_events mpl_connect mpl_disconnect",
        "tqdm": "pandas write",
        "librosa": "load",
    }.items()
}
#: Beginnings of the names of such methods.
_KINDS = re.compile(
    r"(?:set|is|has|plot|draw|str|fill|predict|fit|partial_fit|score|from|cum|sort|rank|random|reduce|add|max|min|arg|rolling|convert|reset|replace|bit|map|inverse"
    r"|remove|nan|log|iter|query|as|find|invert|check|count|group|select|make|start|arc|strip|swap|update|stack|rotate|axis|std|top|skip|tick|detect|slice)_\w+|get\w+"
)


def _modules() -> frozenset[str]:
    found: set[str] = set(_NAMES)
    for line in _MODULES.strip().replace("\n  ", " ").splitlines():
        root, _, inner = line.partition(":")
        found |= {root, *(f"{root}.{module}" for module in inner.split())}
    return frozenset(found) | {
        name.replace("keras", "tensorflow.keras", 1) for name in found if name.partition(".")[0] == "keras"
    }


MODULES: Final = _modules()
NAMES: Final = {module: frozenset(names.split()) for module, names in _NAMES.items()}
METHODS: Final = frozenset(_METHODS.split()) | METHOD_MUTATIONS.keys() | DATA_METHODS
#: Beginnings of the names of classes that, once made, hold files, connections or programs.
_HOLDING = re.compile(
    r"\w*(?:Writer|Stor(?:e|age)|Server|Client|Session|Record|Logg|Connect|Download|Backend|File|Cache|Database|Process|Pool|Executor|Runner|Monitor|Remote|Cluster(?!ing)|Subprocess|Shell|Command)"
)


def is_computing(origin: str) -> bool:
    """Whether what a dotted name of a free library stands for is known to only compute, read, plot or bind.

    Args:
        origin: As `NameResolver.origins_of` gives it: ``numpy.linalg.svd``, ``pandas.read_csv().groupby().mean``.
    """
    made, called, rest = origin.rpartition("()")
    own = _METHODS_OF.get(origin.partition(".")[0], frozenset())
    if called and not rest:
        return is_computing(made)
    module, names = (origin, list[str]()) if not called else ("", rest.split("."))
    while module and module not in MODULES and "." in module:
        module, _, name = module.rpartition(".")
        names.insert(0, name)
    last = names[-1] if names else ""
    if module in NAMES:
        return ".".join(names) in NAMES[module]
    if called or (names[1:] and names[0] in _VALUES):
        return _is_method(last) or last in own or "str" in names
    if names[1:] and last[:1].islower():
        return len(names) == 2 and (last in METHODS or last in own or (names[0][:1].isupper() and _is_method(last)))
    if names[1:] or not (module in MODULES or module in sys.stdlib_module_names):
        return not _HOLDING.match(last) if last[:1].isupper() else not names or _is_method(last)
    return not _ACTING.fullmatch(last)


def _is_method(name: str) -> bool:
    return name in METHODS or _KINDS.fullmatch(name) is not None
