"""A model's API with a script of answers, which refuses what the real one refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from tests.support.fake_model_server import Asked, ModelServer

Parts = list[dict[str, Any]]
#: What it answers: parts that it streams, bytes as text, or what is made of the request.
Step = Parts | str | Callable[[dict[str, Any]], Parts | str]


def sse(kind: str, **fields: Any) -> str:
    """One event of the stream."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


@dataclass
class ScriptedApi:
    """What both APIs have in common.

    Attributes:
        server: Where it is asked.
        script: The answers, one a request that it takes; the last is repeated.
        refusals: What it has refused, and why.
    """

    server: ModelServer
    script: Sequence[Step]
    refusals: list[str] = field(default_factory=list, kw_only=True)
    _taken: int = field(default=0, init=False)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What it was sent."""
        return [asked.body for asked in self.server.asked]

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        asked = self.server.asked[-1]
        if problem := self.request_problem(asked):
            self.refusals.append(problem)
            sent = self.refusal(problem)
        else:
            step = self.script[min(self._taken, len(self.script) - 1)]
            self._taken += 1
            made = step(asked.body) if callable(step) else step
            sent = made if isinstance(made, str) else self.streamed(made, asked.body)
        writer.write(sent.encode())
        await writer.drain()

    def request_problem(self, asked: Asked) -> str:
        """Why a request is refused; empty where it is not."""
        raise NotImplementedError

    def refusal(self, problem: str) -> str:
        """An error as the API has it."""
        raise NotImplementedError

    def streamed(self, parts: Parts, body: dict[str, Any]) -> str:
        """An answer as the API has it."""
        raise NotImplementedError
