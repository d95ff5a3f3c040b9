"""Numbers as people write them in prose, and whether the texts that they may come from have them."""

from __future__ import annotations

import ast
import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from jupyter_agent.core.text import FENCED_CODE

_INFINITY = float("inf")
#: Letters of the scripts that put spaces between words: a number that touches one of them is a part of a name.
_LETTER = r"A-Za-z0-9_\u00c0-\u024f\u0370-\u052f"
_SPACE = r"[ \u00a0\u2009\u202f]"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
#: What a suffix multiplies with.
_FACTORS = {
    **dict.fromkeys(("k", "K", "thousand", "Tsd", "mille"), 1e3),
    **dict.fromkeys(("M", "mn", "million", "millions", "Mio"), 1e6),
    **dict.fromkeys(("B", "bn", "G", "billion", "billions", "Mrd"), 1e9),
    **dict.fromkeys(("T", "trillion", "trillions"), 1e12),
}
_END = rf"(?![{_LETTER}])"
_FACTOR = (
    rf"(?P<factor>[kKMBGT](?=(?:i?B)?{_END})|(?:[mb]n|Mio|Mrd|Tsd){_END})(?P<bytes>i?B{_END})?"
    rf"|{_SPACE}?(?P<bytes_of>[kKMGT])i?B{_END}|{_SPACE}(?P<word>thousand|millions?|billions?|trillions?|mille|Mio|Mrd|Tsd){_END}"
)
#: A number in prose: of thousands in groups, with a point or a comma, a power of ten, a percent sign, a suffix or a unit.
_NUMBER = re.compile(
    rf"(?<![{_LETTER}.])"
    r"(?P<digits>(?P<european>\d{1,3}(?:\.\d{3})+(?:,\d+|(?<=\.\d{3}\.\d{3}))"
    rf"|\d{{1,3}}(?:{_SPACE}\d{{3}})++,\d{{1,2}}(?![\d,]))"
    rf"|\d{{1,3}}(?:(?:,|\{{,\}}|\\,|['’_]|{_SPACE})\d{{3}}(?!\d))++(?:\.\d+)?+"
    r"|(?<!\d,)\d++,\d{1,2}(?![\d,])|\d++(?:\.\d++)?+|\.\d++)"
    rf"(?:[eE](?P<exponent>[-+]?\d+){_END}"
    rf"|{_SPACE}?(?:×|x|\*|·|\\times|\\cdot){_SPACE}?10(?:\^\{{?(?P<power>[-+−]?\d+)\}}?|(?P<raised>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)))?+"
    rf"(?:{_FACTOR}|(?P<percent>{_SPACE}?\\?[%٪]|{_SPACE}(?:percent|per cent|pct|Prozent|pour cent){_END})|(?P<mille>{_SPACE}?‰))?"
    rf"(?!\.\d)(?:{_END}|(?=[A-Za-zµΩ°]{{1,4}}{_END})|(?<=[%٪‰]))"
)
#: What is no claim: marks of lists and headings, what is counted off, addresses.
_NO_CLAIM = re.compile(
    r"^[ \t>]*(?:\#{1,6} |\*\*)?\(?\d{1,2}[.)](?=[ \t]+\S|[ \t]+\Z|\*)|\b(?:In|Out) ?\[\d+\]|\b(?:[Ss]tep|[Ll]ine|[Oo]ption|[Pp]art|[Ss]ection|[Ff]igure) \d+\b"
    r"|\bhttps?://\S+|(?<![\w.])\d+(?:\.\d+){2,}",
    re.MULTILINE,
)
#: Code in a line of Markdown.
INLINE_CODE = re.compile(r"(?P<ticks>`++)(?!`)(?:[^\n`]|(?!(?P=ticks)(?!`))`){0,1000}?(?P=ticks)(?!`)")
#: What may stand around a value.
_UNIT = re.compile(r"\s?[A-Za-zµΩ°]{0,4}\s*\Z")
#: Fenced blocks that show no code: what a program is said to have printed, formulas, tables.
_NO_CODE = frozenset(
    {"text", "txt", "plaintext", "plain", "output", "console", "markdown", "md", "latex", "tex", "math", "csv"}
)
_CODE_NODES = (
    ast.Call,
    ast.Assign,
    ast.AugAssign,
    ast.AnnAssign,
    ast.Import,
    ast.ImportFrom,
    ast.Subscript,
    ast.Attribute,
)
#: Words with which a number may be a percentage without its sign.
_SHARE = re.compile(r"%|percent|share|rate\b|ratio|proportion|Anteil|Quote|pourcent|porcent", re.IGNORECASE)
#: Words that leave the last digits open.
_ABOUT = re.compile(
    r"(?:\b(?:about|around|approx(?:\.|imately)?|roughly|nearly|almost|over|under|more than|less than|some|circa|ca\.|rund|etwa|environ)"
    r"|[~≈∼]|\\approx)\s?[$€£]?\Z",
    re.IGNORECASE,
)
#: Numbers of a source, which may be code, a table or JSON; parts of names are none.
_SOURCE_NUMBER = re.compile(r"(?<![A-Za-z_])\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Number:
    """A number in prose.

    Attributes:
        text: As it is written, with its percent sign or suffix.
        start: Where it stands, in characters.
        end: Likewise.
        readings: What it may be, without its sign: each the lowest and the highest value that would be written like that.
    """

    text: str
    start: int
    end: int
    readings: tuple[tuple[float, float], ...]


def numbers_in(markdown: str, is_known: Callable[[str], bool] = lambda _: False) -> Iterator[Number]:
    """The numbers that a Markdown text claims, in order: none in code, of lists, or in names.

    Args:
        markdown: The text.
        is_known: Whether a number of that text need not be read again.
    """
    prose = _NO_CLAIM.sub(lambda match: _blank(match[0]), prose_of(markdown))
    return (_number(match) for match in _NUMBER.finditer(prose) if not is_known(match[0].strip()))


def prose_of(markdown: str) -> str:
    """A Markdown text with spaces in place of its code, so that everything stands where it stood."""
    parts: list[str] = []
    position = 0
    for match in FENCED_CODE.finditer(markdown):
        if _shows_code(match["language"].strip().lower(), match["source"]):
            parts += [markdown[position : match.start()], _blank(match[0])]
            position = match.end()
    prose = "".join([*parts, markdown[position:]])
    return INLINE_CODE.sub(lambda match: _blank(match[0], "`" if _is_value(match[0]) else r"[^\n]"), prose)


def code_in(markdown: str) -> str:
    """The code in a Markdown text, with spaces in place of its prose."""
    prose = prose_of(markdown)
    return "".join(" " if own == other else own for own, other in zip(markdown, prose, strict=True))


def _is_value(code: str) -> bool:
    """Whether code in a line is a number alone, which is no code."""
    text = code.strip("` ").lstrip("-+−~≈$€£")
    number = _NUMBER.match(text)
    return number is not None and _UNIT.match(text, number.end()) is not None


def _blank(text: str, pattern: str = r"[^\n]") -> str:
    return re.sub(pattern, " ", text)


def _shows_code(language: str, source: str) -> bool:
    if language:
        return language not in _NO_CODE
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        return any(isinstance(node, _CODE_NODES) for node in ast.walk(ast.parse(source)))
    return False


def _number(match: re.Match[str]) -> Number:
    plain = digits = match["digits"]
    if match["european"]:
        plain = digits.replace(".", "").replace(",", ".")
    elif re.search(r",\d{1,2}\Z", digits) and "." not in digits:
        plain = digits.replace(",", ".")
    plain = re.sub(r"[^\d.]", "", plain)
    exponent = int(
        (match["exponent"] or match["power"] or (match["raised"] or "0").translate(_SUPERSCRIPTS)).replace("−", "-")[:4]
    )
    value, decimals = _float(plain), len(plain.partition(".")[2])
    significant = len(plain.replace(".", "").lstrip("0"))
    slack = 0.5 * 10.0**-decimals if decimals or exponent or significant >= 3 else 0.0
    if (
        not decimals
        and (zeros := len(plain) - len(plain.rstrip("0")))
        and _ABOUT.search(match.string, max(0, match.start() - 16), match.start())
    ):
        slack = 0.5 * 10.0**zeros
    suffix = match["factor"] or match["bytes_of"] or match["word"] or ""
    if match["percent"] or match["mille"] or suffix:
        slack = slack or 0.5
    scales = [10.0 ** min(300, exponent)]
    if suffix:
        scales.append(_FACTORS[suffix])
        if match["bytes"] or match["bytes_of"]:
            scales.append(1024.0 ** (round(len(f"{_FACTORS[suffix]:.0f}") // 3)))
    elif match["mille"]:
        scales.append(1e-3)
    elif match["percent"] or (
        decimals and not exponent and _SHARE.search(match.string, max(0, match.start() - 80), match.end() + 40)
    ):
        scales.append(1e-2)
    if not suffix and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", digits):  # where a point parts thousands
        scales.append(1e3)
    readings = tuple((max(0.0, (value - slack * 1.0001) * scale), (value + slack * 1.0001) * scale) for scale in scales)
    return Number(match[0].strip(), match.start(), match.end(), readings)


def _float(digits: str) -> float:
    with suppress(ValueError, OverflowError):
        return float(digits)
    return _INFINITY


@lru_cache(maxsize=128)
def values_of(text: str) -> Sequence[float]:
    """The numbers of a source without their signs, ascending."""
    found = set(_SOURCE_NUMBER.findall(text))
    values = set[float]()
    for digits in found:
        values.add(_float(digits.replace(",", "")))
        if "," in digits:  # or they are several
            values.update(map(_float, digits.split(",")))
    return array("d", sorted(values))


def first_match(number: Number, values: Sequence[float]) -> float | None:
    """The value that a number in prose may be; None where there is none.

    Args:
        number: Of the prose.
        values: Ascending.
    """
    for low, high in number.readings:
        at = bisect_left(values, low)
        if at < len(values) and values[at] <= high:
            return values[at]
    return None
