"""How fast secrets are looked for, against the floor: one `str.find` of every prefix over the same text."""

from __future__ import annotations

import time
from collections.abc import Callable

from jupyter_agent.kernelside import secret_patterns
from jupyter_agent.redaction.redactor import Redactor

PROSE = "The frame has five rows and three columns; the mean of the second is 2.5, as the table below shows.\n"
CODE = 'df = df.groupby("city", sort=False).agg(total=("price", "sum")).reset_index()  # one row for each city\n'
TELLING = "max_tokens = 1024; df.sort_values(key=len)  # the key is a token of the text\n"
SECRET = 'password = "hunter2"; key = sk-abcdefghijklmnopqrst0123456789\n'
ENVIRON = {f"SERVICE_{number}_API_KEY": f"correct-horse-battery-{number:04d}" for number in range(5)}
SIZE = 4_000_000


def seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def main() -> None:
    tables = (secret_patterns.ANYWHERE, secret_patterns.MARKED, secret_patterns.IN_LONG_KEYS)
    needles = [
        needle for table in (*tables, secret_patterns.AFTER_SECRET_WORDS) for row in table for needle in row.needles
    ]
    keys = (*secret_patterns.KEYS, *secret_patterns.BASE64_KEYS)
    needles += [prefix for _, prefixes, _ in keys for prefix in prefixes.split()]
    redactor = Redactor(environ=ENVIRON)
    print(f"{'text':28} {'MB/s':>8} {'times the floor':>16}")
    for name, line in {"prose": PROSE, "code": CODE, "code about tokens and keys": TELLING, "secrets": SECRET}.items():
        text = line * (SIZE // len(line))
        floor = seconds(lambda text=text: [text.find(needle) for needle in needles])  # type: ignore[misc]
        taken = seconds(lambda text=text: redactor.text(text))  # type: ignore[misc]
        print(f"{name:28} {len(text) / taken / 1e6:8.1f} {taken / floor:15.1f}×")
    pieces = [PROSE[start : start + 4] for start in range(0, len(PROSE), 4)] * 400
    stream = redactor.stream()
    taken = seconds(lambda: [stream.feed(piece) for piece in pieces])
    print(f"{'stream, 4 letters a piece':28} {taken / len(pieces) * 1e6:8.1f} µs a piece")


if __name__ == "__main__":
    main()
