"""Pictures: what is one, how large it is, and what is left of it; in words for models that do not see."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from jupyter_agent.core.errors import BadRequest, TooLarge
from jupyter_agent.core.messages import Message, Picture
from jupyter_agent.core.pictures import (
    MAX_BYTES,
    checked,
    decoded,
    from_kept,
    name_pictures,
    newest_kept,
    not_shown,
    of_output,
    once,
    question_again,
    to_kept,
    within_limits,
    without_data,
)
from tests.support.pictures import PLACE, encoded, gif, jpeg, png, webp

FORMATS: dict[str, Callable[[], bytes]] = {"png": png, "jpeg": jpeg, "gif": gif, "webp": webp}


@pytest.mark.parametrize(("kind", "size"), [("png", (2, 1)), ("jpeg", (3, 2)), ("gif", (5, 4)), ("webp", (7, 6))])
def test_a_picture_is_known_by_its_bytes_and_loses_what_a_camera_wrote(kind: str, size: tuple[int, int]) -> None:
    picture = checked(FORMATS[kind](), "Rome <b>\n.x")
    assert (picture.mime, picture.width, picture.height) == (f"image/{kind}", *size)
    kept = base64.b64decode(picture.data)
    assert PLACE not in kept
    assert PLACE in FORMATS[kind]()
    assert picture.name == "Rome b .x"
    assert checked(kept, "x") == Picture(picture.mime, picture.data, name="x", width=size[0], height=size[1])


def test_how_a_camera_was_held_stays() -> None:
    kept = base64.b64decode(checked(jpeg(orientation=8)).data)
    assert b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08" in kept
    assert kept.count(b"\x12\xff\0\x34\xff\xd0\x56") == 2


@pytest.mark.parametrize("kind", FORMATS)
def test_H30_what_is_broken_off_or_damaged_is_refused_name_pictures(kind: str) -> None:
    data = FORMATS[kind]()
    for end in range(len(data) - len(PLACE) - 1):
        with pytest.raises((BadRequest, TooLarge)):
            checked(data[:end])
    chance = random.Random(kind)
    for _ in range(300):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] = chance.randrange(256)
        with suppress(BadRequest):  # and nothing else
            checked(bytes(changed))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89", "no picture that models take"),
        (b"", "no picture that models take"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no picture that models take"),
        (png(size=(30_000, 30_000)), "30,000 x 30,000 pixels"),
        (png(size=(8_000, 8_000)), "40 million"),
        (gif(0, 0), "0 x 0"),
        (gif(frames=300), "film"),
        (png()[:-4], "broken off or damaged"),
    ],
)
def test_H30_what_is_no_picture_or_a_bomb_is_refused_with_the_cure(data: bytes, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        checked(data, "plot.png")


def test_too_many_and_too_large_ones_are_refused() -> None:
    with pytest.raises(TooLarge, match=r"plot\.png is larger than 5 MiB"):
        checked(png() + bytes(MAX_BYTES), "plot.png")
    picture = checked(png())
    with pytest.raises(BadRequest, match="At most 5 pictures"):
        within_limits([picture] * 6)
    with pytest.raises(TooLarge, match="8 MiB together"):
        within_limits([Picture("image/png", "A" * (4 << 20))] * 3)
    with pytest.raises(BadRequest, match="not Base64"):
        decoded("no base64!")


def test_an_outputs_picture_is_named_as_the_output_says() -> None:
    data = {
        "image/png": [encoded(png())[:9] + "\n", encoded(png())[9:]],
        "text/plain": "<Figure size 640x480 with 1 Axes>",
    }
    picture = of_output({"data": data, "metadata": {"image/png": {"width": 3}}})
    assert picture is not None
    assert (picture.name, picture.width, picture.is_users) == ("Figure size 640x480 with 1 Axes", 2, False)
    described = of_output({"data": data, "metadata": {"image/png": {"alt": "Sales by city"}}})
    assert described is not None
    assert described.name == "Sales by city"
    for none in ({"image/png": "aGk="}, {"image/svg+xml": "<svg/>"}, {"text/plain": "x"}, None):
        assert of_output({"data": none}) is None


def test_a_model_that_does_not_see_is_told_what_there_is() -> None:
    shown = checked(png(), "plot.png", is_users=True)
    question = name_pictures(Message("user", "Why?", pictures=(shown,)), sees=True)
    assert question.pictures == (shown,)
    assert "plot.png (2 x 1 px, PNG, 1 KiB)" in question.content
    blind = name_pictures(question, sees=False)
    assert blind.pictures == ()
    assert blind.content.count("<context-pictures>") == 1
    assert "cannot see: plot.png (2 x 1 px, PNG, 1 KiB)" in blind.content
    result = Message("tool", "{}", tool_call_id="c", pictures=(Picture("image/png", shown.data, width=2, height=1),))
    assert name_pictures(result, sees=True) == result
    assert (
        name_pictures(result, sees=False).content
        == "{}\n[There is what you cannot see: a picture (2 x 1 px, PNG, 1 KiB)]"
    )
    assert "not shown any more" in not_shown(result).content
    assert shown.data not in str(blind)


def test_a_picture_is_sent_once() -> None:
    dot, other = Picture("image/png", "aGk="), Picture("image/png", "aGm=")
    messages = [Message("tool", "1", pictures=(dot, dot)), Message("tool", "2", pictures=(dot, other))]
    first, second = once(messages)
    assert (first.pictures, second.pictures) == ((dot,), (other,))
    assert "above already" in second.content


def test_what_is_kept_with_a_turn_has_a_limit_and_is_read_without_trust() -> None:
    small = checked(png(), "a.png", is_users=True)
    large = Picture("image/jpeg", "A" * (3 << 20), is_users=True, name="b.jpg", width=9, height=9)
    web = Picture("", "https://pictures.example/x.png", is_users=True)
    extra = to_kept([small, large, web])
    assert [bool(picture.data) for picture in from_kept(extra)] == [True, False, False]
    assert "pictures.example" not in str(extra)
    assert from_kept(extra)[0] == small
    again = question_again("Why?", extra)
    assert again.startswith(
        "Why?\n\n<context-pictures>\nWith this question came, and is not sent again: a.png (2 x 1 px"
    )
    assert "data" not in str(without_data(extra))
    assert newest_kept([extra, extra], len(small.data)) == [without_data(extra), extra]
    assert to_kept([]) == {}
    evil: dict[str, Any] = {
        "pictures": [{"media_type": "image/svg+xml", "data": encoded(b"<svg/>")}, 7, {"name": "x", "width": "9"}]
    }
    assert [(picture.mime, picture.data) for picture in from_kept(evil)] == [("", "")]
    assert from_kept({"pictures": "x"}) == ()
