"""Where a question belongs that names no conversation: in a new one, the user's, or the notebook's."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_agent.config.options import SCOPES
from tests.support.agent_client import RestClient
from tests.support.users_by_header import ByHeader


async def ask(rest: RestClient, user: str, notebook_id: str, **context: object) -> str:
    """The conversation that answered."""
    body = {"query": "x", "context": {"notebook_id": notebook_id, **context}}
    reply = await rest("POST", "api/agent/quick", body, {"X-User": user})
    assert reply.status == 200
    return str(reply.body["session_id"])


class Scoped:
    """A server that knows its users, with one of the scopes."""

    scope = ""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        server = {**jp_server_config["ServerApp"], "identity_provider_class": ByHeader}
        agent = {**jp_server_config.get("JupyterAgent", {}), "session_scope": self.scope}
        return {**jp_server_config, "ServerApp": server, "JupyterAgent": agent}


class TestExplicit(Scoped):
    """What is so unless said otherwise."""

    scope = SCOPES[0]

    async def test_a_question_that_names_no_conversation_begins_one(self, rest: RestClient) -> None:
        assert await ask(rest, "ann", "a.ipynb") != await ask(rest, "ann", "a.ipynb")

    async def test_a_client_that_asks_for_it_continues_the_default_conversation(self, rest: RestClient) -> None:
        async def default(**query: str) -> Any:
            return (await rest("GET", "api/agent/sessions", None, {"X-User": "ann"}, **query)).body["default_session"]

        assert await default(notebook_id="a.ipynb") is None
        first, second = await ask(rest, "ann", "a.ipynb"), await ask(rest, "ann", "a.ipynb")
        assert (await default(notebook_id="a.ipynb"))["session_id"] == second
        assert await default(notebook_id="b.ipynb") is await default() is None
        assert await ask(rest, "ann", "a.ipynb", continue_default=True) == second
        assert await ask(rest, "ann", "a.ipynb", continue_default=True, session_id=first) == first
        assert await ask(rest, "ann", "a.ipynb", continue_default=True) == first
        assert await ask(rest, "bob", "a.ipynb", continue_default=True) not in (first, second)
        assert await ask(rest, "ann", "b.ipynb", continue_default=True) not in (first, second)


class TestUserAndNotebook(Scoped):
    """Each user has a conversation about each notebook."""

    scope = "user-notebook"

    async def test_a_question_goes_on_with_the_users_newest_about_the_notebook(self, rest: RestClient) -> None:
        anns = await ask(rest, "ann", "a.ipynb")
        assert await ask(rest, "ann", "a.ipynb") == anns
        assert len({anns, await ask(rest, "ann", "b.ipynb"), await ask(rest, "bob", "a.ipynb")}) == 3
        assert await ask(rest, "ann", "a.ipynb", session_id="named") == "named"
        assert await ask(rest, "ann", "a.ipynb") == "named"
        preview = {"query": "y", "context": {"notebook_id": "a.ipynb"}}
        reply = await rest("POST", "api/agent/context", preview, {"X-User": "ann"})
        assert reply.body["tokens"]["history"] > 0

    async def test_without_a_notebook_each_question_begins_one(self, rest: RestClient) -> None:
        assert await ask(rest, "ann", "") != await ask(rest, "ann", "")

    async def test_the_scope_is_told(self, rest: RestClient) -> None:
        assert (await rest("GET", "api/agent/health", None, {"X-User": "ann"})).body["session_scope"] == "user-notebook"


class TestNotebook(Scoped):
    """All users of the server have one conversation about a notebook."""

    scope = "notebook"

    async def test_all_users_go_on_with_the_notebooks_conversation(self, rest: RestClient) -> None:
        anns = await ask(rest, "ann", "a.ipynb")
        assert await ask(rest, "bob", "a.ipynb") == anns
        assert await ask(rest, "bob", "b.ipynb") != anns
        for path in (f"api/agent/sessions/{anns}", f"api/sessions/{anns}"):
            assert (await rest("GET", path, None, {"X-User": "eve"})).body["turn_count"] == 4
