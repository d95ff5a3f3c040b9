"""ModuleNotFoundError and ImportError: a package that is not installed, misspelled, or has no such name."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

from jupyter_agent.models.offline.failure import ErrorContext, Explanation, Fix
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.words import near

#: Packages whose import name is not their name on PyPI.
_PACKAGES: Mapping[str, str] = {
    "sklearn": "scikit-learn", "cv2": "opencv-python", "PIL": "pillow", "bs4": "beautifulsoup4", "yaml": "pyyaml", "skimage": "scikit-image",
    "dotenv": "python-dotenv", "dateutil": "python-dateutil", "Crypto": "pycryptodome", "serial": "pyserial", "fitz": "pymupdf", "docx": "python-docx",
    "pptx": "python-pptx", "psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient", "attr": "attrs", "jwt": "pyjwt", "github": "pygithub", "umap": "umap-learn",
    "igraph": "python-igraph", "google.cloud": "google-cloud", "faiss": "faiss-cpu", "pydrive": "pydrive2", "mpl_toolkits": "matplotlib", "OpenSSL": "pyopenssl",
}  # fmt: skip
_COMMON = words(
    "numpy pandas polars matplotlib seaborn plotly scipy sklearn torch tensorflow keras xgboost lightgbm statsmodels requests bs4 yaml tqdm altair bokeh "
    "networkx nltk spacy transformers datasets sqlalchemy openpyxl pyarrow PIL cv2 sympy numba dask xarray geopandas shapely folium httpx pydantic"
)
#: Packages that pandas and others name when a reader needs them.
_OPTIONAL = re.compile(r"(?:Missing optional dependency|install|requires) '?([a-zA-Z][\w-]*)'?")


def _no_module(context: ErrorContext) -> Explanation | None:
    match = re.search(r"No module named '([^']+)'", context.failure.message)
    if match is None:
        return _bad_import(context)
    module = match[1]
    top = module.split(".")[0]
    known = {*_COMMON, *sys.stdlib_module_names}
    close = near(top, [module for module in known if not module.startswith("_")], cutoff=0.75)
    if top not in known and top not in _PACKAGES and close:
        fixed = context.failure.corrected(rf"(?<![\w.]){re.escape(top)}(?!\w)", close[0])
        return Explanation([f"There is no module {name(module)}. Did you mean {name(close[0])}?"], fixed)
    if top in sys.stdlib_module_names or "." in module:
        advice = "Check the spelling, or whether a newer version of it is needed."
        hidden = f"A file of your own called `{top}.py` would also hide it."
        return Explanation([f"{name(top)} is there, but has no part {name(module)}. {advice}", hidden])
    package = _PACKAGES.get(top, top)
    if not re.fullmatch(r"[A-Za-z0-9._-]+", package):
        return None
    hint = f" (the package is called {name(package)})" if package != top else ""
    missing = f"{name(top)} is not installed in this kernel's environment{hint}."
    install = "Install it there, then run the cell again:"
    return Explanation([f"{missing} {install}"], f"%pip install {package}", whole_cell=False)


def _bad_import(context: ErrorContext) -> Explanation | None:
    message = context.failure.message
    match = re.search(r"cannot import name '([^']+)' from (?:partially initialized module )?'([^']+)'", message)
    if match is not None and "partially initialized" in message:
        why = "two modules import each other, or a file of your own has that name and hides the real one"
        advice = "Rename the file and restart the kernel."
        return Explanation([f"{name(match[2])} is still being imported: {why}. {advice}"])
    if match is not None:
        why = "it is spelled otherwise, or was moved or removed in the installed version"
        advice = f"See what it has with {name(f'dir({match[2]})')}."
        return Explanation([f"{name(match[2])} has no {name(match[1])}: {why}.", advice])
    optional = _OPTIONAL.search(message)
    if optional is None:
        return None
    needs = f"This needs the package {name(optional[1])}, which is not installed in the kernel's environment:"
    return Explanation([needs], f"%pip install {optional[1]}", whole_cell=False)


FIXES: Mapping[str, Fix] = {"ModuleNotFoundError": _no_module, "ImportError": _bad_import}
