"""A program whose user may read a file's folder and not write to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run_read_only(path: Path, code: str) -> str:
    """What a program prints that may read a file's folder but not write; root goes without its right to write anywhere."""
    path.chmod(0o444)
    path.parent.chmod(0o555)
    weakened = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"] if os.getuid() == 0 else []
    command = [*weakened, sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    path.parent.chmod(0o700)
    assert done.returncode == 0, done.stderr
    return done.stdout
