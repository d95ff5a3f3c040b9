"""Keys of every known kind stay in the kernel: what the server would withhold does not leave it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from jupyter_agent.kernelside.secrets import is_secret_name
from tests.support.secret_keys import HARMLESS, SHAPES, secret_forms, secret_key

if TYPE_CHECKING:
    from .conftest import Shell


@pytest.mark.parametrize("kind", SHAPES)
def test_N19_a_key_of_every_known_kind_stays_in_the_kernel(shell: Shell, kind: str) -> None:
    key, secret = secret_key(kind)
    shell.shell.user_ns.update(plain=key, listed=[key], mapped={"value": key}, raw=key.encode(), prose=f"use {key}!")
    shell.run(
        "import pandas as pd, polars as pl\nframe = pd.DataFrame({'a': listed})\nother = pl.DataFrame({'a': listed})"
    )
    names = ["plain", "listed", "mapped", "raw", "prose", "frame", "other"]
    described = json.dumps([shell.variables(), [shell.inspect(name) for name in names]])
    assert secret not in described
    assert shell.variables()["plain"]["facts"]["value"].startswith(("[withheld]", "https://"))


@pytest.mark.parametrize("form", secret_forms())
def test_N19_a_secret_in_a_known_form_stays_in_the_kernel(shell: Shell, form: str) -> None:
    text, secret = secret_forms()[form]
    shell.shell.user_ns["plain"] = text
    assert secret not in json.dumps([shell.variables(), shell.inspect("plain")])


@pytest.mark.parametrize("text", HARMLESS[:10])
def test_a_value_that_only_looks_like_a_key_is_shown(shell: Shell, text: str) -> None:
    shell.shell.user_ns["plain"] = text
    assert shell.inspect("plain")["facts"]["value"] == text


def test_a_measure_of_a_secret_is_none() -> None:
    names = ("password_strength", "token_count", "pass_rate", "password_score", "password", "db_password", "api_key_2")
    assert [name for name in names if is_secret_name(name)] == ["password", "db_password", "api_key_2"]
