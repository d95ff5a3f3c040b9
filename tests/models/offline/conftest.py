"""Sessions in which the offline model is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.offline_session import RUNNER, SALES, OfflineSession, new_shell


@pytest.fixture(scope="session")
def sales_shell() -> Any:
    return new_shell(SALES)


@pytest.fixture
def offline(sales_shell: Any) -> OfflineSession:
    """One pandas frame and a handful of other values."""
    return OfflineSession(sales_shell)


@pytest.fixture
def offline_with() -> Callable[[str], OfflineSession]:
    """A session with a namespace of its own."""
    return lambda source: OfflineSession(new_shell(source))


@pytest.fixture(scope="session", autouse=True)
def one_loop() -> Iterator[None]:
    yield
    RUNNER.close()


@pytest.fixture(autouse=True)
def no_open_figures() -> Iterator[None]:
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
