"""Reading an answer ahead: in order, bounded, and its failures told after what had come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from jupyter_agent.models.openai_compatible.incoming import (
    GATHER_SECONDS,
    MAX_AHEAD,
    Incoming,
    read_ahead,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


async def test_what_came_together_is_taken_together_and_none_is_the_end() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"a"
        yield b""
        yield b"b"

    async with read_ahead(pieces()) as came:
        assert await came.take(5.0) == b"ab"
        assert await came.take(5.0) is None
        assert await came.take(5.0) is None


async def test_what_came_before_a_failure_is_taken_first() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"a"
        raise OSError("reset")

    async with read_ahead(pieces()) as came:
        assert await came.take(5.0) == b"a"
        with pytest.raises(OSError, match="reset"):
            await came.take(5.0)


async def test_no_more_is_read_ahead_than_may_be_and_all_of_it_comes() -> None:
    read = 0

    async def pieces() -> AsyncGenerator[bytes, None]:
        nonlocal read
        for _ in range(40):
            read += MAX_AHEAD // 10
            yield b"x" * (MAX_AHEAD // 10)

    async with read_ahead(pieces()) as came:
        first = await came.take(5.0)
        assert read <= MAX_AHEAD + 2 * (MAX_AHEAD // 10)
        total = len(first or b"")
        while piece := await came.take(5.0):
            total += len(piece)
    assert total == read == 40 * (MAX_AHEAD // 10)


async def test_whoever_leaves_ends_the_reading_and_closes_what_was_read() -> None:
    closed = asyncio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            await asyncio.Event().wait()
        finally:
            closed.set()

    async with read_ahead(pieces()) as came:
        assert await came.take(5.0) == b"a"
    assert closed.is_set()


async def test_what_follows_closely_is_gathered_once_there_was_something_to_show() -> None:
    more, all_came = asyncio.Event(), asyncio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"a"
        await more.wait()
        for piece in (b"b", b"c", b"d"):
            yield piece
            await asyncio.sleep(0)
        all_came.set()
        await asyncio.Event().wait()

    async with read_ahead(pieces()) as came:
        assert await came.take(5.0, gather=True) == b"a"
        more.set()
        assert await came.take(5.0, gather=True) == b"bcd"
    assert all_came.is_set()


async def test_what_comes_soon_after_the_last_piece_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    came, waits, now = Incoming(), list[float](), 1000.0

    async def note(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", note)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    came.add(b"a")
    assert await came.take(60.0, gather=True) == b"a"
    assert waits == []
    came.add(b"b")
    assert await came.take(60.0, gather=True) == b"b"
    assert waits == [GATHER_SECONDS]
    now += 1
    came.add(b"c")
    assert await came.take(60.0, gather=True) == b"c"
    assert waits == [GATHER_SECONDS]


async def test_silence_is_an_error_and_what_comes_afterwards_is_taken() -> None:
    go_on = asyncio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"a"
        await go_on.wait()
        yield b"b"

    async with read_ahead(pieces()) as came:
        assert await came.take(60.0) == b"a"  # a longer wait that is over keeps no shorter one from ending
        with pytest.raises(TimeoutError):
            await came.take(0.01)
        with pytest.raises(TimeoutError):
            await came.take(-1.0)
        go_on.set()
        assert await came.take(5.0) == b"b"
        assert await came.take(5.0) is None
