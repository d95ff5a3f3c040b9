"""Writes a tiny language model that says what it is told to: a real file for a real engine, in a fraction of a second.

The model knows one thing: which token follows which. Embeddings are one-hot, attention and feed-forward are nought, so the
output matrix is a table of successors. Its chat template ends every prompt with a token of its own for what is to be said,
chosen by the last message; from there on each token leads to the next.
"""

from __future__ import annotations

import itertools
import re
import struct
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_HEAD = 32
_LOGIT = 40.0
_NORMAL, _CONTROL, _USER_DEFINED = 1, 3, 4
_CALLS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
_START, _BEGIN, _END = "<|start|>", "<|begin|>", "<|end|>"

#: Messages in ChatML, tools and calls in the way of Hermes, which engines recognise.
_TEMPLATE = """\
{%- if tools %}{{- '<|start|>system<|begin|>' }}
{%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}
{{- "# Tools\\n\\nFunctions that may be called are within <tools></tools>:\\n<tools>" }}
{%- for tool in tools %}{{- '\\n' }}{{- tool | tojson }}{%- endfor %}
{{- '\\n</tools>\\n\\nCall one as JSON within <tool_call></tool_call>:\\n<tool_call>\\n' }}
{{- '{"name": <function-name>, "arguments": <args-json-object>}\\n</tool_call><|end|>\\n' }}
{%- elif messages[0].role == 'system' %}{{- '<|start|>system<|begin|>' + messages[0].content + '<|end|>\\n' }}{%- endif %}
{%- for message in messages %}
{%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
{{- '<|start|>' + message.role + '<|begin|>' + message.content + '<|end|>\\n' }}
{%- elif message.role == 'assistant' %}
{{- '<|start|>assistant<|begin|>' }}{%- if message.content %}{{- message.content }}{%- endif %}
{%- for call in message.tool_calls or [] %}
{%- if message.content or not loop.first %}{{- '\\n' }}{%- endif %}
{{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
{%- if call.function.arguments is string %}{{- call.function.arguments }}
{%- else %}{{- call.function.arguments | tojson }}{%- endif %}
{{- '}\\n</tool_call>' }}{%- endfor %}{{- '<|end|>\\n' }}
{%- elif message.role == 'tool' %}
{{- '<|start|>user<|begin|>\\n<tool_response>\\n' + message.content + '\\n</tool_response><|end|>\\n' }}
{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start|>assistant<|begin|>' }}CHOICE{%- endif %}"""

#: The same without tools, as that of many older models.
_BARE_TEMPLATE = """\
{%- for message in messages %}{{- '<|start|>' + message.role + '<|begin|>' + message.content + '<|end|>\\n' }}{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start|>assistant<|begin|>' }}CHOICE{%- endif %}"""


def calling(name: str, arguments: str = "{}") -> str:
    """What the model says to call a tool."""
    return f'<tool_call>\n{{"name": "{name}", "arguments": {arguments}}}\n</tool_call>'


def write(
    path: Path,
    lines: Mapping[str, str],
    *,
    context: int = 8192,
    layers: int = 1,
    width: int = 32,
    knows_tools: bool = True,
) -> Path:
    """Write the model.

    Args:
        path: Of the file.
        lines: What is said: the key is a word that the last message contains; the empty key is for all others. A text that
            ends with ``…`` begins again and again.
        context: Tokens that it takes.
        layers: The more, the slower.
        width: Of the layers' feed-forward part; the more, the slower.
        knows_tools: Whether the chat template does; else the engine drops them.
    """
    tokens, kinds, chains = _vocabulary(lines)
    size = -(-len(tokens) // _HEAD) * _HEAD
    shapes: dict[str, Any] = {
        "token_embd.weight": numpy.eye(len(tokens), size, dtype=numpy.float32),
        "output_norm.weight": numpy.ones(size, numpy.float32),
        "output.weight": _successors(tokens, chains, size),
    }
    for layer in range(layers):
        for name in ("attn_norm", "ffn_norm"):
            shapes[f"blk.{layer}.{name}.weight"] = numpy.ones(size, numpy.float32)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"blk.{layer}.{name}.weight"] = numpy.zeros((size, size), numpy.float32)
        for name, shape in (("gate", (width, size)), ("up", (width, size)), ("down", (size, width))):
            shapes[f"blk.{layer}.ffn_{name}.weight"] = numpy.zeros(shape, numpy.float32)
    facts: dict[str, Any] = {
        "general.architecture": "llama",
        "general.name": "tiny",
        "llama.context_length": context,
        "llama.embedding_length": size,
        "llama.block_count": layers,
        "llama.feed_forward_length": width,
        "llama.attention.head_count": size // _HEAD,
        "llama.attention.head_count_kv": size // _HEAD,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": _HEAD,
        "llama.vocab_size": len(tokens),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.bos_token_id": tokens.index(_START),
        "tokenizer.ggml.eos_token_id": tokens.index(_END),
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": _template(lines, _TEMPLATE if knows_tools else _BARE_TEMPLATE),
    }
    path.write_bytes(_file(facts, shapes))
    return path


def _vocabulary(lines: Mapping[str, str]) -> tuple[list[str], list[int], list[list[str]]]:
    """Tokens, their kinds, and the chain of tokens that each line is."""
    single = [_symbol(byte) for byte in range(256)] + ["ab"]
    control = [_START, _BEGIN, _END, *(f"<|say{number}|>" for number in range(len(lines)))]
    used = {*single, *control, *_CALLS}
    chains = []
    for number, text in enumerate(lines.values()):
        pieces = list(_pieces(text.removesuffix("…"), used))
        after = pieces[0] if text.endswith("…") else _END
        chains.append([f"<|say{number}|>", *pieces, after])
    pieces_of_all = [piece for chain in chains for piece in chain[1:-1]]
    tokens = [*single, *control, *_CALLS, *pieces_of_all]
    kinds = [_NORMAL] * len(single) + [_CONTROL] * len(control) + [_USER_DEFINED] * (len(_CALLS) + len(pieces_of_all))
    return tokens, kinds, chains


def _pieces(text: str, used: set[str]) -> Iterator[str]:
    """The text in words, some put together so that no piece is in the text, or in another, twice."""
    words = re.findall(r"(?:<tool_call>\s*)?\S+\s*", text)  # a tag alone would be taken for a token of its own
    pieces: list[str] = []
    piece = ""
    for word in words:
        piece += word
        if piece not in used:
            used.add(piece)
            pieces.append(piece)
            piece = ""
    if piece:
        pieces[-1] += piece
        used.add(pieces[-1])
    yield from pieces


def _symbol(byte: int) -> str:
    """How vocabularies of this kind write a byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return chr(byte) if byte in plain else chr(256 + [code for code in range(256) if code not in plain].index(byte))


def _successors(tokens: list[str], chains: list[list[str]], size: int) -> Any:
    table = numpy.zeros((len(tokens), size), numpy.float32)
    number = {token: index for index, token in enumerate(tokens)}
    for chain in chains:
        for token, after in itertools.pairwise(chain):
            table[number[after], number[token]] = _LOGIT / size**0.5  # a normed one-hot vector has this length
    return table


def _template(lines: Mapping[str, str], template: str) -> str:
    parts = []
    for number, word in enumerate(lines):
        pieces_of_all = f"{{{{- '<|say{number}|>' }}}}"
        parts.append(
            (
                word,
                f"{{%- if '{word}' in messages[-1].content %}}{pieces_of_all}{{%- else %}}" if word else pieces_of_all,
            )
        )
    ordered = [text for word, text in parts if word] + [text for word, text in parts if not word]
    closing = "{%- endif %}" * sum(bool(word) for word in lines)
    return template.replace("CHOICE", "".join(ordered) + closing)


# The file -------------------------------------------------------------------------------------


def _file(facts: Mapping[str, Any], tensors: Mapping[str, Any]) -> bytes:
    described, data = b"", b""
    for name, tensor in tensors.items():
        described += _text(name) + struct.pack("<I", tensor.ndim)
        described += struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape)) + struct.pack("<IQ", 0, len(data))
        data = _padded(data + tensor.tobytes())
    known = b"".join(_text(key) + _typed(value) for key, value in facts.items())
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(facts))
    return _padded(head + known + described) + data


def _typed(value: Any) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + _text(value)
        case [str(), *_]:
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))
        case _:
            return struct.pack("<IIQ", 9, 5, len(value)) + struct.pack(f"<{len(value)}i", *value)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 32)
