"""The wire format of the kernel's state: message types, kinds with their facts, and the budget that bounds each of them.

A variable travels as ``{"name", "type", "kind", "summary", "facts", "version", "cell_id", "execution_count"}``.
Facts by kind, all optional:

===========  =========================================================================================
frame        rows, columns_total, columns [{name, dtype, missing, samples}], more_columns, index, labels,
             memory_bytes; inspected also the columns' statistics and ``head``
series       length, dtype, missing, samples, labels; inspected also unique, statistics, and ``found``, the texts that were
             looked for and are not among the most frequent
index        length, dtype, samples
array        shape, dtype, device; inspected also min, max, mean, std, missing, samples
number       value                              bool, none   value
text, bytes  length, value                      mapping      length, keys, items
sequence     length, items, item_types          set          length, items, item_types
function     signature, parameters, doc, local  class        signature, doc, bases, methods, local
module       module, version, local, members    object       fields, members, methods, doc
exception    message                            path, datetime   value
figure, iterator, connection                    static facts only
===========  =========================================================================================

``local`` is true of code that the user wrote, here or in a file next to the notebook; ``members`` are names that may follow the
variable's. ``parts`` are those of nested containers, when inspected. ``says`` is the text of an object's ``_ai_repr_``; ``changes`` marks values of which changes are seen in samples
only. ``withheld`` stands for a value that looks secret, ``unevaluated`` for what a budget left out.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

#: Escape sequences of terminals: colours and cursor moves, titles and links, single characters.
ANSI_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
REQUEST = "jupyter_agent_request"
REPLY = "jupyter_agent_reply"

#: Variables described in one state.
MAX_VARIABLES = 200
#: Columns of a frame described in one state, and when it is inspected.
MAX_COLUMNS = 50
MAX_COLUMNS_INSPECTED = 200
#: Names of further columns, names of rows of a short table, and further names inside a value.
MAX_MORE_COLUMNS = 300
MAX_LABELS = 60
MAX_LABELLED_ROWS = 200
MAX_MEMBERS = 60
#: Sample values of a column.
MAX_SAMPLES = 3
#: Characters of a text value in a state, and when it is inspected.
MAX_TEXT = 200
MAX_TEXT_INSPECTED = 2000
#: Characters of a one-line description, of a sample, and of a name.
MAX_LINE = 80
MAX_SAMPLE = 40
MAX_NAME = 100
#: Elements of containers in a description.
MAX_KEYS = 50
MAX_MAPPING_ITEMS = 20
MAX_ITEMS = 10
MAX_FIELDS = 20
#: Parts of nested containers that are inspected: in all, of one container, and how deep.
MAX_PARTS = 300
MAX_PART_ITEMS = 60
MAX_PART_DEPTH = 6
MAX_METHODS = 30
#: Runs that are kept and sent, characters of source for each, and characters of source in one reply.
MAX_EXECUTIONS = 1000
MAX_SOURCE = 4000
MAX_SOURCES = 100_000
#: Names that one run is recorded to have bound, changed or deleted.
MAX_BOUND = 200
#: Frames of a traceback, and locals of a frame.
MAX_FRAMES = 10
MAX_LOCALS = 30
#: Seconds for describing all variables of a state, one variable of a state, and one that is inspected.
STATE_SECONDS = 0.3
VARIABLE_SECONDS = 0.03
INSPECT_SECONDS = 1.0
#: Seconds after which a request is answered with an error while its work goes on.
REPLY_SECONDS = 5.0
#: Characters of descriptions in one state; past them only types are sent.
MAX_STATE_CHARACTERS = 400_000

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def source_hash(source: str) -> str:
    """SHA-256 (hex) of a cell's source, as cells, executions and edits carry it."""
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()


def clip(text: str, limit: int) -> str:
    """The text as JSON can carry it, at most `limit` characters, an ellipsis where it was cut."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def line(text: str, limit: int = MAX_LINE) -> str:
    """The text in one line: line breaks as ⏎, control characters as �."""
    text = clip(text, limit)
    if text.isprintable():
        return text
    return _CONTROLS.sub("�", text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\t", " "))


def plain_text(text: str) -> str:
    """The text as it is compared where case and accents do not count."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    return "".join(letter for letter in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(letter))


def count(number: int, noun: str) -> str:
    """``1 item``, ``2 items``, ``12,000 items``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
