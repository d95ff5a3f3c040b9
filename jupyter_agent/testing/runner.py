"""Runs the suites' asynchronous tests, each in an event loop of its own; no pytest plugin is needed."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Suite = TypeVar("_Suite", bound="Suite")
SECONDS = 120.0


class Suite:
    """The base of all suites: what a test opens is closed after it, in the same event loop."""

    def opened(self, made: Any) -> Any:
        """The object, which is closed when the test ends, if it has a method ``close``."""
        self.__dict__.setdefault("_opened", []).append(made)
        return made

    async def close_opened(self) -> None:
        """Close what was opened, the newest first, each object once."""
        opened = self.__dict__.pop("_opened", [])
        for made in reversed(list({id(made): made for made in opened}.values())):
            closing = getattr(made, "close", lambda: None)()
            if inspect.isawaitable(closing):
                await closing


def asynchronous(
    test: Callable[Concatenate[_Suite, _Parameters], Awaitable[None]],
) -> Callable[Concatenate[_Suite, _Parameters], None]:
    """A test of a suite as a plain function that runs it to its end, within `SECONDS`."""

    @functools.wraps(test)
    def run(self: _Suite, /, *arguments: _Parameters.args, **more: _Parameters.kwargs) -> None:
        async def whole() -> None:
            try:
                async with asyncio.timeout(SECONDS):
                    await test(self, *arguments, **more)
            finally:
                await self.close_opened()

        asyncio.run(whole())

    return run
