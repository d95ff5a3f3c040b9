"""One client of the OpenAI API, by name: chat, stream, a tool of its own and structured output, printed as one line of JSON."""

# mypy: ignore-errors
# Its packages lie in an environment of their own.

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

URL, KEY, MODEL = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"], "jupyter-agent"
CHAT, TOOL, FORM = "Say hello.", "What is the weather in Bonn?", "Which trip, as JSON?"


class Trip(BaseModel):
    city: str
    km: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Rain in {city}."


SPEC: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def tool_loop(create: Callable[..., Any]) -> str:
    """Chat completions by hand, until there is no call."""
    messages = user(TOOL)
    while True:
        message = create(messages=messages, tools=[SPEC]).choices[0].message
        if not message.tool_calls:
            return str(message.content)
        messages.append(message.model_dump(exclude_none=True))
        for call in message.tool_calls:
            result = get_weather(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def by_openai() -> dict[str, Any]:
    import openai

    client = openai.OpenAI()

    def create(**more: Any) -> Any:
        return client.chat.completions.create(model=MODEL, **more)

    parsed = client.chat.completions.parse(model=MODEL, messages=user(FORM), response_format=Trip)
    pieces = [part.choices[0].delta.content or "" for part in create(messages=user(CHAT), stream=True)]
    return {
        "chat": create(messages=user(CHAT)).choices[0].message.content,
        "stream": "".join(pieces),
        "tool": tool_loop(create),
        "form": parsed.choices[0].message.parsed.model_dump(),
    }


def by_langchain() -> dict[str, Any]:
    from langchain_core.messages import HumanMessage, ToolMessage
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model=MODEL, temperature=0)
    weather = tool(get_weather)
    bound, messages = model.bind_tools([weather]), [HumanMessage(TOOL)]
    answer: Any = bound.invoke(messages)
    for call in answer.tool_calls:
        messages = [*messages, answer, ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"])]
    return {
        "chat": model.invoke(CHAT).text,
        "stream": "".join(part.text for part in model.stream(CHAT)),
        "tool": bound.invoke(messages).text,
        "form": model.with_structured_output(Trip).invoke(FORM).model_dump(),
    }


async def by_pydantic_ai() -> dict[str, Any]:
    from pydantic_ai import Agent, NativeOutput
    from pydantic_ai.models.openai import OpenAIChatModel

    model = OpenAIChatModel(MODEL)
    async with Agent(model).run_stream(CHAT) as answer:
        streamed = "".join([piece async for piece in answer.stream_text(delta=True)])
    called = await Agent(model, output_type=Trip).run(FORM)  # as a tool that must be called
    native = await Agent(model, output_type=NativeOutput(Trip)).run(FORM)
    assert called.output == native.output
    return {
        "chat": (await Agent(model).run(CHAT)).output,
        "stream": streamed,
        "tool": (await Agent(model, tools=[get_weather]).run(TOOL)).output,
        "form": native.output.model_dump(),
    }


async def by_openai_agents() -> dict[str, Any]:
    from agents import Agent, Runner, function_tool, set_default_openai_api, set_tracing_disabled

    set_default_openai_api("chat_completions")
    set_tracing_disabled(True)

    def agent(**more: Any) -> Any:
        return Agent(name="one", model=MODEL, **more)

    running, streamed = Runner.run_streamed(agent(), CHAT), ""
    async for event in running.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            streamed += event.data.delta
    return {
        "chat": (await Runner.run(agent(), CHAT)).final_output,
        "stream": streamed,
        "tool": (await Runner.run(agent(tools=[function_tool(get_weather)]), TOOL)).final_output,
        "form": (await Runner.run(agent(output_type=Trip), FORM)).final_output.model_dump(),
    }


def by_litellm() -> dict[str, Any]:
    import litellm

    def create(**more: Any) -> Any:
        return litellm.completion(model=f"openai/{MODEL}", api_base=URL, api_key=KEY, **more)

    form = create(messages=user(FORM), response_format=Trip).choices[0].message.content
    pieces = [part.choices[0].delta.content or "" for part in create(messages=user(CHAT), stream=True)]
    return {
        "chat": create(messages=user(CHAT)).choices[0].message.content,
        "stream": "".join(pieces),
        "tool": tool_loop(create),
        "form": json.loads(form),
    }


def by_llm() -> dict[str, Any]:
    folder = Path(os.environ["LLM_USER_PATH"])
    folder.mkdir(exist_ok=True)
    entry = f"- model_id: here\n  model_name: {MODEL}\n  api_base: {URL}\n  api_key_name: here\n  supports_tools: true\n  supports_schema: true\n"
    (folder / "extra-openai-models.yaml").write_text(entry, encoding="utf-8")
    import llm

    model = llm.get_model("here")
    return {
        "chat": model.prompt(CHAT, key=KEY, stream=False).text(),
        "stream": "".join(model.prompt(CHAT, key=KEY)),
        "tool": model.chain(TOOL, tools=[get_weather], key=KEY).text(),
        "form": json.loads(model.prompt(FORM, schema=Trip, key=KEY).text()),
    }


answered = globals()[f"by_{sys.argv[1]}"]()
if asyncio.iscoroutine(answered):
    answered = asyncio.run(answered)
print(json.dumps(answered))  # noqa: T201 - it is what the test reads
