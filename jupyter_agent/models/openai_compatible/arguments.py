"""The arguments of a call as models write them, made the JSON text that was meant where there is no doubt."""

from __future__ import annotations

import ast
import json
import re
import warnings
from contextlib import suppress
from typing import Any

from jupyter_agent.core.text import FENCED

#: Longer texts are taken as they are, but for what is JSON with line breaks.
_MAX_REPAIRED = 1 << 18
#: A string that nothing ends goes to the end: else it would be looked for from each quote anew.
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|,(?=\s*+[}\]])', re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(\\|"|(?![/bfnrt]|u[0-9a-fA-F]{4}).?)', re.DOTALL)
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]"]', re.DOTALL)
_PYTHON_STRING = re.compile(r"""(["'])(?:(?!\1)[^\\]|\\.)*+(?:\1|\\?\Z)""", re.DOTALL)
_BRACKETS = re.compile(r"[\s}\]]*+\Z")
_CLOSING = {"{": "}", "[": "]"}


def repaired(text: str, *, is_cut: bool = False) -> str:
    """The text of an object: as it is where it is one, else what it must have been; as it is where that is not sure.

    Understood are line breaks within strings, whole texts one after the other (the last that says anything counts), text within text,
    trailing commas, Python's own spelling, fences, escapes that JSON does not know, and closing brackets that are missing.

    Args:
        text: As the model wrote it.
        is_cut: Whether the answer was cut, so that what is missing is not known.
    """
    with suppress(ValueError, RecursionError):
        if isinstance(json.loads(text), dict):
            return text
    fenced = FENCED.fullmatch(text)
    stripped = (fenced["source"] if fenced else text).strip()
    # No step may undo what a string of the text holds: each is tried on the text as it came, the likeliest first.
    forms = [stripped]
    if len(text) <= _MAX_REPAIRED:
        plain = _STRING_OR_COMMA.sub(lambda found: "" if found[0] == "," else found[0], stripped)
        escaped = _BAD_ESCAPE.sub(_escaped, plain)
        forms += [plain, escaped]
        forms += [_closed(form) for form in (plain, escaped) if not is_cut]
        forms.append(f'"{stripped}"')
    for form in forms:
        if (found := _object(form)) is not None:
            return json.dumps(found, ensure_ascii=False)
    # Python's parser does not recover from what is nested too deeply.
    outside = _PYTHON_STRING.sub("", stripped) if len(text) <= _MAX_REPAIRED else ""
    if 0 < len(outside) <= 4000 and sum(map(outside.count, "([{-+~")) <= 100:
        with warnings.catch_warnings(), suppress(ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            warnings.simplefilter("ignore")
            found = ast.literal_eval(stripped)
            if isinstance(found, dict):
                return json.dumps(found, ensure_ascii=False)
    return text


def _object(text: str, depth: int = 0) -> dict[str, Any] | None:
    """The last object of one or several JSON texts that says anything; None where there is anything else."""
    objects: list[dict[str, Any]] = []
    decoder, position = json.JSONDecoder(strict=False), 0
    with suppress(ValueError, RecursionError):
        while position < len(text):
            if text[position].isspace():
                position += 1
                continue
            value, position = decoder.raw_decode(text, position)
            if isinstance(value, str) and value.strip() and depth < 3:
                value = _object(value.strip(), depth + 1)
                if value is None:
                    return None
            if isinstance(value, dict):
                objects.append(value)
            elif value not in ("", None):
                return None
            if _BRACKETS.match(text, position):  # one too many
                break
        return next(
            (found for found in reversed(objects) if found), {}
        )  # nothing, or null, is an object without fields
    return None


def _escaped(found: re.Match[str]) -> str:
    """A backslash that JSON does not know, as one that it does."""
    if found[1] in ("\\", '"'):
        return found[0]
    return "'" if found[1] == "'" else rf"\\{found[1]}"


def _closed(text: str) -> str:
    """The text with the closing brackets that are missing at its end; as it is where a string is open."""
    missing: list[str] = []
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[0] in _CLOSING:
            missing.append(_CLOSING[found[0]])
        elif found[0] == '"' or (found[0] in "}]" and (not missing or missing.pop() != found[0])):
            return text
    return text.rstrip().removesuffix(",") + "".join(reversed(missing))
