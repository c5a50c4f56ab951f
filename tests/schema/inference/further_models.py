"""Types that some handlers use, with their schemas."""

import collections
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    Required,
    Self,
    TypeVar,
)

import attrs
import pydantic
from typing_extensions import TypeAliasType, TypedDict

T = TypeVar("T")
Number = TypeVar("Number", int, float)
Sized = TypeVar("Sized", bound=str)
Free = TypeVar("Free")
UserId = NewType("UserId", int)
Names = TypeAliasType("Names", list[str])
Pairs = TypeAliasType("Pairs", list[tuple[T, T]], type_params=(T,))


PlainPair = collections.namedtuple("PlainPair", "one two")  # noqa: PYI024  # as a user may write it


class Place(NamedTuple):
    name: str
    floor: int = 0
    note: Any = None


@attrs.frozen
class Box(Generic[T]):
    content: T
    spare: T | None = None


@attrs.frozen(kw_only=True)
class TextBox(Box[str]):
    label: str


@attrs.frozen
class Chain(Generic[T]):
    item: T
    rest: "Chain[T] | None" = None


@attrs.frozen
class Linked:
    value: int
    next: Self | None = None


class Loose(TypedDict, total=False):
    a: int
    b: str


class Tight(TypedDict, total=False):
    a: int
    b: Required[str]


class Holder(TypedDict, Generic[T]):
    held: T


@dataclass
class Reading:
    """What it shows."""

    celsius: float
    unit: Literal["C"] = "C"


class Settings(pydantic.BaseModel):
    name: Annotated[str, pydantic.Field(min_length=1, description="What it is called.")]
    size: int = 1


def record(properties, required, **more):
    """Return the schema of an object with fields."""
    needed = {"required": required} if required else {}
    return {"type": "object", "properties": properties, **needed, "additionalProperties": False, **more}


STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
PAIR_OF_INTEGERS = {
    "type": "array",
    "prefixItems": [INTEGER, INTEGER],
    "items": False,
    "minItems": 2,
    "maxItems": 2,
}
BOX = record(
    {"content": INTEGER, "spare": {"anyOf": [INTEGER, {"type": "null"}], "default": None}}, ["content"]
)
