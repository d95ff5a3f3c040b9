"""Titles of conversations by the small model: after the first answer, behind it, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

import pytest

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.config.policy import Policy
from jupyter_agent.core.errors import UpstreamError
from jupyter_agent.core.events import Done, ModelEvent, ModelFinished, TextDelta
from jupyter_agent.core.messages import Message
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.prompt.title import write_title
from jupyter_agent.redaction.redactor import Redactor
from tests.support.scripted_assistant import done

if TYPE_CHECKING:
    from jupyter_agent.core.protocols import ToolSpec

SECRET = "hunter2-canary-0123456789"


class Small:
    """A model that waits to be let answer, and keeps what it was sent."""

    name = "openai:small"

    def __init__(self, text: str = "Distances of trips") -> None:
        self.text = text
        self.sent: list[str] = []
        self.may_answer = asyncio.Event()

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        self.sent += [message.content for message in messages]
        await self.may_answer.wait()
        if not self.text:
            raise UpstreamError("The small model is gone.")
        yield TextDelta(self.text)
        yield ModelFinished()

    async def close(self) -> None:
        pass


def assistant_with(small: Small, *answers: str) -> Assistant:
    options = JupyterAgent(store="memory://", model="openai:big", small_model="openai:small")
    assistant = Assistant.from_config(options)
    assistant.redactor.add_secret(SECRET)
    assistant.resources.models |= {"openai:big": ScriptedModel([*answers]), "openai:small": small}
    return assistant


async def ask(assistant: Assistant, query: str) -> Done:
    return await done(assistant, Question("me", query, session_id="s1"))


async def titled(assistant: Assistant) -> str:
    for task in tuple(assistant.resources.tasks):
        await asyncio.wait([task])
    return (await assistant.sessions.get("me", "s1")).title


async def test_a_conversation_is_named_after_its_first_answer_and_behind_it() -> None:
    small, named = Small('"Distances of trips."\n\nIs there more?'), list[Session]()
    assistant = assistant_with(small, f"By km, {SECRET}", "later")
    assistant.on_title = named.append
    await ask(assistant, f"How far are the trips, {SECRET}?")
    assert (await assistant.sessions.get("me", "s1")).title.startswith("How far are the trips")
    # The next question is answered while the title is still being made.
    await ask(assistant, "And then?")
    small.may_answer.set()
    assert await titled(assistant) == "Distances of trips"
    assert [session.title for session in named] == ["Distances of trips"]
    assert "How far are the trips" in small.sent[1]
    assert not any(SECRET in text for text in small.sent)
    assert sum("How far" in text for text in small.sent) == 1
    session = await assistant.sessions.get("me", "s1")
    assert (session.depth, session.open) == (2, None)
    await assistant.close()


async def test_a_title_that_the_user_has_given_stays() -> None:
    small = Small()
    assistant = assistant_with(small, "By km")
    await ask(assistant, "How far?")
    await assistant.sessions.rename("me", "s1", title="Mine")
    small.may_answer.set()
    assert await titled(assistant) == "Mine"
    await assistant.close()


@pytest.mark.parametrize(
    "text", ["", "I am sorry, but as a language model I cannot name this conversation without more about it."]
)
async def test_a_small_model_that_fails_or_talks_leaves_the_usual_title(text: str) -> None:
    small = Small(text)
    assistant = assistant_with(small, "By km")
    small.may_answer.set()
    await ask(assistant, "How far?")
    assert await titled(assistant) == "How far?"
    await assistant.close()


async def test_a_title_that_is_being_made_does_not_hold_up_the_end() -> None:
    assistant = assistant_with(Small(), "By km")
    await ask(assistant, "How far?")
    async with asyncio.timeout(5):
        await assistant.close()
    assert not assistant.resources.tasks


async def test_without_a_small_model_nobody_is_asked_for_a_title() -> None:
    assistant = Assistant.from_config(JupyterAgent(store="memory://", model="openai:big"))
    assistant.resources.models["openai:big"] = ScriptedModel(["By km"])
    await ask(assistant, "How far?")
    assert not assistant.resources.tasks
    assert await titled(assistant) == "How far?"
    await assistant.close()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Title: **Distances of trips**", "Distances of trips"),
        ("\n“Entfernungen”\n", "Entfernungen"),
        (f"About {SECRET}", "About [withheld: secret]"),
        ("x" * 61, ""),
    ],
)
async def test_a_title_is_one_short_line_without_secrets(text: str, title: str) -> None:
    redactor = Redactor([SECRET])
    assert (await write_title("q", "a", ScriptedModel([text]), redactor)).replace("value", "secret") == title


def test_the_policy_and_locks_hold_for_the_small_model() -> None:
    options = JupyterAgent(model="offline", small_model="openai:small", locked_settings=["model"])
    assert options.lock("small_model") == options.lock("model") != ""
    options.set_by_user({"small_model": "groq:x"})
    assert options.small_model == "openai:small"
    free = JupyterAgent(model="offline")
    free.set_by_user({"small_model": "groq:x"})
    assert free.small_model == "groq:x"
    free.policy = Policy(patterns={"models": (("openai:*",),)})
    free.set_by_user({"small_model": "groq:x"})
    assert free.small_model == ""
