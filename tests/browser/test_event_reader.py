"""The page's reader of server-sent events, run by Node: where a body is cut into pieces says nothing about its events."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

READER = Path(__file__).parents[2] / "labextension/lib/api/sse.js"
PROGRAM = """
import { readEvents } from './sse.mjs';
import { readFileSync } from 'fs';
const read = async pieces => {
  const body = new ReadableStream({
    start: controller => {
      pieces.forEach(piece => controller.enqueue(new Uint8Array(piece)));
      controller.close();
    }
  });
  const events = [];
  for await (const { id, event, data } of readEvents(body)) events.push([id, event, data]);
  return events;
};
const found = [];
for (const pieces of JSON.parse(readFileSync(0, 'utf-8'))) found.push(await read(pieces));
console.log(JSON.stringify(found));
"""
LONG = "x" * 300_000


def read(folder: Path, bodies: list[list[bytes]]) -> list[Any]:
    """The events of each body, which comes in these pieces."""
    node = shutil.which("node")
    assert node is not None, "There is no Node; the front end cannot be built without it."
    shutil.copy(READER, folder / "sse.mjs")
    (folder / "read.mjs").write_text(PROGRAM, encoding="utf-8")
    given = json.dumps([[list(piece) for piece in body] for body in bodies])
    done = subprocess.run([node, "read.mjs"], cwd=folder, input=given, capture_output=True, text=True, check=True)
    events: list[Any] = json.loads(done.stdout)
    return events


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_body_cut_anywhere_has_the_same_events(tmp_path: Path, end: str) -> None:
    lines = [
        ": alive",
        "",
        "id: 1",
        "event: text",
        'data: {"text": "größe 🐍"}',
        "",
        "data:a",
        "data: b",
        "",
        "event: x",
        "",
    ]
    body = end.join([*lines, ""]).encode() + b"id: 9" + end.encode() + b"data: half"
    cut_once = [[body[:at], body[at:]] for at in range(len(body))]
    by_bytes = [bytes([byte]) for byte in body]
    events = read(tmp_path, [*cut_once, by_bytes])
    assert events == [[["1", "text", '{"text": "größe 🐍"}'], ["", "message", "a\nb"]]] * len(events)


def test_a_long_event_in_many_pieces_is_one_event(tmp_path: Path) -> None:
    body = f"data: {LONG}\n\ndata: next\n\n".encode()
    pieces = [body[at : at + 64] for at in range(0, len(body), 64)]
    assert read(tmp_path, [pieces]) == [[["", "message", LONG], ["", "message", "next"]]]
