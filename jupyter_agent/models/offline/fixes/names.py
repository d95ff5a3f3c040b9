"""NameError and UnboundLocalError: a name that is misspelled, not imported, or not defined yet."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping

from jupyter_agent.models.offline.failure import ErrorContext, Explanation, Fix
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import name, names
from jupyter_agent.models.offline.words import near

_IMPORTS: Mapping[str, str] = {
    "pd": "import pandas as pd", "np": "import numpy as np", "pl": "import polars as pl", "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns", "px": "import plotly.express as px", "go": "import plotly.graph_objects as go", "tf": "import tensorflow as tf",
    "nn": "from torch import nn", "F": "import torch.nn.functional as F", "sm": "import statsmodels.api as sm", "xr": "import xarray as xr",
    "alt": "import altair as alt", "nx": "import networkx as nx", "sp": "import scipy as sp", "stats": "from scipy import stats",
    "dt": "import datetime as dt", "Path": "from pathlib import Path", "datetime": "from datetime import datetime", "timedelta": "from datetime import timedelta",
    "defaultdict": "from collections import defaultdict", "Counter": "from collections import Counter", "namedtuple": "from collections import namedtuple",
    "dataclass": "from dataclasses import dataclass", "partial": "from functools import partial", "reduce": "from functools import reduce",
    "train_test_split": "from sklearn.model_selection import train_test_split", "tqdm": "from tqdm.auto import tqdm", "display": "from IPython.display import display",
    "StandardScaler": "from sklearn.preprocessing import StandardScaler", "LinearRegression": "from sklearn.linear_model import LinearRegression",
    "LogisticRegression": "from sklearn.linear_model import LogisticRegression", "RandomForestClassifier": "from sklearn.ensemble import RandomForestClassifier",
    "accuracy_score": "from sklearn.metrics import accuracy_score", "pprint": "from pprint import pprint", "deepcopy": "from copy import deepcopy",
    "DataFrame": "from pandas import DataFrame", "Optional": "from typing import Optional", "Any": "from typing import Any",
}  # fmt: skip
_MODULES = frozenset(
    words(
        "os sys re json math random time csv glob shutil itertools functools collections pathlib subprocess pickle copy string typing logging "
        "warnings statistics sqlite3 uuid hashlib io operator textwrap calendar decimal fractions zipfile urllib requests numpy pandas polars scipy "
        "sklearn torch matplotlib seaborn plotly"
    )
)


def _undefined(context: ErrorContext) -> Explanation | None:
    match = re.search(r"name '([^']+)' is not defined", context.failure.message)
    if match is None:
        return None
    missing = match[1]
    if missing in _IMPORTS or missing in _MODULES:
        statement = _IMPORTS.get(missing, f"import {missing}")
        return Explanation(
            [f"{name(missing)} is not imported in this kernel."], f"{statement}\n\n{context.failure.source}".rstrip()
        )
    mine = [variable.name for variable in context.namespace.variables.values() if variable.kind != "module"]
    known = [f"Names there are: {names(mine, 15)}."] if mine else []
    why = "the cell that defines it has not run since the kernel started, or the name is spelled otherwise"
    nowhere = Explanation([f"There is no {name(missing)} in the kernel: {why}.", *known])
    return _defined_later(context, missing) or _misspelled(context, missing) or nowhere


def _misspelled(context: ErrorContext, missing: str) -> Explanation | None:
    locals_ = list(context.failure.place.variables) if context.failure.place else []
    common = [builtin for builtin in dir(builtins) if not builtin.startswith("_") and builtin.islower()]
    close = near(missing, [*locals_, *context.namespace.variables], cutoff=0.7) or near(missing, common, cutoff=0.75)
    close = tuple(candidate for candidate in close if candidate != missing)
    if not close:
        return None
    fixed = context.failure.corrected(rf"(?<![\w.'\"]){re.escape(missing)}(?!\w)", close[0])
    other = f" Others like it: {names(close[1:])}." if close[1:] else ""
    return Explanation([f"There is no {name(missing)}, but there is {name(close[0])}.{other}"], fixed)


def _defined_later(context: ErrorContext, missing: str) -> Explanation | None:
    """A cell of the notebook defines the name and has not run."""
    if "read_cells" not in context.facts.conversation.offered:
        return None
    escaped = re.escape(missing)
    defines = re.compile(
        rf"^\s*(?:{escaped}\s*(?::[^=\n]+)?=(?!=)|(?:async )?def {escaped}\b|class {escaped}\b|(?:from \S+ )?import .*\b{escaped}\s*$)",
        re.MULTILINE,
    )
    for cell in context.facts.cells() or ():
        if cell.kind == "code" and cell.source != context.failure.source and defines.search(cell.source):
            ran = "it has not run in this kernel"
            if cell.execution_count is not None:
                ran = f"it is `In [{cell.execution_count}]`, but the name is gone (the kernel may have been restarted)"
            reason = f"A cell of this notebook defines {name(missing)}; {ran}. Run it first:"
            return Explanation([reason], cell.source, whole_cell=False)
    return None


def _unbound(context: ErrorContext) -> Explanation | None:
    match = re.search(r"local variable '([^']+)'", context.failure.message)
    if match is None:
        return None
    variable = match[1]
    outside = context.namespace.variables.get(variable)
    where = context.failure.place
    inside = f" {name(where.function)}" if where and where.function != "<module>" else ""
    local = "so Python takes it for a local name all through the function; it was read before it had a value"
    reason = f"Inside the function{inside}, {name(variable)} is assigned somewhere, {local}."
    fix = (
        f"There is a {name(variable)} outside: pass it as an argument, or say `global {variable}` first in the function."
        if outside is not None and variable.isidentifier()
        else f"Give {name(variable)} a value before it is used, on every path through the function."
    )
    return Explanation([reason, fix])


FIXES: Mapping[str, Fix] = {"NameError": _undefined, "UnboundLocalError": _unbound}
