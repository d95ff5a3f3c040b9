"""Strict JSON bodies: what is not plain, bounded, unambiguous JSON never reaches a handler."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from jupyter_agent.core.errors import BadRequest, UnsupportedMedia

MAX_DEPTH = 64
MAX_ENTRIES = 20_000
MAX_DIGITS = 18
_SURROGATE_OR_NUL = re.compile("[\ud800-\udfff\u0000]")


def check_headers(content_type: str, content_encoding: str) -> None:
    """Let only JSON through, as it is.

    Raises:
        UnsupportedMedia: another type, another charset, or compressed.
    """
    kind, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise UnsupportedMedia("Send the body as JSON in UTF-8, with the header 'Content-Type: application/json'.")
    if content_encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMedia("Send the body uncompressed, without a Content-Encoding header.")


def parse(body: bytes, max_entries: int = MAX_ENTRIES) -> Any:
    """The body's one JSON value; NUL and lone surrogates in its texts become U+FFFD.

    Args:
        body: As it came.
        max_entries: Of one list or object.

    Raises:
        BadRequest: not UTF-8, not JSON, ambiguous, too deep, or with more entries or digits than are accepted.
    """
    value = _decode(_text(body))
    _check_shape(value, max_entries)
    return _clean(value) if b"\\u" in body or b"\x00" in body else value


def _text(body: bytes) -> str:
    if not body.strip():
        raise BadRequest("The body is empty; a JSON object is needed.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest("The body is not valid UTF-8.") from error


def _decode(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_number,
            parse_float=_finite,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON (line {error.lineno}, column {error.colno}).") from error
    except RecursionError as error:
        raise BadRequest(f"The body is nested deeper than {MAX_DEPTH} levels.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadRequest(f"The body has the key {_shown(_repeated(pairs))} twice.")
    return found


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    return next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _refuse_number(text: str) -> NoReturn:
    raise BadRequest(f"The body has the number {text}, which JSON does not know.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadRequest("The body has a number that is too large.")
    return number


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise BadRequest(f"The body has a number of more than {MAX_DIGITS} digits.")
    return int(text)


def _check_shape(value: Any, max_entries: int) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [one for container in level for one in _entries(container, max_entries)]
        if not level:
            return
    raise BadRequest(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _entries(value: Any, max_entries: int) -> list[Any]:
    if not isinstance(value, (dict, list)):
        return []
    if len(value) > max_entries:
        raise BadRequest(f"The body has a list or an object of more than {max_entries} entries.")
    return list(value.values()) if isinstance(value, dict) else value


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE_OR_NUL.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(one) for name, one in value.items()}
    return value


def _shown(name: str) -> str:
    return json.dumps(name[:60])
