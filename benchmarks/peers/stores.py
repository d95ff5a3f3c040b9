"""What LangGraph's savers and openai-agents' sessions need for a turn; runs in an environment of its own.

Run as ``python stores.py NAME URL TURNS``; prints seconds per turn, the median.
"""

from __future__ import annotations

import asyncio
import operator
import statistics
import sys
import time
import uuid
from typing import Annotated, Any

QUESTION = "How many rows does the table have, and which of its columns are empty? " * 3
ANSWER = "The table has 891 rows. `Cabin` is mostly empty.\n\n```python\ndf.isna().sum()\n```\n" * 10


async def measured(turns: int, turn: Any) -> float:
    """Median seconds of a turn, after a few to warm up."""
    seconds = []
    for number in range(turns + 5):
        start = time.perf_counter()
        await turn(number)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[5:])


async def langgraph(saver: Any, turns: int) -> float:
    """A graph of one node that answers; the saver keeps question and answer."""
    from typing import TypedDict

    from langgraph.graph import END, START, StateGraph

    class State(TypedDict):
        messages: Annotated[list[dict[str, str]], operator.add]

    async def answer(_: State) -> dict[str, Any]:
        return {"messages": [{"role": "assistant", "content": ANSWER}]}

    builder = StateGraph(State)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    graph = builder.compile(checkpointer=saver)
    thread = {"configurable": {"thread_id": uuid.uuid4().hex}}

    async def turn(_: int) -> None:
        await graph.ainvoke({"messages": [{"role": "user", "content": QUESTION}]}, thread)

    return await measured(turns, turn)


async def agents(session: Any, turns: int) -> float:
    """The session keeps the question, then the answer."""

    async def turn(_: int) -> None:
        await session.add_items([{"role": "user", "content": QUESTION}])
        await session.add_items([{"role": "assistant", "content": ANSWER}])

    return await measured(turns, turn)


async def main(name: str, url: str, turns: int) -> float:
    """One peer."""
    if name == "langgraph-sqlite":
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

        async with AsyncSqliteSaver.from_conn_string(url) as saver:
            return await langgraph(saver, turns)
    if name == "langgraph-postgresql":
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

        async with AsyncPostgresSaver.from_conn_string(url) as saver:
            await saver.setup()
            return await langgraph(saver, turns)
    if name == "openai-agents-sqlite":
        from agents import SQLiteSession

        return await agents(SQLiteSession(uuid.uuid4().hex, url), turns)
    from agents.extensions.memory import RedisSession

    return await agents(RedisSession.from_url(uuid.uuid4().hex, url=url), turns)


if __name__ == "__main__":
    print(asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
