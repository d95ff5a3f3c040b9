"""Secrets are withheld wherever and however they stand; everything else is left as it is."""

from __future__ import annotations

import base64
import json
import string
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.redaction.redactor import Redactor

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq\nq3hTQvcanary+/x=\n-----END RSA PRIVATE KEY-----"

#: A text, and what of it must not be left.
CANARIES: list[tuple[str, str]] = [
    ("key sk-abcdefghijklmnopqrst0123456789ABCD end", "abcdefghijklmnopqrst0123456789ABCD"),
    ("sk-proj-Ab1_cdefghij-klmnopqrstuvwxyz012345", "Ab1_cdefghij"),
    ("sk-ant-api03-Ab1cdefghijklmnopqrstuvwxyz", "Ab1cdefghij"),
    ("sk-0123456789abcdef0123456789abcdef", "0123456789abcdef"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnop"),
    ("gho_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnop"),
    ("github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz", "abcdefghijkl"),
    ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
    ("ASIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    ("xoxb-123456789012-abcdefABCDEF", "123456789012"),
    ("xapp-1-A0123456789-abcdef", "A0123456789"),
    ("https://hooks.slack.com/services/T00000000/B00000000/XXXXcanaryXXXX", "XXXXcanaryXXXX"),
    ("AIzaSyA-0123456789abcdefghijklmnopqrstu", "0123456789abcdef"),
    ("ya29.a0AfH6SMBcanarycanarycanary", "canarycanary"),
    ("GOCSPX-canary0123456789canary", "canary0123456789"),
    ("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "abcdefghijklmnop"),
    ("glpat-abcdefghij0123456789", "abcdefghij0123456789"),
    ("sk_live_abcdefghij0123456789", "abcdefghij0123456789"),
    ("whsec_abcdefghij0123456789", "abcdefghij0123456789"),
    ("npm_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnop"),
    ("pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMAAC", "AgEIcHlwaS5vcmc"),
    ("SG.abcdefghijklmnop0123.abcdefghijklmnop0123", "abcdefghijklmnop0123"),
    ("gsk_abcdefghijklmnopqrstuvwxyz0123", "abcdefghijklmnop"),
    ("dapi0123456789abcdef0123456789abcdef", "0123456789abcdef"),
    ("123456789:AAabcdefghijklmnopqrstuvwxyz0123456", "abcdefghijklmnop"),
    (f"token is {JWT}.", "eyJzdWIiOiIxMjM0NTY3ODkwIn0"),
    (PEM, "q3hTQvcanary"),
    (json.dumps({"k": PEM}), "q3hTQvcanary"),
    (PEM.partition("-----END")[0], "q3hTQvcanary"),
    (
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXkcanary\n-----END OPENSSH PRIVATE KEY-----",
        "b3BlbnNzaC1rZXkcanary",
    ),
    ("postgresql://bob:hunter2@db.example.com/x", "hunter2"),
    ("redis://:hunter2@127.0.0.1:6379/0", "hunter2"),
    ("https://bob:p@ss:w0rd@example.com/", "p@ss:w0rd"),
    ("git clone https://0123456789abcdefghij@github.com/o/r", "0123456789abcdefghij"),
    ("http://127.0.0.1:8888/lab?token=0123456789abcdef0123", "0123456789abcdef0123"),
    ("https://x.blob.core.windows.net/c?sv=2024&sig=abc%2Fdef%2B0123456789%3D", "def%2B0123456789"),
    ("Authorization: Bearer abcdefghij0123456789", "abcdefghij0123456789"),
    ('{"Authorization": "Basic dXNlcjpwYXNzd29yZA=="}', "dXNlcjpwYXNzd29yZA"),
    ("curl -H 'authorization: token abcdefghij0123456789'", "abcdefghij0123456789"),
    ("DefaultEndpointsProtocol=https;AccountName=x;AccountKey=abc/def+0123456789==;", "abc/def+0123456789"),
    ("Server=db;Database=x;User Id=bob;Password=hunter2;", "hunter2"),
    ("mysql --password hunter2 -u bob", "hunter2"),
    ("CREATE USER bob IDENTIFIED BY 'hunter2'", "hunter2"),
    ("machine api.example.com login bob password hunter2", "hunter2"),
    ('{"username":"bob","key":"0123456789abcdef0123456789abcdef"}', "0123456789abcdef"),
    ('password = "hunter2"', "hunter2"),
    ("password='it is a \"secret\" phrase'", "secret"),
    ("db_password: str = 'hunter2'", "hunter2"),
    ("connect(host='x', passwd='hunter2')", "hunter2"),
    ('"api_key": "abcdef0123456789"', "abcdef0123456789"),
    ("{'clientSecret': 'abcdef0123456789'}", "abcdef0123456789"),
    ('os.environ["WANDB_API_KEY"] = "0123456789abcdef"', "0123456789abcdef"),
    ('os.putenv("WANDB_API_KEY", "0123456789abcdef")', "0123456789abcdef"),
    ('"source": "password = \\"hunter2\\"\\n"', "hunter2"),
    ("%env MY_TOKEN=abcdef0123456789", "abcdef0123456789"),
    ("export DB_PASSWORD=hunter2x", "hunter2x"),
    ("HOME=/root\nMY_SECRET=abc123def456\nLANG=C", "abc123def456"),
    ("  api_key: abc123def456  # mine", "abc123def456"),
    ("env: PGPASSWORD=hunter2x", "hunter2x"),
]

HARMLESS = [
    "How many rows does df have?",
    "tokens = tokenizer(text, return_tensors='pt')",
    "max_tokens=1024, token_count: 512345678",
    'tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")',
    'tok.pad_token = "<|endoftext|>"',
    'password = getpass("Password: ")',
    'api_key = os.environ["OPENAI_API_KEY"]',
    "api_key=os.getenv('OPENAI_API_KEY'), timeout=30",
    'df[["password", "username", "email"]]',
    'df["key"] = df["group"].str.lower()',
    "sorted(items, key=lambda pair: pair[1])",
    "pd.merge(left, right, on='key', how='outer')",
    "primary_key: customer_identifier",
    'foreign_key="users.id"',
    "compass = 'north-west-12'; bypass = 'road 2024'",
    '<div class="sk-top-container"><div class="sk-toggleable__label-arrow">▸</div></div>',
    '<div id="sk-container-id-1" class="sk-toggleable__control sk-hidden--visually">',
    "scikit-learn and task-force-with-a-very-long-name-2024",
    "https://example.com:8080/a@b and git@github.com:owner/repository.git",
    "http://localhost:8888/lab/tree/analysis.ipynb?path=a&sort=key",
    "bob@example.com, https://user@example.com/",
    "d41d8cd98f00b204e9800998ecf8427e 0123456789abcdef0123456789abcdef01234567",
    "5f0c1c5e-3f0a-4e52-9d2c-6a0f1f3a9f10",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    '{"cell_type": "code", "execution_count": 5, "metadata": {}, "outputs": [], "source": ["x = 1"]}',
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQ\n-----END CERTIFICATE-----",
    "the secret of the token: it is short",
    "password: str\npasswords: list[str]\nsecret_santa = names",
    "if not password: raise ValueError('no password')",
    "password = '<your password>'; token = '${TOKEN}'; secret = '{{ secret }}'; api_key = '***'",
    "Basic statistics and bearer bonds; authorization: required",
    "KeyError: 'token'  KeyError: 'api_key'",
    "a --- b ----- c ----- BEGIN",
    "eyJ is how Base64 of '{\"' begins",
    "12:30:45:AA and AKIA and AIza and hf_ and ghp_ and xoxb-",
    "SELECT password_hash, token_id FROM users WHERE key = 'abc'",
    "                rows    key  token\n0  1.0     a    the\n1  2.5     b    of",
    "x" * 1000,
    "Grüße 世界 𝄞 \ud83d",
    "",
]


def pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def streamed(redactor: Redactor, parts: list[str]) -> str:
    stream = redactor.stream()
    return "".join([stream.feed(part) for part in parts]) + stream.flush()


@pytest.mark.parametrize(("text", "secret"), CANARIES)
def test_P1_a_secret_is_withheld(text: str, secret: str) -> None:
    assert secret in text
    redactor = Redactor()
    redacted = redactor.text(f"before\n{text}\nafter")
    assert secret not in redacted
    assert "[withheld: " in redacted
    assert redacted.startswith("before")
    assert redacted.endswith("after") or "BEGIN" in text
    assert sum(redactor.counts.values()) >= 1


@pytest.mark.parametrize(("text", "secret"), CANARIES)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 40])
def test_P1_a_secret_that_comes_in_pieces_is_withheld(text: str, secret: str, size: int) -> None:
    redacted = streamed(Redactor(), pieces(f"before\n{text}\nafter", size))
    assert secret not in redacted
    assert "[withheld: " in redacted


@pytest.mark.parametrize(("text", "secret"), CANARIES)
def test_P1_a_secret_is_withheld_within_the_json_of_a_notebook(text: str, secret: str) -> None:
    cell = json.dumps({"cells": [{"source": [f"x = 1\n{text}\n", "y = 2"]}]})
    redacted = Redactor().text(cell)
    assert json.dumps(secret)[1:-1] not in redacted
    assert json.loads(redacted)["cells"][0]["source"][1] == "y = 2"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_is_left_as_it_is(text: str) -> None:
    assert Redactor().text(text) == text
    assert Redactor().json({"text": [text, 1, None, True, 2.5]}) == {"text": [text, 1, None, True, 2.5]}
    for size in (1, 4, 1000):
        assert streamed(Redactor(), pieces(text, size)) == text


@pytest.mark.parametrize(("text", "secret"), CANARIES)
def test_twice_is_once(text: str, secret: str) -> None:
    once = Redactor().text(text)
    again = Redactor()
    assert again.text(once) == once
    assert not again.counts


@given(
    st.lists(st.sampled_from([item for item, _ in CANARIES] + HARMLESS), max_size=6),
    st.sampled_from([" ", "\n", "; ", ""]),
)
def test_twice_is_once_for_any_mixture(texts: list[str], between: str) -> None:
    once = Redactor().text(between.join(texts))
    assert Redactor().text(once) == once


PLAIN_TEXT = st.text(st.sampled_from(string.ascii_lowercase + " \n.,;()[]=+-*/'\"0123456789_"), max_size=300)


@given(PLAIN_TEXT, st.integers(1, 50))
def test_text_in_pieces_comes_out_whole_and_in_order(text: str, size: int) -> None:
    if Redactor().text(text) == text:
        assert streamed(Redactor(), pieces(text, size)) == text


# Known values ---------------------------------------------------------------------------------

SECRET = 'my "own" pa55/phrase+ü'


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        json.dumps(SECRET),
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(b"bob:" + SECRET.encode() + b":x").decode(),
        base64.b64encode(b"user1:" + SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_P1_a_known_value_is_withheld_in_whatever_form(shown: str) -> None:
    redacted = Redactor([SECRET]).text(f"It is {shown}!")
    assert redacted.startswith("It is ")
    assert "[withheld: secret]" in redacted
    assert shown[6:-6] not in redacted
    for size in (1, 3, 7):
        assert streamed(Redactor([SECRET]), pieces(f"It is {shown}!", size)) == redacted


def test_values_of_telling_environment_variables_are_withheld_by_their_names() -> None:
    environ = {
        "MY_API_KEY": "correct-horse",
        "PGPASSWORD": "battery staple",
        "SENTRY_DSN": "https://abcdefgh@sentry.example.com/1",
        "SOME_ADDRESS": "amqp://bob:s3cr%40tpw@127.0.0.1",
    }
    redacted = Redactor(environ=environ).text(
        "correct-horse battery staple https://abcdefgh@sentry.example.com/1 s3cr%40tpw s3cr@tpw"
    )
    names = ["MY_API_KEY", "PGPASSWORD", "SENTRY_DSN", "SOME_ADDRESS", "SOME_ADDRESS"]
    assert redacted == " ".join(f"[withheld: {name}]" for name in names)


def test_environment_variables_that_only_sound_like_secrets_are_not() -> None:
    environ = {
        "PWD": "/home/bob/project",
        "OLDPWD": "/home/bob",
        "HOME": "/home/bob",
        "SSH_AUTH_SOCK": "/tmp/ssh-x/agent.1",
        "GPG_KEY": "E3FF2839C048B25C084DEBE9B26995E310250568",
        "MAX_TOKENS": "100000000",
        "POSTGRES_PASSWORD": "postgres",
        "TOKENIZERS_PARALLELISM": "disabled",
        "SHORT_KEY": "abc",
        "KEYBOARD": "qwertyuiop",
        "EDITOR": "vim-the-editor",
    }
    text = " ".join(environ.values())
    assert Redactor(environ=environ).text(text) == text


def test_the_longest_of_overlapping_secrets_is_withheld_whole() -> None:
    assert (
        Redactor(["abcdefgh", "abcdefgh-ijklmnop", "mnop-qrst"]).text("abcdefgh-ijklmnop-qrst") == "[withheld: secret]"
    )


# JSON, counts, off ----------------------------------------------------------------------------


def test_json_keeps_its_shape_and_loses_its_secrets() -> None:
    value: Any = {
        "password": "hunter2",
        "rows": 5,
        "items": ["ghp_abcdefghijklmnopqrstuvwxyz0123456789", {"token": "abcdef0123456789", "tokens": 17}],
        "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH": None,
    }
    assert Redactor().json(value) == {
        "password": "[withheld: password]",
        "rows": 5,
        "items": ["[withheld: GitHub token]", {"token": "[withheld: token]", "tokens": 17}],
        "[withheld: Hugging Face token]": None,
    }


def test_a_message_loses_its_secrets_in_content_and_arguments() -> None:
    secret = "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH"
    arguments = json.dumps({"code": f"login('{secret}')", "password": "hunter2", "n": 1})
    calls = ToolCall("a", "run_code", arguments), ToolCall("b", "f", '{"x": 1}'), ToolCall("c", "f", f"{{{secret}")
    redacted = Redactor().message(Message("assistant", f"It is {secret}.", calls))
    assert redacted.content == "It is [withheld: Hugging Face token]."
    assert json.loads(redacted.tool_calls[0].arguments) == {
        "code": "login('[withheld: Hugging Face token]')",
        "password": "[withheld: password]",
        "n": 1,
    }
    assert redacted.tool_calls[1] == calls[1]
    assert redacted.tool_calls[2].arguments == "{[withheld: Hugging Face token]"


def test_a_private_key_spread_over_the_lines_of_a_cell_is_withheld() -> None:
    lines = [f"{line}\n" for line in PEM.split("\n")]
    assert "q3hTQvcanary" not in Redactor().text(json.dumps({"source": lines}))


def test_a_private_key_cut_short_takes_no_more_than_its_text() -> None:
    cut = json.dumps({"value": PEM[:60], "next": 1})
    assert json.loads(Redactor().text(cut)) == {"value": "[withheld: private key]", "next": 1}


def test_what_was_withheld_is_counted_by_kind() -> None:
    redactor = Redactor(["my-own-secret"])
    redactor.text("my-own-secret my-own-secret hf_abcdefghijklmnopqrstuvwxyzABCDEFGH")
    assert redactor.counts == {"secret": 2, "Hugging Face token": 1}


def test_a_redactor_that_is_off_lets_everything_through() -> None:
    text = 'password = "hunter2" hf_abcdefghijklmnopqrstuvwxyzABCDEFGH'
    assert Redactor(enabled=False).text(text) == text
    assert Redactor(enabled=False).json({"password": "hunter2"}) == {"password": "hunter2"}
    assert Redactor(enabled=False).stream().feed(text) == text


# Streams --------------------------------------------------------------------------------------


def test_a_stream_holds_back_no_more_than_a_word_of_plain_text() -> None:
    stream = Redactor().stream()
    words = ["The", "frame", "has", "five", "rows", "and", "three", "columns,", "as", "you", "can", "see", "here."]
    redacted = ""
    for number, word in enumerate(words):
        redacted += stream.feed(f"{word} ")
        assert redacted.split() == words[: number + 1]


def test_a_word_that_never_ends_is_told_in_the_end() -> None:
    stream = Redactor().stream()
    redacted = "".join(stream.feed("x" * 1000) for _ in range(100))
    assert len(redacted) > 60_000
    assert redacted + stream.flush() == "x" * 100_000


# Speed ----------------------------------------------------------------------------------------

HOSTILE = {
    "prefixes": "sk-",
    "prefixes, alike": "sk-a",
    "tokens": "ghp_",
    "web tokens": "eyJ",
    "web tokens, cut": "eyJaaaaaaaaaa.",
    "addresses": "://",
    "addresses, cut": "://a:",
    "private keys": "-----BEGIN PRIVATE KEY-----",
    "dashes": "-----BEGIN ",
    "passwords": "password",
    "passwords, cut": 'password="',
    "names": "password_token_",
    "equals": "key=",
    "bearers": "Bearer ",
    "headers": "authorization:",
    "quotes": "token='\"",
    "colons": "1:AA",
    "questions": "?token=",
    "spaces": "password ",
    "letters": "a",
    "options": "--password --token ",
    "semicolons": ";Password=",
    "parts of keys": "sk-a-1-",
    "prefixes of keys": "re_fw_key-SK",
    "cookies": "Cookie: a=bcde; ",
    "commands": "curl -u a:",
    "connections": "host=abc password=",
    "key files": "Private-Lines: 1\nabcd\n",
    "headers of keys": "x-api-key: ",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_time_in_proportion(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        started = time.process_time()
        Redactor().text(text)
        return time.process_time() - started

    limit = max(0.5, 40 * min(seconds(20_000) for _ in range(3)))
    # What takes its time by its length alone takes it each time; another's work on the machine does not.
    assert any(seconds(200_000) < limit for _ in range(4))


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_streams_end(unit: str) -> None:
    started = time.process_time()
    streamed(Redactor(), pieces(unit * (30_000 // len(unit)), 10))
    assert time.process_time() - started < 10
