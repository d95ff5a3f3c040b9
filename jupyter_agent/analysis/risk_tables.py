"""What well-known modules, functions, methods and magics reach: files, processes, the network, databases, the environment."""

# ruff: noqa: SIM905 - many words are easier to read, and to sort, as words

from __future__ import annotations

import sys
from typing import Final

from jupyter_agent.analysis.cells.library_calls import PURE

#: Names that notebooks give to modules and classes, where the import itself is not seen.
USUAL_NAMES: Final = {
    "np": "numpy",
    "pd": "pandas",
    "pl": "polars",
    "plt": "matplotlib.pyplot",
    "mpl": "matplotlib",
    "sns": "seaborn",
    "tf": "tensorflow",
    "nx": "networkx",
    "sm": "statsmodels.api",
    "smf": "statsmodels.formula.api",
    "px": "plotly.express",
    "go": "plotly.graph_objects",
    "alt": "altair",
    "sp": "subprocess",
    "mp": "multiprocessing",
    "jnp": "jax.numpy",
    "xgb": "xgboost",
    "lgb": "lightgbm",
    "pa": "pyarrow",
    "pq": "pyarrow.parquet",
    "ic": "icecream.ic",
    "Path": "pathlib.Path",
    "PurePath": "pathlib.PurePath",
    "Popen": "subprocess.Popen",
    "urlopen": "urllib.request.urlopen",
    "urlretrieve": "urllib.request.urlretrieve",
    "create_engine": "sqlalchemy.create_engine",
    "rmtree": "shutil.rmtree",
    "load_dotenv": "dotenv.load_dotenv",
    "StringIO": "io.StringIO",
    "BytesIO": "io.BytesIO",
    "Markdown": "IPython.display.Markdown",
    "HTML": "IPython.display.HTML",
    "Javascript": "IPython.display.Javascript",
    "IFrame": "IPython.display.IFrame",
    "Image": "IPython.display.Image",
    "display": "IPython.display.display",
    "get_ipython": "IPython.get_ipython",
}

_FREE = """
abc argparse array ast base64 binascii bisect builtins calendar cmath codecs collections colorsys contextlib contextvars copy copyreg csv
dataclasses datetime decimal difflib dis doctest enum errno fnmatch fractions functools gc getopt getpass.getpass gettext glob graphlib
hashlib heapq hmac html inspect io ipaddress itertools json keyword linecache locale logging math mimetypes mmap numbers operator os.path
os.getcwd os.listdir os.scandir os.walk os.stat os.lstat os.cpu_count os.sep os.linesep os.name os.getpid os.fspath os.fsencode os.fsdecode
os.get_terminal_size os.urandom os.access os.curdir os.pardir os.PathLike os.getlogin os.times os.pathsep os.extsep os.devnull os.uname os.error
os.DirEntry os.path pathlib platform pprint queue quopri random re reprlib sched secrets select selectors shlex shutil.disk_usage shutil.which
shutil.get_terminal_size statistics string stringprep struct symtable sys sysconfig tabnanny textwrap threading time timeit token
tokenize traceback tracemalloc types typing unicodedata unittest urllib.parse urllib.error uuid warnings weakref xml zlib zoneinfo
concurrent.futures.ThreadPoolExecutor concurrent.futures.as_completed concurrent.futures.wait concurrent.futures.Future asyncio
importlib.metadata importlib.resources importlib.util.find_spec importlib.reload importlib.invalidate_caches pickle.dumps pickle.Pickler
pickle.HIGHEST_PROTOCOL pickle.PickleError marshal.dumps tempfile.gettempdir multiprocessing.cpu_count
tkinter cProfile profile pstats atexit bdb stat posixpath ntpath email http.HTTPStatus http.cookies urllib
__future__ _io cycler
pylab pandas numpy scipy sklearn matplotlib mpl_toolkits seaborn plotly altair bokeh holoviews hvplot panel polars pyarrow duckdb statsmodels
linearmodels patsy formulaic xgboost lightgbm catboost torch torchvision torchaudio torchmetrics pytorch_lightning lightning tensorflow
tensorflow_probability tensorflow_hub keras tf_keras jax jaxlib flax optax haiku equinox transformers tokenizers sentence_transformers
accelerate peft timm einops diffusers nltk spacy gensim textblob wordcloud stopwordsiso networkx igraph sympy mpmath PIL cv2 skimage imageio
tqdm IPython ipywidgets missingno folium branca geopandas shapely pyproj rasterio fiona cartopy pydantic attr attrs dateutil pytz tzlocal
bs4 lxml html5lib markdown mistune jinja2 numba dask xarray netCDF4 h5py tables zarr vaex modin cudf cuml cupy joblib cloudpickle rich
tabulate colorama termcolor prettytable yaml toml tomli tomllib orjson ujson simplejson category_encoders imblearn shap lime eli5 optuna
hyperopt skopt bayes_opt mlxtend umap hdbscan prophet fbprophet pmdarima arch lifelines sksurv pymc pymc3 arviz emcee corner astropy Bio
rdkit pingouin scikit_posthocs factor_analyzer prince yellowbrick scikitplot ydata_profiling pandas_profiling sweetviz dtale great_expectations
pandera janitor pyjanitor siuba plotnine lets_plot squarify matplotlib_venn upsetplot adjustText mplcursors mplfinance ta talib pandas_ta
cvxpy cvxopt pulp ortools pyomo gurobipy ot dtw tslearn sktime darts tsfresh statsforecast neuralprophet ruptures pykalman filterpy
control simpy mesa gym gymnasium stable_baselines3 librosa soundfile pydub music21 mido pretty_midi mne nibabel nilearn SimpleITK pydicom
openpyxl xlrd xlsxwriter docx pptx PyPDF2 pypdf pdfplumber fitz camelot chardet charset_normalizer unidecode emoji regex langdetect
fuzzywuzzy thefuzz rapidfuzz jellyfish Levenshtein phonenumbers pycountry babel inflect humanize pendulum arrow dateparser holidays
more_itertools toolz cytoolz funcy sortedcontainers bidict frozendict box munch addict cachetools decorator wrapt pyparsing ply lark
six nbformat traitlets icecream snoop memory_profiler line_profiler psutil GPUtil pympler objsize
sparse pyparsing autograd theano mxnet paddle onnx onnxruntime cirq qiskit pennylane deepchem pyod alibi interpret fairlearn aif360 dice_ml
econml causalml dowhy causalnex pgmpy bnlearn hmmlearn pomegranate implicit surprise lightfm faiss annoy hnswlib tensorboard.plugins graphviz pydot pydotplus pythreejs ipyleaflet bqplot pyvis pydeck keplergl geopy.distance haversine h3 osgeo pysal libpysal esda splot mapclassify momepy rioxarray xskillscore metpy cftime eofs windrose pint uncertainties
lmfit iminuit SALib chaospy openturns fenics deap pygad nevergrad pyswarm sko polyfuzz kmodes hdbscan minisom somoclu fcmeans sklearn_extra
featuretools tsfel woodwork evalml lazypredict pycaret flaml tpot autosklearn pytest hypothesis freezegun faker mimesis
google.protobuf typing_extensions packaging numexpr empiricaldist glmnet pqdm sklearn_pandas scikeras pydotplus vega_datasets.local_data palmerpenguins gapminder
cmd configparser encodings filecmp genericpath grp imghdr nturl2path opcode optparse pickletools plistlib pwd pyclbr pydoc_data sndhdr sre_compile sre_constants sre_parse wave.open
zipfile.ZipFile zipfile.is_zipfile zipfile.BadZipFile zipfile.BadZipfile zipfile.LargeZipFile zipfile.ZipInfo zipfile.Path
tarfile.open tarfile.is_tarfile tarfile.TarInfo tarfile.TarError tarfile.ReadError
gzip.open gzip.compress gzip.decompress gzip.GzipFile gzip.BadGzipFile bz2.open bz2.compress bz2.decompress bz2.BZ2File bz2.BZ2Compressor
bz2.BZ2Decompressor lzma.open lzma.compress lzma.decompress lzma.LZMAError lzma.LZMAFile lzma.LZMACompressor lzma.LZMADecompressor
site.getsitepackages site.getusersitepackages site.getuserbase
"""

_FILES = """
argparse.FileType bz2 gzip lzma tarfile zipfile matplotlib.cbook.open_file_cm matplotlib.cbook.to_filehandle pandas.io.formats.csvs scipy.io.hb_write
os.remove os.unlink os.rmdir os.removedirs os.rename os.renames os.replace os.mkdir os.makedirs os.mkfifo os.mknod os.link os.symlink
os.chmod os.chown os.lchown os.fchmod os.fchown os.truncate os.ftruncate os.open os.write os.pwrite os.writev os.fdopen os.chdir os.fchdir
os.chroot os.utime os.sendfile os.copy_file_range os.setxattr os.removexattr os.readlink os.umask os shutil tempfile shelve dbm fileinput
distutils.dir_util distutils.file_util posix nt io.FileIO io.open_code codecs.open zipfile.ZipFile.extractall logging.FileHandler
numpy.save numpy.savez numpy.savez_compressed numpy.savetxt numpy.memmap numpy.lib.format.open_memmap torch.save torch.onnx.export torch.onnx.dynamo_export joblib.dump matplotlib.pyplot.savefig matplotlib.pyplot.imsave matplotlib.image.imsave scipy.io.savemat scipy.io.wavfile.write
scipy.sparse.save_npz skimage.io.imsave imageio.imwrite imageio.imsave imageio.mimsave imageio.mimwrite cv2.imwrite cv2.VideoWriter
pandas.ExcelWriter pandas.HDFStore pandas.io.pytables.HDFStore plotly.io.write_image plotly.io.write_html plotly.offline.plot
nbformat.write soundfile.write librosa.output torchvision.utils.save_image tensorflow.saved_model.save tensorflow.io.write_file
tensorflow.io.gfile tensorflow.keras.models.save_model keras.models.save_model keras.saving.save_model dill.dump cloudpickle.dump
pyarrow.parquet.write_table pyarrow.feather.write_feather pyarrow.csv.write_csv pyarrow.OSFile xlsxwriter.Workbook tarfile.TarFile.extractall
send2trash watchdog graphviz.Digraph.render graphviz.Graph.render graphviz.Source.render graphviz.render graphviz.view graphviz.Digraph.view graphviz.Graph.view graphviz.Source.view torch.utils.tensorboard tensorboardX tensorflow.keras.callbacks.ModelCheckpoint tensorflow.keras.callbacks.TensorBoard tensorflow.keras.callbacks.CSVLogger
keras.callbacks.ModelCheckpoint keras.callbacks.TensorBoard keras.callbacks.CSVLogger pytorch_lightning.Trainer lightning.Trainer
transformers.Trainer transformers.TrainingArguments Bio.SeqIO.write Bio.AlignIO.write Bio.Phylo.write networkx.write_gml networkx.write_graphml networkx.write_gexf networkx.write_edgelist
networkx.write_adjlist networkx.write_pickle networkx.write_gpickle tensorflow.summary.create_file_writer joblib.Memory lightgbm.Booster.save_model
_io.FileIO _io.open_code pstats.Stats.dump_stats cProfile.Profile.dump_stats pandas.io.common numpy.lib.npyio dask.config.ensure_file jinja2.bccache jinja2.FileSystemBytecodeCache hypothesis.database hypothesis.configuration
sklearn.utils.check_memory sklearn.utils.validation.check_memory pyarrow.fs.FileSystem.move matplotlib.backends.backend_pdf matplotlib.backends.backend_pgf matplotlib.backends.backend_ps matplotlib.backends.backend_svg
pyarrow.output_stream pyarrow.memory_map pyarrow.create_memory_map pyarrow.ipc.new_file pyarrow.ipc.new_stream scipy.io.mmwrite imageio.get_writer
astropy.io.fits.writeto SimpleITK.WriteImage rdkit.Chem.SDWriter rdkit.Chem.Draw.MolToFile osgeo.gdal.Unlink osgeo.gdal.GetDriverByName
contextlib.chdir matplotlib.font_manager.json_dump torch.package pyarrow.CompressedOutputStream zarr.create zarr.DirectoryStore zarr.ZipStore
cv2.FileStorage tensorflow.io.TFRecordWriter tensorflow.train.CheckpointManager tensorflow.keras.callbacks.BackupAndRestore keras.callbacks.BackupAndRestore optuna.storages.JournalStorage
optuna.storages.JournalFileStorage optuna.storages.JournalFileBackend optuna.storages.journal gymnasium.wrappers.RecordVideo gym.wrappers.RecordVideo gym.wrappers.Monitor osgeo.gdal.Translate osgeo.gdal.Warp
osgeo.gdal.VectorTranslate numpy.testing.tempdir numpy.testing.temppath IPython.utils.tempdir
markdown.markdownFromFile emcee.backends.HDFBackend great_expectations.get_context sklearn.datasets.dump_svmlight_file sklearn.datasets.clear_data_home tensorflow.profiler tensorflow.train.Checkpoint IPython.utils.io.Tee nltk.pathsec statsmodels.datasets.utils.clear_data_home
statsmodels.iolib.openfile seaborn.get_data_home seaborn.utils.get_data_home sklearn.datasets.get_data_home sklearn.utils.fixes.tarfile_extractall nltk.data.staging_tempdir
nltk.data.make_staging_dir nltk.sem.chat80 rich.progress.open matplotlib.animation.HTMLWriter matplotlib.animation.FileMovieWriter tqdm.cli imageio.core folium.utilities
PIL.PdfParser pyarrow.parquet.ParquetWriter pyarrow.csv.CSVWriter pyarrow.orc.ORCWriter matplotlib.image.thumbnail matplotlib.animation.FFMpegWriter
catboost.CatBoost.fit catboost.CatBoostClassifier.fit catboost.CatBoostRegressor.fit catboost.CatBoostRanker.fit catboost.train catboost.cv nltk.tag.CRFTagger.train pandas.show_versions
matplotlib.animation.FFMpegFileWriter matplotlib.animation.ImageMagickWriter matplotlib.animation.ImageMagickFileWriter plistlib.dump
"""

_PROCESS = """
site matplotlib.rc_file pandas.compat.pickle_compat unittest.TestLoader unittest.defaultTestLoader unittest.loader unittest.findTestCases unittest.makeSuite unittest.mock.patch
os.system os.popen os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe os.spawnl os.spawnle os.spawnlp os.spawnlpe
os.spawnv os.spawnve os.spawnvp os.spawnvpe os.fork os.forkpty os.posix_spawn os.posix_spawnp builtins.breakpoint os.kill os.killpg os.abort os._exit os.startfile
os.nice os.setuid os.setgid os.setsid os.setpriority os.sched_setaffinity builtins.exit builtins.quit
nltk.parse.corenlp nltk.parse.malt nltk.parse.stanford nltk.tag.stanford nltk.tag.hunpos nltk.tag.senna nltk.tokenize.repp nltk.tokenize.stanford
nltk.tokenize.stanford_segmenter nltk.classify.megam nltk.classify.weka nltk.internals statsmodels.tsa.x13 altair.utils.execeval altair.utils.server bokeh.ext
bokeh.server bokeh.command bokeh.io.export bokeh.util.browser bokeh.application sympy.parsing.ast_parser sympy.polys.polyconfig sympy.printing.gtk
sympy.printing.preview sympy.plotting.pygletplot sympy.utilities.runtests xarray.show_versions xarray.util.print_versions PIL.EpsImagePlugin
matplotlib.backends.backend_ps.gs_distill matplotlib.backends.backend_ps.xpdf_distill matplotlib.backends.backend_webagg jinja2.environment.Template.from_code
plotly.io.to_image matplotlib.sphinxext matplotlib.backend_bases.register_backend matplotlib.backend_bases.get_registered_canvas_class numpy.testing.check_support_sve matplotlib.backends.registry dask.cli dask.array.from_npy_stack dask.array.core.from_npy_stack
babel.messages babel.plural.to_python babel.localedata bs4.diagnose jinja2.loaders.ModuleLoader jinja2.debug xarray.core.utils.attempt_import pandas.core.computation
pydantic.v1.parse.load_str_bytes pydantic.deprecated.parse.load_str_bytes hypothesis.internal hypothesis.extra.codemods sklearn.utils.estimator_checks nbformat.sign
dask.utils dask.diagnostics.ResourceProfiler matplotlib.dviread rich.pager rich.console.Console.pager pydantic.ImportString pydantic.types.ImportString
matplotlib.texmanager keras.models.load_model keras.saving.load_model tensorflow.keras.models.load_model tf_keras.models.load_model
subprocess pty runpy multiprocessing concurrent.futures.ProcessPoolExecutor concurrent.futures.process pexpect sh plumbum invoke fabric
ctypes cffi signal resource pickle.load pickle.loads pickle.Unpickler marshal.load marshal.loads dill.load dill.loads dill cloudpickle.load
cloudpickle.loads joblib joblib.load networkx.read_gpickle sklearn.externals.joblib.load pandas.read_hdf nltk.data.load pyarrow.deserialize numpy.lib.format.read_array pandas.read_pickle pandas.io.pickle.read_pickle code codeop trace pdb imp zipimport pkgutil
importlib.util importlib.machinery importlib.abc importlib._bootstrap importlib._bootstrap_external _posixsubprocess faulthandler
asyncio.create_subprocess_exec asyncio.create_subprocess_shell asyncio.subprocess psutil.Process.kill psutil.Process.terminate psutil.Popen
ray pyspark findspark dask.distributed ipyparallel docker kubernetes pathos loky celery luigi airflow prefect papermill nbclient
jupyter_client IPython.utils.process IPython.start_ipython IPython.embed win32com torch.utils.cpp_extension yaml.unsafe_load yaml.full_load jsonpickle rpy2 oct2py matlab julia wolframclient py4j jnius r2pipe
winreg _winapi msvcrt commands popen2 antigravity
profile cProfile.run cProfile.runctx cProfile.Profile.run cProfile.Profile.runctx bdb doctest unittest.main unittest.TextTestRunner unittest.mock._importer
pytest.main past.builtins future.builtins six.exec_ decorator.FunctionMaker logging.config tkinter.Tcl tkinter.Tk.tk tkinter.Tk.eval tkinter.Tk.call tkinter.Tk.evalfile sys.breakpointhook
numpy.testing.measure numpy.testing.rundocs numpy.testing.runstring numpy.testing.run_module_suite numpy.f2py numpy.distutils numpy.ctypeslib.load_library
torch.classes torch.ops.load_library tensorflow.load_op_library matplotlib.testing yaml.unsafe_load_all yaml.full_load_all sympy.preview
numpy.test pandas.test scipy.test numpy.testing.extbuild yaml.UnsafeLoader yaml.Loader yaml.FullLoader yaml.CLoader yaml.CUnsafeLoader yaml.CFullLoader dask.visualize
polars.DataFrame.deserialize polars.LazyFrame.deserialize polars.Expr.deserialize skopt.load pycaret.classification.load_model accelerate.notebook_launcher accelerate.debug_launcher spacy.util.run_command pydub.playback
gensim.models.wrappers music21.stream.Stream.show pulp.LpProblem.solve pyomo.environ.SolverFactory pydub.AudioSegment.from_mp3 pydub.AudioSegment.from_ogg pydub.AudioSegment.from_flv pydub.AudioSegment.from_file graphviz.Source.pipe graphviz.Digraph.pipe
graphviz.Graph.pipe SimpleITK.Show tabula nltk.Tree.draw nltk.tree.Tree.draw nltk.app tensorflow.load_library keras.config.enable_unsafe_deserialization IPython.lib.latextools IPython.lib.clipboard IPython.lib.deepreload
sympy.utilities.autowrap matplotlib.font_manager.findSystemFonts matplotlib.font_manager._get_fontconfig_fonts torch.compile graphviz.Source graphviz.Digraph graphviz.Graph
xgboost.plot_tree xgboost.to_graphviz lightgbm.plot_tree lightgbm.create_tree_digraph tensorflow.saved_model.load PIL.ImageShow PIL.ImageGrab psutil.Process.send_signal psutil.Process.suspend psutil.Process.resume psutil.Process.nice psutil.Process.environ
"""

_NETWORK = """
socket ssl http urllib.request urllib2 ftplib smtplib imaplib poplib nntplib telnetlib xmlrpc socketserver wsgiref asyncio.open_connection
asyncio.start_server asyncio.open_unix_connection asyncio.start_unix_server logging.handlers webbrowser
requests requests_html requests_cache urllib3 httpx httpx2 httplib2 aiohttp websockets websocket tornado twisted paramiko asyncssh pysftp
boto3 botocore aiobotocore s3fs gcsfs adlfs fsspec smart_open google azure openai anthropic cohere mistralai groq together replicate
huggingface_hub datasets evaluate wandb mlflow comet_ml neptune clearml kafka confluent_kafka aiokafka pika nats grpc zmq mqtt paho
selenium playwright scrapy mechanize pyppeteer flask fastapi uvicorn starlette django bottle dash streamlit gradio aiosmtplib sendgrid
tweepy praw telegram discord slack_sdk twilio yfinance alpha_vantage quandl nasdaqdatalink pandas_datareader wikipedia wikipediaapi
pytrends newsapi seaborn.get_dataset_names seaborn.dogplot statsmodels.datasets.webuse statsmodels.datasets.utils.check_internet
statsmodels.tools.web statsmodels.api.webdoc pyarrow.fs.S3FileSystem pyarrow.fs.GcsFileSystem pyarrow.fs.AzureFileSystem pyarrow.fs.HadoopFileSystem pyarrow.flight
feedparser.parse newspaper spotipy googletrans deep_translator googlemaps geopy geocoder osmnx contextily overpy
gdown wget kaggle kagglehub opendatasets pooch tensorflow_datasets vega_datasets ucimlrepo openml pmlb sklearn.datasets.fetch_openml
sklearn.datasets.fetch_california_housing sklearn.datasets.fetch_20newsgroups sklearn.datasets.fetch_20newsgroups_vectorized
sklearn.datasets.fetch_lfw_people sklearn.datasets.fetch_lfw_pairs sklearn.datasets.fetch_olivetti_faces sklearn.datasets.fetch_covtype
sklearn.datasets.fetch_rcv1 sklearn.datasets.fetch_kddcup99 sklearn.datasets.fetch_species_distributions sklearn.datasets.fetch_file
seaborn.load_dataset statsmodels.api.datasets.get_rdataset statsmodels.datasets.get_rdataset tensorflow.keras.utils.get_file
keras.utils.get_file keras.datasets tensorflow.keras.datasets torchvision.datasets torchaudio.datasets torchtext torch.hub
torch.utils.model_zoo torch.distributed nltk.download nltk.downloader spacy.cli gensim.downloader scipy.datasets numpy.DataSource pandas.read_gbq pandas_gbq
pandas.io.gbq tensorflow_hub.load tensorflow_hub.KerasLayer transformers.pipeline sentence_transformers.SentenceTransformer timm.create_model github git gitlab jira notion_client gspread oauth2client pydrive pydrive2 dropbox simple_salesforce ftputil
langchain langchain_openai langchain_community llama_index litellm instructor tiktoken ollama sounddevice zeep suds jsonrpc pyftpdlib
stripe plaid binance ccxt web3 ib_insync tda oandapyV20 iexfinance fredapi wbdata wbgapi world_bank_data eurostat sdmx earthaccess
ee geemap sentinelsat pystac_client cdsapi ecmwfapi intake erddapy dataretrieval noaa_coops meteostat skyfield.api.load astroquery
Bio.Entrez Bio.ExPASy pymatgen.ext bioservices mygene pubchempy chembl_webresource_client
pip_audit ngrok pyngrok localtunnel dns whois scapy nmap netmiko napalm pysnmp ldap3 ldap hvac consul etcd3 kazoo
xarray.tutorial geopandas.tools.geocode geopandas.tools.reverse_geocode bokeh.server spacy.displacy.serve skimage.data.download_all nltk.download_shell nltk.download_gui
astropy.coordinates.SkyCoord.from_name astropy.coordinates.EarthLocation.of_site astropy.samp Bio.PDB.PDBList Bio.Blast.NCBIWWW Bio.KEGG.REST Bio.TogoWS statsmodels.datasets.webuse statsmodels.api.datasets.webuse
textblob.download_corpora lxml.html.open_in_browser lxml.html.submit_form six.moves sentence_transformers.util.http_get pyproj.sync pyproj.network
shap.datasets pymc.get_data pymc3.get_data arviz.load_arviz_data catboost.datasets yellowbrick.datasets featuretools.demo evalml.demos pycaret.datasets librosa.ex librosa.example librosa.util.example
librosa.util.ex altair.datasets hvplot.sampledata darts.datasets xml.sax.saxutils.prepare_input_source nltk.set_proxy nltk.util.set_proxy urllib.robotparser pyarrow.flight mne.datasets nilearn.datasets dtale panel.serve jax.profiler tqdm.contrib.telegram tqdm.contrib.slack tqdm.contrib.discord
"""

_DATABASE = """
sqlite3 sqlite3.connect psycopg psycopg2 asyncpg aiopg pg8000 pymysql MySQLdb mysql aiomysql mariadb cx_Oracle oracledb pyodbc pypyodbc turbodbc
aiosqlite apsw sqlalchemy.create_engine sqlalchemy.ext.asyncio sqlalchemy.engine sqlalchemy.orm sqlalchemy.create_async_engine sqlmodel peewee
pony tortoise databases dataset records snowflake databricks redis aioredis rediscluster pymongo motor mongoengine elasticsearch opensearchpy
neo4j py2neo cassandra influxdb influxdb_client clickhouse_driver clickhouse_connect ibm_db teradatasql vertica_python trino prestodb pyhive
impala hdfs happybase couchdb couchbase arango tinydb lmdb plyvel rocksdb leveldb chromadb pinecone weaviate qdrant_client pymilvus lancedb
pandas.io.sql.SQLDatabase pandas.io.sql.SQLiteDatabase pandas.io.sql.pandasSQL_builder optuna.storages.RDBStorage hyperopt.mongoexp connectorx adbc_driver_postgresql adbc_driver_sqlite adbc_driver_manager memcache pymemcache zodb ZODB jaydebeapi pymssql ibis ponyorm
"""

_ENVIRONMENT = """
os.path.expandvars posixpath.expandvars os.environ os.environb os.getenv os.getenvb os.putenv os.unsetenv sys.meta_path sys.path_hooks sys.settrace
sys.setprofile sys.addaudithook sys.set_asyncgen_hooks sys.excepthook site.addsitedir keyring dotenv decouple environ netrc
pandas.read_clipboard polars.read_clipboard IPython.utils.syspathcontext getpass.getuser os.getlogin IPython.paths jupyter_core secretstorage google.colab.userdata kaggle_secrets pandas.io.clipboard
time.clock_settime time.clock_settime_ns
"""

_INSTALL = "pip ensurepip conda venv virtualenv setuptools pkg_resources.require micropip piplite uv poetry distutils.core installer ez_setup"

_MAGIC = """
IPython.get_ipython IPython.InteractiveShell IPython.display.Javascript IPython.display.publish_display_data google.colab jupyter_agent ipykernel traitlets.config
IPython.core.getipython IPython.core.displaypub IPython.core.hooks IPython.core.magics IPython.core.history IPython.core.profiledir IPython.core.shellapp
IPython.core.application IPython.core.debugger IPython.terminal IPython.testing IPython.external IPython.lib.demo IPython.lib.backgroundjobs
IPython.utils.path IPython.utils._process_posix IPython.utils._process_common
IPython.core.interactiveshell.InteractiveShell.instance IPython.core.interactiveshell.InteractiveShell._instance
IPython.core.interactiveshell.InteractiveShell.system IPython.core.interactiveshell.InteractiveShell.getoutput
IPython.core.interactiveshell.InteractiveShell.run_cell IPython.core.interactiveshell.InteractiveShell.run_code
IPython.core IPython.extensions IPython.external IPython.lib IPython.terminal IPython.testing IPython.utils
bokeh.models.CustomJS bokeh.models.callbacks.CustomJS bokeh.util.compiler IPython.display.display_javascript
"""

_UNKNOWN = (
    "builtins.exec builtins.eval builtins.compile builtins.__build_class__ types.FunctionType types.CodeType gc.get_objects typing.ForwardRef typing.get_type_hints inspect.get_annotations "
    "inspect.getmodule string.Formatter.get_field string.Formatter.get_value inspect.getmembers inspect.getmembers_static inspect.getclosurevars gc.get_referents gc.get_referrers traitlets.import_item traitlets.utils.importstring "
    "IPython.utils.importstring importlib.metadata.EntryPoint importlib.metadata.entry_points jinja2.Environment.compile_templates"
)


def _verdicts() -> dict[str, str]:
    verdicts = dict.fromkeys(_FREE.split(), "")
    tables = {
        "files": _FILES,
        "process": _PROCESS,
        "network": _NETWORK,
        "database": _DATABASE,
        "environment": _ENVIRONMENT,
        "install": _INSTALL,
        "magic": _MAGIC,
        "unknown_call": _UNKNOWN,
    }
    for code, names in tables.items():
        verdicts.update(dict.fromkeys(names.split(), code))
    # members of modules that reach out which only compute
    free = (
        "requests.exceptions requests.codes socket.error http.HTTPStatus http.cookies urllib.request.Request ssl.SSLError sqlite3.Error "
        "sqlite3.OperationalError sqlite3.Row subprocess.PIPE subprocess.DEVNULL subprocess.STDOUT subprocess.CalledProcessError "
        "subprocess.TimeoutExpired multiprocessing.cpu_count signal.SIGINT tempfile.gettempdir ctypes.sizeof datasets.Dataset.from_dict "
        "datasets.Dataset.from_pandas geopy.distance sqlalchemy.orm.declarative_base sklearn.datasets shutil.disk_usage shutil.which "
        "joblib.delayed joblib.hash joblib.cpu_count joblib.effective_n_jobs joblib.parallel_backend joblib.parallel_config joblib.register_parallel_backend joblib.wrap_non_picklable_objects dask.utils.parse_bytes dask.utils.format_bytes dask.utils.parse_timedelta dask.utils.SerializableLock dask.utils.M sys.modules.keys google.protobuf traitlets.config.Config jupyter_agent.load_ipython_extension jupyter_agent.unload_ipython_extension resource.getrusage resource.RUSAGE_SELF "
        "six.moves.range six.moves.xrange six.moves.zip six.moves.map six.moves.filter six.moves.reduce six.moves.input six.moves.zip_longest six.moves.urllib.parse six.moves.urllib.error six.moves.urllib.request.Request "
        "IPython.core.display IPython.core.display_functions IPython.core.pylabtools IPython.lib.display IPython.lib.pretty IPython.core.ultratb IPython.core.error "
        "pkg_resources.get_distribution pkg_resources.parse_version psutil importlib.util.find_spec"
    )
    verdicts.update(dict.fromkeys(free.split(), ""))
    return verdicts


#: Dotted name of a module or of a member → what a call of it, or below it, reaches; empty for nothing. The longest prefix counts.
VERDICTS: Final = _verdicts()

#: Methods that write a file if they are given a place; without one they return the text.
WRITE_IF_GIVEN_PATH: Final = frozenset(
    "to_csv to_json to_html to_latex to_markdown to_string to_xml to_toml to_typst write_csv write_json write_ndjson write_html to_yaml".split()
)
#: Methods that reach out whatever their object is: method → what they reach.
METHODS: Final[dict[str, str]] = {
    name: code
    for code, names in {
        "files": "to_excel to_parquet to_feather to_pickle to_hdf to_stata to_orc to_netcdf to_zarr to_file to_disk to_gif write_parquet "
        "write_ipc write_excel write_avro write_delta write_image sink_parquet sink_csv sink_ipc sink_ndjson savefig imsave save_model save_pretrained "
        "save_weights save_word2vec_format save_local save_to_disk write_text write_bytes unlink rmdir rmtree symlink_to hardlink_to "
        "link_to lchmod imwrite mimsave mimwrite write_to_dataset write_dataset write_table extractall tofile to_jshtml savetxt write_pdf write_png write_svg export_html save_npz save_html writelines fwrite "
        "dump_stats print_figure print_png print_pdf print_svg print_jpg print_jpeg print_raw print_rgba print_eps print_ps print_tif print_tiff print_webp print_pgf writeLP writeMPS show_html "
        "mkdir touch chmod writestr to_filename writeto to_raster dcmwrite savez savez_compressed savemat mmwrite to_textfiles to_npy_stack to_hdf5 to_iceberg embed_minimal_html embed_snippet ggsave "
        "plot_model open_output_stream open_append_stream saveAsTable insertInto saveAsTextFile RecordVideo save_figure",
        "network": "open_editor show_in_browser open_in_browser push_to_hub from_pretrained load_dataset urlopen urlretrieve sendall sendto sendmail connect_ex upload_file "
        "upload_blob download_file download_blob upload_from_filename upload_from_string download_as_bytes to_gbq put_object get_object "
        "delete_object publish create_connection create_server create_datagram_endpoint sock_connect getaddrinfo create_unix_connection create_unix_server open_connection install_extension",
        "database": "to_sql executemany executescript write_database flushdb flushall drop_table drop_database drop_collection insert_one insert_many "
        "update_one update_many delete_one delete_many replace_one bulk_write drop_all create_all to_postgis read_database_uri",
        "process": "to_html5_video getoutput getstatusoutput check_output check_call create_subprocess_exec create_subprocess_shell subprocess_exec subprocess_shell execvp read_pickle load_pickle unpickle process_map notebook_launcher",
        "magic": "run_line_magic run_cell_magic",
        "environment": "putenv unsetenv setenv to_clipboard write_clipboard",
    }.items()
    for name in names.split()
}
#: Methods of paths, open files and archives: they reach files where their object comes from one of these modules.
PATH_METHODS: Final = frozenset(
    "rename replace mkdir touch chmod unlink rmdir write_text write_bytes symlink_to hardlink_to link_to open write writelines truncate "
    "extract extractall writestr add addfile writerow writerows copy copy_into move move_into".split()
)
#: Attributes that lead from any value to the interpreter itself.
INTERPRETER_ATTRIBUTES: Final = frozenset(
    "__subclasses__ __globals__ __builtins__ __code__ __closure__ __bases__ __base__ __mro__ __loader__ __spec__ __reduce__ __reduce_ex__ "
    "__getattribute__ __import__ f_globals f_locals f_builtins f_back gi_frame cr_frame tb_frame func_globals mro __self__ __func__".split()
)
#: Functions that read what lies at an address or in a file, by the last part of their names.
READERS: Final = (
    "read", "scan", "load", "open", "imread", "fetch", "urlopen", "download", "retrieve", "genfromtxt", "fromfile", "fromregex", "get", "post", "put", "patch",
    "request", "head", "delete", "connect", "client", "Client", "Image", "IFrame", "Video", "Audio", "SVG", "parse", "from_url", "from_file", "stream", "GeoJson", "Excel",
    "clone", "ls", "glob", "iglob", "listdir", "scandir", "walk", "Path", "PurePath", "PosixPath", "joinpath", "touch", "ParquetFile", "Dataset", "File", "filesystem", "login", "Server", "Session",
)  # fmt: skip
#: Beginnings of the names of functions that take an address where they take the name of a file.
ADDRESS_READERS: Final = (
    "pandas.read_", "pandas.ExcelFile", "pandas.io.", "polars.read_", "polars.scan_", "modin.pandas.read_", "cudf.read_", "dask.dataframe.read_", "dask.bag.read_",
    "dask.array.from_", "numpy.loadtxt", "numpy.genfromtxt", "numpy.fromregex", "numpy.recfrom", "xarray.open_", "geopandas.read_", "skimage.io.imread", "imageio.", "pyarrow.dataset.dataset",
    "pyarrow.parquet.", "pyarrow.fs.", "lxml.etree.parse", "lxml.html.parse", "astropy.io.", "astropy.table.", "netCDF4.Dataset", "rasterio.open", "fiona.open", "matplotlib.pyplot.imread",
    "matplotlib.image.imread", "duckdb.read_", "duckdb.from_", "zarr.open", "zarr.load", "altair.Data", "altair.UrlData", "folium.GeoJson", "folium.TileLayer",
)  # fmt: skip
#: Functions that evaluate a text as code, or load code that it names → what they reach where the text is not seen.
EVALUATORS: Final[dict[str, str]] = {
    name: code
    for code, names in {
        "process": "matplotlib.use matplotlib.pyplot.switch_backend matplotlib.rc spacy.load",
        "unknown_call": "plotnine.aes numexpr.evaluate numexpr.re_evaluate",
    }.items()
    for name in names.split()
}
#: Beginnings of the names of functions of which the first argument is a formula, which is evaluated as Python.
FORMULAS: Final = (
    "statsmodels.formula.",
    "patsy.dmatri",
    "patsy.incr_dbuilder",
    "patsy.ModelDesc",
    "formulaic.model_matrix",
    "formulaic.Formula",
    "bambi.Model",
)
#: Libraries whose `load` reads pickles.
UNPICKLING_ROOTS: Final = frozenset(
    "gensim statsmodels surprise stable_baselines3 pmdarima lightfm implicit hdbscan umap".split()
)
#: Texts that make a library start a program, or a server, wherever they are given → what it reaches.
SETTINGS: Final[dict[str, str]] = {"text.usetex": "process", "animation.html": "process", "webagg": "network"}
#: What Plotly and Altair show things in that is not the page: browsers and servers that they start, and files that they write.
RENDERERS: Final = frozenset(
    "browser chrome chromium firefox iframe iframe_connected json csv jupyter png jpg jpeg svg pdf webp".split()
)
#: Beginnings of the names of classes whose items lie in a file.
ON_DISK: Final = (
    "numpy.memmap", "mmap.mmap", "h5py.", "zarr.", "shelve.", "dbm.", "_dbm.", "_gdbm.", "pandas.HDFStore", "pandas.io.pytables.", "tables.", "netCDF4.",
    "sqlitedict.", "diskcache.", "tinydb.", "tiledb.",
)  # fmt: skip
#: Names of variables that hold addresses.
ADDRESS_NAMES: Final = ("url", "uri", "link", "href", "endpoint", "dsn", "webhook")

#: Magics that only show, measure or set how things are shown. What `time`, `timeit`, `capture`, `prun` and their like run is looked at itself.
FREE_MAGICS: Final = frozenset(
    "? time timeit capture prun memit mprun lprun matplotlib who whos who_ls whos pylab precision pdef pdoc pfile pinfo pinfo2 psource "
    "pprint doctest_mode xmode colors quickref lsmagic magic autoreload aimport pwd page pycat psearch tb "
    "reset_selective reset xdel autosave latex profile gui dhist watermark nbagg dirs".split()
)
#: Extensions that only show or measure.
FREE_EXTENSIONS: Final = frozenset(
    "autoreload memory_profiler line_profiler watermark jupyter_agent snakeviz scalene heat autotime nb_black lab_black jupyter_black rich "
    "tensorboard.notebook_off cuml.accel cudf.pandas itikz ipython_unittest google.colab.data_table".split()
)
#: Other magics → what they reach; one that is in no table is asked about as `magic`.
MAGICS: Final[dict[str, str]] = {
    name: code
    for code, names in {
        "process": "! !! bash sh script sx system cmd perl ruby python python2 python3 pypy run runfile rerun ls ll cat less more man "
        "lf lk ldir lx clear snakeviz scalene heat powershell pwsh R julia octave matlab sage ipython recall rep macro cython fortran pdb debug",
        "files": "cd rm rmdir mv cp mkdir writefile file save store edit ed notebook logstart logon bookmark pushd popd",
        "install": "pip conda mamba micromamba uv install",
        "environment": "env set_env dotenv",
        "database": "sql bigquery spark sparksql duckdb mongo",
        "network": "pastebin tensorboard wget curl",
    }.items()
    for name in names.split()
}
#: Magics that may be written without a per cent sign.
AUTOMAGICS: Final = frozenset(
    "ls ll cat less more man rm rmdir mv cp mkdir cd pip conda mamba uv run load edit ed env set_env store bookmark pushd popd save logstart macro "
    "system sx alias load_ext rerun notebook pastebin lf lk ldir lx clear pycat pfile prun lprun mprun snakeviz scalene".split()
)
#: Modules that other modules have as a member, by which code could reach them unseen.
EMBEDDED: Final = frozenset(
    "os sys subprocess shutil socket builtins importlib ctypes posix pty tempfile multiprocessing runpy pickle marshal pkgutil bltn_open".split()
)
#: Roots of values that stand for paths and open files.
PATH_ROOTS: Final = frozenset(
    "pathlib io _io os zipfile tarfile gzip bz2 lzma codecs tempfile csv h5py netCDF4 posix nt".split()
)
#: Beginnings of the names of functions that return a connection or a program, which reaches as far as they do.
MAKERS: Final = (
    "connect", "create_engine", "client", "resource", "session", "get_ipython", "open_", "filesystem", "from_url", "cursor", "popen", "login", "config",
)  # fmt: skip
#: First parts of the names of known modules.
ROOTS: Final = frozenset(name.partition(".")[0] for name in VERDICTS) | frozenset(
    name for name in sys.stdlib_module_names if not name.startswith("_")
)
#: Those of modules of which some members reach out.
REACHING_ROOTS: Final = frozenset(name.partition(".")[0] for name, code in VERDICTS.items() if code)


#: Of roots that reach out, those of which functions return tables and texts, which reach no further.
_DATA_ROOTS: Final = frozenset(
    "tabula joblib yfinance alpha_vantage quandl nasdaqdatalink pandas_datareader wikipedia wikipediaapi pytrends datasets evaluate tensorflow_datasets vega_datasets ucimlrepo openml pmlb fredapi wbdata wbgapi "
    "world_bank_data eurostat sdmx osmnx astroquery pyspark torchtext tiktoken kagglehub subprocess multiprocessing signal ctypes shutil tempfile trace code platform resource os sys".split()
)
#: Methods of what a function returns that reach no further, whatever it is: of answers, rows, texts, tables.
DATA_METHODS: Final = PURE.difference("drop rename replace merge apply pipe transform rename_axis".split()) | frozenset(
    "json text content iter_content iter_lines raise_for_status json_normalize fetchall fetchone fetchmany fetchdf fetchnumpy fetch_df df pl arrow scalars scalar mappings all one one_or_none "
    "read readline readlines getvalue decode union difference intersection model_dump model_dump_json dict "
    "to_pandas to_polars to_arrow toPandas to_list to_series to_native collect keys values items copy count index describe find_all select select_one get_text prettify isoformat strftime timestamp "
    "fit partial_fit forward parameters named_parameters state_dict to train eval backward zero_grad step fit_transform cpu cuda compile summary start_time as_posix".split()
)


#: Methods of collections and frames that change them, where it is not known that they could be more than that.
_OF_COLLECTIONS: Final = PURE | frozenset(
    "append extend pop popitem insert remove reverse sort add discard update setdefault clear".split()
)
#: Functions that return data, whatever they are members of.
_DATA_MAKERS: Final = frozenset(
    "json loads fetchall fetchone fetchmany text tolist to_list to_dict split keys values items read readlines decode communicate".split()
)


def verdict(dotted: str, *, default: str) -> str:
    """What the table says of the longest known prefix of a dotted name; what a function returns is data, what a class makes is not."""
    if "()" in dotted:
        made, _, rest = dotted.rpartition("()")
        made = made.replace("()", "")
        name, root = made.rpartition(".")[2], made.partition(".")[0]
        is_data = name[:1].islower() and not name.startswith(MAKERS) and root not in PATH_ROOTS
        is_free = (
            not VERDICTS.get(root, "" if root in ROOTS or root in ("", "__main__") else "?") or root in _DATA_ROOTS
        )
        is_unknown = root not in ROOTS
        of_data = rest.rpartition(".")[2] in (DATA_METHODS | _OF_COLLECTIONS if is_unknown else DATA_METHODS)
        if rest and is_data and (is_free or of_data or name in _DATA_MAKERS):
            return ""
    name = dotted.replace("()", "")
    while name:
        if name in VERDICTS:
            return VERDICTS[name]
        name = name.rpartition(".")[0]
    return default


#: First and last part of the names of functions that reach out: a library has a function in more than one of its modules.
BY_LAST_PART: Final = {
    (name.partition(".")[0], name.rpartition(".")[2]): code
    for name, code in VERDICTS.items()
    if code
    and "." in name
    and not VERDICTS.get(name.partition(".")[0])
    and not name.startswith(("builtins.", "sys.", "os."))
}
