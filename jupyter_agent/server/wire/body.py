"""The bases of request bodies, and the values with bounds that they are made of."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON object that a client sends; it may have no other fields."""

    def given(self) -> dict[str, Any]:
        """The fields that the client has sent or that have a default, by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}


class PartialBody(Body, frozen=True):
    """A body of which not every field may be missing.

    Attributes:
        needs_one_of: Fields of which one must be there; empty: any.
    """

    needs_one_of: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name in self.needs_one_of or self.__struct_fields__:
            if getattr(self, name) is not UNSET:
                return
        raise ValueError("none of the fields is given of which one is needed")


class OpenBody(Struct, frozen=True):
    """A JSON object of a protocol of others; what is not listed in it is accepted and not used."""


def about(words: str) -> Meta:
    """What a field is, for the OpenAPI document and the front end's types."""
    return Meta(description=words)


def form(words: str, **bounds: Any) -> Meta:
    """Bounds of a value, with the words in which a client is told what it must look like; no line break passes a pattern's end."""
    if bounds.get("pattern", "").endswith("$"):
        bounds["pattern"] += r"(?!\n)"
    return Meta(extra_json_schema={"x-form": words}, **bounds)


SessionId = Annotated[
    str,
    form(
        "1 to 128 letters, digits and _ . : -, the first a letter or a digit",
        pattern="^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$",
    ),
]
NotebookId = Annotated[
    str, form("a path without control characters", max_length=4096, pattern="^[^\\u0000-\\u001f\\ufffd]*$")
]
KernelId = Annotated[str, form("an id as GET /api/kernels gives them", pattern="^[A-Za-z0-9_.:-]{1,200}$")]
#: Of a local model it is a path, which may have spaces.
ModelName = Annotated[
    str,
    form(
        "provider:model",
        max_length=500,
        pattern="^[^\\s\\u0000-\\u001f\\ufffd](?:[^\\u0000-\\u001f\\ufffd]*[^\\s\\u0000-\\u001f\\ufffd])?$",
    ),
]
Secret = Annotated[str, form("a secret as sharing gives it", pattern="^[A-Za-z0-9_-]{1,200}$")]
QuestionText = Annotated[str, form("a question, not blank", max_length=1024 * 1024, pattern="\\S")]
ShortText = Annotated[str, Meta(max_length=1000)]
Count = Annotated[int, Meta(ge=0)]
Integer = Annotated[int, Meta(ge=-(2**53), le=2**53)]  # written with a point too, it has one exact value
Approval = Literal["read-only", "ask", "auto-edit", "auto"]
