"""A manager over each kind of store."""

from __future__ import annotations

import pytest

from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.sessions.manager import SessionManager


@pytest.fixture
def manager(store: SessionStore) -> SessionManager:
    return SessionManager(store)
