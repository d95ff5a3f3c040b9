"""What a model thinks within the text of its answer, told apart from the answer: tags that events cut anywhere."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from jupyter_agent.core.messages import TextDelta, ThinkingDelta

Delta: TypeAlias = TextDelta | ThinkingDelta
#: What opens a thought, and what ends it, by family of models.
_ENDS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<|channel|>analysis<|message|>": "<|end|>",
}
#: What stands between a thought and the answer, of models whose server does not read their channels.
_BETWEEN = ("<|start|>assistant", "<|channel|>final<|message|>", "<|START_RESPONSE|>")
_MARK = re.compile(r"[<◁\[]")
#: Ends that say so themselves; that of a channel is that of any message, too.
_UNOPENED = tuple(end for end in _ENDS.values() if end != "<|end|>")
_TAGS = (*_ENDS, *_UNOPENED)
_TAG = re.compile("|".join(map(re.escape, _TAGS)))
_FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,})", re.MULTILINE)


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

    def feed(self, text: str) -> list[Delta]:
        """Take in some text and return what of it is sure."""
        if self._state == "answer" and not self._held and not _MARK.search(text):
            self._texts.append(text)
            return [TextDelta(text)] if text else []
        return self._read(text, is_last=False)

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
        for mark in (*_ENDS, *_BETWEEN):
            if text.startswith(mark):
                if mark in _ENDS:
                    self._state, self._end, self._is_expected = "thought", _ENDS[mark], False
                return text.removeprefix(mark)
        if not text or (not is_last and any(mark.startswith(text) for mark in (*_ENDS, *_BETWEEN))):
            self._held = "" if is_last else rest
            return ""
        if self._is_expected:
            self._state, self._end, self._is_expected = "thought", "", False
        else:
            self._state = "answer"
        return text if self._thoughts or self._state == "thought" else rest

    def _thought(self, rest: str, deltas: list[Delta], *, is_last: bool) -> str:
        ends = (self._end,) if self._end else _UNOPENED
        at, end = min(((at, end) for end in ends if (at := rest.find(end)) >= 0), default=(-1, ""))
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
        return rest[at + len(end) :]

    def _answer(self, rest: str, deltas: list[Delta], *, is_last: bool) -> str:
        for tag in _TAG.finditer(rest):
            if tag.end() == len(rest) and not is_last:
                break  # what follows it decides
            before, after = "".join([*self._texts, rest[: tag.start()]]), rest[tag.end() : tag.end() + 1]
            if not _is_thought(tag[0], before, after):
                continue
            if tag[0] in _ENDS:
                self._pass_on(rest[: tag.start()], deltas)
                self._state, self._end = "thought", _ENDS[tag[0]]
            else:
                deltas.append(ThinkingDelta(rest[: tag.start()], replaces_text=True))
                self._state, self.thinks_first = "before", True
            self._texts, self._thoughts = [], [before]
            return rest[tag.end() :]
        tags = list(_TAG.finditer(rest))
        cut = tags[-1].start() if tags and tags[-1].end() == len(rest) else len(rest)
        text = rest if is_last else self._without_cut_tag(rest[:cut], _TAGS, rest[cut:])
        self._pass_on(text, deltas)
        return ""

    def _pass_on(self, text: str, deltas: list[Delta]) -> None:
        if text:
            self._texts.append(text)
            deltas.append(TextDelta(text))

    def _without_cut_tag(self, text: str, tags: tuple[str, ...], held: str = "") -> str:
        """The text without what may become a tag, which is held back."""
        sizes = range(min(len(text), max(map(len, tags)) - 1), 0, -1)
        cut = 0 if held else next((size for size in sizes if any(tag.startswith(text[-size:]) for tag in tags)), 0)
        self._held = text[len(text) - cut :] + held
        return text[: len(text) - cut]


def _is_thought(tag: str, before: str, after: str) -> bool:
    """Whether a tag in the midst of an answer begins or ends a thought, and does not stand there because it is spoken of."""
    line = before.rpartition("\n")[2]
    if len(_FENCE.findall(before)) % 2 or line.count("`") % 2 or after == "`" or before[-1:] in ("'", '"'):
        return False
    if tag in _ENDS:
        return not line.strip() and after in ("", "\n")
    return not line.strip() or after not in tuple(" .,;:!?)'\"")
