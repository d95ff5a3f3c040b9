"""One variable: what it is, its value, type, length, keys."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import fence, figure, many, name, names, table, visible
from jupyter_agent.models.offline.namespace import in_code, real, texts, whole
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue

_SIMPLE = frozenset({"number", "bool", "none", "text", "bytes", "path", "datetime"})


def full(query: Query, facts: Facts) -> Variable:
    """The target as inspection has it, else as the list has it."""
    assert query.target is not None
    return facts.inspected(query.target.name) or query.target


def _described(query: Query, facts: Facts) -> Answer:
    variable = full(query, facts)
    count = variable.execution_count
    return [_headline(variable), *_details(variable), f"Set in `In [{count}]`." if count is not None else ""]


def _headline(variable: Variable) -> str:
    facts = variable.facts
    if facts.get("withheld"):
        length = whole(facts.get("length"))
        long = f" of length {length}" if length is not None else ""
        return f"{name(variable.name)} looks like a secret, so its value is withheld (a {name(short_type(variable))}{long})."
    if variable.kind in _SIMPLE and facts.get("value") is not None and variable.kind != "text":
        return f"{name(variable.name)} is **{name(variable.facts['value'], 200)}** (a {name(short_type(variable))})."
    if variable.kind == "none":
        return f"{name(variable.name)} is `None`."
    return f"{name(variable.name)} is {name(variable.summary or short_type(variable), 160)} (type {name(short_type(variable))})."


def short_type(variable: Variable) -> str:
    """The class without its module."""
    return variable.type.rsplit(".", 1)[-1] or variable.kind


def _details(variable: Variable) -> Answer:
    facts = variable.facts
    if facts.get("withheld"):
        return []
    match variable.kind:
        case "text" | "bytes":
            return _text(facts)
        case "mapping":
            return _mapping(facts)
        case "sequence" | "set":
            return _sequence(facts)
        case "array" | "series" | "index":
            return _numbers(facts)
        case "function":
            return [fence(called(variable)), *([name(facts["doc"], 300)] if facts.get("doc") else [])]
        case "class":
            return _class(facts)
        case "module":
            version = f", version {name(facts['version'])}" if facts.get("version") else ""
            return [f"The module {name(facts.get('module') or variable.name)}{version}."]
        case "number" | "bool" | "none" | "path" | "datetime":
            return []
        case "exception":
            return [f"Message: {name(facts.get('message', ''), 300)}"]
    return _object(facts)


def _text(facts: Mapping[str, object]) -> Answer:
    value = str(facts.get("value", ""))
    length = whole(facts.get("length"))
    sentence = "It is:"
    if length is not None:
        sentence = many(length, "character") + ("; it begins:" if len(value) < length else ":")
    return [sentence, fence("\n".join(visible(line, 500) for line in value.splitlines()[:40]))] if value else [sentence]


def _mapping(facts: Mapping[str, object]) -> Answer:
    keys, items = texts(facts.get("keys")), facts.get("items")
    length = whole(facts.get("length")) or len(keys)
    blocks = [f"{many(length, 'key')}: {names(keys, 30)}" + (" …" if length > min(len(keys), 30) else "")]
    if isinstance(items, Mapping) and items:
        blocks.append(table(["key", "value"], [[name(key), name(value, 100)] for key, value in items.items()]))
    return blocks


def _sequence(facts: Mapping[str, object]) -> Answer:
    items = texts(facts.get("items"))
    length = whole(facts.get("length")) or len(items)
    kinds = texts(facts.get("item_types"))
    of = f" of {names(kinds, 4)}" if kinds else ""
    return [f"{many(length, 'item')}{of}: {names(items, 10)}{' …' if length > len(items) else ''}"]


_STATS = ("min", "max", "mean", "median", "std", "sum")


def _numbers(facts: Mapping[str, object]) -> Answer:
    shape = facts.get("shape")
    where = " × ".join(map(str, shape)) if isinstance(shape, Sequence) and not isinstance(shape, str) else ""
    details = [f"shape {where}" if where else "", f"dtype {name(facts['dtype'])}" if facts.get("dtype") else ""]
    length, missing = whole(facts.get("length")), whole(facts.get("missing"))
    details += [
        many(length, "value") if length is not None else "",
        f"{many(missing, 'missing value')}" if missing is not None else "",
    ]
    rows = [[stat, figure(real(facts[stat]))] for stat in _STATS if real(facts.get(stat)) is not None]
    blocks = [", ".join(detail for detail in details if detail)]
    blocks += [table(["statistic", "value"], rows, [1])] if rows else []
    samples = texts(facts.get("samples"))
    return [*blocks, f"First values: {names(samples, 8)}"] if samples else blocks


def called(variable: Variable) -> str:
    """A function's name and parameters on one line."""
    signature = visible(str(variable.facts.get("signature") or "(…)"), 400)
    return f"{variable.name}{signature}" if signature.startswith("(") else signature


def _class(facts: Mapping[str, object]) -> Answer:
    details = [f"Signature: {name(facts['signature'], 300)}" if facts.get("signature") else ""]
    details += [f"Bases: {names(texts(facts.get('bases')))}" if facts.get("bases") else ""]
    details += [f"Methods: {names(texts(facts.get('methods')), 30)}" if facts.get("methods") else ""]
    return [*[detail for detail in details if detail], *([name(facts["doc"], 300)] if facts.get("doc") else [])]


def _object(facts: Mapping[str, object]) -> Answer:
    fields = facts.get("fields")
    if isinstance(fields, Mapping) and fields:
        return [table(["field", "value"], [[name(key), name(value, 100)] for key, value in fields.items()])]
    return [f"Value: {name(facts['value'], 300)}"] if facts.get("value") is not None else []


def _typed(query: Query, _facts: Facts) -> Answer:
    variable = query.target
    assert variable is not None
    dtype = variable.facts.get("dtype")
    values = f"; its values are {name(dtype)}" if dtype else ""
    return [
        f"{name(variable.name)} is a {name(short_type(variable))} ({name(variable.type)}){values}.",
        f"It is {name(variable.summary, 160)}." if variable.summary else "",
    ]


def _length(query: Query, facts: Facts) -> Answer:
    variable = full(query, facts)
    shape, length = variable.facts.get("shape"), whole(variable.facts.get("length"))
    if isinstance(shape, Sequence) and not isinstance(shape, str):
        return [
            f"{name(variable.name)} has the shape **({', '.join(map(str, shape))})**: {figure(math.prod(length for length in shape if isinstance(length, int)))} values of {name(variable.facts.get('dtype', ''))}."
        ]
    if length is None:
        return [f"{name(variable.name)} has no length: it is a {name(short_type(variable))}.", *_details(variable)]
    noun = {"mapping": "key", "text": "character", "bytes": "byte", "series": "value", "index": "value"}.get(
        variable.kind, "item"
    )
    return [f"{name(variable.name)} has **{many(length, noun)}** (`len({in_code(variable.name)})`)."]


def _keys(query: Query, facts: Facts) -> Answer:
    variable = full(query, facts)
    if variable.kind == "mapping":
        return _mapping(variable.facts)
    fields = variable.facts.get("fields")
    if isinstance(fields, Mapping):
        return [f"{name(variable.name)} has the attributes {names(fields, 30)}."]
    return [f"{name(variable.name)} has no keys: it is a {name(short_type(variable))}.", *_details(variable)]


def _one(query: Query) -> bool:
    return query.target is not None and query.target.kind != "frame" and not query.columns


SKILLS = (
    Skill(
        "value",
        cue(
            r"(?:what|which|who) (?:is|are|was|does|do|exactly is)|what's",
            r"(?:show|print|display|inspect|describe|explain|check|see|view|tell me about|about|info|details?|value|values|content|contents)",
            r"^VAR\d+(?: \?)?$|^@?VAR\d+|^is VAR\d+",
            r"(?:hold|holds|contain|contains|stored|inside|look like|looks like|equal)",
            r"(?:summary|summarise|summarize|overview)|know about",
        ),
        _described,
        _one,
        weight=20,
    ),
    Skill(
        "type of a variable",
        cue(r"types?(?: of)?", r"what kind", r"which class", r"class of", r"dtype", r"data ?type", r"isinstance"),
        _typed,
        _one,
        weight=45,
    ),
    Skill(
        "length",
        cue(r"how (?:long|big|large|many|much)|len|length|size|shape|dimensions?|number of|count|ndim"),
        _length,
        _one,
        weight=44,
        reads=r"\bitems?\b",
    ),
    Skill(
        "keys",
        cue(r"keys?", r"attributes?", r"fields?", r"members?", r"properties", r"entries"),
        _keys,
        lambda query: query.target is not None and query.target.kind in {"mapping", "object", "class"} and _one(query),
        weight=46,
    ),
)
