"""What was asked, done and decided, for those who must know: Jupyter's event logger gets ids, sizes, hashes and durations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from jupyter_agent.core.failure_log import log, request_id
from jupyter_agent.core.text import well_formed

Kind = Literal["turn", "tool", "approval", "edit", "session", "setting", "policy"]
SCHEMAS = Path(__file__).parent / "event_schemas"


def schema_id(kind: Kind) -> str:
    """What an administrator's handlers and listeners know a kind of event by."""
    return f"https://schema.jupyter.org/jupyter_agent/{kind}/v1"


class Audit:
    """Emits events; what goes wrong there is logged and keeps nobody from anything.

    Args:
        event_logger: The server's; None emits nothing.
        with_content: Whether questions, code and answers are in the events.
    """

    def __init__(self, event_logger: Any = None, *, with_content: bool = False) -> None:
        self._event_logger = event_logger
        self._with_content = with_content
        for path in SCHEMAS.glob("*.yaml") if event_logger is not None else ():
            event_logger.register_event_schema(path)

    def emit(self, kind: Kind, content: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """One event.

        Args:
            kind: Which schema it follows.
            content: Texts, for administrators who want them.
            fields: Of the schema; those that are None are left out.
        """
        if self._event_logger is None:
            return
        data = {"request_id": request_id.get() or None, **fields}
        data = {name: well_formed(value) if isinstance(value, str) else value for name, value in data.items()}
        if self._with_content and content:
            data["content"] = dict(content)
        try:
            given = {name: value for name, value in data.items() if value is not None}
            self._event_logger.emit(schema_id=schema_id(kind), data=given)
        except Exception as error:  # noqa: BLE001 - an administrator's handlers and listeners may raise anything
            log().error("jupyter-agent: an audit event (%s) was lost: %s", kind, type(error).__name__)

    def refused(self, code: str, *, owner: str, by: str, what: str = "", **fields: Any) -> None:
        """The policy, a locked setting or Jupyter's authorizer did not allow something."""
        self.emit("policy", owner=owner, by=by, code=code, what=what, **fields)
