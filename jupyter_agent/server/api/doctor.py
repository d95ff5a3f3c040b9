"""``/api/agent/doctor``: stale, out-of-order and orphaned state, and whether Restart & Run All would reproduce it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from jupyter_agent.core.errors import BadRequest, NotFound
from jupyter_agent.core.kernel_state import KernelState
from jupyter_agent.server.api.requests import SHARED_DRIVE, kernel_of, notebook_of
from jupyter_agent.server.base_handler import AgentHandler

if TYPE_CHECKING:
    from jupyter_agent.core.protocols import Notebook
    from jupyter_agent.server.wire.kernels import DoctorRequest
    from jupyter_agent.server.wire.turns import PostedCell

NO_NOTEBOOK = "There is no notebook of that path on this server that you may read. Was it renamed, moved or deleted?"
UNSAVED = (
    "The notebook was saved before the kernel's last executions, so some cells may wrongly appear as edited or deleted. "
    "Save it and ask again."
)


class DoctorHandler(AgentHandler):
    """Examine a notebook, as it is stored or as a client has it open, whose unsaved cells make larger bodies."""

    max_body = 8 * 1024 * 1024

    async def get(self) -> None:
        given = self.query_parameters()
        if not given["notebook_id"]:
            raise BadRequest("'notebook_id' is missing: the notebook's path below the server's root.")
        await self._examine(given["notebook_id"], given["kernel_id"], None)

    async def post(self) -> None:
        body: DoctorRequest = await self.json_body()
        given = body.given()
        await self._examine(given.get("notebook_id") or "", given.get("kernel_id"), given.get("cells"))

    async def _examine(self, path: str, kernel_id: str | None, posted: Sequence[PostedCell] | None) -> None:
        path = path.removeprefix(SHARED_DRIVE).strip("/")
        warnings: list[str] = []
        kernel = await kernel_of(self, kernel_id, path, warnings)
        notebook = await notebook_of(self, path, posted, warnings)
        if notebook is None:
            raise NotFound(" ".join([NO_NOTEBOOK, *warnings]))
        state = await kernel.state() if kernel is not None else None
        if posted is None and await self._is_behind(notebook, state):
            warnings.append(UNSAVED)
        report = await self.services.assistant.resources.analyses.report(await notebook.cells(), state, notebook)
        markdown = "\n\n".join([*(f"> {warning}" for warning in warnings), report.to_markdown()])
        examined = {"markdown": markdown, "kernel_id": state.kernel_id if state else None, "warnings": warnings}
        self.reply({**report.to_json(), **examined})

    async def _is_behind(self, notebook: Notebook, state: KernelState | None) -> bool:
        """Whether the kernel ran something after the notebook was stored."""
        executions = state.executions if state is not None else ()
        last = max((execution.started for execution in executions if execution.status != "running"), default=0.0)
        try:
            model = await ensure_async(self.services.contents.get(notebook.path, content=False))
        except HTTPError:
            return False
        saved = model.get("last_modified")
        return isinstance(saved, datetime) and last > saved.timestamp()
