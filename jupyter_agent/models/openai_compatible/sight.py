"""Whether a model sees pictures: what its server says of it, else what is known of its family."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jupyter_agent.models.openai_compatible.tool_mode import of_family

if TYPE_CHECKING:
    from jupyter_agent.models.openai_compatible.connection import Connection

#: Known families, by their names; the first that fits.
_FAMILIES: tuple[tuple[str, bool], ...] = (
    (r"[-_.:]vl\b|[-_.]?vl[-_:.\d]|vision|visual|llava|moondream|minicpm-?[vo]|pixtral|internvl|molmo|smolvlm|idefics|omni|4\.?\d?v\b|multimodal", True),
    (r"gpt-(4o|4\.[15]|4-turbo|[5-9])|chatgpt-4o|\bo[134](?!-mini)|o4-mini|computer-use|claude-(3|[4-9]|opus|sonnet|haiku)|gemini", True),
    (r"gemma-?(3n?|4)(?![-:](270m|1b))|llama-?4|mistral-(medium|small)|mistral-large-3|ministral-3|magistral|grok-[4-9]|nova-(lite|pro|premier)|kimi-k2\.5", True),
    (r"gpt-3\.5|gpt-oss|gpt-4\b|\bo[13]-mini|o1-preview|deepseek|codestral|devstral|mixtral|mistral[-:]7b|command-(r|a)|hermes|dolphin|nova-micro", False),
    (r"coder|code-?(llama|gemma|qwen)|starcoder|granite-?(code|[34])|llama-?[23]|qwen-?(1|2|3)|qwq|phi-?[1-4]|gemma-?[12]?[-:]|gemma-?3|tinyllama", False),
    (r"smollm|stablelm|olmo|falcon|vicuna|zephyr|yi-|solar|openchat|orca|kimi-k2|glm-[45]|minimax|nemotron|ernie", False),
)  # fmt: skip


def sight_of_family(model: str) -> bool | None:
    """Whether models of this family see; None where the name tells nothing."""
    return of_family(model, _FAMILIES)


async def ask_server(connection: Connection, model: str) -> bool | None:
    """Whether its server says that it sees; None where it does not say."""
    with suppress(Exception):  # the question itself tells what is wrong with the server
        match connection.provider.name:
            case "llamacpp":
                modalities = (await connection.server_json("props"))["modalities"]
                return bool(modalities["vision"]) if isinstance(modalities, Mapping) else None
            case "ollama":
                shown = await connection.server_json("api/show", {"model": model})
                return "vision" in shown["capabilities"]
            case "lmstudio":
                return bool((await connection.server_json(f"api/v0/models/{model}"))["type"] == "vlm")
            case "openrouter":
                listed: list[Any] = (await connection.server_json("v1/models"))["data"]
                found = next(entry for entry in listed if entry["id"] == model)
                return "image" in found["architecture"]["input_modalities"]
    return None
