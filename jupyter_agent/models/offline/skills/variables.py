"""The variables there are: all, or those of a kind."""

from __future__ import annotations

import re

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import many, name, names, table
from jupyter_agent.models.offline.namespace import names_of
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue

_LONGEST = 40
_ASKED = (
    r"(?:what|which|list|show|give|name|tell|see|display|how many|any|all|enumerate|count|are there|do (?:i|we) have)"
)
_KINDS: tuple[tuple[str, str, frozenset[str]], ...] = (
    (r"data ?frames?|frames|tables?|datasets?|dfs", "table", frozenset({"frame"})),
    (r"functions?|methods|defs", "function", frozenset({"function"})),
    (r"classes", "class", frozenset({"class"})),
    (r"modules?|librar(?:y|ies)|packages?|imports?|imported", "imported module", frozenset({"module"})),
    (r"lists|sequences?|tuples?", "list", frozenset({"sequence"})),
    (r"dict(?:s|ionary|ionaries)?|mappings?", "dictionary", frozenset({"mapping"})),
    (r"arrays?|tensors?|matri(?:x|ces)", "array", frozenset({"array"})),
    (r"series", "series", frozenset({"series"})),
    (r"strings?|texts?", "text", frozenset({"text"})),
    (r"numbers?|scalars?|ints|floats|integers|constants", "number", frozenset({"number", "bool"})),
    (r"figures?", "figure", frozenset({"figure"})),
)
_NOT_SHOWN = frozenset({"module", "function", "class"})


def _listing(query: Query, _facts: Facts) -> Answer:
    if not query.namespace.reachable:
        return [
            "I cannot see the kernel's variables here: no kernel is running for this notebook, or it cannot be asked.",
            "Start the kernel, run the cells, and ask again.",
        ]
    _, noun, kinds = next(
        (kind for kind in _KINDS if re.search(rf"\b(?:{kind[0]})\b", query.text)), ("", "variable", frozenset())
    )
    found = [variable for variable in query.namespace.variables.values() if not kinds or variable.kind in kinds]
    if not query.namespace.variables:
        return ["There are no variables in the kernel yet. Run a cell that defines some."]
    if not found:
        return [f"There is no {noun} in the kernel. There are: {names(query.namespace.variables)}."]
    plural = {"class": "classes", "dictionary": "dictionaries", "series": "series"}.get(noun, noun + "s")
    if noun == "imported module":
        return [f"**{many(len(found), noun, plural)}**", _modules(found)]
    total = len(found) if kinds else max(query.namespace.total, len(found))
    return [f"**{many(total, noun, plural)}** in the kernel:", *_rows(found, bool(kinds))]


def _rows(found: list[Variable], every: bool) -> Answer:
    """Data first; functions and modules in one line each unless they were asked for."""
    data = [variable for variable in found if every or variable.kind not in _NOT_SHOWN]
    blocks = []
    if data:
        rows = []
        for variable in data[:_LONGEST]:
            origin = f"In [{variable.execution_count}]" if variable.execution_count is not None else "–"
            rows.append([name(variable.name), name(variable.summary or variable.type), origin])
        blocks.append(table(["name", "what it is", "from"], rows))
    if len(data) > _LONGEST:
        blocks.append(f"and {len(data) - _LONGEST} more: {names_of(data[_LONGEST:], 60)}")
    rest = [variable for variable in found if not every and variable.kind in _NOT_SHOWN]
    for kind, plural in (("function", "Functions"), ("class", "Classes"), ("module", "Modules")):
        chosen = [variable.name for variable in rest if variable.kind == kind]
        blocks += [f"{plural}: {names(chosen, 40)}"] if chosen else []
    return blocks


def _version(query: Query, _facts: Facts) -> Answer:
    module = _module_named(query)
    assert module is not None
    version, real_name = module.facts.get("version"), module.facts.get("module") or module.name
    known = f", version **{name(version)}**" if version else "; it tells no version"
    return [f"{name(real_name)} is imported as {name(module.name)}{known}."]


def _module_named(query: Query) -> Variable | None:
    typed = set(query.text.split()) | {mention.text for mention in query.mentions}
    modules = [variable for variable in query.namespace.variables.values() if variable.kind == "module"]
    return next(
        (module for module in modules if typed & {module.name, str(module.facts.get("module", "")).split(".")[0]}), None
    )


def _modules(found: list[Variable]) -> str:
    rows = []
    for variable in found:
        version = variable.facts.get("version")
        module = variable.facts.get("module") or variable.name
        rows.append([name(variable.name), name(module), name(version) if version else "–"])
    return table(["name", "module", "version"], rows)


_KIND_WORDS = "|".join(kind[0] for kind in _KINDS)


def _asks_for_list(query: Query) -> bool:
    the_one = re.search(r"\b(?:the|this|my|that|of|about) (?:data ?frame|table|dataset|data|frame)\b", query.text)
    return query.target is None and not query.columns and not query.by and (not the_one or not query.namespace.frames)


SKILLS = (
    Skill(
        "version",
        cue(r"versions?"),
        _version,
        lambda query: _module_named(query) is not None,
        weight=89,
        repeats=False,
        reads=r"\binstalled\b",
    ),
    Skill(
        "variables",
        cue(
            rf"{_ASKED}\b[^?]*\b(?:variables?|vars?|objects|{_KIND_WORDS})",
            rf"(?:the |my |all |list |current )*(?:variables|vars|objects|{_KIND_WORDS})\s*\??$",
            r"what(?: is| do i have| have i got|'s)? (?:in|inside) (?:the |my )?(?:memory|namespace|kernel|workspace|scope|session)",
            r"what do (?:i|we) have(?: here| so far| loaded)?\s*\??$",
            r"(?:whos?|whos_ls|dir|globals|locals|vars)(?: \?)?$",
            r"what (?:is|do i have) (?:defined|loaded|available|there)",
            r"what(?: data)? (?:is|has been|was|did i) (?:loaded|defined|available|load|define)",
            r"what data (?:do i have|is there|have i)",
        ),
        _listing,
        _asks_for_list,
        weight=40,
        repeats=False,
    ),
)
