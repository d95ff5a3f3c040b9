"""``python -m jupyter_agent.cli`` is ``jupyter agent``."""

from __future__ import annotations

import sys

from jupyter_agent.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
