"""How a model is given tools: tools as its server takes them, tools in words, or code blocks; of which model what is known."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeVar, get_args

from jupyter_agent.core.protocols import ToolMode

_Value = TypeVar("_Value")
#: Known families, by their names; the first that fits. Small ones write calls badly, if at all, and code well.
_FAMILIES: tuple[tuple[str, ToolMode], ...] = (
    (r"qwen2\.5-coder[-:](14|32)b|qwen3-coder", "native"),
    (r"qwen[-_.]?2(\.5)?-coder|codeqwen|opencoder|yi-coder|granite-code|codegemma|codellama|code-llama", "code"),
    (r"deepseek-coder(?!-v2)|starcoder|stable-?code|wizardcoder|phind|codestral[-:](22b|v0)", "code"),
    (r"qwen[-_.]?2(\.5)?[-:](0\.5|1\.5|3)b|qwen3[-:](0\.6|1\.7)b|llama-?3\.2[-:](1|3)b|llama-?2\b", "code"),
    (
        r"gemma-?[123]?n?[-:]e?\d|phi-?[123](\.5)?\b|phi-?3\.5|smollm|tinyllama|stablelm|olmo|falcon|vicuna|zephyr",
        "code",
    ),
    (r"mistral-7b|mistral:7b|orca-mini|openchat|solar", "code"),
    (
        r"gpt-[3-9]|gpt-oss|chatgpt|\bo[134]\b|claude|gemini|grok|kimi|glm-4|command-r|nova-(pro|lite|premier)",
        "native",
    ),
    (
        r"mistral-(large|medium|small)|ministral|magistral|devstral|deepseek-(chat|reasoner|v3)|minimax|hermes-[34]",
        "native",
    ),
    (
        r"llama-?(3\.[13]|4)|qwen[-_.]?(2\.5|3)[-:](7|8|14|30|32|72|235)b|qwen-(max|plus|turbo)|granite-?[34]",
        "native",
    ),
)
#: What was found out, by server and model, as long as this process lives.
_found: dict[tuple[str, str], ToolMode] = {}


class ToolModeMemory:
    """The tool mode of the models of one server: chosen, found out, or that of their family.

    Args:
        server: Its address, or what else names it.
        chosen: What the options say; empty where they say nothing.
    """

    def __init__(self, server: str, chosen: str = "") -> None:
        self._server = server
        self._chosen: ToolMode | None = next((mode for mode in get_args(ToolMode) if mode == chosen), None)
        #: Whether the server drops tools without a word.
        self.drops_tools = False

    def of(self, model: str) -> ToolMode:
        """How this model is given tools, as far as is known."""
        mode = self._chosen or _found.get((self._server, model)) or mode_of_family(model) or "native"
        return "text" if mode == "native" and self.drops_tools else mode

    def is_settled(self, model: str) -> bool:
        """Whether nothing has to be found out about it."""
        return bool(self._chosen or mode_of_family(model) or (self._server, model) in _found)

    def is_known(self, model: str) -> bool:
        """Whether it calls tools as it should, whatever was found out."""
        return (self._chosen or mode_of_family(model)) == "native"

    def learn(self, model: str, mode: ToolMode) -> None:
        """Keep what its first answers show."""
        if not self._chosen:
            _found[self._server, model] = mode


def mode_of_family(model: str) -> ToolMode | None:
    """How models of this family are given tools; None where the name tells nothing."""
    return of_family(model, _FAMILIES)


@lru_cache(maxsize=1024)
def of_family(model: str, families: tuple[tuple[str, _Value], ...]) -> _Value | None:
    """What a table of patterns and values says of a model by its name, without the folder or organisation before it; the first that fits."""
    name = model.replace("\\", "/").rpartition("/")[2].replace("_", "-")
    return next((value for pattern, value in families if re.search(pattern, name, re.IGNORECASE)), None)
