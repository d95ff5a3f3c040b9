"""What a text may be, as far as the code shows it: a library may take it as an address, as markup or as code."""

# ruff: noqa: SIM905 - many words are easier to read, and to sort, as words

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from jupyter_agent.analysis.origins import NameResolver
from jupyter_agent.core.kernel_state import Variable

#: Stands in a text for what only shows when the code runs.
UNSEEN = "\uffff"
#: Stands for what only shows when the code runs, but is no markup.
ESCAPED = "\ufffe"
#: Stands for the name of a file on this machine, or for an open one.
_LOCAL = "./"
_NUMBER = "0"
_RENDERED = "<>"
#: Kinds of variables that are no text.
_NOT_TEXT = frozenset(("number", "bool", "none", "frame", "array", "series", "index", "figure", "datetime"))
_MAX_TEXTS = 64
_MAX_DEPTH = 24
#: Expressions that are read to know one.
_MAX_READ = 1_000
_SCHEMES = tuple(
    f"{scheme}:" for scheme in "http https ftp ftps s3 s3a gs gcs abfs abfss az adl ws wss ssh sftp hdfs hf git data smb webhdfs dbfs "
    "github oci file memory zip tar simplecache filecache blockcache cached reference libarchive dropbox gdrive jlab".split()
)  # fmt: skip
_NUMBERS = frozenset(
    f"builtins.{name}" for name in "len int float abs round range bool hash id ord pow divmod complex".split()
)
_NUMERIC_METHODS = frozenset("mean std var median count nunique corr score index find".split())
_NUMERIC_ATTRIBUTES = frozenset("shape size ndim".split())
_NUMERIC_FORMAT = re.compile(r"[^{}]*[bdeEfFgGnoxX%]")
#: Signs that may stand between the names of a formula, and such names.
_SIGNS = ("+", "*", ",", "|", "&")
_WORDS = re.compile(r"(?!.*__)\w[\w. ]*")
#: Names of methods by which libraries render their own values: frames, animations, graphs.
_RENDERERS = frozenset(
    "to_html to_jshtml to_html5_video create create_png create_svg create_jpg pipe render to_image".split()
)
#: Methods and attributes of open files and paths that give text which they hold.
_CONTENTS = frozenset("read readline readlines read_text read_bytes getvalue read1 readall peek __next__".split())
_FILES = frozenset("io _io zipfile tarfile gzip bz2 lzma pathlib tempfile glob".split())
_FILE_NAMES = frozenset(
    "os.listdir os.scandir os.walk os.getcwd os.path.abspath os.path.realpath sys.argv builtins.open pandas.ExcelFile importlib.resources".split()
)
_OPENERS = frozenset(
    "builtins.open io.open gzip.open bz2.open lzma.open codecs.open pathlib.Path().open zipfile.ZipFile().open io.StringIO io.BytesIO io.TextIOWrapper "
    "io.BufferedReader gzip.GzipFile".split()
)
_CONTAINERS = frozenset(
    f"builtins.{name}" for name in "list tuple set frozenset sorted reversed enumerate zip iter next filter".split()
)
_TEXT_METHODS = frozenset(
    "format join lower upper title strip rstrip lstrip capitalize encode decode replace split rsplit partition removesuffix".split()
)
#: Methods that Python calls for operators and for what makes numbers, of which it takes the result.
_OPERATORS = tuple(
    f"__{name}__" for name in "neg pos invert lt le eq ne gt ge abs round format sub rsub mod rmod mul rmul floordiv truediv rtruediv pow and rand or ror "
    "xor rxor lshift rshift rlshift rrshift matmul rmatmul rpow rfloordiv divmod isub imul".split()
)  # fmt: skip
#: Libraries that compute with numbers and symbols, and what of them gives texts.
_COMPUTING = frozenset("sympy numpy scipy mpmath math cmath fractions decimal statistics random".split())
_READING = re.compile(r"\b(?:load\w*|genfromtxt|from\w+|rec\w*|char|strings|latex|pretty|s?repr|\w*code|mathml|io)\b")
_UTF8 = frozenset(("", "utf-8", "utf8", "ascii", "latin-1"))


def is_address(text: str) -> bool:
    """Whether a text that is seen in part may be an address of something that is not on this machine."""
    start = re.split(f"[{UNSEEN}{ESCAPED}]", text, maxsplit=1)[0].lstrip().lower()
    return start != text.lstrip().lower() and any(scheme.startswith(start) for scheme in _SCHEMES)


class TextReader:
    """Reads from code what its expressions may be as texts."""

    def __init__(self, names: NameResolver) -> None:
        self._names = names
        names.read = self.texts
        self._reading: set[int] = set()
        self._left = 0
        self._cache: dict[tuple[int, int], frozenset[str]] = {}

    def texts(self, node: ast.expr | None) -> frozenset[str]:
        """All texts that an expression may be, `UNSEEN` standing for what the code does not show; empty where it has no value."""
        if node is None or id(node) in self._reading:
            return frozenset()
        is_first, key = not self._reading, (id(node), self._names.generation)
        if is_first and key in self._cache:
            return self._cache[key]
        self._left = _MAX_READ if is_first else self._left - 1
        if len(self._reading) > _MAX_DEPTH or self._left < 0:
            return frozenset({UNSEEN})
        self._reading.add(id(node))
        try:
            texts = frozenset(itertools.islice(self._read(node), _MAX_TEXTS + 1))
        finally:
            self._reading.discard(id(node))
        texts = frozenset({UNSEEN}) if len(texts) > _MAX_TEXTS else texts
        if is_first and hasattr(node, "lineno"):
            self._cache[key] = texts
        return texts

    def _read(self, node: ast.expr) -> Iterable[str]:
        match node:
            case ast.Constant(value=bytes(data)):
                return (data.decode("latin-1"),)
            case ast.Constant(value=value):
                return (value if isinstance(value, str) else str(value),)
            case ast.JoinedStr(values=values):
                return self._put_together(values)
            case ast.BinOp() | ast.UnaryOp() | ast.Compare() if self._has_operators(*ast.iter_child_nodes(node)):
                return (UNSEEN,)
            case ast.FormattedValue(value=value, format_spec=form) if not self._names.has_method("__format__"):
                is_number = isinstance(form, ast.JoinedStr) and all(
                    isinstance(part, ast.Constant) and _NUMERIC_FORMAT.fullmatch(str(part.value))
                    for part in form.values
                )
                return (_NUMBER,) if is_number and form is not None else self.texts(value)
            case ast.FormattedValue(value=value):
                return (*self.texts(value), UNSEEN)
            case ast.BinOp():
                return self._operation(node)
            case ast.UnaryOp() | ast.Compare():
                return (_NUMBER,)
            case ast.BoolOp(values=values) | ast.List(elts=values) | ast.Tuple(elts=values) | ast.Set(elts=values):
                return self._any_of(values)
            case ast.IfExp(body=body, orelse=other):
                return self._any_of((body, other))
            case ast.Dict(keys=keys, values=values):
                return self._any_of((*(key for key in keys if key), *values))
            case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
                return self.texts(element)
            case ast.Starred(value=value):
                return self._elements(value)
            case ast.NamedExpr(value=value):
                return self.texts(value)
            case ast.Name():
                return self._named(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._item(node)
            case ast.Call():
                return self._call(node)
            case _:
                return (UNSEEN,)

    def _has_operators(self, *operands: ast.AST) -> bool:
        """Whether an operand is an object of a class of the notebook that may give anything for an operator."""
        return self._names.has_method(*_OPERATORS) and any(
            origin.startswith("<")
            for operand in operands
            if isinstance(operand, ast.expr)
            for origin in self._names.origins_of(operand)
        )

    def _any_of(self, nodes: Iterable[ast.expr]) -> Iterator[str]:
        for node in nodes:
            yield from self.texts(node)

    def _put_together(self, nodes: Sequence[ast.expr], between: str = "") -> Iterator[str]:
        parts = [self.texts(node) or {UNSEEN} for node in nodes]
        return (between.join(part) for part in itertools.product(*parts))

    def _operation(self, node: ast.BinOp) -> Iterable[str]:
        match node.op:
            case ast.Add():
                return self._put_together((node.left, node.right))
            case ast.Mod() if any(not _is_number(text) for text in self.texts(node.left)):
                values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
                return self._filled(node.left, r"%(?:\(\w+\))?[-+ #0\d.*]*([a-zA-Z])", values)
            case ast.Div() if any(not _is_number(text) for text in self.texts(node.left)):
                return self._put_together((node.left, node.right), "/")
            case ast.Mult() if not all(map(_is_number, (*self.texts(node.left), *self.texts(node.right)))):
                return (UNSEEN,)
            case _:
                return (_NUMBER,)

    def _filled(self, pattern: ast.expr, field: str, values: Sequence[ast.expr]) -> Iterator[str]:
        """A pattern with each of the values in each of its fields."""
        fillings = sorted(frozenset(self._any_of(values)) or {UNSEEN})
        for text in self.texts(pattern):
            for filling in fillings:
                yield re.sub(field, lambda _, filling=filling: filling, text)  # type: ignore[misc]
            if len(fillings) > 1:
                yield re.sub(field, lambda _: "".join(fillings), text)

    def is_hidden(self, *nodes: ast.expr | None) -> bool:
        """Whether something of what these may be only shows when the code runs."""
        return any(UNSEEN in text for node in nodes for text in self.texts(node))

    def may_be_hidden_text(self, node: ast.expr | None) -> bool:
        """Whether an expression may be a text of which something only shows when the code runs, or hold one; symbols and arrays are none."""
        waiting, seen = [node], set[int]()
        while waiting:
            part = waiting.pop()
            if part is None:
                return True
            if id(part) in seen or not self.is_hidden(part):
                continue
            seen.add(id(part))
            origins = self._names.origins_of(part)
            match part:
                case ast.List(elts=inner) | ast.Tuple(elts=inner) | ast.Set(elts=inner) | ast.BoolOp(values=inner):
                    waiting += inner
                case ast.Dict(keys=keys, values=values):
                    waiting += [*filter(None, keys), *values]
                case ast.Starred(value=inner) | ast.Subscript(value=inner) | ast.NamedExpr(value=inner):
                    waiting.append(inner)
                case ast.ListComp(elt=inner) | ast.SetComp(elt=inner) | ast.GeneratorExp(elt=inner):
                    waiting.append(inner)
                case ast.Lambda(args=arguments, body=inner):  # of which the library gives the arguments
                    names = {argument.arg for argument in ast.walk(arguments) if isinstance(argument, ast.arg)}
                    seen |= {id(name) for name in ast.walk(inner) if isinstance(name, ast.Name) and name.id in names}
                    waiting.append(inner)
                case ast.IfExp(body=body, orelse=other):
                    waiting += [body, other]
                case ast.BinOp(left=left, right=right):
                    sides = [self._names.origins_of(side) for side in (left, right)]
                    waiting += [] if any(map(_are_symbols, sides)) else [left, right]
                case ast.Name(id=name) if bound := self._names.values_of(part):
                    is_known = None in bound and name not in self._names.live and _are_symbols(origins)
                    waiting += [value for value in bound if not (value is None and is_known)]
                case ast.Name(id=name) if name in self._names.live or not _are_symbols(origins):
                    if not any(origin.endswith("()") for origin in origins) or not _are_computed(origins):
                        return True
                case ast.Call(args=given, keywords=words) if _are_defined(origins := self._names.origins_of(part.func)):
                    waiting += self.returned(origins)
                case ast.Call(args=given, keywords=words) if _are_computed(origins):
                    waiting += [] if _are_symbols(origins) else [*given, *(word.value for word in words)]
                case ast.Name() | ast.Attribute() if _are_symbols(origins):
                    pass
                case _:
                    return True
        return False

    def items(self, node: ast.expr) -> frozenset[str]:
        """What an item of an expression may be."""
        return frozenset(self._elements(node))

    def _elements(self, node: ast.expr) -> Iterable[str]:
        """What iterating over an expression, or taking an item of it, gives: of a text its characters, which are not followed."""
        match node:
            case (
                ast.List() | ast.Tuple() | ast.Set() | ast.Dict() | ast.ListComp() | ast.SetComp() | ast.GeneratorExp()
            ):
                return self.texts(node)
            case ast.Name() if id(node) not in self._reading:
                self._reading.add(id(node))
                values = [*(self._names.values_of(node) or [None]), *map(_spread, self._names.added_to(node))]
                found = frozenset(text for value in values for text in (self._elements(value) if value else [UNSEEN]))
                self._reading.discard(id(node))
                return found
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return (*self._elements(left), *self._elements(right))
            case ast.Call(func=ast.Attribute(attr=name)) if name in _TEXT_METHODS:
                return (UNSEEN,)
            case ast.Call(func=func) if self._names.origins_of(func) & _OPENERS:
                return (UNSEEN,)  # a file's lines
            case ast.Call(func=func) if _are_defined(origins := self._names.origins_of(func)):
                return (
                    text for value in self.returned(origins) for text in (self._elements(value) if value else [UNSEEN])
                )
            case ast.Call() | ast.Subscript() | ast.Attribute() | ast.Starred():
                return self.texts(node)
            case ast.Name():
                return ()
            case _:
                return (UNSEEN,)

    def _named(self, node: ast.Name) -> Iterator[str]:
        values = self._names.values_of(node)
        found = frozenset(text for value in values for text in ([UNSEEN] if value is None else self.texts(value)))
        variable = self._names.live.get(node.id)
        if not found and variable is not None:
            found = _live_texts(variable)
        elif not found and not values:
            found = frozenset({UNSEEN})
        if added := self._names.added_to(node):
            pieces = [self.texts(piece) for piece in added]
            is_seen = all(len(texts) == 1 for texts in pieces)
            more = "".join(text for texts in pieces for text in texts) if is_seen else UNSEEN
            if not all(_is_number(text) for texts in pieces for text in texts):
                found |= frozenset(text + more for text in found)
        return iter(found)

    def _attribute(self, node: ast.Attribute) -> Iterable[str]:
        values = self._names.attribute_values(node.attr)
        if self._names.has_method(node.attr):
            return (UNSEEN,)
        if values and self._names.is_set_unseen(node.attr):
            return (*self._any_of(values), UNSEEN)
        if node.attr in _NUMERIC_ATTRIBUTES and not values:
            return (_NUMBER,)
        if self._is_local(node):
            return (_LOCAL + UNSEEN,)
        return self._any_of(values) if values else (UNSEEN,)

    def _item(self, node: ast.Subscript) -> Iterable[str]:
        if not isinstance(node.slice, ast.Slice):
            return self._elements(node.value)
        keeps_start = node.slice.lower is None and node.slice.step is None
        texts = self.texts(node.value)
        return (_LOCAL + UNSEEN,) if keeps_start and texts and all(map(_is_local, texts)) else (UNSEEN,)

    def _is_local(self, node: ast.expr) -> bool:
        """Whether an expression is a file of this machine, or the name of one."""
        origins = {origin.replace("()", "") for origin in self._names.origins_of(node)}
        return bool(origins) and all(
            (origin.partition(".")[0] in _FILES or origin.startswith(tuple(_FILE_NAMES)))
            and origin.rpartition(".")[2] not in _CONTENTS
            for origin in origins
        )

    def _call(self, node: ast.Call) -> Iterable[str]:
        origins = self._names.origins_of(node.func)
        arguments = [*node.args, *(word.value for word in node.keywords)]
        is_of_text = isinstance(node.func, ast.Attribute) and node.func.attr in _TEXT_METHODS
        if not is_of_text and self._is_local(node.func):
            return (_LOCAL + UNSEEN,)
        if origins and origins <= _NUMBERS and not self._has_operators(*node.args):
            return (_NUMBER,)
        if origins & _CONTAINERS:
            return (text for argument in node.args for text in self._elements(argument))
        if origins & {"builtins.str", "builtins.repr"} and len(arguments) == 1:
            return self.texts(arguments[0])
        if origins and all(origin.startswith("os.path.") for origin in origins) and node.args:
            return self._put_together(node.args, "/")
        if "html.escape" in origins:
            return (ESCAPED,)
        if _are_defined(origins):
            return (text for value in self.returned(origins) for text in (self.texts(value) if value else [UNSEEN]))
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func)
        return (UNSEEN,)

    def returned(self, origins: Iterable[str]) -> Iterator[ast.expr | None]:
        """What functions of the notebook return; None where that is not known."""
        for origin in origins:
            for definition in self._names.definitions(origin.strip("<>")):
                if isinstance(definition, ast.Lambda):
                    yield definition.body
                    continue
                yield from [
                    part.value for part in ast.walk(definition) if isinstance(part, ast.Return | ast.Yield)
                ] or [None]

    def _method(self, node: ast.Call, func: ast.Attribute) -> Iterable[str]:
        """What a method gives, whatever its object is."""
        given = [next(iter(self.texts(argument)), UNSEEN) for argument in node.args]
        match func.attr:
            case "format":
                return self._filled(func.value, r"\{[^{}]*\}", [*node.args, *(word.value for word in node.keywords)])
            case "join" if node.args and isinstance(node.args[0], ast.List | ast.Tuple):
                between = next(iter(self.texts(func.value)), UNSEEN)
                return self._put_together(node.args[0].elts, between)
            case "join" if node.args:  # names with signs between them say the same in any order
                between, words = next(iter(self.texts(func.value)), UNSEEN), sorted(self._elements(node.args[0]))
                is_seen = between.strip() in _SIGNS and words and all(map(_WORDS.fullmatch, words))
                return (between.join(words) if is_seen else UNSEEN,)
            case "lower" | "upper" | "title" | "strip" | "rstrip" | "lstrip" | "capitalize" if not node.args:
                return self.texts(func.value)
            case "encode" | "decode" if all(text.lower() in _UTF8 for text in given):
                return self.texts(func.value)
            case "replace" if len(given) == 2:
                return (text.replace(given[0], given[1]) for text in self.texts(func.value))
            case "items" | "keys" | "values" | "get" | "copy" | "pop":
                return self._elements(func.value)
            case "split" | "rsplit" | "partition" | "removesuffix" if all(map(_is_local, self.texts(func.value))):
                return (_LOCAL + UNSEEN,)
            case name if self._names.has_method(name):
                return (UNSEEN,)
            case name if name in _NUMERIC_METHODS:
                return (_NUMBER,)
            case name if name in _RENDERERS and not any(word.arg == "escape" for word in node.keywords):
                is_template = any(origin.startswith("jinja2.") for origin in self._names.origins_of(func.value))
                return (UNSEEN,) if is_template else (_RENDERED,)
            case _:
                return (UNSEEN,)


def _spread(value: ast.expr) -> ast.expr:
    """What is added to a list or a dictionary, as one of its own."""
    return value if isinstance(value, ast.List | ast.Tuple | ast.Set | ast.Dict) else ast.Starred(value, ast.Load())


def _are_defined(origins: frozenset[str]) -> bool:
    """Whether all are functions of the notebook."""
    return bool(origins) and all(origin.startswith("<") and origin.endswith(">") for origin in origins)


def _are_computed(origins: frozenset[str]) -> bool:
    """Whether all come from libraries that compute with numbers, and from nothing that reads."""
    return bool(origins) and all(
        origin.partition(".")[0] in _COMPUTING and not _READING.search(origin) for origin in origins
    )


def _are_symbols(origins: frozenset[str]) -> bool:
    """Whether all are expressions of symbols, and not texts that are made of these."""
    return _are_computed(origins) and all(origin.startswith("sympy.") for origin in origins)


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def _is_local(text: str) -> bool:
    return text.startswith(_LOCAL)


def _live_texts(variable: Variable) -> frozenset[str]:
    """What a variable of the kernel may be as a text."""
    value = variable.facts.get("value")
    root = variable.type.partition(".")[0]
    if variable.type == "builtins.str" and isinstance(value, str) and not value.endswith("…"):
        return frozenset({value.strip("'\"")})
    if root == "pathlib":
        return frozenset({_LOCAL + UNSEEN})
    return frozenset({_NUMBER if variable.kind in _NOT_TEXT else UNSEEN})
