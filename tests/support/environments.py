"""Python environments for tests: virtual ones for kernels and servers, and one with a foreign distribution of our import name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager


def create_environment(folder: Path, *requirements: str) -> Path:
    """The interpreter of a new virtual environment with these packages."""
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-qq", *requirements], check=True)
    return python


def kernel_specs(folder: Path, *argv: str) -> KernelSpecManager:
    """The kernelspec ``other`` with this command line and the connection file's name."""
    folder_of_spec = folder / "kernels" / "other"
    folder_of_spec.mkdir(parents=True)
    content = {"argv": [*argv, "-f", "{connection_file}"], "display_name": "other", "language": "python"}
    (folder_of_spec / "kernel.json").write_text(json.dumps(content), encoding="utf-8")
    return KernelSpecManager(kernel_dirs=[str(folder / "kernels")], ensure_native_kernel=False)


def foreign_distribution(folder: Path) -> str:
    """A folder for Python's path with the metadata of another project, whose package has the same import name as ours."""
    information = folder / "site" / "jupyter_agent-9.9.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: jupyter-agent\nVersion: 9.9\n", encoding="utf-8"
    )
    return str(folder / "site")


def foreign_tools(folder: Path) -> str:
    """A folder for Python's path with a distribution whose tools are none of their names, and one that is good."""
    information = folder / "foreign" / "foreign_tools-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: foreign-tools\nVersion: 1.0\n", encoding="utf-8"
    )
    names = ("good", "number", "namesake", "no_effect", "no_schema", "run_code")
    points = "".join(f"{name} = foreign_tools:{name}\n" for name in names)
    (information / "entry_points.txt").write_text(f"[jupyter_agent.tools]\n{points}", encoding="utf-8")
    (folder / "foreign" / "foreign_tools.py").write_text(
        """from jupyter_agent.core.protocols import ToolOutput, ToolSpec

class Tool:
    def __init__(self, name, effect="read", kind="object"):
        self.spec = ToolSpec(name, "A foreign tool.", {"type": "object", "properties": {"x": {"type": kind}}}, "Foreign")
        self.effect = effect
    async def call(self, arguments, context):
        return ToolOutput("ok")

def good(): return Tool("good")
def number(): return 5
def namesake(): return Tool("another")
def no_effect(): return Tool("no_effect", "all")
def no_schema(): return Tool("no_schema", kind="nothing")
def run_code(): return Tool("run_code")
""",
        encoding="utf-8",
    )
    return str(folder / "foreign")


def broken_distribution(folder: Path) -> str:
    """A folder for Python's path with a distribution of which nothing that it registers can be imported."""
    information = folder / "broken" / "broken_tools-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-tools\nVersion: 1.0\n", encoding="utf-8")
    points = {
        "tools": "broken_tool = broken_tools:Tool",
        "stores": "broken = broken_tools:Store",
        "models": "broken_model = broken_tools:Model",
        "inspectors": "fractions.Fraction = broken_tools:inspect",
    }
    text = "".join(f"[jupyter_agent.{group}]\n{point}\n" for group, point in points.items())
    (information / "entry_points.txt").write_text(text, encoding="utf-8")
    module = folder / "broken" / "broken_tools.py"
    module.write_text("import sys\nsys.exit('this release needs another Python')\n", encoding="utf-8")
    return str(folder / "broken")
