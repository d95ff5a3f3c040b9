"""One variable: what it is, its type, length, keys; the variables there are, all or of a kind, and what changed among them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import fence, figure, many, name, names, table, visible
from jupyter_agent.models.offline.namespace import Namespace, in_code, names_of, real, texts, whole
from jupyter_agent.models.offline.queries.query import SIMPLE, ObjectContext, ObjectQuery, short_type
from jupyter_agent.models.offline.spans import Lexicon, Meaning, named_so, spans
from jupyter_agent.models.offline.words import nearest

_LONGEST = 40
_NOT_SHOWN = frozenset({"module", "function", "class"})
#: What variables of a kind are called, one and several.
_NOUNS = {
    "frame": ("table", "tables"), "function": ("function", "functions"), "class": ("class", "classes"), "module": ("imported module", "imported modules"),
    "sequence": ("list", "lists"), "mapping": ("dictionary", "dictionaries"), "array": ("array", "arrays"), "series": ("series", "series"),
    "text": ("text", "texts"), "number": ("number", "numbers"), "figure": ("figure", "figures"),
}  # fmt: skip
_LEXICON = Lexicon(
    what={
        "type": "type, types, kind, what kind, class, class of, data type, dtype, which class, what kind of thing", "keys": "keys, key, attributes, fields, members, properties",
        "length": "length, len, size, how long, how big, how large, how many, number of, count, shape, dimensions, ndim, how much, how many items",
        "version": "version, versions, installed version, version installed, version number",
        "value": "value, values, content, contents, describe, explain, inspect, info, details, hold, holds, contain, contains, stored, inside, look like, looks like, equal, equal to, summary, summarize, summarise, overview, check, see, view, know about, current value",
    },
    kind={
        "frame": "dataframes, dataframe, data frames, data frame, frames, tables, table, datasets, dataset, dfs", "function": "functions, function, methods, defs", "class": "classes",
        "module": "modules, module, libraries, library, packages, package, imports, imported, import", "sequence": "lists, sequences, tuples", "mapping": "dicts, dict, dictionaries, dictionary, mappings",
        "array": "arrays, tensors, matrices", "series": "series", "text": "strings, texts", "number": "numbers, scalars, ints, floats, integers, constants", "figure": "figures",
    },
    all={True: "variables, variable, vars, objects, whos, dir, globals, locals, names, everything"},
    place={True: "memory, namespace, kernel, workspace, scope, session, loaded, defined, available, load, define, data, inside, here, so far, in memory, in scope, got, work with, what do i have, what do we have, what data do i have"},
    changed={True: "changed, change, changes, new, different, difference"},
    since={True: "since, since last time, last time, last, time, since my last question, since then, anything, question, recently, just now"},
    # ``valid values`` are some of the values, also where a variable is called ``valid``; ``as numbers`` is how they are shown.
    some={True: ", ".join(f"{which} {of}" for which in words("valid missing masked unique distinct different first last") for of in words("value row item"))},
    form={True: "as number, as text, as string, as table, as a table, as dataframe, as a dataframe, as list, as a list, as array"},
    verb={True: "are there, about, more, any, all, every, list, how, again, look, exist, exists, installed, own, my own, used, you, also, what about, exactly, then, them, they"},
)  # fmt: skip

#: ``is readings a pandas or a polars frame``: what it may be, in words for types alone.
_EITHER = re.compile(r"\W*(?:is|are) (?:the )?(\w+) (?:an? )?(\w[\w ]*?) or (?:an? )?(\w[\w ]*?)\W*", re.IGNORECASE)
_TYPES = frozenset(
    words(
        """pandas polars numpy pyarrow arrow sklearn torch list tuple dict dictionary set array arrays frame dataframe series string str text number
        int integer float bool boolean function class module matrix table lazy eager lazyframe lazy object model instance generator path date datetime"""
    )
)


@dataclass(frozen=True, slots=True)
class VariableQuery(ObjectQuery):
    """One variable that is no table, or one thing of it; how it was typed where that is another way."""

    variable: Variable
    what: str = "value"
    typed: str = ""

    def answer(self, facts: Facts) -> Sequence[str]:
        """From what inspection tells."""
        note = f"There is no {name(self.typed)}; I take it as {name(self.variable.name)}." if self.typed else ""
        return [note, *self._answer(facts)]

    def _answer(self, facts: Facts) -> Sequence[str]:
        variable = self.variable
        if self.what == "type":
            dtype = variable.facts.get("dtype")
            values = f"; its values are {name(dtype)}" if dtype else ""
            is_a = f"{name(variable.name)} is a {name(short_type(variable))} ({name(variable.type)}){values}."
            return [is_a, f"It is {name(variable.summary, 160)}." if variable.summary else ""]
        if self.what == "version":
            version, module = variable.facts.get("version"), name(variable.facts.get("module") or variable.name)
            known = f", version **{name(version)}**" if version else "; it tells no version"
            return [f"{module} is imported as {name(variable.name)}{known}."]
        variable = facts.inspected(variable.name) or variable
        if self.what == "length":
            return _length(variable)
        if self.what == "keys":
            return _keys(variable)
        count = variable.execution_count
        return [_headline(variable), *_details(variable), f"Set in `In [{count}]`." if count is not None else ""]


@dataclass(frozen=True, slots=True)
class ListQuery(ObjectQuery):
    """The variables, all or those of a kind."""

    kind: str
    namespace: Namespace

    def answer(self, _facts: Facts) -> Sequence[str]:
        """A table of them; of imported modules with their versions."""
        if not self.namespace.reachable:
            why = "no kernel is running for this notebook, or it cannot be asked"
            start = "Start the kernel, run the cells, and ask again."
            return [f"I cannot see the kernel's variables here: {why}.", start]
        variables = self.namespace.variables
        if not variables:
            return ["There are no variables in the kernel yet. Run a cell that defines some."]
        kinds = {"number": ("number", "bool")}.get(self.kind, (self.kind,))
        found = [variable for variable in variables.values() if not self.kind or variable.kind in kinds]
        noun, plural = _NOUNS.get(self.kind, ("variable", "variables"))
        if not found:
            return [f"There is no {noun} in the kernel. There are: {names(variables)}."]
        if self.kind == "module":
            return [f"**{many(len(found), noun, plural)}**", _modules(found)]
        total = len(found) if self.kind else max(self.namespace.total, len(found))
        return [f"**{many(total, noun, plural)}** in the kernel:", *_rows(found, bool(self.kind))]


@dataclass(frozen=True, slots=True)
class ChangesQuery(ObjectQuery):
    """What changed among the variables since this conversation last looked."""

    namespace: Namespace

    def answer(self, facts: Facts) -> Sequence[str]:
        """New, gone and changed names."""
        before = facts.namespace_before()
        if before is None and facts.conversation.changed:
            # The context tells the names, not how the variables were before.
            listed, known = facts.conversation.changed, self.namespace.variables
            here, gone = [item for item in listed if item in known], [item for item in listed if item not in known]
            return [f"New or changed: {names(here, 40)}" if here else "", f"Gone: {names(gone, 40)}" if gone else ""]
        if before is None:
            return [
                "I do not know the variables as they were before in this conversation, so I cannot compare. Ask again after the next change.",
                _newest(self.namespace),
            ]
        now = self.namespace.variables
        fresh = [variable for variable in now if variable not in before.variables]
        gone = [variable for variable in before.variables if variable not in now]
        both = [variable for variable in now if variable in before.variables]
        changed = [variable for variable in both if now[variable].to_json() != before.variables[variable].to_json()]
        if not fresh and not gone and not changed:
            return ["Nothing changed among the variables since your last question."]
        blocks = [f"New: {names(fresh, 20)}" if fresh else "", f"Gone: {names(gone, 20)}" if gone else ""]
        lines = [
            f"- {name(variable)}: {name(before.variables[variable].summary)} → {name(now[variable].summary)}"
            for variable in changed[:20]
        ]
        return [*blocks, "Changed:\n\n" + "\n".join(lines) if lines else ""]


def _newest(namespace: Namespace) -> str:
    counted = [variable for variable in namespace.variables.values() if variable.execution_count is not None]
    last = max((variable.execution_count or 0 for variable in counted), default=None)
    newest = [variable for variable in counted if variable.execution_count == last]
    return f"The newest variables, from `In [{last}]`: {names_of(newest, 20)}." if newest else ""


def _headline(variable: Variable) -> str:
    facts = variable.facts
    if facts.get("withheld"):
        length = whole(facts.get("length"))
        kind = name(short_type(variable)) + (f" of length {length}" if length is not None else "")
        return f"{name(variable.name)} looks like a secret, so its value is withheld (a {kind})."
    if variable.kind in SIMPLE and facts.get("value") is not None and variable.kind != "text":
        return f"{name(variable.name)} is **{name(variable.facts['value'], 200)}** (a {name(short_type(variable))})."
    if variable.kind == "none":
        return f"{name(variable.name)} is `None`."
    return f"{name(variable.name)} is {name(variable.summary or short_type(variable), 160)} (type {name(short_type(variable))})."


def _details(variable: Variable) -> Sequence[str]:
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


def _text(facts: Mapping[str, object]) -> Sequence[str]:
    value = str(facts.get("value", ""))
    length = whole(facts.get("length"))
    sentence = "It is:"
    if length is not None:
        sentence = many(length, "character") + ("; it begins:" if len(value) < length else ":")
    return [sentence, fence("\n".join(visible(line, 500) for line in value.splitlines()[:40]))] if value else [sentence]


def _mapping(facts: Mapping[str, object]) -> Sequence[str]:
    keys, items = texts(facts.get("keys")), facts.get("items")
    length = whole(facts.get("length")) or len(keys)
    blocks = [f"{many(length, 'key')}: {names(keys, 30)}" + (" …" if length > min(len(keys), 30) else "")]
    if isinstance(items, Mapping) and items:
        blocks.append(table(["key", "value"], [[name(key), name(value, 100)] for key, value in items.items()]))
    return blocks


def _sequence(facts: Mapping[str, object]) -> Sequence[str]:
    items = texts(facts.get("items"))
    length = whole(facts.get("length")) or len(items)
    kinds = texts(facts.get("item_types"))
    of = f" of {names(kinds, 4)}" if kinds else ""
    return [f"{many(length, 'item')}{of}: {names(items, 10)}{' …' if length > len(items) else ''}"]


_STATS = ("min", "max", "mean", "median", "std", "sum")


def _numbers(facts: Mapping[str, object]) -> Sequence[str]:
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


def _class(facts: Mapping[str, object]) -> Sequence[str]:
    details = [f"Signature: {name(facts['signature'], 300)}" if facts.get("signature") else ""]
    details += [f"Bases: {names(texts(facts.get('bases')))}" if facts.get("bases") else ""]
    details += [f"Methods: {names(texts(facts.get('methods')), 30)}" if facts.get("methods") else ""]
    return [*[detail for detail in details if detail], *([name(facts["doc"], 300)] if facts.get("doc") else [])]


def _object(facts: Mapping[str, object]) -> Sequence[str]:
    fields = facts.get("fields")
    if isinstance(fields, Mapping) and fields:
        return [table(["field", "value"], [[name(key), name(value, 100)] for key, value in fields.items()])]
    return [f"Value: {name(facts['value'], 300)}"] if facts.get("value") is not None else []


def _length(variable: Variable) -> Sequence[str]:
    shape, length = variable.facts.get("shape"), whole(variable.facts.get("length"))
    if isinstance(shape, Sequence) and not isinstance(shape, str):
        count = figure(math.prod(length for length in shape if isinstance(length, int)))
        values = f"{count} values of {name(variable.facts.get('dtype', ''))}"
        return [f"{name(variable.name)} has the shape **({', '.join(map(str, shape))})**: {values}."]
    if length is None:
        return [f"{name(variable.name)} has no length: it is a {name(short_type(variable))}.", *_details(variable)]
    nouns = {"mapping": "key", "text": "character", "bytes": "byte", "series": "value", "index": "value"}
    noun = nouns.get(variable.kind, "item")
    return [f"{name(variable.name)} has **{many(length, noun)}** (`len({in_code(variable.name)})`)."]


def _keys(variable: Variable) -> Sequence[str]:
    if variable.kind == "mapping":
        return _mapping(variable.facts)
    fields = variable.facts.get("fields")
    if isinstance(fields, Mapping):
        return [f"{name(variable.name)} has the attributes {names(fields, 30)}."]
    return [f"{name(variable.name)} has no keys: it is a {name(short_type(variable))}.", *_details(variable)]


def _rows(found: list[Variable], every: bool) -> Sequence[str]:
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


def _modules(found: list[Variable]) -> str:
    rows = []
    for variable in found:
        version = variable.facts.get("version")
        module = variable.facts.get("module") or variable.name
        rows.append([name(variable.name), name(module), name(version) if version else "–"])
    return table(["name", "module", "version"], rows)


# Reading ------------------------------------------------------------------------------------------


def read(question: str, context: ObjectContext) -> VariableQuery | ListQuery | ChangesQuery | None:
    """What is asked of a variable, or of all; None if nothing is, or not every word plays a part."""
    named = {variable.name: variable for variable in context.namespace.variables.values() if variable.kind != "frame"}
    either = _EITHER.fullmatch(question)
    if either is not None and {*f"{either[2]} {either[3]}".lower().split()} <= _TYPES:
        asked = context.namespace.variables.get(either[1])
        return VariableQuery(asked, "type") if asked is not None else None

    modules = {
        str(variable.facts.get("module", "")).split(".")[0]: variable
        for variable in named.values()
        if variable.kind == "module"
    }

    def meaning(text: str) -> Meaning | None:
        found = named.get(text.removeprefix("@")) or modules.get(text.lower()) or named_so(text, named, 3)
        close = nearest(text, named, cutoff=0.88) if found is None else []
        if close:
            return "mistyped", named[close[0]]
        return ("variable", found) if found is not None else None

    found = spans(question, _LEXICON, meaning, named.__contains__)
    variables: list[Variable] = [*found.all("variable"), *found.all("mistyped")]
    typed = next((span.text for span in found.spans if span.slot == "mistyped"), "")
    if found.unknown or found.slots & {"number", "text", "operator"} or len(variables) > 1:
        return None
    previous = context.previous if isinstance(context.previous, VariableQuery) else None
    whats = list(dict.fromkeys(what for what in found.all("what") if what != "value"))
    if variables or (previous is not None and whats and found.slots <= {"what", "verb"}):
        variable = variables[0] if variables else previous.variable if previous is not None else None
        if variable is None or len(whats) > 1 or found.slots - {"variable", "mistyped", "what", "verb"}:
            return None
        if "version" in whats and variable.kind != "module":
            return None
        return VariableQuery(variable, whats[0] if whats else "value", typed)
    if "changed" in found.slots:
        return ChangesQuery(context.namespace) if found.slots <= {"changed", "since", "all", "verb"} else None
    kinds: list[str] = list(dict.fromkeys(found.all("kind")))
    if len(kinds) > 1 or found.slots - {"kind", "all", "place", "verb", "what"} or set(whats) - {"length"}:
        return None
    if not kinds and not found.slots & {"all"} and not (found.slots & {"place"} and "what" not in found.slots):
        return None
    return ListQuery(kinds[0] if kinds else "", context.namespace)
