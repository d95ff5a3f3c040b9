"""Every known kind of key is withheld from models, alone and wherever it stands; what only looks like one is not."""

from __future__ import annotations

import json

import pytest

from jupyter_agent.redaction.redactor import Redactor
from tests.support.secret_keys import HARMLESS, SHAPES, secret_forms, secret_key

#: Where keys are left.
PLACES = {
    "alone": "{}",
    "in prose": "use {} for it",
    "in a list": "['{}']",
    "as bytes": "b'{}'",
    "in a row of a frame": "0  bob  {}  3.5",
    "in a traceback": "ValueError: could not connect with '{}'",
    "in a code span": "set it to `{}`.",
    "in an address": "https://example.com/v1/{}/run",
    "under a name that says nothing": 'value = "{}"',
}


@pytest.mark.parametrize("kind", SHAPES)
def test_N19_a_key_of_every_known_kind_is_withheld_wherever_it_stands(kind: str) -> None:
    for place, text in PLACES.items():
        key, secret = secret_key(kind, place)
        if place == "in an address" and "://" in key:
            continue
        redacted = Redactor().text(text.format(key))
        assert secret not in redacted, (place, key)
        assert "[withheld: " in redacted
    key, secret = secret_key(kind)
    for before in ("\n", "\t", "\u2028", "first line\r\n", 'said "', "\x1b[1m"):
        assert secret not in Redactor().text(json.dumps({"value": f"{before}{key}\n"})), before
        assert secret not in Redactor().text(json.dumps(json.dumps({"value": f"{before}{key}\n"}))), before
    assert secret not in Redactor().text(json.dumps({"value": key}))
    assert secret not in Redactor().text(json.dumps({"outer": json.dumps({"value": key})}))
    stream = Redactor().stream()
    assert secret not in "".join(stream.feed(letter) for letter in f"use {key} for it") + stream.flush()


@pytest.mark.parametrize("form", secret_forms())
def test_N19_a_secret_in_a_known_form_is_withheld_also_in_pieces(form: str) -> None:
    for seed in "abc":
        text, secret = secret_forms(seed)[form]
        text = f"before\n{text}\nafter"
        redacted = Redactor().text(text)
        assert secret not in redacted
        assert redacted.startswith("before")
        assert redacted.endswith("after")
        for size in (1, 2, 3, 5, 8, 13, 40):
            stream = Redactor().stream()
            pieces = [text[start : start + size] for start in range(0, len(text), size)]
            assert secret not in "".join(map(stream.feed, pieces)) + stream.flush(), size


@pytest.mark.parametrize("is_data_first", [True, False])
@pytest.mark.parametrize("field", ["data", "stringData"])
def test_N19_the_values_of_a_kubernetes_secret_are_withheld(field: str, *, is_data_first: bool) -> None:
    values = f"{field}:\n  login: correct-horse\n  word: battery-staple\n"
    head = "kind: Secret\nmetadata:\n  name: db\ntype: Opaque\n"
    redacted = Redactor().text(
        f"apiVersion: v1\n{values}{head}" if is_data_first else f"apiVersion: v1\n{head}{values}"
    )
    assert "correct-horse" not in redacted
    assert "battery-staple" not in redacted
    assert redacted.startswith("apiVersion: v1\n")
    assert Redactor().text(f"kind: ConfigMap\n{values}") == f"kind: ConfigMap\n{values}"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_key_is_left_as_it_is(text: str) -> None:
    assert Redactor().text(text) == text
