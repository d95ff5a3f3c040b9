"""Calls as models write them into their text: as JSON, as tags with parameters, as Python."""

from __future__ import annotations

import ast
import json
import re
import textwrap
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.text import FENCED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jupyter_agent.core.protocols import ToolSpec

_NAMES = ("name", "tool", "tool_name", "function", "function_name", "action")
_ARGUMENTS = ("arguments", "parameters", "args", "input", "params", "action_input")
_WRAPPERS = ("function", "function_call", "tool_call", "tool_calls", "calls")
_KEYS = frozenset({*_NAMES, *_ARGUMENTS, *_WRAPPERS, "type", "id", "index"})
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.-]{1,63}")
_NAME = re.compile(r"""["'](?:name|tool|tool_name|function)["']\s*:\s*["']([^"']{1,100})["']""")
_FIRST_KEY = re.compile(r"""[\[{\s]*(?:(?P<quote>["'])(?P<key>\w*)(?P<end>(?P=quote))?)?""")
_PAIR = re.compile(
    r"""\s*:\s*(?:"[^"\\\n]*"|'[^'\\\n]*'|[\w.-]+)\s*,\s*(?:(?P<quote>["'])(?P<key>\w*)(?P<end>(?P=quote))?)?"""
)
#: Around calls, of all that models were trained to write; what stands in between is understood by itself.
_TAGS = re.compile(
    r"</?(?:(?:minimax:)?tool_calls?|function_?calls?|tools|tool_code)>|<\|/?\w{1,40}\|>|\[/?TOOL_CALLS\]|(?:function)?<｜tool▁sep｜>|<｜[\w▁]{1,40}｜>"
)
_FUNCTION = re.compile(
    r"""<(?:function|invoke|tool_call)\s*(?:=|name=)\s*["']?(?P<name>[\w.-]{1,100})["']?\s*>(?P<body>.*?)"""
    r"""(?:</(?:function|invoke|tool_call)>|(?=<(?:function|invoke)\b)|\Z)""",
    re.DOTALL,
)
_PARAMETER = re.compile(
    r"""<parameter\s*(?:=|name=)\s*["']?(?P<key>[\w.-]{1,100})["']?\s*>\n?(?P<value>.*?)\n?(?:</parameter>|(?=<parameter\b)|\Z)""",
    re.DOTALL,
)
_PAIRED = re.compile(
    r"<arg_key>(?P<key>[^<]*)</arg_key>\s*<arg_value>(?P<value>.*?)(?:</arg_value>|(?=<arg_key>)|\Z)", re.DOTALL
)
_NAME_FIRST = re.compile(
    r"\s*(?:```\s*)?(?:functions\.)?(?!json\b)(?P<name>[A-Za-z_][\w.-]{0,99})(?::\d{1,3})?\s*(?:\[ARGS\]\s*|(?:```)?json\s*)?(?=[{<])"
)
_WORD = re.compile(r"\w+")
_CALLED = re.compile(r"\s*\[?(?:print\()?(?:\w+\.)?(?P<name>\w+)\(")
_QUOTED = re.compile(
    r"""\s*(?P<name>\w+)\(\s*(?:\w+\s*=\s*)?(?P<quote>\"{3}|'{3}|["'])(?P<text>.*)(?P=quote)\s*,?\s*\)\s*\Z""",
    re.DOTALL,
)


#: Fields that are looked at before the first nested one.
_MAX_FIELDS = 12


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call as the model wrote it: the name may be empty and the arguments broken, so that it is told what is wrong."""

    name: str
    arguments: str


class CallGrammar:
    """Understands calls of some tools.

    Args:
        tools: Those that are offered. Data and code are a call only if they name one of them.
    """

    def __init__(self, tools: Iterable[ToolSpec]) -> None:
        self._parameters: dict[str, dict[str, Any]] = {}
        for tool in tools:
            properties = tool.parameters.get("properties")
            self._parameters[tool.name] = dict(properties) if isinstance(properties, dict) else {}
        self._names_of_parameters = frozenset[str]().union(*self._parameters.values())
        self._keys = _KEYS | self._names_of_parameters

    def may_begin(self, text: str) -> bool:
        """Whether data or code that begin like this may become a call; once they cannot, nothing more makes them one."""
        start = text.lstrip()
        if not start.startswith(("{", "[")):
            return self.may_name(start)
        if self.may_name(start[1:]) and start[0] == "[" and start[1:].strip():
            return True
        match: re.Match[str] | None = _FIRST_KEY.match(start)
        for _ in range(_MAX_FIELDS):
            if match is None:
                break
            if match["quote"] is None:
                return match.end() == len(start)
            if match["end"] is None:
                is_cut = match.end() == len(start)
                return is_cut and any(key.startswith(match["key"]) for key in self._keys)
            if match["key"] not in self._keys or start[match.end() :].strip()[:1] not in ("", ":"):
                return False
            match = _PAIR.match(start, match.end())
        return True

    def may_name(self, text: str) -> bool:
        """Whether Python code that begins like this may be a call of a tool."""
        name, bracket, _ = text.lstrip().partition("(")
        return name in self._parameters if bracket else any(known.startswith(name) for known in self._parameters)

    def certain(self, body: str, *, is_whole: bool = True) -> list[WrittenCall]:
        """The calls in something that is said to be calls: what cannot be read is one, too, so that the model learns why."""
        if (fenced := FENCED.fullmatch(body)) is not None:
            body = fenced["source"]
        found = self._read(body, may_go_on=True, is_whole=is_whole)
        named = _NAME.search(body)
        return found or [WrittenCall(named[1] if named else "", body.strip() or "{")]

    def name_of_cut(self, body: str, *, is_certain: bool) -> str:
        """The tool that something calls which has no end; empty where it is no call.

        Args:
            body: The data or the code.
            is_certain: Whether the answer was cut; else only data count that have begun to say the arguments.
        """
        if body.lstrip()[:1] in ("{", "[") and (named := _NAME.search(body)) is not None:
            has_arguments = any(f'"{key}"' in body for key in _ARGUMENTS)
            return named[1] if named[1] in self._parameters and (is_certain or has_arguments) else ""
        called = _CALLED.match(body) if is_certain else None
        return called["name"] if called is not None and called["name"] in self._parameters else ""

    def arguments(self, body: str, lead: str) -> list[WrittenCall]:
        """The call of the tool that words before an object name last, where that is made of its parameters; else empty."""
        name = next((word for word in reversed(_WORD.findall(lead)) if word in self._parameters), "")
        with _reading():
            value = json.loads(body, strict=False)
            if name and isinstance(value, dict) and value and value.keys() <= self._parameters[name].keys():
                return [WrittenCall(name, json.dumps(value))]
        return []

    def likely(self, body: str, *, is_lenient: bool) -> list[WrittenCall]:
        """The calls in data or code that nobody says are calls; empty where it is anything else.

        Args:
            body: The data or the code.
            is_lenient: Whether a tool that does not exist may be meant, where it has arguments as calls have them.
        """
        return self._read(body, is_likely=True, is_lenient=is_lenient)

    def _read(
        self,
        body: str,
        *,
        may_go_on: bool = False,
        is_whole: bool = True,
        is_likely: bool = False,
        is_lenient: bool = False,
    ) -> list[WrittenCall]:
        # What stands within a text of an argument is no tag.
        for text in dict.fromkeys((body.strip(), _TAGS.sub("\n", body).strip())):
            if text[:1] not in ("{", "[") and (found := list(self._tagged(text))):
                return found
            with _reading():
                values = _values(text, may_go_on=may_go_on, is_whole=is_whole)
                return [
                    self._call(entry, is_likely=is_likely, is_lenient=is_lenient)
                    for value in values
                    for entry in _entries(value)
                ]
            for code in dict.fromkeys((text, text.partition("\n\n")[0])):
                with _reading():
                    return self._from_python(code)
        return []

    def _call(self, value: Any, *, is_likely: bool, is_lenient: bool) -> WrittenCall:
        """One object as a call.

        Raises:
            ValueError: it is none.
        """
        if not isinstance(value, dict):
            raise ValueError("not an object")
        inner = next((value[key] for key in _WRAPPERS if isinstance(value.get(key), dict)), None)
        fields = inner if inner is not None else value
        texts = [key for key in _NAMES if isinstance(fields.get(key), str)]
        key = next((key for key in texts if fields[key] in self._parameters), texts[0] if texts else "")
        if not key:
            raise ValueError("no name")
        name, known = fields[key], self._parameters.get(fields[key])
        given = next((other for other in _ARGUMENTS if other in fields and other != key), "")
        others = {other: fields[other] for other in fields if other not in (key, given, "type", "id", "index")}
        is_flat = not given and known is not None and others.keys() <= known.keys()
        arguments: Any = others if is_flat else fields.get(given, {})
        if is_likely:
            is_call = (
                is_lenient
                and isinstance(arguments, dict)
                and (
                    given in ("arguments", "args") or bool(arguments and arguments.keys() <= self._names_of_parameters)
                )
            )
            if (others and not is_flat) or (known is None and not (is_call and _IDENTIFIER.fullmatch(name))):
                raise ValueError("data")
        return WrittenCall(name, arguments if isinstance(arguments, str) else json.dumps(arguments))

    def _tagged(self, text: str) -> Iterator[WrittenCall]:
        """Calls by parameters, and those whose name stands before their arguments."""
        for function in _FUNCTION.finditer(text):
            body = function["body"].strip()
            pairs = {pair["key"]: pair["value"] for pair in _PARAMETER.finditer(body)}
            yield WrittenCall(function["name"], self._typed(function["name"], pairs) if pairs or not body else body)
        position = 0
        while (named := _NAME_FIRST.match(text, position)) is not None:
            name, position = named["name"], named.end()
            if text.startswith("<arg_key>", position):
                pairs = {pair["key"].strip(): pair["value"] for pair in _PAIRED.finditer(text, position)}
                yield WrittenCall(name, self._typed(name, pairs))
                return
            try:
                value, position = json.JSONDecoder(strict=False).raw_decode(text, position)
            except (ValueError, RecursionError):
                return
            yield WrittenCall(name, json.dumps(value))

    def _typed(self, name: str, pairs: dict[str, str]) -> str:
        """Parameters as JSON: as text where the tool's schema has text, else as what they spell."""
        arguments: dict[str, Any] = {}
        known = self._parameters.get(name, {})
        for key, value in pairs.items():
            arguments[key] = value
            schema = known.get(key)
            if not (isinstance(schema, dict) and schema.get("type") == "string"):
                with suppress(ValueError, RecursionError):
                    arguments[key] = json.loads(value)
        return json.dumps(arguments)

    def _from_python(self, code: str) -> list[WrittenCall]:
        """Calls of tools as if they were Python's functions, with constants as arguments.

        Raises:
            ValueError, SyntaxError: it is anything else.
        """
        # A line break within simple quotes is no Python, and what models write all the same.
        if (quoted := _QUOTED.match(code)) and len(known := list(self._parameters.get(quoted["name"], ()))) == 1:
            with _reading():
                ast.parse(code)
                known = []
            if known:
                return [WrittenCall(quoted["name"], json.dumps({known[0]: quoted["text"]}))]
        found: list[WrittenCall] = []
        statements = [
            statement.value if isinstance(statement, ast.Expr) else None for statement in ast.parse(code).body
        ]
        if len(statements) == 1 and isinstance(statements[0], ast.List):
            statements = [*statements[0].elts]
        for call in statements:
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "print" and len(call.args) == 1:
                call = call.args[0]  # noqa: PLW2901 - what a call of a tool returns is shown anyway
            if not isinstance(call, ast.Call) or not isinstance(call.func, (ast.Name, ast.Attribute)):
                raise ValueError("no call")
            name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr
            names = self._parameters.get(name)
            if names is None or len(call.args) > len(names):
                raise ValueError("no tool")
            arguments = {name: ast.literal_eval(value) for name, value in zip(names, call.args, strict=False)}
            arguments |= {keyword.arg or "": ast.literal_eval(keyword.value) for keyword in call.keywords}
            found.append(WrittenCall(name, json.dumps(arguments)))
        return found


@contextmanager
def _reading() -> Iterator[None]:
    """Whatever a text is that is none of what is looked for, nothing is raised, and Python warns of nothing in it."""
    with warnings.catch_warnings(), suppress(ValueError, TypeError, RecursionError, MemoryError, SyntaxError):
        warnings.simplefilter("ignore")
        yield


def _values(text: str, *, may_go_on: bool, is_whole: bool) -> list[Any]:
    """The JSON values that a text is made of; where it may go on, those that it begins with.

    Raises:
        ValueError, SyntaxError: there is anything else.
    """
    values: list[Any] = []
    decoder, rest = json.JSONDecoder(strict=False), text
    try:
        while rest:
            value, end = decoder.raw_decode(rest)
            values.append(value)
            rest = rest[end:].lstrip(" \t\r\n,;")
    except ValueError:
        if values and (may_go_on or not rest.strip("}]) \t\r\n") or rest.startswith(("//", "#"))):
            return values
        # Brackets that are missing at the end, single quotes, a comma too many are what models write; what was cut is not mended.
        for closing in ("}", "}}", "}]", "]", "]}") if is_whole else ():
            with suppress(ValueError):
                return [json.loads(text + closing, strict=False)]
        if text.startswith("{{") and text.endswith("}}"):  # as templates have it, within or only around
            for form in (text.replace("{{", "{").replace("}}", "}"), text[1:-1]):
                with suppress(ValueError):
                    return [json.loads(form, strict=False)]
        return [ast.literal_eval(text)]
    return values


def _entries(value: Any) -> list[Any]:
    """A list's entries, whatever they are wrapped in."""
    if isinstance(value, dict):
        wrapped = next((value[key] for key in _WRAPPERS if isinstance(value.get(key), list)), None)
        return wrapped if wrapped is not None else [value]
    return value if isinstance(value, list) else [value]


def shows_something(code: str) -> bool:
    """Whether a text is Python code that prints, or ends with an expression that is no mere name or value."""
    with _reading():
        tree = ast.parse(textwrap.dedent(code))
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr) and not isinstance(last.value, (ast.Name, ast.Constant, ast.Tuple)):
            return True
        return any(isinstance(node, ast.Name) and node.id in ("print", "display") for node in ast.walk(tree))
    return False
