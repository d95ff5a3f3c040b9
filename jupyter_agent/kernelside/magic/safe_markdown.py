"""Markdown from a model, rewritten so that nothing in it runs, loads or leads elsewhere than it says: the output of a cell is trusted.

What Jupyter does with trusted Markdown: formulas between dollars are taken out and replaced by ``@@n@@``, the rest is made HTML,
raw HTML included, and the formulas are put back as they are, be it into an attribute. So the text is not searched for what is dangerous:
it is taken apart into fenced code, code spans, links and text, and each is written anew in a form that can be read in one way only.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..fences import FENCE_RUN, fenced

#: As Markdown has it: in quotations and lists, too, and never with a backtick behind it.
_FENCE = re.compile(rf"^[ \t>]{{0,40}}(?:(?:[-*+]|\d{{1,9}}[.)])[ \t]{{1,40}})?[ \t>]{{0,40}}({FENCE_RUN})([^`\n]*)$")
_LANGUAGE = re.compile(r"\s*([A-Za-z0-9_+#.-]{1,30})")
_CONTROL = re.compile(r"[\ue000\ue001\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
#: Links and pictures, bare addresses; what is left is text.
_INLINE = re.compile(
    r"!?\[(?P<label>[^\[\]\n]{0,1000})\]\([ \t]{0,9}<?(?P<target>[^\s<>()\[\]\"']{0,2000}(?:\([^\s<>()\[\]\"']{0,200}\)[^\s<>()\[\]\"']{0,200}){0,3})>?"
    r"(?:[ \t]{1,9}(?:\"[^\n\"]{0,200}\"|'[^\n']{0,200}')[ \t]{0,9})?\)"
    r"|(?P<bare>(?:https?://|mailto:)[^\s<>\"'`|*\\^{}\[\]]{1,4000})",
    re.DOTALL,
)
_ADDRESS = re.compile(r"(?:https?://|mailto:)[A-Za-z0-9\-._~:/?#!*+,;=%()&@]+\Z", re.IGNORECASE)
#: Macros of MathJax that carry addresses, styles, names or markup, or define others.
_MACRO = re.compile(
    r"\\(?=(?:href|url|style|class|cssId|data|html\w*|mmlToken|bbox|require|unicode|includegraphics|def|gdef|edef|xdef|let|"
    r"(?:re)?newcommand|providecommand|(?:re)?newenvironment|DeclareMathOperator|csname|catcode|input)(?![a-zA-Z]))"
)
#: In text: formulas apart, beginnings of tags, definitions of links, pictures, links that were not recognised, places of formulas, addresses.
_TEXT: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"<"), "&lt;"),
    (re.compile(r"`"), "&#96;"),
    (re.compile(r"~~~+"), lambda found: "&#126;" * len(found[0])),
    (re.compile(r"\]:"), "]&#58;"),
    (re.compile(r"!\["), "["),
    (re.compile(r"\]\("), "]&#40;"),
    (re.compile(r"@"), "&#64;"),
    (re.compile(r":(?=//)"), "&#58;"),
    (re.compile(r"(mailto|javascript|vbscript|data|file):", re.IGNORECASE), r"\1&#58;"),
    (re.compile(r"www\.", re.IGNORECASE), "www&#46;"),
    (_MACRO, r"\\backslash "),
)
_FORMULA = re.compile(r"(\$\$?)(?=\S)([^$]{1,2000}?)\1")
_PLACE = re.compile(r"\ue000(\d+)\ue001")
_QUOTED = re.compile(r"^[ \t]*>[ \t]?")


def safe_markdown(markdown: str) -> str:
    """The same for a reader: tags are text, pictures are links, links lead where http, https or mail addresses say."""
    lines = _CONTROL.sub("\ufffd", markdown.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    written: list[str] = []
    text: list[str] = []
    at = 0
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        if opened is None:
            text.append(lines[at])
            at += 1
            continue
        closing = re.compile(rf"^[ \t>]*{re.escape(opened[1][0])}{{{len(opened[1])},}}[ \t]*$")
        end = next((index for index in range(at + 1, len(lines)) if closing.match(lines[index])), len(lines))
        code = lines[at + 1 : end]
        if ">" in opened[0]:
            code = [_QUOTED.sub("", line) for line in code]
        written += [_safe_text("\n".join(text)), _fenced(code, opened[2])]
        text = []
        at = end + 1
    written.append(_safe_text("\n".join(text)))
    return "\n\n".join(part for part in written if part.strip("\n"))


def _fenced(code: list[str], language: str) -> str:
    """A block of code at the line's beginning, in a fence longer than any inside of it."""
    found = _LANGUAGE.match(language)
    name = "text" if found is None or found[1].lower() == "mermaid" else found[1]
    indent = min((len(line) - len(line.lstrip(" ")) for line in code if line.strip()), default=0)
    return fenced("\n".join(line[indent:] for line in code), name)


def _safe_text(text: str) -> str:
    spans: list[str] = []
    text = _without_code_spans(text, spans)
    written: list[str] = []
    end = 0
    for match in _INLINE.finditer(text):
        written.append(_escaped(text[end : match.start()]))
        end = match.end()
        if match["bare"]:
            address = match["bare"].rstrip(".,;:!?)")
            written.append(_link(address, address) + _escaped(match["bare"][len(address) :]))
        else:
            written.append(_link(match["label"], match["target"]))
    written.append(_escaped(text[end:]))
    return _PLACE.sub(lambda found: spans[int(found[1])], "".join(written))


def _without_code_spans(text: str, spans: list[str]) -> str:
    """The text with a place for each code span, which is appended to `spans`: from one run of backticks to the next as long."""
    runs = [(found.start(), found.end()) for found in re.finditer(r"`+", text)]
    following: dict[int, int] = {}  # index of a run → index of the next that is as long
    last: dict[int, int] = {}
    for index in range(len(runs) - 1, -1, -1):
        length = runs[index][1] - runs[index][0]
        if length in last:
            following[index] = last[length]
        last[length] = index
    written: list[str] = []
    end = index = 0
    while index < len(runs):
        start, inner = runs[index]
        if index in following and text[start - 1 : start] != "\\":
            closing = runs[following[index]]
            written += [text[end:start], f"\ue000{len(spans)}\ue001"]
            code = text[inner : closing[0]]
            if text[text.rfind("\n", 0, start) + 1 : start].lstrip().startswith("|"):
                code = code.replace("\\|", "|")  # in a row of a table a bar in code is written so
            spans.append(_code_span(code))
            end = closing[1]
            index = following[index]
        index += 1
    return "".join([*written, text[end:]])


def _escaped(text: str) -> str:
    text = _FORMULA.sub(lambda found: found[0].replace("<", "\\lt ").replace(">", "\\gt "), text)
    for pattern, replacement in _TEXT:
        text = pattern.sub(replacement, text)
    return f"{text[:-1]}&#33;" if text.endswith("!") else text  # or a link behind it becomes a picture


def _code_span(code: str) -> str:
    """Code within a line, of which no character means anything to Markdown or HTML."""
    code = re.sub(r"\s+", " ", code)
    if len(code) > 2 and code[0] == code[-1] == " " and code.strip():
        code = code[1:-1]
    return "<code>" + re.sub(r"[^A-Za-z0-9 ]", lambda found: f"&#{ord(found[0])};", code) + "</code>"


def _link(label: str, target: str) -> str:
    """A link whose address cannot be anything else; as text where it is none of the web or of mail."""
    if not _ADDRESS.match(target):
        shown = f"{label} ({target})" if target else label
        return _escaped(shown).replace("[", "&#91;").replace("]", "&#93;")
    encoded = (
        re.sub(r"[()*!&@~_]", lambda found: f"%{ord(found[0]):02X}", target)
        if "@@" in target or "$" in target
        else target
    )
    encoded = encoded.replace("(", "%28").replace(")", "%29").replace("*", "%2A").replace("&", "&amp;")
    return f"[{_escaped(label).replace('[', '&#91;').replace(']', '&#93;').replace('$', '&#36;')}](<{encoded}>)"
