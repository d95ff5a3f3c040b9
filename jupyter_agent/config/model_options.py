"""What `c.JupyterAgent.model_options` may say, and what it says of one model."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

#: How tools are offered to a model.
TOOL_MODES = ("native", "text", "code")
#: By which of OpenAI's APIs a model is asked.
APIS = ("chat", "responses")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
#: What is made of the conversation, and may not be said besides.
_OURS = ("messages", "model", "stream", "tools")


def _is_number(value: Any, highest: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= highest


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _are_texts(value: Any) -> bool:
    texts = [value] if isinstance(value, str) else value
    return isinstance(texts, list) and len(texts) <= 4 and all(isinstance(text, str) and text for text in texts)


#: The options: whether a value is one, and what one is.
_FORMS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "tools": (lambda value: value in TOOL_MODES, f"one of {', '.join(TOOL_MODES)}"),
    "api": (lambda value: value in APIS, f"one of {', '.join(APIS)}"),
    "effort": (lambda value: value in EFFORTS, f"one of {', '.join(EFFORTS)}"),
    "temperature": (lambda value: _is_number(value, 2), "a number from 0 to 2"),
    "top_p": (lambda value: _is_number(value, 1), "a number from 0 to 1"),
    "max_tokens": (lambda value: _is_whole(value) and value > 0, "a whole number above 0"),
    "seed": (_is_whole, "a whole number"),
    "stop": (_are_texts, "a text, or a list of at most four"),
    "pictures": (lambda value: isinstance(value, bool), "true or false"),
    "extra_body": (
        lambda value: isinstance(value, dict) and not set(_OURS) & value.keys() and _is_json(value),
        f"an object of JSON data without {', '.join(_OURS)}",
    ),
}


def check(given: Mapping[str, Any]) -> None:
    """Refuse what is no option, or no value of one.

    Raises:
        ValueError: saying what to write in its place.
    """
    for name, value in given.items():
        near = get_close_matches(name, _FORMS, 1, 0.75)
        if name not in _FORMS and isinstance(value, dict) and not near:
            for inner, inner_value in value.items():
                _check_option(inner, inner_value)
        else:
            _check_option(name, value)


def _check_option(name: str, value: Any) -> None:
    if name not in _FORMS:
        near = get_close_matches(name, _FORMS, 1, 0.3)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(_FORMS)}."
        raise ValueError(f"'{name[:40]}' is no option of models: {hint}")
    is_one, form = _FORMS[name]
    if not is_one(value):
        choices = {"tools": TOOL_MODES, "api": APIS, "effort": EFFORTS}.get(name, ())
        near = get_close_matches(str(value), choices, 1)
        shown = "" if name == "extra_body" else f", not {value!r:.40}"  # there may be a key in it
        raise ValueError(f"'{name}' is {form}{shown}." + (f" Did you mean '{near[0]}'?" if near else ""))


def of_model(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What the options say of ``provider:model``: for all models, then for those whose pattern fits, in their order.

    A pattern without a colon is a provider. Capitals make no difference: files of models are named in any way.
    """
    name = (name if ":" in name else f"{name}:").lower()
    found = {key: value for key, value in given.items() if key in _FORMS}
    for pattern, values in given.items():
        whole = pattern if ":" in pattern else f"{pattern}:*"
        if pattern not in _FORMS and fnmatch.fnmatchcase(name, whole.lower()):
            found |= values
    return found
