"""A reply on its way to the reader: Markdown that grows in place in a notebook, plain text in a terminal."""

from __future__ import annotations

import re
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..hidden_characters import for_terminal
from .safe_markdown import safe_markdown

UPDATE_SECONDS = 0.1
_STARRED = re.compile(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])")
SLOWER_FROM = 20_000  # characters: each update sends the whole text again


class Reply:
    """Where a reply goes; this one shows nothing while it comes: only its code, or its data, is wanted at the end."""

    def text(self, more: str) -> None:
        """Some more of it."""

    def drop_text(self) -> None:
        """The text since the last status or block was none of the reply."""

    def status(self, words: str) -> None:
        """What is going on meanwhile; removed at the end."""

    def block(self, markdown: str) -> None:
        """Something whole, after the text so far; what comes next stands below."""

    def finish(self, note: str = "") -> None:
        """Nothing more comes; the note is set apart."""
        if note:
            print(for_terminal(note), file=sys.stderr, flush=True)


class FrontEnd(NamedTuple):
    """What whoever reads this kernel or terminal can do."""

    shows_markdown: bool
    can_ask: bool


def front_end(ip: Any) -> FrontEnd:
    """The front end of the request that is served now."""
    if getattr(ip, "kernel", None) is None:
        return FrontEnd(shows_markdown=False, can_ask=not getattr(sys.stdin, "closed", True) and sys.stdin.isatty())
    try:
        request = ip.kernel.get_parent() or {}
    except Exception:  # none is served
        request = {}
    can_ask = bool((request.get("content") or {}).get("allow_stdin"))
    in_cell = bool((request.get("metadata") or {}).get("cellId"))
    # A notebook; consoles of a kernel do not replace what they have once shown.
    return FrontEnd(in_cell or "__vsc_ipynb_file__" in ip.user_ns or not can_ask, can_ask)


def start(ip: Any, form: str) -> Reply:
    """The fitting kind of reply for whoever reads this kernel or terminal."""
    if form != "markdown":
        return Reply()
    return MarkdownReply() if front_end(ip).shows_markdown else TextReply()


def without_emphasis(note: str) -> str:
    """A note of ours for who reads Markdown as it is: without the stars around it."""
    return _STARRED.sub(r"\1", note)


class MarkdownReply(Reply):
    """One output of a notebook, replaced as the text grows, at most ten times a second."""

    def __init__(self) -> None:
        self._text = ""
        self._kept = 0  # characters of the text that were there at the last status
        self._status = ""
        self._display_id = ""
        self._shown_at = 0.0

    def text(self, more: str) -> None:
        self._text += more if self._text else more.lstrip("\n")
        self._status = ""
        if time.monotonic() - self._shown_at >= UPDATE_SECONDS * max(1.0, len(self._text) / SLOWER_FROM):
            self._show()

    def drop_text(self) -> None:
        self._text = self._text[: self._kept]

    def status(self, words: str) -> None:
        self._status, self._kept = words, len(self._text)
        self._show()

    def block(self, markdown: str) -> None:
        if self._text:
            self.finish()
        self._text = markdown  # where only a status was shown, it takes its place
        self.finish()

    def finish(self, note: str = "") -> None:
        self._status = ""
        if note:
            self._text += f"\n\n*{note}*" if self._text else f"*{note}*"
        if self._text or self._display_id:
            self._show()
        self._text, self._display_id, self._kept = "", "", 0

    def _show(self) -> None:
        from IPython.display import publish_display_data

        whole = f"{self._text}\n\n*{self._status}*" if self._status else self._text
        shown = safe_markdown(whole)  # a cell that the user runs is trusted: Jupyter sanitises nothing in it
        update = bool(self._display_id)
        self._display_id = self._display_id or uuid.uuid4().hex
        publish: Any = publish_display_data
        publish(
            {"text/markdown": shown, "text/plain": for_terminal(whole)},
            transient={"display_id": self._display_id},
            update=update,
        )
        self._shown_at = time.monotonic()


class TextReply(Reply):
    """Text printed as it comes, without what commands a terminal."""

    def __init__(self) -> None:
        self._begun = False  # whether the text since the last status or block has
        self._open = False  # whether its last line has not ended

    def text(self, more: str) -> None:
        more = more if self._begun else more.lstrip("\n")
        if more:
            print(for_terminal(more), end="", flush=True)
            self._begun, self._open = True, not more.endswith("\n")

    def status(self, words: str) -> None:
        self.finish(f"· {words}")

    def block(self, markdown: str) -> None:
        self.finish(markdown)

    def finish(self, note: str = "") -> None:
        if self._open:
            print(flush=True)
        self._begun = self._open = False
        if note:
            print(for_terminal(note), flush=True)


def code_of(done: Mapping[str, Any], *, python_only: bool = False) -> str:
    """The code blocks of a finished turn as one text."""
    blocks = [block for block in done.get("code") or () if isinstance(block, dict)]
    if python_only:
        languages = ("", "python", "py", "ipython")
        blocks = [block for block in blocks if str(block.get("language", "")).lower() in languages]
    return "\n\n".join(str(block.get("source", "")) for block in blocks)
