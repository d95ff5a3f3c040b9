"""The contract of a tool: `ToolSuite`.

A tool tells a model what it does (`ToolSpec`), tells people its title, declares its effect (``read``, ``execute`` or
``write``, by which the user is asked or not), and does one thing when it is called with arguments that fit its schema. It
keeps no state. A failure is an answer too: a `ToolOutput` with ``ok=False``, a ``code`` for programs and a text that says
what to do (`ToolOutput.failure`); an `AgentError` is as good, for the loop turns it into one. No other exception may leave it.

Subclass `ToolSuite`, say how the tool is made, and give `arguments` for a call that works in the context of
`open_context`: a kernel, its state and a notebook, whichever the tool needs. `failing_arguments` fit the schema and lead
to a failure. In `open_slow_context` a call takes longer than a second, so that it can be cancelled; where there is none,
that test is skipped.
A tool is registered in the entry-point group ``jupyter_agent.tools`` under the name of its specification; the entry point is
called without arguments and returns the tool. One that has the name of ours is left out.

A tool that edits a cell says so (`CallDisplay`): the call is then proposed at the cell, as a call of our own tools.
What the tool does to a kernel or a notebook is for tests of your own, and so is whether its effect is declared rightly: a
tool that says ``read`` is never asked about. The suite checks that such a tool at least records no edit.

Example::

    from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
    from jupyter_agent.testing.tool import ToolSuite


    class RollDice:
        spec = ToolSpec(
            "roll_dice",
            "Roll a die.",
            {"type": "object", "properties": {"sides": {"type": "integer"}}, "required": ["sides"]},
            title="Roll dice",
        )
        effect = "read"

        async def call(self, arguments, context):
            if arguments["sides"] < 1:
                return ToolOutput.failure("invalid_arguments", "A die has one side or more.")
            return ToolOutput.from_data({"rolled": arguments["sides"]})


    class TestRollDice(ToolSuite):
        arguments = {"sides": 6}
        failing_arguments = {"sides": 0}

        def make_tool(self):
            return RollDice()
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.messages import ArgumentRole, EditKind, Effect
from jupyter_agent.core.protocols import ReviewedTool, Tool, ToolContext, ToolOutput
from jupyter_agent.testing.runner import Suite, asynchronous

MAX_CONTENT = 256 * 1024


class ToolSuite(Suite):
    """What every tool does."""

    arguments: Mapping[str, Any] = {}
    #: None where nothing that fits the schema can fail.
    failing_arguments: Mapping[str, Any] | None = None

    def make_tool(self) -> Tool:
        """The tool; to be overridden."""
        raise NotImplementedError

    async def open_context(self) -> ToolContext:
        """Where the calls are made; without kernel and notebook unless overridden."""
        return ToolContext(None, None, None)

    async def open_slow_context(self) -> ToolContext:
        """Where a call with `arguments` takes longer than a second."""
        pytest.skip("no slow context")

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """What the model is answered."""
        try:
            return await self.make_tool().call(arguments, context)
        except AgentError as error:
            return ToolOutput.failure(error.code, error.message)

    def test_a_specification_is_one_that_every_provider_accepts(self) -> None:
        spec = self.make_tool().spec
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", spec.name)
        assert spec.description.strip()
        assert len(spec.description) <= 1024
        assert json.loads(json.dumps(spec.parameters)) == spec.parameters, "not JSON data"
        assert spec.parameters.get("type") == "object"

    def test_parameters_are_a_json_schema_which_the_arguments_fit(self) -> None:
        from jsonschema import Draft202012Validator

        parameters = self.make_tool().spec.parameters
        Draft202012Validator.check_schema(parameters)
        known = set(parameters.get("properties", {}))
        for arguments in (self.arguments, self.failing_arguments or {}):
            if arguments or arguments is self.arguments:
                Draft202012Validator(parameters).validate(arguments)
            assert set(arguments) <= known, "an argument that the schema does not describe"
        assert set(parameters.get("required", ())) <= known

    def test_people_are_shown_a_title_and_the_effect_is_declared(self) -> None:
        tool = self.make_tool()
        assert tool.spec.title.strip()
        assert tool.spec.title != tool.spec.name
        assert isinstance(tool.spec.icon, str)
        assert tool.effect in get_args(Effect)
        assert self.make_tool().spec == tool.spec, "a specification that changes"
        if (display := tool.spec.display) is not None:
            assert set(display.arguments) <= set(tool.spec.parameters.get("properties", {}))
            assert set(display.arguments.values()) <= set(get_args(ArgumentRole))
            assert display.edit in (None, *get_args(EditKind))

    @asynchronous
    async def test_an_edit_of_a_cell_says_which_and_what_it_is_to_be(self) -> None:
        tool, context = self.make_tool(), await self.open_context()
        edit = tool.spec.display.edit if tool.spec.display is not None else None
        if edit is None:
            pytest.skip("no edit of a cell")
        assert tool.spec.display is not None
        assert edit == "insert" or "cell_id" in tool.spec.display.arguments.values(), "nobody sees which cell"
        if edit in ("insert", "replace"):
            assert isinstance(tool, ReviewedTool), "nobody sees what the cell is to be"
            assert (await tool.review(self.arguments, context)).preview

    @asynchronous
    async def test_a_call_that_works_answers_with_bounded_text(self) -> None:
        context = await self.open_context()
        output = await self.call(self.arguments, context)
        assert output.ok, output.content
        assert output.code == ""
        assert isinstance(output.content, str)
        assert len(output.content) <= MAX_CONTENT
        if output.data is not None:
            json.dumps(output.data, default=dict)
        if self.make_tool().effect == "read":
            assert context.tool_record.edits == [], "a tool that only reads has recorded an edit"

    @asynchronous
    async def test_a_call_that_fails_answers_with_a_code_and_what_to_do(self) -> None:
        if self.failing_arguments is None:
            pytest.skip("nothing fails")
        output = await self.call(self.failing_arguments, await self.open_context())
        assert not output.ok, output.content
        assert re.fullmatch(r"[a-z][a-z0-9_]*", output.code)
        assert output.content.strip()
        assert "Traceback" not in output.content

    @asynchronous
    async def test_without_kernel_and_notebook_a_call_answers_all_the_same(self) -> None:
        output = await self.call(self.arguments, ToolContext(None, None, None))
        assert output.ok == (output.code == "")
        assert output.content.strip()

    @asynchronous
    async def test_a_cancelled_call_stops_at_once(self) -> None:
        context = await self.open_slow_context()
        task = asyncio.create_task(self.call(self.arguments, context))
        await asyncio.wait([task], timeout=0.05)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, "the call goes on after its task was cancelled"
        assert task.cancelled()
