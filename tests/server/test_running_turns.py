"""All turns of a server: what they leave to the garbage collector."""

from __future__ import annotations

import gc

from jupyter_agent.server.turns.running_turns import freeze_imports


def test_what_was_imported_is_left_out_of_collections_once() -> None:
    freeze_imports.cache_clear()
    try:
        freeze_imports()
        frozen = gc.get_freeze_count()
        assert frozen > 10_000
        later = [[number] for number in range(1000)]
        freeze_imports()
        assert gc.get_freeze_count() <= frozen
        assert len(later) == 1000
    finally:
        gc.unfreeze()
