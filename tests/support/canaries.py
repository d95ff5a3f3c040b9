"""Fifty-three secrets, and the places where people leave them."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator

_DRAW = random.Random(7)
_ALL = string.ascii_letters + string.digits


def _drawn(length: int, letters: str = _ALL) -> str:
    """Letters and figures, both."""
    return "".join(_DRAW.choices(letters, k=length - 2)) + "a7"


_HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + string.digits

#: Secrets that show what they are wherever they stand → what of each must not be left.
SHAPED: dict[str, str] = {}
for _before, _core, _after in [
    ("sk-", _drawn(40), ""),
    ("sk-proj-", _drawn(44), ""),
    ("sk-ant-api03-", _drawn(40), ""),
    ("ghp_", _drawn(36), ""),
    ("gho_", _drawn(36), ""),
    ("github_pat_", _drawn(40), ""),
    ("AKIA", "".join(_DRAW.choices(_UPPER, k=16)), ""),
    ("ASIA", "".join(_DRAW.choices(_UPPER, k=16)), ""),
    ("xoxb-", f"{_drawn(12, string.digits)}-{_drawn(20)}", ""),
    ("xapp-1-", _drawn(24), ""),
    ("https://hooks.slack.com/services/", f"T0/B0/{_drawn(24)}", ""),
    ("AIza", _drawn(35), ""),
    ("ya29.", _drawn(30), ""),
    ("GOCSPX-", _drawn(28), ""),
    ("hf_", _drawn(34), ""),
    ("glpat-", _drawn(20), ""),
    ("sk_live_", _drawn(24), ""),
    ("whsec_", _drawn(24), ""),
    ("npm_", _drawn(36), ""),
    ("pypi-", _drawn(60), ""),
    ("SG.", f"{_drawn(22)}.{_drawn(43)}", ""),
    ("gsk_", _drawn(32), ""),
    ("dapi", _drawn(32, _HEX), ""),
    ("123456789:AA", _drawn(33), ""),
    ("eyJhbGciOiJIUzI1NiJ9.", f"{_drawn(30)}.{_drawn(30)}", ""),
    ("AQ.", _drawn(50), ""),
    ("hvs.", _drawn(92), ""),
    ("dckr_pat_", _drawn(27), ""),
    ("rubygems_", _drawn(48, _HEX), ""),
    ("napi_", _drawn(64), ""),
    ("p8e-", _drawn(32), ""),
    ("shippo_live_", "7a" + _drawn(38, _HEX), ""),
    ("abc_xyz_", _drawn(40), ""),
    ("*:*:*:bob:", _drawn(14), ""),
    ("postgresql://bob:", _drawn(14), "@db.example.com/x"),
]:
    SHAPED[f"{_before}{_core}{_after}"] = _core

#: Names that tell a secret → any value.
NAMED: dict[str, str] = {
    name: _drawn(16)
    for name in (
        *("password", "db_password", "api_key", "secret", "access_token"),
        *("client_secret", "AUTH_TOKEN", "private_key", "passphrase", "stripe_api_key"),
    )
}

#: Environment variables of the server whose values are secrets whatever they look like.
ENVIRONMENT: dict[str, str] = {
    f"CANARY_{name}": _drawn(18)
    for name in ("TOKEN", "API_KEY", "PASSWORD", "SECRET", "PASSPHRASE", "CREDENTIAL", "AUTH", "DSN")
}

#: What must not be left anywhere, by the secret it belongs to.
CORES: dict[str, str] = {**SHAPED, **{secret: secret for secret in (*NAMED.values(), *ENVIRONMENT.values())}}


def anywhere() -> tuple[str, ...]:
    """Secrets that are withheld wherever they stand."""
    return (*SHAPED, *ENVIRONMENT.values())


def assigned() -> str:
    """Python that gives the named ones their values."""
    return "\n".join(f"{name} = {value!r}" for name, value in NAMED.items())


def text() -> str:
    """All of them, a line for each."""
    return "\n".join([*(f"see {secret} there" for secret in anywhere()), assigned()])


def code() -> str:
    """A cell that leaves them in variables, columns, labels, keys, fields, names and an error's locals."""
    plain = list(anywhere())
    return "\n".join(
        [
            "import pandas as pd, numpy as np",
            assigned(),
            f"plain = {plain!r}",
            *(f"v{number} = {secret!r}" for number, secret in enumerate(plain)),
            "by_key = {one: 1 for one in plain}",
            "by_value = {'k%d' % n: one for n, one in enumerate(plain)}",
            "by_name = {" + ", ".join(f"{name!r}: {name}" for name in NAMED) + "}",
            "nested = {'a': [by_value], 'b': (by_name,)}",
            "frame = pd.DataFrame({'id': range(len(plain)), 'note': plain, 'text': ['uses ' + one for one in plain]})",
            "wide = pd.DataFrame([range(len(plain))], columns=plain)",
            "named_columns = pd.DataFrame({name: [value] * 3 for name, value in by_name.items()})",
            "labelled = frame.set_index('note')",
            "series = pd.Series(plain, name=plain[0])",
            "array = np.array(plain)",
            "raw = '\\n'.join(plain).encode()",
            "names = set(plain)",
            f"{next(secret for secret in SHAPED if secret.startswith('sk_live_'))} = 1",
            "class Client:\n    def __init__(self):\n        self.__dict__.update(by_name)\n        self.url = plain[-1]",
            "client = Client()",
            "def connect(key=plain[0]):\n    'Uses ' \n    return key",
            "def fail(key, " + ", ".join(f"{name}" for name in NAMED) + "):",
            "    " + "; ".join(f"w{number} = {secret!r}" for number, secret in enumerate(plain)),
            "    raise ValueError('cannot use ' + ' or '.join(plain))",
            "print('\\n'.join(plain))",
        ]
    )


def leaks(output: str | bytes) -> Iterator[str]:
    """Secrets that are left in something, whole or their telling half."""
    data = output if isinstance(output, bytes) else output.encode("utf-8", "replace")
    return (secret for secret, core in CORES.items() if core.encode() in data)
