"""Why code is asked about in every mode: what it reaches beyond the kernel's memory, found by resolving the names that it uses."""

# ruff: noqa: SIM905 - many words are easier to read, and to sort, as words

from __future__ import annotations

import ast
import builtins
import html
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Literal, cast

from jupyter_agent.analysis.cells.library_calls import PURE
from jupyter_agent.analysis.cells.names import names_of
from jupyter_agent.analysis.cells.source import INTERPOLATED, CellMagic, is_magic, parse, without_prompts
from jupyter_agent.analysis.computing import is_computing
from jupyter_agent.analysis.origins import (
    HIDDEN_NAME,
    RUNNING,
    UNKNOWN,
    NameResolver,
    imported_modules,
    is_in_memory,
    is_namespace,
    parts_of_class,
)
from jupyter_agent.analysis.risk_tables import (
    ADDRESS_NAMES,
    ADDRESS_READERS,
    AUTOMAGICS,
    BY_LAST_PART,
    DATA_METHODS,
    EMBEDDED,
    EVALUATORS,
    FORMULAS,
    FREE_EXTENSIONS,
    FREE_MAGICS,
    INTERPRETER_ATTRIBUTES,
    MAGICS,
    METHODS,
    ON_DISK,
    PATH_METHODS,
    PATH_ROOTS,
    REACHING_ROOTS,
    READERS,
    RENDERERS,
    ROOTS,
    SETTINGS,
    UNPICKLING_ROOTS,
    USUAL_NAMES,
    VERDICTS,
    WRITE_IF_GIVEN_PATH,
    verdict,
)
from jupyter_agent.analysis.visible_text import ESCAPED, UNSEEN, TextReader, is_address
from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.core.messages import Reason, ReasonCode
from jupyter_agent.kernelside.wire import clip

_LABELS: Mapping[str, str] = {
    "files": "It writes, moves or deletes files, or reads where secrets are kept",
    "process": "It starts a program, or runs code that is not shown here",
    "network": "It uses the network",
    "network?": "It reads from an address that only shows when it runs",
    "database": "It opens or changes a database",
    "magic": "It uses a magic or a part of IPython that reaches beyond the kernel's variables",
    "environment": "It reads or changes environment variables, or changes where Python looks for modules",
    "install": "It installs packages",
    "remote_content": "It shows content from another address, or text that only shows when it runs",
    "unknown_call": "It calls something of which it is not known what it does",
}
#: Characters of a place in code as a reason's text shows it, and at most; and how many of them the text shows.
_MAX_SNIPPET = 60
_MAX_WHOLE_SNIPPET = 2_000
_MAX_SNIPPETS = 3
#: Addresses that the text of a reason shows, at most.
_MAX_ADDRESSES = 10
#: Functions looked into from one piece of code; code that calls more is asked about.
_MAX_DEFINITIONS = 1_000
_WITHOUT_SIGN = (
    AUTOMAGICS | (MAGICS.keys() - {"!", "!!"}) | (FREE_MAGICS - {"?"}) | {"history", "hist", "debug", "rehashx"}
)
#: Magics of which IPython leaves the line as it is, and those whose line is looked at in other ways.
_NOT_EXPANDED = frozenset("time timeit prun pycat pfile ? magic capture".split())
_DELETING_MAGICS = frozenset(("reset", "reset_selective", "xdel"))
#: Methods of an open file that write nothing new.
_OF_OPEN_FILES = frozenset(
    "close read readline readlines read1 seek tell fileno isatty flush readable writable seekable keys values items get visit "
    "visititems namelist infolist getnames".split()
)
#: Functions that open by mode → position of the mode.
_OPENERS = {
    "builtins.open": 1,
    "io.open": 1,
    "gzip.open": 1,
    "bz2.open": 1,
    "lzma.open": 1,
    "lzma.LZMAFile": 1,
    "zipfile.PyZipFile": 1,
    "gzip.GzipFile": 1,
    "bz2.BZ2File": 1,
    "codecs.open": 1,
    "zipfile.ZipFile": 1,
    "tarfile.open": 1,
    "tarfile.TarFile": 1,
    "wave.open": 1,
    "h5py.File": 1,
    "netCDF4.Dataset": 1,
    "zarr.open": 1,
    "rasterio.open": 1,
    "fiona.open": 1,
    "soundfile.SoundFile": 1,
    "pandas.HDFStore": 1,
    "os.fdopen": 1,
    "tables.open_file": 1,
    "scipy.io.FortranFile": 1,
    "scipy.io.netcdf_file": 1,
    "zarr.open_group": 1,
}
#: Those that write where no mode is given; and others whose results are files: to set an item is to write.
_WRITING_OPENERS = ("zarr.open", "zarr.open_group", "pandas.HDFStore")
_FILE_MAKERS = (*_OPENERS, "shelve.open", "dbm.open", "zarr.create", "zarr.array", "zarr.group")
_LIVE_FILES = ("_io.TextIOWrapper()", "_io.BufferedWriter()", "_io.BufferedRandom()", "_io.FileIO()", "gzip.GzipFile()")
#: Functions that call what they are given.
_CALLERS = frozenset(
    "map starmap imap imap_unordered amap filter apply applymap apply_async submit partial reduce Thread Timer register call_soon call_later call_at "
    "call_soon_threadsafe run_in_executor to_thread add_done_callback pipe transform agg aggregate map_elements map_batches map_rows map_partitions "
    "finalize observe on_click interact interactive callback push_async_callback singledispatch call starcall thread_map vectorize frompyfunc accumulate takewhile dropwhile".split()
)
#: Those of them that are methods of estimators, tables and sequences, too.
_OF_FRAMES = frozenset("transform apply agg aggregate filter pipe".split())
#: Functions that import the module that is named in a text.
_IMPORTERS = (
    "builtins.__import__",
    "importlib.import_module",
    "importlib.__import__",
    "importlib.util.find_spec",
    "importlib.resources.",
)
#: What fetches what lies at an address that stands in the code, where others take names of files or styles.
_TAKE_ADDRESSES = ("matplotlib.style.", "matplotlib.pyplot.style.", "matplotlib.rc", "cv2.VideoCapture")
#: Methods that draw into a file where they are given the name of one.
_DRAWING = frozenset("draw show plot render view visualize saving imopen".split())
_DRAWN = re.compile(r"[^\s<>]{1,200}\.(?:png|jpe?g|gif|svg|pdf|html?|e?ps|webp|mp4|tiff?|dot)", re.IGNORECASE)
_ADDRESS = re.compile(r"\s*(?:https?|ftps?|s3a?|gs|gcs|abfss?|wss?|ssh|sftp|hdfs|hf|git|data):", re.IGNORECASE)
#: An address anywhere in a text, or in front of which something is put: what it begins with may be any scheme.
_ANY_ADDRESS = re.compile(r"(?<!file)(?<!memory)://|[a-z]::[a-z]|^\\\\\w", re.IGNORECASE)
_QUOTED_ADDRESS = re.compile(rf"[\"']{_ADDRESS.pattern}//", re.IGNORECASE)
_ALT = r"!\[(?:[^\[\]\\`]|\\.|`[^`]*`|\[(?:[^\[\]\\]|\\.)*\])*\]"
#: What stands before a definition of a link: quotations and lists may have some.
_IN_BLOCKS = r"^[\s>]{0,40}(?:(?:[-*+]|\d{1,9}[.)])[\s>]{1,40}){0,8}"
_REMOTE = re.compile(
    rf"{_ALT}\s*+[(\[]\s*+<?(?:(?!attachment:)[a-z][a-z0-9+.-]{{1,20}}:|[/\\]{{2}})"
    rf"|{_IN_BLOCKS}\[(?:[^\[\]\\]|\\.){{1,1000}}\]:\s*<?(?:https?:|//)"
    r"|\b(?:src|poster|background|data|xlink:href|formaction)\s*=\s*[\"']?\s*(?:https?:|//)|\bsrcset\s*=[^>]{0,2000}?(?:https?:|//)"
    r"|<\s*(?:image|use|feimage)\b[^>]{0,2000}?href\s*=\s*[\"']?\s*(?:https?:|//)|image-set\("
    r"|url\(\s*[\"']?(?:https?:|//)|@import|^[^\S\n]*+(?:https?:)?//\S+$|<\s*(?:script|iframe|object|embed|link|meta|form|base)\b|javascript:|\bon\w+\s*="
    # A diagram is drawn by a library that fetches the pictures in it.
    r"|(?:(?<!`)`{3,}+|(?<!~)~{3,}+)[^\n`]*mermaid",
    re.IGNORECASE | re.MULTILINE,
)
#: The rest of an address; and what is one, or does what one does.
_ADDRESS_END = re.compile(r"[^\s)>\"'`<]{0,2000}")
_LEADS_AWAY = re.compile(r"//|\bwww\.|\b(?:javascript|data|vbscript|file|mailto):", re.IGNORECASE)
#: Where Markdown has an address, and what an address of another place begins with.
_DESTINATION = re.compile(rf"\]\(\s*<?([^)\s>]+)|{_IN_BLOCKS}\[(?:[^\[\]\\]|\\.){{1,1000}}\]:\s*<?(\S+)", re.MULTILINE)
_ELSEWHERE = re.compile(r"\s*(?:(?!attachment:)[a-z][a-z0-9+.-]{1,20}:|//)", re.IGNORECASE)
#: Brackets that open and close a description, what is escaped, and what may stand behind.
_BRACKETS, _BEHIND = re.compile(r"\\.|!?\[|\]", re.DOTALL), re.compile(r"\(\s{0,1000}<?([^)\s>]{1,2000})")
#: HTML, links that carry data, and addresses that do more than show a page.
_MARKUP = re.compile(
    r"<[A-Za-z/!?][^>\n]{0,200}|(?:\b[a-z][a-z0-9+.-]{1,20}:)?(?<!/)//[^\s)\]?#&]*+[?#&][^\s)\]]*|\b(?:javascript|data|vbscript|file):\S+"
    r"|\bwww\.[^\s)\]?#&]*+[?#&][^\s)\]]*|\bmailto:[^\s)\]?]*+\?[^\s)\]]*|\\(?:href|url|includegraphics|html\w+)\b|\\(?:style|class|cssId|data|require|mmlToken)\s*\{",
    re.IGNORECASE,
)
#: The path of an address, but for a commit of a project, and where in a word letters of one kind follow those of another.
_PATH = re.compile(
    r"(?:\bhttps?:)?//(?!(?:github|gitlab)\.com/[^\s)\]]*/[0-9a-f]{40}\b)[^\s/)\]]+/([^\s)\]?#]+)", re.IGNORECASE
)
_MIXED, _DIGITS = re.compile(r"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])|[a-z](?=[A-Z])"), re.compile(r"[0-9A-Fa-f]{16,}")
#: Characters of a path that may be drawn at random, or be data in Base64 or hexadecimal digits.
_MAX_RANDOM = 23
#: Places where programs keep keys, and where what lies there runs by itself.
_SENSITIVE = re.compile(
    r"(?:^|[/\\~])\.(?:ssh|aws|gnupg|kube|docker|netrc|pgpass|pypirc|npmrc|git-credentials|gitconfig|azure|config|ipython|jupyter|local|"
    r"bash\w*|zsh\w*|profile|env|vault-token|password-store|mozilla|git)\b"
    r"|^(?:file://\w*)?/(?:etc|proc|sys|root|boot|dev)(?:/|$)|^[A-Za-z]:\\Windows|jupyter\w*_config|\bjupyter[_-]agent\b|jpserver-|nbserver-|kernel-[\w*-]*\.json"
    r"|authorized_keys|crontab|sitecustomize|usercustomize|id_(?:rsa|dsa|ecdsa|ed25519)|overrides\.json|credentials\b",
    re.IGNORECASE,
)
#: What takes a database in memory, or an engine in it, to files and libraries.
_LEAVES_MEMORY = re.compile(
    r"\b(?:attach|vacuum\s+into|load_extension|copy|export|install|load|(?:postgres|mysql|sqlite|iceberg|delta)_\w+)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"'([^'\n]{1,2000})'|\"([^\"\n]{1,2000})\"")
#: Methods of a database in memory that stay there.
_OF_DATABASES = frozenset(
    "execute executemany executescript sql query commit rollback cursor close create_function register".split()
)
#: Libraries that evaluate texts as Python, and the names that such a text calls.
_EVALUATING = frozenset("sympy patsy statsmodels formulaic linearmodels numexpr bambi plotnine lifelines".split())
#: What evaluates no text that it is given: functions of such a library that show it, builtins, and methods of lists and dictionaries.
_NOT_EVALUATING = frozenset(
    "latex pprint pretty pretty_print print_tree srepr mathml init_printing init_session append extend insert remove update setdefault pop get".split()
).union(dir(builtins))
#: Code in a template, and what of it looks up attributes by names that are put together.
_TEMPLATE_CODE = re.compile(r"\{[{%].*?(?:[}%]\}|\Z)", re.DOTALL)
_OF_TEMPLATES = ("from_string", "Template", "NativeTemplate", "compile_expression")
_LOOKS_UP = re.compile(r"[\\\[]|\battr|\|\s*(?:map|select|reject|groupby|sort|sum|min|max|unique|join\s*\([^)]*,)\b")
_CALLED = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
#: Libraries that show texts in the page as markup.
_SHOWING = frozenset(
    "ipywidgets panel bokeh folium branca pyvis pydeck altair plotly ipyleaflet keplergl holoviews hvplot pythreejs bqplot".split()
)
#: What of these runs script in the page.
_SCRIPTS = re.compile(r"CustomJS\w*|FuncTickFormatter|HTMLTemplateFormatter|js_on_\w+|jscallback|JavascriptLink")
#: Methods of frames that call a method by its name.
_BY_TEXT = frozenset(("apply", "agg", "aggregate", "transform", "map_partitions"))
#: Libraries whose objects write themselves to the place that `write` is given.
_SELF_WRITING = frozenset("xml lxml pypdf PyPDF2 pydot astropy music21".split())
_READ_ONLY_SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*\(?\s*(?:select|with|show|describe|explain|values|pragma\s+table_info)\b", re.IGNORECASE
)
_CHANGING_SQL = re.compile(
    r"\b(?:insert|update|delete|drop|alter|create|replace|truncate|attach|detach|merge|grant|copy|call|into\s+outfile|load_extension|"
    r"vacuum|install|pg_read_file|read_csv|read_parquet|read_json|httpfs)\b|\binto\s+[\w\"`\[#@]"
    r"|\b(?:pg_(?!size|get|relation|total|table|database|typeof|backend_pid)\w+|lo_\w+|dblink\w*|xp_\w+|sys_\w+|load_file|writefile|readfile|(?:postgres|mysql|sqlite|iceberg|delta)_\w+"
    r"|read_text|read_blob|http_\w+|getenv|nextval|setval|set_config)\s*\(|;\s*(?!(?:select|with|show|describe|explain|values|--)\b)\w",
    re.IGNORECASE,
)
_STATEMENT = re.compile(
    r"\s*(?:insert|update|delete|drop|alter|create|replace|truncate|attach|copy|install|merge|grant|vacuum)\s+[\w(]",
    re.IGNORECASE,
)
#: What makes a page load an address that follows.
_LOADING = re.compile(r"\bsrc\s*=|<\s*script|url\(|@import|!\[|\bhref\s*=\s*[\"']?$", re.IGNORECASE)
#: Modules that are not handed on without a question, since what happens to them there is not seen.
_MODULES = frozenset(name for name in EMBEDDED | ROOTS if VERDICTS.get(name)) | EMBEDDED - {"sys", "tempfile"}
#: Functions that are not handed on → what they reach.
_HANDED_ON = {
    "builtins.__import__": "unknown_call",
    "builtins.getattr": "unknown_call",
    "importlib.import_module": "unknown_call",
    "builtins.open": "files",
    "io.open": "files",
}
#: Methods that Python calls for every attribute that is read, set or deleted.
#: Methods that Python calls for what an object is used for, and of which it takes the result.
_RETURNING = (
    "__call__",
    "__enter__",
    "__aenter__",
    "__iter__",
    "__next__",
    "__aiter__",
    "__anext__",
    "__getitem__",
    "__getattr__",
)
_ATTRIBUTE_HOOKS = (
    "__getattr__", "__getattribute__", "__setattr__", "__delattr__", "__get__", "__set__", "__delete__",
)  # fmt: skip
#: Functions that only show what they are given.
_LOOKED_AT = frozenset(
    f"builtins.{name}" for name in "dir help print type id repr str isinstance issubclass hasattr len".split()
) | {"importlib.reload"}
#: Beginnings of the names of calls that write where they are given a place, and keywords that give one.
_WRITERS = (
    "write_",
    "save_",
    "sink_",
    "imwrite",
    "imsave",
    "mimwrite",
    "dump_to",
    "delete_dir",
    "delete_file",
    "create_dir",
    "copy_file",
)
_WRITTEN = re.compile(
    r"(?:\w+_)?(?:out|output|save|export|log|dump|report|rpt|err|checkpoint)_?(?:file|fig|path|dir|to|as)(?:_?(?:name|path))?\Z|to_file\Z|as_json\Z|tensorboard_log\Z"
)
#: A mode of opening that writes, and names of functions that put something into a file that a text names.
_WRITING_MODE = re.compile(r"[rbt]*(?:[wax]|r[bt]?\+)[bt+]*")
_INTO_FILE = re.compile(r"\w*Writer\Z|export_\w+|\w+_to_(?:image|file|disk|path|png|pdf|svg|gif|video|mp4)\Z")
#: Names of methods that write, and names of files: a library's method of such a name, given one, writes it.
_WRITING = re.compile(
    r"(?:[Ww]rite|[Ss]ave|[Ee]xport|[Dd]ump|output)(?:_|[A-Z]|to\b|as\b|\Z)|\w+(?:Writer|To\w{1,20}File)\Z"
)
#: Names of functions that say themselves that they reach further than to compute, in whatever library.
_REACHING = re.compile(
    r"(?:(?:open|show|view|display)_(?:in_)?(?:browser|editor|viewer)|\w+_browser|serve|(?:run|start|launch)_(?:server|app|command|subprocess|shell)|webdoc|webuse"
    r"|spawn\w*|rmtree|(?:remove|delete|clear)_(?:tree|folder|file|path|dir|directory|data_home|cache_dir)s?|rm_\w*dirs?|(?:make_|create_|ensure_)?dirs?_exists?"
    r"|(?:ensure|make|create)_\w*(?:dir|directory|folder)|mkdirp?|makedirs|get_data_home|(?:temp|staging)_?(?:dir|file|path)\w*|download\w*|upload\w*|send_(?:e?mail|request|message)\w*"
    r"|(?:safe_)?exec(?:file|_\w+)?|run_(?:code|script)|spawn_\w+"
    r"|import_(?:string|item|module|object|name|from_string)|find_python_\w+|load_entry_point|resolve_(?:name|import)|pager)\Z"
)
#: Names of methods that change what they belong to.
_CHANGING = re.compile(
    r"(?:create|require|move|resize|write|append|put|set|add|delete|remove|pop|clear|update|insert|fill|modify)(?:_\w+|item|default)?\Z"
)
_FILE_NAME = re.compile(r"[^\s<>]{1,200}\.[A-Za-z][A-Za-z0-9]{0,9}")
#: Keywords by which a library fetches what is not there yet.
_FETCHING = frozenset(("download", "pretrained", "download_if_missing"))
#: Modules whose models are fetched by their `weights`.
_MODELS = (
    "torchvision.",
    "tensorflow.keras.applications.",
    "keras.applications.",
    "keras.api.applications.",
    "tf_keras.applications.",
)
#: Magics that run the Python of their line → their options that take a value.
_TIMERS = {"timeit": "nrp", "time": "", "prun": "DlsT", "memit": "rti", "mprun": "fT", "lprun": "fmDTsu"}
#: Keywords that give what is read.
_ADDRESSED = frozenset(
    "filepath_or_buffer path path_or_buf io source url uri fname filename file data src href".split()
)
#: What makes Python look for modules in other folders than the notebook's.
_OTHER_FOLDERS = re.compile(
    r"\bsys\s*\.\s*path\s*(?:\.\s*(?:insert|append|extend)|\+?=|\[)|\baddsitedir\b|\bchdir\b|^\s*%?cd\s", re.MULTILINE
)
#: Classes whose values are shown as markup.
_MARKUP_CLASSES = frozenset("HTML HTMLMath Markdown SVG Latex Math Div".split())
#: Names of attributes that lead to the interpreter, alone or in a path of attributes.
_NAMES_INTERPRETER = re.compile(
    rf"(?:^|[.\]{{])(?:{'|'.join(sorted(name for name in INTERPRETER_ATTRIBUTES if '_' in name))})(?=[.\[}}:!]|\Z)"
)
#: Names by which an object says what is shown for it.
_SHOWN_BY = re.compile(r"_repr_\w+_\Z|_ipython_display_\Z")
_MARKUP_METHODS = frozenset(f"_repr_{name}_" for name in "html markdown svg latex mimebundle".split())
_PURE_BUILTINS = frozenset(
    "abs all any bin bool bytes callable chr complex dict divmod enumerate filter float format frozenset hash hex int isinstance issubclass iter "
    "len list map max min next oct ord pow print range repr reversed round set slice sorted str sum tuple type zip".split()
)
#: Texts and bytes that paths and files give.
_TEXT_OF_PATH = re.compile(r"\.(?:read\w*|name|stem|suffix(?:es)?|parts|as_posix|as_uri|getvalue)\.")
#: What is taken of all modules, or of all variables.
_OF_NAMESPACE = re.compile(
    r"(sys\.modules|<globals>|[a-z]\w*(?:\.\w+)*\.__dict__)\.(?:values|items|popitem|setdefault|copy)\(\)\."
)
#: Functions that only look at a namespace they are given.
_LOOK_AT_NAMESPACES = frozenset(
    "list dict tuple sorted len print set iter enumerate next any all display pprint".split()
)
#: Functions that look names up in variables that they are given, for a text that is looked at itself.
_LOOK_UP_VARIABLES = frozenset("eval exec timeit repeat Timer format format_map".split())
#: Modules that are used through whatever object they are a member of.
_THROUGH = EMBEDDED - {"os", "sys", "tempfile", "bltn_open"}
_PRIVATE = re.compile(r"_(?!_)")
#: Functions that set how frames are plotted.
_PLOTTERS = frozenset(("plot", "hist", "boxplot", "set_option", "option_context"))
_BUFFERS = ("io.StringIO", "io.BytesIO", "_io.StringIO", "_io.BytesIO")


def reasons(
    code: str,
    *,
    sources: Iterable[str] = (),
    live: Mapping[str, Variable] = MappingProxyType({}),
    modules: Mapping[str, str | None] = MappingProxyType({}),
    strict: bool = False,
) -> tuple[Reason, ...]:
    """What a piece of code reaches beyond the kernel's memory; empty for code that only computes, reads, plots or binds names.

    Names are resolved through imports and assignments, in the code and in what ran before. What is not known to be harmless
    has a reason, too: a call into an unknown module, code made from text, a function of which the source is not known.

    Args:
        code: A cell's source, magics and shell lines included.
        sources: What ran before, or may have: cells of the notebook and executions of the kernel.
        live: The kernel's variables by name.
        modules: Sources of modules that lie next to the notebook, by dotted name, see `imported_modules`; None for one that cannot be read.
        strict: Each call must be known to be harmless, methods of unknown objects included.
    """
    reach = _Reach(tuple(sources), live, modules, strict=strict)
    try:
        reach.inspect(code)
    except Exception:  # noqa: BLE001 - what cannot be analysed is asked about
        reach.found = {"unknown_call": {_one_line(code): None}}
    return tuple(
        _reason(cast("ReasonCode", family.rstrip("?")), _LABELS[family], snippets)
        for family, snippets in reach.found.items()
    )


def markdown_reasons(text: str) -> tuple[Reason, ...]:
    """Why a Markdown, HTML or raw text is asked about before it is shown: what a page fetches by itself, or a click sends away."""
    plain = _without_escapes(text)
    paths = [match for match in _PATH.finditer(plain) if _looks_random(match[1])]
    spans = [match.span() for match in _MARKUP.finditer(text)] + _remote_pictures(text)
    spans += [(match.start(), _ADDRESS_END.match(text, match.end()).end()) for match in _REMOTE.finditer(text)]  # type: ignore[union-attr]
    spans += [match.span() for match in _DESTINATION.finditer(text) if _is_disguised(match[1] or match[2])]
    spans += [match.span() for match in paths if plain == text]
    found = [match[0] for match in paths if plain != text]
    end = -1
    for start, stop in sorted(spans, key=lambda span: (span[0], -span[1])):
        if stop > end:  # else it lies within the one before
            found.append(text[start:stop])
            end = stop
    if not found:
        return ()
    addresses = [snippet for snippet in found if _LEADS_AWAY.search(snippet)]
    others = [snippet for snippet in found if not snippet.startswith("</")]
    label = f"{_LABELS['remote_content']}, has HTML, or a link that carries data"
    snippets = dict.fromkeys(map(_one_line, (*addresses, *(others or found))))
    shown = min(len(set(addresses)), _MAX_ADDRESSES)
    return (_reason("remote_content", label, snippets, max(shown, _MAX_SNIPPETS)),)


def _reason(code: ReasonCode, label: str, snippets: Iterable[str], most: int = _MAX_SNIPPETS) -> Reason:
    """A reason whose text shows the first snippets of code; it has the others, and in full those that are too long for a text."""
    first, others = [*snippets][:most], [*snippets][most:]
    shown = [clip(snippet, _MAX_SNIPPET) for snippet in first]
    more = f", and {len(others)} more like it" if others else ""
    long = [snippet for snippet in first if snippet not in shown]
    return Reason(code, f"{label}: {', '.join(f'`{snippet}`' for snippet in shown)}{more}", (*long, *others))


def _one_line(snippet: str) -> str:
    """A place in code as a reason names it, which puts it between backticks."""
    return clip(" ".join(snippet.split()).replace("`", "'"), _MAX_WHOLE_SNIPPET)


def _is_disguised(destination: str) -> bool:
    """Whether Markdown's escapes and entities hide that an address leads elsewhere, or carries data."""
    plain = _as_browsers_do(destination)
    if plain == destination or not _ELSEWHERE.match(plain):
        return False
    return _ELSEWHERE.match(destination) is None or any(mark in plain for mark in "?#&")


def _without_escapes(text: str) -> str:
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))


def _as_browsers_do(destination: str) -> str:
    """An address as it is followed: without line breaks and tabs, with slashes for backslashes."""
    return re.sub(r"[\t\r\n]", "", _without_escapes(destination)).replace("\\", "/")


def _remote_pictures(text: str) -> list[tuple[int, int]]:
    """Where pictures from elsewhere stand whose descriptions have brackets within brackets, or backticks that begin no code."""
    found: list[tuple[int, int]] = []
    open_brackets: list[int] = []
    for bracket in _BRACKETS.finditer(text):
        if bracket[0] != "]":
            open_brackets += [] if bracket[0][0] == "\\" else [bracket.start()]
        elif open_brackets and text[start := open_brackets.pop()] == "!":
            destination = _BEHIND.match(text, bracket.end())
            if destination and _ELSEWHERE.match(_as_browsers_do(destination[1])):
                found.append((start, destination.end()))
    return found


def _fetches(text: str) -> bool:
    """Whether markup makes a page fetch something from elsewhere, however its addresses are written."""
    plain = re.sub(r"\\([0-9a-fA-F]{1,6})\s?", lambda found: chr(min(int(found[1], 16), 0x10FFFF)), html.unescape(text))
    forms = (text, re.sub(r"[\t\r\n\0]", "", html.unescape(text)), re.sub(r"[\t\r\n\0]", "", plain).replace("\\", "/"))
    return (
        any(map(_REMOTE.search, forms))
        or bool(_remote_pictures(text))
        or any(_is_disguised(match[1] or match[2]) for match in _DESTINATION.finditer(text))
    )


def _looks_random(path: str) -> bool:
    """Whether a path carries what is no words: in those the kind of a character seldom changes."""
    words = re.findall(r"[A-Za-z0-9]{4,}", re.sub("[-_%]", "", path))
    drawn = [word for word in words if _DIGITS.fullmatch(word) or len(_MIXED.findall(word)) > len(word) / 4.5]
    return sum(map(len, drawn)) > _MAX_RANDOM


class _Reach(ast.NodeVisitor):
    """Walks what code runs, definitions that it uses included, and notes what each call reaches."""

    def __init__(
        self, sources: tuple[str, ...], live: Mapping[str, Variable], modules: Mapping[str, str | None], *, strict: bool
    ) -> None:
        self._strict = strict
        self.found: dict[str, dict[str, None]] = {}
        self._names = NameResolver(sources, live, modules)
        self._texts = TextReader(self._names)
        self._magics: tuple[CellMagic, ...] = ()
        self._entered: set[int] = set()
        #: Definitions that are used, and yet to be looked into: one after the other, since each may use the next.
        self._waiting: list[ast.AST] = []
        self._held: set[tuple[object, ...]] = set()
        #: Names → whether they hold a file that was opened for writing, by the functions that open one.
        self._written: dict[tuple[tuple[object, ...], tuple[str, ...]], bool] = {}
        #: Names → what they may hold that is no constant.
        self._values: dict[object, list[ast.expr | None]] = {}
        self._imports: set[str] = set()
        self._sources = sources
        self._depth = 0

    # --- entry -------------------------------------------------------------------------------------------------------

    def inspect(self, code: str, mode: Literal["cell", "expression"] = "cell") -> None:
        """Look at a piece of code, as a cell."""
        self._depth += 1
        waiting, self._waiting = self._waiting, []
        try:
            if self._depth > 8:
                self._note("unknown_call", code)
                return
            if mode == "cell":
                plain = without_prompts(code)
                if plain != code and not parse(code).problem:  # IPython may leave it, where it is text
                    self.inspect(code, "expression")
                code = _with_automagics(plain, self._names.live, self._names.is_bound)
            parsed = parse(code)
            if parsed.problem or "\0" in code:
                self._note("unknown_call", code)
                return
            magics, self._magics = self._magics, parsed.magics
            with self._names.scope(parsed.tree):
                for values in self._names.own.values.values():
                    for value in values:  # as the names were first bound, so that each is made of what is resolved
                        self._names.origins_of(value)
                for name in sorted(names_of(code).mutates):
                    changed = ast.Name(id=name, ctx=ast.Load())
                    if any(origin.startswith("numpy.memmap()") for origin in self._names.origins_of(changed)):
                        self._note("files", name)
                for name in (*self._names.own.modules, *self._names.own.definitions):
                    self.visit_Name(ast.Name(id=name, ctx=ast.Store()))
                names = {magic.name for magic in parsed.magics}
                if names & _DELETING_MAGICS:
                    self._names.own.unsettled.add("")
                self._names.own.stars |= {"pylab"} & names
                self.visit(parsed.tree)
                while self._waiting:
                    self._look_into(self._waiting.pop(0))
            self._magics = magics
        except RecursionError:
            self._note("unknown_call", code)
        finally:
            self._waiting = waiting
            self._depth -= 1

    def _note(self, code: str, where: ast.AST | str) -> None:
        text = where if isinstance(where, str) else ast.unparse(where)
        self.found.setdefault(code, {})[_one_line(text)] = None

    # --- the walk --------------------------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *(value for value in node.args.kw_defaults if value)):
            self.visit(part)
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg)
        for annotation in (node.returns, *(argument.annotation for argument in arguments if argument)):
            self._visit_annotation(annotation)
        if node.decorator_list:
            self._enter(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's own name

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:  # a library makes objects of it later
            made = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(made, ast.Name | ast.Attribute) and "register" in ast.unparse(made).rpartition(".")[2]:
                self._enter(node)
        for statement in parts_of_class(node):
            aliases = [
                alias.asname or alias.name for alias in getattr(statement, "names", ()) if isinstance(alias, ast.alias)
            ]
            targets = [*getattr(statement, "targets", ()), getattr(statement, "target", None)]
            if any(map(_SHOWN_BY.match, (*aliases, *(getattr(target, "id", "") for target in targets)))):
                self._note("remote_content", statement)
        for part in (*node.decorator_list, *node.bases, *node.keywords, *node.body):
            if part not in node.bases or not isinstance(part, ast.Name | ast.Attribute):
                self.visit(part)
        for base in node.bases:  # a class may run code whenever another is derived from it
            for origin in self._names.origins_of(base):
                if origin.startswith("<"):
                    self._reference(base, origin)

    def _enter(self, definition: ast.AST) -> None:
        """Have a function that is used, or what a class runs by itself, looked into, once."""
        if id(definition) in self._entered:
            return
        self._entered.add(id(definition))
        if len(self._entered) > _MAX_DEFINITIONS:
            self._note("unknown_call", "more functions than are looked into")
            return
        self._waiting.append(definition)

    def _look_into(self, definition: ast.AST) -> None:
        for decorator in getattr(definition, "decorator_list", ()):  # what it was made with runs, too
            self.visit(decorator)
        if isinstance(definition, ast.ClassDef):
            for base in definition.bases:
                for origin in self._names.origins_of(base):
                    if origin.startswith("<"):
                        self._reference(base, origin)
                    elif not origin.startswith(".") and (code := verdict(origin, default="unknown_call")):
                        self._note(code, base)
            for word in definition.keywords:
                self.visit(word.value)
            for statement in parts_of_class(definition):
                if isinstance(statement, ast.ClassDef):
                    self._enter(statement)
                elif isinstance(statement, ast.Assign | ast.AnnAssign):
                    for part in ast.walk(statement):
                        if isinstance(part, ast.Lambda):
                            self._enter(part)
                elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                    self._enter(statement)  # Python, Jupyter, or what the class is derived from may call it
                    if statement.name.startswith("_repr_") and (
                        statement.name == "_repr_javascript_" or self._loads(statement.body)
                    ):
                        self._note("network", f"{definition.name}.{statement.name}")
                    returned = [part.value for part in ast.walk(statement) if isinstance(part, ast.Return)]
                    if statement.name in _MARKUP_METHODS and self._texts.is_hidden(*returned):
                        self._note("remote_content", f"{definition.name}.{statement.name}")
        elif isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in definition.body:
                self.visit(statement)
        elif isinstance(definition, ast.Lambda):
            self.visit(definition.body)
        elif isinstance(definition, ast.GeneratorExp):
            self.visit(definition)

    def _visit_calls(self, node: ast.expr | None) -> None:
        """Look at the calls in an expression that only names types: annotations, what is caught."""
        for part in ast.walk(node) if node is not None else ():
            if isinstance(part, ast.Call):
                self.visit(part)

    def _visit_annotation(self, node: ast.expr | None) -> None:
        """Look at the calls in an annotation, and in its texts, which some libraries evaluate."""
        self._visit_calls(node)
        for part in ast.walk(node) if node is not None else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and "(" in part.value:
                self.inspect(part.value, "expression")
            if isinstance(part, ast.Name | ast.Attribute) and any(
                verdict(origin, default="") == "process" and not VERDICTS.get(origin.partition(".")[0])
                for origin in self._names.origins_of(part)
            ):
                self._note("process", part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        self._visit_annotation(node.annotation)
        if node.value is not None:
            self.visit(node.value)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._visit_calls(node.type)
        for statement in node.body:
            self.visit(statement)

    def visit_arguments(self, node: ast.arguments) -> None:
        for default in (*node.defaults, *(value for value in node.kw_defaults if value)):
            self.visit(default)

    def visit_Constant(self, node: ast.Constant) -> None:
        text = node.value.strip().lower() if isinstance(node.value, str) else ""
        if _SHOWN_BY.match(text):
            self._note("remote_content", node)
        if _NAMES_INTERPRETER.search(text):
            self._note("unknown_call", node)
        if code := "process" if text.startswith("module://") else SETTINGS.get(text):
            self._note(code, node)

    def visit_Assign(self, node: ast.Assign | ast.AugAssign | ast.Delete) -> None:
        targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
        for target in targets:
            owner = target.value if isinstance(target, ast.Attribute | ast.Subscript) else None
            if isinstance(target, ast.Attribute) and _SHOWN_BY.match(target.attr):
                self._note("remote_content", target)
            base = owner
            while isinstance(base, ast.Attribute | ast.Subscript):
                base = base.value
            is_item = isinstance(target, ast.Subscript) or isinstance(node, ast.AugAssign)
            if self._is_written_file(base, (*_FILE_MAKERS, "numpy.memmap")) or (
                is_item and self._lies_elsewhere(owner or target)
            ):
                self._note("files", target)
            places = self._names.origins_of(owner) | (
                self._names.origins_of(target) if isinstance(target, ast.Attribute) else frozenset()
            )
            if any(place in ("sys", "os", "builtins", "IPython", "IPython.get_ipython()") or (place.startswith(("sys.path", "sys.modules"))
                   and owner is not None) for place in places):  # fmt: skip
                self._note("environment", target)
            is_renderer = isinstance(target, ast.Attribute) and target.attr == "default"
            if is_renderer and self._is_shown_elsewhere(getattr(node, "value", None)):
                self._note("process", target)
            is_shown = any(
                place.endswith(tuple(f".{name}()" for name in _MARKUP_CLASSES))
                for place in self._names.origins_of(owner)
            )
            is_backend = (
                isinstance(target, ast.Subscript)
                and "backend" in self._names.texts(target.slice)
                and any(place.endswith("rcParams") for place in places)
            )
            if (
                isinstance(target, ast.Attribute)
                and target.attr == "backend"
                and self._is_foreign_backend(getattr(node, "value", None))
            ):
                self._note("process", target)
            given = getattr(node, "value", None)
            if (is_shown or is_backend) and (
                self._texts.is_hidden(given) or (given is not None and self._loads([given]))
            ):
                self._note("process" if is_backend else "remote_content", target)
        value = getattr(node, "value", None)
        is_alias = isinstance(value, ast.Name | ast.Attribute) and all(
            isinstance(target, ast.Name) for target in targets
        )
        if is_alias and self._names.origins_of(value) & _MODULES:
            return  # another name for a module reaches nothing yet
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit_Assign(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        self.visit_Assign(node)

    def visit_Name(self, node: ast.Name) -> None:
        for origin in self._names.origins_of(node):
            if isinstance(node.ctx, ast.Load):
                self._reference(node, origin)
            elif origin.startswith("<") and origin.endswith("()"):  # a class may run code when its object goes away
                for method in self._names.methods("__del__"):
                    self._enter(method)
            elif origin.startswith("tempfile.") and origin.endswith("()"):
                self._note("files", node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in INTERPRETER_ATTRIBUTES:
            self._note("unknown_call", node)
        for name in (node.attr, *_ATTRIBUTE_HOOKS):
            for method in self._names.methods(name):
                self._enter(method)
        if isinstance(node.ctx, ast.Load):
            for origin in self._names.origins_of(node):
                self._reference(node, origin)
        if not isinstance(node.value, ast.Name) or f"{UNKNOWN}{RUNNING}" in self._names.origins_of(node.value):
            self.visit(node.value)

    def _reference(self, node: ast.expr, origin: str) -> None:
        """A function is as good as called when it is handed on; a module, or a constant of one, is not."""
        if origin.startswith("<"):
            if origin == f"{UNKNOWN}{RUNNING}":
                self._note("unknown_call", node)
            for definition in self._names.definitions(origin.removesuffix(RUNNING).strip("<>()")):
                self._enter(definition)
            return
        last = origin.rpartition(".")[2]
        if origin in _MODULES or origin in _HANDED_ON:
            self._note(_HANDED_ON.get(origin, "unknown_call"), node)
        by_name = METHODS.get(last, "files" if last in WRITE_IF_GIVEN_PATH else "")
        if isinstance(node, ast.Attribute) and (by_name or (origin.startswith("pathlib.") and last in PATH_METHODS)):
            self._note(by_name or "files", node)
        is_constant = (last.isupper() and len(last) > 1) or last in ("__version__", "__name__", "__doc__", "__file__")
        if "(" in origin or "." not in origin or is_constant or origin in ROOTS:
            return
        if (
            isinstance(node, ast.Name)
            and node.id not in self._names.own
            and node.id in USUAL_NAMES
            and not self._names.is_bound(node.id)
        ):
            return
        code = verdict(origin, default="")
        if code and (code != "unknown_call" or origin.startswith("builtins.")) and not self._is_module(node, origin):
            if origin in _OPENERS:
                return
            self._note(code, node)

    def _is_module(self, node: ast.expr, origin: str) -> bool:
        """Whether a reference names a module, and not a function of it."""
        return origin in sys.modules and f"{origin}." not in VERDICTS and type(sys.modules[origin]) is type(sys)

    def visit_Call(self, node: ast.Call) -> None:
        if is_magic(node) and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, int):
            self._magic(self._magics[node.args[0].value])
            return
        origins = self._names.origins_of(node.func) or frozenset({""})
        for origin in origins:
            if code := self._reached(node, origin):
                self._note(code, node)
        if self._writes_to_open_file(node) or self._changes_file(node):
            self._note("files", node)
        func = node.func
        is_looked_at = bool(origins & _LOOKED_AT) or any(
            origin.startswith("inspect.") and not origin.startswith(("inspect.getmembers", "inspect.getattr"))
            for origin in origins
        )
        if isinstance(func, ast.Attribute):
            if func.attr in INTERPRETER_ATTRIBUTES:
                self._note("unknown_call", func)
            for method in self._names.methods(func.attr):
                self._enter(method)
            if not isinstance(func.value, ast.Name):
                self.visit(func.value)
        elif not isinstance(func, ast.Name):
            self.visit(func)
        self._visit_handed_on(node, origins, is_looked_at=is_looked_at)
        self._visit_held(node)
        for argument in node.args:
            if any(
                origin.startswith(ADDRESS_READERS) and "(" not in origin for origin in self._names.origins_of(argument)
            ):
                is_of_owner = isinstance(func, ast.Attribute) and func.attr in _CALLERS and not node.args[1:]
                owner = [cast("ast.Attribute", func).value] if is_of_owner else []
                others = [self._texts.items(other) for other in (*node.args, *owner) if other is not argument]
                for text in frozenset().union(*others):
                    if code := "network" if _ADDRESS.match(text) else "network?" if is_address(text) else "":
                        self._note(code, node)
            if not (is_looked_at and self._names.origins_of(argument) & _MODULES):
                self.visit(argument)
        for keyword in node.keywords:
            if keyword.arg and _SHOWN_BY.match(keyword.arg):
                self._note("remote_content", node)
            if keyword.arg == "usetex" and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value):
                self._note("process", node)
            self.visit(keyword.value)

    def visit_Match(self, node: ast.Match) -> None:
        if any(map(is_namespace, self._names.origins_of(node.subject))):
            self._note("unknown_call", node.subject)
        self.generic_visit(node)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        if any(
            name in INTERPRETER_ATTRIBUTES or name in METHODS or name in WRITE_IF_GIVEN_PATH for name in node.kwd_attrs
        ):
            self._note("unknown_call", node)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        if any(_SHOWN_BY.match(text) for key in node.keys if key for text in self._names.texts(key)):
            self._note("remote_content", node)
        self.generic_visit(node)

    def _visit_held(self, node: ast.Call) -> None:
        """Look at functions that a call may call because an object was made with them, or because they lie in a container."""
        is_method = isinstance(node.func, ast.Attribute)
        place = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        for given in self._names.held_by(place, is_called=not is_method, seen=self._held):
            if given is None:
                self._note("unknown_call", node)
            for origin in self._names.origins_of(given):
                if given is not None and "(" not in origin:
                    self._reference(given, origin)

    def _visit_handed_on(self, node: ast.Call, origins: frozenset[str], *, is_looked_at: bool) -> None:
        """Look at methods that are handed to what calls them, as if they were called; and at namespaces that are handed on."""
        names = {origin.replace("()", "").rpartition(".")[2] for origin in origins}
        for argument in (*node.args, *(word.value for word in node.keywords)):
            found = self._names.origins_of(argument)
            allowed = _LOOK_AT_NAMESPACES | (_LOOK_UP_VARIABLES if "<globals>" in found else frozenset())
            if any(map(is_namespace, found)) and not names <= allowed:
                self._note("unknown_call", node)
            if UNKNOWN in found and not is_looked_at:
                self._note("unknown_call", argument)
            if not names & _CALLERS or not isinstance(argument, ast.Attribute | ast.Name):
                continue
            call = ast.Call(func=argument, args=[ast.Name(id=UNSEEN, ctx=ast.Load())], keywords=[])
            codes = [
                self._reached(call, origin)
                for origin in found
                if re.match(r"\.|[^<].*\(", origin) and origin[-1] != ")"
            ]
            codes += ["files"] if isinstance(argument, ast.Attribute) and self._writes_to_open_file(call) else []
            if names & _CALLERS and any(origin.startswith("sympy.") and "(" not in origin for origin in found):
                owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
                others = [other for other in (*node.args, *owner) if other is not argument]
                call = ast.Call(func=argument, args=[ast.Starred(other, ast.Load()) for other in others], keywords=[])
                for code in filter(None, (self._reached(call, origin) for origin in found)):
                    self._note(code, argument)
            is_data = names <= _OF_FRAMES  # which are more often given an attribute than a method
            for code in filter(None, codes):
                if code != "unknown_call" or not is_data:
                    self._note(code, argument)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._imported(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names if node.module and not node.level else ():
            self._imported(f"{node.module}.{alias.name}", node)

    def _imported(self, module: str, node: ast.AST) -> None:
        """Look once at what modules next to the notebook run when they are imported; those in other folders are not known."""
        root = module.partition(".")[0]
        if root == "antigravity" or module.endswith(".__main__"):
            self._note("process", node)
        if (
            (root in ROOTS and root not in self._names.modules)
            or module in self._imports
            or any(
                variable.kind == "module" and variable.facts.get("module") == module
                for variable in self._names.live.values()
            )
        ):
            return
        self._imports.add(module)
        if root not in self._names.modules and any(map(_OTHER_FOLDERS.search, self._sources)):
            self._note("process", node)
        if parent := module.rpartition(".")[0]:
            self._imported(parent, node)
        if module in self._names.modules and self._names.modules[module] is None:
            self._note("process", node)
        elif (source := self._names.modules.get(module)) is not None:
            self.inspect(source)
            is_package = any(name.startswith(f"{module}.") for name in self._names.modules)
            for inner in imported_modules([source], module if is_package else parent):
                self._imported(inner, node)

    # --- one call ----------------------------------------------------------------------------------------------------------

    def _reached(self, node: ast.Call, origin: str) -> str:
        """What one call reaches, where its callee is `origin`; empty for nothing."""
        origin = origin.removesuffix("().__init__")
        plain = origin.replace("()", "")
        last = plain.rpartition(".")[2]
        if origin.startswith(":memory:"):
            left = self._left_memory(node, last)
            return left or ("" if last in _OF_DATABASES else self._by_method(node, plain, last, ":memory:") or "")
        root = plain.partition(".")[0]
        if (found := _OF_NAMESPACE.match(origin)) and (is_namespace(found[1])):
            return "unknown_call"
        if any("_" in part and part in INTERPRETER_ATTRIBUTES for part in plain.split(".") if part != "__import__"):
            return "unknown_call"
        if through := "files" if ".write." in origin else _through_module(plain, last):  # frames of Spark have writers
            return through
        if origin.startswith(HIDDEN_NAME):
            return "" if last in DATA_METHODS else "unknown_call"
        if origin.startswith("<"):
            name, _, member = origin[1:].partition(">")
            if last == UNKNOWN:
                return "unknown_call"
            if "." in member and name != "unknown" and last != "__call__":
                return self._inherited(node, name, member, last)
            if name == "unknown" or not any(True for _ in self._names.definitions(name)):
                return "unknown_call"
            codes: list[str] = []
            for definition in self._names.definitions(name):
                self._enter(definition)
                for base in getattr(definition, "bases", ()):  # which may be made as its subclass is
                    codes += [
                        self._reached(node, made) for made in self._names.origins_of(base) if made not in (origin, "")
                    ]
            return next(filter(None, codes), "")
        if UNKNOWN in origin:
            return "unknown_call" if root in REACHING_ROOTS or root in ("", "builtins") else ""
        if self._strict and plain in ("builtins.exec", "builtins.eval", "builtins.compile"):
            return "unknown_call"
        if (code := self._special(node, plain, last, root)) is not None:
            return code
        if origin.startswith(ADDRESS_READERS) and "(" not in origin and self._is_unseen_address(node):
            return "network?"
        if origin in EVALUATORS and any(UNSEEN in text for text in self._given(node)):
            return EVALUATORS[origin]
        if root in _EVALUATING and self._evaluates_unseen(node, origin, last):
            return "unknown_call"
        if last == "load" and root in UNPICKLING_ROOTS:
            return "process"
        if origin.startswith(_TAKE_ADDRESSES) and any(map(_ADDRESS.match, self._given(node))):
            return "network"
        by_last_part = BY_LAST_PART.get((root, last), "") if plain not in VERDICTS else ""
        if reached := self._by_keyword(node, plain, last) or by_last_part:
            return "" if reached == "files" and self._is_into_memory(node) else reached
        known = verdict(origin, default="?")
        if known not in ("", "?"):
            return "" if known == "files" and self._is_into_memory(node) else known
        if (code := self._by_method(node, plain, last, root)) is not None:
            return code
        if self._strict and known == "?" and last not in PURE and not (root == "builtins" and last in _PURE_BUILTINS):
            return "unknown_call"
        if known == "" and root not in ("", "builtins") and "." in plain and _REACHING.match(last):
            return "" if self._is_defined_method(last) else "unknown_call"
        if known == "" and VERDICTS.get(root) == "" and not is_computing(origin):
            return "" if self._is_defined_method(last) else "unknown_call"
        is_private = "(" not in origin and any(map(_PRIVATE.match, plain.split(".")[1:]))
        if (known == "" and not is_private) or root in ("", "builtins"):
            return ""
        if root == "__main__" and self._is_defined_method(last):
            return ""
        return "unknown_call"

    def _left_memory(self, node: ast.Call, last: str) -> str:
        """Whether a call on a database in memory reaches a file, a library or another database."""
        texts = [text for argument in node.args for text in self._names.texts(argument)]
        is_statement = bool(node.args) and last in ("execute", "executemany", "executescript", "sql", "query")
        quoted = [found[1] or found[2] for text in texts for found in _QUOTED.finditer(text)]
        if any(map(_ADDRESS.match, quoted)):
            return "network"
        if any(map(_SENSITIVE.search, quoted)):
            return "files"
        named = [word.value for word in node.keywords if word.arg in ("target", None)]
        leaves = (
            last in ("enable_load_extension", "load_extension")
            or (last == "backup" and not all(map(self._is_database_in_memory, (*node.args[:1], *named))))
            or any(map(_LEAVES_MEMORY.search, texts))
            or (is_statement and self._texts.is_hidden(node.args[0]))
        )
        return "database" if leaves else ""

    def _is_database_in_memory(self, node: ast.expr) -> bool:
        return self._names.origins_of(node) == {":memory:"}

    def _inherited(self, node: ast.Call, name: str, member: str, last: str) -> str:
        """What a method of a class that the notebook defines reaches: its own was looked into, others come from the bases."""
        if self._is_defined_method(last):
            for method in self._names.methods(last):  # it may be reached by its name in a text
                self._enter(method)
            return ""
        for definition in self._names.definitions(name):
            self._enter(definition)  # what is derived from may call any method
            for base in getattr(definition, "bases", ()):
                for origin in self._names.origins_of(base):
                    if origin != f"<{name}>" and (code := self._reached(node, f"{origin}{member}")):
                        return code
        # of what a method has returned: one that is called, or one that Python calls
        called = member.removesuffix(f".{last}").replace("()", "").rpartition(".")[2]
        methods = chain.from_iterable(map(self._names.methods, [called] if called else _RETURNING))
        values = chain.from_iterable(self._names.returns_of(method)[0] for method in methods)
        for made in dict.fromkeys(origin for value in values for origin in self._names.origins_of(value)):
            if not made.startswith("<") and (code := self._reached(node, f"{made}.{last}")):
                return code
        return ""

    def _is_defined_method(self, name: str) -> bool:
        return any(True for _ in self._names.methods(name))

    def _special(self, node: ast.Call, plain: str, last: str, root: str) -> str | None:
        """The verdict on callees that depend on their arguments; None where they do not."""
        match plain:
            case (
                "builtins.exec"
                | "builtins.eval"
                | "builtins.compile"
                | "pandas.eval"
                | "timeit.timeit"
                | "timeit.repeat"
                | "timeit.Timer"
            ):
                if plain.startswith("timeit"):
                    return self._timed(node)
                return self._inspect_text(node.args[0] if node.args else None)
            case "builtins.__import__" | "importlib.import_module" | "importlib.__import__":
                self._import_named(node)
                return "" if node.args and self._names.texts(node.args[0]) else "unknown_call"
            case "importlib.util.find_spec":
                self._import_named(node, of_parent=True)
            case "importlib.reload":
                for module in self._names.origins_of(node.args[0]) if node.args else ():
                    if source := self._names.modules.get(module):
                        self.inspect(source)
            case "builtins.setattr" if any(
                map(_SHOWN_BY.match, self._names.texts(node.args[1] if node.args[1:] else None))
            ):
                return "remote_content"
            case "builtins.setattr" | "builtins.delattr":
                owners = self._names.origins_of(node.args[0]) if node.args else frozenset()
                return "environment" if owners & {"sys", "os", "builtins", "IPython"} else ""
            case "operator.methodcaller" | "operator.attrgetter":
                paths = self._texts.texts(node.args[0] if node.args else None)
                names = {name.lstrip("_") for path in paths for name in path.split(".")}
                risky = [
                    name
                    for name in names
                    if name in METHODS
                    or name in PATH_METHODS
                    or name in EMBEDDED
                    or VERDICTS.get(f"os.{name}")
                    or (name in WRITE_IF_GIVEN_PATH and plain.endswith("attrgetter"))
                ]
                if risky or not names or any(UNSEEN in name for name in names):
                    return "unknown_call"
                called = ast.Call(func=ast.Name(id=UNSEEN, ctx=ast.Load()), args=node.args[1:], keywords=node.keywords)
                found = [self._reached(called, f".{name}") for name in names] if plain.endswith("methodcaller") else []
                return next(filter(None, found), "")
            case "gymnasium.make" | "gym.make":  # which imports what stands before a colon
                return "process" if any(":" in text or UNSEEN in text for text in self._given(node)) else ""
            case "timeit.main":
                return "unknown_call"
            case "yaml.load" | "yaml.load_all":
                loader = next(
                    (word.value for word in node.keywords if word.arg == "Loader"),
                    node.args[1] if len(node.args) > 1 else None,
                )
                made = [origin.rpartition(".")[2] for origin in self._names.origins_of(loader)]
                is_safe = loader is not None and "Safe" in ast.unparse(loader) and all("Safe" in name for name in made)
                return "" if is_safe else "process"
            case "numpy.load" | "pylab.load" | "matplotlib.pyplot.load" | "matplotlib.pylab.load":
                mapped = next(
                    (word.value for word in node.keywords if word.arg == "mmap_mode"),
                    node.args[1] if node.args[1:] else None,
                )
                if mapped is not None and not self._texts.texts(mapped) <= {
                    "None",
                    "r",
                    "c",
                    "readonly",
                    "copyonwrite",
                }:
                    return "files"
                allowed = next((word.value for word in node.keywords if word.arg in ("allow_pickle", None)),
                    node.args[2] if len(node.args) > 2 else None)  # fmt: skip
                return "" if allowed is None or (isinstance(allowed, ast.Constant) and not allowed.value) else "process"
            case _ if root == "torch" and last == "load" and ".jit." not in plain and ".export." not in plain:
                weights = next((word.value for word in node.keywords if word.arg == "weights_only"), None)
                return "" if isinstance(weights, ast.Constant) and weights.value is True else "process"
            case "sqlite3.connect" | "duckdb.connect":
                return "" if is_in_memory(node, self._texts.texts(node.args[0] if node.args else None)) else "database"
            case "numpy.memmap":
                modes = self._texts.texts(next((word.value for word in node.keywords if word.arg == "mode"), None))
                return "" if modes and all(mode in ("r", "readonly", "c", "copyonwrite") for mode in modes) else "files"
            case "logging.basicConfig":
                return "files" if any(word.arg in ("filename", None) for word in node.keywords) else ""
        if plain.startswith("importlib.resources."):
            self._import_named(node)
        if ".io." in f"{plain}." and plain.endswith((".io.open", ".io.FileIO")) and root not in ("pandas", "skimage"):
            return self._opened(node, 1)
        if plain in _OPENERS or (last == "open" and root in ("pathlib", "zipfile")):
            return self._opened(node, _OPENERS.get(plain, 1 if root == "zipfile" else 0))
        if through := next((opener for opener in _OPENERS if plain.endswith(f".{opener}")), ""):
            return self._opened(node, _OPENERS[through])
        if root == "IPython" and plain.startswith("IPython.get_ipython."):
            return self._shell(node, last)
        if plain.startswith(("IPython.display.", "IPython.core.display", "IPython.lib.display")):
            return self._displayed(node, last)
        if (
            last in ("execute", "sql", "read_sql", "read_sql_query", "read_database", "query", "execute_query")
            and root != "numexpr"
        ):
            return self._queried(node, last, root)
        if last in ("eval", "query") and node.args and root != "tkinter":
            return self._queried(node, last, root)
        if plain.startswith("sys.path."):
            return "environment"
        if root in ("bokeh", "panel", "branca") and _SCRIPTS.fullmatch(last):
            return "magic"
        shown_in = [*node.args, *(word.value for word in node.keywords if word.arg in ("renderer", "name"))]
        if root == "tensorflow" and last == "cache" and (node.args or node.keywords):
            return "files"
        if last in ("show", "enable") and self._is_shown_elsewhere(*shown_in):
            return "process"
        if root == "panel" and last == "show":
            return "network"
        if root == "PIL" and last == "show":
            return "process"
        if (
            root == "matplotlib"
            and last == "rc_context"
            and (node.args[1:] or any(word.arg == "fname" for word in node.keywords))
        ):
            return "process"
        if (root == "jinja2" or last in _OF_TEMPLATES) and root in ROOTS:
            texts = {
                part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)
            }
            texts |= self._given(node)
            is_code = last == "compile_expression"
            codes = [
                text if is_code else found[0]
                for text in texts
                for found in _TEMPLATE_CODE.finditer(f"{{{{{text}" if is_code else text)
            ]
            is_hidden = last in (*_OF_TEMPLATES, "compile") and any(UNSEEN in text for text in texts)
            if (root == "jinja2" and is_hidden) or any("__" in code or _LOOKS_UP.search(code) for code in codes):
                return "unknown_call"
        if root == "dask" and any(
            "process" in text
            for place in (*node.args, *(word.value for word in node.keywords))
            for part in ast.walk(place)
            if isinstance(part, ast.Name | ast.Constant)
            for text in self._names.texts(part)
        ):
            return "process"
        workers = next((word.value for word in node.keywords if word.arg == "workers"), None)
        if (
            root == "scipy"
            and workers is not None
            and not (isinstance(workers, ast.Constant) and workers.value in (1, None))
        ):
            return "process"
        if root == "psutil" and any(
            "environ" in self._texts.items(place) | self._texts.texts(place) for place in node.args
        ):
            return "environment"
        if root == "importlib" and last == "load":
            return "process"
        if (
            root == "torch"
            and last == "from_file"
            and (node.args[1:] or any(word.arg in ("shared", None) for word in node.keywords))
        ):
            return "files"
        if "style" in plain.split(".") and self._loads((*node.args, *(word.value for word in node.keywords))):
            return "network"
        if root in _SHOWING and self._loads((*node.args, *(word.value for word in node.keywords))):
            return "network"
        if root in _SHOWING and last in _MARKUP_CLASSES and (code := self._marked_up(node)):
            return code
        if root == "tkinter" and ".tk." in plain:
            return "process"
        if root == "matplotlib" and last == "rc" and any(word.arg == "html" for word in node.keywords):
            return "process"  # animations are shown as films, which a program makes
        if last == "to_image" and root in ("plotly", ""):
            return "process"
        if root == "numba" and "cache" in self._turned_on(node):
            return "files"
        if plain.endswith("rcParams.update") and any("backend" in text for text in self._given(node)):
            return "process" if any(UNSEEN in text for text in self._given(node)) else ""
        if root in _EVALUATING and (code := self._evaluated(node)):
            return code
        return None

    def _import_named(self, node: ast.Call, *, of_parent: bool = False) -> None:
        """Look at the modules that a call imports by their names."""
        for text in self._names.texts(node.args[0]) if node.args else ():
            if name := text.lstrip(".").rpartition(".")[0] if of_parent else text.lstrip("."):
                self._imported(name, node)

    def _timed(self, node: ast.Call) -> str:
        """What `timeit` runs: a statement and a preparation, each a text or a function."""
        given = (*node.args[:2], *(word.value for word in node.keywords if word.arg in ("stmt", "setup", None)))
        codes = [self._inspect_text(part) for part in given if self._names.texts(part)]
        return next(filter(None, codes), "")

    def _evaluated(self, node: ast.Call) -> str:
        """What a text does that a library evaluates as Python: a formula of a model, an expression of symbols."""
        for argument in (*node.args, *(word.value for word in node.keywords)):
            for text in self._names.texts(argument):
                if "__" in text:
                    return "unknown_call"
                for name in _CALLED.findall(text):
                    self.inspect(f"{name}(_, _)", "expression")
        return ""

    def _evaluates_unseen(self, node: ast.Call, origin: str, last: str) -> bool:
        """Whether a library evaluates a text that the code does not show: any that symbols are made of, and formulas of models."""
        named = [word.value for word in node.keywords if word.arg in ("formula", None)]
        if not origin.startswith("sympy."):
            is_formula = last == "from_formula" or (origin.startswith(FORMULAS) and "(" not in origin)
            return self._texts.is_hidden(*(node.args[:1] if is_formula else ()), *named)
        if last in _NOT_EVALUATING or "lambdify()" in origin:
            return False
        return any(map(self._texts.may_be_hidden_text, (*node.args, *(word.value for word in node.keywords))))

    def _by_method(self, node: ast.Call, plain: str, last: str, root: str) -> str | None:
        """The verdict by the method's name, whatever its object is; None where the name says nothing."""
        is_method = isinstance(node.func, ast.Attribute) or "." in plain
        places = _places(node)
        into_memory = self._is_into_memory(node)
        named = [*node.args[:1], *(word.value for word in node.keywords if word.arg in ("func", None))]
        if is_method and last in _BY_TEXT:
            texts = {text for given in named for text in (*self._names.texts(given), *self._texts.items(given))}
            texts |= {
                text
                for given in named
                if isinstance(given, ast.Dict)
                for value in given.values
                for text in self._texts.texts(value)
            }
            if any(text in METHODS or text in WRITE_IF_GIVEN_PATH for text in texts):
                return "files"
        first = named[0] if named else None
        is_text_hidden = is_method and last in _BY_TEXT and places[1:] and self._texts.is_hidden(first)
        if is_text_hidden and not _are_expressions(self._names.origins_of(first) if first is not None else ()):
            return "files"
        if is_method and node.args and last == "write" and root in _SELF_WRITING:
            return "" if into_memory else "files"
        if (
            is_method
            and last in ("dump", "export")
            and any(map(self._names.texts, places))
            and root not in ("yaml", "json", "toml")
        ):
            return "files"
        if is_method and last in WRITE_IF_GIVEN_PATH:
            given = bool(places) and not (isinstance(places[0], ast.Constant) and places[0].value is None)
            return "files" if given and not into_memory else ""
        if last == "serialize" and root in ("polars", "gensim") and places:
            return "files"
        if is_method and last == "save" and (node.args or node.keywords):
            return "" if into_memory else "files"
        if is_method and last in METHODS and not plain.startswith(("pandas.Series.str", "re.")):
            if last.startswith("extractall") and ".str." in f".{ast.unparse(node.func)}"[-40:]:
                return ""
            return "" if into_memory and METHODS[last] == "files" else METHODS[last]
        if (
            root in PATH_ROOTS
            and last in PATH_METHODS
            and not _TEXT_OF_PATH.search(plain)
            and "StringIO" not in plain
            and "BytesIO" not in plain
            and not plain.startswith("os.path")
        ):
            return "files"
        if (
            is_method
            and last in _DRAWING
            and any(map(_DRAWN.fullmatch, (text for argument in node.args for text in self._names.texts(argument))))
        ):
            return "files"
        if is_method and _WRITING.match(last) and not into_memory and root not in ("sys", "builtins", "io", "_io"):
            arguments = (*node.args, *(word.value for word in node.keywords))
            if any(_FILE_NAME.fullmatch(text) for argument in arguments for text in self._names.texts(argument)):
                return "" if self._is_defined_method(last) else "files"
        if (
            is_method
            and last in ("write", "writelines")
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            return None if self._names.is_bound(node.func.value.id) or plain.startswith("sys.") else "files"
        if is_method and last.startswith(_WRITERS) and places and not self._is_defined_method(last):
            is_none = isinstance(places[0], ast.Constant) and places[0].value is None
            return "" if into_memory or is_none else "files"
        if last in ("commit", "rollback") and not node.args:
            return "database" if root in ("", "builtins") else None
        if last == "download" or (last.startswith(("fetch_", "load_dataset")) and ".datasets" in plain):
            return "network"
        if root == "builtins" and not is_method:
            return ""
        if (
            not last.startswith(READERS)
            or root in ("re", "json", "datetime", "dateutil")
            or plain.startswith("urllib.parse")
        ):
            return None
        return self._read(node)

    def _by_keyword(self, node: ast.Call, plain: str, last: str) -> str:
        """The verdict by a keyword that makes a library write or fetch something, whatever is called."""
        named = {word.arg: word.value for word in node.keywords}
        if last in _PLOTTERS or ".plot." in f".{plain}.":
            words = [self._names.texts(argument) for argument in node.args[:-1]]
            backends = [node.args[-1]] if any("backend" in text for texts in words for text in texts) else []
            if self._is_foreign_backend(*backends, named.get("backend")):
                return "process"
        given = self._turned_on(node)
        if _FETCHING & given:
            return "network"
        if any("://" in text for text in self._names.texts(named.get("storage"))):
            return "database"
        is_writing = any(map(_WRITTEN.match, given)) or any(
            map(_WRITING_MODE.fullmatch, self._names.texts(named.get("mode")))
        )
        is_writing |= _INTO_FILE.match(last) is not None and any(
            re.fullmatch(r"\S{1,200}", text)
            for place in node.args
            if not isinstance(place, ast.List | ast.Tuple | ast.Set)
            for text in self._names.texts(place)
        )
        if last[:1].isupper() and node.args[1:] and self._names.texts(node.args[0]):
            is_writing |= any(map(_WRITING_MODE.fullmatch, self._names.texts(node.args[1])))
        if is_writing and not self._is_into_memory(node) and not self._is_defined_method(last):
            return "files"
        if plain.partition(".")[0] in ("sklearn", "imblearn", "zarr") and any(
            self._names.texts(named.get(name)) for name in ("memory", "store")
        ):
            return "files"
        is_fetched = "weights" in given or ("weights" not in named and ".applications." in plain and last[:1].isupper())
        if is_fetched and plain.startswith(_MODELS):
            return "network"
        return ""

    def _turned_on(self, node: ast.Call) -> set[str]:
        """Keywords that are given something but False, None or nothing."""
        return {
            word.arg or "" for word in node.keywords if not isinstance(word.value, ast.Constant) or word.value.value
        }

    def _is_foreign_backend(self, *given: ast.expr | None) -> bool:
        """Whether a library that is loaded by its name, to plot with, is one that is not known."""
        return any(text.partition(".")[0] not in ROOTS for node in given for text in self._texts.texts(node))

    def _changes_file(self, node: ast.Call) -> bool:
        """Whether a call changes an object whose items lie in a file: a method by its name, or a function that gets it to put its result there."""
        changed = [node.func.value] if isinstance(node.func, ast.Attribute) and _CHANGING.match(node.func.attr) else []
        is_numpys = any(origin.startswith("numpy.") for origin in self._names.origins_of(node.func))
        results = [place for place in node.args[2:] if is_numpys and isinstance(place, ast.Name | ast.Subscript)]
        return any(
            "()" in origin and origin.startswith(ON_DISK)
            for place in (*changed, *results)
            for origin in self._names.origins_of(place)
        )

    def _lies_elsewhere(self, place: ast.expr) -> bool:
        """Whether what stands at a place is a file, or of a class of which it is not known what setting its items does."""
        origins = [origin for origin in self._names.origins_of(place) if "()" in origin and origin[0] not in "<:"]
        roots = {origin.partition(".")[0] for origin in origins} - ROOTS - {"", "__main__"} - self._names.modules.keys()
        return bool(roots) or any(origin.startswith(ON_DISK) for origin in origins)

    def _is_shown_elsewhere(self, *given: ast.expr | None) -> bool:
        """Whether a library is told to show things outside of the page."""
        texts = (text for node in given for text in self._texts.texts(node))
        return any(not RENDERERS.isdisjoint(text.split("+")) for text in texts)

    def _is_into_memory(self, node: ast.Call) -> bool:
        """Whether what is written goes into a buffer."""
        return any(origin.startswith(_BUFFERS) for place in _places(node) for origin in self._names.origins_of(place))

    def _loads(self, nodes: Iterable[ast.AST]) -> bool:
        """Whether markup in these makes a page load something: an address in it, or one that is put in when it runs."""
        parts = [part for node in nodes for part in ast.walk(node)]
        texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        texts += [text for part in parts if isinstance(part, ast.Name) for text in self._names.texts(part)]
        is_put_together = any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in parts)
        return any(_fetches(text) or (is_put_together and _LOADING.search(text)) for text in texts)

    def _given(self, node: ast.Call, *names: str) -> frozenset[str]:
        """What the first argument of a call, or those of these names, may be as texts."""
        given = [*node.args[:1], *(word.value for word in node.keywords if not names or word.arg in (*names, None))]
        return frozenset().union(*map(self._texts.texts, given))

    def _is_unseen_address(self, node: ast.Call) -> bool:
        """Whether what is read may lie at an address that only shows when the code runs."""
        return any(map(is_address, self._given(node, *_ADDRESSED)))

    def _read(self, node: ast.Call) -> str | None:
        """Whether what is read lies at an address, or where secrets are kept."""
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        for place in (*node.args, *(word.value for word in node.keywords), *([owner] if owner else [])):
            texts = (*self._names.texts(place), *(text for text in self._texts.texts(place) if text[:1] != UNSEEN))
            if place is owner:
                texts = tuple(text for text in texts if _SENSITIVE.search(text))
            if any(_ADDRESS.match(text) for text in texts) or (place is not owner and _is_address(place, texts)):
                return "network"
            if any(_SENSITIVE.search(text) for text in texts):
                return "files"
            first = place.left if isinstance(place, ast.BinOp) else place
            name = first.id if isinstance(first, ast.Name) else first.attr if isinstance(first, ast.Attribute) else ""
            if not texts and (name.lower() == "u" or name.lower().rstrip("s0123456789").endswith(ADDRESS_NAMES)):
                return "network"
        return None

    def _writes_to_open_file(self, node: ast.Call) -> bool:
        """Whether a call gets a file that earlier code has opened for writing, or is a method of one."""
        funcs = [node.func, *(self._names.values_of(node.func) if isinstance(node.func, ast.Name) else ())]
        owners = [func.value for func in funcs if isinstance(func, ast.Attribute) and func.attr not in _OF_OPEN_FILES]
        given = (*node.args, *(word.value for word in node.keywords))
        return any(self._is_written_file(place, _FILE_MAKERS) for place in owners) or any(
            map(self._is_written_file, given)
        )

    def _is_written_file(self, place: ast.expr | None, makers: tuple[str, ...] = ()) -> bool:
        """Whether a place holds a file that earlier code has opened for writing; not where it is opened right here, which has its reason."""
        if place is None or isinstance(place, ast.Call):
            return False
        key = (self._names.meaning_of(place), makers) if isinstance(place, ast.Name) else None
        if key not in self._written or key is None:
            calls = list(self._calls_behind(place))
            if not calls and isinstance(place, ast.Name):  # the kernel alone knows of it
                return not self._names.origins_of(place).isdisjoint(_LIVE_FILES)
            is_written = any(
                (origin.endswith(".open") or origin in makers) and self._reached(call, origin) in ("files", "database")
                for call in calls
                for origin in self._names.origins_of(call.func)
            )
            if key is None:
                return is_written
            self._written[key] = is_written
        return self._written[key]

    def _calls_behind(self, place: ast.expr) -> Iterator[ast.Call]:
        """The calls whose results may stand at a place: a name, an attribute, an item of what holds them."""
        waiting: list[ast.expr | None] = [place]
        seen: set[object] = set()
        while waiting:
            self._names.count_step()
            part = waiting.pop()
            key = self._names.meaning_of(part) if isinstance(part, ast.Name) else id(part)
            if part is None or key in seen:
                continue
            seen.add(key)
            match part:
                case ast.Call():
                    yield part
                    origins = [origin for origin in self._names.origins_of(part.func) if origin.startswith("<")]
                    waiting += self._texts.returned(origins)
                case ast.Name():
                    if key not in self._values:
                        self._values[key] = [value for value in self._names.values_of(part) if not _is_constant(value)]
                    waiting += self._values[key]
                case ast.Attribute(attr=name):
                    waiting += self._names.attribute_values(name)
                case ast.Subscript(value=value) | ast.Starred(value=value):
                    waiting.append(value)
                case ast.List(elts=values) | ast.Tuple(elts=values) | ast.Set(elts=values) | ast.Dict(values=values):
                    waiting += values

    def _opened(self, node: ast.Call, position: int) -> str:
        """The verdict on opening a file by its mode."""
        given = next(
            (word.value for word in node.keywords if word.arg == "mode"),
            node.args[position] if len(node.args) > position else None,
        )
        modes = self._texts.texts(given)
        is_spread = any(isinstance(argument, ast.Starred) for argument in node.args) or any(
            word.arg is None for word in node.keywords
        )
        if given is None and any(origin in _WRITING_OPENERS for origin in self._names.origins_of(node.func)):
            return "files"
        if position and not node.args and not node.keywords:
            return "files"  # `functools.partial` has given it place and mode before
        if is_spread or (given is not None and not (modes and all(set(mode) <= set("rbtU") for mode in modes))):
            in_memory = node.args and any(
                origin.startswith(_BUFFERS) for origin in self._names.origins_of(node.args[0])
            )
            return "" if in_memory else "files"
        return "network" if (code := self._read(node)) == "network" else code or ""

    def _displayed(self, node: ast.Call, last: str) -> str:
        """The verdict on what is shown in the page: addresses and scripts there are followed by the browser."""
        if last in ("display", "update_display", "clear_output", "DisplayHandle"):
            return "network" if any(word.arg == "raw" for word in node.keywords) else ""
        if last in ("Javascript", "publish_display_data", "display_javascript"):
            return "magic"
        if last.startswith("display_") and any(word.arg in ("raw", None) for word in node.keywords):
            return self._marked_up(node) or ("network" if self._loads(node.args) else "")
        if last in ("YouTubeVideo", "VimeoVideo", "ScribdDocument"):
            return "network"
        if self._loads((*node.args, *(word.value for word in node.keywords))):
            return "network"
        if last in _MARKUP_CLASSES:
            return self._marked_up(node)
        if last not in ("IFrame", "Image", "Video", "Audio", "YouTubeVideo"):
            return "network?" if any(word.arg in ("url", None) for word in node.keywords) else ""
        if self._read(node) == "network":
            return "network"
        return "network?" if self._is_unseen_address(node) else ""

    def _marked_up(self, node: ast.Call) -> str:
        """The verdict on a text that the page shows as markup."""
        texts = self._given(node, "data", "value", "text", "object")
        is_unseen = any(UNSEEN in text or _fetches(text.replace(ESCAPED, "")) for text in texts)
        return "remote_content" if is_unseen or any(word.arg in ("url", "filename") for word in node.keywords) else ""

    def _queried(self, node: ast.Call, last: str, root: str) -> str | None:
        """The verdict on a text that a database or a frame evaluates."""
        named = [
            word.value
            for word in node.keywords
            if last in ("eval", "query") and (word.arg in ("expr", None) or root == "xarray")
        ]
        first = next(iter([*node.args[:1], *named]), None)
        texts = [text for text in self._texts.texts(first) if text != UNSEEN]
        connections = [
            *node.args[1:2],
            *(word.value for word in node.keywords if word.arg in ("con", "connection", "uri")),
        ]
        if last.startswith("read_") and any(
            "://" in text for place in connections for text in self._names.texts(place)
        ):
            return "database"
        if any(_STATEMENT.match(text) for text in texts):
            return "database"
        if any(_QUOTED_ADDRESS.search(text) for text in texts):
            return "network"
        if last in ("eval", "query") and first is not None and self._texts.is_hidden(first, *named):
            return "unknown_call"
        if last in ("eval", "query") and (texts or root not in ("", "pandas")):
            calls = [text for text in texts if ("@" in text and "(" in text) or "__" in text or _calls_method(text)]
            if root not in ROOTS and root not in ("", "__main__"):
                return None
            return self._inspect_text(first, "@") if calls else ("" if last == "eval" or texts else None)
        if last in ("eval", "query"):
            return None if not node.args or (isinstance(node.func, ast.Attribute) and last == "eval") else ""
        if texts and all(_READ_ONLY_SQL.match(text) and not _CHANGING_SQL.search(text) for text in texts):
            return ""
        if last == "execute_query" or (last == "execute" and not node.args):
            return None
        return "database"

    def _inspect_text(self, node: ast.expr | None, remove: str = "") -> str:
        """Look at code that stands in a text; code that does not is not known."""
        if isinstance(node, ast.Call):
            origins = self._names.origins_of(node.func)
            if origins & {"builtins.compile", "ast.parse"} and node.args:
                return self._inspect_text(node.args[0])
        texts = self._texts.texts(node)
        if not texts or any(mark in text for text in texts for mark in (UNSEEN, ESCAPED)):
            return "unknown_call"
        for text in texts:
            self.inspect(text.replace(remove, "") if remove else text, "expression")
        return ""

    # --- IPython -------------------------------------------------------------------------------------------------------------

    def _shell(self, node: ast.Call, method: str) -> str:
        """The verdict on a method of IPython's shell."""
        texts = [sorted(self._texts.texts(argument)) for argument in node.args]
        is_seen = all(len(part) == 1 and UNSEEN not in part[0] and ESCAPED not in part[0] for part in texts)
        match method:
            case "run_line_magic" | "run_cell_magic" | "magic" if texts and is_seen:
                body = texts[2][0] if len(texts) > 2 else ""
                line = " ".join(part[0] for part in texts[:2])
                self.inspect(f"%%{line}\n{body}" if method == "run_cell_magic" else f"%{line}")
                return ""
            case "run_cell" | "run_cell_async" | "ex" | "ev" | "run_code" | "runcode" if texts and texts[0]:
                return self._inspect_text(node.args[0])
            case "system" | "getoutput" | "getoutput_split" | "system_piped" | "system_raw":
                return "process"
            case "enable_matplotlib" | "set_next_input" | "enable_gui" | "user_ns":
                return ""
            case _:
                return "magic"

    def _magic(self, magic: CellMagic) -> None:
        """Note what a magic or a shell line reaches, and look at the Python that it runs."""
        name, argument = magic.name, magic.argument
        shown = f"{'%%' if magic.cell else '%'}{name} {argument}" if name != "!" else f"!{argument}"
        if name.startswith("!") or name == "":
            self._note("process", shown)
            return
        code = MAGICS.get(name, "" if name in FREE_MAGICS else "magic")
        if name in _TIMERS and (statement := _without_options(argument, _TIMERS[name])):
            self.inspect(statement)
        if name == "timeit" and magic.body:
            self.inspect(magic.body)
        if name == "config":
            code = ""
            if "=" in argument and not argument.startswith(("InlineBackend.", "Completer.", "IPCompleter.")):
                self._note("magic", shown)
            elif "=" in argument:
                self.inspect(argument.partition("=")[2].strip(), "expression")
        if name in ("load_ext", "reload_ext", "unload_ext"):
            is_free = all(word in FREE_EXTENSIONS and word not in self._names.modules for word in argument.split())
            code = "" if is_free else "magic"
        if name == "aimport":
            for module in argument.replace(",", " ").split():
                code = code if module.lstrip("-").partition(".")[0] in ROOTS else "process"
        if name in ("matplotlib", "pylab") and "module:" in argument:
            code = "process"
        if not code and name not in _NOT_EXPANDED and any(map(_is_put_in, INTERPOLATED.findall(argument))):
            code = "magic"
        if name in ("history", "hist"):
            code = "files" if re.search(r"(?:^|\s)-\w*f", argument) else ""
        if name in ("markdown", "latex") and magic.cell:
            code = "network" if _fetches(magic.body) else ""
        if name in ("prun", "lprun", "mprun") and re.search(r"(?:^|\s)-[TDo]", argument):
            code = "files"
        if name in ("pycat", "pfile"):  # the name of a file, an address, or an expression
            is_hidden = INTERPOLATED.search(argument) is not None
            code = (
                "network" if _ADDRESS.match(argument) or is_hidden else "files" if _SENSITIVE.search(argument) else ""
            )
            if not code and re.search(r"[(\[]", argument):
                self.inspect(argument, "expression")
        for expression, variable in INTERPOLATED.findall(argument):
            self.inspect(expression or variable, "expression")
        if code:
            self._note(code, shown)


def _are_expressions(origins: Iterable[str]) -> bool:
    """Whether it is an expression of polars, ``pl.col("price").mean()``: all that is made of one is one, never a text."""
    found = tuple(origins)
    return bool(found) and all(origin.startswith(("polars.col()", "polars.len()", "polars.lit()")) for origin in found)


def _is_constant(node: ast.expr | None) -> bool:
    """Whether nothing of an expression is made when it runs."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.List) and all(map(_is_constant, node.elts)))


def _is_address(node: ast.expr, texts: Iterable[str]) -> bool:
    """Whether an expression is, or has a piece of, the address of something that is not on this machine."""
    pieces = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return any(_ANY_ADDRESS.search(text) for text in (*texts, *pieces))


def _places(node: ast.Call) -> list[ast.expr]:
    """Arguments of a call that may say where it writes."""
    named = ("path", "path_or_buf", "buf", "file", "fname", "filename", "fp", None)
    return [*node.args, *(word.value for word in node.keywords if word.arg in named)]


def _calls_method(text: str) -> bool:
    """Whether a text is Python that calls a method."""
    tree = parse(text.replace("@", "")).tree if "(" in text else ast.Module([], [])
    return any(isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) for part in ast.walk(tree))


def _is_put_in(interpolated: tuple[str, str]) -> bool:
    """Whether what stands between braces, or behind a dollar, only shows when the code runs."""
    try:
        ast.literal_eval(f"({interpolated[0]})")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return True
    return False


def _through_module(plain: str, last: str) -> str:
    """What a function of a module reaches that is a member of whatever object."""
    parts = plain.split(".")
    for index in range(1, len(parts) - 1):
        name = parts[index].lstrip("_")
        code = VERDICTS.get(".".join([name, *parts[index + 1 :]]), "") if name in ROOTS else ""
        if name in _THROUGH and last not in PURE:
            code = code or VERDICTS.get(name, "")
        if code:
            return code
    return ""


def _without_options(line: str, valued: str) -> str:
    """What stands behind the options at the beginning of a magic's line; those in `valued` take a value."""
    taking = rf"-[{valued}]\s*[\w./:]+|" if valued else ""
    while option := re.match(rf"\s*(?:{taking}-[A-Za-z]\w*|--[\w-]+(?:=\S+)?)(?:\s+|\Z)", line):
        line = line[option.end() :]
    return line.strip()


def _with_automagics(code: str, live: Collection[str], is_bound: Callable[[str], bool]) -> str:
    """The code with the per cent sign before magics that IPython knows without one, and escapes at a line's start as calls.

    Args:
        code: Of a cell.
        live: Names that are bound in the kernel.
        is_bound: Whether a name is bound, there or by code that may have run.
    """
    lines = code.splitlines(keepends=True)
    filled = [index for index, line in enumerate(lines) if line.strip()]
    if len(filled) != 1 and not parse(code).problem:
        return code
    for index in filled:
        line = re.match(r"\s*([\w.]*)\s*(.*)", lines[index], re.DOTALL)
        word, rest = (line[1], line[2]) if line else ("", "")
        is_magic_word = word in _WITHOUT_SIGN and word not in live and not rest.startswith(("=", ","))
        if is_magic_word and not (rest.startswith(("(", "[", ".")) and is_bound(word)):
            lines[index] = f"%{word} {rest.strip()}\n"
        elif found := re.match(r"\s*([,;/])\s*([A-Za-z_][\w.]*)\s*(.*)", lines[index]):
            words = [found[3]] if found[1] == ";" else found[3].split()
            lines[index] = f"{found[2]}({', '.join(words if found[1] == '/' else map(repr, words))})\n"
    return "".join(lines)
