"""What a model thinks within the text of its answer, told apart from the answer: tags that events cut anywhere."""

from __future__ import annotations

import re
import string
from functools import lru_cache
from typing import Literal, TypeAlias

from jupyter_agent.core.events import TextDelta, ThinkingDelta
from jupyter_agent.core.text import FENCE

Delta: TypeAlias = TextDelta | ThinkingDelta
#: What opens a thought, and what ends it, by family of models; in small letters, as in all tables here.
_ENDS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
    "<|start_thinking|>": "<|end_thinking|>",
    "<|channel|>analysis<|message|>": "<|end|>",
}
#: What stands between a thought and the answer, of models whose server does not read their channels.
_BETWEEN = ("<|start|>assistant", "<|channel|>final<|message|>", "<|start_response|>")
#: What stands around the answer, and is no part of it.
_OPEN, _CLOSE = "<answer>", "</answer>"
_MARK = re.compile(r"[<◁\[]")
#: Ends that say so themselves; that of a channel is that of any message, too.
_UNOPENED = tuple(end for end in _ENDS.values() if end != "<|end|>")
_TAGS = (*_ENDS, *_UNOPENED, _OPEN, _CLOSE)
_TAG = re.compile("|".join(map(re.escape, _TAGS)), re.IGNORECASE | re.ASCII)
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
#: Characters that are looked at together: each tag in them is looked for in all of them.
_PIECE = 8192
#: Characters of a line that tell whether it is one.
_FENCE_SIZE = 6


class ThoughtReader:
    """Tells thoughts from the answer as they come.

    A closing tag that nothing has opened ends a thought, too: some templates write the opening one, and servers do not send
    it. The text before it is then taken back, unless it is known beforehand that the model begins so.

    Args:
        thinks_first: Whether this model is known to begin with a thought that nothing opens.

    Attributes:
        thinks_first: Whether it has done so this time.
    """

    def __init__(self, *, thinks_first: bool = False) -> None:
        self.thinks_first = False
        self._is_expected = thinks_first
        self._state: Literal["before", "thought", "answer"] = "before"
        self._end = ""  # of the thought; empty where nothing has opened it
        self._held = ""
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._place = _Place()
        self._is_wrapped = False  # in the tags of an answer

    def feed(self, text: str) -> list[Delta]:
        """Take in some text and return what of it is sure."""
        if self._state == "answer" and not self._held and not _MARK.search(text):
            self._texts.append(text)
            self._place.move(text)
            return [TextDelta(text)] if text else []
        pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
        return [delta for piece in pieces for delta in self._read(piece, is_last=False)]

    def finish(self, *, is_cut: bool = False) -> list[Delta]:
        """The answer is complete: what was held back. A thought that was expected and has no end was the answer, unless cut."""
        deltas = self._read("", is_last=True)
        if self._state == "thought" and not self._end and not is_cut:
            deltas.append(TextDelta("".join(self._thoughts)))
        return deltas

    def _read(self, text: str, *, is_last: bool) -> list[Delta]:
        deltas: list[Delta] = []
        rest, self._held = self._held + text, ""
        while rest:
            match self._state:
                case "before":
                    rest = self._before(rest, is_last=is_last)
                case "thought":
                    rest = self._thought(rest, deltas, is_last=is_last)
                case "answer":
                    rest = self._answer(rest, deltas, is_last=is_last)
        return deltas

    def _before(self, rest: str, *, is_last: bool) -> str:
        """Nothing but space has come of the thought or the answer that follows."""
        text = rest.lstrip()
        small, marks = text.translate(_SMALL), (*_ENDS, *_BETWEEN, _OPEN)
        for mark in marks:
            if small.startswith(mark):
                if mark in _ENDS:
                    self._state, self._end, self._is_expected = "thought", _ENDS[mark], False
                self._is_wrapped |= mark == _OPEN
                return text[len(mark) :]
        if not text or (not is_last and any(mark.startswith(small) for mark in marks)):
            self._held = "" if is_last else rest
            return ""
        if self._is_expected:
            self._state, self._end, self._is_expected = "thought", "", False
        else:
            self._state = "answer"
        return text if self._thoughts or self._is_wrapped or self._state == "thought" else rest

    def _thought(self, rest: str, deltas: list[Delta], *, is_last: bool) -> str:
        # A thought that is not ended goes up to the answer's tags.
        ends = (self._end, f"\n{_OPEN}") if self._end else _UNOPENED
        small = rest.translate(_SMALL)
        at, end = min(((at, end) for end in ends if (at := small.find(end)) >= 0), default=(-1, ""))
        piece = rest[:at] if end else rest if is_last else self._without_cut_tag(rest, ends)
        piece = piece if self._thoughts else piece.lstrip()
        if piece:
            self._thoughts.append(piece)
            deltas.append(ThinkingDelta(piece))
        if not end:
            return ""
        self.thinks_first = self.thinks_first or not self._end
        self._state = "before"
        self._thoughts = self._thoughts or [""]
        self._is_wrapped |= end.endswith(_OPEN)
        return rest[at + len(end) :]

    def _answer(self, rest: str, deltas: list[Delta], *, is_last: bool) -> str:
        position, cut = 0, len(rest)
        for tag in _TAG.finditer(rest):
            if tag.end() == len(rest) and not is_last:
                cut = tag.start()  # what follows it decides
                break
            self._place.move(rest[position : tag.start()])
            position, name = tag.start(), tag[0].translate(_SMALL)
            before = rest[:position]
            if name in (_OPEN, _CLOSE):
                is_mark = (name == _CLOSE and self._is_wrapped) or (name == _OPEN and self._place.begins_answer)
                if not is_mark or self._place.is_quoted(rest[tag.end() : tag.end() + 1]):
                    continue
                self._is_wrapped = name == _OPEN
                self._texts.append(before)
                deltas += [TextDelta(before)] if before else []
                return rest[tag.end() :]
            if not self._place.is_thought(name, rest[tag.end() : tag.end() + 1]):
                continue
            if name in _ENDS:
                deltas += [TextDelta(before)] if before else []
                self._state, self._end = "thought", _ENDS[name]
            else:
                deltas.append(ThinkingDelta(before, replaces_text=True))
                self._state, self.thinks_first = "before", True
            self._texts, self._thoughts, self._place = [], ["".join([*self._texts, before])], _Place()
            return rest[tag.end() :]
        if text := rest if is_last else self._without_cut_tag(rest[:cut], _TAGS, rest[cut:]):
            self._texts.append(text)
            self._place.move(text[position:])
            deltas.append(TextDelta(text))
        return ""

    def _without_cut_tag(self, text: str, tags: tuple[str, ...], held: str = "") -> str:
        """The text without what may become a tag, which is held back."""
        beginnings = _beginnings(tags)
        small = text[-len(beginnings[0]) :].translate(_SMALL)
        cut = len(next(filter(small.endswith, beginnings), "")) if not held and small.endswith(beginnings) else 0
        self._held = text[len(text) - cut :] + held
        return text[: len(text) - cut]


@lru_cache(maxsize=64)
def _beginnings(tags: tuple[str, ...]) -> tuple[str, ...]:
    """What may become one of some tags, the longest first."""
    longest = max(map(len, tags))
    beginnings = {tag[:size] for tag in tags for size in range(1, min(len(tag), longest - 1) + 1)}
    return tuple(sorted(beginnings, key=len, reverse=True))


class _Place:
    """Where in an answer a tag stands, known from all that stands before it, of which each character is looked at once."""

    def __init__(self) -> None:
        self._is_fenced = False
        self._line = ""  # its first characters
        self._is_blank = True
        self._ticks = 0
        self._last = ""

    def move(self, text: str) -> None:
        """Go on behind some text."""
        *lines, rest = text.split("\n")
        for line in lines:
            self._is_fenced ^= FENCE.match((self._line + line)[:_FENCE_SIZE]) is not None
            self._line, self._is_blank, self._ticks = "", True, 0
        self._line = (self._line + rest)[:_FENCE_SIZE]
        self._is_blank = self._is_blank and not rest.strip()
        self._ticks += rest.count("`")
        self._last = text[-1:] or self._last

    def is_thought(self, tag: str, after: str) -> bool:
        """Whether a tag here begins or ends a thought, and does not stand here because it is spoken of."""
        if self.is_quoted(after):
            return False
        if tag in _ENDS:
            return self._is_blank and after in ("", "\n")
        return self._is_blank or after not in tuple(" .,;:!?)'\"")

    @property
    def begins_answer(self) -> bool:
        """Whether a line begins here."""
        return self._is_blank

    def is_quoted(self, after: str) -> bool:
        """Whether a tag here stands in code or quotes."""
        is_fenced = self._is_fenced ^ (FENCE.match(self._line) is not None)
        return bool(is_fenced or self._ticks % 2 or after == "`" or self._last in ("'", '"'))
