"""Tools for models that know none: offered in words, and their calls read from what the model says."""

from __future__ import annotations

import html
import json
import re
import textwrap
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jupyter_agent.core.messages import Message
from jupyter_agent.core.text import FENCE, FENCE_BEGINNING, PYTHON
from jupyter_agent.kernelside.fences import fenced
from jupyter_agent.models.openai_compatible.written_calls import CallGrammar, WrittenCall, shows_something

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jupyter_agent.core.protocols import ToolSpec

_OFFER = """# Tools

You can use tools. To use one, end your answer with a block like this one and write nothing after it:

```tool_call
{"name": "<tool>", "arguments": {}}
```

You get the result in the next message. Use only these tools, with arguments that fit their JSON schema:
"""
#: Characters of a block that may be a call; longer ones are none.
MAX_CALL = 1 << 16
#: Characters that are looked at together: what is held back is looked at with each of them again.
_PIECE = 1024
#: Not compared, where a call may be what the model was sent: how texts are quoted and lines broken. And the fewest characters that tell.
_QUOTING = re.compile(r"(?:\\+[nrt]|[\s\\\"'`])+")
_TELLING = 20
#: What models begin a call with, and how it ends; empty where it ends with the answer.
_TAGS = {
    "<tool_call>": "</tool_call>",
    "<tool_calls>": "</tool_calls>",
    "<function_call>": "</function_call>",
    "<function_calls>": "</function_calls>",
    "<tools>": "</tools>",
    "<tool>": "</tool>",
    "<tool_code>": "</tool_code>",
    "<minimax:tool_call>": "</minimax:tool_call>",
    "<|tool_call|>": "<|/tool_call|>",
    "<|tool_call_start|>": "<|tool_call_end|>",
    "<|START_ACTION|>": "<|END_ACTION|>",
    "<|tool_calls_section_begin|>": "",
    "<|tool_call_begin|>": "",
    "<｜tool▁calls▁begin｜>": "",
    "<｜tool▁call▁begin｜>": "",
    "<|channel|>commentary to=": "",
    "<|python_tag|>": "",
    "<functioncall>": "",
    "[TOOL_CALLS]": "",
    "<function=": "</function>",
    "<invoke name=": "</invoke>",
    "<tool_call name=": "</tool_call>",
}
_TAG = re.compile("|".join(map(re.escape, _TAGS)))
#: What may become one, the longest first; of a cut answer so much of one that it is no text.
_SHORTEST = 3
_CUT_TAGS = tuple(sorted({tag[:size] for tag in _TAGS for size in range(1, len(tag))}, key=len, reverse=True))
_AFTER_TAG = re.compile(
    r"\s*(?:\Z|[{\[<\"'|`]|[A-Za-z_][\w.-]*(?:\Z|[({\[<>\n]|\"(?:\Z|[<>])|:(?:\Z|[\d<])| (?:\Z|<)))"
)
_CERTAIN = frozenset({"tool_call", "tool_calls", "tool", "function_call"})
#: Language of blocks with calls as Python has them.
_TOOL_CODE = "tool_code"
#: Languages of blocks whose code is run, where code blocks are calls.
_RUN = ("", _TOOL_CODE, *PYTHON)
#: What is said before an example; a call behind it counts only if nothing follows.
_EXAMPLE = re.compile(
    r"example|instance|e\.g\.|such as|like (this|so|that)|looks? like|format|syntax|would (be|look|call|write)",
    re.IGNORECASE,
)
#: Behind data that are a call, on a new line: words.
_WORDS_AFTER = re.compile(r"[}\])][ \t]*\n\s*+(?=[^\s{}\[\](),;\"'`])")
#: A call in Python that is spoken of.
_SPOKEN_OF = re.compile(r"\s*\w+\([^()\n]*\)[ \t]*[^\W\d_]")
#: Where data begin that nothing is around.
_BRACKET = re.compile(r"[{\[]")
#: Quotes that are not escaped.
_QUOTES = re.compile(r"\\.|(\")", re.DOTALL)
_STRUCTURE = re.compile(r"[\"{}\[\]]")
#: The end of a text, behind what is escaped.
_QUOTE = re.compile(r"(?:\\.|[^\"\\])*+\"", re.DOTALL)
_LEAD = 300
#: Characters of a block by which it is told what it may be, and how often what stands before words is read.
_HEAD = 4096
_MAX_TRIES = 50
#: How near before its arguments a tool is named, and what stands before those that have no fence.
_NEAR = 80
_INPUT = re.compile(r"(?:Action Input:|>)\s*\Z")


def offer(tools: Sequence[ToolSpec]) -> Message:
    """What the model is told of the tools."""
    lines = (f"- {tool.name}: {tool.description} Schema: {json.dumps(dict(tool.parameters))}" for tool in tools)
    return Message("system", _OFFER + "\n".join(lines))


def without_calls(messages: Iterable[Message]) -> list[Message]:
    """The same history with its calls as the model is told to write them, and their results as messages of the user."""
    converted: list[Message] = []
    names: dict[str | None, str] = {}
    for message in messages:
        if message.role == "tool":
            name = names.get(message.tool_call_id, "the tool")
            result = f"Result of {name}:\n{fenced(message.content, '')}"
            converted.append(Message("user", result, pictures=message.pictures))
        elif message.tool_calls:
            names.update({call.id: call.name for call in message.tool_calls})
            calls = (
                f'{{"name": {json.dumps(call.name)}, "arguments": {call.arguments}}}' for call in message.tool_calls
            )
            blocks = "\n".join(fenced(call, "tool_call") for call in calls)
            converted.append(Message("assistant", f"{message.content}\n\n{blocks}".strip()))
        else:
            converted.append(message)
    return converted


@dataclass(slots=True)
class _Block:
    """Something fenced or tagged, or data that the answer begins with.

    Attributes:
        kind: ``call`` is said to be one, ``perhaps`` may be one, ``code`` is text like any other, ``program`` is run.
        end: The fence or the tag that ends it; empty where it ends with the answer.
        opening: How it began.
        is_first: Whether nothing stands before it.
        searched: Characters of the body in which its end was not found.
        scanned: Characters of data in which their end was not found; -1 where they are no JSON.
        depth: How many brackets are open there.
        is_text: Whether a text is.
        tries: How often what stands before words was no call.
        first_end: Where the first fence stands that seemed to be within a text, and what it is.
    """

    kind: Literal["call", "perhaps", "code", "program"]
    end: str
    opening: str
    is_first: bool = False
    searched: int = 0
    scanned: int = 0
    depth: int = 0
    is_text: bool = False
    tries: int = 0
    first_end: tuple[int, str] = (-1, "")

    @property
    def is_fenced(self) -> bool:
        """Whether a line ends it."""
        return self.end[:1] in ("`", "~") and bool(self.end)


class CallReader:
    """Passes text on as it comes, but for what is a call.

    Args:
        tools: Those that are offered; data and code that are not said to be a call are one only if they name one of them.
        code_tool: The tool that runs Python code, where a block of it is its call.
        forms: Gets how calls were written: ``tag`` as models are trained to, ``data`` in their own words.
        is_strict: Whether the model is known to call tools as it should, so that what looks like a call is an example unless
            the answer ends with it.
        sent: What the model was sent. A call that stands there is quoted, and not made: whoever wrote a file, an output or a
            cell must not be able to call tools.

    Attributes:
        calls: Those that were found.
        over: The model goes on talking after a call: what it makes up of the result.
    """

    def __init__(
        self,
        tools: Iterable[ToolSpec],
        *,
        code_tool: str = "",
        forms: set[str] | None = None,
        is_strict: bool = False,
        sent: Sequence[Message] = (),
    ) -> None:
        self.calls: list[WrittenCall] = []
        self.over = False
        self._grammar = CallGrammar(tools)
        self._code_tool = code_tool
        self._forms = set() if forms is None else forms
        self._is_strict = is_strict
        self._sent = sent
        self._sent_words: list[tuple[bool, str]] | None = None
        self._rest = ""
        self._within = False  # a line, of which a part was passed on
        self._ticks = 0
        self._lead = ""
        self._block: _Block | None = None
        self._may_be_bare = True
        self._is_cut = False
        self._is_refused = False  # what stands here is no call that nothing is around
        self._pending: list[tuple[str, list[WrittenCall]]] = []

    def feed(self, text: str) -> str:
        """Take in some text and return what is not a call."""
        passed: list[str] = []
        for start in range(0, len(text), _PIECE):
            self._rest += text[start : start + _PIECE]
            passed.append(self._read(is_end=False))
        return "".join(passed)

    def end(self, *, is_cut: bool = False) -> str:
        """The answer is complete: what was held back and is no call after all.

        Args:
            is_cut: Whether it was cut, so that a call may have been, too.
        """
        self._is_cut = is_cut
        if self.over:
            self._rest, self._block = "", None
        if is_cut and self._block is None and (tag := next(filter(self._rest.endswith, _CUT_TAGS), ""))[_SHORTEST:]:
            self._rest = self._rest.removesuffix(tag)
        passed = self._read(is_end=True)
        for _, calls in self._pending:
            self.calls += calls
        if self._pending:
            self._forms.add("data")
        return passed

    def _read(self, *, is_end: bool) -> str:
        passed: list[str] = []
        while not self.over and (self._rest or (is_end and self._block is not None)):
            before = len(self._rest), self._block
            if self._block is None:
                passed.append(self._passed(self._outside(is_end=is_end)))
            elif self._block.kind == "code":
                passed.append(self._passed(self._code(self._block, is_end=is_end)))
            else:
                passed.append(self._candidate(self._block, is_end=is_end))
            if before == (len(self._rest), self._block):
                break
        return "".join(passed)

    def _passed(self, text: str) -> str:
        """Text that is no call: passed on, but not behind one."""
        if self.calls:
            self.over = self.over or bool(text.strip())
            return ""
        if self._pending and not text.strip():
            self._pending.append((text, []))
            return ""
        text = "".join(raw for raw, _ in self._pending) + text
        self._pending.clear()
        self._lead = (self._lead + text)[-_LEAD:]
        return text

    def _taken(self, size: int) -> str:
        """The next characters, which are no longer held back."""
        text, self._rest = self._rest[:size], self._rest[size:]
        if text:
            self._is_refused = False
            line = text.rpartition("\n")[2]
            self._within = bool(line) or (self._within and "\n" not in text)
            self._ticks = line.count("`") + (0 if "\n" in text else self._ticks)
        return text

    def _outside(self, *, is_end: bool) -> str:
        """Text up to where a call or a block may begin."""
        line, newline, _ = self._rest.partition("\n")
        is_whole = bool(newline) or is_end
        is_first = not self._lead.strip() and not self._pending
        if not self._within:
            opened = FENCE.match(line)
            rest = line[opened.end() :].strip() if opened else ""
            is_call = opened is not None and opened["language"].lower() in _CERTAIN
            if opened and (is_call or "`" not in rest or self._grammar.may_begin(rest)):
                if is_whole:
                    size = opened.end() if rest else len(line + newline)
                    opening = self._taken(size)
                    language = opened["language"].lower()
                    is_program = self._code_tool and not rest and language in _RUN
                    kind: Literal["call", "program", "perhaps"] = "program" if is_program else "perhaps"
                    self._block = _Block("call" if is_call else kind, opened["fence"], opening, is_first)
                return ""
            if not is_whole and FENCE_BEGINNING.fullmatch(line):
                return ""
        bare = self._bare_call(line)
        if bare == 0:
            self._block = _Block("perhaps", "", "", is_first)
            return ""
        may_have_tag = "<" in line or "[" in line  # the looks for these spare most pieces of an answer the rest
        if may_have_tag and (tag := _TAG.search(line)) and not 0 < bare < tag.start():
            if (self._ticks + line[: tag.start()].count("`")) % 2:  # within code in a line
                return self._taken(tag.end())
            if tag.start():
                return self._taken(tag.start())
            self._block = _Block("call", _TAGS[tag[0]], self._taken(tag.end()), is_first)
            return ""
        if bare > 0:
            return self._taken(bare)
        if is_whole:
            return self._taken(len(line + newline))
        held = next(filter(line.endswith, _CUT_TAGS)) if may_have_tag and line.endswith(_CUT_TAGS) else ""
        return self._taken(len(line) - len(held))

    def _bare_call(self, line: str) -> int:
        """Where in a line a call may begin that nothing is around: data, or at its beginning Python; -1 where none does."""
        if not self._may_be_bare:
            return -1
        if not self._within and not self._is_refused and line.strip() and self._grammar.may_begin(self._rest):
            return 0
        # The look for one spares most pieces of an answer the rest.
        for bracket in _BRACKET.finditer(line, int(self._is_refused)) if "{" in line or "[" in line else ():
            is_in_code = (self._ticks + line[: bracket.start()].count("`")) % 2
            if not is_in_code and self._grammar.may_begin(self._rest[bracket.start() :]):
                return bracket.start()
        return -1

    def _data_end(self, block: _Block) -> int:
        """Where the JSON value ends that a body is; -1 where it goes on, or is none. Each character is looked at once."""
        text = self._rest
        while 0 <= block.scanned < len(text):
            scanned = block.scanned
            found = _QUOTE.match(text, scanned) if block.is_text else _STRUCTURE.search(text, scanned)
            if found is None:
                escapes = len(text) - scanned - len(text[scanned:].rstrip("\\"))
                block.scanned = len(text) - escapes % 2  # what is escaped may still come
                break
            block.scanned = found.end()
            match found[0][-1]:
                case '"':
                    block.is_text = not block.is_text
                case "{" | "[":
                    block.depth += 1
                case _:
                    block.depth -= 1
                    if block.depth <= 0:
                        block.scanned = -1
                        with suppress(ValueError, RecursionError):
                            start = len(text) - len(text.lstrip())
                            return json.JSONDecoder(strict=False).raw_decode(text, start)[1]
        return -1

    def _code(self, block: _Block, *, is_end: bool) -> str:
        """A line of code, or what there is of it unless it may be the end."""
        line, newline, _ = self._rest.partition("\n")
        may_end = not self._within and not line.strip().strip(block.end[0])
        if newline or is_end:
            if may_end and len(line.strip()) >= len(block.end):
                self._block = None
            return self._taken(len(line + newline))
        return "" if may_end else self._taken(len(line))

    def _candidate(self, block: _Block, *, is_end: bool) -> str:
        """A block that is a call or may be one, once it is complete or can be none any more."""
        size, closing = self._closing(block, is_end=is_end)
        is_closed = size >= 0
        body = self._rest[:size] if is_closed else self._rest
        if block.kind == "call" and not block.is_fenced and not _AFTER_TAG.match(body):
            self._block = None  # it only speaks of the tag
            return self._passed(block.opening)
        if block.kind == "perhaps" and not (self._may_be_call(block, body) and len(body) <= MAX_CALL):
            self._block = _Block("code", block.end, "") if block.end else None
            self._is_refused = not block.end
            self._may_be_bare = self._may_be_bare and len(body) <= MAX_CALL
            return self._passed(block.opening)
        if not (is_closed or is_end or len(body) > MAX_CALL):
            return ""
        self._block = None
        raw = block.opening + self._taken(len(body) + len(closing))
        if block.kind == "program":
            return self._program(block, body, raw)
        if block.kind == "call":
            if self._is_quoted(body):
                return self._passed(raw)
            if len(body) > MAX_CALL:
                self.over, self._rest, body = True, "", ""
            elif block.opening.strip() in ("<function=", "<invoke name=", "<tool_call name="):
                body = block.opening + body
            calls = self._grammar.certain(body, is_whole=is_closed or not block.end)
            if self._is_strict and not self.calls:
                self._pending.append((raw, calls))
                return ""
            for _, earlier in self._pending:
                self.calls += earlier
            self._pending.clear()
            self._forms.add("tag")
            self.calls += calls
            return ""
        is_tagged = _TAG.match(body.lstrip()) is not None
        calls = self._grammar.certain(body) if is_tagged else self._grammar.likely(body, is_lenient=not self._is_strict)
        if not calls and not self._is_strict and (block.is_fenced or _INPUT.search(self._lead)):
            calls = self._grammar.arguments(body, self._lead[-_NEAR:])
        if not calls and not is_closed and (name := self._grammar.name_of_cut(body, is_certain=self._is_cut)):
            calls = [WrittenCall(name, body.strip())]
        if not calls or self._is_quoted(body):
            return self._passed(raw)
        is_example = self._is_strict or _EXAMPLE.search(self._lead) is not None
        if self.calls or not (is_tagged or is_example or self._pending):
            self._forms.add("data")
            self.calls += calls
        else:
            self._pending.append((raw, calls))
        return ""

    def _program(self, block: _Block, body: str, raw: str) -> str:
        """Code that is run, which may be a call itself; one block of an answer, for the next one knows what it printed."""
        language = block.opening.strip().strip(block.end[0]).strip().lower()
        calls = self._grammar.likely(body, is_lenient=True)
        # Code in a cell is there to be run; code that was printed is data.
        if self._is_quoted(body) if calls else self._is_quoted(body, printed=True):
            return self._passed(raw)
        if not calls and not (body.strip() and (language in PYTHON or shows_something(body))):
            return self._passed(raw)
        if not self.calls:
            code = textwrap.dedent(body.strip("\n")).rstrip()
            self.calls += calls or [WrittenCall(self._code_tool, json.dumps({"code": code}))]
        self.over = True
        return ""

    def _is_quoted(self, call: str, *, printed: bool = False) -> bool:
        """Whether the model repeats what it was sent, or has said before, and calls nothing itself.

        Args:
            call: Or code.
            printed: Whether only what tools have returned is looked at, unless they failed: errors show the code.
        """
        if self._sent_words is None:
            self._sent_words = [
                (message.role == "tool" and not message.code, _QUOTING.sub("", html.unescape(message.content)))
                for message in self._sent
                if message.role != "system"
            ]
        words = _QUOTING.sub("", call).strip("[]")
        found = (text for is_printed, text in self._sent_words if is_printed or not printed)
        return len(words) >= _TELLING and any(words in text for text in found)

    def _may_be_call(self, block: _Block, body: str) -> bool:
        body = body[:_HEAD]
        start = body.lstrip()
        if _TOOL_CODE in block.opening:
            return True
        is_whole_answer = block.is_first and block.is_fenced and start[:1] in ("<", "[")
        if is_whole_answer and (_TAG.match(start) or any(tag.startswith(start) for tag in _TAGS)):
            return True
        return self._grammar.may_begin(body) and (bool(block.end) or not _SPOKEN_OF.match(body))

    def _is_in_text(self, block: _Block, body: str) -> bool:
        """Whether a fence stands within a text of the data or the code that it seems to end."""
        if block.kind == "program":
            return any(body.count(quotes) % 2 for quotes in ('"""', "'''"))
        return body.lstrip()[:1] in ("{", "[") and sum(map(bool, _QUOTES.findall(body))) % 2 == 1

    def _closing(self, block: _Block, *, is_end: bool) -> tuple[int, str]:
        """Where a block's body ends, and what ends it; -1 where it goes on."""
        if not block.end:
            if block.kind == "perhaps" and (end := self._data_end(block)) >= 0:
                return end, ""
            start = max(0, block.searched - 1)
            if block.kind != "perhaps" or block.tries >= _MAX_TRIES or "\n" not in self._rest[start:]:
                return -1, ""
            words = _WORDS_AFTER.search(self._rest, start)
            block.searched = self._rest.rfind("\n", 0, len(self._rest.rstrip())) + 1
            block.tries += words is not None
            if words and self._grammar.likely(self._rest[: words.start() + 1], is_lenient=True):
                return words.start() + 1, ""
            return -1, ""
        if not block.is_fenced:
            return self._rest.find(block.end), block.end
        position = block.searched
        while position < len(self._rest):
            line, newline, _ = self._rest[position:].partition("\n")
            stripped = line.rstrip()
            # It may stand right behind the call, but not behind code.
            ends = stripped.endswith(block.end) and (block.kind != "program" or not stripped.strip(f" {block.end[0]}"))
            if ends and not (newline or is_end):
                break
            if ends:
                cut = len(stripped.rstrip(block.end[0]))
                found = position + cut, line[cut:] + newline
                if not self._is_in_text(block, self._rest[:position]):
                    return found
                block.first_end = block.first_end if block.first_end[0] >= 0 else found
            if not newline:
                break
            position += len(line) + 1
        block.searched = position
        return block.first_end if is_end else (-1, "")  # a text that nothing ends was none
