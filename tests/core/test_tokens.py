"""Tokens are estimated on the safe side, and not much beyond it."""

from __future__ import annotations

import time

import pytest

from jupyter_agent.core.tokens import TokenCalibration, estimate_tokens

#: Texts, and the larger of their sizes in the vocabularies cl100k_base and o200k_base.
MEASURED = [
    (
        "English",
        "The frame has five rows and three columns; the mean of the second is two and a half, as the table below shows.",
        26,
    ),
    (
        "code",
        "df = pd.read_csv('orders.csv', parse_dates=['ordered_at'])\ntotals = df.groupby('city', sort=False)['price'].sum().reset_index()\n",
        33,
    ),
    (
        "an error",
        'Traceback (most recent call last):\n  File "<ipython-input-5-abc>", line 1, in <module>\n    df["x"].mean()\nKeyError: \'x\'\n',
        40,
    ),
    (
        "JSON",
        '{"name": "df", "kind": "frame", "rows": 12345, "columns": [{"name": "price", "dtype": "float64", "missing": 3, "samples": ["1.375", "22.5"]}]}',
        56,
    ),
    (
        "a table",
        "     0       0.0000              2024-01-01\n     1      17.3310  abc         2024-01-02\n    12     207.9720  abcabc      2024-01-13\n",
        59,
    ),
    ("numbers", "10007 7919 15838 23757 31676 39595 47514 55433 63352 71271", 29),
    ("German", "Die Würde des Menschen ist unantastbar. Größenwahnsinnige Übertreibungen häufen sich.", 28),
    ("Russian", "В таблице пять строк и три столбца; среднее второго равно 2,5.", 29),
    ("Chinese", "数据框有五行三列,第二列的平均值是二点五,如下表所示。", 28),
    ("Japanese", "データフレームには5行3列があります。2列目の平均は2.5です。", 30),
    ("Arabic", "يحتوي الجدول على خمسة صفوف وثلاثة أعمدة.", 31),
    ("Hindi", "तालिका में पाँच पंक्तियाँ और तीन स्तंभ हैं।", 42),
    ("emoji", "👩\u200d👩\u200d👧\u200d👦🎉🚀🏳️\u200d🌈", 33),
    ("Base64", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", 53),
    ("an id", "5f0c1c5e-3f0a-4e52-9d2c-6a0f1f3a9f10", 34),
    ("capitals", "SELECT CITY, SUM(PRICE) FROM ORDERS GROUP BY CITY ORDER BY 2 DESC", 18),
    ("blank lines", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nx", 4),
]


@pytest.mark.parametrize(("text", "tokens"), [item[1:] for item in MEASURED], ids=[item[0] for item in MEASURED])
def test_the_estimate_is_no_less_than_what_was_measured_and_not_twice_as_much(text: str, tokens: int) -> None:
    assert tokens <= estimate_tokens(text) <= 2 * tokens + 1


def test_nothing_costs_nothing() -> None:
    assert estimate_tokens("") == 0


@pytest.mark.parametrize("unit", ["a", " ", "\n", "é", "𝄞", "aA0-", "\ud83d"])
def test_any_text_can_be_estimated_in_time(unit: str) -> None:
    started = time.process_time()
    assert estimate_tokens(unit * (1_000_000 // len(unit))) > 10_000
    assert time.process_time() - started < 5


def test_what_a_server_reports_corrects_the_estimate_for_its_model_only() -> None:
    calibration = TokenCalibration()
    text = "a sentence of some words " * 20
    before = calibration.counter("openai:a")(text)
    calibration.learn("openai:a", 1000, 700)
    assert calibration.counter("openai:a")(text) == pytest.approx(0.735 * before, abs=1)
    assert calibration.counter("openai:b")(text) == before


@pytest.mark.parametrize(("reported", "factor"), [(1, 0.5), (10**12, 2.0), (0, 1.0), (-5, 1.0), (980, 1.0)])
def test_L25_a_report_is_believed_within_reason(reported: int, factor: float) -> None:
    calibration = TokenCalibration()
    calibration.learn("m", 1000, reported)
    assert calibration.counter("m")("word " * 1000) == pytest.approx(factor * estimate_tokens("word " * 1000), abs=1)
