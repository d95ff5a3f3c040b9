"""Conversations as files: export to JSON, Markdown or a notebook; import of the JSON."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.server.api.session_tree import CREATED, TreeHandler
from jupyter_agent.server.api.sessions import session_to_json
from jupyter_agent.sessions.export import MEDIA_TYPES

if TYPE_CHECKING:
    from jupyter_agent.server.wire.sessions import ExportedSession


class ExportHandler(TreeHandler):
    """``GET …/export``."""

    @web.authenticated
    @authorized
    async def get(self, session_id: str) -> None:
        """The conversation up to its head, to be saved."""
        owner, session_id, notebook = self.locate(session_id)
        kind = self.query_parameters()["format"]
        text = await self.sessions.export(owner, session_id, kind, notebook)
        name = f"conversation-{session_id.replace(':', '_')}.{kind}"
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.finish(text.encode(errors="replace"), set_content_type=f"{MEDIA_TYPES[kind]}; charset=UTF-8")


class ImportHandler(TreeHandler):
    """``POST /api/agent/sessions/import``. Whole conversations are posted, hence the larger bodies."""

    max_body = 16 * 1024 * 1024

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """A new conversation with the notebook and the id of the exported one."""
        from msgspec import structs

        exported: ExportedSession = await self.json_body()
        text = await asyncio.to_thread(json.dumps, structs.asdict(exported))
        self.reply(session_to_json(await self.sessions.import_json(self.owner, text)), CREATED)
