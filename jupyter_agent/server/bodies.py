"""Strict JSON bodies: what is not plain, bounded, unambiguous JSON never reaches a handler."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from jupyter_agent.core.errors import BadRequest, UnsupportedMedia

MAX_DEPTH = 64
MAX_ENTRIES = 20_000
MAX_DIGITS = 18
_TOO_DEEP = f"The body is nested deeper than {MAX_DEPTH} levels."
_SURROGATE_OR_NUL = re.compile("[\ud800-\udfff\u0000]")


def check_headers(content_type: str, content_encoding: str) -> None:
    """Accept JSON in UTF-8 that is not compressed.

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
    if not body.strip():
        raise BadRequest("The body is empty; a JSON object is needed.")
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_parse_object,
            parse_constant=_parse_number,
            parse_float=_parse_number,
            parse_int=_parse_number,
        )
    except UnicodeDecodeError as error:
        raise BadRequest("The body is not valid UTF-8.") from error
    except json.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON (line {error.lineno}, column {error.colno}).") from error
    except RecursionError as error:
        raise BadRequest(_TOO_DEEP) from error
    _check_shape(value, max_entries)
    return _clean(value) if b"\\u" in body or b"\x00" in body else value


def _parse_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise BadRequest(f"The body has the key {json.dumps(name[:60])} twice.")
        members[name] = value
    return members


def _parse_number(text: str) -> float:
    if text.lstrip("-").isdigit():
        if len(text.lstrip("-")) > MAX_DIGITS:
            raise BadRequest(f"The body has a number of more than {MAX_DIGITS} digits.")
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        known = text[-1].isdigit()  # 1e999, and neither NaN nor Infinity
        reason = "a number that is too large" if known else f"the number {text}, which JSON does not know"
        raise BadRequest(f"The body has {reason}.")
    return number


def _check_shape(value: Any, max_entries: int) -> None:
    """Bound the depth, and the entries of each list and object, level by level."""
    level = [value]
    for _ in range(MAX_DEPTH):
        containers = [item for item in level if isinstance(item, (dict, list))]
        if max(map(len, containers), default=0) > max_entries:
            raise BadRequest(f"The body has a list or an object of more than {max_entries} entries.")
        level = [
            item
            for container in containers
            for item in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return
    raise BadRequest(_TOO_DEEP)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE_OR_NUL.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    return value
