"""What a run displayed, as a notebook's file keeps it and as a model that sees gets it."""

from __future__ import annotations

import base64
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from jupyter_agent.core.kernel_state import ExecutionResult
from jupyter_agent.kernels.outputs import OutputCollector
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.notebooks.cells import cell_of
from tests.support.pictures import encoded, png

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()


def collected(*messages: tuple[str, dict[str, Any]]) -> ExecutionResult:
    outputs = OutputCollector()
    for message_type, content in messages:
        outputs.add(message_type, content)
    return outputs.result("ok")


def stream(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


def picture(data: str = PNG, **more: Any) -> tuple[str, dict[str, Any]]:
    return "display_data", {"data": {"image/png": data, "text/plain": "<Figure>"}, "metadata": {}, **more}


def texts(result: ExecutionResult) -> list[str]:
    return [str(output.get("text")) for output in result.outputs]


async def test_outputs_come_as_nbformat_has_them(kernel: RemoteKernel) -> None:
    code = (
        "import sys\nfrom IPython.display import HTML, display\nprint('a')\nprint('b', flush=True)\n"
        "print('c', file=sys.stderr, flush=True)\nhandle = display(HTML('<b>one</b>'), display_id=True)\n"
        "handle.update(HTML('<b>two</b>'))\n6 * 7"
    )
    result = await kernel.execute(code, timeout=20)
    html, number = result.outputs[-2:]
    assert [dict(output) for output in result.outputs[:2]] == [
        {"output_type": "stream", "name": "stdout", "text": "a\nb\n"},
        {"output_type": "stream", "name": "stderr", "text": "c\n"},
    ]
    assert html["data"]["text/html"] == "<b>two</b>"
    assert (number["data"]["text/plain"], number["execution_count"]) == ("42", result.execution_count)
    failed = await kernel.execute("1 / 0", timeout=20)
    assert [output["ename"] for output in failed.outputs] == ["ZeroDivisionError"]
    assert (result.execution_count, failed.execution_count) == (1, 2)
    for executed in (result, failed):
        cell = new_code_cell(code, outputs=[nbformat.from_dict(dict(output)) for output in executed.outputs])  # type: ignore[no-untyped-call]
        nbformat.validate(new_notebook(cells=[cell]))  # type: ignore[no-untyped-call]


def test_the_last_pictures_are_kept_for_models() -> None:
    pictures = [encoded(png(width)) for width in range(1, 7)]
    result = collected(*map(picture, pictures))
    assert ([picture.width for picture in result.pictures], result.images) == ([3, 4, 5, 6], 6)
    assert result.pictures[0].mime == "image/png"


def test_K14_pictures_that_are_broken_or_too_large_are_not_kept() -> None:
    large = base64.b64encode(bytes(20 << 20)).decode()
    result = collected(
        picture("no base64 at all!"), picture(large), picture(encoded(bytes(2 << 19))), picture(encoded(png()))
    )
    assert (len(result.pictures), result.images) == (1, 4)
    assert result.outputs[1]["data"] == {"text/plain": "[image/png, 27,962,028 characters, left out]\n<Figure>"}


def test_K11_a_flood_of_outputs_keeps_the_first_and_the_last() -> None:
    result = collected(*(picture(PNG, execution_count=n) for n in range(1_000)), stream("the end\n"))
    assert len(result.outputs) == 101
    assert result.outputs[50]["text"] == "[… 901 outputs left out …]\n"
    assert result.outputs[-1]["text"] == "the end\n"
    flood = collected(*(stream("x" * 100_000) for _ in range(30)))
    assert (len(flood.outputs), len(flood.outputs[0]["text"]) < 70_000) == (1, True)
    assert "characters left out" in flood.outputs[0]["text"]


def test_what_is_cleared_is_gone_at_once_or_with_the_next_output() -> None:
    assert collected(stream("a"), ("clear_output", {"wait": False})).outputs == ()
    waiting = collected(stream("a"), ("clear_output", {"wait": True}))
    assert (texts(waiting), waiting.text) == (["a"], "a")
    replaced = collected(stream("a"), ("clear_output", {"wait": True}), stream("b"))
    assert (texts(replaced), replaced.text) == (["b"], "b")
    assert collected(stream("a"), ("clear_output", {})).text == ""


def test_messages_that_are_none_of_jupyters_do_no_harm() -> None:
    result = collected(
        ("display_data", {"data": None}),
        ("execute_result", {}),
        ("stream", {}),
        ("error", {"traceback": 3}),
        ("update_display_data", {"transient": 1}),
        ("clear_output", {"wait": []}),
        ("display_data", {"data": {"text/plain": 7}, "metadata": 3, "transient": {"display_id": ["x"]}}),
    )
    assert [output["output_type"] for output in result.outputs] == ["display_data"]


def test_what_was_shown_is_the_same_text_as_when_a_front_end_stored_it_in_its_own_way() -> None:
    collector = OutputCollector()
    for share in (10, 60, 100):
        collector.add("stream", {"name": "stdout", "text": f"\r{share} %"})
    display = {"data": {"text/plain": "'waiting'"}, "metadata": {}, "transient": {"display_id": "state"}}
    collector.add("display_data", display)
    collector.add("update_display_data", {**display, "data": {"text/plain": "'ready'"}})
    collector.add("stream", {"name": "stdout", "text": "done\n"})
    stored = [
        {"output_type": "stream", "name": "stdout", "text": "\r10 %"},
        {"output_type": "stream", "name": "stdout", "text": ["\r60 %", "\r100 %"]},
        {"output_type": "display_data", "data": {"text/plain": ["'ready'"]}, "metadata": {}},
        {"output_type": "stream", "name": "stdout", "text": "done\n"},
    ]
    result = collector.result("ok")
    shown = [cell_of({"outputs": outputs}, "a").output for outputs in (stored, list(result.outputs))]
    assert shown == ["100 %\n'ready'\ndone"] * 2
    assert result.text == "100 %'ready'\ndone\n"
