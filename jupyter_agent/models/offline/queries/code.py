"""Questions about code: what a function does, who uses a name, where it was made, what depends on it, what is not used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jupyter_agent.core.kernel_state import Cell, Variable
from jupyter_agent.models.offline.explaining import parsed
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import fence, many, name, names, python
from jupyter_agent.models.offline.namespace import in_code, texts
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery
from jupyter_agent.models.offline.queries.variables import called
from jupyter_agent.models.offline.query import Ask
from jupyter_agent.models.offline.spans import Lexicon, Meaning, named_so, spans

_CODE = frozenset({"function", "class"})
_LEXICON = Lexicon(
    what={
        "described": "do, does, what does, work, works, how does, explain, describe, documentation, docs, doc, help, help me understand, purpose, about, good for, for what, usage",
        "docstring": "docstring, doc string, a docstring, documented",
        "signature": "signature, arguments, argument, args, parameters, parameter, params, inputs, input, take, takes, accept, accepts, call, how do i call, how do i use, how to call, how to use, invoke",
        "returns": "return type, return, returns, type does return, give back, gives back, returned",
        "source": "source, source code, code, implementation, implemented, body, definition, look like, looks like",
        "used": "used, use, uses, using, users, usages, called, call, calls, callers, who calls, who uses, where used, used anywhere, called from, referenced, mentioned, needed, refer, refers, reads, needs",
        "defined": "defined, created, made, assigned, set, set up, come from, comes from, came from, origin, where is, where does come from, created in, computed, calculated, declared, initialised, initialized, loaded, which cell made, made by, creates, defines, makes, sets, changed, changes, modified, last changed, updated, loads, computes, cell changed",
        "made of": "made of, built from, built of, based on, computed from, calculated from, consist of, consists of, depends on what, derived from, made from",
        "dependents": "depends, depend, depends on, affected, affected by, affects, affect, impacted, rerun, re run, run again, have to run, to run again, need to rerun, to rerun, recompute, update, downstream, break, breaks, out of date",
        "methods": "methods, method, members, functions",
    },
    unused={True: "unused, not used, never used, never called, not called, not needed, unneeded, unnecessary, superfluous, redundant, dead, nobody uses, nothing uses, for nothing, not necessary"},
    imports={True: "import, imports, imported module, imported modules, import statement, import statements, imported, importing, imports here"},
    every={True: "every, each, necessary, remove, delete, throw out, leave out"},
    condition={True: "if, when, after, if i change, when i change, after i change, after changing, when changing, i change, change, changing, modify, edit, touch, i edit, i modify, changes to"},
    kind={True: "function, functions, class, cell, cells, variable, name, names, type, what type, kind"},
    asks={True: "how, who, where, when, why, which cell, what cell, cell, cells, anywhere, somewhere, all, any, ever, else"},
    verb={True: "and, also, about, what about, how about, then, now, again, have, not, code, notebook, in the notebook, last, i, else, other, all, by, from"},
)  # fmt: skip
#: Of words of two meanings, the one that the question's own form decides.
_WHO = re.compile(
    r"\b(?:who|which functions?|which cells?|what) (?:calls?|uses?|needs?|reads?|refers?)\b|\bwhere\b.*\b(?:used|called|use|call|needed|referenced|mentioned)\b|\b(?:used|called|needed) (?:anywhere|somewhere|by|in)\b|\bis \S+ (?:used|needed|called)\b",
    re.IGNORECASE,
)
_DEPENDS = re.compile(
    r"\b(?:depends?|affect\w*|impacted|rerun|re-run|run again|recompute|downstream|breaks?)\b", re.IGNORECASE
)
_ON_WHAT = re.compile(
    r"\b(?:what|which)\b.*\bdoes\b.*\bdepend\b.*\bon\b|\bwhat is .* (?:made|built|computed|calculated|derived|based)\b.*\b(?:of|from|on)\b",
    re.IGNORECASE,
)
_NEEDED = re.compile(
    r"\b(?:all|every|each|any)\b.*\b(?:needed|necessary|used)\b|\b(?:need|use)\b.*\b(?:all|every|each)\b|\b(?:remove|delete|throw out|leave out)\b",
    re.IGNORECASE,
)
_NO_CELLS = "I cannot read the notebook's cells here."


@dataclass(frozen=True, slots=True)
class CodeQuery(ObjectQuery):
    """What is asked of a name's code.

    Attributes:
        what: A key of the lexicon, or ``unused``.
        variable: The name; None where all functions are meant.
        cell: The number of a cell instead of a name.
    """

    what: str
    variable: Variable | None = None
    cell: int | None = None

    def answer(self, facts: Facts) -> Sequence[str]:
        """From inspection, the cells, and what the analysis of the notebook knows."""
        if self.what == "unused":
            return _unused(facts)
        if self.what == "unused imports":
            return _unused_imports(facts)
        if self.what == "dependents":
            return self._dependents(facts)
        assert self.variable is not None
        match self.what:
            case "used":
                return _used(self.variable, facts)
            case "defined" | "source":
                return definition_of(self.variable, facts)
            case "made of":
                return _made_of(self.variable, facts)
        return _described(facts.inspected(self.variable.name) or self.variable, self.what, facts)

    def _dependents(self, facts: Facts) -> Sequence[str]:
        checked = facts.checked()
        listed = checked.get("cells") if checked is not None else None
        if not isinstance(listed, list):
            return [_NO_CELLS]
        cells = [cell for cell in listed if isinstance(cell, dict)]
        start = -1
        changed: set[str] = {self.variable.name} if self.variable is not None else set()
        if self.cell is not None:
            labels = [str(cell.get("label")).strip("`") for cell in cells]
            start = labels.index(f"In [{self.cell}]") if f"In [{self.cell}]" in labels else self.cell - 1
            if not 0 <= start < len(cells):
                raise Ask(f"There is no cell {self.cell}.")
            changed = set(cells[start]["makes"])
        elif self.variable is not None:
            start = next((place for place, cell in enumerate(cells) if self.variable.name in cell["makes"]), -1)
            changed |= set(cells[start]["makes"]) if start >= 0 else set()
        asked = self.variable.name if self.variable is not None else f"In [{self.cell}]"
        lines, made = [], list[str]()
        for cell in cells[start + 1 :]:
            needed = sorted(changed & set(cell["uses"]))
            if needed:
                changed |= set(cell["makes"])
                made += [other for other in cell["makes"] if other not in made]
                makes = f"; it makes {names(cell['makes'], 8)}" if cell["makes"] else ""
                lines.append(f"- {cell['label']} uses {names(needed, 8)}{makes}")
        if not lines:
            return [f"No other cell depends on {name(asked)}, so nothing has to run again."]
        depend, have = ("depends", "has") if len(lines) == 1 else ("depend", "have")
        which = f"{many(len(lines), 'cell')} {depend} on {name(asked)} and {have} to run again when it changes"
        return [f"{which}, in this order:", "\n".join(lines[:40])]


def _described(code: Variable, what: str, facts: Facts) -> Sequence[str]:
    """How a function or class is called, and what it says of itself."""
    doc = str(code.facts.get("doc") or "")
    says = f"Its docstring says: {name(doc, 300)}" if doc else f"{name(code.name)} has **no docstring**."
    if what == "docstring":
        return [f"**{'Yes' if doc else 'No'}**. {says}", *definition_of(code, facts)[1:]]
    methods = names(texts(code.facts.get("methods")), 30)
    if what == "methods":
        has = f"has the methods {methods}" if methods else "has no methods of its own"
        return [f"{name(code.name)} {has}."]
    blocks = [f"{name(code.name)} is called like this:", fence(called(code)), says]
    if what == "returns":
        definitions = [
            node
            for _, _, tree in _trees(facts)
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == code.name
        ]
        annotation = next((ast.unparse(node.returns) for node in definitions if node.returns is not None), "")
        blocks[0] = f"The signature of {name(code.name)} does not say what it returns:"
        if annotation:
            blocks[0] = f"{name(code.name)} returns {name(annotation)}, as its signature says:"
    parameters = [text for text in texts(code.facts.get("parameters")) if text.isidentifier()]
    if parameters and in_code(code.name) == code.name:
        by_name = f"{code.name}({', '.join(f'{parameter}=…' for parameter in parameters)})"
        blocks.append(f"By name: {name(by_name, 300)}")
    if methods:
        blocks.append(f"Methods: {methods}")
    home = definition_of(code, facts) if "read_cells" in facts.conversation.offered else []
    return [*blocks, *home[-1:]] if len(home) > 1 else blocks


def definition_of(variable: Variable, facts: Facts) -> Sequence[str]:
    """Which cell made a variable, with its code."""
    cells = facts.cells() if "read_cells" in facts.conversation.offered else None
    cell = _home(variable, cells or ())
    count = variable.execution_count
    if cell is None and count is None:
        why = "it was there before I could watch, or no cell of this notebook assigns it"
        return [f"I do not know which cell defined {name(variable.name)}: {why}."]
    where = f"`In [{count}]`" if count is not None else "a cell of this notebook"
    if cell is None:
        gone = " That cell is no longer in the notebook as it ran." if cells is not None else ""
        return [f"{name(variable.name)} was last set in {where}.{gone}"]
    changed = "" if cell.execution_count == count or count is None else " The cell has been run or edited since."
    place, lines = (cells or ()).index(cell) + 1, cell.source.splitlines()
    return [
        f"{name(variable.name)} was last set in {where}, cell {place} from the top.{changed}",
        python(cell.source if len(lines) <= 40 else "\n".join([*lines[:40], f"# … {len(lines) - 40} more lines"])),
    ]


def _home(variable: Variable, cells: Sequence[Cell]) -> Cell | None:
    """The cell that the kernel names, else the last one that ran and assigns the name."""
    own = next((cell for cell in cells if variable.cell_id is not None and cell.id == variable.cell_id), None)
    if own is not None:
        return own
    assigning = [cell for cell in cells if cell.kind == "code" and _assigns(cell.source, variable.name)]
    count = variable.execution_count
    ran = [cell for cell in assigning if count is not None and cell.execution_count == count]
    return next(iter(ran or assigning[-1:]), None)


def _assigns(source: str, wanted: str) -> bool:
    escaped = re.escape(wanted)
    pattern = (
        rf"^\s*(?:{escaped}\b[^=\n(]*=(?!=)|(?:async )?def {escaped}\b|class {escaped}\b|(?:from \S+ )?import .*\b{escaped}\b"
        rf"|(?:for|with) .*\b{escaped}\b)"
    )
    return re.search(pattern, source, re.MULTILINE) is not None


def _trees(facts: Facts) -> Iterator[tuple[str, Cell, ast.Module]]:
    """The code cells that can be parsed, with how a reader finds each."""
    for place, cell in enumerate(facts.cells() or (), 1):
        if cell.kind == "code":
            ran = f"`In [{cell.execution_count}]`" if cell.execution_count is not None else ""
            if (tree := parsed(cell.source)) is not None:
                yield ran or f"cell {place} from the top (not run)", cell, tree


def _reads(tree: ast.AST, wanted: str) -> list[ast.Name]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == wanted and isinstance(node.ctx, ast.Load)
    ]


def _used(variable: Variable, facts: Facts) -> Sequence[str]:
    if facts.cells() is None:
        return [_NO_CELLS]
    lines, inside = [], list[str]()
    for label, cell, tree in _trees(facts):
        found = _reads(tree, variable.name)
        if not found:
            continue
        definitions = [
            node
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name != variable.name
        ]
        holders = [node.name for node in definitions if _reads(node, variable.name)]
        inside += [f"{holder}" for holder in holders if holder not in inside]
        source = cell.source.splitlines()
        line = source[found[0].lineno - 1].strip() if found[0].lineno <= len(source) else ""
        lines.append(f"- {label}{f', in {names(holders)}' if holders else ''}: {name(line, 120)}")
    if not lines:
        return [f"No, nothing in this notebook uses {name(variable.name)}."]
    functions = f" by {names(inside, 10)}" if inside else ""
    return [f"Yes, {name(variable.name)} is used{functions} in {many(len(lines), 'cell')}:", "\n".join(lines[:30])]


def _made_of(variable: Variable, facts: Facts) -> Sequence[str]:
    """What the statement that sets a name reads."""
    home = _home(variable, facts.cells() or ())
    for label, cell, tree in _trees(facts):
        if home is None or cell.id != home.id:
            continue
        for statement in reversed(tree.body):
            if any(
                isinstance(node, ast.Name) and node.id == variable.name and isinstance(node.ctx, ast.Store)
                for node in ast.walk(statement)
            ):
                used = sorted(
                    {
                        node.id
                        for node in ast.walk(statement)
                        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
                    }
                )
                return [
                    f"{name(variable.name)} was made in {label} from {names(used, 20) if used else 'constants'}:",
                    python(ast.get_source_segment(cell.source, statement) or cell.source),
                ]
    return definition_of(variable, facts)


def _unused(facts: Facts) -> Sequence[str]:
    if facts.cells() is None:
        return [_NO_CELLS]
    trees = [tree for _, _, tree in _trees(facts)]
    defined = [
        node.name for tree in trees for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    unused = [function for function in dict.fromkeys(defined) if not any(_reads(tree, function) for tree in trees)]
    if not defined:
        return ["This notebook defines no functions."]
    return [
        f"Defined in this notebook and never used in it: {names(unused, 30)}."
        if unused
        else "Every function of this notebook is used in it."
    ]


def _unused_imports(facts: Facts) -> Sequence[str]:
    """Imported names that no cell uses; what cannot be parsed counts as using each name in it."""
    cells = facts.cells()
    if cells is None:
        return [_NO_CELLS]
    trees = {cell.id: tree for _, cell, tree in _trees(facts)}
    bound = {
        (imported.asname or imported.name).split(".")[0]
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", "") != "__future__"
        for imported in node.names
    } - {"*"}
    texts_of_code = [
        "\n".join(re.findall(r"^[ \t]*[%!?].*$", cell.source, re.MULTILINE)) if cell.id in trees else cell.source
        for cell in cells
        if cell.kind == "code"
    ]
    used = set(re.findall(r"\w+", "\n".join(texts_of_code)))
    used |= {node.id for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if not bound:
        return ["This notebook imports nothing."]
    unused = sorted(bound - used)
    return [
        f"Imported and never used in this notebook: {names(unused, 30)}."
        if unused
        else f"Everything that this notebook imports is used in it: {names(sorted(bound), 30)}."
    ]


def read(question: str, context: ObjectContext) -> CodeQuery | None:
    """What is asked of code; None if nothing is, or not every word plays a part."""
    variables = context.namespace.variables

    def meaning(text: str) -> Meaning | None:
        found = named_so(text, variables, 3)
        return ("name", found) if found is not None else None

    found = spans(question, _LEXICON, meaning, variables.__contains__)
    if "imports" in found.slots and ("unused" in found.slots or _NEEDED.search(question)) and "name" not in found.slots:
        return (
            CodeQuery("unused imports")
            if found.has_only(imports=2, unused=2, every=2, what=1, kind=1, asks=3, verb=3)
            else None
        )
    if not found.has_only(name=1, what=3, unused=1, condition=2, kind=2, asks=3, verb=3, number=1):
        return None
    variable, what = found.one("name"), list(dict.fromkeys(found.all("what")))
    number = found.one("number")
    if found.one("unused"):
        return CodeQuery("unused") if variable is None and "kind" in found.slots and number is None else None
    previous = context.previous if isinstance(context.previous, CodeQuery) else None
    if variable is None and number is None and previous is not None and what:
        variable = previous.variable
    if _ON_WHAT.search(question):
        what = ["made of"]
    elif _DEPENDS.search(question):
        what = ["dependents"]
    elif _WHO.search(question):
        what = ["used"]
    if number is not None:
        is_of_cell = what == ["dependents"] and isinstance(number, int) and variable is None
        return CodeQuery("dependents", cell=number) if is_of_cell else None
    if variable is None:
        return None
    if not what and previous is not None:
        return replace(previous, variable=variable) if found.slots <= {"name", "verb"} else None
    if not what:
        is_code = variable.kind in _CODE and found.slots <= {"name", "verb", "kind"}
        return CodeQuery("described", variable) if is_code else None
    return _query(variable, [word for word in what if word != "described"] or what, found.text)


def _query(variable: Variable, what: list[str], question: str) -> CodeQuery | None:
    if "docstring" in what:
        what = ["docstring"]
    if set(what) == {"signature", "used"}:
        what = ["signature"]
    if len(what) != 1:
        return None
    is_code = variable.kind in _CODE
    if what[0] in ("described", "docstring", "signature", "returns", "methods", "source") and not is_code:
        return None
    if what[0] == "defined" and re.search(r"\b(?:how many|type|value)\b", question):
        return None
    return CodeQuery(what[0], variable)
