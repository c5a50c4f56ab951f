"""Further types of handlers: generic classes, names that are no plain texts, aliases, models and the like."""

import collections
import datetime as dt
import decimal
import ipaddress
import pathlib
from collections.abc import Iterable, MutableMapping, MutableSequence
from collections.abc import Set as AbstractSet
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
)

from tests.schema.inference.further_models import (
    BOX,
    INTEGER,
    NUMBER,
    PAIR_OF_INTEGERS,
    STRING,
    Box,
    Chain,
    Free,
    Holder,
    Linked,
    Loose,
    Names,
    Number,
    Pairs,
    Place,
    PlainPair,
    Reading,
    Settings,
    Sized,
    TextBox,
    Tight,
    UserId,
    record,
)
from tests.schema.inference.models import POINT, Colour, Point, Row

from sansmcp.schema.inference.constraints import (
    Ge,
    Gt,
    MaxLength,
    MinLength,
    MultipleOf,
)
from sansmcp.schema.inference.texts import DECIMAL_PATTERN

MORE = [
    Row(
        type=dt.timedelta,
        schema={"type": "string", "format": "duration"},
        pairs=[("P1DT3600S", dt.timedelta(days=1, hours=1)), ("-P0DT0.5S", dt.timedelta(seconds=-0.5))],
        refused=[
            ("1 day", "expected a duration"),
            (60, "expected a duration"),
            ("P1Y", "expected a duration"),
        ],
        unfit=[(60, "expected a duration")],
    ),
    Row(
        type=decimal.Decimal,
        schema={"type": "string", "pattern": DECIMAL_PATTERN},
        pairs=[("12.50", decimal.Decimal("12.50")), ("-3", decimal.Decimal(-3))],
        refused=[(12.5, "expected a decimal number in a text"), ("NaN", "expected a decimal number")],
        unfit=[(12.5, "expected a decimal number"), (decimal.Decimal("NaN"), "expected a decimal number")],
    ),
    Row(
        type=ipaddress.IPv4Address,
        schema={"type": "string", "format": "ipv4"},
        pairs=[("127.0.0.1", ipaddress.IPv4Address("127.0.0.1"))],
        refused=[("127.1", "expected an IPv4 address"), (1, "expected an IPv4 address")],
    ),
    Row(
        type=ipaddress.IPv6Address,
        schema={"type": "string", "format": "ipv6"},
        pairs=[("::1", ipaddress.IPv6Address("::1"))],
        refused=[(":1", "expected an IPv6 address")],
    ),
    Row(
        type=pathlib.PurePosixPath,
        schema=STRING,
        pairs=[("a/b", pathlib.PurePosixPath("a/b"))],
        refused=[(1, "expected a path")],
        unfit=[("a/b", "expected a path")],
    ),
    Row(
        type=Place,
        schema=record(
            {"name": STRING, "floor": {"type": "integer", "default": 0}, "note": {"default": None}}, ["name"]
        ),
        pairs=[({"name": "a", "floor": 1, "note": "x"}, Place("a", 1, "x"))],
        refused=[(["a", 1, "x"], "expected an object, found an array"), ({}, "name: expected a value")],
        unfit=[(("a", 1, "x"), "expected Place, found an array")],
    ),
    Row(
        type=PlainPair,
        schema=record({"one": {}, "two": {}}, ["one", "two"]),
        pairs=[],
        refused=[({"one": 1}, "two: expected a value")],
    ),
    Row(
        type=Box[int],
        schema=BOX,
        pairs=[({"content": 1, "spare": None}, Box(1))],
        refused=[({"content": "1"}, "content: expected an integer")],
    ),
    Row(
        type=Box,
        schema=record(
            {"content": {}, "spare": {"anyOf": [{}, {"type": "null"}], "default": None}}, ["content"]
        ),
        pairs=[({"content": "x", "spare": 1}, Box("x", 1))],
        refused=[(1, "expected an object")],
    ),
    Row(
        type=Box[Box[int]],
        schema=record(
            {
                "content": {"$ref": "#/$defs/Box"},
                "spare": {"anyOf": [{"$ref": "#/$defs/Box"}, {"type": "null"}], "default": None},
            },
            ["content"],
            **{"$defs": {"Box": BOX}},
        ),
        pairs=[({"content": {"content": 1, "spare": None}, "spare": None}, Box(Box(1)))],
        refused=[({"content": {"content": "1"}}, "content.content: expected an integer")],
    ),
    Row(
        type=TextBox,
        schema=record(
            {
                "content": STRING,
                "spare": {"anyOf": [STRING, {"type": "null"}], "default": None},
                "label": STRING,
            },
            ["content", "label"],
        ),
        pairs=[({"content": "a", "spare": None, "label": "b"}, TextBox(content="a", label="b"))],
        refused=[({"content": 1, "label": "b"}, "content: expected a string")],
    ),
    Row(
        type=Chain[int],
        schema=record(
            {
                "item": INTEGER,
                "rest": {"anyOf": [{"$ref": "#/$defs/Chain"}, {"type": "null"}], "default": None},
            },
            ["item"],
            **{
                "$defs": {
                    "Chain": record(
                        {
                            "item": INTEGER,
                            "rest": {"anyOf": [{"$ref": "#/$defs/Chain"}, {"type": "null"}], "default": None},
                        },
                        ["item"],
                    )
                }
            },
        ),
        pairs=[({"item": 1, "rest": {"item": 2, "rest": None}}, Chain(1, Chain(2)))],
        refused=[({"item": 1, "rest": {"item": "2"}}, "rest.item: expected an integer")],
    ),
    Row(
        type=Linked,
        schema=record(
            {
                "value": INTEGER,
                "next": {"anyOf": [{"$ref": "#/$defs/Linked"}, {"type": "null"}], "default": None},
            },
            ["value"],
            **{
                "$defs": {
                    "Linked": record(
                        {
                            "value": INTEGER,
                            "next": {
                                "anyOf": [{"$ref": "#/$defs/Linked"}, {"type": "null"}],
                                "default": None,
                            },
                        },
                        ["value"],
                    )
                }
            },
        ),
        pairs=[({"value": 1, "next": {"value": 2, "next": None}}, Linked(1, Linked(2)))],
        refused=[({"value": 1, "next": {"value": None}}, "next.value: expected an integer")],
    ),
    Row(
        type=Loose,
        schema=record({"a": INTEGER, "b": STRING}, []),
        pairs=[({}, {}), ({"a": 1}, {"a": 1})],
        refused=[({"c": 1}, "c: expected one of the names a, b"), ({"b": 1}, "b: expected a string")],
    ),
    Row(
        type=Tight,
        schema=record({"a": INTEGER, "b": STRING}, ["b"]),
        pairs=[({"b": "x"}, {"b": "x"})],
        refused=[({"a": 1}, "b: expected a value, found nothing")],
    ),
    Row(
        type=Holder[str],
        schema=record({"held": STRING}, ["held"]),
        pairs=[({"held": "x"}, {"held": "x"})],
        refused=[({"held": 1}, "held: expected a string")],
    ),
    Row(
        type=Reading,
        schema=record(
            {"celsius": NUMBER, "unit": {"type": "string", "const": "C", "default": "C"}},
            ["celsius"],
            description="What it shows.",
        ),
        pairs=[({"celsius": 1.5, "unit": "C"}, Reading(1.5))],
        refused=[({"celsius": 1.5, "unit": "F"}, "unit: expected one of 'C'")],
    ),
    Row(
        type=collections.deque[int],
        schema={"type": "array", "items": INTEGER},
        pairs=[([1, 2], collections.deque([1, 2]))],
        refused=[("ab", "expected an array")],
    ),
    Row(
        type=Iterable[int],
        schema={"type": "array", "items": INTEGER},
        pairs=[([1], [1])],
        refused=[(1, "an array")],
    ),
    Row(
        type=MutableSequence[bool],
        schema={"type": "array", "items": {"type": "boolean"}},
        pairs=[([True], [True])],
        refused=[([1], "[0]: expected true or false")],
    ),
    Row(
        type=AbstractSet[int],
        schema={"type": "array", "items": INTEGER, "uniqueItems": True},
        pairs=[([1, 2], frozenset({1, 2}))],
        refused=[([1, 1], "expected items that differ")],
    ),
    Row(
        type=list[list[int]],
        schema={"type": "array", "items": {"type": "array", "items": INTEGER}},
        pairs=[([[1], []], [[1], []])],
        refused=[([[1], ["2"]], "[1][0]: expected an integer")],
    ),
    Row(
        type=tuple[int, tuple[str, ...]],
        schema={
            "type": "array",
            "prefixItems": [INTEGER, {"type": "array", "items": STRING}],
            "items": False,
            "minItems": 2,
            "maxItems": 2,
        },
        pairs=[([1, ["a", "b"]], (1, ("a", "b")))],
        refused=[([1, [2]], "[1][0]: expected a string")],
    ),
    Row(
        type=dict[Colour, int],
        schema={
            "type": "object",
            "propertyNames": {"type": "string", "enum": ["red", "blue"]},
            "additionalProperties": INTEGER,
        },
        pairs=[({"red": 1}, {Colour.RED: 1})],
        refused=[
            ({"green": 1}, "green: expected one of 'red', 'blue'"),
            ({"red": "1"}, "red: expected an integer"),
        ],
        unfit=[({"red": 1}, "expected one of 'red', 'blue'")],
    ),
    Row(
        type=dict[Literal["a", "b"], Any],
        schema={"type": "object", "propertyNames": {"type": "string", "enum": ["a", "b"]}},
        pairs=[({"a": None}, {"a": None})],
        refused=[({"c": 1}, "c: expected one of 'a', 'b'")],
    ),
    Row(
        type=dict[dt.date, str],
        schema={
            "type": "object",
            "propertyNames": {"type": "string", "format": "date"},
            "additionalProperties": STRING,
        },
        pairs=[({"2026-07-28": "x"}, {dt.date(2026, 7, 28): "x"})],
        refused=[({"today": "x"}, "today: expected a date")],
    ),
    Row(
        type=MutableMapping[Annotated[str, MinLength(2)], int],
        schema={
            "type": "object",
            "propertyNames": {"type": "string", "minLength": 2},
            "additionalProperties": INTEGER,
        },
        pairs=[({"ab": 1}, {"ab": 1})],
        refused=[({"a": 1}, "a: expected a length of at least 2")],
    ),
    Row(
        type=dict[Literal["a"] | Colour, int],
        schema={
            "type": "object",
            "propertyNames": {
                "anyOf": [{"type": "string", "const": "a"}, {"type": "string", "enum": ["red", "blue"]}]
            },
            "additionalProperties": INTEGER,
        },
        pairs=[({"a": 1, "red": 2}, {"a": 1, Colour.RED: 2})],
        refused=[({"b": 1}, "expected one of")],
    ),
    Row(
        type=dict[str, Point],
        schema={"type": "object", "additionalProperties": POINT},
        pairs=[({"p": {"x": 1, "y": 2}}, {"p": Point(1, 2)})],
        refused=[({"p": {}}, "p.x: expected a value, found nothing")],
    ),
    Row(type=UserId, schema=INTEGER, pairs=[(7, 7)], refused=[("7", "expected an integer")]),
    Row(
        type=Names,
        schema={"type": "array", "items": STRING},
        pairs=[(["a"], ["a"])],
        refused=[([1], "[0]: expected")],
    ),
    Row(
        type=Pairs[int],
        schema={"type": "array", "items": {**PAIR_OF_INTEGERS}},
        pairs=[([[1, 2]], [(1, 2)])],
        refused=[([[1, "2"]], "[0][1]: expected an integer")],
    ),
    Row(type=Final[int], schema=INTEGER, pairs=[(1, 1)], refused=[("1", "expected an integer")]),
    Row(
        type=Number,
        schema={"anyOf": [INTEGER, NUMBER]},
        pairs=[(1, 1), (0.5, 0.5)],
        refused=[("1", "expected")],
    ),
    Row(type=Sized, schema=STRING, pairs=[("a", "a")], refused=[(1, "expected a string")]),
    Row(type=Free, schema={}, pairs=[(None, None)], refused=[]),
    Row(type=object, schema={}, pairs=[([1], [1])], refused=[]),
    Row(
        type=dt.date | str,
        schema={"anyOf": [{"type": "string", "format": "date"}, STRING]},
        pairs=[("tomorrow", "tomorrow")],
        refused=[(None, "expected a date such as '2026-07-28' or a string, found null")],
    ),
    Row(
        type=list[list[list[int]]] | list[list[list[str]]],
        schema={
            "anyOf": [
                {"type": "array", "items": {"type": "array", "items": {"type": "array", "items": kind}}}
                for kind in (INTEGER, STRING)
            ]
        },
        pairs=[([[["a"]]], [[["a"]]])],
        refused=[([[[1, "a"]]], "[0][0][1]: expected an integer, found 'a'")],
    ),
    Row(
        type=Annotated[int | None, Ge(1)],
        schema={"anyOf": [INTEGER, {"type": "null"}], "minimum": 1},
        pairs=[(None, None), (1, 1)],
        refused=[(0, "expected a number of at least 1, found 0")],
    ),
    Row(
        type=Annotated[str | list[str], MinLength(1)],
        schema={
            "anyOf": [STRING, {"type": "array", "items": STRING}],
            "minLength": 1,
            "minItems": 1,
            "minProperties": 1,
        },
        pairs=[("a", "a"), (["a"], ["a"])],
        refused=[([], "expected a length of at least 1"), ("", "expected a length of at least 1")],
    ),
    Row(
        type=Annotated[Annotated[int, Ge(1)], Ge(3)],
        schema={"type": "integer", "minimum": 1, "allOf": [{"minimum": 3}]},
        pairs=[(3, 3)],
        refused=[(2, "expected a number of at least 3"), (0, "expected a number of at least 1")],
    ),
    Row(
        type=Annotated[float, MultipleOf(0.5)],
        schema={"type": "number", "multipleOf": 0.5},
        pairs=[(1.5, 1.5)],
        refused=[(0.3, "expected a multiple of 0.5, found 0.3")],
    ),
    Row(
        type=Annotated[Any, Gt(0)],
        schema={"exclusiveMinimum": 0},
        pairs=[(1, 1), ("x", "x")],
        refused=[(0, "expected a number greater than 0")],
    ),
    Row(
        type=Annotated[set[int], MaxLength(1)],
        schema={"type": "array", "items": INTEGER, "uniqueItems": True, "maxItems": 1},
        pairs=[([1], {1})],
        refused=[([1, 2], "expected a length of at most 1")],
    ),
    Row(
        type=Annotated[str, "Its name."],
        schema={"type": "string", "description": "Its name."},
        pairs=[("a", "a")],
        refused=[(1, "expected a string")],
    ),
    Row(
        type=Literal[1, True],
        schema={"enum": [1, True]},
        pairs=[(1, 1), (True, True)],
        refused=[(False, "expected one of 1, True")],
    ),
    Row(
        type=Literal[Colour.RED],
        schema={"type": "string", "const": "red"},
        pairs=[("red", Colour.RED)],
        refused=[("blue", "expected one of 'red'")],
    ),
    Row(
        type=Settings,
        schema={
            "type": "object",
            "title": "Settings",
            "properties": {
                "name": {
                    "type": "string",
                    "title": "Name",
                    "minLength": 1,
                    "description": "What it is called.",
                },
                "size": {"type": "integer", "title": "Size", "default": 1},
            },
            "required": ["name"],
        },
        pairs=[({"name": "a", "size": 2}, Settings(name="a", size=2))],
        refused=[
            ({"name": ""}, "name: expected at least 1 characters"),
            ({"name": "a", "size": "2"}, "size: expected"),
        ],
        unfit=[({"name": "a"}, "expected Settings, found an object")],
    ),
]
