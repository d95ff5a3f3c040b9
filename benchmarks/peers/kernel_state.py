"""The scripts that other extensions send to kernels, taken from their released wheels when the benchmark runs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Shipped(NamedTuple):
    """What another extension has a kernel do.

    Attributes:
        setup: Run once per kernel.
        each: Run with every question.
        expression: Its value is the answer, JSON text.
    """

    setup: str
    each: str
    expression: str


def shipped() -> dict[str, Shipped]:
    """Name of each extension → its script.

    Raises:
        CalledProcessError: a wheel could not be fetched.
        LookupError: a release has its script elsewhere.
    """
    inspector = _script("lckr-jupyterlab-variableinspector", "py_script=", "'")
    mito = _script("mito-ai", "pythonVariableInspectionScript = ", "`").rpartition("print(structured_globals())")[0]
    return {
        "inspector": Shipped(inspector, "", "_jupyterlab_variableinspector_dict_list()"),
        "mito-ai": Shipped("", mito, "structured_globals()"),
    }


def _script(package: str, before: str, quote: str) -> str:
    """The text between quotes after certain words, in one of the wheel's JavaScript files."""
    for source in _sources(package):
        _, found, rest = source.partition(before + quote)
        if found:
            return _unescaped(rest, quote)
    raise LookupError(f"{package} has no {before}…: read where its script is now.")


def _sources(package: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, package]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            for name in wheel.namelist():
                if name.endswith(".js"):
                    yield wheel.read(name).decode("utf-8", "replace")


def _unescaped(text: str, quote: str) -> str:
    """A JavaScript string's value, from behind its opening quote on."""
    end = next(at for at, character in enumerate(text) if character == quote and text[at - 1] != "\\")
    if quote == "`":
        return text[:end].replace("\\`", "`").replace("\\\\", "\\")
    inside = text[:end].replace("\\'", "'").replace('"', '\\"')
    value: str = json.loads(f'"{inside}"')
    return value
