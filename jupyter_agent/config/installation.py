"""The installed distribution: its version, and whether another one has written over its files."""

from __future__ import annotations

from importlib import metadata

DISTRIBUTION = "jupyter-notebook-agent"
#: Another project's on the Python package index, whose import package has the same name as ours.
FOREIGN_DISTRIBUTION = "jupyter-agent"


def version() -> str:
    """The installed version."""
    return metadata.version(DISTRIBUTION)


def installation_problem() -> str:
    """What is wrong with the installation and how to repair it; empty where nothing is."""
    try:
        metadata.distribution(FOREIGN_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return ""
    return (
        f"The distribution '{FOREIGN_DISTRIBUTION}' is installed here. It is another project with the same import name, and "
        f"its files may have replaced those of {DISTRIBUTION}. To repair this: pip uninstall {FOREIGN_DISTRIBUTION}, then "
        f"pip install --force-reinstall {DISTRIBUTION}"
    )
