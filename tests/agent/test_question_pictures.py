"""Pictures with a question: of the user, of a file, of a cell; sent once, kept with the turn, and not sent again."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.agent.compaction import Compaction
from jupyter_agent.core.events import Done, ModelEvent, ModelFinished, TextDelta
from jupyter_agent.core.messages import Message, Picture, ToolCall
from jupyter_agent.core.pictures import PICTURE_TOKENS, checked
from jupyter_agent.core.protocols import ModelTraits, ToolSpec
from jupyter_agent.core.question import Question
from jupyter_agent.models.offline import OfflineModel
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.tools import registry
from tests.support import notebook_json, scripted_assistant
from tests.support.pictures import encoded, png
from tests.support.scripted_assistant import assistant_with

PLOT = checked(png(), "plot.png", is_users=True)
OTHER = checked(png(shade=9), "other.png", is_users=True)


class SeeingModel:
    """Records what it is asked, and makes the calls of its script."""

    name = "seeing"

    def __init__(self, sees: bool | None = True, calls: Sequence[tuple[str, dict[str, Any]]] = ()) -> None:
        self.traits = ModelTraits(sees=sees)
        self.requests: list[list[Message]] = []
        self._calls = list(calls)

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        self.requests.append(list(messages))
        if self._calls:
            name, arguments = self._calls.pop(0)
            yield ToolCall(f"c{len(self._calls)}", name, json.dumps(arguments))
            yield ModelFinished("tool_calls")
        else:
            yield TextDelta("A line.")
            yield ModelFinished()

    async def close(self) -> None:
        """Nothing is open."""

    def shown(self, request: int = -1) -> list[str]:
        """Names of the pictures of a request, in order."""
        return [picture.name for message in self.requests[request] for picture in message.pictures]


def reading(model: Any, **options: Any) -> Assistant:
    tools, _ = registry.load(("read_output", "read_cells", "read_file"))
    return assistant_with(model, tools, **options)


async def ask(assistant: Assistant, query: str, **more: Any) -> Done:
    return await scripted_assistant.done(assistant, Question("me", query, session_id="s1", **more))


@pytest.fixture
def notebook(tmp_path: Path) -> FileNotebook:
    def cell(name: str, count: int, shade: int) -> dict[str, Any]:
        data = {"image/png": encoded(png(shade=shade)), "text/plain": "<Figure>"}
        output = {"output_type": "display_data", "metadata": {}, "data": data}
        return notebook_json.code(name, f"draw({shade})", execution_count=count, outputs=[output])

    (tmp_path / "n.ipynb").write_text(
        notebook_json.text_of(notebook_json.notebook(cell("a", 3, 1), cell("b", 4, 2))), encoding="utf-8"
    )
    (tmp_path / "plot.png").write_bytes(png(shade=7))
    (tmp_path / "broken.png").write_bytes(png()[:20])
    return FileNotebook(tmp_path / "n.ipynb")


async def test_a_picture_goes_to_a_model_that_sees_once_and_is_kept_with_its_turn() -> None:
    model = SeeingModel()
    assistant = reading(model)
    await ask(assistant, "What is it?", pictures=(PLOT, PLOT))
    assert model.requests[0][-1].pictures == (PLOT,)
    assert PLOT.data not in "".join(message.content for message in model.requests[0])
    await ask(assistant, "And now?")
    assert model.shown() == []
    earlier = next(message.content for message in model.requests[1] if "What is it?" in message.content)
    assert "is not sent again: plot.png (2 x 1 px" in earlier
    session = await assistant.sessions.get("me", "s1")
    kept = (await assistant.sessions.tree.history(session))[0].extra["pictures"]
    assert isinstance(kept, (list, tuple))
    assert [entry["data"] for entry in kept] == [PLOT.data, PLOT.data]


async def test_a_model_that_does_not_see_is_told_and_so_is_the_user() -> None:
    model = SeeingModel(sees=False)
    done = await ask(reading(model), "What is it?", pictures=(PLOT,))
    assert model.shown() == []
    assert "cannot see: plot.png" in model.requests[0][-1].content
    assert any("does not see pictures" in warning and "model_options" in warning for warning in done.warnings)
    assert not (await ask(reading(model), "What is it?")).warnings


async def test_pictures_for_which_there_is_no_room_are_missed_by_the_user_too() -> None:
    model = SeeingModel()
    done = await ask(reading(model, context_tokens=500), "What is it?", pictures=(PLOT, OTHER))
    assert model.shown() == []
    assert any("no room for the pictures" in warning and "context_tokens" in warning for warning in done.warnings)
    done = await ask(reading(model, context_tokens=5_000), "What is it?", pictures=(PLOT, OTHER))
    assert (len(model.shown()), done.warnings) == (2, ())


async def test_what_instructs_the_model_is_shown_with_a_picture_too() -> None:
    assistant = reading(SeeingModel(), instructions="Answer in rhymes.")
    for pictures in ((), (PLOT,)):
        preview = await assistant.preview(Question("me", "What is it?", pictures=pictures))
        assert [source["scope"] for source in preview["instructions"]] == ["administrator"]


async def test_a_secret_in_a_pictures_name_is_withheld() -> None:
    model = SeeingModel()
    picture = checked(png(), "hunter2hunter2.png", is_users=True)
    assistant = reading(model)
    await ask(assistant, "What is it?", pictures=(picture,))
    assert "hunter2" not in str(model.requests)
    session = await assistant.sessions.get("me", "s1")
    assert "hunter2" not in str((await assistant.sessions.tree.history(session))[0].extra)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("why is the plot empty?", ["output of In [4]: Figure"]),
        ("what does it show?", ["output of In [4]: Figure"]),
        ("how many rows has df?", []),
        ("what is wrong in @cell:3", ["output of In [3]: Figure", "output of In [4]: Figure"]),
        ("compare @cell:4 with @file:plot.png", ["output of In [4]: Figure", "plot.png"]),
        ("sum the @file:broken.png", []),
    ],
)
async def test_what_a_cell_or_a_file_shows_goes_with_a_question_about_it(
    notebook: FileNotebook, query: str, names: list[str]
) -> None:
    model = SeeingModel()
    await ask(reading(model), query, notebook=notebook, notebook_id="n.ipynb", active_cell_id="b")
    assert model.shown() == names
    if "broken" in query:
        assert "broken off or damaged" in model.requests[0][-1].content
    preview = await reading(model).preview(Question("me", query, notebook=notebook, active_cell_id="b"))
    sent = preview["messages"][-1].get("pictures", [])
    assert [picture["name"] for picture in sent] == names
    assert preview["tokens"].get("pictures", 0) == PICTURE_TOKENS * len(names)


async def test_a_picture_of_a_cell_that_is_too_large_is_said_to_be_there(tmp_path: Path) -> None:
    data = {"image/png": encoded(png() + bytes(1 << 20)), "text/plain": "<Figure>"}
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    cell = notebook_json.code("a", "draw()", execution_count=3, outputs=[output])
    (tmp_path / "n.ipynb").write_text(notebook_json.text_of(notebook_json.notebook(cell)), encoding="utf-8")
    model = SeeingModel()
    await ask(reading(model), "Why is the plot empty?", notebook=FileNotebook(tmp_path / "n.ipynb"), active_cell_id="a")
    assert model.shown() == []
    assert "has a picture that is too large to be sent" in model.requests[0][-1].content


@pytest.mark.parametrize("sees", [True, False])
async def test_tools_show_a_picture_once(notebook: FileNotebook, sees: bool) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("read_output", {"cell_id": "a"}),
        ("read_cells", {"ids": ["a", "b"]}),
        ("read_file", {"path": "plot.png"}),
    ]
    model = SeeingModel(sees, calls)
    await ask(reading(model), "Look at all.", notebook=notebook, notebook_id="n.ipynb")
    if sees:
        assert model.shown() == ["Figure", "Figure", "plot.png"]
        data = [picture.data for message in model.requests[-1] for picture in message.pictures]
        assert len(set(data)) == 3
        assert not any(text in message.content for text in data for message in model.requests[-1])
    else:
        assert model.shown() == []
        results = [message.content for message in model.requests[-1] if message.role == "tool"]
        assert all("cannot see" in result for result in results)


async def test_pictures_of_a_question_go_last_when_there_is_no_room() -> None:
    shown = Picture("image/png", "aGk=", width=1, height=1)
    request = [Message("system", "s"), Message("user", "q", pictures=(PLOT, OTHER))]
    call = Message("assistant", "", (ToolCall("c", "t", "{}"),))
    result = Message("tool", "r", tool_call_id="c", pictures=(shown, shown))
    roomy = Compaction(10_000).fit(request, [call, result], 0)
    assert [len(message.pictures) for message in roomy] == [0, 2, 0, 1]
    tight = Compaction(2_600).fit(request, [call, result], 0)
    assert [len(message.pictures) for message in tight] == [0, 2, 0, 0]
    assert "not shown any more" in tight[-1].content
    tightest = Compaction(1_000).fit(request, [call, result], 0)
    assert [len(message.pictures) for message in tightest] == [0, 0, 0, 0]
    assert "not shown any more" in tightest[1].content


async def test_the_offline_model_says_that_it_does_not_see_and_answers_the_rest() -> None:
    assistant = reading(OfflineModel())
    reply = (await ask(assistant, "hello", pictures=(PLOT,))).reply
    assert reply.startswith("I cannot see pictures")
    assert len(reply.split("\n\n")) > 1
    assert "pictures" not in (await ask(assistant, "hello")).reply
