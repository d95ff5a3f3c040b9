"""Tracebacks as a model needs them: the user's own frames and the error, without the frames of libraries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from jupyter_agent.kernelside.head_tail import LEFT_OUT

_HEADER = re.compile(r"(?:\S.*)?Traceback \(most recent call last\):?\s*", re.DOTALL)
_FRAME = re.compile(r'(?:Cell In ?\[|Input In ?\[|<ipython-input|File \S|  File ")')
#: What belongs to a frame: its lines of source, blank ones, and what was left out of them.
_BODY = re.compile(r"\s|-+> *\d|\[\.\.\. skipping")
_CUT = re.compile(r"\[?" + r"[\d,]+".join(map(re.escape, LEFT_OUT.split("{:,}"))))
_LIBRARY = re.compile(r"(?:site|dist)-packages[\\/]|[\\/]lib(?:64)?[\\/]python3|\\Lib\\|\.px[di]\b|\.pyx\b|<frozen ")
_CHAINED = re.compile(
    r"^(?:The above exception was the direct cause of the following exception"
    r"|During handling of the above exception, another exception occurred):\s*$",
    re.MULTILINE,
)
_NAME = re.compile(r", in (.{1,80})")
#: Own frames that are shown, of the first and of the last.
_FIRST, _LAST = 2, 4


def without_library_frames(text: str) -> str:
    """What code displayed, with its traceback shortened; an exception that only libraries raised and handled is left out."""
    parts: list[str] = []
    start = 0
    for link in _CHAINED.finditer(text):
        part, has_own_frames, before = _shorten_traceback(text[start : link.start()])
        parts.append(f"{part}{link[0]}" if has_own_frames else before)
        start = link.end()
    return "".join([*parts, _shorten_traceback(text[start:])[0]])


def _shorten_traceback(text: str) -> tuple[str, bool, str]:
    """A text with one traceback, shortened; whether it has frames of the user's, or no traceback; what stands before that."""
    lines = text.splitlines(keepends=True)
    header = next((number for number, line in enumerate(lines) if _HEADER.fullmatch(line)), None)
    if header is None:
        return text, True, text
    frames: list[list[str]] = []
    end = header + 1
    for line in lines[end:]:
        is_cut = any(
            map(_CUT.match, lines[end - 1 : end + 2])
        )  # it, or the line before or after it, of which it is a part
        if _FRAME.match(line):
            frames.append([line])
        elif frames and (is_cut or _BODY.match(line)):
            frames[-1].append(line)
        elif line.strip() or frames:
            break
        end += 1
    is_own = [_LIBRARY.search(frame[0]) is None for frame in frames]
    top = header - 1 if header and set(lines[header - 1].strip()) == {"-"} else header
    shown = "".join(lines[: header + 1]) + _shown(frames, is_own) + "".join(lines[end:])
    return shown, any(is_own), "".join(lines[:top])


def _shown(frames: Sequence[Sequence[str]], is_own: Sequence[bool]) -> str:
    parts: list[str] = []
    for own, group in groupby(zip(is_own, frames, strict=True), key=lambda pair: pair[0]):
        run = [frame for _, frame in group]
        if not own:
            name = _NAME.search(run[0][0])
            parts.append(f"[… {len(run)} frame(s) of libraries{f', from {name[1]} on' if name else ''} …]\n\n")
            continue
        left_out = len(run) - _FIRST - _LAST
        kept = ["".join(frame) for frame in run]
        if left_out > 0:
            kept[_FIRST : _FIRST + left_out] = [f"[… {left_out} frames left out …]\n\n"]
        parts += kept
    return "".join(parts)
