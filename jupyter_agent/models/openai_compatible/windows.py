"""How many tokens models take: as their servers say, by their refusals, else by their families; kept per server and model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from jupyter_agent.core.protocols import ContextWindow
from jupyter_agent.models.openai_compatible.tool_mode import of_family

#: What hosted models take, by their names; the first that fits. Servers of one's own load most with less.
_FAMILIES: tuple[tuple[str, int], ...] = (
    (r"gpt-?4\.1", 1_000_000),
    (r"gpt-?[5-9]", 272_000),
    (r"gpt-?4o|gpt-?4-turbo|chatgpt|o1-(mini|preview)", 128_000),
    (r"gpt-oss|gpt-?4-(1106|0125|vision)", 128_000),
    (r"gpt-?3\.5", 16_000),
    (r"gpt-?4-32k", 32_000),
    (r"gpt-?4\b", 8_192),
    (r"\bo[134]\b", 200_000),
    (r"claude-([a-z]+-(4[-.][6-9]|[5-9])|fable|mythos)", 1_000_000),
    (r"claude", 200_000),
    (r"gemini", 1_000_000),
    (r"grok-?(4|code)|kimi-k2|qwen-?3-coder|codestral|command-a|nova-(pro|lite|premier)", 250_000),
    (r"deepseek-(chat|reasoner|v3|r1)", 64_000),
    (r"grok|kimi|glm-4|command-r|nova|minimax|hermes-[34]|granite-?[34]|gemma-?3-(4|12|27)b", 128_000),
    (r"mistral-(large|medium|small|nemo)|ministral|magistral|devstral|pixtral|llama-?(3\.[123]|4)", 128_000),
    (r"qwen|qwq|mixtral|mistral|gemma-?3", 32_000),
    (r"phi-?4", 16_000),
    (r"llama-?3|gemma", 8_192),
    (r"llama-?2", 4_096),
)
#: Names that servers have for it in what they say of a model, what is loaded before what could be.
_NAMES = (
    "loaded_context_length",
    "max_model_len",
    "context_length",
    "context_window",
    "max_context_length",
    "max_input_tokens",
    "n_ctx",
)
_IN_WORDS = re.compile(
    r"(?:(?:maximum|available) (?:context|prompt) (?:length|size|window)\D{0,20}|too long: \d+ tokens > )(\d{1,3}(?:,\d{3})+|\d{3,8})"
    r"(?!\w|[,.]\d)",
    re.IGNORECASE,
)
_MOST = 100_000_000
#: What servers have said, by server and model, as long as this process lives; without a model where it holds for any.
_reported: dict[tuple[str, str], int] = {}


def reported(server: str, model: str) -> ContextWindow | None:
    """What a server has said of a model; None where it has said nothing yet."""
    tokens = _reported.get((server, model)) or _reported.get((server, ""))
    return ContextWindow(tokens, is_reported=True) if tokens else None


def window_of_family(model: str) -> ContextWindow | None:
    """What hosted models of this family take; None where the name tells nothing."""
    tokens = of_family(model, _FAMILIES)
    return ContextWindow(tokens) if tokens else None


def learn(server: str, model: str, tokens: object) -> None:
    """Keep what a server says of a model; what can be no number of tokens is left."""
    if isinstance(tokens, int) and not isinstance(tokens, bool) and 256 <= tokens <= _MOST:
        _reported[server, model] = tokens


def learn_page(server: str, page: object) -> None:
    """Keep what a page of a server says: the properties of the model that it runs, or a list of models."""
    if not isinstance(page, Mapping):
        return
    settings = page.get("default_generation_settings")
    if isinstance(settings, Mapping):
        learn(server, "", settings.get("n_ctx"))
    for name in ("data", "models"):
        entries = page.get(name)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping) and entry.get("state") != "not-loaded":
                tokens = next(_tokens(entry), None)
                for model in _models(entry):
                    learn(server, model, tokens)


def learn_refusal(server: str, model: str, words: str) -> None:
    """Keep what a server says when a request is too long."""
    if (found := _IN_WORDS.search(words)) is not None:
        learn(server, model, int(found[1].replace(",", "")))


def _tokens(entry: Mapping[str, object]) -> Iterator[object]:
    meta = entry.get("meta")
    for fields in (entry, meta if isinstance(meta, Mapping) else {}):
        yield from (fields[name] for name in _NAMES if isinstance(fields.get(name), int))


def _models(entry: Mapping[str, object]) -> Iterator[str]:
    """The names that a model is asked for by."""
    for name in ("id", "name", "model"):
        if isinstance(model := entry.get(name), str):
            yield model
            if model.endswith(":latest"):
                yield model.removesuffix(":latest")
