"""Models that call no tools: the Python code of their answer is run, and what it printed goes back to them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta, ThinkingDelta
from jupyter_agent.core.messages import Message, ToolCall, Usage, code_blocks
from jupyter_agent.core.numbers import Number, code_in, first_match, numbers_in, values_of
from jupyter_agent.core.protocols import RUN_CODE
from jupyter_agent.core.text import FENCE, PYTHON, without_context
from jupyter_agent.kernelside.fences import fenced
from jupyter_agent.models.openai_compatible.text_tools import offer, without_calls
from jupyter_agent.models.openai_compatible.written_calls import shows_something

if TYPE_CHECKING:
    from jupyter_agent.core.protocols import ToolMode, ToolSpec
    from jupyter_agent.models.openai_compatible.tool_mode import ToolModeMemory

_OFFER = """\
To find something out, or to do something, answer with one ```python block and nothing else. It runs in the user's kernel, where \
the variables of the context are: use them as they are, and print what you need to know. You get what it printed. \
Then answer in one or two sentences with the values that were printed, without code."""
_REMINDER = "(Answer with one ```python block that prints only the final result; the variables exist.)"
_PRINTED = "(Now answer the question in one or two sentences with these values, without code.)"
_FAILED = "(The code failed. Answer with one corrected ```python block.)"
_LAST_WORDS = "(No code can be run any more. Say in one or two sentences what was found and what failed, without code.)"
_NOT_RUN = "(Do not ask for it again: say what you know, and that it was not run.)"
#: Of a call that failed: what better code mends.
_WRONG_CODE = ("exception", "invalid_code", "invalid_arguments", "failed")
_TOO_MUCH = (
    "(That is a whole column, not the result. Answer with one corrected ```python block that prints only the result; "
    "of a product for instance with (df['a'] * df['b']).sum().)"
)
_COMPUTE = "Compute it with code, not in words: answer with one ```python block that prints the result. {}"
_QUOTE = "These numbers are not in what the code printed: {}. Answer with the numbers that were printed, or print them with code."
#: Questions whose answer is code or an explanation, which is shown and not run.
_SHOWS_CODE = re.compile(
    r"\b(how (can|could|would|should|to|do (i|we|you|one))\b|show me (how|the code|an example)|explain|example of|snippet"
    r"|(write|give|suggest|draft|generate)\b.{0,40}\b(code|function|class|script|test|cell|docstring|regex|query)s?\b"
    r"|what (does|do)\b.{0,60}\b(do|mean|return|cells?|code|lines?|functions?|errors?)\W*\Z|what is wrong|why\b|refactor"
    r"|without running|do(n't| not) run)",
    re.IGNORECASE,
)
#: Questions about the language, unless a value is asked for.
_EXPLAINS = re.compile(
    r"\b(what|how) do(es)?\b|\bdifferences? between\b|\bwhat('s| is| are) (an?|the (difference|meaning|syntax|purpose|point|best way))\b|\b(tell|teach) me (about|how)\b|\bsyntax\b"
    r"|\bexamples?\b(?! (row|record|value|line|entr))|\bis there a (way|function|method)\b|\b(meaning|purpose) of\b"
    r"|\bwhich (function|method|module|package|library)\b|\b(was (ist|sind|bedeutet)|erklär\w*|beispiele?|unterschied|wie (kann|geht|funktioniert))\b"
    r"|\b(qu.est-ce|expli\w+|exemples?|ejemplos?|qu[eé] es|c[oó]mo (puedo|se)|comment (faire|puis))\b",
    re.IGNORECASE,
)
#: Questions whose answer is a value that code finds.
_WANTS_VALUE = re.compile(
    r"\b(how (many|much|often|large|big|old|long|far)|averages?|means?|medians?|sums?|totals?|count|number of|percent(age)?|share"
    r"|correlat\w+|max(imum)?|min(imum)?|highest|lowest|largest|smallest|most|least|std|deviation|variance|quantile|ratio"
    r"|unique|distinct|missing|duplicated?s?|top|calculate|compute)\b",
    re.IGNORECASE,
)
#: The end of what pandas prints of a long column or table, which is no single value.
_COLUMN = re.compile(r"Length: \d+, dtype: \w+\s*\Z|\[\d{2,} rows x \d+ columns\]\s*\Z")
#: Of a traceback, what a small model can use: the line of its code, and what is wrong.
_FAILED_LINE = re.compile(r"^-+> ?\d+ .*$", re.MULTILINE)
#: Numbers that are asked about, and that are marked.
_MAX_MISSING = 50
#: Begins what is said of numbers that nothing computed.
_MARK = "*Not computed by code: "
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s|\n|(?<=[。！？：])")
#: Characters of a sentence, and of a word, that may be held back while all their numbers are known.
_HELD = 240
_LONGEST_WORD = 1000

#: Asks the model once: its messages, the tool mode, and whether code blocks are calls.
Ask = Callable[[Sequence[Message], "ToolMode", bool], AsyncGenerator[ModelEvent, None]]


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """What of the messages decides how the model is spoken to.

    Attributes:
        can_run: Whether it may run code.
        shows_code: Whether the question asks to see code or an explanation: its code is not run.
        wants_value: Whether it asks for a value that code finds.
        question: Its words.
        programs: The code that was run since, the newest last.
        output: What the newest printed; empty where it failed, or none was run.
    """

    can_run: bool
    shows_code: bool
    wants_value: bool
    question: str = ""
    programs: tuple[str, ...] = ()
    output: str = ""

    @classmethod
    def of(cls, messages: Sequence[Message], tools: Iterable[ToolSpec]) -> AskedTurn:
        """Of the newest question."""
        last = max((number for number, message in enumerate(messages) if message.role == "user"), default=0)
        question = without_context(messages[last].content) if messages else ""
        can_run = any(tool.name == RUN_CODE for tool in tools)
        asks_value = _WANTS_VALUE.search(question) is not None
        shows_code = bool(_SHOWS_CODE.search(question) or (_EXPLAINS.search(question) and not asks_value))
        programs: list[str] = []
        output = ""
        for message in messages[last:]:
            programs += [_normal(_code_of(call)) for call in message.tool_calls if call.name == RUN_CODE]
            if message.role == "tool":
                output = "" if message.code else message.result
        return cls(can_run, shows_code, asks_value and not shows_code, question, tuple(programs), output)


def prepared(
    mode: ToolMode, messages: Sequence[Message], tools: Sequence[ToolSpec]
) -> tuple[Sequence[Message], Sequence[ToolSpec]]:
    """Messages and tools as a model is sent them in a tool mode."""
    if mode == "code":
        return spoken(messages, AskedTurn.of(messages, tools)), ()
    if mode == "text":
        return without_calls([*messages, *([offer(tools)] if tools else [])]), ()
    return messages, tools


def spoken(messages: Sequence[Message], turn: AskedTurn) -> list[Message]:
    """The messages of a model that is spoken to in code blocks: its code as blocks, what it printed as the user's words."""
    ids = {call.id for message in messages for call in message.tool_calls if call.name == RUN_CODE}
    converted: list[Message] = [Message("system", _OFFER)] if turn.can_run else []
    last = len(messages) - 1
    for number, message in enumerate(messages):
        if message.role == "tool" and message.tool_call_id in ids:
            text, title, advice = message.result.strip(), "The code printed", _PRINTED
            if message.code and message.code not in _WRONG_CODE:
                title, advice = "The code was not run", _NOT_RUN
            elif message.code:
                lines = [*_FAILED_LINE.findall(text)[:1], *text.splitlines()[-2:]]
                text, title, advice = "\n".join(filter(None, dict.fromkeys(lines))), "The code failed", _FAILED
            elif turn.wants_value and _COLUMN.search(text):
                advice = _TOO_MUCH
            if not turn.can_run and advice != _PRINTED:
                advice = _LAST_WORDS
            content = f"{title}:\n{fenced(text, '')}"
            if number == last:
                content = "\n\n".join(filter(None, (content, message.reminder, advice)))
            converted.append(Message("user", content, pictures=message.pictures))
        elif any(call.id in ids for call in message.tool_calls):
            blocks = [fenced(_code_of(call), "python") for call in message.tool_calls if call.id in ids]
            converted.append(Message("assistant", "\n\n".join((message.content, *blocks)).strip()))
        elif number == last and message.role == "user" and turn.can_run and turn.wants_value:
            converted.append(replace(message, content=f"{message.content}\n\n{_REMINDER}"))
        else:
            converted.append(message)
    return without_calls(converted)


async def answered(
    ask: Ask,
    messages: Sequence[Message],
    tools: Sequence[ToolSpec],
    modes: ToolModeMemory,
    model: str,
    *,
    forms: AbstractSet[str],
) -> AsyncGenerator[ModelEvent, None]:
    """The answer of a model that may need to be spoken to in code blocks.

    What it says streams sentence by sentence, up to one with a number that nothing computed: then it is asked once more, and
    where that does not help, the number is marked.

    Args:
        ask: Asks it once.
        messages: The conversation.
        tools: What it may call.
        modes: How it is given tools; learns what the answer shows.
        model: Its name.
        forms: How it wrote its calls into its text, see `CallReader`; kept up to date by `ask`.
    """
    turn = AskedTurn.of(messages, tools)
    present, usage = modes.of(model), Usage()
    added: list[Message] = []
    for is_last in (False, True):
        # What it says in explaining code is shown as it comes; else a number that nothing computed is asked for first.
        holds = not turn.shows_code if present == "code" else turn.wants_value
        is_watched = bool(turn.programs) or (turn.can_run and (present == "code" or turn.wants_value))
        # A small model takes any number of the context for the answer, so that only those of the question count until code has run.
        must_run = present == "code" and turn.wants_value and not turn.programs
        sources = [Message("user", turn.question)] if must_run else messages
        new_gate = partial(NumberGate, sources if is_watched else None, holds=holds)
        gate = new_gate()
        calls: list[ToolCall] = []
        finished, text = ModelFinished(), ""
        takes_code = present == "code" and turn.can_run and not turn.shows_code
        async with aclosing(ask([*messages, *added], present, takes_code)) as events:
            async for event in events:
                match event:
                    case TextDelta():
                        text += event.text
                        if passed := gate.feed(event.text):
                            yield TextDelta(passed)
                    case ThinkingDelta():
                        if event.replaces_text:  # what was held back of it is no answer either
                            gate, text = new_gate(), ""
                        yield event
                    case ToolCall():
                        calls.append(event)
                    case ModelFinished():
                        finished = event
                    case _:
                        yield event
        usage += finished.usage
        if present != "code" and not modes.is_settled(model):
            if calls and "data" in forms and turn.can_run:  # it was not trained to call, and writes code better
                modes.learn(model, "code")
            elif calls:
                if not forms or present == "text":
                    modes.learn(model, present)
            elif turn.wants_value and turn.can_run and finished.reason == "stop" and (program := _program(text)):
                modes.learn(model, "code")
                calls = [ToolCall(f"call_{uuid.uuid4().hex[:24]}", RUN_CODE, json.dumps({"code": program}))]
        elif calls and added:
            modes.learn(model, "code")
        new = [call for call in calls if not (turn.output and _normal(_code_of(call)) in turn.programs)]
        if new:
            if rest := gate.rest(is_marked=False):
                yield TextDelta(rest)
            for call in new:
                yield call
            reason: Literal["length", "tool_calls"] = "length" if finished.reason == "length" else "tool_calls"
            yield replace(finished, reason=reason, usage=usage)
            return
        is_column = turn.wants_value and _COLUMN.search(turn.output) is not None
        if calls and not text.strip() and is_column and not is_last:
            added = [Message("assistant", fenced(_code_of(calls[0]), "python")), Message("user", _TOO_MUCH)]
            continue
        if calls and not text.strip():  # the same code again, which has run: what it printed is the answer
            yield TextDelta(fenced(turn.output.strip(), ""))
            yield replace(finished, reason="stop", usage=usage)
            return
        missing = gate.missing()
        if is_last or not missing or finished.reason != "stop" or not (turn.can_run and holds):
            if rest := gate.rest(is_marked=True):
                yield TextDelta(rest)
            yield replace(finished, reason="stop" if calls else finished.reason, usage=usage)
            return
        if turn.output:
            added = [Message("assistant", text), Message("user", _QUOTE.format(", ".join(missing)))]
        else:  # without its answer, which it would only repeat
            added = [Message("user", _COMPUTE.format(turn.question.strip()))]
        present = "code"


class NumberGate:
    """Passes sentences on whose numbers stand in what the model was sent, and holds back the others.

    Args:
        messages: What it was sent; None: all passes, and nothing is marked.
        holds: Whether anything is held back; else all passes, and what nothing computed is marked at the end.
    """

    def __init__(self, messages: Iterable[Message] | None, *, holds: bool = True) -> None:
        self._is_watched = messages is not None
        self._holds = holds
        self._is_closed = False  # something in the text that is held back is not known
        self._text = ""
        sent = [message for message in messages or () if message.role != "system"]
        asked = max((number for number, message in enumerate(sent) if message.role == "user"), default=0)
        known: set[float] = set()
        for number, message in enumerate(sent):
            for call in message.tool_calls:
                known.update(values_of(call.arguments))
            if message.role != "assistant":
                known.update(values_of(message.content))
            elif number < asked:  # what it said since is no computed number yet, nor what was marked before
                answer, _, marked = message.content.partition(_MARK)
                known.update(set(values_of(answer)).difference(values_of(marked)))
        self._known = sorted(known)
        self._is_line_begun = False  # before the text that is held back
        self._seen: set[str] = set()  # numbers of the answer that are known

    def feed(self, text: str) -> str:
        """Take in some text and return what may be passed on."""
        self._text += text
        if not self._is_watched:
            self._text = ""
            return text
        if not self._holds:
            return text
        if self._is_closed:
            return ""
        end = 0
        for match in _SENTENCE_END.finditer(self._text):
            sentence = self._text[end : match.end()]
            if FENCE.match(sentence) or self._missing(sentence, begins_line=self._begins_line(end)):
                self._is_closed = True
                break
            end = match.end()
        cut = self._text.rfind(" ", end, -1) + 1
        if cut <= end and len(self._text) - end > _LONGEST_WORD:
            cut = len(self._text)
        if not self._is_closed and cut - end > _HELD:
            self._is_closed = bool(self._missing(self._text[end:cut], begins_line=self._begins_line(end)))
            end = end if self._is_closed else cut
        self._is_line_begun = not self._begins_line(end)
        passed, self._text = self._text[:end], self._text[end:]
        return passed

    def _begins_line(self, place: int) -> bool:
        return self._text[place - 1] == "\n" if place else not self._is_line_begun

    def missing(self) -> list[str]:
        """Numbers of the text that is held back, or of all of it, which nothing computed."""
        if not self._is_watched:
            return []
        missing = self._missing(self._text, begins_line=self._begins_line(0))
        if missing and not self._holds:  # an explanation may speak of the numbers of its own code
            known = values_of(code_in(self._text))
            missing = {text: number for text, number in missing.items() if first_match(number, known) is None}
        return [*missing]

    def rest(self, *, is_marked: bool) -> str:
        """What was held back; a number that nothing computed is marked, or left out with all that follows."""
        missing = self.missing()
        text, self._text = self._text if self._holds else "", ""
        if missing and is_marked:
            return f"{text.rstrip()}\n\n{_MARK}{', '.join(missing)}.*"
        return "" if missing else text

    def _missing(self, text: str, *, begins_line: bool) -> dict[str, Number]:
        missing: dict[str, Number] = {}
        text = text if begins_line else f"… {text}"  # a number within a line is no mark of a list
        for number in numbers_in(text, lambda text: text in missing or text in self._seen):
            if first_match(number, self._known) is None:
                missing.setdefault(number.text, number)
            else:
                self._seen.add(number.text)
            if len(missing) == _MAX_MISSING:
                break
        return missing


def _code_of(call: ToolCall) -> str:
    code = call.parsed_arguments().get("code") if call.name == RUN_CODE else ""
    return code if isinstance(code, str) else ""


def _normal(code: str) -> str:
    return "\n".join(
        line.rstrip() for line in code.strip().splitlines() if line.strip() and not line.lstrip().startswith("#")
    )


def _program(text: str) -> str:
    """The Python code of an answer that shows something when it is run; empty where there is none."""
    block = next((block for block in code_blocks(text) if block.language.lower() in PYTHON), None)
    return block.source if block is not None and shows_something(block.source) else ""
