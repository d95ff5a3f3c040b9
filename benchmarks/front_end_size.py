"""How much of the front end JupyterLab fetches before its panel is opened, and how much there is, compared with other assistants."""

from __future__ import annotations

import gzip
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

from playwright.sync_api import Request, sync_playwright

OURS = Path(__file__).parents[1] / "jupyter_agent" / "labextension"
PEERS = ("jupyter-ai", "notebook-intelligence", "mito-ai", "jupyterlite-ai")
MOST_BEFORE, MOST = 15_000, 150_000
_NO_FRONT_END = {"jupyterlab", "jupyter-server", "jupyter-core", "jupyter-client", "jupyter-collaboration"}
_EXTENSION = re.compile(r".*/share/jupyter/labextensions/(.+)")
_FETCHED = re.compile(r"/extensions/((?:@[^/]+/)?[^/]+)/(static/.+)")
_REQUIRED = re.compile(r"^Requires-Dist: (jupyter[\w.-]*)([^;\n]*)$", re.MULTILINE)
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Each alone in a JupyterLab of its own, with a notebook open; files are compressed one by one by `gzip -9`."""
    with tempfile.TemporaryDirectory() as folder:
        ours = _measured("jupyter-agent", _linked(Path(folder)))
        others = {name: _measured(name, _downloaded(name, Path(folder))) for name in PEERS}
    for name, (before, whole) in others.items():
        print(f"  ratio to {name}: {before / ours[0]:.1f} before the panel opens, {whole / ours[1]:.1f} in all")
    assert ours[0] <= MOST_BEFORE, "More is fetched before the panel opens than should be."
    assert ours[1] <= MOST, "The front end is larger than it should be."


def _measured(name: str, extensions: Path) -> tuple[int, int]:
    fetched = _fetched(extensions)
    before = sum(_compressed(path) for path in fetched)
    whole = sum(_compressed(path) for path in extensions.rglob("static/*.js"))
    print(f"{name}: {before / 1000:.1f} kB before the panel opens ({len(fetched)} files), {whole / 1000:.1f} kB in all")
    return before, whole


def _compressed(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9))


def _linked(folder: Path) -> Path:
    extensions = folder / "jupyter-agent" / "labextensions"
    extensions.mkdir(parents=True)
    shutil.copytree(OURS, extensions / "jupyter-notebook-agent")
    return extensions


def _downloaded(name: str, folder: Path) -> Path:
    """A package's front end with those of the Jupyter packages that it requires."""
    wheels, extensions = folder / name / "wheels", folder / name / "labextensions"
    extensions.mkdir(parents=True)
    metadata = _download(name, wheels)
    for required, versions in _REQUIRED.findall(metadata):
        if required.lower() not in _NO_FRONT_END:
            _download(f"{required}{versions.strip()}", wheels)
    for wheel in wheels.glob("*.whl"):
        _unpack(wheel, extensions)
    return extensions


def _download(requirement: str, wheels: Path) -> str:
    before = set(wheels.glob("*.whl"))
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(wheels)]
    subprocess.run([*command, requirement], check=True, stderr=subprocess.DEVNULL)
    (wheel,) = set(wheels.glob("*.whl")) - before
    with ZipFile(wheel) as archive:
        name = next(entry for entry in archive.namelist() if entry.endswith(".dist-info/METADATA"))
        return archive.read(name).decode()


def _unpack(wheel: Path, extensions: Path) -> None:
    with ZipFile(wheel) as archive:
        for member in archive.namelist():
            if (found := _EXTENSION.fullmatch(member)) and not member.endswith(("/", ".map")):
                target = extensions / found[1]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))


def _fetched(extensions: Path) -> set[Path]:
    """The scripts of these extensions that a browser asks for until a notebook's kernel is there."""
    program = next(path for name in _CHROMIUM if (path := shutil.which(name)))
    found: set[Path] = set()

    def note(request: Request) -> None:
        path = _FETCHED.search(unquote(urlsplit(request.url).path))
        if path and path[2].endswith(".js") and (file := extensions / path[1] / path[2]).exists():
            found.add(file)

    with _jupyterlab(extensions) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        page = browser.new_page()
        page.on("request", note)
        page.goto(address)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=120_000)
        browser.close()
    return found


@contextmanager
def _jupyterlab(extensions: Path) -> Iterator[str]:
    """The address of a notebook in a JupyterLab that has no other extensions."""
    home, token = extensions.parent, secrets.token_hex(16)
    (home / "root").mkdir()
    cells = '{"cells": [], "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}'
    (home / "root" / "a.ipynb").write_text(f'{cells}, "nbformat": 4, "nbformat_minor": 5}}', encoding="utf-8")
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
    options = [
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={home / 'root'}",
        f"--LabApp.labextensions_path={extensions}",
    ]
    environment = {**os.environ, "HOME": str(home), "JUPYTER_PREFER_ENV_PATH": "1"}
    for kind in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        environment[f"JUPYTER_{kind}"] = str(home / kind.lower())
    process = subprocess.Popen(
        [*command, *options], env=environment, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        assert process.stderr is not None
        address = next(match[0] for line in process.stderr if (match := _ADDRESS.search(line)))
        yield f"{address}lab/tree/a.ipynb?token={token}"
    finally:
        process.terminate()
        process.communicate(timeout=60)


if __name__ == "__main__":
    main()
