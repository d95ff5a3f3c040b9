"""Pictures in the panel: pasted, dropped, chosen, from the file browser; made smaller, refused, removed; sent, and there after a reload."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Request, expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.pictures import encoded, gif, png
from tests.support.sidebar_page import SidebarPage, write_notebook

QUICK = re.compile("/api/agent/quick")


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    return [
        {"match": r"plot\.png \(1568 x 1045 px, PNG", "text": "I see the small plot."},
        {"match": r"output of In \[1\]", "text": "I see what the cell draws."},
        {"match": r"dot\.png", "text": "I see a dot."},
        {"text": "I see nothing."},
    ]


def attached(opened: SidebarPage) -> Locator:
    return opened.panel.get_by_role("list", name="Pictures that go with the question").get_by_role("img")


def body_of(request: Request) -> Any:
    return request.post_data_json


def test_a_picture_is_pasted_made_smaller_sent_and_there_after_a_reload(opened: SidebarPage) -> None:
    assert opened.give_files("paste", ("plot.png", png(3000, 2000, shade=90))) is True
    expect(attached(opened)).to_have_attribute("alt", re.compile(r"^plot\.png, 1568 × 1045, \d+ KiB$"))
    expect(opened.panel.get_by_role("status").filter(has_text="made smaller")).to_contain_text(
        "3000 × 2000, now 1568 × 1045"
    )
    with opened.page.expect_request(QUICK) as asked:
        opened.ask("What is it?")
    (sent,) = body_of(asked.value)["pictures"]
    assert (sent["name"], sent["media_type"]) == ("plot.png", "image/png")
    expect(opened.wait_for_answer()).to_contain_text("I see the small plot.")
    expect(attached(opened)).to_have_count(0)
    expect(opened.questions.last.get_by_role("img")).to_have_count(1)
    opened.reload()
    image = opened.questions.last.get_by_role("img")
    expect(image).to_have_attribute("alt", re.compile("plot.png, 1568 × 1045"))
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1568
    opened.button("Attach again: plot.png").press("Enter")
    expect(attached(opened)).to_have_count(1)
    opened.button("Remove picture: plot.png").press("Enter")
    opened.button("Edit the question").click()
    with opened.page.expect_request(QUICK) as again:
        opened.panel.get_by_role("textbox", name="Edited question").press("Enter")
    assert body_of(again.value)["pictures"] == [sent]


@pytest.mark.slow
def test_pictures_are_dropped_and_chosen_and_removed_by_the_keyboard(opened: SidebarPage) -> None:
    assert opened.give_files("drop", ("dot.png", png()), ("film.gif", gif())) is True
    expect(attached(opened)).to_have_count(1)  # the GIF has no pixels that a browser can read
    expect(opened.panel.get_by_role("status").filter(has_text="film.gif")).to_contain_text("cannot be read")
    with opened.page.expect_file_chooser() as choosing:
        opened.button("Attach picture").press("Enter")
    choosing.value.set_files([FilePayload(name="other.png", mimeType="image/png", buffer=png(shade=5))])
    expect(attached(opened)).to_have_count(2)
    opened.button("Remove picture: other.png").press("Enter")
    expect(attached(opened)).to_have_count(1)
    expect(opened.question).to_be_focused()
    opened.ask("What is it?")
    expect(opened.wait_for_answer()).to_contain_text("I see a dot.")


@pytest.mark.slow
def test_a_file_of_the_file_browser_is_dragged_to_the_question(opened: SidebarPage, jupyter: JupyterProcess) -> None:
    Path(jupyter.root / "dot.png").write_bytes(png())
    listing = opened.page.locator(".jp-FileBrowser-listing").first
    if not listing.is_visible():
        opened.page.keyboard.press("Control+Shift+F")
    file = listing.locator(".jp-DirListing-item", has_text="dot.png")
    opened.page.locator('[data-command="filebrowser:refresh"]:visible').first.click()
    file.hover()
    opened.page.mouse.down()
    box = opened.question.bounding_box()
    assert box is not None
    opened.page.mouse.move(box["x"] + 20, box["y"] + 5, steps=10)
    opened.page.mouse.move(box["x"] + 30, box["y"] + 8, steps=5)
    opened.page.mouse.up()
    expect(attached(opened)).to_have_attribute("alt", re.compile("^dot.png, 2 × 1"))


@pytest.mark.slow
def test_H30_what_is_no_picture_is_refused_in_words(opened: SidebarPage) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>window.evil = 1</script></svg>"
    refused = {
        "evil.svg": (svg, "is no picture that models take"),
        "tiny.png": (b"\x89", "is no picture that models take"),
        "huge.png": (png(size=(30_000, 30_000)), "30000 × 30000 pixels, which is too many"),
        "half.png": (png(40, 40)[:30], "cannot be read"),
    }
    notes = opened.panel.locator(".jp-agent-picture-notes")
    for name, (data, words) in refused.items():
        opened.give_files("drop", (name, data))
        expect(notes).to_contain_text(words)
        expect(notes).to_contain_text(name)
    expect(attached(opened)).to_have_count(0)
    opened.give_files("drop", *((f"{number}.png", png(shade=number)) for number in range(7)))
    expect(attached(opened)).to_have_count(5)
    expect(notes.locator("p")).to_have_count(2)
    assert opened.page.evaluate("window.evil") is None


@pytest.mark.slow
def test_text_that_is_pasted_with_a_picture_of_itself_stays_text(opened: SidebarPage) -> None:
    assert opened.give_files("paste", ("cells.png", png()), text="a\tb") is False
    expect(attached(opened)).to_have_count(0)


@pytest.mark.slow
def test_what_the_active_cell_draws_goes_with_a_question_about_it(
    sidebar: SidebarPage, jupyter: JupyterProcess
) -> None:
    source = f"from IPython.display import Image\nimport base64\nImage(base64.b64decode('{encoded(png())}'))"
    write_notebook(jupyter.root / "draws.ipynb", source, "1")
    sidebar.go("draws.ipynb")
    sidebar.run_cells(1)
    sidebar.cells.first.click()
    sidebar.open()
    sidebar.ask("What does the picture show?")
    expect(sidebar.wait_for_answer()).to_contain_text("I see what the cell draws.")


@pytest.mark.slow
def test_a_large_picture_of_a_cell_is_made_smaller_before_it_is_sent(
    sidebar: SidebarPage, jupyter: JupyterProcess
) -> None:
    source = """import os, struct, zlib
from IPython.display import Image
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = b"".join(b"\\0" + bytes(100 + byte % 16 for byte in os.urandom(1800)) for _ in range(1800))
head = struct.pack(">IIBBBBB", 1800, 1800, 8, 0, 0, 0, 0)
Image(b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))"""
    write_notebook(jupyter.root / "noise.ipynb", source, "1")
    sidebar.go("noise.ipynb")
    sidebar.run_cells(1)
    sidebar.cells.first.click()
    sidebar.open()
    with sidebar.page.expect_request(QUICK) as asked:
        sidebar.ask("What does the picture show?")
    expect(sidebar.wait_for_answer()).to_contain_text("I see what the cell draws.")
    (sent,) = (picture for cell in body_of(asked.value)["context"]["cells"] for picture in cell.get("pictures", []))
    assert (sent["media_type"], len(sent["data"]) < 1_400_000) == ("image/jpeg", True)


@pytest.mark.slow
def test_the_preview_names_the_pictures(opened: SidebarPage) -> None:
    opened.give_files("paste", ("dot.png", png()))
    expect(attached(opened)).to_have_count(1)
    opened.question.fill("/context What is it?")
    opened.question.press("Enter")
    expect(opened.panel.get_by_role("list", name="Pictures")).to_contain_text("dot.png, 2 × 1")
