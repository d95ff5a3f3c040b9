"""One turn, end to end, with a real store, a scripted model and, where it matters, a real kernel."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.errors import TurnIdReused, TurnInProgress, UnknownModel
from jupyter_agent.core.events import Done, Failed, TextDelta, TurnStarted
from jupyter_agent.core.kernel_state import Cell, KernelState, Variable
from jupyter_agent.core.question import Question
from jupyter_agent.notebooks.posted import PostedNotebook
from tests.support.scripted_assistant import ScriptedAssistant
from tests.support.still_kernel import StillKernel

#: A kernel's state in which there is one table.
FRAME = KernelState("k1", "e1", 1, {"df": Variable("df", "DataFrame", "frame", "DataFrame 360 × 6", version=1)})


@pytest.fixture
def cells() -> PostedNotebook:
    return PostedNotebook("a.ipynb", (Cell("c1", "code", "df = load()", 1),))


async def test_a_turn_starts_streams_and_is_done_once_it_is_durable(cells: PostedNotebook) -> None:
    scripted = ScriptedAssistant([{"text": "There are 360 rows in df.", "chunks": 3}])
    events = await scripted.ask(
        "How many rows?", notebook_id="a.ipynb", session_id="s1", kernel=StillKernel(state=FRAME), notebook=cells
    )
    assert isinstance(events[0], TurnStarted)
    assert len([event for event in events if isinstance(event, TextDelta)]) >= 3
    done = events[-1]
    assert isinstance(done, Done)
    assert (done.reply, done.turn_count, done.variables) == ("There are 360 rows in df.", 2, ("df",))
    assert done.state == {"kernel_id": "k1", "status": "unknown", "age_s": 0.0, "changed": []}
    session = await scripted.assistant.sessions.get("local", "s1")
    (turn,) = await scripted.assistant.sessions.tree.history(session, 10)
    assert (turn.question, turn.reply, turn.status) == ("How many rows?", "There are 360 rows in df.", "done")


async def test_the_model_is_told_the_live_variables_and_the_cells(cells: PostedNotebook) -> None:
    scripted = ScriptedAssistant(["ok"])
    await scripted.ask("?", kernel=StillKernel(state=FRAME), notebook=cells)
    (request,) = scripted.model.requests
    assert "df: DataFrame 360 × 6" in request.messages[-1].content
    assert "df = load()" in request.messages[-1].content


async def test_a_second_question_is_asked_with_the_first_in_context() -> None:
    scripted = ScriptedAssistant(["First answer."])
    await scripted.done("First question?", session_id="s1")
    await scripted.done("And then?", session_id="s1")
    contents = [message.content for message in scripted.model.requests[1].messages]
    assert any("First question?" in content for content in contents)
    assert any("First answer." in content for content in contents)


async def test_names_that_changed_since_the_last_question_are_said() -> None:
    scripted, kernel = ScriptedAssistant(["ok"]), StillKernel(state=FRAME)
    await scripted.done("one", session_id="s1", kernel=kernel)
    new = Variable("total", "int", "number", "int 3", version=2)
    kernel.now = KernelState("k1", "e1", 2, {**kernel.now.variables, "total": new})
    done = await scripted.done("two", session_id="s1", kernel=kernel)
    assert done.state is not None
    assert done.state["changed"] == ["total"]


async def test_a_restarted_kernel_is_said_to_be_one() -> None:
    scripted, kernel = ScriptedAssistant(["ok"]), StillKernel(state=FRAME)
    await scripted.done("one", session_id="s1", kernel=kernel)
    kernel.now = KernelState("k1", "e2", 1)
    done = await scripted.done("two", session_id="s1", kernel=kernel)
    assert any("restarted" in warning for warning in done.warnings)


async def test_the_clients_variables_serve_where_no_kernel_is_and_are_said_to_be_the_clients() -> None:
    scripted = ScriptedAssistant(["ok"])
    done = await scripted.done("?", variables={"df": "DataFrame"})
    assert "the client sent" in scripted.model.requests[0].messages[-1].content
    assert any("client" in warning for warning in done.warnings)


async def test_T3_a_retried_turn_is_the_same_turn_and_asks_nothing_again() -> None:
    scripted = ScriptedAssistant(["The answer."])
    first = await scripted.done("q", session_id="s1", turn_id="t1")
    again = await scripted.done("q", session_id="s1", turn_id="t1")
    assert (again.reply, again.turn_id, again.turn_count) == (first.reply, "t1", 2)
    assert len(scripted.model.requests) == 1


async def test_T4_a_turn_id_with_another_question_is_refused() -> None:
    scripted = ScriptedAssistant(["ok"])
    await scripted.done("q", session_id="s1", turn_id="t1")
    with pytest.raises(TurnIdReused):
        await scripted.ask("other", session_id="s1", turn_id="t1")


async def test_T1_a_second_question_while_one_is_answered_is_refused_at_once() -> None:
    scripted = ScriptedAssistant([{"text": "slow", "delay": 30}])
    async with aclosing(scripted.assistant.ask(Question("local", "one", session_id="s1"))) as events:
        await anext(events)
        with pytest.raises(TurnInProgress):
            await scripted.ask("two", session_id="s1")


@pytest.mark.parametrize("why", ["cancelled", "interrupted"])
async def test_what_was_said_before_a_cancel_is_kept(why: str) -> None:
    scripted = ScriptedAssistant([{"text": "Half of the ans", "chunks": 15, "delay": 0.01}])
    answered = asyncio.Event()

    async def consume() -> None:
        async with aclosing(scripted.assistant.ask(Question("local", "q", session_id="s1"))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    answered.set()

    task = asyncio.create_task(consume())
    await asyncio.wait_for(answered.wait(), 5)
    task.cancel(why)
    with pytest.raises(asyncio.CancelledError):
        await task
    session = await scripted.assistant.sessions.get("local", "s1")
    (turn,) = await scripted.assistant.sessions.tree.history(session, 10)
    assert turn.status == why
    assert "Half of the ans".startswith(turn.reply)
    assert turn.reply
    assert await scripted.done("next", session_id="s1")


async def test_L1_a_failing_model_ends_the_turn_as_failed_with_the_question_kept() -> None:
    scripted = ScriptedAssistant([{"text": "Half", "error": "upstream_auth", "message": "The key was not accepted."}])
    last = (await scripted.ask("q", session_id="s1"))[-1]
    assert isinstance(last, Failed)
    assert (last.code, last.status, last.message) == ("upstream_auth", 502, "The key was not accepted.")
    session = await scripted.assistant.sessions.get("local", "s1")
    (turn,) = await scripted.assistant.sessions.tree.history(session, 10)
    assert (turn.question, turn.reply, turn.status, turn.error) == ("q", "Half", "failed", "upstream_auth")


async def test_a_turn_whose_time_runs_out_ends_with_what_was_said() -> None:
    scripted = ScriptedAssistant([{"text": "abcdefghij", "chunks": 10, "delay": 0.2}])
    done = await scripted.done("q", deadline_seconds=0.5)
    assert done.finish_reason == "deadline"
    assert "abcdefghij".startswith(done.reply[:1])


async def test_P1_a_secret_in_the_question_reaches_neither_model_nor_store() -> None:
    scripted = ScriptedAssistant(["ok"])
    await scripted.done("is hunter2hunter2 a good password?", session_id="s1")
    assert "hunter2" not in str(scripted.model.requests)
    session = await scripted.assistant.sessions.get("local", "s1")
    assert "hunter2" not in str(await scripted.assistant.sessions.tree.history(session, 10))


async def test_P1_a_secret_in_the_answer_is_withheld_though_it_comes_in_pieces() -> None:
    scripted = ScriptedAssistant([{"text": "The key is hunter2hunter2, keep it.", "chunks": 20}])
    events = await scripted.ask("q", session_id="s1")
    streamed = "".join(event.text for event in events if isinstance(event, TextDelta))
    done = events[-1]
    assert isinstance(done, Done)
    assert "hunter2" not in streamed + done.reply
    assert streamed == done.reply


async def test_what_was_withheld_is_said() -> None:
    done = await ScriptedAssistant(["ok"]).done("is hunter2hunter2 a good password?")
    assert any("withheld" in warning for warning in done.warnings)


async def test_L4_a_request_that_is_too_long_is_made_shorter_once() -> None:
    scripted = ScriptedAssistant([{"text": "", "error": "upstream_context_length"}])
    many = {f"v{number}": Variable(f"v{number}", "int", "number", f"{number}") for number in range(3000)}
    kernel = StillKernel(state=KernelState("k1", "e1", 1, many))
    last = (await scripted.ask("q", kernel=kernel))[-1]
    assert isinstance(last, Failed)
    assert last.code == "upstream_context_length"
    first, second, *_ = (
        sum(len(message.content) for message in request.messages) for request in scripted.model.requests
    )
    assert second < 0.6 * first


async def test_what_the_server_counted_makes_the_next_request_fit_better() -> None:
    many = {f"v{number}": Variable(f"v{number}", "int", "number", f"{number}") for number in range(3000)}
    kernel = StillKernel(state=KernelState("k1", "e1", 1, many))
    scripted = ScriptedAssistant([{"text": "ok", "usage": {"input_tokens": 100_000, "output_tokens": 1}}])
    await scripted.ask("q", kernel=kernel)
    await scripted.ask("q", kernel=kernel)
    first, second = (sum(len(message.content) for message in request.messages) for request in scripted.model.requests)
    assert second < 0.7 * first


async def test_an_unknown_model_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnknownModel, match="offline"):
        await ScriptedAssistant(["ok"]).ask("q", model="nonsense:7")


async def test_a_request_cannot_name_a_script_of_its_own() -> None:
    with pytest.raises(UnknownModel):
        await ScriptedAssistant(["ok"]).ask("q", model="scripted:/etc/hostname")


async def test_N9_auto_is_lowered_where_it_is_switched_off_and_the_reply_says_so() -> None:
    done = await ScriptedAssistant(["ok"], allow_auto=False).done("q", approval="auto")
    assert "Approval 'auto' is not allowed on this server; 'auto-edit' holds." in done.warnings


async def test_from_config_wires_stores_models_and_tools_by_their_entry_points() -> None:
    assistant = Assistant.from_config(JupyterAgent(store="memory://", model="offline"))
    assert assistant.model(None).name == "offline"
    assert "inspect_variable" in assistant.tools
    await assistant.close()
