"""Tools that run code, try it in a sandbox, and interrupt or restart the kernel."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from jupyter_agent.core.messages import CallDisplay, Effect
from jupyter_agent.core.protocols import Review, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.tools.output import execution_output, run_output
from jupyter_agent.tools.requirements import live_kernel, object_schema, syntax_error

_CODE = object_schema({"code": {"type": "string"}}, "code")
_DISPLAY = CallDisplay(arguments={"code": "source"})
#: Seconds that code may take in the sandbox.
SANDBOX_SECONDS = 20.0


class _CodeTool:
    """A tool that runs the code in its arguments."""

    effect: ClassVar[Effect] = "execute"

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """A syntax error goes back before anybody is asked."""
        return syntax_error(str(arguments["code"]), context)

    async def review(self, arguments: Mapping[str, Any], context: ToolContext) -> Review:
        """The code itself."""
        return Review(str(arguments["code"]), str(arguments["code"]))


class RunCode(_CodeTool):
    """Code in the user's kernel, visibly."""

    spec: ClassVar[ToolSpec] = ToolSpec(
        "run_code",
        "Run Python code in the user's kernel and read its output. Leave nothing behind that nobody needs.",
        _CODE,
        title="Run code",
        icon="ui-components:run",
        display=_DISPLAY,
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Run it and return what it displays."""
        kernel, began = live_kernel(context), time.monotonic()
        result = await kernel.execute(str(arguments["code"]), timeout=context.timeout)
        return await run_output(result, kernel, time.monotonic() - began)


class TryCode(_CodeTool):
    """Code on a copy of the namespace. Effects outside of it are real, so approval is asked for as for any code."""

    spec: ClassVar[ToolSpec] = ToolSpec(
        "try_code",
        "Run Python code on a copy of the variables, to experiment. Change no object in place.",
        _CODE,
        title="Try code on a copy of the variables",
        icon="ui-components:run",
        display=_DISPLAY,
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Run it and return what it displays, and which of the user's objects it changed in place."""
        timeout = min(SANDBOX_SECONDS, context.timeout)
        result = await live_kernel(context).try_execute(str(arguments["code"]), timeout=timeout)
        output = execution_output(result)
        if not result.changed:
            return output
        note = f"\n[The code changed objects of the user's in place: {', '.join(result.changed)}. Tell the user.]"
        return replace(output, content=output.content + note)


class RestartKernel:
    """Restart of the kernel."""

    effect: ClassVar[Effect] = "execute"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "restart_kernel",
        "Restart the kernel, if the user asks for it: all variables are lost.",
        object_schema({}),
        title="Restart kernel",
        icon="ui-components:refresh",
        display=CallDisplay(caution="All variables will be lost."),
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Restart it."""
        await live_kernel(context).restart()
        return ToolOutput("The kernel was restarted; all variables are gone. Run the cells that are needed again.")


class InterruptKernel:
    """Interrupt of the kernel."""

    effect: ClassVar[Effect] = "execute"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "interrupt_kernel",
        "Stop what the kernel runs; variables stay.",
        object_schema({}),
        title="Interrupt kernel",
        icon="ui-components:stop",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Interrupt it and return its status."""
        kernel = live_kernel(context)
        await kernel.interrupt()
        state = await kernel.state()
        return ToolOutput(f"The kernel was interrupted; it is {state.status} now.")
