"""Which of this process's environment variables its kernels get."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any

#: Our own options: a store's address has its password, and who knows the owner and the store has the conversations.
_OURS = "JUPYTER_AGENT_*"


def kernel_environment(environ: Mapping[str, str], removed: Sequence[str] = ()) -> dict[str, str]:
    """The variables of an environment that a kernel gets.

    Args:
        environ: Of the process that starts it.
        removed: Names or patterns of more variables that it does not get; upper and lower case are the same.
    """
    patterns = [pattern.upper() for pattern in (_OURS, *removed)]
    return {
        name: value
        for name, value in environ.items()
        if not any(fnmatchcase(name.upper(), pattern) for pattern in patterns)
    }


def limit_environment(manager: Any, removed: Sequence[str]) -> None:
    """Have a manager of many kernels start and restart them with what they may get, whoever asks it to.

    Jupyter's session manager passes the whole environment of the server along, once more where a notebook is renamed.
    """
    start_kernel, update_env = manager.start_kernel, getattr(manager, "update_env", None)

    @wraps(start_kernel)
    def start_limited(*arguments: Any, **options: Any) -> Any:
        given = options.get("env")
        environ = os.environ if given is None else given
        return start_kernel(*arguments, **{**options, "env": kernel_environment(environ, removed)})

    manager.start_kernel = start_limited
    if update_env is not None:

        @wraps(update_env)
        def update_limited(*, env: Mapping[str, str], **options: Any) -> Any:
            return update_env(env=kernel_environment(env, removed), **options)

        manager.update_env = update_limited
