"""The types that most handlers use, with their schemas."""

import datetime as dt
import enum
import uuid
from dataclasses import dataclass, field
from typing import (
    Any,
    Literal,
    NotRequired,
)

import attrs
from typing_extensions import TypedDict


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Kind(enum.StrEnum):
    CAT = "cat"
    DOG = "dog"


@attrs.frozen
class Point:
    """A place on a plane.

    Attributes:
        x: to the right.
    """

    x: int
    y: int = 0


@attrs.frozen
class Line:
    start: Point
    end: Point


@dataclass
class Cat:
    kind: Literal["cat"]
    lives: int = 9


@dataclass
class Dog:
    kind: Literal["dog"]
    tricks: list[str] = field(default_factory=list)


@attrs.frozen
class Node:
    value: int
    children: "list[Node]" = attrs.field(factory=list)


@attrs.frozen
class Picky:
    even: int = attrs.field()

    @even.validator
    def _check(self, attribute, value):
        if value % 2:
            raise ValueError(f"secret of {attribute}")


class Options(TypedDict):
    """What may be chosen."""

    verbose: bool
    depth: NotRequired[int]


@attrs.frozen(kw_only=True)
class Row:
    """One type."""

    type: Any
    schema: dict
    pairs: list
    """What JSON says and what Python has."""
    refused: list
    """JSON that does not fit, each with what is said of it."""
    unfit: list = attrs.field(factory=list)
    """Python that does not fit, each with what is said of it."""


POINT = {
    "type": "object",
    "description": "A place on a plane.",
    "properties": {
        "x": {"type": "integer", "description": "to the right."},
        "y": {"type": "integer", "default": 0},
    },
    "required": ["x"],
    "additionalProperties": False,
}
NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
    },
    "required": ["value"],
    "additionalProperties": False,
}
CAT = {
    "type": "object",
    "properties": {"kind": {"type": "string", "const": "cat"}, "lives": {"type": "integer", "default": 9}},
    "required": ["kind"],
    "additionalProperties": False,
}
DOG = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "const": "dog"},
        "tricks": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["kind"],
    "additionalProperties": False,
}
OPTIONS = {
    "type": "object",
    "description": "What may be chosen.",
    "properties": {"verbose": {"type": "boolean"}, "depth": {"type": "integer"}},
    "required": ["verbose"],
    "additionalProperties": False,
}

NOON = dt.datetime(2026, 7, 28, 12, 0, 0, tzinfo=dt.UTC)
SOME_UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
